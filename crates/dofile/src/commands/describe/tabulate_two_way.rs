//! The table of `tabulate` with two variables.

use crate::format;
use crate::ops::two_way::{contributions, sums};
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// What a cell can show, in the order of its lines, and how the key names it.
const KINDS: [(&str, &str); 7] = [
    ("freq", "frequency"),
    ("expected", "expected frequency"),
    ("cchi2", "chi2 contribution"),
    ("clrchi2", "LR chi2 contribution"),
    ("row", "row percentage"),
    ("column", "column percentage"),
    ("cell", "cell percentage"),
];

/// Width of a column.
const COLUMN: usize = 10;

/// What each cell shows, as the options say.
pub(super) fn kinds(cmd: &ParsedCommand) -> Vec<&'static str> {
    let shown = |kind: &str| if kind == "freq" { !cmd.has("nofreq") } else { cmd.has(kind) };
    KINDS.into_iter().map(|(kind, _)| kind).filter(|kind| shown(kind)).collect()
}

/// The counts of a table, and those of its margins.
pub(super) struct Counts<'a> {
    cells: &'a [f64],
    rows: Vec<f64>,
    columns: Vec<f64>,
    total: f64,
}

impl<'a> Counts<'a> {
    /// Counts row by row, of a table of so many columns.
    pub(super) fn of(cells: &'a [f64], columns: usize) -> Self {
        let (rows, columns, total) = sums(cells.len() / columns, columns, cells);
        Self { cells, rows, columns, total }
    }

    fn cell(&self, i: usize, j: usize) -> f64 {
        self.cells[i * self.columns.len() + j]
    }

    /// The contribution to a test statistic; that of a margin is the sum of its cells.
    fn contribution(&self, kind: &str, i: Option<usize>, j: Option<usize>) -> f64 {
        let own = |at: Option<usize>, n: usize| at.map_or(0..n, |k| k..k + 1);
        let one = |i: usize, j: usize| {
            let (chi2, lr) = contributions(self.cell(i, j), self.rows[i] * self.columns[j] / self.total);
            if kind == "cchi2" { chi2 } else { lr }
        };
        let of_row = |i: usize| own(j, self.columns.len()).map(move |j| (i, j));
        own(i, self.rows.len()).flat_map(of_row).map(|(i, j)| one(i, j)).sum()
    }

    /// What a cell shows; `None` is a margin.
    fn text(&self, kind: &str, i: Option<usize>, j: Option<usize>) -> String {
        let row = i.map_or(self.total, |i| self.rows[i]);
        let column = j.map_or(self.total, |j| self.columns[j]);
        let n = match (i, j) {
            (Some(i), Some(j)) => self.cell(i, j),
            (Some(_), None) => row,
            (None, _) => column,
        };
        match kind {
            "freq" => format::bare("%11.0gc", n),
            "expected" => format!("{:.1}", row * column / self.total),
            "cchi2" | "clrchi2" => format!("{:.1}", self.contribution(kind, i, j)),
            "row" => format!("{:.2}", 100.0 * n / row),
            "column" => format!("{:.2}", 100.0 * n / column),
            _ => format!("{:.2}", 100.0 * n / self.total),
        }
    }
}

/// A table and its texts.
pub(super) struct Crosstab<'a> {
    pub(super) titles: (String, String),
    pub(super) levels: (&'a [String], &'a [String]),
    /// Width of the names of rows.
    pub(super) left: usize,
    pub(super) counts: Counts<'a>,
    pub(super) kinds: Vec<&'static str>,
}

impl Crosstab<'_> {
    /// Prints the table, in pages of as many columns as a line has room for.
    pub(super) fn show(&self, s: &mut Session, with_key: bool) {
        if self.kinds.is_empty() {
            return;
        }
        if self.kinds.len() > 1 && with_key {
            self.key(s);
        }
        let per_page = ((s.settings.linesize.saturating_sub(self.left + 15)) / (COLUMN + 1)).max(1);
        let all: Vec<usize> = (0..self.levels.1.len()).collect();
        all.chunks(per_page).for_each(|columns| self.page(s, columns));
        s.print("");
    }

    fn page(&self, s: &mut Session, columns: &[usize]) {
        let left = self.left;
        s.print("");
        let span = (COLUMN + 1) * columns.len();
        heads(s, &(&self.titles.0, &self.titles.1), left, span);
        let name = |j: &usize| {
            let text: String = self.levels.1[*j].chars().take(COLUMN - 1).collect();
            format!("{} ", format::right(&text, COLUMN))
        };
        let names: String = columns.iter().map(name).collect();
        let bottom = wrap(&self.titles.0, left).pop().unwrap_or_default();
        s.print(format!("{} |{names}|     Total", format::right(&bottom, left)));
        let rule = format!("{}+{}+{}", "-".repeat(left + 1), "-".repeat(span), "-".repeat(10));
        s.print(&rule);
        let rows = self.levels.0.len();
        for i in (0..rows).map(Some).chain([None]) {
            for (k, kind) in self.kinds.iter().enumerate() {
                let label = match (k, i) {
                    (0, Some(i)) => self.levels.0[i].chars().take(left).collect(),
                    (0, None) => "Total".to_string(),
                    _ => String::new(),
                };
                let cell =
                    |j: &usize| format!("{} ", format::right(&self.counts.text(kind, i, Some(*j)), COLUMN));
                let body: String = columns.iter().map(cell).collect();
                let total = format::right(&self.counts.text(kind, i, None), COLUMN);
                s.print(format!("{} |{body}|{total} ", format::right(&label, left)));
            }
            if i.is_some_and(|i| self.kinds.len() > 1 || i + 1 == rows) {
                s.print(&rule);
            }
        }
    }

    fn key(&self, s: &mut Session) {
        let shown = KINDS.iter().filter(|(kind, _)| self.kinds.contains(kind));
        let names: Vec<&str> = shown.map(|(_, name)| *name).collect();
        let w = names.iter().map(|n| n.len()).max().unwrap_or(0) + 2;
        s.print("");
        s.print(format!("+{}+", "-".repeat(w)));
        s.print(format!("| Key{}|", " ".repeat(w - 4)));
        s.print(format!("|{}|", "-".repeat(w)));
        for n in names {
            let gap = w - n.len();
            s.print(format!("|{}{n}{}|", " ".repeat(gap / 2), " ".repeat(gap - gap / 2)));
        }
        s.print(format!("+{}+", "-".repeat(w)));
    }
}

/// The lines above the names of the columns: the title of the columns in the middle, the title of the rows on the left
/// with its last line left out. Both end at the bottom.
pub(super) fn heads(s: &mut Session, titles: &(&str, &str), left: usize, span: usize) {
    let mut rows = wrap(titles.0, left);
    rows.pop();
    let columns = wrap(titles.1, span.saturating_sub(1));
    let lines = rows.len().max(columns.len());
    let at =
        |list: &[String], i: usize| (i + list.len()).checked_sub(lines).map_or("", |i| &list[i]).to_string();
    for i in 0..lines {
        let title = at(&columns, i);
        let gap = if title.is_empty() { 0 } else { (span + 1).saturating_sub(title.chars().count()) / 2 };
        s.print(format!("{} |{}{title}", format::right(&at(&rows, i), left), " ".repeat(gap)).trim_end());
    }
}

/// Breaks a title at blanks so that its lines fit.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(l) if l.chars().count() + 1 + word.chars().count() <= width => {
                l.push(' ');
                l.push_str(word);
            }
            // a word that is longer than a line goes on in the next one
            _ => lines.extend(word.chars().collect::<Vec<_>>().chunks(width.max(1)).map(String::from_iter)),
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}
