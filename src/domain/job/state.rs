//! The whole state machine of a job on one screen.

use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};

/// State of a job. `confirmed` means: the plan is frozen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// The job has no current draft; inputs and requirement can change.
    Created,
    /// A draft is there and can be frozen, replaced or patched.
    DraftReady,
    /// The plan is frozen; the job can be run, revised or cancelled.
    Confirmed,
    /// The job waits for a worker.
    Queued,
    /// An attempt is under way; a cancel asks it to end.
    Running,
    /// The last attempt passed the verdict; the plan can be revised.
    Succeeded,
    /// The last attempt failed and is not retried automatically; it can be run again, or revised.
    Failed,
    /// A user ended the job or its attempt; with a plan it can be run again, or revised.
    Cancelled,
}

/// Operations on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Inputs or a sheet are replaced, or the requirement is changed.
    ReplaceInputs,
    /// A draft from the model or the client.
    StateDraft,
    /// The plan is frozen.
    FreezePlan,
    /// A run is requested.
    Enqueue,
    /// A worker takes the job.
    Claim,
    /// The verdict: succeeded.
    Succeed,
    /// The verdict: failed.
    Fail,
    /// The end of a running attempt that was asked to stop.
    FinishCancelled,
    /// The engine or its host was lost within the automatic budget.
    Requeue,
    /// Cancel of a job that is not running.
    Cancel,
    /// The draft is opened again after a freeze.
    Revise,
}

/// A refused transition: the state and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation:?} is not allowed while the job is {from:?}")]
pub struct IllegalTransition {
    /// State of the job, unchanged by the refusal.
    pub from: JobStatus,
    /// The refused operation.
    pub operation: Operation,
    /// Operations that this state permits; empty where an attempt was expected and none is running.
    pub allowed: Vec<Operation>,
}

impl From<IllegalTransition> for Problem {
    fn from(refused: IllegalTransition) -> Self {
        let allowed: Vec<&str> = refused.allowed.iter().map(|op| op.as_str()).collect();
        // a frozen plan is the reason that people meet: the way on has a route of its own
        let way = match refused.operation {
            Operation::ReplaceInputs | Operation::StateDraft | Operation::FreezePlan
                if refused.allowed.contains(&Operation::Revise) =>
            {
                ": the plan is frozen; open the draft again by POST …/plan/revise, which keeps plans and results"
            }
            _ => "",
        };
        Problem::new(
            ErrorCode::JobIllegalTransition,
            format!(
                "{} is not allowed while the job is {}{way}",
                refused.operation.as_str(),
                refused.from.as_str()
            ),
        )
        .with("status", refused.from.as_str())
        .with("operation", refused.operation.as_str())
        .with("allowed", allowed)
    }
}

