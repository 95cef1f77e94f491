//! Probabilities of counts after `poisson` and `nbreg`: `predict, pr(n)` and `pr(a,b)` ([R] poisson postestimation,
//! [R] nbreg postestimation).

use super::predict_models;
use super::predictions::compute;
use crate::error::Result;
use crate::ops::predict::Prediction;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::ln_gamma;

/// Distribution of the count about its mean.
#[derive(Clone, Copy)]
enum Spread {
    Poisson,
    /// Variance `mu (1 + alpha mu)`.
    Mean(f64),
    /// Variance `mu (1 + delta)`.
    Constant(f64),
}

impl Spread {
    fn of(session: &Session) -> Self {
        let e = &session.e.results;
        match (e.get_scalar("alpha"), e.get_scalar("delta")) {
            (Some(alpha), _) => Self::Mean(alpha),
            (None, Some(delta)) => Self::Constant(delta),
            (None, None) => Self::Poisson,
        }
    }

    /// P(Y = k) with mean `mu`.
    fn probability(self, mu: f64, k: f64) -> f64 {
        let (size, p) = match self {
            Self::Poisson => return (k * mu.ln() - mu - ln_gamma(k + 1.0)).exp(),
            Self::Mean(alpha) => (1.0 / alpha, 1.0 / (1.0 + alpha * mu)),
            Self::Constant(delta) => (mu / delta, 1.0 / (1.0 + delta)),
        };
        (ln_gamma(size + k) - ln_gamma(k + 1.0) - ln_gamma(size) + size * p.ln() + k * (-p).ln_1p()).exp()
    }

    /// P(low <= Y <= high); a missing limit is none.
    fn between(self, mu: f64, low: f64, high: f64) -> f64 {
        let sum = |from: f64, to: f64| {
            let (mut total, mut k) = (0.0, from.ceil().max(0.0));
            while k <= to {
                total += self.probability(mu, k);
                k += 1.0;
            }
            total
        };
        match (is_missing(low), is_missing(high)) {
            (_, false) => sum(if is_missing(low) { 0.0 } else { low }, high),
            (false, true) => 1.0 - sum(0.0, low.ceil() - 1.0),
            (true, true) => 1.0,
        }
    }
}

/// The prediction, or nothing for other commands and statistics.
pub(in crate::commands) fn one(
    session: &mut Session,
    statistic: Option<&str>,
    argument: Option<&str>,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    let (Some("pr"), Some(limits), "poisson" | "nbreg" | "cpoisson") = (statistic, argument, session.e.cmd())
    else {
        return Ok(None);
    };
    let limits = limits.to_string();
    let mean = match predict_models::one(session, Some("n"), None, rows)? {
        Some(found) => found.values,
        None => compute(session, Some("n"), None, rows)?.values,
    };
    let (low, high) = limits.split_once(',').map_or((limits.as_str(), None), |(a, b)| (a, Some(b)));
    let evaluate = |text: &str| -> Result<Vec<f64>> {
        let compiled = session.compile_numeric(text.trim())?;
        let ctx = session.ctx();
        Ok(rows.iter().map(|r| compiled.num(&ctx, *r)).collect())
    };
    let from = evaluate(low)?;
    let to = high.map(evaluate).transpose()?;
    let spread = Spread::of(session);
    let values = (0..rows.len())
        .map(|i| match &to {
            _ if is_missing(mean[i]) => MISSING,
            Some(to) => spread.between(mean[i], from[i], to[i]),
            None if is_missing(from[i]) || from[i] < 0.0 || from[i].fract() != 0.0 => MISSING,
            None => spread.probability(mean[i], from[i]),
        })
        .collect();
    let depvar = session.e.results.get_text("depvar").unwrap_or("");
    let label = match high {
        Some(high) => format!("Pr({}<={depvar}<={})", low.trim(), high.trim()),
        None => format!("Pr({depvar}={})", low.trim()),
    };
    Ok(Some(Prediction { values, label }))
}
