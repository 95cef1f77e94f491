//! `sts graph`: draws survivor, failure and cumulative hazard functions ([ST] sts graph).

use super::sts::{Curves, Function};
use super::sts_adjusted;
use super::sts_hazard::{Kernel, smoothed};
use super::sts_risk::{RiskTable, group_text};
use crate::commands::PlotLooks;
use crate::error::{Result, StataError};
use crate::estimation::survival::{Settings, show};
use crate::ops::graphs::curves::{CurveOptions, Picture, show as show_figure};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use crate::syntax::split::ParsedCommand;
use estimators::survivor::Point;
use figure::{Range, Series, Shape, Style, Symbol, palette};

/// Options of Stata that are refused by name.
const UNSUPPORTED: &[&str] = &[
    "STrata",
    "SEParate",
    "ATRisk",
    "LOst",
    "ENter",
    "CIOPts",
    "CENSOPts",
    "ATRISKOPts",
    "LOSTOPts",
    "ADDPLOT",
];

#[derive(Default)]
struct Choice {
    by: Option<String>,
    survival: bool,
    failure: bool,
    hazard: bool,
    smooth: bool,
    kernel: Kernel,
    width: Option<f64>,
    interval: bool,
    censored: bool,
    longest: Option<f64>,
    shortest: Option<f64>,
    no_origin: bool,
    no_show: bool,
    level: Option<f64>,
    /// What the function is multiplied by.
    per: Option<f64>,
    risk: RiskTable,
    looks: PlotLooks,
    /// Covariates of `adjustfor()`.
    adjusted: Option<String>,
}

impl Choice {
    /// Takes an option; `false` leaves it to those of the figure.
    fn take(&mut self, s: &Session, name: &str, argument: Option<&str>) -> Result<bool> {
        let wrong = |name: &str| StataError::invalid(format!("option {name}() incorrectly specified"));
        let is = |declared: &str| abbreviates(name, declared);
        let number = |a: &str| parse_number(a).ok_or_else(|| wrong(name));
        match argument {
            Some(a) if is("by") => self.by = Some(a.to_string()),
            Some(a) if is("TMAx") => self.longest = Some(number(a)?),
            Some(a) if is("TMIn") => self.shortest = Some(number(a)?),
            Some(a) if is("PER") => self.per = Some(number(a)?),
            Some(a) if is("Level") => self.level = Some(number(a)?),
            Some(a) if is("CENsored") => match a.trim() {
                a if !a.is_empty() && ["single", "multiple"].iter().any(|w| w.starts_with(a)) => {
                    self.censored = true;
                }
                _ => return Err(StataError::unsupported_option("sts graph", "censored(number)")),
            },
            a if is("RISKTable") => self.risk.take(a)?,
            Some(a) if is("ADjustfor") => self.adjusted = Some(a.to_string()),
            None if is("SURvival") => self.survival = true,
            None if is("Failure") => self.failure = true,
            None if is("HAZard") => self.smooth = true,
            Some(a) if is("KERNel") => {
                let refused = || StataError::unsupported_option("sts graph", &format!("kernel({a})"));
                self.kernel = Kernel::parse(a.trim()).ok_or_else(refused)?;
            }
            Some(a) if is("WIDTH") => self.width = Some(number(a)?),
            None if is("CUMHaz") || is("na") => self.hazard = true,
            None if is("ci") || is("Gwood") || is("cna") => self.interval = true,
            None if is("noORIgin") => self.no_origin = true,
            None if is("noShow") => self.no_show = true,
            a => return self.looks.take(s, name, a),
        }
        Ok(true)
    }
}

/// Runs `sts graph`.
pub(super) fn run(s: &mut Session, cmd: ParsedCommand) -> Result<()> {
    let mut c = Choice::default();
    let options = CurveOptions::read(s, "sts graph", &cmd.option_text, UNSUPPORTED, |name, argument| {
        c.take(s, name, argument)
    })?;
    let settings = Settings::of(&s.frame)?;
    if c.smooth {
        return hazard(s, &cmd, &c, &settings, options);
    }
    let function = Function::of(|o| match o {
        "survival" => c.survival,
        "failure" => c.failure,
        "cumhaz" => c.hazard,
        _ => false,
    })?;
    let level = c.level.unwrap_or(s.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::invalid("level() must be between 10 and 99.99 inclusive"));
    }
    let mut curves = Curves::read(s, &cmd, c.by.as_deref())?;
    if let Some(list) = &c.adjusted {
        if c.interval || function == Function::Hazard {
            return Err(StataError::invalid("adjustfor() may not be combined with ci or cumhaz"));
        }
        sts_adjusted::adjust(s, &mut curves, list)?;
    }
    if !c.no_show {
        show(s, &settings);
    }
    let mut picture = Picture {
        title: title(function, curves.groups.count() > 1 && !curves.groups.variables.is_empty()),
        x_title: "Analysis time".to_string(),
        y_title: match function {
            Function::Survivor => "Survival probability",
            Function::Failure => "Failure probability",
            Function::Hazard => "Cumulative hazard",
        }
        .to_string(),
        y_range: (function != Function::Hazard).then_some((0.0, c.per.unwrap_or(1.0))),
        used: curves.records.rows.len(),
        table: c.risk.table(&curves)?,
        ..Picture::default()
    };
    for (g, table) in curves.tables.iter().enumerate() {
        let label = group_text(&curves, g);
        picture.series.extend(group_series(&c, function, level, g, label, table));
    }
    if let Some(per) = c.per {
        picture.series.iter_mut().for_each(|series| scale(&mut series.shape, per));
    }
    if c.interval {
        picture.note = format!("Bands are {}% confidence intervals", crate::format::bare("%5.0g", level));
    }
    show_figure(s, picture, options)
}

