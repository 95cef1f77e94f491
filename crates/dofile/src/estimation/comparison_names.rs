//! The column of names in tables of comparisons: terms, and below each its comparisons with one more blank at the end.

use crate::format;
use crate::session::Session;
use unicode_width::UnicodeWidthStr;

/// Widths and text of the names of one table.
pub(super) struct Names {
    width: usize,
    equation: String,
}

impl Names {
    /// As wide as the longest term or label, within what the line size leaves next to `cells` characters of numbers.
    pub(super) fn of<'a>(
        session: &Session,
        equation: &str,
        cells: usize,
        rows: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let widest = session.settings.linesize.saturating_sub(cells + 2).max(12);
        let length = |text: &str| text.width();
        let of_label = |label: &str| match length(label) + 1 {
            whole if whole <= widest => whole,
            _ => parts(label, widest - 1).iter().map(|part| length(part) + 1).max().unwrap_or(0),
        };
        let longest = rows.map(|(block, label)| length(block).max(of_label(label))).max().unwrap_or(0);
        Self { width: longest.clamp(12, widest), equation: equation.to_string() }
    }

    /// The line above and below the table.
    pub(super) fn frame(&self, cells: usize) -> String {
        "-".repeat(self.width + 2 + cells)
    }

    /// The line between headings and rows.
    pub(super) fn rule(&self, cells: usize) -> String {
        format!("{}+{}", "-".repeat(self.width + 1), "-".repeat(cells))
    }

    /// A line with a name.
    pub(super) fn line(&self, name: &str, cells: &str) -> String {
        format!("{} |{cells}", format::right(&format::abbrev(name, self.width), self.width))
    }

    /// The equation above the terms.
    pub(super) fn print_equation(&self, session: &mut Session) {
        if !self.equation.is_empty() {
            let name = format::abbrev(&self.equation, self.width);
            session.print(format!("{}|", format::left(&name, self.width + 1)));
        }
    }

    /// Prints a comparison; one that is too long has its parentheses, or both sides and `vs`, in lines of their own.
    pub(super) fn print_level(&self, session: &mut Session, label: &str, cells: &str) {
        let room = self.width - 1;
        let mut lines: Vec<String> = vec![label.to_string()];
        if label.width() > room {
            lines = parts(label, room);
        }
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            session.print(format!("{}  |", format::right(&format::short_label(&line, room), room)));
        }
        session.print(format!("{}  |{cells}", format::right(&format::short_label(&last, room), room)));
    }
}

/// The lines of a comparison that is wider than `room`: factors that are compared in parentheses have a line each, and one
/// that is still too wide has its sides and the word between them in lines.
fn parts(label: &str, room: usize) -> Vec<String> {
    let factors = factors(label);
    if factors.len() == 1 {
        return label.split_inclusive(" vs ").flat_map(sides).collect();
    }
    let lines = factors.into_iter().flat_map(|factor| match factor.width() <= room {
        true => vec![factor.to_string()],
        false => factor.split_inclusive(" vs ").flat_map(sides).collect(),
    });
    lines.collect()
}

/// The parts of a label that compares more than one factor, `(HS vs not HS) (Female vs base)`; any other label whole.
fn factors(label: &str) -> Vec<&str> {
    let (mut depth, mut compares) = (0_usize, false);
    let mut out = Vec::new();
    let mut start = 0;
    for (at, letter) in label.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth > 0 => compares |= label[at..].starts_with(" vs "),
            ' ' if label[..at].ends_with(')') || label[at + 1..].starts_with('(') => {
                out.push(&label[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(&label[start..]);
    if compares { out } else { vec![label] }
}

/// A side of a comparison, and the word between the sides if it follows.
fn sides(part: &str) -> Vec<String> {
    match part.strip_suffix(" vs ") {
        Some(side) => vec![side.to_string(), "vs".to_string()],
        None => vec![part.to_string()],
    }
}
