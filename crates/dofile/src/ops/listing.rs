//! Listing rows of the data.

use crate::format::{self, Format};
use crate::session::Session;
use unicode_width::UnicodeWidthStr;

/// How rows are listed.
pub(crate) struct Table {
    /// No lines around the table.
    pub(crate) clean: bool,
    /// Row numbers.
    pub(crate) obs: bool,
    /// Names of the variables.
    pub(crate) header: bool,
    /// Numbers instead of value labels.
    pub(crate) nolabel: bool,
    /// A line after so many rows; 0 for none.
    pub(crate) separator: usize,
    /// A line where one of these variables changes.
    pub(crate) sepby: Vec<usize>,
    /// Width to which names are abbreviated.
    pub(crate) abbreviate: usize,
    /// Row that counts as the first one.
    pub(crate) first: usize,
}

impl Table {
    /// Prints rows and variables.
    pub(crate) fn print(&self, s: &mut Session, rows: &[usize], vars: &[usize]) {
        let columns: Vec<(String, Vec<String>, bool)> = vars
            .iter()
            .map(|&v| {
                let var = s.frame.var(v);
                let cells: Vec<String> = rows.iter().map(|&r| s.cell_text(v, r, self.nolabel)).collect();
                let left =
                    Format::parse(&var.format).is_some_and(|f| f.is_string()) && var.format.starts_with("%-");
                (format::abbrev(&var.name, self.abbreviate.max(5)), cells, left)
            })
            .collect();
        let widths: Vec<usize> = columns
            .iter()
            .map(|(n, cells, _)| cells.iter().map(|c| c.width()).max().unwrap_or(0).max(n.width()))
            .collect();
        let number = if self.obs {
            rows.iter().max().map_or(1, |r| (r + 1 - self.first).to_string().len()).max(3)
        } else {
            0
        };
        let cell = |text: &str, w: usize, left: bool| {
            if left { format::left(text, w) } else { format::right(text, w) }
        };
        let gap = "   ";
        let line = |texts: Vec<String>| texts.join(gap);
        let inner = widths.iter().sum::<usize>() + gap.len() * (widths.len().saturating_sub(1)) + 2;
        let indent = " ".repeat(if self.obs { number + 2 } else { 2 });
        let head = line(columns.iter().zip(&widths).map(|(c, w)| cell(&c.0, *w, c.2)).collect());
        s.print("");
        if self.clean {
            if self.header {
                s.print(format!("{indent}{gap}{head}"));
            }
        } else {
            s.print(format!("{indent}+{}+", "-".repeat(inner)));
            if self.header {
                s.print(format!("{indent}| {head} |"));
                s.print(format!("{indent}|{}|", "-".repeat(inner)));
            }
        }
        for (k, &r) in rows.iter().enumerate() {
            let by_break =
                k > 0 && !self.sepby.is_empty() && !s.frame.rows_equal(&self.sepby, rows[k - 1], r);
            let counted = self.separator > 0 && k > 0 && k % self.separator == 0;
            if !self.clean && (by_break || (counted && self.sepby.is_empty())) {
                s.print(format!("{indent}|{}|", "-".repeat(inner)));
            }
            let body = line(columns.iter().zip(&widths).map(|(c, w)| cell(&c.1[k], *w, c.2)).collect());
            let label = if self.obs {
                format!("{:>width$}. ", r + 1 - self.first, width = number)
            } else {
                indent.clone()
            };
            s.print(if self.clean { format!("{label}{gap}{body}") } else { format!("{label}| {body} |") });
        }
        if !self.clean {
            s.print(format!("{indent}+{}+", "-".repeat(inner)));
        }
    }
}

/// Lists rows with their numbers, for other commands.
pub(crate) fn list_rows(s: &mut Session, rows: &[usize], vars: &[usize]) {
    let t = Table {
        clean: false,
        obs: true,
        header: true,
        nolabel: false,
        separator: 5,
        sepby: Vec::new(),
        abbreviate: 8,
        first: 0,
    };
    t.print(s, rows, vars);
}
