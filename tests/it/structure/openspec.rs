//! The requirement packs keep the names of the documents that they come from.

use std::collections::BTreeSet;
use std::path::Path;

const AUDIT: &[&str] = &[
    "phase-1__data-version-upgrade.md",
    "phase-1__jobstore-concurrency-race-protection.md",
    "phase-1__graceful-shutdown.md",
    "phase-1__typing-annotations.md",
    "phase-2__llm-timeout-retry.md",
    "phase-2__api-versioning.md",
    "phase-2__distributed-storage-evaluation.md",
    "scalability__queue-throughput.md",
    "scalability__job-store-sharding.md",
    "scalability__multi-tenant-support.md",
    "ops__metrics-export.md",
    "ops__health-check.md",
    "ops__distributed-tracing.md",
    "ops__audit-logging.md",
];

const PRODUCTION: &[&str] =
    &["R001", "R002", "R010", "R011", "R012", "R013", "R020", "R030", "R040", "R041", "R042", "R043", "R090"];

fn cards(pack: &str) -> BTreeSet<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("openspec/specs").join(pack);
    assert!(dir.join("spec.md").is_file() && dir.join("README.md").is_file(), "{pack}");
    let entries = std::fs::read_dir(dir.join("task_cards")).expect("task cards");
    entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_packs_have_exactly_their_files() {
    assert_eq!(cards("ss-audit-remediation"), AUDIT.iter().map(|f| (*f).to_owned()).collect());
    let production = PRODUCTION.iter().map(|n| format!("round-01-prod-a__PROD-E2E-{n}.md")).collect();
    assert_eq!(cards("ss-production-e2e-audit-remediation"), production);
}
