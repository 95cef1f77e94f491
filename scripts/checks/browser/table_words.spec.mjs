// What a reader of data, drafts and tables is told: the data before another upload, a field once, names as the fields have them,
// a coefficient with the group that it is for, numbers in one style, words that are not broken.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { becomes, open, openJob, suite } from './harness.mjs';

const spec = suite('table_words');

/** Numbers without a generator: the digits of a sine. */
const noise = (i, k) => (Math.sin(i * 12.9898 + k * 78.233) * 43758.5453) % 1;

spec('after the first upload the data stand above the place for other files, with one remark for one cause', {}, async ({ page, service }) => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    const file = join(folder, 'scores.csv');
    const rows = Array.from({ length: 40 }, (_, i) => `${i + 1},${i % 2 ? 'a' : 'b'},${i % 11 === 5 ? 'absent' : (50 + 10 * noise(i, 1)).toFixed(1)}`);
    await writeFile(file, `id,arm,score\n${rows.join('\n')}\n`);
    const job = await service.job('redeemed');
    await openJob(page, service, job, 'data');
    await page.locator('#drop').waitFor();
    await page.locator('#file-input').setInputFiles(file);
    await page.locator('#next').waitFor();
    await becomes(() => page.evaluate(() => {
      const top = (selector) => document.querySelector(selector).getBoundingClientRect().top;
      return top('.facts') < top('#drop');
    }), true, 'what was read comes first');
    const remarks = await page.locator('.warnings li').allInnerTexts();
    assert.equal(remarks.filter((text) => text.includes('score')).length, 1, remarks.join('\n'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

spec('a variable in two places is one thing to settle', {}, async ({ page, service }) => {
  const job = await service.job('uploaded');
  await service.call('PUT', `/v1/jobs/${job.job_id}/draft`, { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'age'], controls: ['schooling', 'age'] } }, job.token);
  await openJob(page, service, job, 'draft');
  await page.locator('.open-list li').first().waitFor();
  assert.equal(await page.locator('.open-list li').count(), 1);
  await page.getByText('1 thing to settle').waitFor();
});

spec('reasons name a setting as its field does', {}, async ({ page, service }) => {
  const code = await service.code();
  await open(page, service);
  await page.locator('#code').fill(code);
  await page.locator('#sample-readmission').click();
  await page.locator('#question').fill('Odds ratios: what determines readmission, by age?');
  await page.locator('#begin').click();
  await page.locator('#rules-reasons li').first().waitFor();
  const reasons = await page.locator('#rules-reasons').innerText();
  assert.ok(reasons.includes('Show odds ratios') && !reasons.includes('odds_ratios'), reasons);
});

spec('a table of odds ratios says which number is which, on a phone without broken words', { width: 390 }, async ({ page, service, narrow }) => {
  const job = await service.job('redeemed');
  const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
  const row = (i) => {
    const [age, smoker] = [40 + Math.round(20 * noise(i, 1)), noise(i, 2) > 0];
    return [0.03 * (age - 40) + (smoker ? 0.8 : 0) + 2 * noise(i, 3) > 0.2 ? 1 : 0, age, smoker ? 'yes' : 'no'].join();
  };
  const form = new FormData();
  form.append('file', new Blob([`ill,age,smoker\n${Array.from({ length: 300 }, (_, i) => row(i)).join('\n')}\n`]), 'ill.csv');
  form.append('role', 'primary_dataset');
  await call('POST', '/inputs/upload', form);
  const repairs = (await call('GET', '/inputs/preview?rows=1')).warnings.flatMap((warning) => warning.repairs ?? []);
  await call('PUT', '/draft', { template_id: 'limited.logit_margins', outcome_var: 'ill', roles: { regressors: ['age'], controls: ['smoker'] }, parameters: { odds_ratios: true }, data_steps: repairs });
  await call('POST', '/plan/freeze', {});
  await call('POST', '/run', {});
  await service.runEnded(job.job_id, job.token);
  await openJob(page, service, job, 'results');
  const table = page.locator('table.grid').first();
  await table.waitFor();
  const head = await table.locator('thead').innerText();
  assert.match(head, /Estimate \(log\)\s+Odds ratio\s+Odds ratio, 95% interval/);
  assert.ok((await table.innerText()).includes('smoker: yes'), await table.innerText());
  const lines = await table.locator('tbody th span', { hasText: /^Observations$/ }).evaluate((e) => e.getClientRects().length);
  assert.equal(lines, 1, 'a word stands on one line');
  assert.ok(!(await page.locator('.light-list').innerText()).includes('value .'), 'a value that is not there is not told');
  await narrow();
});