impl JobStatus {
    /// Every status.
    pub const ALL: [JobStatus; 8] = [
        JobStatus::Created,
        JobStatus::DraftReady,
        JobStatus::Confirmed,
        JobStatus::Queued,
        JobStatus::Running,
        JobStatus::Succeeded,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ];

    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            JobStatus::Created => "created",
            JobStatus::DraftReady => "draft_ready",
            JobStatus::Confirmed => "confirmed",
            JobStatus::Queued => "queued",
            JobStatus::Running => "running",
            JobStatus::Succeeded => "succeeded",
            JobStatus::Failed => "failed",
            JobStatus::Cancelled => "cancelled",
        }
    }

    /// True where nothing will happen without a new request.
    pub fn is_terminal(self) -> bool {
        matches!(self, JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled)
    }

    /// Returns the state after an operation.
    ///
    /// `Cancelled` + `Enqueue` also needs a plan, which the record knows (see [`super::JobRecord`]).
    ///
    /// # Errors
    /// [`IllegalTransition`] with what this state allows.
    pub fn after(self, operation: Operation) -> Result<JobStatus, IllegalTransition> {
        self.next(operation).ok_or_else(|| IllegalTransition {
            from: self,
            operation,
            allowed: Operation::ALL.into_iter().filter(|op| self.next(*op).is_some()).collect(),
        })
    }

    fn next(self, operation: Operation) -> Option<JobStatus> {
        use JobStatus as S;
        use Operation as Op;
        Some(match (self, operation) {
            (S::Created | S::DraftReady, Op::ReplaceInputs) => S::Created,
            (S::Created | S::DraftReady, Op::StateDraft) => S::DraftReady,
            (S::DraftReady, Op::FreezePlan) => S::Confirmed,
            (S::Confirmed | S::Failed | S::Cancelled, Op::Enqueue) => S::Queued,
            (S::Queued, Op::Claim) => S::Running,
            (S::Running, Op::Succeed) => S::Succeeded,
            (S::Running, Op::Fail) => S::Failed,
            (S::Running, Op::FinishCancelled) => S::Cancelled,
            (S::Running, Op::Requeue) => S::Queued,
            (S::Created | S::DraftReady | S::Confirmed | S::Queued, Op::Cancel) => S::Cancelled,
            (S::Confirmed | S::Succeeded | S::Failed | S::Cancelled, Op::Revise) => S::DraftReady,
            _ => return None,
        })
    }
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 11] = [
        Operation::ReplaceInputs,
        Operation::StateDraft,
        Operation::FreezePlan,
        Operation::Enqueue,
        Operation::Claim,
        Operation::Succeed,
        Operation::Fail,
        Operation::FinishCancelled,
        Operation::Requeue,
        Operation::Cancel,
        Operation::Revise,
    ];

    /// Returns the text that error contexts and audit events use.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::ReplaceInputs => "replace_inputs",
            Operation::StateDraft => "state_draft",
            Operation::FreezePlan => "freeze_plan",
            Operation::Enqueue => "run",
            Operation::Claim => "claim",
            Operation::Succeed => "succeed",
            Operation::Fail => "fail",
            Operation::FinishCancelled => "finish_cancelled",
            Operation::Requeue => "requeue",
            Operation::Cancel => "cancel",
            Operation::Revise => "revise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/ARCHITECTURE.md`, "The job", written out again as (from, by, to).
    const TABLE: &[(&str, &str, &str)] = &[
        ("created", "replace_inputs", "created"),
        ("draft_ready", "replace_inputs", "created"),
        ("created", "state_draft", "draft_ready"),
        ("draft_ready", "state_draft", "draft_ready"),
        ("draft_ready", "freeze_plan", "confirmed"),
        ("confirmed", "run", "queued"),
        ("failed", "run", "queued"),
        ("cancelled", "run", "queued"),
        ("queued", "claim", "running"),
        ("running", "succeed", "succeeded"),
        ("running", "fail", "failed"),
        ("running", "finish_cancelled", "cancelled"),
        ("running", "requeue", "queued"),
        ("created", "cancel", "cancelled"),
        ("draft_ready", "cancel", "cancelled"),
        ("confirmed", "cancel", "cancelled"),
        ("queued", "cancel", "cancelled"),
        ("confirmed", "revise", "draft_ready"),
        ("succeeded", "revise", "draft_ready"),
        ("failed", "revise", "draft_ready"),
        ("cancelled", "revise", "draft_ready"),
    ];

    #[test]
    fn only_the_documented_transitions_are_legal() {
        for from in JobStatus::ALL {
            for op in Operation::ALL {
                let expected =
                    TABLE.iter().find(|(f, o, _)| *f == from.as_str() && *o == op.as_str()).map(|t| t.2);
                match from.after(op) {
                    Ok(to) => assert_eq!(Some(to.as_str()), expected, "{from:?} {op:?}"),
                    Err(refused) => {
                        assert_eq!(expected, None, "{from:?} {op:?}");
                        assert!(!refused.allowed.contains(&op));
                    }
                }
            }
        }
    }
}
