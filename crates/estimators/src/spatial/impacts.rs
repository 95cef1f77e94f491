//! Direct, indirect and total impacts of regressors with a lag of the outcome: averages over units of the derivatives
//! `(I - l W)^-1 (b I + sum t V)` of the outcome's mean (LeSage and Pace 2009, Introduction to Spatial Econometrics,
//! 2.7; [SP] spregress postestimation).

use crate::matrix::Mat;

/// Averages that the impacts of every regressor consist of.
#[derive(Debug, Clone)]
pub struct Averages {
    /// Mean of the diagonal of `(I - l W)^-1 V`, for `V` the identity first and then each matrix of lagged regressors.
    pub direct: Vec<f64>,
    /// Mean of the sums of its rows.
    pub total: Vec<f64>,
    /// Derivatives of `direct` in `l`.
    pub direct_slope: Vec<f64>,
    /// Derivatives of `total` in `l`.
    pub total_slope: Vec<f64>,
}

/// `I - l W`.
pub fn filter(w: &Mat, lag: f64) -> Mat {
    Mat::from_fn(w.rows(), w.cols(), |i, j| f64::from(u8::from(i == j)) - lag * w[(i, j)])
}

/// The inverse of `I - l W`; nothing when it is singular.
pub fn multiplier(w: &Mat, lag: f64) -> Option<Mat> {
    filter(w, lag).inverse()
}

/// Averages over the units in `rows` of `n` (all matrices have these units); without a lag of the outcome `w` is
/// nothing. Nothing when `I - l W` is singular.
pub fn averages(n: usize, w: Option<(&Mat, f64)>, lagged: &[&Mat], rows: &[usize]) -> Option<Averages> {
    // S = (I - l W)^-1 and dS/dl = S W S
    let s = match w {
        Some((w, lag)) => multiplier(w, lag)?,
        None => Mat::identity(n),
    };
    let slope = w.map_or_else(|| Mat::zeros(n, n), |(w, _)| s.times(&w.times(&s)));
    let mut out =
        Averages { direct: Vec::new(), total: Vec::new(), direct_slope: Vec::new(), total_slope: Vec::new() };
    let mean = |f: &dyn Fn(usize) -> f64| rows.iter().map(|i| f(*i)).sum::<f64>() / rows.len() as f64;
    for v in std::iter::once(None).chain(lagged.iter().map(|v| Some(*v))) {
        let sums = v.map_or_else(|| vec![1.0; n], |v| v.times_vector(&vec![1.0; n]));
        for (m, direct, total) in
            [(&s, &mut out.direct, &mut out.total), (&slope, &mut out.direct_slope, &mut out.total_slope)]
        {
            let own = |i: usize| match v {
                None => m[(i, i)],
                Some(v) => (0..n).map(|j| m[(i, j)] * v[(j, i)]).sum(),
            };
            direct.push(mean(&own));
            total.push(mean(&|i| super::dot(m.row(i), &sums)));
        }
    }
    Some(out)
}

/// The diagonal of a product of two square matrices.
pub fn diagonal_of_product(a: &Mat, b: &Mat) -> Vec<f64> {
    (0..a.rows()).map(|i| (0..a.cols()).map(|j| a[(i, j)] * b[(j, i)]).sum()).collect()
}
