// What the tables of designs other than a regression say, as facts for sentences: effects of treatments and jumps, series,
// medical designs, samples with weights, times until an event. The reports read the same rows (src/render/findings_*.rs).
// A fact has `columns` (names of columns), `numbers` and `texts` for the blanks of its words; `flat` ones leave nothing open.

import { number } from '../tables.js';
import { ofProcesses, ofRates, ofRisks } from './findingsProcesses.js';

const records = (table) => (table ? table.rows.map((row) => Object.fromEntries(table.columns.map((name, j) => [name, row[j]]))) : []);

/** Value, interval and p of a row by the names of their columns. */
const estimate = (row, [value, low, high, p] = ['estimate', 'ci_low', 'ci_high', 'p_value']) => ({ value: number(row?.[value] ?? ''), low: number(row?.[low] ?? ''), high: number(row?.[high] ?? ''), p: number(row?.[p] ?? '') });

/** A fact, or none where the row has no value. */
const fact = (kind, file, row, more, columns) => { const found = { kind, said: true, file, ...estimate(row, columns), ...more }; return row && found.value !== null ? [found] : []; };

function ofEffects(tables, f) {
  const file = 'table_effects.csv';
  const rows = records(tables.get(file));
  const term = (...names) => names.map((name) => rows.find((r) => r.term === name)).find(Boolean);
  const [x, y] = [f.focal[0], f.outcome];
  if (f.bound.running) {
    const more = { columns: { x: f.bound.running, y }, numbers: { cutoff: Number(f.bound.cutoff ?? 0) } };
    const jump = term('robust', 'jump');
    const found = jump ? fact('jump', file, jump, more) : fact('effect_moved', file, term('effect'), { ...more, columns: { x, y } });
    return found.length > 0 ? [...found, { ...more, kind: 'jump.caveat', said: true, flat: true, file }] : [];
  }
  const effect = term('ate', 'atet');
  if (effect) return [...fact(effect.term === 'atet' ? 'effect_treated' : 'effect', file, effect, { columns: { x, y } }), { kind: 'effect.caveat', said: true, flat: true, columns: { x, y }, file }];
  return fact('gap', file, rows.find((r) => r.effect === 'average_gap'), { columns: { y } });
}

function ofDensity(tables, f) {
  const file = 'table_test.csv';
  const row = records(tables.get(file)).find((r) => r.method === 'robust' && r.density_below !== undefined);
  return fact('density', file, row, { low: null, high: null, columns: { x: f.bound.running }, numbers: { cutoff: Number(f.bound.cutoff ?? 0) } });
}

function ofSeries(tables, f) {
  const lags = records(tables.get('table_effects.csv')).filter((r) => r.cumulative_effect !== undefined);
  if (lags.length > 0) {
    const more = { columns: { x: f.focal[0], y: f.outcome }, texts: { n: String(lags.length - 1) } };
    const total = fact('long_run', 'table_effects.csv', lags.at(-1), more, ['cumulative_effect', 'ci_low', 'ci_high', 'cumulative_p']);
    return [...(lags.length > 1 ? total : []), ...fact('at_once', 'table_effects.csv', lags[0], more)];
  }
  const [tests, parts] = [records(tables.get('table_tests.csv')), records(tables.get('table_parts.csv'))];
  const largest = tests.find((r) => r.test === 'sup_f');
  if (largest && parts.length > 0) {
    const [value, critical] = [number(largest.statistic), number(largest.critical_5)];
    const test = critical === null ? [] : [{ kind: 'break', said: true, file: 'table_tests.csv', value, low: value, high: value, nothing: critical, above: true, p: null, columns: { y: f.outcome }, numbers: { critical }, texts: { time: largest.period } }];
    const chow = tests.find((r) => r.test === 'chow');
    const stated = chow ? [{ kind: 'break_at', said: true, file: 'table_tests.csv', value: 0, low: null, high: null, p: number(chow.p_value), columns: { y: f.outcome }, texts: { time: chow.period } }] : [];
    return [...test, ...stated, ...parts.filter((r) => f.focal.includes(r.term)).flatMap((r) => fact('part', 'table_parts.csv', r, { flat: true, columns: { x: r.term }, texts: { time: r.period } }))];
  }
  const windows = records(tables.get('table_rolling.csv'));
  if (windows.length === 0) return [];
  return records(tables.get('table_summary.csv')).filter((r) => f.focal.includes(r.term)).flatMap((r) => fact('windows', 'table_summary.csv', r, {
    flat: true, columns: { x: r.term }, numbers: { low: number(r.min), high: number(r.max), mean: number(r.mean) },
    texts: { n: String(windows.filter((w) => w.term === r.term).length), share: String(Math.round(100 * number(r.share_significant))) },
  }, ['estimate_all', '', '', '']));
}

