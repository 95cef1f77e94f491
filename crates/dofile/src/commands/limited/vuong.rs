//! Vuong's comparison of a zero-inflated model with the plain one (Vuong 1989, Econometrica 57; Greene 1994). Stata refuses it under the
//! name `vuong`, as the plain model lies on the border of the other one, and gives it under the name `forcevuong`.

use super::zero::{constant_equation, log_mean, main_equation};
use crate::error::{Result, StataError};
use crate::estimation::ml_command;
use crate::estimation::model::Model;
use crate::estimation::post::stata;
use crate::estimation::sample::Side;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::normal_tail;
use estimators::jet::{Formula, Jet};
use estimators::ml_zero::{inflated, negative_binomial, poisson, shares};

/// Refuses `vuong`, and `forcevuong` where rows do not count alike.
///
/// # Errors
/// r(198).
pub(super) fn check(cmd: &ParsedCommand, model: &Model) -> Result<()> {
    if cmd.has("vuong") {
        return Err(StataError::invalid(
            "Vuong test is not appropriate for testing zero-inflation. Specify option forcevuong to perform the test anyway.",
        ));
    }
    if cmd.has("forcevuong") && (model.weights.is_some() || model.is_robust()) {
        return Err(StataError::invalid(
            "forcevuong may not be combined with weights or robust standard errors",
        ));
    }
    Ok(())
}

/// Stores `e(vuong)`: the mean difference of the log likelihoods of a row, over its standard error. `b` are the parameters of the
/// zero-inflated model: slopes, constant, those of the inflation, and `ln(alpha)`.
///
/// # Errors
/// r(430) where the plain model does not converge.
pub(super) fn store(
    s: &mut Session,
    model: &Model,
    side: &Side,
    (probit, negative): (bool, bool),
    shift: Option<&[f64]>,
    b: &[f64],
) -> Result<()> {
    let y = &model.y;
    let mut start = vec![0.0; model.columns().len()];
    start.extend(model.constant.then(|| log_mean(model, shift)));
    let first = main_equation(model, true, shift);
    let plain = if negative {
        start.push(-0.5);
        let formula =
            Formula::<2, _>(|row: usize, [eta, alpha]: [Jet<2>; 2]| negative_binomial(y[row], eta, alpha));
        ml_command::quiet(model, &formula, vec![first, constant_equation()], &start)?
    } else {
        let formula = Formula::<1, _>(|row: usize, [eta]: [Jet<1>; 1]| poisson(y[row], eta));
        ml_command::quiet(model, &formula, vec![first], &start)?
    };
    let (columns, others) = (model.columns(), side.columns());
    let index = |columns: &[&[f64]], constant: bool, b: &[f64], row: usize| {
        let sum: f64 = columns.iter().zip(b).map(|(x, b)| x[row] * b).sum();
        sum + if constant { b[columns.len()] } else { 0.0 }
    };
    let width = columns.len() + usize::from(model.constant);
    let count = |row: usize, b: &[f64]| {
        let eta = index(&columns, model.constant, b, row) + shift.map_or(0.0, |o| o[row]);
        let eta = Jet::<1>::constant(eta);
        if negative {
            negative_binomial(y[row], eta, Jet::constant(b[b.len() - 1]))
        } else {
            poisson(y[row], eta)
        }
    };
    let gain = |row: usize| {
        let z = Jet::<1>::constant(index(&others, true, &b[width..], row));
        let (inflate, rest) = shares(z, probit);
        inflated(y[row], inflate, rest, count(row, b)).v - count(row, &plain.b).v
    };
    let gains: Vec<f64> = (0..y.len()).map(gain).collect();
    let n = gains.len() as f64;
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0);
    s.e.results.scalar("vuong", stata(n.sqrt() * mean / variance.sqrt()));
    Ok(())
}

/// Prints the test below the table.
pub(super) fn show(s: &mut Session, name: &str) {
    let Some(z) = s.e.results.get_scalar("vuong") else { return };
    let plain = if name == "zip" { "standard Poisson" } else { "standard negative binomial" };
    let p = if z < MISSING { normal_tail(z) } else { MISSING };
    let left = format!("Vuong test of {name} vs. {plain}:");
    s.print(format!("{left:<50} z = {}  Pr>z = {}", format::number("%8.2f", z), format::number("%6.4f", p)));
}
