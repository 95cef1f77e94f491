//! Where the search of `mixed` begins.

use crate::error::Result;
use crate::estimation::display::fit_error;
use crate::estimation::model::Model;
use estimators::mixed::{Effects, Form as Covariance, Mixed};
use estimators::ols::{self, Request};

/// Starting values from least squares, and the log likelihood without random effects.
pub(super) fn start(model: &Model, mixed: &Mixed, effects: &[Effects<'_>]) -> Result<(Vec<f64>, f64)> {
    let columns = model.columns();
    let plain = ols::fit(&Request::new(&model.y, &columns)).map_err(fit_error)?;
    let rows = effects[effects.len() - 1].rows;
    let mean = |g: &Vec<usize>| g.iter().map(|i| plain.residuals[*i]).sum::<f64>() / g.len() as f64;
    let means: Vec<f64> = rows.iter().map(mean).collect();
    let within: f64 = rows
        .iter()
        .zip(&means)
        .map(|(g, m)| g.iter().map(|i| (plain.residuals[*i] - m).powi(2)).sum::<f64>())
        .sum();
    let df = (mixed.n - rows.len() as f64).max(1.0);
    let empty = effects.iter().all(|e| e.z.is_empty());
    let s2 = if empty { plain.rss / mixed.n } else { (within / df).max(1e-12 * plain.rss.max(1e-300)) };
    let between = means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64;
    let spread = |c: &[f64]| {
        let m = c.iter().sum::<f64>() / c.len() as f64;
        (c.iter().map(|v| (v - m).powi(2)).sum::<f64>() / c.len() as f64).sqrt()
    };
    // Two levels share the variance between groups.
    let share = 1.0 / effects.len() as f64;
    let deviation = |c: &&[f64]| match spread(c) {
        // The intercept.
        0.0 => 0.5 * (share * (between - s2 * rows.len() as f64 / mixed.n)).max(0.05 * s2).ln(),
        sd => 0.5 * s2.ln() - (2.0 * sd).ln(),
    };
    let mut theta: Vec<f64> = Vec::new();
    // A level of a factor has the variance of an intercept.
    let intercept: &[f64] = &[1.0];
    for level in effects {
        let mut from = 0;
        for block in level.blocks {
            let own = &level.z[from..from + block.effects];
            match block.form {
                Covariance::Identity => theta.push(deviation(&intercept)),
                _ => theta.extend(own.iter().map(deviation)),
            }
            theta.extend(vec![0.0; block.correlations()]);
            from += block.effects;
        }
    }
    theta.push(0.5 * s2.ln());
    theta.extend(vec![0.0; mixed.residual_parameters()]);
    let ll_c = if mixed.restricted {
        let p = columns.len() as f64 + 1.0;
        let sigma = 0.5 * (plain.rss / (mixed.n - p)).ln();
        let mut none = theta.clone();
        none.iter_mut().zip(mixed.deviations()).filter(|(_, sd)| *sd).for_each(|(t, _)| *t = -300.0);
        let at = mixed.sigma_at(&none);
        none[at] = sigma;
        mixed.profile(&none).map_or(f64::NAN, |p| p.ll)
    } else {
        plain.ll
    };
    Ok((theta, ll_c))
}
