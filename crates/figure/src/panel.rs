//! One plane of a figure: places its axes by the size of their labels and draws it.

use super::axes::{self, Extent, Labels};
use super::draw::{self, Scale};
use super::metrics::{width, wrap_to};
use super::model::{Axis, Plane, RefLine, Shape, TextMark};
use super::page::{Context, LINE, MUTED, Rect, TEXT, face};
use super::second;
use super::style::Color;
use super::svg::{Anchor, Paint, Svg};

const GRID: Color = Color::rgb(228, 228, 228);
pub(super) const AXIS: Color = Color::rgb(68, 68, 68);

/// How a plane's axes share room with those of other panels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Frame {
    /// Labels and titles inside the cell.
    Own,
    /// The cell is the plot area itself; labels stand outside where wanted.
    Shared { x_labels: bool, y_labels: bool },
}

/// Sizes that depend on the scale and an axis only.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) label: f64,
    pub(super) title: f64,
    pub(super) tick: f64,
}

impl Sizes {
    pub(super) fn new(axis: &Axis, context: &Context) -> Self {
        Self {
            label: axis.label_size.unwrap_or(12.0) * context.scale,
            title: axis.title_size.unwrap_or(13.0) * context.scale,
            tick: 5.0 * context.scale,
        }
    }
}

pub(super) fn widest(items: &[(f64, Vec<String>)], size: f64) -> f64 {
    items.iter().flat_map(|(_, lines)| lines.iter().map(|line| width(line, size))).fold(0.0, f64::max)
}

pub(super) fn scale(extent: &Extent, axis: &Axis, from: f64, to: f64) -> Scale {
    let (from, to) = if axis.reverse { (to, from) } else { (from, to) };
    Scale { low: extent.low, high: extent.high, log: axis.log, from, to }
}

/// Room that the tick labels of a plane of this size take at the left and at the bottom.
pub(super) fn label_room(plane: &Plane, w: f64, h: f64, context: &Context) -> (f64, f64) {
    let (xs, ys) = (Sizes::new(&plane.x, context), Sizes::new(&plane.y, context));
    let y = axes::column(&plane.y, &axes::extent(plane, false), ys.label, h, w * 0.45);
    let x_extent = axes::extent(plane, true);
    let x_scale = scale(&x_extent, &plane.x, 0.0, w);
    let x = axes::arrange(&plane.x, &x_extent, xs.label, w, h * 0.4, &|v| x_scale.at(v));
    let gap = ys.tick * 2.0;
    let left = if plane.y.hidden { 0.0 } else { widest(&y, ys.label) + gap };
    let bottom = if plane.x.hidden { 0.0 } else { x.height + gap };
    (left, bottom)
}

/// Draws a plane into a cell.
pub(super) fn draw(svg: &mut Svg, plane: &Plane, cell: Rect, frame: Frame, context: &Context) {
    let (xs, ys) = (Sizes::new(&plane.x, context), Sizes::new(&plane.y, context));
    let (x_extent, y_extent) = (axes::extent(plane, true), axes::extent(plane, false));
    let own = matches!(frame, Frame::Own);
    let table = plane.table.as_ref().filter(|_| own && !plane.x.hidden);
    let mut plot = cell;

    // the height is not known before the horizontal labels are, so their room is estimated first
    let y_labels = axes::column(&plane.y, &y_extent, ys.label, cell.h * 0.85, cell.w * 0.38);
    let y_title = if own && !plane.y.hidden && !plane.y.title.is_empty() {
        wrap_to(&plane.y.title, ys.title, cell.h * 0.85, 2)
    } else {
        Vec::new()
    };
    if own {
        let mut left = y_title.len() as f64 * ys.title * LINE;
        if !plane.y.hidden {
            left += widest(&y_labels, ys.label) + 2.0 * ys.tick;
        }
        let sides = table.map_or((0.0, 0.0), |t| t.sides(&xs));
        left = left.max(sides.0);
        plot.x += left;
        plot.w -= left + sides.1 + 4.0 * context.scale;
    }
    let right = plane.second.as_ref().map(|s| second::Right::new(plane, s, cell, context));
    if let Some(right) = &right {
        plot.w -= right.room;
    }
    let x_labels = horizontal_labels(plane, &x_extent, &mut plot, own, cell, &xs);
    let x_title = if own && !plane.x.hidden && !plane.x.title.is_empty() {
        wrap_to(&plane.x.title, xs.title, plot.w, 2)
    } else {
        Vec::new()
    };
    if own {
        plot.y += ys.label * 0.5;
        plot.h -= ys.label * 0.5;
        if !plane.x.hidden {
            plot.h -= x_labels.height + 2.0 * xs.tick;
            plot.h -= x_title.len() as f64 * xs.title * LINE;
            plot.h -= table.map_or(0.0, |t| t.height(&xs));
        }
    }
    plot.w = plot.w.max(10.0);
    plot.h = plot.h.max(10.0);

    let x = scale(&x_extent, &plane.x, plot.x, plot.right());
    let y = scale(&y_extent, &plane.y, plot.bottom(), plot.y);
    let other = right.as_ref().map(|r| r.scale(plot));
    contents(svg, plane, plot, (&x, &y), other.as_ref(), (&x_labels, &y_labels), context);
    let (show_x, show_y) = match frame {
        Frame::Own => (true, true),
        Frame::Shared { x_labels, y_labels } => (x_labels, y_labels),
    };
    if !plane.y.hidden {
        y_axis(svg, plot, &y, show_y.then_some(&y_labels), &ys);
        let mut at = cell.x;
        for line in &y_title {
            at += ys.title * LINE;
            let mut face = face(ys.title, TEXT, Anchor::Middle, "axis-title");
            face.rotate = -90.0;
            svg.text(at - ys.title * 0.35, plot.y + plot.h / 2.0, line, &face);
        }
    }
    if let (Some(right), Some(scale)) = (&right, &other) {
        right.draw(svg, plot, scale);
    }
    if !plane.x.hidden {
        x_axis(svg, plot, &x, show_x.then_some(&x_labels), &xs);
        let mut at = plot.bottom() + x_labels.height + 2.0 * xs.tick;
        for line in &x_title {
            at += xs.title * LINE;
            let face = face(xs.title, TEXT, Anchor::Middle, "axis-title");
            svg.text(plot.x + plot.w / 2.0, at - xs.title * 0.3, line, &face);
        }
        if let Some(table) = table {
            table.draw(svg, plot, at, &x, &x_labels, &xs);
        }
    }
}

