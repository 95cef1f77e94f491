//! GMM for dynamic panels: equations in differences (Arellano and Bond 1991), and in differences and levels (Blundell
//! and Bond 1998). One- and two-step estimates, robust and finite-sample corrected covariances (Windmeijer 2005),
//! Sargan and serial-correlation tests. Formulas: [XT] xtabond and [XT] xtdpd, Methods and formulas.

use super::matrix::Mat;

/// The equations of a unit: those in differences first, then those in levels.
pub struct Unit {
    /// Period of each differenced equation, ascending.
    pub periods: Vec<i64>,
    /// Outcome of each equation.
    pub y: Vec<f64>,
    /// Regressors, one row per equation.
    pub x: Mat,
    /// Instruments, one row per equation.
    pub z: Mat,
    /// Covariance of the errors of the equations, for errors in levels of variance 1, as the first step assumes it.
    pub h: Mat,
    /// Equations in differences for the tests of serial correlation, where the fitted ones are transformed otherwise.
    pub tested: Option<Tested>,
}

/// Differenced equations that take no part in the fit.
pub struct Tested {
    /// Period of each equation, ascending.
    pub periods: Vec<i64>,
    /// Outcome of each equation.
    pub y: Vec<f64>,
    /// Regressors, one row per equation.
    pub x: Mat,
    /// Covariance of their errors.
    pub h: Mat,
    /// Covariance of the errors of the fitted equations (rows) with theirs.
    pub cross: Mat,
}

/// Which covariance is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// One step with equal variances, or robust.
    One,
    /// Two steps.
    Two,
}

/// A difference-GMM fit.
pub struct GmmFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Their covariance of the requested kind.
    pub v: Mat,
    /// Residuals of the equations by unit.
    residuals: Vec<Vec<f64>>,
    /// `(W'Z A Z'W)^-1` and the weight matrix of the reported step.
    inverse: Mat,
    weight: Mat,
    /// Variance of the level errors from the residuals of the reported step.
    pub sigma2: f64,
    /// Sargan statistic.
    pub sargan: f64,
    /// Rank of the instruments.
    pub rank: usize,
    /// Number of differenced equations.
    pub n: usize,
    /// Sum of squares of the residuals of the differenced equations.
    pub rss: f64,
    homoskedastic: bool,
}

/// Covariance of the errors of a unit with `levels` equations in levels, for errors of variance 1: `2` on the diagonal
/// and `-1` for adjacent periods of the differenced equations, `1` for each equation in levels, and none between the two
/// kinds.
pub fn error_covariance(periods: &[i64], levels: usize) -> Mat {
    let split = periods.len();
    Mat::from_fn(split + levels, split + levels, |i, j| {
        if i >= split || j >= split {
            return if i == j { 1.0 } else { 0.0 };
        }
        match (periods[i] - periods[j]).abs() {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        }
    })
}

fn column(values: &[f64]) -> Mat {
    Mat::from_rows(values.len(), 1, values.to_vec())
}

fn sum(units: &[Unit], rows: usize, cols: usize, part: impl Fn(usize, &Unit) -> Mat) -> Mat {
    units.iter().enumerate().fold(Mat::zeros(rows, cols), |total, (i, u)| total.plus(&part(i, u)))
}

/// Instruments that are linear combinations of earlier ones count as one; the tolerance is relative.
const DEPENDENT: f64 = 1e-10;

fn solve(units: &[Unit], weight: &Mat, k: usize, l: usize) -> Option<(Vec<f64>, Mat, Mat)> {
    let wz = sum(units, k, l, |_, u| u.x.transpose().times(&u.z));
    let zy = sum(units, l, 1, |_, u| u.z.transpose().times(&column(&u.y)));
    let inverse = wz.sandwich(weight).inverse_definite()?;
    let b = inverse.times(&wz.times(weight)).times(&zy);
    Some((b.data().to_vec(), inverse, wz))
}

fn residuals(units: &[Unit], b: &[f64]) -> Vec<Vec<f64>> {
    units.iter().map(|u| u.x.times_vector(b).iter().zip(&u.y).map(|(f, y)| y - f).collect()).collect()
}

/// `sum_i Z_i' e_i e_i' Z_i`.
fn moments(units: &[Unit], e: &[Vec<f64>], l: usize) -> Mat {
    sum(units, l, l, |i, u| u.z.transpose().times(&column(&e[i])).outer())
}

