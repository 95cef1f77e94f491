//! A matrix as a table: its column names, a rule, and a row for each of its rows, as `matlist` and the commands that
//! use it show it ([P] matlist).

use crate::format::{self, Format};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::value::missing_text;

/// How a table is drawn.
pub(crate) struct Look {
    /// Format of the cells.
    pub(crate) format: Format,
    /// Width of the row names.
    pub(crate) names: usize,
    /// Columns left of the table.
    pub(crate) left: usize,
    /// Column names and the rule under them.
    pub(crate) heads: bool,
    /// Text above the row names.
    pub(crate) row_title: String,
    /// Rules above, below, left and right.
    pub(crate) border: [bool; 4],
    /// A rule under the column names and behind the row names.
    pub(crate) rule: bool,
    /// Underscores of names are blanks.
    pub(crate) underscore: bool,
    /// Only the lower half of a symmetric matrix.
    pub(crate) half: bool,
    /// A missing value .z is blank.
    pub(crate) blank_z: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            format: Format::parse("%9.0g").expect("a format"),
            names: 12,
            left: 0,
            heads: true,
            row_title: String::new(),
            border: [false; 4],
            rule: true,
            underscore: false,
            half: true,
            blank_z: false,
        }
    }
}

/// Prints a matrix without equations.
pub(crate) fn draw(s: &mut Session, m: &Matrix, look: &Look) {
    let width = look.format.width();
    let indent = " ".repeat(look.left);
    let [top, bottom, left, right] = look.border;
    let side = |on: bool| if on { "|" } else { "" };
    let bar = if look.rule { "|" } else { " " };
    let name = |stripe: &Stripe, width: usize| {
        let text = if look.underscore { stripe.name.replace('_', " ") } else { stripe.name.clone() };
        format::right(&format::abbrev(&text, width), width)
    };
    let half = look.half && m.rows() > 1 && m.is_symmetric() && m.row_names == m.col_names;
    let cell = |i: usize, j: usize| {
        let x = m.get(i, j);
        let hidden = half && j > i || look.blank_z && missing_text(x) == ".z";
        if hidden { " ".repeat(width) } else { format::right(&look.format.bare(x), width) }
    };
    let room = s.settings.linesize.saturating_sub(look.left + look.names + 2);
    let fit = (room / (width + 2)).max(1);
    for first in (0..m.cols()).step_by(fit) {
        let columns = first..m.cols().min(first + fit);
        let total = (width + 2) * columns.len();
        let edge = |on: bool| if on { "+" } else { "" };
        let end = format!("{indent}{}{}{}", edge(left), "-".repeat(look.names + 2 + total), edge(right));
        if first > 0 {
            s.print("");
        }
        if top {
            s.print(&end);
        }
        let heads: String = columns.clone().map(|j| format!(" {} ", name(&m.col_names[j], width))).collect();
        let title = format::right(&format::abbrev(&look.row_title, look.names), look.names);
        if look.heads {
            s.print(format!("{indent}{}{title} {bar}{heads}{}", side(left), side(right)));
        }
        if look.heads && look.rule {
            let rule = format!("{}+{}", "-".repeat(look.names + 1), "-".repeat(total));
            s.print(format!("{indent}{}{rule}{}", side(left), side(right)));
        }
        for i in 0..m.rows() {
            let cells: String = columns.clone().map(|j| format!(" {} ", cell(i, j))).collect();
            let row = name(&m.row_names[i], look.names);
            s.print(format!("{indent}{}{row} {bar}{cells}{}", side(left), side(right)));
        }
        if bottom {
            s.print(&end);
        }
    }
}
