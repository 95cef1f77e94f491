// The journey where a language model proposes the analysis: the simulator beside the service answers from a script.

import assert from 'node:assert/strict';

import { open, suite } from './harness.mjs';
import { script, simulated } from './simulator.mjs';

const DRAFT = {
  draft_text: 'Regress log_pay on schooling, holding years_work constant; an association, not an effect.',
  question_kinds: ['effect'],
  roles: [{ role: 'outcome_var', columns: ['log_pay'] }, { role: 'regressors', columns: ['schooling', 'schooling_sq', 'years_work'] }],
  categorical_vars: [],
  interaction_terms: [],
  derived_variables: [{ name: 'schooling_sq', expression: 'schooling ^ 2', label: null }],
  sample_if: 'age >= 20',
  open_unknowns: [{ field: 'cluster_var', description: 'are errors correlated within firms?', impact: 'standard errors', candidates: ['firm_id'] }],
  confidence: 0.8,
};
const CHOICE = {
  template_id: 'linear.ols_robust', rationale: 'A numeric outcome and several factors.', evidence: ['log_pay is numeric'],
  roles: DRAFT.roles, parameters: [],
};

const toml = `seed = 7\n${script('You choose the analysis template', JSON.stringify(CHOICE))}${script('state an empirical analysis', JSON.stringify(DRAFT))}`;
const spec = suite('model', await simulated(toml));
const credentials = (job) => ({ 'ss.console.jobs': JSON.stringify([{ id: job.job_id, token: job.token }]) });

spec('its proposal is shown with what it is unsure of, and the person decides', {}, async ({ page, service, accessible, shot }) => {
  const job = await service.job('uploaded');
  await open(page, service, `#/job/${job.job_id}/draft`, credentials(job));
  await page.getByText('Proposed by a language model').waitFor();
  await page.getByText(DRAFT.draft_text).waitFor();
  assert.equal(await page.locator('#p-outcome').inputValue(), 'log_pay');
  assert.equal(await page.locator('#sample-if').inputValue(), 'age >= 20');
  await page.getByText('are errors correlated within firms?').waitFor();
  await accessible('a proposal');
  await shot('proposal');
  await page.getByRole('button', { name: 'Take firm_id' }).click();
  await page.locator('#p-cluster_vars:has(option:checked[value=firm_id])').waitFor({ state: 'attached' });
  await page.locator('.save-state .badge-ok').waitFor();
});

spec('nothing is shown to it where the person says so', {}, async ({ page, service }) => {
  await open(page, service);
  await page.locator('#code').fill(await service.code());
  await page.locator('#question').fill('What goes with higher pay?');
  await page.locator('#sharing').selectOption('none');
  await page.locator('#begin').click();
  await page.locator('#file-input').setInputFiles(new URL('../../../assets/stata_do_library/datasets/pay.csv', import.meta.url).pathname);
  await page.locator('#next').click();
  await page.locator('#p-outcome').waitFor();
  assert.equal(await page.getByText('Proposed by a language model').count(), 0);
});
