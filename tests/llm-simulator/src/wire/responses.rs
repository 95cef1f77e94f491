//! OpenAI responses.

use serde_json::{Value, json};

use super::openai::{CREATED, model};
use super::{Events, Refusal, count, event, texts};
use crate::answer::{Answer, Ask, Form};

/// Reads a request.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn read(body: &Value) -> Result<Ask, Refusal> {
    let mut prompt = String::new();
    texts(&body["instructions"], &mut prompt);
    match &body["input"] {
        Value::String(text) => texts(&json!(text), &mut prompt),
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|i| texts(&i["content"], &mut prompt))
        }
        _ => return Err(Refusal::bad("input must be a text or a list that is not empty")),
    }
    let format = &body["text"]["format"];
    let form = match format["type"].as_str() {
        None | Some("text") => Form::Text,
        Some("json_object") => Form::Json,
        Some("json_schema") if format["schema"].is_object() => Form::Schema(format["schema"].clone()),
        Some(_) => return Err(Refusal::bad("text.format: unknown type or missing schema")),
    };
    Ok(Ask {
        model: model(body)?,
        prompt,
        form,
        stops: Vec::new(),
        max_tokens: count(body, "max_output_tokens")?,
        stream: body["stream"].as_bool().unwrap_or(false),
        stream_usage: true,
    })
}

fn message(answer: &Answer, refuses: bool) -> Value {
    let part = if refuses {
        json!({"type": "refusal", "refusal": "I cannot help with that."})
    } else {
        json!({"type": "output_text", "text": answer.text(), "annotations": []})
    };
    let status = if answer.cut { "incomplete" } else { "completed" };
    json!({"type": "message", "id": format!("msg_{}", answer.dice.clone().name(24)), "status": status,
        "role": "assistant", "content": [part]})
}

fn envelope(ask: &Ask, answer: &Answer, status: &str, output: Value) -> Value {
    let done = status != "in_progress";
    let (input, used) = (answer.input_tokens, answer.output_tokens());
    json!({
        "id": format!("resp_{}", answer.dice.clone().name(32)), "object": "response", "created_at": CREATED,
        "status": status, "error": null,
        "incomplete_details": (done && answer.cut).then(|| json!({"reason": "max_output_tokens"})),
        "model": ask.model, "output": output, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "instructions": null, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
        "usage": done.then(|| json!({"input_tokens": input, "output_tokens": used,
            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + used})),
    })
}

/// The whole answer.
pub(crate) fn whole(ask: &Ask, answer: &Answer, refuses: bool) -> Value {
    let status = if answer.cut { "incomplete" } else { "completed" };
    envelope(ask, answer, status, json!([message(answer, refuses)]))
}

/// The answer as events.
pub(crate) fn events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let mut number = 0;
    let mut say = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        data["sequence_number"] = json!(number);
        number += 1;
        event(Some(name), &data)
    };
    let item = message(answer, refuses);
    let place = |mut data: Value| {
        data["item_id"] = item["id"].clone();
        data["output_index"] = json!(0);
        data["content_index"] = json!(0);
        data
    };
    let started = envelope(ask, answer, "in_progress", json!([]));
    let mut empty = item.clone();
    empty["content"] = json!([]);
    empty["status"] = json!("in_progress");
    let mut blank = item["content"][0].clone();
    blank[if refuses { "refusal" } else { "text" }] = json!("");
    let head = vec![
        say("response.created", json!({"response": started})),
        say("response.in_progress", json!({"response": started})),
        say("response.output_item.added", json!({"output_index": 0, "item": empty})),
        say("response.content_part.added", place(json!({"part": blank}))),
    ];
    let pieces: Vec<String> = if refuses {
        vec![say("response.refusal.delta", place(json!({"delta": "I cannot help with that."})))]
    } else {
        answer
            .pieces
            .iter()
            .map(|piece| say("response.output_text.delta", place(json!({"delta": piece, "logprobs": []}))))
            .collect()
    };
    let done = if refuses {
        say("response.refusal.done", place(json!({"refusal": "I cannot help with that."})))
    } else {
        say("response.output_text.done", place(json!({"text": answer.text(), "logprobs": []})))
    };
    let end = if answer.cut { "response.incomplete" } else { "response.completed" };
    let tail = vec![
        done,
        say("response.content_part.done", place(json!({"part": item["content"][0]}))),
        say("response.output_item.done", json!({"output_index": 0, "item": item})),
        say(end, json!({"response": whole(ask, answer, refuses)})),
    ];
    (head, pieces, tail)
}
