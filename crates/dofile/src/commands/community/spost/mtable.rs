//! `mtable`: tables of predictions at values of the regressors, by way of `margins`. Written from the documentation of
//! Long and Freese (2014), sections 4.4 and 6.3.

use super::mchange_show::{at_values, outcomes};
use super::model::{Kind, Margins, Model, selection};
use super::mtable_show::{Table, join, show};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::{Extension, Session};
use crate::syntax::{OptSpec, ParsedCommand};
use std::collections::BTreeSet;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::texts("at"),
    OptSpec::flag("ATMEANs"),
    OptSpec::text("ATVars"),
    OptSpec::text("STATistics"),
    OptSpec::text("STATS"),
    OptSpec::flag("ci"),
    OptSpec::text("ESTName"),
    OptSpec::text("ROWName"),
    OptSpec::flag("BRief"),
    OptSpec::int("DECimals"),
    OptSpec::int("Width"),
    OptSpec::text("NAMes"),
    OptSpec::flag("noROWNUMbers"),
    OptSpec::text("DYDX"),
    OptSpec::flag("post"),
    OptSpec::text("pr"),
    OptSpec::text("OUTcome"),
    OptSpec::flag("BELOW"),
    OptSpec::flag("RIGHT"),
    OptSpec::flag("CLEAR"),
    OptSpec::text("TItle"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "OVer",
    "PRedict",
    "EXPression",
    "LONG",
    "Wide",
    "COLEQnm",
    "ROWEQnm",
    "COMMANDs",
    "DETails",
    "SHOWSAVED",
    "noESample",
    "noFVLABEL",
    "VALUElength",
    "COEQ",
    "COLName",
    "ATRight",
    "TWidth",
]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "mtable",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mtable [if] [in] [, at(spec) atmeans atvars(varlist | _none) statistics(estimate se z p ll ul ci all) ci estname(text) rowname(text) dydx(varname) outcome(#) pr(numlist) post below right clear names(columns | rows | all) norownumbers decimals(#) width(#) title(text) brief level(#)]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg; one row for each setting of at(); below and right join the table to the one before; stores r(table) and r(atconstant); Long and Freese (2014)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate z = mod(_n, 5)\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x z\nmargins, at(x = (0 3)) atmeans\nscalar a = el(r(b), 1, 2)\nmtable, at(x = (0 3)) atmeans ci\nmatrix T = r(table)",
        expect: &[("reldif(T[2,2], a) < 1e-12", 1.0), ("T[2,1]", 3.0), ("colsof(T)", 4.0)],
    }],
};

/// The table of the command before.
#[derive(Debug, Default)]
struct Kept(Option<Table>);

impl Extension for Kept {}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "mtable")?;
    let statistics = statistics(cmd)?;
    let runs = runs(s, cmd, &model)?;
    let mut table = built(s, cmd, &model, &statistics, &runs)?;
    let kept = s.extensions.state::<Kept>().0.take().filter(|_| !cmd.has("clear"));
    if cmd.has("below") && cmd.has("right") {
        return Err(StataError::invalid("options below and right may not be combined"));
    }
    if cmd.has("below") || cmd.has("right") {
        table = join(kept, table, cmd.has("right"))?;
    }
    if cmd.has("post") {
        let (_, arguments) = &runs[0];
        if runs.len() > 1 {
            return Err(StataError::unsupported_option("mtable", "post with pr()"));
        }
        quietly(s, &format!("margins {arguments} post"))?;
    }
    show(s, cmd, &expression(cmd, &model, &runs), &table);
    store(s, &table);
    s.extensions.set(Kept(Some(table)));
    Ok(())
}

fn statistics(cmd: &ParsedCommand) -> Result<Vec<&'static str>> {
    let mut out: Vec<&'static str> = Vec::new();
    let usual = if cmd.has("ci") { "ci" } else { "estimate" };
    let text = cmd.options.text("statistics").or(cmd.options.text("stats")).unwrap_or(usual);
    for word in text.split_whitespace() {
        let found: &[&'static str] = match word {
            "all" => &["estimate", "se", "z", "p", "ll", "ul"],
            "ci" => &["estimate", "ll", "ul"],
            "e" | "est" | "estimate" => &["estimate"],
            "p" | "pvalue" => &["p"],
            "se" => &["se"],
            "z" => &["z"],
            "ll" | "lb" => &["ll"],
            "ul" | "ub" => &["ul"],
            other => return Err(StataError::invalid(format!("statistics({other}) is not known"))),
        };
        found.iter().for_each(|name| {
            if !out.contains(name) {
                out.push(name);
            }
        });
    }
    Ok(out)
}

