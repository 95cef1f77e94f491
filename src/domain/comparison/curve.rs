//! The specification curve of a term: its estimates, lowest first (Simonsohn, Simmons and Nelson 2020, Nature Human Behaviour 4,
//! 1208-1214), and what they say in numbers. The numbers describe the specifications; they are no test.

use serde::Serialize;

use super::Column;

/// Level of significance that [`Summary::significant`] counts by.
const SIGNIFICANCE: f64 = 0.05;

/// One estimate of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// Number of the column.
    pub index: u32,
    /// Point estimate, in units of the model.
    pub estimate: f64,
    /// Standard error; null if there is none.
    pub std_error: Option<f64>,
    /// Lower end of the confidence interval; null if there is none.
    pub ci_low: Option<f64>,
    /// Upper end of the confidence interval; null if there is none.
    pub ci_high: Option<f64>,
    /// Two-sided p-value; null if there is none.
    pub p_value: Option<f64>,
    /// True if the confidence interval excludes zero; false also where there is no interval.
    pub excludes_zero: bool,
}

/// Returns the points of a term's curve, lowest estimate first; columns without an estimate have none.
pub fn points(columns: &[Column], key: &str) -> Vec<Point> {
    let mut found: Vec<Point> = columns
        .iter()
        .filter_map(|column| {
            let row = column.result(key)?;
            let excludes_zero =
                matches!((row.ci_low, row.ci_high), (Some(low), Some(high)) if low > 0.0 || high < 0.0);
            Some(Point {
                index: column.index,
                estimate: row.estimate.filter(|x| x.is_finite())?,
                std_error: row.std_error,
                ci_low: row.ci_low,
                ci_high: row.ci_high,
                p_value: row.p_value,
                excludes_zero,
            })
        })
        .collect();
    found.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
    found
}

/// A curve in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// Specifications of the comparison.
    pub specifications: usize,
    /// Those with an estimate of the term.
    pub estimates: usize,
    /// Median of the estimates; of an even number the mean of the middle two.
    pub median: f64,
    /// Lowest estimate.
    pub lowest: f64,
    /// Highest estimate.
    pub highest: f64,
    /// Estimates above zero.
    pub positive: usize,
    /// Estimates below zero.
    pub negative: usize,
    /// Share of the estimates with the more frequent sign, 0 to 1.
    pub same_sign_share: f64,
    /// Estimates with a p-value.
    pub with_p_value: usize,
    /// Those with a p-value below 0.05.
    pub significant: usize,
    /// Share of `significant` in `with_p_value`, 0 to 1; null where no estimate has a p-value.
    pub significant_share: Option<f64>,
    /// Estimates whose confidence interval excludes zero.
    pub excluding_zero: usize,
}

/// Returns a curve in numbers; `None` of an empty one. `points` are in the order of [`points`].
pub fn summary(points: &[Point], specifications: usize) -> Option<Summary> {
    let (first, last) = (points.first()?, points.last()?);
    let count = |holds: &dyn Fn(&Point) -> bool| points.iter().filter(|point| holds(point)).count();
    let middle = points.len() / 2;
    let median = match points.len() % 2 {
        0 => f64::midpoint(points[middle - 1].estimate, points[middle].estimate),
        _ => points[middle].estimate,
    };
    let (positive, negative) = (count(&|p| p.estimate > 0.0), count(&|p| p.estimate < 0.0));
    let with_p_value = count(&|p| p.p_value.is_some());
    let significant = count(&|p| p.p_value.is_some_and(|p| p < SIGNIFICANCE));
    Some(Summary {
        specifications,
        estimates: points.len(),
        median,
        lowest: first.estimate,
        highest: last.estimate,
        positive,
        negative,
        same_sign_share: positive.max(negative) as f64 / points.len() as f64,
        with_p_value,
        significant,
        significant_share: (with_p_value > 0).then(|| significant as f64 / with_p_value as f64),
        excluding_zero: count(&|p| p.excludes_zero),
    })
}
