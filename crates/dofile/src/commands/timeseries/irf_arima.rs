//! Responses to impulses of `arima`: the weights of past errors, `psi(L) = theta(L)/rho(L)`, their sums, and both for an impulse of one
//! standard deviation; standard errors by the delta method ([TS] irf create; Hamilton 1994, chapter 3).

use super::arima::State;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::value::MISSING;
use estimators::arima::Arima;
use estimators::matrix::Mat;
use estimators::var::Tables;

/// Step of the differences, relative to parameters above one.
const STEP: f64 = 1e-3;

/// The outcome, the responses at steps `0..=steps`, and their standard errors; shares of variances are missing.
///
/// # Errors
/// r(301) without results of `arima`, r(199) for models of differences.
pub(super) fn responses(session: &Session, steps: usize) -> Result<(String, Tables, Tables)> {
    let held = session.e.extra.clone();
    let state = held.as_ref().and_then(|e| e.downcast_ref::<State>());
    let state = state.ok_or_else(StataError::no_estimates)?;
    if state.difference.0 + state.difference.1 > 0 {
        return Err(StataError::unsupported_option("irf create", "a model of differences after arima"));
    }
    let none: &[f64] = &[];
    let model = Arima {
        y: none,
        x: vec![none; state.regressors.len() + usize::from(state.constant)],
        factors: state.factors.clone(),
        conditional: state.conditional,
    };
    let b = session.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let v = crate::estimation::post::kernel(session.e.v().ok_or_else(StataError::no_estimates)?);
    if b.len() != model.size() {
        return Err(StataError::no_estimates());
    }
    let values = weights(&model, &b, steps);
    let first = model.x.len();
    // the weights are polynomials of the parameters, so that differences of fourth order are nearly exact
    let derivative = |j: usize| -> Vec<f64> {
        let h = STEP * b[j].abs().max(1.0);
        let at = |k: f64| {
            let mut moved = b.clone();
            moved[j] += k * h;
            weights(&model, &moved, steps)
        };
        let (a, c, d, e) = (at(-2.0), at(-1.0), at(1.0), at(2.0));
        (0..a.len()).map(|i| (a[i] - 8.0 * c[i] + 8.0 * d[i] - e[i]) / (12.0 * h)).collect()
    };
    let own: Vec<usize> = (first..b.len()).collect();
    let v = v.select(&own, &own);
    let slopes: Vec<Vec<f64>> = own.into_iter().map(derivative).collect();
    let error = |i: usize| {
        let gradient: Vec<f64> = slopes.iter().map(|slope| slope[i]).collect();
        v.quadratic(&gradient).max(0.0).sqrt()
    };
    let errors: Vec<f64> = (0..values.len()).map(error).collect();
    Ok((state.depvar.clone(), filed(&values, steps), filed(&errors, steps)))
}

/// The four responses, one behind the other: `irf`, `oirf`, `cirf`, `coirf`.
fn weights(model: &Arima<'_>, b: &[f64], steps: usize) -> Vec<f64> {
    let (ar, ma) = model.polynomials(b);
    let sigma = b.last().copied().unwrap_or(0.0);
    let mut psi: Vec<f64> = vec![1.0];
    for j in 1..=steps {
        let own = ma.get(j - 1).copied().unwrap_or(0.0);
        let earlier: f64 = ar.iter().take(j).enumerate().map(|(i, a)| a * psi[j - 1 - i]).sum();
        psi.push(own + earlier);
    }
    let sums: Vec<f64> = psi
        .iter()
        .scan(0.0, |sum, x| {
            *sum += x;
            Some(*sum)
        })
        .collect();
    let scaled = |x: &[f64]| x.iter().map(|x| x * sigma).collect::<Vec<f64>>();
    [psi.clone(), scaled(&psi), sums.clone(), scaled(&sums)].concat()
}

fn filed(all: &[f64], steps: usize) -> Tables {
    let one = |x: f64| Mat::from_fn(1, 1, |_, _| x);
    let of = |statistic: usize| (0..=steps).map(|step| one(all[statistic * (steps + 1) + step])).collect();
    let missing = (0..=steps).map(|_| one(MISSING)).collect();
    Tables { values: [of(0), of(1), of(2), of(3), missing] }
}
