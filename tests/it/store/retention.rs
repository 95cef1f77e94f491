//! The retention sweeper: what is due goes, what is not stays, holds and crashes included.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chrono::Duration;
use serde_json::Value;
use stata_service::adapters::clock::SystemClock;
use stata_service::app::sweep;
use stata_service::domain::bundle::{Bundle, BundleFile, ReceivedBytes, UploadSession};
use stata_service::domain::dataset::DatasetRole;
use stata_service::domain::error::Problem;
use stata_service::domain::ids::RunId;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::run::{Run, RunStatus};
use stata_service::domain::tenant::{Hold, RetentionPolicy, TenantRetention};
use stata_service::domain::trial::TrialTerms;
use stata_service::ports::clock::Clock;
use stata_service::ports::store::StoreExt;
use stata_service::service::Context;
use stata_service::service::operations::retention::{Summary, Sweeper};

use crate::support::app::TestApp;
use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::records::*;

/// The use cases with a policy, on a clock that the test moves.
struct Bench {
    ctx: Context,
    clock: Arc<ManualClock>,
    sweeper: Sweeper,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(policy: RetentionPolicy) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::new());
        let mut ctx = context(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>);
        ctx.options.retention = policy;
        Self { ctx, clock, sweeper: Sweeper::default(), _dir: dir }
    }

    async fn put(&self, job: &JobRecord) {
        self.ctx.store.commit(commit(vec![put(job.clone())])).await.expect("commits");
    }

    /// Stores a job that ended at the clock's time, with a file of each part.
    async fn ended(&self, tenant: &str, id: &str) -> JobRecord {
        let mut job = job(tenant, id, 0);
        job.status = JobStatus::Failed;
        job.timestamps.finished_at = Some(self.clock.now());
        job.timestamps.updated_at = self.clock.now();
        job.inputs = Some(inputs(self.clock.now()));
        self.file(&mut job, "inputs/up/main.dta");
        self.file(&mut job, "artifacts/table.csv");
        self.put(&job).await;
        job
    }

    fn file(&self, job: &mut JobRecord, rel_path: &str) {
        let written =
            self.ctx.blobs.put(&job.tenant_id, &job.job_id, rel_path, &mut &b"content"[..]).expect("written");
        let mut entry = artifact(rel_path, written.size_bytes);
        entry.sha256 = written.sha256;
        job.artifacts_index.push(entry);
    }

    fn has(&self, job: &JobRecord, rel_path: &str) -> bool {
        self.ctx.workspace.path(&job.tenant_id, &job.job_id, rel_path).exists()
    }

    async fn read(&self, job: &JobRecord) -> JobRecord {
        self.ctx.load_job(&job.tenant_id, &job.job_id).await.expect("reads")
    }

    async fn pass(&mut self, limit: usize, dry_run: bool) -> Summary {
        self.sweeper.pass(&sweep::deps(&self.ctx), limit, dry_run).await.expect("sweeps")
    }

    /// Kinds and numbers of what one pass removed.
    async fn removed(&mut self) -> Vec<(&'static str, u64)> {
        self.pass(100, false).await.removed.into_iter().collect()
    }

    async fn actions(&self) -> Vec<String> {
        let events = self.ctx.audit_log.events(0, 0, 1000).await.expect("reads");
        let own = events.into_iter().filter(|e| e.event.actor.id == "retention");
        own.map(|e| format!("{} {}", e.event.action, e.event.resource)).collect()
    }
}

