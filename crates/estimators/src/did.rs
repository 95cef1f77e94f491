//! Differences in differences of two periods with covariates, and influence functions of their averages.
//!
//! Formulas: Callaway and Sant'Anna (2021, Journal of Econometrics 225); Sant'Anna and Zhao (2020, Journal of
//! Econometrics 219); Abadie (2005, Review of Economic Studies 72); inverse probability tilting: Graham, Pinto and
//! Egel (2012, Review of Economic Studies 79).

use super::matrix::Mat;
use super::ml_binary::logistic;

/// How covariates are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Doubly robust: inverse probability tilting and weighted least squares.
    Improved,
    /// Doubly robust: logit and least squares.
    DoublyRobust,
    /// Outcome regression.
    Regression,
    /// Inverse probability weights that sum to one.
    Weighting,
    /// Inverse probability weights of Abadie (2005).
    Abadie,
}

/// A sample of two periods: the change of the outcome, the treated rows, and covariates with a constant.
pub struct TwoPeriods<'a> {
    /// Change of the outcome.
    pub change: &'a [f64],
    /// Treated rows.
    pub treated: &'a [bool],
    /// Covariates, the constant included.
    pub columns: &'a [Vec<f64>],
}

/// Effect on the treated with the influence of each row, whose mean is zero.
pub struct Effect {
    /// The effect.
    pub value: f64,
    /// Influence of each row.
    pub influence: Vec<f64>,
}

/// Propensity scores: `p / (1 - p)` of each row, and each row's influence on the coefficients.
struct Scores {
    odds: Vec<f64>,
    influence: Vec<Vec<f64>>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

impl TwoPeriods<'_> {
    fn rows(&self) -> usize {
        self.change.len()
    }

    fn row(&self, i: usize) -> Vec<f64> {
        self.columns.iter().map(|c| c[i]).collect()
    }

    fn index(&self, i: usize, b: &[f64]) -> f64 {
        self.columns.iter().zip(b).map(|(c, b)| c[i] * b).sum()
    }

    /// `sum w x x'` over rows.
    fn cross(&self, weight: impl Fn(usize) -> f64) -> Mat {
        let k = self.columns.len();
        Mat::from_fn(k, k, |a, b| {
            (0..self.rows()).map(|i| weight(i) * self.columns[a][i] * self.columns[b][i]).sum()
        })
    }

    /// `mean w x` over rows.
    fn moment(&self, weight: impl Fn(usize) -> f64) -> Vec<f64> {
        self.columns.iter().map(|c| self.mean(|i| weight(i) * c[i])).collect()
    }

    /// Newton's method on coefficients from derivatives of the objective in the index.
    fn newton(&self, derivatives: impl Fn(usize, f64) -> (f64, f64)) -> Option<Vec<f64>> {
        let mut b = vec![0.0; self.columns.len()];
        for _ in 0..100 {
            let found: Vec<(f64, f64)> =
                (0..self.rows()).map(|i| derivatives(i, self.index(i, &b))).collect();
            let gradient = self.moment(|i| found[i].0);
            let inverse = self.cross(|i| -found[i].1 / self.rows() as f64).inverse_definite()?;
            let mut step = inverse.times_vector(&gradient);
            let longest = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            // far from the solution an exponential overflows on a full step
            if longest > 2.0 {
                step.iter_mut().for_each(|s| *s *= 2.0 / longest);
            }
            b.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
            if !b.iter().all(|v| v.is_finite()) {
                return None;
            }
            if longest < 1e-12 {
                return Some(b);
            }
        }
        None
    }

    fn logit(&self) -> Option<Scores> {
        let b = self.newton(|i, x| {
            let p = logistic(x);
            (self.d(i) - p, -p * (1.0 - p))
        })?;
        let p: Vec<f64> = (0..self.rows()).map(|i| logistic(self.index(i, &b))).collect();
        let inverse = self.cross(|i| p[i] * (1.0 - p[i]) / self.rows() as f64).inverse_definite()?;
        let influence = (0..self.rows())
            .map(|i| inverse.times_vector(&self.row(i)).iter().map(|v| v * (self.d(i) - p[i])).collect())
            .collect();
        Some(Scores { odds: p.iter().map(|p| p / (1.0 - p)).collect(), influence })
    }

