//! `sum` of `outreg2`: summary statistics of variables, a column for each statistic.

use super::columns::name_of;
use super::table::{Digits, Row, Table, number};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Statistics of `sum` and `sum(log)`.
const USUAL: &[&str] = &["N", "mean", "sd", "min", "max"];
/// Statistics of `sum(detail)`, as `summarize, detail` stores them.
const DETAIL: &[&str] = &[
    "N", "sum_w", "mean", "Var", "sd", "skewness", "kurtosis", "sum", "min", "max", "p1", "p5", "p10", "p25",
    "p50", "p75", "p90", "p95", "p99",
];

/// A column for each statistic.
pub(super) fn columns(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<Table>> {
    let kind = cmd.options.text("sum").unwrap_or("").trim().to_string();
    let known = match kind.as_str() {
        "" | "log" => USUAL,
        "detail" => DETAIL,
        other => return Err(StataError::unsupported_option("outreg2", &format!("sum({other})"))),
    };
    let asked: Vec<String> = match cmd.options.text("eqkeep") {
        Some(list) => list.split_whitespace().map(str::to_string).collect(),
        None => known.iter().map(|k| (*k).to_string()).collect(),
    };
    if let Some(unknown) = asked.iter().find(|a| !DETAIL.contains(&a.as_str())) {
        return Err(StataError::unsupported_option("outreg2", &format!("eqkeep({unknown}) of sum")));
    }
    let dropped = cmd.options.text("eqdrop").unwrap_or("");
    let asked: Vec<String> =
        asked.into_iter().filter(|a| !dropped.split_whitespace().any(|d| d == a)).collect();
    let of_model = kind.is_empty();
    let variables = variables(s, cmd, of_model)?;
    let mut tables: Vec<Table> =
        asked.iter().map(|name| Table { columns: vec![name.clone()], ..Table::default() }).collect();
    let (r, before) = (s.r.clone(), s.e.clone());
    for name in variables {
        let condition = if of_model { "if e(sample)" } else { "" };
        s.run_expanded(&format!("quietly summarize {name} {condition}, detail"))?;
        for (table, statistic) in tables.iter_mut().zip(&asked) {
            let value = s.r.get_scalar(statistic).unwrap_or(MISSING);
            let digits = Digits::of(cmd, "bdec");
            let cell = match statistic.as_str() {
                "N" | "sum_w" => format::bare("%20.0fc", value).trim().to_string(),
                _ => number(value, digits),
            };
            table.rows.push(Row::new(name_of(s, cmd, &name), cell));
        }
    }
    (s.r, s.e) = (r, before);
    Ok(tables)
}

/// Numeric variables: those of the model in its order, or all of the data; then `keep()` and `drop()`.
fn variables(s: &Session, cmd: &ParsedCommand, of_model: bool) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    if of_model {
        let b = s.e.b().ok_or_else(StataError::no_estimates)?;
        names.extend(s.e.results.get_text("depvar").map(str::to_string));
        names.extend(b.col_names.iter().map(|c| c.name.clone()));
    } else {
        names.extend(s.frame.vars().iter().map(|v| v.name.clone()));
    }
    let positions = |option: &str| cmd.options.text(option).map(|list| s.varlist(list)).transpose();
    let (keep, drop) = (positions("keep")?, positions("drop")?);
    let chosen = |name: &String| {
        let Some(i) = s.frame.find(name) else { return false };
        let kept = keep.as_ref().is_none_or(|k| k.contains(&i));
        kept && !drop.as_ref().is_some_and(|d| d.contains(&i)) && !s.frame.var(i).is_string()
    };
    let mut out: Vec<String> = Vec::new();
    for name in names.into_iter().filter(chosen) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    if out.is_empty() { Err(StataError::no_observations()) } else { Ok(out) }
}
