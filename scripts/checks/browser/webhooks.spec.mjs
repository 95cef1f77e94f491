// Webhooks of an analysis and of a tenant: created with their secret, tried, changed, rotated, sent again, deleted, against
// a receiver that verifies signatures.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before } from 'node:test';

import { arrived, becomes, open, openJob, openOperator, suite, tabTo } from './harness.mjs';
import { ADMIN_KEY } from './service.mjs';

const spec = suite('webhooks', { SS_WEBHOOKS__PRIVATE_NETWORKS: '127.0.0.0/8', SS_WEBHOOKS__MAX_ENDPOINTS: '3' });

/** Answers with `status` of the path (`/500` with 500 while it is down) and keeps what it got. */
class Receiver {
  constructor() {
    this.got = [];
    this.down = new Set();
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        this.got.push({ path: request.url, headers: request.headers, body });
        response.writeHead(this.down.has(request.url) ? 500 : 204).end();
      });
    });
  }

  url(path) {
    return `http://127.0.0.1:${this.server.address().port}${path}`;
  }

  of(path) {
    return this.got.filter((one) => one.path === path);
  }
}

const receiver = new Receiver();
before(() => new Promise((done) => { receiver.server.listen(0, '127.0.0.1', done); }));
after(() => { receiver.server.close(); receiver.server.closeAllConnections(); });