fn days(jobs_days: u32) -> RetentionPolicy {
    RetentionPolicy { jobs_days, ..RetentionPolicy::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_job_is_removed_after_its_days_and_its_trace_stays() {
    let mut bench = Bench::new(days(2));
    let job = bench.ended("default", "job_1").await;
    bench.clock.advance(Duration::hours(47));
    assert_eq!(bench.removed().await, []);
    bench.clock.advance(Duration::hours(1));
    let shown = bench.pass(100, true).await;
    assert_eq!((shown.removed["job"], shown.removals[0].job_id.as_str()), (1, "job_1"));
    assert_eq!(shown.removals[0].due_at, job.timestamps.finished_at.expect("ended") + Duration::days(2));
    assert_eq!(bench.read(&job).await, job, "a dry run changes nothing");
    assert!(bench.has(&job, "artifacts/table.csv"));
    assert_eq!(bench.removed().await, [("job", 1)]);
    let after = bench.read(&job).await;
    let told = after.removed().expect("removed");
    assert_eq!((told.by.as_str(), told.files_gone_at, after.status), ("retention", None, JobStatus::Failed));
    assert_eq!(after.artifacts_index.len(), job.artifacts_index.len(), "the hashes stay");
    for part in ["inputs", "artifacts", "runs"] {
        assert!(!bench.has(&job, part), "{part}");
    }
    assert_eq!(bench.ctx.store.usage(&job.tenant_id).await.expect("reads").jobs, 0);
    bench.clock.advance(Duration::minutes(11));
    assert_eq!(bench.removed().await, []);
    let done = bench.read(&job).await;
    assert!(done.removed().expect("removed").files_gone_at.is_some());
    bench.clock.advance(Duration::days(9));
    assert_eq!((bench.removed().await, bench.read(&job).await), (vec![], done), "nothing is left to do");
    assert_eq!(bench.actions().await, ["job.expired job:job_1", "job.files_removed job:job_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_a_crash_cut_short_is_finished() {
    let mut bench = Bench::new(RetentionPolicy::default());
    let job = bench.ended("default", "job_1").await;
    // the commit is durable, the process ended before the files went
    let removed = job.remove_content("request", None, bench.clock.now()).expect("not running");
    bench.put(&removed).await;
    assert!(bench.has(&job, "inputs/up/main.dta"));
    bench.clock.advance(Duration::minutes(11));
    bench.removed().await;
    assert!(!bench.has(&job, "inputs") && !bench.has(&job, "artifacts"));
    assert!(bench.read(&job).await.removed().expect("removed").files_gone_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_stops_every_removal_and_a_tenant_may_keep_longer() {
    let mut bench = Bench::new(RetentionPolicy { inputs_days: 1, unfinished_jobs_days: 1, ..days(1) });
    let held = bench.ended("held", "job_1").await;
    let keeps = bench.ended("keeps", "job_2").await;
    let plain = bench.ended("plain", "job_3").await;
    bench.put(&job("held", "job_4", 0)).await;
    let mut record = tenant_record("held");
    record.hold = Some(Hold { reason: "audit".to_owned(), since: time(0) });
    let mut other = tenant_record("keeps");
    other.retention =
        TenantRetention { jobs_days: Some(0), inputs_days: Some(5), ..TenantRetention::default() };
    bench.ctx.store.commit(commit(vec![put(record.clone()), put(other)])).await.expect("commits");
    bench.clock.advance(Duration::days(3));
    let done = bench.pass(100, false).await;
    assert_eq!(done.removed.into_iter().collect::<Vec<_>>(), [("job", 1)]);
    assert!(done.held >= 2, "the job and the unfinished one of the held tenant");
    assert!(bench.read(&plain).await.is_removed());
    assert_eq!((bench.read(&held).await, bench.read(&keeps).await), (held.clone(), keeps.clone()));
    bench.clock.advance(Duration::days(3));
    assert_eq!(bench.removed().await, [("inputs", 1)], "the inputs of the one that keeps its jobs");
    assert!(!bench.has(&keeps, "inputs/up") && bench.has(&keeps, "artifacts/table.csv"));
    record.version = 2;
    record.hold = None;
    bench.ctx.store.commit(commit(vec![put(record)])).await.expect("commits");
    assert_eq!(bench.removed().await, [("job", 1), ("unfinished", 1)]);
    assert!(bench.read(&held).await.is_removed());
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_go_before_their_job_and_never_under_a_run() {
    let mut bench = Bench::new(RetentionPolicy { inputs_days: 1, ..RetentionPolicy::default() });
    let ended = bench.ended("default", "job_1").await;
    let mut running = job("default", "job_2", 0);
    running.status = JobStatus::Running;
    running.inputs = Some(inputs(bench.clock.now()));
    bench.file(&mut running, "inputs/up/main.dta");
    bench.put(&running).await;
    bench.clock.advance(Duration::days(2));
    // published, and about to be listed by the commit of its upload
    let new = "inputs/up_new/main.dta";
    bench.ctx.blobs.put(&ended.tenant_id, &ended.job_id, new, &mut &b"content"[..]).expect("written");
    assert_eq!(bench.removed().await, [("inputs", 1)]);
    assert!(!bench.has(&ended, "inputs/up") && bench.has(&ended, "artifacts/table.csv"));
    assert!(bench.has(&ended, new), "an upload that the record does not cite yet");
    assert!(bench.has(&running, "inputs/up/main.dta"));
    let after = bench.read(&ended).await;
    assert!(after.inputs_removed_at().is_some() && !after.is_removed());
    assert_eq!(after.stock_bytes(), Some(7));
    assert_eq!(after.check_inputs_kept().expect_err("gone").code.as_str(), "ARTIFACT_EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_jobs_go_after_their_last_change() {
    let mut bench = Bench::new(RetentionPolicy { unfinished_jobs_days: 3, ..RetentionPolicy::default() });
    let old = job("default", "job_1", 0);
    let mut touched = job("default", "job_2", 0);
    touched.timestamps.updated_at = time(0) + Duration::days(2);
    bench.put(&old).await;
    bench.put(&touched).await;
    bench.clock.advance(Duration::days(4));
    assert_eq!(bench.removed().await, [("unfinished", 1)]);
    assert_eq!(bench.read(&old).await.status, JobStatus::Cancelled);
    assert!(!bench.read(&touched).await.is_removed());
    bench.clock.advance(Duration::days(2));
    assert_eq!(bench.removed().await, [("unfinished", 1)]);
}

fn run_of(id: &str, ended: bool, bench: &Bench) -> Run {
    let run_id = RunId::parse(id).expect("valid");
    let plan = "a".repeat(64).parse().expect("valid");
    let mut run = Run::starting(run_id, 1, 1, plan, None, bench.clock.now());
    if ended {
        run.status = RunStatus::Failed;
        run.ended_at = Some(bench.clock.now());
    }
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_being_read_stays_although_the_clock_jumps() {
    let mut bench = Bench::new(RetentionPolicy::default());
    let (server, original) = (bench.ctx.server_id.clone(), "inputs/up_read/original_1");
    let mut jobs = Vec::new();
    for (id, server) in [("job_1", server.as_str()), ("job_2", "srv_that_ended"), ("job_3", "srv_refused")] {
        let job = job("default", id, 0);
        bench.put(&job).await;
        let mut job = job.begin_ingest("up_2", reading(original), server, bench.clock.now()).expect("kept");
        bench.put(&job).await;
        if server == "srv_refused" {
            job = job.fail_ingest("up_2", &Problem::internal(), bench.clock.now()).expect("it is noted");
            bench.put(&job).await;
        }
        for path in [original, "inputs/up_2/main.dta"] {
            bench.ctx.blobs.put(&job.tenant_id, &job.job_id, path, &mut &b"x"[..]).expect("written");
        }
        jobs.push(job);
    }
    let ahead = SystemClock.now() - bench.clock.now();
    bench.clock.advance(ahead.max(Duration::zero()) + Duration::hours(25));
    assert_eq!(bench.removed().await, [("upload", 2)]);
    for (job, there) in jobs.iter().zip([true, true, false]) {
        let seen = ["inputs/up_read", "inputs/up_2"].map(|dir| bench.has(job, dir));
        assert_eq!(seen, [there; 2], "acknowledged, and read by this or the next server: {}", job.job_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_bundle_waits_for_the_others_as_long_as_a_session_is_open() {
    let mut bench = Bench::new(RetentionPolicy { upload_sessions_hours: 1, ..RetentionPolicy::default() });
    let start = bench.clock.now().max(SystemClock.now());
    let file = |id: &str, hours: i64, stored_as: Option<&str>| BundleFile {
        file_id: id.to_owned(),
        filename: id.to_owned(),
        size_bytes: 1,
        role: DatasetRole::AuxiliaryData,
        mime_type: None,
        session: Some(UploadSession::new(format!("us_{id}.job_1"), 1, start + Duration::hours(hours))),
        received: stored_as.map(|path| ReceivedBytes {
            sha256: "0".repeat(64),
            size_bytes: 1,
            stored_as: Some(path.to_owned()),
        }),
    };
    let bundle = Bundle {
        bundle_id: "bundle_1".to_owned(),
        created_at: start,
        files: vec![file("a", 1, Some("inputs/up_a/original_1")), file("b", 30, None)],
        became_inputs: false,
    };
    let created = job("default", "job_1", 0);
    bench.put(&created).await;
    bench.put(&created.with_bundle(bundle, start).expect("kept")).await;
    let paths = ["inputs/up_a/original_1", "uploads/us_b.job_1/1.1.x", "uploads/us_other.job_1/1.1.x"];
    for path in paths {
        bench.ctx.blobs.put(&created.tenant_id, &created.job_id, path, &mut &b"x"[..]).expect("written");
    }
    let there = |bench: &Bench| paths.map(|path| bench.has(&created, path));
    let ahead = start - bench.clock.now();
    bench.clock.advance(ahead + Duration::hours(26));
    bench.removed().await;
    assert_eq!(there(&bench), [true, true, false], "the session of the other file is open");
    bench.clock.advance(Duration::hours(5));
    bench.removed().await;
    assert_eq!(there(&bench), [false; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_ended_runs_and_broken_uploads_go_and_those_in_use_stay() {
    let mut bench = Bench::new(RetentionPolicy {
        run_workdirs_hours: 1,
        upload_sessions_hours: 1,
        ..RetentionPolicy::default()
    });
    let mut job = bench.ended("default", "job_1").await;
    job.version = 2;
    job.status = JobStatus::Running;
    job.inputs = Some(inputs(bench.clock.now()));
    job.runs = vec![run_of("run_ended", true, &bench), run_of("run_now", false, &bench)];
    let mut plan = artifact("artifacts/plan.json", 4);
    plan.stored_as = Some("artifacts/sets/set_listed/0.plan.json".to_owned());
    job.artifacts_index.push(plan);
    bench.put(&job).await;
    for path in [
        "artifacts/sets/set_listed/0.plan.json",
        "artifacts/sets/set_lost/0.plan.json",
        "runs/run_ended/work/x",
        "runs/run_now/work/x",
        "runs/run_never/work/x",
        "inputs/up_broken/original_1",
        "uploads/us_left.job_1/part_1",
    ] {
        bench.ctx.blobs.put(&job.tenant_id, &job.job_id, path, &mut &b"left"[..]).expect("written");
    }
    assert_eq!(bench.removed().await, [], "nothing is old enough");
    // the directories carry the times of this machine, the records those of the test
    let ahead = SystemClock.now() - bench.clock.now();
    bench.clock.advance(ahead.max(Duration::zero()) + Duration::hours(2));
    let shown = bench.pass(100, true).await;
    assert_eq!(shown.removed.into_iter().collect::<Vec<_>>(), [("upload", 2), ("workdir", 2)]);
    assert_eq!(bench.removed().await, [("upload", 2), ("workdir", 2)]);
    for (path, there) in [
        ("artifacts/sets/set_listed/0.plan.json", true),
        ("artifacts/sets/set_lost", false),
        ("runs/run_ended", false),
        ("runs/run_never", false),
        ("runs/run_now/work/x", true),
        ("inputs/up_broken", false),
        ("uploads/us_left.job_1", false),
        ("inputs/up/main.dta", true),
    ] {
        assert_eq!(bench.has(&job, path), there, "{path}");
    }
    let actions = bench.actions().await;
    assert_eq!(actions.iter().filter(|a| a.starts_with("run.workdir_removed")).count(), 2, "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_bounded_and_the_next_one_goes_on() {
    let mut bench = Bench::new(days(1));
    let mut jobs = Vec::new();
    for n in 0..25 {
        jobs.push(bench.ended("default", &format!("job_{n:02}")).await);
        bench.clock.advance(Duration::seconds(1));
    }
    bench.clock.advance(Duration::days(2));
    let first = bench.pass(10, false).await;
    assert_eq!((first.removed["job"], first.more), (10, true));
    assert!(
        bench.read(&jobs[9]).await.is_removed() && !bench.read(&jobs[10]).await.is_removed(),
        "oldest first"
    );
    let mut all = first;
    for _ in 0..300 {
        if !all.more {
            break;
        }
        all.add(bench.pass(10, false).await);
    }
    assert_eq!((all.removed["job"], all.more), (25, false));
}

fn retention_command(data: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .arg("retention")
        .arg("--json")
        .args(arguments)
        .env("SS_DATA_DIR", data)
        .env("SS_RETENTION__RUN_WORKDIRS_HOURS", "0")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_and_removes_through_the_owner_and_without_one() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let data = app.dir.path().join("data");
    let id = job.job_id.parse().expect("valid");
    let dir = data.join(stata_service::domain::layout::job_dir(&"default".parse().expect("valid"), &id));
    std::fs::create_dir_all(dir.join("runs/run_1/work")).expect("created");
    // the service keeps working folders for as long as its own settings say
    let served = tokio::task::block_in_place(|| retention_command(&data, &["--dry-run"]));
    assert_eq!((&served["dry_run"], &served["more"]), (&Value::Bool(true), &Value::Bool(false)), "{served}");
    app.stop().await;
    // a folder of the last hour may belong to a claim that is not durable yet
    let young = tokio::task::block_in_place(|| retention_command(&data, &["--dry-run"]));
    assert_eq!(young["removals"], Value::Array(Vec::new()), "{young}");
    let folder = std::fs::File::open(dir.join("runs/run_1")).expect("opens");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    folder.set_modified(long_ago).expect("changed");
    let shown = tokio::task::block_in_place(|| retention_command(&data, &["--dry-run"]));
    assert_eq!(
        (&shown["removed"]["workdir"], &shown["removals"][0]["path"]),
        (&1.into(), &"runs/run_1".into()),
        "{shown}"
    );
    assert!(dir.join("runs/run_1").exists());
    let done = tokio::task::block_in_place(|| retention_command(&data, &[]));
    assert_eq!(done["removed"]["workdir"], 1, "{done}");
    assert!(!dir.join("runs/run_1").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_removed_after_its_hours_and_other_jobs_of_its_tenant_stay() {
    let mut bench = Bench::new(RetentionPolicy::default());
    let terms = TrialTerms { keep_hours: 24, max_bytes: 1, uploads: true, runs: 1, run_seconds: 1 };
    let mut trials = Vec::new();
    for n in 0..25 {
        let mut trial = job("trial", &format!("job_{n:02}"), 0);
        trial.timestamps.created_at = bench.clock.now();
        trial.status = [JobStatus::Created, JobStatus::Succeeded, JobStatus::DraftReady][n % 3];
        trial.trial = Some(terms.begin(bench.clock.now()));
        bench.file(&mut trial, "artifacts/table.csv");
        bench.put(&trial).await;
        trials.push(trial);
    }
    let other = bench.ended("trial", "job_of_a_code").await;
    let running = {
        let mut running = job("trial", "job_running", 0);
        running.timestamps.created_at = bench.clock.now();
        running.status = JobStatus::Running;
        running.trial = Some(terms.begin(bench.clock.now()));
        bench.put(&running).await;
        running
    };
    bench.clock.advance(Duration::hours(24) - Duration::seconds(1));
    assert_eq!(bench.removed().await, []);
    bench.clock.advance(Duration::seconds(1));
    let mut all = bench.pass(10, false).await;
    for _ in 0..20 {
        if !all.more {
            break;
        }
        all.add(bench.pass(10, false).await);
    }
    assert_eq!(all.removed.values().sum::<u64>(), 25, "{:?}", all.removed);
    for trial in &trials {
        assert!(bench.read(trial).await.is_removed() && !bench.has(trial, "artifacts/table.csv"));
    }
    for kept in [&other, &running] {
        assert!(!bench.read(kept).await.is_removed(), "{}", kept.job_id);
    }
    // once it ended, it goes like the others
    let mut ended = bench.read(&running).await;
    ended.version += 1;
    ended.status = JobStatus::Failed;
    bench.put(&ended).await;
    bench.clock.advance(Duration::days(3));
    assert_eq!(bench.removed().await, [("unfinished", 1)]);
}
