// The results as sentences, with the limits of the analysis below them. The facts come from findings.js; the words are
// put together here by rules, and the card says so.

import { addWords, lang, num, t } from '../i18n.js';
import { pValue } from '../tables.js';
import { nameOf } from '../codes.js';
import { button, card, disclosure, h } from '../ui.js';
import { findingsOf, sure } from './findings.js';
import words from '../i18n/findings.js';

addWords(words);

/** Decimals that show three digits of a number, at most eight. */
const places = (x) => (x === 0 ? 0 : Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))))));
const fixedTo = (x, decimals) => {
  if (x !== 0 && Math.abs(x) < 1e-6) return x.toExponential(2);
  return new Intl.NumberFormat(lang() === 'zh' ? 'zh-CN' : 'en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(x);
};

/** A number with three digits, with a true minus. */
export const brief = (x, like = x) => fixedTo(x, places(like)).replace('-', '−');

const RATIOS = ['odds', 'hazard', 'rate', 'time'];

/** What stands in brackets: the interval and p, as far as there are any. */
function evidence(f, level, scale = (x) => x) {
  const shown = (x) => brief(scale(x), scale(f.value) || scale(x));
  const interval = f.low !== null && f.high !== null && f.low !== undefined && t('findings.interval', { level, low: shown(f.low), high: shown(f.high) });
  const p = f.p !== null && f.p !== undefined && (pValue(f.p, 3).startsWith('<') ? t('findings.p.below', { p: pValue(f.p, 3).slice(1) }) : t('findings.p', { p: pValue(f.p, 3) }));
  const se = f.se !== null && f.se !== undefined && t('findings.se', { se: brief(f.se, f.value) });
  return [interval, se, p].filter(Boolean).join(t('findings.and'));
}

/** A label without its unit, and the unit: `Schooling (years)`. */
function unitOf(label) {
  const found = /^(.+?)\s*[(（]([^()（）]{1,20})[)）]\s*$/.exec(label);
  return found ? { name: found[1], unit: found[2] } : { name: label, unit: null };
}

function whenOf({ when, at }, say) {
  const { name, unit } = unitOf(when.how === 'level' ? say.term(when.term) : say.variable(when.name));
  const key = when.how === 'number' && unit ? 'unit' : when.base ? 'base' : when.how;
  const words = t(`findings.if.${key}`, { x: name, unit, base: when.base, step: when.step === undefined ? '' : num(when.step) });
  return at ? t('findings.at', { x: unitOf(say.variable(at.name)).name, value: brief(at.value), when: words }) : words;
}

/** A sentence on a difference: by how much an outcome, a probability or a ratio is higher. */
function difference(f, level, say) {
  const ratio = RATIOS.includes(f.kind);
  const scale = { probability: (x) => 100 * x }[f.kind] ?? ((x) => x);
  const y = unitOf(say.variable(f.y ?? '')).name;
  const what = f.quantile ? t('findings.what.quantile', { y, q: f.quantile }) : t(`findings.what.${f.kind}`, { y: ['probability', 'odds'].includes(f.kind) ? `${y} = ${f.level ?? 1}` : y });
  const size = ratio ? Math.abs(100 * (f.value - 1)) : Math.abs(scale(f.value));
  const amount = ratio ? t('findings.percent', { n: brief(size) }) : f.kind === 'probability' ? t('findings.points', { n: brief(size) }) : brief(size);
  const proof = [ratio && t(`findings.ratio.${f.kind}`, { ratio: brief(f.value) }), evidence(f, level, scale)].filter(Boolean).join(t('findings.and'));
  const way = f.value >= f.nothing ? 'up' : 'down';
  const text = t(sure(f) ? `findings.${way}` : `findings.open.${way}`, { when: whenOf(f, say), what, amount, evidence: proof });
  return [f.model && t('findings.model', { model: f.model }), text, logarithm(f, y)].filter(Boolean).join(lang() === 'zh' ? '' : ' ');
}

/** What a difference of a logarithm is in percent. */
function logarithm(f, y) {
  if (f.log === false || f.log === undefined || !sure(f)) return null;
  const percent = 100 * Math.expm1(f.value);
  return t(f.log ? 'findings.log' : 'findings.log.maybe', { y, percent: `${percent > 0 ? '+' : ''}${brief(percent)}` });
}

const OF = {
  did: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y) }),
  means: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y), a: f.a.name, b: f.b.name, mean_a: brief(f.a.mean), mean_b: brief(f.b.mean) }),
  change: (f, level, say) => ({ a: say.variable(f.a.name), b: say.variable(f.b.name), mean_a: brief(f.a.mean), mean_b: brief(f.b.mean) }),
  level: (f, level, say) => ({ y: say.variable(f.y), mean: brief(f.mean), from: num(f.from ?? 0) }),
  event_mean: (f, level, say) => ({ y: say.variable(f.y) }),
  event_peak: (f, level, say) => ({ y: say.variable(f.y), period: num(f.period) }),
  event_before: () => ({}),
  impact: (f, level, say) => ({ x: say.term(f.term), y: say.variable(f.y), direct: brief(f.direct), indirect: brief(f.indirect) }),
  alike: (f, level, say) => ({ y: say.variable(f.y) }),
  unlike: (f, level, say) => ({ y: say.variable(f.y) }),
  hard_item: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y), least: brief(f.least) }),
  sharp_item: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y), least: brief(f.least) }),
  class_sizes: (f) => ({ n: f.n, least: brief(f.least) }),
  class_answer: (f, level, say) => ({ class: f.class, x: say.variable(f.x), category: f.category, rest: brief(f.rest) }),
  groups: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y) }),
  related: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y) }),
};

