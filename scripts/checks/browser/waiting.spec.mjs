// Long work shows how far it is, how long it took and what may be left, and can be stopped.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { becomes, openJob, suite } from './harness.mjs';
import { dataset } from './service.mjs';
import { workbook } from './workbook.mjs';

const spec = suite('waiting');

const WORDS = {
  en: { sending: /^[\d.]+ (KB|MB) of [\d.]+ MB · .+ so far · about .+ left$/, none: 'There is no estimate', limit: 'ends a run after', left: /About .+ left, as an earlier attempt of this analysis took|Longer than the earlier attempt/, reading: 'so far' },
  zh: { sending: /^[\d.]+ (KB|MB) \/ [\d.]+ MB · 已用 .+ · 约剩 .+$/, none: '无法估计剩余时间', limit: '最迟在', left: /约剩 .+：此分析先前一次运行用了|比此分析先前的一次运行/, reading: '已用' },
};

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  const words = WORDS[lang];
  spec(`an upload tells how far it is in ${lang}`, { lang, scheme, width, chromium: true }, async ({ page, service, accessible, narrow, shot }) => {
    const folder = await mkdtemp(join(tmpdir(), 'console-'));
    try {
      const large = join(folder, 'large.csv');
      await writeFile(large, `a,b\n${'1,2\n'.repeat(700_000)}`);
      const job = await service.job('redeemed');
      await openJob(page, service, job, 'data');
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 40_000 });
      await page.locator('#file-input').setInputFiles(large);
      await becomes(async () => words.sending.test(await page.locator('#sending').innerText()), true, 'sent, time so far and time left');
      assert.ok(await page.locator('progress').evaluate((bar) => bar.value > 0 && bar.value < 1), 'and a bar');
      await accessible('an upload under way');
      await narrow();
      await shot(`upload-${lang}`);
      await page.locator('#stop-sending').click();
      await page.locator('#drop').waitFor();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  spec(`a file that is read for long shows the time in ${lang}`, { lang, scheme, width }, async ({ page, service, accept_refusal }) => {
    accept_refusal(409, /inputs\/preview/);
    const job = await service.job('uploaded');
    // the service as it answers while a large file is read
    await page.route('**/inputs/preview**', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', headers: { 'retry-after': '1' }, body: JSON.stringify({ error_code: 'INPUTS_MISSING', message: 'the inputs are being read', context: { reason: 'ingesting' }, retryable: true, retry_after_seconds: 1 }) }));
    await openJob(page, service, job, 'data');
    await page.locator('.loading', { hasText: words.reading }).waitFor();
    await page.unroute('**/inputs/preview**');
    await page.locator('#next').waitFor();
  });

  spec(`a run tells what may be left in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const job = await service.job('frozen', { times: 60, spread: 'log_pay', draft: {
      template_id: 'linear.quantile', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work', 'age', 'hours'] }, parameters: { quantiles: '.1 .2 .3 .4 .5 .6 .7 .8 .9' },
    } });
    const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
    await openJob(page, service, job, 'run');
    await page.locator('#run-start').click();
    await becomes(async () => { const text = await page.locator('#outlook').innerText(); return text.includes(words.none) && text.includes(words.limit); }, true, 'a first attempt has no estimate, and a limit');
    await page.locator('#see-results').waitFor();
    await call('POST', '/plan/revise', {});
    await call('POST', '/plan/freeze', {});
    await openJob(page, service, job, 'run');
    await page.reload();
    await page.locator('#run-start').click();
    await becomes(async () => words.left.test(await page.locator('#outlook').innerText()), true, 'a later one is measured by the first');
    await narrow();
    await shot(`run-${lang}`);
    await accessible('a run with an estimate');
    await page.locator('#see-results').waitFor();
    await becomes(() => page.locator('.history-run').count(), 2, 'the same plan frozen again has its own attempt');
  });
}

/** A table of 70 MB, whose parts differ; `first` is its first cell. */
const large = (first) => `id,text\n${first},a\n${Array.from({ length: 35_000 }, (_, i) => `${String(i).padStart(6, '0')},${'x'.repeat(2000)}\n`).join('')}`;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

spec('a large upload goes on after a cut, and in another tab with what the same file has sent', {}, async ({ page, context, service, expect_outage, accept_refusal, shot }) => {
  // a slow machine reads it for longer than the answer to the upload waits
  accept_refusal(409, /inputs\/preview/);
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    const [path, other] = [join(folder, 'large.csv'), join(folder, 'other/large.csv')];
    await mkdir(join(folder, 'other'));
    await writeFile(path, large(1));
    await writeFile(other, large(2));
    const job = await service.job('redeemed');
    /** The numbers of the parts that a page sends whole. */
    const sentBy = (tab) => {
      const numbers = [];
      tab.on('response', (response) => { if (response.request().method() === 'PUT') numbers.push(Number(response.url().split('/').pop())); });
      return numbers;
    };
    const sent = sentBy(page);
    await openJob(page, service, job, 'data');
    const back = expect_outage();
    await page.route('**/parts/2', (route) => route.abort('connectionreset'));
    let hold = () => {};
    await page.route('**/parts/4', (route) => { hold = () => route.abort().catch(() => {}); });
    await page.locator('#file-input').setInputFiles(path);
    await page.locator('#sending', { hasText: 'the connection is lost' }).waitFor();
    await shot('cut');
    await page.unroute('**/parts/2');
    await becomes(() => Promise.resolve([...sent]), [1, 2, 3], 'each part is sent once, the cut one again');
    await page.locator('#stop-sending').click();
    await page.locator('.note', { hasText: 'it continues where it was' }).waitFor();
    await hold();
    await page.close();
    back();

    // a file of the same name and size with another beginning: its first part replaces the one that had arrived
    const tab = await context.newPage();
    const sentThen = sentBy(tab);
    await openJob(tab, service, job, 'data');
    const finished = tab.waitForResponse((response) => response.url().endsWith('/finalize'), { timeout: 120_000 });
    await tab.locator('#file-input').setInputFiles(other);
    const answer = await (await finished).json();
    assert.deepEqual(sentThen, [1, 4, 5], 'parts two and three had arrived');
    assert.deepEqual([answer.success, answer.sha256], [true, sha256(await readFile(other))]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Holds the reader of a job as soon as it is there, so that reading takes some time on any machine. Another job's may still be at work. */
async function heldReader(service, job) {
  for (;;) {
    const children = (await Promise.all((await readdir(`/proc/${service.child.pid}/task`)).map((task) => readFile(`/proc/${service.child.pid}/task/${task}/children`, 'utf8').catch(() => '')))).join(' ');
    for (const pid of children.split(/\s+/).filter(Boolean)) {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (words.split('\0').includes('read-table') && words.includes(`/${job.job_id}/`)) { process.kill(Number(pid), 'SIGSTOP'); return Number(pid); }
    }
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`a reading is stopped for another file in ${lang}`, { lang, scheme, width }, async ({ page, service, accept_refusal, accessible, narrow, shot }) => {
    accept_refusal(409, /inputs\/preview/);
    const folder = await mkdtemp(join(tmpdir(), 'console-'));
    try {
      const long = join(folder, 'long.csv');
      await writeFile(long, `a,b,c\n${Array.from({ length: 600_000 }, (_, i) => `${i % 977},${i % 13}.5,text ${i % 7}\n`).join('')}`);
      const job = await service.job('redeemed');
      await openJob(page, service, job, 'data');
      const held = heldReader(service, job);
      await page.locator('#file-input').setInputFiles(long);
      const reader = await held;
      await page.locator('#stop-reading').waitFor();
      await narrow();
      await shot(`reading-${lang}`);
      await page.locator('#stop-reading').click();
      await page.locator('.note', { hasText: lang === 'zh' ? '读取已停止' : 'The reading was stopped' }).waitFor();
      await becomes(() => page.evaluate(() => document.activeElement.id), 'drop', 'the focus is where a file is chosen');
      await accessible('a reading that was stopped');
      await shot(`reading-stopped-${lang}`);
      await becomes(async () => (await readFile(`/proc/${reader}/cmdline`, 'utf8').catch(() => '')), '', 'the reader has ended');
      await page.locator('#file-input').setInputFiles(dataset('pay.csv'));
      await page.locator('#next').waitFor();
      await page.locator('.facts', { hasText: 'pay.csv' }).waitFor();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`the reading of another sheet is stopped in ${lang}`, { lang, scheme, width }, async ({ page, service, expect_refusal, accessible, narrow, shot }) => {
    const folder = await mkdtemp(join(tmpdir(), 'console-'));
    try {
      const file = join(folder, 'two sheets.xlsx');
      const long = Array.from({ length: 60_000 }, (_, i) => [i, i % 977, i % 13]);
      await writeFile(file, workbook([['small', [['pay', 'age'], ...Array.from({ length: 30 }, (_, i) => [i + 0.5, i % 7])]], ['long', [['a', 'b', 'c'], ...long]]]));
      const job = await service.job('redeemed');
      await openJob(page, service, job, 'data');
      await page.locator('#file-input').setInputFiles(file);
      const sheet = page.locator('#sheet');
      await sheet.waitFor();
      assert.equal(await sheet.inputValue(), 'small', 'the first sheet is read');
      await sheet.selectOption('long');
      const held = heldReader(service, job);
      await page.locator('.sheet-form button').first().click();
      const reader = await held;
      expect_refusal(409, /primary\/sheet$/);
      const stop = page.locator('#stop-sheet');
      await stop.waitFor();
      await narrow();
      await shot(`sheet-${lang}`);
      await stop.click();
      await page.locator('.note', { hasText: lang === 'zh' ? '已停止读取，表格保持不变' : 'Reading was stopped; the table stays as it was' }).waitFor();
      await accessible('a sheet whose reading was stopped');
      await becomes(async () => (await readFile(`/proc/${reader}/cmdline`, 'utf8').catch(() => '')), '', 'the reader has ended');
      const kept = await service.call('GET', `/v1/jobs/${job.job_id}/inputs/preview?rows=1`, undefined, job.token);
      assert.deepEqual([kept.row_count, kept.selected_sheet, kept.columns.map((c) => c.name)], [30, 'small', ['pay', 'age']], 'the table stays as it was');
      await page.locator('.sheet-form button').first().click();
      await becomes(() => service.call('GET', `/v1/jobs/${job.job_id}/inputs/preview?rows=1`, undefined, job.token).then((p) => p.row_count, () => null), 60_000, 'the same sheet is read when asked again');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
