// What a spec uses: one service and one browser for a file, a fresh context for each spec, and guards that fail it
// on any console error, page error, breach of the content policy, failed request or request to another host.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { Service } from './service.mjs';

const tools = createRequire(join(process.env.SS_BROWSER_TOOLS, 'node_modules/'));
const { chromium, firefox } = tools('playwright-core');
const AXE = await readFile(tools.resolve('axe-core/axe.min.js'), 'utf8');

/** Debian's Firefox instead of Chromium, where the run names it. */
const FIREFOX = process.env.SS_BROWSER_FIREFOX;

/** Longest wait for anything on a page, in milliseconds. */
const PATIENCE = 60_000;

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
  + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/**
 * Declares the specs of a file. Returns `spec(name, options, body)`:
 * `options.lang` (`en`), `options.scheme` (`light`), `options.width` (1280), `options.height` (800), `options.chromium`: it needs
 * what only Chromium has, and is no spec in Firefox;
 * `body({ page, context, service, expect_refusal, shot, accessible, narrow })`.
 */
export function suite(name, env = {}) {
  const shared = {};
  before(async () => {
    shared.service = await Service.start(env);
    shared.browsers = new Map();
  });
  after(async () => {
    for (const browser of shared.browsers?.values() ?? []) await browser.close();
    await shared.service?.close();
  });
  return (title, options, body) => (FIREFOX && options.chromium) || test(`${name}: ${title}`, async () => {
    const { lang = 'en', scheme = 'light', width = 1280, height = 800 } = options;
    const context = await (await browserFor(shared.browsers, scheme)).newContext({
      locale: lang === 'zh' ? 'zh-CN' : 'en-US',
      timezoneId: 'UTC',
      // in Firefox its settings choose both
      colorScheme: FIREFOX ? null : scheme,
      reducedMotion: FIREFOX ? null : 'reduce',
      viewport: { width, height },
      acceptDownloads: true,
    });
    context.setDefaultTimeout(PATIENCE);
    await fromFolder(context);
    const guard = new Guard(shared.service.base);
    await guard.watch(context);
    const page = await context.newPage();
    const given = {
      page,
      context,
      service: shared.service,
      /** Lets a refusal happen whose status and path match; the spec fails where it did not happen. */
      expect_refusal: (status, path) => guard.allow(status, path),
      /** Lets a refusal happen that depends on the pace of the machine: a pause in typing sends what is not complete yet. */
      accept_refusal: (status, path) => guard.allow(status, path, false),
      /** Lets requests break from here to the call of what it returns: the service is away. */
      expect_outage: () => guard.outage(),
      shot: (what) => shot(page, `${name}-${what}`),
      accessible: (what) => accessible(page, what),
      narrow: () => noSideways(page),
    };
    try {
      await body(given);
      guard.check();
    } catch (error) {
      await shot(page, `failed-${name}-${title.replace(/\W+/g, '-')}`).catch(() => {});
      error.message += guard.told();
      error.stack += guard.told();
      throw error;
    } finally {
      // a request that a spec looks at may still be on its way: its handler breaks with the page, which is no failure
      await Promise.all([context, ...context.pages()].map((routed) => routed.unrouteAll({ behavior: 'ignoreErrors' })));
      await context.close();
    }
  });
}

/** The browser for a colour scheme; Chromium is one for both. */
async function browserFor(open, scheme) {
  const key = FIREFOX ? scheme : 'both';
  if (!open.has(key)) open.set(key, await (FIREFOX ? launchFirefox(scheme) : launchChromium()));
  return open.get(key);
}

