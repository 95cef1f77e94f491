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

spec('a page that changes while it is looked at is judged as it is then', {}, async ({ page, service, accessible }) => {
  await open(page, service);
  await accessible('the start');
  /** For the next look, the way a view is drawn again: an element that stays comes into a new card. */
  const redrawn = () => page.evaluate(() => {
    const { axe } = globalThis;
    const { run } = axe;
    const stays = Object.assign(document.createElement('p'), { textContent: 'so far' });
    const draw = () => {
      const card = document.createElement('section');
      card.append(stays);
      document.querySelector('main').querySelector(':scope > section.redrawn')?.remove();
      card.className = 'redrawn';
      document.querySelector('main').append(card, Object.assign(document.createElement('section'), { className: 'redrawn other' }));
    };
    draw();
    axe.run = (...args) => {
      axe.run = run;
      const look = run.apply(axe, args);
      draw();
      return look;
    };
  });
  await redrawn();
  await accessible('a page drawn again');
  await page.evaluate(() => document.querySelector('main').append(document.createElement('img')));
  await redrawn();
  await assert.rejects(accessible('a page drawn again with a fault'), /image-alt/);
});
