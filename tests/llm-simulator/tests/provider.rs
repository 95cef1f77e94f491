//! The provider as its callers see it, over real connections.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use llm_simulator::{Settings, Simulator};
use serde_json::{Value, json};

async fn start(settings: Settings) -> String {
    let _ = rustls_provider();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Simulator::new(settings).serve(listener, std::future::pending()));
    format!("http://{address}")
}

/// reqwest asks for a TLS provider even where no TLS is used.
fn rustls_provider() -> Result<(), ()> {
    rustls::crypto::ring::default_provider().install_default().map_err(drop)
}

fn settings(toml: &str) -> Settings {
    let settings: Settings = toml::from_str(toml).unwrap();
    settings.check().unwrap();
    settings
}

async fn post(url: &str, body: &Value, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new().post(url).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn chat(prompt: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": prompt}]})
}

fn message(prompt: &str) -> Value {
    json!({"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": prompt}]})
}

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The events of a stream by name and data.
fn events(text: &str) -> Vec<(String, String)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned()).unwrap_or_default()
    };
    text.split("\n\n")
        .filter(|block| block.contains("data:"))
        .map(|block| (field(block, "event:"), field(block, "data:")))
        .collect()
}

#[tokio::test]
async fn equal_requests_get_equal_bytes_and_others_do_not() {
    let (one, two) = (start(settings("seed = 5")).await, start(settings("seed = 5")).await);
    let other_seed = start(settings("seed = 6")).await;
    let ask = async |base: &str, prompt: &str| {
        post(&format!("{base}/v1/chat/completions"), &chat(prompt), &[]).await.text().await.unwrap()
    };
    let first = ask(&one, "effect of schooling on wages").await;
    assert_eq!(first, ask(&one, "effect of schooling on wages").await);
    assert_eq!(first, ask(&two, "effect of schooling on wages").await);
    assert_ne!(first, ask(&one, "effect of schooling on health").await);
    assert_ne!(first, ask(&other_seed, "effect of schooling on wages").await);
    assert!(first.contains("schooling") || first.contains("wages") || first.contains("effect"), "{first}");
}

#[tokio::test]
async fn a_streamed_chat_is_the_whole_answer_in_pieces() {
    let base = start(Settings::default()).await;
    let url = format!("{base}/v1/chat/completions");
    let whole: Value = post(&url, &chat("a b c of 工资"), &[]).await.json().await.unwrap();
    let mut body = chat("a b c of 工资");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let response = post(&url, &body, &[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = events(&response.text().await.unwrap());
    assert_eq!(events.last().unwrap().1, "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    let text: String = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, whole["choices"][0]["message"]["content"].as_str().unwrap());
    assert_eq!(chunks.last().unwrap()["usage"], whole["usage"]);
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_streamed_message_ends_with_its_own_events_and_carries_the_tools_input() {
    let base = start(Settings::default()).await;
    let url = format!("{base}/v1/messages");
    let schema = json!({"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}});
    let mut body = message("choose");
    body["tools"] = json!([{"name": "give", "input_schema": schema}]);
    body["tool_choice"] = json!({"type": "tool", "name": "give"});
    let whole: Value = post(&url, &body, &[VERSION]).await.json().await.unwrap();
    assert_eq!(whole["stop_reason"], "tool_use");
    body["stream"] = json!(true);
    let events = events(&post(&url, &body, &[VERSION]).await.text().await.unwrap());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(names[names.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    let parts: Vec<Value> = events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    let input: String = parts.iter().filter_map(|p| p["delta"]["partial_json"].as_str()).collect();
    assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), whole["content"][0]["input"]);
    assert!(whole["content"][0]["input"]["x"].is_i64());
}

#[tokio::test]
async fn the_newer_version_refuses_sampling_parameters() {
    let base = start(Settings::default()).await;
    let url = format!("{base}/v1/messages");
    let mut body = message("hello");
    body["temperature"] = json!(1.0);
    assert_eq!(post(&url, &body, &[VERSION]).await.status(), 200);
    let refused = post(&url, &body, &[("anthropic-version", "2026-10-21")]).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["type"], "invalid_request_error");
    assert_eq!(post(&url, &body, &[]).await.status(), 400, "the version is required");
}

#[tokio::test]
async fn gemini_answers_on_its_colon_paths() {
    let base = start(Settings::default()).await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "wages of workers"}]}]});
    let at = |action: &str| format!("{base}/v1beta/models/gemini-x:{action}");
    let whole: Value = post(&at("generateContent"), &body, &[]).await.json().await.unwrap();
    let text = whole["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(whole["candidates"][0]["finishReason"], "STOP");
    assert_eq!(whole["modelVersion"], "gemini-x");
    let joined = |parts: Vec<Value>| -> String {
        parts.iter().filter_map(|p| p["candidates"][0]["content"]["parts"][0]["text"].as_str()).collect()
    };
    let sse = post(&at("streamGenerateContent?alt=sse"), &body, &[]).await.text().await.unwrap();
    let parts = events(&sse).iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    assert_eq!(joined(parts), text);
    let array = post(&at("streamGenerateContent"), &body, &[]).await;
    assert_eq!(array.headers()["content-type"], "application/json");
    assert_eq!(joined(array.json::<Vec<Value>>().await.unwrap()), text);
    assert_eq!(post(&at("noSuchMethod"), &body, &[]).await.status(), 404);
}

