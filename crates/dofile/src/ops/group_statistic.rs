//! Statistics of a group of rows with weights, for the commands that make tables or data sets of them.

use crate::error::{Result, StataError};
use crate::session::Weights;
use crate::syntax::WeightKind;
use estimators::descriptive::{Sample, by_name};

/// A statistic of some rows, by the name that `collapse` and `table` have for it ([D] collapse, Weights).
///
/// # Errors
/// r(198) for an unknown name, r(135) for one that sampling weights do not allow.
pub(crate) fn statistic(values: &[f64], g: &[usize], stat: &str, weights: Option<&Weights>) -> Result<f64> {
    let weights = weights.filter(|_| stat != "rawsum");
    let kind = weights.map(|w| w.kind);
    let sample = match weights {
        Some(w) => Sample::new(g.iter().map(|&r| (values[r], w.values[r])), kind),
        None => Sample::plain(g.iter().map(|&r| values[r])),
    };
    let sampled = kind == Some(WeightKind::Probability);
    Ok(match stat {
        "rawsum" => sample.sum(),
        // Only aweights leave a count the number of rows ([D] collapse, Weights).
        // Each group's share in the count of all is found from the counts.
        "count" | "percent" if sampled || kind == Some(WeightKind::Importance) => sample.sum_w(),
        "sd" | "semean" | "sebinomial" | "sepoisson" if sampled => {
            return Err(StataError::new(135, format!("{stat} not allowed with pweights")));
        }
        "sebinomial" | "sepoisson" => sample.error_of_counts(stat == "sebinomial"),
        // aweights of sums are normalised to the number of rows of the group
        "sum" if kind == Some(WeightKind::Analytic) && sample.rows() > 0 => {
            sample.sum() * sample.n() / sample.sum_w()
        }
        "sum" => sample.sum(),
        "percent" => by_name(&sample, "count").unwrap_or(0.0),
        "range" | "cv" | "skewness" | "kurtosis" | "variance" | "N" | "n" => {
            return Err(StataError::new(198, format!("{stat} invalid statistic")));
        }
        name => {
            by_name(&sample, name).ok_or_else(|| StataError::new(198, format!("{name} invalid statistic")))?
        }
    })
}
