// Validates custom resources (a JSON list on standard input) against the schemas of their CRDs.
// Usage: node crds.cjs NODE_MODULES; exits with 1 and the reasons when one is not valid.
const path = require("node:path");
const modules = path.resolve(process.argv[2]);
const packages = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "external-secrets.io": "@kubernetes-models/external-secrets",
  "postgresql.cnpg.io": "@kubernetes-models/cloudnative-pg",
};

function model(resource) {
  const [group, version] = resource.apiVersion.split("/");
  return require(path.join(modules, packages[group], group, version, resource.kind))[resource.kind];
}

function invalid(resource) {
  try {
    new (model(resource))(resource).validate();
    return null;
  } catch (error) {
    return `${resource.kind} ${resource.metadata.name}: ${error.message}`;
  }
}

const resources = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const reasons = resources.map(invalid).filter(Boolean);
const unnoticed = resources.filter((r) => !invalid({ ...r, spec: 7 }));
for (const resource of unnoticed) reasons.push(`the schema of ${resource.kind} takes anything`);
if (reasons.length > 0) {
  console.error(reasons.join("\n"));
  process.exit(1);
}
console.log([...new Set(resources.map((r) => r.kind))].join(", "));
