//! The Cox proportional hazards model: partial likelihood with Breslow's or Efron's treatment of ties,
//! strata, delayed entry and weights. Formulas: [ST] stcox; Cox (1972), Breslow (1974), Efron (1977).

use super::matrix::Mat;
use super::ml::{Iteration, Limits};
use super::partial_likelihood::{Maximum, Point, Sums, indices, maximise};

/// Records of a Cox model.
#[derive(Debug, Clone, Copy)]
pub struct CoxData<'a> {
    /// Begin of each record.
    pub t0: &'a [f64],
    /// End.
    pub t: &'a [f64],
    /// Failure at the end.
    pub d: &'a [bool],
    /// Stratum of each record.
    pub stratum: &'a [u32],
    /// Weights; absent means ones.
    pub w: Option<&'a [f64]>,
    /// A term of the index with coefficient one.
    pub offset: Option<&'a [f64]>,
    /// Efron's treatment of ties instead of Breslow's.
    pub efron: bool,
}

/// One failure time of a stratum with the sums over its risk set, at `exp(xb)`.
pub struct Event {
    /// Stratum.
    pub stratum: u32,
    /// Time.
    pub time: f64,
    /// Records that fail.
    pub deaths: Vec<usize>,
    /// Sum of weights of the deaths.
    pub weight: f64,
    /// Sum of `w exp(xb)` over the risk set.
    pub s0: f64,
    /// Sum of `w exp(xb) x`.
    pub s1: Vec<f64>,
    /// Sum of `w exp(xb) x x'`, row by row; empty when not asked for.
    pub s2: Vec<f64>,
    /// The same sums over the deaths.
    pub d0: f64,
    /// See `s1`.
    pub d1: Vec<f64>,
    /// See `s2`.
    pub d2: Vec<f64>,
}

impl Event {
    /// The shares of the deaths' sums that leave the risk set: zero for Breslow, `0, 1/m, ...` for Efron.
    pub(crate) fn shares(&self, efron: bool) -> impl ExactSizeIterator<Item = f64> + use<> {
        let m = if efron { self.deaths.len() } else { 1 };
        (0..m).map(move |l| l as f64 / m as f64)
    }

    /// Mean of the regressors over the risk set (over the steps of Efron's method).
    pub fn mean(&self, efron: bool) -> Vec<f64> {
        let shares = self.shares(efron);
        let steps = shares.len() as f64;
        let mut out = vec![0.0; self.s1.len()];
        for share in shares {
            let s0 = self.s0 - share * self.d0;
            for (j, o) in out.iter_mut().enumerate() {
                *o += (self.s1[j] - share * self.d1[j]) / s0 / steps;
            }
        }
        out
    }
}

