//! The queue with and without a backlog: claims a second at the store, looking up a job's place, and the time
//! from the commit that queues a job to the start of its engine, against the launcher alone and the same program
//! started bare. `cargo bench --bench queue`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::ids::SystemIds;
use stata_service::domain::ids::{JobId, RunId, TenantId};
use stata_service::domain::job::JobRecord;
use stata_service::domain::tenant::TenantLimits;
use stata_service::ports::clock::Clock;
use stata_service::ports::ids::IdSource;
use stata_service::ports::store::{ClaimAsk, Expect, Record, RunningLimits, Store, StoreExt, Write};
use stata_service::worker::Drain;

#[path = "../tests/it/support/records.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod records;
#[path = "../tests/it/support/runs.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod runs;
#[path = "../tests/it/support/worker_harness.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod worker_harness;

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use records::{commit, event, tenant_record};
use report::{Aim, Row, percentiles, sized};
use stata_service::ports::runner::Runner;
use worker_harness::WorkerHarness;

/// Jobs that are queued and never taken.
fn backlogs() -> [usize; 2] {
    [0, sized(100_000, 20_000)]
}
/// Jobs of one commit while the backlog is made.
const PER_COMMIT: usize = 500;
/// Jobs that are claimed, by this many callers at once.
const CLAIMS: (usize, usize) = (4000, 8);
/// Jobs that run, one after the other.
fn rounds() -> usize {
    sized(200, 60)
}
/// Places that are looked up.
const LOOKS: usize = 200;
/// The tenant of the backlog, whose limit lets none of it run.
const WAITING: &str = "waiting";

