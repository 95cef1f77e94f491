//! `vwls`: least squares with known or estimated standard deviations of the outcome. [R] vwls, Methods and formulas.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::qr::{self, Design};
use estimators::wald;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("sd"), OptSpec::flag("noConstant"), OptSpec::real("Level")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "vwls",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "vwls depvar indepvars [if] [in] [, sd(varname) noconstant level(#)]",
    notes: "without sd() the standard deviation is that of depvar among the rows with the same values of indepvars, and rows without another one are left out; weights are refused; stores e(N df_m chi2 df_gf chi2_gf rank), e(b), e(V); [R] vwls",
    examples: &[Example {
        // two groups: the coefficients are their means, and their variances those of the means
        run: "input g y\n0 1\n0 3\n1 4\n1 10\nend\nvwls y g",
        expect: &[
            ("_b[_cons]", 2.0),
            ("_b[g]", 5.0),
            ("_se[_cons]^2", 1.0),
            ("_se[g]^2", 10.0),
            ("e(chi2)", 2.5),
            ("e(df_gf)", 0.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "vwls" {
        return display(s, cmd);
    }
    let sd = cmd.options.text("sd").map(|name| s.numeric_variable(name.trim())).transpose()?;
    let reading =
        Reading { vce: Some(VceSpec::Default), further: sd.into_iter().collect(), ..Reading::new(cmd) };
    let mut model = reading.model(s)?;
    let cells = match sd {
        Some(sd) => rows_with_sd(s, &mut model, sd)?,
        None => groups(s, &mut model)?,
    };
    drop_collinear(s, &mut model);
    let fit = Fit::new(&model, &cells)?;
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let slopes: Vec<usize> = (0..fit.b.len() - usize::from(model.constant)).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    let mut est = post::begin("vwls", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64).scalar("df_m", slopes.len() as f64);
    r.scalar("chi2", if test.df > 0 { test.chi2 } else { MISSING });
    r.scalar("df_gf", (cells.len() - fit.b.len()) as f64).scalar("chi2_gf", fit.distance);
    r.scalar("rank", fit.b.len() as f64).text("predict", "vwls_p");
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)
}

/// A mean of the outcome at some values of the regressors.
struct Cell {
    /// One of its rows, by position in the sample.
    row: usize,
    mean: f64,
    variance: f64,
}

/// A cell of each row, with the standard deviation that a variable holds.
fn rows_with_sd(s: &Session, model: &mut Model, sd: usize) -> Result<Vec<Cell>> {
    let of = |row: usize| s.frame.num_at(sd, row);
    let dropped: Vec<usize> = (0..model.y.len()).filter(|i| of(model.design.rows[*i]) <= 0.0).collect();
    model.drop_rows(s, &dropped)?;
    let cell = |(row, y): (usize, &f64)| Cell { row, mean: *y, variance: of(model.design.rows[row]).powi(2) };
    Ok(model.y.iter().enumerate().map(cell).collect())
}

/// A cell for each combination of values of the regressors that has an estimate of the variance.
fn groups(s: &Session, model: &mut Model) -> Result<Vec<Cell>> {
    let members = |model: &Model| {
        let mut members: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        let columns = model.columns();
        for row in 0..model.y.len() {
            // adding zero makes one key of both signed zeros
            let key = columns.iter().map(|c| (c[row] + 0.0).to_bits()).collect();
            members.entry(key).or_default().push(row);
        }
        members
    };
    let moments = |model: &Model, rows: &[usize]| {
        let n = rows.len() as f64;
        let mean = rows.iter().map(|i| model.y[*i]).sum::<f64>() / n;
        let squares: f64 = rows.iter().map(|i| (model.y[*i] - mean).powi(2)).sum();
        (mean, squares / (n - 1.0) / n)
    };
    let alone = |model: &Model, rows: &[usize]| rows.len() < 2 || moments(model, rows).1 <= 0.0;
    let dropped: Vec<usize> =
        members(model).into_values().filter(|rows| alone(model, rows)).flatten().collect();
    model.drop_rows(s, &dropped)?;
    let cells = members(model).into_values().map(|rows| {
        let (mean, variance) = moments(model, &rows);
        Cell { row: rows[0], mean, variance }
    });
    Ok(cells.collect())
}

struct Fit {
    b: Vec<f64>,
    v: estimators::matrix::Mat,
    /// Sum of the squared standardised distances of the means from the fit.
    distance: f64,
}

impl Fit {
    fn new(model: &Model, cells: &[Cell]) -> Result<Self> {
        let pick = |column: &[f64]| cells.iter().map(|c| column[c.row]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = model.columns().into_iter().map(pick).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let weights: Vec<f64> = cells.iter().map(|c| 1.0 / c.variance).collect();
        let means: Vec<f64> = cells.iter().map(|c| c.mean).collect();
        if cells.len() < columns.len() + usize::from(model.constant) || cells.is_empty() {
            return Err(StataError::insufficient_observations());
        }
        let design = Design { columns: &columns, weights: Some(&weights), constant: model.constant };
        let solution = qr::solve(design, &means);
        if !solution.basis.omitted.is_empty() {
            return Err(StataError::insufficient_observations());
        }
        Ok(Self { v: solution.root.outer(), distance: solution.rss, b: solution.b })
    }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let p = |statistic: f64, df: f64| match is_missing(statistic) || df == 0.0 {
        true => MISSING,
        false => chi2_tail(df, statistic),
    };
    let (df_m, chi2, df_gf, fit) = (scalar("df_m"), scalar("chi2"), scalar("df_gf"), scalar("chi2_gf"));
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("Model chi2", &[df_m], chi2),
        Fact::probability("Prob > chi2", p(chi2, df_m)),
    ];
    let left = |label: String, fmt: &str, value: f64| {
        format!("{label:<26} = {:>9}", crate::format::bare(fmt, value))
    };
    let left = [
        "Variance-weighted least-squares regression".to_string(),
        left(format!("Goodness-of-fit chi2({df_gf})"), "%9.2f", fit),
        left("Prob > chi2".to_string(), "%9.4f", p(fit, df_gf)),
    ];
    s.print("");
    show(s, &left, &facts, 17, 10);
    show_active(s, level, None)
}