/// Arranges the horizontal labels and makes room for the halves that stand out at both ends.
fn horizontal_labels(
    plane: &Plane,
    extent: &Extent,
    plot: &mut Rect,
    own: bool,
    cell: Rect,
    sizes: &Sizes,
) -> Labels {
    let arrange = |plot: &Rect| {
        let x = scale(extent, &plane.x, plot.x, plot.right());
        axes::arrange(&plane.x, extent, sizes.label, plot.w, cell.h * 0.42, &|v| x.at(v))
    };
    let labels = arrange(plot);
    if !own || plane.x.hidden || labels.items.is_empty() {
        return labels;
    }
    let x = scale(extent, &plane.x, plot.x, plot.right());
    let (mut left, mut right) = (plot.x, plot.right());
    for (at, lines) in &labels.items {
        let Some(middle) = x.at(*at) else { continue };
        let text = lines.iter().map(|l| width(l, sizes.label)).fold(0.0, f64::max);
        match labels.angle {
            0.0 => {
                left = left.min(middle - text / 2.0);
                right = right.max(middle + text / 2.0);
            }
            45.0 => left = left.min(middle - text * 0.75),
            _ => {}
        }
    }
    plot.w -= (right - cell.right()).max(0.0);
    let more = (cell.x - left).max(0.0).min(plot.w * 0.3);
    plot.x += more;
    plot.w -= more;
    arrange(plot)
}

/// Grid, reference lines, series and texts.
fn contents(
    svg: &mut Svg,
    plane: &Plane,
    plot: Rect,
    (x, y): (&Scale, &Scale),
    other: Option<&Scale>,
    (x_labels, y_labels): (&Labels, &Vec<(f64, Vec<String>)>),
    context: &Context,
) {
    if let Some(color) = plane.background {
        svg.rect(plot.x, plot.y, plot.w, plot.h, &Paint::fill(color));
    }
    let grid = Paint::stroke(GRID, 0.8 * context.scale);
    if plane.y.grid {
        for at in y_labels.iter().filter_map(|(v, _)| y.at(*v)) {
            svg.line((plot.x, at), (plot.right(), at), &grid);
        }
    }
    if plane.x.grid {
        for at in x_labels.items.iter().filter_map(|(v, _)| x.at(*v)) {
            svg.line((at, plot.y), (at, plot.bottom()), &grid);
        }
    }
    svg.open_clip(&context.prefix, plot.x - 1.0, plot.y - 1.0, plot.w + 2.0, plot.h + 2.0);
    for line in &plane.x_lines {
        if let Some(at) = x.at(line.at) {
            svg.line((at, plot.y), (at, plot.bottom()), &reference(line));
        }
    }
    for line in &plane.y_lines {
        if let Some(at) = y.at(line.at) {
            svg.line((plot.x, at), (plot.right(), at), &reference(line));
        }
    }
    let second = plane.second.as_ref().zip(other);
    for (line, y) in second.iter().flat_map(|(s, y)| s.lines.iter().map(move |line| (line, *y))) {
        if let Some(at) = y.at(line.at) {
            svg.line((plot.x, at), (plot.right(), at), &reference(line));
        }
    }
    for (at, series) in plane.series.iter().enumerate() {
        let y = second.filter(|(s, _)| s.series.contains(&at)).map_or(y, |(_, other)| other);
        draw::series(svg, series, x, y);
        base_line(svg, &series.shape, plot, (x, y));
    }
    svg.close();
    for mark in &plane.texts {
        text_mark(svg, mark, plot, (x, y), context);
    }
}

