//! The rows over which `margins` averages.

use super::formula::Target;
use super::{Comparing, Request};
use crate::error::{Result, StataError};
use crate::estimation::at_spec::{Setting, Value};
use crate::estimation::contrast_terms::weights_of_estimation;
use crate::estimation::factors::variables;
use crate::estimation::linear::Parameters;
use crate::session::Session;
use crate::syntax::WeightKind;
use crate::syntax::split::ParsedCommand;
use estimators::contrasts::Operator;

/// Rows of the command: those of the estimation sample, with `noesample` all, in which the variables of the prediction
/// are known. A selection model has rows in its sample that lack regressors of the outcome.
pub(super) fn sample(
    session: &Session,
    cmd: &ParsedCommand,
    parameters: &Parameters,
    request: &Request,
    targets: &[Target],
) -> Result<Vec<usize>> {
    let estimation = session
        .estimation_sample()
        .ok_or_else(|| StataError::new(322, "e(sample) does not identify the estimation sample"))?;
    let mut touse = session.rows(cmd)?;
    let set_by = |setting: &Setting, name: &str| {
        setting.iter().any(|(n, value)| n == name && matches!(value, Value::Number(_)))
    };
    let known: Result<Vec<usize>> = needed(parameters, targets, request.any_row)
        .iter()
        .filter(|v| request.settings.is_empty() || !request.settings.iter().all(|s| set_by(s, v)))
        .map(|v| session.variable(v))
        .collect();
    session.markout(&known?, &mut touse, true)?;
    let rows: Vec<usize> =
        (0..touse.len()).filter(|i| touse[*i] && (request.any_row || estimation[*i])).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    Ok(rows)
}

/// Refuses operators that count the observations of levels (`gw.`, `hw.`, `jw.`) where other weights than those of the
/// estimation hold.
pub(super) fn check_weights(cmd: &ParsedCommand, request: &Request) -> Result<()> {
    let Comparing::Terms(terms) = &request.comparing else { return Ok(()) };
    let counts = terms.iter().flat_map(|t| &t.parts).any(|p| p.operator.is_some_and(Operator::is_weighted));
    if counts && (cmd.weight.is_some() || cmd.has("noweights")) {
        return Err(StataError::unsupported_option("margins", "weights with gw., hw. and jw."));
    }
    Ok(())
}

/// Takes out the rows whose weight on the command is missing or zero.
///
/// # Errors
/// Those of the weight, r(2000) where no row is left.
pub(super) fn keep_weighted(session: &Session, cmd: &ParsedCommand, rows: &mut Vec<usize>) -> Result<()> {
    if cmd.weight.is_some() {
        own_weights(session, cmd, rows)?;
    }
    Ok(())
}

/// The weight on the command in the rows, which lose those without one.
fn own_weights(session: &Session, cmd: &ParsedCommand, rows: &mut Vec<usize>) -> Result<Vec<f64>> {
    let mut touse = vec![false; session.frame.n_rows()];
    rows.iter().for_each(|row| touse[*row] = true);
    let found = session.weights(cmd, WeightKind::Frequency, &mut touse)?;
    rows.retain(|row| touse[*row]);
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    Ok(rows.iter().map(|row| found.as_ref().map_or(1.0, |w| w.values[*row])).collect())
}

/// Weights of the averages: those on the command, or those of the estimation, or with `noweights` none.
///
/// # Errors
/// Those of the weight.
pub(super) fn weights(session: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Vec<f64>> {
    match (cmd.has("noweights"), &cmd.weight) {
        (true, _) => Ok(vec![1.0; rows.len()]),
        (false, Some(_)) => own_weights(session, cmd, &mut rows.to_vec()),
        (false, None) => weights_of_estimation(session, rows),
    }
}

/// Variables behind the indices of the predictions; of an expression those of the whole model where rows outside the
/// estimation sample count.
fn needed(parameters: &Parameters, targets: &[Target], any_row: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for target in targets {
        let found: Vec<String> = match target {
            Target::Prediction(response) => response
                .indices
                .iter()
                .flatten()
                .filter_map(|p| parameters.terms[*p].as_ref())
                .filter(|t| !t.is_omitted())
                .flat_map(|t| &t.atoms)
                .filter(|atom| atom.ts().is_none())
                .map(|atom| atom.var().to_string())
                .collect(),
            Target::Formula(_) if any_row => variables(parameters),
            Target::Kernel(_) => variables(parameters),
            Target::Formula(_) => Vec::new(),
        };
        out.extend(found);
    }
    out.sort_unstable();
    out.dedup();
    out
}
