//! Runs over HTTP, from the request to the verdict, against the same do-file started directly in the engine; and
//! the drain of a queue. `cargo bench --bench journey`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod served;

use report::{Aim, Row, percentiles, sized};
use served::{PROGRAM, Served, json_of, serve};

/// What one run took, in milliseconds: as a client sees it, and the engine within it.
struct Times {
    whole: Duration,
    overhead: Duration,
}

async fn run(served: &Served) -> (Times, (String, String, String)) {
    let client = &served.client;
    let (url, token) = client.planned().await;
    let begun = Instant::now();
    let run_id = client.succeed(&url, &token).await;
    let whole = begun.elapsed();
    let told = json_of(client.http.get(format!("{url}/runs/{run_id}")).bearer_auth(&token)).await;
    let engine = Duration::from_millis(told["timings"]["engine_ms"].as_u64().expect("the engine ran"));
    (Times { whole, overhead: whole.saturating_sub(engine) }, (url, token, run_id))
}

/// Builds a working directory as the run had it and starts the engine in it directly.
async fn engine_alone(served: &Served, of: &(String, String, String), rounds: usize) -> Vec<Duration> {
    let (url, token, run_id) = of;
    let client = &served.client;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for folder in ["ado", "empty", "tmp"] {
        std::fs::create_dir(dir.path().join(folder)).expect("a folder");
    }
    let text = client.artifact(url, token, &format!("artifacts/runs/{run_id}/main.do")).await;
    std::fs::write(dir.path().join("main.do"), text).expect("written");
    let idioms = client.artifact(url, token, stata_service::domain::layout::IDIOMS_PATH).await;
    let idioms: BTreeMap<String, String> = serde_json::from_slice(&idioms).expect("texts by name");
    for (name, text) in idioms {
        std::fs::write(dir.path().join("ado").join(name), text).expect("written");
    }
    let data = served.file(".dta").expect("the canonical data");
    (0..rounds)
        .map(|_| {
            std::fs::copy(&data, dir.path().join("data.dta")).expect("copied");
            let begun = Instant::now();
            start(dir.path());
            begun.elapsed()
        })
        .collect()
}

fn start(dir: &Path) {
    let mut command = Command::new(PROGRAM);
    command.args(["dofile", "-q", "-b", "do", "main.do"]).current_dir(dir);
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    assert!(command.status().expect("starts").success());
    let log = std::fs::read_to_string(dir.join("main.log")).expect("a log");
    assert!(log.contains("SS_EVENT|end"), "the do-file ends: {log}");
}

/// How long a rendering of a usual run takes: its tables, its figure, its text.
async fn renderings(served: &Served, rounds: usize) {
    let client = &served.client;
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..rounds {
        let (url, token) = client.planned().await;
        let run_id = client.succeed(&url, &token).await;
        for format in ["docx", "xlsx", "pdf", "tex"] {
            let render = format!("{url}/runs/{run_id}/render");
            let body = serde_json::json!({"formats": [format]});
            let begun = Instant::now();
            json_of(client.http.post(render).bearer_auth(&token).json(&body)).await;
            times.entry(format).or_default().push(begun.elapsed());
        }
    }
    for (format, mut times) in times {
        let (p50, p99) = percentiles(&mut times);
        Row::of(format!("rendering of a run as {format}"), format!("p50 {p50:.0} ms, p99 {p99:.0} ms"))
            .aim(p50, Aim::AtMost(100.0), " ms p50")
            .write();
    }
}

/// What traces cost a run and a read where a collector takes every span: two services in turn, one with traces.
async fn traces(rounds: usize) {
    // it takes everything and keeps nothing
    let collector = serve(axum::Router::new().fallback(|_: axum::body::Bytes| std::future::ready(())));
    let plain = Served::start();
    let traced = Served::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]);
    let (mut runs, mut reads) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..rounds {
        for (n, served) in [&plain, &traced].into_iter().enumerate() {
            let (times, (url, token, _)) = run(served).await;
            runs[n].push(times.whole);
            for _ in 0..100 {
                let begun = Instant::now();
                json_of(served.client.http.get(&url).bearer_auth(&token)).await;
                reads[n].push(begun.elapsed());
            }
        }
    }
    let rows = [("run to verdict", runs, 1.03), ("`GET /v1/jobs/{id}`, one at a time", reads, 1.1)];
    for (what, [mut without, mut with], aim) in rows {
        let (without, with) = (percentiles(&mut without).0, percentiles(&mut with).0);
        Row::of(format!("traces, {what}"), format!("p50 {with:.3} ms"))
            .peer(format!("without traces: p50 {without:.3} ms"))
            .ratio(with / without, Some(Aim::AtMost(aim)))
            .write();
    }
}

async fn drain(served: &Served, count: usize) {
    let client = &served.client;
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(client.planned().await);
    }
    let begun = Instant::now();
    for (url, token) in &jobs {
        json_of(client.http.post(format!("{url}/run")).bearer_auth(token)).await;
    }
    for (url, token) in &jobs {
        client.end(url, token).await;
    }
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    Row::of(
        format!("drain of {count} queued runs, two at once"),
        format!("{:.0} runs a minute", count as f64 / minutes),
    )
    .write();
}

#[tokio::main]
async fn main() {
    let served = Served::start();
    let rounds = sized(100, 20);
    let (mut whole, mut overhead, mut last) = (Vec::new(), Vec::new(), None);
    for _ in 0..rounds {
        let (times, of) = run(&served).await;
        whole.push(times.whole);
        overhead.push(times.overhead);
        last = Some(of);
    }
    let mut alone = engine_alone(&served, &last.expect("at least one run"), rounds).await;
    let (p50, p99) = percentiles(&mut whole);
    let (alone50, alone99) = percentiles(&mut alone);
    Row::of("run to verdict over HTTP, 800 rows", format!("p50 {p50:.1} ms, p99 {p99:.1} ms"))
        .peer(format!("the same do-file in the engine directly: p50 {alone50:.1} ms, p99 {alone99:.1} ms"))
        .ratio(p50 / alone50, None)
        .write();
    let (p50, p99) = percentiles(&mut overhead);
    Row::of("overhead of a run: all but the engine", format!("p50 {p50:.1} ms, p99 {p99:.1} ms"))
        .aim(p50, Aim::AtMost(8.0), " ms p50")
        .aim(p99, Aim::AtMost(15.0), " ms p99")
        .write();
    drain(&served, sized(100, 30)).await;
    renderings(&served, sized(20, 10)).await;
    drop(served);
    traces(sized(60, 20)).await;
}
