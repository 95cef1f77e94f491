//! The Cox model with a gamma frailty that groups share: penalised partial likelihood in the coefficients and the logs of
//! the frailties for each variance, and the profile log likelihood of the variance. Formulas: [ST] stcox, Methods and
//! formulas; Therneau and Grambsch (2000), Modeling Survival Data, chapter 9.

use super::cox::{CoxData, sorted};
use super::distributions::ln_gamma;
use super::matrix::Mat;

/// A fitted model.
pub struct SharedFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Their covariance for the variance of the frailty as it is.
    pub v: Mat,
    /// Log frailties of the groups.
    pub effects: Vec<f64>,
    /// Variance of the frailty.
    pub theta: f64,
    /// Its standard error.
    pub se_theta: f64,
    /// Log likelihood.
    pub ll: f64,
    /// Variances that were tried, with their log likelihoods.
    pub log: Vec<(f64, f64)>,
}

/// Groups of records.
#[derive(Clone, Copy)]
pub struct Groups<'a> {
    /// Group of each record.
    pub of: &'a [usize],
    /// Number of groups.
    pub count: usize,
}

/// Sums over a set of records: weights, regressors, and both by group.
struct Sums {
    zero: f64,
    x: Vec<f64>,
    xx: Vec<f64>,
    group: Vec<f64>,
    group_x: Vec<f64>,
}

impl Sums {
    fn new(k: usize, groups: usize) -> Self {
        Self {
            zero: 0.0,
            x: vec![0.0; k],
            xx: vec![0.0; k * k],
            group: vec![0.0; groups],
            group_x: vec![0.0; groups * k],
        }
    }

    fn clear(&mut self) {
        self.zero = 0.0;
        for part in [&mut self.x, &mut self.xx, &mut self.group, &mut self.group_x] {
            part.fill(0.0);
        }
    }

    fn add(&mut self, columns: &[Vec<f64>], i: usize, group: usize, risk: f64) {
        let k = columns.len();
        self.zero += risk;
        self.group[group] += risk;
        for a in 0..k {
            let own = risk * columns[a][i];
            self.x[a] += own;
            self.group_x[group * k + a] += own;
            for (b, column) in columns.iter().enumerate().take(a + 1) {
                self.xx[a * k + b] += own * column[i];
            }
        }
    }
}

/// Log likelihood with gradient and information in the coefficients and log frailties.
struct Point {
    ll: f64,
    gradient: Vec<f64>,
    information: Mat,
}

/// The model.
struct Model<'a> {
    data: CoxData<'a>,
    columns: &'a [Vec<f64>],
    groups: Groups<'a>,
    by_end: Vec<usize>,
    by_begin: Vec<usize>,
    /// Failures of each group.
    deaths: Vec<f64>,
}

