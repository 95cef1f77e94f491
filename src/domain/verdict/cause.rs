//! The one cause of a failed run: the first that matches, in the documented order, with the evidence.

use serde_json::Value;

use super::outputs::OutputState;
use super::{Failure, VerdictInput, bad_outputs, facts, log_is_whole};
use crate::domain::log_grammar::{EndOfLog, LogError, ParsedLog};
use crate::domain::run::{Cause, EvidenceLine, RunCheck};
use crate::domain::run_outcome::Ended;

/// Return codes that say that the data do not fit the analysis (Stata manual `[P] error`).
const DATA_CODES: &[u32] = &[
    7, 9, 106, 109, 110, 111, 134, 402, 416, 420, 430, 451, 452, 459, 460, 480, 481, 504, 910, 915, 2000,
    2001,
];
/// Return code for a full disk ([P] error).
const DISK_FULL: u32 = 699;
/// Return codes for exhausted memory.
const MEMORY_CODES: &[u32] = &[909, 950];
/// Messages of engines that do not start because of their licence; lower case.
const LICENCE_TEXTS: &[&str] = &[
    "license has expired",
    "license expired",
    "license is invalid",
    "license invalid",
    "invalid license",
    "license not found",
    "cannot find license",
    "cannot find the license",
    "could not find license",
    "license file not found",
    "no license",
    "not licensed",
    "license is not applicable",
    "too many users",
    "maximum number of users",
    "exceeds the number of licensed",
    "stata.lic",
];

/// Returns why the run failed, or `None` if nothing stands against success.
pub fn find(input: &VerdictInput<'_>, checks: &[RunCheck]) -> Option<Failure> {
    of_processes(input)
        .or_else(|| changed_do_file(input))
        .or_else(|| licence(input))
        .or_else(|| unsupported(input))
        .or_else(|| failed_check(input, checks))
        .or_else(|| of_error(input))
        .or_else(|| of_log(input))
        .or_else(|| of_outputs(input))
        .or_else(|| of_anchors(input))
        .or_else(|| of_status(input))
}

fn failure(cause: Cause, detail: Option<String>, evidence: Vec<EvidenceLine>) -> Option<Failure> {
    Some(Failure { cause, detail, evidence })
}

fn error(input: &VerdictInput<'_>) -> Option<LogError> {
    input.log.and_then(|l| l.error.clone())
}

fn error_lines(error: &LogError) -> Vec<EvidenceLine> {
    let mut lines = error.message.clone();
    lines.push(EvidenceLine { line: error.line, text: format!("r({});", error.code) });
    lines
}

fn tail(log: Option<&ParsedLog>) -> Vec<EvidenceLine> {
    log.map(|l| l.tail.clone()).unwrap_or_default()
}

fn no_line(text: impl Into<String>) -> Vec<EvidenceLine> {
    vec![EvidenceLine { line: 0, text: text.into() }]
}

/// The cause if the processes did not end by themselves or memory was exhausted.
fn of_processes(input: &VerdictInput<'_>) -> Option<Failure> {
    let log = input.log;
    let memory_error = error(input).filter(|e| MEMORY_CODES.contains(&e.code));
    let disk_error = error(input).filter(|e| e.code == DISK_FULL);
    let too_large = input.outputs.iter().find(|o| o.declared && o.state == OutputState::TooLarge);
    match &input.outcome.ended {
        Ended::Cancelled => failure(Cause::Cancelled, None, tail(log)),
        Ended::HostStopped => failure(Cause::WorkerLost, Some("shutdown".into()), tail(log)),
        Ended::LeaseLost => failure(Cause::WorkerLost, Some("lease_lost".into()), tail(log)),
        Ended::Lost { detail } => failure(Cause::WorkerLost, Some(detail.clone()), tail(log)),
        Ended::Timeout => failure(Cause::Timeout, Some("wall_clock".into()), tail(log)),
        Ended::CpuLimit => failure(Cause::Timeout, Some("cpu_time".into()), tail(log)),
        Ended::MemoryLimit => failure(Cause::MemoryLimit, None, tail(log)),
        _ if memory_error.is_some() => {
            failure(Cause::MemoryLimit, None, error_lines(&memory_error.expect("just tested")))
        }
        Ended::OutputLimit { what } => failure(Cause::OutputLimit, Some(what.clone()), tail(log)),
        _ if disk_error.is_some() => {
            failure(Cause::OutputLimit, Some("volume".into()), error_lines(&disk_error.expect("just tested")))
        }
        _ if too_large.is_some() => {
            let file = too_large.map(|o| o.file.clone());
            failure(Cause::OutputLimit, file, tail(log))
        }
        Ended::SandboxDenied { step, detail } => {
            failure(Cause::SandboxDenied, Some(step.clone()), no_line(detail.clone()))
        }
        Ended::CannotExecute { detail } => {
            failure(Cause::EngineMissing, Some("cannot_execute".into()), no_line(detail.clone()))
        }
        Ended::Exited { status: status @ (126 | 127) } if log.is_none() => {
            failure(Cause::EngineMissing, Some("cannot_execute".into()), not_started(*status, input.stderr))
        }
        _ if version_refused(input).is_some() => {
            failure(Cause::EngineMissing, Some("version".into()), version_refused(input)?)
        }
        Ended::ProcessLimit => failure(Cause::Killed, Some("process_limit".into()), tail(log)),
        Ended::Signalled { signal } => failure(Cause::Killed, Some(format!("signal {signal}")), tail(log)),
        Ended::LauncherFailed { detail } => {
            failure(Cause::Internal, Some("launcher".into()), no_line(detail.clone()))
        }
        Ended::Exited { .. } => None,
    }
}

