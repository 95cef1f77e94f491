//! `intreg`: linear regression of an outcome that is known as a point, an interval or a bound.
//!
//! Stores in `e()`: N N_unc N_lc N_rc N_int df_m ll ll_0 chi2 p sigma rank converged, b, V, cmd depvar.
//! Formulas: [R] intreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Reading, first_word};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use estimators::jet::Formula;
use estimators::ml::Equation;
use estimators::ml_censored::{Seen, censored};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![OptSpec::text("OFFset")])
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
    .maximised()
    .unsupported(&["HETeroskedastic"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "intreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "intreg depvar1 depvar2 [indepvars] [if] [in] [weight] [, offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "missing lower or upper end: censored there; stores e(N N_unc N_lc N_rc N_int df_m ll ll_0 chi2 p sigma), e(b) with /lnsigma, e(V), r(table); formulas: [R] intreg",
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
            look: &|_| Look { ancillary: 1, ..Look::default() },
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

fn footer(session: &mut Session, level: f64) {
    let Some(last) = session.e.b().map(|b| b.cols() - 1) else { return };
    derived_row(session, "sigma", last, level, f64::exp, f64::exp);
    session.print("-".repeat(78));
}

/// Observation of a row from its two ends; nothing when both are missing.
fn seen(low: f64, high: f64) -> Option<Seen> {
    match (is_missing(low), is_missing(high)) {
        (true, true) => None,
        (true, false) => Some(Seen::AtMost(high)),
        (false, true) => Some(Seen::AtLeast(low)),
        (false, false) if low == high => Some(Seen::Value(low)),
        (false, false) => Some(Seen::Between(low, high)),
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (first, rest) = first_word(&cmd.list);
    let (second, rest) = first_word(rest);
    if second.is_empty() {
        return Err(StataError::standard(102));
    }
    let (low, high) = (session.numeric_variable(first)?, session.numeric_variable(second)?);
    let list = FvList::parse(&session.frame, rest, session.settings.varabbrev)?;
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let reading = Reading { further, ..Reading::likelihood(cmd, SYNTAX.weights) };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    list.markout(&session.frame, &mut open.touse)?;
    let (y1, y2) = (session.frame.numeric(low)?.into_owned(), session.frame.numeric(high)?.into_owned());
    for i in 0..open.touse.len() {
        if open.touse[i] && !is_missing(y1[i]) && !is_missing(y2[i]) && y1[i] > y2[i] {
            return Err(StataError::new(498, format!("{first} > {second} in some observations")));
        }
        open.touse[i] = open.touse[i] && seen(y1[i], y2[i]).is_some();
    }
    let constant = !cmd.has("noconstant");
    let (side, omitted) = Side::build(session, &list, &open.touse, constant)?;
    post::note_omitted(session, &omitted);
    let middle: Vec<f64> = y1
        .iter()
        .zip(&y2)
        .map(|(a, b)| match (is_missing(*a), is_missing(*b)) {
            (false, false) => (a + b) / 2.0,
            (true, _) => *b,
            _ => *a,
        })
        .collect();
    let depvar = session.frame.var(low).name.clone();
    let model = open.close(session, depvar, &middle, side.design, constant);
    let rows: Vec<Seen> = model.design.rows.iter().filter_map(|r| seen(y1[*r], y2[*r])).collect();
    let formula = Formula::<2, _>(|row: usize, eta| censored(rows[row], eta));
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let equations = |slopes: bool| {
        vec![
            Equation {
                columns: if slopes { model.columns() } else { Vec::new() },
                constant: model.constant,
                offset: shift,
            },
            Equation { columns: Vec::new(), constant: true, offset: None },
        ]
    };
    let from = super::tobit::start(&model)?;
    let n = model.y.len() as f64;
    let mean = model.y.iter().sum::<f64>() / n;
    let sd = (model.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-8);
    let ll_0 = match model.constant {
        true => Some(ml_command::quiet(&model, &formula, equations(false), &[mean, sd.ln()])?.ll),
        false => None,
    };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("lnsigma");
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations(true), &from, &layout)?;
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
    let count = |test: &dyn Fn(&Seen) -> bool| rows.iter().filter(|s| test(s)).count() as f64;
    est.results
        .scalar("N_unc", count(&|s| matches!(s, Seen::Value(_))))
        .scalar("N_lc", count(&|s| matches!(s, Seen::AtMost(_))));
    est.results
        .scalar("N_rc", count(&|s| matches!(s, Seen::AtLeast(_))))
        .scalar("N_int", count(&|s| matches!(s, Seen::Between(..))));
    let last = fit.b.len() - 1;
    let sigma = fit.b[last].exp();
    est.results.scalar("sigma", sigma).scalar("se_sigma", sigma * fit.v[(last, last)].sqrt());
    // The pseudo R2 is not defined for this model.
    est.results.scalars.remove("r2_p");
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
