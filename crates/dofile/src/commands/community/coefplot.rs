//! `coefplot`: estimates and their intervals of one or several models. Written from the help file (Jann 2014, Stata Journal
//! 14: 708-737).

use super::coefplot_look;
use super::coefplot_rows::{Headings, Row, text_of};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{matching_paren, top_level_comma, unquote, words};
use estimators::wald;
use figure::{Range, Series, Shape, Style, TextMark};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "stores r(n_plot n_ci n_coef); models side by side or (model, label(text)); headings(), groups() and eqlabels(, asheadings) stand over their coefficients; no ||, at(), bylabel(); Jann (2014)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n\ngenerate z = mod(_n, 3)\ngenerate y = x + z + mod(_n*7, 5)\nregress y x z\nestimates store a\nregress y x i.z\nestimates store b\ncoefplot (a, label(One)) (b, label(Two)), drop(_cons) xline(0) levels(95 90) ciopts(recast(rcap))\nscalar plots = r(n_plot)\nscalar shown = r(n_coef)\ncoefplot, keep(x *.z) vertical",
        expect: &[("plots", 2.0), ("shown", 4.0), ("r(n_coef)", 3.0), ("r(n_ci)", 1.0)],
    }],
    ..CommandSpec::raw(
        "coefplot",
        8,
        run,
        "coefplot [model ...] [(model, label(text) keep(list) drop(list)) ...] [, keep(list) drop(list) levels(numlist) noci eform vertical horizontal coeflabels(name = \"text\" ...) rename(old = new ...) order(list) ciopts(recast(rcap|rspike) lcolor() ...) headings(names = \"text\" ...) groups(names = \"text\" ...) eqlabels(list [, asheadings]) mlabel format(%fmt) mcolor() msymbol() plotlabels(list) twoway_options]",
    )
};

/// Options of the figure as a whole or of one model.
#[derive(Default, Clone)]
struct Choice {
    keep: Vec<String>,
    drop: Vec<String>,
    label: Option<String>,
    marker: Style,
    interval: Style,
}

#[derive(Default)]
struct Options {
    choice: Choice,
    levels: Vec<f64>,
    no_intervals: bool,
    eform: bool,
    vertical: bool,
    caps: bool,
    labels: Vec<(String, String)>,
    renamed: Vec<(String, String)>,
    order: Vec<String>,
    plot_labels: Vec<String>,
    headings: Headings,
    /// The values stand at their markers, in this format.
    value_labels: Option<String>,
    value_clock: Option<u8>,
}

/// An estimate with one interval for each level.
struct Point {
    name: String,
    value: f64,
    intervals: Vec<(f64, f64)>,
}

