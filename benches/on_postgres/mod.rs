//! Claims of several processes on one database, with and without a long queue, and the move of an embedded store.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::ids::SystemIds;
use stata_service::adapters::postgres::moving::{MoveSpec, move_store};
use stata_service::adapters::postgres::store::migrate;
use stata_service::adapters::postgres::{Access, Options, PostgresStore};
use stata_service::adapters::store::{Options as FileOptions, SqliteStore};
use stata_service::domain::ids::RunId;
use stata_service::domain::job::JobStatus;
use stata_service::ports::clock::Clock;
use stata_service::ports::ids::IdSource;
use stata_service::ports::store::{ClaimAsk, RunningLimits, Store};

use crate::commits::commits_per_second;
use crate::records::{commit, event, job, next, put};
use crate::report::{Aim, Row, sized};
use crate::worker_harness::plan;

/// Processes that claim, and the places of each.
const PROCESSES: usize = 3;
const PLACES: usize = 8;

/// Jobs that are claimed in one measurement.
fn claimed() -> usize {
    sized(12_000, 2_000)
}

/// Further jobs that are queued behind them.
fn backlogs() -> [i64; 2] {
    [0, sized(1_000_000, 50_000)]
}

/// Runs a statement on the database.
async fn sql(url: &SecretString, text: &str) {
    let (client, connection) =
        tokio_postgres::connect(url.expose_secret(), tokio_postgres::NoTls).await.expect("connects");
    let task = tokio::spawn(connection);
    client.batch_execute(text).await.expect("is done");
    drop(client);
    task.await.expect("does not panic").expect("ends");
}

/// Queues jobs, each with a plan.
async fn queue(store: &Arc<dyn Store>, round: usize) {
    for from in (0..claimed()).step_by(100) {
        let writes = (from..from + 100).map(|n| {
            let mut queued = next(&job("default", &format!("claimed_{round}_{n}"), 0), JobStatus::Queued);
            queued.version = 1;
            queued.plan = Some(plan("0", "0"));
            put(queued)
        });
        let mut all = commit(writes.collect());
        all.id = SystemIds.id("commit");
        store.commit(all).await.expect("commits");
    }
}

fn ask() -> ClaimAsk {
    ClaimAsk {
        runs: (0..PLACES).map(|_| RunId::parse(SystemIds.id("run")).expect("valid")).collect(),
        limits: RunningLimits::default(),
        make: Arc::new(|job, run_id| {
            Ok((job.claim(run_id.clone(), SystemClock.now())?, event("run.started")))
        }),
    }
}

/// Claims the queued jobs by several processes at once; returns jobs a second.
async fn claims_per_second(stores: &[Arc<dyn Store>]) -> f64 {
    let started = Instant::now();
    let callers = stores.iter().map(|store| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut taken = 0;
            while taken < claimed() / PROCESSES {
                let found = store.claim(ask()).await.expect("claims").jobs.len();
                if found == 0 {
                    break;
                }
                taken += found;
            }
            taken
        })
    });
    let mut taken = 0;
    for caller in callers.collect::<Vec<_>>() {
        taken += caller.await.expect("no panic");
    }
    assert!(taken >= claimed() - PROCESSES * PLACES, "{taken}");
    taken as f64 / started.elapsed().as_secs_f64()
}

/// Measures claims in batches against `writes`, single-row commits of pgbench with eight clients.
pub(crate) async fn claims(url: &SecretString, dir: &Path, writes: f64) {
    let open = |access| PostgresStore::open(Options { access, ..options(url, dir) }).expect("opens");
    let opened: Vec<_> = std::iter::once(Access::Own)
        .chain(std::iter::repeat_n(Access::Beside, PROCESSES - 1))
        .map(open)
        .collect();
    let stores: Vec<Arc<dyn Store>> = opened.iter().map(|store| Arc::clone(store) as _).collect();
    let mut empty = None;
    for (round, backlog) in backlogs().into_iter().enumerate() {
        queue(&stores[0], round).await;
        // behind those that are claimed, so that the claims have to find the first ones
        let waiting = format!(
            "INSERT INTO ss.queue (queue_seq, tenant, job_id, lane, turn) SELECT h.queue_seq + n, 'default', \
             'waiting_' || n, '', 1000000000 + n FROM ss.heads h, generate_series(1, {backlog}) n; ANALYZE ss.queue"
        );
        sql(url, &waiting).await;
        let rate = claims_per_second(&stores).await;
        let what =
            format!("PostgreSQL: claims of {PROCESSES} processes, {PLACES} at once, {backlog} more queued");
        let mut row = Row::of(what, format!("{rate:.0}/s"))
            .peer(format!("pgbench, a row of 2 KB each: {writes:.0}/s"))
            .ratio(rate / writes, Some(Aim::AtLeast(1.0)));
        if let Some(alone) = empty {
            row = row.aim(rate / alone, Aim::AtLeast(0.9), " × those with none more");
        }
        row.write();
        empty = Some(rate);
    }
    opened.iter().for_each(|store| store.shutdown());
}

fn options(url: &SecretString, dir: &Path) -> Options {
    Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock))
}

/// Measures the move of an embedded store into another database of the server, with its verification.
pub(crate) async fn moving(url: &SecretString, dir: &Path) {
    let opened = SqliteStore::open(FileOptions::new(dir.to_owned(), Arc::new(SystemClock))).expect("opens");
    let store: Arc<dyn Store> = Arc::clone(&opened) as _;
    while store.status().sequence < sized(60_000, 5_000) {
        commits_per_second(&store, 64).await;
    }
    opened.shutdown();
    sql(url, "CREATE DATABASE moved").await;
    let (server, _) = url.expose_secret().rsplit_once('/').expect("a database");
    let target = SecretString::from(format!("{server}/moved"));
    migrate(&target).expect("the tables are made");
    let spec = MoveSpec {
        data_dir: dir.to_owned(),
        url: target,
        clock: Arc::new(SystemClock),
        lock_wait: Duration::from_secs(5),
        keep_damaged: false,
    };
    let moved = move_store(&spec, &mut |_| {}).expect("moves");
    assert!(moved.ok);
    let rows: u64 = moved.rows.values().sum();
    let rate = rows as f64 / moved.seconds;
    Row::of(
        format!("store move: {rows} rows of {} jobs copied and compared", moved.rows["jobs"]),
        format!("{:.1} s, {rate:.0} rows/s", moved.seconds),
    )
    .aim(rate, Aim::AtLeast(20_000.0), "/s")
    .write();
}
