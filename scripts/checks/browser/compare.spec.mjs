// Runs compared: one table side by side and the curve of a term over specifications, of one and of several analyses, by
// tokens and by a key, opened again by its address.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { arrived, becomes, open, openJob, suite, tabTo } from './harness.mjs';

const spec = suite('compare');

const BASE = { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling'] } };
const DRAFTS = [
  BASE,
  { ...BASE, roles: { regressors: ['schooling'], controls: ['years_work'] } },
  { ...BASE, roles: { regressors: ['schooling'], controls: ['years_work', 'female'] }, sample_if: 'age > 30' },
  { template_id: 'linear.ols_cluster', outcome_var: 'log_pay', roles: { regressors: ['schooling'], controls: ['years_work'], cluster_var: ['region'] } },
];

/** A job with a run of each draft; answers it with its runs. */
async function ran(service, drafts = DRAFTS) {
  const job = await service.job('ended', { draft: drafts[0] });
  const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
  for (const draft of drafts.slice(1)) {
    await call('POST', '/plan/revise', {});
    await call('PUT', '/draft', draft);
    await call('POST', '/plan/freeze', {});
    await call('POST', '/run', {});
    for (;;) {
      const { status } = await call('GET', '');
      if (status === 'succeeded') break;
      assert.ok(['queued', 'running'].includes(status), status);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
  return { ...job, runs: (await call('GET', '/runs')).runs };
}

const minus = (text) => text.replaceAll('−', '-');
const tokens = (...jobs) => ({ 'ss.console.jobs': jobs.map((job) => ({ id: job.job_id, token: job.token, note: job.note })) });
const columns = (page) => page.locator('#compare-table thead th').count().then((n) => n - 1);
const slope = (run) => run.results.find((result) => result.term === 'schooling');

const WORDS = {
  en: { clusters: 'clustered by region', rows: 'all rows', same: 'Outcome: log_pay', robust: 'heteroskedasticity-robust', caution: 'The methods differ' },
  zh: { clusters: '按 region 聚类', rows: '全部行', same: '因变量：log_pay', robust: '异方差稳健', caution: '方法不同' },
};

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360], ['en', 'dark', 390], ['zh', 'light', 1280]]) {
  spec(`four specifications of one analysis in ${lang}, ${scheme}, ${width} pixels`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    const words = WORDS[lang];
    const job = await ran(service);
    await openJob(page, service, job, 'results');
    await page.locator('#compare-more').click();
    await page.locator('#compare-curve svg.curve').waitFor();
    await becomes(() => columns(page), 4, 'every succeeded run is a column');
    const table = minus(await page.locator('#compare-table table').innerText());
    const seen = await page.locator('#compare-table').evaluate((e) => {
      const right = (selector) => e.querySelector(selector).getBoundingClientRect().right;
      return right('tbody td') <= right('.table-scroll') + 1;
    });
    assert.ok(seen, 'an estimate is seen without scrolling');
    for (const run of job.runs) {
      const { estimate, std_error: error } = slope(run);
      assert.ok(table.includes(estimate.toFixed(3)) && !table.includes('***') && table.includes(`(${error.toFixed(3)})`), `${estimate} in ${table}`);
      assert.ok(table.includes(String(run.metrics.n_used)), 'with its rows');
    }
    for (const said of [words.clusters, words.robust, words.rows, 'age > 30']) assert.ok(table.includes(said), `${said} in ${table}`);
    assert.ok((await page.locator('#compare-caution').innerText()).includes(words.caution), 'other methods are pointed out');

    // the points of the curve are the runs by their estimates, the marks what differs between them
    const sorted = job.runs.map((run) => slope(run).estimate).sort((a, b) => a - b);
    const places = await page.locator('.curve-point circle').evaluateAll((all) => all.map((e) => [Number(e.getAttribute('cx')), Number(e.getAttribute('cy'))]));
    assert.equal(places.length, 4);
    for (let i = 1; i < 4; i += 1) {
      assert.ok(places[i][0] > places[i - 1][0], 'from left to right');
      assert.ok(sorted[i] === sorted[i - 1] || places[i][1] < places[i - 1][1], 'the higher estimate is higher');
    }
    const heads = await page.locator('.curve-head').count();
    assert.equal(heads, 4, 'method, other variables, sample and errors differ');
    assert.equal(await page.locator('.curve-mark').count(), 4 + (1 + 2 + 1) + 4 + 4, 'a mark for each run and each thing that it has');
    assert.ok((await page.locator('#curve-same').innerText()).includes(words.same), 'what is the same is said once');
    await page.locator('#curve-list summary').click();
    const listed = await page.locator('#curve-table tbody tr').allInnerTexts();
    assert.deepEqual(listed.map((row) => sorted.some((x) => minus(row).includes(x.toFixed(3)))), [true, true, true, true], 'the list has the points');
    assert.ok(minus(listed[0]).includes(sorted[0].toFixed(3)), 'in their order');
    await accessible('a comparison');
    await narrow();
    await shot(`${lang}-${scheme}-${width}`);

    // another term, fewer runs, stars: the address keeps it
    await page.locator('#curve-term').selectOption('years_work');
    await becomes(() => page.locator('.curve-point').count(), 3, 'three runs have it');
    await page.locator('#compare-stars').check();
    await page.locator(`#run-${job.job_id}-2`).uncheck();
    await becomes(() => columns(page), 3, 'one run less');
    assert.ok((await page.locator('#compare-table table').innerText()).includes('***'), 'with stars');
    const address = page.url();
    await page.reload();
    await becomes(() => columns(page), 3, 'the address opens it again');
    assert.equal(page.url(), address);
    assert.equal(await page.locator('#curve-term').inputValue(), 'years_work');
    assert.equal(await page.locator('#compare-stars').isChecked(), true);
    await becomes(() => page.locator('.curve-point').count(), 2, 'with its term');
    await page.locator('#compare-table thead a').first().click();
    await arrived(page, new RegExp(`results\\?run=${job.runs[0].run_id}`));
  });
}

