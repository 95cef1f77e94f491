//! Initial values: `ml init`, and the search over the constants of the equations that `ml search` makes.

use super::model::{MlSpec, Prepared, word};
use super::program::Program;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::blanks::tight_equals;
use crate::syntax::options::{OptSpec, Options, parse_number};
use crate::syntax::split::front_and_options;
use estimators::ml_differences::{Failure, Problem, TRIED};

fn number(text: &str) -> Result<f64> {
    parse_number(text.trim())
        .ok_or_else(|| StataError::invalid(format!("{text} found where number expected")))
}

/// Reads `name=#`, `/name=#`, `#..., copy` or a matrix into initial values of all coefficients.
pub(super) fn read(
    s: &Session,
    prepared: &Prepared,
    text: &str,
    before: Option<Vec<f64>>,
) -> Result<Vec<f64>> {
    let (main, options) = front_and_options(text);
    let options = Options::parse("ml init", options, &[OptSpec::flag("copy"), OptSpec::flag("skip")], &[])?;
    let size = prepared.stripe.len();
    let mut values = before.unwrap_or_else(|| vec![0.0; size]);
    if let Some(matrix) = s.matrices.get(main).cloned().or_else(|| named(s, main)) {
        for (j, value) in matrix.values().iter().enumerate() {
            let place = if options.has("copy") {
                Some(j).filter(|j| *j < size)
            } else {
                prepared.find(&matrix.col_names[j].full())
            };
            match place {
                Some(place) => values[place] = *value,
                None if options.has("skip") => {}
                None => return Err(StataError::not_found(&matrix.col_names[j].full())),
            }
        }
        return Ok(values);
    }
    if options.has("copy") {
        let given: Result<Vec<f64>> = main.split_whitespace().map(number).collect();
        let given = given?;
        if given.len() > size {
            return Err(StataError::new(503, "more initial values than coefficients"));
        }
        values[..given.len()].copy_from_slice(&given);
        return Ok(values);
    }
    for pair in tight_equals(main).split_whitespace() {
        let (name, value) = pair.split_once('=').ok_or_else(StataError::syntax)?;
        let name = match name.strip_prefix('[').and_then(|n| n.split_once(']')) {
            Some((equation, name)) => format!("{equation}:{name}"),
            None => name.to_string(),
        };
        let place = prepared.find(&name).ok_or_else(|| StataError::not_found(&name))?;
        values[place] = number(value)?;
    }
    Ok(values)
}

/// A matrix of results such as `e(b)`.
fn named(s: &Session, text: &str) -> Option<std::sync::Arc<crate::matrix::Matrix>> {
    let name = text.strip_prefix("e(")?.strip_suffix(')')?;
    s.e.results.matrices.get(name).cloned().map(std::sync::Arc::new)
}

/// Bounds of constants from `[/]eqname[:] lower upper ...`.
pub(super) fn bounds(spec: &MlSpec, text: &str) -> Result<Vec<Option<(f64, f64)>>> {
    let mut out = vec![None; spec.equations.len()];
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = word(rest);
        let (low, after) = word(after);
        let (high, after) = word(after);
        let name = name.trim_start_matches('/').trim_end_matches(':');
        let place = spec.equations.iter().position(|e| e.name == name);
        let place = place.ok_or_else(|| StataError::new(303, format!("equation {name} not found")))?;
        out[place] = Some((number(low)?, number(high)?));
        rest = after;
    }
    Ok(out)
}

/// Error of a search that cannot begin or continue.
pub(super) fn failure(error: Failure<StataError>) -> StataError {
    match error {
        Failure::Start => StataError::new(1400, "initial values not feasible"),
        Failure::Derivatives => StataError::new(
            430,
            "could not calculate numerical derivatives -- flat or discontinuous region encountered",
        ),
        Failure::Evaluation(error) => error,
    }
}

/// Improves the constants one equation after the other; returns the best values of the estimated coefficients and
/// their log likelihood.
pub(super) fn search(
    problem: &Problem<'_>,
    program: &mut Program<'_>,
    prepared: &Prepared,
    start: Vec<f64>,
    bounds: &[Option<(f64, f64)>],
) -> Result<(Vec<f64>, Option<f64>)> {
    let candidates = |e: usize| match bounds.get(e).copied().flatten() {
        Some((low, high)) => (0..=20).map(|k| low + (high - low) * f64::from(k) / 20.0).collect(),
        None => TRIED.to_vec(),
    };
    let tried: Vec<(usize, Vec<f64>)> = constants(prepared)
        .into_iter()
        .enumerate()
        .filter_map(|(e, place)| Some((place?, candidates(e))))
        .collect();
    problem.improve(program, start, &tried).map_err(failure)
}

/// Position among the estimated coefficients of the constant of each equation.
fn constants(prepared: &Prepared) -> Vec<Option<usize>> {
    let mut from = 0;
    let mut out = Vec::new();
    for side in &prepared.sides {
        from += side.estimated().len();
        out.push(side.constant.then(|| from - 1));
    }
    out
}
