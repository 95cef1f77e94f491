//! Data that a run reports about itself: its checks, metrics, sample flow and engine, read from anchors and tables, never from
//! prose.

use serde_json::{Map, Number, Value};

use super::VerdictInput;
use super::outputs::Table;
use crate::domain::anchors::{Event, parse_number};
use crate::domain::log_grammar::ParsedLog;
use crate::domain::run::{EngineFacts, RunCheck, SampleStep};
use crate::domain::run_level::RunLevel;

/// Usual name of the table whose rows `result` anchors point to.
pub const COEFFICIENTS: &str = "table_coefficients.csv";

/// Beginning of the reason for rows that the estimation did not use.
pub const BY_ESTIMATOR: &str =
    "not in the estimation, for instance because of lags, limits, a bandwidth or groups without variation";
/// Why rows with a weight of zero were left out.
pub const BY_WEIGHT: &str = "weight zero";

/// Returns the events of a kind, in order.
pub fn events<'a>(log: Option<&'a ParsedLog>, kind: &'a str) -> impl Iterator<Item = &'a Event> {
    log.into_iter().flat_map(|l| &l.events).filter(move |e| e.kind == kind)
}

/// Returns the last value of a metric as a number.
pub fn metric(log: Option<&ParsedLog>, name: &str) -> Option<f64> {
    events(log, "metric").filter(|e| e.get("name") == Some(name)).last()?.number("value")
}

/// Returns the coefficient table, where the run wrote one: that of the usual name, else the first table of estimates of a
/// run whose `result` anchors name rows, such as the hazard ratios of a Cox regression.
pub fn coefficients<'a>(input: &VerdictInput<'a>) -> Option<&'a Table> {
    if let Some(usual) = input.outputs.iter().find(|o| o.file == COEFFICIENTS) {
        return usual.table.as_ref();
    }
    events(input.log, "result").next()?;
    let is_estimates = |t: &&Table| ["term", "estimate", "std_error"].iter().all(|c| t.column(c).is_some());
    input.outputs.iter().filter_map(|o| o.table.as_ref()).find(is_estimates)
}

/// The checks in the order of their first anchor; of several anchors of one check the worst counts.
pub fn checks(input: &VerdictInput<'_>) -> Vec<RunCheck> {
    let mut found: Vec<RunCheck> = Vec::new();
    for event in events(input.log, "check") {
        let (Some(id), Some(status)) = (event.get("id"), event.get("status")) else { continue };
        let check = RunCheck {
            id: id.to_owned(),
            status: if severity(status) == 0 { "ok" } else { status }.to_owned(),
            value: event.get("value").map(str::to_owned),
            message: event.get("row").map(|row| format!("row {row}")),
            acknowledged: false,
        };
        match found.iter_mut().find(|c| c.id == id) {
            Some(known) if severity(&known.status) < severity(status) => *known = check,
            Some(_) => {}
            None => found.push(check),
        }
    }
    found
}

fn severity(status: &str) -> u8 {
    match status {
        "fail" => 2,
        "warn" => 1,
        _ => 0,
    }
}

/// The metrics by name: numbers where they are numbers, otherwise texts; missing values are null.
pub fn metrics(log: Option<&ParsedLog>) -> Map<String, Value> {
    let mut out = Map::new();
    for event in events(log, "metric") {
        let (Some(name), Some(text)) = (event.get("name"), event.get("value")) else { continue };
        out.insert(name.to_owned(), metric_value(text));
    }
    out
}

fn metric_value(text: &str) -> Value {
    let whole = text.trim().parse::<i64>().ok().map(Number::from);
    match whole.or_else(|| parse_number(text).and_then(Number::from_f64)) {
        Some(number) => Value::Number(number),
        None if text.trim().is_empty() || matches!(text.trim().as_bytes(), [b'.'] | [b'.', b'a'..=b'z']) => {
            Value::Null
        }
        None => Value::String(text.to_owned()),
    }
}

