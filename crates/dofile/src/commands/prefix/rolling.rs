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
    notes: "the data become one row for each window with its start and end; windows do not cross panels; [TS] rolling",
    examples: &[Example {
        run: "set obs 6\ngenerate t = _n\ntsset t\ngenerate double x = t^2\nrolling m=r(mean), window(3) clear nodots double: summarize x",
        expect: &[
            ("_N", 4.0),
            ("m[1]", 14.0 / 3.0),
            ("start[2]", 2.0),
            ("end[4]", 6.0),
            ("m[4]", 77.0 / 3.0),
        ],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Window"),
    OptSpec::flag("Recursive"),
    OptSpec::flag("RRecursive"),
    OptSpec::flag("clear"),
    OptSpec::text("SAving"),
    OptSpec::int("STEPsize"),
    OptSpec::flag("noDots"),
    OptSpec::text("Keep"),
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
        return Err(StataError::new(4, "no; dataset in memory has changed since last saved"));
    }
    let panel = Panel::of(&s.frame)?;
    let time = panel.time.ok_or_else(|| StataError::new(111, "time variable not set"))?;
    let keep = head.options.text("keep").map(|text| kept(s, text)).transpose()?;
    let windows = windows(s, &panel, time, &head, width as f64, step as f64);
    if windows.is_empty() {
        return Err(StataError::new(2001, "insufficient observations"));
    }
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
        collected(&full, (&panel, time), keep, &windows, &statistics)
    };
    if let Some(saving) = head.options.text("saving") {
        return replicate::save_frame(s, saving, |double| made(double || head.has("double")));
    }
    s.frame = made(head.has("double"))?;
    s.frame.changed = true;
    Ok(())
}

/// The variable of `keep()`, and whether its value is that of the start of a window.
fn kept(s: &Session, text: &str) -> Result<(usize, bool)> {
    let (name, option) = text.split_once(',').unwrap_or((text, ""));
    let start = match option.trim() {
        "" => false,
        "start" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    Ok((s.variable(name.trim())?, start))
}

/// The statistics of the windows with the panel, start and end of each, and the variable of `keep()`.
fn collected(
    full: &Frame,
    (panel, time): (&Panel, usize),
    keep: Option<(usize, bool)>,
    windows: &[Window],
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
    if let Some((v, start)) = keep {
        let at = |w: &Window| {
            let wanted = if start { w.start } else { w.end };
            w.rows.iter().copied().find(|r| full.num_at(time, *r) == wanted)
        };
        let mut var = full.var(v).clone();
        var.data = std::sync::Arc::new(full.var(v).data.gather(windows.iter().map(at)));
        frame.add(var)?;
    }
    for var in statistics.vars() {
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
