//! From plots to a figure: panels, axes, titles and the legend.

use super::groups;
use super::plots::{Kind, Plot};
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::monochrome;
use crate::ops::graphs::text::Rule;
use crate::session::Session;
use figure::{Body, Figure, Panel, Plane, Second, Series, TextMark, data_ends};

/// Content of one panel before its axes are known.
struct Content {
    title: String,
    series: Vec<Series>,
    /// Positions of the series with the second vertical axis.
    second: Vec<usize>,
    texts: Vec<TextMark>,
}

fn content(session: &Session, plots: &[Plot], title: String, rows: &[bool], mono: bool) -> Result<Content> {
    let mut content = Content { title, series: Vec::new(), second: Vec::new(), texts: Vec::new() };
    let mut number = 0;
    for plot in plots {
        let mut drawn = plot.draw(session, rows, number)?;
        number = drawn.series.iter().map(|s| s.number + 1).max().unwrap_or(number).max(number);
        if plot.options.second {
            if !drawn.texts.is_empty() {
                return Err(StataError::unsupported_option("graph", "labels of markers with yaxis(2)"));
            }
            content.second.extend(content.series.len()..content.series.len() + drawn.series.len());
        }
        content.series.append(&mut drawn.series);
        content.texts.append(&mut drawn.texts);
    }
    if mono {
        content.series.iter_mut().for_each(monochrome);
    }
    Ok(content)
}

/// The figure of plots: a panel for each group of `by()`.
pub(super) fn figure(session: &Session, plots: &[Plot], options: &FigureOptions) -> Result<Figure> {
    check_axes(plots, options)?;
    let n = session.frame.n_rows();
    let mut used = vec![false; n];
    for plot in plots {
        plot.mark_used(session, &mut used)?;
    }
    let mono = options.monochrome;
    let mut contents = Vec::new();
    for (title, rows) in groups::panels(session, options.by.as_ref(), &used) {
        contents.push(content(session, plots, title, &rows, mono)?);
    }
    let empty =
        contents.iter().all(|c| c.series.iter().all(|s| data_ends(std::slice::from_ref(s), true).is_none()));
    if contents.is_empty() || empty {
        return Err(StataError::no_observations());
    }
    let mut labels: Vec<String> = contents[0].series.iter().map(|s| s.label.clone()).collect();
    let legend = options.legend_for(&mut labels);
    for content in &mut contents {
        content.series.iter_mut().zip(&labels).for_each(|(s, label)| s.label.clone_from(label));
    }
    let all: Vec<Series> = contents.iter().flat_map(|c| c.series.iter().cloned()).collect();
    let planes =
        contents.into_iter().map(|c| (c.title.clone(), plane(session, plots, options, c, &all))).collect();
    let used = used.iter().filter(|u| **u).count();
    let mut figure = panels(planes, options, session);
    figure.legend = legend;
    options.apply(&mut figure, Some(used).filter(|n| *n > 0));
    Ok(figure)
}

/// r(198) where the second axis has no plots, or the first one none; r(199) for panels.
fn check_axes(plots: &[Plot], options: &FigureOptions) -> Result<()> {
    let seconds = plots.iter().filter(|p| p.options.second).count();
    if seconds == 0 && options.second.named {
        return Err(StataError::new(198, "axis(2) is the axis of no plot; use yaxis(2)"));
    }
    if seconds > 0 && options.by.is_some() {
        return Err(StataError::unsupported_option("graph", "by() with yaxis(2)"));
    }
    if seconds > 0 && seconds == plots.len() {
        return Err(StataError::unsupported_option("graph", "yaxis(2) for every plot"));
    }
    Ok(())
}

