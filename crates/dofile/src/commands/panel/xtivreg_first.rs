//! The regressions of the first stage of `xtivreg`: every endogenous regressor on all exogenous variables, transformed as
//! the model is ([XT] xtivreg, option `first`).

use super::xtivreg::Sample;
use crate::error::Result;
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::post::{plain_stripe, stata};
use crate::estimation::table::Table;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::ols::{self, Request};
use estimators::panel_iv::{Model, quasi_demeaned};
use estimators::wald;

/// What the first stage is made from.
pub(super) struct First<'a> {
    /// Names of the variables.
    pub(super) sample: &'a Sample,
    /// The columns of the model, not transformed.
    pub(super) columns: &'a Model,
    /// Estimator.
    pub(super) kind: &'a str,
    /// Shares of the unit means that random effects take out.
    pub(super) theta: &'a [f64],
}

/// Prints the regressions.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand, first: &First<'_>) -> Result<()> {
    let First { sample, columns, kind, theta } = first;
    let units = &sample.units;
    let moved = columns.transformed(|c| match *kind {
        "fe" => units.within(c),
        "be" => units.means(c, None),
        "fd" => c.to_vec(),
        _ => quasi_demeaned(c, units, theta),
    });
    let random = *kind == "re";
    let mut all: Vec<Vec<f64>> = moved.exogenous.iter().chain(&moved.instruments).cloned().collect();
    let model = &sample.model;
    let mut names: Vec<String> = model.estimated().iter().map(|p| model.names()[*p].clone()).collect();
    names.retain(|n| n != "_cons");
    names.extend(sample.instruments.iter().map(|c| c.0.clone()));
    names.push("_cons".to_string());
    if random {
        // the constant is quasi-demeaned as well
        all.push(units.of_row.iter().map(|u| 1.0 - theta[*u as usize]).collect());
    }
    let slices: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let stripe = plain_stripe(names);
    let title = match *kind {
        "fe" => "First-stage within regression",
        "be" => "First-stage between regression",
        "fd" => "First-stage first-differenced regression",
        _ => "First-stage G2SLS regression",
    };
    for ((name, _), values) in sample.endogenous.iter().zip(&moved.endogenous) {
        let request = Request { constant: !random, chosen: true, ..Request::new(values, &slices) };
        let fit = ols::fit(&request).map_err(fit_error)?;
        let lost = if *kind == "fe" { units.count() as f64 - 1.0 } else { 0.0 };
        let df = fit.df_residual - lost;
        let v = fit.v.clone().scaled(fit.df_residual / df);
        let slopes: Vec<usize> = (0..stripe.len() - 1).collect();
        let test = wald::test_zero(&fit.b, &v, &slopes);
        let df_m = test.df as f64;
        let facts = if random {
            [
                Fact::observations(fit.n),
                Fact::statistic("Wald chi2", &[df_m], stata(test.chi2)),
                Fact::probability("Prob > chi2", stata(chi2_tail(df_m, test.chi2))),
            ]
        } else {
            [
                Fact::observations(fit.n),
                Fact::statistic("F", &[df_m, df], stata(test.f())),
                Fact::probability("Prob > F", stata(f_tail(df_m, df, test.f()))),
            ]
        };
        s.print("");
        show_header(s, &[title.to_string()], &facts, 18, 10);
        s.print("");
        let se: Vec<f64> = v.diagonal().iter().map(|v| v.sqrt()).collect();
        let before = s.r.clone();
        Table {
            title: name,
            equations: false,
            ..Table::of_equations(&stripe, &fit.b, &se, (!random).then_some(df), level(s, cmd)?)
        }
        .show(s);
        s.r = before;
    }
    s.print("");
    Ok(())
}
