//! Families and links of generalised linear models ([R] glm; McCullagh and Nelder 1989): likelihood,
//! deviance, variance, and a start by iteratively reweighted least squares.

use super::distributions::{beta_probability, ln_gamma, normal_density, normal_quantile};
use super::jet::Jet;
use super::ml::Likelihood;
use super::ols::{self, Request};
use super::weights::{WeightKind, Weights};

/// Distribution of the outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// Normal.
    Gaussian,
    /// Inverse Gaussian.
    InverseGaussian,
    /// Binomial with a number of trials per row.
    Binomial,
    /// Poisson.
    Poisson,
    /// Negative binomial with a fixed `k`: variance `mu + k mu^2`.
    NegativeBinomial(f64),
    /// Gamma.
    Gamma,
}

/// Link between the mean (of one trial) and the linear index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GlmLink {
    /// `mu`.
    Identity,
    /// `ln mu`.
    Log,
    /// `ln(mu/(1-mu))`.
    Logit,
    /// Normal quantile.
    Probit,
    /// `ln(-ln(1-mu))`.
    Cloglog,
    /// `-ln(-ln mu)`.
    Loglog,
    /// `ln(1-mu)`.
    Logc,
    /// `mu^p`.
    Power(f64),
}

impl GlmLink {
    /// Mean of one trial at a linear index.
    pub fn mean<const N: usize>(self, eta: Jet<N>) -> Jet<N> {
        match self {
            Self::Identity => eta,
            Self::Log => eta.exp(),
            Self::Logit => eta.logistic(),
            Self::Probit => eta.normal(),
            Self::Cloglog => (-eta.exp()).one_minus_exp(),
            Self::Loglog => (-(-eta).exp()).exp(),
            Self::Logc => eta.one_minus_exp(),
            Self::Power(p) => eta.powf(1.0 / p),
        }
    }

    /// Linear index of a mean.
    pub fn index(self, mu: f64) -> f64 {
        match self {
            Self::Identity => mu,
            Self::Log => mu.ln(),
            Self::Logit => (mu / (1.0 - mu)).ln(),
            Self::Probit => normal_quantile(mu),
            Self::Cloglog => (-(-mu).ln_1p()).ln(),
            Self::Loglog => -(-mu.ln()).ln(),
            Self::Logc => (-mu).ln_1p(),
            Self::Power(p) => mu.powf(p),
        }
    }

    /// Derivative of the index in the mean.
    pub fn slope(self, mu: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Log => 1.0 / mu,
            Self::Logit => 1.0 / (mu * (1.0 - mu)),
            Self::Probit => 1.0 / normal_density(normal_quantile(mu)),
            Self::Cloglog => -1.0 / ((1.0 - mu) * (1.0 - mu).ln()),
            Self::Loglog => -1.0 / (mu * mu.ln()),
            Self::Logc => -1.0 / (1.0 - mu),
            Self::Power(p) => p * mu.powf(p - 1.0),
        }
    }

    /// Logarithms of the probabilities of one and zero in a form that keeps its digits, if there is one.
    fn log_shares(self, eta: Jet<1>) -> (Jet<1>, Jet<1>) {
        match self {
            Self::Logit => (eta.ln_logistic(), (-eta).ln_logistic()),
            Self::Probit => (eta.ln_normal(), (-eta).ln_normal()),
            Self::Cloglog => ((-eta.exp()).one_minus_exp().ln(), -eta.exp()),
            Self::Loglog => (-(-eta).exp(), (-(-eta).exp()).one_minus_exp().ln()),
            Self::Logc => (eta.one_minus_exp().ln(), eta),
            Self::Log => (eta, eta.one_minus_exp().ln()),
            _ => {
                let mu = self.mean(eta);
                (mu.ln(), (-mu + 1.0).ln())
            }
        }
    }
}

/// `y ln(y/mu)`, zero at `y = 0`.
fn y_ln(y: f64, mu: f64) -> f64 {
    if y > 0.0 { y * (y / mu).ln() } else { 0.0 }
}

impl Family {
    /// Log likelihood of a row with dispersion one, as a function of its linear index; `trials` is the
    /// number of trials of a binomial row.
    pub fn likelihood(self, link: GlmLink, y: f64, trials: f64, eta: Jet<1>) -> Jet<1> {
        if self == Self::Binomial {
            let (one, zero) = link.log_shares(eta);
            let choose = ln_gamma(trials + 1.0) - ln_gamma(y + 1.0) - ln_gamma(trials - y + 1.0);
            let part = |count: f64, log: Jet<1>| if count == 0.0 { Jet::constant(0.0) } else { log * count };
            return part(y, one) + part(trials - y, zero) + choose;
        }
        let mu = link.mean(eta);
        match self {
            Self::Gaussian => (-mu + y).square() * -0.5,
            Self::InverseGaussian => ((-mu + y) / mu).square() * (-0.5 / y),
            Self::Poisson => {
                let log = if link == GlmLink::Log { eta } else { mu.ln() };
                (if y > 0.0 { log * y } else { Jet::constant(0.0) }) - mu - ln_gamma(y + 1.0)
            }
            Self::NegativeBinomial(k) => {
                let m = 1.0 / k;
                let total = (mu * k).ln_1p();
                let constant = ln_gamma(y + m) - ln_gamma(m) - ln_gamma(y + 1.0);
                ((mu * k).ln() - total) * y - total * m + constant
            }
            Self::Gamma => -(Jet::constant(y) / mu) - mu.ln(),
            Self::Binomial => Jet::constant(0.0),
        }
    }

