//! Differences in differences of two periods from repeated cross sections, with covariates.
//!
//! Formulas: Sant'Anna and Zhao (2020, Journal of Econometrics 219), sections 2 and 3 (locally efficient estimators for
//! repeated cross sections); influence of the first steps: chain rule on the moments. The sample of both periods is
//! taken to have one distribution of groups and covariates (their assumption 1b).

use super::did::{Effect, Method, TwoPeriods};

/// Rows of two periods.
pub struct Sections<'a> {
    /// The outcome.
    pub y: &'a [f64],
    /// Rows of the treated group.
    pub treated: &'a [bool],
    /// Rows of the later period.
    pub later: &'a [bool],
    /// Covariates, the constant included.
    pub columns: &'a [Vec<f64>],
}

/// A quantity with the influence of each row.
struct Part {
    value: f64,
    influence: Vec<f64>,
}

/// Adds a part with a sign.
fn add(total: &mut Part, part: &Part, sign: f64) {
    total.value += sign * part.value;
    total.influence.iter_mut().zip(&part.influence).for_each(|(t, p)| *t += sign * p);
}

/// Fitted values of all rows and each row's influence on the coefficients.
type Fit = (Vec<f64>, Vec<Vec<f64>>);

impl Sections<'_> {
    fn rows(&self) -> usize {
        self.y.len()
    }

    fn mean(&self, value: impl Fn(usize) -> f64) -> f64 {
        (0..self.rows()).map(value).sum::<f64>() / self.rows() as f64
    }

    /// One for rows of a group in a period.
    fn cell(&self, treated: bool, later: bool, i: usize) -> f64 {
        f64::from(u8::from(self.treated[i] == treated && self.later[i] == later))
    }

    /// One for a treated row.
    fn d(&self, i: usize) -> f64 {
        f64::from(u8::from(self.treated[i]))
    }

    /// `mean(w z) / mean(w)`.
    fn ratio(&self, w: impl Fn(usize) -> f64, z: impl Fn(usize) -> f64) -> Part {
        let total = self.mean(&w);
        let value = self.mean(|i| w(i) * z(i)) / total;
        Part { value, influence: (0..self.rows()).map(|i| w(i) * (z(i) - value) / total).collect() }
    }

    /// `mean(w z x) / mean(w)`.
    fn slopes(&self, w: impl Fn(usize) -> f64, z: impl Fn(usize) -> f64) -> Vec<f64> {
        let total = self.mean(&w);
        self.columns.iter().map(|c| self.mean(|i| w(i) * z(i) * c[i]) / total).collect()
    }

    /// Adds `sign` times the derivative times the influence of first-step coefficients.
    fn chain(&self, total: &mut Part, derivative: &[f64], first_step: &[Vec<f64>], sign: f64) {
        for (t, row) in total.influence.iter_mut().zip(first_step) {
            *t += sign * derivative.iter().zip(row).map(|(a, b)| a * b).sum::<f64>();
        }
    }

    /// Least squares of the outcome in a group and period.
    fn outcome(&self, treated: bool, later: bool, weight: impl Fn(usize) -> f64) -> Option<Fit> {
        let nobody = vec![false; self.rows()];
        let all = TwoPeriods { change: self.y, treated: &nobody, columns: self.columns };
        all.least_squares(|i| self.cell(treated, later, i) * weight(i))
    }

    fn groups(&self) -> TwoPeriods<'_> {
        TwoPeriods { change: self.y, treated: self.treated, columns: self.columns }
    }

    /// The effect by a method; nothing where the covariates are collinear or the groups separated, or for the weights of
    /// Abadie (2005).
    pub fn effect(&self, method: Method) -> Option<Effect> {
        let found = match method {
            Method::Regression => self.regression(),
            Method::Weighting => self.weighting(),
            Method::DoublyRobust => self.doubly_robust(false),
            Method::Improved => self.doubly_robust(true),
            Method::Abadie => None,
        }?;
        Some(Effect { value: found.value, influence: found.influence })
    }

    fn regression(&self) -> Option<Part> {
        let before = self.outcome(false, false, |_| 1.0)?;
        let after = self.outcome(false, true, |_| 1.0)?;
        let mut total = self.ratio(|i| self.cell(true, true, i), |i| self.y[i]);
        add(&mut total, &self.ratio(|i| self.cell(true, false, i), |i| self.y[i]), -1.0);
        add(&mut total, &self.ratio(|i| self.d(i), |i| after.0[i] - before.0[i]), -1.0);
        let m = self.slopes(|i| self.d(i), |_| 1.0);
        self.chain(&mut total, &m, &after.1, -1.0);
        self.chain(&mut total, &m, &before.1, 1.0);
        Some(total)
    }

    fn weighting(&self) -> Option<Part> {
        let (odds, scores) = self.groups().scores()?;
        let mut total = self.ratio(|i| self.cell(true, true, i), |i| self.y[i]);
        add(&mut total, &self.ratio(|i| self.cell(true, false, i), |i| self.y[i]), -1.0);
        for (later, sign) in [(true, -1.0), (false, 1.0)] {
            let w = |i: usize| self.cell(false, later, i) * odds[i];
            let part = self.ratio(w, |i| self.y[i]);
            add(&mut total, &part, sign);
            self.chain(&mut total, &self.slopes(w, |i| self.y[i] - part.value), &scores, sign);
        }
        Some(total)
    }

    /// Locally efficient and doubly robust; `improved`: inverse probability tilting and weighted least squares, whose
    /// first steps do not move the effect.
    fn doubly_robust(&self, improved: bool) -> Option<Part> {
        let (odds, scores) = if improved {
            (self.groups().tilting()?, None)
        } else {
            let (odds, scores) = self.groups().scores()?;
            (odds, Some(scores))
        };
        let weight = |i: usize| if improved { odds[i] } else { 1.0 };
        let d = self.slopes(|i| self.d(i), |_| 1.0);
        let mut total = Part { value: 0.0, influence: vec![0.0; self.rows()] };
        for (later, sign) in [(true, 1.0), (false, -1.0)] {
            let control = self.outcome(false, later, weight)?;
            let treated = self.outcome(true, later, |_| 1.0)?;
            let own = |i: usize| self.cell(true, later, i);
            let compared = |i: usize| self.cell(false, later, i) * odds[i];
            let gap = |i: usize| treated.0[i] - control.0[i];
            let residual = |i: usize| self.y[i] - control.0[i];
            let reweighted = self.ratio(compared, residual);
            add(&mut total, &self.ratio(own, residual), sign);
            add(&mut total, &reweighted, -sign);
            add(&mut total, &self.ratio(|i| self.d(i), gap), sign);
            add(&mut total, &self.ratio(own, gap), -sign);
            let Some(scores) = &scores else { continue };
            self.chain(&mut total, &self.slopes(compared, |i| residual(i) - reweighted.value), scores, -sign);
            let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x - y).collect::<Vec<f64>>();
            let of_control = minus(&self.slopes(compared, |_| 1.0), &d);
            let of_treated = minus(&d, &self.slopes(own, |_| 1.0));
            self.chain(&mut total, &of_control, &control.1, sign);
            self.chain(&mut total, &of_treated, &treated.1, sign);
        }
        Some(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::did::covariance;

    /// Without covariates every method is the difference of four means, with the variance of four means.
    #[test]
    fn methods_agree_without_covariates() {
        let y = [1.0, 2.0, 4.0, 0.5, 0.0, 1.5, -0.5, 3.0, 2.5, 1.0];
        let treated = [true, true, true, true, false, false, false, false, false, false];
        let later = [false, false, true, true, false, false, false, true, true, true];
        let columns = [vec![1.0; 10]];
        let sample = Sections { y: &y, treated: &treated, later: &later, columns: &columns };
        let part = |t: bool, l: bool| -> Vec<f64> {
            (0..10).filter(|i| treated[*i] == t && later[*i] == l).map(|i| y[i]).collect()
        };
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let cells = [part(true, true), part(true, false), part(false, true), part(false, false)];
        let want = mean(&cells[0]) - mean(&cells[1]) - (mean(&cells[2]) - mean(&cells[3]));
        let variance: f64 = cells
            .iter()
            .map(|c| c.iter().map(|v| (v - mean(c)).powi(2)).sum::<f64>() / (c.len() as f64).powi(2))
            .sum();
        for method in [Method::Improved, Method::DoublyRobust, Method::Regression, Method::Weighting] {
            let effect = sample.effect(method).expect("an effect");
            assert!((effect.value - want).abs() < 1e-10, "{method:?}");
            let found = covariance(&[&effect], None)[(0, 0)];
            assert!((found - variance).abs() < 1e-10, "{method:?}: {found} {variance}");
        }
    }
}
