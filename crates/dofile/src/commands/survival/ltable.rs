//! `ltable`: life tables of survival times that are not declared by `stset` ([ST] ltable).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::Sample;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{OptSpec, numlist};
use estimators::life_table::{Estimate, Line, intervals, table};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("SUrvival"),
    OptSpec::flag("Failure"),
    OptSpec::flag("Hazard"),
    OptSpec::flag("noAdjust"),
    OptSpec::text("Intervals"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&[
    "noTABle", "Graph", "TESt", "OVERlay", "CI", "TVid", "SAVing", "PLOTOPts", "CIOPts", "BYOPts",
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ltable",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ltable timevar [deadvar] [if] [in] [fweight] [, survival failure hazard by(groupvar) intervals(# | numlist) noadjust level(#)]",
    notes: "intervals with deaths or losses, of width 1 without intervals(); without noadjust those lost count for half of their interval; stores no results; [ST] ltable",
    examples: &[Example { run: "input t died\n1 1\n2 0\n3 1\nend\nltable t died", expect: &[("_N", 3.0)] }],
};

/// Which columns a table has.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Survival,
    Failure,
    Hazard,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let variables = s.varlist(&cmd.list)?;
    let (time, dead) = match variables[..] {
        [time] => (time, None),
        [time, dead] => (time, Some(dead)),
        [] => return Err(StataError::standard(100)),
        _ => return Err(StataError::standard(103)),
    };
    let by = match cmd.options.text("by") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let all: Vec<usize> = variables.iter().chain(&by).copied().collect();
    let sample = Sample::read(s, cmd, &all)?;
    let groups = sample.groups(s, &by);
    let (width, cuts) = cuts(cmd)?;
    let mut records = vec![Vec::new(); groups.count()];
    for (i, &row) in sample.rows.iter().enumerate() {
        let t = s.frame.num_at(time, row);
        if t < 0.0 {
            return Err(StataError::new(411, "negative survival times"));
        }
        let died = dead.is_none_or(|d| s.frame.num_at(d, row) != 0.0);
        records[groups.of[i]].push((t, died, sample.weights[i]));
    }
    let tables: Vec<Vec<Line>> =
        records.iter().map(|own| table(&intervals(own, width, &cuts), !cmd.has("noadjust"), level)).collect();
    let kinds: Vec<Kind> =
        [("survival", Kind::Survival), ("failure", Kind::Failure), ("hazard", Kind::Hazard)]
            .into_iter()
            .filter(|(option, _)| cmd.has(option))
            .map(|(_, kind)| kind)
            .collect();
    for kind in if kinds.is_empty() { vec![Kind::Survival] } else { kinds } {
        heading(s, kind, level);
        for (group, lines) in tables.iter().enumerate() {
            if !by.is_empty() {
                let text = groups.text(group).replace('=', " = ");
                s.print(text);
            }
            lines.iter().for_each(|line| s.print(text(kind, line)));
        }
        s.print("-".repeat(79));
    }
    Ok(())
}

/// The width of all intervals, or their cut points.
fn cuts(cmd: &ParsedCommand) -> Result<(f64, Vec<f64>)> {
    let Some(text) = cmd.options.text("intervals") else { return Ok((1.0, Vec::new())) };
    let mut cuts = numlist::expand(&text.replace(',', " "))?;
    if let [width] = cuts[..] {
        return if width > 0.0 {
            Ok((width, Vec::new()))
        } else {
            Err(StataError::invalid("intervals() must be positive"))
        };
    }
    if cuts.windows(2).any(|w| w[0] >= w[1]) || cuts.first().is_some_and(|c| *c < 0.0) {
        return Err(StataError::invalid("intervals() must be ascending and not negative"));
    }
    if cuts.first().is_some_and(|c| *c > 0.0) {
        cuts.insert(0, 0.0);
    }
    Ok((1.0, cuts))
}

fn heading(s: &mut Session, kind: Kind, level: f64) {
    let interval = format!("[{}% conf. int.]", format::bare("%5.0g", level));
    s.print("");
    if kind == Kind::Hazard {
        s.print(format!("{:>21}{:>9}{:>10}{:>10}{:>9}", "Beg.", "Cum.", "Std.", "", "Std."));
        s.print(format!(
            "{:>11}{:>10}{:>10}{:>8}{:>10}{:>10}{interval:>20}",
            "Interval", "total", "failure", "error", "Hazard", "error"
        ));
    } else {
        let failure = kind == Kind::Failure;
        let (above, what) = if failure { ("Cum.", "failure") } else { ("", "Survival") };
        s.print(format!("{:>21}{above:>27}{:>10}", "Beg.", "Std."));
        s.print(format!(
            "{:>11}{:>10}{:>9}{:>7}{what:>11}{:>10}{interval:>21}",
            "Interval", "total", "Deaths", "Lost", "error"
        ));
    }
    s.print("-".repeat(79));
}

fn text(kind: Kind, line: &Line) -> String {
    let own = line.interval;
    let whole = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
    let share = |x: f64, w: usize| format::right(&format::bare("%8.4f", stata(x)), w);
    let end = if own.to.is_finite() { whole(own.to, 6) } else { format!("{:>6}", ".") };
    let head = format!("{}{end}{}", whole(own.from, 5), whole(own.total, 10));
    let survival = line.survival;
    let failed = Estimate {
        value: 1.0 - survival.value,
        low: 1.0 - survival.high,
        high: 1.0 - survival.low,
        ..survival
    };
    let four = |e: Estimate| {
        format!("{}{}{}{}", share(e.value, 11), share(e.se, 10), share(e.low, 11), share(e.high, 10))
    };
    let counts = format!("{}{}", whole(own.deaths, 9), whole(own.lost, 7));
    match kind {
        Kind::Survival => format!("{head}{counts}{}", four(survival)),
        Kind::Failure => format!("{head}{counts}{}", four(failed)),
        Kind::Hazard => {
            let h = line.hazard;
            format!(
                "{head}{}{}{}{}{}{}",
                share(failed.value, 10),
                share(failed.se, 8),
                share(h.value, 10),
                share(h.se, 10),
                share(h.low, 10),
                share(h.high, 10)
            )
        }
    }
}
