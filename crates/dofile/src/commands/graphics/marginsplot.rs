//! `marginsplot`: draws the results of the `margins` before it.

mod options;

use self::options::{Options, read_options, style_of};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::ops::graphs::store;
use crate::ops::graphs::text::Words;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::is_missing;
use figure::{Bar, Body, Figure, Panel, Plane, Range, Series, Shape, Ticks, data_ends};

/// `marginsplot`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "marginsplot",
    min: 11,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "marginsplot [, xdimension(name) noci recast(connected|line|scatter) recastci(rcap|rarea|rspike) horizontal twoway_options]",
    notes: "draws r(table) of the margins before it; the first at() variable with several values, else the first factor, is the x dimension",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n\ngenerate g = mod(_n, 2)\ngenerate y = x + g + sin(_n)\nregress y c.x##i.g\nmargins g, at(x = (10 20 30))\nmarginsplot\nscalar n = _N",
        expect: &[("n", 40.0)],
    }],
};

/// The value of one dimension for one result.
#[derive(Debug, Clone, PartialEq)]
struct Coordinate {
    dimension: String,
    value: f64,
    text: String,
}

/// One margin with its place.
#[derive(Debug, Clone)]
struct Point {
    coordinates: Vec<Coordinate>,
    estimate: f64,
    low: f64,
    high: f64,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let options = read_options(session, cmd.raw.trim().trim_start_matches(','))?;
    if session.r.get_text("cmd") != Some("margins") {
        return Err(StataError::new(301, "previous command was not margins"));
    }
    let points = points(session)?;
    let figure = figure(session, &options, &points)?;
    store::show(session, figure, &options.figure)
}

/// The columns of r(table) with the dimensions that their names and r(at) tell.
fn points(session: &Session) -> Result<Vec<Point>> {
    let table = session
        .r
        .matrices
        .get("table")
        .ok_or_else(|| StataError::new(301, "r(table) of margins not found"))?;
    let row = |name: &str| {
        table
            .row_names
            .iter()
            .position(|s| s.name == name)
            .ok_or_else(|| StataError::new(301, "r(table) is incomplete"))
    };
    let (b, low, high) = (row("b")?, row("ll")?, row("ul")?);
    let many_equations = table.col_names.iter().any(|s| s.eq != table.col_names[0].eq);
    let mut points = Vec::new();
    for (at, stripe) in table.col_names.iter().enumerate() {
        let estimate = table.get(b, at);
        if is_missing(estimate) || is_base(stripe) {
            continue;
        }
        let mut coordinates = Vec::new();
        if many_equations {
            coordinates.push(Coordinate {
                dimension: "_equation".into(),
                value: 0.0,
                text: stripe.eq.clone(),
            });
        }
        stripe.name.split('#').for_each(|part| coordinate(session, part, &mut coordinates));
        points.push(Point { coordinates, estimate, low: table.get(low, at), high: table.get(high, at) });
    }
    // equations and terms without a level get places 1, 2, 3 …
    for dimension in ["_equation", "_term"] {
        let mut seen: Vec<String> = Vec::new();
        for c in points.iter_mut().flat_map(|p| p.coordinates.iter_mut()).filter(|c| c.dimension == dimension)
        {
            let place = seen.iter().position(|t| *t == c.text).unwrap_or_else(|| {
                seen.push(c.text.clone());
                seen.len() - 1
            });
            c.value = place as f64 + 1.0;
        }
    }
    if points.is_empty() { Err(StataError::no_observations()) } else { Ok(points) }
}

/// True for the base level of a factor, whose effect is zero by definition.
fn is_base(stripe: &Stripe) -> bool {
    [&stripe.eq, &stripe.name].into_iter().any(|name| {
        name.split('#').any(|part| {
            part.split_once('.').is_some_and(|(level, _)| {
                level.ends_with('b')
                    && level.len() > 1
                    && level[..level.len() - 1].bytes().all(|c| c.is_ascii_digit())
            })
        })
    })
}

