//! Faults: each does what it says, and the same run meets the same ones.

use llm_simulator::Settings;
use serde_json::{Value, json};

use crate::support::*;

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
    let request = client().post(format!("{base}/v1/chat/completions")).json(&body);
    request.header("x-simulator-faults", faults.to_string()).send().await?.text().await
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

/// A streamed answer in the pieces in which it came.
async fn streamed(faults: Value, prompt: &str) -> (Vec<Vec<u8>>, std::io::Result<()>) {
    let base = start(Settings::default()).await;
    let mut body = chat(prompt);
    body["stream"] = json!(true);
    raw(&base, "/v1/chat/completions", &format!("x-simulator-faults: {faults}\r\n"), &body).await
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_truncation_is_not() {
    let (pieces, end) = streamed(json!([{"kind": "reset", "after_bytes": 500}]), "wages").await;
    assert!(pieces.concat().len() > 500, "what was sent before arrives");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let (pieces, end) = streamed(json!([{"kind": "truncate", "after_bytes": 500}]), "wages").await;
    assert!(end.is_ok());
    assert!(pieces.concat().ends_with(b"0\r\n\r\n"), "the body ends as if it were whole");
    assert!(!String::from_utf8_lossy(&pieces.concat()).contains("[DONE]"));
}

#[tokio::test]
async fn an_event_can_be_cut_in_its_middle() {
    let text = faulty(json!([{"kind": "truncate_event", "event": 3}]), true).await.unwrap();
    assert_eq!(text.matches("data: ").count(), 3);
    let last = text.rsplit("data: ").next().unwrap();
    assert!(!last.contains("\n\n") && serde_json::from_str::<Value>(last).is_err(), "{last}");
}

#[tokio::test]
async fn characters_can_be_split_between_two_writes() {
    let prompt = "工资与教育的关系 工资与教育";
    let (pieces, _) = streamed(json!([{"kind": "split_utf8"}]), prompt).await;
    let broken = pieces.iter().filter(|piece| std::str::from_utf8(piece).is_err()).count();
    assert!(broken > 2, "{broken} pieces begin or end within a character");
    let (whole, _) = streamed(json!([]), prompt).await;
    let text = |pieces: Vec<Vec<u8>>| -> String {
        let all = String::from_utf8_lossy(&dechunked(&pieces.concat())).into_owned();
        let chunks =
            events(&all).into_iter().filter_map(|(_, data)| serde_json::from_str::<Value>(&data).ok());
        chunks.filter_map(|c| Some(c["choices"][0]["delta"]["content"].as_str()?.to_owned())).collect()
    };
    assert_eq!(text(pieces), text(whole));
}

/// The body of an answer in chunks (RFC 9112, section 7.1).
fn dechunked(answer: &[u8]) -> Vec<u8> {
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut body) = (&answer[at..], Vec::new());
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
}

#[tokio::test]
async fn a_stall_is_silence_in_the_middle() {
    let faults = json!([{"kind": "stall", "after_bytes": 200, "ms": 150}]);
    let asked = std::time::Instant::now();
    let text = faulty(faults, true).await.unwrap();
    assert!(asked.elapsed().as_millis() >= 150);
    assert!(text.contains("[DONE]"), "and then it goes on");
}

