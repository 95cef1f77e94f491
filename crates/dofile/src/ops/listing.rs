//! Listing rows of the data.

use super::listing_boxes;
use crate::error::{Result, StataError};
use crate::format::{self, Format};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use unicode_width::UnicodeWidthStr;

/// Options of a listing ([D] list). Those on the width of columns change nothing: columns are as wide as their values.
pub(crate) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Clean"),
    OptSpec::flag("noObs"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noHeader"),
    OptSpec::int("SEParator"),
    OptSpec::text("SEPBY"),
    OptSpec::int("ABbreviate"),
    OptSpec::flag("DIvider"),
    OptSpec::int("String"),
    OptSpec::flag_or_text("Mean"),
    OptSpec::flag_or_text("SUM"),
    OptSpec::flag_or_text("N"),
    OptSpec::text("LABVar"),
    OptSpec::flag("ABSolute"),
    OptSpec::flag("Table"),
    OptSpec::flag("Display"),
    OptSpec::flag_or_text("Header"),
    OptSpec::flag("Compress"),
    OptSpec::flag("noCompress"),
    OptSpec::flag("noTRim"),
    OptSpec::flag("fast"),
    OptSpec::int("Linesize"),
];

/// A column: its title, its texts, and whether they stand on the left.
pub(super) type Column = (String, Vec<String>, bool);

/// How rows are listed.
#[derive(Default)]
pub(crate) struct Table {
    /// No lines around the table.
    clean: bool,
    /// Row numbers.
    obs: bool,
    /// Names of the variables.
    header: bool,
    /// Numbers instead of value labels.
    nolabel: bool,
    /// Lines between the columns.
    divider: bool,
    /// A line after so many rows; 0 for none.
    separator: usize,
    /// A line where one of these variables changes.
    sepby: Vec<usize>,
    /// Width to which names are abbreviated.
    abbreviate: usize,
    /// Row that counts as the first one.
    first: usize,
    /// Most characters of a text.
    text_width: Option<usize>,
    /// The variable whose values stand in place of the row numbers.
    label: Option<usize>,
    /// Whether every row has a box of its own; by default where the table would be wider than the line.
    display: Option<bool>,
    /// Width of the line where it is not the session's.
    linesize: Option<usize>,
    /// Rows below the table: their title, and the variables that have a value there.
    summaries: Vec<(&'static str, Vec<usize>)>,
}

impl Table {
    /// Reads the options of a command.
    pub(crate) fn read(s: &Session, cmd: &ParsedCommand, vars: &[usize]) -> Result<Self> {
        let sepby = match cmd.options.text("sepby") {
            Some(l) => s.varlist(l)?,
            None => Vec::new(),
        };
        let default = if sepby.is_empty() { 5 } else { 0 };
        let text_width = cmd.options.int("string").map(|w| w.max(1) as usize);
        let mut summaries = Vec::new();
        for (option, title) in [("mean", "Mean"), ("sum", "Sum"), ("n", "N")] {
            if !cmd.has(option) {
                continue;
            }
            let named = match cmd.options.text(option) {
                Some(list) => s.varlist(list)?,
                None => vars.to_vec(),
            };
            summaries.push((title, named.into_iter().filter(|v| !s.frame.var(*v).is_string()).collect()));
        }
        if cmd.options.text("header").is_some_and(|t| !t.trim().is_empty()) {
            return Err(StataError::unsupported_option(&cmd.name, "header(#)"));
        }
        Ok(Self {
            clean: cmd.has("clean"),
            obs: !cmd.has("noobs"),
            header: !cmd.has("noheader"),
            nolabel: cmd.has("nolabel"),
            divider: cmd.has("divider"),
            separator: cmd.options.int("separator").unwrap_or(default).max(0) as usize,
            sepby,
            abbreviate: cmd.options.int("abbreviate").unwrap_or(8).clamp(5, 32) as usize,
            first: if cmd.has("absolute") { 0 } else { s.range().0 },
            text_width,
            label: cmd.options.text("labvar").map(|v| s.variable(v.trim())).transpose()?,
            display: cmd.has("display").then_some(true).or(cmd.has("table").then_some(false)),
            linesize: cmd.options.int("linesize").map(|n| n.clamp(40, 255) as usize),
            summaries,
        })
    }

    /// The same without row numbers and with a line where variable `v` changes.
    pub(crate) fn by_group(mut self, v: usize) -> Self {
        (self.obs, self.separator, self.sepby) = (false, 0, vec![v]);
        self
    }

    /// The text of a cell.
    fn text(&self, s: &Session, v: usize, r: usize) -> String {
        let text = s.cell_text(v, r, self.nolabel);
        match self.text_width.filter(|_| s.frame.var(v).is_string()) {
            Some(width) if text.chars().count() > width => {
                format!("{}..", text.chars().take(width).collect::<String>())
            }
            _ => text,
        }
    }