const PLAIN = {
  correlation: (f, level, say) => ({ x: say.variable(f.x), y: say.variable(f.y), value: brief(f.value), evidence: evidence(f, level) }),
  described: (f, level, say) => ({ y: say.variable(f.y), mean: brief(f.value), sd: brief(f.sd), n: f.n, missing: f.missing }),
  median: (f, level, say) => ({ x: say.variable(f.x ?? ''), group: f.group, y: say.variable(f.y), value: brief(f.value), evidence: evidence(f, level) }),
  auc: (f, level, say) => ({ x: say.variable(f.x), value: brief(f.value), evidence: evidence(f, level) }),
  alpha: (f) => ({ n: f.n, value: brief(f.value) }),
  varies: (f, level, say) => ({ x: say.variable(f.name) }),
};

/** The words of a fact of a design, which names what fills its blanks. */
function told(f, level, say) {
  const each = (object, words) => Object.fromEntries(Object.entries(object ?? {}).map(([name, x]) => [name, words(x)]));
  const blanks = {
    ...each(f.columns, (name) => say.variable(name ?? '')), ...each(f.numbers, (x) => (x === null || x === undefined ? '' : Number.isInteger(x) ? num(x) : brief(x))), ...f.texts,
    ...each(f.words, (key) => t(`findings.${key}`)), ...each(f.codes, (code) => nameOf(code).toLowerCase()), ...each(f.proofs, (proof) => evidence(proof, level)),
  };
  const own = { value: f.value === undefined ? '' : brief(f.value), evidence: evidence(f, level) };
  const end = f.flat ? '' : (f.above ? f.value > f.nothing : sure(f)) ? '.sure' : '.open';
  return t(`findings.${f.kind}${end}`, { ...own, ...blanks });
}

/** One fact as a sentence; `say` has the words of variables and terms. */
export function sentence(f, level, say) {
  if (f.when) return difference(f, level, say);
  if (f.said) return told(f, level, say);
  if (PLAIN[f.kind]) return t(`findings.${f.kind}`, PLAIN[f.kind](f, level, say));
  const value = f.value === undefined ? '' : brief(f.value);
  const text = t(`findings.${f.kind}.${sure(f) ? 'sure' : 'open'}`, { ...OF[f.kind](f, level, say), value, evidence: evidence(f, level) });
  const more = f.kind === 'did' ? logarithm(f, say.variable(f.y)) : null;
  return [text, more].filter(Boolean).join(lang() === 'zh' ? '' : ' ');
}

/** What limits the sentences: the other variables, rows left out, round steps, and the limits of the method. */
function caveats({ found, meta, plan, run }, say) {
  const bound = plan.contract.bound ?? {};
  const variables = (meta?.parameters ?? []).filter((p) => ['treatment_var', 'focal_var', 'endogenous_vars', 'regressors', 'controls'].includes(p.bind)).flatMap((p) => bound[p.name] ?? []);
  const flow = run.sample_flow ?? [];
  const [first, last] = [flow[0]?.rows, flow.at(-1)?.rows];
  const limits = lang() === 'zh' && meta?.limitations_zh?.length > 0 ? meta.limitations_zh : meta?.limitations ?? [];
  const differences = found.filter((f) => f.when);
  const said = new Set(differences.map((f) => f.when.name));
  // a sentence about one variable holds all others equal; of several, each holds the rest
  const others = said.size === 0 || variables.length < 2 ? [] : said.size === 1 ? variables.filter((v) => !said.has(v)) : variables;
  return [
    others.length > 0 && t('findings.held', { names: others.map(say.variable).join(lang() === 'zh' ? '、' : ', ') }),
    last < first && t('findings.rows', { used: last, all: first }),
    differences.some((f) => f.when.step !== undefined && f.when.step !== 1) && t('findings.steps'),
    ...limits,
  ].filter(Boolean);
}

/**
 * The card. `facts`: `{tables, plan, meta, run, preview}`; `say`: words of variables and terms; `level`: of the intervals, in
 * percent; `show(file)` brings a table into view; `actions` stand beside the heading.
 */
export function findingsCard(facts, { say, level, show, actions }) {
  const found = findingsOf(facts);
  const limits = caveats({ ...facts, found }, say);
  const references = facts.meta?.references ?? [];
  const line = (f) => h('li', {}, h('span', {}, sentence(f, level, say)), ' ', button(t('findings.table'), { kind: 'quiet', class: 'link small', 'aria-label': t('findings.table.of', { file: f.file }), onclick: () => show(f.file) }));
  return card(t('findings.title'), { id: 'findings', lead: found.length > 0 ? t('findings.lead') : t('findings.none'), actions },
    found.length > 0 && h('ul', { class: 'findings' }, found.map(line)),
    limits.length > 0 && h('h3', {}, t('findings.limits')),
    limits.length > 0 && h('ul', { class: 'bullets', id: 'caveats' }, limits.map((text) => h('li', {}, text))),
    references.length > 0 && disclosure(t('results.references'), {}, h('ul', { class: 'bullets hint' }, references.map((r) => h('li', {}, r.text, r.doi && ` doi:${r.doi}`)))));
}