/// Visits the failure times of all strata, each stratum from its last to its first time.
/// `risk` is `exp(xb)` of each record; `second` asks for the second moments. The sums over the deaths are those of
/// Efron's method; they stay zero with Breslow's, which does not use them.
pub fn visit(
    data: CoxData<'_>,
    columns: &[Vec<f64>],
    risk: &[f64],
    second: bool,
    mut see: impl FnMut(&Event),
) {
    let n = data.t.len();
    let k = columns.len();
    let weight = |i: usize| data.w.map_or(1.0, |w| w[i]);
    let by_end = sorted(data, data.t);
    let by_begin = sorted(data, data.t0);
    let (mut set, mut dead) = (Sums::new(k, second), Sums::new(k, second));
    let mut event = Event {
        stratum: 0,
        time: 0.0,
        deaths: Vec::new(),
        weight: 0.0,
        s0: 0.0,
        s1: set.first.clone(),
        s2: set.second.clone(),
        d0: 0.0,
        d1: set.first.clone(),
        d2: set.second.clone(),
    };
    let (mut next, mut gone) = (0, 0);
    while next < n {
        let stratum = data.stratum[by_end[next]];
        set.clear();
        while gone < n && data.stratum[by_begin[gone]] < stratum {
            gone += 1;
        }
        while next < n && data.stratum[by_end[next]] == stratum {
            let time = data.t[by_end[next]];
            event.deaths.clear();
            dead.clear();
            let mut total = 0.0;
            while next < n && data.stratum[by_end[next]] == stratum && data.t[by_end[next]] == time {
                let i = by_end[next];
                set.add(columns, i, weight(i) * risk[i]);
                if data.d[i] {
                    event.deaths.push(i);
                    total += weight(i);
                    if data.efron {
                        dead.add(columns, i, weight(i) * risk[i]);
                    }
                }
                next += 1;
            }
            if event.deaths.is_empty() {
                continue;
            }
            // Records that begin at or after this time are not at risk yet.
            while gone < n && data.stratum[by_begin[gone]] == stratum && data.t0[by_begin[gone]] >= time {
                let i = by_begin[gone];
                set.add(columns, i, -weight(i) * risk[i]);
                gone += 1;
            }
            (event.stratum, event.time, event.weight) = (stratum, time, total);
            (event.s0, event.d0) = (set.zero, dead.zero);
            event.s1.copy_from_slice(&set.first);
            event.s2.copy_from_slice(&set.second);
            event.d1.copy_from_slice(&dead.first);
            event.d2.copy_from_slice(&dead.second);
            see(&event);
        }
    }
}

/// Records by stratum, from the last time to the first, equal ones in their order.
pub(super) fn sorted(data: CoxData<'_>, time: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..time.len()).collect();
    order.sort_by(|&a, &b| {
        data.stratum[a].cmp(&data.stratum[b]).then(time[b].total_cmp(&time[a])).then(a.cmp(&b))
    });
    order
}

/// Records that were made from others: what [`CoxData`] borrows, and the regressors.
pub struct CoxRecords {
    /// Times of entry.
    pub t0: Vec<f64>,
    /// Times of exit.
    pub t: Vec<f64>,
    /// Whether a record ends with a failure.
    pub d: Vec<bool>,
    /// Stratum of each record.
    pub stratum: Vec<u32>,
    /// Weights, if any.
    pub w: Option<Vec<f64>>,
    /// A term of the index with coefficient one, if any.
    pub offset: Option<Vec<f64>>,
    /// Efron's method for ties instead of Breslow's.
    pub efron: bool,
    /// The regressors.
    pub columns: Vec<Vec<f64>>,
}

impl CoxRecords {
    /// Records in the order in which [`visit`] takes them. Every step of a search visits all of them: in this order it
    /// reads memory from front to back, and sorting finds them sorted.
    fn ordered(data: CoxData<'_>, columns: &[Vec<f64>]) -> Self {
        let order = sorted(data, data.t);
        let pick = |values: &[f64]| -> Vec<f64> { order.iter().map(|&i| values[i]).collect() };
        Self {
            t0: pick(data.t0),
            t: pick(data.t),
            d: order.iter().map(|&i| data.d[i]).collect(),
            stratum: order.iter().map(|&i| data.stratum[i]).collect(),
            w: data.w.map(pick),
            offset: data.offset.map(pick),
            efron: data.efron,
            columns: columns.iter().map(|c| pick(c)).collect(),
        }
    }

    /// The records as the kernels take them.
    pub fn data(&self) -> CoxData<'_> {
        CoxData {
            t0: &self.t0,
            t: &self.t,
            d: &self.d,
            stratum: &self.stratum,
            w: self.w.as_deref(),
            offset: self.offset.as_deref(),
            efron: self.efron,
        }
    }
}

