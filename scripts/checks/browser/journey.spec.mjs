// From a task code to a frozen plan: by keyboard alone, in both languages, at both widths; accessible at each step.

import assert from 'node:assert/strict';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { arrived, becomes, chooseByLetters, open, suite, tabTo } from './harness.mjs';

const spec = suite('journey');
const dataset = (name) => new URL(`../../../assets/stata_do_library/datasets/${name}`, import.meta.url).pathname;
const credentials = (job) => ({ 'ss.console.jobs': JSON.stringify([{ id: job.job_id, token: job.token }]) });

/** What a person reads on the way. */
const WORDS = {
  en: { code: 'Task code', question: 'What do you want to know?', begin: 'Continue', drop: 'Drop a file', next: 'Continue to the analysis', outcome: 'Outcome', keeps: 'Keeps 502 of 800 rows', regressors: 'Choose', take: 'Take these', sample: 'Keep rows where', add: 'Add a variable', name: 'Name', expression: 'Expression', check: 'Check the plan', freeze: 'Freeze the plan', only: 'Freeze only', frozen: 'The plan is frozen', complete: 'The plan is complete', meant: 'region' },
  zh: { code: '任务码', question: '您想了解什么', begin: '继续', drop: '将文件拖到此处', next: '继续：设定分析', outcome: '因变量', keeps: '保留 800 行中的 502 行', regressors: '请选择', take: '确定选择', sample: '保留满足以下条件的行', add: '添加变量', name: '名称', expression: '表达式', check: '核对计划', freeze: '冻结计划', only: '仅冻结', frozen: '计划已冻结', complete: '计划已完整', meant: 'region' },
};

async function pick(page, words, names) {
  await page.locator('dialog[open] input[type=search]').waitFor();
  for (const name of names) {
    const search = page.locator('dialog[open] input[type=search]');
    await search.focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(name);
    await tabTo(page, new RegExp(`^input ${name}\\b`));
    await page.keyboard.press('Space');
  }
  await tabTo(page, words.take);
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor({ state: 'detached' });
}

for (const [lang, width] of [['en', 1280], ['zh', 390]]) {
  spec(`a whole plan by keyboard alone, ${lang}, ${width} px`, { lang, width }, async ({ page, service, accessible, narrow, shot, expect_refusal }) => {
    const words = WORDS[lang];
    const look = async (name) => { await narrow(); await accessible(name); await shot(`${lang}-${name}`); };
    // asked for early: the browser begins to hand over choosers some time after it is asked
    const chosen = new Promise((resolve) => { page.once('filechooser', resolve); });
    await open(page, service);
    await tabTo(page, words.code);
    await page.keyboard.type(await service.code());
    await tabTo(page, words.question);
    await page.keyboard.type('What goes with higher pay?');
    await tabTo(page, `button ${words.begin}`);
    await page.keyboard.press('Enter');

    await page.locator('#drop').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'the focus is on the heading of the new view');
    await look('data-empty');
    await tabTo(page, words.drop);
    await page.keyboard.press('Enter');
    await (await chosen).setFiles(dataset('pay.csv'));
    await page.locator('#next').waitFor();
    assert.match(await page.locator('.facts').innerText(), /800/);
    await look('data-read');
    await tabTo(page, words.next);
    await page.keyboard.press('Enter');

    await page.locator('#p-outcome').waitFor();
    await look('draft-open');
    await chooseByLetters(page, 'p-outcome', 'log_pay', 'log_pay', () => tabTo(page, words.outcome));
    await tabTo(page, new RegExp(`^button (Regressors|自变量).*${words.regressors}`));
    await page.keyboard.press('Enter');
    await pick(page, words, ['schooling', 'years_work']);
    await page.locator('.chip', { hasText: 'years_work' }).waitFor();
    assert.equal(await page.locator('#p-outcome').inputValue(), 'log_pay');

    expect_refusal(400, /draft\/patch/);
    await tabTo(page, words.sample);
    await page.keyboard.type('age >= 25 & regio != "North"');
    // a pause in typing is judged too: the last answer counts
    const marked = 'age >= 25 & regio != "North"';
    await becomes(() => page.locator('.expression-place .marked').innerText(), marked, 'what was typed is judged');
    assert.equal(await page.locator('#sample-if').getAttribute('aria-invalid'), 'true');
    await page.locator('#sample-if-error', { hasText: '13' }).waitFor(); // the place of the error, counted from 1
    await becomes(() => page.locator('.expression-place mark').innerText(), 'r', 'the place is marked');
    await look('condition-wrong');
    await tabTo(page, new RegExp(`^button ${words.meant}$`));
    await page.keyboard.press('Enter');
    await page.getByText(words.keeps).waitFor();

    await tabTo(page, words.add);
    await page.keyboard.press('Enter');
    await page.keyboard.type('years2');
    await tabTo(page, new RegExp(`^textarea ${words.expression}`));
    await page.keyboard.type('years_work ^ 2');
    await page.locator('#derived .badge-ok').waitFor();
    await look('draft-complete');
    await tabTo(page, words.check);
    await page.keyboard.press('Enter');

    await page.getByText(words.complete).waitFor();
    await page.locator('.code-body li').nth(50).waitFor({ state: 'attached' });
    assert.match(await page.locator('.flow').innerText(), /800[\s\S]*502/);
    await look('plan');
    await tabTo(page, words.freeze);
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    await look('freeze');
    await tabTo(page, words.only, { backwards: true });
    await page.keyboard.press('Enter');
    await page.locator('#run').waitFor();
    await page.getByText(words.frozen).first().waitFor();
    await look('frozen');
  });
}

