//! Load over HTTP: live, GET job, redeem, one run from request to verdict, and the drain of a queue, with a
//! bare axum handler that answers the same bytes in the same run. `cargo bench --bench http`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use stata_service::app::build::build;
use stata_service::app::options::{EngineOptions, OnShutdown, Options, ShutdownOptions, WorkerOptions};
use stata_service::app::serve::serve;
use stata_service::ports::runner::SandboxMode;
use tokio_util::sync::CancellationToken;

const ADMIN_KEY: &str = "ssk_bench_0123456789abcdef0123456789abcdef";
const PAY: &[u8] = include_bytes!("../assets/stata_do_library/datasets/pay.csv");
/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(3);
/// Jobs of the drain.
const QUEUED: usize = 100;

fn options(dir: &std::path::Path) -> Options {
    let program = env!("CARGO_BIN_EXE_stata-service");
    Options {
        env: "development".to_owned(),
        data_dir: dir.join("data"),
        library_dir: None,
        store_lock_wait: Duration::from_secs(5),
        bootstrap_admin_key: Some(ADMIN_KEY.to_owned().into()),
        admin: Default::default(),
        // the rates of performance/limits.toml
        edge: stata_service::app::options::EdgeOptions {
            credential: (1_000_000, 1_000_000),
            tenant: (1_000_000, 1_000_000),
            address: (1_000_000, 1_000_000),
            ..Default::default()
        },
        upload_max_bytes: 1 << 30,
        upload_max_files: 10,
        disk_low: stata_service::service::space::DiskLow(Some(0)),
        token_days: 30,
        llm: None,
        retention: Default::default(),
        engine: EngineOptions {
            command: vec![program.to_owned(), "dofile".to_owned()],
            kind: "open".to_owned(),
            launcher: Some(program.into()),
            run_timeout: Duration::from_secs(60),
            run_memory_mb: 2048,
            limits: Default::default(),
            processors: 1,
            sandbox: SandboxMode::BestEffort,
            readable: Vec::new(),
            timezone: "UTC".to_owned(),
        },
        worker: WorkerOptions { concurrency: 2, tenant_concurrency: None },
        shutdown: ShutdownOptions {
            on_shutdown: OnShutdown::Wait,
            timeout: Duration::from_secs(30),
            drain_delay: Duration::ZERO,
        },
        gate: Default::default(),
    }
}

/// One load: requests per second and latencies in milliseconds.
struct Load {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// Sends requests on a number of connections for a while; `next` makes the n-th request.
async fn load(
    connections: usize,
    next: impl Fn(&reqwest::Client, usize) -> reqwest::RequestBuilder + Send + Sync + 'static,
) -> Load {
    let next = Arc::new(next);
    let count = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (next, count) = (Arc::clone(&next), Arc::clone(&count));
            tokio::spawn(async move {
                let http = reqwest::Client::new();
                let mut times = Vec::new();
                while started.elapsed() < LASTS {
                    let begun = Instant::now();
                    let n = count.fetch_add(1, Ordering::Relaxed);
                    let answer = next(&http, n).send().await.expect("answers");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answer.bytes().await.expect("a body");
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("no panic"));
    }
    let per_second = times.len() as f64 / started.elapsed().as_secs_f64();
    let (p50, p99) = percentiles(&mut times);
    Load { per_second, p50, p99 }
}

fn percentiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    (at(0.5), at(0.99))
}

fn show(name: &str, load: &Load) {
    println!("{name:<34}{:>10.0}/s  p50 {:>7.2} ms  p99 {:>7.2} ms", load.per_second, load.p50, load.p99);
}

/// Serves fixed bytes from a bare axum handler.
async fn bare(body: Vec<u8>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let router = axum::Router::new().route("/", axum::routing::get(move || std::future::ready(body.clone())));
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}/")
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("answers");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert!(status.is_success(), "{status} {body}");
    body
}

/// The service under load with its administrator's view.
struct Bench {
    base: String,
    http: reqwest::Client,
}

impl Bench {
    async fn codes(&self, count: usize) -> Vec<String> {
        let mut codes = Vec::new();
        while codes.len() < count {
            let body = json!({"count": (count - codes.len()).min(500)});
            let url = format!("{}/v1/admin/task-codes", self.base);
            let made = json_of(self.http.post(url).bearer_auth(ADMIN_KEY).json(&body)).await;
            let list = made["task_codes"].as_array().expect("a list").iter();
            codes.extend(list.map(|c| c["task_code"].as_str().expect("a code").to_owned()));
        }
        codes
    }

