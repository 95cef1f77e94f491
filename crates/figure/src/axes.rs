//! Axes: the range they show, their ticks, and tick labels that do not overlap.

use super::metrics::{shorten, width, wrap_to};
use super::model::{Axis, Plane, Range, Series, Shape, Ticks};
use super::page::LINE;
use super::second::Second;
use super::ticks;

/// Content of an axis before it is placed on the page.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Collects the values of one axis of a plane, and whether the lowest or highest is a base line
/// that needs no room beyond it.
#[derive(Debug, Default)]
struct Values {
    low: Option<f64>,
    high: Option<f64>,
    bases: Vec<f64>,
    positive: bool,
}

impl Values {
    fn add(&mut self, value: f64) {
        if value.is_finite() && (!self.positive || value > 0.0) {
            self.low = Some(self.low.map_or(value, |low| low.min(value)));
            self.high = Some(self.high.map_or(value, |high| high.max(value)));
        }
    }

    fn base(&mut self, value: f64) {
        self.add(value);
        self.bases.push(value);
    }
}

/// The range of the horizontal axis or of the left one.
pub(super) fn extent(plane: &Plane, horizontal: bool) -> Extent {
    let other = |at: usize| !horizontal && plane.second.as_ref().is_some_and(|s| s.series.contains(&at));
    let series = plane.series.iter().enumerate().filter(|(at, _)| !other(*at)).map(|(_, s)| s);
    let lines = if horizontal { &plane.x_lines } else { &plane.y_lines };
    let texts = plane.texts.iter().map(|text| if horizontal { text.x } else { text.y });
    let axis = if horizontal { &plane.x } else { &plane.y };
    range(axis, horizontal, series, lines.iter().map(|line| line.at).chain(texts))
}

/// The range of the axis at the right.
pub(super) fn second_extent(plane: &Plane, second: &Second) -> Extent {
    let series = second.series.iter().filter_map(|at| plane.series.get(*at));
    range(&second.axis, false, series, second.lines.iter().map(|line| line.at))
}

/// The range of an axis: data, base lines, further values, given ticks and range, then some room.
fn range<'a>(
    axis: &Axis,
    horizontal: bool,
    series: impl Iterator<Item = &'a Series>,
    further: impl Iterator<Item = f64>,
) -> Extent {
    if let Some((low, high)) = axis.exact {
        return widen(low, high, axis.log);
    }
    if let Ticks::Categories(texts) = &axis.ticks {
        return Extent { low: 0.5, high: texts.len().max(1) as f64 + 0.5 };
    }
    let mut values = Values { positive: axis.log, ..Values::default() };
    series.for_each(|series| shape_values(&series.shape, horizontal, &mut values));
    further.for_each(|value| values.add(value));
    let (Some(low), Some(high)) = (values.low, values.high) else {
        let (low, high) = axis.range.unwrap_or((if axis.log { 1.0 } else { 0.0 }, 1.0));
        return widen(low, high, axis.log);
    };
    let mut extent = pad(low, high, &values.bases, axis.log);
    let mut include = |value: f64| {
        if value.is_finite() && (!axis.log || value > 0.0) {
            extent.low = extent.low.min(value);
            extent.high = extent.high.max(value);
        }
    };
    match &axis.ticks {
        Ticks::At(at) => at.iter().for_each(|&t| include(t)),
        Ticks::Labelled(at) => at.iter().for_each(|(t, _)| include(*t)),
        _ => {}
    }
    if let Some((low, high)) = axis.range {
        include(low);
        include(high);
    }
    extent
}

/// The smallest and largest value that series show on an axis.
pub fn data_ends(series: &[Series], horizontal: bool) -> Option<(f64, f64)> {
    let mut values = Values::default();
    series.iter().for_each(|s| shape_values(&s.shape, horizontal, &mut values));
    values.low.zip(values.high)
}

/// Gives planes one range for their horizontal and/or vertical axes.
pub fn share_axes(planes: &mut [&mut Plane], horizontal: bool, vertical: bool) {
    for (wanted, is_x) in [(horizontal, true), (vertical, false)] {
        let extents = planes.iter().map(|plane| extent(plane, is_x));
        let all = extents.reduce(|a, b| Extent { low: a.low.min(b.low), high: a.high.max(b.high) });
        if let (true, Some(all)) = (wanted, all) {
            for plane in planes.iter_mut() {
                let axis = if is_x { &mut plane.x } else { &mut plane.y };
                axis.exact = Some((all.low, all.high));
            }
        }
    }
}