/// Fits; nothing when the regressors are collinear or the instruments too few.
pub fn fit(units: &[Unit], steps: Steps, robust: bool) -> Option<GmmFit> {
    let (k, l) = (units.first()?.x.cols(), units.first()?.z.cols());
    let n: usize = units.iter().map(|u| u.periods.len()).sum();
    let zhz = sum(units, l, l, |_, u| u.z.transpose().sandwich(&u.h));
    let (a1, rank, _) = zhz.inverse_semidefinite(DEPENDENT);
    if rank < k {
        return None;
    }
    let (b1, q1, wz) = solve(units, &a1, k, l)?;
    let e1 = residuals(units, &b1);
    let squares = |e: &[Vec<f64>]| {
        let differenced = units.iter().zip(e).flat_map(|(u, e)| e.iter().take(u.periods.len()));
        differenced.map(|e| e * e).sum::<f64>()
    };
    let variance = |rss: f64| rss / (2.0 * (n as f64 - k as f64));
    let rss = squares(&e1);
    let sigma2 = variance(rss);
    let meat = moments(units, &e1, l);
    let left = q1.times(&wz.times(&a1));
    let v1_robust = left.sandwich(&meat);
    let ze = |e: &[Vec<f64>]| sum(units, l, 1, |i, u| u.z.transpose().times(&column(&e[i])));
    if steps == Steps::One {
        let v = if robust { v1_robust } else { q1.clone().scaled(sigma2) };
        let sargan = a1.quadratic(ze(&e1).data()) / sigma2;
        return Some(GmmFit {
            b: b1,
            v,
            residuals: e1,
            inverse: q1,
            weight: a1,
            sigma2,
            sargan,
            rank,
            n,
            rss,
            homoskedastic: !robust,
        });
    }
    let (a2, _, _) = meat.inverse_semidefinite(DEPENDENT);
    let (b2, v2, _) = solve(units, &a2, k, l)?;
    let e2 = residuals(units, &b2);
    let ze2 = ze(&e2);
    let v = if robust {
        // Windmeijer (2005): the weight matrix depends on the one-step estimates.
        let tail = a2.times(&ze2);
        let mut d = Mat::zeros(k, k);
        for j in 0..k {
            let slope = sum(units, l, l, |i, u| {
                let w =
                    u.z.transpose()
                        .times(&column(&(0..u.y.len()).map(|r| u.x[(r, j)]).collect::<Vec<f64>>()));
                let e = u.z.transpose().times(&column(&e1[i]));
                let cross = w.times(&e.transpose());
                cross.plus(&cross.transpose()).scaled(-1.0)
            });
            let part = v2.times(&wz.times(&a2)).times(&slope.times(&tail)).scaled(-1.0);
            (0..k).for_each(|r| d[(r, j)] = part[(r, 0)]);
        }
        let dv = d.times(&v2);
        v2.plus(&dv).plus(&dv.transpose()).plus(&d.sandwich(&v1_robust)).symmetrised()
    } else {
        v2.clone()
    };
    let sargan = a2.quadratic(ze2.data());
    let rss = squares(&e2);
    Some(GmmFit {
        b: b2,
        v,
        residuals: e2,
        inverse: v2,
        weight: a2,
        sigma2: variance(rss),
        sargan,
        rank,
        n,
        rss,
        homoskedastic: false,
    })
}

impl GmmFit {
    /// Variance of the errors in levels over `n` observations as `xtabond2` has it, without degrees of freedom: from the
    /// residuals of the transformed equations, whose variance is twice that in levels after differences, and the same
    /// after orthogonal deviations.
    pub fn level_variance(&self, orthogonal: bool, n: f64) -> f64 {
        self.rss / if orthogonal { n } else { 2.0 * n }
    }

    /// Arellano and Bond's test of no serial correlation of an order in the differenced errors: a standard
    /// normal statistic, or nothing when no unit has residuals that far apart.
    pub fn serial_correlation(&self, units: &[Unit], order: i64) -> Option<f64> {
        let (k, l) = (units.first()?.x.cols(), units.first()?.z.cols());
        // the equations in levels have no part in the test
        let differences: Vec<Vec<f64>> = units
            .iter()
            .zip(&self.residuals)
            .map(|(u, e)| match &u.tested {
                Some(t) => t.x.times_vector(&self.b).iter().zip(&t.y).map(|(f, y)| y - f).collect(),
                None => e[..u.periods.len()].to_vec(),
            })
            .collect();
        let lagged: Vec<Vec<f64>> = units
            .iter()
            .zip(&differences)
            .map(|(u, e)| {
                let periods = u.tested.as_ref().map_or(&u.periods, |t| &t.periods);
                let earlier = |t: &i64| periods.iter().position(|s| *s == t - order).map_or(0.0, |p| e[p]);
                periods.iter().map(earlier).collect()
            })
            .collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let statistic: f64 = lagged.iter().zip(&differences).map(|(a, b)| dot(a, b)).sum();
        let lx = sum(units, 1, k, |i, u| {
            let x = u.tested.as_ref().map_or(&u.x, |t| &t.x);
            Mat::from_fn(1, k, |_, j| lagged[i].iter().enumerate().map(|(r, w)| w * x[(r, j)]).sum())
        });
        let (first, cross) = if self.homoskedastic {
            let own: f64 = units
                .iter()
                .zip(&lagged)
                .map(|(u, w)| {
                    let h = u.tested.as_ref().map_or(&u.h, |t| &t.h);
                    let row = |i: usize| (0..w.len()).map(|j| h[(i, j)] * w[j]).sum::<f64>();
                    (0..w.len()).map(|i| w[i] * row(i)).sum::<f64>()
                })
                .sum();
            let cross = sum(units, l, 1, |i, u| {
                let h = u.tested.as_ref().map_or(&u.h, |t| &t.cross);
                let w = &lagged[i];
                let part = (0..u.y.len()).map(|r| (0..w.len()).map(|j| h[(r, j)] * w[j]).sum::<f64>());
                u.z.transpose().times(&column(&part.collect::<Vec<f64>>()))
            });
            (self.sigma2 * own, cross.scaled(self.sigma2))
        } else {
            let own: f64 = lagged.iter().zip(&differences).map(|(a, b)| dot(a, b).powi(2)).sum();
            let cross = sum(units, l, 1, |i, u| {
                u.z.transpose().times(&column(&self.residuals[i])).scaled(dot(&differences[i], &lagged[i]))
            });
            (own, cross)
        };
        let wz = sum(units, k, l, |_, u| u.x.transpose().times(&u.z));
        let middle = lx.times(&self.inverse).times(&wz.times(&self.weight)).times(&cross);
        let variance = first - 2.0 * middle[(0, 0)] + lx.sandwich(&self.v)[(0, 0)];
        (variance > 0.0).then(|| statistic / variance.sqrt())
    }
}
