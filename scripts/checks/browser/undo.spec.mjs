// Changes of a draft are taken back and made again, by button and by key, as the service stores them.

import assert from 'node:assert/strict';

import { becomes, openJob, suite } from './harness.mjs';

const spec = suite('undo');

for (const [lang, scheme, width, undo, redo] of [['en', 'light', 1280, 'Undo: ', 'Redo: '], ['zh', 'dark', 360, '撤销：', '重做：']]) {
  spec(`method, variables, sample and new variables in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const job = await service.job('drafted');
    const stored = (read) => async () => read(await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token));
    const saved = () => page.locator('.save-state .badge-ok').waitFor();
    await openJob(page, service, job, 'draft');
    await page.locator('#p-regressors').waitFor();
    await saved();
    assert.equal(await page.locator('#undo').count(), 0, 'nothing to take back yet');

    await page.locator('#p-regressors-drop-years_work').click();
    await becomes(stored((d) => d.roles.regressors), ['schooling'], 'the variable is dropped');
    await page.locator('#sample-if').fill('female == 1');
    await page.locator('#sample-if').press('Enter');
    await becomes(stored((d) => d.sample_if), 'female == 1', 'the condition is stored');
    await page.locator('#derived-add').click();
    await page.locator('#derived-0-name').fill('pay_squared');
    await page.locator('#derived-0-expression').fill('pay ^ 2');
    await page.locator('#derived-0-expression').press('Enter');
    await becomes(stored((d) => d.derived_variables.length), 1, 'the new variable is stored');
    await saved();
    await accessible('a draft with a history');
    await narrow();
    await shot(lang);

    assert.ok((await page.locator('#undo').getAttribute('aria-label')).startsWith(undo), 'the button names the change');
    await page.locator('#undo').click();
    await becomes(stored((d) => d.derived_variables.length), 0, 'the new variable is gone');
    await becomes(() => page.locator('#derived-0-name').count(), 0, 'from the page too');
    await page.locator('#undo').click();
    await becomes(stored((d) => d.sample_if), null, 'the condition is gone');
    await becomes(() => page.locator('#sample-if').inputValue(), '', 'from the page too');
    // by key, outside of a text
    await page.locator('#to-plan').focus();
    await page.keyboard.press('Control+z');
    await becomes(stored((d) => d.roles.regressors), ['schooling', 'years_work'], 'the variable is back in its place');
    await page.locator('#p-regressors-drop-years_work').waitFor();
    await becomes(() => page.locator('#undo').isDisabled(), true, 'everything is taken back');
    assert.ok((await page.locator('#redo').getAttribute('aria-label')).startsWith(redo));
    await page.keyboard.press('Control+Shift+z');
    await becomes(stored((d) => d.roles.regressors), ['schooling'], 'and made again');
    await page.keyboard.press('Control+y');
    await becomes(() => page.locator('#sample-if').inputValue(), 'female == 1', 'also the condition');
    await becomes(() => page.locator('#undo').isEnabled(), true, 'which can be taken back again');

    // a new change ends what could be made again; the history outlives another language
    await saved();
    await page.locator('#p-regressors').click();
    await page.locator('dialog input[type=checkbox]').nth(2).check();
    await page.locator('dialog .button-primary').click();
    await becomes(stored((d) => d.roles.regressors.length), 2, 'another variable');
    await becomes(() => page.locator('#redo').isDisabled(), true, 'nothing to make again');
    await page.locator(lang === 'en' ? '#lang-zh' : '#lang-en').click();
    await page.locator('#undo').click();
    await becomes(stored((d) => d.roles.regressors), ['schooling'], 'the history outlives the language');
  });
}

spec('a method that was changed comes back with its own options', {}, async ({ page, service }) => {
  const job = await service.job('drafted', { draft: {
    template_id: 'linear.quantile', outcome_var: 'log_pay', roles: { regressors: ['schooling'] }, parameters: { quantiles: '0.1 0.9' },
  } });
  const read = () => service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  const facts = async () => { const d = await read(); return [d.template.template_id, d.parameters.find((p) => p.name === 'quantiles')?.value ?? null]; };
  await openJob(page, service, job, 'draft');
  await page.locator('#method input[type=radio][value="linear.ols_robust"]').check();
  await becomes(facts, ['linear.ols_robust', null], 'another method');
  await page.locator('#undo').click();
  await becomes(facts, ['linear.quantile', '0.1 0.9'], 'the method with its options');
});

spec('a method that is chosen twice is taken back in one step', {}, async ({ page, service }) => {
  const job = await service.job('drafted', { draft: {
    template_id: 'linear.quantile', outcome_var: 'log_pay', roles: { regressors: ['schooling'] }, parameters: { quantiles: '0.1 0.9' },
  } });
  const read = () => service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  const facts = async () => { const d = await read(); return [d.template.template_id, d.parameters.find((p) => p.name === 'quantiles')?.value ?? null]; };
  await openJob(page, service, job, 'draft');
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  let [asked, answered] = [0, 0];
  await page.route('**/draft/patch', async (route) => {
    asked += 1;
    if (asked === 1) await held;
    const response = await route.fetch();
    await route.fulfill({ response });
    answered += 1;
  });
  const choose = () => page.locator('#method input[type=radio][value="linear.ols_robust"]').dispatchEvent('change');
  await choose();
  await becomes(() => asked, 1, 'the first choice is sent');
  await choose();
  letGo();
  await becomes(() => answered, 2, 'both are answered');
  await becomes(facts, ['linear.ols_robust', null], 'another method');
  await page.locator('#undo:not([disabled])').click();
  await becomes(facts, ['linear.quantile', '0.1 0.9'], 'the method with its options');
});
