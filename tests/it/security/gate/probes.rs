//! Rules that look at the host: each is violated by a host that differs in one fact from a sound one.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use stata_service::adapters::files::LocalWorkspace;
use stata_service::adapters::ids::SystemIds;
use stata_service::domain::gate::{Finding, Kind, Rule, Violation};
use stata_service::domain::outgoing_address::{Address, AddressPolicy};
use stata_service::domain::run_outcome::{Outcome, RunLimits};
use stata_service::ports::blob_store::Trial;
use stata_service::ports::clock::Clock;
use stata_service::ports::host::{Confinement, Durability, FileSystem, Host, JudgedAddress, ProgramIdentity};
use stata_service::ports::runner::{Adopted, RunHandle, RunSpec, Runner, SandboxMode, SandboxSpec};
use stata_service::service::operations::attest_engine::{AttestEngine, Deps};
use stata_service::service::operations::check_gate::{CheckGate, GateOptions};
use stata_service::service::operations::gate::Gate;
use stata_service::service::operations::gate_served::Served;
use stata_service::service::shared::space::DiskLow;

use crate::support::memory_blobs::MemoryBlobs;
use crate::support::memory_store::MemoryStore;

/// A host as a test states it.
#[derive(Clone)]
struct StatedHost {
    durability: Durability,
    free_bytes: u64,
    /// End of the path of a folder that cannot be written.
    refuses: Option<&'static str>,
    open_secret: bool,
    /// Entries of the data directory that others may read.
    open: Vec<&'static str>,
    /// Addresses of the provider.
    provider: Vec<u32>,
    memory_bytes: Option<u64>,
    open_files: Option<u64>,
    missing: Vec<String>,
    written: Option<DateTime<Utc>>,
    inode: Arc<Mutex<u64>>,
}

impl StatedHost {
    fn sound() -> Self {
        Self {
            durability: Durability::Durable,
            free_bytes: 50 << 30,
            refuses: None,
            open_secret: false,
            open: Vec::new(),
            provider: vec![0x0101_0101],
            memory_bytes: Some(16 << 30),
            open_files: Some(20_000),
            missing: Vec::new(),
            written: Some(noon()),
            inode: Arc::new(Mutex::new(1)),
        }
    }
}

impl Host for StatedHost {
    fn file_system(&self, _: &Path) -> io::Result<FileSystem> {
        let (durability, free_bytes) = (self.durability, self.free_bytes);
        Ok(FileSystem { name: "ext4".into(), durability, free_bytes, total_bytes: 100 << 30 })
    }
    fn try_writing(&self, folder: &Path) -> io::Result<()> {
        match self.refuses {
            Some(end) if folder.ends_with(end) => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            _ => Ok(()),
        }
    }
    fn last_write(&self, _: &Path) -> Option<DateTime<Utc>> {
        self.written
    }
    fn readable_by_all(&self, _: &Path) -> io::Result<bool> {
        Ok(self.open_secret)
    }
    fn open_to_others(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(self.open.iter().map(|name| (*name).to_owned()).collect())
    }
    fn addresses_of(&self, _: &str, policy: &AddressPolicy) -> io::Result<Vec<JudgedAddress>> {
        let judge = |bits: &u32| (format!("{bits:x}"), policy.judge(Address::V4(*bits)));
        Ok(self.provider.iter().map(judge).collect())
    }
    fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }
    fn open_files(&self) -> Option<u64> {
        self.open_files
    }
    fn program(&self, path: &Path) -> io::Result<ProgramIdentity> {
        let inode = *self.inode.lock().expect("one thread");
        Ok(ProgramIdentity { path: path.to_owned(), device: 1, inode, size_bytes: 1, changed_ns: 0 })
    }
    fn confinement(&self) -> Confinement {
        Confinement { containment: "cgroup".into(), missing: self.missing.clone(), lacking: Vec::new() }
    }
}

/// A clock that a test moves.
#[derive(Clone)]
struct MovedClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("one thread")
    }
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).single().expect("a time")
}

/// Counts what is started; the engine it stands for answers nothing.
#[derive(Clone, Default)]
struct CountingRunner(Arc<Mutex<u32>>);

struct Done(Outcome);

