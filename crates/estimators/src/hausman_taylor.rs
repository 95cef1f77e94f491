//! Random effects with regressors that are correlated with them: Hausman and Taylor (1981, Econometrica 49) for panels
//! of one length, and the variant of Amemiya and MaCurdy. Formulas: [XT] xthtaylor; Baltagi (2013), Econometric Analysis
//! of Panel Data, 7.4.

use super::iv::IvFit;
use super::ols::{self, FitError, Request};
use super::panel::Units;
use super::panel_iv::Model;
use super::qr::{Design, choose_in_blocks};

/// Regressors by their variation over time and their correlation with the effects.
pub struct Regressors<'a> {
    /// Vary over time, not correlated.
    pub x1: Vec<&'a [f64]>,
    /// Vary over time, correlated.
    pub x2: Vec<&'a [f64]>,
    /// Constant in time, not correlated.
    pub z1: Vec<&'a [f64]>,
    /// Constant in time, correlated.
    pub z2: Vec<&'a [f64]>,
}

impl Regressors<'_> {
    /// Those that vary over time.
    fn varying(&self) -> Vec<&[f64]> {
        self.x1.iter().chain(&self.x2).copied().collect()
    }
}

/// The estimator with its variance components.
pub struct HausmanTaylor {
    /// Coefficients in the order x1, x2, z1, z2, constant; the covariance divides by N.
    pub fit: IvFit,
    /// Standard deviation of the effects.
    pub sigma_u: f64,
    /// Standard deviation of the remaining errors.
    pub sigma_e: f64,
    /// Share of the unit means that the transformation takes out.
    pub theta: f64,
}

/// Fits the model to units of one size. With `periods`, the period (from zero) of each row, the instruments are those of
/// Amemiya and MaCurdy (1986, Econometrica 54): the values of x1 in every period instead of their mean. Errors: collinear
/// columns within units, or fewer instruments than regressors.
pub fn fit(
    y: &[f64],
    regressors: &Regressors<'_>,
    units: &Units,
    periods: Option<&[usize]>,
) -> Result<HausmanTaylor, FitError> {
    let size = units.sizes[0] as f64;
    let (within, slopes) = within_slopes(y, &regressors.varying(), units)?;
    let net: Vec<f64> = {
        let xb = combined(&regressors.varying(), &slopes);
        y.iter().zip(&xb).map(|(y, f)| y - f).collect()
    };
    let centre = units.means(&net, None);
    let expanded: Vec<f64> = units.of_row.iter().map(|u| centre[*u as usize]).collect();
    let owned = |columns: &[&[f64]]| columns.iter().map(|c| c.to_vec()).collect::<Vec<_>>();
    let constant_part = Model {
        y: expanded.clone(),
        endogenous: owned(&regressors.z2),
        exogenous: owned(&regressors.z1),
        instruments: if regressors.z2.is_empty() { Vec::new() } else { owned(&regressors.x1) },
    };
    let gamma = constant_part.two_stage(true)?;
    let means = units.means(&gamma.residuals, None);
    // E of the mean square of the unit means of the residuals is sigma_u^2 + sigma_e^2 / T.
    let between = means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64;
    let variance_u = (between - within / size).max(0.0);
    let theta = 1.0 - (within / (within + size * variance_u)).sqrt();
    let fit = transformed(y, regressors, units, (theta, periods))?;
    Ok(HausmanTaylor { fit, sigma_u: variance_u.sqrt(), sigma_e: within.sqrt(), theta })
}

/// Variance of the errors and slopes of the fixed-effects model; its divisor is N less the number of units.
fn within_slopes(y: &[f64], columns: &[&[f64]], units: &Units) -> Result<(f64, Vec<f64>), FitError> {
    let moved: Vec<Vec<f64>> = columns.iter().map(|c| units.within(c)).collect();
    let slices: Vec<&[f64]> = moved.iter().map(Vec::as_slice).collect();
    let outcome = units.within(y);
    // Deviations have the overall mean added, which the constant takes up.
    let fit = ols::fit(&Request::new(&outcome, &slices))?;
    let mut slopes = vec![0.0; columns.len()];
    fit.basis.kept.iter().zip(&fit.b).for_each(|(at, b)| slopes[*at] = *b);
    Ok((fit.rss / (y.len() - units.count()) as f64, slopes))
}