#[tokio::test]
async fn responses_are_numbered_events_that_end_complete() {
    let base = start(Settings::default()).await;
    let url = format!("{base}/v1/responses");
    let mut body = json!({"model": "m", "input": "wages"});
    let whole: Value = post(&url, &body, &[]).await.json().await.unwrap();
    assert_eq!(whole["status"], "completed");
    body["stream"] = json!(true);
    let events = events(&post(&url, &body, &[]).await.text().await.unwrap());
    for (i, (name, data)) in events.iter().enumerate() {
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (data["type"].as_str(), data["sequence_number"].as_u64()),
            (Some(name.as_str()), Some(i as u64))
        );
    }
    let last: Value = serde_json::from_str(&events.last().unwrap().1).unwrap();
    assert_eq!(last["response"], whole);
}

#[tokio::test]
async fn a_small_limit_of_tokens_cuts_the_answer_in_every_format() {
    let base = start(Settings::default()).await;
    let mut body = chat("long");
    body["max_completion_tokens"] = json!(1);
    let cut: Value = post(&format!("{base}/v1/chat/completions"), &body, &[]).await.json().await.unwrap();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 1);
    let mut body = message("long");
    body["max_tokens"] = json!(1);
    let cut: Value = post(&format!("{base}/v1/messages"), &body, &[VERSION]).await.json().await.unwrap();
    assert_eq!(cut["stop_reason"], "max_tokens");
    for bad in [json!(-1), json!("5"), json!(1.5), json!(0)] {
        body["max_tokens"] = bad;
        assert_eq!(post(&format!("{base}/v1/messages"), &body, &[VERSION]).await.status(), 400);
    }
    assert_eq!(post(&format!("{base}/v1/messages"), &message("still there"), &[VERSION]).await.status(), 200);
}

#[tokio::test]
async fn a_schema_shapes_the_answer_and_a_loose_one_is_refused_when_strict() {
    let base = start(Settings::default()).await;
    let url = format!("{base}/v1/chat/completions");
    let mut body = chat("which columns");
    let mut schema = json!({"type": "object", "additionalProperties": false, "required": ["kind", "columns"],
        "properties": {"kind": {"enum": ["effect"]}, "columns": {"type": "array", "items": {"type": "string"}}}});
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "s", "strict": true, "schema": schema}});
    let answer: Value = post(&url, &body, &[]).await.json().await.unwrap();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let made: Value = serde_json::from_str(text).unwrap();
    assert!(made["kind"] == "effect" && made["columns"].is_array(), "{made}");
    schema["required"] = json!(["kind"]);
    body["response_format"]["json_schema"]["schema"] = schema;
    assert_eq!(post(&url, &body, &[]).await.status(), 400);
    let old = start(settings("supports_json_schema = false")).await;
    assert_eq!(post(&format!("{old}/v1/chat/completions"), &body, &[]).await.status(), 400);
}

