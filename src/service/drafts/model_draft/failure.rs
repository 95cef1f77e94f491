//! Why a model gave no draft, as the record keeps it and as clients read it.

use std::time::Duration;

use serde_json::json;

use super::next_actions;
use super::talk::TalkFailure;
use crate::domain::draft::DraftFailure;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::ports::llm::LlmCause;

/// A draft that did not come about.
#[derive(Debug, Clone)]
pub struct Failed {
    /// `LLM_CALL_FAILED` or `LLM_RESPONSE_INVALID`.
    pub code: ErrorCode,
    pub cause: String,
    pub detail: String,
    pub attempts: u32,
}

impl Failed {
    /// The service could not even ask.
    pub fn defect(problem: Problem) -> Self {
        Self {
            code: ErrorCode::LlmCallFailed,
            cause: "internal".to_owned(),
            detail: problem.message,
            attempts: 0,
        }
    }

    /// All calls together took too long.
    pub fn out_of_time(budget: Duration) -> Self {
        Self {
            code: ErrorCode::LlmCallFailed,
            cause: LlmCause::TotalTimeout.as_str().to_owned(),
            detail: format!("no draft within {} s", budget.as_secs()),
            attempts: 0,
        }
    }
}

impl From<TalkFailure> for Failed {
    fn from(failure: TalkFailure) -> Self {
        match failure {
            TalkFailure::Call(failure) => Self {
                code: ErrorCode::LlmCallFailed,
                cause: failure.cause.as_str().to_owned(),
                attempts: u32::try_from(failure.attempts.len()).unwrap_or(u32::MAX),
                detail: failure.detail,
            },
            TalkFailure::Answer { problems, attempts } => Self {
                code: ErrorCode::LlmResponseInvalid,
                cause: "response_invalid".to_owned(),
                detail: problems.join("; ").chars().take(1_000).collect(),
                attempts,
            },
        }
    }
}

/// The kept failure as an answer: the same each time, with the two ways to continue.
pub(crate) fn as_problem(job: &JobRecord, failure: &DraftFailure) -> Problem {
    let code = match failure.error_code.as_str() {
        "LLM_RESPONSE_INVALID" => ErrorCode::LlmResponseInvalid,
        _ => ErrorCode::LlmCallFailed,
    };
    let mut actions = next_actions(job);
    if let Some(actions) = actions.as_array_mut() {
        actions.push(json!({
            "action": "ask_again", "method": "POST", "path": format!("/v1/jobs/{}/draft/preview", job.job_id)
        }));
    }
    Problem::new(code, format!("the language model gave no usable draft: {}", failure.detail))
        .with("cause", failure.cause.clone())
        .with("failed_at", json!(failure.failed_at))
        .with("attempts", failure.attempts)
        .with("next_actions", actions)
}
