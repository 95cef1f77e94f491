//! The Anthropic messages API.

use serde_json::{Value, json};

use super::{Events, Refusal, count, event, text_list, texts};
use crate::answer::{Answer, Ask, Form};

/// From this version on sampling parameters are refused.
const WITHOUT_SAMPLING: &str = "2026-10-21";

/// The error envelope.
pub(crate) fn error(refusal: &Refusal, request_id: &str) -> Value {
    json!({"type": "error", "error": {"type": refusal.code, "message": refusal.message},
        "request_id": request_id})
}

/// Reads a request.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn read(body: &Value, version: Option<&str>) -> Result<Ask, Refusal> {
    let version = version.ok_or_else(|| Refusal::bad("anthropic-version: header is required"))?;
    if ![WITHOUT_SAMPLING, "2023-06-01"].contains(&version) {
        return Err(Refusal::bad(format!("anthropic-version: {version:?} is not a valid version")));
    }
    if version == WITHOUT_SAMPLING {
        for key in ["temperature", "top_p", "top_k"] {
            if !body[key].is_null() {
                return Err(Refusal::bad(format!("{key}: not accepted since {WITHOUT_SAMPLING}")));
            }
        }
    }
    let mut prompt = String::new();
    texts(&body["system"], &mut prompt);
    let messages = body["messages"]
        .as_array()
        .filter(|m| !m.is_empty())
        .ok_or_else(|| Refusal::bad("messages: at least one message is required"))?;
    for message in messages {
        if !message["role"].as_str().is_some_and(|role| ["user", "assistant"].contains(&role)) {
            return Err(Refusal::bad("messages: role must be user or assistant"));
        }
        texts(&message["content"], &mut prompt);
    }
    let max_tokens = count(body, "max_tokens")?;
    if max_tokens.is_none_or(|n| n == 0) {
        return Err(Refusal::bad("max_tokens: must be at least 1"));
    }
    let model = body["model"].as_str().filter(|m| !m.is_empty());
    Ok(Ask {
        model: model.map(str::to_owned).ok_or_else(|| Refusal::bad("model: field required"))?,
        prompt,
        form: form(body)?,
        stops: text_list(&body["stop_sequences"]),
        max_tokens,
        stream: body["stream"].as_bool().unwrap_or(false),
        stream_usage: true,
    })
}

fn form(body: &Value) -> Result<Form, Refusal> {
    let format = &body["output_config"]["format"];
    if format["type"] == "json_schema" {
        return Ok(Form::Schema(format["schema"].clone()));
    }
    let Some(tools) = body["tools"].as_array().filter(|t| !t.is_empty()) else { return Ok(Form::Text) };
    let choice = &body["tool_choice"];
    let tool = match choice["type"].as_str() {
        Some("tool") => tools.iter().find(|tool| tool["name"] == choice["name"]),
        Some("any") => tools.first(),
        _ => return Ok(Form::Text),
    };
    let tool = tool.ok_or_else(|| Refusal::bad("tool_choice: there is no such tool"))?;
    Ok(Form::Tool {
        name: tool["name"].as_str().unwrap_or_default().to_owned(),
        schema: tool["input_schema"].clone(),
    })
}

fn stop(ask: &Ask, answer: &Answer, refuses: bool) -> &'static str {
    match (&ask.form, refuses) {
        (_, true) => "refusal",
        _ if answer.cut => "max_tokens",
        _ if answer.stopped.is_some() => "stop_sequence",
        (Form::Tool { .. }, _) => "tool_use",
        _ => "end_turn",
    }
}

fn stopped(answer: &Answer, refuses: bool) -> Option<&str> {
    answer.stopped.as_deref().filter(|_| !refuses)
}

fn ids(answer: &Answer) -> (String, String) {
    let mut dice = answer.dice.clone();
    (format!("msg_{}", dice.name(24)), format!("toolu_{}", dice.name(24)))
}

/// The whole answer.
pub(crate) fn whole(ask: &Ask, answer: &Answer, refuses: bool) -> Value {
    let (id, tool_id) = ids(answer);
    let content = match &ask.form {
        _ if refuses => json!([]),
        Form::Tool { name, .. } => {
            let input: Value = serde_json::from_str(&answer.text()).unwrap_or_else(|_| json!({}));
            json!([{"type": "tool_use", "id": tool_id, "name": name, "input": input}])
        }
        _ => json!([{"type": "text", "text": answer.text()}]),
    };
    json!({"id": id, "type": "message", "role": "assistant", "model": ask.model, "content": content,
        "stop_reason": stop(ask, answer, refuses), "stop_sequence": stopped(answer, refuses),
        "usage": {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens()}})
}

/// The answer as events.
pub(crate) fn events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let say = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        event(Some(name), &data)
    };
    let (id, tool_id) = ids(answer);
    let message = json!({"id": id, "type": "message", "role": "assistant", "model": ask.model, "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": answer.input_tokens, "output_tokens": 1}});
    let mut head = vec![say("message_start", json!({"message": message}))];
    let mut pieces = Vec::new();
    let mut tail = Vec::new();
    if !refuses {
        let (block, field, kind) = match &ask.form {
            Form::Tool { name, .. } => (
                json!({"type": "tool_use", "id": tool_id, "name": name, "input": {}}),
                "partial_json",
                "input_json_delta",
            ),
            _ => (json!({"type": "text", "text": ""}), "text", "text_delta"),
        };
        head.push(say("content_block_start", json!({"index": 0, "content_block": block})));
        head.push(say("ping", json!({})));
        pieces.extend(answer.pieces.iter().map(|piece| {
            say("content_block_delta", json!({"index": 0, "delta": {"type": kind, field: piece}}))
        }));
        tail.push(say("content_block_stop", json!({"index": 0})));
    }
    tail.push(say(
        "message_delta",
        json!({"delta": {"stop_reason": stop(ask, answer, refuses),
            "stop_sequence": stopped(answer, refuses)},
            "usage": {"output_tokens": answer.output_tokens()}}),
    ));
    tail.push(say("message_stop", json!({})));
    (head, pieces, tail)
}

/// `GET /v1/models` where the caller shows an `anthropic-version`.
pub(crate) fn models(names: &[String]) -> Value {
    let data: Vec<Value> = names.iter().map(|name| model(name)).collect();
    json!({"data": data, "has_more": false, "first_id": names.first(), "last_id": names.last()})
}

/// One model.
pub(crate) fn model(name: &str) -> Value {
    json!({"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"})
}
