//! `jwdid`: differences in differences with treatments that begin at different times by a two-way regression with
//! effects for each cohort and period. The regression is that of `reghdfe`.
//!
//! Formulas: Wooldridge (2021, Two-way fixed effects, the two-way Mundlak regression, and difference-in-differences
//! estimators); syntax: Rios-Avila, jwdid (SSC).

use super::jwdid_estat::{cell_name, shifted_name};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use std::collections::BTreeSet;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Ivar"),
    OptSpec::text("Tvar"),
    OptSpec::text("TIME"),
    OptSpec::text("Gvar"),
    OptSpec::flag("NEVER"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "METHod",
    "HETtype",
    "GROUP",
    "CORR",
    "TRTvar",
    "TRGvar",
    "EXOvar",
    "XTVar",
    "XGVar",
    "XATTvar",
    "FEVar",
    "ANTIcipation",
    "EXOgvar",
    "COHort",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "jwdid",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "jwdid depvar [varlist] [if] [in], tvar(v) gvar(v) [ivar(v) never cluster(v) level(#)]",
    notes: "gvar() is the first treated period, 0 for never; effects of each cohort in its treated periods, with never in all periods but the last before treatment; covariates are numeric variables, centred by cohort in the effects; the regression is reghdfe with effects of units (cohorts without ivar()) and periods; creates __tr__ and __etr__, and _x_name for a covariate; estat simple, group, calendar, event [, post level(#)] average the effects over treated observations; Wooldridge (2021)",
    examples: &[Example {
        // The treated unit pair moves by 5 on average, the controls by 1.
        run: "input id t y g\n1 1 1 2\n1 2 5 2\n2 1 2 2\n2 2 8 2\n3 1 0 0\n3 2 2 0\n4 1 1 0\n4 2 1 0\nend\njwdid y, ivar(id) tvar(t) gvar(g)\nestat simple\nmatrix b = r(b)",
        expect: &[("reldif(b[1,1], 4) < 1e-12", 1.0), ("e(N)", 8.0)],
    }],
};

fn refused(what: &str) -> StataError {
    StataError::unsupported_option("jwdid", what)
}

/// What the options name, in the sample.
struct Request {
    touse: Vec<bool>,
    depvar: String,
    unit: Option<String>,
    time: String,
    group: String,
    covariates: Vec<String>,
}

fn request(session: &Session, cmd: &ParsedCommand) -> Result<Request> {
    let mut words = cmd.list.split_whitespace();
    let depvar = words.next().unwrap_or("").to_string();
    let mut covariates = Vec::new();
    for word in words {
        let name = word.strip_prefix("c.").unwrap_or(word);
        if name.contains(['.', '#', '(']) {
            return Err(refused(&format!("the covariate {word}")));
        }
        for v in session.varlist(name)? {
            covariates.push(session.frame.var(v).name.clone());
        }
    }
    let named = |option: &str| cmd.options.text(option).map(|t| t.trim().to_string());
    let missing = |option: &str| StataError::new(198, format!("option {option}() required"));
    let time = named("tvar").or_else(|| named("time")).ok_or_else(|| missing("tvar"))?;
    let group = named("gvar").ok_or_else(|| missing("gvar"))?;
    let unit = named("ivar");
    let mut needed = vec![session.numeric_variable(&depvar)?];
    needed.extend([session.numeric_variable(&time)?, session.numeric_variable(&group)?]);
    for name in unit.iter().chain(&covariates) {
        needed.push(session.variable(name)?);
    }
    let mut touse = session.rows(cmd)?;
    session.markout(&needed, &mut touse, true)?;
    if !touse.contains(&true) {
        return Err(StataError::no_observations());
    }
    let full = |name: &str| session.variable(name).map(|v| session.frame.var(v).name.clone());
    Ok(Request {
        touse,
        depvar: full(&depvar)?,
        unit: unit.map(|u| full(&u)).transpose()?,
        time: full(&time)?,
        group: full(&group)?,
        covariates,
    })
}

/// Cohort and period of each row of the sample; whole numbers, as factor variables need.
fn cohorts(session: &Session, request: &Request) -> Result<Vec<Option<(i64, i64)>>> {
    let (group, time) = (session.variable(&request.group)?, session.variable(&request.time)?);
    let whole = |v: usize, row: usize| {
        let value = session.frame.num_at(v, row);
        if value.fract() == 0.0 && value >= 0.0 {
            Ok(value as i64)
        } else {
            Err(StataError::new(452, "tvar() and gvar() must hold nonnegative whole numbers"))
        }
    };
    (0..request.touse.len())
        .map(|row| request.touse[row].then(|| Ok((whole(group, row)?, whole(time, row)?))).transpose())
        .collect()
}

