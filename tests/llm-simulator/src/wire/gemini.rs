//! Gemini's generateContent.

use serde_json::{Value, json};

use super::{Events, Refusal, count, event, text_list, texts};
use crate::answer::{Answer, Ask, Form};

/// The reason of a refused key, which is a 400 with the usual status here.
pub(crate) const BAD_KEY: &str = "API_KEY_INVALID";

/// The error envelope.
pub(crate) fn error(refusal: &Refusal) -> Value {
    let mut details = Vec::new();
    let mut code = refusal.code.as_str();
    if code == BAD_KEY {
        code = "INVALID_ARGUMENT";
        details.push(json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": BAD_KEY,
            "domain": "googleapis.com"}));
    }
    if let Some(wait) = refusal.retry_after {
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", wait.as_secs_f64())}));
    }
    json!({"error": {"code": refusal.status, "message": refusal.message, "status": code, "details": details}})
}

/// Reads a request.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn read(body: &Value, model: &str, stream: bool) -> Result<Ask, Refusal> {
    let mut prompt = String::new();
    texts(&body["systemInstruction"]["parts"], &mut prompt);
    let contents = body["contents"].as_array().filter(|c| !c.is_empty()).ok_or_else(|| Refusal {
        code: "INVALID_ARGUMENT".to_owned(),
        ..Refusal::bad("contents is not specified")
    })?;
    contents.iter().for_each(|content| texts(&content["parts"], &mut prompt));
    let config = &body["generationConfig"];
    let schema =
        [&config["responseJsonSchema"], &config["responseSchema"]].into_iter().find(|s| s.is_object());
    let form = match schema {
        Some(schema) => Form::Schema(lower(schema)),
        None if config["responseMimeType"] == "application/json" => Form::Json,
        None => Form::Text,
    };
    let max_tokens = count(config, "maxOutputTokens")
        .map_err(|refusal| Refusal { code: "INVALID_ARGUMENT".to_owned(), ..refusal })?;
    let stops = text_list(&config["stopSequences"]);
    Ok(Ask { model: model.to_owned(), prompt, form, stops, max_tokens, stream, stream_usage: true })
}

/// Types of a response schema come in capitals.
fn lower(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match value {
                Value::String(kind) if key == "type" => (key.clone(), json!(kind.to_ascii_lowercase())),
                other => (key.clone(), lower(other)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(lower).collect(),
        other => other.clone(),
    }
}

fn piece(ask: &Ask, answer: &Answer, text: &str, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    let (input, output) = (answer.input_tokens, answer.output_tokens());
    json!({"candidates": [candidate],
        "usageMetadata": {"promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": input + output},
        "modelVersion": ask.model, "responseId": answer.dice.clone().name(22)})
}

fn finish(answer: &Answer, refuses: bool) -> &'static str {
    match (answer.cut, refuses) {
        (_, true) => "SAFETY",
        (true, _) => "MAX_TOKENS",
        _ => "STOP",
    }
}

/// The whole answer.
pub(crate) fn whole(ask: &Ask, answer: &Answer, refuses: bool) -> Value {
    let text = if refuses { String::new() } else { answer.text() };
    piece(ask, answer, &text, Some(finish(answer, refuses)))
}

/// The answer in parts, as documents.
pub(crate) fn parts(ask: &Ask, answer: &Answer, refuses: bool) -> Vec<Value> {
    let mut parts: Vec<Value> = if refuses {
        Vec::new()
    } else {
        answer.pieces.chunks(4).map(|some| piece(ask, answer, &some.concat(), None)).collect()
    };
    parts.push(piece(ask, answer, "", Some(finish(answer, refuses))));
    parts
}

/// The answer as nameless events.
pub(crate) fn events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let pieces = parts(ask, answer, refuses).iter().map(|part| event(None, part)).collect();
    (Vec::new(), pieces, Vec::new())
}

/// `GET /v1beta/models`.
pub(crate) fn models(names: &[String]) -> Value {
    json!({"models": names.iter().map(|name| model(name)).collect::<Vec<_>>()})
}

/// One model.
pub(crate) fn model(name: &str) -> Value {
    json!({"name": format!("models/{name}"), "displayName": name, "version": "1", "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"]})
}

/// `:countTokens`.
pub(crate) fn counted(ask: &Ask) -> Value {
    let n = crate::answer::tokens(&ask.prompt).len();
    json!({"totalTokens": n, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": n}]})
}
