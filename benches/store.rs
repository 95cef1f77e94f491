//! Durable commits per second of the embedded store with 1, 8 and 64 callers, against appending the same
//! bytes to a file with one fdatasync per batch, in the same run. Run with `cargo bench --bench store`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::audit::{ChainedEvent, GENESIS_HASH};
use stata_service::ports::store::Store;

mod commits;
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use commits::{commits_per_second, event, new_job, reads_per_second, time};
use report::{Aim, Row};

/// Wanted share of the append's speed per number of callers.
const TARGETS: [(usize, f64); 3] = [(1, 0.6), (8, 0.5), (64, 0.3)];

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

fn open(dir: PathBuf) -> (Arc<SqliteStore>, Arc<dyn Store>) {
    let store = SqliteStore::open(Options::new(dir, Arc::new(SystemClock))).expect("opens");
    (Arc::clone(&store), store)
}

async fn print_reads(dir: PathBuf, callers: usize) {
    let (opened, store) = open(dir);
    let all = store.status().sequence;
    for (name, span) in [("lately read", all.min(1000)), ("all", all)] {
        let rate = reads_per_second(&store, callers, span).await;
        Row::of(
            format!("reads of single jobs out of {span} ({name}), {callers} callers"),
            format!("{rate:.0}/s"),
        )
        .write();
    }
    opened.shutdown();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    // on the disk of the build, since /tmp may live in memory
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for (callers, target) in TARGETS {
        let append = append_per_second(dir.path(), callers);
        let (opened, store) = open(dir.path().join(format!("store_{callers}")));
        let commits = runtime.block_on(commits_per_second(&store, callers));
        opened.shutdown();
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
