//! `tsfill`: rows for the periods that a time series or panel leaves out.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::Column;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::is_missing;

/// Most rows that the data may have afterwards.
const MOST_ROWS: f64 = 50_000_000.0;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("Full")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tsfill",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "tsfill [, full]",
    notes: "after tsset or xtset; new rows have the panel and the time only; full fills each panel from the first to the last time of the data; no results; [TS] tsfill",
    examples: &[
        Example {
            run: "input id t x\n1 1 5\n1 4 6\n2 2 7\n2 3 8\nend\nxtset id t\ntsfill",
            expect: &[("_N", 6.0), ("t[2]", 2.0), ("missing(x[2])", 1.0), ("x[4]", 6.0), ("id[3]", 1.0)],
        },
        Example {
            run: "input id t x\n1 1 5\n1 4 6\n2 2 7\n2 3 8\nend\nxtset id t\ntsfill, full",
            expect: &[("_N", 8.0), ("t[5]", 1.0), ("id[8]", 2.0), ("x[6]", 7.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let declared = Panel::for_operators(&s.frame)?;
    let time = declared.series()?;
    if cmd.has("full") && declared.panel.is_none() {
        return Err(StataError::new(459, "panel variable not set; option full needs one"));
    }
    let new = absent(s, &declared, time, cmd.has("full"))?;
    let n = s.frame.n_rows();
    s.frame.set_n_rows(n + new.len());
    let fill = |s: &mut Session, variable: usize, value: &dyn Fn(&(f64, f64)) -> f64| {
        let mut column = match s.frame.numeric(variable) {
            Ok(values) => values.to_vec(),
            Err(_) => return,
        };
        let mut kind = s.frame.var(variable).data.storage_type();
        for (i, pair) in new.iter().enumerate() {
            column[n + i] = value(pair);
            kind = kind.promoted_for(column[n + i]);
        }
        s.frame.set_column(variable, Column::from_f64(kind, &column));
    };
    fill(s, time, &|pair| pair.1);
    if let Some(panel) = declared.panel {
        fill(s, panel, &|pair| pair.0);
    }
    let keys: Vec<usize> = declared.panel.into_iter().chain([time]).collect();
    s.frame.sort_by(&keys);
    Ok(())
}

/// Panel and time of the periods without a row; r(901) where there are too many.
fn absent(s: &Session, declared: &Panel, time: usize, full: bool) -> Result<Vec<(f64, f64)>> {
    let n = s.frame.n_rows();
    let id = |r: usize| declared.panel.map_or(0.0, |p| s.frame.num_at(p, r));
    let keys: Vec<(usize, bool)> = declared.panel.into_iter().chain([time]).map(|v| (v, false)).collect();
    let mut panels: Vec<(f64, Vec<f64>)> = Vec::new();
    for row in s.frame.sorted_order(&keys) {
        let (own, t) = (id(row), s.frame.num_at(time, row));
        if is_missing(own) || is_missing(t) {
            continue;
        }
        match panels.last_mut() {
            Some((last, times)) if *last == own => times.push(t),
            _ => panels.push((own, vec![t])),
        }
    }
    let every = || panels.iter().flat_map(|p| p.1.iter().copied());
    let ends = (every().fold(f64::INFINITY, f64::min), every().fold(f64::NEG_INFINITY, f64::max));
    let span = |times: &[f64]| if full { ends } else { (times[0], times[times.len() - 1]) };
    let periods: f64 = panels
        .iter()
        .map(|(_, times)| {
            let (first, last) = span(times);
            ((last - first) / declared.delta).floor() + 1.0
        })
        .sum();
    if periods + n as f64 > MOST_ROWS {
        return Err(StataError::standard(901));
    }
    s.room_for(n as f64 + periods, 32.0)?;
    let mut out = Vec::new();
    for (own, times) in &panels {
        let (first, last) = span(times);
        let mut present = times.iter().copied().peekable();
        let steps = ((last - first) / declared.delta).floor() as usize;
        for k in 0..=steps {
            let t = first + k as f64 * declared.delta;
            while present.peek().is_some_and(|p| *p < t) {
                present.next();
            }
            if present.peek() != Some(&t) {
                out.push((*own, t));
            }
        }
    }
    Ok(out)
}
