//! `xtrc`: linear regression with random coefficients of the panels (Swamy 1970).
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m chi2 p chi2_c df_chi2c, b, V, Sigma, beta_ps, V_ps, cmd depvar ivar tvar.
//! Formulas: [XT] xtrc.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, store_sizes};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Layout};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, plain_stripe, stata};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::random_coefficients::{RandomCoefficients, fit};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("noCONstant"),
    OptSpec::text("OFFset"),
    OptSpec::text("I"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("BETAs"),
])
.coefficient_table();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtrc",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtrc depvar indepvars [if] [in] [, noconstant offset(v) vce(conventional) betas level(#)]",
    notes: "stores e(N N_g df_m chi2 p chi2_c df_chi2c), e(b), e(V), e(Sigma), e(beta_ps), e(V_ps), r(table); predict: xb; formulas: [XT] xtrc, Swamy (1970)",
    examples: &[Example {
        // Two panels with the same error variance and the same regressor: the mean of their slopes, 1 and 3.
        run: "input id t x y\n1 1 1 1.1\n1 2 2 1.9\n1 3 3 2.9\n1 4 4 4.1\n2 1 1 3.1\n2 2 2 5.9\n2 3 3 8.9\n2 4 4 12.1\nend\nxtset id t\nxtrc y x",
        expect: &[("_b[x]", 2.0), ("e(df_chi2c)", 2.0), ("e(N_g)", 2.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !ml_command::replay(session, cmd, "xtrc")? {
        estimate(session, cmd)?;
    }
    display(session, cmd)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if VceSpec::parse("xtrc", &cmd.options, &["conventional"])? != VceSpec::Default {
        return Err(StataError::invalid("invalid vce() option"));
    }
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let reading = Reading { further, weight_kinds: &[], vce: Some(VceSpec::Default), ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    if model.columns().is_empty() && !model.constant {
        return Err(StataError::standard(102));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let rows = group_rows(session, unit, &model);
    if rows.len() < 2 {
        return Err(StataError::new(459, "there is only one panel"));
    }
    let y: Vec<f64> = match &offset {
        Some((shift, _)) => model.y.iter().zip(shift).map(|(y, s)| y - s).collect(),
        None => model.y.clone(),
    };
    let ones = vec![1.0; y.len()];
    let found = {
        let mut columns = model.columns();
        columns.extend(model.constant.then_some(ones.as_slice()));
        fit(&y, &columns, &rows)
    };
    let found = found.ok_or_else(|| {
        StataError::new(2001, "insufficient observations or collinear regressors in a panel")
    })?;
    post_results(session, cmd, &model, &found, (unit, &rows));
    if let Some((_, text)) = &offset {
        session.e.results.text("offset", text);
    }
    Ok(())
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    found: &RandomCoefficients,
    (unit, rows): (usize, &[Vec<usize>]),
) {
    let mut layout = Layout::default();
    layout.equation("", model.names(), &model.estimated());
    let parameters = layout.parameters(&found.b, &found.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(&found.b, &found.v, &tested);
    let mut est = post::begin("xtrc", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    let (k, df_m) = (found.b.len() as f64, test.df as f64);
    results.scalar("N", model.y.len() as f64).scalar("df_m", df_m).scalar("rank", k);
    results.scalar("chi2", stata(test.chi2)).scalar("p", stata(chi2_tail(df_m, test.chi2)));
    store_sizes(results, rows);
    results.scalar("chi2_c", found.constancy).scalar("df_chi2c", k * (rows.len() as f64 - 1.0));
    let names = model.names();
    let active: Vec<Stripe> = plain_stripe(model.estimated().iter().map(|i| names[*i].clone()).collect());
    let size = active.len();
    results.matrix("Sigma", Matrix::square(found.sigma.data().to_vec(), active));
    let units = found.units.len();
    let betas = found.units.iter().flat_map(|(b, _)| b.iter().copied()).collect();
    let variances = found.units.iter().flat_map(|(_, v)| v.transpose().data().to_vec()).collect();
    results.matrix("beta_ps", Matrix::new(units, size, betas));
    results.matrix("V_ps", Matrix::new(units, size * size, variances));
    results
        .text("ivar", session.frame.var(unit).name.clone())
        .text("title", "Random-coefficients regression");
    if let Ok(Some(time)) = Panel::of(&session.frame).map(|p| p.time) {
        results.text("tvar", session.frame.var(time).name.clone());
    }
    results.text("chi2type", "Wald").text("vce", "conventional").text("predict", "xtrc_p");
    results.text("properties", "b V");
    session.post_estimation(est, model.touse.clone());
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let ivar = session.e.results.get_text("ivar").unwrap_or("").to_string();
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::new("Obs per group: min", "%10.0fc", scalar("g_min")),
        Fact::new("               avg", "%10.1fc", scalar("g_avg")),
        Fact::new("               max", "%10.0fc", scalar("g_max")),
    ];
    let test = [
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let (chi2, df) = (scalar("chi2_c"), scalar("df_chi2c"));
    session.print("");
    let left = ["Random-coefficients regression".to_string(), format!("Group variable: {ivar}")];
    show(session, &left, &facts, 18, 10);
    session.print("");
    show(session, &[], &test, 18, 10);
    session.print("");
    ml_command::table(session, cmd, &ml_command::Look::default())?;
    let left = format!(
        "Test of parameter constancy:    chi2({df}) = {}",
        format::right(&format::bare("%8.2f", chi2), 8)
    );
    session.print(format!("{left:<58}Prob > chi2 = {}", format::bare("%6.4f", chi2_tail(df, chi2))));
    if cmd.has("betas") {
        betas(session, level);
    }
    Ok(())
}

/// The tables of the best linear predictors of each panel's coefficients.
fn betas(session: &mut Session, level: f64) {
    let matrices = &session.e.results.matrices;
    let (Some(b), Some(v), Some(sigma)) =
        (matrices.get("beta_ps").cloned(), matrices.get("V_ps").cloned(), matrices.get("Sigma").cloned())
    else {
        return;
    };
    let k = b.cols();
    session.print("");
    session.print(format!("{:>51}", "Group-specific coefficients"));
    for unit in 0..b.rows() {
        let own: Vec<f64> = (0..k).map(|j| b.get(unit, j)).collect();
        let se: Vec<f64> = (0..k).map(|j| v.get(unit, j * k + j).sqrt()).collect();
        let title = format!("Group {}", unit + 1);
        let mut table = Table::of_equations(&sigma.col_names, &own, &se, None, level);
        table.title = &title;
        table.equations = false;
        table.print(session);
    }
}
