//! Draws the shapes of a plane from data units to the page.

use std::collections::HashSet;
use std::fmt::Write;

use super::model::{Bar, BoxStats, Range, Series, Shape};
use super::style::{Color, Style, Symbol, palette, symbol_of};
use super::svg::{Paint, Svg, num};

/// Data units to pixels on one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    /// Pixel of `low`.
    pub(super) from: f64,
    /// Pixel of `high`.
    pub(super) to: f64,
}

impl Scale {
    /// The pixel of a value, `None` when the scale has no place for it.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        let f = |v: f64| if self.log { v.ln() } else { v };
        let (low, high) = (f(self.low), f(self.high));
        let share = (f(value) - low) / (high - low);
        share.is_finite().then_some(self.from + share * (self.to - self.from))
    }

    /// The pixel of a base such as 0, which a logarithmic scale puts at its lower end.
    fn base(&self, value: f64) -> Option<f64> {
        if self.log && value <= 0.0 {
            return Some(self.from);
        }
        self.at(value)
    }
}

/// The resolved look of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    color: Color,
    fill: Color,
    outline: Option<Color>,
    width: f64,
    dash: &'static str,
    symbol: Symbol,
    hollow: bool,
    size: f64,
}

impl Look {
    /// The look of a style without regard to the shape.
    pub(super) fn of(style: &Style, number: usize) -> Self {
        let color = style.color.unwrap_or(palette(number));
        Self {
            color,
            fill: style.fill.or(style.color).unwrap_or(color),
            outline: style.outline,
            width: style.line_width.unwrap_or(1.8),
            dash: style.dash.unwrap_or(""),
            symbol: style.symbol.unwrap_or(symbol_of(number)),
            hollow: style.hollow,
            size: style.size.unwrap_or(3.4),
        }
    }

    /// The look with the defaults of a shape: bands and areas let the grid shine through, dense
    /// markers are lighter.
    pub(super) fn for_shape(shape: &Shape, style: &Style, number: usize) -> Self {
        let mut look = Self::of(style, number);
        let see_through = style.fill.is_none();
        match shape {
            Shape::Band { .. } if see_through => look.fill = look.fill.with_opacity(0.22),
            Shape::Area { .. } if see_through => look.fill = look.fill.with_opacity(0.55),
            Shape::Bars { .. } => {
                if see_through {
                    look.fill = look.fill.with_opacity(0.85);
                }
                look.outline = look.outline.or(Some(Color::rgb(255, 255, 255)));
                look.width = style.line_width.unwrap_or(0.8);
            }
            Shape::Boxes { .. } => {
                if see_through {
                    look.fill = look.fill.tint(0.35);
                }
                look.outline = look.outline.or(Some(look.color));
                look.width = style.line_width.unwrap_or(1.3);
            }
            Shape::Points { points } => {
                if style.size.is_none() && points.len() > 400 {
                    look.size = 2.2;
                }
                if points.len() > 200 && look.color.opacity == 1.0 {
                    look.color = look.color.with_opacity(0.6);
                }
                look.width = style.line_width.unwrap_or(1.2);
            }
            Shape::Ranges { .. } => look.width = style.line_width.unwrap_or(1.4),
            _ => {}
        }
        look
    }

    pub(super) fn line(&self) -> Paint {
        Paint { dash: self.dash, ..Paint::stroke(self.color, self.width) }
    }

    pub(super) fn area(&self) -> Paint {
        Paint { fill: Some(self.fill), stroke: self.outline, width: self.width, dash: "" }
    }
}

/// Draws one marker.
pub(super) fn marker(svg: &mut Svg, (x, y): (f64, f64), look: &Look) {
    let r = look.size;
    let paint = if look.hollow {
        Paint::stroke(look.color, look.width.clamp(1.0, 1.6))
    } else {
        Paint { stroke: look.outline, width: look.width.clamp(0.4, 1.6), ..Paint::fill(look.color) }
    };
    let stroke = Paint::stroke(look.color, look.width.clamp(1.2, 2.0));
    let corners = |points: &[(f64, f64)]| {
        let mut d = String::new();
        for (at, (dx, dy)) in points.iter().enumerate() {
            let letter = if at == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{letter}{} {}", num(x + dx * r), num(y + dy * r));
        }
        d.push('Z');
        d
    };
    match look.symbol {
        Symbol::Circle => svg.circle((x, y), r, &paint),
        Symbol::Point => svg.circle((x, y), r * 0.4, &Paint::fill(look.color)),
        Symbol::Square => svg.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8, &paint),
        Symbol::Diamond => {
            let d = corners(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]);
            svg.path(&d, &paint);
        }
        Symbol::Triangle => {
            let d = corners(&[(0.0, -1.2), (1.15, 0.85), (-1.15, 0.85)]);
            svg.path(&d, &paint);
        }
        Symbol::Plus => {
            svg.line((x - r, y), (x + r, y), &stroke);
            svg.line((x, y - r), (x, y + r), &stroke);
        }
        Symbol::Cross => {
            let r = r * 0.85;
            svg.line((x - r, y - r), (x + r, y + r), &stroke);
            svg.line((x - r, y + r), (x + r, y - r), &stroke);
        }
        Symbol::None => {}
    }
}

