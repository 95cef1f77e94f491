//! Density of a variable on both sides of a cutoff by local polynomials of the distribution function, with jackknife
//! errors and plug-in bandwidths: the test of manipulation in regression discontinuity designs.
//!
//! Formulas: Cattaneo, Jansson and Ma (2018, Stata Journal 18; 2020, Journal of the American Statistical Association
//! 115). Preliminary bandwidths follow the normal distribution with the constants of the uniform kernel at a boundary.

use super::distributions::normal_density;
use super::matrix::Mat;
use super::rd::Kernel;

/// A sample in ascending order, with the cutoff taken off.
pub struct Sample {
    x: Vec<f64>,
    /// Empirical distribution function: the share of the other rows up to the value of the row.
    cdf: Vec<f64>,
    /// First row with the value of the row.
    first: Vec<usize>,
}

impl Sample {
    /// Sorts the values. With `ties` equal values have one value of the distribution function, otherwise they are taken
    /// in their order.
    pub fn new(mut x: Vec<f64>, ties: bool) -> Self {
        x.sort_by(f64::total_cmp);
        let n = x.len();
        let others = n.saturating_sub(1).max(1) as f64;
        let (mut cdf, mut first) = (vec![0.0; n], vec![0; n]);
        let mut from = 0;
        while from < n {
            let to =
                if ties { from + x[from..].iter().take_while(|v| **v == x[from]).count() } else { from + 1 };
            cdf[from..to].fill((to - 1) as f64 / others);
            first[from..to].fill(from);
            from = to;
        }
        Self { x, cdf, first }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.x.len()
    }

    /// Numbers of rows below the cutoff, and at it or above.
    pub fn sides(&self) -> [usize; 2] {
        let below = self.x.partition_point(|v| *v < 0.0);
        [below, self.x.len() - below]
    }

    /// Numbers of rows inside the bandwidths of both sides.
    pub fn inside(&self, h: [f64; 2]) -> [usize; 2] {
        [self.window(false, h[0]).len(), self.window(true, h[1]).len()]
    }

    /// Smallest and largest value.
    pub fn range(&self) -> [f64; 2] {
        [self.x[0], self.x[self.x.len() - 1]]
    }

    fn window(&self, above: bool, h: f64) -> std::ops::Range<usize> {
        let middle = self.x.partition_point(|v| *v < 0.0);
        if above {
            middle..self.x.partition_point(|v| *v <= h).max(middle)
        } else {
            self.x.partition_point(|v| *v < -h)..middle
        }
    }

    /// Distance from the cutoff within which a side has a number of rows and a number of distinct values, or all of them.
    fn reach(&self, above: bool, rows: usize, distinct: usize) -> f64 {
        let middle = self.x.partition_point(|v| *v < 0.0);
        let distances: Vec<f64> = if above {
            self.x[middle..].to_vec()
        } else {
            self.x[..middle].iter().rev().map(|v| -v).collect()
        };
        let mut unique = distances.clone();
        unique.dedup();
        let place = |list: &[f64], count: usize| {
            if count == 0 {
                0.0
            } else {
                list.get(count.min(list.len()).saturating_sub(1)).copied().unwrap_or(0.0)
            }
        };
        place(&distances, rows).max(place(&unique, distinct))
    }

    fn moments(&self) -> (f64, f64) {
        let n = self.x.len() as f64;
        let mean = self.x.iter().sum::<f64>() / n;
        let squares: f64 = self.x.iter().map(|v| (v - mean).powi(2)).sum();
        (mean, (squares / (n - 1.0)).sqrt())
    }
}

/// A local polynomial of the distribution function on one side: rows, the weights that give each coefficient of the
/// distance in bandwidths, and the coefficients.
struct Fit {
    window: std::ops::Range<usize>,
    design: Mat,
    weights: Vec<f64>,
    inverse: Mat,
    coefficients: Vec<f64>,
}