/// The base of bars that go both ways.
fn base_line(svg: &mut Svg, shape: &Shape, plot: Rect, (x, y): (&Scale, &Scale)) {
    let Shape::Bars { bars, horizontal } = shape else {
        return;
    };
    let paint = Paint::stroke(AXIS, 1.0);
    if bars.iter().all(|b| b.from == 0.0) && bars.iter().any(|b| b.to < 0.0) {
        if *horizontal {
            let at = x.at(0.0).unwrap_or(plot.x);
            svg.line((at, plot.y), (at, plot.bottom()), &paint);
        } else {
            let at = y.at(0.0).unwrap_or(plot.bottom());
            svg.line((plot.x, at), (plot.right(), at), &paint);
        }
    }
}

fn reference(line: &RefLine) -> Paint {
    Paint {
        dash: line.style.dash.unwrap_or("5 3"),
        ..Paint::stroke(
            line.style.color.unwrap_or(Color::rgb(110, 110, 110)),
            line.style.line_width.unwrap_or(1.1),
        )
    }
}

/// A text beside a point, moved to the other side where it would leave the plot.
fn text_mark(svg: &mut Svg, mark: &TextMark, plot: Rect, (x, y): (&Scale, &Scale), context: &Context) {
    let (Some(px), Some(py)) = (x.at(mark.x), y.at(mark.y)) else {
        return;
    };
    let size = mark.size.unwrap_or(11.0) * context.scale;
    let gap = 6.0 * context.scale;
    let text_width = width(&mark.text, size);
    let mut side = match mark.clock {
        1..=5 => 1.0,
        7..=11 => -1.0,
        _ => 0.0,
    };
    if side > 0.0 && px + gap + text_width > plot.right() {
        side = -1.0;
    } else if side < 0.0 && px - gap - text_width < plot.x {
        side = 1.0;
    }
    let rise = match mark.clock {
        11 | 12 | 1 => -1.0,
        10 | 2 => -0.5,
        5..=7 => 1.0,
        4 | 8 => 0.5,
        _ => 0.0,
    };
    let anchor = match side {
        1.0 => Anchor::Start,
        -1.0 => Anchor::End,
        _ => Anchor::Middle,
    };
    let mut at = px + side * gap;
    if side == 0.0 {
        let half = text_width / 2.0;
        at = at.clamp(plot.x + half, (plot.right() - half).max(plot.x + half));
    }
    let baseline = py + size * 0.35 + rise * (size * 0.6 + gap * 0.5);
    let color = mark.color.unwrap_or(MUTED);
    svg.text(at, baseline, &mark.text, &face(size, color, anchor, "mark-label"));
}

fn y_axis(svg: &mut Svg, plot: Rect, y: &Scale, labels: Option<&Vec<(f64, Vec<String>)>>, sizes: &Sizes) {
    let paint = Paint::stroke(AXIS, 1.0);
    svg.line((plot.x, plot.y), (plot.x, plot.bottom()), &paint);
    for (value, lines) in labels.into_iter().flatten() {
        let Some(at) = y.at(*value) else { continue };
        svg.line((plot.x - sizes.tick, at), (plot.x, at), &paint);
        let height = lines.len() as f64 * sizes.label * LINE;
        for (row, line) in lines.iter().enumerate() {
            let middle = at - height / 2.0 + (row as f64 + 0.5) * sizes.label * LINE;
            let face = face(sizes.label, TEXT, Anchor::End, "tick");
            svg.text(plot.x - 1.7 * sizes.tick, middle + sizes.label * 0.36, line, &face);
        }
    }
}

fn x_axis(svg: &mut Svg, plot: Rect, x: &Scale, labels: Option<&Labels>, sizes: &Sizes) {
    let paint = Paint::stroke(AXIS, 1.0);
    let bottom = plot.bottom();
    svg.line((plot.x, bottom), (plot.right(), bottom), &paint);
    let Some(labels) = labels else { return };
    for (value, lines) in &labels.items {
        let Some(at) = x.at(*value) else { continue };
        svg.line((at, bottom), (at, bottom + sizes.tick), &paint);
        let top = bottom + 1.6 * sizes.tick;
        for (row, line) in lines.iter().enumerate() {
            let mut face = face(sizes.label, TEXT, Anchor::Middle, "tick");
            let mut place = (at, top + (row as f64 + 0.8) * sizes.label * LINE);
            if labels.angle != 0.0 {
                face.rotate = -labels.angle;
                face.anchor = Anchor::End;
                let shift = if labels.angle > 60.0 { 0.36 } else { 0.5 };
                place = (at + sizes.label * shift, top + sizes.label * 0.5);
            }
            svg.text(place.0, place.1, line, &face);
        }
    }
}
