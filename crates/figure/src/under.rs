//! A table under the horizontal axis of a plane: rows of texts at values of the axis (numbers at risk).

use super::axes::Labels;
use super::draw::Scale;
use super::metrics::width;
use super::page::{LINE, Rect, TEXT, face};
use super::panel::Sizes;
use super::style::Color;
use super::svg::{Anchor, Svg};
use std::fmt;
use std::sync::Arc;

/// Writes a value as text.
#[derive(Clone)]
pub struct TickText(pub Arc<dyn Fn(f64) -> String + Send + Sync>);

impl fmt::Debug for TickText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TickText(..)")
    }
}

/// One row of a table under the horizontal axis.
#[derive(Debug, Clone)]
pub struct Row {
    /// Text at its left.
    pub label: String,
    /// Text at a value of the axis.
    pub text: TickText,
    /// Colour, that of texts by default.
    pub color: Option<Color>,
    /// Font size in pixels.
    pub size: Option<f64>,
}

/// Rows of texts under the horizontal axis.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Text above the rows.
    pub title: String,
    /// Values of the axis; those of its labels when absent.
    pub at: Option<Vec<f64>>,
    /// The rows.
    pub rows: Vec<Row>,
    /// The texts of the rows stand at the right.
    pub right: bool,
}

impl Table {
    fn lines(&self) -> usize {
        self.rows.len() + usize::from(!self.title.is_empty())
    }

    /// Room that the texts of the rows take at the left and at the right of the plot.
    pub(super) fn sides(&self, sizes: &Sizes) -> (f64, f64) {
        let of = |row: &Row| width(&row.label, row.size.unwrap_or(sizes.label));
        let mut room = self.rows.iter().map(of).fold(0.0, f64::max);
        if !self.right {
            room = room.max(width(&self.title, sizes.label));
        }
        let room = if room > 0.0 { room + 4.0 * sizes.tick } else { 0.0 };
        if self.right { (0.0, room) } else { (room, 0.0) }
    }

    /// Height of the table.
    pub(super) fn height(&self, sizes: &Sizes) -> f64 {
        (self.lines() as f64 + 0.5) * sizes.label * LINE
    }

    /// Draws the table; `top` is its upper edge.
    pub(super) fn draw(
        &self,
        svg: &mut Svg,
        plot: Rect,
        top: f64,
        x: &Scale,
        labels: &Labels,
        sizes: &Sizes,
    ) {
        let at: Vec<f64> = match &self.at {
            Some(at) => at.clone(),
            None => labels.items.iter().map(|(at, _)| *at).collect(),
        };
        let (edge, anchor) = if self.right {
            (plot.right() + 4.0 * sizes.tick, Anchor::Start)
        } else {
            (plot.x - 3.0 * sizes.tick, Anchor::End)
        };
        let mut base = top + 0.5 * sizes.label * LINE;
        if !self.title.is_empty() {
            base += sizes.label * LINE;
            svg.text(
                edge,
                base - sizes.label * 0.3,
                &self.title,
                &face(sizes.label, TEXT, anchor, "table-title"),
            );
        }
        for row in &self.rows {
            base += sizes.label * LINE;
            let (size, color) = (row.size.unwrap_or(sizes.label), row.color.unwrap_or(TEXT));
            let line = base - sizes.label * 0.3;
            svg.text(edge, line, &row.label, &face(size, color, anchor, "table-label"));
            for place in &at {
                let Some(middle) = x.at(*place).filter(|m| *m >= plot.x - 1.0 && *m <= plot.right() + 1.0)
                else {
                    continue;
                };
                svg.text(middle, line, &row.text.0(*place), &face(size, color, Anchor::Middle, "table-cell"));
            }
        }
    }
}