fn run(s: &mut Session, cmd: &crate::syntax::ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (list, option_text) = match top_level_comma(raw) {
        Some(i) => (raw[..i].trim(), &raw[i + 1..]),
        None => (raw, ""),
    };
    if list.contains("||") {
        return Err(StataError::unsupported_option("coefplot", "subgraphs (||)"));
    }
    let (options, figure) = read(s, option_text)?;
    let plots = plots(list)?;
    let mut found = Vec::new();
    for (i, (model, own)) in plots.iter().enumerate() {
        let estimation = match model.as_str() {
            "." => &s.e,
            name => s
                .stored
                .get(name)
                .ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))?,
        };
        let label = own.label.clone().or(options.plot_labels.get(i).cloned());
        let shown = label.unwrap_or_else(|| if model == "." { String::new() } else { model.clone() });
        found.push((shown, points(estimation, &[&options.choice, own], &options, s.settings.level)?));
    }
    let names = places(&found, &options);
    if names.is_empty() {
        return Err(StataError::new(498, "coefplot: no coefficients found, all dropped, or none kept"));
    }
    let rows = options.headings.rows(&names);
    let text = |row: &Row| match row {
        Row::Heading(text) => text.clone(),
        Row::Coefficient(name) => text_of(&s.frame, name, &names, &options.labels, &options.headings),
    };
    let texts: Vec<(f64, String)> = rows.iter().enumerate().map(|(i, r)| (i as f64 + 1.0, text(r))).collect();
    let mut series = Vec::new();
    let mut values = Vec::new();
    for (i, (plot, (_, own))) in found.iter().zip(&plots).enumerate() {
        let place = Place { number: i, models: found.len(), rows: &rows };
        series.extend(drawn(plot, &place, own, &options));
        values.extend(value_marks(&plot.1, &place, &options));
    }
    let room = Some((0.5, rows.len() as f64 + 0.5));
    let picture = Picture {
        series,
        texts: values,
        x_range: room.filter(|_| options.vertical),
        y_range: room.filter(|_| !options.vertical),
        x_names: if options.vertical { texts.clone() } else { Vec::new() },
        y_names: if options.vertical { Vec::new() } else { texts },
        used: s.e.results.get_scalar("N").map_or(0, |n| n as usize),
        ..Picture::default()
    };
    curves::show(s, picture, figure)?;
    let mut results = Results::default();
    results.scalar("n_plot", found.len() as f64).scalar("n_coef", names.len() as f64);
    results.scalar("n_ci", if options.no_intervals { 0.0 } else { options.levels.len().max(1) as f64 });
    s.r = results;
    Ok(())
}

