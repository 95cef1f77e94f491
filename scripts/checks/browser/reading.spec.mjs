// The results in words: a language model's reading is asked for, shown, kept, and a refused one is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { openJob, suite } from './harness.mjs';
import { dataset } from './service.mjs';
import { script, simulated } from './simulator.mjs';

// numbers of an independent oracle for the same regression
const rows = JSON.parse(readFileSync(dataset('pay.ols_robust.json'))).tables['table_coefficients.csv'].rows;
const slope = rows.find((row) => row.term === 'schooling').estimate.toFixed(3);
const reading = (shown) => JSON.stringify({
  findings: [{ text: `\`schooling\` goes with ${shown} more \`log_pay\`.`, numbers: [{ shown, table: 'table_coefficients.csv', row: 1, column: 'estimate', relation: 'equals' }] }],
  cautions: [{ text: 'An association only.', numbers: [] }],
});

// the first answer and its repair are wrong, the next one is right
const toml = `seed = 7\n${script('You read the results', ...['9.999', '9.999', slope].map(reading))}`;
const spec = suite('reading', await simulated(toml));

spec('a wrong reading is refused in words, a right one is shown and stays', {}, async ({ page, service, accessible, shot, expect_refusal }) => {
  expect_refusal(502, /interpretation/);
  const job = await service.job('ended', { draft: {
    template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work'], controls: ['female', 'sector'] }, categorical_vars: ['sector'],
  } });
  await openJob(page, service, job, 'results');
  await page.getByRole('button', { name: 'Explain the results' }).click();
  await page.locator('.reading .problem').waitFor();
  await shot('refused');
  await page.locator('.reading').getByRole('button', { name: 'Try again' }).click();
  await page.locator('.reading', { hasText: `goes with ${slope} more` }).waitFor();
  assert.equal(await page.locator('.reading code', { hasText: 'schooling' }).count() > 0, true, 'names stand as code');
  await accessible('a reading');
  await shot('read');
  await page.reload();
  await page.locator('.reading', { hasText: `goes with ${slope} more` }).waitFor();
});