impl Model<'_> {
    /// The penalised log partial likelihood at coefficients and log frailties.
    fn evaluate(&self, at: &[f64], theta: f64) -> Point {
        let (k, g) = (self.columns.len(), self.groups.count);
        let n = self.data.t.len();
        let eta: Vec<f64> = (0..n)
            .map(|i| {
                self.columns.iter().zip(at).map(|(c, b)| c[i] * b).sum::<f64>() + at[k + self.groups.of[i]]
            })
            .collect();
        let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut out = Point { ll: 0.0, gradient: vec![0.0; k + g], information: Mat::zeros(k + g, k + g) };
        let (mut set, mut dead) = (Sums::new(k, g), Sums::new(k, g));
        let (mut next, mut gone) = (0, 0);
        let mut failing = Vec::new();
        while next < n {
            let stratum = self.data.stratum[self.by_end[next]];
            set.clear();
            while gone < n && self.data.stratum[self.by_begin[gone]] < stratum {
                gone += 1;
            }
            while next < n && self.data.stratum[self.by_end[next]] == stratum {
                let time = self.data.t[self.by_end[next]];
                failing.clear();
                dead.clear();
                while next < n
                    && self.data.stratum[self.by_end[next]] == stratum
                    && self.data.t[self.by_end[next]] == time
                {
                    let i = self.by_end[next];
                    let risk = (eta[i] - top).exp();
                    set.add(self.columns, i, self.groups.of[i], risk);
                    if self.data.d[i] {
                        failing.push(i);
                        dead.add(self.columns, i, self.groups.of[i], risk);
                    }
                    next += 1;
                }
                if failing.is_empty() {
                    continue;
                }
                while gone < n
                    && self.data.stratum[self.by_begin[gone]] == stratum
                    && self.data.t0[self.by_begin[gone]] >= time
                {
                    let i = self.by_begin[gone];
                    set.add(self.columns, i, self.groups.of[i], -(eta[i] - top).exp());
                    gone += 1;
                }
                for &i in &failing {
                    out.ll += eta[i] - top;
                    self.columns.iter().zip(&mut out.gradient).for_each(|(c, u)| *u += c[i]);
                    out.gradient[k + self.groups.of[i]] += 1.0;
                }
                self.event(&mut out, &set, &dead, failing.len());
            }
        }
        for (j, nu) in at[k..].iter().enumerate() {
            out.ll += (nu - nu.exp()) / theta;
            out.gradient[k + j] += (1.0 - nu.exp()) / theta;
            out.information[(k + j, k + j)] += nu.exp() / theta;
        }
        out
    }

    /// Adds the denominators of one failure time.
    fn event(&self, out: &mut Point, set: &Sums, dead: &Sums, failures: usize) {
        let (k, g) = (self.columns.len(), self.groups.count);
        let steps = if self.data.efron { failures } else { 1 };
        let weight = failures as f64 / steps as f64;
        let mut mean = vec![0.0; k + g];
        for step in 0..steps {
            let share = if self.data.efron { step as f64 / failures as f64 } else { 0.0 };
            let s0 = set.zero - share * dead.zero;
            out.ll -= weight * s0.ln();
            for (a, mean) in mean.iter_mut().enumerate().take(k) {
                *mean = (set.x[a] - share * dead.x[a]) / s0;
            }
            for j in 0..g {
                mean[k + j] = (set.group[j] - share * dead.group[j]) / s0;
            }
            for a in 0..k {
                for b in 0..=a {
                    let second = (set.xx[a * k + b] - share * dead.xx[a * k + b]) / s0;
                    out.information[(a, b)] += weight * second;
                }
            }
            for j in (0..g).filter(|j| mean[k + j] != 0.0) {
                out.information[(k + j, k + j)] += weight * mean[k + j];
                for a in 0..k {
                    let second = (set.group_x[j * k + a] - share * dead.group_x[j * k + a]) / s0;
                    out.information[(k + j, a)] += weight * second;
                }
            }
            for a in (0..k + g).filter(|a| mean[*a] != 0.0) {
                let own = weight * mean[a];
                out.gradient[a] -= own;
                for (b, mean) in mean.iter().enumerate().take(a + 1) {
                    out.information[(a, b)] -= own * mean;
                }
            }
        }
    }

    /// The maximum for a variance, from a start; nothing when the search does not settle.
    fn inner(&self, start: &[f64], theta: f64) -> Option<(Vec<f64>, Point)> {
        let mut at = start.to_vec();
        let mut point = self.evaluate(&at, theta);
        for _ in 0..100 {
            let root = lower_root(&point.information)?;
            let step = solve(&root, &point.gradient);
            let gain: f64 = step.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
            if gain.abs() < 1e-12 * (1.0 + point.ll.abs()) {
                return Some((at, point));
            }
            let mut length = 1.0;
            loop {
                let next: Vec<f64> = at.iter().zip(&step).map(|(a, s)| a + length * s).collect();
                let found = self.evaluate(&next, theta);
                if found.ll.is_finite() && found.ll >= point.ll - 1e-12 * point.ll.abs() {
                    (at, point) = (next, found);
                    break;
                }
                length /= 2.0;
                if length < 1e-8 {
                    return None;
                }
            }
        }
        None
    }

    /// The log likelihood of a variance, from the penalised one at its maximum. It tends to that of the model without
    /// frailties when the variance tends to zero.
    fn marginal(&self, penalised: f64, theta: f64) -> f64 {
        let nu = theta.recip();
        // sums of small differences of large numbers: Gamma(nu + d)/Gamma(nu) as a product
        let group = |d: f64| {
            let whole = d.fract() == 0.0 && d < 1e4;
            let ratio = if whole {
                (0..d as usize).map(|j| (j as f64 / nu).ln_1p()).sum::<f64>() + d * nu.ln()
            } else {
                ln_gamma(nu + d) - ln_gamma(nu)
            };
            nu - (nu + d) * (d / nu).ln_1p() - d * nu.ln() + ratio + d
        };
        penalised + self.deaths.iter().map(|d| group(*d)).sum::<f64>()
    }
}