/** Agreement, accuracy, pairs, risks and pooled studies. */
function ofMedicine(tables, f) {
  const rows = (file) => records(tables.get(file));
  const measure = (file, name) => rows(file).find((r) => r.measure === name);
  const value = (file, name) => number(measure(file, name)?.estimate ?? '');
  const [accuracy, agreement, kappa, pairs] = ['table_accuracy.csv', 'table_agreement.csv', 'table_kappa.csv', 'table_mcnemar.csv'];
  if (measure(accuracy, 'sensitivity')) {
    const [found, cleared] = ['sensitivity', 'specificity'].map((name) => estimate(measure(accuracy, name)));
    const predictive = { positive: value(accuracy, 'positive_predictive'), negative: value(accuracy, 'negative_predictive'), share: value(accuracy, 'prevalence') };
    return [{ kind: 'accuracy', said: true, flat: true, file: accuracy, numbers: { found: found.value, cleared: cleared.value }, proofs: { of_found: found, of_cleared: cleared } }, { kind: 'predictive', said: true, flat: true, file: accuracy, numbers: predictive }];
  }
  const [a, b] = [f.outcome, f.bound.second];
  if (measure(agreement, 'bias')) return [...fact('bias', agreement, measure(agreement, 'bias'), { columns: { a, b } }), { kind: 'limits_of_agreement', said: true, flat: true, file: agreement, numbers: { low: value(agreement, 'lower_limit'), high: value(agreement, 'upper_limit') } }];
  if (measure(kappa, 'kappa')) return fact('kappa', kappa, measure(kappa, 'kappa'), { numbers: { seen: value(kappa, 'observed_agreement'), expected: value(kappa, 'expected_agreement') } });
  const single = rows('table_icc.csv').find((r) => r.model === 'random' && r.unit === 'single');
  if (single) return fact('icc', 'table_icc.csv', single, { flat: true, p: null }, ['icc', 'ci_low', 'ci_high', 'p_value']);
  if (measure(pairs, 'difference')) return fact('change_share', pairs, measure(pairs, 'difference'), { p: number(measure(pairs, 'mcnemar_exact')?.p_value ?? ''), columns: { a, b }, numbers: { mean_a: value(pairs, 'share_first'), mean_b: value(pairs, 'share_second') } });
  const risk = ['risk_ratio', 'rate_ratio', 'odds_ratio'].find((name) => measure('table_measures.csv', name));
  if (risk) return fact('risk', 'table_measures.csv', measure('table_measures.csv', risk), { nothing: 1, columns: { x: f.focal[0], y: f.outcome }, words: { what: risk } });
  const model = f.bound.model ?? 'random';
  const pooled = rows('table_pooled.csv').find((r) => r.model === model);
  const ratio = number(pooled?.ratio ?? '') !== null;
  return fact('pooled', 'table_pooled.csv', pooled, { nothing: ratio ? 1 : 0, codes: { model } }, ratio ? ['ratio', 'ratio_low', 'ratio_high', 'p_value'] : undefined);
}

