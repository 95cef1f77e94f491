//! Panels of `xtgls` and `xtpcse`: the sample, its autocorrelation and the covariance of its errors.

use super::xtgls::Across;
use crate::error::{Result, StataError};
use crate::estimation::model::{Model, number_groups};
use crate::session::Session;
use crate::tsset::Panel;
use estimators::autocorrelation::{Panels, Rho, transform_runs};
use estimators::matrix::Mat;
use estimators::ols::{self, Request};

/// The sample in panels, regressors with the constant last.
pub(super) struct Sample {
    /// Rows of each panel in the order of time.
    pub rows: Vec<Vec<usize>>,
    /// Period of each row.
    pub period: Vec<usize>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Regressors.
    pub columns: Vec<Vec<f64>>,
    /// Whether every panel has the same periods.
    pub balanced: bool,
    /// Whether covariances of panels rest on the periods that all of them have.
    pub casewise: bool,
}

/// Reads the sample of a model; `force` allows gaps.
pub(super) fn sample(
    session: &Session,
    model: &Model,
    declared: &Panel,
    force: bool,
    spaced: bool,
) -> Result<Sample> {
    let unit = declared.unit()?;
    let time = declared.series()?;
    let (of_row, count) = number_groups(&session.frame, unit, &model.design.rows);
    let mut rows = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, u)| rows[*u as usize].push(i));
    let at = |i: usize| session.frame.num_at(time, model.design.rows[i]);
    let first = (0..model.y.len()).map(at).fold(f64::INFINITY, f64::min);
    let period: Vec<usize> =
        (0..model.y.len()).map(|i| ((at(i) - first) / declared.delta).round().max(0.0) as usize).collect();
    for own in &mut rows {
        own.sort_by_key(|i| period[*i]);
        if spaced && !force && own.windows(2).any(|w| period[w[1]] != period[w[0]] + 1) {
            return Err(StataError::new(
                459,
                "panels have unequally spaced observations; use the force option",
            ));
        }
    }
    let balanced = rows.iter().all(|own| {
        own.len() == rows[0].len() && own.iter().zip(&rows[0]).all(|(a, b)| period[*a] == period[*b])
    });
    let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| c.to_vec()).collect();
    columns.extend(model.constant.then(|| vec![1.0; model.y.len()]));
    Ok(Sample { rows, period, y: model.y.clone(), columns, balanced, casewise: false })
}

/// Coefficients and residuals of least squares.
pub(super) fn least_squares(y: &[f64], columns: &[Vec<f64>]) -> Result<(Vec<f64>, Vec<f64>)> {
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = ols::fit(&Request { constant: false, chosen: true, ..Request::new(y, &views) })
        .map_err(crate::estimation::display::fit_error)?;
    if fit.b.len() != columns.len() {
        return Err(StataError::new(506, "regressors are collinear after the transformation"));
    }
    Ok((fit.b, fit.residuals))
}

impl Sample {
    /// Takes the autocorrelation out panel by panel (Prais and Winsten); gives rho of each panel. `further` of xtpcse
    /// weighs a panel by its neighbouring periods and this number; xtgls takes the plain mean and knows no gaps.
    pub(super) fn filter(
        &mut self,
        e: &[f64],
        rho_type: Rho,
        common: bool,
        further: Option<f64>,
    ) -> Result<Vec<f64>> {
        let k = self.columns.len();
        let period = &self.period;
        let follows = |own: &[usize], i: usize| {
            i > 0 && (further.is_none() || period[own[i]] == period[own[i - 1]] + 1)
        };
        let of = |own: &Vec<usize>| {
            let series: Vec<f64> = own.iter().map(|i| e[*i]).collect();
            if (0..own.len()).any(|i| follows(own, i)) {
                rho_type.over_runs(&series, &|i| follows(own, i), k).clamp(-1.0, 1.0)
            } else {
                0.0
            }
        };
        let mut rho: Vec<f64> = self.rows.iter().map(of).collect();
        if common {
            let pairs = |own: &Vec<usize>| (0..own.len()).filter(|i| follows(own, *i)).count() as f64;
            let weight = |own: &Vec<usize>| further.map_or(1.0, |more| pairs(own) + more);
            let total: f64 = self.rows.iter().map(weight).sum();
            let mean = self.rows.iter().zip(&rho).map(|(own, r)| weight(own) * r).sum::<f64>() / total;
            rho = vec![mean; rho.len()];
        }
        if rho.iter().any(|r| !r.is_finite()) {
            return Err(StataError::new(430, "autocorrelation cannot be estimated"));
        }
        for column in std::iter::once(&mut self.y).chain(&mut self.columns) {
            for (own, rho) in self.rows.iter().zip(&rho) {
                let series: Vec<f64> = own.iter().map(|i| column[*i]).collect();
                let moved = transform_runs(&series, *rho, &|i| follows(own, i));
                own.iter().zip(moved).for_each(|(i, v)| column[*i] = v);
            }
        }
        Ok(rho)
    }

    /// Residuals at coefficients.
    pub(super) fn residuals(&self, b: &[f64]) -> Vec<f64> {
        (0..self.y.len())
            .map(|i| self.y[i] - self.columns.iter().zip(b).map(|(c, b)| c[i] * b).sum::<f64>())
            .collect()
    }

    /// Covariance of the errors of panels.
    pub(super) fn sigma(&self, e: &[f64], across: Across, nmk: bool) -> Mat {
        let m = self.rows.len();
        let n = self.y.len() as f64;
        // `nmk` counts the parameters once, against all rows.
        let scale = if nmk { n / (n - self.columns.len() as f64) } else { 1.0 };
        if across == Across::Equal {
            let s2 = e.iter().map(|x| x * x).sum::<f64>() / n * scale;
            return Mat::from_fn(m, m, |i, j| if i == j { s2 } else { 0.0 });
        }
        let panels = Panels { rows: &self.rows, period: &self.period };
        let complete;
        let shared = if across == Across::Correlated && self.casewise {
            complete = panels.complete_rows();
            Panels { rows: &complete, period: &self.period }
        } else {
            panels
        };
        let full = shared.covariance(e, |t| t).scaled(scale);
        if across == Across::Correlated {
            full
        } else {
            Mat::from_fn(m, m, |i, j| if i == j { full[(i, i)] } else { 0.0 })
        }
    }

    /// Rests the covariances of unbalanced panels on the periods that all of them have, unless they are `pairwise`.
    pub(super) fn share_periods(&mut self, pairwise: bool) -> Result<()> {
        self.casewise = !self.balanced && !pairwise;
        let panels = Panels { rows: &self.rows, period: &self.period };
        if self.casewise && panels.complete_rows().iter().any(Vec::is_empty) {
            return Err(StataError::new(
                459,
                "no time periods are common to all panels; use the pairwise option",
            ));
        }
        Ok(())
    }
}
