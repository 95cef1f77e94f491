//! The real program's way from its start to the ready line, its memory at rest, and what it opens, with an
//! empty store and with one of 100,000 jobs. `cargo bench --bench startup`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
use report::{Aim, Row, process_mb, sized};

const SERVICE: &str = env!("CARGO_BIN_EXE_stata-service");
const JOBS: [usize; 2] = [0, 100_000];

/// Makes a store with jobs in all states that need no worker, a tenth of them queued.
async fn fill(data: &Path, count: usize) {
    let store = SqliteStore::open(Options::new(data.to_owned(), Arc::new(SystemClock))).expect("opens");
    let states = [JobStatus::Created, JobStatus::Succeeded, JobStatus::Failed, JobStatus::Cancelled];
    for from in (0..count).step_by(500) {
        let writes: Vec<Write> = (from..count.min(from + 500))
            .map(|n| {
                let status = if n % 10 == 9 { JobStatus::Queued } else { states[n % states.len()] };
                let id = JobId::parse(format!("job_{n:06}")).expect("valid");
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
    command.arg("serve").env("SS_LISTEN", "127.0.0.1:0").env("SS_DATA_DIR", data);
    command.env("SS_LOG", "error");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Waits for the ready line.
fn until_ready(child: &mut Child) {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.contains("\"ready\""), "{line}");
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
    for count in JOBS {
        // on the disk of the build, since /tmp may live in memory
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("a directory");
        runtime.block_on(fill(&data, count));
        let (mut times, mut memory) = (Vec::new(), f64::NAN);
        for start in 0..starts {
            let begun = Instant::now();
            let mut child = command(&data).spawn().expect("starts");
            until_ready(&mut child);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            if start + 1 == starts {
                std::thread::sleep(Duration::from_secs(2));
                memory = process_mb(child.id(), "VmRSS");
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
        .aim(median, Aim::AtMost(50.0), " ms")
        .write();
        let aim = Aim::AtMost(25.0);
        let row = Row::of(format!("memory at rest, {count} jobs"), format!("{memory:.1} MB"));
        if count == 0 { row.aim(memory, aim, " MB") } else { row }.write();
    }
}
