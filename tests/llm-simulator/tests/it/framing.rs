//! Properties of streams: whatever is asked, the pieces make up the whole answer, and are the same bytes again.

use llm_simulator::Settings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::*;

/// What a random caller asks for.
#[derive(Debug, Clone)]
struct Asked {
    prompt: String,
    max_tokens: Option<u16>,
    slow: Option<u8>,
    noise: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let prompt = prop_oneof!["[a-z]{3,9}( [a-z]{3,9}){0,8}", "\\PC{1,60}", "[工资教育行业年份]{1,20}"];
    (prompt, prop::option::of(1u16..60), prop::option::of(1u8..20), any::<bool>())
        .prop_map(|(prompt, max_tokens, slow, noise)| Asked { prompt, max_tokens, slow, noise })
}

/// Runs a check on random callers against one simulator.
fn check(check: impl AsyncFn(&str, Asked) -> Result<(), TestCaseError>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let base = runtime.block_on(async { start(Settings::default()).await });
    let cases = if std::env::var_os("SS_TEST_FULL").is_some() { 300 } else { 25 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner.run(&asked(), |asked| runtime.block_on(check(&base, asked))).unwrap();
}

async fn text(base: &str, path: &str, mut body: Value, asked: &Asked, stream: bool) -> String {
    if stream {
        body["stream"] = json!(true);
    }
    let mut faults = Vec::new();
    if stream && asked.noise {
        faults.push(json!({"kind": "noise"}));
    }
    if let Some(bytes) = asked.slow {
        faults.push(json!({"kind": "slow", "bytes": bytes, "ms": 0}));
    }
    let faults = Value::from(faults).to_string();
    let answer = post(&format!("{base}{path}"), &body, &[VERSION, ("x-simulator-faults", &faults)]).await;
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap().replace("\r\n", "\n")
}

#[test]
fn streamed_chats_are_the_whole_answer_and_the_same_again() {
    check(async |base, asked| {
        let path = "/v1/chat/completions";
        let mut body = chat(&asked.prompt);
        if let Some(most) = asked.max_tokens {
            body["max_completion_tokens"] = json!(most);
        }
        let whole: Value =
            serde_json::from_str(&text(base, path, body.clone(), &asked, false).await).unwrap();
        let stream = text(base, path, body.clone(), &asked, true).await;
        prop_assert_eq!(&stream, &text(base, path, body, &asked, true).await);
        let events = events(&stream);
        prop_assert_eq!(&events.last().unwrap().1, "[DONE]");
        let chunks: Vec<Value> =
            events[..events.len() - 1].iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
        let joined: String =
            chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
        prop_assert_eq!(joined, whole["choices"][0]["message"]["content"].as_str().unwrap());
        let reasons: Vec<&str> =
            chunks.iter().filter_map(|c| c["choices"][0]["finish_reason"].as_str()).collect();
        prop_assert_eq!(reasons, vec![whole["choices"][0]["finish_reason"].as_str().unwrap()]);
        prop_assert!(chunks.iter().all(|c| c["id"] == chunks[0]["id"]));
        Ok(())
    });
}

#[test]
fn streamed_messages_open_and_close_every_block_and_end() {
    check(async |base, asked| {
        let mut body = message(&asked.prompt);
        body["max_tokens"] = json!(asked.max_tokens.unwrap_or(500));
        let path = "/v1/messages";
        let whole: Value =
            serde_json::from_str(&text(base, path, body.clone(), &asked, false).await).unwrap();
        let events = events(&text(base, path, body, &asked, true).await);
        let names: Vec<&str> =
            events.iter().map(|(name, _)| name.as_str()).filter(|n| *n != "ping").collect();
        prop_assert_eq!(names[..2].to_vec(), vec!["message_start", "content_block_start"]);
        let n = names.len();
        prop_assert_eq!(names[n - 3..].to_vec(), vec!["content_block_stop", "message_delta", "message_stop"]);
        prop_assert!(names[2..n - 3].iter().all(|name| *name == "content_block_delta"));
        let data: Vec<Value> = events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
        prop_assert!(data.iter().zip(&events).all(|(d, (name, _))| d["type"] == name.as_str()));
        let joined: String = data.iter().filter_map(|d| d["delta"]["text"].as_str()).collect();
        prop_assert_eq!(joined, whole["content"][0]["text"].as_str().unwrap());
        let end = data.iter().find(|d| d["type"] == "message_delta").unwrap();
        prop_assert_eq!(&end["delta"]["stop_reason"], &whole["stop_reason"]);
        prop_assert_eq!(&end["usage"]["output_tokens"], &whole["usage"]["output_tokens"]);
        Ok(())
    });
}

#[test]
fn responses_number_their_events_without_a_gap() {
    check(async |base, asked| {
        let mut body = json!({"model": "m", "input": asked.prompt});
        if let Some(most) = asked.max_tokens {
            body["max_output_tokens"] = json!(most);
        }
        let events = events(&text(base, "/v1/responses", body, &asked, true).await);
        let data: Vec<Value> = events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
        for (i, (event, (name, _))) in data.iter().zip(&events).enumerate() {
            prop_assert_eq!(event["sequence_number"].as_u64(), Some(i as u64));
            prop_assert_eq!(event["type"].as_str(), Some(name.as_str()));
        }
        let joined: String = data
            .iter()
            .filter(|d| d["type"] == "response.output_text.delta")
            .filter_map(|d| d["delta"].as_str())
            .collect();
        let last = &data.last().unwrap()["response"];
        prop_assert_eq!(Some(joined.as_str()), last["output"][0]["content"][0]["text"].as_str());
        let ended = if last["status"] == "completed" { "response.completed" } else { "response.incomplete" };
        prop_assert_eq!(events.last().unwrap().0.as_str(), ended);
        Ok(())
    });
}

#[test]
fn gemini_parts_are_the_whole_answer_as_events_and_as_an_array() {
    check(async |base, asked| {
        let mut body = contents(&asked.prompt);
        if let Some(most) = asked.max_tokens {
            body["generationConfig"] = json!({"maxOutputTokens": most});
        }
        let at = |action: &str| format!("/v1beta/models/g:{action}");
        let said =
            |part: &Value| part["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned);
        let whole: Value =
            serde_json::from_str(&text(base, &at("generateContent"), body.clone(), &asked, false).await)
                .unwrap();
        let quiet = Asked { noise: false, ..asked.clone() };
        let array: Vec<Value> =
            serde_json::from_str(&text(base, &at("streamGenerateContent"), body.clone(), &quiet, true).await)
                .unwrap();
        let sse = events(&text(base, &at("streamGenerateContent?alt=sse"), body, &asked, true).await);
        let parts: Vec<Value> = sse.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
        prop_assert_eq!(&array, &parts);
        let joined: String = parts.iter().filter_map(said).collect();
        prop_assert_eq!(Some(joined), said(&whole));
        let ended = parts.iter().filter(|p| !p["candidates"][0]["finishReason"].is_null()).count();
        prop_assert_eq!(ended, 1, "only the last part ends");
        Ok(())
    });
}