spec('a reload goes on where the person was, and the same code leads back', {}, async ({ page, service, context }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  await page.reload();
  await page.locator('#p-outcome').waitFor();
  assert.equal(await page.locator('#p-outcome').inputValue(), 'log_pay');
  const other = await context.newPage();
  await open(other, service, `#/job/${job.job_id}/draft`);
  await other.getByText('This tab has no access').waitFor();
  await other.goto(`${service.base}/v1/console#/`);
  await other.locator('#code').fill(job.task_code);
  await other.locator('#begin').click();
  await other.locator('#p-outcome').waitFor();
  assert.match(other.url(), new RegExp(`#/job/${job.job_id}/draft$`));
});

spec('a used code with another question asks before it opens', {}, async ({ page, service, expect_refusal, accessible }) => {
  const job = await service.job('redeemed');
  expect_refusal(409, /redeem/);
  expect_refusal(404, /redeem/);
  await open(page, service);
  await page.locator('#code').fill('ssc_aaaaaaaaaaaaaaaaaaaaaaaaaa');
  await page.locator('#begin').click();
  await page.locator('#code[aria-invalid=true]').waitFor();
  await accessible('a code that is not known');
  await page.locator('#code').fill(job.task_code);
  await page.locator('#question').fill('Something else?');
  await page.locator('#begin').click();
  await page.getByRole('button', { name: 'Open that analysis' }).click();
  await page.locator('#drop').waitFor();
  assert.match(page.url(), new RegExp(job.job_id));
});

