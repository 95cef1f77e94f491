//! Meta-analysis: variance between studies, pooled effects, heterogeneity, regression on moderators, trim and fill.
//! Effects `y` with their known sampling variances `v`, one for each study.

use super::distributions::{normal_quantile, t_inverse_tail};
use super::matrix::Mat;

/// Estimators of the variance between studies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Restricted maximum likelihood.
    Reml,
    /// Maximum likelihood.
    Ml,
    /// Empirical Bayes (Morris 1983), the same as Paule and Mandel's.
    EmpiricalBayes,
    /// DerSimonian and Laird (1986).
    DerSimonianLaird,
    /// Sidik and Jonkman (2005).
    SidikJonkman,
    /// Hedges (1983).
    Hedges,
    /// Hunter and Schmidt (2004).
    HunterSchmidt,
}

/// A weighted least-squares fit of effects on moderators.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Coefficients; the constant last.
    pub b: Vec<f64>,
    /// `(X'WX)^-1`.
    pub v: Mat,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// Weighted sum of squared residuals.
    pub q: f64,
}

/// Moderators of the studies; the constant is the last column.
pub struct Studies<'a> {
    /// Effects.
    pub y: &'a [f64],
    /// Their sampling variances.
    pub v: &'a [f64],
    /// Columns of the design.
    pub x: Vec<Vec<f64>>,
}

impl<'a> Studies<'a> {
    /// Studies without moderators.
    pub fn plain(y: &'a [f64], v: &'a [f64]) -> Self {
        Self { y, v, x: vec![vec![1.0; y.len()]] }
    }

    fn moment(&self, w: &[f64]) -> Mat {
        let p = self.x.len();
        Mat::from_fn(p, p, |a, b| (0..w.len()).map(|i| w[i] * self.x[a][i] * self.x[b][i]).sum())
    }

    /// The fit with weights; `None` when the moderators are collinear.
    pub fn fit(&self, w: &[f64]) -> Option<Fit> {
        let v = self.moment(w).inverse_definite()?;
        let right: Vec<f64> =
            self.x.iter().map(|c| (0..w.len()).map(|i| w[i] * c[i] * self.y[i]).sum()).collect();
        let b = v.times_vector(&right);
        let fitted = |i: usize| self.x.iter().zip(&b).map(|(c, b)| c[i] * b).sum::<f64>();
        let residuals: Vec<f64> = (0..w.len()).map(|i| self.y[i] - fitted(i)).collect();
        let q = residuals.iter().zip(w).map(|(r, w)| w * r * r).sum();
        Some(Fit { b, v, residuals, q })
    }

    /// Weights `1/(v + tau2)`.
    pub fn weights(&self, tau2: f64) -> Vec<f64> {
        self.v.iter().map(|v| 1.0 / (v + tau2)).collect()
    }

    /// Traces of `P` and of `P P` with `P = W - W X (X'WX)^-1 X'W`.
    fn traces(&self, w: &[f64], inverse: &Mat) -> (f64, f64) {
        let power = |k: i32| w.iter().map(|w| w.powi(k)).collect::<Vec<f64>>();
        let second = inverse.times(&self.moment(&power(2)));
        let third = inverse.times(&self.moment(&power(3)));
        let trace = |m: &Mat| m.diagonal().iter().sum::<f64>();
        let p = w.iter().sum::<f64>() - trace(&second);
        let pp = power(2).iter().sum::<f64>() - 2.0 * trace(&third) + trace(&second.times(&second));
        (p, pp)
    }

    /// The typical sampling variance `(K - p)/tr(P)` at weights without heterogeneity (Higgins and Thompson 2002).
    pub fn typical_variance(&self) -> Option<f64> {
        let w = self.weights(0.0);
        let fit = self.fit(&w)?;
        Some((w.len() as f64 - self.x.len() as f64) / self.traces(&w, &fit.v).0)
    }

    /// DerSimonian and Laird's variance between studies from a statistic of homogeneity, which may be one about another pool, with
    /// the inverse `(X'WX)^-1` at weights without heterogeneity. It may be below zero.
    pub fn dersimonian_laird(&self, q: f64, inverse: &Mat) -> f64 {
        let df = self.y.len() as f64 - self.x.len() as f64;
        (q - df) / self.traces(&self.weights(0.0), inverse).0
    }

