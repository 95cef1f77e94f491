//! Durable commits and reads per second of the store in PostgreSQL with 1, 8 and 64 callers, against pgbench with as many
//! clients on the same server; claims of several processes, with and without a long queue; the move of an embedded store. `performance/postgres.py` makes the server, runs pgbench and then this:
//! `BENCH_DATABASE_URL` names an empty database, `BENCH_PGBENCH` has the writes and
//! reads per second of pgbench, `1:6000:13000 8:…`.

use std::sync::Arc;

use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::store::migrate;
use stata_service::adapters::postgres::{Options, PostgresStore};
use stata_service::ports::store::Store;

#[path = "../tests/it/support/records.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod records;
#[path = "../tests/it/support/runs.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod runs;
#[path = "../tests/it/support/worker_harness.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod worker_harness;

mod commits;
mod on_postgres;
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use commits::{commits_per_second, reads_per_second};
use report::{Aim, Row};

/// Wanted shares of pgbench's commits and reads per number of callers.
const AIMS: [(usize, f64, f64); 3] = [(1, 0.45, 0.3), (8, 0.6, 0.3), (64, 1.0, 0.3)];

#[expect(clippy::disallowed_methods, reason = "benchmarks are steered by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes and reads per second of pgbench with so many clients.
fn peer(figures: &str, clients: usize) -> Option<(f64, f64)> {
    let figures = figures.split(' ').find_map(|one| one.strip_prefix(&format!("{clients}:")))?;
    let (writes, reads) = figures.split_once(':')?;
    Some((writes.parse().ok()?, reads.parse().ok()?))
}

fn main() {
    let (Some(url), Some(figures)) = (variable("BENCH_DATABASE_URL"), variable("BENCH_PGBENCH")) else {
        Row::of("the store in PostgreSQL", "not measured: run performance/postgres.py").write();
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let url = SecretString::from(url);
    migrate(&url).expect("the tables are made");
    let options = Options::new(url.clone(), dir.path().to_owned(), Arc::new(SystemClock));
    let opened = PostgresStore::open(options).expect("opens");
    let store: Arc<dyn Store> = Arc::clone(&opened) as _;
    for (callers, of_writes, of_reads) in AIMS {
        let (writes, reads) = peer(&figures, callers).expect("figures of pgbench");
        let commits = runtime.block_on(commits_per_second(&store, callers));
        Row::of(
            format!("PostgreSQL: durable commits at the port, a new 2 KB job each, {callers} callers"),
            format!("{commits:.0}/s"),
        )
        .peer(format!("pgbench, a row of 2 KB each: {writes:.0}/s"))
        .ratio(commits / writes, Some(Aim::AtLeast(of_writes)))
        .write();
        let span = store.status().sequence.min(10_000);
        let read = runtime.block_on(reads_per_second(&store, callers, span));
        Row::of(
            format!("PostgreSQL: reads of single jobs out of {span}, {callers} callers"),
            format!("{read:.0}/s"),
        )
        .peer(format!("pgbench, a row of 2 KB by its key: {reads:.0}/s"))
        .ratio(read / reads, Some(Aim::AtLeast(of_reads)))
        .write();
    }
    opened.shutdown();
    drop(store);
    let (writes, _) = peer(&figures, 8).expect("figures of pgbench");
    runtime.block_on(on_postgres::claims(&url, dir.path(), writes));
    let embedded = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    runtime.block_on(on_postgres::moving(&url, embedded.path()));
}
