//! Engines that only pose as Stata, started through the launcher and the sandbox: each is refused for its own
//! reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::files::LocalWorkspace;
use stata_service::adapters::host::LocalHost;
use stata_service::adapters::ids::SystemIds;
use stata_service::domain::attestation::Refusal;
use stata_service::domain::run_outcome::RunLimits;
use stata_service::ports::runner::{SandboxMode, SandboxSpec};
use stata_service::service::operations::attest_engine::{AttestEngine, Deps};

use crate::support::runs::{SERVICE, fakes, interpreters, runner};

fn attest(root: &Path, command: Vec<String>) -> Refusal {
    let mut read = interpreters();
    read.push(Path::new(SERVICE).parent().expect("a folder").to_owned());
    let engine = AttestEngine::new(Deps {
        runner: Arc::new(runner()),
        ids: Arc::new(SystemIds),
        clock: Arc::new(SystemClock),
        host: Arc::new(LocalHost),
        workspace: Arc::new(LocalWorkspace::new(root.to_owned())),
        scratch_dir: root.to_owned(),
        command,
        limits: RunLimits { grace_ms: 200, ..RunLimits::default() },
        sandbox: SandboxSpec { mode: SandboxMode::Enforce, read },
        timezone: "UTC".into(),
    });
    engine.execute(0).expect_err("no Stata is here")
}

fn posing(root: &Path, kind: &str) -> Refusal {
    let script = fakes().join("posing.sh").display().to_string();
    attest(root, vec![script, kind.to_owned(), SERVICE.to_owned()])
}

#[test]
fn every_kind_of_fake_is_refused_for_its_own_reason() {
    let dir = tempfile::tempdir().expect("a directory");
    let expected = BTreeMap::from([
        ("silent", "no_log"),
        ("banner", "no_evidence"),
        ("echo", "no_evidence"),
        ("canned", "hash"),
        ("replayed", "replayed"),
        ("hash_only", "hash"),
        ("no_mata", "no_mata"),
        ("cut", "incomplete"),
        ("licence", "licence"),
        ("crash", "not_ended"),
        ("status", "not_ended"),
        ("open", "open_engine"),
        ("open_renamed", "no_mata"),
    ]);
    let found: BTreeMap<&str, &str> =
        expected.keys().map(|kind| (*kind, posing(dir.path(), kind).id())).collect();
    assert_eq!(found, expected);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0, "probes leave nothing");
}

#[test]
fn programs_that_cannot_be_started_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    for command in [vec!["/no/such/stata".to_owned()], vec![], vec!["/etc/passwd".to_owned()]] {
        assert_eq!(attest(dir.path(), command.clone()).id(), "not_started", "{command:?}");
    }
    // a program of the system ends at once and says nothing of a probe
    let found = attest(dir.path(), vec!["/bin/true".to_owned()]);
    assert_eq!(found.id(), "no_log");
}
