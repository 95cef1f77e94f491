//! Figures of `marginsplot`: which margins stand in which panel and series.

use super::options::{Options, style_of};
use super::{Coordinate, Point, dimensions, label};
use crate::error::{Result, StataError};
use crate::ops::graphs::text::Words;
use crate::session::Session;
use crate::value::is_missing;
use figure::{Axis, Bar, Body, Figure, Panel, Plane, Range, Series, Shape, Ticks, data_ends};

/// Margins of one series, each with its place on the x dimension, under the text of the series.
type Group<'a> = (String, Vec<(Coordinate, &'a Point)>);

/// Which dimension goes where.
struct Layout {
    x: String,
    plots: Vec<String>,
    panels: Vec<String>,
}

fn layout(session: &Session, options: &Options, points: &[Point]) -> Result<Layout> {
    let mut names = dimensions(session, points);
    let mut take = |wanted: &str| -> Result<String> {
        let at = names.iter().position(|d| d == wanted);
        let at = at.ok_or_else(|| StataError::new(111, format!("{wanted} is no dimension of margins")))?;
        Ok(names.remove(at))
    };
    let chosen = options.x.as_deref().map(&mut take).transpose()?;
    let panels = options.panels.iter().map(|d| take(d)).collect::<Result<Vec<_>>>()?;
    let mut plots = options.series.iter().map(|d| take(d)).collect::<Result<Vec<_>>>()?;
    let x = match chosen {
        Some(name) => name,
        None if names.is_empty() => String::new(),
        None => names.remove(0),
    };
    plots.extend(names);
    Ok(Layout { x, plots, panels })
}

fn text_at(session: &Session, point: &Point, dimensions: &[String]) -> String {
    let find = |name: &String| point.coordinates.iter().find(|c| c.dimension == *name);
    let texts: Vec<String> = dimensions.iter().filter_map(find).map(|c| group_text(session, c)).collect();
    texts.join(", ")
}

/// Puts a value under its text, in the order in which the texts appear.
fn collect<T>(groups: &mut Vec<(String, Vec<T>)>, text: String, value: T) {
    match groups.iter_mut().find(|g| g.0 == text) {
        Some(group) => group.1.push(value),
        None => groups.push((text, vec![value])),
    }
}

/// The figure of the margins.
pub(super) fn figure(session: &Session, options: &Options, points: &[Point]) -> Result<Figure> {
    let layout = layout(session, options, points)?;
    let mut panels: Vec<(String, Vec<&Point>)> = Vec::new();
    for point in points {
        collect(&mut panels, text_at(session, point, &layout.panels), point);
    }
    panels.iter_mut().zip(&options.panel_labels).for_each(|(panel, own)| panel.0.clone_from(own));
    let mut drawn: Vec<(String, Vec<Series>)> = Vec::new();
    for (title, points) in panels {
        // one series for each combination of the other dimensions
        let mut groups: Vec<Group<'_>> = Vec::new();
        for point in points {
            let own = point.coordinates.iter().find(|c| c.dimension == layout.x).cloned();
            let place =
                own.unwrap_or(Coordinate { dimension: String::new(), value: 1.0, text: String::new() });
            collect(&mut groups, text_at(session, point, &layout.plots), (place, point));
        }
        groups.iter_mut().zip(&options.series_labels).for_each(|(group, own)| group.0.clone_from(own));
        drawn.push((title, all_series(options, &groups)));
    }
    let continuous = points.iter().flat_map(|p| &p.coordinates).filter(|c| c.dimension == layout.x);
    let mut ticks: Vec<(f64, String)> = continuous.map(|c| (c.value, c.text.clone())).collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.dedup_by(|a, b| a.0 == b.0);
    ticks.iter_mut().zip(&options.x_labels).for_each(|(tick, own)| tick.1.clone_from(own));
    Ok(assemble(session, options, drawn, ticks, &layout.x))
}

