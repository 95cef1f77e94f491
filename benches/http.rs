//! Load over HTTP: live and GET job against a bare axum handler that answers the same bytes in the same run, and
//! redeem against append + fdatasync; at full load, and the latencies at half of it. `cargo bench --bench http`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod served;

use report::{Aim, Row, percentiles, sized};
use served::{Served, serve};

/// How long each load lasts.
fn lasts() -> Duration {
    Duration::from_secs(sized(3, 1))
}

/// One load: requests per second and latencies in milliseconds.
struct Load {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// Sends requests on a number of connections for a while; `next` makes the n-th request. With a rate (in requests
/// a second over all connections) each is due at its time, and one that comes late counts from when it was due.
async fn load(
    connections: usize,
    rate: Option<f64>,
    next: impl Fn(&reqwest::Client, usize) -> reqwest::RequestBuilder + Send + Sync + 'static,
) -> Load {
    let next = Arc::new(next);
    let count = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(tokio::sync::Barrier::new(connections + 1));
    let lasts = lasts();
    let pause = rate.map(|rate| Duration::from_secs_f64(connections as f64 / rate));
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let (next, count, ready) = (Arc::clone(&next), Arc::clone(&count), Arc::clone(&ready));
            tokio::spawn(async move {
                let http = reqwest::Client::new();
                let send = async || {
                    let n = count.fetch_add(1, Ordering::Relaxed);
                    let answer = next(&http, n).send().await.expect("answers");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answer.bytes().await.expect("a body");
                };
                // the connection is there before time counts
                send().await;
                ready.wait().await;
                let started = Instant::now();
                let mut times = Vec::new();
                // the connections do not all ask at the same time
                let mut due =
                    started + pause.unwrap_or_default().mul_f64(connection as f64 / connections as f64);
                while started.elapsed() < lasts {
                    let mut begun = Instant::now();
                    if let Some(pause) = pause {
                        if due > begun {
                            tokio::time::sleep_until(due.into()).await;
                            begun = Instant::now();
                        } else {
                            begun = due;
                        }
                        due += pause;
                    }
                    send().await;
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    ready.wait().await;
    let started = Instant::now();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("no panic"));
    }
    let per_second = times.len() as f64 / started.elapsed().as_secs_f64();
    let (p50, p99) = percentiles(&mut times);
    Load { per_second, p50, p99 }
}

/// Serves fixed bytes from a bare axum handler.
fn bare(body: Vec<u8>) -> String {
    let body = axum::body::Bytes::from(body);
    serve(axum::Router::new().route("/", axum::routing::get(move || std::future::ready(body.clone()))))
}

/// A GET against a bare handler with the same bytes, and its latency at half load. The two loads take turns, so
/// that both meet the same machine.
async fn compare(what: &str, connections: usize, url: String, token: Option<String>, aim: f64) {
    let get = move |http: &reqwest::Client, _| match &token {
        Some(token) => http.get(&url).bearer_auth(token),
        None => http.get(&url),
    };
    let first = get(&reqwest::Client::new(), 0).send().await.expect("answers");
    let plain = bare(first.bytes().await.expect("a body").to_vec());
    let (mut ratios, mut own, mut reference) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let plain = plain.clone();
        reference.push(load(connections, None, move |http, _| http.get(&plain)).await.per_second);
        own.push(load(connections, None, get.clone()).await);
        ratios.push(own[own.len() - 1].per_second / reference[reference.len() - 1]);
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let full = middle(own.iter().map(|load| load.per_second).collect());
    let (p50, p99) = (own[1].p50, own[1].p99);
    Row::of(
        format!("{what}, {connections} connections"),
        format!("{full:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms"),
    )
    .peer(format!("bare axum handler, same bytes: {:.0}/s", middle(reference)))
    .ratio(middle(ratios), Some(Aim::AtLeast(aim)))
    .write();
    let half = load(connections, Some(full / 2.0), get).await;
    Row::of(
        format!("{what}, half load"),
        format!("{:.0}/s, p50 {:.2} ms, p99 {:.2} ms", half.per_second, half.p50, half.p99),
    )
    .aim(half.p99, Aim::AtMost(5.0), " ms p99")
    .write();
}

/// Appends a record like a redeemed job's with one fdatasync per so many; returns records a second.
fn append(dir: &Path, batch: usize) -> f64 {
    let mut file = std::fs::File::create(dir.join("append")).expect("creates");
    let block = vec![b'x'; 2000 * batch];
    let (started, mut written) = (Instant::now(), 0);
    while started.elapsed() < lasts() {
        file.write_all(&block).expect("appends");
        file.sync_data().expect("syncs");
        written += batch;
    }
    written as f64 / started.elapsed().as_secs_f64()
}

async fn redeem(served: &Served) {
    let codes = Arc::new(served.client.codes(sized(60_000, 20_000)).await);
    let used = Arc::new(AtomicUsize::new(0));
    let url = format!("{}/v1/task-codes/redeem", served.client.base);
    let post = move |http: &reqwest::Client, _| {
        let code = &codes[used.fetch_add(1, Ordering::Relaxed) % codes.len()];
        http.post(&url).json(&json!({"task_code": code, "requirement": "q"}))
    };
    let full = load(64, None, post.clone()).await;
    let synced = append(served.dir.path(), 64);
    Row::of(
        "durable redeem, 64 connections",
        format!("{:.0}/s, p50 {:.1} ms, p99 {:.1} ms", full.per_second, full.p50, full.p99),
    )
    .peer(format!("append + fdatasync, batches of 64: {synced:.0}/s"))
    .ratio(full.per_second / synced, None)
    .aim(full.per_second, Aim::AtLeast(5000.0), "/s")
    .write();
    let half = load(64, Some(full.per_second / 2.0), post).await;
    Row::of(
        "durable redeem, half load",
        format!("{:.0}/s, p50 {:.1} ms, p99 {:.1} ms", half.per_second, half.p50, half.p99),
    )
    .aim(half.p99, Aim::AtMost(8.0), " ms p99")
    .write();
}

#[tokio::main]
async fn main() {
    let served = Served::start();
    let live = format!("{}/health/live", served.client.base);
    compare("`GET /health/live`", 32, live, None, 0.95).await;
    let (job, token) = served.client.planned().await;
    compare("`GET /v1/jobs/{id}`", 16, job, Some(token), 0.8).await;
    redeem(&served).await;
}
