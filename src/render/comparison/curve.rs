//! The specification curve as a figure: estimates with their intervals, lowest first, and below each the marks of its choices. Both
//! parts share one vertical axis, so that marks stand exactly below their estimates.

use figure::{
    Axis, Body, Color, Legend, Panel, Plane, Range, RefLine, Series, Shape, Style as Line, Symbol, Ticks,
    render, ticks,
};

use super::super::style::Style;
use super::super::words::pick;
use super::grids::{axes, choice_of, more};
use super::{Parts, axis_words, caution};
use crate::domain::comparison::Point;

/// Height of the estimates, of one row of marks, and of what stands around both, in pixels.
const HIGH: f64 = 300.0;
const ROW: f64 = 22.0;
const AROUND: f64 = 170.0;
/// Most characters of the label of a row.
const LABEL: usize = 40;

const CLEAR: Color = Color::rgb(0, 90, 160);
const OPEN: Color = Color::rgb(120, 120, 120);
const MARK: Color = Color::rgb(60, 60, 60);

/// A row of marks.
struct Marks {
    label: String,
    /// Ranks of the points that have the choice.
    at: Vec<usize>,
}

/// Draws the curve; `None` where no specification has an estimate.
pub(super) fn svg(parts: &Parts<'_>, style: &Style<'_>) -> Option<String> {
    let (focus, points) = (parts.focus?, &parts.points);
    let language = style.options.language;
    let rows = marks(parts, style);
    let (low, high) = range(points)?;
    let unit = (high - low) * ROW / HIGH;
    // the first row stands a row and a half below the estimates
    let at = |row: usize| low - unit * (1.5 + row as f64);
    let bottom = if rows.is_empty() { low } else { at(rows.len() - 1) - unit };
    let mut labels: Vec<(f64, String)> = values(low, high);
    labels.extend(rows.iter().enumerate().map(|(row, marks)| (at(row), marks.label.clone())));
    let dots = rows.iter().enumerate().flat_map(|(row, marks)| marks.at.iter().map(move |x| (x, row)));
    let dots = dots.map(|(x, row)| ((x + 1) as f64, at(row))).collect();
    let mut series = estimates(points, style);
    series.push(Series {
        label: String::new(),
        number: 5,
        shape: Shape::Points { points: dots },
        style: Line { color: Some(MARK), size: Some(3.5), symbol: Some(Symbol::Circle), ..Line::default() },
    });
    let gray = |at: f64| RefLine { at, style: Line { color: Some(OPEN), ..Line::default() } };
    let y = Axis {
        exact: Some((bottom, high)),
        ticks: Ticks::Labelled(labels),
        angle: Some(0.0),
        ..Axis::default()
    };
    let x = Axis {
        exact: Some((0.25, points.len() as f64 + 0.75)),
        hidden: true,
        grid: false,
        ..Axis::default()
    };
    let zero = (low <= 0.0 && high >= 0.0).then(|| gray(0.0));
    let plane = Plane { x, y, series, y_lines: zero.into_iter().collect(), ..Plane::default() };
    let term = style.term(focus);
    let figure = figure::Figure {
        width: (320.0 + 16.0 * points.len() as f64).clamp(720.0, 1600.0),
        height: HIGH + ROW * (rows.len() as f64 + 1.0) + AROUND,
        title: pick(language, &format!("Specification curve: {term}"), &format!("设定曲线：{term}")),
        note: caution(language),
        panels: vec![Panel { title: String::new(), body: Body::Plane(Box::new(plane)) }],
        legend: Legend { show: Some(true), ..Legend::default() },
        ..figure::Figure::default()
    };
    Some(render(&figure))
}

/// The range of the estimates and intervals, with zero where it is near.
fn range(points: &[Point]) -> Option<(f64, f64)> {
    let values = points
        .iter()
        .flat_map(|p| [Some(p.estimate), p.ci_low, p.ci_high])
        .flatten()
        .filter(|x| x.is_finite());
    let (mut low, mut high) = values.fold(None, |range: Option<(f64, f64)>, x| {
        Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
    })?;
    let span = if high > low { high - low } else { high.abs().max(1.0) };
    if low > 0.0 && low < span {
        low = 0.0;
    }
    if high < 0.0 && -high < span {
        high = 0.0;
    }
    Some((low - span * 0.05, high + span * 0.05))
}