/// Draws a series.
pub(super) fn series(svg: &mut Svg, series: &Series, x: &Scale, y: &Scale) {
    let look = Look::for_shape(&series.shape, &series.style, series.number);
    match &series.shape {
        Shape::Points { points } => markers(svg, points, &series.style.sizes, &look, x, y),
        Shape::Line { points, step } => svg.path(&polyline(points, *step, x, y), &look.line()),
        Shape::Connected { points } => {
            svg.path(&polyline(points, false, x, y), &look.line());
            markers(svg, points, &series.style.sizes, &look, x, y);
        }
        Shape::Area { points, base } => area(svg, points, *base, &look, x, y),
        Shape::Band { ranges } => band(svg, ranges, &look, x, y),
        Shape::Bars { bars, horizontal } => {
            for bar in bars {
                draw_bar(svg, bar, *horizontal, &look, x, y);
            }
        }
        Shape::Ranges { ranges, caps, horizontal } => {
            for range in ranges {
                draw_range(svg, range, *caps, *horizontal, &look, x, y);
            }
        }
        Shape::Boxes { boxes, horizontal } => {
            for stats in boxes {
                draw_box(svg, stats, *horizontal, &look, x, y);
            }
        }
    }
}

/// Markers. Many points become the dots of one path, one per pixel, so that the file of a large
/// data set stays small.
/// Markers of the usual radius, or of the given shares of it; so many that they would be one mass are dots of one path.
fn markers(svg: &mut Svg, points: &[(f64, f64)], sizes: &[f64], look: &Look, x: &Scale, y: &Scale) {
    let places = points.iter().filter_map(|&(px, py)| Some((x.at(px)?, y.at(py)?)));
    if !sizes.is_empty() && points.len() <= 20_000 {
        for (&(px, py), share) in points.iter().zip(sizes) {
            if let (Some(px), Some(py)) = (x.at(px), y.at(py)) {
                marker(svg, (px, py), &Look { size: look.size * share, ..*look });
            }
        }
        return;
    }
    if points.len() <= 2000 {
        places.for_each(|place| marker(svg, place, look));
        return;
    }
    let mut seen = HashSet::new();
    let mut d = String::new();
    for (px, py) in places {
        let cell = (px.round() as i64, py.round() as i64);
        if seen.insert(cell) {
            let _ = write!(d, "M{} {}h.01", cell.0, cell.1);
        }
    }
    svg.dots(&d, &Paint::stroke(look.color, look.size * 2.0));
}

/// The path of a line; points closer than a third of a pixel to the last one are dropped except
/// for the last of a run.
fn polyline(points: &[(f64, f64)], step: bool, x: &Scale, y: &Scale) -> String {
    let mut d = String::new();
    let mut last: Option<(f64, f64)> = None;
    let mut dropped: Option<(f64, f64)> = None;
    let put = |d: &mut String, p: (f64, f64), last: Option<(f64, f64)>| match last {
        None => {
            let _ = write!(d, "M{} {}", num(p.0), num(p.1));
        }
        Some(from) => {
            if step && from.1 != p.1 {
                let _ = write!(d, "L{} {}", num(p.0), num(from.1));
            }
            let _ = write!(d, "L{} {}", num(p.0), num(p.1));
        }
    };
    for &(px, py) in points {
        let (Some(px), Some(py)) = (x.at(px), y.at(py)) else {
            if let Some(p) = dropped.take() {
                put(&mut d, p, last);
            }
            last = None;
            continue;
        };
        let p = (px, py);
        if let Some(l) = last
            && (l.0 - px).abs() < 0.33
            && (l.1 - py).abs() < 0.33
        {
            dropped = Some(p);
            continue;
        }
        dropped = None;
        put(&mut d, p, last);
        last = Some(p);
    }
    if let Some(p) = dropped {
        put(&mut d, p, last);
    }
    d
}

