// The first draft that rules make of a question, without a language model: filled in, explained, to be changed.

import assert from 'node:assert/strict';

import { open, suite } from './harness.mjs';

const spec = suite('rules');
const credentials = (job) => ({ 'ss.console.jobs': JSON.stringify([{ id: job.job_id, token: job.token }]) });
const requirement = 'How does another year of schooling change log pay, controlling for age?';

for (const [lang, words] of [['en', { by: 'Proposed by rules', model: 'no language model' }], ['zh', { by: '由规则提出', model: '未使用语言模型' }]]) {
  spec(`the first draft is filled in and its reasons are in whole words, ${lang}`, { lang }, async ({ page, service, accessible, narrow, shot }) => {
    const job = await service.job('uploaded', { requirement });
    await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
    await page.locator('#rules').getByText(words.by).waitFor();
    assert.match(await page.locator('#rules').innerText(), new RegExp(words.model));
    assert.equal(await page.locator('#p-outcome').inputValue(), 'log_pay');
    await page.locator('.chip', { hasText: 'schooling' }).waitFor();
    await page.locator('.chip', { hasText: 'age' }).waitFor();
    const shown = await page.locator('#rules-reasons').innerText();
    assert.match(shown, /“log pay”/, 'the words as they were written');
    const all = await page.locator('main').innerText();
    for (const stem of ['controll,', 'chang,', 'anoth,', 'variables fit as']) assert.ok(!all.includes(stem), `${stem} is no word of a person`);
    await narrow();
    await accessible('a draft by rules');
    await shot(`rules-${lang}`);
  });
}

spec('a person changes the draft by rules, and it becomes theirs', {}, async ({ page, service }) => {
  const job = await service.job('uploaded', { requirement });
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  const before = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  assert.equal(before.source, 'rules');
  await page.locator('#p-outcome').selectOption('pay');
  await page.locator('.save-state', { hasText: 'Saved' }).waitFor();
  const after = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  assert.deepEqual([after.source, after.outcome_var, after.controls], ['client', 'pay', ['age']]);
});

spec('another question gets another draft as long as nobody changed it', {}, async ({ page, service }) => {
  const job = await service.job('uploaded', { requirement });
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  await page.locator('#question').fill('Do union members work more hours, controlling for schooling?');
  await page.locator('#question').blur();
  await page.locator('#rules').getByText('“union members”').first().waitFor();
  await page.waitForFunction(() => document.querySelector('#p-outcome')?.value === 'hours');
  const draft = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  assert.deepEqual([draft.source, draft.stale, draft.controls], ['rules', false, ['schooling']]);
});

spec('what the question does not say is asked for', {}, async ({ page, service }) => {
  const job = await service.job('uploaded', { requirement: 'What goes with higher pay?' });
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#rules-open').getByText('Which variables should explain the outcome?').waitFor();
});
