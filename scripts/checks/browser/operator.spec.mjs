// The operators' view with keys of every role: state, jobs, task codes, keys, tenants and the audit trail.

import assert from 'node:assert/strict';

import { arrived, becomes, open, openOperator, suite } from './harness.mjs';
import { ADMIN_KEY } from './service.mjs';

const spec = suite('operator');

spec('an administrator walks every section', {}, async ({ page, service, accessible, shot }) => {
  const failed = await service.job('ended', { draft: { template_id: 'linear.ols_robust', outcome_var: 'log_pay', roles: { regressors: ['schooling'] }, sample_if: 'schooling > 1000' }, acknowledged_checks: [{ id: 'no_obs', reason: 'a run that fails' }] });
  assert.equal(failed.seen.status, 'failed');
  await service.job('ended');
  const look = async (what) => { await accessible(what); await shot(what); };
  await open(page, service, '#/operator');
  await look('entry');
  await page.locator('#operator-key').fill(ADMIN_KEY);
  await page.locator('#operator-enter').click();
  await page.locator('#reload-settings').waitFor();
  await look('status');
  await page.locator('#reload-settings').click();
  await page.locator('.toast').waitFor();

  await page.locator('#section-jobs').click();
  await page.locator('#filter-status').waitFor();
  await page.locator('#filter-status').selectOption('failed');
  await page.locator('#apply-filters').click();
  await arrived(page, /status=failed/);
  await becomes(() => page.locator('tbody tr').count(), 1, 'the filter leaves one job');
  await look('jobs');
  await page.locator('tbody a').first().click();
  await page.locator('#job-retry').waitFor();
  await page.locator('#job-artifacts').click();
  await page.getByText('main.do').first().waitFor();
  await look('job');
  await page.locator('#job-retry').click();
  await page.locator('#confirm-retry').click();
  await page.getByText('Attempt 2').first().waitFor();

  await page.locator('#section-codes').click();
  await page.locator('#code-count').fill('3');
  await page.locator('#make-codes').click();
  await page.locator('.secrets').waitFor();
  const codes = (await page.locator('.secrets').innerText()).split('\n');
  assert.equal(codes.length, 3);
  await look('codes-once');
  await page.locator('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Revoke tc_/ }).first().click();
  await page.locator('dialog .button-danger').click();
  await page.locator('.badge-warn').first().waitFor();
  await look('codes');

  await page.locator('#section-keys').click();
  await page.locator('#key-label').fill('nightly jobs');
  await page.locator('#make-key').click();
  await page.locator('.secrets').waitFor();
  assert.match(await page.locator('.secrets').innerText(), /^ssk_/);
  await page.locator('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.getByText('nightly jobs').waitFor();
  await look('keys');

  await page.locator('#section-tenants').click();
  await page.locator('#tenant-name').fill('acme');
  await page.locator('#open-tenant').click();
  await page.locator('#limits-running').fill('2');
  await page.locator('#hold').check();
  await page.locator('#hold-reason').fill('court order');
  await page.locator('#save-tenant').click();
  await page.getByText('On hold: court order').waitFor();
  await look('tenant');
  assert.equal((await service.call('GET', '/v1/admin/tenants/acme')).limits.running, 2);

  await page.locator('#section-audit').click();
  await page.locator('#audit-action').fill('run.');
  await page.locator('#find-events').click();
  await arrived(page, /action=run/);
  await page.getByText('tenant.changed').waitFor({ state: 'detached' });
  await page.getByText('run.failed').first().waitFor();
  await look('audit');
  assert.equal(await page.getByText('tenant.changed').count(), 0, 'the filter holds');
  await page.locator('#operator-leave').click();
  await page.locator('#operator-key').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('ss.console.operator')), null);
});

for (const [role, sections, refused] of [['viewer', ['jobs', 'webhooks'], 2], ['client', ['jobs', 'codes', 'webhooks'], 1], ['operator', ['status', 'jobs', 'webhooks', 'audit'], 1]]) {
  spec(`a key of the role ${role} is offered what it may do`, {}, async ({ page, service, expect_refusal }) => {
    if (refused > 0) expect_refusal(403, /admin\/(task-codes|system\/status)/);
    const key = await service.key(role);
    await openOperator(page, service, key);
    await page.locator('nav.tabs a').first().waitFor();
    const found = await page.locator('nav.tabs a').evaluateAll((links) => links.map((a) => a.id.replace('section-', '')));
    assert.deepEqual(found, sections);
  });
}

