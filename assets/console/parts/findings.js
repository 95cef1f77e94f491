// What the tables of a run say, as facts for sentences: which variable, by how much, how sure. Pure functions without
// words or page. Only the variables of the question get a fact; the others of a model are held equal and not read.

import { isCoefficients, number } from '../tables.js';
import { hausman, ofDesigns } from './findingsDesigns.js';

/** Roles whose variables the question asks about, the first ones first. */
const FOCAL = ['treatment_var', 'focal_var', 'endogenous_vars', 'regressors'];
/** Coefficient tables that describe another equation than that of the outcome. */
const OTHERS = ['table_first_stage_coefficients.csv', 'table_selection.csv', 'table_cutpoints.csv', 'table_event_coefficients.csv'];
/** Columns with a ratio and the kind of sentence that reads them; `ratio` is that of a survival model. */
const RATIOS = { odds_ratio: 'odds', hazard_ratio: 'hazard', irr: 'rate' };
const MOST = 6;

/** Rows of a parsed table as objects by column. */
const records = (table) => (table ? table.rows.map((row) => Object.fromEntries(table.columns.map((name, j) => [name, row[j]]))) : []);

/** The parts of a term: `2.sector` → `[{name: 'sector', level: '2'}]`, `c.a#c.b` → two. */
export function partsOf(term) {
  return term.split('#').map((text) => {
    const found = /^(?:(\d+)(?:b|bn|n|o)?|([LFDS]\d*)|c|i|co|o)\.(.+)$/i.exec(text);
    return found ? { name: found[3], level: found[1], lag: found[2] } : { name: text };
  });
}

/**
 * A round step in which a variable varies: the power of ten below the middle half of its values, so that a sentence says
 * ten years instead of one. 1 where the values are not known.
 */
export function stepOf(values) {
  const sorted = values.filter((v) => typeof v === 'number' && Number.isFinite(v)).sort((a, b) => a - b);
  if (sorted.length < 10) return 1;
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  const spread = at(0.75) - at(0.25) || sorted.at(-1) - sorted[0];
  if (!(spread > 0)) return 1;
  const step = 10 ** Math.floor(Math.log10(spread) + 1e-9);
  return sorted.every(Number.isInteger) ? Math.max(1, step) : step;
}

/** True if an interval excludes the value of no difference; without one, if p is below 0.05. */
export const sure = ({ low, high, p, nothing = 0 }) => (low !== null && high !== null ? low > nothing || high < nothing : p !== null && p < 0.05);

