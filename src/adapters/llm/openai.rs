//! OpenAI-compatible chat completions: JSON-schema structured output, JSON mode where a server lacks it,
//! streamed or whole answers. Source: the provider's published API reference, 2026-11.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::headers;
use super::provider::{Gather, Provider, Read, by_status, check_media_type, count, document, read_stream};
use super::sse::Event;
use super::transport::{self, Answer};
use crate::ports::llm::{Llm, LlmCall, LlmCause, LlmFailure, LlmReply, Message, Role, Structure, Usage};

/// A client of one model behind `<base>/chat/completions`.
pub struct OpenAi {
    provider: Provider,
    /// The server refused a schema once; it is asked for plain JSON from then on.
    lacks_schema: AtomicBool,
    /// The server refused `max_completion_tokens` once; it gets the older `max_tokens`.
    old_limit: AtomicBool,
}

impl OpenAi {
    /// Builds the client.
    pub fn new(provider: Provider) -> Self {
        Self { provider, lacks_schema: AtomicBool::new(false), old_limit: AtomicBool::new(false) }
    }

    fn structure(&self) -> Structure {
        if self.lacks_schema.load(Ordering::Relaxed) { Structure::JsonObject } else { Structure::JsonSchema }
    }

    /// Sampling and limits as they are sent and recorded.
    fn parameters(&self, call: &LlmCall) -> Value {
        let limit =
            if self.old_limit.load(Ordering::Relaxed) { "max_tokens" } else { "max_completion_tokens" };
        let mut parameters = json!({limit: call.max_output_tokens});
        if let Some(temperature) = self.provider.temperature {
            parameters["temperature"] = json!(temperature);
        }
        parameters
    }

    fn body(&self, call: &LlmCall, structure: Structure, parameters: &Value) -> Value {
        let mut system = call.system.clone();
        let format = if structure == Structure::JsonSchema {
            json!({"type": "json_schema", "json_schema": {
                "name": call.schema.name, "strict": true, "schema": call.schema.schema
            }})
        } else {
            system.push_str("\n\nAnswer with one JSON document of this JSON Schema and nothing else:\n");
            system.push_str(&call.schema.schema.to_string());
            json!({"type": "json_object"})
        };
        let mut messages = vec![json!({"role": "system", "content": system})];
        messages.extend(call.messages.iter().map(turn));
        let mut body = json!({
            "model": self.provider.model,
            "messages": messages,
            "response_format": format,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        for (key, value) in parameters.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }

    async fn exchange(&self, call: &LlmCall, structure: Structure) -> Result<(Read, Value), LlmFailure> {
        let parameters = self.parameters(call);
        let request = self
            .provider
            .http
            .post(format!("{}/chat/completions", self.provider.base_url))
            .bearer_auth(self.provider.api_key.read().expose_secret())
            .json(&self.body(call, structure, &parameters));
        let mut answer =
            transport::send(request, self.provider.timeouts, self.provider.clock.as_ref(), classify).await?;
        let request_id = headers::request_id(&answer.headers);
        let mut read =
            if check_media_type(&answer)? { stream(&mut answer).await? } else { whole(&mut answer).await? };
        read.request_id = request_id;
        Ok((read, parameters))
    }

    /// Takes back what the server said it does not know; true if that changes the next request.
    fn adapt(&self, failure: &LlmFailure) -> bool {
        if !matches!(failure.status, Some(400 | 422)) || failure.cause != LlmCause::InvalidRequest {
            return false;
        }
        let text = failure.detail.to_ascii_lowercase();
        let refuses = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if refuses(&["response_format", "json_schema", "structured output", "guided_json", "grammar"]) {
            return !self.lacks_schema.swap(true, Ordering::Relaxed);
        }
        refuses(&["max_completion_tokens"]) && !self.old_limit.swap(true, Ordering::Relaxed)
    }
}

impl Llm for OpenAi {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let started = Instant::now();
            loop {
                let structure = self.structure();
                match self.exchange(call, structure).await {
                    Ok((read, parameters)) => {
                        return Ok(self.provider.reply(read, structure, parameters, started));
                    }
                    // at most two turns: each thing a server may lack is taken back once
                    Err(failure) if self.adapt(&failure) => {}
                    Err(failure) => return Err(self.provider.failed(failure, started)),
                }
            }
        })
    }
}

fn turn(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({"role": role, "content": message.content})
}