fn read(s: &Session, text: &str) -> Result<(Options, CurveOptions)> {
    const REFUSED: &[&str] = &[
        "at",
        "BYlabels",
        "SUBTitle",
        "SWAPnames",
        "MLabels",
        "OFFset",
        "RELocate",
        "OMITted",
        "BASElevels",
        "ASEQuation",
        "BYCoefs",
        "RESCale",
        "transform",
        "b",
        "v",
        "se",
        "ci",
        "df",
        "pstyle",
        "citop",
        "CISmooth",
        "NOOFFsets",
        "EQREname",
        "TRUNCate",
        "WRap",
        "nolabels",
        "GRID",
    ];
    let mut options = Options::default();
    let figure = CurveOptions::read(s, "coefplot", text, REFUSED, |name, argument| {
        match argument.map(str::trim) {
            Some(list) if take_choice(&mut options.choice, name, list)? => {}
            Some(list) if options.headings.take(name, list)? => {}
            None if abbreviates(name, "MLabels") || abbreviates(name, "MLABel") => {
                options.value_labels.get_or_insert_with(|| "%9.0g".to_string());
            }
            Some(fmt) if abbreviates(name, "Format") && crate::format::Format::parse(fmt).is_some() => {
                options.value_labels = Some(fmt.to_string());
            }
            Some(clock) if abbreviates(name, "MLABPosition") => {
                options.value_clock = Some(crate::ops::graphs::text::clock(clock)?);
            }
            Some(list) if abbreviates(name, "LEVels") => {
                options.levels = crate::syntax::numlist::expand(list)?
            }
            Some(inner) if name == "ciopts" => {
                options.caps |= interval_options(&mut options.choice.interval, inner)?;
            }
            Some(list) if abbreviates(name, "COEFLabels") => options.labels = pairs(list)?,
            Some(list) if abbreviates(name, "REName") => options.renamed = pairs(list)?,
            Some(list) if name == "order" => {
                options.order = list.split_whitespace().map(str::to_string).collect()
            }
            Some(list) if abbreviates(name, "PLOTLabels") => {
                options.plot_labels = words(list).into_iter().map(|w| unquote(w).to_string()).collect();
            }
            None if abbreviates(name, "VERTical") => options.vertical = true,
            None if abbreviates(name, "HORizontal") => options.vertical = false,
            None if name == "noci" => options.no_intervals = true,
            None if name == "eform" => options.eform = true,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((options, figure))
}

/// Takes `ciopts()`; returns whether the intervals have caps.
fn interval_options(style: &mut Style, text: &str) -> Result<bool> {
    let mut caps = false;
    for (name, value) in split_options(text)? {
        match value.as_deref().map(str::trim) {
            Some(kind) if name == "recast" => caps = kind == "rcap",
            Some(value) if coefplot_look::take(style, &name, value)? => {}
            // ends of intervals have one size
            Some(_) if abbreviates(&name, "MSIZe") => {}
            _ => return Err(StataError::unsupported_option("coefplot", &format!("ciopts({name})"))),
        }
    }
    Ok(caps)
}

/// Takes `keep()`, `drop()`, `label()` and the look.
fn take_choice(choice: &mut Choice, name: &str, list: &str) -> Result<bool> {
    let split = || list.split_whitespace().map(str::to_string).collect();
    match name {
        "keep" => choice.keep = split(),
        "drop" => choice.drop = split(),
        "label" => choice.label = Some(unquote(list).to_string()),
        _ => return coefplot_look::take(&mut choice.marker, name, list),
    }
    Ok(true)
}

/// `name = "text"` pairs.
fn pairs(list: &str) -> Result<Vec<(String, String)>> {
    let spaced = list.replace('=', " = ");
    let words = words(&spaced);
    words
        .chunks(3)
        .map(|chunk| match chunk {
            [name, "=", text] => Ok(((*name).to_string(), unquote(text).to_string())),
            _ => Err(StataError::invalid("pairs of the form name = \"text\" are needed")),
        })
        .collect()
}

/// Models with their own options: words, or `(model, options)`; the active one without any.
fn plots(list: &str) -> Result<Vec<(String, Choice)>> {
    let mut out = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (text, after) = if rest.starts_with('(') {
            let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            (&rest[1..end], rest[end + 1..].trim_start())
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            (&rest[..end], rest[end..].trim_start())
        };
        let (model, options) = match top_level_comma(text) {
            Some(i) => (text[..i].trim(), &text[i + 1..]),
            None => (text.trim(), ""),
        };
        if model.split_whitespace().count() != 1 {
            return Err(StataError::unsupported_option("coefplot", "several models in one plot"));
        }
        let mut choice = Choice::default();
        for (name, argument) in split_options(options)? {
            let taken = match argument.as_deref().map(str::trim) {
                Some(inner) if name == "ciopts" => {
                    interval_options(&mut choice.interval, inner).map(|_| true)?
                }
                Some(list) => take_choice(&mut choice, &name, list)?,
                None => false,
            };
            if !taken {
                return Err(StataError::unsupported_option("coefplot", &format!("{name} of a plot")));
            }
        }
        out.push((model.to_string(), choice));
        rest = after;
    }
    if out.is_empty() {
        out.push((".".to_string(), Choice::default()));
    }
    Ok(out)
}

/// Whether a name fits a pattern of `*` and `?`, with or without an equation.
pub(super) fn fits(pattern: &str, equation: &str, name: &str) -> bool {
    let (wanted, pattern) = pattern.split_once(':').map_or((None, pattern), |(e, p)| (Some(e), p));
    let pattern = if pattern.is_empty() { "*" } else { pattern };
    let like = crate::syntax::varlist::wildcard;
    wanted.is_none_or(|e| like(e, equation)) && like(pattern, &name.replace("bn.", "."))
}

fn points(estimation: &Estimation, choices: &[&Choice], options: &Options, level: f64) -> Result<Vec<Point>> {
    let (b, v) = (estimation.b(), estimation.v());
    let (Some(b), Some(v)) = (b, v) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let df = estimation.results.get_scalar("df_r");
    let levels = if options.levels.is_empty() { vec![level] } else { options.levels.clone() };
    let shown = |value: f64| if options.eform { value.exp() } else { value };
    let several = b.col_names.iter().any(|c| c.eq != b.col_names[0].eq);
    let mut out = Vec::new();
    for (i, column) in b.col_names.iter().enumerate() {
        let any = |list: &[String]| list.iter().any(|p| fits(p, &column.eq, &column.name));
        let dropped = choices.iter().any(|c| any(&c.drop) || !c.keep.is_empty() && !any(&c.keep));
        let error = v.get(i, i).max(0.0).sqrt();
        if dropped || error == 0.0 {
            continue;
        }
        let name = options.renamed.iter().find(|(old, _)| *old == column.name).map_or(&column.name, |r| &r.1);
        let name = if several { format!("{}:{name}", column.eq) } else { name.clone() };
        let value = b.get(0, i);
        let interval = |level: &f64| {
            let half = wald::critical(*level, df) * error;
            (shown(value - half), shown(value + half))
        };
        out.push(Point { name, value: shown(value), intervals: levels.iter().map(interval).collect() });
    }
    Ok(out)
}

/// Names in the order of their first model, those of `order()` first.
fn places(found: &[(String, Vec<Point>)], options: &Options) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for point in found.iter().flat_map(|f| &f.1) {
        if !names.contains(&point.name) {
            names.push(point.name.clone());
        }
    }
    // the constant of any model comes last
    names.sort_by_key(|n| n == "_cons");
    let place = |n: &String| options.order.iter().position(|o| o == n).unwrap_or(options.order.len());
    names.sort_by_key(place);
    names
}

/// Where the points of a model lie: its number among the models, and the lines of the plot.
struct Place<'a> {
    number: usize,
    models: usize,
    rows: &'a [Row],
}

