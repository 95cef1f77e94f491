//! Health, metrics and the orderly end.

use std::time::Duration;

use llm_simulator::Simulator;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn health_tells_degradation_with_its_reason() {
    let base = start(settings("keys = ['k']\nadmin_keys = ['root']")).await;
    let health = async || get(&format!("{base}/health")).await.json::<Value>().await.unwrap();
    assert_eq!(health().await["status"], "ok");
    let set = async |stated: Value| {
        let request = client().put(format!("{base}/admin/health")).bearer_auth("root").json(&stated);
        assert_eq!(request.send().await.unwrap().status(), 204);
    };
    set(json!({"degraded": true, "reason": "the model is slow"})).await;
    assert_eq!(health().await["status"], "degraded");
    assert_eq!(health().await["reasons"], json!(["the model is slow"]));
    assert_eq!(get(&format!("{base}/health/ready")).await.status(), 200, "it answers all the same");
    set(json!({"degraded": false})).await;
    assert_eq!(health().await["status"], "ok");
    assert_eq!(get(&format!("{base}/health/live")).await.status(), 200);
}

#[tokio::test]
async fn metrics_count_by_provider_model_and_status() {
    let base = start(settings("models = ['m']")).await;
    let url = format!("{base}/v1/chat/completions");
    let answer: Value = post(&url, &chat("wages"), &[]).await.json().await.unwrap();
    post(&url, &json!({}), &[]).await;
    post(&format!("{base}/v1/messages"), &message("wages"), &[VERSION]).await.text().await.unwrap();
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    for line in [
        "llm_simulator_requests_total{provider=\"openai\",model=\"m\",status=\"200\"} 1".to_owned(),
        "llm_simulator_requests_total{provider=\"openai\",model=\"\",status=\"400\"} 1".to_owned(),
        "llm_simulator_requests_total{provider=\"anthropic\",model=\"m\",status=\"200\"} 1".to_owned(),
        "llm_simulator_queue_depth{provider=\"openai\",model=\"m\"} 0".to_owned(),
        "llm_simulator_in_flight{provider=\"openai\",model=\"m\"} 0".to_owned(),
        format!(
            "llm_simulator_tokens_total{{provider=\"openai\",model=\"m\",kind=\"output\"}} {}",
            answer["usage"]["completion_tokens"]
        ),
        "llm_simulator_request_duration_seconds_count{provider=\"openai\",model=\"m\"} 1".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn made_up_models_do_not_make_labels_without_bound() {
    let base = start(settings("")).await;
    let url = format!("{base}/v1/chat/completions");
    for i in 0..80 {
        let mut body = chat("x");
        body["model"] = json!(format!("model-{i}"));
        post(&url, &body, &[]).await;
    }
    let mut odd = chat("x");
    odd["model"] = json!("a\"b\nc");
    post(&url, &odd, &[]).await;
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    let labels = text.lines().filter(|l| l.starts_with("llm_simulator_requests_total")).count();
    assert!(labels <= 51, "{labels}");
    assert!(text.contains("model=\"other\""));
    assert!(text.lines().all(|l| l.starts_with('#') || l.starts_with("llm_simulator_")), "{text}");
}

/// Calls that the simulator has begun and not ended.
async fn under_way(base: &str) -> u32 {
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("llm_simulator_in_flight{"));
    line.and_then(|line| line.rsplit(' ').next()).map_or(0, |n| n.parse().unwrap())
}

#[tokio::test]
async fn a_drain_lets_calls_end_and_is_bounded() {
    let toml = "drain_ms = 2000\n[latency]\nfirst_token = { kind = 'fixed', ms = 300.0 }";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let url = format!("{base}/v1/chat/completions");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(Simulator::new(settings(toml)).serve(listener, async move {
        let _ = stopped.await;
    }));
    let hang = json!([{"kind": "hang", "ms": 60_000}]).to_string();
    let stuck = {
        let url = url.clone();
        tokio::spawn(async move {
            let request = client().post(url).json(&chat("x")).header("x-simulator-faults", hang);
            request.send().await.is_ok()
        })
    };
    let quick = tokio::spawn(async move { post(&url, &chat("y"), &[]).await.status().as_u16() });
    while under_way(&base).await < 2 && !quick.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(()).unwrap();
    assert_eq!(quick.await.unwrap(), 200, "a call that was under way is answered");
    assert_eq!(server.await.unwrap().unwrap(), 1, "the one that hangs is broken off");
    stuck.abort();
}
