//! OpenAI chat completions, models and embeddings.

use serde_json::{Value, json};

use super::{Events, Refusal, count, event, text_list, texts};
use crate::answer::{Answer, Ask, Form, tokens};
use crate::dice::Rng;

/// Stands in every envelope: time would make equal requests differ.
pub(crate) const CREATED: u64 = 1_767_225_600;

/// The error envelope.
pub(crate) fn error(refusal: &Refusal) -> Value {
    let kind = if refusal.status < 500 { "invalid_request_error" } else { "server_error" };
    json!({"error": {"message": refusal.message, "type": kind, "param": null, "code": refusal.code}})
}

/// Reads a request.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn read(body: &Value, supports_schema: bool) -> Result<Ask, Refusal> {
    let messages = body["messages"]
        .as_array()
        .filter(|m| !m.is_empty())
        .ok_or_else(|| Refusal::bad("messages must be a list that is not empty"))?;
    let mut prompt = String::new();
    for message in messages {
        let known = ["system", "developer", "user", "assistant", "tool"];
        if !message["role"].as_str().is_some_and(|role| known.contains(&role)) {
            return Err(Refusal::bad("messages: unknown role"));
        }
        texts(&message["content"], &mut prompt);
    }
    Ok(Ask {
        model: model(body)?,
        prompt,
        form: match tool(body)? {
            Some(tool) => tool,
            None => form(&body["response_format"], supports_schema)?,
        },
        stops: text_list(&body["stop"]),
        max_tokens: count(body, "max_completion_tokens")?.or(count(body, "max_tokens")?),
        stream: body["stream"].as_bool().unwrap_or(false),
        stream_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
    })
}

/// The model's name.
///
/// # Errors
/// A refusal where there is none.
pub(crate) fn model(body: &Value) -> Result<String, Refusal> {
    let model = body["model"].as_str().filter(|m| !m.is_empty());
    model.map(str::to_owned).ok_or_else(|| Refusal::bad("you must provide a model parameter"))
}

/// The function that must be called, if one must.
fn tool(body: &Value) -> Result<Option<Form>, Refusal> {
    let Some(tools) = body["tools"].as_array().filter(|tools| !tools.is_empty()) else { return Ok(None) };
    let choice = &body["tool_choice"];
    let chosen = if choice == "required" {
        tools.first()
    } else if choice["type"] == "function" {
        tools.iter().find(|tool| tool["function"]["name"] == choice["function"]["name"])
    } else {
        return Ok(None);
    };
    let tool = chosen.ok_or_else(|| Refusal::bad("tool_choice: there is no such tool"))?;
    let name =
        tool["function"]["name"].as_str().ok_or_else(|| Refusal::bad("tools: function.name is missing"))?;
    Ok(Some(Form::Tool { name: name.to_owned(), schema: tool["function"]["parameters"].clone() }))
}

fn form(format: &Value, supports_schema: bool) -> Result<Form, Refusal> {
    match format["type"].as_str() {
        None | Some("text") => Ok(Form::Text),
        Some("json_object") => Ok(Form::Json),
        Some("json_schema") if !supports_schema => {
            Err(Refusal::bad("response_format: json_schema is not supported by this server"))
        }
        Some("json_schema") => {
            let asked = &format["json_schema"];
            if !asked["name"].is_string() {
                return Err(Refusal::bad("response_format.json_schema.name is missing"));
            }
            if !asked["schema"].is_object() {
                return Err(Refusal::bad("response_format.json_schema.schema is missing"));
            }
            if asked["strict"] == true {
                strict(&asked["schema"], "schema")?;
            }
            Ok(Form::Schema(asked["schema"].clone()))
        }
        Some(other) => Err(Refusal::bad(format!("response_format: unknown type {other:?}"))),
    }
}

/// The strict subset: every property is required, and objects admit no others.
fn strict(schema: &Value, path: &str) -> Result<(), Refusal> {
    if let Some(properties) = schema["properties"].as_object() {
        if schema["additionalProperties"] != false {
            return Err(Refusal::bad(format!("{path}: additionalProperties must be false")));
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, inner) in properties {
            if !required.contains(&name.as_str()) {
                return Err(Refusal::bad(format!("{path}: required must hold {name:?}")));
            }
            strict(inner, &format!("{path}.{name}"))?;
        }
    }
    if schema["items"].is_object() {
        strict(&schema["items"], &format!("{path}.items"))?;
    }
    Ok(())
}

fn usage(answer: &Answer) -> Value {
    let (input, output) = (answer.input_tokens, answer.output_tokens());
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

fn finish(ask: &Ask, answer: &Answer) -> &'static str {
    match &ask.form {
        _ if answer.cut => "length",
        Form::Tool { .. } => "tool_calls",
        _ => "stop",
    }
}

