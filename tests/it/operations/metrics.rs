//! Metrics: what a run leaves in `/metrics`, and names and labels that follow the conventions.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::app::{PATIENCE, TestApp};

const DATA: &str = "y,x\n1,2\n2,4.1\n3,5.9\n4,8.2\n5,9.7\n6,12.3\n7,13.8\n8,16.1\n9,18.2\n10,19.9\n\
                    11,22.1\n12,24.3\n13,25.8\n14,28.2\n15,29.9\n16,32.2\n17,33.9\n18,36.1\n19,38.2\n20,39.8\n";

async fn scrape(app: &TestApp) -> String {
    app.http.get(format!("{}/metrics", app.base)).send().await.unwrap().text().await.unwrap()
}

/// The metrics once a run is counted, which follows its commit.
async fn counted(app: &TestApp) -> String {
    let started = std::time::Instant::now();
    loop {
        let text = scrape(app).await;
        if total(&text, "ss_runs_total").is_some_and(|runs| runs > 0.0) || started.elapsed() > PATIENCE {
            return text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Sum over all label sets of a sample name.
fn total(text: &str, name: &str) -> Option<f64> {
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    let values = lines.filter_map(|line| {
        let (sample, value) = line.rsplit_once(' ')?;
        (sample.split('{').next() == Some(name)).then(|| value.parse::<f64>().ok()).flatten()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_counted_whatever_its_verdict() {
    let mut app = TestApp::start().await;
    let job = app.job("How is y related to x?").await;
    app.upload(&job, "data.csv", DATA).await.ok();
    let statement =
        json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": "y", "regressors": ["x"]}});
    app.put(&job, "/draft", &statement).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    let text = counted(&app).await;
    assert_eq!(total(&text, "ss_runs_total"), Some(1.0), "{text}");
    assert_eq!(total(&text, "ss_run_duration_seconds_count"), Some(1.0));
    assert_eq!(total(&text, "ss_queue_wait_seconds_count"), Some(1.0));
    assert_eq!(
        (total(&text, "ss_queue_depth"), total(&text, "ss_queue_oldest_age_seconds")),
        (Some(0.0), Some(0.0))
    );
    let status = ended["status"].as_str().unwrap();
    assert!(text.contains(&format!("ss_jobs{{status=\"{status}\"}} 1")), "{text}");
    assert!(text.contains(&format!("verdict=\"{status}\"")), "{text}");
    for name in [
        "ss_audit_events_total",
        "ss_build_info",
        "ss_disk_free_bytes",
        "process_open_fds",
        "process_resident_memory_bytes",
    ] {
        assert!(total(&text, name).is_some_and(|v| v > 0.0), "{name} in {text}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_the_conventions_and_labels_are_bounded() {
    let mut app = TestApp::start().await;
    for n in 0..40 {
        let path = format!("{}/no-such-path-{n}", app.base);
        app.http.get(path).send().await.unwrap();
        let method = reqwest::Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
        app.http.request(method, format!("{}/v1/jobs/job_{n}", app.base)).send().await.unwrap();
    }
    let text = scrape(&app).await;
    let mut samples: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        *samples.entry(line.split(['{', ' ']).next().unwrap()).or_default() += 1;
    }
    assert!(samples["ss_http_requests_total"] < 10, "{text}");
    assert!(!text.contains("no-such-path") && !text.contains("job_1"), "{text}");
    for line in text.lines() {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) else {
            continue;
        };
        assert!(name.starts_with("ss_") || name.starts_with("process_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_command_tells_that_a_service_is_ready() {
    let mut app = TestApp::start().await;
    let url = app.base.clone();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .args(["health", "--url", &url])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert!(report["checks"]["store"]["ok"].as_bool().unwrap(), "{report}");
    app.stop().await;
}
