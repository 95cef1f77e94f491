// The page of the interface: every operation is listed, a credential is taken, a request is tried out, also below a
// prefix of a proxy. The guards of the harness watch for errors, breaches of the policy and other hosts.

import assert from 'node:assert/strict';

import { becomes, suite } from './harness.mjs';

const spec = suite('docs', {});

async function loaded(page, address) {
  await page.goto(address);
  await page.locator('.opblock-tag-section').first().waitFor();
}

/** Enters a bearer credential for a scheme of the dialog. */
async function authorize(page, scheme, credential) {
  await page.locator('.scheme-container .btn.authorize, .auth-wrapper .btn.authorize').first().click();
  const form = page.locator('.modal-ux .auth-container').filter({ hasText: scheme });
  await form.locator('input').first().fill(credential);
  await form.locator('button.authorize').click();
  await form.getByText('Authorized').waitFor();
  await form.locator('button.btn-done').click();
}

/** Tries an operation out and returns the status and the body that the page shows. */
async function tried(page, tag, id, fields) {
  const block = page.locator(`#operations-${tag}-${id}`);
  await block.locator('.opblock-summary-control').click();
  for (const [name, value] of Object.entries(fields)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  await block.locator('button.execute').click();
  const answer = block.locator('.live-responses-table tr.response');
  await answer.waitFor();
  return {
    status: (await answer.locator('.response-col_status').innerText()).split('\n')[0].trim(),
    body: await answer.locator('.microlight, .highlight-code').first().innerText(),
  };
}

spec('every operation is there and a job is read with its token', {}, async ({ page, service, shot }) => {
  const job = await service.job('redeemed');
  const document = await (await fetch(`${service.base}/v1/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item)).length;
  await loaded(page, `${service.base}/v1/docs`);
  await becomes(() => page.locator('.opblock').count(), operations, 'every operation is there');
  await shot('page');
  await authorize(page, 'job_token', job.token);
  const { status, body } = await tried(page, 'jobs', 'get_job', { job_id: job.job_id });
  assert.equal(status, '200');
  assert.ok(body.includes(job.job_id) && body.includes('inputs_missing') === false, body.slice(0, 200));
  await shot('tried');
});

// Firefox does not take a script of this size from a spec
spec('below a prefix, with a key', { chromium: true }, async ({ page, service }) => {
  const prefix = `${service.base}/somewhere/else`;
  const asked = [];
  // a proxy that takes the prefix off
  await page.route(`${prefix}/**`, async (route) => {
    const url = route.request().url().replace('/somewhere/else', '');
    asked.push(new URL(url).pathname);
    await route.fulfill({ response: await route.fetch({ url }) });
  });
  await loaded(page, `${prefix}/v1/docs`);
  await authorize(page, 'api_key', await service.key('viewer'));
  const { status } = await tried(page, 'jobs', 'list_jobs', { limit: '1' });
  assert.equal(status, '200');
  assert.ok(asked.includes('/v1/openapi.json') && asked.includes('/v1/jobs'), asked.join(' '));
});

spec('a request without a credential shows its refusal', {}, async ({ page, service, expect_refusal }) => {
  expect_refusal(401, /\/v1\/jobs$/);
  await loaded(page, `${service.base}/v1/docs`);
  const { status, body } = await tried(page, 'jobs', 'list_jobs', {});
  assert.equal(status, '401');
  assert.ok(body.includes('AUTH_BEARER_TOKEN_MISSING'), body.slice(0, 200));
});