/// Rows before and after the sample condition and the removal of missing values.
pub fn sample_flow(input: &VerdictInput<'_>) -> Vec<SampleStep> {
    let mut flow: Vec<SampleStep> = Vec::new();
    let mut push = |step: &str, rows: Option<f64>, reason: Option<String>| {
        let Some(rows) = rows.filter(|r| *r >= 0.0) else { return };
        let rows = rows as u64;
        let before = flow.last().map_or(rows, |s| s.rows);
        flow.push(SampleStep { step: step.to_owned(), rows, dropped: before.saturating_sub(rows), reason });
    };
    if input.plan.data_steps.is_empty() {
        push("loaded", metric(input.log, "n_total"), None);
    } else {
        push("loaded", metric(input.log, "n_main"), None);
        for (i, planned) in input.plan.data_steps.iter().enumerate() {
            let value = |what: &str| metric(input.log, &format!("step_{}_{what}", i + 1));
            let step = &planned.step;
            let name = format!("{} {}", step.kind.as_str(), step.dataset_key);
            let counts = [value("matched"), value("main_only"), value("other_only")];
            push(&name, value("rows"), planned.flow_reason(counts.map(|n| n.map(|n| n as u64))));
        }
    }
    let condition = input.plan.sample_if.as_ref().map(|c| c.canonical.clone());
    // the preamble counts the rows; a body may have a measure of that name
    let selected = events(input.log, "metric").find(|e| e.get("name") == Some("n_selected"));
    push("selected", selected.and_then(|e| e.number("value")), condition);
    let reasons = [by_weight(input.log), missing_by_variable(input.log), by_estimator(input.log)];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    push("used", metric(input.log, "n_used"), (!reasons.is_empty()).then(|| reasons.join("; ")));
    flow
}

/// Rows without a missing value, out of the note of the sample idiom.
pub(super) fn complete_rows(log: Option<&ParsedLog>) -> Option<f64> {
    events(log, "note").filter(|e| e.get("key") == Some("complete")).last()?.number("rows")
}

/// Rows without a missing value that the estimation did not use.
fn by_estimator(log: Option<&ParsedLog>) -> Option<String> {
    let dropped = complete_rows(log)? - metric(log, "n_used")?;
    (dropped > 0.0).then(|| format!("{BY_ESTIMATOR}: {dropped}"))
}

/// `weight zero: 4`, out of the note of the sample idiom: such rows have no part in an estimate, and nothing of them is missing.
fn by_weight(log: Option<&ParsedLog>) -> Option<String> {
    let note = events(log, "note").filter(|e| e.get("key") == Some("zero_weight")).last()?;
    Some(format!("{BY_WEIGHT}: {}", note.get("rows")?))
}

/// `missing: wage (12), age (3)`, out of the notes of the sample idiom.
fn missing_by_variable(log: Option<&ParsedLog>) -> Option<String> {
    let parts: Vec<String> = events(log, "note")
        .filter(|e| e.get("key") == Some("missing"))
        .filter_map(|e| Some(format!("{} ({})", e.get("value")?, e.get("rows")?)))
        .collect();
    (!parts.is_empty()).then(|| format!("missing: {}", parts.join(", ")))
}

/// The levels of the categories of the models, each once: a later table repeats them.
pub fn levels(log: Option<&ParsedLog>) -> Vec<RunLevel> {
    let mut levels: Vec<RunLevel> = Vec::new();
    for event in events(log, "level") {
        let number = event.get("number").and_then(|number| number.parse().ok());
        let (Some(column), Some(number), Some(label)) = (event.get("column"), number, event.get("label"))
        else {
            continue;
        };
        if levels.iter().all(|level| (level.column.as_str(), level.number) != (column, number)) {
            let (column, label, base) =
                (column.to_owned(), label.trim().to_owned(), event.get("base") == Some("1"));
            levels.push(RunLevel { column, number, label, base });
        }
    }
    levels
}

/// Engine reported in the log: the notes `engine`, `edition`, `version` and `processors`.
pub fn engine(log: Option<&ParsedLog>) -> EngineFacts {
    let note = |key: &str| {
        events(log, "note")
            .find(|e| e.get("key") == Some(key))
            .and_then(|e| e.get("value"))
            .map(str::to_owned)
    };
    EngineFacts {
        kind: note("engine").unwrap_or_default(),
        edition: note("edition"),
        version: note("version"),
        processors: note("processors").and_then(|p| p.parse().ok()),
        attested: false,
    }
}