    /// Variance function at a mean of `trials` trials.
    pub fn variance(self, mu: f64, trials: f64) -> f64 {
        match self {
            Self::Gaussian => 1.0,
            Self::InverseGaussian => mu.powi(3),
            Self::Binomial => mu * (1.0 - mu / trials),
            Self::Poisson => mu,
            Self::NegativeBinomial(k) => mu * (1.0 + k * mu),
            Self::Gamma => mu * mu,
        }
    }

    /// Deviance of a row.
    pub fn deviance(self, y: f64, mu: f64, trials: f64) -> f64 {
        match self {
            Self::Gaussian => (y - mu).powi(2),
            Self::InverseGaussian => (y - mu).powi(2) / (mu * mu * y),
            Self::Binomial => 2.0 * (y_ln(y, mu) + y_ln(trials - y, trials - mu)),
            Self::Poisson => 2.0 * (y_ln(y, mu) - (y - mu)),
            Self::NegativeBinomial(k) => {
                2.0 * (y_ln(y, mu) - (y + 1.0 / k) * ((1.0 + k * y) / (1.0 + k * mu)).ln())
            }
            Self::Gamma => 2.0 * (-(y / mu).ln() + (y - mu) / mu),
        }
    }

    /// Anscombe residual of a row: the integral of `V^(-1/3)` from the mean to the outcome, over `V^(1/6)` at the mean
    /// (McCullagh and Nelder 1989, section 2.4.2).
    pub fn anscombe(self, y: f64, mu: f64, trials: f64) -> f64 {
        let beta = |a: f64, b: f64| (ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)).exp();
        let third = 2.0 / 3.0;
        let root = self.variance(mu, trials).powf(1.0 / 6.0);
        match self {
            Self::Gaussian => y - mu,
            Self::InverseGaussian => (y.ln() - mu.ln()) / mu.sqrt(),
            Self::Binomial => {
                let share = |v: f64| beta_probability(third, third, (v / trials).clamp(0.0, 1.0));
                let whole = beta(third, third) * trials.powf(third);
                whole * (share(y) - share(mu)) / root
            }
            Self::Poisson => 1.5 * (y.powf(third) - mu.powf(third)) / root,
            Self::NegativeBinomial(k) => {
                // u = kt/(1+kt) turns the integral into an incomplete beta function with parameters 2/3 and -1/3
                let part = |t: f64| {
                    let u = k * t / (1.0 + k * t);
                    3.0 * u.powf(third) * (1.0 - u).powf(-1.0 / 3.0)
                        - beta(third, third) * beta_probability(third, third, u)
                };
                (part(y) - part(mu)) * k.powf(-third) / root
            }
            Self::Gamma => 3.0 * (y.cbrt() - mu.cbrt()) / mu.cbrt(),
        }
    }

    /// Whether the dispersion is one by definition.
    pub fn fixed_scale(self) -> bool {
        matches!(self, Self::Binomial | Self::Poisson | Self::NegativeBinomial(_))
    }
}

/// The outcome of a generalised linear model with its settings.
pub struct Glm<'a> {
    /// Family.
    pub family: Family,
    /// Link.
    pub link: GlmLink,
    /// Outcome.
    pub y: &'a [f64],
    /// Trials of each row (ones unless binomial).
    pub trials: &'a [f64],
}

/// A generalised linear model with its expected information instead of the observed one, as Fisher scoring and
/// iteratively reweighted least squares use it ([R] glm, Methods and formulas, `irls`).
pub struct Scoring<'a>(pub &'a Glm<'a>);

impl Likelihood for Scoring<'_> {
    fn equations(&self) -> usize {
        1
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let glm = self.0;
        let at = Jet::<1>::variable(eta[0], 0);
        let trials = if glm.family == Family::Binomial { glm.trials[row] } else { 1.0 };
        let found = glm.family.likelihood(glm.link, glm.y[row], glm.trials[row], at);
        let mean = glm.link.mean(at) * trials;
        gradient[0] = found.g[0];
        hessian[0] = -mean.g[0] * mean.g[0] / glm.family.variance(mean.v, trials);
        found.v
    }
}