spec('in Chinese and at 390 px the sections hold', { lang: 'zh', scheme: 'dark', width: 390 }, async ({ page, service, accessible, narrow, shot }) => {
  await service.job('ended');
  for (const section of ['status', 'jobs', 'codes', 'keys', 'tenants', 'audit']) {
    await openOperator(page, service, ADMIN_KEY, section);
    await page.locator('.card').first().waitFor();
    await accessible(section);
    await narrow();
    await shot(`${section}-zh-390`);
  }
});

// Firefox reports the end of a stream that a script made as an error of the page
spec('a page that is left while a refusal still arrives keeps the key', { chromium: true }, async ({ page, service, expect_refusal }) => {
  expect_refusal(403, /admin\/(task-codes|system\/status)/);
  const key = await service.key('viewer');
  await open(page, service, '#/');
  // a refusal whose body never comes: it breaks when the page is left
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = (to, options) => {
      if (!String(to).includes('admin/task-codes')) return real(to, options);
      const body = new ReadableStream({ start: (stream) => options.signal.addEventListener('abort', () => stream.error(options.signal.reason)) });
      window.goOn = () => { window.fetch = real; };
      return Promise.resolve(new Response(body, { status: 403 }));
    };
  });
  await page.evaluate((kept) => { sessionStorage.setItem('ss.console.operator', JSON.stringify({ key: kept })); location.hash = '#/operator'; }, key);
  await page.waitForFunction(() => window.goOn);
  await page.evaluate(() => { window.goOn(); location.hash = '#/operator/jobs'; });
  await page.locator('#section-jobs').waitFor();
  assert.equal(await page.evaluate(() => JSON.parse(sessionStorage.getItem('ss.console.operator')).key), key);
});

spec('a key that does not work is refused in words', {}, async ({ page, service, expect_refusal }) => {
  expect_refusal(403, /\/v1\/jobs/);
  await open(page, service, '#/operator');
  await page.locator('#operator-key').fill('ssk_nobody_0123456789abcdef0123456789abcdef');
  await page.locator('#operator-enter').click();
  await page.locator('.field-error').filter({ hasText: 'Access has ended' }).waitFor();
});

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`lists are searched, with older pages, in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
    await service.call('POST', '/v1/admin/task-codes', { count: 60 });
    const oldest = await service.job('redeemed', { requirement: 'Rainfall and harvest in the valley' });
    for (let i = 0; i < 26; i += 1) await service.job('redeemed', { requirement: `Question ${lang}-${i}-end` });
    await openOperator(page, service, ADMIN_KEY, 'jobs');
    const shown = () => page.locator('tbody tr:visible').count();
    await becomes(shown, 25, 'one page of jobs');
    await page.locator('#search-q').fill('HARVEST valley');
    await becomes(shown, 0, 'it is on no page that is loaded');
    await accessible('a search without a hit');
    await narrow();
    await shot(`search-${lang}`);
    await page.locator('#older-q').click();
    await page.locator('tbody tr:visible', { hasText: oldest.job_id }).first().waitFor();
    assert.equal(await page.locator('#search-q').inputValue(), 'HARVEST valley', 'the words stay');
    assert.match(page.url(), /q=HARVEST/, 'and stand in the address');
    await page.reload();
    await becomes(() => page.locator('#search-q').inputValue(), 'HARVEST valley', 'which opens the list again');
    await page.locator('#search-q').fill(`question ${lang}-25-end`);
    await becomes(shown, 1, 'all words count');

    await service.call('POST', '/v1/admin/api-keys', { role: 'viewer', label: `watch-${lang}-list` });
    await openOperator(page, service, ADMIN_KEY, 'keys');
    await page.locator('#search-q').fill(`watch-${lang}-list`);
    await becomes(shown, 1, 'a key by its label');
    await openOperator(page, service, ADMIN_KEY, 'codes');
    await page.locator('#search-q').fill(oldest.job_id);
    await page.locator('#older-q').click();
    await becomes(shown, 1, 'the code of a job');
  });
}
