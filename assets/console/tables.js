// Result tables as people read them: CSV of a run into rows, coefficient tables in the layout of a publication, and
// numbers as they are printed. Pure functions without words or page; the rules are those of docs/renderings.md.

/** Reads CSV (RFC 4180): `{columns, rows}`, all texts. */
export function parseCsv(text) {
  const records = [];
  let record = [], field = '', quoted = false;
  for (let i = text.charCodeAt(0) === 0xFEFF ? 1 : 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') { field += '"'; i += 1; } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') { record.push(field); field = ''; }
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && text[i + 1] === '\n') i += 1;
      records.push([...record, field]);
      record = []; field = '';
    } else field += c;
  }
  if (field !== '' || record.length > 0) records.push([...record, field]);
  const [columns = [], ...rows] = records;
  return { columns, rows: rows.map((row) => columns.map((_, j) => row[j] ?? '')) };
}

/** A number of a table; `null` for a missing one (empty or a dot) and for text. */
export function number(text) {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '.') return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}

/** Rounds as the renderings do: the exact binary value, halves to even. */
function rounded(x, decimals) {
  const up = x.toFixed(decimals);
  const exact = Math.abs(x).toFixed(Math.min(100, decimals + 30));
  const rest = exact.slice(decimals === 0 ? exact.indexOf('.') + 1 : exact.indexOf('.') + 1 + decimals);
  if (!/^50*$/.test(rest)) return up;
  const down = exact.slice(0, exact.length - rest.length).replace(/\.$/, '');
  return Number(down.at(-1)) % 2 === 0 ? (x < 0 ? '-' : '') + down : up;
}