/// Evidence of a script that could not start the engine: shells end with 126 if a program
/// cannot be executed, with 127 if it is not found.
fn not_started(status: i32, stderr: &str) -> Vec<EvidenceLine> {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(3));
    let mut evidence: Vec<EvidenceLine> =
        last.map(|line| EvidenceLine { line: 0, text: line.chars().take(400).collect() }).collect();
    evidence.extend(no_line(format!(
        "exit status {status} without a log: the command did not start the engine; run.sandbox_read must name the \
         folder of a program that a script starts"
    )));
    evidence
}

/// `this is version 16 of Stata; it cannot run version 18 programs`.
fn version_refused(input: &VerdictInput<'_>) -> Option<Vec<EvidenceLine>> {
    let error = error(input)?;
    error.message.iter().any(|l| l.text.contains("cannot run version")).then(|| error_lines(&error))
}

/// The do-file was changed while it ran: no log or output says what was executed.
fn changed_do_file(input: &VerdictInput<'_>) -> Option<Failure> {
    let text = "main.do was changed or removed while the run was under way";
    input
        .do_file_changed
        .then(|| failure(Cause::TemplateError, Some("main_do_changed".into()), no_line(text)))?
}

/// A licence refusal; looked for only where the do-file never began.
fn licence(input: &VerdictInput<'_>) -> Option<Failure> {
    if input.log.is_some_and(|l| l.begin.is_some()) {
        return None;
    }
    let refuses = |text: &str| {
        let text = text.to_lowercase();
        LICENCE_TEXTS.iter().any(|needle| text.contains(needle))
    };
    let in_log = input.log.and_then(|l| l.head.iter().find(|line| refuses(&line.text)).cloned());
    let in_streams = || input.stdout.lines().chain(input.stderr.lines()).find(|line| refuses(line));
    let line = in_log.or_else(|| {
        in_streams().map(|text| EvidenceLine { line: 0, text: text.chars().take(400).collect() })
    })?;
    failure(Cause::Licence, None, vec![line])
}

/// The open engine met something outside its subset.
fn unsupported(input: &VerdictInput<'_>) -> Option<Failure> {
    let error = error(input)?;
    let line = error.message.iter().find(|l| l.text.contains("is not supported by the open engine"))?;
    let name = line.text.split(" is not supported by the open engine").next().unwrap_or_default().trim();
    failure(Cause::EngineUnsupported, Some(name.to_owned()), error_lines(&error))
}

fn failed_check(input: &VerdictInput<'_>, checks: &[RunCheck]) -> Option<Failure> {
    let check = checks.iter().find(|c| c.status == "fail")?;
    let anchor = facts::events(input.log, "check")
        .find(|e| e.get("id") == Some(&check.id) && e.get("status") == Some("fail"))
        .map(|e| EvidenceLine { line: e.line, text: format!("check {} failed", check.id) });
    let mut evidence: Vec<EvidenceLine> = anchor.into_iter().collect();
    if let Some(message) = &check.message {
        evidence.push(EvidenceLine { line: 0, text: message.clone() });
    }
    evidence.extend(error(input).iter().flat_map(error_lines));
    failure(Cause::DataError, Some(check.id.clone()), evidence)
}

