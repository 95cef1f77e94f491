// The first page without a file: a question with sample data leads from a task code to sentences.

import assert from 'node:assert/strict';

import { arrived, becomes, open, suite } from './harness.mjs';

const spec = suite('samples');

const FINDING = { en: 'If schooling is 1 higher, log_pay is on average', zh: 'schooling 每高 1，log_pay 平均高' };

for (const [lang, scheme, width] of [['en', 'light', 1280], ['en', 'dark', 360], ['zh', 'dark', 1280], ['zh', 'light', 360]]) {
  spec(`from a sample to sentences in ${lang}, ${scheme}, ${width} pixels`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    await open(page, service);
    await page.locator('#code').fill(await service.code());
    await page.locator('#sample-pay').click();
    await page.locator('#sample-chosen', { hasText: 'pay.csv' }).waitFor();
    await becomes(() => page.evaluate(() => document.activeElement.id), 'begin', 'the button is next');
    await accessible('a chosen sample');
    await narrow();
    await shot(`start-${lang}-${scheme}-${width}`);
    await page.keyboard.press('Enter');
    await arrived(page, /\/draft$/);
    await page.locator('#rules-reasons').waitFor();
    await page.locator('#to-plan:enabled').click();
    await page.locator('#freeze:not([disabled])').click();
    await page.locator('dialog #freeze-run').click();
    await page.locator('#see-results').click();
    await page.locator('.findings li').first().waitFor();
    assert.ok((await page.locator('.findings li').first().innerText()).includes(FINDING[lang]));
  });
}

spec('every sample question gets a complete draft', {}, async ({ page, service }) => {
  for (const [name, template] of [['pay', 'linear.ols_robust'], ['recovery', 'test.ttest_two'], ['readmission', 'limited.logit_margins']]) {
    for (const lang of ['en', 'zh']) {
      await open(page, service);
      await page.locator(`#lang-${lang}`).click();
      await page.locator(`#sample-${name}`).click();
      await becomes(() => page.evaluate(() => document.activeElement.id), 'code', 'the code is asked for');
      await page.locator('#code').fill(await service.code());
      await page.locator('#begin').click();
      await arrived(page, /\/draft$/);
      await becomes(() => page.locator('#method input[type=radio]:checked').getAttribute('value'), template, `${name} in ${lang}`);
      await page.locator('.status-card .badge-ok').nth(1).waitFor();
    }
  }
});

spec('a sample that was dropped, or a code in use, uploads nothing', {}, async ({ page, service }) => {
  await open(page, service);
  const code = await service.code();
  await page.locator('#code').fill(code);
  await page.locator('#sample-recovery').click();
  await page.locator('#sample-chosen button').click();
  await page.locator('#begin').click();
  await arrived(page, /\/data$/);
  await page.locator('#drop').waitFor();
  const job = await service.job('uploaded');
  await open(page, service);
  await page.locator('#code').fill(job.task_code);
  await page.locator('#sample-recovery').click();
  await page.locator('#question').fill('What goes with higher pay?');
  await page.locator('#begin').click();
  await arrived(page, new RegExp(job.job_id));
  const preview = await service.call('GET', `/v1/jobs/${job.job_id}/inputs/preview?rows=1`, undefined, job.token);
  assert.equal(preview.datasets[0].original_name, 'pay.csv', 'the data of the analysis stay');
});
