//! `reg3`: systems of simultaneous equations by three-stage least squares, and two-stage least squares, ordinary
//! least squares and seemingly unrelated regressions of the same syntax.
//!
//! Stores in `e()` what `system` says, with endog and exog. Formulas: [R] reg3; Zellner and Theil (1962),
//! Econometrica 30.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::system::{self, Equation, Method};
use super::system_show;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::qr::{Design as Columns, choose_columns};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("3sls"),
    OptSpec::flag("2sls"),
    OptSpec::flag("OLs"),
    OptSpec::flag("SUre"),
    OptSpec::flag("MVreg"),
    OptSpec::flag("IReg3"),
    OptSpec::text("EXog"),
    OptSpec::text("ENDog"),
    OptSpec::text("INst"),
    OptSpec::flag("SMall"),
    OptSpec::flag("DFK"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("noFOoter"),
    OptSpec::text("Constraints"),
    OptSpec::int("ITERate"),
    // no log is printed
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::real("Level"),
];
const UNSUPPORTED: &[&str] =
    &["noCNSReport", "CORR", "DFK2", "COEFLegend", "TOLerance", "FIRST", "ALLexog", "CORRelation", "HACkme"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "reg3",
    min: 4,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "reg3 ([name:] depvar1 indepvars1) ([name:] depvar2 indepvars2) ... [if] [in] [weight] [, 3sls 2sls ols sure mvreg ireg3 exog(varlist) endog(varlist) inst(varlist) constraints(numlist) small dfk level(#)]",
    notes: "outcomes are endogenous, all other regressors exogenous; constraints hold in every stage; stores e(N) and by equation e(rss_# rmse_# r2_# chi2_# p_#), e(Sigma), e(Cns), e(endog), e(exog), e(b), e(V), r(table); formulas: [R] reg3",
    examples: &[Example {
        // Exactly identified equations: three-stage is two-stage least squares.
        run: "set obs 12\ngen z = _n\ngen w = mod(_n*5, 7)\ngen a = z + mod(_n*3, 5)\ngen b = a + w + mod(_n*7, 4)\nivregress 2sls a w (b = z)\nscalar s = _b[b]\nreg3 (a b w) (b a z), exog(w z)",
        expect: &[("reldif([a]_b[b], s) < 1e-9", 1.0), ("e(N)", 12.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != "reg3" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("reg3", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(session, &again);
    }
    let (texts, rest) = system::split(&raw)?;
    let mut line = ParsedCommand::split("reg3", &rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let methods: Vec<&str> =
        ["3sls", "2sls", "ols", "sure", "mvreg"].into_iter().filter(|m| line.has(m)).collect();
    if methods.len() > 1 {
        return Err(StataError::invalid(format!("options {} may not be combined", methods.join(" and "))));
    }
    let name = methods.first().copied().unwrap_or("3sls");
    let abbrev = session.settings.varabbrev;
    let mut further = Vec::new();
    for option in ["exog", "endog", "inst"] {
        if let Some(text) = line.options.text(option) {
            further.push(FvList::parse(&session.frame, text, abbrev)?);
        }
    }
    let (equations, open) = system::read(session, &texts, &line, &further)?;
    let alone = matches!(name, "2sls" | "ols");
    let adjusted = alone || name == "mvreg";
    let method = Method {
        cmd: "reg3",
        method: name,
        title: match name {
            "2sls" => "Two-stage least-squares regression",
            "ols" => "Multivariate regression",
            "sure" => "Seemingly unrelated regression",
            "mvreg" => "Multivariate regression",
            _ => "Three-stage least-squares regression",
        },
        dfk: adjusted || line.has("dfk"),
        small: adjusted || line.has("small"),
        independent: alone,
        iterations: if line.has("ireg3") && !alone {
            line.options.int("iterate").map_or(1600, |i| i.max(1) as usize)
        } else {
            1
        },
        constraints: line.options.text("constraints"),
    };
    let instrumented = matches!(name, "3sls" | "2sls");
    let found = instrumented.then(|| instruments(session, &line, &equations)).transpose()?;
    let columns = found.as_ref().map(|f| f.columns.as_slice());
    system::estimate(session, &raw, equations, open, columns, &method)?;
    if let Some(found) = &found {
        let e = &mut session.e.results;
        e.text("endog", found.endogenous.join(" ")).text("exog", found.exogenous.join(" "));
    }
    display(session, &line)
}

/// The instruments of a system: their columns (with the constant) and the names of both kinds of variables.
struct Instruments {
    columns: Vec<Vec<f64>>,
    exogenous: Vec<String>,
    endogenous: Vec<String>,
}

/// Every regressor that is no outcome and not in `endog()`, with `exog()`; or `inst()` alone.
fn instruments(session: &Session, cmd: &ParsedCommand, equations: &[Equation]) -> Result<Instruments> {
    let rows = &equations[0].side.design.rows;
    let mut touse = vec![false; session.frame.n_rows()];
    rows.iter().for_each(|r| touse[*r] = true);
    let abbrev = session.settings.varabbrev;
    let listed = |option: &str| -> Result<Vec<(String, Vec<f64>)>> {
        let list = FvList::parse(&session.frame, cmd.options.text(option).unwrap_or(""), abbrev)?;
        let terms = list.expand(&session.frame, &touse)?;
        terms
            .iter()
            .filter(|t| !t.is_omitted() && !t.is_base())
            .map(|t| Ok((t.name(), t.values(&session.frame, rows)?)))
            .collect()
    };
    let mut endogenous: Vec<String> = Vec::new();
    for name in equations.iter().map(|e| e.depvar.clone()).chain(listed("endog")?.into_iter().map(|l| l.0)) {
        if !endogenous.contains(&name) {
            endogenous.push(name);
        }
    }
    let mut found: Vec<(String, Vec<f64>)> = Vec::new();
    let mut add = |name: String, values: Vec<f64>| {
        if found.iter().all(|f| f.0 != name) {
            found.push((name, values));
        }
    };
    if cmd.options.has("inst") {
        listed("inst")?.into_iter().for_each(|(name, values)| add(name, values));
    } else {
        for equation in equations {
            let design = &equation.side.design;
            for index in design.active() {
                let name = design.terms[index].name();
                if let Some(column) = design.column(index).filter(|_| !endogenous.contains(&name)) {
                    add(name, column.to_vec());
                }
            }
        }
        listed("exog")?.into_iter().for_each(|(name, values)| add(name, values));
    }
    if found.iter().any(|f| f.1.iter().any(|x| is_missing(*x))) {
        return Err(StataError::standard(416));
    }
    let constant = !cmd.has("noconstant");
    let kept = {
        let views: Vec<&[f64]> = found.iter().map(|f| f.1.as_slice()).collect();
        choose_columns(Columns { columns: &views, weights: None, constant }).0
    };
    let exogenous: Vec<String> = kept.iter().map(|j| found[*j].0.clone()).collect();
    let mut columns: Vec<Vec<f64>> = kept.iter().map(|j| found[*j].1.clone()).collect();
    columns.extend(constant.then(|| vec![1.0; rows.len()]));
    columns.iter_mut().for_each(|column| equations[0].weigh(column));
    for equation in equations {
        if equation.columns().len() > columns.len() {
            return Err(StataError::new(
                481,
                format!("Equation {} is not identified -- does not meet order conditions", equation.name),
            ));
        }
    }
    Ok(Instruments { columns, exogenous, endogenous })
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    system_show::display(session, cmd)?;
    let names = |key: &str| session.e.results.get_text(key).unwrap_or("").to_string();
    let (endogenous, exogenous) = (names("endog"), names("exog"));
    if !endogenous.is_empty() && !cmd.has("nofooter") {
        session.print(format!("Endogenous: {endogenous}"));
        session.print(format!("Exogenous: {exogenous}"));
        session.print("-".repeat(78));
    }
    Ok(())
}