/** What is known of the plan: its variables by role, its bound values. */
function frame({ plan, meta, run, preview }) {
  const bound = plan.contract.bound ?? {};
  const declared = meta?.parameters ?? [];
  const by = (bind) => declared.filter((p) => p.bind === bind).flatMap((p) => bound[p.name] ?? []);
  const companions = new Map((plan.categorical_vars ?? []).filter((c) => c.companion).map((c) => [c.companion, c.column]));
  const own = (name) => companions.get(name) ?? name;
  const columns = new Map((preview?.columns ?? []).map((c, j) => [c.name, { ...c, values: (preview.sample_rows ?? []).map((row) => row[j]) }]));
  const derived = new Map((plan.derived_variables ?? []).map((d) => [d.name, d]));
  const treatments = by('treatment_var');
  // a treatment is 0 or 1 by the checks of its analyses, a derived byte by its expression
  const binary = (name) => treatments.includes(name) || columns.get(name)?.inferred_type === 'binary' || derived.get(name)?.type === 'byte';
  return {
    bound, by, own, columns, derived, binary,
    template: plan.template.template_id,
    focal: FOCAL.flatMap(by),
    outcome: by('outcome_var')[0] ?? null,
    /** True for a logarithm, null for a name that may be one. */
    /** The words of a level as the service has them: `Sex: woman` → `woman`. */
    level: (term) => (run.results ?? []).find((r) => r.term === term)?.label?.split(': ').slice(1).join(': ') || null,
    log: (name) => (/^\s*ln\s*\(/.test(derived.get(name)?.expression ?? derived.get(name)?.text ?? '') ? true : /^(log|ln)_/i.test(name ?? '') ? null : false),
    step: (name) => (columns.has(name) ? stepOf(columns.get(name).values) : 1),
  };
}

/** How a term changes: by a step, from 0 to 1, or from the base to a level; null where it is no simple term. */
function change(term, f) {
  const parts = partsOf(term);
  if (parts.length !== 1 || parts[0].lag) return null;
  const name = f.own(parts[0].name);
  if (parts[0].level !== undefined) return { how: 'level', term, name };
  if (f.binary(name)) return { how: 'binary', term, name };
  return { how: 'number', term, name, step: f.step(name) };
}

/**
 * The level that the others are compared with: the one value of the first rows that has no term and comes before those that
 * have; null where that is not certain.
 */
function baseOf(name, rows, f) {
  const own = rows.filter((r) => partsOf(r.term).length === 1 && f.own(partsOf(r.term)[0].name) === name && partsOf(r.term)[0].level !== undefined);
  const listed = new Set(own.flatMap((r) => [partsOf(r.term)[0].level, f.level(r.term)]).filter(Boolean));
  const values = [...new Set((f.columns.get(name)?.values ?? []).filter((v) => v !== null && v !== ''))];
  const rest = values.filter((v) => !listed.has(String(v)));
  const before = values.every((v) => v === rest[0] || rest[0] < v);
  return rest.length === 1 && values.length > 1 && before ? String(rest[0]) : null;
}

/** The facts of the rows of one equation about the variables in question, in the order of their roles. */
function ofRows(rows, f, kind, { file, column = 'estimate', nothing = 0, ...more }) {
  const [low, high] = column === 'estimate' ? ['ci_low', 'ci_high'] : [`${column}_low`, `${column}_high`];
  const joint = new Set(rows.filter((r) => r.term.includes('#')).flatMap((r) => partsOf(r.term).map((p) => f.own(p.name))));
  return f.focal.flatMap((name) => {
    if (joint.has(name) && !more.at) return [{ kind: 'varies', name, y: f.outcome, file }];
    return rows.filter((r) => partsOf(r.term).length === 1 && f.own(partsOf(r.term)[0].name) === name).flatMap((row) => {
      const when = change(row.term, f);
      const value = number(row[column]);
      if (!when || value === null || row.note === 'base' || row.note === 'omitted') return [];
      if (when.how === 'level') when.base = baseOf(name, rows, f);
      const scaled = (text) => { const x = number(text ?? ''); return x === null ? null : nothing === 1 ? x ** (when.step ?? 1) : x * (when.step ?? 1); };
      return [{ kind, when, y: f.outcome, log: nothing === 0 && kind === 'linear' && f.log(f.outcome), value: scaled(row[column]), low: scaled(row[low]), high: scaled(row[high]), p: number(row.p_value ?? ''), nothing, file, ...more }];
    });
  });
}

/** Rows by the values of a column. */
function grouped(rows, name) {
  const groups = new Map();
  for (const row of rows) groups.set(row[name], [...(groups.get(row[name]) ?? []), row]);
  return groups;
}

/** Marginal effects: of a probability, of the observed outcome, at values of a moderator. */
function ofMargins(tables, known) {
  // a slope of a curve holds for small steps only
  const f = tables.get('table_margins.csv')?.columns.includes('moderator') ? known : { ...known, step: () => 1 };
  const file = 'table_margins.csv';
  const table = tables.get(file);
  if (!table || !table.columns.includes('term')) return [];
  const rows = records(table);
  if (table.columns.includes('moderator')) {
    const moderator = f.by('moderator_var')[0];
    return rows.flatMap((row) => ofRows([row], f, 'linear', { file, at: { name: moderator, value: number(row.moderator) } }));
  }
  if (table.columns.includes('prediction')) return ofRows(rows.filter((r) => ['observed', 'share'].includes(r.prediction)), f, 'linear', { file });
  if (table.columns.includes('outcome')) return [...grouped(rows, 'outcome')].flatMap(([level, own]) => ofRows(own, { ...f, focal: f.focal.slice(0, 1) }, 'probability', { file, level }));
  return f.template.startsWith('limited.') ? ofRows(rows, f, 'probability', { file }) : [];
}

/** A difference in differences: the row where treatment and period meet. */
function ofTwoPeriods(rows, f, file) {
  const row = rows.find((r) => partsOf(r.term).length === 2);
  // with a third factor the effect stands where all three meet, which these words do not say
  if (!row || rows.some((r) => partsOf(r.term).length > 2)) return [];
  return [{ kind: 'did', x: f.by('treatment_var')[0], y: f.outcome, log: f.log(f.outcome), value: number(row.estimate), low: number(row.ci_low), high: number(row.ci_high), p: number(row.p_value), file }];
}

/** Analyses of limited outcomes whose coefficients are differences of the outcome. */
const ON_OUTCOME = ['limited.heckman', 'limited.tobit'];
/** Other analyses whose coefficients are none, or not of the outcome. */
const NOT_ON_OUTCOME = ['panel.logit', 'panel.gee', 'multilevel.generalised', 'causal.mediation'];

/** True where a coefficient is a difference of the outcome itself, not of a logarithm, a logit or another variable. */
function isOnOutcome(f) {
  if (f.template.startsWith('limited.')) return ON_OUTCOME.includes(f.template);
  return !f.template.startsWith('survival.') && !NOT_ON_OUTCOME.includes(f.template);
}

/** Coefficients, as ratios where the table has them, for the models that it has. */
function ofCoefficients(tables, f, run) {
  const found = [...tables].find(([file, table]) => isCoefficients(table) && table.columns.includes('term') && !OTHERS.includes(file));
  if (!found) return [];
  const [file, table] = found;
  const rows = records(table);
  if (f.by('post_var').length > 0) return ofTwoPeriods(rows, f, file);
  // a column that the run was asked not to fill still says that the estimate is a logarithm
  const unfilled = Object.keys(RATIOS).find((name) => table.columns.includes(name) && rows.every((r) => number(r[name]) === null));
  if (unfilled) for (const row of rows) for (const [end, from] of [['', 'estimate'], ['_low', 'ci_low'], ['_high', 'ci_high']]) if (number(row[from]) !== null) row[unfilled + end] = String(Math.exp(number(row[from])));
  const ratio = ['odds_ratio', 'hazard_ratio', 'irr', 'ratio'].find((name) => rows.some((r) => number(r[name] ?? '') !== null));
  // a ratio of its own is one of hazards or of times by the metric of a survival model; of other models it may be any
  const kind = ratio === 'ratio' ? { ph: 'hazard', aft: 'time' }[run.metrics?.metric] : ratio ? RATIOS[ratio] : 'linear';
  if (!kind || !ratio && !isOnOutcome(f)) return [];
  const survival = f.outcome ?? f.by('failure_var')[0] ?? null;
  const reading = { file, ...(ratio ? { column: ratio, nothing: 1 } : {}) };
  const one = (own, more, focal = f.focal) => ofRows(own, { ...f, outcome: survival, focal }, kind, { ...reading, ...more });
  if (table.columns.includes('model')) {
    const models = grouped(rows, 'model');
    const test = hausman(tables);
    if (test.model) return [...test.facts, ...one(models.get(test.model) ?? [], { model: test.model })];
    if (models.has('weighted')) return one(models.get('weighted'), {});
    if (models.has('model2')) { const [model, own] = [...models].at(-1); return one(own, { model }); }
    return [...models].flatMap(([model, own]) => one(own, { model }, f.focal.slice(0, 2)));
  }
  const equations = grouped(rows, 'equation');
  if (f.template === 'linear.quantile') {
    return [...equations].flatMap(([name, own]) => one(own, { quantile: name.slice(1).replace('_', '.') }, f.focal.slice(0, 1)));
  }
  // further equations (variances, selection) come after that of the outcome
  return one([...equations.values()][0] ?? [], {});
}

/** Total impacts with their parts, where units act on each other: a coefficient beside a lag is no effect. */
function ofImpacts(tables, f) {
  const file = 'table_impacts.csv';
  const rows = records(tables.get(file));
  const found = (kind, term) => rows.find((r) => r.impact === kind && r.term === term);
  return f.focal.flatMap((name) => rows.filter((r) => r.impact === 'total' && partsOf(r.term).length === 1 && f.own(partsOf(r.term)[0].name) === name)).flatMap((r) => {
    const [direct, indirect] = [found('direct', r.term), found('indirect', r.term)];
    if (number(indirect?.statistic ?? '') === null || !direct) return [];
    return [{ kind: 'impact', term: r.term, y: f.outcome, value: number(r.estimate), direct: number(direct.estimate), indirect: number(indirect.estimate), low: number(r.ci_low), high: number(r.ci_high), p: number(r.p_value), file }];
  });
}

/** The rows with the lowest and the highest value of a column, where they differ. */
function endsOf(rows, column) {
  const known = rows.filter((r) => number(r[column]) !== null).sort((a, b) => number(a[column]) - number(b[column]));
  return known.length > 1 && number(known[0][column]) < number(known.at(-1)[column]) ? [known[0], known.at(-1)] : null;
}

/** The hardest and the sharpest item beside the other end; `nothing` is the limit of that end. */
function ofItems(tables) {
  const file = 'table_items.csv';
  const rows = records(tables.get(file)).filter((r) => r.category !== undefined);
  const of = (kind) => rows.filter((r) => r.kind === kind);
  const fact = (kind, among) => {
    const found = endsOf(among, 'estimate');
    if (!found) return [];
    const [least, most] = found;
    return [{ kind, x: most.variable, y: least.variable, value: number(most.estimate), least: number(least.estimate), low: number(most.ci_low), high: number(most.ci_high), nothing: number(least.ci_high), p: null, file }];
  };
  const [sharpness, difficulties] = [of('discrimination'), of('difficulty')];
  // an item with several steps has no single difficulty
  return [...(sharpness.length === difficulties.length ? fact('hard_item', difficulties) : []), ...fact('sharp_item', sharpness)];
}

/** The sizes of latent classes, and the answer by which each differs most from the others together. */
function ofClasses(tables) {
  const [classes, profiles] = [records(tables.get('table_classes.csv')), records(tables.get('table_profiles.csv'))];
  if (classes.length === 0 || profiles.length === 0) return [];
  const ends = endsOf(classes, 'share');
  const sizes = ends ? [{ kind: 'class_sizes', n: classes.length, value: number(ends[1].share), least: number(ends[0].share), low: number(ends[1].ci_low), high: number(ends[1].ci_high), nothing: number(ends[0].ci_high), p: null, file: 'table_classes.csv' }] : [];
  const share = new Map(classes.map((r) => [r.class, number(r.share)]));
  const restOf = (row) => {
    const others = profiles.filter((r) => r.class !== row.class && r.variable === row.variable && r.category === row.category);
    const mass = others.reduce((sum, r) => sum + share.get(r.class), 0);
    return others.reduce((sum, r) => sum + share.get(r.class) * number(r.probability), 0) / mass;
  };
  const answers = ends ? classes.flatMap((c) => {
    const own = profiles.filter((r) => r.class === c.class && number(r.probability) !== null).map((r) => ({ r, value: number(r.probability), rest: restOf(r) }));
    const [far] = own.sort((a, b) => Math.abs(b.value - b.rest) - Math.abs(a.value - a.rest));
    return far ? [{ kind: 'class_answer', class: c.class, x: far.r.variable, category: far.r.category, value: far.value, rest: far.rest, nothing: far.rest, low: number(far.r.ci_low), high: number(far.r.ci_high), p: null, file: 'table_profiles.csv' }] : [];
  }) : [];
  return [...sizes, ...answers];
}

/** Moran's I with the test that places values at random. */
function ofPlaces(tables, f) {
  const file = 'table_autocorrelation.csv';
  const row = records(tables.get(file)).find((r) => r.measure === 'moran' && r.assumption === 'randomisation');
  if (!row) return [];
  const value = number(row.estimate);
  return [{ kind: value >= number(row.expected) ? 'alike' : 'unlike', y: f.outcome, value, p: number(row.p_value), low: null, high: null, file }];
}

/** Effects by period relative to an event: the mean from it on, the largest one, and the joint test of the periods before it. */
function ofPeriods(tables, f) {
  const periods = ['table_event_coefficients.csv', 'table_dynamic.csv'].find((name) => tables.has(name));
  if (!periods) return [];
  const all = [...tables].flatMap(([file, table]) => records(table).map((row) => ({ ...row, file })));
  const row = (column, name) => all.find((r) => r[column] === name);
  const read = (r, name) => number(r?.[name] ?? '');
  const of = (r) => ({ y: f.outcome, value: read(r, 'estimate'), low: read(r, 'ci_low'), high: read(r, 'ci_high'), p: read(r, 'p_value'), file: r.file });
  const metric = (name) => read(row('metric', name), 'value');
  const att = row('effect', 'att');
  const mean = att ? of(att) : { y: f.outcome, value: metric('mean_after'), se: metric('mean_after_se'), p: metric('mean_after_p'), low: null, high: null, file: row('metric', 'mean_after')?.file ?? periods };
  const after = all.filter((r) => r.file === periods && read(r, 'relative_period') >= 0 && read(r, 'std_error') !== null && read(r, 'estimate') !== null);
  const peak = after.sort((a, b) => Math.abs(read(b, 'estimate')) - Math.abs(read(a, 'estimate')))[0];
  const test = row('test', 'pre_trend') ?? row('effect', 'pre_trend');
  return [
    ...(mean.value === null ? [] : [{ kind: 'event_mean', ...mean }]),
    ...(peak ? [{ kind: 'event_peak', period: read(peak, 'relative_period'), ...of(peak) }] : []),
    ...(read(test, 'p_value') === null ? [] : [{ kind: 'event_before', p: read(test, 'p_value'), low: null, high: null, file: test.file }]),
  ];
}

function ofMeans(tables, f) {
  const file = 'table_ttest.csv';
  const rows = records(tables.get(file));
  const row = (test) => rows.find((r) => r.test === test);
  const facts = (r) => ({ value: number(r.estimate), low: number(r.ci_low), high: number(r.ci_high), p: number(r.p_value), file });
  const group = f.by('group_var')[0];
  const [a, b] = [row('mean_group1'), row('mean_group2')];
  const test = rows.find((r) => r.test.startsWith('t_') && r.note === 'chosen') ?? rows.find((r) => r.test.startsWith('t_'));
  if (a && b && test) return [{ kind: 'means', x: group, y: f.outcome, a: { name: a.note, mean: number(a.estimate) }, b: { name: b.note, mean: number(b.estimate) }, ...facts(test) }];
  if (row('t_paired')) return [{ kind: 'change', a: { name: row('mean_first').note, mean: number(row('mean_first').estimate) }, b: { name: row('mean_second').note, mean: number(row('mean_second').estimate) }, ...facts(row('t_paired')) }];
  if (row('t_difference')) return [{ kind: 'level', y: f.outcome, from: f.bound.null_value, mean: number(row('mean').estimate), ...facts(row('t_difference')) }];
  return [];
}

/** Tests of groups or of two columns, which only have a p-value. */
function ofTests(tables, f) {
  const group = f.by('group_var')[0];
  const p = (file, wanted) => number(records(tables.get(file)).find(wanted)?.p_value ?? '');
  const groups = (file, y, wanted) => { const value = p(file, wanted); return value === null || !group ? [] : [{ kind: 'groups', x: group, y, p: value, file, low: null, high: null }]; };
  const related = (file, wanted) => { const value = p(file, wanted); return value === null || !f.bound.row ? [] : [{ kind: 'related', x: f.bound.row, y: f.bound.column, p: value, file, low: null, high: null }]; };
  return [
    ...groups('table_kwallis.csv', f.outcome, (r) => r.test === 'kruskal_wallis'),
    ...groups('table_ranksum.csv', f.outcome, (r) => r.test === 'ranksum_z'),
    ...groups('table_anova.csv', f.outcome, (r) => r.source === 'between'),
    ...related('table_test.csv', (r) => r.test === 'pearson_f' || r.test === 'pearson_chi2'),
    ...related('table_fisher.csv', (r) => r.test === 'fisher_exact'),
  ];
}

/** Descriptions: correlations, means, medians of survival, areas under curves, reliability. */
function ofDescriptions(tables, f) {
  const pairs = records(tables.get('table_correlation.csv')).filter((r) => r.row !== r.column && number(r.correlation) !== null)
    .map((r) => ({ kind: 'correlation', x: r.row, y: r.column, value: number(r.correlation), low: number(r.ci_low), high: number(r.ci_high), p: null, file: 'table_correlation.csv' }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const means = records(tables.get('table_descriptives.csv')).filter((r) => number(r.mean) !== null)
    .map((r) => ({ kind: 'described', y: r.variable, value: number(r.mean), sd: number(r.sd), n: number(r.n), missing: number(r.missing), file: 'table_descriptives.csv' }));
  const medians = records(tables.get('table_medians.csv')).filter((r) => number(r.median) !== null)
    .map((r) => ({ kind: 'median', x: f.by('group_var')[0], group: r.group, y: f.by('duration_var')[0], value: number(r.median), low: number(r.ci_low), high: number(r.ci_high), file: 'table_medians.csv' }));
  const areas = records(tables.get('table_auc.csv')).filter((r) => number(r.auc) !== null)
    .map((r) => ({ kind: 'auc', x: r.marker, value: number(r.auc), low: number(r.ci_low), high: number(r.ci_high), file: 'table_auc.csv' }));
  const alpha = number(records(tables.get('table_alpha.csv')).find((r) => r.metric === 'alpha')?.value ?? '');
  return [...pairs, ...means, ...medians, ...areas, ...(alpha === null ? [] : [{ kind: 'alpha', n: (f.bound.vars ?? []).length, value: alpha, file: 'table_alpha.csv' }])];
}

/**
 * The facts of a run, at most `most`: `[{kind, value, low, high, p, file, …}]`. `tables`: parsed tables by file name in the
 * order of the template; `preview`: columns with first rows, where the data are still there.
 */
export function findingsOf({ tables, plan, meta, run, preview }, most = MOST) {
  const f = frame({ plan, meta, run, preview });
  for (const read of [ofDesigns, ofMeans, ofMargins, ofImpacts, ofPlaces, ofItems, ofClasses, ofCoefficients, ofPeriods]) {
    const found = read(tables, f, run);
    if (found.length > 0) return found.slice(0, most);
  }
  return [...ofTests(tables, f), ...ofDescriptions(tables, f)].slice(0, most);
}
