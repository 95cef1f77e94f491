//! A table as text, and how it is printed. A collection that is laid out gives one for each of its tables; file formats are in
//! `documents::collect`.

use crate::format;
use crate::session::Session;

/// How a table is drawn as text ([TABLES] Predefined styles).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Frame {
    /// As `table`: a vertical rule, columns three blanks apart, headings in the middle.
    #[default]
    Table,
    /// As `collect`: a vertical rule, columns one blank apart, headings on the right.
    Default,
    /// As `etable` and `dtable`: no vertical rule, columns one blank apart, headings in the middle.
    Open,
}

/// A table as text: the first cell of a line is its label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    /// Title above it.
    pub(crate) title: String,
    /// Name of the table where a layout has several.
    pub(crate) panel: String,
    /// Columns of labels on the left; one where it is zero.
    pub(crate) stub: usize,
    /// Lines of headings.
    pub(crate) head: Vec<Vec<String>>,
    /// Lines.
    pub(crate) rows: Vec<Vec<String>>,
    /// Notes under it.
    pub(crate) notes: Vec<String>,
    /// How it is drawn.
    pub(crate) frame: Frame,
}

impl Sheet {
    /// Number of columns of labels.
    pub(crate) fn labels(&self) -> usize {
        self.stub.max(1)
    }

