//! `gnbreg`: negative binomial regression whose dispersion has regressors of its own.
//!
//! Stores in `e()`: N k k_eq df_m ll ll_0 r2_p chi2 p rank converged, b, V, cmd depvar offset.
//! Formulas: [R] nbreg, Methods and formulas of gnbreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, first};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml::Equation;
use estimators::ml_count::{NegativeBinomial, Poisson};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("LNAlpha"),
    OptSpec::text("Exposure"),
    OptSpec::text("OFFset"),
    OptSpec::flag("IRr"),
])
.weights(WEIGHTS)
.maximised()
.unsupported(&["NOSKip"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "gnbreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "gnbreg depvar [indepvars] [if] [in] [weight] [, lnalpha(varlist) exposure(v) offset(v) irr noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N df_m ll ll_0 r2_p chi2 p), e(b) with the equation lnalpha, e(V), r(table); formulas: [R] nbreg",
    examples: &[Example {
        // without regressors of the dispersion it is nbreg
        run: "set obs 40\ngen x = mod(_n, 3)\ngen y = mod(_n*_n, 7) + x*mod(_n, 5)\nnbreg y x\nscalar ll = e(ll)\ngnbreg y x",
        expect: &[("e(ll) - ll", 0.0), ("e(k_eq)", 2.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "gnbreg",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Generalized negative binomial regression"),
            look: &|_| Look { eform: cmd.has("irr").then_some("IRR"), equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let listed = Listed::parse(session, "gnbreg", cmd.options.text("lnalpha").unwrap_or(""))?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    further.extend(listed.offset);
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    let spread = listed.part(session, "lnalpha", &model.touse)?;
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let equations =
        |slopes: bool| -> Vec<Equation<'_>> { vec![first(&model, slopes, shift), spread.equation()] };
    let main = first(&model, true, shift);
    let (slopes, width) = (main.columns.len(), main.len());
    let mut start = vec![0.0; width];
    if model.constant {
        start[slopes] = super::zero::log_mean(&model, shift);
    }
    let poisson = ml_command::quiet(&model, &Poisson { y: &model.y }, vec![main], &start)?;
    let likelihood = NegativeBinomial { y: &model.y };
    let null = match model.constant {
        true => {
            let from: Vec<f64> = [start[slopes]].into_iter().chain(vec![0.0; spread.width()]).collect();
            Some(ml_command::quiet(&model, &likelihood, equations(false), &from)?)
        }
        false => None,
    };
    let mut from = poisson.b.clone();
    match &null {
        Some(null) => from.extend(&null.b[1..]),
        None => from.extend(vec![0.0; spread.width()]),
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    spread.add_to(&mut layout);
    let fit =
        likelihood::maximise(session, &cmd.options, &model, &likelihood, equations(true), &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let posted = Posted {
        cmd: "gnbreg",
        title: "Generalized negative binomial regression",
        predict: "gnbr_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: null.map(|n| n.ll),
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    if spread.shift.is_some() {
        est.results.text("offset2", cmd.options.text("lnalpha").unwrap_or(""));
    }
    if let Some((_, text)) = &offset {
        est.results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
