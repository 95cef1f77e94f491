//! The table of `balancetable` as text, labels and stars of tables of balance.

use super::balance::Groups;
use crate::error::Result;
use crate::format;
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{unquote, words};
use crate::value::{MISSING, is_missing};

/// A label of a variable, or its name.
pub(super) fn label(s: &Session, name: &str, labels: bool) -> String {
    match s.frame.find(name) {
        Some(v) if labels && !s.frame.var(v).label.is_empty() => s.frame.var(v).label.clone(),
        _ => name.to_string(),
    }
}

/// Stars of a p-value by three levels, the largest first.
pub(super) fn stars(levels: &[f64], p: f64) -> String {
    "*".repeat(levels.iter().filter(|level| p < **level).count())
}

/// The table of `balancetable` for one treatment.
pub(super) fn single_sheet(
    s: &mut Session,
    cmd: &ParsedCommand,
    groups: &Groups,
    list: &[String],
) -> Result<Sheet> {
    let fmt = cmd.options.text("format").unwrap_or("%9.3f").to_string();
    let show = |x: f64| if is_missing(x) { String::new() } else { format::bare(&fmt, x) };
    let mut sheet = Sheet::default();
    let titles: Vec<String> = match cmd.options.text("ctitles") {
        Some(text) => words(text).into_iter().map(|w| unquote(w).to_string()).collect(),
        None => ["Control", "Treatment", "Difference"].map(str::to_string).to_vec(),
    };
    let wide = if cmd.has("stddiff") { 4 } else { 3 };
    if !cmd.has("nonumbers") {
        sheet.head.push([String::new()].into_iter().chain((1..=wide).map(|k| format!("({k})"))).collect());
    }
    let mut titles: Vec<String> = [String::from("Variable")].into_iter().chain(titles).collect();
    titles.resize(wide + 1, String::new());
    if cmd.has("stddiff") && titles[4].is_empty() {
        titles[4] = "Std. difference".to_string();
    }
    sheet.head.push(titles);
    let mut counts = [MISSING; 3];
    for variable in list {
        let control = groups.mean(s, variable, Some(0))?;
        let treated = groups.mean(s, variable, Some(1))?;
        let difference = groups.difference(s, variable, (1, 0))?;
        let mark = if cmd.has("nostars") { String::new() } else { stars(&[0.1, 0.05, 0.01], difference.p) };
        let mut line =
            vec![label(s, variable, cmd.has("varlabels")), show(control.value), show(treated.value)];
        line.push(show(difference.value) + &mark);
        if cmd.has("stddiff") {
            line.push(show(
                (treated.value - control.value) / ((treated.sd.powi(2) + control.sd.powi(2)) / 2.0).sqrt(),
            ));
        }
        let last = if cmd.has("pvalues") { difference.p } else { difference.se };
        let below = [control.sd, treated.sd, last].map(|x| format!("({})", show(x)));
        sheet.rows.extend([line, [String::new()].into_iter().chain(below).collect()]);
        if is_missing(counts[2]) {
            counts = [control.n, treated.n, difference.n];
        }
    }
    if !cmd.has("noobservations") {
        let row = ["Observations".to_string()].into_iter().chain(counts.map(|n| format!("{n}")));
        sheet.rows.push(row.collect());
    }
    Ok(sheet)
}
