//! Treatment effects on survival time by stacked estimating equations: regression adjustment, inverse-probability weights of
//! treatment and censoring, and their combinations.
//!
//! # Source
//! [CAUSAL] stteffects (Methods and formulas); the covariance is that of `stacked`.

use super::assignments::{Assignment, Scaled};
use super::durations::{Duration, Times};
use super::effects::{EffectsError, Estimand, index};
use super::matrix::Mat;
use super::ml::{Equation, Likelihood, Limits, Problem};
use super::ml_binary::Binary;
use super::stacked::{Centred, Stacked, uncentred};
use super::vce::Vce;
use super::weights::WeightKind;

/// The estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurvivalMethod {
    /// Regression adjustment.
    Ra,
    /// Inverse-probability weights of treatment and censoring.
    Ipw,
    /// Regression adjustment with inverse-probability weights of treatment and, with a censoring model, of censoring.
    IpwRa,
    /// Regression adjustment with inverse-probability weights of censoring.
    Wra,
}

/// Columns of a model: of its first index (constant included) and of the ancillary one.
#[derive(Default)]
pub struct ModelColumns<'a> {
    /// First index.
    pub main: Vec<&'a [f64]>,
    /// Ancillary index, empty without one.
    pub shape: Vec<&'a [f64]>,
}

impl ModelColumns<'_> {
    fn len(&self) -> usize {
        self.main.len() + self.shape.len()
    }

    fn indices(&self, b: &[f64], n: usize) -> [Vec<f64>; 2] {
        [index(&self.main, b, n), index(&self.shape, &b[self.main.len().min(b.len())..], n)]
    }
}

/// The sample and the models.
pub struct SurvivalEffects<'a> {
    /// Time of failure or censoring.
    pub t: &'a [f64],
    /// Whether it is one of failure.
    pub d: &'a [bool],
    /// Whether each row is treated.
    pub treated: &'a [bool],
    /// Outcome model of both groups.
    pub x: ModelColumns<'a>,
    /// Treatment model.
    pub z: ModelColumns<'a>,
    /// Censoring model.
    pub c: ModelColumns<'a>,
    /// Distribution of the outcome.
    pub outcome: Duration,
    /// Model of the treatment.
    pub assignment: Assignment,
    /// Distribution of the time of censoring, if it is modelled.
    pub censoring: Option<Duration>,
    /// Estimator.
    pub method: SurvivalMethod,
    /// Estimated effect.
    pub estimand: Estimand,
    /// Weight of each row.
    pub weights: Option<&'a [f64]>,
    /// Whether weights count equal rows.
    pub frequency: bool,
    /// Cluster of each row and their number.
    pub clusters: Option<(&'a [u32], usize)>,
}

/// Estimates: two effects or means, then the outcome models (control, treated), the treatment and the censoring model.
pub struct SurvivalEffectsFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Propensity scores; empty without a treatment model.
    pub score: Vec<f64>,
    /// Probabilities of not being censored before the time of a row; empty without a censoring model.
    pub uncensored: Vec<f64>,
    /// Predicted means of control and treated; empty without an outcome model.
    pub means: [Vec<f64>; 2],
    /// Criterion of the estimating equations at the solution.
    pub criterion: f64,
}

/// Indices of a row: two heads, outcome of control and treated with their ancillary ones, treatment, censoring.
type Indices = [f64; 10];

