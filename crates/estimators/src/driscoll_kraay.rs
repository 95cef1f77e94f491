//! Covariances that allow for dependence between the units of a panel and over time: sums of scores over the units of each
//! period, with the weights of Newey and West. Driscoll and Kraay (1998), Hoechle (2007), Stata Journal 7.

use super::hac;
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
    hac::sums(&sums, lags)
}
