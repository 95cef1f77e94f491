//! Code shared by the predictions of all families: names and values of the new variables, columns of the data.

use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::{FvList, ParsedCommand};
use crate::value::{MISSING, clean, is_missing};

/// A prediction: values and the label of the new variable.
pub(crate) struct Prediction {
    /// One value per row; missing where it cannot be computed.
    pub(crate) values: Vec<f64>,
    /// Variable label.
    pub(crate) label: String,
}

/// Predictions of random effects, one for each effect, and their standard errors.
pub(crate) struct Effects {
    /// The predictions.
    pub(crate) values: Vec<Prediction>,
    /// The standard errors, which `reses()` names.
    pub(crate) errors: Vec<Prediction>,
}

impl Effects {
    /// One prediction that has no standard error.
    pub(crate) fn one(values: Vec<f64>, label: &str) -> Self {
        Self { values: vec![Prediction { values, label: label.to_string() }], errors: Vec::new() }
    }
}

/// Predictions of a family that has its own options.
pub(crate) type Own = (&'static StandardSyntax, fn(&mut Session, &ParsedCommand) -> Result<()>);

/// Type and names of the new variables; a name that ends with `*` is a stub.
pub(crate) fn new_names(
    session: &Session,
    cmd: &ParsedCommand,
) -> Result<(StorageType, Vec<(String, bool)>)> {
    let mut words: Vec<&str> = cmd.list.split_whitespace().collect();
    let kind = words.first().and_then(|w| StorageType::parse(w)).filter(|t| !t.is_string());
    if kind.is_some() {
        words.remove(0);
    }
    if words.is_empty() {
        return Err(StataError::standard(100));
    }
    let expanded = words.iter().map(|w| numbered(w)).collect::<Result<Vec<_>>>()?.concat();
    let mut names = Vec::new();
    for word in expanded.iter().map(String::as_str) {
        let (name, stub) = word.strip_suffix('*').map_or((word, false), |n| (n, true));
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{word} invalid name")));
        }
        if !stub && session.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
        names.push((name.to_string(), stub));
    }
    Ok((kind.unwrap_or(session.settings.default_type), names))
}

/// The new names of a range such as `p1-p5`, or the word itself.
fn numbered(word: &str) -> Result<Vec<String>> {
    let Some((first, last)) = word.split_once('-') else { return Ok(vec![word.to_string()]) };
    let split = |name: &str| {
        let stub = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_string();
        let number: Option<usize> = name[stub.len()..].parse().ok();
        Some((stub, number?))
    };
    match (split(first), split(last)) {
        (Some((a, from)), Some((b, to))) if a == b && from <= to && to - from < 1000 => {
            Ok((from..=to).map(|k| format!("{a}{k}")).collect())
        }
        _ => Err(StataError::new(198, format!("{word} invalid name"))),
    }
}

/// The one statistic that was requested.
pub(crate) fn chosen(cmd: &ParsedCommand) -> Result<Option<&str>> {
    let mut found = cmd.options.iter().map(|o| o.0).filter(|o| !matches!(*o, "outcome" | "equation"));
    let first = found.next();
    if found.next().is_some() {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    Ok(first)
}

/// Adds the new variable of a prediction.
pub(crate) fn add(
    session: &mut Session,
    name: &str,
    kind: StorageType,
    rows: &[usize],
    prediction: Prediction,
) -> Result<()> {
    let mut column = vec![MISSING; session.frame.n_rows()];
    for (row, value) in rows.iter().zip(&prediction.values) {
        column[*row] = if is_missing(*value) { *value } else { clean(*value) };
    }
    let missing = column.iter().filter(|v| is_missing(**v)).count();
    let mut variable = Variable::new(name, Column::from_f64(kind, &column));
    variable.label = prediction.label;
    session.frame.add(variable)?;
    if missing > 0 {
        let s = if missing == 1 { "" } else { "s" };
        session.print(format!(
            "({} missing value{s} generated)",
            crate::format::bare("%12.0fc", missing as f64)
        ));
    }
    Ok(())
}

/// Applies a function to values that are not missing.
pub(crate) fn map(values: Vec<f64>, f: impl Fn(f64) -> f64) -> Vec<f64> {
    values.into_iter().map(|v| if is_missing(v) { MISSING } else { f(v) }).collect()
}

pub(crate) fn combine(a: f64, b: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
    if is_missing(a) || is_missing(b) { MISSING } else { f(a, b) }
}

/// The outcome of the active estimates on rows of the data.
pub(crate) fn outcome(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    column(&session.frame, &depvar, rows)
}

/// Values of a variable written with time-series operators.
pub(crate) fn column(frame: &Frame, name: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let list = FvList::parse(frame, name, false)?;
    let terms = list.expand(frame, &vec![true; frame.n_rows()])?;
    let term = terms.first().ok_or_else(|| StataError::no_variable(name))?;
    term.values(frame, rows)
}

/// Design rows of an equation, one column per parameter; missing where a regressor is.
pub(crate) fn design(
    frame: &Frame,
    parameters: &Parameters,
    positions: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    let mut grid = Grid::new(frame, rows.to_vec());
    grid.load(positions.iter().filter_map(|p| parameters.terms[*p].as_ref()).filter(|t| !t.is_omitted()))?;
    Ok(grid.design(parameters, positions))
}

/// Models after which `p` is short for `pr`; after others it is `pearson`.
const PROBABILITIES: &[&str] = &[
    "logit",
    "logistic",
    "probit",
    "dprobit",
    "ivprobit",
    "cloglog",
    "scobit",
    "hetprobit",
    "mlogit",
    "mprobit",
    "ologit",
    "oprobit",
    "slogit",
    "gologit2",
    "rologit",
    "xtlogit",
    "xtprobit",
    "xtcloglog",
];

/// The options with the short name `p` written out where it means `pr`.
pub(crate) fn short_names(after: &str, text: &str) -> Result<String> {
    let full = |name: String| match name.as_str() {
        "p" if PROBABILITIES.contains(&after) => "pr".to_string(),
        // after regress the name needs four letters: it has rstudent too
        "rs" | "rst" if ["logit", "logistic", "probit"].contains(&after) => "rstandard".to_string(),
        _ => name,
    };
    let parts = split_options(text)?.into_iter().map(|(name, argument)| match argument {
        Some(argument) => format!("{}({argument})", full(name)),
        None => full(name),
    });
    Ok(parts.collect::<Vec<_>>().join(" "))
}
