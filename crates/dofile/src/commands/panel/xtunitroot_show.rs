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
    /// Name, value, its standardised form and p-value.
    Standardized(&'static str, f64, f64, f64),
    /// Under the title.
    Based(&'static str),
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
        Test::Breitung => [
            "Breitung unit-root test",
            "Panels contain unit roots",
            "Panels are stationary",
            "Common",
            "T,N -> Infinity",
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

/// Shows a test. Titles and columns stand as in the examples of [XT] xtunitroot.
pub(super) fn show(session: &mut Session, head: &Heading<'_>, lines: &[Line]) {
    let [title, null, alternative, ..] = texts(head.test);
    let title = format!("{title} for {}", head.variable);
    let rule = "-".repeat(WIDTH);
    session.print("");
    session.print(&title);
    match lines.iter().find_map(|l| if let Line::Based(text) = l { Some(text) } else { None }) {
        Some(text) => {
            session.print(text);
            session.print("-".repeat(text.chars().count()));
        }
        None => session.print("-".repeat(title.chars().count())),
    }
    session.print(format!("{:<45}Number of panels  = {:>6}", format!("H0: {null}"), head.panels));
    session.print(format!(
        "{:<45}Number of periods = {:>6}",
        format!("Ha: {alternative}"),
        format::bare("%6.0g", head.periods)
    ));
    session.print("");
    model(session, head, lines);
    session.print(&rule);
    session.print(heading(lines));
    session.print(&rule);
    for line in lines {
        table_line(session, line);
    }
    session.print(&rule);
    let mut after = false;
    for line in lines {
        if let Line::After(text) = line {
            session.print(text);
            after = true;
        }
    }
    if after && head.test == Test::Fisher {
        session.print(rule);
    }
}

/// What the model has, beside the asymptotics of the test; then its lags.
fn model(session: &mut Session, head: &Heading<'_>, lines: &[Line]) {
    let [_, _, _, coefficient, limit] = texts(head.test);
    let included = |yes: bool| if yes { "Included" } else { "Not included" };
    let mut pair = |left: String, right: &str| session.print(format!("{left:<45}{right}").trim_end());
    let removed = if head.demean { "Cross-sectional means removed" } else { "" };
    let trend = included(head.parts == Deterministic::Trend);
    let notes =
        lines.iter().filter_map(|l| if let Line::Note(text) = l { Some(text.as_str()) } else { None });
    if head.test == Test::Hadri {
        pair(format!("Time trend:         {trend}"), "Asymptotics: T, N -> Infinity");
        for (i, note) in notes.enumerate() {
            pair(note.to_string(), if i == 0 { "                  sequentially" } else { removed });
        }
        return;
    }
    pair(format!("AR parameter: {coefficient}"), &format!("Asymptotics: {limit}"));
    let means = format!("Panel means:  {}", included(head.parts != Deterministic::None));
    pair(
        means,
        match head.test {
            Test::Ht => "             T Fixed",
            Test::Ips | Test::Breitung => "                  sequentially",
            _ => "",
        },
    );
    pair(format!("Time trend:   {trend}"), removed);
    let mut first = !matches!(head.test, Test::Fisher | Test::Ht | Test::Breitung);
    for note in notes {
        if first {
            pair(String::new(), "");
            first = false;
        }
        pair(note.to_string(), "");
    }
}

fn heading(lines: &[Line]) -> String {
    let has = |f: fn(&Line) -> bool| lines.iter().any(f);
    if has(|l| matches!(l, Line::Critical(..))) {
        format!("{:>29}{:>14}{:>10}{:>8}{:>9}", "Statistic", "p-value", "1%", "5%", "10%")
    } else if has(|l| matches!(l, Line::Degrees(..))) {
        format!("{:>43}{:>13}", "Statistic", "p-value")
    } else if has(|l| matches!(l, Line::Standardized(..))) {
        format!("{:>29}{:>10}{:>16}", "Statistic", "z", "p-value")
    } else {
        format!("{:>29}{:>13}", "Statistic", "p-value")
    }
}

fn table_line(session: &mut Session, line: &Line) {
    let number = |x: f64, width: usize| format::right(&format::bare("%9.4f", x), width);
    let p_value = |p: f64, width: usize| format::right(&format::bare("%6.4f", p), width);
    let shown = match line {
        Line::Note(_) | Line::After(_) | Line::Based(_) => return,
        Line::Statistic(name, value, p) => {
            let p = p.map_or(String::new(), |p| p_value(p, 14));
            format!(" {name:<18}{}{p}", number(*value, 9))
        }
        Line::Standardized(name, value, z, p) => {
            format!(" {name:<18}{}{}{}", number(*value, 9), number(*z, 15), p_value(*p, 13))
        }
        Line::Critical(name, value, limits) => {
            let cells = limits.map_or("     (Not available)".to_string(), |all| {
                all.iter().map(|c| format!("{:>8}", format::bare("%6.3f", *c))).collect()
            });
            format!(" {name:<18}{}{:>19}{cells}", number(*value, 9), "")
        }
        Line::Degrees(name, letter, value, p) => {
            format!(" {name:<26}{letter:<2}{}{}", number(*value, 14), p_value(*p, 13))
        }
    };
    session.print(shown.trim_end());
}
