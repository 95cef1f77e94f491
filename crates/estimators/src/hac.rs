//! Covariances of moments that are correlated over time: weighted sums of autocovariances with the kernels of Newey and
//! West (1987), Gallant (1987) and Andrews (1991). Formulas: [R] ivregress, Methods and formulas.

use super::blocks;
use super::matrix::Mat;
use super::qr::Basis;
use std::f64::consts::PI;

/// Weights of autocovariances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Falling linearly (Newey and West).
    Bartlett,
    /// Falling by cubes (Gallant).
    Parzen,
    /// Of all autocovariances (Andrews).
    QuadraticSpectral,
}

impl Kernel {
    /// The weight of a lag, with `lags` the parameter of the command (the bandwidth less one).
    pub fn weight(self, lag: usize, lags: f64) -> f64 {
        let z = lag as f64 / (lags + 1.0);
        match self {
            Self::Bartlett => (1.0 - z).max(0.0),
            Self::Parzen if z <= 0.5 => 1.0 - 6.0 * z * z + 6.0 * z.powi(3),
            Self::Parzen => 2.0 * (1.0 - z).max(0.0).powi(3),
            Self::QuadraticSpectral if lag == 0 => 1.0,
            Self::QuadraticSpectral => {
                let angle = 6.0 * PI * z / 5.0;
                3.0 * (angle.sin() / angle - angle.cos()) / (angle * angle)
            }
        }
    }

    /// The largest lag with a weight, among the `periods` of the data.
    fn last(self, lags: f64, periods: usize) -> usize {
        let all = periods.saturating_sub(1);
        if self == Self::QuadraticSpectral { all } else { all.min(lags.ceil() as usize) }
    }
}

/// A request for such a covariance.
#[derive(Clone, Copy, Debug)]
pub struct Hac<'a> {
    /// The kernel.
    pub kernel: Kernel,
    /// Number of lags.
    pub lags: f64,
    /// Row of each period from the first to the last, nothing in gaps.
    pub row_of: &'a [Option<usize>],
}

/// Autocovariances (sums over periods) of `moments`, one vector per period in the order of time, with the weights of
/// Bartlett up to `lags`. Newey and West (1987), Econometrica 55.
pub fn sums(moments: &[Vec<f64>], lags: usize) -> Mat {
    let size = moments.first().map_or(0, Vec::len);
    let mut out = Mat::zeros(size, size);
    for lag in 0..=Kernel::Bartlett.last(lags as f64, moments.len()) {
        let weight = Kernel::Bartlett.weight(lag, lags as f64);
        for (early, late) in moments.iter().zip(&moments[lag..]) {
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

/// [`weighted_meat`] of one series.
pub fn meat(basis: &Basis, columns: &[&[f64]], scores: &[f64], hac: Hac<'_>) -> Mat {
    let last = hac.kernel.last(hac.lags, hac.row_of.len());
    weighted_meat(basis, columns, scores, (hac.kernel, hac.lags, last), |lag| {
        let pairs = hac.row_of.iter().zip(&hac.row_of[lag..]);
        pairs.filter_map(|(a, b)| Some(((*a)?, (*b)?)))
    })
}

/// Sum of the kernel's weights times the autocovariances (sums over rows) of `score * q`, `q` the rows of a basis, up to the
/// last lag. `pairs` has the earlier and the later row of each pair of a lag.
pub fn weighted_meat<P: Iterator<Item = (usize, usize)>>(
    basis: &Basis,
    columns: &[&[f64]],
    scores: &[f64],
    (kernel, lags, last): (Kernel, f64, usize),
    pairs: impl Fn(usize) -> P,
) -> Mat {
    let size = basis.len();
    let mut moments = vec![0.0; scores.len() * size];
    let parts = blocks::map(scores.len(), |range| (range.clone(), basis.rows(columns, range)));
    for (range, rows) in parts {
        for (q, column) in rows.chunks_exact(range.len()).enumerate() {
            for (i, value) in range.clone().zip(column) {
                moments[i * size + q] = scores[i] * value;
            }
        }
    }
    let moment = |row: usize| &moments[row * size..(row + 1) * size];
    let mut out = Mat::zeros(size, size);
    for a in (0..scores.len()).map(moment) {
        for i in 0..size {
            for j in 0..size {
                out[(i, j)] += a[i] * a[j];
            }
        }
    }
    for lag in 1..=last {
        let weight = kernel.weight(lag, lags);
        if weight == 0.0 {
            continue;
        }
        for (early, late) in pairs(lag) {
            let (a, b) = (moment(early), moment(late));
            for i in 0..size {
                for j in 0..size {
                    out[(i, j)] += weight * (a[i] * b[j] + b[i] * a[j]);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Kernel;

    #[test]
    fn weights_fall_from_one_to_zero() {
        for kernel in [Kernel::Bartlett, Kernel::Parzen, Kernel::QuadraticSpectral] {
            assert!((kernel.weight(0, 4.0) - 1.0).abs() < 1e-15);
        }
        assert!((Kernel::Bartlett.weight(2, 3.0) - 0.5).abs() < 1e-15);
        // Both branches of the kernel meet at one half with 1/4.
        assert!((Kernel::Parzen.weight(2, 3.0) - 0.25).abs() < 1e-15);
        assert!(Kernel::Parzen.weight(4, 3.0).abs() < 1e-15);
    }
}
