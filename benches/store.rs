//! Durable commits per second of the embedded store with 1, 8 and 64 callers, against appending the same
//! bytes to a file with one fdatasync per batch, in the same run. Run with `cargo bench --bench store`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::audit::{Actor, AuditEvent, ChainedEvent, GENESIS_HASH};
use stata_service::domain::ids::{CodeId, JobId, TenantId, TraceId};
use stata_service::domain::job::JobRecord;
use stata_service::domain::job::ops::NewJob;
use stata_service::domain::job::record::{DataSharing, TokenState};
use stata_service::ports::store::{Commit, Expect, Record, Store, StoreExt, Write};

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use report::{Aim, Row, sized};

/// Wall time of each measurement.
fn time() -> Duration {
    Duration::from_millis(sized(2000, 800))
}
/// Wanted share of the append's speed per number of callers.
const TARGETS: [(usize, f64); 3] = [(1, 0.5), (8, 0.4), (64, 0.15)];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a valid time")
}

/// A new job whose record has about 2 KB.
fn new_job(n: u64) -> JobRecord {
    JobRecord::create(
        NewJob {
            tenant_id: TenantId::default_tenant(),
            job_id: JobId::parse(format!("job_{n:020}")).expect("a valid id"),
            trace_id: TraceId::parse("0".repeat(32)).expect("a valid id"),
            requirement: "Does treatment raise income? ".repeat(45),
            client_ref: None,
            data_sharing: DataSharing::Schema,
            token: TokenState {
                code_id: CodeId::parse("code_1").expect("a valid id"),
                secret_sha256: "0".repeat(64),
                generation: 1,
                expires_at: now(),
                revoked: false,
            },
            expires_at: None,
        },
        now(),
    )
}

fn event() -> AuditEvent {
    AuditEvent {
        time: now(),
        tenant: TenantId::default_tenant(),
        actor: Actor::system("bench"),
        action: "job.created".to_owned(),
        resource: "job:1".to_owned(),
        before: None,
        after: Some("created".to_owned()),
        reason: None,
        trace_id: None,
        address: None,
        detail: serde_json::Value::Null,
    }
}

fn commit(n: u64) -> Commit {
    let record = Record::from(new_job(n));
    let writes = vec![Write::Put { record, expect: Expect::Absent }];
    Commit { id: format!("commit_{n:020}"), writes, audit: vec![event()], housekeeping: None }
}

/// The bytes that one commit makes durable.
fn bytes(n: u64) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(&new_job(n)).expect("serialises");
    let chained = ChainedEvent::chain(0, n, GENESIS_HASH, event());
    bytes.extend(serde_json::to_vec(&chained).expect("serialises"));
    bytes
}

fn append_per_second(dir: &Path, batch: usize) -> f64 {
    let mut file = File::create(dir.join(format!("append_{batch}"))).expect("creates");
    let record = bytes(1);
    let start = Instant::now();
    let mut written = 0_u64;
    while start.elapsed() < time() {
        let block = record.repeat(batch);
        file.write_all(&block).expect("appends");
        file.sync_data().expect("syncs");
        written += batch as u64;
    }
    written as f64 / start.elapsed().as_secs_f64()
}

/// Returns reads per second of single jobs out of `span`, by `callers` callers.
async fn reads_per_second(store: &Arc<SqliteStore>, callers: usize, span: u64) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers as u64)
        .map(|caller| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let tenant = TenantId::default_tenant();
                let mut done = 0_u64;
                while start.elapsed() < time() {
                    // a step that is coprime to the span visits every job
                    let n = 1 + (caller + done * 7919) % span;
                    let id = JobId::parse(format!("job_{n:020}")).expect("a valid id");
                    store.job(&tenant, &id).await.expect("reads").expect("exists");
                    done += 1;
                    if done.is_multiple_of(64) {
                        tokio::task::yield_now().await;
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("does not panic");
    }
    done as f64 / start.elapsed().as_secs_f64()
}

async fn print_reads(dir: PathBuf, callers: usize) {
    let store = SqliteStore::open(Options::new(dir, Arc::new(SystemClock))).expect("opens");
    let all = store.status().sequence;
    for (name, span) in [("lately read", all.min(1000)), ("all", all)] {
        let rate = reads_per_second(&store, callers, span).await;
        Row::of(
            format!("reads of single jobs out of {span} ({name}), {callers} callers"),
            format!("{rate:.0}/s"),
        )
        .write();
    }
    store.shutdown();
}

async fn commits_per_second(dir: PathBuf, callers: usize) -> f64 {
    let store = SqliteStore::open(Options::new(dir, Arc::new(SystemClock))).expect("opens");
    let next = Arc::new(AtomicU64::new(1));
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (Arc::clone(&store), Arc::clone(&next));
            tokio::spawn(async move {
                let mut done = 0_u64;
                while start.elapsed() < time() {
                    store.commit(commit(next.fetch_add(1, Ordering::Relaxed))).await.expect("commits");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("does not panic");
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    store.shutdown();
    rate
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    // on the disk of the build, since /tmp may live in memory
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for (callers, target) in TARGETS {
        let append = append_per_second(dir.path(), callers);
        let commits =
            runtime.block_on(commits_per_second(dir.path().join(format!("store_{callers}")), callers));
        Row::of(
            format!("durable commits at the port, a new 2 KB job each, {callers} callers"),
            format!("{commits:.0}/s"),
        )
        .peer(format!("append + fdatasync of the same bytes and batch: {append:.0}/s"))
        .ratio(commits / append, Some(Aim::AtLeast(target)))
        .write();
    }
    runtime.block_on(print_reads(dir.path().join("store_64"), 64));
}
