//! One question to a model: the call, the check of the answer, one repair, and the evidence of all of it.

use serde::Serialize;
use serde_json::{Value, json};

use super::prompts::{self, Prompt};
use crate::domain::artifact::ArtifactKind;
use crate::domain::canonical::sha256_hex;
use crate::ports::llm::{AttemptNote, Llm, LlmCall, LlmFailure, LlmReply, Message, Role};
use crate::service::shared::evidence::Evidence;

/// A question to the model.
pub struct Question<'a> {
    /// The call; a repair adds the refused answer and its problems to its messages.
    pub call: LlmCall,
    /// Text that the call sends, named in the evidence.
    pub prompt: Prompt,
    /// Folder of the evidence, relative to the job's directory.
    pub folder: &'a str,
    /// Data that left the service, for the meta.
    pub left: Value,
}

/// How a question ended.
pub struct Talk<T> {
    /// The checked answer, or why there is none.
    pub outcome: Result<T, TalkFailure>,
    /// Files of the exchange, to be published whatever the outcome.
    pub evidence: Vec<Evidence>,
}

/// Why there is no usable answer.
#[derive(Debug, Clone)]
pub enum TalkFailure {
    /// No answer arrived; the cause is the provider's or the network's.
    Call(LlmFailure),
    /// The answer was refused twice, for these reasons.
    Answer {
        /// Problems of the last answer, for people.
        problems: Vec<String>,
        /// Calls to providers, retries and the repair included.
        attempts: u32,
    },
}

#[derive(Serialize)]
struct Turn<'a> {
    purpose: &'a str,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    request_id: Option<&'a str>,
    structure: Option<crate::ports::llm::Structure>,
    parameters: Option<&'a Value>,
    usage: Option<crate::ports::llm::Usage>,
    elapsed_ms: Option<u128>,
    response_sha256: Option<String>,
    attempts: &'a [AttemptNote],
    refused: &'a [String],
    failure: Option<String>,
}

/// Asks, checks, and asks once more with the reasons where the check refused.
pub async fn ask<T>(
    llm: &dyn Llm,
    mut question: Question<'_>,
    mut check: impl FnMut(&Value) -> Result<T, Vec<String>>,
) -> Talk<T> {
    let mut turns = Vec::new();
    let mut responses = Vec::new();
    let prompt = json!({
        "prompt": question.prompt.name,
        "system": question.call.system,
        "messages": question.call.messages,
        "schema": {"name": question.call.schema.name, "schema": question.call.schema.schema},
        "max_output_tokens": question.call.max_output_tokens,
    });
    let mut attempts = 0;
    let outcome = loop {
        let is_repair = !turns.is_empty();
        let reply = match llm.complete(&question.call).await {
            Ok(reply) => reply,
            Err(failure) => {
                turns.push(serde_json::to_value(failed_turn(&question.call, &failure)));
                break Err(TalkFailure::Call(failure));
            }
        };
        attempts += u32::try_from(reply.attempts.len()).unwrap_or(u32::MAX);
        let checked = read_document(&reply.text).and_then(|document| check(&document));
        let refused = checked.as_ref().err().cloned().unwrap_or_default();
        turns.push(serde_json::to_value(answered_turn(&question.call, &reply, &refused)));
        responses.push(json!({"text": reply.text}));
        match checked {
            Ok(value) => break Ok(value),
            Err(problems) if is_repair => break Err(TalkFailure::Answer { problems, attempts }),
            Err(problems) => {
                let say = |role, content| Message { role, content };
                question.call.messages.push(say(Role::Assistant, reply.text));
                question.call.messages.push(say(Role::User, prompts::repair(&problems)));
            }
        }
    };
    let turns: Vec<Value> = turns.into_iter().filter_map(Result::ok).collect();
    let meta = json!({
        "prompt": question.prompt.name,
        "prompt_sha256": question.prompt.sha256(),
        "repair_prompt": prompts::REPAIR.name,
        "repair_prompt_sha256": prompts::REPAIR.sha256(),
        "left_the_service": question.left,
        "turns": turns,
    });
    let path = |part: &str| format!("{}.{part}.json", question.folder);
    let evidence = vec![
        Evidence::json(ArtifactKind::LlmPrompt, path("prompt"), &prompt),
        Evidence::json(ArtifactKind::LlmResponse, path("response"), &responses),
        Evidence::json(ArtifactKind::LlmMeta, path("meta"), &meta),
    ];
    Talk { outcome, evidence }
}

/// Reads the text as JSON; models in plain JSON mode like to put a fence around it.
fn read_document(text: &str) -> Result<Value, Vec<String>> {
    let text = text.trim();
    let inner = text
        .strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .and_then(|rest| rest.strip_suffix("```"))
        .unwrap_or(text);
    serde_json::from_str(inner.trim()).map_err(|error| vec![format!("it is not one JSON document: {error}")])
}

fn answered_turn<'a>(call: &'a LlmCall, reply: &'a LlmReply, refused: &'a [String]) -> Turn<'a> {
    Turn {
        purpose: call.purpose,
        provider: Some(&reply.provider),
        model: Some(&reply.model),
        request_id: reply.request_id.as_deref(),
        structure: Some(reply.structure),
        parameters: Some(&reply.parameters),
        usage: Some(reply.usage),
        elapsed_ms: Some(reply.elapsed.as_millis()),
        response_sha256: Some(sha256_hex(&reply.text)),
        attempts: &reply.attempts,
        refused,
        failure: None,
    }
}

fn failed_turn<'a>(call: &'a LlmCall, failure: &'a LlmFailure) -> Turn<'a> {
    Turn {
        purpose: call.purpose,
        provider: None,
        model: None,
        request_id: None,
        structure: None,
        parameters: None,
        usage: None,
        elapsed_ms: None,
        response_sha256: None,
        attempts: &failure.attempts,
        refused: &[],
        failure: Some(failure.to_string()),
    }
}
