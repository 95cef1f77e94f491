// What the data say of a statement before it runs: the values of categories with their rows, and values of a condition that no row has.

import assert from 'node:assert/strict';

import { becomes, openJob, suite } from './harness.mjs';

const spec = suite('hints');

for (const [lang, scheme, width, heading, hint] of [
  ['en', 'light', 1280, 'Values (rows)', 'region has no value "Nroth"; did you mean "North"?'],
  ['zh', 'dark', 360, '取值（行数）', 'region 中没有 "Nroth"；是否应为 "North"？'],
]) {
  spec(`values with their rows and a value that no row has in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const job = await service.job('drafted');
    await openJob(page, service, job, 'data');
    await page.locator('th', { hasText: heading }).waitFor();
    const row = page.locator('tr', { has: page.locator('th code', { hasText: /^region$/ }) });
    assert.match(await row.innerText(), /East \(196\), North \(219\)/);
    await accessible('the columns with their values');
    await narrow();
    await shot(`data-${lang}`);

    await openJob(page, service, job, 'draft');
    await page.locator('#sample-if').fill('region != "Nroth"');
    await page.locator('#sample-if').press('Enter');
    await page.locator('#sample', { hasText: hint }).waitFor();
    const stored = async () => (await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token)).sample_if;
    await becomes(stored, 'region != "Nroth"', 'a hint holds nothing back');
    await accessible('a condition with a hint');
    await narrow();
    await shot(`draft-${lang}`);
    await page.locator('#sample-if').fill('region != "North"');
    await page.locator('#sample-if').press('Enter');
    await becomes(() => page.locator('#sample', { hasText: 'Nroth' }).count(), 0, 'the hint is gone');
  });
}

spec('a text without quotes is offered with them', {}, async ({ page, service, expect_refusal }) => {
  const job = await service.job('drafted');
  await openJob(page, service, job, 'draft');
  expect_refusal(400, /draft\/patch/);
  await page.locator('#sample-if').fill('region == north');
  await page.locator('#sample-if').press('Enter');
  await page.locator('.expression-place button', { hasText: '"North"' }).click();
  const stored = async () => (await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token)).sample_if;
  await becomes(stored, 'region == "North"', 'one press writes it');
});

spec('checks of a plan in Chinese have no English', { lang: 'zh' }, async ({ page, service, narrow }) => {
  const job = await service.job('drafted', { draft: { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling'], controls: ['female'], cluster_var: ['region'] }, sample_if: 'female == 1', parameters: { vce: 'cluster' } } });
  await openJob(page, service, job, 'plan');
  const checks = page.locator('.check-list');
  await checks.getByText('region 只有 4 个聚类').waitFor();
  await checks.getByText('female').waitFor();
  assert.doesNotMatch(await checks.innerText(), /[a-z]{3,} [a-z]{2,}/, 'no English sentence');
  await narrow();
});