fn combined(columns: &[&[f64]], slopes: &[f64]) -> Vec<f64> {
    let rows = columns.first().map_or(0, |c| c.len());
    (0..rows).map(|i| columns.iter().zip(slopes).map(|(c, b)| c[i] * b).sum()).collect()
}

/// The instruments that are not collinear with z1, the constant and those before them.
fn independent(z1: &[&[f64]], instruments: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut all: Vec<&[f64]> = z1.to_vec();
    all.extend(instruments.iter().map(Vec::as_slice));
    let design = Design { columns: &all, weights: None, constant: true };
    let chosen = choose_in_blocks(design, &[z1.len(), instruments.len()]).0;
    chosen.into_iter().filter_map(|j| j.checked_sub(z1.len())).map(|j| instruments[j].clone()).collect()
}

/// The values of a column in each period, in all rows of the unit.
fn by_period(column: &[f64], units: &Units, periods: &[usize]) -> Vec<Vec<f64>> {
    let count = periods.iter().max().map_or(0, |p| p + 1);
    let mut value = vec![vec![0.0; units.count()]; count];
    for (i, unit) in units.of_row.iter().enumerate() {
        value[periods[i]][*unit as usize] = column[i];
    }
    value.iter().map(|v| units.of_row.iter().map(|u| v[*u as usize]).collect()).collect()
}

/// Two-stage least squares of the transformed model, with deviations of x1 and x2, means of x1 (with periods their
/// values), and z1 as instruments.
fn transformed(
    y: &[f64],
    regressors: &Regressors<'_>,
    units: &Units,
    (theta, periods): (f64, Option<&[usize]>),
) -> Result<IvFit, FitError> {
    let moved = |column: &[f64]| -> Vec<f64> {
        let means = units.means(column, None);
        column.iter().zip(&units.of_row).map(|(x, u)| x - theta * means[*u as usize]).collect()
    };
    let spread = |column: &[f64]| -> Vec<f64> {
        let means = units.means(column, None);
        units.of_row.iter().map(|u| means[*u as usize]).collect()
    };
    let varying = regressors.varying();
    let endogenous: Vec<Vec<f64>> = varying.iter().chain(&regressors.z2).map(|c| moved(c)).collect();
    let mut instruments: Vec<Vec<f64>> = varying.iter().map(|c| units.within(c)).collect();
    match periods {
        None => instruments.extend(regressors.x1.iter().map(|c| spread(c))),
        Some(periods) => {
            instruments.extend(regressors.x1.iter().flat_map(|c| by_period(c, units, periods)));
            instruments = independent(&regressors.z1, instruments);
        }
    }
    let model = Model {
        y: moved(y),
        endogenous,
        exogenous: regressors.z1.iter().map(|c| moved(c)).collect(),
        instruments,
    };
    let mut fit = model.two_stage(true)?;
    // The order x, z2, z1, constant becomes x, z1, z2, constant; the constant was divided by 1 - theta.
    let (x, z1, z2) = (varying.len(), regressors.z1.len(), regressors.z2.len());
    let order: Vec<usize> = (0..x).chain(x + z2..x + z2 + z1).chain(x..x + z2).chain([x + z1 + z2]).collect();
    let last = order.len() - 1;
    let scale = |i: usize| if i == last { 1.0 / (1.0 - theta) } else { 1.0 };
    fit.b = order.iter().enumerate().map(|(i, from)| fit.b[*from] * scale(i)).collect();
    let mut v = fit.v.select(&order, &order);
    for i in 0..=last {
        v[(i, last)] *= scale(last);
        v[(last, i)] *= scale(last);
    }
    // the error variance on N - k degrees of freedom, as in the standard errors that Baltagi (2013, table 7.6) prints
    let (n, k) = (fit.n, order.len() as f64);
    if n <= k {
        return Err(FitError::Insufficient);
    }
    fit.v = v.scaled(n / (n - k));
    Ok(fit)
}