    /// The variance between studies, never below zero, and whether the search converged. `None` when the moderators
    /// are collinear or leave no degrees of freedom.
    pub fn between(&self, method: Between) -> Option<(f64, bool)> {
        let (k, p) = (self.y.len() as f64, self.x.len() as f64);
        if k <= p {
            return None;
        }
        let w = self.weights(0.0);
        let moments = |tau2: f64| Some((tau2.max(0.0), true));
        match method {
            Between::DerSimonianLaird => {
                let fit = self.fit(&w)?;
                moments(self.dersimonian_laird(fit.q, &fit.v))
            }
            Between::HunterSchmidt => moments((self.fit(&w)?.q - k) / w.iter().sum::<f64>()),
            Between::Hedges => {
                let ones = vec![1.0; self.y.len()];
                let fit = self.fit(&ones)?;
                // tr((I - H) V) with H the hat matrix of least squares.
                let within = self.v.iter().sum::<f64>()
                    - fit.v.times(&self.moment(self.v)).diagonal().iter().sum::<f64>();
                moments((fit.q - within) / (k - p))
            }
            Between::SidikJonkman => {
                // The first value is the variance of the effects, with moderators, too.
                let mean = self.y.iter().sum::<f64>() / k;
                let first = self.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / k;
                let w: Vec<f64> = self.v.iter().map(|v| 1.0 / (v / first + 1.0)).collect();
                moments(self.fit(&w)?.q / (k - p))
            }
            Between::EmpiricalBayes => self.generalised(k - p),
            Between::Reml => self.scoring(true),
            Between::Ml => self.scoring(false),
        }
    }

    /// Solves `Q(tau2) = df`; `Q` falls in `tau2`.
    fn generalised(&self, df: f64) -> Option<(f64, bool)> {
        let q = |tau2: f64| self.fit(&self.weights(tau2)).map(|f| f.q - df);
        if q(0.0)? <= 0.0 {
            return Some((0.0, true));
        }
        let (mut low, mut high) = (0.0, 1.0);
        while q(high)? > 0.0 {
            low = high;
            high *= 2.0;
            if high > 1e150 {
                return Some((high, false));
            }
        }
        for _ in 0..400 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if q(middle)? > 0.0 { low = middle } else { high = middle }
        }
        Some((0.5 * (low + high), true))
    }

    /// Log likelihood up to a constant.
    fn log_likelihood(&self, tau2: f64, restricted: bool) -> Option<f64> {
        let w = self.weights(tau2);
        let fit = self.fit(&w)?;
        let mut ll = 0.5 * w.iter().map(|w| w.ln()).sum::<f64>() - 0.5 * fit.q;
        if restricted {
            let root = fit.v.cholesky()?;
            ll += root.diagonal().iter().map(|d| d.ln()).sum::<f64>();
        }
        Some(ll)
    }

    /// Fisher scoring (Thompson and Sharp 1999; Raudenbush 2009), with halved steps.
    fn scoring(&self, restricted: bool) -> Option<(f64, bool)> {
        let mut tau2 = self.between(Between::Hedges)?.0;
        let mut ll = self.log_likelihood(tau2, restricted)?;
        for _ in 0..500 {
            let (score, information) = self.score(tau2, restricted)?;
            let step = score / information;
            if tau2 == 0.0 && step <= 0.0 {
                return Some((0.0, true));
            }
            let mut factor = 1.0;
            let (next, next_ll) = loop {
                let next = (tau2 + factor * step).max(0.0);
                let value = self.log_likelihood(next, restricted)?;
                if value >= ll || factor < 1e-10 {
                    break (next, value);
                }
                factor *= 0.5;
            };
            let change = (next - tau2).abs();
            (tau2, ll) = (next, next_ll);
            if change <= 1e-12 * (tau2 + self.v.iter().copied().fold(f64::INFINITY, f64::min)) {
                return Some((self.polished(tau2, restricted)?, true));
            }
        }
        Some((tau2, false))
    }

    /// Derivative of twice the log likelihood, and its expected information.
    fn score(&self, tau2: f64, restricted: bool) -> Option<(f64, f64)> {
        let w = self.weights(tau2);
        let fit = self.fit(&w)?;
        let squares: f64 = fit.residuals.iter().zip(&w).map(|(r, w)| (w * r).powi(2)).sum();
        let (trace, information) = if restricted {
            self.traces(&w, &fit.v)
        } else {
            (w.iter().sum(), w.iter().map(|w| w * w).sum())
        };
        Some((squares - trace, information))
    }

    /// The likelihood is flat to rounding near its maximum: the zero of its derivative is sharper.
    fn polished(&self, tau2: f64, restricted: bool) -> Option<f64> {
        let (mut low, mut high) = (tau2 * (1.0 - 1e-3), tau2 * (1.0 + 1e-3));
        if tau2 == 0.0 || self.score(low, restricted)?.0 <= 0.0 || self.score(high, restricted)?.0 >= 0.0 {
            return Some(tau2);
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.score(middle, restricted)?.0 > 0.0 { low = middle } else { high = middle }
        }
        Some(0.5 * (low + high))
    }
}

