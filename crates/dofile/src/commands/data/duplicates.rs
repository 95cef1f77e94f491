//! `duplicates report|tag|drop`: rows that repeat in some variables.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use std::collections::BTreeMap;

pub const SPEC: CommandSpec = CommandSpec {
    name: "duplicates",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "duplicates {report|tag|drop} [varlist] [if] [in] [, generate(newvar) force]",
    notes: "report stores r(N) and r(unique_value); [D] duplicates",
    examples: &[Example {
        run: "set obs 6\ngenerate k = floor(_n/2)\nduplicates tag k, generate(t)\nduplicates report k",
        expect: &[("r(N)", 6.0), ("r(unique_value)", 4.0), ("t[1]", 0.0), ("t[2]", 1.0)],
    }],
};

/// Rows of each distinct key, in the order of their first row.
fn groups(s: &Session, vars: &[usize], touse: &[bool]) -> Vec<Vec<usize>> {
    let keys: Vec<(usize, bool)> = vars.iter().map(|&v| (v, false)).collect();
    let order: Vec<usize> = s.frame.sorted_order(&keys).into_iter().filter(|&i| touse[i]).collect();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match out.last_mut() {
            Some(last) if s.frame.rows_equal(vars, last[0], i) => last.push(i),
            _ => out.push(vec![i]),
        }
    }
    out.iter_mut().for_each(|g| g.sort_unstable());
    out.sort_by_key(|g| g[0]);
    out
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len());
    let (sub, rest) = raw.split_at(end);
    let mut parsed = ParsedCommand::split("duplicates", rest, false)?;
    parsed.check_options(&[OptSpec::text("Generate"), OptSpec::flag("force")], &["Table", "nolabel"])?;
    let vars = if parsed.list.trim().is_empty() {
        (0..s.frame.n_vars()).collect()
    } else {
        s.varlist(&parsed.list)?
    };
    let touse = s.rows(&parsed)?;
    let found = groups(s, &vars, &touse);
    let shown = if parsed.list.trim().is_empty() {
        "all variables".to_string()
    } else {
        vars.iter().map(|&v| s.frame.var(v).name.clone()).collect::<Vec<_>>().join(" ")
    };
    match sub {
        "report" => report(s, &found, &shown),
        "tag" => tag(s, &parsed, &found, &touse, &shown)?,
        "drop" => drop_surplus(s, &parsed, &found, &shown)?,
        "list" | "examples" => return Err(StataError::unsupported_command(&format!("duplicates {sub}"))),
        _ => return Err(StataError::invalid(format!("illegal duplicates subcommand {sub}"))),
    }
    Ok(())
}

fn report(s: &mut Session, found: &[Vec<usize>], shown: &str) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for g in found {
        *counts.entry(g.len()).or_default() += g.len();
    }
    s.print("");
    s.print(format!("Duplicates in terms of {shown}"));
    s.print("");
    s.print("--------------------------------------");
    s.print("   Copies | Observations       Surplus");
    s.print("----------+---------------------------");
    for (copies, rows) in &counts {
        let surplus = rows - rows / copies;
        s.print(format!(
            "{} | {}{}",
            format::right(&copies.to_string(), 9),
            format::right(&rows.to_string(), 12),
            format::right(&surplus.to_string(), 14)
        ));
    }
    s.print("--------------------------------------");
    let rows: usize = counts.values().sum();
    let mut r = crate::results::Results::default();
    r.scalar("N", rows as f64).scalar("unique_value", found.len() as f64);
    s.r = r;
}

fn tag(
    s: &mut Session,
    cmd: &ParsedCommand,
    found: &[Vec<usize>],
    touse: &[bool],
    shown: &str,
) -> Result<()> {
    let Some(name) = cmd.options.text("generate") else {
        return Err(StataError::invalid("option generate() required"));
    };
    if s.frame.find(name).is_some() {
        return Err(StataError::already_defined(name));
    }
    let mut values = vec![crate::value::MISSING; touse.len()];
    for g in found {
        for &i in g {
            values[i] = (g.len() - 1) as f64;
        }
    }
    let widest = found.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let ty = StorageType::Byte.promoted_for(widest);
    s.frame.add(Variable::new(name, Column::from_f64(ty, &values)))?;
    s.print("");
    s.print(format!("Duplicates in terms of {shown}"));
    Ok(())
}

fn drop_surplus(s: &mut Session, cmd: &ParsedCommand, found: &[Vec<usize>], shown: &str) -> Result<()> {
    if !cmd.list.trim().is_empty() && !cmd.has("force") {
        return Err(StataError::invalid("option force required if a varlist is specified"));
    }
    let mut keep = vec![true; s.frame.n_rows()];
    for i in found.iter().flat_map(|g| &g[1..]) {
        keep[*i] = false;
    }
    let dropped = keep.iter().filter(|k| !**k).count();
    s.frame.keep_rows(&keep);
    s.print("");
    s.print(format!("Duplicates in terms of {shown}"));
    s.print("");
    let plural = if dropped == 1 { "" } else { "s" };
    s.print(format!("({} observation{plural} deleted)", super::count_text(dropped)));
    let mut r = crate::results::Results::default();
    r.scalar("N_drop", dropped as f64);
    s.r = r;
    Ok(())
}
