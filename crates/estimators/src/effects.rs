//! Treatment effects by stacked estimating equations: regression adjustment, inverse-probability weights and
//! their doubly robust combinations. Formulas: [TE] teffects ra, ipw, aipw, ipwra (Methods and formulas);
//! the covariance is the sandwich of the stacked moments (Newey and McFadden 1994). Matching is elsewhere.

use super::distributions::{normal, normal_density};
use super::matrix::Mat;
use super::ml::{Equation, Limits, Problem};
use super::ml_binary::{Binary, Link, logistic};
use super::ml_count::Poisson;
use super::stacked::{Centred, Stacked, uncentred};
use super::vce::Vce;
use super::weights::WeightKind;

/// Mean of the outcome given its linear index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The index.
    Linear,
    /// Logistic probability.
    Logit,
    /// Normal probability.
    Probit,
    /// Exponential.
    Poisson,
}

impl Outcome {
    /// The mean.
    pub fn mean(self, eta: f64) -> f64 {
        match self {
            Self::Linear => eta,
            Self::Logit => logistic(eta),
            Self::Probit => normal(eta),
            Self::Poisson => eta.exp(),
        }
    }

    /// The score of one row in its index.
    fn score(self, y: f64, eta: f64) -> f64 {
        match self {
            Self::Probit => {
                let p = normal(eta);
                normal_density(eta) * (y - p) / (p * (1.0 - p))
            }
            _ => y - self.mean(eta),
        }
    }
}

/// The estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Regression adjustment.
    Ra,
    /// Inverse-probability weighting with normalised weights.
    Ipw,
    /// Augmented inverse-probability weighting.
    Aipw,
    /// The same with the outcome model fitted by weighted least squares.
    AipwWeighted,
    /// Inverse-probability-weighted regression adjustment.
    IpwRa,
}

/// Estimated effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimand {
    /// Average effect in the population.
    Ate,
    /// Average effect on the treated.
    Atet,
    /// The two means of the potential outcomes.
    Means,
}

/// The sample and the models.
pub struct Effects<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Whether each row is treated.
    pub treated: &'a [bool],
    /// Columns of the outcome models, constant included.
    pub x: Vec<&'a [f64]>,
    /// Columns of the treatment model, constant included.
    pub z: Vec<&'a [f64]>,
    /// Outcome model.
    pub outcome: Outcome,
    /// Treatment model.
    pub link: Link,
    /// Estimator.
    pub method: Method,
    /// Estimated effect.
    pub estimand: Estimand,
    /// Weight of each row.
    pub weights: Option<&'a [f64]>,
    /// Whether weights count equal rows.
    pub frequency: bool,
    /// Cluster of each row and their number.
    pub clusters: Option<(&'a [u32], usize)>,
}

/// Estimates: two effects or means, then the outcome models (control, treated), then the treatment model.
pub struct EffectsFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Propensity scores; empty without a treatment model.
    pub score: Vec<f64>,
    /// Criterion of the estimating equations at the solution.
    pub criterion: f64,
}

/// Why effects cannot be estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectsError {
    /// A model did not converge or is not identified in a group.
    Model,
    /// The outcome does not fit its model (0/1 or counts).
    Values,
}

