// Markup in every field that is stored: it is shown as text on every page, makes no element and runs nothing. The guards
// of a spec fail it where an image of the markup is asked for, or a script breaks the content policy.

import assert from 'node:assert/strict';

import { becomes, openJob, openOperator, suite } from './harness.mjs';
import { ADMIN_KEY } from './service.mjs';

const spec = suite('markup');

/** Markup that would leave an element and a variable behind; `name` says which field it came from. */
const markup = (name) => `of-${name}"'><img class=injected src=/v1/injected-${name} onerror="window.injected=1"><script>window.injected=1</script>`
  + `<a class=injected href="javascript:window.injected=1">${name}</a>`;

/** The page has the text of these fields, and nothing that their markup would have made. */
async function harmless(page, what, fields = []) {
  // the page of a run keeps a stream open
  await (what === 'run' ? page.locator('[data-state=ended]').waitFor() : page.waitForLoadState('networkidle'));
  const shown = () => page.evaluate(() => document.body.innerText + [...document.querySelectorAll('input, textarea')].map((e) => e.value).join('\n'));
  for (const name of fields) await becomes(async () => (await shown()).includes(`of-${name}`), true, `${what}: ${name} is shown as text`);
  const found = await page.evaluate(() => ({
    elements: document.querySelectorAll('.injected, script:not([src])').length,
    ran: typeof globalThis.injected,
    links: [...document.querySelectorAll('[href], [src], [action]')]
      .flatMap((e) => ['href', 'src', 'action'].map((name) => e.getAttribute(name) ?? ''))
      .filter((value) => /^\s*(javascript|vbscript|data:text)/i.test(value)),
  }));
  assert.deepEqual([found.elements, found.ran, found.links], [0, 'undefined', []], `${what}: the markup took effect`);
}

/** A job with markup wherever a client states a text, run to its end. */
async function job(service) {
  const made = await service.call('POST', '/v1/admin/task-codes', { count: 1 });
  const task_code = made.task_codes[0].task_code;
  const redeemed = await service.call('POST', '/v1/task-codes/redeem', { task_code, requirement: markup('requirement') });
  const { job_id, token } = redeemed;
  const call = (method, rest, body) => service.call(method, `/v1/jobs/${job_id}${rest}`, body, token);
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const rows = Array.from({ length: 60 }, (_, i) => `${(i * 7) % 13},${i},${quoted(markup('cell'))}`);
  const csv = `y,x,${quoted(markup('column'))}\n${rows.join('\n')}\n`;
  const form = new FormData();
  form.append('file', new Blob([csv]), `${markup('file').replaceAll('/', '_').replaceAll('"', '')}.csv`);
  form.append('role', 'primary_dataset');
  await call('POST', '/inputs/upload', form);
  await call('PATCH', '', { title: markup('title').slice(0, 200) });
  await call('PUT', '/draft', {
    template_id: 'linear.ols_robust', outcome_var: 'y', roles: { regressors: ['x', 'z'] },
    derived_variables: [{ name: 'z', expression: 'x * x', label: '<img class=injected src=/v1/injected-label>' }],
  });
  await call('POST', '/plan/freeze', { notes: markup('notes') });
  await call('POST', '/run', {});
  assert.equal((await service.runEnded(job_id, token)).status, 'succeeded');
  return { job_id, token };
}

spec('what clients store is text on every step of a job', {}, async ({ page, service }) => {
  const made = await job(service);
  await openJob(page, service, made, 'data');
  await page.getByRole('tab').first().waitFor();
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    await harmless(page, `data, ${await tab.innerText()}`);
  }
  for (const [step, fields] of [
    ['data', ['file', 'column']], ['draft', ['requirement']], ['plan', []], ['run', []], ['results', []], ['downloads', []],
  ]) {
    await openJob(page, service, made, step);
    await harmless(page, step, fields);
  }
});

spec('what clients and operators store is text in the operators\' view', {}, async ({ page, service }) => {
  const made = await job(service);
  await service.call('POST', '/v1/admin/api-keys', { role: 'operator', label: markup('label').slice(0, 100) });
  for (const section of ['', 'jobs', `jobs/${made.job_id}`, 'codes', 'keys', 'tenants', 'audit']) {
    await openOperator(page, service, ADMIN_KEY, section);
    await harmless(page, `operator ${section}`);
  }
});