/// `group = 1` where a level has no own label.
fn group_text(session: &Session, c: &Coordinate) -> String {
    if c.text.parse::<f64>().is_ok() && !c.dimension.starts_with('_') {
        format!("{} = {}", label(session, &c.dimension), c.text)
    } else {
        c.text.clone()
    }
}

fn group_series(options: &Options, number: usize, (text, group): &Group<'_>) -> (Option<Series>, Series) {
    let mut group = group.clone();
    group.sort_by(|a, b| a.0.value.total_cmp(&b.0.value));
    let horizontal = options.horizontal;
    let points: Vec<(f64, f64)> = group
        .iter()
        .map(|(place, p)| if horizontal { (p.estimate, place.value) } else { (place.value, p.estimate) })
        .collect();
    let known = |p: &Point| !is_missing(p.low) && !is_missing(p.high);
    let interval = (!options.no_interval).then(|| {
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
        Series { label: String::new(), number, shape, style }
    });
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
    (interval, plot)
}

/// The series of a panel in the order of their numbers in `legend()`: intervals, then margins.
fn all_series(options: &Options, groups: &[Group<'_>]) -> Vec<Series> {
    let (intervals, plots): (Vec<_>, Vec<_>) =
        groups.iter().enumerate().map(|(k, g)| group_series(options, k, g)).unzip();
    let intervals = intervals.into_iter().flatten();
    let mut out: Vec<Series> = match options.markers.as_deref() {
        // bars lie behind their intervals
        Some("bar") => plots.into_iter().chain(intervals).collect(),
        _ => intervals.chain(plots).collect(),
    };
    if options.figure.monochrome {
        out.iter_mut().for_each(crate::ops::graphs::monochrome);
    }
    out
}

/// The axes, with ticks at the values of the x dimension where they are few or have names.
fn axes(
    session: &Session,
    options: &Options,
    drawn: &[(String, Vec<Series>)],
    ticks: Vec<(f64, String)>,
    (x_title, y_title): (&str, &str),
) -> (Axis, Axis) {
    let ends = |horizontal: bool| {
        let of_panels = drawn.iter().filter_map(|(_, series)| data_ends(series, horizontal));
        of_panels.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0.0, 1.0))
    };
    let (across, along) = if options.horizontal { (y_title, x_title) } else { (x_title, y_title) };
    let mut x = options.figure.x.axis(session, None, ends(true), across);
    let mut y = options.figure.y.axis(session, None, ends(false), along);
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
    (x, y)
}

fn assemble(
    session: &Session,
    options: &Options,
    drawn: Vec<(String, Vec<Series>)>,
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
    let (x, y) = axes(session, options, &drawn, ticks, (&x_title, &y_title));
    let mut figure = Figure { shared_axes: drawn.len() > 1, ..Figure::default() };
    for (i, (title, mut series)) in drawn.into_iter().enumerate() {
        let mut labels: Vec<String> = series.iter().map(|s| s.label.clone()).collect();
        let legend = options.figure.legend_for(&mut labels);
        series.iter_mut().zip(&labels).for_each(|(s, label)| s.label.clone_from(label));
        // the keys are those of the first panel
        if i == 0 {
            figure.legend = legend;
        }
        let plane = Plane {
            x: x.clone(),
            y: y.clone(),
            series,
            x_lines: options.figure.x_lines.clone(),
            y_lines: options.figure.y_lines.clone(),
            texts: options.figure.texts.clone(),
            background: options.figure.plot_background,
            second: None,
            table: None,
        };
        figure.panels.push(Panel { title, body: Body::Plane(Box::new(plane)) });
    }
    let kind = if effects { "Marginal effects" } else { "Margins" };
    let interval = match options.no_interval {
        true => String::new(),
        false => format!(" with {}% CIs", ::figure::ticks::texts(&[level])[0]),
    };
    let mut figure_options = options.figure.clone();
    figure_options.titles[0].get_or_insert(Words { text: format!("{kind}{interval}"), size: None });
    let used = session.r.get_scalar("N").map(|n| n as usize);
    figure_options.apply(&mut figure, used);
    figure
}