/// Status and error body to cause. Some gateways put a number where the code belongs.
fn classify(status: u16, body: &Value) -> LlmCause {
    let error = &body["error"];
    let says =
        |word: &str| ["code", "type"].iter().any(|key| error[key].as_str().is_some_and(|text| text == word));
    if says("insufficient_quota") || says("credit_balance_exhausted") {
        LlmCause::QuotaExhausted
    } else if says("context_length_exceeded") {
        LlmCause::ContextTooLong
    } else if says("model_not_found") {
        LlmCause::ModelNotFound
    } else if says("content_filter") {
        LlmCause::ContentFiltered
    } else if says("server_is_overloaded") || says("service_unavailable_error") {
        LlmCause::Overloaded
    } else {
        by_status(status)
    }
}

/// An `error` object inside an answer with status 200.
fn error_inside(document: &Value) -> Result<(), LlmFailure> {
    let error = &document["error"];
    if error.is_null() {
        return Ok(());
    }
    let status = error["code"].as_u64().or_else(|| error["status"].as_u64());
    let status = status.and_then(|s| u16::try_from(s).ok()).filter(|s| (400..600).contains(s)).unwrap_or(500);
    let text = error["message"].as_str().unwrap_or("the provider reported an error inside its answer");
    Err(LlmFailure::new(classify(status, document), text))
}

/// The end of a choice: what is not a plain stop is a failure with its own cause.
fn check_finish(reason: &str) -> Result<(), LlmFailure> {
    match reason {
        "stop" => Ok(()),
        "length" => Err(LlmFailure::new(LlmCause::OutputLimit, "the answer was cut at the limit of tokens")),
        "content_filter" => {
            Err(LlmFailure::new(LlmCause::ContentFiltered, "the provider's filter held the answer back"))
        }
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(LlmFailure::new(LlmCause::Protocol, format!("the answer ended with {shown:?}")))
        }
    }
}

fn usage(document: &Value) -> Usage {
    let usage = &document["usage"];
    Usage { input_tokens: count(usage, "prompt_tokens"), output_tokens: count(usage, "completion_tokens") }
}

async fn whole(answer: &mut Answer) -> Result<Read, LlmFailure> {
    let document = document(&answer.body().await?)?;
    error_inside(&document)?;
    let choice = &document["choices"][0];
    let message = &choice["message"];
    if let Some(refusal) = message["refusal"].as_str() {
        return Err(LlmFailure::new(LlmCause::Refused, refusal));
    }
    check_finish(choice["finish_reason"].as_str().unwrap_or("nothing"))?;
    let text = message["content"]
        .as_str()
        .ok_or_else(|| LlmFailure::new(LlmCause::Protocol, "the answer has no content"))?;
    Ok(Read {
        text: text.to_owned(),
        model: document["model"].as_str().map(str::to_owned),
        usage: usage(&document),
        request_id: None,
    })
}

/// Pieces of a streamed choice.
#[derive(Default)]
struct Pieces {
    read: Read,
    refusal: String,
    finish: Option<String>,
}

impl Gather for Pieces {
    fn event(&mut self, event: &Event) -> Result<bool, LlmFailure> {
        if event.data.starts_with("[DONE]") {
            return Ok(true);
        }
        let document = document(event.data.as_bytes())?;
        error_inside(&document)?;
        if let Some(model) = document["model"].as_str() {
            self.read.model = Some(model.to_owned());
        }
        if document["usage"].is_object() {
            self.read.usage = usage(&document);
        }
        let choice = &document["choices"][0];
        self.read.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        self.refusal.push_str(choice["delta"]["refusal"].as_str().unwrap_or_default());
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(reason.to_owned());
        }
        Ok(false)
    }
}

/// Reads a stream. Servers that end without `[DONE]` are accepted if the choice said that it finished.
async fn stream(answer: &mut Answer) -> Result<Read, LlmFailure> {
    let mut pieces = Pieces::default();
    match read_stream(answer, &mut pieces).await {
        Err(failure) if failure.cause == LlmCause::Truncated && pieces.finish.is_some() => {}
        other => other?,
    }
    if !pieces.refusal.is_empty() {
        return Err(LlmFailure::new(LlmCause::Refused, pieces.refusal));
    }
    match pieces.finish {
        Some(reason) => check_finish(&reason)?,
        None => return Err(LlmFailure::new(LlmCause::Truncated, "the answer never said that it finished")),
    }
    Ok(pieces.read)
}
