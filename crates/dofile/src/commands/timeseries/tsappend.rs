//! `tsappend`: rows for the periods after the last one of a time series, or of each panel ([TS] tsappend).

use super::series;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::Column;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::int("Add"),
    OptSpec::text("Last"),
    OptSpec::text("TSFmt"),
    OptSpec::real("PANel"),
]);
/// Functions that turn the date of `last()` into a number.
const DATES: [&str; 8] = ["tc", "tC", "td", "tw", "tm", "tq", "th", "ty"];
/// Most rows that one call may add.
const MOST: f64 = 1e7;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tsappend",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "tsappend, {add(#) | last(date) tsfmt(string)} [panel(#)]",
    notes: "adds periods after the last one of a time series, or of each panel, or of the panel named by its number; tsfmt() names the function that reads the date: td, tw, tm, tq, th, ty, tc; stores r(add), the rows added; [TS] tsappend",
    examples: &[
        Example {
            run: "set obs 3\ngenerate t = _n + 10\ntsset t\ntsappend, add(2)",
            expect: &[("_N", 5.0), ("t[5]", 15.0), ("r(add)", 2.0)],
        },
        Example {
            run: "input id t x\n1 1 5\n1 2 6\n2 4 7\nend\nxtset id t\ntsappend, add(2)",
            expect: &[("_N", 7.0), ("t[4]", 4.0), ("id[5]", 2.0), ("t[7]", 6.0), ("missing(x[7])", 1.0)],
        },
        Example {
            run: "set obs 2\ngenerate m = ym(2005, 9 + _n)\nformat m %tm\ntsset m\ntsappend, last(2006m2) tsfmt(tm)",
            expect: &[("_N", 5.0), ("m[5]", 553.0)],
        },
    ],
};

/// How many periods are added.
enum Amount {
    /// So many after the last one of each panel.
    Count(usize),
    /// All up to a time.
    Until(f64),
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let amount = match (cmd.options.int("add"), cmd.options.text("last"), cmd.options.text("tsfmt")) {
        (Some(_), Some(_), _) => return Err(StataError::invalid("only one of add() and last() is allowed")),
        (Some(add), None, _) if !(1..=1_000_000).contains(&add) => {
            return Err(StataError::new(198, "add() must be a positive integer"));
        }
        (Some(add), None, _) => Amount::Count(usize::try_from(add).unwrap_or(0)),
        (None, Some(date), Some(function)) => {
            let function = function.trim().trim_start_matches('%');
            if !DATES.contains(&function) {
                return Err(StataError::invalid("tsfmt() must be td, tw, tm, tq, th, ty or tc"));
            }
            Amount::Until(session.eval_num(&format!("{function}({})", date.trim().trim_matches('"')))?)
        }
        (None, Some(_), None) => return Err(StataError::invalid("option tsfmt() required with last()")),
        (None, None, _) => return Err(StataError::invalid("option add() or last() required")),
    };
    extend(session, &amount, cmd.options.real("panel"))
}

/// Adds periods after the last one of a time series, or of each panel.
pub(super) fn append(session: &mut Session, add: usize) -> Result<()> {
    extend(session, &Amount::Count(add), None)
}

fn extend(session: &mut Session, amount: &Amount, only: Option<f64>) -> Result<()> {
    let (declared, time) = series::declared(session)?;
    if only.is_some() && declared.panel.is_none() {
        return Err(StataError::new(459, "panel variable not set; option panel() needs one"));
    }
    let mut ends: Vec<(f64, f64)> = Vec::new();
    let frame = &session.frame;
    let id = |row: usize| declared.panel.map_or(0.0, |p| frame.num_at(p, row));
    let keys: Vec<(usize, bool)> = declared.panel.into_iter().chain([time]).map(|v| (v, false)).collect();
    for row in frame.sorted_order(&keys) {
        let (own, t) = (id(row), frame.num_at(time, row));
        if is_missing(own) || is_missing(t) || only.is_some_and(|o| o != own) {
            continue;
        }
        match ends.last_mut() {
            Some((last, end)) if *last == own => *end = t,
            _ => ends.push((own, t)),
        }
    }
    if ends.is_empty() {
        let what = if only.is_some() { "panel not found" } else { "no observations" };
        return Err(StataError::new(if only.is_some() { 459 } else { 2000 }, what));
    }
    let steps = |end: f64| match amount {
        Amount::Count(n) => *n as f64,
        Amount::Until(last) => ((last - end) / declared.delta).floor().max(0.0),
    };
    let total: f64 = ends.iter().map(|(_, end)| steps(*end)).sum();
    if total.is_nan() || total > MOST {
        return Err(StataError::standard(901));
    }
    session.room_for(session.frame.n_rows() as f64 + total, 32.0)?;
    let mut new: Vec<(f64, f64)> = Vec::new();
    for (own, end) in &ends {
        let mut k = 1.0;
        while k <= steps(*end) {
            new.push((*own, end + k * declared.delta));
            k += 1.0;
        }
    }
    let before = session.frame.n_rows();
    session.frame.set_n_rows(before + new.len());
    let fill = |session: &mut Session, variable: usize, values: Vec<f64>| -> Result<()> {
        let mut column = session.frame.numeric(variable)?.to_vec();
        let mut kind = session.frame.var(variable).data.storage_type();
        for (i, x) in values.into_iter().enumerate() {
            column[before + i] = x;
            kind = kind.promoted_for(x);
        }
        session.frame.set_column(variable, Column::from_f64(kind, &column));
        Ok(())
    };
    fill(session, time, new.iter().map(|p| p.1).collect())?;
    if let Some(panel) = declared.panel {
        fill(session, panel, new.iter().map(|p| p.0).collect())?;
    }
    let keys: Vec<usize> = declared.panel.into_iter().chain([time]).collect();
    session.frame.sort_by(&keys);
    let mut r = Results::default();
    r.scalar("add", new.len() as f64);
    session.r = r;
    Ok(())
}