fn area(svg: &mut Svg, points: &[(f64, f64)], base: f64, look: &Look, x: &Scale, y: &Scale) {
    let Some(base) = y.base(base) else { return };
    let mut d = String::new();
    for run in points.split(|(px, py)| x.at(*px).is_none() || y.at(*py).is_none()) {
        let line = polyline(run, false, x, y);
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        let ends = (x.at(first.0).unwrap_or(x.from), x.at(last.0).unwrap_or(x.to));
        let _ = write!(d, "{line}L{} {}", num(ends.1), num(base));
        let _ = write!(d, "L{} {}Z", num(ends.0), num(base));
    }
    svg.path(&d, &look.area());
}

fn band(svg: &mut Svg, ranges: &[Range], look: &Look, x: &Scale, y: &Scale) {
    let usable = |r: &Range| x.at(r.at).is_some() && y.at(r.low).is_some() && y.at(r.high).is_some();
    let mut d = String::new();
    for run in ranges.split(|r| !usable(r)).filter(|run| !run.is_empty()) {
        let upper: Vec<_> = run.iter().map(|r| (r.at, r.high)).collect();
        let lower: Vec<_> = run.iter().rev().map(|r| (r.at, r.low)).collect();
        let back = polyline(&lower, false, x, y).replacen('M', "L", 1);
        let _ = write!(d, "{}{back}Z", polyline(&upper, false, x, y));
    }
    svg.path(&d, &look.area());
}

fn draw_bar(svg: &mut Svg, bar: &Bar, horizontal: bool, look: &Look, x: &Scale, y: &Scale) {
    let (across, along) = if horizontal { (y, x) } else { (x, y) };
    let half = bar.width / 2.0;
    let edges = (across.at(bar.at - half), across.at(bar.at + half));
    let ends = (along.base(bar.from), along.base(bar.to));
    let ((Some(a), Some(b)), (Some(from), Some(to))) = (edges, ends) else {
        return;
    };
    let (a, b) = (a.min(b), a.max(b));
    let (from, to) = (from.min(to), from.max(to));
    // thin bars lose their outline, it would hide them
    let mut paint = look.area();
    if b - a < 3.0 {
        paint.stroke = None;
    }
    if horizontal {
        svg.rect(from, a, to - from, b - a, &paint);
    } else {
        svg.rect(a, from, b - a, to - from, &paint);
    }
}

fn draw_range(svg: &mut Svg, range: &Range, caps: bool, horizontal: bool, look: &Look, x: &Scale, y: &Scale) {
    let (across, along) = if horizontal { (y, x) } else { (x, y) };
    let (Some(at), Some(low), Some(high)) = (across.at(range.at), along.at(range.low), along.at(range.high))
    else {
        return;
    };
    let place = |across: f64, along: f64| {
        if horizontal { (along, across) } else { (across, along) }
    };
    let paint = look.line();
    svg.line(place(at, low), place(at, high), &paint);
    if caps {
        for end in [low, high] {
            svg.line(place(at - 4.0, end), place(at + 4.0, end), &paint);
        }
    }
}

fn draw_box(svg: &mut Svg, b: &BoxStats, horizontal: bool, look: &Look, x: &Scale, y: &Scale) {
    let (across, along) = if horizontal { (y, x) } else { (x, y) };
    let all = [b.low, b.q1, b.median, b.q3, b.high].map(|v| along.at(v));
    let sides = (across.at(b.at - b.width / 2.0), across.at(b.at + b.width / 2.0));
    let ([Some(low), Some(q1), Some(median), Some(q3), Some(high)], (Some(a), Some(z))) = (all, sides) else {
        return;
    };
    let place = |across: f64, along: f64| {
        if horizontal { (along, across) } else { (across, along) }
    };
    let middle = (a + z) / 2.0;
    let line = Paint::stroke(look.color, look.width);
    let cap = (z - a) / 4.0;
    for (from, to) in [(q1, low), (q3, high)] {
        svg.line(place(middle, from), place(middle, to), &line);
        svg.line(place(middle - cap, to), place(middle + cap, to), &line);
    }
    let (corner, opposite) = (place(a, q1), place(z, q3));
    let (left, top) = (corner.0.min(opposite.0), corner.1.min(opposite.1));
    let size = ((corner.0 - opposite.0).abs(), (corner.1 - opposite.1).abs());
    svg.rect(left, top, size.0, size.1, &look.area());
    let thick = Paint::stroke(look.color, look.width * 1.8);
    svg.line(place(a, median), place(z, median), &thick);
    let outside = Look { size: 2.4, symbol: Symbol::Circle, hollow: true, ..*look };
    for &value in &b.outside {
        if let Some(at) = along.at(value) {
            marker(svg, place(middle, at), &outside);
        }
    }
}
