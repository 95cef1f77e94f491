//! Detectors: what a run's tables and metrics show although no check of the body said so. Each returns
//! a check with severity `fail` or `warn`; severities are those of the documentation of the checks.

use super::facts::{coefficients, complete_rows, metric};
use super::outputs::Table;
use super::{VerdictInput, stops};
use crate::domain::anchors::parse_number;
use crate::domain::run::RunCheck;

/// The table of size and fit.
const FIT: &str = "table_fit.csv";

/// Runs every detector whose question the body's own checks did not answer already.
pub fn run(input: &VerdictInput<'_>, known: &[RunCheck]) -> Vec<RunCheck> {
    let table = coefficients(input);
    let exact = perfect_fit(input);
    // the standard errors of an exact fit are zero, which programs show as missing
    let no_error = table.filter(|_| exact.is_none()).and_then(missing_std_error);
    let found = [
        too_small(input),
        table.and_then(all_omitted),
        table.and_then(|t| focal_omitted(input, t)),
        no_error,
        exact,
        not_converged(input),
        few_clusters(input),
        stray_return_code(input),
    ];
    let new = |c: &RunCheck| !known.iter().any(|k| k.id == c.id && k.status == c.status);
    let mut found: Vec<RunCheck> = found.into_iter().flatten().filter(new).collect();
    if !known.iter().chain(&found).any(|c| c.status == "fail") {
        found.extend(stops::check(input));
    }
    found
}

fn check(id: &str, status: &str, value: String, message: &str) -> RunCheck {
    RunCheck {
        id: id.to_owned(),
        status: status.to_owned(),
        value: Some(value),
        message: Some(message.to_owned()),
        acknowledged: false,
    }
}

/// Fewer rows than the plan's minimum, or none. A run that stopped before it counted the rows it uses has at most the complete ones.
fn too_small(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let stopped = || input.log.filter(|log| log.error.is_some());
    let used = metric(input.log, "n_used").or_else(|| complete_rows(stopped()))?;
    let least = input.plan.contract.constraints.min_observations.max(1);
    if used >= least as f64 {
        return None;
    }
    let id = if used < 1.0 { "no_obs" } else { "too_small_sample" };
    Some(check(
        id,
        "fail",
        format!("{used}"),
        &format!("fewer than {least} rows are left for the estimation"),
    ))
}

fn is_left_out(table: &Table, row: usize) -> bool {
    let note = table.cell(row, "note");
    ["omitted", "base", "empty"].iter().any(|word| note.contains(word))
}

/// Intercepts are no answer to a question: a model with nothing but constants estimated nothing.
fn is_constant(term: &str) -> bool {
    term == "_cons" || term.starts_with("/")
}

/// Every term other than constants was omitted.
fn all_omitted(table: &Table) -> Option<RunCheck> {
    table.column("term")?;
    table.column("note")?;
    let terms: Vec<usize> = (0..table.rows.len()).filter(|r| !is_constant(table.cell(*r, "term"))).collect();
    let none = !terms.is_empty() && terms.iter().all(|r| is_left_out(table, *r));
    none.then(|| check("all_omitted", "fail", terms.len().to_string(), "every term was omitted"))
}

/// Every term of the variable that the question is about was omitted.
fn focal_omitted(input: &VerdictInput<'_>, table: &Table) -> Option<RunCheck> {
    let focal = focal_column(input)?;
    table.column("note")?;
    let rows: Vec<usize> =
        (0..table.rows.len()).filter(|r| names_variable(table.cell(*r, "term"), &focal)).collect();
    let gone = !rows.is_empty() && rows.iter().all(|r| is_left_out(table, *r));
    gone.then(|| check("focal_omitted", "fail", focal, "every term of the variable of interest was omitted"))
}

/// The column of interest: the treatment, else the focal variable, else the first regressor.
fn focal_column(input: &VerdictInput<'_>) -> Option<String> {
    let bound = &input.plan.contract.bound;
    ["treatment_var", "focal_var", "regressors"].iter().find_map(|bind| {
        let parameter = input.meta.parameters.iter().find(|p| p.bind == *bind)?;
        match bound.get(&parameter.name)? {
            serde_json::Value::String(name) => Some(name.clone()),
            serde_json::Value::Array(names) => names.first()?.as_str().map(str::to_owned),
            _ => None,
        }
    })
}

/// True if a term such as `1.x`, `c.x#2.z` or `L.x` has this variable as one of its parts.
fn names_variable(term: &str, variable: &str) -> bool {
    term.split('#').any(|part| part.rsplit_once('.').map_or(part, |(_, name)| name) == variable)
}

/// An estimate without a standard error that is neither omitted, base nor empty.
fn missing_std_error(table: &Table) -> Option<RunCheck> {
    table.column("std_error")?;
    let row = (0..table.rows.len()).find(|r| {
        let estimated = parse_number(table.cell(*r, "estimate")).is_some();
        let unknown = parse_number(table.cell(*r, "std_error")).is_none();
        estimated && unknown && !is_left_out(table, *r)
    })?;
    let term = table.cell(row, "term").to_owned();
    Some(check("missing_std_error", "fail", term, "a term has an estimate but no standard error"))
}

/// Share of the variation that a model leaves, below which what is left is rounding of the data: six digits, squared.
const ROUNDING: f64 = 1e-12;

/// A linear model that fits every row: its R² is one, or the spread of its residuals zero.
fn perfect_fit(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let fit = input.outputs.iter().find(|o| o.file == FIT)?.table.as_ref()?;
    let value = |name: &str| {
        let row = (0..fit.rows.len()).find(|r| fit.cell(*r, "metric") == name)?;
        parse_number(fit.cell(row, "value"))
    };
    let leaves_nothing = ["r2", "r2_w"].iter().any(|name| value(name).is_some_and(|r2| r2 >= 1.0 - ROUNDING));
    let no_residual = ["rmse", "sigma_e"].iter().any(|name| value(name) == Some(0.0));
    (leaves_nothing || no_residual).then(|| {
        let message = "the model fits every row exactly: standard errors, intervals and tests say nothing";
        check("perfect_fit", "warn", "1".to_owned(), message)
    })
}

/// `e(converged)` is 0.
fn not_converged(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let converged = metric(input.log, "converged")?;
    (converged == 0.0).then(|| check("converge", "fail", "0".into(), "the estimation did not converge"))
}

/// Fewer than 30 clusters.
fn few_clusters(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let clusters = metric(input.log, "n_clusters")?;
    (clusters < 30.0).then(|| check("few_clusters", "warn", format!("{clusters}"), "fewer than 30 clusters"))
}

/// A line that looks like a return code but did not end the do-file.
fn stray_return_code(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let count = input.log.map(|l| l.stray_return_codes).filter(|n| *n > 0)?;
    Some(check(
        "stray_return_code",
        "warn",
        count.to_string(),
        "the log has text that looks like a return code",
    ))
}
