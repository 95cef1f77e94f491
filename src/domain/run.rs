//! One attempt of a job: its record, its checks and results as clients see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{PlanId, RunId};
use super::run_level::RunLevel;

/// State of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// The attempt holds its job; `phase` says how far it is.
    Running,
    /// The verdict found the results valid.
    Succeeded,
    /// The attempt ended without valid results; `cause` says why.
    Failed,
    /// A user ended the attempt.
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
    /// A user cancelled the run.
    Cancelled,
    /// The wall clock or the processor time of the run is used up.
    Timeout,
    /// The run reached its limit of memory, or the engine reported `r(909)` or `r(950)`.
    MemoryLimit,
    /// Too many or too large files, folders nested too deep, or too little room on the volume.
    OutputLimit,
    /// A step of the sandbox failed; the engine was not started.
    SandboxDenied,
    /// The engine cannot be executed, or is older than the template needs.
    EngineMissing,
    /// A signal that the launcher did not send, or the limit of processes.
    Killed,
    /// The engine refused to start without a licence.
    Licence,
    /// The open engine met something outside its subset.
    EngineUnsupported,
    /// A check failed, or a return code is about the data.
    DataError,
    /// A declared package is not installed.
    DependencyMissing,
    /// Any other return code, an absent anchor, or a do-file that was changed while it ran.
    TemplateError,
    /// `r(198)` that names a bound value.
    ParameterError,
    /// The log is absent, torn, or of another attempt.
    LogIncomplete,
    /// A required output is absent, empty, stale or does not parse.
    OutputsMissing,
    /// The launcher or its host was lost.
    WorkerLost,
    /// A fault of the service, or processes that were left behind.
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
    /// Id of the attempt; also the name of its folder.
    #[schema(value_type = String)]
    pub run_id: RunId,
    /// 1, 2, … within the job.
    pub attempt: u32,
    /// Grows with every claim of the job; a writer with an older one is refused.
    pub fence: u64,
    /// Plan that the attempt executes.
    #[schema(value_type = String)]
    pub plan_id: PlanId,
    /// `running`, `succeeded`, `failed` or `cancelled`.
    pub status: RunStatus,
    /// `starting`, `running`, `finishing`; only while the status is `running`.
    pub phase: Option<String>,
    /// Cause of a failure or cancellation, from the closed list of causes; null while running and after a success.
    pub cause: Option<Cause>,
    /// More about the cause, such as `shutdown` or the id of a failed check.
    pub cause_detail: Option<String>,
    /// True if the same plan may succeed in a later attempt without a change by the user.
    #[serde(default)]
    pub retryable: bool,
    /// A user or operator asked for the end of this attempt.
    pub cancel_requested: Option<DateTime<Utc>>,
    /// Lines of the log that prove the verdict; empty after a success.
    #[serde(default)]
    pub evidence: Vec<EvidenceLine>,
    /// Keys of what the user can do after a failure, best first.
    #[serde(default)]
    pub next_actions: Vec<String>,
    /// Engine that executed the do-file, as the log reports it.
    #[serde(default)]
    pub engine: EngineFacts,
    /// Checks of the template and of the verdict, with their outcome.
    #[serde(default)]
    pub checks: Vec<RunCheck>,
    /// Rows left after each step of the sample selection.
    #[serde(default)]
    pub sample_flow: Vec<SampleStep>,
    /// Numbers of the fit: observations, R², test statistics, as the template declares them; null where missing.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metrics: Map<String, Value>,
    /// Rows of the table of estimates, in its order; at most 500, and none of an analysis without such a table.
    #[serde(default)]
    pub results: Vec<ResultRow>,
    /// Levels of the categories of the models, as the rows that were used have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<RunLevel>,
    /// Files of the run, declared and undeclared.
    #[serde(default)]
    pub outputs: Vec<RunOutput>,
    /// Durations of the phases.
    #[serde(default)]
    pub timings: Timings,
    /// Memory and processor time of the engine.
    #[serde(default)]
    pub resources: Resources,
    /// When the job was queued for this attempt (RFC 3339, UTC).
    pub queued_at: Option<DateTime<Utc>>,
    /// When a worker claimed the job (RFC 3339, UTC).
    pub started_at: DateTime<Utc>,
    /// When the attempt ended (RFC 3339, UTC); null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// Offset of the do-file's body in `main.do`, so that its hash can be checked.
    pub body_offset: Option<u64>,
    /// Size of the do-file's body as it was run, in bytes.
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
            levels: Vec::new(),
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
    /// Text of the line, cut after 400 characters.
    pub text: String,
}

