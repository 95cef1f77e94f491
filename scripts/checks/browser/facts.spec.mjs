// The facts behind the sentences of the results: which rows are read, at which step, and how sure they are. Pure functions.

import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// older versions of Node take a .js file for a module only where its folder says so
const folder = await mkdtemp(join(tmpdir(), 'console-'));
after(() => rm(folder, { recursive: true, force: true }));
await writeFile(join(folder, 'package.json'), '{"type": "module"}');
for (const name of ['tables.js', 'parts/findings.js', 'parts/findingsDesigns.js', 'parts/findingsProcesses.js']) await cp(fileURLToPath(new URL(`../../../assets/console/${name}`, import.meta.url)), join(folder, name));
const { findingsOf, partsOf, stepOf, sure } = await import(join(folder, 'parts/findings.js'));
const { parseCsv } = await import(join(folder, 'tables.js'));

const parameter = (name, bind) => ({ name, bind });
const META = { parameters: [parameter('outcome', 'outcome_var'), parameter('regressors', 'regressors'), parameter('controls', 'controls'), parameter('failure', 'failure_var')] };
const HEAD = 'equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high';
const ages = Array.from({ length: 40 }, (_, i) => [20 + i, i % 2]);
const PREVIEW = { columns: [{ name: 'age', inferred_type: 'integer' }, { name: 'female', inferred_type: 'binary' }], sample_rows: ages };

/** The facts of one coefficient table. */
function facts(csv, { bound = { outcome: 'y', regressors: ['age', 'female'] }, template_id = 'linear.ols_robust', file = 'table_coefficients.csv', derived = [], preview = PREVIEW } = {}) {
  const plan = { template: { template_id }, contract: { bound }, derived_variables: derived, categorical_vars: [] };
  return findingsOf({ tables: new Map([[file, parseCsv(csv)]]), plan, meta: META, run: { results: [{ term: '2.sex', label: 'sex: woman' }] }, preview });
}

test('facts: a step is round and fits the spread', () => {
  const to = (n, by = 1) => Array.from({ length: n }, (_, i) => i * by);
  assert.equal(stepOf(to(8)), 1, 'too few values');
  assert.equal(stepOf(to(12)), 1, 'schooling');
  assert.equal(stepOf(to(40)), 10, 'age');
  assert.equal(stepOf(to(100, 250)), 10_000, 'income');
  assert.equal(stepOf(to(100, 0.005)), 0.1, 'a share');
  assert.equal(stepOf(Array.from({ length: 20 }, (_, i) => Number(i > 18))), 1, 'whole numbers have no smaller step');
  assert.equal(stepOf(Array(20).fill(3)), 1, 'a constant');
  assert.equal(stepOf([null, 'a', ...to(40)]), 10, 'missing values and texts');
});

test('facts: terms have their parts', () => {
  assert.deepEqual(partsOf('2.sector'), [{ name: 'sector', level: '2', lag: undefined }]);
  assert.deepEqual(partsOf('c.age#1.female').map((p) => [p.name, p.level]), [['age', undefined], ['female', '1']]);
  assert.equal(partsOf('L.output')[0].lag, 'L');
  assert.deepEqual(partsOf('v1.2'), [{ name: 'v1.2' }], 'a dot within a name is none of an operator');
});

test('facts: an interval decides, else p', () => {
  assert.ok(sure({ low: 0.1, high: 0.3, p: 0.9 }));
  assert.ok(!sure({ low: -0.1, high: 0.3, p: 0.01 }));
  assert.ok(!sure({ low: 0.8, high: 1.2, p: 0.01, nothing: 1 }), 'of a ratio the value is 1');
  assert.ok(sure({ low: null, high: null, p: 0.01 }) && !sure({ low: null, high: null, p: null }));
});

test('facts: the variables of the question are read, each at its step', () => {
  const found = facts(`${HEAD}\ny,age,0.02,0.01,2,0.04,0.01,0.03\ny,female,-1,0.2,-5,0.001,-1.4,-0.6\ny,schooling,3,1,3,0.003,1,5\ny,_cons,1,1,1,0.3,-1,3\n`);
  assert.deepEqual(found.map((f) => [f.when.name, f.when.how, f.when.step]), [['age', 'number', 10], ['female', 'binary', undefined]], 'no control and no constant');
  assert.deepEqual([found[0].value, found[0].low, found[0].high], [0.2, 0.1, 0.3].map((x) => found[0].when.step * x / 10));
  assert.equal(found[1].value, -1);
  const without = facts(`${HEAD}\ny,age,0.02,0.01,2,0.04,0.01,0.03\n`, { preview: { columns: [], sample_rows: [] } });
  assert.equal(without[0].when.step, 1, 'without the data the step is 1');
});