    /// Odds of treatment by a logit, and each row's influence on its coefficients.
    pub(super) fn scores(&self) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
        self.logit().map(|s| (s.odds, s.influence))
    }

    /// Odds that balance the covariates of both groups exactly.
    pub(super) fn tilting(&self) -> Option<Vec<f64>> {
        let b = self.newton(|i, x| if self.treated[i] { (1.0, 0.0) } else { (-x.exp(), -x.exp()) })?;
        Some((0..self.rows()).map(|i| self.index(i, &b).exp()).collect())
    }

    /// Least squares of the change among controls: fitted values of all rows, and each row's influence on the
    /// coefficients.
    fn outcome(&self, weight: impl Fn(usize) -> f64) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
        self.least_squares(|i| if self.treated[i] { 0.0 } else { weight(i) })
    }

    /// Weighted least squares of the change: fitted values of all rows, and each row's influence on the coefficients.
    pub(super) fn least_squares(&self, own: impl Fn(usize) -> f64) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
        let inverse = self.cross(|i| own(i) / self.rows() as f64).inverse_definite()?;
        let b = inverse.times_vector(&self.moment(|i| own(i) * self.change[i]));
        let fitted: Vec<f64> = (0..self.rows()).map(|i| self.index(i, &b)).collect();
        let influence = (0..self.rows())
            .map(|i| {
                let e = own(i) * (self.change[i] - fitted[i]);
                inverse.times_vector(&self.row(i)).iter().map(|v| v * e).collect()
            })
            .collect();
        Some((fitted, influence))
    }

    /// The effect by a method; nothing where the covariates are collinear or the groups separated.
    pub fn effect(&self, method: Method) -> Option<Effect> {
        match method {
            Method::Improved => self.improved(),
            Method::DoublyRobust => self.doubly_robust(self),
            Method::Regression => self.regression(),
            Method::Weighting => self.weighting(),
            Method::Abadie => self.abadie(),
        }
    }

    /// One for a treated row.
    fn d(&self, i: usize) -> f64 {
        f64::from(u8::from(self.treated[i]))
    }

    /// Mean over rows.
    fn mean(&self, value: impl Fn(usize) -> f64) -> f64 {
        (0..self.rows()).map(value).sum::<f64>() / self.rows() as f64
    }

    fn improved(&self) -> Option<Effect> {
        let odds = self.tilting()?;
        let (fitted, _) = self.outcome(|i| odds[i])?;
        let w = |i: usize| (1.0 - self.d(i)) * odds[i];
        let e = |i: usize| self.change[i] - fitted[i];
        let (share, total) = (self.mean(|i| self.d(i)), self.mean(w));
        let treated = self.mean(|i| self.d(i) * e(i)) / share;
        let control = self.mean(|i| w(i) * e(i)) / total;
        let influence = |i: usize| self.d(i) * (e(i) - treated) / share - w(i) * (e(i) - control) / total;
        Some(Effect { value: treated - control, influence: (0..self.rows()).map(influence).collect() })
    }

    fn regression(&self) -> Option<Effect> {
        let (fitted, ols) = self.outcome(|_| 1.0)?;
        let share = self.mean(|i| self.d(i));
        let value = self.mean(|i| self.d(i) * (self.change[i] - fitted[i])) / share;
        let m = self.moment(|i| self.d(i));
        let influence =
            |i: usize| (self.d(i) * (self.change[i] - fitted[i] - value) - dot(&ols[i], &m)) / share;
        Some(Effect { value, influence: (0..self.rows()).map(influence).collect() })
    }

    /// Doubly robust with these covariates in the odds of treatment and those of `model`, the same rows, in the outcome.
    pub fn doubly_robust(&self, model: &Self) -> Option<Effect> {
        let scores = self.logit()?;
        let (fitted, ols) = model.outcome(|_| 1.0)?;
        let w = |i: usize| (1.0 - self.d(i)) * scores.odds[i];
        let e = |i: usize| self.change[i] - fitted[i];
        let (share, total) = (self.mean(|i| self.d(i)), self.mean(w));
        let treated = self.mean(|i| self.d(i) * e(i)) / share;
        let control = self.mean(|i| w(i) * e(i)) / total;
        let (m1, m3) = (model.moment(|i| self.d(i)), model.moment(w));
        let m2 = self.moment(|i| w(i) * (e(i) - control));
        let influence = |i: usize| {
            let first = (self.d(i) * (e(i) - treated) - dot(&ols[i], &m1)) / share;
            let second = w(i) * (e(i) - control) + dot(&scores.influence[i], &m2) - dot(&ols[i], &m3);
            first - second / total
        };
        Some(Effect { value: treated - control, influence: (0..self.rows()).map(influence).collect() })
    }

    fn weighting(&self) -> Option<Effect> {
        let scores = self.logit()?;
        let w = |i: usize| (1.0 - self.d(i)) * scores.odds[i];
        let (share, total) = (self.mean(|i| self.d(i)), self.mean(w));
        let treated = self.mean(|i| self.d(i) * self.change[i]) / share;
        let control = self.mean(|i| w(i) * self.change[i]) / total;
        let m = self.moment(|i| w(i) * (self.change[i] - control));
        let influence = |i: usize| {
            self.d(i) * (self.change[i] - treated) / share
                - (w(i) * (self.change[i] - control) + dot(&scores.influence[i], &m)) / total
        };
        Some(Effect { value: treated - control, influence: (0..self.rows()).map(influence).collect() })
    }

    fn abadie(&self) -> Option<Effect> {
        let scores = self.logit()?;
        let w = |i: usize| (1.0 - self.d(i)) * scores.odds[i];
        let share = self.mean(|i| self.d(i));
        let value = self.mean(|i| (self.d(i) - w(i)) * self.change[i]) / share;
        let m = self.moment(|i| -w(i) * self.change[i]);
        let influence = |i: usize| {
            let own = (self.d(i) - w(i)) * self.change[i];
            (own + dot(&scores.influence[i], &m) - self.d(i) * value) / share
        };
        Some(Effect { value, influence: (0..self.rows()).map(influence).collect() })
    }
}

