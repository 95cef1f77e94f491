//! The verdict: a pure function from how a run's processes ended, its log and its output files to what
//! the run is. Batch Stata exits with 0 after an error, so a run has succeeded only where all agree.

pub mod cause;
pub mod detectors;
pub mod facts;
pub mod outputs;
pub mod results;
mod stops;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::log_grammar::{EndOfLog, ParsedLog};
use super::plan::Plan;
use super::run::{Cause, EngineFacts, EvidenceLine, ResultRow, RunCheck, RunOutput, RunStatus, SampleStep};
use super::run_level::RunLevel;
use super::run_outcome::Outcome;
use super::template::TemplateMeta;
use outputs::{OutputFact, OutputState};

/// All that a verdict reads.
#[derive(Debug, Clone, Copy)]
pub struct VerdictInput<'a> {
    /// How the process tree ended, and the resources that it used.
    pub outcome: &'a Outcome,
    /// `None` where the engine left no log.
    pub log: Option<&'a ParsedLog>,
    /// The first kilobytes of standard output and standard error, as text.
    pub stdout: &'a str,
    /// The same of standard error.
    pub stderr: &'a str,
    /// The plan that the attempt executed.
    pub plan: &'a Plan,
    /// Declaration of the plan's template, as it was frozen.
    pub meta: &'a TemplateMeta,
    /// Every declared output, then the undeclared files.
    pub outputs: &'a [OutputFact],
    /// The do-file in the working directory is not the one that the service wrote: what was executed is unknown.
    pub do_file_changed: bool,
}

/// Why a run did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The one cause, the first that matches in the order of `docs/runs.md`.
    pub cause: Cause,
    /// More about the cause: the id of a check, the name of a package, what limit.
    pub detail: Option<String>,
    /// Lines of the log that prove the cause; empty where nothing was logged.
    pub evidence: Vec<EvidenceLine>,
}

/// Verdict on a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// `succeeded`, `failed` or `cancelled`; never `running`.
    pub status: RunStatus,
    /// Absent exactly when the status is `succeeded`.
    pub failure: Option<Failure>,
    /// True if the same plan may succeed in a later attempt without a change by the user.
    pub retryable: bool,
    /// Keys of what the user can do next, best first; `docs/runs.md` lists them.
    pub next_actions: Vec<&'static str>,
    /// Checks of the body in the order of the log, then those of the detectors.
    pub checks: Vec<RunCheck>,
    /// Rows left after each step of the sample selection.
    pub sample_flow: Vec<SampleStep>,
    /// Numbers of the fit by name; null for a missing value.
    pub metrics: Map<String, Value>,
    /// Rows of the table of estimates.
    pub results: Vec<ResultRow>,
    /// Levels of the categories of the models.
    pub levels: Vec<RunLevel>,
    /// Every output with its state, in the order of the input.
    pub outputs: Vec<RunOutput>,
    /// Engine that the log reports; `attested` is left to the caller.
    pub engine: EngineFacts,
}

/// Decides what a run is.
///
/// `succeeded` needs all of: the processes ended by themselves with status 0; the do-file is as the service wrote
/// it; the log is complete; it
/// has no error; every required output is there, fresh and parses; the promised anchors are there and no
/// check fails. Warnings never change a verdict.
pub fn decide(input: &VerdictInput<'_>) -> Verdict {
    let mut checks = facts::checks(input);
    checks.extend(detectors::run(input, &checks));
    acknowledge(&mut checks, input.plan);
    let failure = cause::find(input, &checks);
    let status = match &failure {
        None => RunStatus::Succeeded,
        Some(f) if f.cause == Cause::Cancelled => RunStatus::Cancelled,
        Some(_) => RunStatus::Failed,
    };
    Verdict {
        status,
        retryable: failure.as_ref().is_some_and(|f| f.cause.retryable()),
        next_actions: failure.as_ref().map_or_else(Vec::new, |f| cause::next_actions(f.cause)),
        checks,
        sample_flow: facts::sample_flow(input),
        metrics: facts::metrics(input.log),
        results: results::results(input),
        levels: facts::levels(input.log),
        outputs: input.outputs.iter().map(shown).collect(),
        engine: facts::engine(input.log),
        failure,
    }
}

fn shown(fact: &OutputFact) -> RunOutput {
    RunOutput { rel_path: fact.file.clone(), declared: fact.declared, status: fact.state.as_str().to_owned() }
}

fn acknowledge(checks: &mut [RunCheck], plan: &Plan) {
    for check in checks {
        check.acknowledged = plan.acknowledged_checks.iter().any(|a| a.id == check.id);
    }
}

/// True where the condition of a declared output (`name` or `name=value`) holds for the bound values.
pub fn output_applies(when: Option<&str>, bound: &BTreeMap<String, Value>) -> bool {
    let Some(when) = when else { return true };
    let (name, wanted) = when.split_once('=').map_or((when, None), |(n, v)| (n, Some(v)));
    match (bound.get(name.trim()), wanted) {
        (None | Some(Value::Null), _) => false,
        (Some(Value::Bool(given)), None) => *given,
        (Some(_), None) => true,
        (Some(Value::String(given)), Some(wanted)) => given == wanted.trim(),
        (Some(given), Some(wanted)) => {
            let printed = given.to_string();
            printed == wanted.trim()
        }
    }
}

/// True if the log ends as this attempt's do-file ends it, without an error or an ignored request.
fn log_is_whole(log: &ParsedLog) -> bool {
    log.begin.is_some() && log.end == EndOfLog::Complete
}

fn bad_outputs(outputs: &[OutputFact]) -> impl Iterator<Item = &OutputFact> {
    outputs.iter().filter(|o| {
        let absent = matches!(o.state, OutputState::Missing);
        let damaged = matches!(
            o.state,
            OutputState::Empty | OutputState::Stale | OutputState::Unparsable | OutputState::TooLarge
        );
        o.declared && o.required && (absent || damaged)
    })
}

#[cfg(test)]
mod tests;
