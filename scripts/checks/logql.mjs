// Parses LogQL queries, a JSON list on standard input, with Grafana's grammar; prints those with an error and ends with 1.
// Usage: node logql.mjs NODE_MODULES
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { parser } = await import(pathToFileURL(`${process.argv[2]}/@grafana/lezer-logql/index.es.js`));
const bad = JSON.parse(readFileSync(0, "utf8")).filter((query) => {
  let wrong = false;
  parser.parse(query).iterate({ enter: (node) => { wrong ||= node.type.isError; } });
  return wrong;
});
for (const query of bad) console.log(`not LogQL: ${query}`);
process.exit(bad.length > 0 ? 1 : 0);
