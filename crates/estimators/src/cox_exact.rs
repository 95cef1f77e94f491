//! Exact treatment of tied failures in Cox regression ([ST] stcox, Methods and formulas): the partial likelihood of the set
//! that fails, and the marginal likelihood that sums over the orders in which tied records may have failed.

use super::cox::{CoxData, CoxFit};
use super::matrix::Mat;
use super::ml::Limits;
use super::partial_likelihood::{Maximum, Point, maximise};
use super::quadrature::gauss_legendre;

/// The likelihood of ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// Times are continuous, ties are roundings (Kalbfleisch and Prentice 1973).
    Marginal,
    /// Times are discrete (Cox 1972): a conditional logistic likelihood of each risk set.
    Partial,
}

/// Records that fail at a time, and those at risk that survive it.
struct Set {
    deaths: Vec<usize>,
    survivors: Vec<usize>,
}

fn sets(data: CoxData<'_>) -> Vec<Set> {
    let n = data.t.len();
    let mut times: Vec<(u32, f64)> =
        (0..n).filter(|i| data.d[*i]).map(|i| (data.stratum[i], data.t[i])).collect();
    times.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    times.dedup();
    let one = |(stratum, time): (u32, f64)| {
        let at_risk = |i: &usize| data.stratum[*i] == stratum && data.t0[*i] < time && data.t[*i] >= time;
        let (deaths, survivors) = (0..n).filter(at_risk).partition(|i| data.d[*i] && data.t[*i] == time);
        Set { deaths, survivors }
    };
    times.into_iter().map(one).collect()
}

