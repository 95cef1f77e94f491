//! `compare`: counts and differences of two variables ([D] compare).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::is_missing;
use estimators::real::stable_sum;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "compare",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "compare varname1 varname2 [if] [in]",
    notes: "no results; two numeric variables, extended missing values count as missing; [D] compare",
    examples: &[Example {
        run: "set obs 4\ngenerate a = _n\ngenerate b = cond(_n == 4, ., 2)\ncompare a b",
        expect: &[("_N", 4.0)],
    }],
};

/// Name of a variable in the rows of the table.
fn short(name: &str) -> String {
    format::abbrev(name, 10)
}

/// A row: what is counted, how often, and the smallest, mean and largest difference.
fn line(name: &str, count: usize, differences: &[f64]) -> String {
    let mut out = format!("{name:<23}{:>10}", format::bare("%10.0g", count as f64));
    if !differences.is_empty() {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for x in differences {
            (low, high) = (low.min(*x), high.max(*x));
        }
        let mean = stable_sum(differences.iter().copied()) / differences.len() as f64;
        let cell = |x: f64| format::bare("%9.0g", x);
        out += &format!("{:>14}{:>13}{:>12}", cell(low), cell(mean), cell(high));
    }
    out
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let [a, b] = vars[..] else {
        return Err(StataError::standard(if vars.len() < 2 { 102 } else { 103 }));
    };
    match (s.frame.var(a).is_string(), s.frame.var(b).is_string()) {
        (false, false) => {}
        (true, true) => return Err(StataError::unsupported_option("compare", "two string variables")),
        _ => return Err(StataError::type_mismatch()),
    }
    let touse = s.rows(cmd)?;
    let (name_a, name_b) = (short(&s.frame.var(a).name), short(&s.frame.var(b).name));
    let (mut all, mut only_a, mut only_b, mut neither) = (Vec::new(), 0, 0, 0);
    for row in (0..touse.len()).filter(|i| touse[*i]) {
        let (x, y) = (s.frame.num_at(a, row), s.frame.num_at(b, row));
        match (is_missing(x), is_missing(y)) {
            (false, false) => all.push(x - y),
            (true, false) => only_a += 1,
            (false, true) => only_b += 1,
            (true, true) => neither += 1,
        }
    }
    let total = all.len() + only_a + only_b + neither;
    if total == 0 {
        return Err(StataError::no_observations());
    }
    let part = |keep: &dyn Fn(f64) -> bool| all.iter().copied().filter(|x| keep(*x)).collect::<Vec<f64>>();
    let (below, above) = (part(&|x| x < 0.0), part(&|x| x > 0.0));
    let equal = all.len() - below.len() - above.len();
    let rule = format!("{:23}{}", "", "-".repeat(10));
    let mut lines = vec![
        String::new(),
        format!("{:40}---------- Difference ----------", ""),
        format!("{:>33}{:>14}{:>13}{:>12}", "Count", "Minimum", "Average", "Maximum"),
        "-".repeat(72),
    ];
    let mut put = |name: String, count: usize, differences: &[f64]| {
        if count > 0 {
            lines.push(line(&name, count, differences));
        }
    };
    put(format!("{name_a}<{name_b}"), below.len(), &below);
    put(format!("{name_a}={name_b}"), equal, &[]);
    put(format!("{name_a}>{name_b}"), above.len(), &above);
    lines.push(rule.clone());
    if !all.is_empty() {
        lines.push(line("Jointly defined", all.len(), &all));
    }
    for (name, count) in [
        (format!("{name_a} missing only"), only_a),
        (format!("{name_b} missing only"), only_b),
        ("Jointly missing".to_string(), neither),
    ] {
        if count > 0 {
            lines.push(line(&name, count, &[]));
        }
    }
    lines.push(rule);
    lines.push(line("Total", total, &[]));
    lines.into_iter().for_each(|text| s.print(text));
    Ok(())
}
