//! One attempt of a job: its record, its checks and results as clients see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{PlanId, RunId};

/// State of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl RunStatus {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why an attempt did not succeed; exactly one per failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Cancelled,
    Timeout,
    MemoryLimit,
    OutputLimit,
    SandboxDenied,
    EngineMissing,
    Killed,
    Licence,
    EngineUnsupported,
    DataError,
    DependencyMissing,
    TemplateError,
    ParameterError,
    LogIncomplete,
    OutputsMissing,
    WorkerLost,
    Internal,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 17] = [
        Cause::Cancelled,
        Cause::Timeout,
        Cause::MemoryLimit,
        Cause::OutputLimit,
        Cause::SandboxDenied,
        Cause::EngineMissing,
        Cause::Killed,
        Cause::Licence,
        Cause::EngineUnsupported,
        Cause::DataError,
        Cause::DependencyMissing,
        Cause::TemplateError,
        Cause::ParameterError,
        Cause::LogIncomplete,
        Cause::OutputsMissing,
        Cause::WorkerLost,
        Cause::Internal,
    ];

    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Cancelled => "cancelled",
            Cause::Timeout => "timeout",
            Cause::MemoryLimit => "memory_limit",
            Cause::OutputLimit => "output_limit",
            Cause::SandboxDenied => "sandbox_denied",
            Cause::EngineMissing => "engine_missing",
            Cause::Killed => "killed",
            Cause::Licence => "licence",
            Cause::EngineUnsupported => "engine_unsupported",
            Cause::DataError => "data_error",
            Cause::DependencyMissing => "dependency_missing",
            Cause::TemplateError => "template_error",
            Cause::ParameterError => "parameter_error",
            Cause::LogIncomplete => "log_incomplete",
            Cause::OutputsMissing => "outputs_missing",
            Cause::WorkerLost => "worker_lost",
            Cause::Internal => "internal",
        }
    }

    /// True where the same plan may succeed on a later attempt without a change by the user.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Cause::Timeout
                | Cause::MemoryLimit
                | Cause::EngineMissing
                | Cause::Killed
                | Cause::Licence
                | Cause::DependencyMissing
                | Cause::WorkerLost
                | Cause::Internal
        )
    }
}

/// One attempt, as stored in the job record and shown by the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Run {
    #[schema(value_type = String)]
    pub run_id: RunId,
    /// 1, 2, … within the job.
    pub attempt: u32,
    /// Grows with every claim of the job; a writer with an older one is refused.
    pub fence: u64,
    #[schema(value_type = String)]
    pub plan_id: PlanId,
    pub status: RunStatus,
    /// `starting`, `running`, `finishing`; only while the status is `running`.
    pub phase: Option<String>,
    pub cause: Option<Cause>,
    /// More about the cause, such as `shutdown` or the id of a failed check.
    pub cause_detail: Option<String>,
    #[serde(default)]
    pub retryable: bool,
    /// A user or operator asked for the end of this attempt.
    pub cancel_requested: Option<DateTime<Utc>>,
    #[serde(default)]
    pub evidence: Vec<EvidenceLine>,
    /// Keys of what the user can do after a failure, best first.
    #[serde(default)]
    pub next_actions: Vec<String>,
    #[serde(default)]
    pub engine: EngineFacts,
    #[serde(default)]
    pub checks: Vec<RunCheck>,
    #[serde(default)]
    pub sample_flow: Vec<SampleStep>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metrics: Map<String, Value>,
    #[serde(default)]
    pub results: Vec<ResultRow>,
    #[serde(default)]
    pub outputs: Vec<RunOutput>,
    #[serde(default)]
    pub timings: Timings,
    #[serde(default)]
    pub resources: Resources,
    pub queued_at: Option<DateTime<Utc>>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Offset of the do-file's body in `main.do`, so that its hash can be checked.
    pub body_offset: Option<u64>,
    pub body_bytes: Option<u64>,
}

impl Run {
    /// The record of an attempt at its claim.
    pub fn starting(
        run_id: RunId,
        attempt: u32,
        fence: u64,
        plan_id: PlanId,
        queued_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Run {
        Run {
            run_id,
            attempt,
            fence,
            plan_id,
            status: RunStatus::Running,
            phase: Some("starting".to_owned()),
            cause: None,
            cause_detail: None,
            retryable: false,
            cancel_requested: None,
            evidence: Vec::new(),
            next_actions: Vec::new(),
            engine: Default::default(),
            checks: Vec::new(),
            sample_flow: Vec::new(),
            metrics: Map::new(),
            results: Vec::new(),
            outputs: Vec::new(),
            timings: Timings {
                queued_ms: queued_at.map(|q| u64::try_from((now - q).num_milliseconds()).unwrap_or_default()),
                ..Default::default()
            },
            resources: Default::default(),
            queued_at,
            started_at: now,
            ended_at: None,
            body_offset: None,
            body_bytes: None,
        }
    }

    /// Returns this attempt as failed with a cause and its evidence.
    #[must_use]
    pub fn failed(mut self, cause: Cause, detail: Option<String>, now: DateTime<Utc>) -> Run {
        self.status = if cause == Cause::Cancelled { RunStatus::Cancelled } else { RunStatus::Failed };
        self.retryable = cause.retryable();
        self.cause = Some(cause);
        self.cause_detail = detail;
        self.ended_at = Some(now);
        self.phase = None;
        self
    }
}

/// A line of the log that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceLine {
    /// 1-based; 0 where the evidence is not a line of the log.
    pub line: u64,
    pub text: String,
}

/// The engine that executed the do-file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EngineFacts {
    /// `stata` or `open`.
    pub kind: String,
    pub edition: Option<String>,
    pub version: Option<String>,
    pub processors: Option<u32>,
    #[serde(default)]
    pub attested: bool,
}

/// A run-time check of the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunCheck {
    pub id: String,
    /// `ok`, `warn` or `fail`.
    pub status: String,
    pub value: Option<String>,
    pub message: Option<String>,
    #[serde(default)]
    pub acknowledged: bool,
}

/// Rows before and after one step of the sample selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SampleStep {
    pub step: String,
    pub rows: u64,
    pub dropped: u64,
    pub reason: Option<String>,
}

/// One row of the coefficient table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResultRow {
    /// As the engine names it: `age`, `2.sector`, `L.gdp`, `_cons`.
    pub term: String,
    /// The same in the words of the data, where they say more: `Sector: Retail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub estimate: Option<f64>,
    pub std_error: Option<f64>,
    pub p_value: Option<f64>,
    pub ci_low: Option<f64>,
    pub ci_high: Option<f64>,
}

/// A file that the run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunOutput {
    pub rel_path: String,
    pub declared: bool,
    /// `ok`, `missing`, `empty`, `stale`, `unparsable` or `undeclared`.
    pub status: String,
}

/// Durations of an attempt in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timings {
    pub queued_ms: Option<u64>,
    pub prepare_ms: Option<u64>,
    pub engine_ms: Option<u64>,
    pub verdict_ms: Option<u64>,
}

/// Resources used by the engine's process tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resources {
    pub peak_memory_mb: Option<f64>,
    pub cpu_seconds: Option<f64>,
}