/// Stores queued jobs like one, many per commit, and waits for their readable copies.
async fn fill(harness: &WorkerHarness, like: &JobRecord, tenant: &str, count: usize) {
    let mut like = like.enqueue(SystemClock.now()).expect("a confirmed job can be queued");
    like.version = 1;
    like.tenant_id = TenantId::parse(tenant).expect("valid");
    for from in (0..count).step_by(PER_COMMIT) {
        let writes = (from..count.min(from + PER_COMMIT)).map(|n| {
            let job_id = JobId::parse(format!("{tenant}_{n:06}")).expect("valid");
            let job = JobRecord { job_id, ..like.clone() };
            Write::Put { record: Record::from(job), expect: Expect::Absent }
        });
        let mut commit = commit(writes.collect());
        commit.id = SystemIds.id("commit");
        harness.store.commit(commit).await.expect("committed");
    }
    while harness.store.status().exported_sequence < harness.store.status().sequence {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Takes the queued jobs by claims of so many jobs each; returns claimed jobs a second. The tenant of the backlog gets none.
async fn claims(harness: &WorkerHarness, batch: usize) -> f64 {
    let taken = Arc::new(AtomicUsize::new(0));
    let waiting = (TenantId::parse(WAITING).expect("valid"), 0);
    let limits = RunningLimits { of: HashMap::from([waiting]), ..RunningLimits::default() };
    // the first one reads the queue
    while harness.store.claim(ask(&limits, 1)).await.expect("claims").jobs.is_empty() {}
    let started = Instant::now();
    let callers: Vec<_> = (0..CLAIMS.1)
        .map(|_| {
            let (taken, store, limits) = (Arc::clone(&taken), Arc::clone(&harness.store), limits.clone());
            tokio::spawn(async move {
                loop {
                    let claims = store.claim(ask(&limits, batch)).await.expect("claims");
                    if claims.jobs.is_empty() {
                        return;
                    }
                    taken.fetch_add(claims.jobs.len(), Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    assert_eq!(taken.load(Ordering::Relaxed), CLAIMS.0 - 1);
    taken.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

fn ask(limits: &RunningLimits, batch: usize) -> ClaimAsk {
    ClaimAsk {
        runs: (0..batch).map(|_| RunId::parse(SystemIds.id("run")).expect("valid")).collect(),
        limits: limits.clone(),
        make: Arc::new(|job, run_id| {
            Ok((job.claim(run_id.clone(), SystemClock.now())?, event("run.started")))
        }),
    }
}

/// Queues jobs of a tenant that may run, one after the other.
async fn to_engine(harness: &WorkerHarness) -> Vec<Duration> {
    let mut times = Vec::new();
    for n in 0..rounds() {
        let id = format!("run_{n}");
        let job = harness.confirm("acme", &id, "nothing").await;
        #[expect(clippy::disallowed_methods, reason = "compared with the launcher's clock")]
        let queued_at = SystemTime::now();
        harness.enqueue(job).await;
        let job = harness.until("acme", &id, |job| job.status.is_terminal()).await;
        let run = job.latest_run().expect("an attempt");
        let meta = harness.published(&job, &format!("artifacts/runs/{}/run.meta.json", run.run_id));
        let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
        let spawned = Duration::from_nanos(meta["process"]["spawned_at_ns"].as_u64().expect("a time"));
        let queued = queued_at.duration_since(UNIX_EPOCH).expect("after 1970");
        times.push(spawned.saturating_sub(queued));
    }
    times
}

/// Looks up places all over the backlog, in the projection and in the tables.
async fn places(harness: &WorkerHarness, backlog: usize) {
    let tenant = TenantId::parse(WAITING).expect("valid");
    let ids: Vec<JobId> = (0..LOOKS)
        .map(|n| JobId::parse(format!("{WAITING}_{:06}", n * backlog / LOOKS)).expect("valid"))
        .collect();
    let mut known = Vec::new();
    for id in &ids {
        let started = Instant::now();
        assert!(harness.store.queue_position(&tenant, id).await.expect("reads").is_some());
        known.push(started.elapsed());
    }
    let known = percentiles(&mut known).0 * 1000.0;
    Row::of(format!("place of a job, {backlog} queued"), format!("p50 {known:.1} µs")).write();
}

async fn measure(root: &Path, backlog: usize, launcher: f64) {
    let mut harness = WorkerHarness::open(root);
    harness.options.command = vec!["/usr/bin/true".to_owned()];
    let mut record = tenant_record(WAITING);
    record.limits = TenantLimits { running: Some(0), ..TenantLimits::default() };
    let write = Write::Put { record: Record::Tenant(Box::new(record)), expect: Expect::Absent };
    harness.store.commit(commit(vec![write])).await.expect("committed");
    harness.tenants.refresh(harness.store.as_ref()).await.expect("read");
    let like = harness.confirm("acme", "like", "nothing").await;
    fill(&harness, &like, WAITING, backlog).await;
    for (batch, aim) in [(1, 5_000.0), (32, 15_000.0)] {
        fill(&harness, &like, &format!("claimed_{batch}"), CLAIMS.0).await;
        let rate = claims(&harness, batch).await;
        let what = format!("claims at the store, {} callers, {batch} at once, {backlog} queued", CLAIMS.1);
        Row::of(what, format!("{rate:.0}/s")).aim(rate, Aim::AtLeast(aim), "/s").write();
    }
    // what was claimed here has no attempt: the worker must not look for one
    harness.store.shutdown();
    let fresh = root.join("runs");
    std::fs::create_dir_all(&fresh).expect("a directory");
    let mut harness = WorkerHarness::open(&fresh);
    harness.options.command = vec!["/usr/bin/true".to_owned()];
    let mut record = tenant_record(WAITING);
    record.limits = TenantLimits { running: Some(0), ..TenantLimits::default() };
    let write = Write::Put { record: Record::Tenant(Box::new(record)), expect: Expect::Absent };
    let mut tenants = commit(vec![write]);
    tenants.id = SystemIds.id("commit");
    harness.store.commit(tenants).await.expect("committed");
    harness.tenants.refresh(harness.store.as_ref()).await.expect("read");
    let like = harness.confirm("acme", "like", "nothing").await;
    fill(&harness, &like, WAITING, backlog).await;
    let worker = harness.worker().await;
    while worker.status().queued < backlog {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (p50, p99) = percentiles(&mut to_engine(&harness).await);
    Row::of(
        format!("enqueue to engine started, {backlog} queued"),
        format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
    )
    .peer(format!("launcher alone: p50 {launcher:.2} ms"))
    .ratio(p50 / launcher, None)
    .aim(p50, Aim::AtMost(3.0), " ms p50")
    .aim(p99, Aim::AtMost(10.0), " ms p99")
    .write();
    if backlog > 0 {
        places(&harness, backlog).await;
    }
    worker.drain(Drain::Wait(Duration::from_secs(5))).await;
}

/// The launcher alone with a program that ends at once, and that program started bare; returns the median from
/// its start to the engine's, in milliseconds.
fn launcher(root: &Path) -> f64 {
    let (mut started, mut ended, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    // one for all, as the service has it: from the second run on a launcher waits
    let runner = runs::runner();
    for n in 0..rounds() {
        let dir = root.join(n.to_string());
        let mut spec = runs::spec(&dir, "");
        spec.command = vec!["/usr/bin/true".to_owned()];
        #[expect(clippy::disallowed_methods, reason = "compared with the launcher's clock")]
        let (begun, begun_at) = (Instant::now(), SystemTime::now());
        let outcome = runner.start(spec).expect("started").wait();
        ended.push(begun.elapsed());
        assert!(outcome.clean(), "{outcome:?}");
        let begun_at = begun_at.duration_since(UNIX_EPOCH).expect("after 1970");
        started.push(Duration::from_nanos(outcome.spawned_at_ns).saturating_sub(begun_at));
        let begun = Instant::now();
        assert!(std::process::Command::new("/usr/bin/true").status().expect("runs").success());
        bare.push(begun.elapsed());
    }
    let (start, bare) = (percentiles(&mut started), percentiles(&mut bare).0);
    Row::of("launcher: its start to the engine's", format!("p50 {:.2} ms, p99 {:.2} ms", start.0, start.1))
        .write();
    let (p50, p99) = percentiles(&mut ended);
    Row::of("launcher: start to outcome", format!("p50 {p50:.2} ms, p99 {p99:.2} ms"))
        .peer(format!("the same program started bare: p50 {bare:.2} ms"))
        .ratio(p50 / bare, None)
        .write();
    start.0
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // on the disk of the build, since /tmp may live in memory
    let dir = || tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let alone = launcher(dir().path());
    for backlog in backlogs() {
        runtime.block_on(measure(dir().path(), backlog, alone));
    }
}