/// Ticks of the estimates with their texts.
fn values(low: f64, high: f64) -> Vec<(f64, String)> {
    let at = ticks::nice(low, high, 5);
    let step = at.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let decimals =
        if step.is_finite() && step > 0.0 { (-step.log10().floor()).clamp(0.0, 10.0) as u8 } else { 3 };
    let text = |x: f64| super::super::number::fixed(x, decimals + u8::from(is_half(step)));
    at.into_iter().map(|x| (x, text(x))).collect()
}

/// True for steps such as 0.25, which need one decimal more than their power of ten.
fn is_half(step: f64) -> bool {
    let lead = step / 10_f64.powf(step.log10().floor());
    step.is_finite() && (lead - 2.5).abs() < 1e-6
}

/// Intervals and estimates: filled where the interval excludes zero.
fn estimates(points: &[Point], style: &Style<'_>) -> Vec<Series> {
    let language = style.options.language;
    let of = |clear: bool| points.iter().enumerate().filter(move |(_, point)| point.excludes_zero == clear);
    let mut series = Vec::new();
    for (clear, color) in [(true, CLEAR), (false, OPEN)] {
        let ranges: Vec<Range> = of(clear)
            .filter_map(|(x, p)| Some(Range { at: (x + 1) as f64, low: p.ci_low?, high: p.ci_high? }))
            .collect();
        let found: Vec<(f64, f64)> = of(clear).map(|(x, p)| ((x + 1) as f64, p.estimate)).collect();
        if found.is_empty() {
            continue;
        }
        let label = match clear {
            true => pick(language, "Interval excludes zero", "区间不含零"),
            false => pick(language, "Interval includes zero, or there is none", "区间含零或没有区间"),
        };
        let line = Line { color: Some(color), line_width: Some(1.5), ..Line::default() };
        series.push(Series {
            label: String::new(),
            number: 1,
            shape: Shape::Ranges { ranges, caps: false, horizontal: false },
            style: line.clone(),
        });
        let dots = Line { hollow: !clear, size: Some(4.5), symbol: Some(Symbol::Circle), ..line };
        series.push(Series { label, number: 1, shape: Shape::Points { points: found }, style: dots });
    }
    series
}

/// The rows of marks: each choice of each axis, in the order of the specifications; then what else differs.
fn marks(parts: &Parts<'_>, style: &Style<'_>) -> Vec<Marks> {
    let language = style.options.language;
    let rank = |index: u32| parts.points.iter().position(|point| point.index == index);
    let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
    for axis in axes(parts.columns) {
        let texts = parts.columns.iter().map(|column| choice_of(column, axis, style)).collect();
        kinds.push((axis_words(axis, language), texts));
    }
    kinds.extend(more(parts.columns, style));
    let mut rows = Vec::new();
    for (words, texts) in kinds {
        let mut labels: Vec<&String> = Vec::new();
        for label in &texts {
            if !label.is_empty() && !labels.contains(&label) {
                labels.push(label);
            }
        }
        // a choice that all have sets nothing apart
        if labels.len() < 2 && texts.iter().all(|text| !text.is_empty()) {
            continue;
        }
        for label in labels {
            let of = parts.columns.iter().zip(&texts).filter(|(_, text)| *text == label);
            let mut at: Vec<usize> = of.filter_map(|(column, _)| rank(column.index)).collect();
            at.sort_unstable();
            let said = pick(language, &format!("{words}: {label}"), &format!("{words}：{label}"));
            rows.push(Marks { label: shortened(&said), at });
        }
    }
    rows
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LABEL {
        return text.to_owned();
    }
    text.chars().take(LABEL - 1).chain(['…']).collect()
}
