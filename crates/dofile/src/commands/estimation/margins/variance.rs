//! Covariance of margins: the delta method, and with `vce(unconditional)` linearisation, in which the covariates that
//! are not fixed are sampled too ([R] margins, Methods and formulas; [P] _robust); after `svy` over its strata and units.

use super::{Cell, Request};
use crate::error::{Result, StataError};
use crate::estimation::at_spec::{Statistic, Value};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::contrast_terms::weights_of_estimation;
use crate::estimation::design::SurveyDesign;
use crate::estimation::linear::Parameters;
use crate::ops::influence::influence;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;

/// Reads `vce()`: whether it is `unconditional`.
pub(super) fn unconditional(cmd: &ParsedCommand) -> Result<bool> {
    let Some(text) = cmd.options.text("vce").map(str::trim) else { return Ok(false) };
    match text {
        "" => Err(StataError::invalid("invalid vce() option")),
        t if "delta".starts_with(t) => Ok(false),
        t if t.len() >= 4 && "unconditional".starts_with(t) => Ok(true),
        t if super::resampled::is_bootstrap(t) => Ok(false),
        t => Err(StataError::invalid(format!("vcetype {t} not allowed"))),
    }
}

/// Refuses what linearisation cannot do: a model with other standard errors, rows outside its sample, and values
/// that a scenario takes from the sample.
///
/// # Errors
/// r(498) for a model without robust standard errors, r(198) with `noesample`.
pub(super) fn check(session: &Session, cmd: &ParsedCommand, request: &Request) -> Result<()> {
    if !request.unconditional {
        return Ok(());
    }
    let e = &session.e.results;
    let survey = e.get_text("prefix") == Some("svy");
    if survey && (e.get_text("vce") != Some("linearized") || design(session).is_none()) {
        return Err(StataError::unsupported_option(
            "margins",
            "vce(unconditional) after svy with replicates or poststrata",
        ));
    }
    if !survey && !matches!(e.get_text("vce"), Some("robust" | "cluster")) {
        return Err(StataError::new(
            498,
            "vce(unconditional) requires a model with vce(robust) or vce(cluster)",
        ));
    }
    if cmd.weight.is_some() || cmd.has("noweights") {
        return Err(StataError::invalid("weights and vce(unconditional) may not be combined"));
    }
    if request.any_row {
        return Err(StataError::invalid("options noesample and vce(unconditional) may not be combined"));
    }
    let fixed = |v: &Value| {
        !matches!(
            v,
            Value::Summary(Statistic::Mean | Statistic::Percentile(_) | Statistic::Min | Statistic::Max)
        )
    };
    if cmd.options.has("atmeans") || !request.settings.iter().flatten().all(|(_, v)| fixed(v)) {
        return Err(StataError::unsupported_option(
            "margins",
            "vce(unconditional) at summaries of the sample",
        ));
    }
    Ok(())
}

/// The design of a survey.
fn design(session: &Session) -> Option<&SurveyDesign> {
    session.e.extra.as_ref().and_then(|e| e.downcast_ref::<SurveyDesign>())
}

/// Derivatives of the margins with respect to the coefficients, a row for each margin.
pub(super) fn jacobian(cells: &[Cell], parameters: &Parameters) -> Mat {
    let gradients = cells.iter().flat_map(|c| c.margin.gradient.iter().copied()).collect();
    Mat::from_rows(cells.len(), parameters.b.len(), gradients)
}

/// Covariance of the margins over `rows`, which have the weights of the estimation.
pub(super) fn covariance(
    session: &Session,
    request: &Request,
    parameters: &Parameters,
    cells: &[Cell],
    rows: &[usize],
) -> Result<Mat> {
    if request.unconditional {
        linearised(session, parameters, cells, rows)
    } else {
        Ok(jacobian(cells, parameters).sandwich(&parameters.v))
    }
}

/// Sum of outer products of each row's (or cluster's) influence on the margins, times n/(n-1). The influence is the
/// row's share in the average plus the derivative in the parameters times its influence on these. After `svy` the
/// covariance of their total by its design.
fn linearised(session: &Session, parameters: &Parameters, cells: &[Cell], rows: &[usize]) -> Result<Mat> {
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    let all: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let weights = weights_of_estimation(session, &all)?;
    let mut values = of_parameters(session, parameters, cells, &all, &weights)?;
    let mut place = vec![usize::MAX; sample.len()];
    all.iter().enumerate().for_each(|(i, row)| place[*row] = i);
    for (c, cell) in cells.iter().enumerate() {
        for (row, share) in rows.iter().zip(&cell.margin.shares) {
            values[(place[*row], c)] += share;
        }
    }
    if let Some(design) = design(session) {
        return design
            .covariance(&all, &values)
            .ok_or_else(|| StataError::new(459, "the data or the sample changed since the estimation"));
    }
    let e = &session.e.results;
    let counted = e.get_text("wtype") == Some("fweight");
    let (groups, of_row) = match e.get_text("clustvar") {
        Some(name) => {
            let clusters = ClusterRows::of(&session.frame, session.variable(name)?, &all);
            (clusters.count, clusters.of_row.iter().map(|g| *g as usize).collect())
        }
        None => (all.len(), (0..all.len()).collect::<Vec<usize>>()),
    };
    let mut sums = Mat::zeros(groups, cells.len());
    for (i, group) in of_row.iter().enumerate() {
        // A row with a frequency stands for that many rows of its own, or of its cluster.
        let scale = if counted && groups == all.len() { weights[i].sqrt().recip() } else { 1.0 };
        for c in 0..cells.len() {
            sums[(*group, c)] += scale * values[(i, c)];
        }
    }
    let n = if counted && groups == all.len() { weights.iter().sum() } else { groups as f64 };
    if n < 2.0 {
        return Err(StataError::new(460, "only one cluster"));
    }
    Ok(sums.transpose().times(&sums).scaled(n / (n - 1.0)))
}

/// What the influence of each row of the sample on the parameters does to the margins: zero outside of the subpopulation
/// that a survey's model was fitted to.
fn of_parameters(
    session: &Session,
    parameters: &Parameters,
    cells: &[Cell],
    sample: &[usize],
    weights: &[f64],
) -> Result<Mat> {
    let fitted: Vec<usize> =
        (0..sample.len()).filter(|i| design(session).is_none_or(|d| d.is_inside(*i))).collect();
    let pick = |i: &usize| (sample[*i], weights[*i]);
    let (rows, own): (Vec<usize>, Vec<f64>) = fitted.iter().map(pick).unzip();
    let of_rows = influence(session, parameters, &rows, &own)?;
    let moved = of_rows.times(&jacobian(cells, parameters).transpose());
    let mut out = Mat::zeros(sample.len(), cells.len());
    for (k, i) in fitted.iter().enumerate() {
        (0..cells.len()).for_each(|c| out[(*i, c)] = moved[(k, c)]);
    }
    Ok(out)
}

/// Heading of the column of standard errors.
pub(super) fn heading(request: &Request) -> &'static str {
    match (&request.replications, request.unconditional) {
        (Some(_), _) => "Bootstrap",
        (None, true) => "Unconditional",
        (None, false) => "Delta-method",
    }
}
