//! `xtset` and `tsset`: declare the panel and time variables.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("clear"),
    OptSpec::real("Delta"),
    OptSpec::flag("Yearly"),
    OptSpec::flag("Quarterly"),
    OptSpec::flag("Monthly"),
    OptSpec::flag("Weekly"),
    OptSpec::flag("Daily"),
    OptSpec::flag("Halfyearly"),
    OptSpec::flag("Generic"),
    OptSpec::text("Format"),
    OptSpec::flag("noQuery"),
])
.unsupported(&["Clocktime"]);

pub(super) const SPEC_XTSET: CommandSpec = CommandSpec {
    name: "xtset",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: xtset,
    syntax: "xtset panelvar [timevar] [, delta(#) yearly quarterly monthly weekly daily halfyearly generic format(%fmt)] | xtset | xtset, clear",
    notes: "stores r(panelvar) r(timevar) r(tmin) r(tmax) r(tdelta) r(imin) r(imax) r(balanced) r(gaps); r(451) for repeated times; [XT] xtset",
    examples: &[Example {
        run: "set obs 6\ngenerate id = ceil(_n/3)\ngenerate t = mod(_n - 1, 3) + 2000\nxtset id t\ngenerate d = D.t",
        expect: &[("d[2]", 1.0), ("d[4] >= .", 1.0), ("r(tmin)", 2000.0), ("r(imax)", 2.0)],
    }],
};

pub(super) const SPEC_TSSET: CommandSpec = CommandSpec {
    name: "tsset",
    run: tsset,
    syntax: "tsset [panelvar] timevar [, delta(#) ...] | tsset | tsset, clear",
    notes: "as xtset; [TS] tsset",
    examples: &[Example {
        run: "set obs 3\ngenerate t = _n\ngenerate x = t^2\ntsset t\ngenerate d = D.x",
        expect: &[("missing(d[1])", 1.0), ("d[3]", 5.0)],
    }],
    ..SPEC_XTSET
};

const OLD: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("clear")]);

/// `iis`, the panel variable of older versions.
pub(super) const SPEC_IIS: CommandSpec = CommandSpec {
    name: "iis",
    min: 3,
    form: Form::Standard(&OLD),
    by: ByRule::No,
    run: iis,
    syntax: "iis panelvar | iis, clear",
    notes: "the first half of xtset, kept for old do-files; [XT] xtset",
    examples: &[Example {
        run: "set obs 6\ngenerate id = ceil(_n/3)\ngenerate t = mod(_n - 1, 3)\niis id\ntis t\ngenerate d = D.t",
        expect: &[("d[2]", 1.0), ("d[4] >= .", 1.0)],
    }],
};

/// `tis`, the time variable of older versions.
pub(super) const SPEC_TIS: CommandSpec = CommandSpec {
    name: "tis",
    run: tis,
    syntax: "tis timevar | tis, clear",
    notes: "the second half of xtset, kept for old do-files; [XT] xtset",
    ..SPEC_IIS
};

fn word(cmd: &ParsedCommand) -> Option<String> {
    Some(cmd.list.trim().to_string()).filter(|w| !w.is_empty() && !cmd.has("clear"))
}

/// The declared panel and time variables; an old command changes one of them.
fn declared(s: &Session) -> (Option<String>, Option<String>) {
    let name = |v: Option<usize>| v.map(|v| s.frame.var(v).name.clone());
    Panel::of(&s.frame).map_or((None, None), |p| (name(p.panel), name(p.time)))
}

fn iis(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (_, time) = declared(s);
    set_both(s, word(cmd), time)
}

fn tis(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (panel, _) = declared(s);
    set_both(s, panel, word(cmd))
}

/// Declares what is left of the two, without the report of `xtset`.
fn set_both(s: &mut Session, panel: Option<String>, time: Option<String>) -> Result<()> {
    let line = match (panel, time) {
        (Some(panel), Some(time)) => format!("xtset {panel} {time}"),
        (Some(panel), None) => format!("xtset {panel}"),
        (None, Some(time)) => format!("tsset {time}"),
        (None, None) => "xtset, clear".to_string(),
    };
    quietly(s, &line)
}

