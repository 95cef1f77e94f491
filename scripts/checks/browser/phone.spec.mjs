// Every view of an analysis and of its operator on a phone: nothing scrolls sideways but tables of values, and nothing that is
// to be pressed is cut off. Pictures are kept where SS_SCREENSHOTS names a folder.

import assert from 'node:assert/strict';

import { open, openJob, openOperator, suite } from './harness.mjs';

const spec = suite('phone', { SS_RUN__TIMEOUT_SECONDS: '60', SS_TRIAL__ENABLED: 'true' });

const DRAFT = { template_id: 'linear.ols_robust', outcome_var: 'log_pay', categorical_vars: ['region'],
  roles: { regressors: ['schooling', 'years_work'], controls: ['female', 'region'] }, sample_if: 'age >= 25 & age < 66 & female == 1',
  derived_variables: [{ name: 'experience_squared', expression: 'years_work ^ 2' }] };
const STEPS = { uploaded: ['data', 'draft'], drafted: ['draft', 'plan', 'batches'], frozen: ['plan', 'run'], ended: ['plan', 'run', 'results', 'downloads', 'compare', 'batches'] };
const SECTIONS = ['', 'jobs', 'codes', 'keys', 'tenants', 'audit', 'webhooks'];

for (const width of [390, 360]) {
  for (const lang of ['en', 'zh']) {
    spec(`every view fits ${width} px, ${lang}`, { lang, width }, async ({ page, service, narrow, shot }) => {
      const still = async (name) => {
        await page.waitForFunction(() => !document.querySelector('.loading'));
        await page.waitForTimeout(300);
        await shot(`${width}-${lang}-${name}`);
        await narrow();
      };
      await open(page, service);
      await still('start');
      for (const [upTo, steps] of Object.entries(STEPS)) {
        const job = await service.job(upTo, { draft: DRAFT });
        for (const step of steps) {
          await openJob(page, service, job, step);
          await still(`${upTo}-${step}`);
        }
      }
      const key = await service.key('admin');
      for (const section of SECTIONS) {
        await openOperator(page, service, key, section);
        await still(`operator-${section || 'status'}`);
        const seen = await page.locator('nav [aria-current]').boundingBox();
        assert.ok(seen.x >= 0 && seen.x + seen.width <= width, `the section ${section} is seen in its row: ${JSON.stringify(seen)}`);
      }
    });
  }
}
