//! The table that `table`, `dtable` or `etable` showed last: its text, how it is printed and where it is kept until `collect`
//! exports it. File formats are in `documents::collect`.

use crate::format;
use crate::session::{Extension, Session};

/// A table as text: the first cell of a line is its label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    /// Title above it.
    pub(crate) title: String,
    /// Lines of headings.
    pub(crate) head: Vec<Vec<String>>,
    /// Lines.
    pub(crate) rows: Vec<Vec<String>>,
    /// Notes under it.
    pub(crate) notes: Vec<String>,
}

impl Extension for Sheet {}

impl Sheet {
    /// Makes it the current collection.
    pub(crate) fn keep(self, s: &mut Session) {
        s.extensions.set(self);
    }

    /// The current collection.
    pub(crate) fn current(s: &mut Session) -> Option<&mut Self> {
        s.extensions.get_mut()
    }

    /// Forgets the current collection.
    pub(crate) fn clear(s: &mut Session) {
        s.extensions.remove::<Self>();
    }

    /// Prints it between rules, wide tables in parts.
    pub(crate) fn print(&self, s: &mut Session) {
        let len = |t: &str| unicode_width::UnicodeWidthStr::width(t);
        let every = || self.head.iter().chain(&self.rows);
        let columns = every().map(Vec::len).max().unwrap_or(1);
        let left = every().filter_map(|l| l.first()).map(|t| len(t)).max().unwrap_or(0).clamp(8, 32);
        let widths: Vec<usize> = (1..columns)
            .map(|j| {
                // a heading over several columns does not widen the first of them
                let under = self.head.last().into_iter().chain(&self.rows);
                under.filter_map(|l| l.get(j)).map(|t| len(t)).max().unwrap_or(0).clamp(7, 28) + 2
            })
            .collect();
        let room = s.settings.linesize.saturating_sub(left + 4).max(20);
        let mut from = 0;
        s.print("");
        if !self.title.is_empty() {
            s.print(&self.title);
        }
        while from < widths.len() || from == 0 {
            let mut to = from;
            let mut total = 0;
            while to < widths.len() && (to == from || total + widths[to] <= room) {
                total += widths[to];
                to += 1;
            }
            let rule = format!("{}+{}", "-".repeat(left + 1), "-".repeat(total + 1));
            s.print("-".repeat(left + total + 3));
            for (n, line) in self.head.iter().enumerate() {
                let last = n + 1 == self.head.len();
                s.print(part(line, left, &widths, (from, to), last).trim_end());
            }
            s.print(&rule);
            for line in &self.rows {
                s.print(part(line, left, &widths, (from, to), true).trim_end());
            }
            s.print("-".repeat(left + total + 3));
            from = to.max(1);
        }
        self.notes.iter().for_each(|n| s.print(n));
    }
}

/// One line of some columns; headings over several columns run on to the right.
fn part(line: &[String], left: usize, widths: &[usize], (from, to): (usize, usize), cells: bool) -> String {
    let label = format::abbrev(line.first().map_or("", String::as_str), left);
    let mut out = format!("{} |", format::left(&label, left));
    if cells {
        for (j, width) in widths.iter().enumerate().take(to).skip(from) {
            let text = line.get(j + 1).map_or("", String::as_str);
            out.push_str(&format::right(&format::abbrev(text, width - 2), *width));
        }
        return out;
    }
    let mut j = from;
    while j < to {
        let text = line.get(j + 1).map_or("", String::as_str);
        let mut width = widths[j];
        let mut next = j + 1;
        while next < to && line.get(next + 1).is_none_or(|t| t.is_empty()) {
            width += widths[next];
            next += 1;
        }
        out.push_str(&format!("  {}", format::left(&format::abbrev(text, width - 2), width - 2)));
        j = next;
    }
    out
}
