// The category that the others of a variable are compared with: the usual one with its reason, another one by choice, taken
// back, refused, in the plan and in the results; also of a variable that left the analysis.

import assert from 'node:assert/strict';

import { arrived, becomes, openJob, suite } from './harness.mjs';

const spec = suite('bases');

/** A trial of three arms in four centres; the sectors are numbers without labels. */
const trial = () => {
  const arms = ['Placebo', 'Drug A', 'Drug B'];
  const row = (i) => [(130 + ((i * 37) % 23) - 3 * (i % 3)).toFixed(1), arms[i % 3], ['Bath', 'Hull', 'Leeds', 'York'][(i * 7) % 4], 1 + (Math.floor(i / 7) % 4), i % 2 ? 'Male' : 'Female'].join();
  return `sbp,arm,centre,sector,sex\n${Array.from({ length: 120 }, (_, i) => row(i)).join('\n')}\n`;
};

async function drafted(service, draft) {
  const job = await service.job('redeemed', { requirement: 'Which drug lowers the pressure?' });
  const form = new FormData();
  form.append('file', new Blob([trial()]), 'trial.csv');
  form.append('role', 'primary_dataset');
  await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
  await service.call('PUT', `/v1/jobs/${job.job_id}/draft`, draft, job.token);
  return job;
}

const OLS = { template_id: 'linear.ols_robust', outcome_var: 'sbp', roles: { regressors: ['arm'], controls: ['centre', 'sector'] }, categorical_vars: ['sector'] };
const WORDS = {
  en: { control: 'the level without or as control', first: 'the first in alphabetical order', plan: 'arm (base: Drug B, as stated)', note: 'Reference categories: arm: Drug B; centre: Bath; sector: 1.' },
  zh: { control: '表示无或对照的类别', first: '按字母顺序的第一类', plan: 'arm（参照组：Drug B，自行指定）', note: '参照组：arm：Drug B；centre：Bath；sector：1。' },
};

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 390]]) {
  spec(`chosen, taken back, planned and named below the table in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const words = WORDS[lang];
    const job = await drafted(service, OLS);
    const stated = async () => {
      const { category_bases } = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
      return category_bases.filter((b) => b.reason === 'stated').map((b) => `${b.column} ${b.level}`);
    };
    await openJob(page, service, job, 'draft');
    const arm = page.locator('#base-arm');
    await arm.waitFor();
    assert.match(await arm.locator('option').first().innerText(), /^Placebo \(40\)/, 'the usual one stands first');
    assert.deepEqual((await arm.locator('option').allInnerTexts()).slice(1), ['Drug A (40)', 'Drug B (40)']);
    await page.locator('#base-arm-hint', { hasText: words.control }).waitFor();
    await page.locator('#base-centre-hint', { hasText: words.first }).waitFor();
    assert.equal(await page.locator('#base-sector').evaluate((e) => e.tagName), 'INPUT', 'numbers without labels are typed');
    await arm.selectOption('Drug B');
    await becomes(stated, ['arm Drug B'], 'the base is stored');
    await page.locator('#undo').click();
    await becomes(stated, [], 'and taken back');
    await becomes(() => arm.inputValue(), '', 'on the page as well');
    await page.locator('#redo').click();
    await becomes(stated, ['arm Drug B'], 'and made again');
    await accessible('the choice of reference categories');
    await narrow();
    await shot(`draft-${lang}`);
    await page.locator('#to-plan').click();
    await page.getByText(words.plan).waitFor();
    await page.locator('.pairs .icon-button').first().click();
    await arrived(page, /field=bases/);
    await becomes(() => page.evaluate(() => document.activeElement.id), 'base-arm', 'the plan leads to the choice');
    await page.locator('#to-plan').click();
    await page.locator('#freeze:not([disabled])').click();
    await page.locator('dialog #freeze-run').click();
    await page.locator('#see-results').click();
    await page.locator('.table-notes').first().waitFor();
    assert.ok((await page.locator('.table-notes').first().innerText()).includes(words.note), await page.locator('.table-notes').first().innerText());
    assert.ok((await page.locator('table.grid').first().innerText()).includes('arm: Placebo'), 'the other levels are terms');
    await narrow();
  });
}

spec('a category that no row has is refused at its field, and a base of a variable that left goes by one press', {}, async ({ page, service }) => {
  const job = await drafted(service, OLS);
  await openJob(page, service, job, 'draft');
  await page.locator('#base-sector').fill('9');
  await page.locator('#base-sector').blur();
  await page.locator('#base-sector-error', { hasText: '9' }).waitFor();
  await page.locator('#base-sector').fill('2');
  await page.locator('#base-sector').blur();
  await becomes(() => page.locator('#base-sector-error').isVisible(), false, 'a number that rows have is taken');
  await service.call('POST', `/v1/jobs/${job.job_id}/draft/patch`, { field_updates: { base_levels: { centre: 'York', sector: '2' }, controls: ['sector'] } }, job.token);
  await page.reload();
  await page.locator('#base-sector').waitFor();
  const left = page.locator('.open-list button', { hasText: 'centre' });
  if (await left.count() > 0) await left.click();
  await becomes(async () => (await service.call('POST', `/v1/jobs/${job.job_id}/plan/preview`, {}, job.token)).ready, true, 'nothing stands in the way of the plan');
});

spec('a variable of numbers with labels is chosen by its labels', {}, async ({ page, service }) => {
  const job = await drafted(service, OLS);
  // the labels that a file of Stata or SPSS would bring
  await page.route('**/inputs/preview**', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const column = body.columns.find((c) => c.name === 'sector');
    if (column) column.categories = ['Food', 'Textiles', 'Machinery', 'Services'].map((label, i) => ({ value: i + 1, label, rows: 30 }));
    await route.fulfill({ response: answer, json: body });
  });
  await openJob(page, service, job, 'draft');
  const sector = page.locator('#base-sector');
  await sector.waitFor();
  assert.deepEqual(await sector.locator('option').allInnerTexts(), ['1 = Food (30) – usual', '2 = Textiles (30)', '3 = Machinery (30)', '4 = Services (30)']);
  await sector.selectOption('4');
  await page.locator('#base-sector-hint', { hasText: 'as stated' }).waitFor();
  assert.equal(await sector.inputValue(), '4');
  await page.locator('#to-plan').click();
  await page.getByText('sector (base: 4 = Services, as stated)').waitFor();
});