fn call_id(answer: &Answer) -> String {
    format!("call_{}", answer.dice.clone().name(24))
}

fn id(answer: &Answer) -> String {
    format!("chatcmpl-{}", answer.dice.clone().name(29))
}

/// The whole answer. A refusal of the model has no content.
pub(crate) fn whole(ask: &Ask, answer: &Answer, refuses: bool) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    let mut finish = finish(ask, answer);
    match &ask.form {
        _ if refuses => {
            message["refusal"] = json!("I cannot help with that.");
            finish = "stop";
        }
        Form::Tool { name, .. } => {
            message["tool_calls"] = json!([{"id": call_id(answer), "type": "function",
                "function": {"name": name, "arguments": answer.text()}}]);
        }
        _ => message["content"] = json!(answer.text()),
    }
    json!({
        "id": id(answer), "object": "chat.completion", "created": CREATED, "model": ask.model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": usage(answer), "system_fingerprint": "fp_simulator",
    })
}

/// The answer as events; the second list goes out after the pieces.
pub(crate) fn events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let id = id(answer);
    let chunk = |choices: Value, usage: Value| {
        let mut data = json!({"id": id, "object": "chat.completion.chunk", "created": CREATED, "model": ask.model,
            "system_fingerprint": "fp_simulator", "choices": choices});
        if ask.stream_usage {
            data["usage"] = usage;
        }
        event(None, &data)
    };
    let delta = |delta: Value, finish: Option<&str>| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
    };
    let mut head = vec![delta(json!({"role": "assistant", "content": "", "refusal": null}), None)];
    let mut finish = finish(ask, answer);
    let pieces: Vec<String> = match &ask.form {
        _ if refuses => {
            finish = "stop";
            vec![delta(json!({"refusal": "I cannot help with that."}), None)]
        }
        Form::Tool { name, .. } => {
            let call = json!({"index": 0, "id": call_id(answer), "type": "function",
                "function": {"name": name, "arguments": ""}});
            head = vec![delta(json!({"role": "assistant", "content": null, "tool_calls": [call]}), None)];
            let part =
                |piece: &String| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
            answer.pieces.iter().map(|piece| delta(part(piece), None)).collect()
        }
        _ => answer.pieces.iter().map(|piece| delta(json!({"content": piece}), None)).collect(),
    };
    let mut tail = vec![delta(json!({}), Some(finish))];
    if ask.stream_usage {
        tail.push(chunk(json!([]), usage(answer)));
    }
    tail.push("data: [DONE]\n\n".to_owned());
    (head, pieces, tail)
}

/// `GET /v1/models`.
pub(crate) fn models(names: &[String]) -> Value {
    json!({"object": "list", "data": names.iter().map(|name| one_model(name)).collect::<Vec<_>>()})
}

/// One model.
pub(crate) fn one_model(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": CREATED, "owned_by": "simulator"})
}

/// Reads a request for embeddings.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn read_embeddings(body: &Value) -> Result<Ask, Refusal> {
    let texts = text_list(&body["input"]);
    if texts.is_empty() {
        return Err(Refusal::bad("input must be a text or a list of texts"));
    }
    let size = count(body, "dimensions")?.unwrap_or(64).clamp(1, 4096);
    let prompt = texts.concat();
    let form = Form::Vectors { texts, size, as_bytes: body["encoding_format"] == "base64" };
    Ok(Ask { model: model(body)?, prompt, form, ..Ask::default() })
}

/// Embeddings: unit vectors that depend on seed and text alone.
pub(crate) fn embeddings(ask: &Ask, seed: u64) -> Value {
    let Form::Vectors { texts, size, as_bytes } = &ask.form else { return Value::Null };
    let vector = |(i, text): (usize, &String)| {
        let mut dice = Rng::new(seed, "embedding", text.as_bytes());
        let draws: Vec<f64> = (0..*size).map(|_| dice.normal()).collect();
        let length = draws.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let unit: Vec<f32> = draws.iter().map(|x| (x / length) as f32).collect();
        let embedding = if *as_bytes { json!(base64(&unit)) } else { json!(unit) };
        json!({"object": "embedding", "index": i, "embedding": embedding})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(vector).collect();
    let used: usize = texts.iter().map(|text| tokens(text).len()).sum();
    json!({"object": "list", "data": data, "model": ask.model,
        "usage": {"prompt_tokens": used, "total_tokens": used}})
}

/// Little-endian floats in base64 (RFC 4648, section 4), as the official client asks for them.
fn base64(values: &[f32]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let group = three.iter().enumerate().fold(0u32, |g, (i, b)| g | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            let sextet = (group >> (18 - 6 * i)) & 63;
            text.push(if i <= three.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}
