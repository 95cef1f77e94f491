//! Influence of each row on the estimates of a model: the inverse information times the row's weighted score. Its outer
//! products are the robust covariance ([P] _robust).

use super::scores::{curvature, offset, score};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters, predict as linear_prediction};
use crate::estimation::response::Response;
use crate::estimation::response_outcomes::outcome_values;
use crate::ops::predict::outcome;
use crate::session::Session;
use estimators::matrix::Mat;

/// Commands with one linear index whose scores are known.
const SINGLE: [&str; 6] = ["regress", "logit", "logistic", "probit", "cloglog", "poisson"];

/// Commands with several indices: their scores follow from the probabilities of the outcomes.
const OUTCOMES: [&str; 8] =
    ["gologit2", "ologit", "oprobit", "mlogit", "mprobit", "slogit", "zioprobit", "ziologit"];

/// The log likelihood of a row: derivatives in its linear indices, and minus the second derivatives (row-major).
struct Local {
    first: Vec<f64>,
    second: Vec<f64>,
}

/// Influence of rows of the estimation sample on all parameters of the active model, one row of the matrix for each
/// of them; zero for omitted parameters. `weights` has the weight of each row.
///
/// # Errors
/// Not supported after another command; r(506) for an information matrix that has no inverse.
pub(crate) fn influence(
    s: &Session,
    parameters: &Parameters,
    rows: &[usize],
    weights: &[f64],
) -> Result<Mat> {
    let cmd = s.e.cmd();
    let (indices, local) = if SINGLE.contains(&cmd) {
        single(s, parameters, rows)?
    } else if OUTCOMES.contains(&cmd) {
        outcomes(s, parameters, rows)?
    } else {
        return by_scores(s, parameters, rows, weights);
    };
    // parameter, its index and its column
    let estimated = |p: &usize| parameters.v[(*p, *p)] > 0.0;
    let places: Vec<(usize, usize)> = indices
        .iter()
        .enumerate()
        .flat_map(|(j, own)| own.iter().copied().filter(estimated).map(move |p| (p, j)))
        .collect();
    let positions: Vec<usize> = places.iter().map(|p| p.0).collect();
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(positions.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(parameters, &positions);
    let (k, width) = (places.len(), indices.len());
    let mut information = Mat::zeros(k, k);
    for a in 0..k {
        for b in a..k {
            let at = places[a].1 * width + places[b].1;
            let term = |i: usize| weights[i] * local[i].second[at] * design[a][i] * design[b][i];
            let sum = (0..rows.len()).map(term).sum();
            information[(a, b)] = sum;
            information[(b, a)] = sum;
        }
    }
    let inverse =
        information.inverse().ok_or_else(|| StataError::new(506, "the information matrix is singular"))?;
    let mut out = Mat::zeros(rows.len(), parameters.b.len());
    for i in 0..rows.len() {
        let scores: Vec<f64> =
            places.iter().zip(&design).map(|((_, j), x)| weights[i] * local[i].first[*j] * x[i]).collect();
        for (a, (p, _)) in places.iter().enumerate() {
            out[(i, *p)] = (0..k).map(|b| inverse[(a, b)] * scores[b]).sum();
        }
    }
    Ok(out)
}

/// [`influence`] after a likelihood whose rows' scores are kept with the estimates: the covariance from the information
/// times the scores.
fn by_scores(s: &Session, parameters: &Parameters, rows: &[usize], weights: &[f64]) -> Result<Mat> {
    let refused = || {
        let cmd = s.e.cmd();
        StataError::unsupported_option("margins", &format!("vce(unconditional) after {cmd}"))
    };
    let e = &s.e.results;
    let (Some(scores), Some(v)) = (&s.e.scores, e.matrices.get("V_modelbased")) else {
        return Err(refused());
    };
    // each equation is an index, each ancillary parameter one of its own
    let mut of_index: Vec<usize> = Vec::new();
    for (p, own) in parameters.stripe.iter().enumerate() {
        let same = p > 0 && own.eq != "/" && parameters.stripe[p - 1].eq == own.eq;
        of_index.push(of_index.last().map_or(0, |j| j + usize::from(!same)));
    }
    let width = of_index.last().map_or(0, |j| j + 1);
    if width != scores.cols() || rows.len() != scores.rows() || e.get_text("prefix") == Some("svy") {
        return Err(refused());
    }
    // analytic weights count as their share in the number of rows
    let scale = match e.get_text("wtype") {
        Some("aweight") => rows.len() as f64 / weights.iter().sum::<f64>(),
        _ => 1.0,
    };
    let places: Vec<usize> = (0..parameters.b.len()).filter(|p| parameters.v[(*p, *p)] > 0.0).collect();
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(places.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(parameters, &places);
    let mut out = Mat::zeros(rows.len(), parameters.b.len());
    for (i, weight) in weights.iter().enumerate() {
        let score = |a: usize| scale * weight * scores[(i, of_index[places[a]])] * design[a][i];
        let all: Vec<f64> = (0..places.len()).map(score).collect();
        for p in &places {
            out[(i, *p)] = places.iter().zip(&all).map(|(q, u)| v.get(*p, *q) * u).sum();
        }
    }
    Ok(out)
}

/// Positions of the parameters of each index, and the log likelihood of each row.
type Likelihoods = (Vec<Vec<usize>>, Vec<Local>);

fn single(s: &Session, parameters: &Parameters, rows: &[usize]) -> Result<Likelihoods> {
    let cmd = s.e.cmd();
    let equation = parameters.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let y = outcome(s, rows)?;
    let shift = offset(s, rows)?;
    let xb = linear_prediction(&s.frame, parameters, &equation, rows)?;
    let local = |i: usize| {
        let eta = xb[i] + shift[i];
        Local { first: vec![score(cmd, y[i], eta)], second: vec![curvature(cmd, y[i], eta)] }
    };
    Ok((vec![(0..parameters.b.len()).collect()], (0..rows.len()).map(local).collect()))
}

/// `ln P(y)` for the probability of the observed outcome, whose derivatives in the indices are those of predictions.
fn outcomes(s: &Session, parameters: &Parameters, rows: &[usize]) -> Result<Likelihoods> {
    if s.e.results.get_text("offset").is_some() {
        return Err(StataError::unsupported_option("margins", "vce(unconditional) with an offset"));
    }
    let predictions = Response::of(s, parameters, None)?;
    let values = outcome_values(&s.e);
    let y = outcome(s, rows)?;
    let indices = predictions.first().map(|p| p.indices.clone()).unwrap_or_default();
    let mut eta = vec![vec![0.0; indices.len()]; rows.len()];
    for (j, own) in indices.iter().enumerate() {
        let mut grid = Grid::new(&s.frame, rows.to_vec());
        grid.load(own.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
        for (column, p) in grid.design(parameters, own).iter().zip(own) {
            eta.iter_mut().zip(column).for_each(|(eta, x)| eta[j] += parameters.b[*p] * x);
        }
    }
    let local = |i: usize| {
        let at = values.iter().position(|v| *v == y[i]);
        let at = at.ok_or_else(|| StataError::new(459, "the outcome changed since the estimation"))?;
        let d = predictions[at].at(&eta[i]);
        let first: Vec<f64> = d.first.iter().map(|f| f / d.value).collect();
        let width = first.len();
        let second =
            (0..width * width).map(|c| first[c / width] * first[c % width] - d.second[c] / d.value).collect();
        Ok(Local { first, second })
    };
    Ok((indices, (0..rows.len()).map(local).collect::<Result<Vec<Local>>>()?))
}
