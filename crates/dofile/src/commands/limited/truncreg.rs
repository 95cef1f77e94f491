//! `truncreg`: linear regression of an outcome that is only seen between limits.
//!
//! Stores in `e()`: N N_bf llopt ulopt df_m ll chi2 p sigma rank converged, b, V, cmd depvar vce vcetype.
//! Formulas: [R] truncreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::tobit::start;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::{concat_lists, ml_options};
use estimators::jet::Formula;
use estimators::ml::Equation;
use estimators::ml_censored::truncated;

const OPTIONS: &[OptSpec] = ml_options![OptSpec::real("ll"), OptSpec::real("ul"), OptSpec::text("OFFset")];
const SYNTAX: StandardSyntax = StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, ml_command::RATIO))
    .weights(WEIGHTS)
    .maximised()
    .unsupported(&["MARginal", "NOLRtest"]);

/// Unlike other models of this family with analytic weights.
const WEIGHTS: &[WeightKind] =
    &[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance, WeightKind::Probability];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "truncreg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "truncreg depvar [indepvars] [if] [in] [weight] [, ll(#) ul(#) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_bf df_m ll chi2 p sigma), e(b) with /sigma, e(V), r(table); formulas: [R] truncreg",
    examples: &[Example {
        // Limits that exclude nothing give least squares.
        run: "set obs 6\ngen x = _n\ngen y = x + cond(mod(_n,2), 1, -1)\nregress y x\nscalar b = _b[x]\ntruncreg y x, ll(-1000)",
        expect: &[("_b[x] - b", 0.0), ("e(N)", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "truncreg",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Truncated regression"),
            look: &|_| Look { ancillary: 1, ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    let low = cmd.options.real("ll").unwrap_or(f64::NEG_INFINITY);
    let high = cmd.options.real("ul").unwrap_or(f64::INFINITY);
    if low >= high {
        return Err(StataError::invalid("ll() must be less than ul()"));
    }
    let outside: Vec<usize> =
        (0..model.y.len()).filter(|i| model.y[*i] <= low || model.y[*i] >= high).collect();
    let before = model.y.len() as f64;
    session.print(format!("({} obs truncated)", outside.len()));
    if !outside.is_empty() {
        model.drop_rows(session, &outside)?;
    }
    if model.y.is_empty() {
        return Err(StataError::no_observations());
    }
    drop_collinear(session, &mut model);
    let formula = Formula::<2, _>(|row: usize, eta| truncated(model.y[row], (low, high), eta));
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let equations = vec![
        Equation { columns: model.columns(), constant: model.constant, offset: shift },
        Equation { columns: Vec::new(), constant: true, offset: None },
    ];
    let from = start(&model)?;
    let mut layout = Layout::default();
    layout.equation("eq1", model.names(), &model.estimated());
    layout.rescaled("sigma", f64::ln);
    let ll_0 = ml_command::constant_only(cmd, &model, &formula, &equations, &from, 1)?;
    let mut fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations, &from, &layout)?;
    let last = fit.b.len() - 1;
    let sigma = fit.b[last].exp();
    ml_command::rescale(&mut fit.b, &mut fit.v, last, sigma, sigma);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let mut est = ml_command::begin(
        cmd,
        &model,
        &Posted {
            cmd: "truncreg",
            title: "Truncated regression",
            predict: "truncr_p",
            parameters: &parameters,
            fit: &fit,
            ll_0,
            tested: &slopes,
            equations: 2.0,
        },
    );
    est.results.scalars.remove("r2_p");
    if let Some((_, name)) = &offset {
        est.results.text("offset", name);
    }
    est.results.scalar("sigma", sigma).scalar("N_bf", before);
    if low.is_finite() {
        est.results.scalar("llopt", low);
    }
    if high.is_finite() {
        est.results.scalar("ulopt", high);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
