//! `groups`: frequencies of the combinations of variables in the form of a list. Written from the documentation of Cox
//! (2017), Stata Journal 17(3).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("MISSing"),
    OptSpec::text("SHow"),
    OptSpec::text("ORder"),
    OptSpec::text("SElect"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.unsupported(&[
    "FILLin",
    "REVerse",
    "SEPby",
    "SAVing",
    "GENerate",
    "Colorder",
    "VARlabels",
    "FORmat",
    "ABbreviate",
    "NOObs",
    "HEader",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "groups",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "groups varlist [if] [in] [weight] [, missing show(f p F P | none) order(high | low) select(#)]",
    notes: "show(): frequency f, percent p, cumulative frequency F and percent P; order(high): from the most frequent group; select(#): the first # groups, -# the last; stores r(N) r(ngroups); Cox (2017)",
    examples: &[Example {
        run: "set obs 6\ngenerate a = mod(_n, 2)\ngenerate b = _n > 4\ngroups a b, order(high) select(2)",
        expect: &[("r(N)", 6.0), ("r(ngroups)", 4.0)],
    }],
};

/// A combination of values with its frequency.
struct Group {
    names: Vec<String>,
    count: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let known = |v: usize, r: usize| {
        let data = &s.frame.var(v).data;
        if data.is_string() { !data.str(r).is_empty() } else { !is_missing(data.num(r)) }
    };
    let rows: Vec<usize> = (0..touse.len())
        .filter(|r| touse[*r] && (cmd.has("missing") || variables.iter().all(|v| known(*v, *r))))
        .collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weight = |r: &usize| weights.as_ref().map_or(1.0, |w| w.values[*r]);
    let mut groups: Vec<Group> = grouped(s, &variables, rows)
        .into_iter()
        .map(|rows| Group {
            names: variables.iter().map(|v| level_name(s, *v, rows[0])).collect(),
            count: rows.iter().map(weight).sum(),
        })
        .collect();
    match cmd.options.text("order").map(str::trim) {
        None => {}
        Some("high" | "h") => groups.sort_by(|a, b| b.count.total_cmp(&a.count)),
        Some("low" | "l") => groups.sort_by(|a, b| a.count.total_cmp(&b.count)),
        Some(other) => return Err(StataError::invalid(format!("order({other}) must be high or low"))),
    }
    let total: f64 = groups.iter().map(|g| g.count).sum();
    let n = groups.len();
    let lines = table(s, cmd, &variables, &groups, total)?;
    let (from, to) = selected(cmd, n)?;
    show(s, &lines, from, to);
    let mut r = Results::default();
    r.scalar("N", total).scalar("ngroups", n as f64);
    s.r = r;
    Ok(())
}

/// Which groups are listed.
fn selected(cmd: &ParsedCommand, n: usize) -> Result<(usize, usize)> {
    let Some(text) = cmd.options.text("select") else { return Ok((0, n)) };
    let number: i64 = text
        .trim()
        .parse()
        .map_err(|_| StataError::unsupported_option("groups", "select() of a condition"))?;
    let count = (number.unsigned_abs() as usize).min(n);
    Ok(if number < 0 { (n - count, n) } else { (0, count) })
}

/// The heading and the cells of all groups.
fn table(
    s: &Session,
    cmd: &ParsedCommand,
    variables: &[usize],
    groups: &[Group],
    total: f64,
) -> Result<Vec<Vec<String>>> {
    let shown = cmd.options.text("show").unwrap_or("f p");
    let shown: Vec<&str> = shown.split_whitespace().filter(|w| *w != "none").collect();
    let mut heading: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    for word in &shown {
        heading.push(
            match *word {
                "f" | "freq" => "Freq.",
                "p" | "percent" => "Percent",
                "F" | "Freq" => "#<=",
                "P" | "Percent" => "%<=",
                other => {
                    return Err(StataError::unsupported_option("groups", &format!("show({other})")));
                }
            }
            .to_string(),
        );
    }
    let mut lines = vec![heading];
    let mut up = 0.0;
    for group in groups {
        up += group.count;
        let mut cells = group.names.clone();
        for word in &shown {
            cells.push(match *word {
                "f" | "freq" => group.count.to_string(),
                "p" | "percent" => format!("{:.2}", 100.0 * group.count / total),
                "F" | "Freq" => up.to_string(),
                _ => format!("{:.2}", 100.0 * up / total),
            });
        }
        lines.push(cells);
    }
    Ok(lines)
}

/// Prints the heading and the groups in a frame.
fn show(s: &mut Session, lines: &[Vec<String>], from: usize, to: usize) {
    let Some(heading) = lines.first() else { return };
    let listed = std::iter::once(heading).chain(&lines[1 + from..1 + to]);
    let width = |k: usize| listed.clone().map(|l| l[k].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let inner = widths.iter().sum::<usize>() + 3 * (widths.len() - 1) + 2;
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(c, w)| format!("{c:>w$}")).collect();
        format!("  | {} |", cells.join("   "))
    };
    s.print("");
    s.print(format!("  +{}+", "-".repeat(inner)));
    s.print(row(heading));
    s.print(format!("  |{}|", "-".repeat(inner)));
    for line in &lines[1 + from..1 + to] {
        s.print(row(line));
    }
    s.print(format!("  +{}+", "-".repeat(inner)));
}