/// Room beyond the data, none beyond a base line at their end.
fn pad(low: f64, high: f64, bases: &[f64], log: bool) -> Extent {
    let Extent { low, high } = if low == high { widen(low, high, log) } else { Extent { low, high } };
    if log {
        let factor = (high / low).powf(0.03);
        return Extent { low: low / factor, high: high * factor };
    }
    let room = (high - low) * 0.035;
    let at = |end: f64| bases.contains(&end);
    Extent { low: if at(low) { low } else { low - room }, high: if at(high) { high } else { high + room } }
}

/// An extent that is not empty.
fn widen(low: f64, high: f64, log: bool) -> Extent {
    if low < high && low.is_finite() && high.is_finite() && (!log || low > 0.0) {
        return Extent { low, high };
    }
    let middle = if low.is_finite() { low } else { 1.0 };
    if log {
        let middle = if middle > 0.0 { middle } else { 1.0 };
        return Extent { low: middle / 2.0, high: middle * 2.0 };
    }
    let room = if middle == 0.0 { 1.0 } else { middle.abs() * 0.1 };
    Extent { low: middle - room, high: middle + room }
}

fn shape_values(shape: &Shape, horizontal: bool, values: &mut Values) {
    let mut ranges = |ranges: &[Range], across: bool| {
        for r in ranges {
            if across {
                values.add(r.at);
            } else {
                values.add(r.low);
                values.add(r.high);
            }
        }
    };
    match shape {
        Shape::Points { points } | Shape::Line { points, .. } | Shape::Connected { points } => {
            for p in points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()) {
                values.add(if horizontal { p.0 } else { p.1 });
            }
        }
        Shape::Area { points, base } => {
            points.iter().for_each(|p| values.add(if horizontal { p.0 } else { p.1 }));
            if !horizontal {
                values.base(*base);
            }
        }
        Shape::Band { ranges: r } => ranges(r, horizontal),
        Shape::Ranges { ranges: r, horizontal: lying, .. } => ranges(r, horizontal != *lying),
        Shape::Bars { bars, horizontal: lying } => {
            for bar in bars {
                if horizontal != *lying {
                    values.add(bar.at - bar.width / 2.0);
                    values.add(bar.at + bar.width / 2.0);
                } else {
                    values.add(bar.to);
                    values.base(bar.from);
                }
            }
        }
        Shape::Boxes { boxes, horizontal: lying } => {
            for b in boxes {
                if horizontal != *lying {
                    values.add(b.at - b.width / 2.0);
                    values.add(b.at + b.width / 2.0);
                } else {
                    values.add(b.low);
                    values.add(b.high);
                    b.outside.iter().for_each(|&v| values.add(v));
                }
            }
        }
    }
}

/// Ticks with their texts; those outside the extent are left out.
pub(super) fn labels(axis: &Axis, extent: &Extent, wanted: usize) -> Vec<(f64, String)> {
    let inside = |t: f64| {
        let slack = 1e-9 * (extent.high - extent.low).abs();
        t >= extent.low - slack && t <= extent.high + slack
    };
    let write = |at: Vec<f64>| -> Vec<(f64, String)> {
        let texts = match &axis.text {
            Some(text) => at.iter().map(|&t| text.0(t)).collect(),
            None => ticks::texts(&at),
        };
        at.into_iter().zip(texts).collect()
    };
    let auto = |wanted: usize| {
        if axis.log {
            ticks::logarithmic(extent.low, extent.high, wanted)
        } else {
            ticks::nice(extent.low, extent.high, wanted)
        }
    };
    match &axis.ticks {
        Ticks::Auto => write(auto(wanted)),
        Ticks::About(count) => write(auto(*count)),
        Ticks::At(at) => write(at.iter().copied().filter(|&t| inside(t)).collect()),
        Ticks::Labelled(at) => at.iter().filter(|(t, _)| inside(*t)).cloned().collect(),
        Ticks::Categories(texts) => {
            texts.iter().enumerate().map(|(at, text)| (at as f64 + 1.0, text.clone())).collect()
        }
        Ticks::None => Vec::new(),
    }
}

/// The labels of a horizontal axis with the way they are set.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    /// Value and lines of text.
    pub(super) items: Vec<(f64, Vec<String>)>,
    /// 0, 45 or 90 degrees.
    pub(super) angle: f64,
    /// Room under the ticks in pixels.
    pub(super) height: f64,
}

