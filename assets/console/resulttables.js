// Draws the tables of a run with the layout of tables.js: words for columns and terms, labels of the data, the notes
// below a table.

import { cellText, named, nameOf, remark } from './codes.js';
import { lang, num, t, tr } from './i18n.js';
import { isCoefficients, minus, number, parseCsv, plain, regression } from './tables.js';
import { button, h, uid } from './ui.js';

/** Most rows that are shown of a long table at first. */
const SOME_ROWS = 60;

/**
 * Words for the columns of the data: `variable(name)` and `term(text)`, as labels or as names, `has(name)`, and `levelOf(column,
 * number)`. `results` of the run carry the labels of terms, `levels` those of the categories of its models.
 */
export function wordsOf(plan, columns, labels, { results = [], levels = [] } = {}) {
  const known = new Map(columns.filter((c) => c.label).map((c) => [c.name, c.label]));
  for (const d of plan.derived_variables ?? []) if (d.label) known.set(d.name, d.label);
  const companions = new Map((plan.categorical_vars ?? []).filter((c) => c.companion).map((c) => [c.companion, c.column]));
  const variable = (name) => {
    const own = companions.get(name) ?? name;
    return (labels && known.get(own)) || own;
  };
  const part = (text) => {
    const dot = text.lastIndexOf('.');
    if (dot < 0 || /^\d*\.?\d+$/.test(text)) return variable(text);
    const level = /^(\d+)(b|bn|n|o)?$/.exec(text.slice(0, dot));
    const [column, name] = [text.slice(dot + 1), variable(text.slice(dot + 1))];
    if (level) return `${name}: ${levels.find((l) => l.column === column && l.number === Number(level[1]))?.label ?? level[1]}`;
    const lag = /^([LFDS])(\d*)$/i.exec(text.slice(0, dot));
    if (lag) return t(`results.op.${lag[1].toUpperCase()}`, { name, n: Number(lag[2] || 1) });
    return /^(c|i|o|co)$/.test(text.slice(0, dot)) ? name : `${text.slice(0, dot)}.${name}`;
  };
  const told = new Map(results.filter((r) => r.label).map((r) => [r.term, r.label]));
  const term = (text) => {
    if (text === '_cons') return t('results.constant');
    if (labels && told.has(text)) return told.get(text);
    return text.split('#').filter(Boolean).map(part).join(' × ');
  };
  const own = new Set([...columns, ...(plan.derived_variables ?? [])].map((c) => c.name));
  /** The category of a column of the data behind the number of a table; null where it is none. */
  const levelOf = (column, n) => levels.find((l) => (companions.get(l.column) ?? l.column) === column && l.number === n)?.label ?? null;
  return { variable, term, levelOf, has: (name) => own.has(companions.get(name) ?? name) };
}

function style(words, options, run, moderator) {
  return {
    decimals: options.decimals,
    stars: options.stars,
    name: (code) => (code === 'moderator' && moderator ? words.variable(moderator) : nameOf(code)),
    term: (text) => (words.has(text) ? null : named(text)) ?? words.term(text),
    model: (text) => (/^model ?\d+$/i.test(text) ? t('results.model', { n: text.replace(/\D/g, '') }) : cellText('model', text, words)),
    cell: (column, text) => (column === 'moderator' && moderator ? text : cellText(column, text, words)),
    base: t('results.base'),
    omitted: t('results.omitted'),
    interval: t('results.interval', { level: run.level }),
    log: t('results.log'),
    ofRatio: (ratio) => t('results.of_ratio', { ratio, interval: t('results.interval', { level: run.level }) }),
  };
}

/** The level of the intervals in percent: as the run says, else as the plan, else 95. `tables`: parsed, by file name. */
export function levelOf(plan, tables) {
  const row = tables.get('table_fit.csv')?.rows.find((r) => r[0] === 'level');
  return number(row?.[1] ?? '') ?? plan.contract.bound?.level ?? 95;
}

/** A table with the moderator's categories in words, where its numbers stand for some; its column is named after the variable. */
function moderated(table, moderator, words) {
  const at = moderator ? table.columns.indexOf('moderator') : -1;
  const labels = table.rows.map((row) => (at < 0 ? null : words.levelOf(moderator, number(row[at]))));
  if (labels.length === 0 || labels.includes(null)) return table;
  return { columns: table.columns, rows: table.rows.map((row, i) => row.map((cell, j) => (j === at ? labels[i] : cell))) };
}

