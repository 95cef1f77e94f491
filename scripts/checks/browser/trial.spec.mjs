// Trials without a task code: one click from the first page to a draft, a mark on each page, bounds in words.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { arrived, open, suite } from './harness.mjs';

const spec = suite('trial', { SS_TRIAL__ENABLED: 'true', SS_TRIAL__UPLOADS: 'true', SS_TRIAL__RUNS: '1', SS_TRIAL__PER_ADDRESS_PER_HOUR: '6' });

for (const [lang, scheme, width, question] of [['en', 'light', 1280, 'pay'], ['zh', 'dark', 360, 'recovery']]) {
  spec(`from the first page to a table in ${lang}, ${scheme}, ${width} pixels`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const began = Date.now();
    await open(page, service);
    await page.locator('#trial').waitFor();
    assert.equal(await page.locator('#samples').count(), 0, 'one card of samples is enough');
    await accessible('the offer of a trial');
    await narrow();
    await shot(`start-${lang}`);
    await page.locator(`#trial-${question}`).focus();
    await page.keyboard.press('Enter');
    await arrived(page, /\/draft$/);
    await page.locator('#rules-reasons').waitFor();
    await page.locator('main > .note', { hasText: lang === 'en' ? 'This is a trial' : '这是一次试用' }).waitFor();
    await page.locator('#to-plan:enabled').click();
    await page.locator('#freeze:not([disabled])').click();
    await page.locator('dialog #freeze-run').click();
    await page.locator('#see-results').click();
    await page.locator('.findings li').first().waitFor();
    await page.locator('table').first().waitFor();
    console.log(`trial: ${((Date.now() - began) / 1000).toFixed(1)} s from the page to the table, with the checks of this spec`);
    await page.locator('main > .note', { hasText: lang === 'en' ? 'removed at' : '删除' }).waitFor();
    await accessible('the results of a trial');
    await shot(`results-${lang}`);
  });
}

spec('a file of one\'s own, and the bound of runs', {}, async ({ page, service, expect_refusal, shot }) => {
  const file = join(tmpdir(), `own-${process.pid}.csv`);
  await writeFile(file, `y,x\n${Array.from({ length: 40 }, (_, i) => `${2 * i + (i % 7)},${i}`).join('\n')}\n`);
  await open(page, service);
  await page.locator('#question').fill('effect of x on y');
  await page.locator('#trial-own').click();
  await arrived(page, /\/data$/);
  await page.locator('input[type=file]').setInputFiles(file);
  await page.locator('#to-draft, #go-draft, .columns-table, table').first().waitFor();
  const id = /job\/([^/]+)\//.exec(page.url())[1];
  const token = await page.evaluate((job) => JSON.parse(sessionStorage.getItem('ss.console.jobs')).find((j) => j.id === job).token, id);
  const call = (method, rest, body) => service.call(method, `/v1/jobs/${id}${rest}`, body, token);
  await call('PUT', '/draft', { template_id: 'linear.ols_robust', outcome_var: 'y', roles: { regressors: ['x'] } });
  await call('POST', '/plan/freeze', {});
  await call('POST', '/run', {});
  assert.equal((await service.runEnded(id, token)).status, 'succeeded');
  await call('POST', '/plan/revise', {});
  await call('POST', '/plan/freeze', { seed: 5 });
  await open(page, service, `#/job/${id}/run`);
  expect_refusal(403, /\/run$/);
  await page.locator('#run-start').click();
  await page.getByText('the runs of this trial are used up').waitFor();
  await shot('bound');
});

spec('a refused trial says what to do', {}, async ({ page, service, accept_refusal }) => {
  await open(page, service);
  accept_refusal(429, /\/v1\/trial$/);
  // the address begins as many as it may
  for (let begun = 0; begun < 8; begun += 1) await fetch(`${service.base}/v1/trial`, { method: 'POST' });
  await page.locator('#trial-pay').click();
  await page.locator('#trial .problem').waitFor();
});