fn plane(
    session: &Session,
    plots: &[Plot],
    options: &FigureOptions,
    content: Content,
    all: &[Series],
) -> Plane {
    let (x_names, y_names): (Vec<Name>, Vec<Name>) = plots.iter().map(|plot| names(session, plot)).unzip();
    let (x_var, x_title) = x_names.iter().find(|n| n.1.is_some()).cloned().unwrap_or_default();
    let of_axis = |second: bool| -> Vec<Name> {
        let own = plots.iter().zip(&y_names).filter(|(plot, _)| plot.options.second == second);
        own.map(|(_, name)| name.clone()).collect()
    };
    let (y_var, y_title) = joined(&of_axis(false));
    let horizontal = plots.iter().all(Plot::horizontal);
    let ends = |x: bool| data_ends(all, x).unwrap_or((0.0, 1.0));
    let mut x = options.x.axis(session, x_var, ends(true), &x_title.unwrap_or_default());
    let (right, left): (Vec<usize>, Vec<usize>) =
        (0..content.series.len()).partition(|at| content.second.contains(at));
    let second = (!right.is_empty()).then(|| {
        let (variable, title) = joined(&of_axis(true));
        let ends = ends_of(&content.series, &right);
        let mut axis = options.second.axis.axis(session, variable, ends, &title);
        axis.grid = false;
        Second { axis, series: right, lines: options.second.lines.clone() }
    });
    let vertical = if second.is_some() { ends_of(&content.series, &left) } else { ends(false) };
    let y = options.y.axis(session, y_var, vertical, &y_title);
    x.grid = options.x.grid.unwrap_or(horizontal && options.x.rule == Rule::Auto);
    let mut texts = content.texts;
    texts.extend(options.texts.iter().cloned());
    Plane {
        x,
        y,
        series: content.series,
        x_lines: options.x_lines.clone(),
        y_lines: options.y_lines.clone(),
        texts,
        background: options.plot_background,
        second,
        table: None,
    }
}

/// The smallest and largest vertical value of some series.
fn ends_of(series: &[Series], positions: &[usize]) -> (f64, f64) {
    let own: Vec<Series> = positions.iter().map(|at| series[*at].clone()).collect();
    data_ends(&own, false).unwrap_or((0.0, 1.0))
}

/// The variable that decides an axis' format, and the title that a plot asks for.
type Name = (Option<usize>, Option<String>);

/// Titles of the horizontal and the vertical axis requested by a plot.
fn names(session: &Session, plot: &Plot) -> (Name, Name) {
    let across = plot.x(session);
    let across_title = match plot.kind {
        Kind::ScatterI => None,
        _ => Some(across.map_or("x".into(), |v| Plot::label(session, v))),
    };
    let along = match plot.kind {
        Kind::KDensity | Kind::Histogram => None,
        _ => plot.vars.first().copied(),
    };
    let (across, along) = ((across, across_title), (along, plot.y_title(session)));
    if plot.horizontal() { (along, across) } else { (across, along) }
}

/// The titles of several plots in one: up to three, none when one of them stands for several variables.
fn joined(names: &[Name]) -> (Option<usize>, String) {
    let mut titles: Vec<&str> = Vec::new();
    for title in names.iter().filter_map(|n| n.1.as_deref()) {
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let several = titles.len() > 3 || names.iter().any(|n| n.1.is_none() && n.0.is_some());
    let variable = if titles.len() == 1 { names.iter().find_map(|n| n.0) } else { None };
    (variable, if several { String::new() } else { titles.join("/") })
}

/// One panel, or a grid of panels with shared axes and titles.
pub(super) fn panels(planes: Vec<(String, Plane)>, options: &FigureOptions, session: &Session) -> Figure {
    let panel = |(title, plane)| Panel { title, body: Body::Plane(Box::new(plane)) };
    let mut figure = Figure { panels: planes.into_iter().map(panel).collect(), ..Figure::default() };
    if let Some(by) = &options.by {
        by.arrange(&mut figure);
        let names: Vec<String> = by.vars.iter().map(|&v| Plot::label(session, v)).collect();
        figure.note = format!("Graphs by {}", names.join(" and "));
    }
    figure
}
