// Remarks on the data in both languages, and their repairs: one press each, saved with the draft, taken back, and told in plan and results.

import assert from 'node:assert/strict';

import { arrived, becomes, openJob, suite } from './harness.mjs';

const spec = suite('remarks');

/** Stores with a unit in the cells, a code for a missing value and a row of totals. */
function stores() {
  const rows = Array.from({ length: 60 }, (_, i) => {
    const area = 100 + ((i * 37) % 61);
    const revenue = 20 + area / 2 + ((i * 13) % 7);
    return `Store ${i},${area} ha,${i % 20 === 3 ? 999 : 3 + (i % 9)},${revenue}`;
  });
  return `store,area,staff,revenue\n${rows.join('\n')}\nTotal,,,${60 * 80}\n`;
}

const WORDS = {
  en: { total: 'a row of totals', code: 'it may mean missing', step: 'read staff as numbers, "999" as missing', area: 'read area as numbers', done: 'Repaired', there: 'Repair it in the next step', flow: 'Repair of the data' },
  zh: { total: '这是合计行', code: '可能表示缺失', step: '将 staff 读作数值，"999" 视为缺失', area: '将 area 读作数值', done: '已修正', there: '可在下一步“分析”中修正', flow: '数据修正' },
};

async function uploaded(service) {
  const job = await service.job('redeemed', { requirement: 'Does the area raise the revenue, controlling for staff?' });
  const form = new FormData();
  form.append('file', new Blob([stores()]), 'stores.csv');
  form.append('role', 'primary_dataset');
  await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
  return job;
}

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 390]]) {
  spec(`a remark is told and repaired in ${lang}, ${width} px`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const words = WORDS[lang];
    const job = await uploaded(service);
    await openJob(page, service, job, 'data');
    const list = page.locator('#remarks');
    await list.locator('.hint', { hasText: words.total }).waitFor();
    assert.equal(await list.evaluate((node) => node.open), true, 'what needs a look is shown');
    assert.doesNotMatch(await list.innerText(), /`|data_steps/, 'no field of a request is named');
    await list.getByRole('button', { name: words.there }).first().click();

    await page.locator('#p-outcome').waitFor();
    await list.locator('.hint', { hasText: words.code }).waitFor();
    const row = list.locator('.repair', { hasText: words.step });
    await narrow();
    await accessible('remarks with repairs');
    const steps = async () => (await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token)).data_steps;
    const kinds = async () => (await steps()).map((s) => s.kind);
    await becomes(kinds, ['drop_rows', 'convert', 'convert'], 'the draft by rules has the repairs that it needs');
    await row.getByText(words.done).waitFor();
    await row.getByRole('button').click();
    await becomes(async () => (await steps()).some((s) => s.column === 'staff'), false, 'a repair of the rules is taken back');
    await row.getByRole('button').click();
    await row.getByText(words.done).waitFor();
    await becomes(async () => (await steps()).some((s) => s.column === 'staff' && s.missing.includes('999')), true, 'the draft has the repair');
    assert.equal(await page.evaluate(() => document.activeElement.closest('.repair') !== null), true, 'the focus stays on the button');
    const rows = list.locator('.repair', { hasText: '61' });
    await rows.getByRole('button').click();
    await becomes(kinds, ['convert', 'convert'], 'the row of totals stays');
    await rows.getByRole('button').click();
    await becomes(kinds, ['drop_rows', 'convert', 'convert'], 'rows are left out before anything is read');
    await row.getByRole('button').click();
    await becomes(async () => (await steps()).some((s) => s.column === 'staff'), false, 'a repair is taken back');
    await row.getByRole('button').click();
    await row.getByText(words.done).waitFor();
    await shot(`${lang}-draft`);

    await page.locator('#to-plan').click();
    await page.locator('#freeze').waitFor();
    await page.locator('.pairs').getByText(words.area).waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /draft\.steps|convert main/, 'every step is told in words');
    await page.locator('#freeze').click();
    await page.locator('#freeze-run').click();
    await arrived(page, /\/(run|results)/);
    await becomes(async () => (await service.call('GET', `/v1/jobs/${job.job_id}`, undefined, job.token)).status, 'succeeded', 'it runs');
    await openJob(page, service, job, 'results');
    await page.getByText(words.flow).first().waitFor();
    await shot(`${lang}-results`);
  });
}

spec('a yes and a no as words become a variable of 0 and 1', {}, async ({ page, service, narrow }) => {
  const job = await service.job('redeemed', { requirement: 'Are younger people cured more often?' });
  const form = new FormData();
  const rows = Array.from({ length: 60 }, (_, i) => `${(i * 7) % 3 === 0 ? 'yes' : 'no'},${20 + ((i * 5) % 41)}`);
  form.append('file', new Blob([`cured,age\n${rows.join('\n')}\n`]), 'cured.csv');
  form.append('role', 'primary_dataset');
  await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
  await openJob(page, service, job, 'draft');
  await page.locator('#derived-add').waitFor();
  await page.locator('#remarks').evaluate((node) => { node.open = true; });
  // the question asks about the column: the first draft has the step
  await page.locator('#remarks').getByText('Repaired', { exact: true }).waitFor();
  const { data_steps: steps } = await service.call('GET', `/v1/jobs/${job.job_id}/draft/preview`, undefined, job.token);
  assert.deepEqual(steps.map((step) => [step.column, step.to, step.one]), [['cured', 'yes_no', 'yes']]);
  await narrow();
});

/** Two files: a negative code and numbers in several units; another encoding. */
const FILES = [['月收入.csv', `编号,收入,面积,年龄\n${Array.from({ length: 60 }, (_, i) => `${i + 1},${i % 12 === 5 ? -9 : 3000 + ((i * 37) % 61) * 90},${i % 2 ? `${i + 20}公顷` : `${i + 20}亩`},${20 + ((i * 7) % 40)}`).join('\n')}\n`], ['省份.csv', '编号,省份\n1,北京\n2,上海\n3,广东\n']];

spec('remarks of two files in Chinese have no English, and each has its file', { lang: 'zh' }, async ({ page, service, narrow }) => {
  const job = await service.job('redeemed', { requirement: '年龄对收入有什么影响？' });
  const form = new FormData();
  for (const [i, [name, text]] of FILES.entries()) {
    // the second one in GB 18030
    form.append('file', new Blob([i === 0 ? text : Uint8Array.from([177, 224, 186, 197, 44, 202, 161, 183, 221, 10, 49, 44, 177, 177, 190, 169, 10, 50, 44, 201, 207, 186, 163, 10, 51, 44, 185, 227, 182, 171, 10])]), name);
    form.append('role', i === 0 ? 'primary_dataset' : 'secondary_dataset');
  }
  await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
  await service.call('PUT', `/v1/jobs/${job.job_id}/draft`, { template_id: 'linear.ols_robust', outcome_var: '收入', roles: { regressors: ['年龄'] } }, job.token);
  await openJob(page, service, job, 'draft');
  const list = page.locator('#remarks');
  await list.locator('li', { hasText: '收入 中的 -9（5 个单元格，首个在第 7 行）为负数' }).waitFor();
  await list.locator('li', { hasText: '省份.csv' }).first().waitFor();
  const said = await list.locator('.hint').allInnerTexts();
  assert.ok(said.length >= 2, said.join('\n'));
  assert.deepEqual(said.filter((text) => /[a-z]{3,} [a-z]{2,}/.test(text)), [], 'no English sentence');
  await narrow();
  await page.locator('#to-plan').click();
  await page.locator('#freeze:not([disabled])').click();
  await page.locator('dialog #freeze-run').click();
  await page.locator('#see-results').click();
  await page.locator('.light-list .check-warn', { hasText: '收入 中的 -9' }).waitFor();
  assert.doesNotMatch(await page.locator('.light-list').innerText(), /[a-z]{3,} [a-z]{2,}/, 'nor in what the run says of it');
});