#[tokio::test]
async fn a_refusal_says_when_to_come_again_in_every_form() {
    let url = format!("{}/v1/chat/completions", start(Settings::default()).await);
    let ask = async |fault: Value| {
        let faults = json!([fault]).to_string();
        post(&url, &chat("x"), &[("x-simulator-faults", &faults)]).await
    };
    let seconds = ask(json!({"kind": "status", "status": 429, "retry_after": "1.5"})).await;
    assert_eq!(
        (seconds.status().as_u16(), &seconds.headers()["retry-after"]),
        (429, &"1.5".parse().unwrap())
    );
    let date = ask(json!({"kind": "status", "status": 503, "retry_after_date": 30})).await;
    let when = httpdate::parse_http_date(date.headers()["retry-after"].to_str().unwrap()).unwrap();
    let wait = when.duration_since(std::time::SystemTime::now()).unwrap().as_secs();
    assert!((20..=30).contains(&wait), "{wait}");
    let ms =
        ask(json!({"kind": "status", "status": 529, "retry_after_ms": 250, "should_retry": false})).await;
    assert_eq!(ms.headers()["retry-after-ms"], "250");
    assert_eq!(ms.headers()["x-should-retry"], "false");
    let gemini = format!("{}/v1beta/models/g:generateContent", start(Settings::default()).await);
    let faults = json!([{"kind": "status", "status": 429, "retry_after": "17"}]).to_string();
    let refused: Value =
        post(&gemini, &contents("x"), &[("x-simulator-faults", &faults)]).await.json().await.unwrap();
    assert_eq!(refused["error"]["details"][0]["retryDelay"], "17s");
    for bad in ["[{\"kind\": \"flood\"}]", "no json", "[{\"kind\": \"status\", \"status\": 200}]"] {
        assert_eq!(post(&url, &chat("x"), &[("x-simulator-faults", bad)]).await.status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_told_in_each_formats_way() {
    let base = start(Settings::default()).await;
    let faults = json!([{"kind": "error_inside"}]).to_string();
    let ask = async |path: &str, mut body: Value| {
        body["stream"] = json!(true);
        let headers = [VERSION, ("x-simulator-faults", faults.as_str())];
        let answer = post(&format!("{base}{path}"), &body, &headers).await;
        assert_eq!(answer.status(), 200);
        events(&answer.text().await.unwrap()).pop().unwrap()
    };
    let (_, data) = ask("/v1/chat/completions", chat("wages of workers")).await;
    assert!(serde_json::from_str::<Value>(&data).unwrap()["error"]["message"].is_string());
    let (name, data) = ask("/v1/messages", message("wages of workers")).await;
    assert_eq!(name, "error");
    assert_eq!(serde_json::from_str::<Value>(&data).unwrap()["error"]["type"], "overloaded_error");
    let path = "/v1beta/models/g:streamGenerateContent?alt=sse";
    let (_, data) = ask(path, contents("wages of workers")).await;
    assert!(serde_json::from_str::<Value>(&data).unwrap()["error"]["code"].is_number());
}

#[tokio::test]
async fn an_answer_can_break_its_schema_be_cut_or_lack_its_usage() {
    let url = format!("{}/v1/chat/completions", start(Settings::default()).await);
    let schema = json!({"type": "object", "required": ["column"], "additionalProperties": false,
        "properties": {"column": {"enum": ["wage", "age"]}}});
    let mut body = chat("which column");
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}});
    let ask = async |faults: Value| -> Value {
        post(&url, &body, &[("x-simulator-faults", &faults.to_string())]).await.json().await.unwrap()
    };
    let content = |answer: &Value| answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let broken: Value = serde_json::from_str(&content(&ask(json!([{"kind": "off_schema"}])).await)).unwrap();
    assert!(broken["column"].as_str().unwrap().starts_with("no_such_"), "{broken}");
    assert_eq!(broken["unexpected"], true);
    let cut = ask(json!([{"kind": "cut", "tokens": 3}])).await;
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert!(serde_json::from_str::<Value>(&content(&cut)).is_err());
    let bare = ask(json!([{"kind": "no_usage"}])).await;
    assert!(bare.get("usage").is_none() && bare["choices"].is_array());
    let named = json!([{"kind": "content_type", "value": "text/plain"}]).to_string();
    let answer = post(&url, &body, &[("x-simulator-faults", &named)]).await;
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert!(answer.json::<Value>().await.unwrap()["choices"].is_array());
}

#[tokio::test]
async fn faults_are_counted_by_kind() {
    let base = start(settings("[[chaos]]\ncontains = 'MARK'\nfault = { kind = 'html' }")).await;
    let url = format!("{base}/v1/chat/completions");
    for prompt in ["see MARK", "nothing", "MARK again"] {
        post(&url, &chat(prompt), &[]).await;
    }
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    assert!(text.contains("llm_simulator_faults_total{kind=\"html\"} 2"), "{text}");
}

#[tokio::test]
async fn chaos_does_not_depend_on_the_order_of_different_requests() {
    let toml = "seed = 11\n[[chaos]]\nprobability = 0.5\nfault = { kind = 'status', status = 500 }";
    let run = async |order: Vec<u32>| {
        let url = format!("{}/v1/chat/completions", start(settings(toml)).await);
        let mut met = Vec::new();
        for i in order {
            met.push((i, post(&url, &chat(&format!("q{i}")), &[]).await.status().as_u16()));
        }
        met.sort_unstable();
        met
    };
    assert_eq!(run((0..30).collect()).await, run((0..30).rev().collect()).await);
}

#[tokio::test]
async fn a_call_that_hangs_gets_no_answer_at_all() {
    let (pieces, end) = streamed(json!([{"kind": "hang", "ms": 30}]), "wages").await;
    assert!(pieces.is_empty() && end.is_ok(), "{:?}", String::from_utf8_lossy(&pieces.concat()));
    let (pieces, end) = streamed(json!([{"kind": "reset", "after_bytes": 0}]), "wages").await;
    assert!(pieces.is_empty() && end.is_err(), "a reset at once");
}
