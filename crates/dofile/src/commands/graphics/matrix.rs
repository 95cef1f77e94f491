//! `graph matrix`: a scatterplot of each pair of variables ([G-2] graph matrix).

use super::plot_options::PlotOptions;
use super::plots::Plot;
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::store;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};
use crate::value::is_missing;
use figure::{Axis, Body, Figure, Panel, Plane, Series, Shape, TextMark, Ticks};

/// Options of the markers.
const MARKERS: [&str; 6] = ["Msymbol", "MColor", "MSIZe", "MFColor", "MLColor", "MLWidth"];

/// `graph matrix varlist [if] [in] [, half marker_options title options]`.
pub(super) fn run(session: &mut Session, rest: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph matrix", rest, false)?;
    if cmd.weight.is_some() {
        return Err(StataError::unsupported_option("graph matrix", "weights"));
    }
    let variables = session.varlist(&cmd.list)?;
    if variables.len() < 2 {
        return Err(StataError::standard(102));
    }
    if variables.iter().any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let (mut half, mut look, mut own) = (false, PlotOptions::default(), FigureOptions::default());
    for option in split_options(&cmd.option_text)? {
        match option.0.as_str() {
            "half" if option.1.is_none() => half = true,
            "by" | "diagonal" | "maxes" | "text" | "legend" => {
                return Err(StataError::unsupported_option("graph matrix", &option.0));
            }
            name if MARKERS.iter().any(|m| abbreviates(name, m)) && look.take(session, &option)? => {}
            name if name.starts_with(['x', 'y']) && !["xsize", "ysize"].contains(&name) => {
                return Err(StataError::unsupported_option("graph matrix", name));
            }
            _ if own.take(session, &option)? => {}
            _ => return Err(StataError::option_not_allowed(&option.0)),
        }
    }
    let touse = session.rows(&cmd)?;
    let rows: Vec<usize> = (0..touse.len())
        .filter(|i| touse[*i] && variables.iter().all(|v| !is_missing(session.frame.num_at(*v, *i))))
        .collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect()).collect();
    let k = variables.len();
    let mut figure = Figure { columns: Some(k), ..Figure::default() };
    for (row, variable) in variables.iter().enumerate() {
        for column in 0..k {
            let plane = match row.cmp(&column) {
                std::cmp::Ordering::Equal => named(&Plot::label(session, *variable)),
                std::cmp::Ordering::Less if half => empty(),
                _ => pair(&columns, row, column, &look),
            };
            figure.panels.push(Panel { title: String::new(), body: Body::Plane(Box::new(plane)) });
        }
    }
    figure.legend = own.legend_for(&mut []);
    own.apply(&mut figure, Some(rows.len()));
    store::show(session, figure, &own)
}

fn hidden() -> Axis {
    Axis { hidden: true, grid: false, exact: Some((0.0, 1.0)), ticks: Ticks::None, ..Axis::default() }
}

fn empty() -> Plane {
    Plane { x: hidden(), y: hidden(), ..Plane::default() }
}

/// The diagonal: the name of the variable.
fn named(label: &str) -> Plane {
    let text = TextMark { x: 0.5, y: 0.5, text: label.to_string(), clock: 0, color: None, size: None };
    Plane { texts: vec![text], ..empty() }
}

/// The variable of the row against that of the column; tick labels stand at the left and the lower edge.
fn pair(columns: &[Vec<f64>], row: usize, column: usize, look: &PlotOptions) -> Plane {
    let axis = |values: &[f64], outer: bool| {
        let (low, high) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        let ticks = if outer { Ticks::About(3) } else { Ticks::None };
        Axis { range: Some((low, high)), ticks, grid: false, ..Axis::default() }
    };
    let points = columns[column].iter().copied().zip(columns[row].iter().copied()).collect();
    let series = Series {
        label: String::new(),
        number: 0,
        shape: Shape::Points { points },
        style: look.look(0, true, 0).0,
    };
    Plane {
        x: axis(&columns[column], row + 1 == columns.len()),
        y: axis(&columns[row], column == 0),
        series: vec![series],
        ..Plane::default()
    }
}