const launchChromium = () => chromium.launch({ executablePath: process.env.SS_BROWSER_CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
const launchFirefox = (scheme) => firefox.launch({
  channel: 'moz-firefox', executablePath: FIREFOX, firefoxUserPrefs: { 'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1, 'ui.prefersReducedMotion': 1 },
});

/** Opens a place of the console (`#/…`) and waits until its heading is there; `kept` goes into the tab's storage before. */
export async function open(page, service, place = '#/', kept = {}) {
  if (Object.keys(kept).length > 0) {
    await page.goto(`${service.base}/v1/console/icon.svg`);
    await page.evaluate((entries) => {
      for (const [key, value] of Object.entries(entries)) sessionStorage.setItem(key, typeof value === 'string' ? value : JSON.stringify(value));
    }, kept);
  }
  // another place of the same page: Firefox tells of no load
  if (FIREFOX && page.url().startsWith(`${service.base}/v1/console#`)) await page.evaluate((hash) => { location.hash = hash; }, place);
  else await page.goto(`${service.base}/v1/console${place}`);
  await page.locator('h1').first().waitFor();
}

/** Opens a step of a job, with its token as if the code had been redeemed in this tab. */
export const openJob = (page, service, job, step) => open(page, service, `#/job/${job.job_id}/${step}`, {
  'ss.console.jobs': [{ id: job.job_id, token: job.token }],
});

/** Opens the operators' view with a key. */
export const openOperator = (page, service, key, section = '') => open(page, service, `#/operator${section && `/${section}`}`, { 'ss.console.operator': { key } });

class Guard {
  constructor(base) {
    this.base = base;
    this.found = [];
    this.allowed = [];
    this.away = false;
  }

  /** Every page of the context, also those that a spec opens. */
  async watch(context) {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => {
        console.error(`content policy: ${e.violatedDirective} ${e.blockedURI}`);
      });
    });
    context.on('page', (page) => this.#listen(page));
  }

  #listen(page) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      // the browser remarks every refused request; those are judged by their answer, below
      if (message.text().startsWith('Failed to load resource')) return;
      if (this.away) return;
      this.found.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.found.push(`page error: ${error.stack ?? error}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${this.base}/`) && !/^(blob|data|about):/.test(url)) {
        this.found.push(`request to another host: ${url}`);
      }
    });
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? '';
      // a stream or a request that the page itself gave up
      if (reason === 'net::ERR_ABORTED' || reason === 'NS_BINDING_ABORTED' || this.away) return;
      this.found.push(`failed request: ${request.method()} ${request.url()} ${reason}`);
    });
    page.on('response', (response) => {
      const status = response.status();
      if (status < 400) return;
      const path = response.url().slice(this.base.length);
      const match = this.allowed.find((a) => a.status === status && a.path.test(path));
      if (match) match.seen += 1;
      else if (!this.away) this.found.push(`refused: ${response.request().method()} ${path} ${status}`);
    });
  }

  allow(status, path, needed = true) {
    this.allowed.push({ status, path, needed, seen: 0 });
  }

  outage() {
    this.away = true;
    return () => (this.away = false);
  }

  check() {
    assert.deepEqual(this.found, [], 'the page had errors');
    for (const { status, path, needed, seen } of this.allowed) {
      assert.ok(seen > 0 || !needed, `no answer ${status} for ${path}, which the spec said it would see`);
    }
  }

  told() {
    return this.found.length ? `\n  the page told: ${this.found.join('\n  ')}` : '';
  }
}

/** While the console is written: its files from a folder, with the policy of the service. */
async function fromFolder(context) {
  const folder = process.env.SS_CONSOLE_DIR;
  if (!folder) return;
  await context.route(/\/v1\/console(\/|$|\?|#)/, async (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^.*\/v1\/console\/?/, '') || 'index.html';
    const body = await readFile(join(folder, path)).catch(() => null);
    if (!body) return route.fulfill({ status: 404, body: 'absent' });
    const contentType = `${TYPES[extname(path)] ?? 'application/octet-stream'}; charset=utf-8`;
    return route.fulfill({ body, contentType, headers: { 'content-security-policy': POLICY } });
  });
}