/// The engine that executed the do-file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EngineFacts {
    /// `stata` or `open`.
    pub kind: String,
    /// Edition of the engine: `MP`, `SE`, `BE`, `IC` or `open`; null if not reported.
    pub edition: Option<String>,
    /// Version of the engine's program; null if not reported.
    pub version: Option<String>,
    /// Processors that the engine may use; null if not reported.
    pub processors: Option<u32>,
    /// True if the engine proved to be a licensed Stata.
    #[serde(default)]
    pub attested: bool,
}

/// A run-time check of the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunCheck {
    /// Id of the check, such as `few_clusters`.
    pub id: String,
    /// `ok`, `warn` or `fail`.
    pub status: String,
    /// The observed number; null if there is none.
    pub value: Option<String>,
    /// More about the outcome, for people; null if there is nothing to add.
    pub message: Option<String>,
    /// The plan acknowledges this check: its failure does not fail the run.
    #[serde(default)]
    pub acknowledged: bool,
}

/// Rows before and after one step of the sample selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SampleStep {
    /// `loaded`, a data step such as `merge data_2`, `selected` or `used`.
    pub step: String,
    /// Rows left after the step.
    pub rows: u64,
    /// Rows that the step removed; 0 for a step that adds rows.
    pub dropped: u64,
    /// The condition, the matches of a merge, or the missing values by column; null if there is nothing to add.
    pub reason: Option<String>,
}

/// Columns of a coefficient table with the ratio that an estimate on the log scale stands for; the ends of its interval have
/// `_low` and `_high` behind the name.
pub const RATIOS: [&str; 6] = ["odds_ratio", "hazard_ratio", "subhazard_ratio", "irr", "rrr", "ratio"];

/// An estimate on the log scale as a ratio, with the confidence interval of the ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ratio {
    /// `odds_ratio`, `hazard_ratio`, `subhazard_ratio`, `irr` (of incidence rates), `rrr` (of relative risks) or `ratio` (of
    /// times or hazards).
    pub kind: String,
    /// The ratio; 1 is no difference.
    pub value: f64,
    /// Lower end of its confidence interval.
    pub low: Option<f64>,
    /// Upper end of its confidence interval.
    pub high: Option<f64>,
}

/// One row of the table of estimates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResultRow {
    /// As the table names it: `age`, `2.sector`, `L.gdp`, `_cons`, the name of an effect, a period relative to an event.
    pub term: String,
    /// The same in the words of the data, where they say more: `Sector: Retail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Model, outcome, estimator or group of the row, as the table names it: `0.25`, `nbreg`; absent where it has none or one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Equation of the model, as the engine names it: `select`, `Likely`; absent where all rows are of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equation: Option<String>,
    /// Point estimate, in units of the model; null for an omitted or empty term.
    pub estimate: Option<f64>,
    /// Standard error, in units of the estimate; null if there is none.
    pub std_error: Option<f64>,
    /// Statistic of the test that the estimate is zero, t or z as the model has it; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// Two-sided p-value, 0 to 1; null if there is none.
    pub p_value: Option<f64>,
    /// Lower end of the confidence interval, in units of the estimate.
    pub ci_low: Option<f64>,
    /// Upper end of the confidence interval, in units of the estimate.
    pub ci_high: Option<f64>,
    /// The estimate as a ratio, where the model reports one: the estimate is then its natural logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

/// A file that the run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunOutput {
    /// Name of the file in the working directory of the run.
    pub rel_path: String,
    /// True if the plan declares this output.
    pub declared: bool,
    /// `ok`, `missing`, `empty`, `stale`, `too_large`, `unparsable`, `undeclared` or `bad_name`.
    pub status: String,
}

/// Durations of an attempt in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timings {
    /// Time in the queue; null if it is not known.
    pub queued_ms: Option<u64>,
    /// Time to prepare the run's folder; null if it was not prepared.
    pub prepare_ms: Option<u64>,
    /// Time of the engine's process; null if it was not started.
    pub engine_ms: Option<u64>,
    /// Time of the verdict; null before it.
    pub verdict_ms: Option<u64>,
}

/// Resources used by the engine's process tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resources {
    /// Most memory of the engine, in MiB; null if it is not known.
    pub peak_memory_mb: Option<f64>,
    /// Processor time of the engine, in seconds; null if it is not known.
    pub cpu_seconds: Option<f64>,
}