/** The signature of a delivery by a secret, as Standard Webhooks has it. */
function signature({ headers, body }, secret) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`;
}

const WORDS = {
  en: { private: 'This address is not allowed', missing: 'Enter the address', scheme: 'must be an https address', none: 'Choose at least one event', delivered: 'Delivered', waiting: 'Waiting', failed: 'Failed', status: 'status 500', two: '1 delivery is sent again', zero: 'Nothing failed since then', old: 'Earlier secret signs until', most: 'There may be at most 3 webhooks here', changed: 'changed elsewhere' },
  zh: { private: '不允许此地址', missing: '请输入接收事件的地址', scheme: '必须是 https 地址', none: '请至少选择一个事件', delivered: '已送达', waiting: '等待中', failed: '失败', status: '状态 500', two: '重新发送 1 个投递', zero: '此后没有失败的投递', old: '旧密钥签名有效至', most: '最多有 3 个', changed: '在别处被修改过' },
};

const rows = (page) => page.locator('#deliveries tbody tr');
const state = async (page, i = 0) => (await rows(page).nth(i).locator('.badge').first().innerText());

for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
  spec(`one of an analysis from its creation to its end in ${lang}`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot, expect_refusal }) => {
    const words = WORDS[lang];
    const path = `/${lang}`;
    const look = async (what) => { await accessible(what); await narrow(); await shot(`${what}-${lang}`); };
    const job = await service.job('redeemed');
    await openJob(page, service, job, 'data');
    await page.locator('#to-webhooks').click();
    await page.locator('#create-webhook').waitFor();
    await look('empty');

    await page.locator('#create-webhook').click();
    await page.locator('.field-error', { hasText: words.missing }).waitFor();
    const url = page.locator('input[type=url]');
    expect_refusal(400, /webhooks$/);
    await url.fill('https://10.20.30.40/hook');
    await page.locator('#create-webhook').click();
    await page.locator('.field-error', { hasText: words.private }).waitFor();
    await look('refused');
    await url.fill('http://hooks.example.com/');
    await page.locator('#create-webhook').click();
    await page.locator('.field-error', { hasText: words.scheme }).waitFor();
    await page.locator('fieldset input').first().uncheck();
    await page.locator('#create-webhook').click();
    await page.locator('.field-error', { hasText: words.none }).waitFor();
    await page.locator('input[value="run.succeeded"]').check();
    await page.locator('input[value="run.failed"]').check();
    await look('form');
    await url.fill(receiver.url(path));
    await page.locator('#create-webhook').click();
    await page.locator('.secrets').waitFor();
    const secret = await page.locator('.secrets').innerText();
    assert.match(secret, /^whsec_/);
    await look('secret');
    await page.locator('#close-secret').click();

    await page.locator('#test-webhook').waitFor();
    assert.equal(await page.getByText(secret).count(), 0, 'the secret is gone');
    const listed = (await service.call('GET', `/v1/jobs/${job.job_id}/webhooks`, undefined, job.token)).webhooks;
    assert.deepEqual(listed.map((hook) => [hook.url, hook.event_types]), [[receiver.url(path), ['run.succeeded', 'run.failed']]]);
    await page.locator('#test-webhook').click();
    await becomes(() => state(page), words.delivered, 'the test arrives');
    assert.equal(receiver.of(path)[0].headers['webhook-signature'], signature(receiver.of(path)[0], secret), 'signed by the secret that was shown');

    // a receiver that fails: what waits is given up when the webhook is disabled, and sent again afterwards
    receiver.down.add(path);
    await page.locator('#test-webhook').click();
    await becomes(async () => (await rows(page).count()) === 2 && (await rows(page).first().innerText()).includes(words.status), true, 'the status of the receiver');
    assert.equal(await state(page), words.waiting);
    await page.locator('details[id^=attempts-] summary').first().click();
    await page.locator('.attempts li').first().waitFor();
    await look('waiting');
    await page.locator('#disable-webhook').click();
    await page.locator('dialog .button-danger').click();
    await page.locator('#enable-webhook').waitFor();
    await page.locator('#refresh-log').click();
    await becomes(async () => { await page.locator('#refresh-log').click(); return state(page); }, words.failed, 'nothing waits for a webhook that is off');
    await look('disabled');
    expect_refusal(409, /replay$/);
    await page.locator('[id^=replay-msg_]').first().click();
    await page.locator('#deliveries .problem').waitFor();
    receiver.down.delete(path);
    await page.locator('#enable-webhook').click();
    await page.locator('#test-webhook').waitFor();
    await page.locator('#replay-form summary').click();
    await page.locator('#replay-failed').click();
    await page.locator('#replayed', { hasText: words.two }).waitFor();
    await becomes(() => state(page), words.delivered, 'what failed arrives');
    await page.locator('#replay-failed').click();
    await page.locator('#replayed', { hasText: words.zero }).waitFor();
    const [again] = receiver.of(path).slice(-1);
    const before_replay = receiver.of(path).length;
    await page.locator('[id^=replay-msg_]').first().click();
    await becomes(() => receiver.of(path).length, before_replay + 1, 'one is sent again');
    assert.equal(receiver.of(path).at(-1).headers['webhook-id'], again.headers['webhook-id'], 'with its id');

    await page.locator('#rotate-webhook').click();
    await page.locator('#overlap-hours').fill('999');
    await page.locator('#dialog-save').click();
    await page.locator('dialog .field-error:visible').waitFor();
    await page.locator('#overlap-hours').fill('2');
    await look('rotate');
    await page.locator('#dialog-save').click();
    await page.locator('.secrets').waitFor();
    const next = await page.locator('.secrets').innerText();
    assert.notEqual(next, secret);
    await page.locator('#close-secret').click();
    await page.getByText(words.old).waitFor();
    const sent = receiver.of(path).length;
    await page.locator('#test-webhook').click();
    await becomes(() => receiver.of(path).length, sent + 1, 'a test with both secrets');
    const both = receiver.of(path).at(-1);
    assert.deepEqual(both.headers['webhook-signature'].split(' '), [signature(both, next), signature(both, secret)]);

    // another window changes it while the form is open
    expect_refusal(412, /webhooks\/wh_/);
    await page.locator('#edit-webhook').click();
    await service.call('PATCH', `/v1/webhooks/${listed[0].webhook_id}`, { event_types: [] }, job.token);
    await page.locator('dialog input[value="run.started"]').check();
    await page.locator('#dialog-save').click();
    await page.locator('dialog .problem', { hasText: words.changed }).waitFor();
    await look('conflict');
    await page.locator('dialog .dialog-actions button').first().click();
    await becomes(async () => (await page.locator('#webhook dl code').count()), 0, 'the page shows what the other window wrote');
    await page.locator('#edit-webhook').click();
    await page.locator('dialog input[type=url]').fill(receiver.url(`${path}/two`));
    await page.locator('#dialog-save').click();
    await page.locator('#webhook h2', { hasText: receiver.url(`${path}/two`) }).waitFor();

    // the address of the page opens it again
    await page.reload();
    await page.locator('#delete-webhook').click();
    await page.locator('dialog .button-danger').waitFor();
    await look('delete');
    await page.locator('dialog .button-danger').click();
    await page.locator('#webhooks .empty').waitFor();
    expect_refusal(404, /webhooks\/wh_/);
    await page.goBack();
    await page.locator('.problem').waitFor();
  });
}

for (const [lang, scheme, width] of [['en', 'dark', 360], ['zh', 'light', 1280]]) {
  spec(`those of a tenant by keys of two roles in ${lang}`, { lang, scheme, width }, async ({ page, context, service, accessible, narrow, shot, expect_refusal }) => {
    const words = WORDS[lang];
    const tenant = `acme-${lang}`;
    await service.call('PUT', `/v1/admin/tenants/${tenant}`, {});
    await openOperator(page, service, ADMIN_KEY, 'webhooks');
    await page.locator('#webhook-tenant').fill(tenant);
    await page.locator('#show-tenant').click();
    await arrived(page, new RegExp(`tenant=${tenant}`));
    for (const path of ['/a', '/b', '/c']) {
      await page.locator('input[type=url]').fill(receiver.url(`/${tenant}${path}`));
      await page.locator('#create-webhook').click();
      await page.locator('#close-secret').click();
      await page.locator('#all-webhooks').click();
      await page.locator('#webhooks a', { hasText: `/${tenant}${path}` }).waitFor();
    }
    expect_refusal(409, /webhooks$/);
    await page.locator('input[type=url]').fill(receiver.url(`/${tenant}/d`));
    await page.locator('#create-webhook').click();
    await page.locator('.problem', { hasText: words.most }).waitFor();
    await accessible('a full list');
    await narrow();
    await shot(`tenant-full-${lang}`);
    const made = await service.call('POST', '/v1/admin/api-keys', { role: 'viewer', label: 'reads', tenant_id: tenant });
    const codes = await service.call('POST', '/v1/admin/task-codes', { count: 1, tenant_id: tenant });
    // a code is redeemed without a credential, at its tenant
    const redeemed = await fetch(`${service.base}/v1/task-codes/redeem`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-ss-tenant-id': tenant }, body: JSON.stringify({ task_code: codes.task_codes[0].task_code, requirement: 'x' }) });
    const job = await redeemed.json();
    assert.ok(job.job_id, JSON.stringify(job));
    await page.locator('#webhooks a', { hasText: '/a' }).first().click();
    await page.locator('#refresh-log').waitFor();
    await becomes(async () => { await page.locator('#refresh-log').click(); return (await rows(page).allInnerTexts()).some((text) => text.includes('job.created') && text.includes(job.job_id)); }, true, 'the event of a job of the tenant');
    await accessible('the log of a tenant');
    await narrow();
    await shot(`tenant-log-${lang}`);
    const address = page.url().split('?')[0];

    expect_refusal(403, /admin\/task-codes|system\/status/);
    const other = await context.newPage();
    await open(other, service, '#/operator', { 'ss.console.operator': { key: made.api_key } });
    await other.goto(address);
    await other.locator('#deliveries tbody tr').first().waitFor();
    assert.equal(await other.locator('#test-webhook, #delete-webhook, [id^=replay-msg_]').count(), 0, 'a viewer changes nothing');
    await other.locator('#all-webhooks').click();
    await other.locator('#webhooks tbody tr').first().waitFor();
    assert.equal(await other.locator('#create-webhook').count(), 0);
  });
}

spec('a webhook is created, tried and deleted by keyboard alone', {}, async ({ page, service }) => {
  const job = await service.job('redeemed');
  await openJob(page, service, job, 'webhooks');
  await page.locator('#create-webhook').waitFor();
  await tabTo(page, '[type=url]');
  await page.keyboard.type(receiver.url('/keys'));
  await tabTo(page, '#create-webhook');
  await page.keyboard.press('Enter');
  await page.locator('#copy-secret').waitFor();
  await becomes(() => page.evaluate(() => document.activeElement.id), 'copy-secret', 'the focus is on the button that copies');
  await page.keyboard.press('Escape');
  await page.locator('#test-webhook').waitFor();
  await tabTo(page, '#test-webhook');
  await page.keyboard.press('Enter');
  await becomes(() => rows(page).count(), 1, 'the log has the test');
  await becomes(() => state(page), 'Delivered', 'which arrives');
  await tabTo(page, '#delete-webhook');
  await page.keyboard.press('Enter');
  await page.locator('dialog .button-danger').waitFor();
  await becomes(() => page.evaluate(() => document.activeElement.textContent), 'Delete', 'the dialog has the focus');
  await page.keyboard.press('Enter');
  await page.locator('#webhooks .empty').waitFor();
});
