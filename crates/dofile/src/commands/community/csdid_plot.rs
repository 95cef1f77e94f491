//! `csdid_plot`: the last averages of `estat` after `csdid`, with their intervals, over time since treatment, cohorts or
//! periods.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::wald;
use figure::{Range, RefLine, Series, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "csdid_plot",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "csdid_plot [, style(rspike|rcap) level(#) twoway_options]",
    notes: "after estat event, group or calendar of csdid: the averages in r(b) and r(V), or those that post made active",
    examples: &[Example {
        run: "input id t y g\n1 1 1 2\n1 2 5 2\n1 3 6 2\n2 1 2 2\n2 2 8 2\n2 3 9 2\n3 1 0 0\n3 2 2 0\n3 3 1 0\n4 1 1 0\n4 2 1 0\n4 3 3 0\nend\ncsdid y, ivar(id) time(t) gvar(g)\nestat event\ncsdid_plot\nmatrix b = r(b)",
        expect: &[("colsof(b)", 3.0)],
    }],
};

/// An average: its place on the axis, value and standard error.
type Point = (f64, f64, f64);

/// Averages with numbers in their names, and what the numbers are.
fn points(b: &Matrix, v: &Matrix) -> Option<(Vec<Point>, &'static str)> {
    let place = |name: &str| -> Option<(f64, &'static str)> {
        let number = |text: &str| text.parse::<f64>().ok();
        let minus = name.strip_prefix("Tm").and_then(number).map(|n| (-n, "Periods to Treatment"));
        let plus = || name.strip_prefix("Tp").and_then(number).map(|n| (n, "Periods to Treatment"));
        let group = || name.strip_prefix('G').and_then(number).map(|n| (n, "Groups"));
        let period = || name.strip_prefix('T').and_then(number).map(|n| (n, "Periods"));
        minus.or_else(plus).or_else(group).or_else(period)
    };
    let mut title = "";
    let mut out = Vec::new();
    for (i, stripe) in b.col_names.iter().enumerate().filter(|(_, s)| s.eq.is_empty()) {
        if let Some((at, what)) = place(&stripe.name) {
            out.push((at, b.get(0, i), v.get(i, i).max(0.0).sqrt()));
            title = what;
        }
    }
    (!out.is_empty()).then_some((out, title))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::whole(&cmd.name, &cmd.raw)?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let (mut level, mut caps, mut rest): (f64, bool, Vec<RawOption>) =
        (session.settings.level, false, Vec::new());
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "Level") => {
                level = parse_number(text).ok_or_else(|| StataError::invalid("number expected"))?;
            }
            (name, Some(text)) if abbreviates(name, "STYle") => match text.trim() {
                "rspike" => caps = false,
                "rcap" => caps = true,
                other => {
                    return Err(StataError::unsupported_option("csdid_plot", &format!("style({other})")));
                }
            },
            (name, _) if abbreviates(name, "GROUP") || abbreviates(name, "ASY") => {
                return Err(StataError::unsupported_option("csdid_plot", name));
            }
            _ => rest.push(option),
        }
    }
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    if session.e.cmd() != "csdid" {
        return Err(StataError::new(301, "last estimates of csdid not found"));
    }
    let returned = session.r.matrices.get("b").zip(session.r.matrices.get("V"));
    let found = returned.and_then(|(b, v)| points(b, v));
    let posted = || session.e.b().zip(session.e.v()).and_then(|(b, v)| points(b, v));
    let (points, x_title) = found.or_else(posted).ok_or_else(|| {
        StataError::new(198, "csdid_plot needs the results of estat event, group or calendar")
    })?;
    let before: Vec<Point> = points.iter().copied().filter(|p| p.0 < 0.0).collect();
    let after: Vec<Point> = points.iter().copied().filter(|p| p.0 >= 0.0).collect();
    let mut series = Vec::new();
    for (number, (label, part)) in
        [("Pre-treatment", before), ("Post-treatment", after)].into_iter().enumerate()
    {
        if !part.is_empty() {
            series.extend(drawn(&part, label, number, (wald::critical(level, None), caps)));
        }
    }
    let figure = Plain {
        series,
        x_title: x_title.to_string(),
        y_title: "ATT".to_string(),
        y_lines: vec![RefLine { at: 0.0, style: Style::default() }],
        used: session.e.results.get_scalar("N").map(|n| n as usize),
        ..Plain::default()
    };
    show(session, figure, &rest)
}

/// Intervals and points in one colour.
fn drawn(part: &[Point], label: &str, number: usize, (z, caps): (f64, bool)) -> [Series; 2] {
    let ranges =
        part.iter().map(|(at, b, se)| Range { at: *at, low: b - z * se, high: b + z * se }).collect();
    let points = part.iter().map(|(at, b, _)| (*at, *b)).collect();
    let series = |shape: Shape, label: &str| Series {
        label: label.to_string(),
        number,
        shape,
        style: Style::default(),
    };
    [series(Shape::Ranges { ranges, caps, horizontal: false }, ""), series(Shape::Points { points }, label)]
}
