//! `missings` and its subcommands.

use super::table::framed;
use super::{Rule, rows, variables};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use std::collections::BTreeMap;

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "report, list and table store r(N), the observations with missing values, and r(varlist); dropvars stores r(n_dropped) and r(varlist), dropobs r(n_dropped); dropping needs force when the data were changed; breakdown is refused; Cox (2015), Stata Journal 15",
    examples: &[
        Example {
            run: "set obs 6\ngenerate x = cond(_n < 3, ., _n)\ngenerate y = cond(_n == 1, .a, 1)\ngenerate z = .\nmissings report x y\nscalar n = r(N)\nmissings tag x y, generate(m)\nmissings tag x y, generate(k) sysmiss\nmissings dropvars, force\nlocal gone `r(varlist)'\nscalar z = \"`gone'\" == \"z\"\nmissings dropobs x y, force",
            expect: &[
                ("n", 2.0),
                ("z", 1.0),
                ("r(n_dropped)", 1.0),
                ("_N", 5.0),
                ("m[1]", 1.0),
                ("k[1]", 1.0),
            ],
        },
        Example {
            run: "set obs 4\ngenerate x = cond(_n < 3, ., _n)\ngenerate y = cond(_n == 1, ., 1)\nmissings report, observations minimum(2)\nmissings table\nmissings list\ncapture missings dropobs x\nscalar rc = _rc\ncapture missings report, minimum(3)",
            expect: &[("rc", 4.0), ("_rc", 0.0)],
        },
    ],
    ..CommandSpec::raw(
        "missings",
        8,
        run,
        "missings {report|list|table|tag|dropvars|dropobs} [varlist] [if] [in] [, numeric string sysmiss minimum(#) observations percent format(fmt) sort show(#) identify(varlist) generate(newvar) force]",
    )
};