/// Decides how the labels of a horizontal axis stand: side by side, wrapped, fewer, slanted or
/// upright. `pixel` places a value; `room` is the most height they may take.
pub(super) fn arrange(
    axis: &Axis,
    extent: &Extent,
    size: f64,
    plot_width: f64,
    room: f64,
    pixel: &dyn Fn(f64) -> Option<f64>,
) -> Labels {
    let flat = |items: Vec<(f64, String)>| Labels {
        height: if items.is_empty() { 0.0 } else { size * LINE },
        items: items.into_iter().map(|(at, text)| (at, vec![text])).collect(),
        angle: 0.0,
    };
    let fits = |items: &[(f64, String)]| {
        let mut end = f64::NEG_INFINITY;
        let mut placed: Vec<(f64, f64)> =
            items.iter().filter_map(|(at, text)| Some((pixel(*at)?, width(text, size) / 2.0))).collect();
        placed.sort_by(|a, b| a.0.total_cmp(&b.0));
        placed.iter().all(|&(x, half)| {
            let ok = x - half > end + size * 0.45;
            end = x + half;
            ok
        })
    };
    let most = (plot_width / (size * 5.0)).clamp(2.0, 8.0) as usize;
    let mut items = labels(axis, extent, most.min(6));
    if let Some(angle) = axis.angle.filter(|a| *a != 0.0) {
        return turned(items, if angle.abs() > 60.0 { 90.0 } else { 45.0 }, size, room);
    }
    if matches!(axis.ticks, Ticks::Auto) {
        let mut wanted = most.min(6);
        while !fits(&items) && wanted > 1 {
            wanted -= 1;
            items = labels(axis, extent, wanted);
        }
        return flat(items);
    }
    if fits(&items) || axis.angle == Some(0.0) {
        return flat(items);
    }
    let mut places: Vec<f64> = items.iter().filter_map(|(at, _)| pixel(*at)).collect();
    places.sort_by(f64::total_cmp);
    let slot = places.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let longest_word = items
        .iter()
        .flat_map(|(_, text)| text.split_whitespace().map(|word| width(word, size).min(size * 4.0)))
        .fold(0.0, f64::max);
    if slot - size * 0.5 >= longest_word && slot >= size * 3.0 {
        let wrapped: Vec<(f64, Vec<String>)> =
            items.iter().map(|(at, text)| (*at, wrap_to(text, size, slot - size * 0.5, 4))).collect();
        let lines = wrapped.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        if lines <= 3 && lines as f64 * size * LINE <= room {
            return Labels { items: wrapped, angle: 0.0, height: lines as f64 * size * LINE };
        }
    }
    let needed = size * 1.25;
    if slot < needed && slot > 0.0 {
        let skip = (needed / slot).ceil() as usize;
        items = items.into_iter().step_by(skip.max(1)).collect();
        if fits(&items) {
            return flat(items);
        }
    }
    turned(items, if slot >= size * 1.9 { 45.0 } else { 90.0 }, size, room)
}

fn turned(items: Vec<(f64, String)>, angle: f64, size: f64, room: f64) -> Labels {
    let sin = angle.to_radians().sin();
    let longest = (room - size) / sin;
    let items: Vec<(f64, Vec<String>)> =
        items.into_iter().map(|(at, text)| (at, vec![shorten(&text, size, longest)])).collect();
    let widest = items.iter().map(|(_, lines)| width(&lines[0], size)).fold(0.0, f64::max);
    Labels { items, angle, height: widest * sin + size * angle.to_radians().cos() + size * 0.3 }
}

/// The labels of a vertical axis, wrapped to `limit` pixels; those that would overlap are left out.
pub(super) fn column(
    axis: &Axis,
    extent: &Extent,
    size: f64,
    plot_height: f64,
    limit: f64,
) -> Vec<(f64, Vec<String>)> {
    let wanted = (plot_height / (size * 4.5)).clamp(3.0, 6.0) as usize;
    let items = labels(axis, extent, wanted);
    let slot = plot_height / items.len().max(1) as f64;
    let lines = ((slot / (size * LINE)) as usize).clamp(1, 3);
    let skip = ((size * 1.1 / slot).ceil() as usize).max(1);
    items.into_iter().step_by(skip).map(|(at, text)| (at, wrap_to(&text, size, limit, lines))).collect()
}