/// `sts graph, hazard`.
fn hazard(
    s: &mut Session,
    cmd: &ParsedCommand,
    c: &Choice,
    settings: &Settings,
    options: CurveOptions,
) -> Result<()> {
    if c.survival || c.failure || c.hazard {
        return Err(StataError::invalid("only one function may be specified"));
    }
    if c.interval || c.censored || c.adjusted.is_some() {
        let text = "hazard with ci, censored() or adjustfor()";
        return Err(StataError::unsupported_option("sts graph", text));
    }
    if c.width.is_some_and(|w| w.is_nan() || w <= 0.0) {
        return Err(StataError::invalid("width() must be positive"));
    }
    let curves = Curves::read(s, cmd, c.by.as_deref())?;
    if !c.no_show {
        show(s, settings);
    }
    let inside = |p: &(f64, f64)| c.longest.is_none_or(|l| p.0 <= l) && c.shortest.is_none_or(|l| p.0 >= l);
    let mut picture = Picture {
        title: "Smoothed hazard estimate".to_string(),
        x_title: "Analysis time".to_string(),
        y_title: "Hazard".to_string(),
        used: curves.records.rows.len(),
        table: c.risk.table(&curves)?,
        ..Picture::default()
    };
    if curves.groups.count() > 1 && !curves.groups.variables.is_empty() {
        picture.title.push('s');
    }
    for (number, table) in curves.tables.iter().enumerate() {
        let points = smoothed(table, c.kernel, c.width).into_iter().filter(inside).collect();
        let shape = Shape::Line { points, step: false };
        let label = group_text(&curves, number);
        let (style, number) = c.looks.style(number);
        picture.series.push(Series { label, number, shape, style });
    }
    show_figure(s, picture, options)
}

/// Multiplies the heights of a curve, of its interval or of its marks.
fn scale(shape: &mut Shape, per: f64) {
    match shape {
        Shape::Line { points, .. } | Shape::Points { points } => {
            points.iter_mut().for_each(|p| p.1 *= per);
        }
        Shape::Band { ranges } => ranges.iter_mut().for_each(|r| {
            r.low *= per;
            r.high *= per;
        }),
        _ => {}
    }
}

/// Title of the figure.
fn title(function: Function, several: bool) -> String {
    let name = match function {
        Function::Survivor => "Kaplan–Meier survival estimate",
        Function::Failure => "Kaplan–Meier failure estimate",
        Function::Hazard => "Nelson–Aalen cumulative hazard estimate",
    };
    format!("{name}{}", if several { "s" } else { "" })
}

/// The series of one group: interval, curve, marks of censored records.
fn group_series(
    c: &Choice,
    function: Function,
    level: f64,
    number: usize,
    label: String,
    table: &[Point],
) -> Vec<Series> {
    let inside = |p: &&Point| c.longest.is_none_or(|l| p.time <= l) && c.shortest.is_none_or(|l| p.time >= l);
    let start = if function == Function::Survivor { 1.0 } else { 0.0 };
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut ranges: Vec<Range> = Vec::new();
    if !c.no_origin && c.shortest.is_none_or(|l| l <= 0.0) {
        points.push((0.0, start));
    }
    let mut last: Option<(f64, f64)> = None;
    for p in table.iter().filter(inside) {
        let (value, _, limits) = function.at(p, level);
        points.push((p.time, value));
        if let Some((low, high)) = last {
            ranges.push(Range { at: p.time, low, high });
        }
        if let Some((low, high)) = limits {
            ranges.push(Range { at: p.time, low, high });
        }
        last = limits;
    }
    let mut out = Vec::new();
    if c.interval && ranges.len() > 1 {
        let fill = Some(palette(number).with_opacity(0.18));
        let style = Style { fill, line_width: Some(0.0), ..Style::default() };
        out.push(Series { label: String::new(), number, shape: Shape::Band { ranges }, style });
    }
    let step = c.looks.stairs(number).unwrap_or(true);
    let (style, number) = c.looks.style(number);
    out.push(Series { label, number, shape: Shape::Line { points, step }, style });
    if c.censored {
        let marks = table
            .iter()
            .filter(inside)
            .filter(|p| p.censored > 0.0)
            .map(|p| (p.time, function.at(p, level).0))
            .collect();
        let style = Style { symbol: Some(Symbol::Plus), ..Style::default() };
        out.push(Series { label: String::new(), number, shape: Shape::Points { points: marks }, style });
    }
    out
}
