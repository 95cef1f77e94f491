// The page opens without errors, is accessible, and stays within a narrow window.

import assert from 'node:assert/strict';

import { open, suite } from './harness.mjs';

const spec = suite('smoke');

for (const lang of ['en', 'zh']) {
  for (const scheme of ['light', 'dark']) {
    spec(`the start opens in ${lang}, ${scheme}`, { lang, scheme }, async ({ page, service, accessible, shot }) => {
      await open(page, service);
      assert.equal(await page.evaluate(() => document.documentElement.lang.slice(0, 2)), lang);
      assert.equal(await page.locator('h1').count(), 1);
      await accessible(`the start in ${lang}, ${scheme}`);
      await shot(`start-${lang}-${scheme}`);
    });
  }
}

spec('the start fits 390 px', { width: 390 }, async ({ page, service, narrow, shot }) => {
  await open(page, service);
  await narrow();
  await shot('start-390');
});
