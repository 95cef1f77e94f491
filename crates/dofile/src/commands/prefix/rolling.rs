//! `rolling`: collects statistics of a command over moving windows of time.

use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rolling",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "rolling [exp_list], window(#) [recursive rrecursive clear saving(file [, replace double]) stepsize(#) keep(varname [, start]) nodots double] : command",
    notes: "the data become one row for each window with its start and end; windows do not cross panels; keep() has the value at the end of each window, or at its start, missing where the window has no such row; [TS] rolling",
    examples: &[
        Example {
            run: "set obs 6\ngenerate t = _n\ntsset t\ngenerate double x = t^2\nrolling m=r(mean), window(3) clear nodots double: summarize x",
            expect: &[
                ("_N", 4.0),
                ("m[1]", 14.0 / 3.0),
                ("start[2]", 2.0),
                ("end[4]", 6.0),
                ("m[4]", 77.0 / 3.0),
            ],
        },
        Example {
            run: "set obs 6\ngenerate t = _n\ntsset t\ngenerate double x = t^2\nrolling m=r(mean), window(3) keep(x, start) clear nodots: summarize t",
            expect: &[("x[1]", 1.0), ("x[4]", 16.0), ("m[4]", 5.0)],
        },
    ],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Window"),
    OptSpec::flag("Recursive"),
    OptSpec::flag("RRecursive"),
    OptSpec::flag("clear"),
    OptSpec::text("SAving"),
    OptSpec::int("STEPsize"),
    OptSpec::text("Keep"),
    OptSpec::flag("noDots"),
    OptSpec::flag("Double"),
];

/// A window: rows, panel row and limits of time.
struct Window {
    rows: Vec<usize>,
    unit: usize,
    start: f64,
    end: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("rolling", &cmd.raw)?;
    head.check_options(OPTIONS, &["STart", "End", "REJECT", "NOIsily", "TRace", "noLegend"])?;
    let width = head.options.int("window").ok_or_else(|| StataError::invalid("option window() required"))?;
    let step = head.options.int("stepsize").unwrap_or(1);
    if width < 1 || step < 1 {
        return Err(StataError::invalid("window() and stepsize() must be positive"));
    }
    if head.options.text("saving").is_none() && !head.has("clear") && s.frame.changed {
        return Err(StataError::standard(4));
    }
    let panel = Panel::of(&s.frame)?;
    let time = panel.series()?;
    let windows = windows(s, &panel, time, &head, width as f64, step as f64);
    if windows.is_empty() {
        return Err(StataError::insufficient_observations());
    }
    let kept = kept(s, &head, time, &windows)?;
    let full = s.frame.clone();
    let (statistics, ..) = replicate::first_run(s, &command, &head.list, "stat")?;
    s.frame = full.clone();
    let dots = if head.has("nodots") { None } else { Some("Rolling replications") };
    let values = replicate::on_copies(s, &command, &statistics, windows.len(), dots, |s, k| {
        s.frame.take_rows(&windows[k].rows);
        Ok(())
    })?;
    let made = |double: bool| {
        let statistics = replicate::as_frame(&statistics, &values, double)?;
        collected(&full, (&panel, time), &windows, kept.as_ref(), &statistics)
    };
    if let Some(saving) = head.options.text("saving") {
        return replicate::save_frame(s, saving, |double| made(double || head.has("double")));
    }
    s.frame = made(head.has("double"))?;
    s.frame.changed = true;
    Ok(())
}

/// The variable of `keep()` at the right edge of each window, or with `start` at the left one.
fn kept(s: &Session, head: &ParsedCommand, time: usize, windows: &[Window]) -> Result<Option<Variable>> {
    let Some(text) = head.options.text("keep") else { return Ok(None) };
    let (name, option) = text.split_once(',').unwrap_or((text, ""));
    let at_start = match option.trim() {
        "" => false,
        "start" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    let place = s.variable(name.trim())?;
    let edge = |w: &Window| {
        let wanted = if at_start { w.start } else { w.end };
        w.rows.iter().copied().find(|r| s.frame.num_at(time, *r) == wanted)
    };
    let mut var = s.frame.var(place).clone();
    var.data = std::sync::Arc::new(var.data.gather(windows.iter().map(edge)));
    Ok(Some(var))
}

/// The statistics of the windows with the panel, start and end of each.
fn collected(
    full: &Frame,
    (panel, time): (&Panel, usize),
    windows: &[Window],
    kept: Option<&Variable>,
    statistics: &Frame,
) -> Result<Frame> {
    let mut frame = Frame::new();
    if let Some(p) = panel.panel {
        let mut var = full.var(p).clone();
        var.data = std::sync::Arc::new(full.var(p).data.gather(windows.iter().map(|w| Some(w.unit))));
        frame.add(var)?;
    }
    for (name, pick) in [("start", (|w: &Window| w.start) as fn(&Window) -> f64), ("end", |w| w.end)] {
        let values: Vec<f64> = windows.iter().map(pick).collect();
        let mut var = Variable::new(name, Column::from_f64(StorageType::Double, &values));
        var.format.clone_from(&full.var(time).format);
        frame.add(var)?;
    }
    for var in kept.into_iter().chain(statistics.vars()) {
        frame.add(var.clone())?;
    }
    Ok(frame)
}

fn windows(
    s: &Session,
    panel: &Panel,
    time: usize,
    head: &ParsedCommand,
    width: f64,
    step: f64,
) -> Vec<Window> {
    let usable = |r: &usize| !is_missing(s.frame.num_at(time, *r));
    let rows: Vec<usize> = (0..s.frame.n_rows()).filter(usable).collect();
    let units = match panel.panel {
        Some(p) => grouped(s, &[p], rows),
        None => vec![rows],
    };
    let mut out = Vec::new();
    for unit in units {
        let t = |r: usize| s.frame.num_at(time, r);
        let first = unit.iter().map(|&r| t(r)).fold(f64::INFINITY, f64::min);
        let last = unit.iter().map(|&r| t(r)).fold(f64::NEG_INFINITY, f64::max);
        let span = (width - 1.0) * panel.delta;
        let mut k = 0.0;
        while first + k * step * panel.delta + span <= last {
            let (low, high) = (first + k * step * panel.delta, first + k * step * panel.delta + span);
            let start = if head.has("recursive") { first } else { low };
            let end = if head.has("rrecursive") { last } else { high };
            let inside = unit.iter().copied().filter(|&r| (start..=end).contains(&t(r))).collect();
            out.push(Window { rows: inside, unit: unit[0], start, end });
            k += 1.0;
        }
    }
    out
}
