// A run as it is watched: its live log over a restart of the service, pause and search, its cancel, its failure in
// words, and two plans compared.

import assert from 'node:assert/strict';

import { openJob, suite } from './harness.mjs';

// the run outlives the service that started it
const spec = suite('run', { SS_ON_SHUTDOWN: 'detach' });

/** Many seconds of work that write the log all along: a table for each quantile of many rows. */
const slow = (times) => ({ times, spread: 'log_pay', draft: {
  template_id: 'linear.quantile', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work', 'age', 'hours'] },
  parameters: { quantiles: '.1 .15 .2 .25 .3 .35 .4 .45 .5 .55 .6 .65 .7 .75 .8 .85 .9' },
} });

const lines = async (page) => (await page.locator('.log-line').evaluateAll((all) => all.map((e) => e.textContent))).map((text) => (text === ' ' ? '' : text));

spec('a restart in the middle of a live log loses nothing and doubles nothing', {}, async ({ page, service, expect_outage, shot }) => {
  const job = await service.job('frozen', slow(80));
  await openJob(page, service, job, 'run');
  await page.locator('#run-start').click();
  await page.locator('.log-line').nth(60).waitFor({ state: 'attached' });
  await page.getByText('Quantile regression').nth(1).waitFor({ state: 'attached' });
  await shot('working');
  const before = await lines(page);
  const back = expect_outage();
  await service.kill();
  await page.locator('[data-state=waiting]').waitFor();
  await shot('connection-lost');
  await service.again();
  await page.locator('[data-state=following]').waitFor();
  back();
  const resumed = await service.call('GET', `/v1/jobs/${job.job_id}`, undefined, job.token);
  assert.equal(resumed.status, 'running', 'the run was still going on');
  await page.locator('[data-state=ended]').waitFor({ timeout: 120_000 });
  await page.locator('#see-results').waitFor();
  const run = resumed.latest_run.run_id;
  const whole = await fetch(`${service.base}/v1/jobs/${job.job_id}/runs/${run}/log`, { headers: { authorization: `Bearer ${job.token}` } });
  const log = (await whole.text()).replace(/\n$/, '').split('\n');
  const seen = await lines(page);
  assert.ok(before.length < seen.length, 'the log went on after the restart');
  assert.deepEqual(seen, log);
});

spec('an earlier answer that comes late does not take the page back', {}, async ({ page, service }) => {
  const job = await service.job('frozen');
  await openJob(page, service, job, 'run');
  await page.locator('#run-start').waitFor();
  let letGo;
  const held = new Promise((done) => { letGo = done; });
  let asked = 0;
  // the first answer after the start is kept back until the run has ended
  await page.route('**/runs', async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    const response = await route.fetch();
    await held;
    return route.fulfill({ response });
  });
  await page.locator('#run-start').click();
  await page.locator('#see-results').waitFor();
  const late = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/runs'));
  letGo();
  await late;
  // what it draws would be there with the next answer that the page waits for
  await page.evaluate(() => new Promise((done) => { setTimeout(done, 500); }));
  assert.equal(await page.locator('#see-results').count(), 1, 'the page still shows the end');
});

spec('a run is cancelled after a question, its log paused and searched', { scheme: 'dark' }, async ({ page, service, accessible, shot }) => {
  const job = await service.job('frozen', slow(120));
  await openJob(page, service, job, 'run');
  await page.locator('#run-start').click();
  await page.locator('.log-line').nth(60).waitFor({ state: 'attached' });
  await accessible('a run at work');
  await page.getByRole('button', { name: 'Pause' }).click();
  const held = (await lines(page)).length;
  await page.getByRole('button', { name: /new lines?$/ }).waitFor();
  assert.equal((await lines(page)).length, held, 'nothing moves while paused');
  await page.getByRole('searchbox').fill('p_regressors');
  await page.locator('.log-current').waitFor();
  assert.match(await page.locator('.log-search [role=status]').innerText(), /^1 of \d+$/);
  await page.getByRole('button', { name: 'Next match' }).click();
  assert.match(await page.locator('.log-search [role=status]').innerText(), /^2 of \d+$/);
  await shot('log-search');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForFunction((n) => document.querySelectorAll('.log-line').length > n, held);
  await page.locator('#run-cancel').click();
  await page.locator('dialog').getByRole('button', { name: 'Let it run' }).click();
  assert.equal((await service.call('GET', `/v1/jobs/${job.job_id}`, undefined, job.token)).status, 'running');
  await page.locator('#run-cancel').click();
  await shot('cancel-dialog');
  await page.locator('dialog').getByRole('button', { name: 'Cancel the run' }).click();
  await page.getByText('The run was cancelled').first().waitFor();
  await accessible('a cancelled run');
  await shot('cancelled');
});

for (const [lang, cause, found] of [['en', 'The data do not allow this analysis', 'No rows are left to analyse.'], ['zh', '数据不满足分析要求', '没有可供分析的行。']]) {
  spec(`a failure is told in words in ${lang}, and another plan is compared with the first`, { lang }, async ({ page, service, accessible, shot }) => {
    const base = { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling', 'years_work'] } };
    const job = await service.job('ended', { draft: base });
    const call = (method, rest, body) => service.call(method, `/v1/jobs/${job.job_id}${rest}`, body, job.token);
    const again = async (draft, freeze = {}) => {
      await call('POST', '/plan/revise', {});
      await call('PUT', '/draft', draft);
      await call('POST', '/plan/freeze', freeze);
      await call('POST', '/run', {});
      for (;;) {
        const { status } = await call('GET', '');
        if (['succeeded', 'failed'].includes(status)) return status;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    assert.equal(await again({ ...base, sample_if: 'female == 1' }), 'succeeded');
    await openJob(page, service, job, 'results');
    const compared = page.locator('.results-facts table.grid');
    await compared.waitFor();
    const runs = (await call('GET', '/runs')).runs;
    const shown = await compared.innerText();
    for (const run of runs) assert.ok(shown.includes(run.results[0].estimate.toFixed(3)), shown);
    await shot(`compared-${lang}`);
    assert.equal(await again({ ...base, sample_if: 'schooling > 1000' }, { acknowledged_checks: [{ id: 'no_obs', reason: 'a run that fails' }] }), 'failed');
    await openJob(page, service, job, 'run');
    await page.getByText(cause).first().waitFor();
    assert.ok((await page.locator('.failure .check-fail').first().innerText()).includes(found), 'with what the check found');
    assert.ok(await page.locator('.evidence li').count() > 0, 'with what the log says');
    assert.doesNotMatch(await page.locator('.failure').innerText(), /check no_obs failed|every term/, 'the cause is said once, in the language of the page');
    await page.locator('[data-state=ended]').waitFor();
    await accessible('a failed run');
    await shot(`failed-${lang}`);
    await openJob(page, service, job, 'results');
    await page.locator('table.grid').first().waitFor();
    await shot(`earlier-${lang}`);
  });
}