impl RunHandle for Done {
    fn wait_with(&self, _: Duration, _: &mut dyn FnMut() -> Duration) -> Outcome {
        self.0.clone()
    }
    fn cancel(&self) {}
    fn stop_for_host(&self) {}
}

impl Runner for CountingRunner {
    fn start(&self, spec: RunSpec) -> io::Result<Arc<dyn RunHandle>> {
        *self.0.lock().expect("one thread") += 1;
        let ended = stata_service::domain::run_outcome::Ended::Exited { status: 0 };
        Ok(Arc::new(Done(Outcome::unstarted(&spec.run_id, ended))))
    }
    fn adopt(&self, run_id: &str, _: &Path) -> io::Result<Adopted> {
        Ok(Adopted::Ended(Outcome::lost(run_id, "none")))
    }
    fn end(&self, run_id: &str, _: &Path) -> Outcome {
        Outcome::lost(run_id, "none")
    }
}

struct Bed {
    dir: tempfile::TempDir,
    clock: MovedClock,
    runner: CountingRunner,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("audit")).expect("a folder");
        std::fs::create_dir_all(dir.path().join("scratch")).expect("a folder");
        Self { dir, clock: MovedClock(Arc::new(Mutex::new(noon()))), runner: CountingRunner::default() }
    }

    fn check(&self, host: StatedHost, options: GateOptions) -> CheckGate {
        self.check_served(host, options, None)
    }

    fn check_served(&self, host: StatedHost, options: GateOptions, served: Option<Served>) -> CheckGate {
        let host = Arc::new(host);
        let engine = AttestEngine::new(Deps {
            runner: Arc::new(self.runner.clone()),
            ids: Arc::new(SystemIds),
            clock: Arc::new(self.clock.clone()),
            host: Arc::clone(&host) as _,
            workspace: Arc::new(LocalWorkspace::new(self.dir.path().to_owned())),
            scratch_dir: self.dir.path().join("scratch"),
            command: vec!["/usr/local/stata/stata-mp".into()],
            limits: RunLimits::default(),
            sandbox: SandboxSpec { mode: SandboxMode::Enforce, read: Vec::new() },
            timezone: "UTC".into(),
        });
        CheckGate::new(
            options,
            self.dir.path().to_owned(),
            host,
            Arc::new(self.clock.clone()),
            served,
            engine,
        )
    }

    /// The violated rules, without that of the engine: none is here.
    fn violated(&self, host: StatedHost, change: impl FnOnce(&mut GateOptions)) -> BTreeSet<&'static str> {
        let mut options = options();
        change(&mut options);
        let findings = self.check(host, options).execute();
        Self::violations(&findings)
    }

    /// The violated rules of a sound host whose store tells that a crash and a failover are risks.
    fn violated_by_store(
        &self,
        risks: [Option<&str>; 2],
        change: impl FnOnce(&mut GateOptions),
    ) -> BTreeSet<&'static str> {
        let mut options = options();
        change(&mut options);
        let mut store = MemoryStore::new(Arc::new(self.clock.clone()));
        store.risks = risks.map(|risk| risk.map(str::to_owned));
        let workspace = Arc::new(LocalWorkspace::new(self.dir.path().to_owned()));
        let served =
            Served { store: Arc::new(store), blobs: Arc::new(MemoryBlobs::new(workspace)), elsewhere: None };
        Self::violations(&self.check_served(StatedHost::sound(), options, Some(served)).execute())
    }

    /// The violated rules of a sound host whose object store does not answer.
    fn violated_by_objects(&self) -> BTreeSet<&'static str> {
        let workspace = Arc::new(LocalWorkspace::new(self.dir.path().to_owned()));
        let found = Err("the object store does not answer".to_owned());
        let mut blobs = MemoryBlobs::new(workspace);
        blobs.trial = Some(Trial { found, conditional: false });
        let served = Served {
            store: Arc::new(MemoryStore::new(Arc::new(self.clock.clone()))),
            blobs: Arc::new(blobs),
            elsewhere: None,
        };
        Self::violations(&self.check_served(StatedHost::sound(), options(), Some(served)).execute())
    }

    fn violations(findings: &[Finding]) -> BTreeSet<&'static str> {
        assert_eq!(findings.len(), Rule::ALL.len(), "every rule is evaluated, whatever the others say");
        let violated = findings.iter().filter(|f| !f.ok && f.id != Rule::StataAttested.id());
        violated.map(|f| f.id).collect()
    }
}

