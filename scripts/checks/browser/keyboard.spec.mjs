// A whole analysis by keyboard alone (Tab, Enter, Space, arrows, typing), from the task code to the downloaded report and
// the revised plan, in English and in Chinese.

import assert from 'node:assert/strict';

import { arrived, chooseByLetters, open, saved, suite, tabTo } from './harness.mjs';
import { dataset } from './service.mjs';

const spec = suite('keyboard');

for (const [lang, scheme, width, question, title] of [
  ['en', 'light', 1280, 'What goes with higher pay?', 'Linear regression (OLS)'],
  ['zh', 'dark', 390, '哪些因素与更高的工资有关？', '线性回归（OLS）'],
]) {
  spec(`a whole analysis in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot, accept_refusal }) => {
    const { keyboard } = page;
    const to = (wanted) => tabTo(page, wanted);
    const enter = async (wanted) => { await to(wanted); await keyboard.press('Enter'); };
    const there = (selector) => page.locator(selector).first().waitFor();
    const look = async (what) => {
      await accessible(what);
      await narrow();
      await shot(`${what}-${lang}`);
    };
    // a pointer would be a cheat
    await page.addInitScript(() => addEventListener('pointerdown', () => console.error('a pointer was used')));

    // a condition is sent at each pause in typing
    accept_refusal(400, /draft\/patch/);
    // asked for early: the browser begins to hand over choosers some time after it is asked
    const choosing = new Promise((resolve) => { page.once('filechooser', resolve); });
    const code = await service.code();
    await open(page, service);
    await to('#code');
    await keyboard.type(code);
    await to('#question');
    await keyboard.type(question);
    await look('1-start');
    await enter('#begin');

    await there('#drop');
    await enter('#drop');
    await (await choosing).setFiles(dataset('pay.csv'));
    await there('#next');
    await look('2-data');
    await enter('#next');

    await there('#browse');
    await enter('#browse');
    await there('.library-item');
    await to('#library-search');
    await keyboard.type(title);
    // the ranking has chosen it for the question already; the library says so
    await page.locator('.library-item button[disabled]', { hasText: /./ }).waitFor();
    await enter('dialog .dialog-head .icon-button');
    await there('#p-outcome');
    await page.waitForFunction(() => !document.querySelector('.save-state .spinner'));
    await chooseByLetters(page, 'p-outcome', 'log', 'log_pay', () => to('#p-outcome'));
    for (const name of ['schooling', 'years_work', 'female']) {
      await page.waitForFunction(() => !document.querySelector('.save-state .spinner'));
      await enter('#p-regressors');
      await there('dialog .column-list');
      await to('dialog input[type=search]');
      await keyboard.type(name);
      await to('dialog input[type=checkbox]');
      await keyboard.press('Space');
      await enter('dialog .button-primary');
      await page.locator('.chip', { hasText: name }).waitFor();
    }
    await to('#sample-if');
    await keyboard.type('years_work >= 1');
    await there('#sample .badge-ok');
    await there('.save-state .badge-ok');
    await look('3-draft');
    await enter('#to-plan');

    await page.locator('#freeze:not([disabled])').waitFor();
    await look('4-plan');
    await enter('#freeze');
    await there('dialog #freeze-run');
    await look('5-freeze');
    await enter('#freeze-run');

    await there('#see-results');
    await page.locator('[data-state=ended]').waitFor();
    await look('6-run');
    await enter('#see-results');

    await there('table.grid');
    await there('.figure-card img');
    const shown = (await page.locator('table.grid').first().innerText()).replaceAll('−', '-');
    const jobs = await service.call('GET', '/v1/jobs?limit=200');
    const job = jobs.jobs.find((j) => j.requirement === question);
    const detail = await service.call('GET', `/v1/admin/jobs/${job.job_id}`);
    for (const row of detail.runs[0].results) assert.ok(shown.includes(row.estimate.toFixed(3)), `${row.term} in ${shown}`);
    await look('7-results');
    await to('.table-options select');
    await keyboard.press('ArrowDown');
    await page.waitForFunction((text) => document.querySelector('table.grid').innerText.includes(text), detail.runs[0].results[0].estimate.toFixed(4));
    await enter('#to-downloads');

    await there('#make-reports');
    await enter('#make-reports');
    await there('.made button');
    await there('#make-reports:not([aria-busy=true])');
    await look('8-downloads');
    const report = await saved(page, () => enter('.made button'));
    assert.match(report.name, /^report-.*\.(docx|xlsx)$/);

    await enter('#step-results');
    await there('#revise');
    await enter('#revise');
    await enter('dialog .button-primary');
    await arrived(page, /\/draft/);
    await there('#to-plan');
    await look('9-revised');
  });
}
