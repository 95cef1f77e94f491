//! `meta summarize` with `leaveoneout` and `cumulative()`: the pooled effect without each study, and as studies are added
//! one by one ([META] meta summarize).

use super::settings::Declared;
use super::show::{self, shown};
use super::summarize::{Summary, heading};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;

/// A line: name, pooled effect of some studies, and what stands behind it.
struct Line {
    name: String,
    of: Summary,
    behind: String,
}

/// `leaveoneout`.
pub(super) fn leave_one_out(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Declared,
    whole: &Summary,
    eform: bool,
    r: &mut Results,
) -> Result<()> {
    let count = data.y.len();
    if count < 2 {
        return Err(StataError::insufficient_observations());
    }
    let mut lines = Vec::new();
    for left in 0..count {
        let others: Vec<usize> = (0..count).filter(|i| *i != left).collect();
        let of = Summary::of(cmd, data, &others)?;
        lines.push(Line { name: data.labels[left].clone(), of, behind: String::new() });
    }
    if !cmd.has("noheader") {
        show::header(s, "Leave-one-out meta-analysis summary", &data.model, count, &[]);
    }
    table(s, ("Omitted study", ""), data, &lines, Some(whole), eform);
    r.matrix("leaveoneout", stored(&lines, data));
    Ok(())
}

/// `cumulative(varname [, ascending | descending])`.
pub(super) fn cumulative(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Declared,
    text: &str,
    eform: bool,
    r: &mut Results,
) -> Result<()> {
    let (variable, how) = text.split_once(',').unwrap_or((text, ""));
    let how = how.trim();
    let descending = how.len() >= 3 && "descending".starts_with(how);
    if how.starts_with("by") {
        return Err(StataError::unsupported_option("meta summarize", "cumulative(, by())"));
    }
    let ascending = how.is_empty() || how.len() >= 3 && "ascending".starts_with(how);
    if !ascending && !descending {
        return Err(StataError::invalid(format!("cumulative(, {how}) not allowed")));
    }
    let v = s.variable(variable.trim())?;
    let mut order: Vec<usize> = (0..data.rows.len()).collect();
    order.sort_by(|a, b| {
        let by = s.frame.compare(v, data.rows[*a], data.rows[*b]);
        let by = if descending { by.reverse() } else { by };
        by.then(a.cmp(b))
    });
    let mut lines = Vec::new();
    for upto in 1..=order.len() {
        let of = Summary::of(cmd, data, &order[..upto])?;
        let last = order[upto - 1];
        let behind = s.cell_text(v, data.rows[last], false).trim().to_string();
        lines.push(Line { name: data.labels[last].clone(), of, behind });
    }
    let name = s.frame.var(v).name.clone();
    if !cmd.has("noheader") {
        show::header(s, "Cumulative meta-analysis summary", &data.model, data.y.len(), &[]);
        s.print(format!("Order variable: {name}"));
    }
    table(s, ("Study", &name), data, &lines, None, eform);
    r.matrix("cumulative", stored(&lines, data)).text("cumulvar", name);
    Ok(())
}

fn stored(lines: &[Line], data: &Declared) -> Matrix {
    let row = |line: &Line| {
        let [theta, low, high] = line.of.interval(data.level);
        [theta, line.of.pooled.se, low, high, line.of.inference.p(line.of.statistic())].map(stata)
    };
    let mut out = Matrix::new(lines.len(), 5, lines.iter().flat_map(row).collect());
    out.row_names = lines.iter().map(|l| Stripe::term(l.name.replace([' ', '.'], "_"))).collect();
    out.col_names = ["theta", "se", "ci_lb", "ci_ub", "p"].map(Stripe::term).to_vec();
    out
}

fn table(
    s: &mut Session,
    (first, last): (&str, &str),
    data: &Declared,
    lines: &[Line],
    whole: Option<&Summary>,
    eform: bool,
) {
    let width = lines.iter().map(|l| l.name.chars().count()).max().unwrap_or(0).clamp(12, 22);
    let width = width.max(first.chars().count());
    let label = heading(s, eform);
    let tail = if last.is_empty() { 49 } else { 60 };
    let rule = |cross: &str| format!("{}{cross}{}", "-".repeat(width + 1), "-".repeat(tail));
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", data.level));
    s.print("");
    s.print(rule("-"));
    let head = format!("{} | {label:>11}    {interval:>20}{:>10}", format::right(first, width), "p-value");
    s.print(if last.is_empty() { head } else { format!("{head}{:>11}", format::abbrev(last, 10)) });
    s.print(rule("+"));
    let row = |name: &str, of: &Summary, behind: &str| {
        let [y, low, high] = shown(of.interval(data.level), eform).map(|x| format::number("%9.3f", x));
        let p = format::bare("%6.3f", stata(of.inference.p(of.statistic())));
        let text = format!(
            "{} | {y:>11}   {low:>9}   {high:>9}{p:>10}{behind:>11}",
            format::right(&format::abbrev(name, width), width)
        );
        text.trim_end().to_string()
    };
    for line in lines {
        s.print(row(&line.name, &line.of, &line.behind));
    }
    if let Some(whole) = whole {
        s.print(rule("+"));
        s.print(row(if eform { "exp(theta)" } else { "theta" }, whole, ""));
    }
    s.print(rule("-"));
}