/// An error of the do-file by its return code.
fn of_error(input: &VerdictInput<'_>) -> Option<Failure> {
    let error = error(input)?;
    let lines = error_lines(&error);
    let says = |word: &str| error.message.iter().any(|l| has_word(&l.text, word));
    if matches!(error.code, 199 | 3499 | 601 | 111) {
        let dependencies = input.plan.contract.dependencies.iter();
        if let Some(named) = dependencies.filter(|d| d.source != "built-in").find(|d| says(&d.pkg)) {
            return failure(Cause::DependencyMissing, Some(named.pkg.clone()), lines);
        }
    }
    let code = Some(format!("r({})", error.code));
    if DATA_CODES.contains(&error.code) {
        return failure(Cause::DataError, code, lines);
    }
    if error.code == 198 {
        let bound = input.plan.contract.bound.iter().find(|(_, value)| words(value).iter().any(|w| says(w)));
        if let Some((name, _)) = bound {
            return failure(Cause::ParameterError, Some(name.clone()), lines);
        }
    }
    failure(Cause::TemplateError, code, lines)
}

/// The texts under which a bound value can appear in a message.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back().is_some_and(part_of_word);
            let after = text[at + word.len()..].chars().next().is_some_and(part_of_word);
            !before && !after
        })
}

fn of_log(input: &VerdictInput<'_>) -> Option<Failure> {
    let Some(log) = input.log else {
        return failure(Cause::LogIncomplete, Some("absent".into()), no_line("the engine left no log"));
    };
    if let Some(line) = log.ignored_requests.first() {
        return failure(Cause::TemplateError, Some("batch_mode".into()), vec![line.clone()]);
    }
    if log_is_whole(log) {
        return None;
    }
    let detail = match log.end {
        _ if log.begin.is_none() => "begin anchor",
        EndOfLog::NonceElsewhere => "end nonce elsewhere",
        EndOfLog::TextAfterEnd => "text after the end",
        EndOfLog::Missing | EndOfLog::Complete => "end anchor",
    };
    failure(Cause::LogIncomplete, Some(detail.into()), log.tail.clone())
}

fn of_outputs(input: &VerdictInput<'_>) -> Option<Failure> {
    let bad: Vec<EvidenceLine> = bad_outputs(input.outputs)
        .map(|o| {
            let reason = o.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default();
            EvidenceLine { line: 0, text: format!("{} is {}{reason}", o.file, o.state.as_str()) }
        })
        .collect();
    let first = bad_outputs(input.outputs).next()?;
    failure(Cause::OutputsMissing, Some(first.file.clone()), bad)
}

/// A metric or step that the template's declaration promises and the body did not print.
fn of_anchors(input: &VerdictInput<'_>) -> Option<Failure> {
    let printed = |name: &str| facts::events(input.log, "metric").any(|e| e.get("name") == Some(name));
    let done = |name: &str| {
        facts::events(input.log, "step").any(|e| e.get("name") == Some(name) && e.get("status") == Some("ok"))
    };
    let metric = input.meta.metrics.iter().find(|m| !printed(m)).map(|m| format!("metric {m}"));
    let step = || input.meta.anchors.steps.iter().find(|s| !done(s)).map(|s| format!("step {s}"));
    let absent = metric.or_else(step)?;
    let text = format!("the log has no anchor for {absent}");
    failure(Cause::TemplateError, Some(absent), no_line(text))
}

fn of_status(input: &VerdictInput<'_>) -> Option<Failure> {
    if input.outcome.clean() {
        return None;
    }
    let detail = match (&input.outcome.ended, input.outcome.leftovers) {
        (Ended::Exited { status: 0 }, n) => format!("{n} processes were left behind"),
        (Ended::Exited { status }, _) => format!("exit status {status}"),
        (other, _) => format!("{other:?}"),
    };
    failure(Cause::Internal, Some(detail), tail(input.log))
}

/// Recommended actions after a failure, best first.
pub fn next_actions(cause: Cause) -> Vec<&'static str> {
    match cause {
        Cause::Cancelled => vec!["run_again", "revise_plan"],
        Cause::Timeout | Cause::MemoryLimit | Cause::OutputLimit => {
            vec!["reduce_data_or_terms", "ask_operator_for_limits", "run_again"]
        }
        Cause::SandboxDenied | Cause::EngineMissing | Cause::Licence => vec!["contact_operator", "run_again"],
        Cause::Killed | Cause::WorkerLost | Cause::Internal => vec!["run_again", "contact_operator"],
        Cause::EngineUnsupported => vec!["choose_other_template", "run_in_stata"],
        Cause::DataError => vec!["correct_data", "revise_plan"],
        Cause::DependencyMissing => vec!["install_package", "run_again", "choose_other_template"],
        Cause::ParameterError => vec!["revise_plan"],
        Cause::TemplateError | Cause::LogIncomplete | Cause::OutputsMissing => {
            vec!["report_template", "run_again", "choose_other_template"]
        }
    }
}
