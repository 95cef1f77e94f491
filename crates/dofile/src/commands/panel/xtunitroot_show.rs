//! The output of `xtunitroot`.

use super::xtunitroot::Test;
use crate::format;
use crate::session::Session;
use estimators::timeseries::Deterministic;

/// What the heading says.
pub(super) struct Heading<'a> {
    pub(super) test: Test,
    pub(super) variable: &'a str,
    pub(super) panels: usize,
    pub(super) periods: f64,
    pub(super) parts: Deterministic,
    pub(super) demean: bool,
}

/// A line of the result.
pub(super) enum Line {
    /// Above the table.
    Note(String),
    /// Name, value and p-value.
    Statistic(&'static str, f64, Option<f64>),
    /// Name, value and critical values at 1, 5 and 10 %.
    Critical(&'static str, f64, Option<[f64; 3]>),
    /// Name, letter, value and p-value of a combination of tests.
    Degrees(String, &'static str, f64, f64),
    /// Below the table.
    After(String),
}

const WIDTH: usize = 78;

/// Title, hypotheses, coefficient and asymptotics of a test.
fn texts(test: Test) -> [&'static str; 5] {
    match test {
        Test::Llc => [
            "Levin–Lin–Chu unit-root test",
            "Panels contain unit roots",
            "Panels are stationary",
            "Common",
            "N/T -> 0",
        ],
        Test::Ht => [
            "Harris–Tzavalis unit-root test",
            "Panels contain unit roots",
            "Panels are stationary",
            "Common",
            "N -> Infinity",
        ],
        Test::Ips => [
            "Im–Pesaran–Shin unit-root test",
            "All panels contain unit roots",
            "Some panels are stationary",
            "Panel-specific",
            "T,N -> Infinity",
        ],
        Test::Fisher => [
            "Fisher-type unit-root test",
            "All panels contain unit roots",
            "At least one panel is stationary",
            "Panel-specific",
            "T -> Infinity",
        ],
        Test::Hadri => [
            "Hadri LM test",
            "All panels are stationary",
            "Some panels contain unit roots",
            "",
            "T, N -> Infinity sequentially",
        ],
    }
}

/// Shows a test.
pub(super) fn show(session: &mut Session, head: &Heading<'_>, lines: &[Line]) {
    let [title, null, alternative, coefficient, limit] = texts(head.test);
    let title = format!("{title} for {}", head.variable);
    let rule = "-".repeat(WIDTH);
    let included = |yes: bool| if yes { "Included" } else { "Not included" };
    session.print("");
    session.print(&title);
    session.print("-".repeat(title.chars().count()));
    session.print(format!("{:<45}Number of panels  = {:>6}", format!("H0: {null}"), head.panels));
    session.print(format!(
        "{:<45}Number of periods = {:>6}",
        format!("Ha: {alternative}"),
        format::bare("%6.0g", head.periods)
    ));
    session.print("");
    if !coefficient.is_empty() {
        session.print(format!("{:<45}Asymptotics: {limit}", format!("AR parameter: {coefficient}")));
    }
    session.print(format!("Panel means:  {}", included(head.parts != Deterministic::None)));
    let removed = if head.demean { "Cross-sectional means removed" } else { "" };
    let trend = format!("Time trend:   {}", included(head.parts == Deterministic::Trend));
    session.print(format!("{trend:<45}{removed}").trim_end());
    session.print("");
    for line in lines {
        if let Line::Note(text) = line {
            session.print(text);
        }
    }
    session.print(&rule);
    let critical = lines.iter().any(|l| matches!(l, Line::Critical(..)));
    session.print(if critical {
        format!("{:>29}{:>26}{:>8}{:>8}", "Statistic", "1%", "5%", "10%")
    } else {
        format!("{:>39}{:>13}", "Statistic", "p-value")
    });
    session.print(&rule);
    for line in lines {
        table_line(session, line);
    }
    session.print(&rule);
    for line in lines {
        if let Line::After(text) = line {
            session.print(text);
        }
    }
}

fn table_line(session: &mut Session, line: &Line) {
    let number = |x: f64| format::bare("%9.4f", x);
    let shown = match line {
        Line::Note(_) | Line::After(_) => return,
        Line::Statistic(name, value, p) => {
            let p = p.map_or(String::new(), |p| format::bare("%6.4f", p));
            format!(" {name:<28}{:>10}{p:>13}", number(*value))
        }
        Line::Critical(name, value, limits) => {
            let cells = limits.map_or("   (Not available)".to_string(), |all| {
                all.iter().map(|c| format!("{:>8}", format::bare("%6.3f", *c))).collect()
            });
            format!(" {name:<18}{:>10}{:>18}{cells}", number(*value), "")
        }
        Line::Degrees(name, letter, value, p) => {
            format!(" {name:<26}{letter:<2}{:>10}{:>13}", number(*value), format::bare("%6.4f", *p))
        }
    };
    session.print(shown.trim_end());
}
