// Runs spec files, two at a time, and prints one line for each spec, in the form of cargo's tests, so that scenarios
// can name them: `browser::<suite>::<title>`. What a spec may use is in harness.mjs.

import { run } from 'node:test';

const files = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };
const path = (name) => `browser::${name.split(': ').map((part) => part.toLowerCase().replace(/\W+/g, '_')).join('::')}`;

for await (const { type, data } of run({ files, concurrency: 2, timeout: 300_000 })) {
  if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message);
  // what broke after the specs of a file, such as a promise that nobody waits for, is told in words alone
  if (type === 'test:diagnostic' && /error/i.test(data.message)) process.stdout.write(`${data.message}\n`);
  if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
  // a file is a test of its own around its specs; it only counts where it broke by itself
  if (files.some((file) => data.name.endsWith(file)) && type === 'test:pass') continue;
  const seconds = (data.details.duration_ms / 1000).toFixed(1);
  if (data.skip !== undefined) {
    counts.failed += 1;
    process.stdout.write(`test ${path(data.name)} ... SKIPPED\n`);
  } else if (type === 'test:pass') {
    counts.passed += 1;
    process.stdout.write(`test ${path(data.name)} (${seconds} s) ... ok\n`);
  } else {
    counts.failed += 1;
    const error = data.details.error;
    const cause = error?.cause ?? error;
    process.stdout.write(`test ${path(data.name)} (${seconds} s) ... FAILED\n${cause?.stack ?? cause}\n`);
  }
}
process.stdout.write(`browser: ${counts.passed} specs passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
