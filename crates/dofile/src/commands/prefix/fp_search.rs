//! Models that `fp` chooses among: combinations of powers, the terms of a polynomial, deviances ([R] fp, Methods and
//! formulas).

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::numlist;
use crate::value::{MISSING, is_missing};

/// A regressor `(x + shift)/factor`, with the value that its terms are centered at.
pub(super) struct Scaled {
    /// Raw values.
    pub x: Vec<f64>,
    /// Rows of the estimation sample.
    pub sample: Vec<bool>,
    /// Added to the values.
    pub shift: f64,
    /// Divides the sum.
    pub factor: f64,
    /// Raw value at which the terms are zero.
    pub center: Option<f64>,
    /// Whether values that are not positive have terms of zero.
    pub zero: bool,
}

impl Scaled {
    /// Shift and factor of automatic scaling: the smallest distance of values less the minimum where the minimum is not
    /// positive, and a power of ten near the range.
    pub(super) fn automatic(values: &[f64], zero: bool) -> (f64, f64) {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !zero || *x > 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
            return (0.0, 1.0);
        };
        let gap = sorted.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
        let shift = if low > 0.0 || !gap.is_finite() { 0.0 } else { gap - low };
        let log = (high - low).log10();
        let factor = if log.is_finite() { 10_f64.powf(log.signum() * log.abs().floor()) } else { 1.0 };
        (shift, factor)
    }
}

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Powers of the regressor; none when it is left out.
    pub powers: Vec<f64>,
    /// Minus twice the log likelihood.
    pub deviance: f64,
    /// Root mean squared error, where the command has one.
    pub rmse: Option<f64>,
    /// Residual degrees of freedom, where the command has them.
    pub df_r: Option<f64>,
    /// Number of observations.
    pub n: f64,
}

impl Candidate {
    /// The active estimates; r(321) without a log likelihood.
    pub(super) fn of(s: &Session, powers: Vec<f64>) -> Result<Self> {
        let scalar = |name: &str| s.e.results.get_scalar(name).filter(|x| !is_missing(*x));
        let ll = scalar("ll").ok_or_else(|| StataError::new(321, "fp: the command does not store e(ll)"))?;
        Ok(Self {
            powers,
            deviance: -2.0 * ll,
            rmse: scalar("rmse"),
            df_r: scalar("df_r"),
            n: scalar("N").unwrap_or(MISSING),
        })
    }
}

/// The powers to choose from: those of an option, or the usual ones.
///
/// # Errors
/// r(198) for an empty list and for missing values.
pub(super) fn choices(text: Option<&str>) -> Result<Vec<f64>> {
    let Some(text) = text else { return Ok(vec![-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]) };
    let found = numlist::expand(text)?;
    match found.is_empty() || found.iter().any(|p| is_missing(*p)) {
        true => Err(StataError::invalid("powers must be numbers")),
        false => Ok(found),
    }
}

/// The model with the smallest deviance, the first one among equals.
pub(super) fn best_of(fitted: Vec<Candidate>) -> Option<Candidate> {
    fitted.into_iter().reduce(|a, b| if b.deviance < a.deviance { b } else { a })
}

/// Combinations of powers with repetition, ascending.
pub(super) fn combinations(powers: &[f64], size: usize) -> Vec<Vec<f64>> {
    let mut sorted = powers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let mut out: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let longer = |c: &Vec<usize>| -> Vec<Vec<usize>> {
            let from = c.last().copied().unwrap_or(0);
            (from..sorted.len()).map(|i| c.iter().copied().chain([i]).collect()).collect()
        };
        out = out.iter().flat_map(longer).collect();
    }
    out.into_iter().map(|c| c.into_iter().map(|i| sorted[i]).collect()).collect()
}

/// `x^p`, or the logarithm for zero, and a factor `ln x` for each repetition of a power.
fn values(x: f64, powers: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::new();
    for (i, p) in powers.iter().enumerate() {
        let value = match out.last() {
            Some(before) if powers[i - 1] == *p => before * x.ln(),
            _ if *p == 0.0 => x.ln(),
            _ => x.powf(*p),
        };
        out.push(value);
    }
    out
}

/// The columns of a polynomial; missing outside the sample unless `all`.
pub(super) fn terms(scaled: &Scaled, powers: &[f64], all: bool) -> Vec<Vec<f64>> {
    let of = |x: f64| (x + scaled.shift) / scaled.factor;
    let middle = scaled.center.map_or_else(|| vec![0.0; powers.len()], |c| values(of(c), powers));
    let mut out = vec![vec![MISSING; scaled.x.len()]; powers.len()];
    for (i, raw) in scaled.x.iter().enumerate() {
        if is_missing(*raw) || (!all && !scaled.sample[i]) {
            continue;
        }
        let x = of(*raw);
        if x > 0.0 {
            let found = values(x, powers);
            out.iter_mut().zip(found.iter().zip(&middle)).for_each(|(c, (v, m))| c[i] = v - m);
        } else if scaled.zero {
            out.iter_mut().for_each(|c| c[i] = 0.0);
        }
    }
    out
}
