//! The second vertical axis of a plane, at the right.

use super::axes::{self, Extent};
use super::draw::Scale;
use super::metrics::wrap_to;
use super::model::{Axis, Plane, RefLine};
use super::page::{Context, LINE, Rect, TEXT, face};
use super::panel::{AXIS, Sizes, scale, widest};
use super::svg::{Anchor, Paint, Svg};

/// A second vertical axis.
#[derive(Debug, Clone, Default)]
pub struct Second {
    /// The axis.
    pub axis: Axis,
    /// Positions of its series among those of the plane.
    pub series: Vec<usize>,
    /// Reference lines at its values.
    pub lines: Vec<RefLine>,
}

/// The axis with its labels, before it is placed.
pub(super) struct Right<'a> {
    axis: &'a Axis,
    extent: Extent,
    labels: Vec<(f64, Vec<String>)>,
    title: Vec<String>,
    sizes: Sizes,
    /// Pixels that it takes beside the plot.
    pub(super) room: f64,
}

impl<'a> Right<'a> {
    /// Measures the axis for a cell.
    pub(super) fn new(plane: &Plane, second: &'a Second, cell: Rect, context: &Context) -> Self {
        let axis = &second.axis;
        let sizes = Sizes::new(axis, context);
        let extent = axes::second_extent(plane, second);
        let labels = axes::column(axis, &extent, sizes.label, cell.h * 0.85, cell.w * 0.3);
        let title = if axis.hidden || axis.title.is_empty() {
            Vec::new()
        } else {
            wrap_to(&axis.title, sizes.title, cell.h * 0.85, 2)
        };
        let mut room = title.len() as f64 * sizes.title * LINE;
        if !axis.hidden {
            room += widest(&labels, sizes.label) + 2.0 * sizes.tick;
        }
        Self { axis, extent, labels, title, sizes, room }
    }

    /// Its values on the page.
    pub(super) fn scale(&self, plot: Rect) -> Scale {
        scale(&self.extent, self.axis, plot.bottom(), plot.y)
    }

    /// Draws line, ticks, labels and title.
    pub(super) fn draw(&self, svg: &mut Svg, plot: Rect, y: &Scale) {
        if self.axis.hidden {
            return;
        }
        let paint = Paint::stroke(AXIS, 1.0);
        let (edge, sizes) = (plot.right(), &self.sizes);
        svg.line((edge, plot.y), (edge, plot.bottom()), &paint);
        for (value, lines) in &self.labels {
            let Some(at) = y.at(*value) else { continue };
            svg.line((edge, at), (edge + sizes.tick, at), &paint);
            let height = lines.len() as f64 * sizes.label * LINE;
            for (row, line) in lines.iter().enumerate() {
                let middle = at - height / 2.0 + (row as f64 + 0.5) * sizes.label * LINE;
                let face = face(sizes.label, TEXT, Anchor::Start, "tick");
                svg.text(edge + 1.7 * sizes.tick, middle + sizes.label * 0.36, line, &face);
            }
        }
        let mut at = edge + self.room - self.title.len() as f64 * sizes.title * LINE;
        for line in &self.title {
            at += sizes.title * LINE;
            let mut face = face(sizes.title, TEXT, Anchor::Middle, "axis-title");
            face.rotate = -90.0;
            svg.text(at - sizes.title * 0.2, plot.y + plot.h / 2.0, line, &face);
        }
    }
}
