//! `coefplot`: estimates and their intervals of one or several models. Written from the help file (Jann 2014, Stata Journal
//! 14: 708-737).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{matching_paren, top_level_comma, unquote, words};
use crate::syntax::{Atom, Term};
use estimators::wald;
use figure::{Range, Series, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "stores r(n_plot n_ci n_coef); models side by side or (model, label(text)); styles inside ciopts() other than recast() have no effect; no ||, at(), bylabel(), headings(), groups(); Jann (2014)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n\ngenerate z = mod(_n, 3)\ngenerate y = x + z + mod(_n*7, 5)\nregress y x z\nestimates store a\nregress y x i.z\nestimates store b\ncoefplot (a, label(One)) (b, label(Two)), drop(_cons) xline(0) levels(95 90) ciopts(recast(rcap))\nscalar plots = r(n_plot)\nscalar shown = r(n_coef)\ncoefplot, keep(x *.z) vertical",
        expect: &[("plots", 2.0), ("shown", 4.0), ("r(n_coef)", 3.0), ("r(n_ci)", 1.0)],
    }],
    ..CommandSpec::raw(
        "coefplot",
        8,
        run,
        "coefplot [model ...] [(model, label(text) keep(list) drop(list)) ...] [, keep(list) drop(list) levels(numlist) noci eform vertical horizontal coeflabels(name = \"text\" ...) rename(old = new ...) order(list) ciopts(recast(rcap|rspike)) plotlabels(list) twoway_options]",
    )
};

/// Options of the figure as a whole or of one model.
#[derive(Default, Clone)]
struct Choice {
    keep: Vec<String>,
    drop: Vec<String>,
    label: Option<String>,
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
    let texts: Vec<(f64, String)> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (i as f64 + 1.0, text_of(&s.frame, name, &options.labels)))
        .collect();
    let series = found.iter().enumerate().flat_map(|(i, plot)| drawn(plot, i, found.len(), &names, &options));
    let room = Some((0.5, names.len() as f64 + 0.5));
    let picture = Picture {
        series: series.collect(),
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
        "HEADings",
        "GROups",
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
        "EQLabels",
        "EQREname",
        "TRUNCate",
        "WRap",
        "nolabels",
        "GRID",
    ];
    let mut options = Options::default();
    let figure = CurveOptions::read(s, "coefplot", text, REFUSED, |name, argument| {
        match argument.map(str::trim) {
            Some(list) if take_choice(&mut options.choice, name, list) => {}
            Some(list) if abbreviates(name, "LEVels") => {
                options.levels = crate::syntax::numlist::expand(list)?
            }
            Some(inner) if name == "ciopts" => {
                for (inner_name, value) in split_options(inner)? {
                    options.caps |= inner_name == "recast" && value.as_deref().map(str::trim) == Some("rcap");
                }
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

/// Takes `keep()`, `drop()` and `label()`.
fn take_choice(choice: &mut Choice, name: &str, list: &str) -> bool {
    let split = || list.split_whitespace().map(str::to_string).collect();
    match name {
        "keep" => choice.keep = split(),
        "drop" => choice.drop = split(),
        "label" => choice.label = Some(unquote(list).to_string()),
        _ => return false,
    }
    true
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
            if !argument.is_some_and(|list| take_choice(&mut choice, &name, list.trim())) {
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
fn fits(pattern: &str, equation: &str, name: &str) -> bool {
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

/// Labels of variables and values in place of a name.
fn text_of(frame: &Frame, name: &str, labels: &[(String, String)]) -> String {
    let (equation, bare) = name.split_once(':').map_or(("", name), |(e, b)| (e, b));
    if let Some((_, text)) = labels.iter().find(|(n, _)| n == name || n == bare) {
        return text.clone();
    }
    let Ok(term) = Term::parse(bare) else { return name.to_string() };
    let atom = |atom: &Atom| {
        let Some(position) = frame.find(atom.var()) else { return atom.var().to_string() };
        let label = &frame.var(position).label;
        let variable = if label.is_empty() { atom.var().to_string() } else { label.clone() };
        match atom {
            Atom::Level { level, .. } => frame
                .labels_of(position)
                .and_then(|l| l.get(*level as f64))
                .map_or_else(|| format!("{}={level}", atom.var()), str::to_string),
            Atom::Cont { .. } => variable,
        }
    };
    let text = if bare == "_cons" {
        bare.to_string()
    } else {
        term.atoms.iter().map(atom).collect::<Vec<_>>().join(" # ")
    };
    if equation.is_empty() { text } else { format!("{equation}: {text}") }
}

/// Intervals and points of one model beside those of the others.
fn drawn(
    (label, points): &(String, Vec<Point>),
    number: usize,
    models: usize,
    names: &[String],
    options: &Options,
) -> Vec<Series> {
    let shift = (number as f64 + 1.0) / (models as f64 + 1.0) - 0.5;
    let place = |p: &Point| names.iter().position(|n| *n == p.name).map_or(0.0, |i| i as f64 + 1.0 + shift);
    let horizontal = !options.vertical;
    let make = |label: String, shape| Series { label, number, shape, style: Style::default() };
    let count = if options.no_intervals { 0 } else { points.first().map_or(0, |p| p.intervals.len()) };
    let mut out: Vec<Series> = (0..count)
        .map(|k| {
            let range = |p: &Point| Range { at: place(p), low: p.intervals[k].0, high: p.intervals[k].1 };
            let ranges = points.iter().map(range).collect();
            make(String::new(), Shape::Ranges { ranges, caps: options.caps, horizontal })
        })
        .collect();
    let position = |p: &Point| if horizontal { (p.value, place(p)) } else { (place(p), p.value) };
    out.push(make(label.clone(), Shape::Points { points: points.iter().map(position).collect() }));
    out
}