function ofPopulation(tables, f) {
  const by = f.by('group_var')[0];
  const read = (file, kind, columns, names) => records(tables.get(file)).filter((r) => r.population !== undefined).sort((a, b) => (a.group !== 'all') - (b.group !== 'all'))
    .flatMap((r) => fact(r.group === 'all' ? `population_${kind}` : `population_${kind}.of`, file, r, { flat: true, columns: { ...names(r), ...(r.group === 'all' ? {} : { by }) }, texts: { group: r.group } }, columns));
  const means = read('table_estimates.csv', f.bound.statistic === 'total' ? 'total' : 'mean', undefined, (r) => ({ y: r.variable }));
  return means.length > 0 ? means : read('table_ratios.csv', 'ratio', ['ratio', 'ci_low', 'ci_high', 'p_value'], () => ({ x: f.bound.numerator, y: f.bound.denominator }));
}

/** Which group lasts longer, up to a time that every group reaches. */
function ofTimes(tables, f) {
  const limit = number(records(tables.get('table_fit.csv')).find((r) => r.metric === 'limit')?.value ?? '');
  const [x, y] = [f.by('group_var')[0], f.by('duration_var')[0]];
  if (limit === null || !x) return [];
  const columns = { x, y };
  const means = new Map(records(tables.get('table_rmst.csv')).map((r) => [r.group, number(r.rmst)]));
  if (means.size > 0) {
    return records(tables.get('table_differences.csv')).flatMap((r) => {
      const gap = estimate(r, ['difference', 'ci_low', 'ci_high', 'p_value']);
      const turned = gap.value < 0;
      const [a, b] = turned ? [r.against, r.group] : [r.group, r.against];
      const own = turned ? { value: -gap.value, low: gap.high === null ? null : -gap.high, high: gap.low === null ? null : -gap.low } : {};
      return fact('longer', 'table_differences.csv', r, { ...gap, ...own, columns, texts: { a, b }, numbers: { mean_a: means.get(a), mean_b: means.get(b), limit } });
    });
  }
  const file = 'table_medians.csv';
  const known = records(tables.get(file)).map((r) => ({ group: r.group, mean: number(r.restricted_mean), se: number(r.restricted_mean_se) })).filter((r) => r.mean !== null).sort((p, q) => q.mean - p.mean);
  if (known.length < 2) return [];
  const [a, b] = [known[0], known.at(-1)];
  const p = number(records(tables.get('table_logrank.csv')).find((r) => r.test === 'logrank')?.p_value ?? '');
  return [
    ...(p === null ? [] : [{ kind: 'groups', x, y, p, file: 'table_logrank.csv', low: null, high: null }]),
    { kind: known.length === 2 ? 'longer_of_two' : 'longest', said: true, flat: true, file, columns, texts: { a: a.group, b: b.group }, numbers: { mean_a: a.mean, mean_b: b.mean, limit }, value: a.mean - b.mean, low: null, high: null, p: null, se: Math.hypot(a.se, b.se) },
  ];
}

/** The Hausman test and the model that it favours: `{facts, model}`, both empty where a run has no such test. */
export function hausman(tables) {
  const file = 'table_hausman.csv';
  const facts = [];
  const none = (kind) => ({ kind, said: true, flat: true, file });
  if (!tables.has(file)) return { facts, model: null };
  for (const row of records(tables.get(file))) {
    const p = number(row.p_value);
    // the note of a form says why it cannot be used
    if (p === null || (row.note ?? '').includes('hausman_sigmamore')) { if (facts.length === 0) facts.push(none('hausman_not_definite')); continue; }
    facts.push({ kind: 'hausman', said: true, file, value: 0, low: null, high: null, p, ...(row.test === 'hausman' ? { texts: { form: '' } } : { words: { form: 'hausman_form' } }) });
    return { facts, model: p < 0.05 ? 'fixed' : 'random' };
  }
  return { facts: [...facts, none('hausman_none')], model: 'fixed' };
}

/** The facts of the first of these designs that a run is of. */
export function ofDesigns(tables, f) {
  for (const read of [ofEffects, ofDensity, ofSeries, ofMedicine, ofRisks, ofPopulation, ofTimes, ofRates, ofProcesses]) {
    const found = read(tables, f);
    if (found.length > 0) return found;
  }
  return [];
}
