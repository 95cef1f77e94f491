//! `duplicates` and `isid`: keys and repeated rows.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, StorageType, Variable};
use crate::ops::groups::grouped;
use crate::ops::listing;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const DUPLICATES: StandardSyntax = StandardSyntax::new(concat_lists!(
    OptSpec;
    &[OptSpec::text("Generate"), OptSpec::flag("force")],
    listing::OPTIONS,
));
const ISID: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("Sort"), OptSpec::flag("Missok")]);
pub(super) const SPEC_DUPLICATES: CommandSpec = CommandSpec {
    name: "duplicates",
    min: 3,
    form: Form::Standard(&DUPLICATES),
    by: ByRule::No,
    run: duplicates,
    syntax: "duplicates {report|examples|list|tag|drop} [varlist] [if] [in] [, generate(newvar) force list_options]",
    notes: "all store r(N), report also r(unique_value), drop r(N_drop)",
    examples: &[Example {
        run: "set obs 5\ngenerate k = cond(_n < 4, 1, _n)\nduplicates tag k, generate(d)\nduplicates report k\nscalar u = r(unique_value)\nduplicates drop k, force",
        expect: &[("d[1]", 2.0), ("d[2]", 0.0), ("u", 3.0), ("_N", 3.0)],
    }],
};
pub(super) const SPEC_ISID: CommandSpec = CommandSpec {
    name: "isid",
    min: 4,
    form: Form::Standard(&ISID),
    by: ByRule::No,
    run: isid,
    syntax: "isid varlist [, sort missok]",
    notes: "r(459) when the variables do not identify the observations",
    examples: &[Example {
        run: "set obs 3\ngenerate k = _n\nisid k\nreplace k = 1 in 2\ncapture isid k\nscalar rc = _rc",
        expect: &[("rc", 459.0)],
    }],
};
fn duplicates(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (what, list) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
    let vars = if list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(list)? };
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|&i| keep[i]).collect();
    let groups = grouped(s, &vars, rows);
    let names = if list.trim().is_empty() {
        "all variables".to_string()
    } else {
        vars.iter().map(|&v| s.frame.var(v).name.clone()).collect::<Vec<_>>().join(" ")
    };
    let is = |full: &str| !what.is_empty() && full.starts_with(what);
    let mut r = Results::default();
    r.scalar("N", groups.iter().map(|g| g.len()).sum::<usize>() as f64);
    if is("report") {
        report(s, &groups, &names);
        r.scalar("unique_value", groups.len() as f64);
    } else if is("list") {
        let extra: Vec<usize> = groups.iter().filter(|g| g.len() > 1).flatten().copied().collect();
        s.print("");
        s.print(format!("Duplicates in terms of {names}"));
        if extra.is_empty() {
            s.print("");
            s.print("(0 observations are duplicates)");
        } else {
            list_groups(s, cmd, &groups, &vars)?;
        }
    } else if is("examples") {
        let first: Vec<usize> = groups.iter().filter(|g| g.len() > 1).map(|g| g[0]).collect();
        s.print("");
        s.print(format!("Duplicates in terms of {names}"));
        if first.is_empty() {
            s.print("");
            s.print("(0 observations are duplicates)");
        } else {
            listing::Table::read(s, cmd, &vars)?.print(s, &first, &vars);
        }
    } else if is("tag") {
        let name = cmd
            .options
            .text("generate")
            .ok_or_else(|| StataError::invalid("option generate() required"))?
            .to_string();
        let mut values = vec![crate::value::MISSING; keep.len()];
        groups.iter().for_each(|g| g.iter().for_each(|&r| values[r] = g.len() as f64 - 1.0));
        let ty = values.iter().fold(StorageType::Byte, |t, &x| t.promoted_for(x));
        s.print("");
        s.print(format!("Duplicates in terms of {names}"));
        s.frame.add(Variable::new(&name, Column::from_f64(ty, &values)))?;
    } else if is("drop") {
        if !list.trim().is_empty() && !cmd.has("force") {
            return Err(StataError::new(198, "force option required with duplicates drop varlist"));
        }
        let mut stay = vec![true; keep.len()];
        groups.iter().for_each(|g| g[1..].iter().for_each(|&r| stay[r] = false));
        let dropped = stay.iter().filter(|k| !**k).count();
        s.frame.keep_rows(&stay);
        s.print("");
        s.print(format!("Duplicates in terms of {names}"));
        s.print("");
        s.print(match dropped {
            0 => "(0 observations are duplicates)".to_string(),
            1 => "(1 observation deleted)".to_string(),
            n => format!("({} observations deleted)", count_text(n)),
        });
        r.scalar("N_drop", dropped as f64);
    } else {
        return Err(StataError::unsupported_command(&format!("duplicates {what}")));
    }
    s.r = r;
    Ok(())
}

