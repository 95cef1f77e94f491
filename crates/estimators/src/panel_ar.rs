//! Panel regressions with unit effects and errors of first-order autocorrelation, on periods that may be missing.
//!
//! Formulas: [XT] xtregar, Methods and formulas; Baltagi and Wu (1999), Econometric Theory 15; Bhargava, Franzini and
//! Narendranathan (1982), Review of Economic Studies 49.

use super::autocorrelation::Rho;
use super::ols::{self, FitError, OlsFit, Request};
use super::panel::{self, Units, WithinFit};
use super::qr::{self, Design};

/// How rho is estimated from the residuals of the within regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// An estimator of a series.
    Series(Rho),
    /// The products of neighbours over all squares, each as a mean.
    OneStep,
    /// A value of the caller.
    Fixed(f64),
}

/// Rows of a panel, sorted by unit and period.
pub struct Spells {
    units: Units,
    /// Periods since the row before of the same unit; zero for the first row of a unit.
    gap: Vec<f64>,
}

/// Statistics of autocorrelation of the within residuals.
pub struct Statistics {
    /// Modified statistic of Bhargava, Franzini and Narendranathan.
    pub bhargava: f64,
    /// Locally best invariant statistic of Baltagi and Wu.
    pub lbi: f64,
}

/// The fixed-effects model.
pub struct FixedEffects {
    /// The within regression on transformed columns.
    pub fit: WithinFit,
    /// The constant of the untransformed model.
    pub constant: f64,
    /// Correlation squared between and overall, standard deviation of the effects and their correlation with the
    /// linear prediction, all of untransformed rows.
    pub r2_between: f64,
    /// Overall.
    pub r2_overall: f64,
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Correlation of effects and prediction.
    pub correlation: f64,
    /// F statistic that all effects are equal.
    pub effects_f: f64,
    /// Rows per unit without the first.
    pub units: Units,
}

/// The random-effects model.
pub struct RandomEffects {
    /// The generalised least squares regression.
    pub fit: OlsFit,
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Standard deviation of the transformed error.
    pub sigma_e: f64,
    /// Weight of the unit mean in each row.
    pub theta: Vec<f64>,
    /// Correlation squared within, between and overall.
    pub r2: [f64; 3],
}

impl Spells {
    /// The spells of rows that are sorted by unit and period.
    pub fn new(of_row: Vec<u32>, period: &[f64]) -> Self {
        let gap = (0..of_row.len())
            .map(|i| if i == 0 || of_row[i] != of_row[i - 1] { 0.0 } else { period[i] - period[i - 1] })
            .collect();
        Self { units: Units::new(of_row), gap }
    }