/// A pooled effect with its heterogeneity.
#[derive(Debug, Clone)]
pub struct Pooled {
    /// The effect.
    pub theta: f64,
    /// Its standard error.
    pub se: f64,
    /// Variance between studies; zero without random effects.
    pub tau2: f64,
    /// Share of the variance that is between studies, in percent.
    pub i2: f64,
    /// `H2`.
    pub h2: f64,
    /// Cochran's statistic of homogeneity.
    pub q: f64,
    /// Weights of the studies.
    pub weights: Vec<f64>,
    /// Whether the variance was found.
    pub converged: bool,
}

/// Pools effects by the inverse of their variances; `None` means one common or several fixed effects.
pub fn pool(y: &[f64], v: &[f64], method: Option<Between>) -> Option<Pooled> {
    let studies = Studies::plain(y, v);
    let k = y.len() as f64;
    let q = studies.fit(&studies.weights(0.0))?.q;
    let (tau2, converged) = match method {
        Some(_) if y.len() < 2 => (0.0, true),
        Some(method) => studies.between(method)?,
        None => (0.0, true),
    };
    let weights = studies.weights(tau2);
    let fit = studies.fit(&weights)?;
    let (i2, h2) = if y.len() < 2 {
        (0.0, 1.0)
    } else if method.is_some() {
        let typical = studies.typical_variance()?;
        (100.0 * tau2 / (tau2 + typical), (tau2 + typical) / typical)
    } else {
        let h2 = q / (k - 1.0);
        ((100.0 * (h2 - 1.0) / h2).max(0.0), h2.max(1.0))
    };
    Some(Pooled { theta: fit.b[0], se: fit.v[(0, 0)].sqrt(), tau2, i2, h2, q, weights, converged })
}

/// Knapp and Hartung's factor of the variance of coefficients: the weighted mean square of the residuals.
pub fn knapp_hartung(studies: &Studies<'_>, weights: &[f64]) -> Option<f64> {
    Some(studies.fit(weights)?.q / (studies.y.len() as f64 - studies.x.len() as f64))
}

/// Quantile of the reference distribution of an interval: normal, or Student's with degrees of freedom.
pub fn critical(level: f64, df: Option<f64>) -> f64 {
    let tail = 0.5 - level / 200.0;
    match df {
        Some(df) => t_inverse_tail(df, tail),
        None => -normal_quantile(tail),
    }
}

/// How trim and fill counts the suppressed studies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// From the sum of ranks on one side, `L0`.
    Linear,
    /// From the run of the largest ranks on one side, `R0`.
    Run,
    /// From the solution of a quadratic, `Q0`.
    Quadratic,
}

/// Number of studies that are missing on the left, and the pooled effect of the studies that are left after trimming
/// (Duval and Tweedie 2000). `theta` pools effects; effects are mirrored before the call when the right side is missing.
pub fn missing_studies(
    y: &[f64],
    count: Count,
    mut theta: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<(usize, f64)> {
    let n = y.len();
    let size = n as f64;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| y[*a].total_cmp(&y[*b]));
    let mut k0 = 0;
    for _ in 0..100 {
        let centre = theta(&order[..n - k0])?;
        let distance: Vec<f64> = y.iter().map(|y| y - centre).collect();
        let ranks = super::means::ranks(&distance.iter().map(|d| d.abs()).collect::<Vec<f64>>());
        let signed: Vec<f64> = ranks.iter().zip(&distance).map(|(r, d)| r * d.signum()).collect();
        let sum: f64 = signed.iter().filter(|r| **r > 0.0).sum();
        let estimate = match count {
            Count::Linear => (4.0 * sum - size * (size + 1.0)) / (2.0 * size - 1.0),
            Count::Run => {
                let lowest = signed.iter().copied().fold(f64::INFINITY, f64::min);
                let edge = if lowest < 0.0 { -lowest } else { 0.0 };
                signed.iter().filter(|r| **r > edge).count() as f64 - 1.0
            }
            Count::Quadratic => {
                let root = 2.0 * size * size - 4.0 * sum + 0.25;
                size - 0.5 - root.max(0.0).sqrt()
            }
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and n")]
        let next = (estimate.round().max(0.0) as usize).min(n - 1);
        if next == k0 {
            return Some((k0, centre));
        }
        k0 = next;
    }
    None
}
