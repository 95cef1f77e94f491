//! `rreg`: robust regression.
//!
//! Stores in `e()`: N df_m df_r F rss mss r2 r2_a rmse rank, b V, cmd depvar genwt title model. Formulas: [R] rreg;
//! numbers: `estimators::robust`. Fit statistics are those of the regression of the pseudovalues.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::frame::is_valid_name;
use crate::ops::predict::{Prediction, add};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::f_tail;
use estimators::robust::{self, Settings, Step};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("TUne"),
    OptSpec::real("Level"),
    OptSpec::text("Genwt"),
    OptSpec::int("ITERate"),
    OptSpec::real("TOLerance"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOG"),
])
.unsupported(&["GRaph"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rreg",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "rreg depvar [indepvars] [if] [in] [, tune(#) genwt(newvar) level(#) iterate(#) tolerance(#) nolog]",
    notes: "rows with Cook's distance above one leave the sample, Huber weights, then biweights; stores e(N df_m df_r F rss mss r2 r2_a rmse rank), e(genwt), e(b), e(V), r(table); [R] rreg",
    examples: &[Example {
        // One point far above the others, in the middle: it gets no weight, and the slope is that of the others.
        run: "set obs 21\ngen x = _n - 11\ngen y = 2*x + mod(_n*5, 7)\nregress y x if x\nscalar b = _b[x]\nreplace y = 100 if !x\nrreg y x, genwt(w)\nscalar w11 = w[11]",
        expect: &[("abs(_b[x] - b) < .1", 1.0), ("w11", 0.0), ("e(N)", 21.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "rreg" {
        return display(session, cmd);
    }
    let new = cmd.options.text("genwt").map(str::trim);
    if let Some(name) = new {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if session.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    let tune = cmd.options.real("tune").unwrap_or(7.0);
    if tune <= 0.0 {
        return Err(StataError::invalid("tune() must be positive"));
    }
    let settings = Settings {
        tune,
        tolerance: cmd.options.real("tolerance").unwrap_or(0.01),
        iterations: cmd.options.int("iterate").map_or(1000, |i| i.max(1) as usize),
    };
    let reading = Reading { vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let outliers = robust::gross_outliers(&model.y, &model.columns()).map_err(fit_error)?;
    model.drop_rows(session, &outliers)?;
    let found = robust::fit(&model.y, &model.columns(), settings).map_err(fit_error)?;
    if session.shows_log(|o| cmd.has(o)) {
        log(session, &found.steps);
    }
    let fit = &found.regression;
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("rreg", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", fit.n).scalar("df_m", fit.df_m).scalar("df_r", fit.df_r);
    r.scalar("F", stata(fit.f.unwrap_or(f64::NAN))).scalar("rank", fit.rank as f64);
    r.scalar("mss", fit.mss).scalar("rss", fit.rss).scalar("rmse", stata(fit.rmse));
    r.scalar("r2", stata(fit.r2)).scalar("r2_a", stata(fit.r2_a));
    r.text("title", "Robust regression").text("model", "ols").text("predict", "rreg_p");
    let rows = model.design.rows.clone();
    if let Some(name) = new {
        r.text("genwt", name);
        let label = "Robust Regression Weight".to_string();
        let kind = session.settings.default_type;
        add(session, name, kind, &rows, Prediction { values: found.weights, label })?;
    }
    session.post_estimation(est, model.touse);
    display(session, cmd)?;
    if found.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn log(session: &mut Session, steps: &[Step]) {
    session.print("");
    for (i, (biweight, moved)) in steps.iter().enumerate() {
        let name = if *biweight { "Biweight" } else { "   Huber" };
        let value = format::bare("%10.0g", *moved);
        session.print(format!("{name} iteration {}:  Maximum difference in weights = {value}", i + 1));
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
    ];
    session.print("");
    show(session, &["Robust regression".to_string()], &facts, 17, 10);
    session.print("");
    show_active(session, level, None)
}
