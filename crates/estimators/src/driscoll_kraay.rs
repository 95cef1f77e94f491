//! Covariances that allow for dependence between the units of a panel and over time: sums of scores over the units of each
//! period, with the weights of Newey and West. Driscoll and Kraay (1998), Hoechle (2007), Stata Journal 7.

use super::hac::Kernel;
use super::matrix::Mat;
use super::qr::Basis;

/// `sum_t h_t h_t' + sum_l w_l sum_t (h_t h_(t-l)' + h_(t-l) h_t')` with `h_t` the sum of `s_i q_i` over the rows of
/// period `t`, `q` the rows of the basis. Periods are numbered in time; one without rows has `h = 0`.
pub fn meat(basis: &Basis, columns: &[&[f64]], scores: &[f64], period: &[usize], lags: usize) -> Mat {
    let size = basis.len();
    let periods = period.iter().max().map_or(0, |t| t + 1);
    let mut sums = vec![vec![0.0; size]; periods];
    let rows = basis.rows(columns, 0..scores.len());
    for (j, column) in rows.chunks_exact(scores.len().max(1)).enumerate() {
        for ((q, s), t) in column.iter().zip(scores).zip(period) {
            sums[*t][j] += q * s;
        }
    }
    let mut out = Mat::zeros(size, size);
    for lag in 0..=lags.min(periods.saturating_sub(1)) {
        let weight = Kernel::Bartlett.weight(lag, lags as f64);
        for (early, late) in sums.iter().zip(&sums[lag..]) {
            for i in 0..size {
                for j in 0..size {
                    let both = late[i] * early[j] + if lag > 0 { early[i] * late[j] } else { 0.0 };
                    out[(i, j)] += weight * both;
                }
            }
        }
    }
    out
}