test('facts: a ratio is taken to the power of its step', () => {
  const [found] = facts(`${HEAD},hazard_ratio,hazard_ratio_low,hazard_ratio_high\n_t,age,0.0953,0.01,2,0.04,0.01,0.03,1.1,1.05,1.15\n`, { template_id: 'survival.cox', file: 'table_hazard_ratios.csv', bound: { regressors: ['age'], failure: 'died' } });
  assert.deepEqual([found.kind, found.y, found.nothing], ['hazard', 'died', 1]);
  assert.ok(Math.abs(found.value - 1.1 ** 10) < 1e-12 && Math.abs(found.low - 1.05 ** 10) < 1e-12);
});

test('facts: a variable of a product, an omitted and a base term have no sentence of their own', () => {
  const [found] = facts(`${HEAD}\ny,age,0.02,0.01,2,0.04,0.01,0.03\ny,c.age#c.age,0.1,0.01,2,0.04,0.01,0.03\n`, { bound: { outcome: 'y', regressors: ['age'] } });
  assert.deepEqual([found.kind, found.name], ['varies', 'age']);
  const rows = facts(`${HEAD},note\ny,1b.age,0,,,,,,base\ny,2.age,0.5,0.1,5,0.001,0.3,0.7,\ny,3o.age,0,,,,,,omitted\n`, { bound: { outcome: 'y', regressors: ['age'] } });
  assert.deepEqual(rows.map((f) => [f.when.term, f.when.how, f.value]), [['2.age', 'level', 0.5]]);
});

test('facts: the base level is named where it is certain', () => {
  const csv = (terms) => `${HEAD}\n${terms.map((term) => `y,${term},0.5,0.1,5,0.001,0.3,0.7`).join('\n')}\n`;
  const base = (terms, name, values) => facts(csv(terms), { bound: { outcome: 'y', regressors: [name] }, preview: { columns: [{ name, inferred_type: 'integer' }], sample_rows: values.map((v) => [v]) } })[0].when.base;
  assert.equal(base(['2.sector', '3.sector'], 'sector', [3, 1, 2, null]), '1');
  assert.equal(base(['2.sex'], 'sex', ['woman', 'man']), 'man', 'a text by its label');
  assert.equal(base(['2.sector', '3.sector'], 'sector', [2, 3]), null, 'the base is in none of the rows');
  assert.equal(base(['3.sector', '4.sector'], 'sector', [1, 2, 3, 4]), null, 'rows of one more level were left out');
  assert.equal(base(['2.sector', '3.sector'], 'sector', [2, 3, 4]), null, 'a later level without rows is no base');
});

test('facts: a logarithm is certain by its expression and possible by its name', () => {
  const row = (y) => `${HEAD}\n${y},female,0.1,0.01,2,0.04,0.01,0.03\n`;
  const log = (y, derived) => facts(row(y), { bound: { outcome: y, regressors: ['female'] }, derived })[0].log;
  assert.deepEqual([log('lw', [{ name: 'lw', expression: 'ln(wage)' }]), log('log_wage'), log('wage')], [true, null, false]);
});

test('facts: an unknown analysis has none', () => {
  assert.deepEqual(facts('item,value\nrows,3\n', { template_id: 'prep.merge', file: 'table_merge_report.csv', bound: {} }), []);
  assert.deepEqual(facts(`${HEAD}\ny,age,0.02,0.01,2,0.04,0.01,0.03\n`, { template_id: 'limited.mlogit' }), [], 'a coefficient of a logit is no difference of the outcome');
});

/** The facts of several tables of a design. */
function ofTables(files, bound, binds) {
  const plan = { template: { template_id: 'any.design' }, contract: { bound }, derived_variables: [], categorical_vars: [] };
  const meta = { parameters: Object.entries(binds).map(([name, bind]) => parameter(name, bind)) };
  return findingsOf({ tables: new Map(Object.entries(files).map(([file, csv]) => [file, parseCsv(csv)])), plan, meta, run: {}, preview: PREVIEW });
}