#[tokio::test]
async fn keys_are_asked_for_and_rotated_without_a_gap() {
    let base = start(settings("keys = ['old']")).await;
    let url = format!("{base}/v1/chat/completions");
    let status = async |key: Option<&str>| {
        let bearer = key.map(|key| format!("Bearer {key}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
        post(&url, &chat("x"), &headers).await.status().as_u16()
    };
    assert_eq!((status(None).await, status(Some("wrong")).await, status(Some("old")).await), (401, 401, 200));
    let put = async |key: Option<&str>, keys: Value| {
        let mut request = reqwest::Client::new().put(format!("{base}/admin/keys")).json(&keys);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((put(None, json!(["n"])).await, put(Some("wrong"), json!(["n"])).await), (401, 403));
    assert_eq!(put(Some("old"), json!(["old", "new"])).await, 200);
    assert_eq!((status(Some("old")).await, status(Some("new")).await), (200, 200));
    assert_eq!(put(Some("new"), json!(["new"])).await, 200);
    assert_eq!((status(Some("old")).await, status(Some("new")).await), (401, 200));
    assert_eq!(put(Some("new"), json!([])).await, 400);
    let gemini = post(
        &format!("{base}/v1beta/models/g:generateContent"),
        &json!({"contents": [{"parts": [{"text": "x"}]}]}),
        &[("x-goog-api-key", "wrong")],
    )
    .await;
    assert_eq!(gemini.status(), 400, "a bad key is a 400 there");
}

#[tokio::test]
async fn chaos_is_the_same_in_every_run() {
    let toml = "seed = 3\n[[chaos]]\nprobability = 0.4\nfault = { kind = 'status', status = 503 }";
    let run = async || {
        let base = start(settings(toml)).await;
        let mut met = Vec::new();
        for i in 0..60 {
            met.push(
                post(&format!("{base}/v1/chat/completions"), &chat(&format!("q{i}")), &[])
                    .await
                    .status()
                    .as_u16(),
            );
        }
        met
    };
    let (first, second) = (run().await, run().await);
    assert_eq!(first, second);
    let failed = first.iter().filter(|s| **s == 503).count();
    assert!((10..40).contains(&failed), "{failed} of 60");
}

#[tokio::test]
async fn a_fault_may_last_for_the_first_requests_only() {
    let toml = "[[chaos]]\nfirst = 2\nfault = { kind = 'status', status = 429, retry_after = '0.01' }";
    let url = format!("{}/v1/chat/completions", start(settings(toml)).await);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = post(&url, &chat("same"), &[]).await;
        seen.push((response.status().as_u16(), response.headers().get("retry-after").is_some()));
    }
    assert_eq!(seen, [(429, true), (429, true), (200, false)]);
}

async fn faulty(faults: Value, stream: bool) -> Result<String, reqwest::Error> {
    let base = start(Settings::default()).await;
    let mut body = chat("wages and schooling of many workers");
    body["stream"] = json!(stream);
    let faults = faults.to_string();
    let response =
        post(&format!("{base}/v1/chat/completions"), &body, &[("x-simulator-faults", &faults)]).await;
    response.text().await
}

#[tokio::test]
async fn faults_of_the_body_do_what_they_say() {
    let whole = faulty(json!([]), true).await.unwrap();
    let cut = faulty(json!([{"kind": "truncate", "after_bytes": 300}]), true).await.unwrap();
    assert_eq!(cut, whole[..300]);
    assert!(
        faulty(json!([{"kind": "reset", "after_bytes": 300}]), true).await.is_err(),
        "a broken connection"
    );
    let slow = faulty(json!([{"kind": "slow", "bytes": 7, "ms": 0}]), true).await.unwrap();
    assert_eq!(slow, whole);
    let noisy = faulty(json!([{"kind": "noise"}]), true).await.unwrap();
    assert!(noisy.contains(": noise\r\n") && noisy.contains("\r\n\r\n"));
    assert!(faulty(json!([{"kind": "html"}]), true).await.unwrap().starts_with("<html>"));
    assert!(
        serde_json::from_str::<Value>(&faulty(json!([{"kind": "malformed"}]), false).await.unwrap()).is_err()
    );
    let inside: Value =
        serde_json::from_str(&faulty(json!([{"kind": "error_inside"}]), false).await.unwrap()).unwrap();
    assert!(inside["error"].is_object());
    let refused: Value =
        serde_json::from_str(&faulty(json!([{"kind": "refusal"}]), false).await.unwrap()).unwrap();
    assert!(refused["choices"][0]["message"]["refusal"].is_string());
    assert!(faulty(json!([{"kind": "huge", "bytes": 100_000}]), false).await.unwrap().len() > 100_000);
    assert!(faulty(json!([{"kind": "hang", "ms": 5}]), false).await.is_err());
}

#[tokio::test]
async fn requests_that_are_not_as_the_format_says_are_refused_in_its_words() {
    let base = start(settings("models = ['known']\nmax_request_bytes = 2000")).await;
    let url = format!("{base}/v1/chat/completions");
    for (body, status) in [
        (json!({}), 400),
        (json!({"model": "known", "messages": []}), 400),
        (json!({"model": "known", "messages": [{"role": "robot", "content": "x"}]}), 400),
        (json!({"messages": [{"role": "user", "content": "x"}]}), 400),
        (chat("x"), 404),
        (json!({"model": "known", "messages": [{"role": "user", "content": "x".repeat(3000)}]}), 413),
    ] {
        let response = post(&url, &body, &[]).await;
        assert_eq!(response.status(), status, "{body}");
        assert!(response.json::<Value>().await.unwrap()["error"]["message"].is_string());
    }
    let raw = reqwest::Client::new().post(&url).body("{").send().await.unwrap();
    assert_eq!(raw.status(), 400);
    assert_eq!(reqwest::get(format!("{base}/nowhere")).await.unwrap().status(), 404);
}

#[tokio::test]
async fn scripted_answers_come_in_their_order_and_the_last_one_stays() {
    let base = start(settings("[[scripts]]\ncontains = 'MARK'\nanswers = ['one', 'two']")).await;
    let mut got = Vec::new();
    for _ in 0..3 {
        let answer: Value =
            post(&format!("{base}/v1/chat/completions"), &chat("see MARK"), &[]).await.json().await.unwrap();
        got.push(answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(got, ["one", "two", "two"]);
}

#[tokio::test]
async fn embeddings_have_length_one_and_depend_on_the_text() {
    let base = start(Settings::default()).await;
    let ask = async |input: Value| -> Value {
        let body = json!({"model": "e", "input": input, "dimensions": 8});
        post(&format!("{base}/v1/embeddings"), &body, &[]).await.json().await.unwrap()
    };
    let two = ask(json!(["wage", "age"])).await;
    let vector =
        |i: usize| -> Vec<f64> { serde_json::from_value(two["data"][i]["embedding"].clone()).unwrap() };
    let length = vector(0).iter().map(|x| x * x).sum::<f64>();
    assert!((length - 1.0).abs() < 1e-6, "{length}");
    assert_ne!(vector(0), vector(1));
    assert_eq!(ask(json!("wage")).await["data"][0]["embedding"], two["data"][0]["embedding"]);
}

#[tokio::test]
async fn health_tells_degradation_and_metrics_count_by_provider_and_model() {
    let base = start(settings("keys = ['k']")).await;
    let health =
        async || reqwest::get(format!("{base}/health")).await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(health().await["status"], "ok");
    let set = reqwest::Client::new()
        .put(format!("{base}/admin/health"))
        .bearer_auth("k")
        .json(&json!({"degraded": true}));
    assert_eq!(set.send().await.unwrap().status(), 204);
    assert_eq!(health().await["status"], "degraded");
    post(&format!("{base}/v1/chat/completions"), &chat("x"), &[("authorization", "Bearer k")]).await;
    let text = reqwest::get(format!("{base}/metrics")).await.unwrap().text().await.unwrap();
    assert!(
        text.contains("llm_simulator_requests_total{provider=\"openai\",model=\"m\",status=\"200\"} 1"),
        "{text}"
    );
    assert!(text.contains("llm_simulator_queue_depth 0"), "{text}");
}

#[tokio::test]
async fn a_drain_lets_calls_end_and_is_bounded() {
    let toml = "drain_ms = 400\n[latency]\nfirst_token = { kind = 'fixed', ms = 150.0 }";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let _ = rustls_provider();
    let server = tokio::spawn(Simulator::new(settings(toml)).serve(listener, async move {
        let _ = stopped.await;
    }));
    let hang = json!([{"kind": "hang", "ms": 60_000}]).to_string();
    let stuck = {
        let url = url.clone();
        tokio::spawn(async move {
            let request =
                reqwest::Client::new().post(url).json(&chat("x")).header("x-simulator-faults", hang);
            request.send().await.is_ok()
        })
    };
    let quick = tokio::spawn(async move { post(&url, &chat("y"), &[]).await.status().as_u16() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    assert_eq!(quick.await.unwrap(), 200, "a call that was under way is answered");
    server.await.unwrap().unwrap();
    stuck.abort();
}