fn fit(sample: &Sample, kernel: Kernel, above: bool, h: f64, order: usize) -> Option<Fit> {
    let window = sample.window(above, h);
    let own = &sample.x[window.clone()];
    let design = Mat::from_fn(own.len(), order + 1, |i, j| (own[i] / h).powi(j as i32));
    // the bandwidth is one of the scaled distance
    let weights: Vec<f64> = own.iter().map(|v| kernel.weight(v / h, 1.0)).collect();
    let k = order + 1;
    let cross =
        Mat::from_fn(k, k, |a, b| (0..own.len()).map(|i| weights[i] * design[(i, a)] * design[(i, b)]).sum());
    let inverse = cross.inverse_definite()?;
    let cdf = &sample.cdf[window.clone()];
    let moment: Vec<f64> =
        (0..k).map(|a| (0..own.len()).map(|i| weights[i] * design[(i, a)] * cdf[i]).sum()).collect();
    let coefficients = inverse.times_vector(&moment);
    Some(Fit { window, design, weights, inverse, coefficients })
}

/// Density at the cutoff from one side with its standard error; nothing where the window has too few distinct values.
///
/// The error is the jackknife of the statistic of order two: the part of each row is the sum of the weights of the other
/// rows with a value that is at least as large.
pub fn density(sample: &Sample, kernel: Kernel, above: bool, h: f64, order: usize) -> Option<(f64, f64)> {
    let fit = fit(sample, kernel, above, h, order)?;
    let pull: Vec<f64> = (0..fit.weights.len())
        .map(|i| fit.weights[i] * (0..=order).map(|j| fit.inverse[(1, j)] * fit.design[(i, j)]).sum::<f64>())
        .collect();
    let mut beyond = vec![0.0; pull.len() + 1];
    for i in (0..pull.len()).rev() {
        beyond[i] = beyond[i + 1] + pull[i];
    }
    // rows below the window have the sum of all weights, which is zero: a constant has no slope
    let from = fit.window.start;
    let squares: f64 =
        (0..pull.len()).map(|i| (beyond[sample.first[from + i] - from] - pull[i]).powi(2)).sum();
    Some((fit.coefficients[1] / h, squares.sqrt() / ((sample.rows() - 1) as f64 * h)))
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// A polynomial by its coefficients, lowest power first.
type Polynomial = Vec<f64>;

fn kernel_polynomial(kernel: Kernel) -> Polynomial {
    match kernel {
        Kernel::Triangular => vec![1.0, -1.0],
        Kernel::Epanechnikov => vec![0.75, 0.0, -0.75],
        Kernel::Uniform => vec![0.5],
    }
}

fn product(a: &[f64], b: &[f64]) -> Polynomial {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        b.iter().enumerate().for_each(|(j, y)| out[i + j] += x * y);
    }
    out
}

/// The integral from zero.
fn integral(a: &[f64]) -> Polynomial {
    std::iter::once(0.0).chain(a.iter().enumerate().map(|(i, x)| x / (i + 1) as f64)).collect()
}

/// Leading variance and bias of a derivative at a boundary, without density, derivative of order `order + 1`, sample size
/// and bandwidth.
fn boundary_constants(kernel: Kernel, order: usize, derivative: usize) -> Option<(f64, f64)> {
    let weight = kernel_polynomial(kernel);
    let moment =
        |power: usize| -> f64 { weight.iter().enumerate().map(|(i, w)| w / (i + power + 1) as f64).sum() };
    let gram = Mat::from_fn(order + 1, order + 1, |i, j| moment(i + j));
    let row: Vec<f64> = gram.inverse_definite()?.row(derivative).to_vec();
    let lead: f64 = row.iter().enumerate().map(|(i, c)| c * moment(i + order + 1)).sum();
    let equivalent = integral(&product(&row, &weight));
    let total: f64 = equivalent.iter().sum();
    let mut tail: Polynomial = equivalent.iter().map(|c| -c).collect();
    tail[0] += total;
    let variance: f64 = integral(&product(&tail, &tail)).iter().sum();
    let scale = factorial(derivative);
    Some((scale * scale * variance, scale * lead / factorial(order + 1)))
}

