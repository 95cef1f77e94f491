//! Figures that other families of commands build from numbers: series between two axes, with
//! the usual options of graphs. Plots of variables belong to `twoway`.

use super::by_options::ByOptions;
use super::figure_options::FigureOptions;
use super::store;
use super::text::Words;
use crate::error::{Result, StataError};
use crate::session::Session;
use figure::{Body, Figure, Panel, Plane, RefLine, Series, TextMark, Ticks, data_ends};

/// Drawing of a command before the user's options are applied.
#[derive(Default)]
pub(crate) struct Plain {
    /// Plots.
    pub(crate) series: Vec<Series>,
    /// Title of the figure.
    pub(crate) title: String,
    /// Title of the horizontal axis.
    pub(crate) x_title: String,
    /// Title of the vertical axis.
    pub(crate) y_title: String,
    /// Note under the figure.
    pub(crate) note: String,
    /// Ticks of the horizontal axis, where they are not chosen by the range.
    pub(crate) x_ticks: Option<Ticks>,
    /// Reference lines at y values.
    pub(crate) y_lines: Vec<RefLine>,
    /// Reference lines at x values.
    pub(crate) x_lines: Vec<RefLine>,
    /// Texts at data positions.
    pub(crate) texts: Vec<TextMark>,
    /// Rows behind the figure.
    pub(crate) used: Option<usize>,
}

/// Options of a graph, as written.
pub(crate) type RawOption = (String, Option<String>);

/// Draws the figure under the remaining options and makes it the current graph; r(198) for an option
/// that is none of a graph.
pub(crate) fn show(session: &mut Session, plain: Plain, options: &[RawOption]) -> Result<()> {
    show_panels(session, vec![(String::new(), plain)], options)
}

/// The same with several panels; titles, notes and rows are those of the first one.
pub(crate) fn show_panels(
    session: &mut Session,
    panels: Vec<(String, Plain)>,
    options: &[RawOption],
) -> Result<()> {
    draw(session, panels, None, options)
}

/// The same in the grid of a graph with `by()`.
pub(crate) fn show_by(
    session: &mut Session,
    panels: Vec<(String, Plain)>,
    by: ByOptions,
    options: &[RawOption],
) -> Result<()> {
    draw(session, panels, Some(by), options)
}

fn draw(
    session: &mut Session,
    panels: Vec<(String, Plain)>,
    by: Option<ByOptions>,
    options: &[RawOption],
) -> Result<()> {
    let mut own = FigureOptions::default();
    for option in options {
        if !own.take(session, option)? {
            return Err(StataError::option_not_allowed(&option.0));
        }
    }
    if own.by.is_some() {
        return Err(StataError::option_not_allowed("by()"));
    }
    own.by = by;
    let mut figure = Figure::default();
    let mut used = None;
    for (number, (heading, plain)) in panels.into_iter().enumerate() {
        if number == 0 {
            used = plain.used;
            let words = |text: &str| (!text.is_empty()).then(|| Words { text: text.to_string(), size: None });
            if own.titles[0].is_none() {
                own.titles[0] = words(&plain.title);
            }
            if own.titles[2].is_none() {
                own.titles[2] = words(&plain.note);
            }
        }
        let plane = plane(session, &own, plain)?;
        figure.panels.push(Panel { title: heading, body: Body::Plane(Box::new(plane)) });
    }
    let mut labels: Vec<String> = match figure.panels.first().map(|p| &p.body) {
        Some(Body::Plane(plane)) => plane.series.iter().map(|s| s.label.clone()).collect(),
        _ => Vec::new(),
    };
    figure.legend = own.legend_for(&mut labels);
    if let Some(by) = &own.by {
        by.arrange(&mut figure);
    }
    own.apply(&mut figure, used);
    store::show(session, figure, &own)
}

fn plane(session: &Session, own: &FigureOptions, plain: Plain) -> Result<Plane> {
    let ends = |x: bool| data_ends(&plain.series, x);
    let (Some(across), Some(along)) = (ends(true), ends(false)) else {
        return Err(StataError::no_observations());
    };
    let mut x = own.x.axis(session, None, across, &plain.x_title);
    if let (Some(ticks), Ticks::Auto) = (plain.x_ticks, &x.ticks) {
        x.ticks = ticks;
    }
    x.grid = own.x.grid.unwrap_or(false);
    let y = own.y.axis(session, None, along, &plain.y_title);
    let mut texts = plain.texts;
    texts.extend(own.texts.iter().cloned());
    Ok(Plane {
        x,
        y,
        series: plain.series,
        x_lines: plain.x_lines.into_iter().chain(own.x_lines.iter().cloned()).collect(),
        y_lines: plain.y_lines.into_iter().chain(own.y_lines.iter().cloned()).collect(),
        texts,
        background: own.plot_background,
        second: None,
        table: None,
    })
}
