//! The queue with and without a backlog: claims a second at the store, looking up a job's place, and the time
//! from the commit that queues a job to the start of its engine. `cargo bench --bench queue`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

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
use stata_service::ports::store::{Expect, Record, Store, Write};
use stata_service::worker::Drain;

#[path = "../tests/it/support/records.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod records;
#[path = "../tests/it/support/runs.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod runs;
#[path = "../tests/it/support/worker_bed.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod worker_bed;

use records::{commit, tenant_record};
use worker_bed::Bed;

/// Jobs that are queued and never taken.
const BACKLOGS: [usize; 2] = [0, 100_000];
/// Jobs of one commit while the backlog is made.
const PER_COMMIT: usize = 500;
/// Jobs that are claimed, by this many callers at once.
const CLAIMS: (usize, usize) = (4000, 8);
/// Jobs that run, one after the other.
const RUNS: usize = 200;
/// Places that are looked up.
const LOOKS: usize = 200;
/// The tenant of the backlog, whose limit lets none of it run.
const WAITING: &str = "waiting";

fn show(what: &str, backlog: usize, mut times: Vec<f64>, unit: &str) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what:<44} {backlog:>7} queued   p50 {:>8.2} {unit}   p99 {:>8.2} {unit}", at(0.5), at(0.99));
}

/// Stores queued jobs like one, many per commit, and waits for their readable copies.
async fn fill(bed: &Bed, like: &JobRecord, tenant: &str, count: usize) {
    let mut like = like.enqueue(SystemClock.now()).expect("a confirmed job can be queued");
    like.version = 1;
    like.tenant_id = TenantId::parse(tenant).expect("valid");
    for from in (0..count).step_by(PER_COMMIT) {
        let writes = (from..count.min(from + PER_COMMIT)).map(|n| {
            let job_id = JobId::parse(format!("{tenant}_{n:06}")).expect("valid");
            let job = JobRecord { job_id, ..like.clone() };
            Write::Put { record: Record::Job(Box::new(job)), expect: Expect::Absent }
        });
        let mut commit = commit(writes.collect());
        commit.id = SystemIds.id("commit");
        bed.store.commit(commit).await.expect("committed");
    }
    while bed.store.status().exported_sequence < bed.store.status().sequence {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Takes every job of a tenant by the claim's commit; returns claims a second.
async fn claims(bed: &Bed, tenant: &str) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let callers: Vec<_> = (0..CLAIMS.1)
        .map(|_| {
            let (next, store) = (Arc::clone(&next), Arc::clone(&bed.store));
            let tenant = TenantId::parse(tenant).expect("valid");
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= CLAIMS.0 {
                        return;
                    }
                    let id = JobId::parse(format!("{tenant}_{n:06}")).expect("valid");
                    let job = store.job(&tenant, &id).await.expect("reads").expect("stored");
                    let run_id = RunId::parse(SystemIds.id("run")).expect("valid");
                    let claimed = job.claim(run_id, SystemClock.now()).expect("it is queued");
                    let expect = Expect::Version(job.version);
                    let write = Write::Put { record: Record::Job(Box::new(claimed)), expect };
                    let mut commit = commit(vec![write]);
                    commit.id = SystemIds.id("commit");
                    store.commit(commit).await.expect("nobody else claims it");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    CLAIMS.0 as f64 / started.elapsed().as_secs_f64()
}

/// Queues jobs of a tenant that may run, one after the other.
async fn to_engine(bed: &Bed) -> Vec<f64> {
    let mut times = Vec::new();
    for n in 0..RUNS {
        let id = format!("run_{n}");
        let job = bed.confirm("acme", &id, "nothing").await;
        #[expect(clippy::disallowed_methods, reason = "compared with the launcher's clock")]
        let queued_at = SystemTime::now();
        bed.enqueue(job).await;
        let job = bed.until("acme", &id, |job| job.status.is_terminal()).await;
        let run = job.latest_run().expect("an attempt");
        let meta = bed.published(&job, &format!("artifacts/runs/{}/run.meta.json", run.run_id));
        let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
        let spawned = Duration::from_nanos(meta["process"]["spawned_at_ns"].as_u64().expect("a time"));
        let queued = queued_at.duration_since(UNIX_EPOCH).expect("after 1970");
        times.push(spawned.saturating_sub(queued).as_secs_f64() * 1000.0);
    }
    times
}

/// Looks up places all over the backlog, in the projection and in the tables.
async fn places(bed: &Bed, backlog: usize) {
    let tenant = TenantId::parse(WAITING).expect("valid");
    let ids: Vec<JobId> = (0..LOOKS)
        .map(|n| JobId::parse(format!("{WAITING}_{:06}", n * backlog / LOOKS)).expect("valid"))
        .collect();
    let (mut known, mut counted) = (Vec::new(), Vec::new());
    for id in &ids {
        let started = Instant::now();
        assert!(bed.places.place(&tenant, id).is_some());
        known.push(started.elapsed().as_secs_f64() * 1e6);
        let started = Instant::now();
        bed.store.queue_position(&tenant, id).await.expect("reads");
        counted.push(started.elapsed().as_secs_f64() * 1e6);
    }
    show("place of a job, from the worker's projection", backlog, known, "µs");
    show("place of a job, counted in the tables", backlog, counted, "µs");
}

async fn measure(root: &Path, backlog: usize) {
    let mut bed = Bed::open(root);
    bed.options.command = vec!["/usr/bin/true".to_owned()];
    let mut record = tenant_record(WAITING);
    record.limits = TenantLimits { running: Some(0), ..TenantLimits::default() };
    let write = Write::Put { record: Record::Tenant(Box::new(record)), expect: Expect::Absent };
    bed.store.commit(commit(vec![write])).await.expect("committed");
    bed.tenants.refresh(bed.store.as_ref()).await.expect("read");
    let like = bed.confirm("acme", "like", "nothing").await;
    fill(&bed, &like, WAITING, backlog).await;
    fill(&bed, &like, "claimed", CLAIMS.0).await;
    let rate = claims(&bed, "claimed").await;
    println!(
        "{:<44} {backlog:>7} queued   {rate:>8.0} claims/s by {} callers",
        "claims at the store", CLAIMS.1
    );
    // what was claimed here has no attempt: the worker must not look for one
    bed.store.shutdown();
    let fresh = root.join("runs");
    std::fs::create_dir_all(&fresh).expect("a directory");
    let mut bed = Bed::open(&fresh);
    bed.options.command = vec!["/usr/bin/true".to_owned()];
    let mut record = tenant_record(WAITING);
    record.limits = TenantLimits { running: Some(0), ..TenantLimits::default() };
    let write = Write::Put { record: Record::Tenant(Box::new(record)), expect: Expect::Absent };
    let mut tenants = commit(vec![write]);
    tenants.id = SystemIds.id("commit");
    bed.store.commit(tenants).await.expect("committed");
    bed.tenants.refresh(bed.store.as_ref()).await.expect("read");
    let like = bed.confirm("acme", "like", "nothing").await;
    fill(&bed, &like, WAITING, backlog).await;
    let worker = bed.worker().await;
    while worker.status().queued < backlog {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    show("enqueue to engine started", backlog, to_engine(&bed).await, "ms");
    if backlog > 0 {
        places(&bed, backlog).await;
    }
    worker.drain(Drain::Wait(Duration::from_secs(5))).await;
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("queue, embedded store, {cores} cores");
    for backlog in BACKLOGS {
        // on the disk of the build, since /tmp may live in memory
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        runtime.block_on(measure(dir.path(), backlog));
    }
}
