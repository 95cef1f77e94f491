// Parts of a comparison that the service made, as the page shows them. Pure functions without words of the page.

/**
 * Kinds of choices that differ between the columns of these numbers, `[{fact, items}]` with every choice, and the others:
 * `{varying, shared}`. `choices`: `[{fact, key, label, columns}]`; `skip`: a variable that is not shown, the term of the curve.
 */
export function differences(choices, numbers, skip = null) {
  const varying = [];
  const shared = [];
  for (const fact of new Set(choices.map((choice) => choice.fact))) {
    const items = choices.filter((choice) => choice.fact === fact && !(fact === 'variables' && choice.key === skip) && numbers.some((n) => choice.columns.includes(n)));
    if (items.length === 0) continue;
    const everywhere = items.every((choice) => numbers.every((n) => choice.columns.includes(n)));
    (everywhere ? shared : varying).push({ fact, items });
  }
  return { varying, shared };
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
