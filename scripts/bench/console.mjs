// The first page of the console on a simulated line: from the request to the form that a person can fill in, without
// a cache. Chromium delays and slows each request as its own tools do ("3G": 150 ms, 1.6 Mbit/s down, 0.75 up).
// Run by performance/run; appends rows to the file that BENCH_REPORT names.

import { appendFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Service } from '../checks/browser/service.mjs';

const { chromium } = createRequire(join(process.env.SS_BROWSER_TOOLS, 'node_modules/'))('playwright-core');
const AIM = 1500;
const LINES = [
  { name: 'as fast as the machine' },
  { name: '3G (150 ms, 1.6 Mbit/s)', aim: AIM, limits: { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 } },
];
const REPEATS = process.env.BENCH_QUICK === '1' ? 3 : 9;

async function once(browser, service, limits) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const tools = await context.newCDPSession(page);
  await tools.send('Network.enable');
  if (limits) await tools.send('Network.emulateNetworkConditions', limits);
  let bytes = 0;
  tools.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength; });
  const began = performance.now();
  await page.goto(`${service.base}/v1/console`, { waitUntil: 'commit' });
  await page.locator('#begin').waitFor();
  const taken = performance.now() - began;
  await context.close();
  return { taken, bytes };
}

const service = await Service.start();
const browser = await chromium.launch({ executablePath: process.env.SS_BROWSER_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
try {
  await once(browser, service);
  for (const { name, aim, limits } of LINES) {
    const runs = [];
    for (let i = 0; i < REPEATS; i += 1) runs.push(await once(browser, service, limits));
    runs.sort((a, b) => a.taken - b.taken);
    const middle = runs[Math.floor(REPEATS / 2)];
    const judged = aim ? `≤ ${aim} ms: ${middle.taken <= aim ? 'met' : '**missed**'}` : '';
    const row = `| first page of the console, ${name} | median ${middle.taken.toFixed(0)} ms, longest ${runs.at(-1).taken.toFixed(0)} ms, ${(middle.bytes / 1000).toFixed(0)} kB |  |  | ${judged} |`;
    console.log(row);
    if (process.env.BENCH_REPORT) await appendFile(process.env.BENCH_REPORT, `${row}\n`);
  }
} finally {
  await browser.close();
  await service.close();
}
