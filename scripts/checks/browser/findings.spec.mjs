// Results as sentences with the numbers of the tables, checks as lights, tables and figures taken along.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';

import { becomes, openJob, saved, suite } from './harness.mjs';
import { dataset } from './service.mjs';

const spec = suite('findings');

const WORDS = {
  en: { higher: /If schooling is 1 higher, log_pay is on average ([\d.]+) higher \(95% CI ([\d.]+) to ([\d.]+); p [<=] 0\.\d+\)/, ten: 'If years_work is 10 higher', rules: 'no language model took part', clusters: 'intervals too narrow', few: 'Please check: There are few clusters.', rows: 'Passed: There are rows to analyse.', copied: 'Copied', code: 'Enter a task code' },
  zh: { higher: /schooling 每高 1，log_pay 平均高 ([\d.]+)（95% 置信区间 ([\d.]+) 至 ([\d.]+)；p [<=] 0\.\d+）/, ten: 'years_work 每高 10', rules: '没有语言模型参与', clusters: '区间偏窄', few: '请留意： 聚类数过少。', rows: '通过： 有可供分析的行。', copied: '已复制' },
};
/** Four regions: fewer clusters than a clustered error needs. */
const CLUSTERED = { template_id: 'linear.ols_cluster', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work'], controls: ['female'], cluster_var: ['region'] } };
const minus = (text) => text.replaceAll('−', '-');

for (const [lang, scheme, width] of [['en', 'light', 1280], ['en', 'dark', 360], ['zh', 'light', 360], ['zh', 'dark', 1280]]) {
  spec(`sentences and lights in ${lang}, ${scheme}, ${width} pixels`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const words = WORDS[lang];
    const job = await service.job('ended', { draft: CLUSTERED });
    const run = (await service.call('GET', `/v1/jobs/${job.job_id}/runs`, undefined, job.token)).runs[0];
    await openJob(page, service, job, 'results');
    await page.locator('.findings li').nth(1).waitFor();
    const said = await page.locator('.findings li').first().innerText();
    const found = words.higher.exec(said);
    assert.ok(found, said);
    const slope = run.results.find((r) => r.term === 'schooling');
    assert.deepEqual(found.slice(1).map(Number), [slope.estimate, slope.ci_low, slope.ci_high].map((x) => Number(x.toFixed(3))), said);
    const second = await page.locator('.findings li').nth(1).innerText();
    const years = run.results.find((r) => r.term === 'years_work');
    assert.ok(second.includes(words.ten) && second.includes((10 * years.estimate).toFixed(3)), second);
    const card = await page.locator('#findings').innerText();
    assert.ok(card.includes(words.rules), 'the card says who wrote the sentences');
    assert.ok(card.includes('female') && card.includes(String(run.metrics.n_used)), `what is held equal and the rows: ${card}`);
    assert.ok(await page.locator('#caveats li').count() >= 3, 'and the limits of the method');
    const amber = page.locator('.light-list .check-warn');
    assert.ok((await amber.innerText()).includes(words.clusters), 'an amber light says what it means');
    assert.ok((await amber.innerText()).startsWith(words.few), `what was found, as a sentence: ${await amber.innerText()}`);
    await becomes(async () => (await page.locator('.light-list .check-ok').allInnerTexts()).some((text) => text.includes(words.rows)), true, 'also of a check that passed');
    await becomes(() => page.locator('.light-list .check-ok').count(), run.checks.filter((c) => c.status === 'ok').length, 'and each passed check has its light');
    // few clusters is a number of them; a bare number has no meaning
    assert.match(await amber.innerText(), /\(\d+ clusters\)|（\d+ 个聚类）/);
    assert.doesNotMatch(await page.locator('.light-list').innerText(), /\(value|（值/, 'no value without what it is');
    await accessible('sentences and lights');
    await narrow();
    await shot(`${lang}-${scheme}-${width}`);
    await page.locator('.findings button').first().click();
    await becomes(() => page.evaluate(() => document.activeElement.closest('[data-file]')?.dataset.file), 'table_coefficients.csv', 'the button leads to the table');
  });
}

spec('every check of the library has a sentence for each result', {}, async () => {
  const folder = new URL('../../../assets/', import.meta.url);
  const meta = new URL('stata_do_library/meta/', folder);
  const declared = await Promise.all((await readdir(meta)).map(async (name) => JSON.parse(await readFile(new URL(name, meta), 'utf8')).checks ?? []));
  const ids = [...new Set(declared.flat().map((check) => check.id))];
  assert.ok(ids.length > 50, `${ids.length} checks`);
  const { default: words } = await import(new URL('console/i18n/checks.js', folder));
  for (const lang of ['en', 'zh']) {
    const missing = ids.flatMap((id) => [`found.${id}.ok`, `found.${id}.not`]).filter((key) => !words[lang][key]);
    assert.deepEqual(missing, [], `sentences in ${lang}`);
  }
});

spec('labels, units and the base level of a text are in the sentences', {}, async ({ page, service }) => {
  // the same data with the headers and texts of a person
  const [head, ...rows] = (await readFile(dataset('pay.csv'), 'utf8')).trimEnd().split('\n').map((line) => line.split(','));
  const names = { years_work: 'Work experience (years)', log_pay: 'Log of pay', female: 'Sex' };
  const sex = head.indexOf('female');
  const text = [head.map((name) => names[name] ?? name), ...rows.map((row) => row.map((cell, j) => (j === sex ? ['man', 'woman'][cell] : cell)))].map((row) => row.join(',')).join('\n');
  const job = await service.job('redeemed');
  const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
  const form = new FormData();
  form.append('file', new Blob([text]), 'people.csv');
  form.append('role', 'primary_dataset');
  await call('POST', '/inputs/upload', form);
  await becomes(() => call('GET', '/inputs/preview?rows=1').then((p) => p.row_count, () => null), 800, 'the data are read');
  await call('PUT', '/draft', { template_id: 'linear.ols_robust', outcome_var: 'Log_of_pay', roles: { regressors: ['Work_experience_years', 'Sex'], controls: ['schooling'] }, categorical_vars: ['Sex'] });
  await call('POST', '/plan/freeze', {});
  await call('POST', '/run', {});
  await becomes(async () => (await call('GET', '')).status, 'succeeded', 'the run succeeds');
  await openJob(page, service, job, 'results');
  await page.getByText('If Work experience is 10 years higher, Log of pay is on average').waitFor();
  await page.getByText(/With Sex: woman instead of man, Log of pay is on average [\d.]+ lower/).waitFor();
});

spec('a probability, a ratio and a test have their own sentences', {}, async ({ page, service }) => {
  const logit = await service.job('ended', { file: 'clinic.csv', draft: { template_id: 'limited.logit_margins', outcome_var: 'readmitted', roles: { regressors: ['age', 'bmi'], controls: ['smoker'] } } });
  await openJob(page, service, logit, 'results');
  const lines = page.locator('.findings li');
  await lines.nth(1).waitFor();
  assert.match(await lines.first().innerText(), /If age is 1 higher, the probability of readmitted = 1 is on average 0\.\d+ percentage points higher/);
  assert.match(await lines.nth(1).innerText(), /compatible with no difference/, 'an interval around zero is no finding');
  const test = await service.job('ended', { file: 'clinic.csv', draft: { template_id: 'test.ttest_two', outcome_var: 'recovery_days', roles: { group_var: ['arm'] } } });
  await openJob(page, service, test, 'results');
  await page.getByText(/The mean of recovery_days is 13\.\d{3} for arm “new care” and 15\.\d{3} for “standard”: a difference of −2\.04\d/).waitFor();
});

spec('a copied table keeps its form in a document and in a spreadsheet', {}, async ({ page, service, shot }) => {
  const job = await service.job('ended');
  await openJob(page, service, job, 'results');
  await page.locator('table.grid').first().waitFor();
  const copying = page.locator('.result-card').first().getByRole('button', { name: /^Copy the table/ });
  await copying.click();
  await page.locator('.toast', { hasText: WORDS.en.copied }).waitFor();
  await becomes(() => copying.evaluate((e) => e === document.activeElement), true, 'the focus stays');
  await shot('copied');
  // the page listens before the key is pressed
  await page.evaluate(() => {
    globalThis.pasted = new Promise((done) => {
      document.addEventListener('paste', (e) => done({ html: e.clipboardData.getData('text/html'), text: e.clipboardData.getData('text/plain') }), { once: true });
    });
  });
  await page.keyboard.press('Control+V');
  const { html, text } = await page.evaluate(() => globalThis.pasted);
  const rows = text.split('\n').map((line) => line.split('\t'));
  const shown = (await page.locator('table.grid tbody tr').first().locator('td').first().innerText()).split('\n').map((x) => minus(x.trim()));
  const at = rows.findIndex((cells) => cells[0] === 'schooling');
  assert.equal(rows[at][1], shown[0], 'the estimate');
  assert.equal(rows[at + 1][1], shown[1], 'and its error on a line of its own');
  assert.ok(rows.every((cells) => cells.length === 1 || cells.length === rows[at].length), 'every line has the same columns');
  const notes = await page.locator('.result-card').first().locator('.table-notes span').count();
  const count = (pattern) => (html.match(pattern) ?? []).length;
  assert.equal(count(/<tr>/g), rows.length - notes + 1, 'the same lines, the notes in one');
  assert.ok(count(/border-(top|bottom):/g) > 10, 'with the rules above, below the head and at the end');
  assert.ok(html.includes(`mso-number-format:"\\@";'>${shown[1]}</td>`), 'an error in brackets stays a text: no spreadsheet makes it negative');
});

spec('a figure is enlarged and saved as SVG and PNG', { scheme: 'dark' }, async ({ page, service, accessible, shot }) => {
  const job = await service.job('ended');
  await openJob(page, service, job, 'results');
  await page.locator('.figure-card').first().getByRole('button', { name: /^Enlarge/ }).click();
  const large = page.locator('dialog .figure-large');
  await large.waitFor();
  await becomes(() => large.evaluate((e) => e.naturalWidth > 100), true, 'the figure is drawn');
  await accessible('an enlarged figure');
  await shot('enlarged');
  const save = async (name) => {
    const button = page.locator('dialog').getByRole('button', { name: new RegExp(`as ${name}$`) });
    return (await saved(page, () => button.click())).bytes;
  };
  assert.match((await save('SVG')).toString(), /<svg/);
  const png = await save('PNG');
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  assert.ok(png.readUInt32BE(16) > 1500, `sharp enough for print: ${png.readUInt32BE(16)} pixels wide`);
});

spec('the address of a table leads there, also with the code alone', {}, async ({ page, context, service }) => {
  const job = await service.job('ended');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openJob(page, service, job, 'results');
  await page.locator('.figure-card').first().getByRole('button', { name: /^Link to/ }).click();
  await page.locator('.toast').waitFor();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(address);
  await other.locator('#enter-code').click();
  await other.locator('#code').fill(job.task_code);
  await other.locator('#begin').click();
  await becomes(() => other.evaluate(() => document.activeElement.closest('[data-file]')?.dataset.file), new URL(address.replace('#/', '')).searchParams.get('show'), 'the figure has the focus');
});