impl Place<'_> {
    fn of(&self, point: &Point) -> f64 {
        let shift = (self.number as f64 + 1.0) / (self.models as f64 + 1.0) - 0.5;
        let own = |row: &Row| matches!(row, Row::Coefficient(name) if *name == point.name);
        self.rows.iter().position(own).map_or(0.0, |i| i as f64 + 1.0 + shift)
    }
}

/// The values at their markers, with `mlabel`.
fn value_marks(points: &[Point], place: &Place<'_>, options: &Options) -> Vec<TextMark> {
    let Some(fmt) = &options.value_labels else { return Vec::new() };
    let clock = options.value_clock.unwrap_or(if options.vertical { 3 } else { 12 });
    let mark = |p: &Point| {
        let (x, y) = if options.vertical { (place.of(p), p.value) } else { (p.value, place.of(p)) };
        let text = crate::format::bare(fmt, p.value).trim().to_string();
        TextMark { x, y, text, clock, color: None, size: None }
    };
    points.iter().map(mark).collect()
}

/// Intervals and points of one model next to those of the others; its own look comes before that of all.
fn drawn(
    (label, points): &(String, Vec<Point>),
    place: &Place<'_>,
    own: &Choice,
    options: &Options,
) -> Vec<Series> {
    let horizontal = !options.vertical;
    let chosen = |own: &Style, all: &Style| if *own == Style::default() { all.clone() } else { own.clone() };
    let marker = chosen(&own.marker, &options.choice.marker);
    let mut interval = chosen(&own.interval, &options.choice.interval);
    interval.color = interval.color.or(marker.color);
    let make = |label: String, shape, style| Series { label, number: place.number, shape, style };
    let count = if options.no_intervals { 0 } else { points.first().map_or(0, |p| p.intervals.len()) };
    let mut out: Vec<Series> = (0..count)
        .map(|k| {
            let range = |p: &Point| Range { at: place.of(p), low: p.intervals[k].0, high: p.intervals[k].1 };
            let ranges = points.iter().map(range).collect();
            make(String::new(), Shape::Ranges { ranges, caps: options.caps, horizontal }, interval.clone())
        })
        .collect();
    let position = |p: &Point| if horizontal { (p.value, place.of(p)) } else { (place.of(p), p.value) };
    let shape = Shape::Points { points: points.iter().map(position).collect() };
    out.push(make(label.clone(), shape, marker));
    out
}
