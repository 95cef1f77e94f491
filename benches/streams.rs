//! Followers of a job: memory that each costs the real program, and the delay from a change to its event at every
//! reader. `cargo bench --bench streams`.
//!
//! The memory is that of many followers beyond the first: those wake parts of the program that slept.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod served;

use report::{Aim, Row, percentiles, process_mb, sized};
use served::{Served, json_of};

/// Readers at once, of whom the delay is measured.
const FOLLOWERS: usize = 500;
/// Readers at once, of whom the memory is measured. The service takes 10,000 connections.
const CROWD: usize = 9_500;

/// Allows this process and the program that it starts as many open files as the system lets it; returns how many.
fn open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("the limit may be raised so far");
    maximum.map_or(CROWD * 2, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// What a reader tells: when its stream began, and when each title arrived.
#[derive(Clone)]
struct Tell {
    began: mpsc::UnboundedSender<Instant>,
    title: mpsc::UnboundedSender<Instant>,
}

/// Reads a job's events.
async fn follow(address: String, path: String, token: String, tell: Tell) {
    let stream = TcpStream::connect(&address).await.expect("connects");
    let (read, mut write) = stream.into_split();
    let head = format!(
        "GET {path}/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: text/event-stream\r\n\r\n"
    );
    write.write_all(head.as_bytes()).await.expect("asks");
    let mut lines = tokio::io::BufReader::with_capacity(1024, read).lines();
    let mut follows = false;
    while let Ok(Some(line)) = lines.next_line().await {
        assert!(follows || !line.starts_with("HTTP/1.1") || line.contains(" 200 "), "{line}");
        let told = match (follows, line.starts_with("event: job.changed")) {
            (false, _) if line.contains("following") => {
                follows = true;
                &tell.began
            }
            (_, true) => &tell.title,
            _ => continue,
        };
        if told.send(Instant::now()).is_err() {
            return;
        }
    }
}

/// Takes so many tells.
async fn tells(told: &mut mpsc::UnboundedReceiver<Instant>, count: usize) -> Vec<Instant> {
    let mut times = Vec::with_capacity(count);
    while times.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(30), told.recv()).await;
        times.push(
            next.unwrap_or_else(|_| panic!("{} of {count} were told", times.len())).expect("followers"),
        );
    }
    times
}

#[tokio::main]
async fn main() {
    let files = open_files();
    let served = Served::start();
    let (client, address) = (&served.client, &served.address);
    let (url, token) = client.job().await;
    let path = url.strip_prefix(&client.base).expect("a URL of this service").to_owned();
    let (began, mut begun_streams) = mpsc::unbounded_channel();
    let (title, mut told) = mpsc::unbounded_channel();
    let tell = Tell { began, title };
    let crowd = |count: usize| -> Vec<_> {
        (0..count)
            .map(|_| tokio::spawn(follow(address.clone(), path.clone(), token.clone(), tell.clone())))
            .collect()
    };
    let mut readers = crowd(FOLLOWERS);
    tells(&mut begun_streams, FOLLOWERS).await;
    // the story so far is one more event at most
    tokio::time::sleep(Duration::from_secs(1)).await;
    while told.try_recv().is_ok() {}
    let mut delays = Vec::new();
    for n in 0..sized(40, 10) {
        let begun = Instant::now();
        let title = json!({"title": format!("title {n}")});
        let patch = client.http.patch(&url).bearer_auth(&token).json(&title);
        let answered = tokio::spawn(async move {
            json_of(patch).await;
        });
        delays.extend(tells(&mut told, FOLLOWERS).await.iter().map(|at| at.saturating_duration_since(begun)));
        answered.await.expect("no panic");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (p50, p99) = percentiles(&mut delays);
    Row::of(
        format!("change to its event at {FOLLOWERS} followers, request included"),
        format!("p50 {p50:.1} ms, p99 {p99:.1} ms"),
    )
    .write();
    let more = CROWD.min(files.saturating_sub(1_000)).saturating_sub(FOLLOWERS);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = process_mb(served.pid(), "VmRSS");
    // not more at once than a listener's backlog takes
    while readers.len() < FOLLOWERS + more {
        let some = FOLLOWERS.min(FOLLOWERS + more - readers.len());
        readers.extend(crowd(some));
        tells(&mut begun_streams, some).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let each = (process_mb(served.pid(), "VmRSS") - before) * 1024.0 / more as f64;
    Row::of(format!("memory of a follower, {} at once", readers.len()), format!("{each:.1} kB"))
        .aim(each, Aim::AtMost(20.0), " kB")
        .write();
    readers.iter().for_each(tokio::task::JoinHandle::abort);
}
