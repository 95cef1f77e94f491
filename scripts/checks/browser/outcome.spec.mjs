// From the run to its results, their revision and the files: by mouse, in both languages and colour schemes.

import assert from 'node:assert/strict';

import { arrived, becomes, openJob, saved, suite } from './harness.mjs';

const spec = suite('outcome');

const WORDS = {
  en: { start: 'Run the plan', see: 'Show the results', make: 'Create the files', revise: 'Revise the plan', open: 'Open the plan', constant: 'Constant', base: 'Reference category: sector: 1.' },
  zh: { start: '运行计划', see: '查看结果', make: '生成文件', revise: '修订计划', open: '打开计划', constant: '常数项', base: '参照组：sector：1。' },
};

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 390]]) {
  const words = WORDS[lang];
  spec(`run, results, downloads and revision in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, shot, narrow }) => {
    const button = (name) => page.getByRole('button', { name, exact: true }).first();
    const look = async (what) => {
      await accessible(what);
      await narrow();
      await shot(`${what}-${lang}`);
    };
    const job = await service.job('frozen', { draft: {
      template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work'], controls: ['female', 'sector'] }, categorical_vars: ['sector'],
    } });
    await openJob(page, service, job, 'run');
    await look('run-ready');
    await button(words.start).click();
    await button(words.see).waitFor();
    await page.locator('[data-state=ended]').waitFor();
    await look('run-succeeded');
    const text = await page.locator('.log-line').allInnerTexts();
    assert.ok(text.some((line) => line.includes('Linear regression')), 'the log is shown');

    await button(words.see).click();
    const grid = page.locator('table.grid').first();
    await grid.waitFor();
    await page.locator('.figure-card img').first().waitFor();
    const run = (await service.call('GET', `/v1/jobs/${job.job_id}/runs`, undefined, job.token)).runs[0];
    const slope = run.results.find((r) => r.term === 'schooling');
    const shown = (await grid.innerText()).replaceAll('−', '-');
    assert.ok(shown.includes(slope.estimate.toFixed(3)) && !shown.includes('***'), `the estimate of the service stands in the table, without stars: ${shown}`);
    assert.ok(shown.includes(`(${slope.std_error.toFixed(3)})`), 'with its standard error');
    assert.ok(shown.includes(words.constant), 'and the constant in words');
    assert.ok(run.results.filter((r) => r.label && r.term !== '_cons').every((r) => shown.includes(r.label)), `levels have their labels: ${shown}`);
    const image = page.locator('.figure-card img').first();
    await becomes(() => image.evaluate((e) => e.naturalWidth > 100), true, 'the figure is drawn');
    assert.ok((await image.getAttribute('alt')).length > 20, 'and says what it shows');
    await look('results');
    await page.locator('.table-options select').selectOption('5');
    await page.locator('.table-options input').first().check();
    const precise = await grid.innerText();
    assert.ok(precise.includes(`${slope.estimate.toFixed(5)}***`), precise);
    assert.ok((await page.locator('.table-notes').first().innerText()).includes(words.base), 'the note names the category that the others are compared with');

    await page.locator('#to-downloads').click();
    await page.locator('#make-reports').waitFor();
    await page.locator('#format-pdf').check();
    assert.equal(await page.locator('#reports .table-options input').first().isChecked(), false, 'reports have no stars unless they are wanted');
    // held for a while, so that the page is read as it is while the files are being made
    let letGo;
    const held = new Promise((done) => { letGo = done; });
    await page.route('**/render', async (route) => { await held; await route.continue(); });
    await page.locator('#make-reports').click();
    await page.locator('#make-reports[aria-busy=true]').waitFor();
    await look('downloads-busy');
    letGo();
    await page.locator('.made li').nth(2).waitFor();
    await page.locator('#make-reports:not([aria-busy=true])').waitFor();
    await look('downloads');
    const report = await saved(page, () => page.locator('.made button').first().click());
    assert.match(report.name, /^report-.*\.(docx|xlsx|pdf)$/);

    const { bytes: zip } = await saved(page, () => page.locator('#get-capsule').click());
    assert.equal(zip.subarray(0, 2).toString(), 'PK', 'the capsule is an archive');
    assert.ok(zip.includes('ro-crate-metadata.json'), 'and an RO-Crate');

    await page.locator('#step-results').click();
    await page.locator('#revise').click();
    await page.locator('dialog').waitFor();
    await look('revise-dialog');
    await page.locator('dialog').getByRole('button', { name: words.open }).click();
    await arrived(page, /\/draft$/);
    const after = await service.call('GET', `/v1/jobs/${job.job_id}`, undefined, job.token);
    assert.equal(after.status, 'draft_ready');
  });
}
