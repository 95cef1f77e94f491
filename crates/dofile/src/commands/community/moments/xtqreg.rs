//! `xtqreg`: quantile regression via moments for panels with effects of the units in location and scale. Numbers:
//! `estimators::quantile_moments`; syntax: Machado and Santos Silva (help xtqreg).

use super::{quantiles, warn};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::panel::Units;
use estimators::quantile_moments::{Covariance, ErrorQuantile, LocationScale, location_scale};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Id"),
    OptSpec::text("Quantile"),
    OptSpec::flag("LS"),
    OptSpec::real("Level"),
])
.coefficient_table()
.unsupported(&["Predict", "SAVEfe"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "xtqreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtqreg depvar indepvars [if] [in] [, i(panelvar) quantile(numlist) ls level(#)]",
    notes: "slopes of quantiles between 0 and 1 with effects of the panels in location and scale; several quantiles have equations q25, q50 and so on; ls shows location and scale too; all standard errors are those of the asymptotic covariance of the model, density of the errors as qreg has it on a constant (fitted, hsheather); predict() and savefe() are refused; stores e(N N_g), e(b), e(V), e(b_location) e(V_location) e(b_scale) e(V_scale), ivar; Machado and Santos Silva (2019)",
    examples: &[Example {
        // Equal errors in all cells: the slope of every quantile is that of the location, and the scale has none.
        run: "set obs 40\ngenerate id = ceil(_n/20)\ngenerate x = mod(_n - 1, 20) > 9\ngenerate y = 10*x + id + mod(_n - 1, 10) - 4.5\nxtset id\nxtqreg y x, quantile(.25) ls",
        expect: &[("_b[x]", 10.0), ("e(N_g)", 2.0), ("abs(el(e(b_scale), 1, 1)) < 1e-9", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if ml_command::replay(s, cmd, "xtqreg")? {
        return display(s, cmd);
    }
    let shares = match cmd.options.text("quantile") {
        Some(text) => numlist::expand(text)?,
        None => vec![0.5],
    };
    if shares.is_empty() || shares.iter().any(|q| !(*q > 0.0 && *q < 1.0)) {
        return Err(StataError::invalid("quantiles must be between 0 and 1"));
    }
    let unit = match cmd.options.text("id") {
        Some(name) => s.variable(name.trim())?,
        None => Panel::of(&s.frame)
            .ok()
            .and_then(|p| p.panel)
            .ok_or_else(|| StataError::new(459, "must specify panelvar; use xtset or the i() option"))?,
    };
    let reading =
        Reading { further: vec![unit], vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(s)?.enough()?;
    let set = Units::new(number_groups(&s.frame, unit, &model.design.rows).0);
    let panels = set.count();
    let fit = location_scale(&model.y, &model.columns(), &[set]).map_err(fit_error)?;
    let omitted = model.omit(&fit.omitted);
    post::note_omitted(s, &omitted);
    if model.columns().is_empty() {
        return Err(StataError::standard(102));
    }
    let at = quantiles(&fit, &shares)?;
    warn(s, &fit);
    store(s, cmd, (&model, panels), &fit, &at);
    s.e.results.text("ivar", s.frame.var(unit).name.clone());
    display(s, cmd)
}

fn store(
    s: &mut Session,
    cmd: &ParsedCommand,
    (model, panels): (&Model, usize),
    fit: &LocationScale,
    at: &[ErrorQuantile],
) {
    let v = fit.covariance(at, &Covariance::Model);
    let (k, slopes) = (fit.size(), fit.size() - 1);
    let block = |part: usize| (0..slopes).map(move |j| part * k + j);
    let names: Vec<String> = model.names()[..model.design.terms.len()].to_vec();
    let active = model.design.active();
    let mut layout = Layout::default();
    let (mut b, mut places): (Vec<f64>, Vec<usize>) = (Vec::new(), Vec::new());
    for (l, one) in at.iter().enumerate() {
        let equation = if at.len() == 1 {
            String::new()
        } else {
            format!("q{}", format::bare("%9.0g", one.tau * 100.0))
        };
        layout.equation(&equation.replace('.', "_"), names.clone(), &active);
        b.extend(&fit.coefficients(one)[..slopes]);
        places.extend(block(2 + l));
    }
    let pick = |places: &[usize]| v.select(places, places);
    let parameters = layout.parameters(&b, &pick(&places));
    let mut est = post::begin("xtqreg", &post::command_line(cmd), &parameters, model);
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64).scalar("N_g", panels as f64).text("properties", "b V");
    r.text("title", "MM-QR regression");
    for (part, name, values) in [(0, "location", &fit.location), (1, "scale", &fit.scale)] {
        let places: Vec<usize> = block(part).collect();
        let own: Mat = pick(&places);
        let part = Parameters::spread(plain_stripe(names.clone()), &active, &values[..slopes], &own);
        r.matrix(&format!("b_{name}"), part.b_matrix()).matrix(&format!("V_{name}"), part.v_matrix());
    }
    let shares: Vec<f64> = at.iter().map(|a| a.tau).collect();
    r.matrix("q", Matrix::new(1, shares.len(), shares));
    s.post_estimation(est, model.touse.clone());
}

/// A title in the middle of a table's width.
fn centred(s: &mut Session, text: &str) {
    s.print(format!("{:>1$}", text, 39 + text.chars().count() / 2));
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, panels) = (scalar("N"), scalar("N_g"));
    s.print("");
    centred(s, "MM-QR regression results");
    s.print(format!("Number of obs = {n}"));
    s.print(format!("Number of groups = {panels}"));
    if cmd.has("ls") {
        for (name, title) in [("location", "Location parameters"), ("scale", "Scale parameters")] {
            s.print("");
            centred(s, title);
            part(s, cmd, name)?;
        }
    }
    s.print("");
    let shares = s.e.results.matrices.get("q").map_or_else(Vec::new, |m| m.values().to_vec());
    let several = shares.len() > 1;
    let title = match shares.as_slice() {
        [one] => format!("{} Quantile regression", format::bare("%9.0g", *one)),
        _ => "Quantile regression".to_string(),
    };
    centred(s, &title);
    ml_command::table(s, cmd, &Look { equations: several, ..Look::default() })
}

/// The table of location or scale.
fn part(s: &mut Session, cmd: &ParsedCommand, name: &str) -> Result<()> {
    let level = level(s, cmd)?;
    let matrix = |kind: &str| s.e.results.matrices.get(&format!("{kind}_{name}")).cloned();
    let (Some(b), Some(v)) = (matrix("b"), matrix("V")) else { return Ok(()) };
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let title = s.e.results.get_text("depvar").unwrap_or("").to_string();
    Table {
        title: &title,
        equations: false,
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(s);
    Ok(())
}