test('facts: the sum of lags comes first, the same period apart from it', () => {
  const csv = 'lag,estimate,std_error,p_value,cumulative_effect,cumulative_se,statistic,cumulative_p,ci_low,ci_high\n0,0.6,0.1,0.01,0.6,0.1,6,0.01,0.4,0.8\n1,-0.5,0.1,0.01,0.1,0.2,0.5,0.6,-0.3,0.5\n';
  const found = ofTables({ 'table_effects.csv': csv }, { outcome: 'y', focal: 'x' }, { outcome: 'outcome_var', focal: 'focal_var' });
  assert.deepEqual(found.map((f) => [f.kind, f.value, f.p, f.texts.n]), [['long_run', 0.1, 0.6, '1'], ['at_once', 0.6, 0.01, '1']]);
});

test('facts: a jump is read with the interval that allows for its bias', () => {
  const csv = 'term,estimate,std_error,statistic,p_value,ci_low,ci_high,note\nconventional,4.2,0.8,5,0.001,2.6,5.8,\nrobust,4.1,1,4,0.002,2.2,6,\n';
  const found = ofTables({ 'table_effects.csv': csv }, { outcome: 'y', running: 'score', cutoff: 60 }, { outcome: 'outcome_var', running: 'running_var' });
  assert.deepEqual(found.map((f) => f.kind), ['jump', 'jump.caveat']);
  assert.deepEqual([found[0].value, found[0].low, found[0].columns, found[0].numbers.cutoff], [4.1, 2.2, { x: 'score', y: 'y' }, 60]);
});

test('facts: the Hausman test decides which model is read', () => {
  const models = `model,${HEAD}\nfixed,y,x,0.4,0.1,4,0.001,0.2,0.6\nrandom,y,x,0.9,0.1,9,0.001,0.7,1.1\n`;
  const of = (rows) => ofTables({ 'table_coefficients.csv': models, 'table_hausman.csv': `test,statistic,df1,df2,p_value,note\n${rows}` }, { outcome: 'y', x: ['x'] }, { outcome: 'outcome_var', x: 'regressors' });
  assert.deepEqual(of('hausman,9,1,,0.001,\n').map((f) => [f.kind, f.value]), [['hausman', 0], ['linear', 0.4]]);
  const doubtful = of('hausman,9,1,,0.001,"V_b-V_B is not positive definite, see hausman_sigmamore"\nhausman_sigmamore,1,1,,0.3,\n');
  assert.deepEqual(doubtful.map((f) => [f.kind, f.value]), [['hausman_not_definite', undefined], ['hausman', 0], ['linear', 0.9]]);
  assert.deepEqual(of('hausman,-1,1,,,"negative: no p-value, see hausman_sigmamore"\n').at(-1).value, 0.4);
});

test('facts: groups are compared up to a time that all of them reach', () => {
  const files = {
    'table_medians.csv': 'group,n,events,median,restricted_mean,restricted_mean_se\nold,8,8,2,2.5,0.4\nnew,8,8,4,3.5,0.3\n',
    'table_fit.csv': 'metric,value,note\nlimit,4,\n', 'table_logrank.csv': 'test,statistic,df1,df2,p_value,note\nlogrank,4,1,,0.03,\n',
  };
  const found = ofTables(files, { arm: 'arm', months: 'months' }, { arm: 'group_var', months: 'duration_var' });
  assert.deepEqual(found.map((f) => f.kind), ['groups', 'longer_of_two']);
  assert.deepEqual([found[1].texts, found[1].value, found[1].numbers.limit], [{ a: 'new', b: 'old' }, 1, 4]);
  assert.ok(Math.abs(found[1].se - 0.5) < 1e-12);
});

test('facts: a ratio that was not filled is the exponential of its logarithm', () => {
  const [found] = facts(`model,${HEAD},irr,irr_low,irr_high\npoisson,y,female,0.5,0.1,5,0.001,0.3,0.7,,,\n`, { template_id: 'limited.count' });
  assert.equal(found.kind, 'rate');
  assert.ok(Math.abs(found.value - Math.exp(0.5)) < 1e-12 && Math.abs(found.low - Math.exp(0.3)) < 1e-12);
});