    /// The units.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// Rows that follow the period before of the same unit.
    fn neighbours(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.gap.len()).filter(|i| self.gap[*i] == 1.0)
    }

    /// The transformation `C_i` of Baltagi and Wu, which removes the autocorrelation over gaps of any length.
    fn transform(&self, x: &[f64], rho: f64) -> Vec<f64> {
        let scale = (1.0 - rho * rho).sqrt();
        (0..x.len())
            .map(|i| {
                if self.gap[i] == 0.0 {
                    return scale * x[i];
                }
                let power = rho.powi(self.gap[i] as i32);
                scale * (x[i] - power * x[i - 1]) / (1.0 - power * power).sqrt()
            })
            .collect()
    }

    /// The transformation of Prais and Winsten, each run of neighbouring periods as a series of its own.
    fn by_run(&self, x: &[f64], rho: f64) -> Vec<f64> {
        let scale = (1.0 - rho * rho).sqrt();
        (0..x.len()).map(|i| if self.gap[i] == 1.0 { x[i] - rho * x[i - 1] } else { scale * x[i] }).collect()
    }

    /// Rho of residuals; `k` is the number of parameters.
    fn rho(&self, e: &[f64], rule: Rho, k: usize) -> f64 {
        let n = e.len() as f64;
        let cross: f64 = self.neighbours().map(|i| e[i] * e[i - 1]).sum();
        let lagged: f64 = self.neighbours().map(|i| e[i - 1] * e[i - 1]).sum();
        let current: f64 = self.neighbours().map(|i| e[i] * e[i]).sum();
        let all: f64 = e.iter().map(|e| e * e).sum();
        let pairs = self.neighbours().count() as f64;
        let durbin_watson = 1.0 - (current + lagged - 2.0 * cross) / all / 2.0;
        match rule {
            Rho::Regress => cross / lagged,
            Rho::Forward => cross / current,
            Rho::Autocorrelation => cross / all,
            Rho::DurbinWatson => durbin_watson,
            Rho::Theil => cross / all * (n - k as f64) / pairs,
            Rho::Nagar => {
                let k2 = (k * k) as f64;
                (durbin_watson * n * n + k2) / (n * n - k2)
            }
        }
    }

    /// Estimates rho from within residuals: with the coefficients of the within regression, then again with those of
    /// the within columns transformed by Prais and Winsten until rho moves by less than `1e-6`, or once (`two_step`).
    ///
    /// # Errors
    /// Without neighbouring periods.
    pub fn autocorrelation(
        &self,
        y: &[f64],
        columns: &[&[f64]],
        rule: Rule,
        two_step: bool,
    ) -> Result<f64, FitError> {
        let e = self.within_residuals(y, columns)?;
        let series = match rule {
            Rule::Fixed(rho) => return Ok(rho),
            Rule::Series(rho) => rho,
            Rule::OneStep => {
                let pairs = self.neighbours().count() as f64;
                return Ok(self.rho(&e, Rho::Autocorrelation, 0) * e.len() as f64 / pairs);
            }
        };
        let k = columns.len() + 1;
        let mut rho = self.rho(&e, series, k);
        let centred = |c: &[f64]| -> Vec<f64> {
            let means = self.units.means(c, None);
            c.iter().zip(&self.units.of_row).map(|(v, u)| v - means[*u as usize]).collect()
        };
        let outcome = centred(y);
        let regressors: Vec<Vec<f64>> = columns.iter().map(|c| centred(c)).collect();
        for _ in 0..if two_step { 0 } else { 100 } {
            let moved: Vec<Vec<f64>> = regressors.iter().map(|c| self.by_run(c, rho)).collect();
            let views: Vec<&[f64]> = moved.iter().map(Vec::as_slice).collect();
            let b = qr::solve_chosen(
                Design { columns: &views, weights: None, constant: false },
                &self.by_run(&outcome, rho),
            )
            .b;
            let residuals: Vec<f64> = (0..y.len())
                .map(|i| outcome[i] - regressors.iter().zip(&b).map(|(c, b)| c[i] * b).sum::<f64>())
                .collect();
            let next = self.rho(&residuals, series, k);
            let step = (next - rho).abs();
            rho = next;
            if step < 1e-6 {
                break;
            }
        }
        Ok(rho)
    }

    /// Residuals of the within regression on untransformed columns.
    fn within_residuals(&self, y: &[f64], columns: &[&[f64]]) -> Result<Vec<f64>, FitError> {
        Ok(panel::within(&Request { chosen: true, ..Request::new(y, columns) }, &self.units, false)?
            .ols
            .residuals)
    }

    /// Statistics of autocorrelation of the within residuals.
    ///
    /// # Errors
    /// Without rows.
    pub fn statistics(&self, y: &[f64], columns: &[&[f64]]) -> Result<Statistics, FitError> {
        let e = self.within_residuals(y, columns)?;
        let square = |i: usize| e[i] * e[i];
        let n = e.len();
        let all: f64 = (0..n).map(square).sum();
        let steps: f64 = self.neighbours().map(|i| (e[i] - e[i - 1]).powi(2)).sum();
        let after_gap: f64 = (0..n).filter(|i| self.gap[*i] > 1.0).map(square).sum();
        let first: f64 = (0..n).filter(|i| self.gap[*i] == 0.0).map(square).sum();
        // rows without a neighbour after them: before a gap, or the last of the unit
        let open: f64 = (0..n).filter(|i| i + 1 == n || self.gap[i + 1] != 1.0).map(square).sum();
        Ok(Statistics { bhargava: (steps + after_gap) / all, lbi: (steps + after_gap + first + open) / all })
    }

    /// The within regression on transformed columns, without the first row of each unit.
    ///
    /// # Errors
    /// Too few rows.
    pub fn fixed_effects(&self, y: &[f64], columns: &[&[f64]], rho: f64) -> Result<FixedEffects, FitError> {
        let kept: Vec<usize> = (0..y.len()).filter(|i| self.gap[*i] != 0.0).collect();
        let units = Units::new(renumbered(kept.iter().map(|i| self.units.of_row[*i])));
        let pick = |c: &[f64]| -> Vec<f64> { kept.iter().map(|i| c[*i]).collect() };
        let ones = pick(&self.transform(&vec![1.0; y.len()], rho));
        let outcome = pick(&self.transform(y, rho));
        let moved: Vec<Vec<f64>> = columns.iter().map(|c| pick(&self.transform(c, rho))).collect();
        let views: Vec<&[f64]> = moved.iter().map(Vec::as_slice).collect();
        let fit = panel::within(&Request::new(&outcome, &views), &units, false)?;
        let constant = fit.ols.b.last().copied().unwrap_or(0.0) / (1.0 - rho);
        let raw: Vec<Vec<f64>> = columns.iter().map(|c| pick(c)).collect();
        let raw: Vec<&[f64]> = raw.iter().map(Vec::as_slice).collect();
        let (y, xb) = (pick(y), panel::linear_prediction(&raw, &fit.ols, false));
        let (of_y, of_xb) = (units.means(&y, None), units.means(&xb, None));
        let spread =
            |means: &[f64]| -> Vec<f64> { units.of_row.iter().map(|u| means[*u as usize]).collect() };
        let effects: Vec<f64> = of_y.iter().zip(&of_xb).map(|(y, p)| y - p - constant).collect();
        // The pooled regression has the transformed constant, which is not constant over gaps.
        let mut pooled: Vec<&[f64]> = fit.ols.basis.kept.iter().map(|j| views[*j]).collect();
        pooled.push(&ones);
        let pooled = qr::solve_chosen(Design { columns: &pooled, weights: None, constant: false }, &outcome);
        let (_, df1, df2) = fit.effects_f;
        Ok(FixedEffects {
            constant,
            r2_between: panel::correlation(&spread(&of_y), &spread(&of_xb), None).powi(2),
            r2_overall: panel::correlation(&y, &xb, None).powi(2),
            sigma_u: panel::deviation(&effects),
            correlation: panel::correlation(&spread(&effects), &xb, None),
            effects_f: ((pooled.rss - fit.ols.rss) / df1) / (fit.ols.rss / df2),
            units,
            fit,
        })
    }

    /// The generalised least squares regression of the random-effects model; columns without collinear ones.
    ///
    /// # Errors
    /// Too few rows.
    pub fn random_effects(&self, y: &[f64], columns: &[&[f64]], rho: f64) -> Result<RandomEffects, FitError> {
        let ones = vec![1.0; y.len()];
        let mut all: Vec<&[f64]> = columns.to_vec();
        all.push(&ones);
        let outcome = self.transform(y, rho);
        let moved: Vec<Vec<f64>> = all.iter().map(|c| self.transform(c, rho)).collect();
        let least = |y: &[f64], columns: &[Vec<f64>]| {
            let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            ols::fit(&Request { constant: false, chosen: true, ..Request::new(y, &views) })
        };
        let residuals = least(&outcome, &moved)?.residuals;
        let g = &moved[columns.len()];
        let total = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; self.units.count()];
            self.units.of_row.iter().enumerate().for_each(|(i, u)| sums[*u as usize] += f(i));
            sums
        };
        let gg = total(&|i| g[i] * g[i]);
        let explained: f64 = total(&|i| g[i] * residuals[i]).iter().zip(&gg).map(|(s, g)| s * s / g).sum();
        let squares: f64 = residuals.iter().map(|e| e * e).sum();
        let count = self.units.count() as f64;
        let error = (squares - explained) / (y.len() as f64 - count);
        let effect = ((explained - count * error) / gg.iter().sum::<f64>()).max(0.0);
        let theta: Vec<f64> = gg.iter().map(|g| 1.0 - (error / (g * effect + error)).sqrt()).collect();
        let last = |x: &[f64]| -> Vec<f64> {
            let products = total(&|i| g[i] * x[i]);
            let of = |i: usize| self.units.of_row[i] as usize;
            (0..x.len()).map(|i| x[i] - theta[of(i)] * g[i] * products[of(i)] / gg[of(i)]).collect()
        };
        let fit = least(&last(&outcome), &moved.iter().map(|c| last(c)).collect::<Vec<_>>())?;
        if fit.b.len() != all.len() {
            return Err(FitError::Insufficient);
        }
        let xb: Vec<f64> =
            (0..y.len()).map(|i| columns.iter().zip(&fit.b).map(|(c, b)| c[i] * b).sum()).collect();
        Ok(RandomEffects {
            r2: panel::r_squared(y, &xb, &self.units),
            sigma_u: effect.sqrt(),
            sigma_e: error.sqrt(),
            theta: self.units.of_row.iter().map(|u| theta[*u as usize]).collect(),
            fit,
        })
    }
}

/// Numbers from zero of sorted labels.
fn renumbered(labels: impl Iterator<Item = u32>) -> Vec<u32> {
    let (mut last, mut number) = (None, 0);
    labels
        .map(|label| {
            number += u32::from(last.is_some_and(|l| l != label));
            last = Some(label);
            number
        })
        .collect()
}