/// Derivative of a normal distribution function at a standardised point: Hermite polynomials.
fn normal_derivative(k: usize, z: f64, sd: f64) -> f64 {
    let (mut last, mut own) = (0.0, 1.0);
    for i in 0..k - 1 {
        (last, own) = (own, z * own - i as f64 * last);
    }
    let sign = if k.is_multiple_of(2) { -1.0 } else { 1.0 };
    sign * own * normal_density(z) / sd.powi(k as i32)
}

/// Bandwidth of least mean squared error of a derivative, if the variable were normal.
fn normal_bandwidth(sample: &Sample, order: usize, derivative: usize) -> Option<f64> {
    let (mean, sd) = sample.moments();
    let z = -mean / sd;
    let (variance, bias) = boundary_constants(Kernel::Uniform, order, derivative)?;
    let curvature = normal_derivative(order + 1, z, sd);
    let ratio = (2 * derivative - 1) as f64 * variance * normal_derivative(1, z, sd)
        / (2.0 * (order + 1 - derivative) as f64 * (bias * curvature).powi(2) * sample.rows() as f64);
    Some(ratio.powf(1.0 / (2 * order + 1) as f64))
}

/// Bandwidths with the leading variance and squared bias: left, right, difference, sum.
#[derive(Clone, Copy, Debug)]
pub struct Bandwidths {
    /// Bandwidths.
    pub h: [f64; 4],
    /// Variances.
    pub variance: [f64; 4],
    /// Squares of the biases.
    pub bias: [f64; 4],
}

/// Rows and distinct values that a bandwidth must have on each side.
#[derive(Clone, Copy, Debug)]
pub struct Least {
    /// Rows.
    pub rows: usize,
    /// Distinct values.
    pub distinct: usize,
}

/// Bandwidths of least mean squared error for a density of order `p`. With `least` they and the preliminary ones are
/// neither too small for an estimate nor larger than the range of the data. Nothing where the estimates do not exist.
pub fn bandwidths(sample: &Sample, kernel: Kernel, p: usize, least: Option<Least>) -> Option<Bandwidths> {
    let [low, high] = sample.range();
    let widest = low.abs().max(high.abs());
    let common = |h: f64, rows: usize, distinct: usize| {
        h.max(sample.reach(false, rows, distinct)).max(sample.reach(true, rows, distinct)).min(widest)
    };
    let mut for_variance = normal_bandwidth(sample, p, 1)?;
    let mut for_bias = normal_bandwidth(sample, p + 2, p + 1)?;
    if least.is_some() {
        let count = |order: usize| 20 + order + 1;
        for_variance = common(for_variance, count(p), count(p));
        for_bias = common(for_bias, count(p + 2), count(p + 2));
    }
    let n = sample.rows() as f64;
    let (_, constant) = boundary_constants(kernel, p, 1)?;
    let (mut variances, mut biases) = ([0.0; 2], [0.0; 2]);
    for above in [false, true] {
        let (_, se) = density(sample, kernel, above, for_variance, p)?;
        let wide = fit(sample, kernel, above, for_bias, p + 2)?;
        let curvature = wide.coefficients[p + 1] * factorial(p + 1) / for_bias.powi(p as i32 + 1);
        let sign = if above || p.is_multiple_of(2) { 1.0 } else { -1.0 };
        variances[usize::from(above)] = n * for_variance * se * se;
        biases[usize::from(above)] = sign * constant * curvature;
    }
    let both = variances[0] + variances[1];
    let variance = [variances[0], variances[1], both, both];
    let bias = [biases[0], biases[1], biases[1] - biases[0], biases[1] + biases[0]].map(|b| b * b);
    let mut h = std::array::from_fn(|i| {
        (variance[i] / (2.0 * p as f64 * bias[i] * n)).powf(1.0 / (2 * p + 1) as f64)
    });
    if let Some(Least { rows, distinct }) = least {
        h[0] = f64::max(h[0], sample.reach(false, rows, distinct)).min(low.abs());
        h[1] = f64::max(h[1], sample.reach(true, rows, distinct)).min(high.abs());
        h[2] = common(h[2], rows, distinct);
        h[3] = common(h[3], rows, distinct);
    }
    Some(Bandwidths { h, variance, bias })
}
