//! `quadchk`: the sensitivity of random-effects models to the number of integration points ([XT] quadchk). The model is fitted
//! again with fewer and with more points; the active results stay.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::{quietly, shown};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("noOUTput"), OptSpec::flag("nofrom")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "quadchk",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "quadchk [#1 #2] [, nooutput nofrom]",
    notes: "after xtlogit, xtprobit, xtcloglog, xtologit, xtoprobit, xttobit, xtintreg, and xtpoisson with normal; the default numbers are two and four thirds of that of the model; every fit starts afresh; vce(), or, irr and options of the search are left out; [XT] quadchk",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) + mod(_n*5, 9) > 6\nxtset id\nxtlogit y x, re\nscalar b = _b[x]\nquadchk, nooutput",
        expect: &[("_b[x] - b", 0.0), ("e(n_quad)", 12.0)],
    }],
};

const COMMANDS: [&str; 8] =
    ["xtlogit", "xtprobit", "xtcloglog", "xtologit", "xtoprobit", "xttobit", "xtintreg", "xtpoisson"];

/// Options of the model that a comparison leaves out.
const LEFT_OUT: &[&str] = &[
    "INTPoints",
    "or",
    "IRr",
    "vce",
    "Robust",
    "CLuster",
    "noLOg",
    "log",
    "ITERate",
    "TOLerance",
    "LTOLerance",
    "NRTOLerance",
    "NONRTOLerance",
    "DIFficult",
    "TECHnique",
    "TRace",
    "GRADient",
    "showstep",
    "HESSian",
    "SHOWTOLerance",
    "from",
];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let used = session.e.results.get_scalar("n_quad");
    let Some(used) = used.filter(|_| COMMANDS.contains(&session.e.cmd())) else {
        return Err(StataError::new(198, format!("quadchk not allowed after {}", session.e.cmd())));
    };
    let points: Vec<usize> = cmd.list.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let points = match (points[..].len(), cmd.list.split_whitespace().count()) {
        (0, 0) => [2.0, 4.0].map(|k| (k * used / 3.0).round() as usize),
        (2, 2) => [points[0], points[1]],
        _ => return Err(StataError::syntax()),
    };
    let fitted = session.e.clone();
    let mut others = Vec::new();
    for points in points {
        session.print("");
        session.print(format!("Refitting model intpoints() = {points:>2}"));
        let refitted = again(session, points, cmd.has("nooutput"));
        let other = std::mem::replace(&mut session.e, fitted.clone());
        refitted?;
        others.push(other);
    }
    table(session, &fitted, &others, [used as usize, points[0], points[1]]);
    Ok(())
}

/// Runs the command of the active results with a number of points.
fn again(session: &mut Session, points: usize, quiet: bool) -> Result<()> {
    let line = session.e.results.get_text("cmdline").unwrap_or("").to_string();
    let (front, options) = front_and_options(&line);
    let mut kept = String::new();
    for (name, argument) in split_options(options)? {
        if !LEFT_OUT.iter().any(|o| abbreviates(&name, o)) {
            kept += &argument.map_or(format!(" {name}"), |a| format!(" {name}({a})"));
        }
    }
    let command = format!("{front},{kept} intpoints({points})");
    if quiet { quietly(session, &command) } else { shown(session, &command) }
}

fn table(session: &mut Session, fitted: &Estimation, others: &[Estimation], points: [usize; 3]) {
    let right = |text: &str| format!("{text:>15}");
    let head =
        |first: &str, other: &str| format!("{:14}{}{}{}", "", right(first), right(other), right(other));
    session.print("");
    session.print(format!("{:26}Quadrature check", ""));
    session.print("");
    session.print(head("Fitted  ", "Comparison"));
    session.print(head("quadrature", "quadrature"));
    let count: String = points.iter().map(|n| right(&format!("{n} points"))).collect();
    session.print(format!("{:14}{count}", ""));
    session.print("-".repeat(78));
    let ll = |e: &Estimation| e.results.get_scalar("ll").unwrap_or(MISSING);
    block(session, ["Log", "likelihood"], ll(fitted), &others.iter().map(ll).collect::<Vec<_>>());
    let Some(b) = fitted.b() else { return };
    for (i, stripe) in b.col_names.iter().enumerate() {
        let value = |e: &Estimation| {
            let place = e.b().and_then(|b| Some((b, b.col_names.iter().position(|s| s == stripe)?)));
            place.map_or(MISSING, |(b, j)| b.get(0, j))
        };
        let free = format!("/{}", stripe.name);
        let equation = format!("{}:", stripe.eq);
        let labels: [&str; 2] = if stripe.eq == "/" { [&free, ""] } else { [&equation, &stripe.name] };
        block(session, labels, b.get(0, i), &others.iter().map(value).collect::<Vec<_>>());
    }
}

/// A value of the fitted model, those of the comparisons, and their differences from it.
fn block(session: &mut Session, labels: [&str; 2], fitted: f64, others: &[f64]) {
    let cell = |x: f64| format!("{:>15}", format::bare("%10.0g", x).trim());
    let row = |values: &[f64]| values.iter().map(|x| cell(*x)).collect::<String>();
    let differences: Vec<f64> = others.iter().map(|x| x - fitted).collect();
    let relative: Vec<f64> = differences
        .iter()
        .map(|d| if *d == 0.0 { 0.0 } else { crate::estimation::post::stata(d / fitted) })
        .collect();
    let label = |text: &str| format!("{:<14}", format::abbrev(text, 13));
    session.print(format!("{}{}{}", label(labels[0]), cell(fitted), row(others)));
    session.print(format!("{}{:15}{}   Difference", label(labels[1]), "", row(&differences)));
    session.print(format!("{:29}{}   Relative difference", "", row(&relative)));
    session.print("-".repeat(78));
}
