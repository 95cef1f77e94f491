// Validates resources of External Secrets, a JSON list on standard input, against the schemas of their CRDs.
// Usage: node crds.mjs NODE_MODULES. Prints each violation with its place and ends with 1 if there is one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];

let bad = 0;
for (const { place, resource } of JSON.parse(readFileSync(0, "utf8"))) {
  const [group, version] = resource.apiVersion.split("/");
  try {
    const kinds = await import(pathToFileURL(join(modules, "@kubernetes-models/external-secrets", group, version, "index.js")));
    if (!(resource.kind in kinds)) throw new Error(`${resource.apiVersion} has no ${resource.kind}`);
    new kinds[resource.kind](resource).validate();
  } catch (error) {
    bad += 1;
    console.log(`${place}: ${error.message}`);
  }
}
process.exit(bad > 0 ? 1 : 0);
