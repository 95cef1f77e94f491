//! `xtbalance`: keeps the units of a panel that are observed in every period of a range. Written from the documentation of
//! Lian (2006), xtbalance: Stata module to transform the dataset into balanced panel data, SSC S455710.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::text("Range"), OptSpec::text("Miss")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtbalance",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtbalance, range(# #) [miss(varlist|_all)]",
    notes: "rows outside of the range go first, then rows with a missing value in miss(), then units without a row in each period; no results",
    examples: &[Example {
        run: "set obs 12\ngenerate id = ceil(_n/4)\ngenerate t = 2000 + mod(_n - 1, 4)\ngenerate x = _n if _n != 6\nxtset id t\nxtbalance, range(2001 2003) miss(x)",
        expect: &[("_N", 6.0), ("id[4]", 3.0), ("t[4]", 2001.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let declared = Panel::of(&s.frame)?;
    let (unit, time) = declared.unit_and_time()?;
    let range = cmd.options.text("range").ok_or_else(|| StataError::invalid("option range() required"))?;
    let bounds = crate::syntax::numlist::expand(range)?;
    let [first, last] = bounds[..] else {
        return Err(StataError::new(198, "range() needs the first and the last period"));
    };
    let steps = (last - first) / declared.delta;
    if steps < 0.0 || (steps - steps.round()).abs() > 1e-9 {
        return Err(StataError::new(198, "range() must hold two periods, the earlier one first"));
    }
    let times = s.frame.numeric(time)?.to_vec();
    let (earliest, latest) = times
        .iter()
        .filter(|t| !is_missing(**t))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(*t), b.max(*t)));
    if first < earliest || last > latest {
        return Err(StataError::new(
            198,
            format!(
                "range() lies outside of the data, whose periods are {} to {}",
                format::bare("%9.0g", earliest),
                format::bare("%9.0g", latest)
            ),
        ));
    }
    let checked = match cmd.options.text("miss").map(str::trim) {
        None => Vec::new(),
        Some("_all") => (0..s.frame.n_vars()).collect(),
        Some(list) => s.varlist(list)?,
    };
    let n = times.len();
    let mut keep: Vec<bool> = times.iter().map(|t| *t >= first && *t <= last && !is_missing(*t)).collect();
    let out = |keep: &[bool]| keep.iter().filter(|k| !**k).count();
    let of_range = out(&keep);
    s.markout(&checked, &mut keep, true)?;
    let of_missing = out(&keep) - of_range;
    let rows: Vec<usize> = (0..n).filter(|r| keep[*r]).collect();
    let (of_row, count) = number_groups(&s.frame, unit, &rows);
    let mut sizes = vec![0usize; count];
    of_row.iter().for_each(|u| sizes[*u as usize] += 1);
    let periods = steps.round() as usize + 1;
    for (row, u) in rows.iter().zip(&of_row) {
        keep[*row] = sizes[*u as usize] == periods && !is_missing(s.frame.num_at(unit, *row));
    }
    let of_gaps = out(&keep) - of_range - of_missing;
    for (count, why) in [(of_range, "out of range"), (of_missing, "missing"), (of_gaps, "discontinues")] {
        s.print(format!("({} observations deleted due to {why})", format::count_text(count)));
    }
    s.frame.keep_rows(&keep);
    s.r = Results::default();
    Ok(())
}
