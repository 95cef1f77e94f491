//! What the service adds to a run: the launcher alone, and the whole way from the commit that queues a
//! job to the commit of its verdict, with a program as engine that does nothing.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stata_service::domain::job::JobStatus;
use stata_service::ports::runner::Runner;
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

use runs::{runner, spec};
use worker_bed::Bed;

const ROUNDS: usize = 200;

fn show(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what:<56} p50 {:>7.2} ms   p99 {:>7.2} ms   n {}", at(0.5), at(0.99), times.len());
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Start to outcome of a program that ends at once, and the same program started bare.
fn launcher() {
    let (mut whole, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir().expect("a directory");
        let mut spec = spec(dir.path(), "");
        spec.command = vec!["/usr/bin/true".to_owned()];
        let started = Instant::now();
        let outcome = runner().start(spec).expect("started").wait();
        whole.push(ms(started.elapsed()));
        assert!(outcome.clean(), "{outcome:?}");
        let started = Instant::now();
        assert!(std::process::Command::new("/usr/bin/true").status().expect("runs").success());
        bare.push(ms(started.elapsed()));
    }
    show("launcher: start to outcome", whole);
    show("the same program without it", bare);
}

/// Queue commit to engine start, and to the verdict's commit.
async fn worker(root: &Path) {
    let mut bed = Bed::open(root);
    bed.options.command = vec!["/usr/bin/true".to_owned()];
    let worker = bed.worker().await;
    let (mut to_engine, mut whole) = (Vec::new(), Vec::new());
    for i in 0..ROUNDS {
        let id = format!("j{i}");
        let job = bed.confirm("acme", &id, "nothing").await;
        #[expect(clippy::disallowed_methods, reason = "compared with the launcher's clock")]
        let queued_at = SystemTime::now();
        let started = Instant::now();
        bed.enqueue(job).await;
        let job = loop {
            let job = bed.job("acme", &id).await;
            if job.status.is_terminal() {
                break job;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        };
        whole.push(ms(started.elapsed()));
        assert_eq!(job.status, JobStatus::Failed, "the program writes no log");
        let run = job.latest_run().expect("an attempt");
        let meta = bed.published(&job, &format!("artifacts/runs/{}/run.meta.json", run.run_id));
        let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
        let spawned = Duration::from_nanos(meta["process"]["spawned_at_ns"].as_u64().expect("a time"));
        let queued = queued_at.duration_since(UNIX_EPOCH).expect("after 1970");
        to_engine.push(ms(spawned.saturating_sub(queued)));
    }
    show("worker: enqueue to engine started", to_engine);
    show("worker: enqueue to verdict committed", whole);
    worker.drain(Drain::Wait(Duration::from_secs(5))).await;
}

fn main() {
    launcher();
    let dir = tempfile::tempdir().expect("a directory");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(worker(dir.path()));
}
