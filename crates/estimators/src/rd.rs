//! Regression discontinuity by local polynomials with robust bias-corrected inference and plug-in bandwidths.
//!
//! Formulas: Calonico, Cattaneo and Titiunik (2014, Econometrica 82; 2014, Stata Journal 14), Calonico, Cattaneo and
//! Farrell (2020, Econometrics Journal 23), Calonico, Cattaneo, Farrell and Titiunik (2017, Stata Journal 17).

use super::matrix::Mat;

/// Kernel of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `1 - |u|`.
    Triangular,
    /// `3/4 (1 - u^2)`.
    Epanechnikov,
    /// One half.
    Uniform,
}

impl Kernel {
    /// Weight of a point at distance `d` for a bandwidth.
    pub fn weight(self, d: f64, bandwidth: f64) -> f64 {
        let u = (d / bandwidth).abs();
        if u > 1.0 {
            return 0.0;
        }
        match self {
            Self::Triangular => (1.0 - u) / bandwidth,
            Self::Epanechnikov => 0.75 * (1.0 - u * u) / bandwidth,
            Self::Uniform => 0.5 / bandwidth,
        }
    }

    /// Factor of the pilot bandwidth.
    pub(super) fn pilot(self) -> f64 {
        match self {
            Self::Triangular => 2.576,
            Self::Epanechnikov => 2.34,
            Self::Uniform => 1.843,
        }
    }
}

/// Residuals that the variance is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Distances from the mean of this number of nearest neighbours.
    Neighbours(usize),
    /// Residuals of the local regression, with the factor `n / (n - k)` or without.
    Residuals {
        /// HC1 instead of HC0.
        adjusted: bool,
    },
}

/// One side of the cutoff, in the order of the running variable, which has the cutoff taken off.
pub struct Side {
    /// Running variable.
    pub x: Vec<f64>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Treatment that was received, in fuzzy designs.
    pub treatment: Option<Vec<f64>>,
    /// Covariates.
    pub covariates: Vec<Vec<f64>>,
    /// Cluster of each row.
    pub clusters: Option<Vec<usize>>,
}

/// How the estimates are made.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Order of the polynomial.
    pub p: usize,
    /// Order of the polynomial of the bias.
    pub q: usize,
    /// Derivative of interest.
    pub deriv: usize,
    /// Kernel.
    pub kernel: Kernel,
    /// Variance.
    pub variance: Variance,
    /// Factor of the regularisation term of the bandwidths.
    pub regularisation: f64,
}

/// Rows inside a window with their weights and powers of the running variable.
pub(super) struct Window {
    pub(super) rows: Vec<usize>,
    pub(super) weights: Vec<f64>,
    pub(super) powers: Mat,
    pub(super) inverse: Mat,
}

impl Window {
    /// `X'W v` for a column over all rows of the side.
    pub(super) fn moment(&self, column: &[f64]) -> Vec<f64> {
        let term = |i: usize, j: usize| self.powers[(i, j)] * self.weights[i] * column[self.rows[i]];
        (0..self.powers.cols()).map(|j| (0..self.rows.len()).map(|i| term(i, j)).sum()).collect()
    }

    /// Coefficients of the local polynomial of a column.
    pub(super) fn coefficients(&self, column: &[f64]) -> Vec<f64> {
        self.inverse.times_vector(&self.moment(column))
    }
}

pub(super) fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

impl Side {
    fn powers(&self, rows: &[usize], order: usize) -> Mat {
        Mat::from_fn(rows.len(), order + 1, |i, j| self.x[rows[i]].powi(j as i32))
    }

    /// Points with positive weight; nothing where they have too few distinct values.
    pub(super) fn window(&self, kernel: Kernel, bandwidth: f64, order: usize) -> Option<Window> {
        let rows: Vec<usize> =
            (0..self.x.len()).filter(|i| kernel.weight(self.x[*i], bandwidth) > 0.0).collect();
        let mut distinct: Vec<f64> = rows.iter().map(|i| self.x[*i]).collect();
        distinct.dedup();
        if distinct.len() < order + 1 {
            return None;
        }
        let weights: Vec<f64> = rows.iter().map(|i| kernel.weight(self.x[*i], bandwidth)).collect();
        let powers = self.powers(&rows, order);
        let inverse = weighted_inverse(&powers, &weights)?;
        Some(Window { rows, weights, powers, inverse })
    }

