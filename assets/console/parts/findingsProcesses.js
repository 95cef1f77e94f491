// Facts for sentences about series, predicted risks, doses and rates; the reports read the same rows
// (src/render/findings_processes.rs, findings_rates.rs, findings_medical.rs). A fact is that of findingsDesigns.js.

import { number } from '../tables.js';

const records = (table) => (table ? table.rows.map((row) => Object.fromEntries(table.columns.map((name, j) => [name, row[j]]))) : []);
const estimate = (row, [value, low, high, p] = ['estimate', 'ci_low', 'ci_high', 'p_value']) => ({ value: number(row?.[value] ?? ''), low: number(row?.[low] ?? ''), high: number(row?.[high] ?? ''), p: number(row?.[p] ?? '') });
const fact = (kind, file, row, more, columns) => { const found = { kind, said: true, file, ...estimate(row, columns), ...more }; return row && found.value !== null ? [found] : []; };
const tested = (kind, file, row, columns) => { const p = number(row?.p_value ?? ''); return p === null ? [] : [{ kind, said: true, file, value: 0, low: null, high: null, p, columns }]; };

/** Predicted risks against what happened, and the doses of shares. */
export function ofRisks(tables, f) {
  const columns = { x: f.focal[0], y: f.outcome };
  const file = 'table_calibration.csv';
  const measure = (name) => records(tables.get(file)).find((r) => r.measure === name);
  if (tables.has(file)) return [...fact('observed_expected', file, measure('observed_expected'), { nothing: 1, columns }), ...fact('calibration_slope', file, measure('calibration_slope'), { nothing: 1, columns }), ...fact('c_statistic', file, measure('c_statistic'), { flat: true, columns })];
  return records(tables.get('table_doses.csv')).flatMap((r) => fact(number(r.fieller_low) === null ? 'dose_unlimited' : 'dose', 'table_doses.csv', r, { flat: true, columns, numbers: { share: number(r.share_percent) } }, ['dose', 'fieller_low', 'fieller_high', '']));
}

/** Events per time at risk with the ratios of groups, or hazard ratios by period of follow-up. */
export function ofRates(tables, f) {
  const rates = records(tables.get('table_rates.csv')).filter((r) => r.time_at_risk !== undefined);
  if (rates.length > 0) {
    const [y, time] = [f.by('failure_var')[0], f.by('duration_var')[0]];
    const all = rates.find((r) => r.group === 'all');
    return [
      ...fact('event_rate', 'table_rates.csv', all, { flat: true, columns: { y, time }, texts: { per: String(f.bound.per ?? 1) } }, ['rate', 'ci_low', 'ci_high', '']),
      ...records(tables.get('table_ratios.csv')).flatMap((r) => fact('group_rates', 'table_ratios.csv', r, { nothing: 1, columns: { y, x: f.by('group_var')[0] }, texts: { a: r.group, b: r.against } }, ['rate_ratio', 'ci_low', 'ci_high', 'p_value'])),
    ];
  }
  const file = 'table_periods.csv';
  const periods = records(tables.get(file)).filter((r) => r.hazard_ratio !== undefined);
  if (periods.length === 0) return [];
  const columns = { x: f.focal[0] };
  const test = records(tables.get('table_tests.csv')).find((r) => r.test === 'likelihood_ratio');
  return [...tested('changing_ratio', 'table_tests.csv', test, columns), ...periods.flatMap((r) => {
    const [from, to] = [number(r.from), number(r.to)];
    return fact(to === null ? 'hazard_after' : 'hazard_between', file, r, { nothing: 1, columns, numbers: { from, to } }, ['hazard_ratio', 'ci_low', 'ci_high', 'p_value']);
  })];
}

/** What changed at a start, forecasts, how long a shock to the variance lasts, which series help to predict which. */
export function ofProcesses(tables, f) {
  const y = f.outcome;
  const effects = records(tables.get('table_effects.csv'));
  if (effects.some((r) => r.effect === 'level_change')) {
    const found = ['level_change', 'slope_change', 'effect_at_end'].flatMap((name) => fact(name, 'table_effects.csv', effects.find((r) => r.effect === name), { columns: { y } }));
    return [...found, { kind: 'continued_trend', said: true, flat: true, file: 'table_effects.csv' }];
  }
  const forecasts = records(tables.get('table_forecast.csv'));
  if (forecasts.length > 0) {
    const ends = forecasts.length > 1 ? [forecasts[0], forecasts.at(-1)] : forecasts;
    return ends.flatMap((r) => fact('forecast', 'table_forecast.csv', r, { flat: true, columns: { y }, numbers: { n: number(r.step), low: number(r.low), high: number(r.high) }, texts: { level: String(f.bound.level ?? 95) } }, ['forecast', '', '', '']));
  }
  const pairs = records(tables.get('table_granger.csv')).filter((r) => r.excluded !== 'ALL' && number(r.p_value) !== null).sort((a, b) => number(a.p_value) - number(b.p_value));
  if (pairs.length > 0) {
    const many = { kind: 'many_tests', said: true, flat: true, file: 'table_granger.csv', texts: { n: String(pairs.length), value: (0.05 * pairs.length).toFixed(1) } };
    return [...pairs.slice(0, 5).flatMap((r) => tested('predicts', 'table_granger.csv', r, { x: r.excluded, y: r.equation })), ...(pairs.length > 1 ? [many] : [])];
  }
  const tests = records(tables.get('table_tests.csv'));
  const persistence = number(records(tables.get('table_fit.csv')).find((r) => r.metric === 'persistence')?.value ?? '');
  const before = tests.find((r) => r.test === 'arch_lm');
  if (!before || persistence === null) return [];
  const half = persistence > 0 && persistence < 1 ? (Math.log(0.5) / Math.log(persistence)).toFixed(1) : null;
  const lasting = persistence <= 0 ? [] : [{ kind: half === null ? 'no_half_life' : 'half_life', said: true, flat: true, file: 'table_fit.csv', value: persistence, columns: { y }, texts: half === null ? {} : { n: half } }];
  return [...tested('variance_changes', 'table_tests.csv', before, { y }), ...lasting, ...tested('variance_left', 'table_tests.csv', tests.find((r) => r.test === 'portmanteau_squares'), { y })];
}
