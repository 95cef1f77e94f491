//! Fuzzy regression discontinuity designs and covariates: both are sharp designs for a linear combination of outcome,
//! treatment and covariates, of which the estimate has the variance and the bias of the estimate in question.
//!
//! Formulas: Calonico, Cattaneo and Titiunik (2014, Econometrica 82), section 5 of the supplement; Calonico, Cattaneo,
//! Farrell and Titiunik (2019, Review of Economics and Statistics 101).

use super::matrix::Mat;
use super::rd::{Settings, Side, SideFit, Window, factorial, fit};

impl Side {
    /// The outcome, the treatment and the covariates.
    fn columns(&self) -> Vec<&[f64]> {
        let treatment = self.treatment.iter().map(Vec::as_slice);
        let covariates = self.covariates.iter().map(Vec::as_slice);
        std::iter::once(self.y.as_slice()).chain(treatment).chain(covariates).collect()
    }

    /// Number of columns before the covariates.
    fn dependent(&self) -> usize {
        1 + usize::from(self.treatment.is_some())
    }

    /// Whether there is more than an outcome.
    fn is_combined(&self) -> bool {
        self.treatment.is_some() || !self.covariates.is_empty()
    }

    /// The side with a linear combination of its columns as the outcome.
    fn combined(&self, weights: &[f64]) -> Self {
        let columns = self.columns();
        let value = |i: usize| columns.iter().zip(weights).map(|(c, w)| w * c[i]).sum();
        Self {
            x: self.x.clone(),
            y: (0..self.x.len()).map(value).collect(),
            treatment: None,
            covariates: Vec::new(),
            clusters: self.clusters.clone(),
        }
    }

    /// The side as the choice of bandwidths sees it: a combination with weights from the local polynomial of a window of
    /// the side alone. Nothing where a window has too few distinct values.
    pub(super) fn for_bandwidth(&self, s: &Settings, window: f64, order: usize, nu: usize) -> Option<Self> {
        let found = self.window(s.kernel, window, order)?;
        let effects = self.columns().iter().map(|c| found.coefficients(c)[nu]).collect::<Vec<f64>>();
        Some(self.combined(&weights(&effects, &slopes(&[(self, &found)])?)))
    }

    /// The side without its treatment, for bandwidths of the sharp design.
    pub fn sharp(&self) -> Self {
        Self {
            x: self.x.clone(),
            y: self.y.clone(),
            treatment: None,
            covariates: self.covariates.clone(),
            clusters: self.clusters.clone(),
        }
    }
}

/// Coefficients of the covariates (rows) for outcome and treatment (columns), the same on all sides, in local polynomials
/// of each side. Nothing where covariates are collinear.
fn slopes(sides: &[(&Side, &Window)]) -> Option<Mat> {
    let (lead, count) = (sides[0].0.dependent(), sides[0].0.covariates.len());
    if count == 0 {
        return Some(Mat::zeros(0, lead));
    }
    let mut cross = Mat::zeros(count, count + lead);
    for (side, window) in sides {
        let columns = side.columns();
        let moments: Vec<Vec<f64>> = columns.iter().map(|c| window.moment(c)).collect();
        let projected: Vec<Vec<f64>> = moments.iter().map(|m| window.inverse.times_vector(m)).collect();
        let product = |a: usize, b: usize| {
            let inside = window.rows.iter().zip(&window.weights);
            let all: f64 = inside.map(|(row, w)| w * columns[a][*row] * columns[b][*row]).sum();
            all - moments[a].iter().zip(&projected[b]).map(|(m, p)| m * p).sum::<f64>()
        };
        let place = |j: usize| if j < count { lead + j } else { j - count };
        cross = cross.plus(&Mat::from_fn(count, count + lead, |i, j| product(lead + i, place(j))));
    }
    let rows: Vec<usize> = (0..count).collect();
    let inverse = cross.select(&rows, &rows).inverse_definite()?;
    Some(inverse.times(&cross.select(&rows, &(count..count + lead).collect::<Vec<_>>())))
}