    /// Numbers of rows with the value of each row, and its place among them from one, in a list of rows.
    fn ties(&self, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let n = rows.len();
        let (mut count, mut place) = (vec![1; n], vec![1; n]);
        let mut from = 0;
        while from < n {
            let mut to = from + 1;
            while to < n && self.x[rows[to]] == self.x[rows[from]] {
                to += 1;
            }
            for i in from..to {
                count[i] = to - from;
                place[i] = i - from + 1;
            }
            from = to;
        }
        (count, place)
    }

    /// Distances from the mean of the nearest neighbours, scaled to the variance of a row (Abadie and Imbens 2006).
    fn neighbour_residuals(&self, rows: &[usize], matches: usize) -> Vec<f64> {
        let n = rows.len();
        let (count, place) = self.ties(rows);
        let x = |i: usize| self.x[rows[i]];
        (0..n)
            .map(|i| {
                let (mut right, mut left) = (count[i] - place[i], place[i] - 1);
                while left + right < matches.min(n - 1) {
                    let low = i.checked_sub(left + 1);
                    let high = Some(i + right + 1).filter(|h| *h < n);
                    let gaps = (low.map(|l| x(i) - x(l)), high.map(|h| x(h) - x(i)));
                    match (low, high, gaps) {
                        (None, Some(h), _) => right += count[h],
                        (Some(l), None, _) => left += count[l],
                        (Some(l), Some(h), (Some(below), Some(above))) => {
                            // distances that differ by rounding alone are equal, as in the authors' programs
                            let alike = below.max(above) * f64::EPSILON.sqrt();
                            if below - above >= -alike {
                                right += count[h];
                            }
                            if below - above <= alike {
                                left += count[l];
                            }
                        }
                        _ => break,
                    }
                }
                let inside = i - left..(i + right + 1).min(n);
                let others = (inside.len() - 1) as f64;
                let sum: f64 = inside.map(|k| self.y[rows[k]]).sum::<f64>() - self.y[rows[i]];
                (others / (others + 1.0)).sqrt() * (self.y[rows[i]] - sum / others)
            })
            .collect()
    }

    /// Residuals for the variance in a list of rows; `fitted` are those of a polynomial with `parameters`.
    fn residuals(
        &self,
        rows: &[usize],
        variance: Variance,
        fitted: impl Fn(usize) -> f64,
        parameters: usize,
    ) -> Vec<f64> {
        match variance {
            Variance::Neighbours(matches) => self.neighbour_residuals(rows, matches),
            Variance::Residuals { adjusted } => {
                let n = rows.len() as f64;
                let clustered = self.clusters.is_some();
                let factor = if adjusted && !clustered { (n / (n - parameters as f64)).sqrt() } else { 1.0 };
                (0..rows.len()).map(|i| factor * (self.y[rows[i]] - fitted(i))).collect()
            }
        }
    }

    /// `sum u u'` of the rows' scores, summed within clusters with the factor of [R] regress for a number of parameters
    /// when there are clusters.
    fn meat(&self, rows: &[usize], scores: &Mat, parameters: usize) -> Mat {
        let k = scores.cols();
        let Some(clusters) = &self.clusters else {
            return scores.transpose().times(scores);
        };
        let mut seen: Vec<usize> = rows.iter().map(|r| clusters[*r]).collect();
        seen.sort_unstable();
        seen.dedup();
        let mut sums = Mat::zeros(seen.len(), k);
        for (i, row) in rows.iter().enumerate() {
            let at = seen.partition_point(|c| *c < clusters[*row]);
            (0..k).for_each(|j| sums[(at, j)] += scores[(i, j)]);
        }
        let (n, g) = (rows.len() as f64, seen.len() as f64);
        sums.transpose().times(&sums).scaled((n - 1.0) / (n - parameters as f64) * g / (g - 1.0))
    }

    pub(super) fn coefficients(&self, window: &Window) -> Vec<f64> {
        window.coefficients(&self.y)
    }

    /// Covariance of the local polynomial of a window.
    pub(super) fn covariance(&self, window: &Window, variance: Variance) -> Mat {
        let b = self.coefficients(window);
        let fitted = |i: usize| (0..b.len()).map(|j| b[j] * window.powers[(i, j)]).sum();
        let e = self.residuals(&window.rows, variance, fitted, b.len());
        let scores =
            Mat::from_fn(window.rows.len(), b.len(), |i, j| window.powers[(i, j)] * window.weights[i] * e[i]);
        window.inverse.sandwich(&self.meat(&window.rows, &scores, b.len()))
    }
}