const COMMON: &[OptSpec] = &[OptSpec::flag("NUMeric"), OptSpec::flag("STRing"), OptSpec::flag("SYSmiss")];
const REPORT: &[OptSpec] = &[
    OptSpec::flag("OBServations"),
    OptSpec::int("MINimum"),
    OptSpec::flag("Percent"),
    OptSpec::text("Format"),
    OptSpec::flag("SORT"),
    OptSpec::int("SHOW"),
    OptSpec::text("IDENTify"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find([' ', ',']).unwrap_or(raw.len());
    let (kind, rest) = raw.split_at(end);
    let mut inner = ParsedCommand::split(&format!("missings {kind}"), rest, false)?;
    let own: &[OptSpec] = match kind {
        "report" => REPORT,
        "list" | "table" => &[OptSpec::int("MINimum"), OptSpec::text("IDENTify")],
        "tag" => &[OptSpec::text("GENerate")],
        "dropvars" | "dropobs" => &[OptSpec::flag("force")],
        "breakdown" => {
            return Err(StataError::new(199, "missings breakdown is not supported by the open engine"));
        }
        _ => return Err(StataError::invalid(format!("{kind} invalid subcommand"))),
    };
    let specs: Vec<OptSpec> = COMMON.iter().chain(own).copied().collect();
    inner.check_options(&specs, &["SEParator", "ABbreviate", "noOBS", "Header", "STRing()"])?;
    let vars = variables(s, &inner)?;
    let rule = Rule { system_only: inner.has("sysmiss") };
    match kind {
        "report" => report(s, &inner, &vars, &rule),
        "list" => list(s, &inner, &vars, &rule),
        "table" => table(s, &inner, &vars, &rule),
        "tag" => tag(s, &inner, &vars, &rule),
        _ => drop(s, &inner, &vars, &rule, kind == "dropvars"),
    }
}

fn names(s: &Session, vars: &[usize]) -> String {
    vars.iter().map(|v| s.frame.var(*v).name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Says which variables are read, and how many observations have missing values.
fn heading(s: &mut Session, vars: &[usize], all: bool, incomplete: usize) {
    let text = if all { "all variables".to_string() } else { names(s, vars) };
    s.print("");
    s.print(format!("Checking missings in {text}:"));
    let plural = if incomplete == 1 { "" } else { "s" };
    s.print(format!("{} observation{plural} with missing values", format::count_text(incomplete)));
}

fn incomplete(s: &Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule) -> Result<Vec<(usize, usize)>> {
    let counts = rows(s, cmd)?.into_iter().map(|r| (r, rule.of_row(s, vars, r)));
    Ok(counts.filter(|(_, k)| *k > 0).collect())
}

fn store(s: &mut Session, vars: &[usize], n: usize) {
    let mut r = Results::default();
    r.scalar("N", n as f64).text("varlist", names(s, vars));
    s.r = r;
}

fn report(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule) -> Result<()> {
    let rows = rows(s, cmd)?;
    let found = incomplete(s, cmd, vars, rule)?;
    heading(s, vars, cmd.list.trim().is_empty(), found.len());
    let least = cmd.options.int("minimum").unwrap_or(1).max(0) as usize;
    let fmt = cmd.options.text("format").unwrap_or("%5.2f").to_string();
    let by_row = cmd.has("observations");
    let base = if by_row { vars.len() } else { rows.len() } as f64;
    let mut lines: Vec<(String, usize, usize)> = if by_row {
        found.iter().map(|(r, k)| ((r + 1).to_string(), *k, *r)).collect()
    } else {
        vars.iter().map(|v| (s.frame.var(*v).name.clone(), rule.of_variable(s, *v, &rows), *v)).collect()
    };
    lines.retain(|l| l.1 >= least);
    if cmd.has("sort") {
        lines.sort_by_key(|l| std::cmp::Reverse(l.1));
    }
    if let Some(n) = cmd.options.int("show") {
        lines.truncate(n.max(0) as usize);
    }
    let identify = cmd.options.text("identify").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    let known: Vec<String> = identify.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let mut heads = vec![""];
    heads.extend(known.iter().map(String::as_str));
    heads.push("# missing");
    if cmd.has("percent") {
        heads.push("% missing");
    }
    let cells: Vec<Vec<String>> = lines
        .iter()
        .map(|(name, k, row)| {
            let mut line = vec![name.clone()];
            line.extend(identify.iter().map(|v| s.cell_text(*v, *row, false).trim().to_string()));
            line.push(k.to_string());
            if cmd.has("percent") {
                line.push(format::bare(&fmt, 100.0 * *k as f64 / base));
            }
            line
        })
        .collect();
    if !cells.is_empty() {
        framed(s, &heads, &cells);
    }
    let shown: Vec<usize> = match by_row {
        true => vars.to_vec(),
        false => lines.iter().map(|l| l.2).collect(),
    };
    store(s, &shown, found.len());
    Ok(())
}

fn list(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule) -> Result<()> {
    let least = cmd.options.int("minimum").unwrap_or(1).max(1) as usize;
    let mut found = incomplete(s, cmd, vars, rule)?;
    heading(s, vars, cmd.list.trim().is_empty(), found.len());
    let n = found.len();
    found.retain(|f| f.1 >= least);
    let rows: Vec<usize> = found.iter().map(|f| f.0).collect();
    let shown: Vec<usize> = vars.iter().copied().filter(|v| rule.of_variable(s, *v, &rows) > 0).collect();
    if !shown.is_empty() {
        let mut with = cmd.options.text("identify").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
        with.retain(|v| !shown.contains(v));
        with.extend(&shown);
        let mut heads = vec![String::new()];
        heads.extend(with.iter().map(|v| s.frame.var(*v).name.clone()));
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|r| {
                let mut line = vec![format!("{}.", r + 1)];
                line.extend(with.iter().map(|v| s.cell_text(*v, *r, false).trim().to_string()));
                line
            })
            .collect();
        framed(s, &heads.iter().map(String::as_str).collect::<Vec<_>>(), &cells);
    }
    store(s, &shown, n);
    Ok(())
}

fn table(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule) -> Result<()> {
    let rows = rows(s, cmd)?;
    let least = cmd.options.int("minimum").unwrap_or(0).max(0) as usize;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry(rule.of_row(s, vars, *row)).or_default() += 1;
    }
    let n: usize = counts.iter().filter(|(k, _)| **k > 0).map(|(_, n)| n).sum();
    heading(s, vars, cmd.list.trim().is_empty(), n);
    counts.retain(|k, _| *k >= least);
    let total: usize = counts.values().sum();
    s.print("");
    s.print("       # of |");
    s.print("    missing |");
    s.print("     values |      Freq.     Percent        Cum.");
    s.print(format!("{}+{}", "-".repeat(12), "-".repeat(35)));
    let mut sum = 0;
    for (k, n) in &counts {
        sum += n;
        let percent = |n: usize| format::number("%10.2f", 100.0 * n as f64 / total as f64);
        s.print(format!(
            "{} |{}  {}  {}",
            format::right(&k.to_string(), 11),
            format::right(&format::count_text(*n), 11),
            percent(*n),
            percent(sum)
        ));
    }
    s.print(format!("{}+{}", "-".repeat(12), "-".repeat(35)));
    s.print(format!(
        "      Total |{}  {}",
        format::right(&format::count_text(total), 11),
        format::number("%10.2f", 100.0)
    ));
    store(s, vars, n);
    Ok(())
}

fn tag(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule) -> Result<()> {
    let name =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let found = incomplete(s, cmd, vars, rule)?;
    let mut values = vec![MISSING; s.frame.n_rows()];
    rows(s, cmd)?.into_iter().for_each(|r| values[r] = 0.0);
    found.iter().for_each(|(r, k)| values[*r] = *k as f64);
    let shape = values.iter().fold(StorageType::Byte, |t, x| t.promoted_for(*x));
    s.frame.add(Variable::new(name, Column::from_f64(shape, &values)))?;
    heading(s, vars, cmd.list.trim().is_empty(), found.len());
    Ok(())
}

fn drop(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], rule: &Rule, variables: bool) -> Result<()> {
    if s.frame.changed && !cmd.has("force") {
        return Err(StataError::new(4, "force option required with changed dataset"));
    }
    if variables && (cmd.if_exp.is_some() || cmd.in_range.is_some()) {
        return Err(StataError::invalid("if and in not allowed"));
    }
    let rows = rows(s, cmd)?;
    let n = incomplete(s, cmd, vars, rule)?.len();
    heading(s, vars, cmd.list.trim().is_empty(), n);
    let mut r = Results::default();
    s.print("");
    if variables {
        let gone: Vec<usize> =
            vars.iter().copied().filter(|v| rule.of_variable(s, *v, &rows) == rows.len()).collect();
        let text = names(s, &gone);
        match gone.is_empty() {
            true => s.print("note: no variables qualify"),
            false => s.print(format!("note: {text} dropped")),
        }
        s.frame.drop_vars(&gone);
        r.scalar("n_dropped", gone.len() as f64).text("varlist", text);
    } else {
        let mut keep = vec![true; s.frame.n_rows()];
        rows.iter().for_each(|row| keep[*row] = rule.of_row(s, vars, *row) < vars.len());
        let gone = keep.iter().filter(|k| !**k).count();
        s.frame.keep_rows(&keep);
        let plural = if gone == 1 { "" } else { "s" };
        s.print(format!("({} observation{plural} deleted)", format::count_text(gone)));
        r.scalar("n_dropped", gone as f64);
    }
    s.r = r;
    Ok(())
}