impl SurvivalEffects<'_> {
    fn has_outcome_model(&self) -> bool {
        self.method != SurvivalMethod::Ipw
    }

    fn has_treatment_model(&self) -> bool {
        matches!(self.method, SurvivalMethod::Ipw | SurvivalMethod::IpwRa)
    }

    /// Inverse-probability weight of treatment of a row in its own group.
    fn treatment_weight(&self, treated: bool, p: f64) -> f64 {
        match (self.has_treatment_model(), self.estimand, treated) {
            (false, ..) | (_, Estimand::Atet, true) => 1.0,
            (_, Estimand::Atet, false) => p / (1.0 - p),
            (_, _, true) => 1.0 / p,
            (_, _, false) => 1.0 / (1.0 - p),
        }
    }

    /// Weight of a row in the likelihood or mean of its own group.
    fn own_weight(&self, i: usize, p: f64, uncensored: f64) -> f64 {
        let censored = match (self.censoring, self.d[i]) {
            (None, _) => 1.0,
            (Some(_), true) => 1.0 / uncensored,
            (Some(_), false) => 0.0,
        };
        censored * self.treatment_weight(self.treated[i], p)
    }

    fn functions(&self, i: usize, u: &Indices) -> Indices {
        let [first, second, eta0, a0, eta1, a1, etat, scale, etac, ac] = *u;
        let (of_control, of_treated) = match self.estimand {
            Estimand::Means => (first, second),
            _ => (second, first + second),
        };
        let (t, treated) = (self.t[i], self.treated[i]);
        let mut out = [0.0; 10];
        let p = if self.has_treatment_model() { self.assignment.probability(etat, scale) } else { 0.5 };
        let uncensored = self.censoring.map_or(1.0, |c| c.survivor(t, etac, ac));
        let weight = self.own_weight(i, p, uncensored);
        let (zero, one) = if self.has_outcome_model() {
            let counts = self.estimand != Estimand::Atet || treated;
            let own = f64::from(u8::from(counts));
            (
                own * (self.outcome.mean(eta0, a0) - of_control),
                own * (self.outcome.mean(eta1, a1) - of_treated),
            )
        } else if treated {
            (0.0, weight * (t - of_treated))
        } else {
            (weight * (t - of_control), 0.0)
        };
        // the first equation is that of the first parameter: the effect, or the mean of the control
        (out[0], out[1]) = if self.estimand == Estimand::Means { (zero, one) } else { (one, zero) };
        if self.has_outcome_model() && weight != 0.0 {
            let (place, eta, a) = if treated { (4, eta1, a1) } else { (2, eta0, a0) };
            let score = self.outcome.terms(t, self.d[i], eta, a).1;
            (out[place], out[place + 1]) = (weight * score[0], weight * score[1]);
        }
        if self.has_treatment_model() {
            [out[6], out[7]] = self.assignment.score(treated, etat, scale);
        }
        if let Some(censoring) = self.censoring {
            [out[8], out[9]] = censoring.terms(t, !self.d[i], etac, ac).1;
        }
        out
    }

    fn maximise<'a, L: Likelihood>(
        &self,
        model: &L,
        columns: &ModelColumns<'a>,
        weights: &[f64],
        start: Vec<f64>,
    ) -> Result<Vec<f64>, EffectsError> {
        // the constants are columns
        let equation = |own: &[&'a [f64]]| Equation { columns: own.to_vec(), constant: false, offset: None };
        let mut equations = vec![equation(&columns.main)];
        if !columns.shape.is_empty() {
            equations.push(equation(&columns.shape));
        }
        let rows = weights.len();
        let problem = Problem {
            model,
            equations,
            rows,
            weights: Some((weights, WeightKind::Importance)),
            n: rows as f64,
        };
        let limits = Limits { newton_tolerance: 1e-10, ..Limits::default() };
        match problem.maximise(&start, limits, Vce::Classical) {
            Some(fit) if fit.converged => Ok(fit.b),
            _ => Err(EffectsError::Model),
        }
    }

    /// Fits times in some rows with weights.
    fn times(
        &self,
        distribution: Duration,
        columns: &ModelColumns<'_>,
        rows: &[usize],
        weight: &dyn Fn(usize) -> f64,
        failed: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<f64>, EffectsError> {
        let pick = |column: &[f64]| -> Vec<f64> { rows.iter().map(|i| column[*i]).collect() };
        let (t, d) = (pick(self.t), rows.iter().map(|i| failed(*i)).collect::<Vec<bool>>());
        if !d.contains(&true) {
            return Err(EffectsError::Model);
        }
        let main: Vec<Vec<f64>> = columns.main.iter().map(|c| pick(c)).collect();
        let shape: Vec<Vec<f64>> = columns.shape.iter().map(|c| pick(c)).collect();
        let own = ModelColumns {
            main: main.iter().map(Vec::as_slice).collect(),
            shape: shape.iter().map(Vec::as_slice).collect(),
        };
        let weights: Vec<f64> = rows.iter().map(|i| weight(*i)).collect();
        let mut start = vec![0.0; own.len()];
        // the constant begins at the log of the mean time
        if let Some(place) = own.main.iter().position(|c| c.iter().all(|v| *v == 1.0)) {
            start[place] = (t.iter().sum::<f64>() / t.len() as f64).ln();
        }
        self.maximise(&Times { distribution, t: &t, d: &d }, &own, &weights, start)
    }

    fn treatment_model(&self) -> Result<Vec<f64>, EffectsError> {
        let ones = vec![1.0; self.t.len()];
        let weights = self.weights.unwrap_or(&ones);
        let start = vec![0.0; self.z.len()];
        match self.assignment {
            Assignment::Plain(link) => {
                self.maximise(&Binary { y: self.treated, link }, &self.z, weights, start)
            }
            Assignment::Heteroskedastic => {
                self.maximise(&Scaled { treated: self.treated }, &self.z, weights, start)
            }
        }
    }

    /// Estimates everything.
    ///
    /// # Errors
    /// `Model` where a model does not converge or has no failures, `Values` for censored times that nothing accounts for.
    pub fn fit(&self) -> Result<SurvivalEffectsFit, EffectsError> {
        let pair = |own: &ModelColumns<'_>| (Centred::of(&own.main), Centred::of(&own.shape));
        let (x, z, c) = (pair(&self.x), pair(&self.z), pair(&self.c));
        let moved = SurvivalEffects {
            x: ModelColumns { main: x.0.slices(), shape: x.1.slices() },
            z: ModelColumns { main: z.0.slices(), shape: z.1.slices() },
            c: ModelColumns { main: c.0.slices(), shape: c.1.slices() },
            ..*self
        };
        let mut fit = moved.fit_centred()?;
        let used = [
            (self.has_outcome_model(), &x),
            (self.has_outcome_model(), &x),
            (self.has_treatment_model(), &z),
            (self.censoring.is_some(), &c),
        ];
        let (mut parts, mut place) = (Vec::new(), 2);
        for (_, own) in used.into_iter().filter(|u| u.0) {
            parts.extend([(place, &own.0), (place + own.0.columns.len(), &own.1)]);
            place += own.0.columns.len() + own.1.columns.len();
        }
        (fit.b, fit.v) = uncentred(&fit.b, &fit.v, &parts);
        Ok(fit)
    }

    fn fit_centred(&self) -> Result<SurvivalEffectsFit, EffectsError> {
        let n = self.t.len();
        let all: Vec<usize> = (0..n).collect();
        let raw = |i: usize| self.weights.map_or(1.0, |w| w[i]);
        if self.method == SurvivalMethod::Ipw && self.censoring.is_none() && self.d.contains(&false) {
            return Err(EffectsError::Values);
        }
        let gamma = if self.has_treatment_model() { self.treatment_model()? } else { Vec::new() };
        let [etat, scale] = self.z.indices(&gamma, n);
        let delta = match self.censoring {
            Some(own) => self.times(own, &self.c, &all, &raw, &|i| !self.d[i])?,
            None => Vec::new(),
        };
        let [etac, ac] = self.c.indices(&delta, n);
        let p: Vec<f64> = (0..n).map(|i| self.assignment.probability(etat[i], scale[i])).collect();
        let uncensored: Vec<f64> =
            (0..n).map(|i| self.censoring.map_or(1.0, |c| c.survivor(self.t[i], etac[i], ac[i]))).collect();
        let own = |i: usize| self.own_weight(i, p[i], uncensored[i]);
        let mut betas = [Vec::new(), Vec::new()];
        if self.has_outcome_model() {
            for (group, beta) in betas.iter_mut().enumerate() {
                let mine = |i: &usize| self.treated[*i] == (group == 1) && own(*i) > 0.0;
                let rows: Vec<usize> = all.iter().copied().filter(mine).collect();
                *beta = self.times(self.outcome, &self.x, &rows, &|i| raw(i) * own(i), &|i| self.d[i])?;
            }
        }
        let [eta0, a0] = self.x.indices(&betas[0], n);
        let [eta1, a1] = self.x.indices(&betas[1], n);
        let mean = |eta: &[f64], a: &[f64]| -> Vec<f64> {
            if self.has_outcome_model() {
                (0..n).map(|i| self.outcome.mean(eta[i], a[i])).collect()
            } else {
                Vec::new()
            }
        };
        let means = [mean(&eta0, &a0), mean(&eta1, &a1)];
        let found = [0, 1].map(|group| self.potential_mean(group, &means[group], &raw, &own));
        let heads = if self.estimand == Estimand::Means { found } else { [found[1] - found[0], found[0]] };
        let mut b = heads.to_vec();
        b.extend(betas.concat());
        b.extend(gamma);
        b.extend(delta);
        if b.iter().any(|v| !v.is_finite()) {
            return Err(EffectsError::Model);
        }
        let u = |i: usize| {
            [heads[0], heads[1], eta0[i], a0[i], eta1[i], a1[i], etat[i], scale[i], etac[i], ac[i]]
        };
        let (v, criterion) = self.sandwich(&u)?;
        let score = if self.has_treatment_model() { p } else { Vec::new() };
        let uncensored = if self.censoring.is_some() { uncensored } else { Vec::new() };
        Ok(SurvivalEffectsFit { b, v, score, uncensored, means, criterion })
    }

    /// Mean of the potential outcome of a group: of the predictions, or of the weighted times.
    fn potential_mean(
        &self,
        group: usize,
        means: &[f64],
        raw: &dyn Fn(usize) -> f64,
        own: &dyn Fn(usize) -> f64,
    ) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (i, time) in self.t.iter().enumerate() {
            let (weight, value) = if self.has_outcome_model() {
                let counts = self.estimand != Estimand::Atet || self.treated[i];
                (f64::from(u8::from(counts)) * raw(i), means[i])
            } else if self.treated[i] == (group == 1) {
                (raw(i) * own(i), *time)
            } else {
                (0.0, 0.0)
            };
            sum += weight * value;
            total += weight;
        }
        sum / total
    }

    fn sandwich(&self, u: &dyn Fn(usize) -> Indices) -> Result<(Mat, f64), EffectsError> {
        let ones = vec![1.0; self.t.len()];
        let mut owner: Vec<(usize, &[f64])> = vec![(0, &ones), (1, &ones)];
        let parts = [
            (self.has_outcome_model(), &self.x, 2),
            (self.has_outcome_model(), &self.x, 4),
            (self.has_treatment_model(), &self.z, 6),
            (self.censoring.is_some(), &self.c, 8),
        ];
        for (_, columns, place) in parts.into_iter().filter(|p| p.0) {
            owner.extend(columns.main.iter().map(|c| (place, *c)));
            owner.extend(columns.shape.iter().map(|c| (place + 1, *c)));
        }
        let stacked = Stacked {
            rows: self.t.len(),
            owner,
            weights: self.weights,
            frequency: self.frequency,
            clusters: self.clusters,
        };
        stacked.sandwich(u, &|i, at| self.functions(i, at)).ok_or(EffectsError::Model)
    }
}