fn options() -> GateOptions {
    GateOptions {
        required: true,
        llm_hosts: vec!["llm.provider.tld".to_owned()],
        secret_files: vec![PathBuf::from("/run/secrets/llm_api_key")],
        run_memory_bytes: 4 << 30,
        open_files: 10_576,
        concurrency: 2,
        disk_low: DiskLow::default(),
        ..GateOptions::default()
    }
}

#[test]
fn every_rule_on_the_host_is_violated_by_a_host_of_its_own() {
    let bed = Bed::new();
    let sound = StatedHost::sound;
    let unchanged = |_: &mut GateOptions| {};
    assert_eq!(bed.violated(sound(), unchanged), BTreeSet::new(), "a sound host");
    let folder: &'static str = Box::leak(
        bed.dir.path().file_name().expect("a name").to_string_lossy().into_owned().into_boxed_str(),
    );
    let cases = [
        (
            Rule::DataDirDurable,
            bed.violated(StatedHost { durability: Durability::Memory, ..sound() }, unchanged),
        ),
        (Rule::DataDirWritable, bed.violated(StatedHost { refuses: Some(folder), ..sound() }, unchanged)),
        (Rule::DataDirPrivate, bed.violated(StatedHost { open: vec!["tenants"], ..sound() }, unchanged)),
        (
            Rule::LlmAddress,
            bed.violated(StatedHost { provider: vec![0x0101_0101, 0x7F00_0001], ..sound() }, unchanged),
        ),
        (Rule::DataDirSpace, bed.violated(StatedHost { free_bytes: 1 << 20, ..sound() }, unchanged)),
        (Rule::AuditWritable, bed.violated(StatedHost { refuses: Some("audit"), ..sound() }, unchanged)),
        (
            Rule::LibraryIntact,
            bed.violated(sound(), |o| o.library_fault = Some("at the start: do/x.do is missing".into())),
        ),
        (Rule::SecretsPrivate, bed.violated(StatedHost { open_secret: true, ..sound() }, unchanged)),
        (
            Rule::SandboxContainment,
            bed.violated(StatedHost { missing: vec!["seccomp filters".into()], ..sound() }, unchanged),
        ),
        (Rule::ObjectStore, bed.violated_by_objects()),
        (Rule::StoreDurable, bed.violated_by_store([Some("fsync is off"), None], unchanged)),
        (Rule::MemoryFits, bed.violated(sound(), |o| o.concurrency = 5)),
        (Rule::OpenFilesFit, bed.violated(StatedHost { open_files: Some(4096), ..sound() }, unchanged)),
        (
            Rule::ClockSane,
            bed.violated(StatedHost { written: Some(noon() + TimeDelta::hours(1)), ..sound() }, unchanged),
        ),
    ];
    for (rule, found) in &cases {
        assert_eq!(found, &BTreeSet::from([rule.id()]), "{}", rule.id());
    }
    // the engine's rule has a test for each kind of fake
    let covered: BTreeSet<&str> =
        cases.iter().map(|(r, _)| r.id()).chain([Rule::StataAttested.id()]).collect();
    let all: BTreeSet<&str> =
        Rule::ALL.iter().filter(|r| r.text().kind == Kind::Probe).map(|r| r.id()).collect();
    assert_eq!(covered, all, "a rule without a host that violates it");
}

#[test]
fn further_hosts_that_violate_a_rule() {
    let bed = Bed::new();
    let network = StatedHost { durability: Durability::Network, ..StatedHost::sound() };
    assert_eq!(bed.violated(network, |_| {}), BTreeSet::from(["data_dir_durable"]));
    let unknown = StatedHost { memory_bytes: None, ..StatedHost::sound() };
    assert_eq!(bed.violated(unknown, |_| {}), BTreeSet::from(["memory_fits"]));
    *bed.clock.0.lock().expect("one thread") =
        Utc.with_ymd_and_hms(1999, 1, 1, 0, 0, 0).single().expect("a time");
    let early = StatedHost { written: None, ..StatedHost::sound() };
    assert_eq!(bed.violated(early, |_| {}), BTreeSet::from(["clock_sane"]));
}