/** What the categories of the terms of a table are compared with, as a sentence; null where there are none. */
function referencesNote(table, run, words) {
  const at = table.columns.indexOf('term');
  const terms = new Set(at < 0 ? [] : table.rows.map((row) => /^\d+\.([^.#]+)$/.exec(row[at])?.[1]));
  const all = (run.levels ?? []).filter((l) => l.base && terms.has(l.column)).map((l) => `${words.variable(l.column)}${(lang() === 'zh' ? '：' : ': ')}${l.label}`);
  return all.length > 0 && t('results.note.references', { n: all.length, all: all.join(lang() === 'zh' ? '；' : '; ') });
}

/** The kind of standard errors in words. */
function errorsWords(kind, words) {
  if (!kind) return null;
  if (kind.startsWith('cluster ')) return t('results.se.cluster', { by: kind.slice(8).trim().split(/\s+/).map(words.variable).join(', ') });
  const known = { robust: 'robust', ml: 'ml', mle: 'ml', oim: 'oim', ols: 'classical', classical: 'classical', conventional: 'classical' }[kind];
  return known ? t(`results.se.${known}`) : remark(kind);
}

function notesOf(table, run, plan, words, options) {
  const kind = errorsWords(run.metrics?.std_errors, words);
  const notes = [kind ? t('results.note.se_kind', { kind }) : t('results.note.se'), referencesNote(table, run, words)].filter(Boolean);
  const at = table.columns.indexOf('equation');
  const bound = plan.contract.bound ?? {};
  const same = at >= 0 && table.rows.every((row) => row[at] === table.rows[0][at]) ? table.rows[0][at] : null;
  // columns of levels of the outcome are named by their numbers
  const outcome = table.columns.includes('outcome') ? bound.outcome : same;
  if (outcome && Object.values(bound).includes(outcome)) notes.push(t('results.note.outcome', { name: words.variable(outcome) }));
  return options.stars ? [...notes, '* p < 0.10, ** p < 0.05, *** p < 0.01'] : notes;
}

/** The tables of a run in their order: `[{file, title, draw(options)}]`; tables that stand at the foot of others are left out. */
export function tablesOf({ run, plan, texts, outputs, words }) {
  const parsed = new Map([...texts].map(([file, text]) => [file, parseCsv(text)]));
  const fit = parsed.get('table_fit.csv') ?? null;
  const comparison = parsed.get('table_comparison.csv') ?? null;
  const coefficients = [...parsed].filter(([, table]) => isCoefficients(table)).map(([file]) => file);
  const facts = { ...run, level: levelOf(plan, parsed) };
  const moderator = plan.contract.bound?.moderator;
  const shown = [...parsed].filter(([file]) => !(file === 'table_fit.csv' && coefficients.length > 0));
  const titleOf = (file) => (file === 'table_coefficients.csv' ? t('results.estimates') : tr(outputs.get(file)) || file);
  return shown.map(([file, table]) => ({
    file,
    title: titleOf(file),
    draw(options) {
      const said = words(options.labels);
      const own = style(said, options, facts, moderator);
      const shown = moderated(table, moderator, said);
      const grid = regression(shown, { fit: file === coefficients[0] ? fit : null, comparison }, own);
      const title = titleOf(file);
      return grid ? drawRegression(grid, title, notesOf(table, facts, plan, said, options)) : drawPlain(shown, title, own);
    },
  }));
}

const cellNode = ({ text, below }) => [h('span', {}, minus(text)), below && h('span', { class: 'below' }, minus(below))];

function scroller(title, table) {
  return h('div', { class: 'table-scroll grid-scroll', tabindex: '0', role: 'region', 'aria-label': title }, table);
}

function drawRegression(grid, title, notes) {
  const note = uid('notes');
  const row = (r) => (r.kind === 'group'
    ? h('tr', { class: 'grid-group' }, h('th', { scope: 'colgroup', colspan: grid.head.length }, r.cells[0].text))
    : h('tr', {}, h('th', { scope: 'row' }, cellNode(r.cells[0])), r.cells.slice(1).map((c) => h('td', { class: 'num' }, cellNode(c)))));
  const head = (text, i) => (text === '' ? h('td', {}) : h('th', { scope: 'col', class: i > 0 ? 'num' : null }, text));
  const table = h('table', { class: 'grid', 'aria-describedby': note }, h('caption', { class: 'sr' }, title),
    h('thead', {}, h('tr', {}, grid.head.map(head))),
    h('tbody', {}, grid.rows.filter((r) => r.kind !== 'foot').map(row)),
    grid.rows.some((r) => r.kind === 'foot') && h('tbody', { class: 'grid-foot' }, grid.rows.filter((r) => r.kind === 'foot').map(row)));
  return h('div', { class: 'result-table' }, scroller(title, table), h('p', { class: 'hint table-notes', id: note }, notes.map((text) => h('span', {}, text))));
}

function drawPlain(table, title, own) {
  const node = h('div', { class: 'result-table' });
  const show = (most) => {
    const { head, rows, total } = plain(table, own, most);
    const numeric = (i) => (head[i].numeric ? 'num' : null);
    const body = rows.map((r) => h('tr', {}, r.cells.map((c, i) => h(i === 0 && !head[0].numeric ? 'th' : 'td', { scope: i === 0 && !head[0].numeric ? 'row' : null, class: numeric(i) }, minus(c.text)))));
    node.replaceChildren(scroller(title, h('table', { class: 'grid' }, h('caption', { class: 'sr' }, title),
      h('thead', {}, h('tr', {}, head.map((c, i) => h('th', { scope: 'col', class: numeric(i) }, c.text)))), h('tbody', {}, body))));
    if (total > rows.length) {
      node.append(h('p', { class: 'row hint' }, t('results.rows_of', { n: num(rows.length), total: num(total) }),
        button(t('results.all_rows'), { kind: 'quiet', onclick: () => show(2000) })));
    }
  };
  show(SOME_ROWS);
  return node;
}

/** Estimates of two runs side by side, by term: `[{term, a, b}]`. */
export function compared(a, b) {
  const terms = [...new Set([...(a.results ?? []), ...(b.results ?? [])].map((r) => r.term))];
  const of = (run, term) => (run.results ?? []).find((r) => r.term === term) ?? null;
  return terms.map((term) => ({ term, a: of(a, term), b: of(b, term) }));
}
