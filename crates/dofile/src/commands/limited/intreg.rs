//! `intreg`: linear regression of an outcome that is known as a point, an interval or a bound.
//!
//! Stores in `e()`: N N_unc N_lc N_rc N_int df_m ll ll_0 chi2 p sigma rank converged, b, V, cmd depvar.
//! Formulas: [R] intreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::parts::{Listed, first, single};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::interval_outcome;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::jet::Formula;
use estimators::ml_censored::censored;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("OFFset"), OptSpec::text("het"),])
        .weights(&[
            WeightKind::Analytic,
            WeightKind::Frequency,
            WeightKind::Importance,
            WeightKind::Probability,
        ])
        .maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "intreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "intreg depvar1 depvar2 [indepvars] [if] [in] [weight] [, het(varlist [, noconstant]) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "missing lower or upper end: censored there; stores e(N N_unc N_lc N_rc N_int df_m ll ll_0 chi2 p sigma), e(b) with /lnsigma, or with het() the equation lnsigma, e(V), r(table); formulas: [R] intreg",
    examples: &[Example {
        // Points only: least squares.
        run: "set obs 6\ngen x = _n\ngen y = x + cond(mod(_n,2), 1, -1)\ngen y2 = y\nregress y x\nscalar b = _b[x]\nintreg y y2 x",
        expect: &[("_b[x] - b", 0.0), ("e(N_unc)", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "intreg",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|session| match heteroskedastic(session) {
                true => Look { equations: true, ..Look::default() },
                false => Look { ancillary: 1, ..Look::default() },
            },
            footer: &|session| footer(session, shown),
        },
    )
}

fn header(session: &mut Session) {
    likelihood::header(session, "Interval regression");
    for (label, name) in [
        ("Uncensored", "N_unc"),
        ("Left-censored", "N_lc"),
        ("Right-censored", "N_rc"),
        ("Interval-cens.", "N_int"),
    ] {
        let count = format::bare("%9.0g", session.e.results.get_scalar(name).unwrap_or(0.0));
        session.print(format!("{label:>70} = {count:>6}"));
    }
    session.print("");
}

/// Whether the scale of the active results has regressors.
fn heteroskedastic(session: &Session) -> bool {
    session.e.results.get_text("het").is_some()
}

fn footer(session: &mut Session, level: f64) {
    if heteroskedastic(session) {
        return;
    }
    let Some(last) = session.e.b().map(|b| b.cols() - 1) else { return };
    derived_row(session, "sigma", last, level, f64::exp, f64::exp);
    session.print("-".repeat(78));
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let het = cmd.options.text("het").map(|text| Listed::parse(session, "intreg", text)).transpose()?;
    if het.as_ref().is_some_and(|h| h.offset.is_some()) {
        return Err(StataError::unsupported_option("intreg", "het(, offset())"));
    }
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let reading = Reading { further, ..Reading::likelihood(cmd, SYNTAX.weights) };
    let lists: Vec<&FvList> = het.iter().map(|h| &h.list).collect();
    let (model, rows) = interval_outcome::read(session, &reading, &lists)?;
    let scale = het.map(|h| h.part(session, "lnsigma", &model.touse)).transpose()?;
    let formula = Formula::<2, _>(|row: usize, eta| censored(rows[row], eta));
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let equations = |slopes: bool, scales: bool| {
        let second = match &scale {
            Some(part) if scales => part.equation(),
            _ => single(),
        };
        vec![first(&model, slopes, shift), second]
    };
    let plain = super::tobit::start(&model)?;
    let from = match &scale {
        None => plain,
        Some(part) => {
            let fit = ml_command::quiet(&model, &formula, equations(true, false), &plain)?;
            let mut from = fit.b;
            let constant = from.pop().unwrap_or(0.0);
            from.extend(vec![0.0; part.side.columns().len()]);
            from.extend(part.side.constant.then_some(constant));
            from
        }
    };
    let n = model.y.len() as f64;
    let mean = model.y.iter().sum::<f64>() / n;
    let sd = (model.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-8);
    let ll_0 = match model.constant && scale.is_none() {
        true => Some(ml_command::quiet(&model, &formula, equations(false, true), &[mean, sd.ln()])?.ll),
        false => None,
    };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    match &scale {
        Some(part) => part.add_to(&mut layout),
        None => layout.ancillary("lnsigma"),
    };
    let fit =
        likelihood::maximise(session, &cmd.options, &model, &formula, equations(true, true), &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "intreg",
        title: "Interval regression",
        predict: "intreg_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &slopes,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    if let Some((_, name)) = &offset {
        est.results.text("offset", name);
    }
    interval_outcome::store_counts(&mut est.results, &rows);
    if scale.is_some() {
        est.results.text("het", "heteroskedastic");
    } else {
        let last = fit.b.len() - 1;
        let sigma = fit.b[last].exp();
        est.results.scalar("sigma", sigma).scalar("se_sigma", sigma * fit.v[(last, last)].sqrt());
    }
    // The pseudo R2 is not defined for this model.
    est.results.scalars.remove("r2_p");
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