/// Adds a variable, or replaces the one of that name.
fn put(session: &mut Session, name: &str, column: Column) -> Result<()> {
    match session.frame.find(name) {
        Some(place) => session.frame.set_column(place, column),
        None => {
            session.frame.add(Variable::new(name, column))?;
        }
    }
    Ok(())
}

/// Cohorts and periods that have an effect.
fn cells(of_row: &[Option<(i64, i64)>], never: bool) -> Result<Vec<(i64, i64)>> {
    let all: BTreeSet<(i64, i64)> = of_row.iter().flatten().copied().collect();
    let periods: BTreeSet<i64> = all.iter().map(|c| c.1).collect();
    let first = periods.first().copied().unwrap_or(0);
    let groups: BTreeSet<i64> = all.iter().map(|c| c.0).filter(|g| *g > 0).collect();
    if !all.iter().any(|c| c.0 == 0) {
        return Err(refused("data without never-treated observations"));
    }
    if groups.iter().any(|g| *g <= first) {
        return Err(refused("data with units that are treated in the first period"));
    }
    let base = |g: i64| periods.iter().copied().rev().find(|t| *t < g);
    let found: Vec<(i64, i64)> =
        all.into_iter().filter(|(g, t)| *g > 0 && (t >= g || (never && Some(*t) != base(*g)))).collect();
    if found.is_empty() { Err(StataError::new(2000, "no treated observations")) } else { Ok(found) }
}

/// Creates the indicators of treatment and the covariates less their means in the cohorts.
fn prepare(
    session: &mut Session,
    request: &Request,
    of_row: &[Option<(i64, i64)>],
    cells: &[(i64, i64)],
) -> Result<()> {
    let flag = |of: &dyn Fn((i64, i64)) -> bool| -> Column {
        Column::Double(of_row.iter().map(|c| c.map_or(MISSING, |c| f64::from(u8::from(of(c))))).collect())
    };
    let own: BTreeSet<(i64, i64)> = cells.iter().copied().collect();
    put(session, "__tr__", flag(&|c| own.contains(&c)))?;
    put(session, "__etr__", flag(&|(g, t)| g > 0 && t >= g))?;
    for name in &request.covariates {
        let source = session.numeric_variable(name)?;
        let mut means: std::collections::BTreeMap<i64, (f64, f64)> = std::collections::BTreeMap::new();
        for (row, cell) in of_row.iter().enumerate() {
            if let Some((g, _)) = cell {
                let sum = means.entry(*g).or_insert((0.0, 0.0));
                *sum = (sum.0 + session.frame.num_at(source, row), sum.1 + 1.0);
            }
        }
        let centred = of_row.iter().enumerate().map(|(row, cell)| {
            cell.and_then(|(g, _)| means.get(&g).copied())
                .map_or(MISSING, |(sum, n)| session.frame.num_at(source, row) - sum / n)
        });
        let column = Column::Double(centred.collect());
        put(session, &shifted_name(name), column)?;
    }
    Ok(())
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "jwdid" {
            return Err(StataError::no_estimates());
        }
        return super::reghdfe_show::display(session, cmd);
    }
    let request = request(session, cmd)?;
    let of_row = cohorts(session, &request)?;
    let cells = cells(&of_row, cmd.has("never"))?;
    prepare(session, &request, &of_row, &cells)?;
    let (group, time) = (&request.group, &request.time);
    let mut text = format!("reghdfe {}", request.depvar);
    for cell in &cells {
        let own = cell_name(*cell, group, time);
        text.push_str(&format!(" {own}"));
        for x in &request.covariates {
            text.push_str(&format!(" {own}#c.{}", shifted_name(x)));
        }
    }
    for x in &request.covariates {
        text.push_str(&format!(" i.{time}#c.{x} i.{group}#c.{x}"));
    }
    let absorbed = request.unit.as_deref().unwrap_or(group);
    let cluster = cmd.options.text("cluster").map(str::trim).or(request.unit.as_deref());
    let vce = cluster.map_or("robust".to_string(), |c| format!("cluster {c}"));
    let level = cmd.options.real("level").map_or(String::new(), |l| format!(" level({l})"));
    text.push_str(&format!(" if __jwdid__ == 1, absorb({absorbed} {time}) vce({vce}){level}"));
    let mark = request.touse.iter().map(|t| f64::from(u8::from(*t))).collect();
    put(session, "__jwdid__", Column::Double(mark))?;
    let done = session.run_expanded(&text);
    quietly(session, "drop __jwdid__")?;
    done?;
    let r = &mut session.e.results;
    r.text("cmd", "jwdid")
        .text("cmd2", "reghdfe")
        .text("cmdline", crate::estimation::post::command_line(cmd));
    r.text("ivar", request.unit.as_deref().unwrap_or("")).text("tvar", time).text("gvar", group);
    r.text("type", if cmd.has("never") { "never" } else { "notyet" });
    r.text("xvars", request.covariates.join(" "));
    Ok(())
}