/// A value with gradient and Hessian (lower triangle and diagonal, row by row).
#[derive(Clone)]
struct Moments {
    value: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Moments {
    fn new(k: usize, value: f64) -> Self {
        Self { value, first: vec![0.0; k], second: vec![0.0; k * k] }
    }

    /// Adds `weight exp(x b) * other`, with its derivatives.
    fn add_product(&mut self, other: &Self, weight: f64, x: &[f64]) {
        let k = x.len();
        self.value += weight * other.value;
        for a in 0..k {
            self.first[a] += weight * (other.first[a] + x[a] * other.value);
            for b in 0..=a {
                self.second[a * k + b] += weight
                    * (other.second[a * k + b]
                        + x[a] * other.first[b]
                        + x[b] * other.first[a]
                        + x[a] * x[b] * other.value);
            }
        }
    }

    fn scale(&mut self, factor: f64) {
        self.value *= factor;
        self.first.iter_mut().chain(&mut self.second).for_each(|v| *v *= factor);
    }
}

/// Adds `sign ln(m)` to a point.
fn add_log(out: &mut Point, m: &Moments, sign: f64) {
    let k = m.first.len();
    out.ll += sign * m.value.ln();
    for a in 0..k {
        let mean = m.first[a] / m.value;
        out.gradient[a] += sign * mean;
        for b in 0..=a {
            out.information[(a, b)] -= sign * (m.second[a * k + b] / m.value - mean * m.first[b] / m.value);
        }
    }
}

/// The probability that the deaths are those that fail, given their number: the denominator is the sum of products of
/// risks over all sets of that size, by the recursion of Gail, Lubin and Rubinstein (1981).
fn partial(set: &Set, rows: &[Vec<f64>], eta: &[f64], out: &mut Point) {
    let k = out.gradient.len();
    let size = set.deaths.len();
    let members = || set.deaths.iter().chain(&set.survivors);
    let top = members().map(|i| eta[*i]).fold(f64::NEG_INFINITY, f64::max);
    for i in &set.deaths {
        out.ll += eta[*i] - top;
        out.gradient.iter_mut().zip(&rows[*i]).for_each(|(g, x)| *g += x);
    }
    let mut sums: Vec<Moments> =
        (0..=size).map(|j| Moments::new(k, if j == 0 { 1.0 } else { 0.0 })).collect();
    let mut logs = 0.0;
    for (seen, i) in members().enumerate() {
        let risk = (eta[*i] - top).exp();
        for j in (1..=size.min(seen + 1)).rev() {
            let (below, from) = sums.split_at_mut(j);
            from[0].add_product(&below[j - 1], risk, &rows[*i]);
        }
        // the sums keep a common scale
        let largest = sums.iter().map(|s| s.value).fold(0.0, f64::max);
        if largest > 1e100 {
            sums.iter_mut().for_each(|s| s.scale(1e-100));
            logs += 100.0 * std::f64::consts::LN_10;
        }
    }
    add_log(out, &sums[size], -1.0);
    out.ll -= logs;
}

/// The sum over all orders of the deaths, as the integral of `prod (1 - exp(-a_j t)) exp(-t)`, `a_j` being the risk of a
/// death over those of all survivors (DeLong, Guirguis and So 1994).
fn marginal(set: &Set, rows: &[Vec<f64>], eta: &[f64], nodes: &[(f64, f64)], out: &mut Point) {
    let k = out.gradient.len();
    if set.survivors.is_empty() {
        return;
    }
    let top = set.survivors.iter().map(|i| eta[*i]).fold(f64::NEG_INFINITY, f64::max);
    let mut rest = Moments::new(k, 0.0);
    let one = Moments::new(k, 1.0);
    set.survivors.iter().for_each(|i| rest.add_product(&one, (eta[*i] - top).exp(), &rows[*i]));
    let mean: Vec<f64> = rest.first.iter().map(|f| f / rest.value).collect();
    let spread = |a: usize, b: usize| rest.second[a * k + b] / rest.value - mean[a] * mean[b];
    let shares: Vec<f64> = set.deaths.iter().map(|i| (eta[*i] - top).exp() / rest.value).collect();
    let gaps: Vec<Vec<f64>> =
        set.deaths.iter().map(|i| rows[*i].iter().zip(&mean).map(|(x, m)| x - m).collect()).collect();
    let mut total = Moments::new(k, 0.0);
    for (t, w) in nodes {
        let mut at = Moments::new(k, 0.0);
        let mut log = -t;
        for (a, gap) in shares.iter().zip(&gaps) {
            let (q, e) = (-f64::exp_m1(-a * t), (-a * t).exp());
            log += q.ln();
            // derivatives of ln q in ln a
            let first = a * t * e / q;
            let second = first * (1.0 - a * t / q);
            for i in 0..k {
                at.first[i] += first * gap[i];
                for j in 0..=i {
                    at.second[i * k + j] += second * gap[i] * gap[j] - first * spread(i, j);
                }
            }
        }
        let weight = w * log.exp();
        total.value += weight;
        for i in 0..k {
            total.first[i] += weight * at.first[i];
            for j in 0..=i {
                total.second[i * k + j] += weight * (at.second[i * k + j] + at.first[i] * at.first[j]);
            }
        }
    }
    add_log(out, &total, 1.0);
}

/// Nodes on panels that shrink towards zero, for integrands that fall like `exp(-t)`.
fn nodes() -> Vec<(f64, f64)> {
    let (x, w) = gauss_legendre(16);
    let mut out = Vec::new();
    let mut high = 700.0;
    for panel in 0..60 {
        let low = if panel == 59 { 0.0 } else { high / 1.8 };
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        out.extend(x.iter().zip(&w).map(|(x, w)| (middle + half * x, half * w)));
        high = low;
    }
    out
}

/// Maximises an exact likelihood; [`super::cox::fit`] has the meaning of the arguments. Weights are not used.
pub fn fit_exact(data: CoxData<'_>, columns: &[&[f64]], exact: Exact, limits: Limits) -> Option<CoxFit> {
    let n = data.t.len();
    let k = columns.len();
    let scales: Vec<(f64, f64)> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / n as f64;
            let sd = (c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            (mean, if sd > 0.0 { sd } else { 1.0 })
        })
        .collect();
    let rows: Vec<Vec<f64>> =
        (0..n).map(|i| columns.iter().zip(&scales).map(|(c, (m, s))| (c[i] - m) / s).collect()).collect();
    let sets = sets(data);
    let nodes = nodes();
    let evaluate = |b: &[f64]| {
        let eta: Vec<f64> = rows.iter().map(|x| x.iter().zip(b).map(|(x, b)| x * b).sum()).collect();
        let mut out = Point::zero(k);
        for set in &sets {
            match exact {
                Exact::Partial => partial(set, &rows, &eta, &mut out),
                Exact::Marginal => marginal(set, &rows, &eta, &nodes, &mut out),
            }
        }
        out.mirror();
        out
    };
    let Maximum { b, v, ll, log, mut converged } = maximise(k, limits, evaluate)?;
    if v.diagonal().iter().any(|v| !v.is_finite() || *v > 1e8) {
        converged = false;
    }
    Some(CoxFit {
        b: b.iter().zip(&scales).map(|(b, s)| b / s.1).collect(),
        v: Mat::from_fn(k, k, |i, j| v[(i, j)] / (scales[i].1 * scales[j].1)),
        ll,
        ll_0: log[0].ll,
        log,
        converged,
    })
}
