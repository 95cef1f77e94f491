//! The Anthropic messages API: the answer is the input of a tool that the model has to call, so that it is
//! an object by construction. Source: the provider's published API reference, version 2023-06-01.

use std::time::Instant;

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::headers;
use super::provider::{Gather, Provider, Read, by_status, check_media_type, count, document, read_stream};
use super::sse::Event;
use super::transport::{self, Answer};
use crate::ports::llm::{Llm, LlmCall, LlmCause, LlmFailure, LlmReply, Role, Structure};

/// The version whose sampling parameters and events this client speaks.
pub(super) const VERSION: &str = "2023-06-01";

/// A client of one model behind `<base>/v1/messages`.
pub struct Anthropic {
    provider: Provider,
}

impl Anthropic {
    /// Builds the client.
    pub fn new(provider: Provider) -> Self {
        Self { provider }
    }

    fn parameters(&self, call: &LlmCall) -> Value {
        let mut parameters = json!({"max_tokens": call.max_output_tokens});
        if let Some(temperature) = self.provider.temperature {
            parameters["temperature"] = json!(temperature);
        }
        parameters
    }

    fn body(&self, call: &LlmCall, parameters: &Value) -> Value {
        let messages: Vec<Value> = call
            .messages
            .iter()
            .map(|message| {
                let role = match message.role {
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                json!({"role": role, "content": message.content})
            })
            .collect();
        let mut body = json!({
            "model": self.provider.model,
            "system": call.system,
            "messages": messages,
            "stream": true,
            "tools": [{
                "name": call.schema.name,
                "description": "Give the answer.",
                "input_schema": call.schema.schema,
            }],
            "tool_choice": {"type": "tool", "name": call.schema.name},
        });
        for (key, value) in parameters.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }

    async fn exchange(&self, call: &LlmCall, parameters: &Value) -> Result<Read, LlmFailure> {
        let request = self
            .provider
            .http
            .post(format!("{}/v1/messages", self.provider.base_url))
            .header("x-api-key", self.provider.api_key.read().expose_secret())
            .header("anthropic-version", VERSION)
            .json(&self.body(call, parameters));
        let mut answer =
            transport::send(request, self.provider.timeouts, self.provider.clock.as_ref(), classify).await?;
        let request_id = headers::request_id(&answer.headers);
        let mut read =
            if check_media_type(&answer)? { stream(&mut answer).await? } else { whole(&mut answer).await? };
        read.request_id = request_id;
        Ok(read)
    }
}

impl Llm for Anthropic {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let started = Instant::now();
            let parameters = self.parameters(call);
            match self.exchange(call, &parameters).await {
                Ok(read) => Ok(self.provider.reply(read, Structure::Tool, parameters, started)),
                Err(failure) => Err(self.provider.failed(failure, started)),
            }
        })
    }
}

fn classify(status: u16, body: &Value) -> LlmCause {
    match body["error"]["type"].as_str() {
        Some("overloaded_error") => LlmCause::Overloaded,
        Some("billing_error") => LlmCause::QuotaExhausted,
        Some("authentication_error") => LlmCause::Authentication,
        Some("permission_error") => LlmCause::Forbidden,
        Some("rate_limit_error") => LlmCause::RateLimited,
        Some("request_too_large") => LlmCause::ContextTooLong,
        Some("timeout_error" | "timeout") => LlmCause::ServerError,
        _ => by_status(status),
    }
}

fn check_stop(reason: &str) -> Result<(), LlmFailure> {
    match reason {
        "tool_use" | "end_turn" | "stop_sequence" => Ok(()),
        "max_tokens" => {
            Err(LlmFailure::new(LlmCause::OutputLimit, "the answer was cut at the limit of tokens"))
        }
        "refusal" => Err(LlmFailure::new(LlmCause::Refused, "the model refused to answer")),
        "model_context_window_exceeded" => {
            Err(LlmFailure::new(LlmCause::ContextTooLong, "the prompt does not fit the model"))
        }
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(LlmFailure::new(LlmCause::Protocol, format!("the answer ended with {shown:?}")))
        }
    }
}

async fn whole(answer: &mut Answer) -> Result<Read, LlmFailure> {
    let document = document(&answer.body().await?)?;
    if document["type"] == "error" {
        return Err(error_event(&document));
    }
    check_stop(document["stop_reason"].as_str().unwrap_or("nothing"))?;
    let blocks = document["content"].as_array().map_or(&[][..], Vec::as_slice);
    let input = blocks
        .iter()
        .find(|block| block["type"] == "tool_use")
        .ok_or_else(|| LlmFailure::new(LlmCause::Protocol, "the model did not call the tool"))?;
    let mut read = Read {
        text: input["input"].to_string(),
        model: document["model"].as_str().map(str::to_owned),
        ..Read::default()
    };
    read.usage.input_tokens = count(&document["usage"], "input_tokens");
    read.usage.output_tokens = count(&document["usage"], "output_tokens");
    Ok(read)
}

fn error_event(document: &Value) -> LlmFailure {
    let text = document["error"]["message"].as_str().unwrap_or("the provider reported an error");
    LlmFailure::new(classify(500, document), text)
}

/// Pieces of a streamed message. The blocks come one after the other.
#[derive(Default)]
struct Pieces {
    read: Read,
    /// The block that comes now is the tool's input.
    in_tool: bool,
    saw_tool: bool,
    /// The input as the block's start gave it, where no fragment follows.
    whole_input: Option<Value>,
    stop: Option<String>,
}

impl Gather for Pieces {
    fn event(&mut self, event: &Event) -> Result<bool, LlmFailure> {
        let data = document(event.data.as_bytes())?;
        match data["type"].as_str().unwrap_or(&event.name) {
            "message_start" => {
                let message = &data["message"];
                self.read.model = message["model"].as_str().map(str::to_owned);
                self.read.usage.input_tokens = count(&message["usage"], "input_tokens");
            }
            "content_block_start" => {
                let block = &data["content_block"];
                self.in_tool = block["type"] == "tool_use" && !self.saw_tool;
                if self.in_tool {
                    self.saw_tool = true;
                    self.whole_input =
                        Some(block["input"].clone()).filter(|v| v.as_object().is_some_and(|o| !o.is_empty()));
                }
            }
            "content_block_delta" if self.in_tool => {
                self.read.text.push_str(data["delta"]["partial_json"].as_str().unwrap_or_default());
            }
            "content_block_stop" => self.in_tool = false,
            "message_delta" => {
                if let Some(reason) = data["delta"]["stop_reason"].as_str() {
                    self.stop = Some(reason.to_owned());
                }
                self.read.usage.output_tokens = count(&data["usage"], "output_tokens");
            }
            "message_stop" => return Ok(true),
            "error" => return Err(error_event(&data)),
            // `ping`, thinking and text blocks, and events of later versions
            _ => {}
        }
        Ok(false)
    }
}

async fn stream(answer: &mut Answer) -> Result<Read, LlmFailure> {
    let mut pieces = Pieces::default();
    read_stream(answer, &mut pieces).await?;
    check_stop(pieces.stop.as_deref().unwrap_or("nothing"))?;
    if !pieces.saw_tool {
        return Err(LlmFailure::new(LlmCause::Protocol, "the model did not call the tool"));
    }
    if pieces.read.text.is_empty() {
        pieces.read.text = pieces.whole_input.take().unwrap_or_else(|| json!({})).to_string();
    }
    Ok(pieces.read)
}
