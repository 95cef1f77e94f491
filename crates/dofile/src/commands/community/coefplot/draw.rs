//! The markers, intervals and texts of a coefficient plot.

use super::choice::Choice;
use super::look::{Drawn, Interval};
use super::points::Point;
use super::rows::Row;
use crate::error::{Result, StataError};
use figure::{Bar, Range, Series, Shape, Style, TextMark};

/// Width of bars between the lines of two coefficients.
const BAR_WIDTH: f64 = 0.5;
/// Width of the line of `ciopts(recast(rbar))` in pixels.
const THICK: f64 = 7.0;

/// A plot with its points: what is drawn in one colour.
pub(super) struct Drawing<'a> {
    /// The text of its key.
    pub(super) label: String,
    pub(super) points: &'a [Point],
    pub(super) choice: &'a Choice,
    /// Its number among the plots of the panel, and how many there are.
    pub(super) number: usize,
    pub(super) plots: usize,
    pub(super) rows: &'a [Row],
    /// Places of `relocate()`.
    pub(super) moved: &'a [(String, f64)],
    pub(super) vertical: bool,
}

impl Drawing<'_> {
    /// The place of a point on the axis of the coefficients.
    fn place(&self, point: &Point) -> f64 {
        if let Some(at) = point.at {
            return at + self.choice.offset.unwrap_or(0.0);
        }
        let usual = (self.number as f64 + 1.0) / (self.plots as f64 + 1.0) - 0.5;
        let shift = self.choice.offset.map_or(usual, |offset| if self.vertical { offset } else { -offset });
        let own = |row: &Row| matches!(row, Row::Coefficient(name) if *name == point.key());
        let line = self.rows.iter().position(own).map_or(0.0, |i| i as f64 + 1.0);
        let moved = self.moved.iter().find(|(name, _)| *name == point.key() || *name == point.name);
        moved.map_or(line, |m| m.1) + shift
    }

    fn position(&self, point: &Point, value: f64) -> (f64, f64) {
        if self.vertical { (self.place(point), value) } else { (value, self.place(point)) }
    }

    /// Series in the order of their keys: intervals, then coefficients; the other way round without `citop` changes
    /// nothing but what covers what.
    pub(super) fn series(&self) -> Result<Vec<Series>> {
        let mut out = self.intervals()?;
        let points = self.coefficients();
        if self.choice.look.intervals_on_top {
            out.insert(0, points);
        } else {
            out.push(points);
        }
        Ok(out)
    }

    fn make(&self, label: String, shape: Shape, style: Style) -> Series {
        Series { label, number: self.choice.look.number.unwrap_or(self.number), shape, style }
    }

    fn intervals(&self) -> Result<Vec<Series>> {
        let look = &self.choice.look;
        let count =
            if self.choice.no_intervals { 0 } else { self.points.first().map_or(0, |p| p.intervals.len()) };
        let horizontal = !self.vertical;
        let mut out = Vec::new();
        for k in 0..count {
            let shape = look.shapes.get(k).or(look.shapes.last()).copied().unwrap_or(Interval::Spike);
            let mut style = look.intervals.get(k).or(look.intervals.last()).cloned().unwrap_or_default();
            style.color = style.color.or(look.marker.color);
            let with = self.points.iter().filter(|p| p.intervals.len() > k);
            let mut ranges: Vec<Range> = with
                .map(|p| Range { at: self.place(p), low: p.intervals[k].0, high: p.intervals[k].1 })
                .filter(|r| r.low.is_finite() && r.high.is_finite())
                .collect();
            let shape = match shape {
                Interval::Spike => Shape::Ranges { ranges, caps: false, horizontal },
                Interval::Cap => Shape::Ranges { ranges, caps: true, horizontal },
                Interval::Bar => {
                    style.line_width = style.line_width.or(Some(THICK));
                    Shape::Ranges { ranges, caps: false, horizontal }
                }
                Interval::Area | Interval::Line => {
                    ranges.sort_by(|a, b| a.at.total_cmp(&b.at));
                    self.along(&ranges, shape)?
                }
            };
            out.push(self.make(String::new(), shape, style));
        }
        Ok(out)
    }

    /// An area or two lines through the ends of the intervals.
    fn along(&self, ranges: &[Range], shape: Interval) -> Result<Shape> {
        if shape == Interval::Area {
            if !self.vertical {
                let what = "ciopts(recast(rarea)) without vertical";
                return Err(StataError::unsupported_option("coefplot", what));
            }
            return Ok(Shape::Band { ranges: ranges.to_vec() });
        }
        let turned = |at: f64, value: f64| if self.vertical { (at, value) } else { (value, at) };
        let mut points: Vec<(f64, f64)> = ranges.iter().map(|r| turned(r.at, r.low)).collect();
        points.push((f64::NAN, f64::NAN));
        points.extend(ranges.iter().map(|r| turned(r.at, r.high)));
        Ok(Shape::Line { points, step: false })
    }

    fn coefficients(&self) -> Series {
        let look = &self.choice.look;
        let mut points: Vec<(f64, f64)> = self.points.iter().map(|p| self.position(p, p.value)).collect();
        let drawn = look.drawn.unwrap_or(Drawn::Scatter);
        if drawn != Drawn::Scatter {
            let place = |p: &(f64, f64)| if self.vertical { p.0 } else { p.1 };
            points.sort_by(|a, b| place(a).total_cmp(&place(b)));
        }
        let shape = match drawn {
            Drawn::Scatter => Shape::Points { points },
            Drawn::Connected => Shape::Connected { points },
            Drawn::Line => Shape::Line { points, step: false },
            Drawn::Area => Shape::Area { points, base: 0.0 },
            Drawn::Bar => {
                let width = look.bar_width.unwrap_or(BAR_WIDTH);
                let bar = |p: &Point| Bar { at: self.place(p), from: 0.0, to: p.value, width };
                Shape::Bars { bars: self.points.iter().map(bar).collect(), horizontal: !self.vertical }
            }
        };
        let label = if self.choice.no_key { String::new() } else { self.label.clone() };
        self.make(label, shape, look.marker.clone())
    }

    /// The texts at the markers.
    pub(super) fn texts(&self) -> Vec<TextMark> {
        let look = &self.choice.look;
        let usual = look.text_clock.unwrap_or(if self.vertical { 3 } else { 12 });
        let mark = |p: &Point| {
            let (clock, text) = p.label.clone()?;
            let (x, y) = self.position(p, p.value);
            let clock = look.text_clock.or(clock).unwrap_or(usual);
            Some(TextMark { x, y, text, clock, color: look.text_color, size: look.text_size })
        };
        self.points.iter().filter_map(mark).collect()
    }
}