/// `(X'WX)^-1` on powers that are scaled to one.
fn weighted_inverse(powers: &Mat, weights: &[f64]) -> Option<Mat> {
    let k = powers.cols();
    let largest = |j: usize| (0..powers.rows()).map(|i| powers[(i, j)].abs()).fold(0.0, f64::max);
    let scale: Vec<f64> = (0..k).map(largest).collect();
    if scale.contains(&0.0) {
        return None;
    }
    let cross = Mat::from_fn(k, k, |a, b| {
        (0..powers.rows())
            .map(|i| weights[i] * (powers[(i, a)] / scale[a]) * (powers[(i, b)] / scale[b]))
            .sum()
    });
    let inverse = cross.inverse_definite()?;
    Some(Mat::from_fn(k, k, |a, b| inverse[(a, b)] / (scale[a] * scale[b])))
}

/// Estimates of one side: conventional and bias-corrected value of the derivative with their variances.
pub struct SideFit {
    /// Conventional coefficient.
    pub conventional: f64,
    /// Bias-corrected coefficient.
    pub corrected: f64,
    /// Conventional variance.
    pub variance: f64,
    /// Variance that allows for the bias correction.
    pub robust: f64,
    /// Rows with positive weight in the window of the estimate and of the bias.
    pub rows: (usize, usize),
}

/// Fits one side at its bandwidths; nothing where a window has too few distinct values.
pub fn fit(side: &Side, s: &Settings, h: f64, b: f64) -> Option<SideFit> {
    let near = side.window(s.kernel, h, s.p)?;
    let wide = side.window(s.kernel, b, s.q)?;
    let union = h.max(b);
    let rows: Vec<usize> = (0..side.x.len()).filter(|i| s.kernel.weight(side.x[*i], union) > 0.0).collect();
    let powers = side.powers(&rows, s.q);
    let wh: Vec<f64> = rows.iter().map(|i| s.kernel.weight(side.x[*i], h)).collect();
    let wb: Vec<f64> = rows.iter().map(|i| s.kernel.weight(side.x[*i], b)).collect();
    let n = rows.len();
    let (p, q) = (s.p, s.q);
    let lead: Vec<f64> = (0..=p)
        .map(|j| (0..n).map(|i| powers[(i, j)] * wh[i] * (side.x[rows[i]] / h).powi(p as i32 + 1)).sum())
        .collect();
    // the rows' weights in the coefficient of order p + 1 of the wide polynomial
    let pull: Vec<f64> = (0..n)
        .map(|i| wb[i] * (0..=q).map(|j| wide.inverse[(p + 1, j)] * powers[(i, j)]).sum::<f64>())
        .collect();
    let corrected =
        Mat::from_fn(n, p + 1, |i, j| powers[(i, j)] * wh[i] - h.powi(p as i32 + 1) * lead[j] * pull[i]);
    let plain = Mat::from_fn(n, p + 1, |i, j| powers[(i, j)] * wh[i]);
    let value = |scores: &Mat| -> Vec<f64> {
        let moment: Vec<f64> =
            (0..=p).map(|j| (0..n).map(|i| scores[(i, j)] * side.y[rows[i]]).sum()).collect();
        near.inverse.times_vector(&moment)
    };
    let (b_p, b_c) = (value(&plain), value(&corrected));
    let b_q = side.coefficients(&wide);
    let polynomial = |b: &[f64], i: usize| (0..b.len()).map(|j| b[j] * powers[(i, j)]).sum::<f64>();
    let e_h = side.residuals(&rows, s.variance, |i| polynomial(&b_p, i), p + 1);
    let e_b = side.residuals(&rows, s.variance, |i| polynomial(&b_q, i), q + 1);
    let spread = |scores: &Mat, e: &[f64], parameters: usize| {
        let weighted = Mat::from_fn(n, p + 1, |i, j| scores[(i, j)] * e[i]);
        near.inverse.sandwich(&side.meat(&rows, &weighted, parameters))[(s.deriv, s.deriv)]
    };
    let scale = factorial(s.deriv);
    Some(SideFit {
        conventional: scale * b_p[s.deriv],
        corrected: scale * b_c[s.deriv],
        variance: scale * scale * spread(&plain, &e_h, p + 1),
        robust: scale * scale * spread(&corrected, &e_b, q + 1),
        rows: (near.rows.len(), wide.rows.len()),
    })
}