/** A number with so many decimals. What would show as zero without being it has two digits more; below 10⁻⁷ and from 10⁹ up it has an exponent. */
export function fixed(x, decimals) {
  if (x === 0) return (0).toFixed(decimals);
  const plain = Math.abs(x) < 1e21 ? rounded(x, decimals) : '';
  if (Math.abs(x) < 1e9 && !/^-?[0.]*$/.test(plain)) return plain;
  if (Math.abs(x) >= 1e-7 && Math.abs(x) < 1) return rounded(x, 1 - Math.floor(Math.log10(Math.abs(x))));
  const [mantissa, power] = x.toExponential(Math.min(4, Math.max(1, decimals))).split('e');
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

/** Whole numbers without decimals, others as `fixed`. */
export const wholeOrFixed = (x, decimals) => (Number.isInteger(x) && Math.abs(x) < 1e15 ? String(x) : fixed(x, decimals));

/** A true minus where a number has one; clipboard.js puts the plain sign back. */
export const minus = (text) => text.replace(/(^|[([ ])-(?=[\d.])/g, '$1−');

/** A p-value: at least three decimals, and a floor. */
export function pValue(p, decimals) {
  const places = Math.max(3, decimals);
  return p < 10 ** -places ? `<${(10 ** -places).toFixed(places)}` : fixed(p, places);
}

/** Stars: * below 0.10, ** below 0.05, *** below 0.01. */
export const stars = (p) => (p === null ? '' : p < 0.01 ? '***' : p < 0.05 ? '**' : p < 0.1 ? '*' : '');

/** True for names of p-values; `r2_p` is the pseudo R². */
export const isP = (name) => /^p$|^p_|_p$/.test(name) && !name.includes('r2');

const RATIOS = ['odds_ratio', 'hazard_ratio', 'irr', 'rrr', 'ratio'];
const MODELS = ['model', 'outcome', 'prediction'];
const MOST_MODELS = 6;

/** True for tables of terms with estimates and standard errors. */
export function isCoefficients(table) {
  const has = (name) => table.columns.includes(name);
  return (has('term') || has('relative_period')) && has('estimate') && has('std_error');
}

const distinct = (texts) => [...new Set(texts)];

/** Which columns tell model, equation and term of a row apart; `null` where they do not. */
function places(table) {
  const at = (name) => table.columns.indexOf(name);
  const term = at('term') >= 0 ? at('term') : at('relative_period');
  const varies = (j) => table.rows.some((row) => row[j] !== table.rows[0][j]);
  let equation = at('equation');
  const ids = table.columns.map((_, j) => j).filter((j) => j < term && j !== equation && varies(j));
  if (ids.length > 1 || (ids.length === 1 && !MODELS.includes(table.columns[ids[0]]))) return null;
  let model = ids[0] ?? -1;
  if (equation >= 0 && !varies(equation)) equation = -1;
  if (model < 0 && equation >= 0 && sharesTerms(table, equation, term)) [model, equation] = [equation, -1];
  else if (model >= 0 && equation >= 0) {
    const split = distinct(table.rows.map((row) => row[model])).some((m) => {
      return distinct(table.rows.filter((row) => row[model] === m).map((row) => row[equation])).length > 1;
    });
    if (!split) equation = -1;
  }
  return { term, model, equation };
}

/** True if the equations have most of their terms in common: they are models of their own. */
function sharesTerms(table, equation, term) {
  const equations = distinct(table.rows.map((row) => row[equation])).length;
  const counts = new Map();
  for (const row of table.rows) counts.set(row[term], (counts.get(row[term]) ?? 0) + 1);
  const shared = [...counts.values()].filter((n) => n === equations).length;
  return equations <= MOST_MODELS && shared * 2 > counts.size;
}

/**
 * Lays a coefficient table out: `{head[], rows[{kind: 'body'|'group'|'foot', cells[{text, below?}]}]}`, the first cell
 * of a row being its head; `null` where it is none and is shown as it is. `style`: `{decimals, stars, name(text),
 * term(text), model(text), cell(column, text), base, omitted, interval, log, ofRatio(ratio)}` with the words.
 */
export function regression(table, { fit, comparison } = {}, style) {
  if (!isCoefficients(table) || table.rows.length === 0) return null;
  const place = places(table);
  if (!place) return null;
  const value = (row, name) => { const j = table.columns.indexOf(name); return j < 0 ? '' : row[j]; };
  const figure = (row, name) => number(value(row, name));
  const entries = table.rows.map((row) => ({
    row,
    model: place.model < 0 ? '' : row[place.model],
    equation: place.equation < 0 ? '' : row[place.equation],
    term: row[place.term],
  }));
  const keys = entries.map((e) => JSON.stringify([e.model, e.equation, e.term]));
  const models = distinct(entries.map((e) => e.model));
  if (distinct(keys).length < keys.length || models.length > MOST_MODELS) return null;

  const terms = (text) => (table.columns.includes('term') ? style.term(text) : text);
  const estimate = ({ row }) => {
    const x = figure(row, 'estimate');
    const note = value(row, 'note');
    if (x === null) return { text: note === 'omitted' ? style.omitted : note && `(${style.cell('note', note)})` };
    const se = figure(row, 'std_error');
    return {
      text: fixed(x, style.decimals) + (style.stars ? stars(figure(row, 'p_value')) : '') + (note === 'base' ? ` ${style.base}` : ''),
      below: se === null ? undefined : `(${fixed(se, style.decimals)})`,
    };
  };
  const order = distinct(entries.map((e) => JSON.stringify([e.equation, e.term]))).map((k) => JSON.parse(k));
  const parts = { entries, order, models, terms, estimate, figure, style };
  const grid = models.length === 1 ? oneModel(table, parts) : sideBySide(parts);
  grid.rows.push(...(models.length === 1 ? footOfOne(fit, grid.head.length, style) : footOfModels(comparison, models, style)));
  if (!table.columns.includes('term')) grid.head[0] = style.name('relative_period');
  return grid;
}

function oneModel(table, { entries, terms, estimate, figure, style }) {
  const ratio = RATIOS.find((r) => table.columns.includes(r) && entries.some((e) => figure(e.row, r) !== null));
  const [low, high] = ratio ? [`${ratio}_low`, `${ratio}_high`] : ['ci_low', 'ci_high'];
  // next to a ratio it must be clear which number is on which scale, and whose the interval is
  const scales = ratio ? [style.log, style.name(ratio), style.ofRatio(style.name(ratio))] : [style.name('estimate'), style.interval];
  const head = ['', ...scales, style.name('p_value')];
  const shown = (x, how) => (x === null ? '' : how(x, style.decimals));
  const rows = [];
  const equations = distinct(entries.map((e) => e.equation));
  for (const equation of equations) {
    if (equations.length > 1) rows.push({ kind: 'group', cells: [{ text: style.cell('equation', equation) }] });
    for (const entry of entries.filter((e) => e.equation === equation)) {
      const [a, b] = [figure(entry.row, low), figure(entry.row, high)];
      rows.push({
        kind: 'body',
        cells: [
          { text: terms(entry.term) },
          estimate(entry),
          ...(ratio ? [{ text: shown(figure(entry.row, ratio), fixed) }] : []),
          { text: a === null || b === null ? '' : `[${fixed(a, style.decimals)}, ${fixed(b, style.decimals)}]` },
          { text: shown(figure(entry.row, 'p_value'), pValue) },
        ],
      });
    }
  }
  return { head, rows };
}

function sideBySide({ entries, order, models, terms, estimate, style }) {
  const rows = [];
  // the constant of a longer model may come before its further terms
  const keys = [...order.filter(([, term]) => term !== '_cons'), ...order.filter(([, term]) => term === '_cons')];
  const equations = distinct(keys.map(([equation]) => equation));
  for (const equation of equations) {
    if (equations.length > 1) rows.push({ kind: 'group', cells: [{ text: style.cell('equation', equation) }] });
    for (const [, term] of keys.filter(([e]) => e === equation)) {
      const found = models.map((m) => entries.find((e) => e.model === m && e.equation === equation && e.term === term));
      rows.push({ kind: 'body', cells: [{ text: terms(term) }, ...found.map((e) => (e ? estimate(e) : { text: '' }))] });
    }
  }
  return { head: ['', ...models.map((m) => style.model(m))], rows };
}

const printed = (name, x, style) => (isP(name) ? pValue(x, style.decimals) : wholeOrFixed(x, style.decimals));

function footOfOne(fit, width, style) {
  if (!fit) return [];
  const at = (row, name) => row[fit.columns.indexOf(name)] ?? '';
  return fit.rows.filter((row) => at(row, 'metric') !== 'level' && number(at(row, 'value')) !== null).map((row) => {
    const [metric, note] = [at(row, 'metric'), at(row, 'note')];
    const text = style.name(metric) + (note ? ` (${style.cell('note', note)})` : '');
    const cells = [{ text }, { text: printed(metric, number(at(row, 'value')), style) }];
    return { kind: 'foot', cells: [...cells, ...Array.from({ length: width - 2 }, () => ({ text: '' }))] };
  });
}

function footOfModels(comparison, models, style) {
  const model = comparison?.columns.indexOf('model') ?? -1;
  const rows = models.map((m) => comparison?.rows.find((row) => row[model] === m));
  if (model < 0 || rows.some((row) => !row)) return [];
  return comparison.columns.flatMap((name, j) => {
    if (name === 'model' || rows.every((row) => number(row[j]) === null)) return [];
    const cells = rows.map((row) => ({ text: number(row[j]) === null ? '' : printed(name, number(row[j]), style) }));
    return [{ kind: 'foot', cells: [{ text: style.name(name) }, ...cells] }];
  });
}

/**
 * Any other table: every column that has a value. `numeric` columns (all values numbers) go to the right. Returns
 * `{head[{text, numeric}], rows[{cells[{text}]}], total}` with at most `most` rows.
 */
export function plain(table, style, most = 200) {
  const filled = (j) => table.rows.some((row) => !['', '.'].includes(row[j].trim()));
  const kept = table.columns.map((name, j) => ({ name, j })).filter(({ j }) => filled(j));
  const numeric = ({ j }) => table.rows.every((row) => ['', '.'].includes(row[j].trim()) || number(row[j]) !== null);
  const columns = kept.map((c) => ({ ...c, numeric: numeric(c) }));
  // a table of measures names the number of each row in its first column: a p-value is printed as one
  const measure = columns.length > 1 && !columns[0].numeric ? columns[0].j : -1;
  const cell = (column, row) => {
    const text = row[column.j];
    const x = column.numeric ? number(text) : null;
    if (x === null) return column.numeric ? '' : style.cell(column.name, text);
    return printed(column.name === 'value' && measure >= 0 && isP(row[measure]) ? 'p' : column.name, x, style);
  };
  return {
    head: columns.map((c) => ({ text: style.name(c.name), numeric: c.numeric })),
    rows: table.rows.slice(0, most).map((row) => ({ cells: columns.map((c) => ({ text: cell(c, row) })) })),
    total: table.rows.length,
  };
}