#[test]
fn a_failover_that_loses_changes_can_be_accepted_and_a_crash_cannot() {
    let bed = Bed::new();
    let violated = BTreeSet::from(["store_durable"]);
    let accepted = |o: &mut GateOptions| o.accept_loss_on_failover = true;
    assert_eq!(bed.violated_by_store([None, None], |_| {}), BTreeSet::new());
    assert_eq!(bed.violated_by_store([None, Some("a standby")], |_| {}), violated);
    assert_eq!(bed.violated_by_store([None, Some("a standby")], accepted), BTreeSet::new());
    assert_eq!(bed.violated_by_store([Some("fsync is off"), None], accepted), violated);
}

#[test]
fn a_library_that_drifts_from_its_index_is_found() {
    let bed = Bed::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library");
    let copy = bed.dir.path().join("library");
    copy_tree(&source, &copy);
    let with_copy = |o: &mut GateOptions| o.library_dir = Some(copy.clone());
    assert_eq!(bed.violated(StatedHost::sound(), with_copy), BTreeSet::new());
    let body = copy.join("do/linear.ols_robust.do");
    let text = std::fs::read_to_string(&body).expect("a body");
    std::fs::write(&body, format!("{text}* changed\n")).expect("written");
    assert_eq!(bed.violated(StatedHost::sound(), with_copy), BTreeSet::from(["library_intact"]));
    std::fs::remove_dir_all(&copy).expect("removed");
    assert_eq!(bed.violated(StatedHost::sound(), with_copy), BTreeSet::from(["library_intact"]));
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn an_attestation_is_made_again_when_the_program_changes_or_grows_old() {
    let bed = Bed::new();
    let host = StatedHost::sound();
    let inode = Arc::clone(&host.inode);
    let check = bed.check(host, options());
    let started = || *bed.runner.0.lock().expect("one thread");
    check.execute();
    check.execute();
    assert_eq!(started(), 1, "a second look asks nothing");
    *inode.lock().expect("one thread") = 2;
    check.execute();
    assert_eq!(started(), 2, "another program");
    *bed.clock.0.lock().expect("one thread") = noon() + TimeDelta::minutes(14);
    check.execute();
    assert_eq!(started(), 2);
    *bed.clock.0.lock().expect("one thread") = noon() + TimeDelta::minutes(16);
    check.execute();
    assert_eq!(started(), 3, "an old answer");
}

#[test]
fn what_is_lost_after_the_start_closes_its_routes_and_not_the_gate() {
    let now = noon();
    let all = |violated: Option<Rule>| -> Vec<Finding> {
        let found = |rule: &Rule| {
            let result = if Some(*rule) == violated { Err("gone".to_owned()) } else { Ok(String::new()) };
            Finding::of(*rule, result, now)
        };
        Rule::ALL.iter().map(found).collect()
    };
    let gate = Gate::closed();
    assert!(!gate.is_open() && !gate.report().holds(), "closed before the first evaluation");
    gate.publish(all(Some(Rule::DataDirSpace)));
    assert!(!gate.is_open());
    assert_eq!(gate.lost_since(Rule::DataDirSpace), None, "it never held");
    let changed = gate.publish(all(None));
    assert_eq!(changed.iter().map(|f| f.id).collect::<Vec<_>>(), ["data_dir_space"]);
    assert!(gate.is_open());
    gate.publish(all(Some(Rule::StataAttested)));
    assert!(gate.is_open() && !gate.report().holds());
    assert_eq!(gate.lost_since(Rule::StataAttested), Some(now));
    assert!(Gate::open().is_open() && Gate::open().lost_since(Rule::StataAttested).is_none());
}

#[test]
fn what_the_settings_violate_is_told_with_every_detail() {
    let bed = Bed::new();
    let mut with = options();
    with.violations = vec![
        Violation { rule: Rule::LlmTls, detail: "one".into() },
        Violation { rule: Rule::LlmTls, detail: "two".into() },
    ];
    let findings = bed.check(StatedHost::sound(), with).execute();
    let found = findings.iter().find(|f| f.id == "llm_tls").expect("a finding");
    assert_eq!((found.ok, found.detail.as_str()), (false, "one; two"));
    assert!(!found.remedy.is_empty());
}
