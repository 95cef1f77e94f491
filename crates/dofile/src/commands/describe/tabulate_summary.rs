//! `tabulate, summarize()`: means, standard deviations and frequencies by the levels of one variable
//! ([R] tabulate, summarize()). Tables of counts are in `tabulate`.

use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

/// The table of a numeric variable.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand, variable: &str) -> Result<()> {
    let by = s.varlist(&cmd.list)?;
    let [by] = by[..] else {
        return Err(match by.len() {
            0 => StataError::standard(100),
            2 => StataError::unsupported_option("tabulate", "summarize() of two-way tables"),
            _ => StataError::standard(103),
        });
    };
    refuse_other_options(cmd)?;
    let of = s.numeric_variable(variable.trim())?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[of], &mut touse, false)?;
    if !cmd.has("missing") {
        s.markout(&[by], &mut touse, true)?;
    }
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let kind = weights.as_ref().map(|w| w.kind);
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let line = |own: &[usize]| {
        let sample = Sample::new(own.iter().map(|r| (s.frame.num_at(of, *r), weight(*r))), kind);
        let sd = if sample.rows() > 1 { sample.sd() } else { 0.0 };
        (sample.mean(), sd, sample.n())
    };
    let name = |r: usize| {
        let var = s.frame.var(by);
        if var.is_string() {
            return s.frame.str_at(by, r).to_string();
        }
        let x = var.data.num(r);
        let label = s.frame.labels_of(by).filter(|_| !cmd.has("nolabel")).and_then(|l| l.get(x));
        label.map_or_else(|| format::bare(&var.format, x), str::to_string)
    };
    let mut lines: Vec<(String, (f64, f64, f64))> =
        grouped(s, &[by], rows.clone()).iter().map(|g| (name(g[0]), line(g))).collect();
    lines.push(("Total".to_string(), line(&rows)));
    let label = |v: usize| {
        let var = s.frame.var(v);
        if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
    };
    let (row_title, title) = (label(by), label(of));
    // columns that are asked for, or all but those that are not wanted
    let asked = ["means", "standard", "freq", "obs"].iter().any(|o| cmd.has(o));
    let shown = |of: &str, not: &str| if asked { cmd.has(of) } else { !cmd.has(not) };
    let columns = [
        (shown("means", "nomeans"), "        Mean"),
        (shown("standard", "nostandard"), "   Std. dev."),
        (shown("freq", "nofreq"), "       Freq."),
    ];
    if columns.iter().all(|c| !c.0) {
        return Err(StataError::invalid("no statistic is left to show"));
    }
    let heads: String = columns.iter().filter(|c| c.0).map(|c| c.1).collect();
    let rule = format!("------------+{}", "-".repeat(heads.len()));
    let mut text = vec![
        String::new(),
        format!("            | {:^35}", format!("Summary of {title}")).trim_end().to_string(),
        format!("{:>11} |{heads}", format::abbrev(&row_title, 11)),
        rule.clone(),
    ];
    let count = lines.len();
    for (i, (name, (mean, sd, n))) in lines.into_iter().enumerate() {
        if i + 1 == count {
            text.push(rule.clone());
        }
        let cell =
            |x: f64| format::right(&format::bare("%10.0g", if is_missing(x) { MISSING } else { x }), 12);
        let cells = [cell(mean), cell(sd), format::right(&format::bare("%9.0fc", n), 12)];
        let shown: String = columns.iter().zip(cells).filter(|(c, _)| c.0).map(|(_, v)| v).collect();
        text.push(format!("{:>11} |{shown}", format::abbrev(&name, 11)));
    }
    text.iter().for_each(|l| s.print(l));
    Ok(())
}

fn refuse_other_options(cmd: &ParsedCommand) -> Result<()> {
    let allowed = [
        "summarize",
        "missing",
        "nolabel",
        "means",
        "nomeans",
        "standard",
        "nostandard",
        "freq",
        "nofreq",
        "obs",
        "noobs",
    ];
    if let Some((other, _)) = cmd.options.iter().find(|o| !allowed.contains(&o.0)) {
        return Err(StataError::invalid(format!("option {other} may not be combined with summarize()")));
    }
    Ok(())
}