spec('files are refused with the reason and nothing is lost', {}, async ({ page, service, expect_refusal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    const broken = join(folder, 'broken.csv');
    await writeFile(broken, 'a,b\n1,2\n3,4,5\n');
    const strange = join(folder, 'paper.pdf');
    await writeFile(strange, '%PDF');
    const job = await service.job('uploaded');
    await open(page, service, `#/job/${job.job_id}/data`, credentials(job));
    await page.locator('#next').waitFor();
    await page.locator('#file-input').setInputFiles(strange);
    await page.getByText('paper.pdf has another format').waitFor();
    expect_refusal(400, /inputs\/upload/);
    await page.locator('#file-input').setInputFiles(broken);
    await page.locator('#send').click();
    await page.getByText('The file cannot be read as a table').waitFor();
    assert.match(await page.locator('.facts').innerText(), /pay\.csv/, 'what was there stays');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

spec('a button is pressed while a condition that was just typed is sent', {}, async ({ page, service }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#sample-if').focus();
  await page.locator('.save-state .badge-ok').waitFor();
  // saved and complete: the preview is drawn, so the button stays where it is
  await page.locator('.status-card .badge-ok').nth(1).waitFor();
  let at = null;
  await becomes(async () => { at = await page.locator('#to-plan').boundingBox(); return at !== null; }, true, 'the button has its place');
  await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  await page.keyboard.insertText('age >= 25');
  // the press takes the focus off the field, which sends the condition and draws the page again
  await page.mouse.down();
  await page.mouse.up();
  await arrived(page, /\/plan$/);
  await page.locator('#freeze').waitFor();
  const { draft } = await service.call('GET', `/v1/jobs/${job.job_id}`, undefined, job.token);
  assert.ok(draft, 'the draft is there');
  await page.getByText('age >= 25').first().waitFor();
});

spec('the focus stays where it is while the page is drawn again', {}, async ({ page, service, expect_refusal }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  expect_refusal(400, /draft\/patch/);
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  await page.locator('.save-state .badge-ok').waitFor();
  await page.locator('#sample-if').fill('regio != "North"');
  await page.getByRole('button', { name: 'region', exact: true }).waitFor();
  await page.route('**/plan/preview', async (route) => { await held; await route.continue(); });
  await page.locator('#sample-if').fill('regio != "South"');
  await becomes(() => page.locator('.expression-place .marked').innerText(), 'regio != "South"', 'it is judged');
  const meant = page.getByRole('button', { name: 'region', exact: true });
  await meant.focus();
  const before = await meant.elementHandle();
  letGo();
  // the answer draws the suggestions again
  await page.waitForFunction((node) => !node.isConnected, before);
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'region', 'the focus is on the new button');
  await page.keyboard.press('Enter');
  await page.locator('#sample .badge-ok').waitFor();
});

spec('a second table is merged by keys', {}, async ({ page, service }) => {
  const job = await service.job('redeemed');
  await open(page, service, `#/job/${job.job_id}/data`, credentials(job));
  await page.locator('#file-input').setInputFiles([dataset('orders.csv'), dataset('customers.csv')]);
  await page.locator('#send').click();
  await page.locator('#next').click();
  await page.locator('#step-add').click();
  await page.locator('dialog[open]').waitFor();
  if (await page.locator('dialog[open] input[type=checkbox]:checked').count() === 0) await page.locator('dialog[open] input[type=checkbox]').first().check();
  await page.locator('dialog[open] .button-primary').click();
  await page.locator('.data-step').waitFor();
  await page.locator('.data-step .hint', { hasText: 'rows afterwards' }).waitFor();
  assert.equal(await page.locator('#step-0-keep').inputValue(), 'master', 'every row of the main table stays, as in the API');
});

for (const [lang, words] of [['en', { found: '106 matched, 34 only in the main table, 0 only in beds.csv', lost: '34 of 140 rows of the main table have no partner', plan: 'After adding variables from beds.csv' }], ['zh', { found: '匹配 106 行，仅主表有 34 行，仅 beds.csv 有 0 行', lost: '主表 140 行中有 34 行未匹配上', plan: 'beds.csv' }]]) {
  spec(`a merge that loses rows says so, with the names of the files, in ${lang}`, { lang }, async ({ page, service, narrow }) => {
    const job = await service.job('redeemed', { requirement: 'x' });
    const form = new FormData();
    const centres = ['Bath', 'Hull', 'Leeds', 'York'];
    // York has no row in the other table, and 34 rows here
    const centre = (i) => (i < 34 ? 'York' : centres[i % 3]);
    form.append('file', new Blob([`y,x,centre\n${Array.from({ length: 140 }, (_, i) => `${(i * 37) % 101},${(i * 13) % 29},${centre(i)}`).join('\n')}\n`]), 'trial.csv');
    form.append('role', 'primary_dataset');
    form.append('file', new Blob(['centre,beds\nBath,100\nHull,200\nLeeds,350\n']), 'beds.csv');
    form.append('role', 'auxiliary_data');
    await service.call('POST', `/v1/jobs/${job.job_id}/inputs/upload`, form, job.token);
    await service.call('PUT', `/v1/jobs/${job.job_id}/draft`, { template_id: 'linear.ols_robust', outcome_var: 'y', roles: { regressors: ['x'], controls: ['beds'] }, data_steps: [{ kind: 'merge', dataset_key: 'data_2', keys: ['centre'], merge_type: 'm:1', keep: 'matched' }] }, job.token);
    await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
    await page.locator('.data-step .hint', { hasText: words.found }).waitFor();
    await page.locator('.data-step .note-warn', { hasText: words.lost }).waitFor();
    await narrow();
    await page.locator('#to-plan').click();
    await page.locator('.flow, main').getByText(words.plan).first().waitFor();
    await page.getByText(words.found).first().waitFor();
    assert.ok(!(await page.locator('.part').nth(2).innerText()).includes('data_2'), 'no key of the service stands where the file has a name');
    await page.locator('#back').click();
    await page.locator('#step-0-keep').selectOption('master');
    await becomes(() => page.locator('.data-step .note-warn').count(), 0, 'nothing is lost');
  });
}

spec('a lost connection is told, and what was done is sent afterwards', { chromium: true }, async ({ page, service, context, expect_outage }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  const back = expect_outage();
  await context.setOffline(true);
  await page.getByText('You are offline').waitFor();
  await page.locator('#p-outcome').selectOption('pay');
  // longer than the console tries by itself
  await page.locator('.save-state', { hasText: 'Not saved' }).waitFor();
  await context.setOffline(false);
  await page.locator('.save-state .badge-ok').waitFor();
  back();
  await page.reload();
  await page.locator('#p-outcome').waitFor();
  assert.equal(await page.locator('#p-outcome').inputValue(), 'pay');
});

spec('an upload can be stopped', { chromium: true }, async ({ page, service }) => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    const large = join(folder, 'large.csv');
    await writeFile(large, `a,b\n${'1,2\n'.repeat(700_000)}`);
    const job = await service.job('uploaded');
    await open(page, service, `#/job/${job.job_id}/data`, credentials(job));
    await page.locator('#next').waitFor();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 });
    await page.locator('#file-input').setInputFiles(large);
    await page.locator('#send').click();
    await page.locator('progress').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The upload was stopped').waitFor();
    assert.match(await page.locator('.facts').innerText(), /pay\.csv/, 'what was there stays');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

spec('access that has ended says so and leads to the start', {}, async ({ page, service, expect_refusal, accessible }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  const codes = await service.call('GET', '/v1/admin/task-codes?limit=200');
  const { code_id } = codes.task_codes.find((code) => code.job_id === job.job_id);
  await service.call('POST', `/v1/admin/task-codes/${code_id}/revoke`, {});
  expect_refusal(403, new RegExp(job.job_id));
  await page.locator('#p-outcome').selectOption('pay');
  await page.getByText('Access has ended').first().waitFor();
  await accessible('an access that ended');
  await page.reload();
  await page.getByText('Access has ended').waitFor();
  await page.getByRole('button', { name: 'Enter the task code' }).click();
  await page.locator('#code').waitFor();
});

spec('a busy service is waited for and the page says so', {}, async ({ page, service, expect_refusal }) => {
  const job = await service.job('drafted');
  let refused = 0;
  await page.route(/\/inputs\/preview/, (route) => {
    refused += 1;
    if (refused > 1) return route.continue();
    const body = JSON.stringify({ error_code: 'RATE_LIMITED', message: 'too many requests', status: 429, retryable: true, retry_after_seconds: 4, context: {} });
    return route.fulfill({ status: 429, contentType: 'application/problem+json', headers: { 'retry-after': '4' }, body });
  });
  expect_refusal(429, /inputs\/preview/);
  await open(page, service, `#/job/${job.job_id}/data`, credentials(job));
  await page.locator('#notice.is-shown').waitFor();
  await page.locator('#next').waitFor();
  await page.locator('#notice.is-shown').waitFor({ state: 'detached' });
});

spec('what was refused stays through a change of language', {}, async ({ page, service, expect_refusal }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  expect_refusal(400, /draft\/patch/);
  await page.locator('#sample-if').fill('age >= 25 &');
  await page.getByText('something is missing at the end').waitFor();
  await page.locator('#lang-zh').click();
  await page.getByText('末尾缺少内容').waitFor();
  assert.equal(await page.locator('#sample-if').inputValue(), 'age >= 25 &');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  await page.locator('#sample-if').fill('age >= 25');
  await page.locator('#sample .badge-ok').waitFor();
  await page.reload();
  await page.locator('#sample-if').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN', 'the language is kept');
  assert.equal(await page.locator('#sample-if').inputValue(), 'age >= 25');
});

spec('a view that cannot be loaded is a lost connection', { chromium: true }, async ({ page, service, context, expect_outage }) => {
  const job = await service.job('drafted');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.locator('#p-outcome').waitFor();
  const back = expect_outage();
  await context.setOffline(true);
  await page.locator('#step-plan').click();
  await page.getByText('The service cannot be reached').waitFor();
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('#freeze').waitFor();
  back();
});
