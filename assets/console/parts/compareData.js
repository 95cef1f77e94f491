// Runs as columns of a comparison: their specification as facts, terms as rows, and the order of a specification curve.
// Pure functions without words of the page.

/** Facts in the order in which they are shown. */
export const FACTS = ['outcome', 'method', 'variables', 'fixed', 'instruments', 'interactions', 'categorical', 'sample', 'errors', 'weights', 'more', 'steps', 'options', 'data'];

/** The fact that the columns of a bind belong to; other binds are named in `more`. */
const OF_BIND = {
  outcome_var: 'outcome', duration_var: 'outcome', failure_var: 'outcome', treatment_var: 'variables', regressors: 'variables', controls: 'variables', focal_var: 'variables',
  moderator_var: 'variables', endogenous_vars: 'variables', post_var: 'variables', fixed_effects: 'fixed', instrument_vars: 'instruments', weight_var: 'weights',
};
/** Said by other facts, or no part of a specification. */
const SILENT = new Set(['level', 'vce', 'title', 'weight_kind', 'sample_if', 'seed']);

const list = (value) => (value === null || value === undefined || value === '' ? [] : Array.isArray(value) ? value : [value]);
const text = (value) => (typeof value === 'object' ? value.text ?? value.canonical ?? JSON.stringify(value) : String(value));

/**
 * The specification of a run: `{fact: [{key, kind, value}]}` with `kind` `column`, `text`, `option` (`name` of the parameter),
 * or `all` for a sample without condition. `meta` may be null: then parameters go by their names.
 */
export function specification({ run, plan, meta }) {
  const facts = Object.fromEntries(FACTS.map((fact) => [fact, []]));
  const put = (fact, item) => { if (!facts[fact].some((other) => other.key === item.key)) facts[fact].push(item); };
  const bound = plan?.contract.bound ?? {};
  const bindOf = (name) => meta?.parameters?.find((p) => p.name === name)?.bind ?? { outcome: 'outcome_var', treatment: 'treatment_var', absorb_vars: 'fixed_effects' }[name] ?? (name in OF_BIND ? name : 'option');
  for (const [name, value] of Object.entries(bound)) {
    const bind = bindOf(name);
    if (SILENT.has(name) || bind === 'sample' || bind === 'seed' || bind === 'cluster_var') continue;
    if (OF_BIND[bind]) for (const column of list(value)) put(OF_BIND[bind], { key: text(column), kind: 'column', value: text(column) });
    else if (list(value).length > 0) put(bind === 'option' ? 'options' : 'more', { key: `${name}=${list(value).map(text).join(' ')}`, kind: 'option', name, value: list(value).map(text).join(', ') });
  }
  const method = plan?.template.template_id ?? run.template_id;
  if (method) put('method', { key: method, kind: 'method', value: method });
  for (const terms of plan?.interaction_terms ?? []) put('interactions', { key: text(terms), kind: 'text', value: text(terms) });
  for (const { column } of plan?.categorical_vars ?? []) put('categorical', { key: column, kind: 'column', value: column });
  const condition = plan?.sample_if && text(plan.sample_if);
  if (plan) put('sample', condition ? { key: condition, kind: 'text', value: condition } : { key: '', kind: 'all', value: '' });
  const errors = run.metrics?.std_errors ?? bound.vce;
  if (errors) put('errors', { key: errors, kind: 'errors', value: errors });
  for (const step of plan?.data_steps ?? []) put('steps', { key: `${step.kind} ${step.dataset_key} ${step.merge_type ?? ''}`, kind: 'text', value: [step.kind, step.dataset_key, step.merge_type].filter(Boolean).join(' ') });
  if (plan?.input_fingerprint) put('data', { key: plan.input_fingerprint, kind: 'text', value: plan.input_fingerprint.slice(0, 8) });
  return facts;
}

/** What makes terms of runs the same: the name, or for a level of a text column its words, since numbers of levels depend on the data. */
export const keyOf = (result) => (result.label && /^\d+[a-z]*\.|#/.test(result.term) ? result.label : result.term);

/** The first result of a run with that key; null where there is none. */
export const resultOf = (run, key) => (run.results ?? []).find((result) => keyOf(result) === key) ?? null;

/** True if a run has a term more than once, as models side by side have. */
export const repeats = (run, key) => (run.results ?? []).filter((result) => keyOf(result) === key).length > 1;

/** All terms of the runs in the order in which they first occur, the constant last. */
export function termsOf(runs) {
  const keys = [...new Set(runs.flatMap((run) => (run.results ?? []).map(keyOf)))];
  return [...keys.filter((key) => key !== '_cons'), ...keys.filter((key) => key === '_cons')];
}

/** The term that is shown first: the one that most runs estimate, the earliest of these. */
export function commonTerm(runs) {
  const count = (key) => runs.filter((run) => Number.isFinite(resultOf(run, key)?.estimate)).length;
  return termsOf(runs).filter((key) => key !== '_cons').reduce((best, key) => (best === null || count(key) > count(best) ? key : best), null);
}

/** Facts that differ between columns, `[{fact, items}]` with every item, and the others: `{varying, shared}`. `skip`: a column that is not shown, the term of the curve. */
export function differences(columns, skip = null) {
  const varying = [];
  const shared = [];
  for (const fact of FACTS) {
    const items = new Map(columns.flatMap((column) => column.facts[fact]).filter((item) => item.key !== skip || fact !== 'variables').map((item) => [item.key, item]));
    if (items.size === 0) continue;
    const everywhere = [...items.keys()].every((key) => columns.every((column) => column.facts[fact].some((item) => item.key === key)));
    (everywhere ? shared : varying).push({ fact, items: [...items.values()] });
  }
  return { varying, shared };
}

/** The points of a curve, lowest estimate first: `[{column, estimate, low, high, clear}]`; `clear` if the interval leaves zero out. */
export function points(columns, key) {
  return columns.flatMap((column) => {
    const result = resultOf(column.run, key);
    if (!Number.isFinite(result?.estimate)) return [];
    const [low, high] = [result.ci_low ?? null, result.ci_high ?? null];
    return [{ column, result, estimate: result.estimate, low, high, clear: low !== null && high !== null && (low > 0 || high < 0) }];
  }).sort((a, b) => a.estimate - b.estimate);
}

/** Round numbers that cover a range, about `count` of them. */
export function ticks(low, high, count = 5) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push({ value: i * step, digits: Math.max(0, -Math.floor(Math.log10(step))) });
  return found;
}

/* ---- the address: `JOB.1-3.JOB.2`, jobs with their attempts ---- */

/** Reads runs of an address: `[{job, attempts}]`. */
export function readRuns(text) {
  const parts = (text ?? '').split('.').filter(Boolean);
  const found = [];
  for (let i = 0; i + 1 < parts.length; i += 2) found.push({ job: parts[i], attempts: parts[i + 1].split('-').map(Number).filter((n) => n > 0) });
  return found;
}

/** Writes chosen columns, in their order, for an address. */
export function writeRuns(columns) {
  const byJob = new Map();
  for (const { job, run } of columns) byJob.set(job, [...(byJob.get(job) ?? []), run.attempt]);
  return [...byJob].map(([job, attempts]) => `${job}.${attempts.join('-')}`).join('.');
}