/// Weights of outcome, treatment and covariates in the combination, from the effects on them.
fn weights(effects: &[f64], slopes: &Mat) -> Vec<f64> {
    let (lead, count) = (slopes.cols(), slopes.rows());
    let adjusted =
        |j: usize| effects[j] - (0..count).map(|i| slopes[(i, j)] * effects[lead + i]).sum::<f64>();
    let of_dependent = if lead == 1 {
        vec![1.0]
    } else {
        let (outcome, treatment) = (adjusted(0), adjusted(1));
        vec![1.0 / treatment, -outcome / (treatment * treatment)]
    };
    let of_covariates = (0..count).map(|i| -(0..lead).map(|j| of_dependent[j] * slopes[(i, j)]).sum::<f64>());
    of_dependent.iter().copied().chain(of_covariates).collect()
}

/// An effect at the cutoff with the bias correction.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// Conventional estimate.
    pub conventional: f64,
    /// Bias-corrected estimate.
    pub corrected: f64,
    /// Conventional standard error.
    pub se: f64,
    /// Standard error that allows for the bias correction.
    pub robust_se: f64,
}

/// The estimates of a design.
pub struct Estimate {
    /// The effect: of the treatment in a fuzzy design, on the outcome in a sharp one.
    pub effect: Effect,
    /// The effect on the treatment, in a fuzzy design.
    pub first_stage: Option<Effect>,
    /// Both sides, for the combination that has the variance of the effect.
    pub sides: [SideFit; 2],
}

fn jump(sides: &[SideFit; 2]) -> Effect {
    let [left, right] = sides;
    Effect {
        conventional: right.conventional - left.conventional,
        corrected: right.corrected - left.corrected,
        se: (left.variance + right.variance).sqrt(),
        robust_se: (left.robust + right.robust).sqrt(),
    }
}

/// Estimates a design at its bandwidths, left and right; nothing where a window has too few distinct values or covariates
/// are collinear in it.
pub fn estimate(sides: [&Side; 2], s: &Settings, h: [f64; 2], b: [f64; 2]) -> Option<Estimate> {
    let both = |weights: &[f64]| -> Option<[SideFit; 2]> {
        let one = |k: usize| fit(&sides[k].combined(weights), s, h[k], b[k]);
        Some([one(0)?, one(1)?])
    };
    if !sides[0].is_combined() {
        let fits = both(&[1.0])?;
        return Some(Estimate { effect: jump(&fits), first_stage: None, sides: fits });
    }
    let windows = [sides[0].window(s.kernel, h[0], s.p)?, sides[1].window(s.kernel, h[1], s.p)?];
    let slopes = slopes(&[(sides[0], &windows[0]), (sides[1], &windows[1])])?;
    let scale = factorial(s.deriv);
    let at = |k: usize, column: &[f64]| scale * windows[k].coefficients(column)[s.deriv];
    let columns = sides.map(Side::columns);
    let effects: Vec<f64> =
        (0..columns[0].len()).map(|j| at(1, columns[1][j]) - at(0, columns[0][j])).collect();
    let fits = both(&weights(&effects, &slopes))?;
    let mut effect = jump(&fits);
    let mut first_stage = None;
    if slopes.cols() == 2 {
        let only = |j: usize| -> Vec<f64> {
            let chosen = (0..2).map(|k| f64::from(u8::from(k == j)));
            chosen.chain((0..slopes.rows()).map(|i| -slopes[(i, j)])).collect()
        };
        let (outcome, treatment) = (jump(&both(&only(0))?), jump(&both(&only(1))?));
        // the combination is the derivative of the ratio, whose value it does not have
        let ratio = outcome.conventional / treatment.conventional;
        effect.corrected += ratio - effect.conventional;
        effect.conventional = ratio;
        first_stage = Some(treatment);
    }
    Some(Estimate { effect, first_stage, sides: fits })
}