    /// The same table with one column of labels: those of a line stand side by side.
    fn joined(&self) -> Self {
        let count = self.labels();
        let every = || self.head.iter().chain(&self.rows);
        let width = |j: usize| every().filter_map(|l| l.get(j)).map(|t| wide(t)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        let join = |line: &Vec<String>| -> Vec<String> {
            let cell = |j: usize| format::left(line.get(j).map_or("", String::as_str), widths[j]);
            let label: Vec<String> = (0..count).map(cell).collect();
            let rest = line.iter().skip(count).cloned();
            std::iter::once(label.join(" ").trim_end().to_string()).chain(rest).collect()
        };
        Self {
            head: self.head.iter().map(join).collect(),
            rows: self.rows.iter().map(join).collect(),
            stub: 1,
            ..self.clone()
        }
    }

    /// Prints it between rules, wide tables in parts, with its title and its notes.
    pub(crate) fn print(&self, s: &mut Session) {
        s.print("");
        if !self.title.is_empty() {
            s.print(&self.title);
        }
        self.print_body(s);
        self.notes.iter().for_each(|n| s.print(n));
    }

    /// Prints the lines alone.
    pub(crate) fn print_body(&self, s: &mut Session) {
        if self.labels() > 1 {
            return self.joined().print_body(s);
        }
        let every = || self.head.iter().chain(&self.rows);
        let columns = every().map(Vec::len).max().unwrap_or(1);
        let most = if self.frame == Frame::Table { 40 } else { 60 };
        let left = every().filter_map(|l| l.first()).map(|t| wide(t)).max().unwrap_or(0).clamp(1, most);
        let layout = Layout {
            left,
            frame: self.frame,
            widths: (1..columns).map(|j| self.width(j)).collect(),
            gap: if self.frame == Frame::Table { 3 } else { 1 },
        };
        let room = s.settings.linesize.saturating_sub(left + 4).max(20);
        let mut from = 0;
        if !self.panel.is_empty() {
            s.print(&self.panel);
        }
        while from < layout.widths.len() || from == 0 {
            let mut to = from;
            while to < layout.widths.len() && (to == from || layout.span(from, to + 1) <= room) {
                to += 1;
            }
            let (rule, inner) = layout.rules(from, to);
            s.print(&rule);
            for (n, line) in self.head.iter().enumerate() {
                let flat = match self.frame {
                    Frame::Table => n + 1 == self.head.len(),
                    Frame::Default => layout.full(line, from, to),
                    Frame::Open => false,
                };
                s.print(if flat { layout.cells(line, from, to) } else { layout.heading(line, from, to) });
            }
            s.print(&inner);
            for line in &self.rows {
                s.print(layout.cells(line, from, to));
            }
            s.print(&rule);
            from = to.max(1);
        }
    }

    /// Widths of the numbers and of the stars of a column; a heading over several columns does not widen the first.
    fn width(&self, j: usize) -> (usize, usize) {
        let cells = || self.rows.iter().filter_map(|l| l.get(j)).map(|t| starred(t));
        let number = cells().map(|c| wide(c.0)).max().unwrap_or(0);
        let stars = cells().map(|c| c.1.len()).max().unwrap_or(0);
        let heading = self.head.iter().enumerate().filter(|(n, line)| {
            let last = *n + 1 == self.head.len();
            last || line.len() == j + 1 || line.get(j + 1).is_some_and(|next| !next.is_empty())
        });
        let heading = heading.filter_map(|(_, line)| line.get(j)).map(|t| wide(t)).max().unwrap_or(0);
        (number.max(heading.saturating_sub(stars)).clamp(1, 28), stars)
    }
}

fn wide(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// A number and the stars behind it, with the blank before them.
fn starred(text: &str) -> (&str, &str) {
    match text.rfind(' ') {
        Some(at) if text.ends_with('*') && text[at + 1..].chars().all(|c| c == '*') => text.split_at(at),
        _ => (text, ""),
    }
}

/// Columns of a printed table.
struct Layout {
    left: usize,
    frame: Frame,
    /// Of the numbers and of their stars.
    widths: Vec<(usize, usize)>,
    /// Blanks between two columns.
    gap: usize,
}

impl Layout {
    /// Width of some columns with what stands between them and before the first.
    fn span(&self, from: usize, to: usize) -> usize {
        let own: usize = self.widths[from..to].iter().map(|w| w.0 + w.1 + self.gap).sum();
        own.saturating_sub(usize::from(self.frame == Frame::Table))
    }

    fn rules(&self, from: usize, to: usize) -> (String, String) {
        let body = "-".repeat(self.span(from, to));
        if self.frame == Frame::Open {
            let rule = format!("{}{body}", "-".repeat(self.left));
            return (rule.clone(), rule);
        }
        let label = "-".repeat(self.left + 1);
        (format!("{label}-{body}"), format!("{label}+{body}"))
    }

    fn label(&self, line: &[String]) -> String {
        let label = format::abbrev(line.first().map_or("", String::as_str), self.left);
        format!("{}{}", format::left(&label, self.left), if self.frame == Frame::Open { "" } else { " |" })
    }

    /// Blanks before a column.
    fn before(&self, first: bool) -> usize {
        if first && self.frame == Frame::Table { self.gap - 1 } else { self.gap }
    }

    fn cells(&self, line: &[String], from: usize, to: usize) -> String {
        let mut out = self.label(line);
        for j in from..to {
            let (number, stars) = starred(line.get(j + 1).map_or("", String::as_str));
            let (width, behind) = self.widths[j];
            let text = format::right(&format::abbrev(number, width), self.before(j == from) + width);
            out.push_str(&format!("{text}{stars:<behind$}"));
        }
        out.trim_end().to_string()
    }

    /// A line of headings; the text stands over its own column and the empty ones behind it.
    fn heading(&self, line: &[String], from: usize, to: usize) -> String {
        let mut out = self.label(line);
        let mut j = from;
        while j < to {
            let text = line.get(j + 1).map_or("", String::as_str);
            let mut next = j + 1;
            while next < to && !self.alone(line) && line.get(next + 1).is_none_or(|t| t.is_empty()) {
                next += 1;
            }
            let before = self.before(j == from);
            let width = self.span(j, next) + usize::from(self.frame == Frame::Table) - self.gap;
            let text = format::abbrev(text, width);
            let right = (width - wide(&text)) / 2;
            out.push_str(&format!("{}{}", format::right(&text, before + width - right), " ".repeat(right)));
            j = next;
        }
        out.trim_end().to_string()
    }

    /// Without a vertical rule a heading belongs to one column unless it is the only one of its line.
    fn alone(&self, line: &[String]) -> bool {
        self.frame == Frame::Open && line.iter().skip(1).filter(|t| !t.is_empty()).count() > 1
    }

    /// Every column has its own heading in this line.
    fn full(&self, line: &[String], from: usize, to: usize) -> bool {
        (from..to).all(|j| line.get(j + 1).is_some_and(|t| !t.is_empty()))
    }
}