    /// Makes a job with a frozen plan; returns its URL and token.
    async fn planned(&self) -> (String, String) {
        let code = self.codes(1).await.remove(0);
        let url = format!("{}/v1/task-codes/redeem", self.base);
        let job = json_of(self.http.post(url).json(&json!({"task_code": code, "requirement": ""}))).await;
        let url = format!("{}/v1/jobs/{}", self.base, job["job_id"].as_str().expect("an id"));
        let token = job["token"].as_str().expect("a token").to_owned();
        let form = Form::new().part("file", Part::bytes(PAY).file_name("pay.csv"));
        json_of(self.http.post(format!("{url}/inputs/upload")).bearer_auth(&token).multipart(form)).await;
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                           "roles": {"regressors": ["schooling"]}});
        json_of(self.http.put(format!("{url}/draft")).bearer_auth(&token).json(&draft)).await;
        json_of(self.http.post(format!("{url}/plan/freeze")).bearer_auth(&token)).await;
        (url, token)
    }

    async fn end(&self, url: &str, token: &str) -> Value {
        loop {
            let job = json_of(self.http.get(url).bearer_auth(token)).await;
            if !["queued", "running"].contains(&job["status"].as_str().unwrap_or_default()) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::main]
async fn main() {
    stata_service::adapters::llm::install_tls();
    let dir = tempfile::tempdir().expect("a directory");
    let started = Instant::now();
    let built = tokio::task::block_in_place(|| build(options(dir.path()))).unwrap_or_else(|e| panic!("{e}"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(built, listener, stop.clone(), |_| {}));
    let bench = Bench { base: format!("http://{address}"), http: reqwest::Client::new() };
    println!(
        "built in {:.1} ms; load generator and service share this machine's cores",
        started.elapsed().as_secs_f64() * 1000.0
    );

    let url = format!("{}/health/live", bench.base);
    let body = bench.http.get(&url).send().await.expect("answers").bytes().await.expect("a body").to_vec();
    let plain = bare(body).await;
    let reference = load(32, move |http, _| http.get(&plain)).await;
    let live = load(32, move |http, _| http.get(&url)).await;
    show("bare axum handler, 32 connections", &reference);
    show("GET /health/live, 32 connections", &live);
    println!("{:<34}{:>10.2}", "ratio", live.per_second / reference.per_second);

    let (job, token) = bench.planned().await;
    let body = bench.http.get(&job).bearer_auth(&token).send().await.expect("answers");
    let plain = bare(body.bytes().await.expect("a body").to_vec()).await;
    let reference = load(16, move |http, _| http.get(&plain)).await;
    let (url, bearer) = (job.clone(), token.clone());
    let read = load(16, move |http, _| http.get(&url).bearer_auth(&bearer)).await;
    show("bare axum handler, 16 connections", &reference);
    show("GET /v1/jobs/{id}, 16 connections", &read);
    println!("{:<34}{:>10.2}", "ratio", read.per_second / reference.per_second);

    let codes = Arc::new(bench.codes(60_000).await);
    let url = format!("{}/v1/task-codes/redeem", bench.base);
    let redeem = load(64, move |http, n| {
        http.post(&url).json(&json!({"task_code": codes[n % codes.len()], "requirement": "q"}))
    })
    .await;
    show("redeem, 64 connections", &redeem);

    let mut times = Vec::new();
    for _ in 0..30 {
        let (url, token) = bench.planned().await;
        let begun = Instant::now();
        json_of(bench.http.post(format!("{url}/run")).bearer_auth(&token)).await;
        let ended = bench.end(&url, &token).await;
        assert_eq!(ended["status"], "succeeded", "{ended}");
        times.push(begun.elapsed());
    }
    let (p50, p99) = percentiles(&mut times);
    println!("{:<34}p50 {p50:>7.1} ms  p99 {p99:>7.1} ms (open engine, 800 rows)", "run → verdict");

    let mut jobs = Vec::new();
    for _ in 0..QUEUED {
        jobs.push(bench.planned().await);
    }
    let begun = Instant::now();
    for (url, token) in &jobs {
        json_of(bench.http.post(format!("{url}/run")).bearer_auth(token)).await;
    }
    for (url, token) in &jobs {
        bench.end(url, token).await;
    }
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    println!("{:<34}{:>10.0} runs a minute (two at once)", "drain of the queue", QUEUED as f64 / minutes);
    stop.cancel();
    served.await.expect("no panic").expect("ends in order");
}