spec('analyses of two tokens, and one whose code is entered', {}, async ({ page, context, service, accessible, shot }) => {
  const [first, second, third] = [await ran(service, DRAFTS.slice(0, 2)), await ran(service, DRAFTS.slice(2, 3)), await ran(service, DRAFTS.slice(3))];
  await open(page, service, `#/compare?job=${first.job_id}`, tokens({ ...first, note: 'Pay and schooling' }, { ...second, note: 'The older ones' }));
  await becomes(() => columns(page), 2, 'the runs of the analysis of the address');
  await page.locator(`#runs-${second.job_id} summary`).click();
  await page.locator(`#run-${second.job_id}-1`).check();
  await becomes(() => columns(page), 3, 'and one of another');
  const heads = await page.locator('#compare-table thead').innerText();
  assert.ok(heads.includes('What goes with higher pay?'), heads);
  await accessible('two analyses');
  await shot('two-analyses');

  // another tab has no tokens: the address opens with the code
  const address = `${page.url().replace(/runs=[^&]*/, `runs=${third.job_id}.1`)}`;
  const other = await context.newPage();
  await other.goto(address);
  await other.locator('#compare-runs .note-warn button').click();
  await other.locator('#code').fill(third.task_code);
  await other.locator('#begin').click();
  await becomes(() => columns(other), 1, 'the code leads back to the comparison');
});

spec('any jobs of a tenant by a key', { scheme: 'dark' }, async ({ page, service, accessible, shot }) => {
  const jobs = [await ran(service, DRAFTS.slice(0, 1)), await ran(service, DRAFTS.slice(1, 2))];
  await open(page, service, '#/compare', { 'ss.console.operator': { key: await service.key('viewer') } });
  await page.locator('#compared .empty').waitFor();
  await page.locator('#compare-tenant-jobs summary').click();
  await page.locator('#list-tenant').click();
  for (const job of jobs) {
    await page.locator(`#runs-${job.job_id} summary`).click();
    await page.locator(`#run-${job.job_id}-1`).check();
  }
  await becomes(() => columns(page), 2, 'the runs of two jobs');
  await page.locator('#compare-curve svg.curve').waitFor();
  await accessible('a comparison by a key');
  await shot('tenant');
});

spec('runs are chosen and read by keyboard, and the table is copied', {}, async ({ page, context, service }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const job = await ran(service, DRAFTS.slice(0, 2));
  await openJob(page, service, job, 'data');
  await page.locator('#to-compare').waitFor();
  await tabTo(page, '#to-compare');
  await page.keyboard.press('Enter');
  await becomes(() => columns(page), 2, 'both runs');
  await tabTo(page, '#copy-compared');
  await page.keyboard.press('Enter');
  await page.locator('.toast').waitFor();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n').map((line) => line.split('\t'));
  const row = lines.find((cells) => cells[0] === 'schooling');
  assert.deepEqual(row.slice(1), job.runs.map((run) => slope(run).estimate.toFixed(3)), 'a column for each run');
  await tabTo(page, `#run-${job.job_id}-1`);
  await page.keyboard.press('Space');
  await becomes(() => columns(page), 1, 'one is left out');
  await becomes(() => page.evaluate(() => document.activeElement.id), `run-${job.job_id}-1`, 'the focus stays');
});

/* ---- without a page ---- */

const source = await readFile(new URL('../../../assets/console/parts/compareData.js', import.meta.url));
const { differences, ticks } = await import(`data:text/javascript;base64,${source.toString('base64')}`);

test('compare: what differs and what is the same, without the term of the curve', () => {
  const choice = (fact, key, columns) => ({ fact, key, label: key, columns });
  const choices = [choice('outcome', 'pay', [1, 2, 3]), choice('variables', 'a', [1, 2]), choice('variables', 'b', [1, 2]), choice('variables', 'c', [2]), choice('sample', '', [1]), choice('sample', 'a > 1', [2]), choice('weights', 'w', [3])];
  const { varying, shared } = differences(choices, [1, 2], 'a');
  assert.deepEqual(varying.map(({ fact, items }) => [fact, items.map((item) => item.key)]), [['variables', ['b', 'c']], ['sample', ['', 'a > 1']]]);
  assert.deepEqual(shared.map(({ fact }) => fact), ['outcome']);
});

test('compare: ticks are round and cover the range', () => {
  assert.deepEqual(ticks(-0.12, 0.31).map((tick) => Number(tick.value.toFixed(tick.digits))), [-0.1, 0, 0.1, 0.2, 0.3]);
  assert.ok(ticks(5, 5).length > 0);
});