/// The runs of `margins` behind a table with their arguments: one for each count of `pr()`, else a single one.
fn runs(s: &mut Session, cmd: &ParsedCommand, model: &Model) -> Result<Vec<(Margins, String)>> {
    let mut arguments = format!("{},", selection(cmd));
    for at in cmd.options.texts("at") {
        arguments.push_str(&format!(" at({})", at.replace("==", "=")));
    }
    if cmd.has("atmeans") {
        arguments.push_str(" atmeans");
    }
    if let Some(name) = cmd.options.text("dydx") {
        let found = model.chosen(s, name)?;
        if found.len() != 1 || model.levels(&found[0]).is_some_and(|l| l.len() > 2) {
            return Err(StataError::unsupported_option(
                "mtable",
                "dydx() of several variables or of a factor with more than two levels",
            ));
        }
        arguments.push_str(&format!(" dydx({})", found[0]));
    }
    if let Some(outcome) = cmd.options.text("outcome") {
        if model.predictions() == 1 {
            return Err(StataError::option_not_allowed("outcome"));
        }
        arguments.push_str(&format!(" predict(outcome({outcome}))"));
    }
    let Some(list) = cmd.options.text("pr") else {
        let found = Margins::run(s, &arguments)?;
        return Ok(vec![(found, arguments)]);
    };
    if model.kind != Kind::Count {
        return Err(StataError::option_not_allowed("pr()"));
    }
    let mut out = Vec::new();
    for k in crate::syntax::numlist::expand(list)? {
        let arguments = format!("{arguments} predict(pr({k}))");
        out.push((Margins::run(s, &arguments)?, arguments));
    }
    Ok(out)
}

/// Names of the predictions in a table.
fn names(s: &Session, cmd: &ParsedCommand, model: &Model) -> Result<Vec<String>> {
    if let Some(list) = cmd.options.text("pr") {
        return Ok(crate::syntax::numlist::expand(list)?.iter().map(f64::to_string).collect());
    }
    if model.predictions() > 1 && cmd.options.text("outcome").is_none() {
        return Ok(outcomes(s, model));
    }
    let plain = match model.kind {
        Kind::Count => "mu",
        Kind::Linear => "xb",
        _ => "Pr(y)",
    };
    let derived = if cmd.options.text("dydx").is_some() { format!("d {plain}") } else { plain.to_string() };
    Ok(vec![cmd.options.text("estname").map_or(derived, str::to_string)])
}

