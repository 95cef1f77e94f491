// Several specifications of one analysis: chosen, checked, run, followed, compared, downloaded.

import assert from 'node:assert/strict';

import { becomes, openJob, saved, suite } from './harness.mjs';

const spec = suite('batches');
const DRAFT = { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling'] } };

const WORDS = {
  en: { refused: '2 of 4 specifications cannot be frozen', ended: '4 of 4 have ended: 4 succeeded', caution: 'they are not a test', side: 'Side by side', choices: ['Without controls', 'All rows'], refusal: 'Sample: there is no variable absent_column' },
  zh: { refused: '4 个设定中有 2 个无法冻结', ended: '4 个中已结束 4 个：成功 4', caution: '并不是检验', side: '并列比较', choices: ['无控制变量', '全部行'], refusal: '样本：没有变量 absent_column' },
};

/** Chooses variables in the dialog of a picker. */
async function pick(page, id, names) {
  await page.locator(`#${id}`).click();
  for (const name of names) await page.locator('dialog .column-row', { has: page.locator('code', { hasText: new RegExp(`^${name}$`) }) }).locator('input').check();
  await page.locator('dialog .dialog-actions button').last().click();
}

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`two sets of controls on two samples in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot, expect_refusal }) => {
    const words = WORDS[lang];
    const look = async (what) => { await accessible(what); await narrow(); await shot(`${what}-${lang}`); };
    const job = await service.job('drafted', { draft: DRAFT });
    await openJob(page, service, job, 'draft');
    await page.locator('#to-batches').click();
    await page.locator('#add-controls').waitFor();
    assert.ok(await page.locator('#run-batch').isDisabled(), 'nothing is varied yet');
    await page.locator('#add-controls').click();
    await page.locator('#add-controls').click();
    await pick(page, 'batch-controls-1', ['years_work']);
    await page.locator('#add-sample').click();
    await page.locator('#add-sample').click();
    await page.locator('#sample-if-1').fill('absent_column > 30');
    await becomes(() => page.locator('#batch-count').innerText().then((text) => text.includes('4')), true, 'the combinations are counted');
    await look('form');

    // what cannot be frozen is said, by specification, and nothing is made
    expect_refusal(400, /batches$/);
    await page.locator('#run-batch').click();
    await page.locator('#batch-preview', { hasText: words.refused }).waitFor();
    assert.equal(await page.locator('#batch-preview tbody tr').count(), 2);
    assert.ok((await page.locator('#batch-preview').innerText()).includes(words.refusal), await page.locator('#batch-preview').innerText());
    await look('refused');

    await page.locator('#sample-if-1').fill('age > 30');
    await page.locator('#run-batch').click();
    await page.locator('#batch-counts', { hasText: words.ended }).waitFor();
    await page.locator('#batch-curve svg.curve').waitFor();
    assert.ok((await page.locator('#batch-caution').innerText()).includes(words.caution));
    const table = await page.locator('#batch-table').innerText();
    for (const number of ['0.088', '0.091', '0.096', '0.099']) assert.ok(table.includes(number), `${number} in ${table}`);
    for (const said of words.choices) assert.ok(table.includes(said) && (await page.locator('#batch-cells').innerText()).includes(said), `${said} in ${table}`);
    await page.locator('#batch-stars').check();
    await page.locator('#batch-table', { hasText: '0.088***' }).waitFor();
    await look('compared');
    const file = await saved(page, () => page.locator('#save-csv').click());
    assert.equal(file.name, 'comparison.csv');

    // the address opens the same batch again
    await page.reload();
    await page.locator('#batch-counts', { hasText: words.ended }).waitFor();
  });
}
