//! Cox regression with a gamma frailty that the records of a group share ([ST] stcox, Methods and formulas; Therneau and
//! Grambsch 2000, chapter 9): the partial likelihood with a penalty on the logs of the frailties.

use super::cox::{CoxData, CoxFit, CoxRecords, evaluate};
use super::distributions::ln_gamma;
use super::matrix::Mat;
use super::ml::Limits;
use super::partial_likelihood::{Maximum, maximise};

/// A fitted model: its log likelihood is that of the frailties' variance.
pub struct SharedFit {
    /// Coefficients, their covariance given theta, the log likelihood; `ll_0` is that without frailty.
    pub fit: CoxFit,
    /// Variance of the frailty.
    pub theta: f64,
    /// Its standard error; not-a-number at zero.
    pub se: f64,
}

/// The records with a column for each group.
struct Shared<'a> {
    ordered: CoxRecords,
    /// Failures of each group.
    failures: Vec<f64>,
    regressors: usize,
    limits: Limits,
    sd: &'a [f64],
}

impl Shared<'_> {
    /// Maximises over coefficients and frailties at a variance; the log likelihood adds what the penalty leaves out.
    fn at(&self, theta: f64) -> Option<(f64, Maximum)> {
        let (k, p) = (self.regressors + self.failures.len(), self.regressors);
        let found = maximise(k, self.limits, |b| {
            let mut point = evaluate(self.ordered.data(), &self.ordered.columns, b);
            for i in p..k {
                let frailty = b[i].exp();
                point.ll += (b[i] - frailty) / theta;
                point.gradient[i] += (1.0 - frailty) / theta;
                point.information[(i, i)] += frailty / theta;
            }
            point
        })?;
        let v = 1.0 / theta;
        let share = |d: &f64| d + v - (v + d) * (v + d).ln() + v * v.ln() + ln_gamma(v + d) - ln_gamma(v);
        Some((found.ll + self.failures.iter().map(share).sum::<f64>(), found))
    }

    fn log_likelihood(&self, theta: f64) -> f64 {
        self.at(theta).map_or(f64::NEG_INFINITY, |x| x.0)
    }

    /// Coefficients on their own scale.
    fn raw(&self, found: &Maximum) -> (Vec<f64>, Mat) {
        let p = self.regressors;
        let b = (0..p).map(|i| found.b[i] / self.sd[i]).collect();
        (b, Mat::from_fn(p, p, |i, j| found.v[(i, j)] / (self.sd[i] * self.sd[j])))
    }
}

/// Golden section for the log of the variance, between limits; ends when they are close.
fn golden(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    while high - low > 1e-4 {
        if fa > fb {
            (high, b, fb) = (b, a, fa);
            a = high - ratio * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + ratio * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}

/// Fits by profiling the variance. `plain` is the model without frailty, `group` the group of each record. Nothing when a
/// search fails.
pub fn fit_shared(
    data: CoxData<'_>,
    columns: &[&[f64]],
    group: &[u32],
    count: usize,
    plain: &CoxFit,
    limits: Limits,
) -> Option<SharedFit> {
    let n = data.t.len() as f64;
    let mut sd = Vec::new();
    let mut wide: Vec<Vec<f64>> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / n;
            let spread = (c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            sd.push(if spread > 0.0 { spread } else { 1.0 });
            c.iter().map(|x| (x - mean) / sd[sd.len() - 1]).collect()
        })
        .collect();
    for g in 0..count {
        wide.push(group.iter().map(|x| f64::from(u8::from(*x as usize == g))).collect());
    }
    let mut failures = vec![0.0; count];
    group.iter().zip(data.d).filter(|(_, d)| **d).for_each(|(g, _)| failures[*g as usize] += 1.0);
    let tight = Limits { tolerance: 1e-9, likelihood_tolerance: 1e-12, ..limits };
    let ordered = CoxRecords::ordered(data, &wide);
    let shared = Shared { ordered, failures, regressors: columns.len(), limits: tight, sd: &sd };
    let mut log = golden(|l| shared.log_likelihood(l.exp()), -9.0, 4.0);
    let slopes = |l: f64, h: f64| {
        let f = |x: f64| shared.log_likelihood(x.exp());
        let (middle, up, down, far_up, far_down) = (f(l), f(l + h), f(l - h), f(l + 2.0 * h), f(l - 2.0 * h));
        let first = (8.0 * (up - down) - (far_up - far_down)) / (12.0 * h);
        let second = (16.0 * (up + down) - (far_up + far_down) - 30.0 * middle) / (12.0 * h * h);
        (first, second)
    };
    for _ in 0..3 {
        let (first, second) = slopes(log, 0.05);
        if second < 0.0 && (first / second).abs() < 0.5 {
            log -= first / second;
        }
    }
    let (ll, found) = shared.at(log.exp())?;
    let ended = |ll: f64, b: Vec<f64>, v: Mat, converged: bool| CoxFit {
        b,
        v,
        ll,
        ll_0: plain.ll,
        log: plain.log.clone(),
        converged: converged && plain.converged,
    };
    if ll <= plain.ll + 1e-9 {
        // the edge of the range: no frailty
        let fit = ended(plain.ll, plain.b.clone(), plain.v.clone(), true);
        return Some(SharedFit { fit, theta: 0.0, se: f64::NAN });
    }
    let (_, curve) = slopes(log, 0.05);
    let (b, v) = shared.raw(&found);
    // at the maximum the second derivative in theta is that in its log over theta squared
    let se = log.exp() / (-curve).sqrt();
    Some(SharedFit { fit: ended(ll, b, v, found.converged), theta: log.exp(), se })
}