    /// Texts of the rows below the table.
    fn summary_cells(&self, s: &Session, rows: &[usize], v: usize) -> Vec<String> {
        let known = || rows.iter().map(|r| s.frame.num_at(v, *r)).filter(|x| !is_missing(*x));
        let n = || known().count() as f64;
        let text = |title: &str| match title {
            "Mean" => format::bare(&s.frame.var(v).format, known().sum::<f64>() / n()),
            "Sum" => format::bare(&s.frame.var(v).format, known().sum()),
            _ => format::bare("%9.0g", n()),
        };
        let cell = |(title, vars): &(&str, Vec<usize>)| {
            if vars.contains(&v) { text(title).trim().to_string() } else { String::new() }
        };
        self.summaries.iter().map(cell).collect()
    }

    /// The texts before the rows, and their width.
    fn stubs(&self, s: &Session, rows: &[usize]) -> (Vec<String>, usize) {
        let number = |r: &usize| match self.label {
            Some(v) => self.text(s, v, *r),
            None => (r + 1 - self.first).to_string(),
        };
        let mut out: Vec<String> = match self.obs || self.label.is_some() {
            true => rows.iter().map(|r| format!("{}. ", number(r))).collect(),
            false => vec![String::new(); rows.len()],
        };
        out.extend(self.summaries.iter().map(|(title, _)| format!("{title} ")));
        let least = if self.obs { 5 } else { 2 };
        let width = out.iter().map(|t| t.width()).max().unwrap_or(0).max(least);
        (out.iter().map(|t| format::right(t, width)).collect(), width)
    }

    /// Prints rows and variables.
    pub(crate) fn print(&self, s: &mut Session, rows: &[usize], vars: &[usize]) {
        let columns: Vec<Column> = vars
            .iter()
            .map(|&v| {
                let var = s.frame.var(v);
                let mut cells: Vec<String> = rows.iter().map(|&r| self.text(s, v, r)).collect();
                cells.extend(if self.summaries.is_empty() {
                    Vec::new()
                } else {
                    self.summary_cells(s, rows, v)
                });
                let left =
                    Format::parse(&var.format).is_some_and(|f| f.is_string()) && var.format.starts_with("%-");
                (format::abbrev(&var.name, self.abbreviate.max(5)), cells, left)
            })
            .collect();
        let widths: Vec<usize> = columns
            .iter()
            .map(|(n, cells, _)| cells.iter().map(|c| c.width()).max().unwrap_or(0).max(n.width()))
            .collect();
        let cell = |text: &str, w: usize, left: bool| {
            if left { format::left(text, w) } else { format::right(text, w) }
        };
        let gap = if self.divider && !self.clean { " | " } else { "   " };
        let line = |texts: Vec<String>| texts.join(gap);
        let inner = widths.iter().sum::<usize>() + gap.len() * (widths.len().saturating_sub(1)) + 2;
        let (stubs, stub_width) = self.stubs(s, rows);
        let indent = " ".repeat(stub_width);
        let linesize = self.linesize.unwrap_or(s.settings.linesize);
        let boxed = !self.clean && self.summaries.is_empty();
        if boxed && self.display.unwrap_or(stub_width + inner + 2 > linesize) {
            listing_boxes::print(s, &stubs, &columns, &widths, linesize.saturating_sub(stub_width + 2));
            return;
        }
        let head = line(columns.iter().zip(&widths).map(|(c, w)| cell(&c.0, *w, c.2)).collect());
        let rule = match self.divider {
            true => widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("+"),
            false => "-".repeat(inner),
        };
        s.print("");
        if self.clean {
            if self.header {
                s.print(format!("{indent}  {head}"));
            }
        } else {
            s.print(format!("{indent}+{}+", "-".repeat(inner)));
            if self.header {
                s.print(format!("{indent}| {head} |"));
                s.print(format!("{indent}|{rule}|"));
            }
        }
        for (k, label) in stubs.iter().enumerate() {
            if !self.clean && self.separated(s, rows, k) {
                s.print(format!("{indent}|{rule}|"));
            }
            let body = line(columns.iter().zip(&widths).map(|(c, w)| cell(&c.1[k], *w, c.2)).collect());
            s.print(if self.clean { format!("{label}  {body}") } else { format!("{label}| {body} |") });
        }
        if !self.clean {
            s.print(format!("{indent}+{}+", "-".repeat(inner)));
        }
    }

    /// Whether a line stands before row `k`; those below the table have one before the first of them.
    fn separated(&self, s: &Session, rows: &[usize], k: usize) -> bool {
        if k == 0 || k >= rows.len() {
            return k > 0 && k == rows.len();
        }
        if !self.sepby.is_empty() {
            return !s.frame.rows_equal(&self.sepby, rows[k - 1], rows[k]);
        }
        self.separator > 0 && k.is_multiple_of(self.separator)
    }
}

/// Lists rows with their numbers, for other commands.
pub(crate) fn list_rows(s: &mut Session, rows: &[usize], vars: &[usize]) {
    let usual = Table { obs: true, header: true, separator: 5, abbreviate: 8, ..Table::default() };
    usual.print(s, rows, vars);
}