impl Effects<'_> {
    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    fn has_outcome_model(&self) -> bool {
        self.method != Method::Ipw
    }

    fn has_treatment_model(&self) -> bool {
        self.method != Method::Ra
    }

    /// Inverse-probability weight of a row in the mean of its own group.
    pub fn balance_weight(&self, i: usize, p: f64) -> f64 {
        match (self.estimand, self.treated[i]) {
            (Estimand::Atet, true) => 1.0,
            (Estimand::Atet, false) => p / (1.0 - p),
            (_, true) => 1.0 / p,
            (_, false) => 1.0 / (1.0 - p),
        }
    }

    /// Weight of a row in the outcome model of its own group.
    fn model_weight(&self, i: usize, p: f64) -> f64 {
        match self.method {
            Method::IpwRa => self.balance_weight(i, p),
            Method::AipwWeighted => {
                let inverse = if self.treated[i] { 1.0 / p } else { 1.0 / (1.0 - p) };
                inverse * (inverse - 1.0)
            }
            _ => 1.0,
        }
    }

    /// Probability of treatment at an index.
    fn probability(&self, eta: f64) -> f64 {
        self.link.probability(eta)
    }

    /// The five estimating functions of a row before they are multiplied by one, one, x, x and z:
    /// the two effects, the outcome models of control and treated, the treatment model.
    fn functions(&self, i: usize, u: &[f64; 5]) -> [f64; 5] {
        let (y, t) = (self.y[i], f64::from(u8::from(self.treated[i])));
        let [effect, mean, eta0, eta1, etat] = *u;
        let first = if self.estimand == Estimand::Means { effect } else { mean };
        let second = if self.estimand == Estimand::Means { mean } else { effect + mean };
        let p = if self.has_treatment_model() { self.probability(etat) } else { 0.5 };
        let (m0, m1) = (self.outcome.mean(eta0), self.outcome.mean(eta1));
        let own = if self.estimand == Estimand::Atet { t } else { 1.0 };
        let (zero, one) = match self.method {
            Method::Ra | Method::IpwRa => (own * (m0 - first), own * (m1 - second)),
            Method::Ipw => {
                let w = self.balance_weight(i, p);
                ((1.0 - t) * w * (y - first), t * w * (y - second))
            }
            Method::Aipw | Method::AipwWeighted => {
                ((1.0 - t) / (1.0 - p) * (y - m0) + m0 - first, t / p * (y - m1) + m1 - second)
            }
        };
        let weight = self.model_weight(i, p);
        let treatment = if self.has_treatment_model() { self.treatment_score(t, etat) } else { 0.0 };
        [
            one,
            zero,
            (1.0 - t) * weight * self.outcome.score(y, eta0),
            t * weight * self.outcome.score(y, eta1),
            treatment,
        ]
    }

    fn treatment_score(&self, t: f64, eta: f64) -> f64 {
        match self.link {
            Link::Logit => t - logistic(eta),
            Link::Probit => {
                let p = normal(eta);
                normal_density(eta) * (t - p) / (p * (1.0 - p))
            }
        }
    }

    /// Estimates everything.
    pub fn fit(&self) -> Result<EffectsFit, EffectsError> {
        let (x, z) = (Centred::of(&self.x), Centred::of(&self.z));
        let moved = Effects { x: x.slices(), z: z.slices(), ..*self };
        let mut fit = moved.fit_centred()?;
        let mut parts = Vec::new();
        let mut place = 2;
        if self.has_outcome_model() {
            parts.extend([(2, &x), (2 + self.x.len(), &x)]);
            place += 2 * self.x.len();
        }
        if self.has_treatment_model() {
            parts.push((place, &z));
        }
        (fit.b, fit.v) = uncentred(&fit.b, &fit.v, &parts);
        Ok(fit)
    }

    fn fit_centred(&self) -> Result<EffectsFit, EffectsError> {
        let n = self.y.len();
        let rows: Vec<usize> = (0..n).collect();
        let gamma = if self.has_treatment_model() { self.treatment_model()? } else { Vec::new() };
        let etat = index(&self.z, &gamma, n);
        let p: Vec<f64> = etat.iter().map(|e| self.probability(*e)).collect();
        let mut betas = [Vec::new(), Vec::new()];
        if self.has_outcome_model() {
            for (group, beta) in betas.iter_mut().enumerate() {
                let own: Vec<usize> =
                    rows.iter().copied().filter(|i| self.treated[*i] == (group == 1)).collect();
                *beta = self.outcome_model(&own, &p)?;
            }
        }
        let eta0 = index(&self.x, &betas[0], n);
        let eta1 = index(&self.x, &betas[1], n);
        // the moments of the means are linear in them: solve from zero
        let mut sums = [[0.0; 2]; 2];
        for i in 0..n {
            let at = |first: f64, second: f64| {
                let (effect, mean) =
                    if self.estimand == Estimand::Means { (first, second) } else { (second - first, first) };
                let f = self.functions(i, &[effect, mean, eta0[i], eta1[i], etat[i]]);
                (f[1], f[0])
            };
            let (base, moved) = (at(0.0, 0.0), at(1.0, 1.0));
            let w = self.weight(i);
            for (g, (b, m)) in [(base.0, moved.0), (base.1, moved.1)].into_iter().enumerate() {
                sums[g][0] += w * b;
                sums[g][1] += w * (m - b);
            }
        }
        let means = [-sums[0][0] / sums[0][1], -sums[1][0] / sums[1][1]];
        let mut b = match self.estimand {
            Estimand::Means => means.to_vec(),
            _ => vec![means[1] - means[0], means[0]],
        };
        let heads = [b[0], b[1]];
        b.extend(betas.concat());
        b.extend(gamma);
        if b.iter().any(|v| !v.is_finite()) {
            return Err(EffectsError::Model);
        }
        let u = |i: usize| [heads[0], heads[1], eta0[i], eta1[i], etat[i]];
        let (v, criterion) = self.sandwich(&u)?;
        Ok(EffectsFit { b, v, score: if self.has_treatment_model() { p } else { Vec::new() }, criterion })
    }

    fn problem_columns<'c>(columns: &'c [Vec<f64>]) -> Vec<Equation<'c>> {
        // the constant is one of the columns
        vec![Equation { columns: columns.iter().map(Vec::as_slice).collect(), constant: false, offset: None }]
    }

    fn treatment_model(&self) -> Result<Vec<f64>, EffectsError> {
        let columns: Vec<Vec<f64>> = self.z.iter().map(|c| c.to_vec()).collect();
        let model = Binary { y: self.treated, link: self.link };
        self.maximise(&model, &columns, self.weights.map(<[f64]>::to_vec))
    }

    fn maximise<L: super::ml::Likelihood>(
        &self,
        model: &L,
        columns: &[Vec<f64>],
        weights: Option<Vec<f64>>,
    ) -> Result<Vec<f64>, EffectsError> {
        let rows = columns.first().map_or(0, Vec::len);
        let problem = Problem {
            model,
            equations: Self::problem_columns(columns),
            rows,
            weights: weights.as_deref().map(|w| (w, WeightKind::Importance)),
            n: rows as f64,
        };
        let start = vec![0.0; columns.len()];
        match problem.maximise(&start, Limits::default(), Vce::Classical) {
            Some(fit) if fit.converged => Ok(fit.b),
            _ => Err(EffectsError::Model),
        }
    }

    fn outcome_model(&self, own: &[usize], p: &[f64]) -> Result<Vec<f64>, EffectsError> {
        let pick = |values: &[f64]| -> Vec<f64> { own.iter().map(|i| values[*i]).collect() };
        let y = pick(self.y);
        let columns: Vec<Vec<f64>> = self.x.iter().map(|c| pick(c)).collect();
        let w: Vec<f64> = own.iter().map(|i| self.weight(*i) * self.model_weight(*i, p[*i])).collect();
        match self.outcome {
            Outcome::Linear => {
                let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                let design = super::qr::Design { columns: &slices, weights: Some(&w), constant: false };
                let solution = super::qr::solve_chosen(design, &y);
                if solution.basis.omitted.is_empty() { Ok(solution.b) } else { Err(EffectsError::Model) }
            }
            Outcome::Poisson => {
                if y.iter().any(|v| *v < 0.0) {
                    return Err(EffectsError::Values);
                }
                self.maximise(&Poisson { y: &y }, &columns, Some(w))
            }
            Outcome::Logit | Outcome::Probit => {
                if y.iter().any(|v| *v != 0.0 && *v != 1.0) {
                    return Err(EffectsError::Values);
                }
                let ones: Vec<bool> = y.iter().map(|v| *v == 1.0).collect();
                let link = if self.outcome == Outcome::Logit { Link::Logit } else { Link::Probit };
                self.maximise(&Binary { y: &ones, link }, &columns, Some(w))
            }
        }
    }

    /// The sandwich of the stacked moments, and the criterion.
    fn sandwich(&self, u: &dyn Fn(usize) -> [f64; 5]) -> Result<(Mat, f64), EffectsError> {
        let n = self.y.len();
        let ones = vec![1.0; n];
        let kx = if self.has_outcome_model() { self.x.len() } else { 0 };
        let kz = if self.has_treatment_model() { self.z.len() } else { 0 };
        let mut owner: Vec<(usize, &[f64])> = vec![(0, &ones), (1, &ones)];
        owner.extend(self.x.iter().take(kx).map(|c| (2, *c)));
        owner.extend(self.x.iter().take(kx).map(|c| (3, *c)));
        owner.extend(self.z.iter().take(kz).map(|c| (4, *c)));
        let stacked = Stacked {
            rows: n,
            owner,
            weights: self.weights,
            frequency: self.frequency,
            clusters: self.clusters,
        };
        stacked.sandwich(u, &|i, at| self.functions(i, at)).ok_or(EffectsError::Model)
    }
}

/// Linear index of columns.
pub(super) fn index(columns: &[&[f64]], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for (column, b) in columns.iter().zip(b) {
        out.iter_mut().zip(*column).for_each(|(o, v)| *o += b * v);
    }
    out
}
