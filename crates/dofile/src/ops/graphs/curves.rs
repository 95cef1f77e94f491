//! Figures that other commands make from computed curves: survivor functions, ROC curves, coefficients by
//! quantile. They take the usual options of a graph with axes.

use super::figure_options::FigureOptions;
use super::store;
use super::text::{Rule, Words};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use figure::{Body, Figure, Panel, Plane, Series, TextMark, Ticks, data_ends};

/// The options of a figure that were left after a command took its own.
#[derive(Default)]
pub(crate) struct CurveOptions {
    figure: FigureOptions,
}

impl CurveOptions {
    /// Reads options: `own` takes those of the command, the rest are those of a graph; `unsupported` names
    /// options that Stata has for the command and this engine has not.
    pub(crate) fn read(
        session: &Session,
        command: &str,
        text: &str,
        unsupported: &[&str],
        mut own: impl FnMut(&str, Option<&str>) -> Result<bool>,
    ) -> Result<Self> {
        let mut out = Self::default();
        for option in split_options(text)? {
            if own(&option.0, option.1.as_deref())? {
                continue;
            }
            if let Some(known) = unsupported.iter().find(|u| abbreviates(&option.0, u)) {
                return Err(StataError::unsupported_option(command, &known.to_lowercase()));
            }
            if !out.figure.take(session, &option)? {
                return Err(StataError::option_not_allowed(&option.0));
            }
        }
        if out.figure.by.is_some() {
            return Err(StataError::unsupported_option(command, "by() of graphs"));
        }
        Ok(out)
    }
}

/// The curves of one panel.
#[derive(Default)]
pub(crate) struct Part {
    /// Title above the panel.
    pub(crate) title: String,
    /// Curves.
    pub(crate) series: Vec<Series>,
    /// Texts beside points.
    pub(crate) texts: Vec<TextMark>,
}

/// Curves in one plane, or in several with the same axes.
#[derive(Default)]
pub(crate) struct Picture {
    /// Title, unless the options give one.
    pub(crate) title: String,
    /// Note under the figure, unless the options give one.
    pub(crate) note: String,
    /// Title of the horizontal axis.
    pub(crate) x_title: String,
    /// Title of the vertical axis.
    pub(crate) y_title: String,
    /// Curves; empty where there are parts.
    pub(crate) series: Vec<Series>,
    /// Texts beside points.
    pub(crate) texts: Vec<TextMark>,
    /// Several panels.
    pub(crate) parts: Vec<Part>,
    /// Panels in a row; a nearly square grid without.
    pub(crate) columns: Option<usize>,
    /// Least extent of the horizontal axis.
    pub(crate) x_range: Option<(f64, f64)>,
    /// Least extent of the vertical axis.
    pub(crate) y_range: Option<(f64, f64)>,
    /// Named places of the horizontal axis, unless the options give ticks.
    pub(crate) x_names: Vec<(f64, String)>,
    /// Named places of the vertical axis, which then begins at the top.
    pub(crate) y_names: Vec<(f64, String)>,
    /// Rows of texts under the horizontal axis of a figure with one panel.
    pub(crate) table: Option<figure::Table>,
    /// Number of observations behind the figure.
    pub(crate) used: usize,
}

/// Draws curves and makes the figure the current graph; r(2000) when nothing can be drawn.
pub(crate) fn show(session: &mut Session, picture: Picture, options: CurveOptions) -> Result<()> {
    let mut chosen = options.figure;
    let mut parts = picture.parts;
    if parts.is_empty() {
        parts.push(Part { title: String::new(), series: picture.series, texts: picture.texts });
    }
    if chosen.monochrome {
        parts.iter_mut().flat_map(|p| &mut p.series).for_each(super::monochrome);
    }
    let ends = |axis: bool| {
        let of_parts = parts.iter().filter_map(|p| data_ends(&p.series, axis));
        of_parts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    };
    let (Some(across), Some(along)) = (ends(true), ends(false)) else {
        return Err(StataError::no_observations());
    };
    let widen = |ends: (f64, f64), least: Option<(f64, f64)>| {
        least.map_or(ends, |(low, high)| (ends.0.min(low), ends.1.max(high)))
    };
    let (across, along) = (widen(across, picture.x_range), widen(along, picture.y_range));
    let mut x = chosen.x.axis(session, None, across, &picture.x_title);
    let mut y = chosen.y.axis(session, None, along, &picture.y_title);
    x.range = x.range.or(picture.x_range.map(|_| across));
    y.range = y.range.or(picture.y_range.map(|_| along));
    for (axis, own, names) in
        [(&mut x, &chosen.x, picture.x_names), (&mut y, &chosen.y, picture.y_names.clone())]
    {
        if !names.is_empty() && own.rule == Rule::Auto {
            axis.ticks = Ticks::Labelled(names);
        }
    }
    y.reverse |= !picture.y_names.is_empty();
    let mut figure = Figure { columns: picture.columns, shared_axes: parts.len() > 1, ..Figure::default() };
    for (i, mut part) in parts.into_iter().enumerate() {
        let mut labels: Vec<String> = part.series.iter().map(|s| s.label.clone()).collect();
        let legend = chosen.legend_for(&mut labels);
        part.series.iter_mut().zip(&labels).for_each(|(s, label)| s.label.clone_from(label));
        // the keys are those of the first panel
        if i == 0 {
            figure.legend = legend;
        }
        let mut texts = part.texts;
        texts.extend(chosen.texts.iter().cloned());
        let plane = Plane {
            x: x.clone(),
            y: y.clone(),
            series: part.series,
            x_lines: chosen.x_lines.clone(),
            y_lines: chosen.y_lines.clone(),
            texts,
            background: chosen.plot_background,
            second: None,
            table: picture.table.clone(),
        };
        figure.panels.push(Panel { title: part.title, body: Body::Plane(Box::new(plane)) });
    }
    for (at, text) in [(0, picture.title), (2, picture.note)] {
        if !text.is_empty() {
            chosen.titles[at].get_or_insert(Words { text, size: None });
        }
    }
    chosen.apply(&mut figure, Some(picture.used).filter(|n| *n > 0));
    store::show(session, figure, &chosen)
}
