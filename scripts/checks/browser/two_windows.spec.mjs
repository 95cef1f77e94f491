// Two windows on one draft: the later change overwrites nothing unseen, the page shows what differs, and the person chooses.

import assert from 'node:assert/strict';

import { becomes, openJob, suite } from './harness.mjs';

const spec = suite('two_windows');

const WORDS = {
  en: { head: 'Somebody else changed this analysis', mine: 'Keep mine', theirs: 'Keep theirs', both: 'Keep both' },
  zh: { head: '有人在别处修改了此分析', mine: '保留我的', theirs: '保留对方的', both: '两者都保留' },
};

/** A job with its draft open in two windows, and a reader of what is stored. */
async function twice({ page, context, service }) {
  const job = await service.job('drafted');
  const other = await context.newPage();
  const saved = (p) => p.locator('.save-state .badge-ok').waitFor();
  for (const window of [page, other]) {
    await openJob(window, service, job, 'draft');
    await window.locator('#p-regressors').waitFor();
    await saved(window);
  }
  const stored = (read) => async () => read(await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token));
  return { job, other, saved, stored };
}

async function condition(window, text) {
  await window.locator('#sample-if').fill(text);
  await window.locator('#sample-if').press('Enter');
}

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`changes of two windows meet in ${lang}`, { lang, scheme, width }, async (given) => {
    const { page, expect_refusal, accessible, narrow, shot } = given;
    const words = WORDS[lang];
    const { other, saved, stored } = await twice(given);
    expect_refusal(412, /draft\/patch/);
    const asked = (window) => window.locator('dialog[open]');

    // different fields: nothing is lost, and both can be kept
    await other.locator('#p-regressors-drop-years_work').click();
    await becomes(stored((d) => d.roles.regressors), ['schooling'], 'the other window drops a variable');
    await condition(page, 'female == 1');
    await asked(page).waitFor();
    assert.equal(await asked(page).locator('h2').innerText(), words.head);
    const rows = await asked(page).locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.children].slice(1).map((cell) => cell.innerText.trim())));
    assert.deepEqual(rows, [['schooling, years_work', 'schooling'], ['female == 1', '–']], 'what differs');
    assert.equal(await stored((d) => d.sample_if)(), null, 'nothing is stored before the choice');
    await accessible('the choice between two drafts');
    await narrow();
    await shot(lang);
    await asked(page).getByRole('button', { name: words.both, exact: true }).click();
    await becomes(stored((d) => [d.roles.regressors, d.sample_if]), [['schooling'], 'female == 1'], 'both are kept');
    await becomes(() => page.locator('#p-regressors-drop-years_work').count(), 0, 'the page shows what the other window did');
    await saved(page);

    // the same field: mine
    await condition(other, 'female == 0');
    await asked(other).waitFor();
    assert.equal(await asked(other).getByRole('button', { name: words.both, exact: true }).count(), 0, 'one of both only');
    await asked(other).getByRole('button', { name: words.mine, exact: true }).click();
    await becomes(stored((d) => [d.roles.regressors, d.sample_if]), [['schooling'], 'female == 0'], 'mine is kept');
    await saved(other);

    // the same field: theirs
    await condition(page, 'years_work > 3');
    await asked(page).waitFor();
    await asked(page).getByRole('button', { name: words.theirs, exact: true }).click();
    await becomes(() => page.locator('#sample-if').inputValue(), 'female == 0', 'the page shows theirs');
    assert.equal(await stored((d) => d.sample_if)(), 'female == 0', 'theirs is kept');
    await saved(page);

    // who closes the question has not saved, and is asked again
    await condition(other, 'years_work > 5');
    await becomes(stored((d) => d.sample_if), 'years_work > 5', 'the other window is up to date and saves');
    await condition(page, 'years_work > 7');
    await asked(page).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.save-state .badge-fail').waitFor();
    await page.locator('.status-card .problem button').first().click();
    await asked(page).waitFor();
    await asked(page).getByRole('button', { name: words.theirs, exact: true }).click();
    await becomes(() => page.locator('#sample-if').inputValue(), 'years_work > 5', 'theirs after all');
    await other.close();
  });
}

spec('one window alone is never asked, whatever it changes', {}, async ({ page, service }) => {
  const job = await service.job('drafted');
  await openJob(page, service, job, 'draft');
  await page.locator('#question').fill('Does schooling pay?');
  await page.locator('#question').press('Tab');
  await page.locator('#question-card .hint', { hasText: 'ranked again' }).waitFor();
  await condition(page, 'female == 1');
  await page.locator('.save-state .badge-ok').waitFor();
  await page.locator('#p-regressors-drop-years_work').click();
  const read = async () => { const d = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token); return [d.requirement, d.sample_if, d.roles.regressors]; };
  await becomes(read, ['Does schooling pay?', 'female == 1', ['schooling']], 'everything is stored');
  assert.equal(await page.locator('dialog[open]').count(), 0);
});

spec('a question that was changed elsewhere, and a plan that was frozen elsewhere', {}, async (given) => {
  const { page, service, expect_refusal, accept_refusal } = given;
  const { job, other, stored } = await twice(given);
  expect_refusal(412, /jobs\/[^/]+$|draft\/patch/);
  await other.locator('#question').fill('Does schooling pay?');
  await other.locator('#question').press('Tab');
  await becomes(stored((d) => d.requirement), 'Does schooling pay?', 'the other window asks something else');
  await page.bringToFront();
  await page.locator('#question').fill('Does experience pay?');
  await page.locator('#question').press('Tab');
  await page.locator('dialog[open]').getByRole('button', { name: 'Keep mine', exact: true }).click();
  await becomes(stored((d) => d.requirement), 'Does experience pay?', 'mine is kept');

  // a preview of the draft may be under way
  accept_refusal(409, /plan\/preview/);
  await service.call('POST', `/v1/jobs/${job.job_id}/plan/freeze`, {}, job.token);
  await page.locator('#p-regressors-drop-years_work').click();
  await page.getByText('The plan was frozen elsewhere').waitFor();
  await page.getByText('The plan is frozen with these settings.').waitFor();
});