/// Lists the rows that occur more than once, with the number of their group and of the row.
fn list_groups(s: &mut Session, cmd: &ParsedCommand, groups: &[Vec<usize>], vars: &[usize]) -> Result<()> {
    let many: Vec<&Vec<usize>> = groups.iter().filter(|g| g.len() > 1).collect();
    let rows: Vec<usize> = many.iter().flat_map(|g| g.iter().copied()).collect();
    if s.frame.find("Group").is_some() || s.frame.find("Obs").is_some() {
        listing::Table::read(s, cmd, vars)?.print(s, &rows, vars);
        return Ok(());
    }
    let own = s.frame.clone();
    let mut group = vec![crate::value::MISSING; own.n_rows()];
    many.iter().enumerate().for_each(|(k, g)| g.iter().for_each(|&r| group[r] = k as f64 + 1.0));
    let obs: Vec<f64> = (0..own.n_rows()).map(|r| r as f64 + 1.0).collect();
    let result = (|| {
        for (name, values) in [("Group", &group), ("Obs", &obs)] {
            let mut var = Variable::new(name, Column::from_f64(StorageType::Double, values));
            var.format = "%9.0g".to_string();
            s.frame.add(var)?;
        }
        let first = s.frame.n_vars() - 2;
        let columns: Vec<usize> = [first, first + 1].into_iter().chain(vars.iter().copied()).collect();
        listing::Table::read(s, cmd, &columns)?.by_group(first).print(s, &rows, &columns);
        Ok(())
    })();
    s.frame = own;
    result
}

fn report(s: &mut Session, groups: &[Vec<usize>], names: &str) {
    let mut by_copies: std::collections::BTreeMap<usize, usize> = Default::default();
    groups.iter().for_each(|g| *by_copies.entry(g.len()).or_insert(0) += g.len());
    s.print("");
    s.print(format!("Duplicates in terms of {names}"));
    s.print("");
    let border = "-".repeat(38);
    s.print(&border);
    s.print("   Copies | Observations       Surplus");
    s.print(format!("{}+{}", "-".repeat(10), "-".repeat(27)));
    for (&copies, &n) in &by_copies {
        s.print(format!("{copies:>9} | {:>12}  {:>12}", count_text(n), count_text(n - n / copies)));
    }
    s.print(border);
}

fn isid(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    if !cmd.has("missok") {
        for &v in &vars {
            let c = &s.frame.var(v).data;
            let gone = |r: usize| if c.is_string() { c.str(r).is_empty() } else { is_missing(c.num(r)) };
            if (0..s.frame.n_rows()).any(gone) {
                return Err(StataError::new(
                    459,
                    format!("variable {} should never be missing", s.frame.var(v).name),
                ));
            }
        }
    }
    let order = s.frame.sorted_order(&vars.iter().map(|&v| (v, false)).collect::<Vec<_>>());
    if order.windows(2).any(|w| s.frame.rows_equal(&vars, w[0], w[1])) {
        let names: Vec<&str> = vars.iter().map(|&v| s.frame.var(v).name.as_str()).collect();
        let (word, does) = if names.len() == 1 { ("variable", "does") } else { ("variables", "do") };
        return Err(StataError::new(
            459,
            format!("{word} {} {does} not uniquely identify the observations", names.join(" ")),
        ));
    }
    if cmd.has("sort") {
        s.frame.sort_by(&vars);
    }
    Ok(())
}
