//! `mprobit`: multinomial probit with independent standard normal errors.
//!
//! Stores in `e()`: N k_out k_points df_m ll chi2 p i_base baseout const probitparam rank converged, outcomes, b with an
//! equation for each outcome except the base, V, cmd depvar outeqs. Probabilities are integrals over one error, by the
//! Gauss-Laguerre rule with the weight `x^(-1/2) exp(-x)`, as it results from the substitution in [R] mprobit, Methods
//! and formulas.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::choice::{WEIGHTS, base_outcome, categories, counts, equation_names, read};
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Model;
use crate::matrix::Matrix;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml::Equation;
use estimators::ml_choice::Multinomial;
use estimators::ml_outcomes::{IndependentProbit, Observed};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("Baseoutcome"),
    OptSpec::flag("PROBITparam"),
    OptSpec::int("INTPoints"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mprobit",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mprobit depvar [indepvars] [if] [in] [weight] [, baseoutcome(#) probitparam intpoints(#) noconstant vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "stores e(N k_out k_points df_m ll chi2 p i_base baseout), e(outcomes), e(b) without the base outcome, e(V), r(table); formulas: [R] mprobit",
    examples: &[Example {
        // Two outcomes with differences of variance one are a probit.
        run: "set obs 60\ngen x = mod(_n*7, 11) - 5\ngen y = x + mod(_n*3, 13) - 5 > 0\nprobit y x, nolog\nscalar b = _b[x]\nmprobit y x, probitparam baseoutcome(0) nolog",
        expect: &[("abs([1]_b[x] - b) < 1e-9", 1.0), ("e(k_out)", 2.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "mprobit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Multinomial probit regression"),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

/// The equations of all outcomes except the base.
fn equations<'a>(model: &'a Model, indices: usize) -> Vec<Equation<'a>> {
    let one = || Equation { columns: model.columns(), constant: model.constant, offset: None };
    (0..indices).map(|_| one()).collect()
}

/// Start: the multinomial logit on the scale of the errors, whose differences have a variance of `pi^2 / 3` there.
fn start(model: &Model, of_row: &[usize], base: usize, indices: usize, unit: bool) -> Result<Vec<f64>> {
    let y: Vec<Option<usize>> =
        of_row.iter().map(|c| (*c != base).then(|| c - usize::from(*c > base))).collect();
    let width = model.columns().len() + usize::from(model.constant);
    let logit = Multinomial { y: &y, indices };
    let fit = ml_command::quiet(model, &logit, equations(model, indices), &vec![0.0; width * indices])?;
    let deviation: f64 = if unit { 1.0 } else { std::f64::consts::SQRT_2 };
    Ok(fit.b.iter().map(|b| b * deviation * 3.0_f64.sqrt() / std::f64::consts::PI).collect())
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let points = cmd.options.int("intpoints").unwrap_or(15);
    if !(3..=60).contains(&points) {
        return Err(StataError::new(198, "intpoints() must be between 3 and 60"));
    }
    let model = read(session, cmd)?;
    let (values, of_row) = categories(&model)?;
    let counts = counts(&model, &of_row, values.len());
    // The most frequent outcome is the base unless another one is named.
    let frequent = (0..values.len()).rev().max_by(|a, b| counts[*a].total_cmp(&counts[*b])).unwrap_or(0);
    let base = base_outcome(session, cmd, &model.depvar, &values)?.unwrap_or(frequent);
    let (indices, unit) = (values.len() - 1, cmd.has("probitparam"));
    let from = start(&model, &of_row, base, indices, unit)?;
    let of = IndependentProbit::new(values.len(), base, points as usize, unit);
    let names = equation_names(session, &model.depvar, &values);
    let mut layout = Layout::default();
    for (_, name) in names.iter().enumerate().filter(|(category, _)| *category != base) {
        layout.equation(name, model.names(), &model.estimated());
    }
    let observed = Observed { y: &of_row, model: &of };
    let equations = equations(&model, indices);
    let fit = likelihood::maximise(session, &cmd.options, &model, &observed, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes = model.columns().len();
    let per = slopes + usize::from(model.constant);
    let tested: Vec<usize> = (0..indices).flat_map(|e| (0..slopes).map(move |j| e * per + j)).collect();
    let posted = Posted {
        cmd: "mprobit",
        title: "Multinomial probit regression",
        predict: "mprobit_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: indices as f64,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let flag = |on: bool| f64::from(u8::from(on));
    est.results
        .scalar("k_out", values.len() as f64)
        .scalar("k_points", points as f64)
        .scalar("k_eq_model", indices as f64)
        .scalar("i_base", base as f64 + 1.0)
        .scalar("baseout", values[base])
        .scalar("const", flag(model.constant))
        .scalar("probitparam", flag(unit));
    est.results
        .matrix("outcomes", Matrix::new(values.len(), 1, values.clone()))
        .text("outeqs", names.join(" "));
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