/// Log partial likelihood with its derivatives.
fn evaluate(data: CoxData<'_>, columns: &[Vec<f64>], b: &[f64]) -> Point {
    let k = columns.len();
    let (eta, top, risk) = indices(columns, b, data.t.len(), data.offset);
    let weight = |i: usize| data.w.map_or(1.0, |w| w[i]);
    let mut out = Point::zero(k);
    let mut mean = vec![0.0; k];
    visit(data, columns, &risk, true, |event| {
        for &i in &event.deaths {
            out.ll += weight(i) * (eta[i] - top);
            for (g, column) in out.gradient.iter_mut().zip(columns) {
                *g += weight(i) * column[i];
            }
        }
        let shares = event.shares(data.efron);
        let mean_weight = event.weight / shares.len() as f64;
        for share in shares {
            let s0 = event.s0 - share * event.d0;
            out.ll -= mean_weight * s0.ln();
            for (a, mean) in mean.iter_mut().enumerate() {
                *mean = (event.s1[a] - share * event.d1[a]) / s0;
            }
            for a in 0..k {
                out.gradient[a] -= mean_weight * mean[a];
                for b in 0..=a {
                    let second = (event.s2[a * k + b] - share * event.d2[a * k + b]) / s0;
                    out.information[(a, b)] += mean_weight * (second - mean[a] * mean[b]);
                }
            }
        }
    });
    out.mirror();
    out
}

/// A fitted Cox model.
pub struct CoxFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Inverse of the information.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood without regressors.
    pub ll_0: f64,
    /// The search.
    pub log: Vec<Iteration>,
    /// Whether it ended at a maximum.
    pub converged: bool,
}

/// Positions of regressors that carry no separate information: they do not vary within risk sets, or
/// earlier ones explain them there (a regressor that is constant within strata, for example).
pub fn uninformative(data: CoxData<'_>, columns: &[&[f64]]) -> Vec<usize> {
    let n = data.t.len() as f64;
    let scaled: Vec<Vec<f64>> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / n;
            let sd = (c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            c.iter().map(|x| (x - mean) / if sd > 0.0 { sd } else { 1.0 }).collect()
        })
        .collect();
    let ordered = CoxRecords::ordered(data, &scaled);
    let information = evaluate(ordered.data(), &ordered.columns, &vec![0.0; scaled.len()]).information;
    // Rounding leaves a trace of zero information that is tiny against the number of failures.
    let floor = 1e-10 * data.d.iter().filter(|d| **d).count() as f64;
    let cleaned = Mat::from_fn(information.rows(), information.cols(), |i, j| {
        if information[(i, i)] <= floor || information[(j, j)] <= floor { 0.0 } else { information[(i, j)] }
    });
    let (_, _, kept) = cleaned.inverse_semidefinite(1e-9);
    (0..columns.len()).filter(|j| !kept.contains(j)).collect()
}

/// Maximises the partial likelihood by Newton's method with step halving; `None` when the information
/// cannot be inverted (a coefficient without a finite maximum).
pub fn fit(data: CoxData<'_>, columns: &[&[f64]], limits: Limits) -> Option<CoxFit> {
    let n = data.t.len();
    // Standardised columns keep the information well conditioned; the partial likelihood has no constant.
    let scaled: Vec<(Vec<f64>, f64)> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / n as f64;
            let sd = (c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            let sd = if sd > 0.0 { sd } else { 1.0 };
            (c.iter().map(|x| (x - mean) / sd).collect(), sd)
        })
        .collect();
    let (z, sd): (Vec<Vec<f64>>, Vec<f64>) = scaled.into_iter().unzip();
    let k = z.len();
    let ordered = CoxRecords::ordered(data, &z);
    let (data, z) = (ordered.data(), &ordered.columns);
    let Maximum { b, v, ll, log, mut converged } = maximise(k, limits, |b| evaluate(data, z, b))?;
    // A standardised coefficient with an enormous variance has run off to infinity.
    if v.diagonal().iter().any(|v| !v.is_finite() || *v > 1e8) {
        converged = false;
    }
    Some(CoxFit {
        b: b.iter().zip(&sd).map(|(b, s)| b / s).collect(),
        v: Mat::from_fn(k, k, |i, j| v[(i, j)] / (sd[i] * sd[j])),
        ll,
        ll_0: log[0].ll,
        log,
        converged,
    })
}