impl Glm<'_> {
    /// A start of the search: a few steps of iteratively reweighted least squares.
    pub fn start(
        &self,
        columns: &[&[f64]],
        constant: bool,
        weights: Option<&[f64]>,
        offset: Option<&[f64]>,
    ) -> Option<Vec<f64>> {
        let found = self.weighted_start(columns, constant, weights, offset)?;
        if !constant || self.is_inside(&found, columns, offset) {
            return Some(found);
        }
        // on the way to the constant alone all means are where the family has them
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let sum = |of: &dyn Fn(usize) -> f64| (0..self.y.len()).map(|i| weight(i) * of(i)).sum::<f64>();
        let share = sum(&|i| self.y[i]) / sum(&|i| self.trials[i]);
        let mut plain = vec![0.0; found.len()];
        plain[columns.len()] = self.link.index(share);
        let between = |part: f64| -> Vec<f64> {
            found.iter().zip(&plain).map(|(f, p)| part * f + (1.0 - part) * p).collect()
        };
        let nearer = (1..40).map(|k| between(0.5_f64.powi(k))).find(|b| self.is_inside(b, columns, offset));
        Some(nearer.unwrap_or(found))
    }

    /// Whether all means lie inside the range of the family.
    fn is_inside(&self, b: &[f64], columns: &[&[f64]], offset: Option<&[f64]>) -> bool {
        let inside = |i: usize| {
            let slopes: f64 = columns.iter().zip(b).map(|(c, b)| c[i] * b).sum();
            let rest = b.get(columns.len()).copied().unwrap_or(0.0) + offset.map_or(0.0, |o| o[i]);
            let mu = self.link.mean(Jet::<1>::constant(slopes + rest)).v;
            match self.family {
                Family::Gaussian => mu.is_finite(),
                Family::Binomial => mu > 0.0 && mu < 1.0,
                _ => mu > 0.0 && mu.is_finite(),
            }
        };
        (0..self.y.len()).all(inside)
    }

    /// Iterated weighted least squares, whose last means may lie at the edge of the range of the family.
    fn weighted_start(
        &self,
        columns: &[&[f64]],
        constant: bool,
        weights: Option<&[f64]>,
        offset: Option<&[f64]>,
    ) -> Option<Vec<f64>> {
        let rows = self.y.len();
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let total: f64 = (0..rows).map(weight).sum();
        let mean = (0..rows).map(|i| weight(i) * self.y[i]).sum::<f64>() / total;
        let shift = |i: usize| offset.map_or(0.0, |o| o[i]);
        let mut mu: Vec<f64> = (0..rows)
            .map(|i| match self.family {
                Family::Binomial => (self.y[i] + 0.5) / (self.trials[i] + 1.0),
                _ => (self.y[i] + mean) / 2.0,
            })
            .collect();
        // A normal outcome may be outside what the link takes (negative values under a log link): it starts at the mean.
        for own in mu.iter_mut().filter(|_| self.family == Family::Gaussian) {
            if !self.link.index(*own).is_finite() {
                *own = mean;
            }
        }
        let mut best = None;
        for _ in 0..6 {
            let (mut z, mut w) = (vec![0.0; rows], vec![0.0; rows]);
            for i in 0..rows {
                let own =
                    if self.family == Family::Binomial { self.y[i] / self.trials[i] } else { self.y[i] };
                let slope = self.link.slope(mu[i]);
                z[i] = self.link.index(mu[i]) - shift(i) + (own - mu[i]) * slope;
                let variance = self.family.variance(mu[i] * self.trials[i], self.trials[i])
                    / self.trials[i].powi(if self.family == Family::Binomial { 2 } else { 0 });
                w[i] = weight(i) / (variance * slope * slope);
                if !z[i].is_finite() || !w[i].is_finite() {
                    return best;
                }
            }
            // Only their proportions matter; a large sum keeps the degrees of freedom positive.
            let scale = 1e3 * rows as f64 / w.iter().sum::<f64>();
            let weights =
                Weights { kind: WeightKind::Importance, values: w.iter().map(|v| v * scale).collect() };
            let fit =
                ols::fit(&Request { constant, weights: Some(&weights), ..Request::new(&z, columns) }).ok()?;
            for (i, cell) in mu.iter_mut().enumerate() {
                let slopes: f64 = columns.iter().zip(&fit.b).map(|(c, b)| c[i] * b).sum();
                let eta = slopes + if constant { fit.b[columns.len()] } else { 0.0 } + shift(i);
                *cell = self.link.mean(Jet::<1>::constant(eta)).v;
                if self.family == Family::Binomial {
                    *cell = cell.clamp(1e-8, 1.0 - 1e-8);
                }
            }
            best = Some(fit.b);
            if self.family != Family::Gaussian && mu.iter().any(|m| *m <= 0.0) {
                return best;
            }
        }
        best
    }
}
