// An interaction is added to a regression, run, read as sentences at several values, and removed again.

import assert from 'node:assert/strict';

import { becomes, openJob, suite } from './harness.mjs';

const spec = suite('interaction');

const FINDING = { en: /^Where years_work is [\d.]+: If schooling is 1 higher, log_pay is on average [\d.]+ higher/, zh: /^当 years_work 为 [\d.]+ 时：schooling 每高 1，log_pay 平均高 [\d.]+/ };
const CHANGE = { en: /^If years_work is 1 higher, the difference itself changes by [\d.]+ /, zh: /^years_work 每高 1，上述差异变化 [\d.]+/ };

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`added, taken back, run and read in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const job = await service.job('drafted', { draft: {
      template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling'], controls: ['female', 'years_work'] },
    } });
    const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
    const stored = async () => { const d = await call('GET', '/draft/preview'); return [d.template.template_id, d.roles]; };
    const before = await stored();
    const after = ['linear.interaction_margins', { outcome_var: ['log_pay'], focal_var: ['schooling'], moderator_var: ['years_work'], controls: ['female'] }];
    await openJob(page, service, job, 'draft');
    await page.locator('#interaction-x').waitFor();
    assert.ok(await page.locator('#interaction-add').isDisabled(), 'nothing is chosen yet');
    await page.locator('#interaction-z').selectOption('years_work');
    await page.locator('#interaction-add:enabled').waitFor();
    await accessible('the editor of an interaction');
    await narrow();
    await shot(lang);
    await page.locator('#interaction-add').click();
    await becomes(stored, after, 'the interaction is stored');
    await page.locator('#interaction', { hasText: 'schooling × years_work' }).waitFor();
    await page.locator('#undo').click();
    await becomes(stored, before, 'and taken back in one step');
    await page.locator('#redo').click();
    await becomes(stored, after, 'and made again');
    await page.locator('#interaction-remove').click();
    await becomes(async () => (await stored())[0], 'linear.ols_robust', 'and removed');
    await becomes(async () => (await stored())[1].regressors, ['schooling', 'years_work'], 'with both variables in the analysis');
    await page.locator('#undo').click();
    await becomes(stored, after, 'which is taken back too');
    await page.locator('#to-plan').click();
    await page.locator('#freeze:not([disabled])').click();
    await page.locator('dialog #freeze-run').click();
    await page.locator('#see-results').click();
    await page.locator('.findings li').nth(2).waitFor();
    const said = await page.locator('.findings li').allInnerTexts();
    for (const at of said.slice(0, -1)) assert.match(at, FINDING[lang]);
    assert.match(said.at(-1), CHANGE[lang]);
  });
}

const MODERATED = { en: ['in each category of union', 'Where union is no'], zh: ['在 union 的每个类别中', '当 union 为 no 时'] };

for (const [lang, width] of [['en', 1280], ['zh', 390]]) {
  spec(`with groups in words as the moderator, whose effects have the words in ${lang}`, { lang, width }, async ({ page, service, narrow }) => {
    const [each, where] = MODERATED[lang];
    const job = await service.job('redeemed', { requirement: 'Does the return to schooling depend on the union?' });
    const form = new FormData();
    // a draw of pay that rises with schooling, more so for members
    const row = (i) => { const [s, u] = [8 + (i % 9), (i * 7) % 3 === 0]; return [(1 + (u ? 0.12 : 0.08) * s + ((i * 37) % 23) / 40).toFixed(3), s, u ? 'yes' : 'no', i % 5].join(); };
    form.append('file', new Blob([`pay,schooling,union,years\n${Array.from({ length: 200 }, (_, i) => row(i)).join('\n')}\n`]), 'pay.csv');
    form.append('role', 'primary_dataset');
    await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
    await service.call('PUT', `/v1/jobs/${job.job_id}/draft`, { template_id: 'linear.ols_robust', outcome_var: 'pay', roles: { regressors: ['schooling'], controls: ['years'] } }, job.token);
    await openJob(page, service, job, 'draft');
    await page.locator('#interaction-z').selectOption('union');
    await page.locator('#interaction-add:enabled').click();
    await page.locator('#interaction', { hasText: each }).waitFor();
    await page.locator('#to-plan').click();
    await page.locator('#freeze:not([disabled])').click();
    await page.locator('dialog #freeze-run').click();
    await page.locator('#see-results').click();
    await page.locator('.findings li', { hasText: where }).first().waitFor();
    const effects = page.locator('[data-file="table_margins.csv"] table');
    await effects.waitFor();
    assert.equal(await effects.locator('thead th').first().innerText(), 'union', 'the column has the name of the moderator');
    assert.deepEqual((await effects.locator('tbody tr > :first-child').allInnerTexts()), ['no', 'yes'], 'and its groups their words');
    await narrow();
  });
}
