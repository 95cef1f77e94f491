// Analyses of six families with the sample data of their templates: draft, plan and results, on a screen in English and on
// a phone in Chinese.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { openJob, suite } from './harness.mjs';

const spec = suite('analyses');
const META = new URL('../../../assets/stata_do_library/meta/', import.meta.url);

for (const id of ['linear.ols_robust', 'panel.fe', 'did.event_study', 'survival.cox', 'iv.tsls', 'survey.regress']) {
  for (const [lang, scheme, width] of [['en', 'light', 1280], ['zh', 'dark', 360]]) {
    spec(`${id} in ${lang}, ${scheme}, ${width} pixels`, { lang, scheme, width }, async ({ page, service, accessible, narrow, shot }) => {
      const meta = JSON.parse(await readFile(new URL(`${id}.meta.json`, META), 'utf8'));
      const { file, parameters } = meta.sample_data;
      const job = await service.job('drafted', { file: file.replace('datasets/', ''), requirement: meta.selection.questions[0], draft: { template_id: id, parameters } });
      const name = `${id}-${lang}`;
      await openJob(page, service, job, 'draft');
      await page.locator('#to-plan:enabled').waitFor();
      assert.equal(await page.locator('.status-card .open-list').count(), 0, 'the sample data leave nothing open');
      await accessible('the draft');
      await narrow();
      await shot(`draft-${name}`);
      await page.locator('#to-plan').click();
      await page.locator('#freeze:not([disabled])').waitFor();
      assert.equal(await page.locator('.check-list .badge-fail').count(), 0, 'no check of the rows fails');
      await accessible('the plan');
      await narrow();
      await shot(`plan-${name}`);
      await page.locator('#freeze').click();
      await page.locator('dialog #freeze-run').click();
      await page.locator('#see-results').click();
      await page.locator('table').first().waitFor();
      await page.locator('.findings li').first().waitFor();
      await accessible('the results');
      await narrow();
      await shot(`results-${name}`);
      const own = page.locator('main').getByText(/undefined|NaN|\[object|\{[a-z_]+\}/);
      assert.equal(await own.count(), 0, `a text without its value: ${await own.allTextContents()}`);
    });
  }
}