/// Root of a positive definite matrix whose lower half is given.
fn lower_root(information: &Mat) -> Option<Mat> {
    let n = information.rows();
    Mat::from_fn(n, n, |i, j| information[(i.max(j), i.min(j))]).cholesky()
}

/// Solves `L L' x = b`.
fn solve(root: &Mat, b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = b.to_vec();
    for i in 0..n {
        let sum: f64 = (0..i).map(|j| root[(i, j)] * x[j]).sum();
        x[i] = (x[i] - sum) / root[(i, i)];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|j| root[(j, i)] * x[j]).sum();
        x[i] = (x[i] - sum) / root[(i, i)];
    }
    x
}

/// The smallest log variance that is tried; a maximum there means that there is no frailty.
const LEAST: f64 = -14.0;

/// Fits the model; nothing when the search does not settle. Weights are not used.
pub fn fit(data: CoxData<'_>, columns: &[Vec<f64>], groups: Groups<'_>, b: &[f64]) -> Option<SharedFit> {
    let mut deaths = vec![0.0; groups.count];
    groups.of.iter().zip(data.d).filter(|(_, d)| **d).for_each(|(g, _)| deaths[*g] += 1.0);
    let (by_end, by_begin) = (sorted(data, data.t), sorted(data, data.t0));
    let model = Model { data, columns, groups, by_end, by_begin, deaths };
    let mut warm: Vec<f64> = b.iter().copied().chain(vec![0.0; groups.count]).collect();
    let mut log = Vec::new();
    let mut profile = |x: f64| -> Option<f64> {
        let (at, point) = model.inner(&warm, x.exp())?;
        warm = at;
        let ll = model.marginal(point.ll, x.exp());
        log.push((x.exp(), ll));
        Some(ll)
    };
    let grid = [LEAST, -6.0, -4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0];
    let values = grid.iter().map(|x| profile(*x)).collect::<Option<Vec<f64>>>()?;
    let best = (0..grid.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let x = if best == 0 {
        LEAST
    } else {
        golden(grid[best - 1], *grid.get(best + 1).unwrap_or(&6.0), &mut profile)?
    };
    let ll = profile(x)?;
    let theta = x.exp();
    let se_theta = if best == 0 { 0.0 } else { curvature(x, ll, &mut profile)?.sqrt().recip() * theta };
    let (at, point) = model.inner(&warm, theta)?;
    let k = columns.len();
    let root = lower_root(&point.information)?;
    let mut v = Mat::zeros(k, k);
    for j in 0..k {
        let mut unit = vec![0.0; k + groups.count];
        unit[j] = 1.0;
        let column = solve(&root, &unit);
        (0..k).for_each(|i| v[(i, j)] = column[i]);
    }
    Some(SharedFit {
        b: at[..k].to_vec(),
        v: v.symmetrised(),
        effects: at[k..].to_vec(),
        theta,
        se_theta,
        ll,
        log,
    })
}

/// The place of the largest value between two ends.
fn golden(low: f64, high: f64, value: &mut impl FnMut(f64) -> Option<f64>) -> Option<f64> {
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (low, high);
    let (mut a, mut b) = (high - share * (high - low), low + share * (high - low));
    let (mut at_a, mut at_b) = (value(a)?, value(b)?);
    while high - low > 1e-6 {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - share * (high - low);
            at_a = value(a)?;
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + share * (high - low);
            at_b = value(b)?;
        }
    }
    Some(f64::midpoint(low, high))
}

/// Minus the second derivative at a maximum, by differences of fourth order.
fn curvature(x: f64, top: f64, value: &mut impl FnMut(f64) -> Option<f64>) -> Option<f64> {
    let h = 0.02;
    let near = value(x + h)? + value(x - h)?;
    let far = value(x + 2.0 * h)? + value(x - 2.0 * h)?;
    Some(-(16.0 * near - far - 30.0 * top) / (12.0 * h * h))
}
