//! The wire formats as their clients see them.

use llm_simulator::Settings;
use serde_json::{Value, json};

use crate::support::*;

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
    let url = format!("{base}/v1/models/gemini-x:generateContent");
    let same: Value = post(&url, &body, &[]).await.json().await.unwrap();
    assert_eq!(same["candidates"], whole["candidates"], "the path of the client's newer version");
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
    let raw = client().post(&url).body("{").send().await.unwrap();
    assert_eq!(raw.status(), 400);
    assert_eq!(get(&format!("{base}/nowhere")).await.status(), 404);
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
async fn a_forced_function_call_carries_its_arguments() {
    let url = format!("{}/v1/chat/completions", start(Settings::default()).await);
    let schema = json!({"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}});
    let mut body = chat("choose");
    body["tools"] = json!([{"type": "function", "function": {"name": "give", "parameters": schema}}]);
    let free: Value = post(&url, &body, &[]).await.json().await.unwrap();
    assert!(free["choices"][0]["message"]["content"].is_string(), "a model that may choose talks");
    body["tool_choice"] = json!({"type": "function", "function": {"name": "give"}});
    let whole: Value = post(&url, &body, &[]).await.json().await.unwrap();
    assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
    let call = whole["choices"][0]["message"]["tool_calls"][0]["function"].clone();
    assert_eq!(call["name"], "give");
    let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["x"].is_i64());
    body["stream"] = json!(true);
    let events = events(&post(&url, &body, &[]).await.text().await.unwrap());
    let parts: Vec<Value> = events.iter().filter_map(|(_, data)| serde_json::from_str(data).ok()).collect();
    let streamed: String = parts
        .iter()
        .filter_map(|p| p["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(streamed, call["arguments"].as_str().unwrap());
    body["tool_choice"]["function"]["name"] = json!("absent");
    assert_eq!(post(&url, &body, &[]).await.status(), 400);
}

#[tokio::test]
async fn models_are_listed_as_each_provider_does() {
    let base = start(settings("models = ['one', 'two']")).await;
    let list: Value = get(&format!("{base}/v1/models")).await.json().await.unwrap();
    assert_eq!(list["data"][1]["id"], "two");
    assert_eq!(list["object"], "list");
    let request = client().get(format!("{base}/v1/models")).header(VERSION.0, VERSION.1);
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((list["data"][0]["type"].as_str(), list["has_more"].as_bool()), (Some("model"), Some(false)));
    let list: Value = get(&format!("{base}/v1beta/models")).await.json().await.unwrap();
    assert_eq!(list["models"][0]["name"], "models/one");
    let request = client().get(format!("{base}/v1/models")).header("x-goog-api-key", "k");
    assert_eq!(request.send().await.unwrap().json::<Value>().await.unwrap(), list);
    for (path, status) in [
        ("/v1/models/one", 200),
        ("/v1/models/three", 404),
        ("/v1beta/models/two", 200),
        ("/v1beta/models/three", 404),
    ] {
        assert_eq!(get(&format!("{base}{path}")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn counted_tokens_are_those_that_a_call_reports() {
    let base = start(Settings::default()).await;
    let prompt = "effect of schooling on wages 工资";
    let url = format!("{base}/v1/messages");
    let counted: Value =
        post(&format!("{url}/count_tokens"), &message(prompt), &[VERSION]).await.json().await.unwrap();
    let called: Value = post(&url, &message(prompt), &[VERSION]).await.json().await.unwrap();
    assert_eq!(counted["input_tokens"], called["usage"]["input_tokens"]);
    let at = |action: &str| format!("{base}/v1beta/models/g:{action}");
    let counted: Value = post(&at("countTokens"), &contents(prompt), &[]).await.json().await.unwrap();
    let called: Value = post(&at("generateContent"), &contents(prompt), &[]).await.json().await.unwrap();
    assert_eq!(counted["totalTokens"], called["usageMetadata"]["promptTokenCount"]);
}

#[tokio::test]
async fn a_refused_message_names_its_request() {
    let base = start(Settings::default()).await;
    let refused = post(&format!("{base}/v1/messages"), &json!({"model": "m"}), &[VERSION]).await;
    let id = refused.headers()["request-id"].to_str().unwrap().to_owned();
    assert_eq!(refused.json::<Value>().await.unwrap()["request_id"], id.as_str());
}

#[tokio::test]
async fn times_to_the_first_token_and_between_tokens_are_kept() {
    let toml = "[latency]\nfirst_token = { kind = 'fixed', ms = 120.0 }\n\
                between_tokens = { kind = 'fixed', ms = 5.0 }";
    let url = format!("{}/v1/chat/completions", start(settings(toml)).await);
    let mut body = chat("wages and schooling");
    body["max_completion_tokens"] = json!(10);
    for stream in [false, true] {
        body["stream"] = json!(stream);
        let asked = std::time::Instant::now();
        let answer = post(&url, &body, &[]).await;
        let begun = asked.elapsed();
        answer.text().await.unwrap();
        // nothing comes earlier than it was told to; how much later is the machine's matter
        assert!(begun.as_millis() >= 120, "{begun:?}");
        assert!(asked.elapsed().as_millis() >= 120 + 9 * 5, "{:?}", asked.elapsed());
    }
}

#[tokio::test]
async fn an_answer_ends_before_a_stop_sequence() {
    let base = start(settings("[[scripts]]\ncontains = 'MARK'\nanswers = ['one two END three']")).await;
    let mut body = message("see MARK");
    body["stop_sequences"] = json!(["three", "END"]);
    let url = format!("{base}/v1/messages");
    let whole: Value = post(&url, &body, &[VERSION]).await.json().await.unwrap();
    assert_eq!(whole["content"][0]["text"], "one two ");
    assert_eq!((&whole["stop_reason"], &whole["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
    body["stream"] = json!(true);
    let events = events(&post(&url, &body, &[VERSION]).await.text().await.unwrap());
    let end: Value = serde_json::from_str(&events[events.len() - 2].1).unwrap();
    assert_eq!(
        (&end["delta"]["stop_reason"], &end["delta"]["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
    let mut body = chat("see MARK");
    body["stop"] = json!("END");
    let whole: Value = post(&format!("{base}/v1/chat/completions"), &body, &[]).await.json().await.unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "one two ");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let mut body = contents("see MARK");
    body["generationConfig"] = json!({"stopSequences": ["END"]});
    let url = format!("{base}/v1beta/models/g:generateContent");
    let whole: Value = post(&url, &body, &[]).await.json().await.unwrap();
    assert_eq!(whole["candidates"][0]["content"]["parts"][0]["text"], "one two ");
}