fn xtset(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    match words[..] {
        [] => common(s, cmd, None, None),
        [p] => common(s, cmd, Some(p), None),
        [p, t] => common(s, cmd, Some(p), Some(t)),
        _ => Err(StataError::standard(103)),
    }
}

fn tsset(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    match words[..] {
        [] => common(s, cmd, None, None),
        [t] => common(s, cmd, None, Some(t)),
        [p, t] => common(s, cmd, Some(p), Some(t)),
        _ => Err(StataError::standard(103)),
    }
}

fn common(s: &mut Session, cmd: &ParsedCommand, panel: Option<&str>, time: Option<&str>) -> Result<()> {
    if cmd.has("clear") {
        Panel { panel: None, time: None, delta: 1.0 }.declare(&mut s.frame);
        s.r = Results::default();
        return Ok(());
    }
    if panel.is_none() && time.is_none() {
        let declared = match cmd.name.as_str() {
            "tsset" => Panel::for_operators(&s.frame)?,
            _ => Panel::of(&s.frame)?,
        };
        return show(s, &declared);
    }
    let number = |s: &Session, name: &str| -> Result<usize> {
        let v = s.variable(name)?;
        if s.frame.var(v).is_string() {
            return Err(StataError::new(
                109,
                format!("string variables not allowed in varlist;\n{name} is a string variable"),
            ));
        }
        Ok(v)
    };
    let declared = Panel {
        panel: panel.map(|p| number(s, p)).transpose()?,
        time: time.map(|t| number(s, t)).transpose()?,
        delta: cmd.options.real("delta").unwrap_or(1.0),
    };
    if declared.delta <= 0.0 {
        return Err(StataError::invalid("delta() must be positive"));
    }
    for (option, letter) in [
        ("yearly", 'y'),
        ("quarterly", 'q'),
        ("monthly", 'm'),
        ("weekly", 'w'),
        ("daily", 'd'),
        ("halfyearly", 'h'),
    ] {
        if let Some(t) = declared.time.filter(|_| cmd.has(option)) {
            s.frame.var_mut(t).format = format!("%t{letter}");
        }
    }
    if let (Some(t), Some(shape)) = (declared.time, cmd.options.text("format")) {
        let name = s.frame.var(t).name.clone();
        quietly(s, &format!("format {name} {}", shape.trim()))?;
    }
    let keys: Vec<usize> = declared.panel.into_iter().chain(declared.time).collect();
    check_times(s, &declared)?;
    s.frame.sort_by(&keys);
    declared.declare(&mut s.frame);
    show(s, &declared)
}

/// Whether all units have as many rows; without a time variable there is no stronger statement.
fn balance_of_sizes(s: &Session, panel: usize, units: usize) -> &'static str {
    let mut sizes = std::collections::HashMap::new();
    for id in (0..s.frame.n_rows()).map(|i| s.frame.num_at(panel, i)).filter(|x| !is_missing(*x)) {
        *sizes.entry(id.to_bits()).or_insert(0_usize) += 1;
    }
    let first = sizes.values().next().copied().unwrap_or(0);
    if sizes.len() == units && sizes.values().all(|n| *n == first) { "balanced" } else { "unbalanced" }
}

/// The unit of a time variable as `Delta:` names it, `quarter` for a quarterly date.
fn unit_of(shape: &str, delta: f64) -> String {
    let one = match shape.strip_prefix("%t").and_then(|f| f.chars().next()) {
        Some('d') => "day",
        Some('w') => "week",
        Some('m') => "month",
        Some('q') => "quarter",
        Some('h') => "half-year",
        Some('y') => "year",
        _ => "unit",
    };
    format!("{one}{}", if delta == 1.0 { "" } else { "s" })
}

/// r(451) where a unit has a time twice; r(459) where times do not fit delta.
fn check_times(s: &Session, p: &Panel) -> Result<()> {
    let Some(time) = p.time else { return Ok(()) };
    let t = s.frame.numeric(time)?;
    let mut seen = std::collections::HashSet::new();
    for i in (0..t.len()).filter(|&i| !is_missing(t[i])) {
        if t[i].fract() != 0.0 {
            return Err(StataError::new(451, "time variable must contain only integer values"));
        }
        let id = p.panel.map_or(0, |v| s.frame.num_at(v, i).to_bits());
        if p.panel.is_some_and(|v| is_missing(s.frame.num_at(v, i))) {
            continue;
        }
        if !seen.insert((id, t[i] as i64)) {
            let place = if p.panel.is_some() { "within panel" } else { "in sample" };
            return Err(StataError::new(451, format!("repeated time values {place}")));
        }
    }
    Ok(())
}

