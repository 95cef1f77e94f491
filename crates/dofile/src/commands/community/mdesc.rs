//! `mdesc`: numbers and shares of missing values. Written from the help file of Medeiros and Blanchette.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("ABbreviate"),
    OptSpec::flag("any"),
    OptSpec::flag("all"),
    OptSpec::flag("NOne"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mdesc",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mdesc [varlist] [if] [in] [, any all none abbreviate(#)]",
    notes: "stores r(total), r(miss) and r(percent) of the last variable, r(miss_vars), r(notmiss_vars)",
    examples: &[Example {
        run: "set obs 8\ngenerate x = _n if _n > 2\ngenerate y = 1\ngenerate s = cond(_n == 8, \"\", \"a\")\nmdesc x y s\nscalar miss = r(miss)\nscalar pct = r(percent)\nscalar named = \"`r(miss_vars)'\" == \"x s\" & \"`r(notmiss_vars)'\" == \"y\"\nmdesc x s, any\nscalar any = r(miss)\nmdesc x s, none",
        expect: &[
            ("miss", 1.0),
            ("pct", 12.5),
            ("named", 1.0),
            ("any", 3.0),
            ("r(miss)", 5.0),
            ("r(total)", 8.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars: Vec<usize> =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let gone = |v: usize, row: usize| {
        let column = &s.frame.var(v).data;
        if column.is_string() { column.str(row).is_empty() } else { is_missing(column.num(row)) }
    };
    let count = |holds: &dyn Fn(usize) -> bool| rows.iter().filter(|row| holds(**row)).count();
    let width = cmd.options.int("abbreviate").map_or(12, |n| n.clamp(5, 32) as usize);
    let mut results = Results::default();
    let (names, counts): (Vec<String>, Vec<usize>) = if cmd.has("any") {
        (vec!["any".into()], vec![count(&|row| vars.iter().any(|v| gone(*v, row)))])
    } else if cmd.has("all") {
        (vec!["all".into()], vec![count(&|row| vars.iter().all(|v| gone(*v, row)))])
    } else if cmd.has("none") {
        (vec!["none".into()], vec![count(&|row| !vars.iter().any(|v| gone(*v, row)))])
    } else {
        let counts: Vec<usize> = vars.iter().map(|v| count(&|row| gone(*v, row))).collect();
        let listed = |with: bool| {
            let chosen = vars.iter().zip(&counts).filter(|(_, n)| (**n > 0) == with);
            chosen.map(|(v, _)| s.frame.var(*v).name.as_str()).collect::<Vec<_>>().join(" ")
        };
        results.text("miss_vars", listed(true)).text("notmiss_vars", listed(false));
        (vars.iter().map(|v| s.frame.var(*v).name.clone()).collect(), counts)
    };
    let total = rows.len();
    let percent = |n: usize| 100.0 * n as f64 / total as f64;
    let rule = format!("{}+{}", "-".repeat(width + 4), "-".repeat(47));
    s.print("");
    s.print(format!("    {:<width$}|     Missing          Total     Percent Missing", "Variable"));
    s.print(&rule);
    for (name, n) in names.iter().zip(&counts) {
        let name = format::right(&format::abbrev(name, width), width);
        let share = format::bare("%9.2f", percent(*n));
        s.print(format!(
            "   {name} |{:>12}{:>15}{share:>17}",
            format::count_text(*n),
            format::count_text(total)
        ));
    }
    s.print(rule);
    if let Some(n) = counts.last() {
        results.scalar("miss", *n as f64).scalar("total", total as f64).scalar("percent", percent(*n));
    }
    s.r = results;
    Ok(())
}
