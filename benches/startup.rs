//! The real program's way from its start to the ready line, its memory at rest, and what it opens, with an
//! empty store and with stores of 100,000 and 1,000,000 jobs. `cargo bench --bench startup`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::ids::SystemIds;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::ids::JobId;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::ports::ids::IdSource;
use stata_service::ports::store::{Store, Write};

#[path = "../tests/it/support/records.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod records;

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use records::{commit, job, next, put, time};
use report::{Aim, Row, percentiles, process_mb, sized};

const ADMIN_KEY: &str = "ssk_bench_0123456789abcdef0123456789abcdef";
const SERVICE: &str = env!("CARGO_BIN_EXE_stata-service");
const JOBS: [usize; 3] = [0, 100_000, 1_000_000];

/// Makes a store with jobs in all states that need no worker, a tenth of them queued.
async fn fill(data: &Path, count: usize) {
    let store = SqliteStore::open(Options::new(data.to_owned(), Arc::new(SystemClock))).expect("opens");
    let states = [JobStatus::Created, JobStatus::Succeeded, JobStatus::Failed, JobStatus::Cancelled];
    for from in (0..count).step_by(500) {
        let writes: Vec<Write> = (from..count.min(from + 500))
            .map(|n| {
                let status = if n % 10 == 9 { JobStatus::Queued } else { states[n % states.len()] };
                let id = JobId::parse(format!("job_{n:07}")).expect("valid");
                let mut record =
                    JobRecord { version: 1, job_id: id, ..next(&job("default", "like", 0), status) };
                if let Some(queue) = &mut record.queue {
                    // waits for a retry, so that it is loaded and never claimed
                    queue.ready_at = time(1_000_000_000);
                }
                put(record)
            })
            .collect();
        let mut all = commit(writes);
        all.id = SystemIds.id("commit");
        store.commit(all).await.expect("commits");
    }
    store.shutdown();
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(SERVICE);
    command.env("SS_LISTEN", "127.0.0.1:0").env("SS_DATA_DIR", data);
    command.env("SS_LOG", "error").env("SS_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY);
    command.args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/performance/limits.toml"), "serve"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Waits for the ready line; returns the URL that it names.
fn until_ready(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.contains("\"ready\""), "{line}");
    let line: Value = serde_json::from_str(&line).expect("the ready line is JSON");
    format!("http://{}", line["address"].as_str().expect("it names the address"))
}

/// How long a page of 50 jobs takes: `pages` of them one after the other, by their cursors.
async fn list(base: &str, filter: &str, pages: usize) -> Vec<Duration> {
    let http = reqwest::Client::new();
    let (mut times, mut cursor) = (Vec::new(), String::new());
    while times.len() < pages {
        let begun = Instant::now();
        let page = http.get(format!("{base}/v1/jobs?{filter}{cursor}")).bearer_auth(ADMIN_KEY).send().await;
        let page = page.expect("answers").bytes().await.expect("a body");
        times.push(begun.elapsed());
        let page: Value = serde_json::from_slice(&page).expect("JSON");
        assert_eq!(page["jobs"].as_array().map(Vec::len), Some(50), "{page}");
        cursor = page["next_cursor"].as_str().map(|at| format!("&cursor={at}")).expect("more pages");
    }
    times
}

fn end(mut child: Child) {
    child.kill().expect("killed");
    child.wait().expect("reaped");
}

/// Counts openings of `job.json` from the start to the ready line, where strace is installed.
fn job_files_opened(data: &Path) -> Option<(usize, usize)> {
    let trace = data.with_extension("trace");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=open,openat,openat2", "-o"]).arg(&trace).arg(SERVICE).arg("serve");
    traced.env("SS_LISTEN", "127.0.0.1:0").env("SS_DATA_DIR", data);
    let mut child = traced.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    until_ready(&mut child);
    let text = std::fs::read_to_string(&trace).ok()?;
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    for pid in std::fs::read_to_string(children).ok()?.split_whitespace().filter_map(|pid| pid.parse().ok()) {
        let pid = rustix::process::Pid::from_raw(pid)?;
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    child.wait().ok()?;
    Some((text.lines().count(), text.lines().filter(|line| line.contains("job.json")).count()))
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let starts = sized(15, 5);
    for &count in &JOBS[..sized(3, 2)] {
        // on the disk of the build, since /tmp may live in memory
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("a directory");
        runtime.block_on(fill(&data, count));
        let (mut times, mut memory, mut lists) = (Vec::new(), f64::NAN, Vec::new());
        for start in 0..starts {
            let begun = Instant::now();
            let mut child = command(&data).spawn().expect("starts");
            let base = until_ready(&mut child);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            if start + 1 == starts {
                std::thread::sleep(Duration::from_secs(2));
                memory = process_mb(child.id(), "VmRSS");
                if count > 0 {
                    stata_service::adapters::llm::install_tls();
                    for filter in ["limit=50", "limit=50&status=queued"] {
                        lists.push((filter, runtime.block_on(list(&base, filter, 200))));
                    }
                }
            }
            end(child);
        }
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        let opened = job_files_opened(&data).map_or_else(
            || "no strace here to count opened files".to_owned(),
            |(all, jobs)| format!("{jobs} `job.json` among {all} opened files"),
        );
        Row::of(
            format!("start to ready line, {count} jobs, a tenth queued"),
            format!("median {median:.1} ms, longest {longest:.1} ms; {opened}"),
        )
        .aim(median, Aim::AtMost(if count > 100_000 { 100.0 } else { 50.0 }), " ms")
        .write();
        let aim = Aim::AtMost(if count == 0 { 25.0 } else { 60.0 });
        Row::of(format!("memory at rest, {count} jobs"), format!("{memory:.1} MB"))
            .aim(memory, aim, " MB")
            .write();
        for (filter, mut times) in lists {
            let (p50, p99) = percentiles(&mut times);
            Row::of(
                format!("`GET /v1/jobs?{filter}`, 200 pages one after the other, {count} jobs"),
                format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
            )
            .aim(p99, Aim::AtMost(10.0), " ms p99")
            .write();
        }
    }
}