fn show(s: &mut Session, p: &Panel) -> Result<()> {
    let mut r = Results::default();
    let mut units: Vec<Vec<f64>> = Vec::new();
    let n = s.frame.n_rows();
    let keys: Vec<(usize, bool)> = p.panel.into_iter().chain(p.time).map(|v| (v, false)).collect();
    let mut last = None;
    for i in s.frame.sorted_order(&keys) {
        let id = p.panel.map_or(0.0, |v| s.frame.num_at(v, i));
        if is_missing(id) {
            continue;
        }
        if last != Some(id.to_bits()) {
            units.push(Vec::new());
            last = Some(id.to_bits());
        }
        let t = p.time.map_or(0.0, |v| s.frame.num_at(v, i));
        if let Some(unit) = units.last_mut().filter(|_| !is_missing(t)) {
            unit.push(t);
        }
    }
    let same_length = units.windows(2).all(|w| w[0].len() == w[1].len());
    let same_times = units.windows(2).all(|w| w[0] == w[1]);
    let gaps = p.time.is_some() && units.iter().any(|u| u.windows(2).any(|w| w[1] - w[0] > p.delta));
    let balanced = match (same_times, same_length) {
        (true, _) => "strongly balanced",
        (false, true) => "weakly balanced",
        _ => "unbalanced",
    };
    s.print("");
    if let Some(v) = p.panel {
        let name = s.frame.var(v).name.clone();
        let sizes = units.len();
        let balanced = if p.time.is_some() { balanced } else { balance_of_sizes(s, v, sizes) };
        let note = format!(" ({balanced})");
        s.print(format!("Panel variable: {name}{note}"));
        let ids = || (0..n).map(|i| s.frame.num_at(v, i)).filter(|x| !is_missing(*x));
        let (low, high) = (ids().fold(f64::INFINITY, f64::min), ids().fold(f64::NEG_INFINITY, f64::max));
        r.text("panelvar", name).scalar("imin", low).scalar("imax", high);
        r.text("balanced", balanced);
    }
    if let Some(v) = p.time {
        let var = s.frame.var(v);
        let (name, shape) = (var.name.clone(), var.format.clone());
        let times = || units.iter().flatten().copied();
        let (low, high) = (times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max));
        let tail = if gaps { ", but with gaps" } else { "" };
        let indent = if p.panel.is_some() { " " } else { "" };
        s.print(format!(
            "{indent}Time variable: {name}, {} to {}{tail}",
            format::bare(&shape, low),
            format::bare(&shape, high)
        ));
        let unit = unit_of(&shape, p.delta);
        s.print(format!(
            "{}Delta: {} {unit}",
            if p.panel.is_some() { "         " } else { "        " },
            p.delta
        ));
        r.text("timevar", name).scalar("tmin", low).scalar("tmax", high).scalar("tdelta", p.delta);
        r.text("tmins", format::bare(&shape, low)).text("tmaxs", format::bare(&shape, high));
        r.text("tdeltas", format!("{} {unit}", p.delta)).text("tsfmt", &shape);
        let (kind, letter) = period(&shape);
        r.text("unit", kind).text("unit1", letter);
        r.scalar("gaps", f64::from(u8::from(gaps)));
    }
    s.r = r;
    Ok(())
}

/// Name of the period that a display format shows, and its letter ([TS] tsset, stored results).
fn period(format: &str) -> (&'static str, &'static str) {
    let kinds = [
        ("%tc", "clock", "c"),
        ("%tC", "Clock", "C"),
        ("%td", "daily", "d"),
        ("%tw", "weekly", "w"),
        ("%tm", "monthly", "m"),
        ("%tq", "quarterly", "q"),
        ("%th", "halfyearly", "h"),
        ("%ty", "yearly", "y"),
    ];
    let shape = format.replace('-', "");
    kinds.iter().find(|k| shape.starts_with(k.0)).map_or(("generic", "g"), |k| (k.1, k.2))
}