/// Reads one part of a column name: `2._at`, `1.group`, `x`, `_cons`.
fn coordinate(session: &Session, part: &str, out: &mut Vec<Coordinate>) {
    let level = part.split_once('.').and_then(|(digits, name)| {
        let digits = digits.trim_end_matches(|c: char| c.is_ascii_lowercase());
        Some((digits.parse::<i64>().ok()?, name))
    });
    match level {
        Some((row, "_at")) => {
            let Some(settings) = session.r.matrices.get("at") else { return };
            for (column, stripe) in settings.col_names.iter().enumerate() {
                let values: Vec<f64> = (0..settings.rows()).map(|r| settings.get(r, column)).collect();
                if values.iter().any(|v| *v != values[0]) {
                    let value = settings.get((row as usize - 1).min(settings.rows() - 1), column);
                    let dimension = stripe.name.rsplit('.').next().unwrap_or(&stripe.name).to_owned();
                    out.push(Coordinate { text: level_text(session, &dimension, value), dimension, value });
                }
            }
        }
        Some((value, name)) => {
            let value = value as f64;
            out.push(Coordinate {
                dimension: name.to_owned(),
                value,
                text: level_text(session, name, value),
            });
        }
        None if part == "_cons" => {}
        None => out.push(Coordinate { dimension: "_term".into(), value: 0.0, text: label(session, part) }),
    }
}

fn label(session: &Session, name: &str) -> String {
    session.frame.find(name).map_or(name.to_owned(), |v| super::plots::Plot::label(session, v))
}

/// A level as its value label, or as a number.
fn level_text(session: &Session, name: &str, value: f64) -> String {
    let labelled =
        session.frame.find(name).and_then(|v| session.frame.labels_of(v)).and_then(|set| set.get(value));
    labelled.map_or_else(|| figure::ticks::texts(&[value]).remove(0), str::to_owned)
}

/// The dimensions that vary, `at()` variables first.
fn dimensions(session: &Session, points: &[Point]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for c in points.iter().flat_map(|p| &p.coordinates) {
        let differs =
            points.iter().any(|p| p.coordinates.iter().any(|o| o.dimension == c.dimension && o != c));
        if differs && !names.contains(&c.dimension) {
            names.push(c.dimension.clone());
        }
    }
    let is_at = |name: &String| {
        let settings = session.r.matrices.get("at");
        settings.is_some_and(|m| m.col_names.iter().any(|s| s.name.rsplit('.').next() == Some(name.as_str())))
    };
    names.sort_by_key(|name| !is_at(name));
    names
}

fn figure(session: &Session, options: &Options, points: &[Point]) -> Result<Figure> {
    let mut dimensions = dimensions(session, points);
    let x_name = match &options.x {
        Some(wanted) => {
            let at = dimensions.iter().position(|d| d == wanted);
            let at =
                at.ok_or_else(|| StataError::new(111, format!("{wanted} is no dimension of margins")))?;
            dimensions.remove(at)
        }
        None if dimensions.is_empty() => String::new(),
        None => dimensions.remove(0),
    };
    // one series for each combination of the other dimensions
    let mut groups: Vec<(String, Vec<(Coordinate, &Point)>)> = Vec::new();
    for point in points {
        let find = |name: &str| point.coordinates.iter().find(|c| c.dimension == name);
        let place = find(&x_name).cloned().unwrap_or(Coordinate {
            dimension: String::new(),
            value: 1.0,
            text: String::new(),
        });
        let texts: Vec<String> =
            dimensions.iter().filter_map(|d| find(d)).map(|c| group_text(session, c)).collect();
        let text = texts.join(", ");
        match groups.iter_mut().find(|g| g.0 == text) {
            Some(group) => group.1.push((place, point)),
            None => groups.push((text, vec![(place, point)])),
        }
    }
    let continuous = points.iter().flat_map(|p| &p.coordinates).filter(|c| c.dimension == x_name);
    let mut ticks: Vec<(f64, String)> = continuous.map(|c| (c.value, c.text.clone())).collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.dedup_by(|a, b| a.0 == b.0);
    let series: Vec<Series> =
        groups.iter().enumerate().flat_map(|(k, g)| group_series(options, k, g)).collect();
    Ok(assemble(session, options, series, ticks, &x_name))
}

/// `group = 1` where a level has no own label.
fn group_text(session: &Session, c: &Coordinate) -> String {
    if c.text.parse::<f64>().is_ok() && !c.dimension.starts_with('_') {
        format!("{} = {}", label(session, &c.dimension), c.text)
    } else {
        c.text.clone()
    }
}

