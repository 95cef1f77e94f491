//! `varlmar`: the Lagrange-multiplier test for residual autocorrelation after `var` (Johansen 1995, 21-22).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var::State;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::var::{self as kernel, VarFit};

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::int("MLag")]).unsupported(&["ESTimates", "SEParator"]);

/// `varlmar`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "varlmar",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "varlmar [, mlag(#)]",
    notes: "after var; (T - d - 0.5) times the log ratio of the error determinants without and with the residuals of one lag among the regressors (0 before the sample), d regressors in an augmented equation; stores r(lm): lag chi2 df p; [TS] varlmar",
    examples: &[Example {
        // Degrees of freedom: the squared number of equations.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nvarlmar, mlag(1)\nmatrix m = r(lm)",
        expect: &[("m[1,3]", 4.0), ("m[1,4]/chi2tail(4, m[1,2])", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let most = cmd.options.int("mlag").unwrap_or(2);
    if !(1..=1000).contains(&most) {
        return Err(StataError::invalid("mlag() must be a positive integer"));
    }
    let state = s.e.extra.as_ref().filter(|_| s.e.cmd() == "var").and_then(|x| x.downcast_ref::<State>());
    let state =
        state.ok_or_else(|| StataError::new(301, "last estimates not found; var has to be run first"))?;
    s.r = lagrange(&state.fit, most as usize)?;
    show(s);
    Ok(())
}

/// The tests of lags 1 to `most` as `r(lm)`.
pub(super) fn lagrange(fit: &VarFit, most: usize) -> Result<Results> {
    let (n, m) = (fit.n, fit.residuals.len());
    let before = kernel::log_determinant(&fit.sigma_ml)
        .ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
    let mut data = Vec::new();
    for lag in 1..=most {
        let d = fit.k + m;
        if n <= d + 1 || lag >= n {
            return Err(StataError::insufficient_observations());
        }
        let shifted: Vec<Vec<f64>> = fit
            .residuals
            .iter()
            .map(|u| (0..n).map(|t| if t < lag { 0.0 } else { u[t - lag] }).collect())
            .collect();
        let after = kernel::augmented(fit, &shifted).map_err(fit_error)?;
        let after = kernel::log_determinant(&after)
            .ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
        let statistic = (n as f64 - d as f64 - 0.5) * (before - after);
        let df = (m * m) as f64;
        data.extend([lag as f64, statistic, df, stata(chi2_tail(df, statistic))]);
    }
    let rows = data.len() / 4;
    let mut table = Matrix::new(rows, 4, data);
    table.col_names = ["lag", "chi2", "df", "p"].map(Stripe::term).to_vec();
    let mut r = Results::default();
    r.matrix("lm", table);
    Ok(r)
}

/// Shows `r(lm)`.
pub(super) fn show(s: &mut Session) {
    let Some(table) = s.r.matrices.get("lm").cloned() else { return };
    s.print("");
    s.print("   Lagrange-multiplier test");
    s.print("  +--------------------------------------+");
    s.print("  | lag  |      chi2    df   Prob > chi2 |");
    s.print("  |------+-------------------------------|");
    for i in 0..table.rows() {
        s.print(format!(
            "  |{:>4}  |{}{:>6}{}   |",
            table.get(i, 0),
            format::right(&format::bare("%9.4f", table.get(i, 1)), 10),
            table.get(i, 2),
            format::right(&format::bare("%9.5f", table.get(i, 3)), 12)
        ));
    }
    s.print("  +--------------------------------------+");
    s.print("   H0: no autocorrelation at lag order");
}
