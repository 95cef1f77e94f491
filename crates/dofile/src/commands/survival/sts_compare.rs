//! `sts list, compare`: the functions of groups side by side at chosen times ([ST] sts list).

use super::sts::{Curves, Function};
use crate::format;
use crate::session::Session;
use crate::value::MISSING;
use estimators::survivor::{Point, at_time};

/// Times without `at()`: the first time and steps of an eighth of the range, rounded down, until the last time is
/// covered. The manual promises "about 10 times"; this rule gives those of its printed examples.
fn usual_times(curves: &Curves) -> Vec<f64> {
    let times = || curves.tables.iter().flatten().map(|p| p.time);
    let (first, last) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    let eighth = (last - first) / 8.0;
    if eighth <= 0.0 {
        return vec![first];
    }
    let step = if eighth >= 1.0 { eighth.floor() } else { eighth };
    let mut out = vec![first];
    while out.last().is_some_and(|t| *t < last) {
        out.push(first + step * out.len() as f64);
    }
    out
}

/// Prints a column for each group; a missing value after the last time of a group.
pub(super) fn show(s: &mut Session, curves: &Curves, function: Function, at: Option<Vec<f64>>) {
    let groups = &curves.groups;
    let rule = "-".repeat(14 + 10 * groups.count());
    s.print("");
    s.print(function.title());
    s.print(format!("By variable: {}", groups.variables.join(" ")));
    s.print("");
    let mut header = format::left(&format::abbrev(&groups.variables.join(" "), 14), 14);
    for labels in &groups.labels {
        header.push_str(&format::right(&format::abbrev(&labels.join(" "), 9), 10));
    }
    s.print(header);
    s.print(&rule);
    for (i, time) in at.unwrap_or_else(|| usual_times(curves)).into_iter().enumerate() {
        let word = if i == 0 { "Time" } else { "" };
        let mut line = format!("{}{}", format::left(word, 5), format::number("%9.0g", time));
        for table in &curves.tables {
            let start = Point { survivor: 1.0, ..Point::default() };
            let value = if table.last().is_none_or(|p| time > p.time) {
                MISSING
            } else {
                function.at(at_time(table, time).unwrap_or(&start), 95.0).0
            };
            line.push_str(&format::right(&format::bare("%9.4f", value), 10));
        }
        s.print(line);
    }
    s.print(&rule);
}
