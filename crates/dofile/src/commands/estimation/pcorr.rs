//! `pcorr`: partial and semipartial correlations of a variable with each of several others ([R] pcorr).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::correlate::Data;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::t_two_sided;
use estimators::ols::{self, Request};
use estimators::weights::Weights;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[]).weights(&[WeightKind::Analytic, WeightKind::Frequency]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pcorr",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "pcorr varname varlist [if] [in] [weight]",
    notes: "from the t of the regression of the first variable on the others; stores r(N) r(df) r(p_corr) r(sp_corr) r(p_val); [R] pcorr",
    examples: &[Example {
        // With one variable both are the correlation.
        run: "set obs 5\ngenerate x = _n\ngenerate y = cond(_n==4, 5, cond(_n==5, 4, _n))\npcorr y x\nmatrix P = r(p_corr)\nmatrix S = r(sp_corr)",
        expect: &[("P[1,1]", 0.9), ("S[1,1]", 0.9), ("r(df)", 3.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Data::read(session, cmd, true)?;
    let [y, rest @ ..] = data.columns.as_slice() else { return Err(StataError::standard(102)) };
    if rest.is_empty() {
        return Err(StataError::standard(102));
    }
    let columns: Vec<&[f64]> = rest.iter().map(Vec::as_slice).collect();
    let weights = data.weights.as_ref().map(|(values, kind)| Weights { kind: *kind, values: values.clone() });
    let fit =
        ols::fit(&Request { weights: weights.as_ref(), ..Request::new(y, &columns) }).map_err(fit_error)?;
    let df = fit.df_residual;
    session.print(format!("(obs={})", fit.n));
    session.print("");
    session.print(format!("Partial and semipartial correlations of {} with", data.names[0]));
    session.print("");
    session.print("               Partial   Semipartial      Partial   Semipartial   Significance");
    session.print("   Variable |    corr.         corr.      corr.^2       corr.^2          value");
    session.print(format!("------------+{}", "-".repeat(65)));
    let (mut partial, mut semi, mut p) = (Vec::new(), Vec::new(), Vec::new());
    for (j, name) in data.names[1..].iter().enumerate() {
        let found = fit.basis.kept.iter().position(|k| *k == j).map(|at| {
            let t = fit.b[at] / fit.v[(at, at)].sqrt();
            (t / (t * t + df).sqrt(), t * ((1.0 - fit.r2) / df).sqrt(), t_two_sided(df, t))
        });
        let cell = |x: f64| format::bare("%8.4f", stata(x));
        match found {
            Some((a, b, c)) => {
                session.print(format!(
                    "{:>11} |{:>9}{:>14}{:>13}{:>14}{:>15}",
                    format::abbrev(name, 11),
                    cell(a),
                    cell(b),
                    cell(a * a),
                    cell(b * b),
                    cell(c)
                ));
            }
            None => session.print(format!("{:>11} |  (dropped)", format::abbrev(name, 11))),
        }
        let (a, b, c) = found.unwrap_or((MISSING, MISSING, MISSING));
        partial.push(stata(a));
        semi.push(stata(b));
        p.push(stata(c));
    }
    let mut r = Results::default();
    r.scalar("N", fit.n).scalar("df", df);
    for (name, values) in [("p_corr", partial), ("sp_corr", semi), ("p_val", p)] {
        let mut matrix = Matrix::new(values.len(), 1, values);
        matrix.row_names = data.names[1..].iter().map(Stripe::term).collect();
        matrix.col_names = vec![Stripe::term(name)];
        r.matrix(name, matrix);
    }
    session.r = r;
    Ok(())
}