/** A picture of the whole page, where SS_SCREENSHOTS names a folder. */
async function shot(page, name) {
  const folder = process.env.SS_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** No violation of WCAG 2 A and AA on the page once it is loaded (axe-core), nor of its contrast in the other scheme. */
async function accessible(page, what) {
  await page.waitForFunction(() => !document.querySelector('.loading'));
  if (!(await page.evaluate('typeof window.axe === "object"'))) await page.evaluate(AXE);
  const violations = await lookedAt(page, { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
  assert.deepEqual(violations, [], `${what} is accessible`);
  // the same page in the other colour scheme: only colours differ, and Firefox shows no other one
  if (FIREFOX) return;
  const scheme = await page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
  await page.emulateMedia({ colorScheme: scheme === 'dark' ? 'light' : 'dark' });
  const contrast = await lookedAt(page, { type: 'rule', values: ['color-contrast'] });
  await page.emulateMedia({ colorScheme: scheme });
  assert.deepEqual(contrast, [], `${what} has contrast in the other colour scheme`);
}

/**
 * What axe finds by some of its rules. It records the nodes of a page and judges them over several tasks, and throws at a node
 * that came in between: it begins when the page was still for a moment, and again where it threw and the page had changed.
 */
function lookedAt(page, runOnly) {
  return page.evaluate(async (rules) => {
    const still = (ms, most) => new Promise((resolve) => {
      let timer = null;
      const watch = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(end, ms); });
      const limit = setTimeout(() => end(), most);
      function end() { watch.disconnect(); clearTimeout(limit); clearTimeout(timer); resolve(); }
      watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      timer = setTimeout(end, ms);
    });
    for (let left = 10; ; left -= 1) {
      await still(200, 3000);
      let changed = false;
      const watch = new MutationObserver(() => { changed = true; });
      watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      try {
        const found = await globalThis.axe.run(document, { runOnly: rules });
        return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
      } catch (error) {
        if (!changed || left === 0) throw error;
      } finally {
        watch.disconnect();
      }
    }
  }, runOnly);
}

/** Waits until `read()` gives `wanted`: a page draws what it was asked for some time later. */
export async function becomes(read, wanted, what) {
  for (const until = Date.now() + PATIENCE; ; await sleep(50)) {
    const now = await read();
    if (isDeepStrictEqual(now, wanted)) return;
    if (Date.now() > until) assert.deepEqual(now, wanted, what);
  }
}

/** Waits until the address of the page matches `pattern`. */
export const arrived = (page, pattern) => becomes(
  async () => pattern.test(await page.evaluate(() => location.href)), true, `the address matches ${pattern}`);

/**
 * Does `act` and returns the file that the page then saves: `{ name, bytes }`. By WebDriver BiDi Firefox reports no file that
 * a page made itself; there the file is what the page handed to the browser, or what is at the address that it handed over.
 */
export async function saved(page, act) {
  if (!FIREFOX) {
    const [file] = await Promise.all([page.waitForEvent('download'), act()]);
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }
  await page.evaluate(() => {
    window.handedOver = new Promise((resolve) => {
      const blobs = new Map();
      const make = URL.createObjectURL;
      URL.createObjectURL = (blob) => { const href = make.call(URL, blob); blobs.set(href, blob); return href; };
      document.addEventListener('click', (e) => {
        const link = e.target.closest?.('a[download]');
        if (!link || (link.protocol === 'blob:' && !blobs.has(link.href))) return;
        // its panel of downloads would take the focus
        e.preventDefault();
        URL.createObjectURL = make;
        const reader = new FileReader();
        reader.onload = () => resolve({ name: link.download, url: reader.result });
        // an address of the service stands for the file that the browser would fetch itself
        Promise.resolve(blobs.get(link.href) ?? fetch(link.href).then((answer) => answer.blob())).then((blob) => reader.readAsDataURL(blob));
      }, true);
    });
  });
  await act();
  const { name, url } = await page.evaluate(() => window.handedOver);
  return { name, bytes: Buffer.from(url.slice(url.indexOf(',') + 1), 'base64') };
}

/**
 * Chooses an option of a select by its first letters, after `reach()` brought the focus there. On a busy machine the pause
 * between two letters can end the browser's search in the list: a person types again.
 */
export async function chooseByLetters(page, id, letters, value, reach) {
  const chosen = () => page.waitForFunction(
    ([select, wanted]) => document.getElementById(select).value === wanted && document.activeElement.id === select, [id, value], { timeout: 10_000 });
  for (let left = 3; ; left -= 1) {
    await reach();
    await page.keyboard.type(letters, { delay: 40 });
    if (await chosen().then(() => true, () => false)) return;
    assert.ok(left > 0, `letters choose ${value}`);
  }
}

/** Nothing is wider than the window, no control is wider than its card, and none of a table is cut off. */
async function noSideways(page) {
  const outside = await page.evaluate(() => [...document.querySelectorAll('.card :is(input, select, textarea, button)')].filter((e) => {
    const [box, card] = [e.getBoundingClientRect(), e.closest('.card').getBoundingClientRect()];
    return box.width > 1 && box.right > card.right + 1 && !e.closest('.table-scroll');
  }).map((e) => `${e.tagName}#${e.id} ${e.textContent.slice(0, 30)}`));
  assert.deepEqual(outside, [], 'controls stand outside of their card');
  // a table of values may scroll; what is to be pressed must be seen without that
  const hidden = await page.evaluate(() => [...document.querySelectorAll('.table-scroll tbody :is(a, input, select, textarea, button)')].filter((e) => {
    const [box, room] = [e.getBoundingClientRect(), e.closest('.table-scroll').getBoundingClientRect()];
    return box.width > 1 && box.right > room.right + 1;
  }).map((e) => `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent.slice(0, 30)}`));
  assert.deepEqual(hidden, [], 'controls of a table are cut off');
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const beyond = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > room + 1);
    return beyond.slice(0, 5).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`);
  });
  assert.deepEqual(wide, [], 'the page scrolls sideways');
}

/**
 * Presses Tab (or Shift+Tab) until the focus is on what `wanted` describes: a CSS selector (`#id`, `.class`, `dialog …`),
 * or a part of the accessible name or text. Fails with the path that it took.
 */
export async function tabTo(page, wanted, { backwards = false, most = 160 } = {}) {
  const css = typeof wanted === 'string' && /^([#.[]|dialog )/.test(wanted) ? wanted : null;
  const path = [];
  let back = backwards;
  for (let pressed = 0; pressed < most; pressed += 1) {
    const at = await page.evaluate((selector) => {
      const e = document.activeElement;
      if (!e || e === document.body) return { name: '', matches: false };
      const by = (e.getAttribute('aria-labelledby') ?? '').split(/\s+/).map((id) => document.getElementById(id)?.innerText);
      const label = e.labels?.length ? [...e.labels].map((l) => l.innerText).join(' ') : '';
      const name = [e.getAttribute('aria-label'), ...by, label, e.innerText, e.id].filter(Boolean).join(' ');
      return { name: `${e.tagName.toLowerCase()} ${name}`.replace(/\s+/g, ' ').trim().slice(0, 80), matches: selector !== null && e.matches(selector) };
    }, css);
    path.push(at.name);
    const found = css ? at.matches : wanted instanceof RegExp ? wanted.test(at.name) : at.name.includes(wanted);
    if (at.name && found) return at.name;
    if (FIREFOX && await page.evaluate(isOutermost, back)) back = !back;
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
  }
  throw new assert.AssertionError({ message: `the keyboard does not reach ${wanted}; it passed ${[...new Set(path)].join(' > ')}` });
}

/**
 * Runs in the page. True where the next step of Tab, or of Shift+Tab, leaves the page for the toolbar of the browser. Firefox
 * does not come back from there by WebDriver BiDi: the page gets keys and no focus, and Enter presses no button.
 */
function isOutermost(back) {
  const within = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
  const controls = [...within.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter((e) => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }));
  return document.activeElement === controls.at(back ? 0 : -1);
}