fn group_series(
    options: &Options,
    number: usize,
    (text, group): &(String, Vec<(Coordinate, &Point)>),
) -> Vec<Series> {
    let mut group = group.clone();
    group.sort_by(|a, b| a.0.value.total_cmp(&b.0.value));
    let horizontal = options.horizontal;
    let points: Vec<(f64, f64)> = group
        .iter()
        .map(|(place, p)| if horizontal { (p.estimate, place.value) } else { (place.value, p.estimate) })
        .collect();
    let mut out = Vec::new();
    let known = |p: &Point| !is_missing(p.low) && !is_missing(p.high);
    if !options.no_interval {
        let ranges: Vec<Range> = group
            .iter()
            .filter(|(_, p)| known(p))
            .map(|(place, p)| Range { at: place.value, low: p.low, high: p.high })
            .collect();
        let shape = match options.interval.as_deref() {
            Some("rarea") if !horizontal => Shape::Band { ranges },
            Some("rspike") => Shape::Ranges { ranges, caps: false, horizontal },
            _ => Shape::Ranges { ranges, caps: true, horizontal },
        };
        let filled = matches!(shape, Shape::Band { .. });
        let (style, number) = style_of(&options.intervals, number, filled);
        out.push(Series { label: String::new(), number, shape, style });
    }
    let shape = match options.markers.as_deref() {
        Some("bar") => {
            let width = options.bar_width(number);
            let bars =
                group.iter().map(|(place, p)| Bar { at: place.value, from: 0.0, to: p.estimate, width });
            Shape::Bars { bars: bars.collect(), horizontal }
        }
        Some("line") => Shape::Line { points, step: false },
        Some("scatter") => Shape::Points { points },
        _ => Shape::Connected { points },
    };
    let bars = matches!(shape, Shape::Bars { .. });
    let (style, number) = style_of(&options.plots, number, bars);
    let plot = Series { label: text.clone(), number, shape, style };
    // intervals lie behind lines and in front of bars
    if bars {
        out.insert(0, plot)
    } else {
        out.push(plot)
    }
    if options.figure.monochrome {
        out.iter_mut().for_each(crate::ops::graphs::monochrome);
    }
    out
}

fn assemble(
    session: &Session,
    options: &Options,
    series: Vec<Series>,
    ticks: Vec<(f64, String)>,
    x_name: &str,
) -> Figure {
    let effects = session.r.get_text("derivatives").is_some();
    let prediction = session.r.get_text("predict1_label").unwrap_or("Prediction").to_owned();
    let level = session.r.get_scalar("level").unwrap_or(session.settings.level);
    let y_title = if effects { format!("Effects on {}", prediction.to_lowercase()) } else { prediction };
    let x_title = match x_name {
        "_term" | "_equation" if effects => "Effects with respect to".to_owned(),
        "_term" | "_equation" | "" => String::new(),
        name => label(session, name),
    };
    let ends = |horizontal: bool| data_ends(&series, horizontal).unwrap_or((0.0, 1.0));
    let (mut x, mut y) = (
        options.figure.x.axis(
            session,
            None,
            ends(true),
            if options.horizontal { &y_title } else { &x_title },
        ),
        options.figure.y.axis(
            session,
            None,
            ends(false),
            if options.horizontal { &x_title } else { &y_title },
        ),
    );
    let (places, chosen) =
        if options.horizontal { (&mut y, &options.figure.y) } else { (&mut x, &options.figure.x) };
    // many numbers get ordinary ticks, few values and names one each
    let named = ticks.len() <= 12 || ticks.iter().any(|t| t.1.parse::<f64>().is_err());
    if chosen.rule == crate::ops::graphs::text::Rule::Auto
        && named
        && let (Some(first), Some(last)) = (ticks.first(), ticks.last())
    {
        let span = last.0 - first.0;
        let room = if span > 0.0 { 0.05 * span } else { 0.5 };
        places.range = places.range.or(Some((first.0 - room, last.0 + room)));
        places.ticks = Ticks::Labelled(ticks);
    }
    x.grid = options.figure.x.grid.unwrap_or(options.horizontal);
    let plane = Plane {
        x,
        y,
        series,
        x_lines: options.figure.x_lines.clone(),
        y_lines: options.figure.y_lines.clone(),
        texts: options.figure.texts.clone(),
        background: options.figure.plot_background,
        second: None,
        table: None,
    };
    let mut labels: Vec<String> = plane.series.iter().map(|s| s.label.clone()).collect();
    let mut figure = Figure { legend: options.figure.legend_for(&mut labels), ..Figure::default() };
    figure.panels = vec![Panel { title: String::new(), body: Body::Plane(Box::new(plane)) }];
    let kind = if effects { "Marginal effects" } else { "Margins" };
    let interval = if options.no_interval {
        String::new()
    } else {
        format!(" with {}% CIs", figure::ticks::texts(&[level])[0])
    };
    let mut figure_options = options.figure.clone();
    figure_options.titles[0].get_or_insert(Words { text: format!("{kind}{interval}"), size: None });
    let used = session.r.get_scalar("N").map(|n| n as usize);
    figure_options.apply(&mut figure, used);
    figure
}
