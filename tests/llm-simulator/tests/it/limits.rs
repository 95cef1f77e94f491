//! Limits of each caller: one caller's excess is not another's, and headers tell of it in each format.

use serde_json::Value;

use crate::support::*;

const LIMITED: &str =
    "keys = ['a', 'b']\n[limits]\nrequests_per_second = 0.001\nburst = 3\ntokens_per_minute = 100000";

#[tokio::test]
async fn a_caller_over_the_limit_is_refused_and_others_are_not() {
    let base = start(settings(LIMITED)).await;
    let url = format!("{base}/v1/chat/completions");
    let ask = async |key: &str| post(&url, &chat("x"), &[("authorization", &format!("Bearer {key}"))]).await;
    for left in ["2", "1", "0"] {
        let answer = ask("a").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-ratelimit-remaining-requests"], left);
        assert_eq!(answer.headers()["x-ratelimit-limit-requests"], "3");
    }
    let refused = ask("a").await;
    assert_eq!(refused.status(), 429);
    let headers = refused.headers().clone();
    assert!(headers["ratelimit-policy"].to_str().unwrap().starts_with("\"requests\";q=3;w=3000"));
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((900..=1000).contains(&wait), "{wait}");
    assert!(headers.contains_key("retry-after-ms"));
    assert!(headers["x-ratelimit-reset-requests"].to_str().unwrap().starts_with("16m"), "{headers:?}");
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(ask("b").await.status(), 200);
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    assert!(text.contains("llm_simulator_limited_total{provider=\"openai\",limit=\"requests\"} 1"), "{text}");
}

#[tokio::test]
async fn callers_who_are_not_let_in_use_up_nobodys_limit() {
    let base = start(settings(LIMITED)).await;
    let url = format!("{base}/v1/chat/completions");
    for _ in 0..10 {
        assert_eq!(post(&url, &chat("x"), &[("authorization", "Bearer wrong")]).await.status(), 401);
    }
    assert_eq!(post(&url, &chat("x"), &[("authorization", "Bearer a")]).await.status(), 200);
}

#[tokio::test]
async fn each_format_tells_of_its_limit_in_its_own_way() {
    let base = start(settings("[limits]\nrequests_per_second = 0.001\nburst = 1")).await;
    let first = post(&format!("{base}/v1/messages"), &message("x"), &[VERSION]).await;
    assert_eq!(first.headers()["anthropic-ratelimit-requests-remaining"], "0");
    let reset = first.headers()["anthropic-ratelimit-requests-reset"].to_str().unwrap();
    assert!(reset.len() == 20 && reset.ends_with('Z'), "{reset}");
    let refused = post(&format!("{base}/v1/messages"), &message("x"), &[VERSION]).await;
    assert_eq!(refused.status(), 429, "callers without keys are told apart by address");
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["type"], "rate_limit_error");
    let url = format!("{base}/v1beta/models/g:generateContent");
    let refused: Value = post(&url, &contents("x"), &[]).await.json().await.unwrap();
    assert_eq!(refused["error"]["status"], "RESOURCE_EXHAUSTED");
    let delay = refused["error"]["details"][0]["retryDelay"].as_str().unwrap();
    let seconds: f64 = delay.strip_suffix('s').unwrap().parse().unwrap();
    assert!((900.0..=1000.0).contains(&seconds), "{delay}");
}

#[tokio::test]
async fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
    let limit = "[limits]\nrequests_per_second = 0.001\nburst = 1";
    let ask = async |base: &str, client: &str| {
        post(&format!("{base}/v1/chat/completions"), &chat("x"), &[("x-forwarded-for", client)])
            .await
            .status()
            .as_u16()
    };
    let direct = start(settings(limit)).await;
    assert_eq!((ask(&direct, "192.0.2.1").await, ask(&direct, "192.0.2.2").await), (200, 429));
    let behind = start(settings(&format!("trusted_proxies = ['127.0.0.0/8']\n{limit}"))).await;
    assert_eq!((ask(&behind, "192.0.2.1").await, ask(&behind, "192.0.2.2").await), (200, 200));
    assert_eq!(ask(&behind, "192.0.2.1").await, 429);
}

#[tokio::test]
async fn tokens_are_counted_as_well() {
    let base = start(settings("[limits]\ntokens_per_minute = 200")).await;
    let url = format!("{base}/v1/chat/completions");
    let small = post(&url, &chat("hello"), &[]).await;
    assert_eq!(small.status(), 200);
    assert_eq!(small.headers()["x-ratelimit-limit-tokens"], "200");
    let large = post(&url, &chat(&"schooling and wages ".repeat(100)), &[]).await;
    assert_eq!(large.status(), 429, "more than a minute allows");
}

#[tokio::test]
async fn a_full_queue_refuses_as_an_overloaded_provider_does() {
    let toml = "[queue]\nconcurrency = 1\nmost_waiting = 1\ndegraded_at = 1\n\
                [latency]\nfirst_token = { kind = 'fixed', ms = 400.0 }";
    let base = start(settings(toml)).await;
    let url = format!("{base}/v1/messages");
    let ask = |prompt: &'static str| {
        let url = url.clone();
        tokio::spawn(async move { post(&url, &message(prompt), &[VERSION]).await.status().as_u16() })
    };
    let first = ask("one");
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let second = ask("two");
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let health: Value = get(&format!("{base}/health")).await.json().await.unwrap();
    assert_eq!((health["status"].as_str(), health["queue_depth"].as_u64()), (Some("degraded"), Some(1)));
    let metrics = get(&format!("{base}/metrics")).await.text().await.unwrap();
    assert!(metrics.contains("llm_simulator_queue_depth{provider=\"anthropic\",model=\"m\"} 1"), "{metrics}");
    assert!(metrics.contains("llm_simulator_in_flight{provider=\"anthropic\",model=\"m\"} 2"), "{metrics}");
    let third = post(&url, &message("three"), &[VERSION]).await;
    assert_eq!(third.status(), 529);
    assert_eq!(third.json::<Value>().await.unwrap()["error"]["type"], "overloaded_error");
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (200, 200));
    let health: Value = get(&format!("{base}/health")).await.json().await.unwrap();
    assert_eq!(health["status"], "ok");
}