fn built(
    s: &Session,
    cmd: &ParsedCommand,
    model: &Model,
    statistics: &[&'static str],
    runs: &[(Margins, String)],
) -> Result<Table> {
    let level = level(s, cmd)?;
    let names = names(s, cmd, model)?;
    let first = &runs[0].0;
    let rows = first.at.as_ref().map_or(1, Matrix::rows);
    let values: Vec<Vec<(String, f64)>> =
        (0..rows).map(|r| first.at.as_ref().map_or_else(Vec::new, |at| at_values(model, at, r))).collect();
    let varying = varying(s, cmd, &values)?;
    let several = names.len() > 1;
    // the base level of a factor stands before the level whose effect is shown
    let skip = match cmd.options.text("dydx") {
        Some(name) if model.chosen(s, name)?.first().and_then(|n| model.levels(n)).is_some() => {
            rows * names.len()
        }
        _ => 0,
    };
    let at = |r: usize, k: usize, statistic: &str| {
        let (found, i) = if runs.len() > 1 { (&runs[k].0, r) } else { (first, skip + k * rows + r) };
        let (b, se) = (found.b[i], found.se(i));
        let half = model.critical(level) * se;
        match statistic {
            "estimate" => b,
            "se" => se,
            "z" => b / se,
            "p" => model.p_value(b, se),
            "ll" => b - half,
            _ => b + half,
        }
    };
    let mut table = Table { columns: varying.clone(), fixed: varying.len(), ..Table::default() };
    let heads = |name: &&str| if *name == "estimate" { names[0].clone() } else { (*name).to_string() };
    table.columns.extend(if several { names.clone() } else { statistics.iter().map(heads).collect() });
    for (r, of_row) in values.iter().enumerate() {
        let set = |name: &String| of_row.iter().find(|v| v.0 == *name).map_or(f64::NAN, |v| v.1);
        let lead: Vec<f64> = varying.iter().map(set).collect();
        let label = match (cmd.options.text("rowname"), rows) {
            (Some(name), 1) => name.to_string(),
            (Some(name), _) => format!("{name} {}", r + 1),
            _ => (r + 1).to_string(),
        };
        if several {
            for (i, name) in statistics.iter().enumerate() {
                let cells = (0..names.len()).map(|k| at(r, k, name));
                let label = if i == 0 { label.clone() } else { (*name).to_string() };
                table.rows.push((label, lead.iter().copied().chain(cells).collect()));
            }
        } else {
            let cells = statistics.iter().map(|name| at(r, 0, name));
            table.rows.push((label, lead.iter().copied().chain(cells).collect()));
        }
    }
    let constant: Vec<(String, f64)> =
        values[0].iter().filter(|v| !varying.contains(&v.0) && same(&values, &v.0)).cloned().collect();
    table.values = vec![("Current".to_string(), constant)];
    table.named = cmd.options.text("rowname").is_some();
    Ok(table)
}

fn same(values: &[Vec<(String, f64)>], name: &str) -> bool {
    let found: BTreeSet<Option<u64>> =
        values.iter().map(|row| row.iter().find(|v| v.0 == name).map(|v| v.1.to_bits())).collect();
    found.len() == 1
}

/// Names of the columns of values in front of the predictions: those of `atvars()`, else the ones that differ.
fn varying(s: &Session, cmd: &ParsedCommand, values: &[Vec<(String, f64)>]) -> Result<Vec<String>> {
    match cmd.options.text("atvars").map(str::trim) {
        Some("_none") => Ok(Vec::new()),
        Some(list) => {
            let mut out = Vec::new();
            for v in s.varlist(list)? {
                let name = s.frame.var(v).name.clone();
                if values[0].iter().all(|x| x.0 != name) {
                    return Err(StataError::invalid(format!("{name} has no value set by at()")));
                }
                out.push(name);
            }
            Ok(out)
        }
        None => {
            let mut out: Vec<String> = Vec::new();
            for (name, _) in values.iter().flatten() {
                if !same(values, name) && !out.contains(name) {
                    out.push(name.clone());
                }
            }
            Ok(out)
        }
    }
}

fn expression(cmd: &ParsedCommand, model: &Model, runs: &[(Margins, String)]) -> String {
    let outcome = &model.outcome;
    match model.kind {
        _ if cmd.options.text("pr").is_some() => format!("Pr({outcome}), predict(pr())"),
        Kind::Ordered | Kind::Nominal => format!("Pr({outcome}), predict(outcome())"),
        Kind::Count => format!("Predicted number of {outcome}, predict()"),
        Kind::Binary => format!("{}, predict()", runs[0].0.label),
        Kind::Linear => "Linear prediction, predict()".to_string(),
    }
}

fn store(s: &mut Session, table: &Table) {
    let mut r = Results::default();
    let matrix = |rows: &[(String, Vec<f64>)], columns: &[String]| {
        let data = rows.iter().flat_map(|row| row.1.iter().copied()).collect();
        let mut m = Matrix::new(rows.len(), columns.len(), data);
        m.row_names = rows.iter().map(|row| Stripe::term(row.0.replace(['.', ':'], " "))).collect();
        m.col_names = columns.iter().map(|c| Stripe::term(c.as_str())).collect();
        m
    };
    r.text("cmd", "mtable").matrix("table", matrix(&table.rows, &table.columns));
    if let Some((name, values)) = table.values.last().filter(|v| !v.1.is_empty()) {
        let columns: Vec<String> = values.iter().map(|v| v.0.clone()).collect();
        let row = (name.clone(), values.iter().map(|v| v.1).collect());
        r.matrix("atconstant", matrix(&[row], &columns));
    }
    s.r = r;
}