/// An average of effects whose weights are shares of groups: value and influence of each unit.
///
/// `cells` are positions of the effects, `shares` the shares of their groups among all units, `member(cell, unit)` says
/// whether a unit belongs to the group of a cell. The influence of the estimated weights is included (Callaway and
/// Sant'Anna 2021, theorem 4 and corollary 2).
pub fn weighted_average(
    effects: &[Effect],
    cells: &[usize],
    shares: &[f64],
    member: impl Fn(usize, usize) -> bool,
    units: usize,
) -> Effect {
    let total: f64 = cells.iter().map(|c| shares[*c]).sum();
    let value = cells.iter().map(|c| shares[*c] / total * effects[*c].value).sum::<f64>();
    let influence = (0..units)
        .map(|unit| {
            let gap = |c: usize| f64::from(u8::from(member(c, unit))) - shares[c];
            let all: f64 = cells.iter().map(|c| gap(*c)).sum();
            cells
                .iter()
                .map(|c| {
                    let weight = shares[*c] / total;
                    let moved = gap(*c) / total - all * shares[*c] / (total * total);
                    weight * effects[*c].influence[unit] + moved * effects[*c].value
                })
                .sum()
        })
        .collect();
    Effect { value, influence }
}

/// The average of effects by weights that are known.
pub fn fixed_average(effects: &[Effect], weights: &[f64]) -> Effect {
    let units = effects.first().map_or(0, |e| e.influence.len());
    let sum = |of: &dyn Fn(&Effect) -> f64| effects.iter().zip(weights).map(|(e, w)| w * of(e)).sum();
    Effect { value: sum(&|e| e.value), influence: (0..units).map(|i| sum(&|e| e.influence[i])).collect() }
}

/// The plain average of effects.
pub fn plain_average(effects: &[&Effect]) -> Effect {
    let n = effects.len() as f64;
    let units = effects.first().map_or(0, |e| e.influence.len());
    Effect {
        value: effects.iter().map(|e| e.value).sum::<f64>() / n,
        influence: (0..units).map(|i| effects.iter().map(|e| e.influence[i]).sum::<f64>() / n).collect(),
    }
}

/// Covariance of effects from the influence of the units, summed within clusters when these are given:
/// `sum_c u_c u_c' / n^2`.
pub fn covariance(effects: &[&Effect], clusters: Option<&[usize]>) -> Mat {
    let n = effects.first().map_or(0, |e| e.influence.len());
    let groups = clusters.map_or(n, |c| c.iter().max().map_or(0, |m| m + 1));
    let mut sums = Mat::zeros(groups, effects.len());
    for unit in 0..n {
        let group = clusters.map_or(unit, |c| c[unit]);
        for (j, effect) in effects.iter().enumerate() {
            sums[(group, j)] += effect.influence[unit];
        }
    }
    sums.transpose().times(&sums).scaled(1.0 / (n as f64 * n as f64)).symmetrised()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without covariates every method is the difference of mean changes, with the variance of two means.
    #[test]
    fn methods_agree_without_covariates() {
        let change = [1.0, 2.0, 4.0, 0.5, 0.0, 1.5, -0.5];
        let treated = [true, true, true, false, false, false, false];
        let columns = [vec![1.0; 7]];
        let sample = TwoPeriods { change: &change, treated: &treated, columns: &columns };
        let want = 7.0 / 3.0 - 1.5 / 4.0;
        let squares = |values: &[f64]| {
            let m = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (values.len() as f64).powi(2)
        };
        let variance = squares(&change[..3]) + squares(&change[3..]);
        for method in
            [Method::Improved, Method::DoublyRobust, Method::Regression, Method::Weighting, Method::Abadie]
        {
            let effect = sample.effect(method).expect("an effect");
            assert!((effect.value - want).abs() < 1e-10, "{method:?}");
            let found = covariance(&[&effect], None)[(0, 0)];
            assert!((found - variance).abs() < 1e-10, "{method:?}: {found} {variance}");
        }
    }
}
