//! `distinct` and `unique`: numbers of different values. Written from the help files of Cox and Longton (2008, Stata
//! Journal 8) and of Hills and Brady.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

const DISTINCT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("MISSing"),
    OptSpec::int("Abbrev"),
    OptSpec::flag("Joint"),
    OptSpec::int("MINimum"),
    OptSpec::int("MAXimum"),
]);
const UNIQUE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("by"), OptSpec::text("Generate")]).unsupported(&["Detail"]);

/// The command `distinct`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "distinct",
    min: 8,
    form: Form::Standard(&DISTINCT),
    by: ByRule::EachGroup,
    run: distinct,
    syntax: "distinct [varlist] [if] [in] [, missing joint abbrev(#) minimum(#) maximum(#)]",
    notes: "stores r(N) and r(ndistinct) of the last variable that is shown, or of all jointly",
    examples: &[Example {
        run: "set obs 7\ngenerate a = mod(_n, 3)\nreplace a = . in 7\ngenerate s = cond(_n < 3, \"\", \"t\")\ndistinct a\nscalar n = r(N)\nscalar k = r(ndistinct)\ndistinct a, missing\nscalar m = r(ndistinct)\ndistinct a s, joint",
        expect: &[("n", 6.0), ("k", 3.0), ("m", 4.0), ("r(ndistinct)", 3.0), ("r(N)", 4.0)],
    }],
};

/// The command `unique`.
pub(super) const SPEC_UNIQUE: CommandSpec = CommandSpec {
    name: "unique",
    min: 6,
    form: Form::Standard(&UNIQUE),
    by: ByRule::No,
    run: unique,
    syntax: "unique varlist [if] [in] [, by(varlist) generate(newvar)]",
    notes: "missing values count as values; stores r(N) (records), r(unique) and r(sum) (different values); by() makes _Unique or the variable of generate(), set in one row of each group",
    examples: &[Example {
        run: "set obs 6\ngenerate id = ceil(_n / 3)\ngenerate visit = cond(_n == 6, 1, mod(_n - 1, 3))\nunique id visit\nscalar u = r(unique)\nunique visit, by(id) generate(v)",
        expect: &[("u", 5.0), ("r(N)", 6.0), ("r(sum)", 3.0), ("v[1]", 3.0), ("missing(v[2])", 1.0)],
    }],
};

fn distinct(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let keep = s.rows(cmd)?;
    let counts = |vars: &[usize]| -> Result<(usize, usize)> {
        let mut used = keep.clone();
        if !cmd.has("missing") {
            s.markout(vars, &mut used, true)?;
        }
        let rows: Vec<usize> = (0..used.len()).filter(|r| used[*r]).collect();
        Ok((rows.len(), grouped(s, vars, rows).len()))
    };
    let least = cmd.options.int("minimum").unwrap_or(0).max(0) as usize;
    let most = cmd.options.int("maximum").map_or(usize::MAX, |n| n.max(0) as usize);
    let mut lines = Vec::new();
    let mut last = None;
    if cmd.has("joint") {
        let (n, k) = counts(&vars)?;
        last = Some((n, k));
        lines.push((String::new(), n, k));
    } else {
        for v in vars {
            let (n, k) = counts(&[v])?;
            if (least..=most).contains(&k) {
                last = Some((n, k));
                lines.push((s.frame.var(v).name.clone(), n, k));
            }
        }
    }
    let most_shown = cmd.options.int("abbrev").map_or(32, |n| n.clamp(5, 32) as usize);
    let names: Vec<String> = lines.iter().map(|line| format::abbrev(&line.0, most_shown)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let row = |name: &str, text: &str| match cmd.has("joint") {
        true => text.to_string(),
        false => format!(" {} |{text}", format::right(name, width)),
    };
    s.print("");
    s.print(row("", "        Observations"));
    s.print(row("", "      total   distinct"));
    if !cmd.has("joint") {
        s.print(format!("{}+{}", "-".repeat(width + 2), "-".repeat(22)));
    }
    for (name, (_, n, k)) in names.iter().zip(&lines) {
        s.print(row(name, &format!("{n:>11}{k:>11}")));
    }
    let mut results = Results::default();
    if let Some((n, k)) = last {
        results.scalar("N", n as f64).scalar("ndistinct", k as f64);
    }
    s.r = results;
    Ok(())
}

fn unique(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    let (n, k) = (rows.len(), grouped(s, &vars, rows.clone()).len());
    let names: Vec<&str> = vars.iter().map(|v| s.frame.var(*v).name.as_str()).collect();
    let names = names.join(" ");
    s.print(format!("Number of unique values of {names} is  {k}"));
    s.print(format!("Number of records is  {n}"));
    if let Some(by) = cmd.options.text("by").map(str::to_string) {
        let name = cmd.options.text("generate").unwrap_or("_Unique").to_string();
        let by = s.varlist(&by)?;
        let mut values = vec![MISSING; keep.len()];
        for group in grouped(s, &by, rows) {
            let runs = grouped(s, &vars, group);
            values[runs[0][0]] = runs.len() as f64;
        }
        if let Some(old) = s.frame.find(&name).filter(|_| name == "_Unique") {
            s.frame.drop_vars(&[old]);
        }
        let shape = values.iter().fold(StorageType::Byte, |shape, x| shape.promoted_for(*x));
        s.frame.add(Variable::new(&name, Column::from_f64(shape, &values)))?;
        s.print(format!(
            "variable {name} contains number of unique values of {names} by {}",
            by_names(s, &by)
        ));
    }
    let mut results = Results::default();
    results.scalar("N", n as f64).scalar("unique", k as f64).scalar("sum", k as f64);
    s.r = results;
    Ok(())
}

fn by_names(s: &Session, by: &[usize]) -> String {
    by.iter().map(|v| s.frame.var(*v).name.as_str()).collect::<Vec<_>>().join(" ")
}
