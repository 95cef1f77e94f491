//! `eivreg`: linear regression with regressors measured with error of known reliability.
//!
//! Stores in `e()`: N df_m df_r r2 F rmse rank, b, V, cmd depvar rellist wtype wexp predict.
//! Formulas: [R] eivreg, with the covariance `s^2 A^-1 X'X A^-1` of the manual.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{level, note_weights, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::errors_in_variables::{self, Fit};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("Reliab"), OptSpec::real("Level")])
    .weights(&[WeightKind::Analytic, WeightKind::Frequency])
    .coefficient_table()
    .unsupported(&["vce"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "eivreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "eivreg depvar [indepvars] [if] [in] [aweight fweight] [, reliab(indepvar # [indepvar # ...]) level(#)]",
    notes: "stores e(N df_m df_r r2 F rmse rank), e(rellist), e(b), e(V), r(table); the covariance is s^2 A^-1 X'X A^-1; formulas: [R] eivreg",
    examples: &[Example {
        // one regressor: the slope of least squares over the reliability
        run: "set obs 8\ngen x = _n\ngen y = x + 4*mod(_n*3, 4)\nregress y x\nscalar b = _b[x]\neivreg y x, reliab(x .9)",
        expect: &[("_b[x]*.9/b", 1.0), ("e(df_r)", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "eivreg" {
        return display(session, cmd);
    }
    let mut model = Reading::new(cmd).model(session)?.enough()?;
    note_weights(session, &model);
    drop_collinear(session, &mut model);
    let given = reliabilities(session, cmd, &model)?;
    let names: Vec<String> = model.design.active().iter().map(|i| model.design.terms[*i].name()).collect();
    let of = |name: &String| given.iter().find(|g| g.0 == *name).map_or(1.0, |g| g.1);
    let reliability: Vec<f64> = names.iter().map(of).collect();
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let n = effective.as_ref().map_or(model.y.len() as f64, |(_, n)| *n);
    if n <= names.len() as f64 + 1.0 {
        return Err(StataError::insufficient_observations());
    }
    let fit = errors_in_variables::fit(&model.y, &model.columns(), &reliability, weights)
        .ok_or_else(|| StataError::new(399, "reliability() too small"))?;
    post_results(session, cmd, model, &fit, &given, n);
    display(session, cmd)
}

/// The pairs of `reliab()`: names of regressors of the model with numbers in (0, 1].
fn reliabilities(session: &Session, cmd: &ParsedCommand, model: &Model) -> Result<Vec<(String, f64)>> {
    let words: Vec<&str> = cmd.options.text("reliab").unwrap_or("").split_whitespace().collect();
    if words.len() % 2 == 1 {
        return Err(StataError::invalid("reliab() invalid: a number must follow each variable"));
    }
    let mut out = Vec::new();
    for pair in words.chunks(2) {
        let name = session.frame.var(session.numeric_variable(pair[0])?).name.clone();
        let value = parse_number(pair[1])
            .ok_or_else(|| StataError::invalid(format!("reliab(): {} invalid", pair[1])))?;
        if !(value > 0.0 && value <= 1.0) {
            return Err(StataError::invalid("reliab() must be greater than 0 and at most 1"));
        }
        if !model.design.terms.iter().any(|t| t.name() == name || t.name() == format!("o.{name}")) {
            return Err(StataError::invalid(format!("reliab(): {name} is not a regressor of the model")));
        }
        out.push((name, value));
    }
    Ok(out)
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    fit: &Fit,
    given: &[(String, f64)],
    n: f64,
) {
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("eivreg", &post::command_line(cmd), &parameters, &model);
    let k = fit.b.len();
    let test = wald::test_zero(&fit.b, &fit.v, &(0..k - 1).collect::<Vec<_>>());
    let df_r = n - k as f64;
    let r = &mut est.results;
    r.scalar("N", n)
        .scalar("df_m", test.df as f64)
        .scalar("df_r", df_r)
        .scalar("r2", 1.0 - fit.rss / fit.tss);
    r.scalar("F", if test.df > 0 { stata(test.f()) } else { MISSING });
    r.scalar("rmse", (fit.rss / df_r).sqrt()).scalar("rank", k as f64);
    let list: Vec<String> = given.iter().map(|(v, x)| format!("{v} {}", format::bare("%9.0g", *x))).collect();
    r.text("rellist", list.join(" ")).text("title", "Errors-in-variables regression");
    r.text("predict", "eivreg_p").text("properties", "b V");
    let touse = model.touse;
    session.post_estimation(est, touse);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if crate::value::is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
        Fact::probability("R-squared", scalar("r2")),
        Fact::new("Root MSE", "%9.5g", scalar("rmse")),
    ];
    let list = session.e.results.get_text("rellist").unwrap_or("").to_string();
    let words: Vec<&str> = list.split_whitespace().collect();
    let mut left = vec![
        format!("{:>23}", "Assumed"),
        format!("{:>12} {:>12}", "Variable", "reliability"),
        "-".repeat(26),
    ];
    let line = |name: &str, value: f64| {
        format!("{:>12}{:>12}", format::abbrev(name, 12), format::bare("%6.4f", value))
    };
    left.extend(words.chunks(2).map(|p| line(p[0], parse_number(p[1]).unwrap_or(MISSING))));
    left.push(line("*", 1.0));
    session.print("");
    session.print("Errors-in-variables regression");
    session.print("");
    show(session, &left, &facts, 15, 10);
    session.print("");
    show_active(session, level, None)
}
