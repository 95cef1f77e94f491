//! The table of `outreg2`: columns of models that are added one by one, as tabbed text, LaTeX, RTF and SpreadsheetML.

use crate::format;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use std::fmt::Write as _;

/// A row: its name and one cell for each column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    /// The equation, where several stand in one column.
    pub(super) equation: String,
    pub(super) name: String,
    pub(super) cells: Vec<String>,
    /// Lines of cells below, such as standard errors.
    pub(super) below: Vec<Vec<String>>,
}

impl Row {
    /// A row of one column.
    pub(super) fn new(name: impl Into<String>, cell: String) -> Self {
        Self { name: name.into(), cells: vec![cell], ..Self::default() }
    }
}

/// The table of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub(super) title: String,
    /// Headings of the columns.
    pub(super) columns: Vec<String>,
    /// Coefficients.
    pub(super) rows: Vec<Row>,
    /// Statistics and added texts.
    pub(super) statistics: Vec<Row>,
    pub(super) notes: Vec<String>,
}

/// Name of the row of the constant, which stays the last one.
pub(super) const CONSTANT: &str = "Constant";
const HEADING: &str = "VARIABLES";

impl Table {
    /// Adds a table of one column at the right.
    pub(super) fn append(&mut self, other: Self) {
        let width = self.columns.len();
        self.columns.extend(other.columns);
        join(&mut self.rows, other.rows, width, true);
        join(&mut self.statistics, other.statistics, width, false);
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        if self.title.is_empty() {
            self.title = other.title;
        }
    }

    /// Reads the text that [`Table::text`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().peekable();
        let mut table = Self::default();
        let mut titles = Vec::new();
        while let Some(line) = lines.next_if(|l| !l.starts_with("\t(1)")) {
            titles.push(line);
        }
        table.title = titles.join("\n").trim().to_string();
        lines.next()?;
        let cells = |line: &str| line.split('\t').map(str::to_string).collect::<Vec<_>>();
        let head = cells(lines.next()?);
        if head[0] != HEADING {
            return None;
        }
        table.columns = head[1..].to_vec();
        let width = table.columns.len();
        let is_blank = |line: &str| line.trim_matches('\t').is_empty();
        let mut part = 0;
        let mut equation = String::new();
        for line in lines {
            if is_blank(line) {
                part += 1;
                continue;
            }
            let mut all = cells(line);
            let heading = part == 1 && all.len() > 1 && all[1..].iter().all(String::is_empty);
            if heading {
                equation.clone_from(&all[0]);
            } else if all.len() < 2 || part > 2 || all[1..].iter().all(String::is_empty) {
                table.notes.push(all.swap_remove(0));
                continue;
            }
            let name = all.remove(0);
            all.resize(width, String::new());
            let rows = if part == 1 { &mut table.rows } else { &mut table.statistics };
            match rows.last_mut().filter(|_| name.is_empty()) {
                Some(last) => last.below.push(all),
                None => {
                    let equation = if part == 1 { equation.clone() } else { String::new() };
                    rows.push(Row { equation, name, cells: all, below: Vec::new() });
                }
            }
        }
        Some(table)
    }

    /// Lines of cells; the notes have one cell.
    fn lines(&self) -> Vec<Vec<String>> {
        let width = self.columns.len();
        let blank = || vec![String::new(); width + 1];
        let with = |name: &str, cells: &[String]| -> Vec<String> {
            std::iter::once(name.to_string()).chain(cells.iter().cloned()).collect()
        };
        let mut out = vec![
            with("", &(1..=width).map(|k| format!("({k})")).collect::<Vec<_>>()),
            with(HEADING, &self.columns),
            blank(),
        ];
        for rows in [&self.rows, &self.statistics] {
            for row in rows {
                out.push(with(&row.name, &row.cells));
                out.extend(row.below.iter().map(|line| with("", line)));
            }
            if std::ptr::eq(rows, &self.rows) {
                out.push(blank());
            }
        }
        out
    }

    /// Quoted cells with commas between them.
    pub(super) fn commas(&self) -> String {
        let quoted = |line: &str| {
            let cells = line.split('\t').map(|c| {
                if c.is_empty() { String::new() } else { format!("\"{}\"", c.replace('"', "\"\"")) }
            });
            cells.collect::<Vec<_>>().join(",")
        };
        self.text().lines().map(|line| quoted(line) + "\n").collect()
    }

    /// Rows of cells, with the title and the notes: the data set of `dta`.
    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        self.text().lines().map(|line| line.split('\t').map(str::to_string).collect()).collect()
    }

    /// Cells with tabs between them.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        if !self.title.is_empty() {
            let _ = writeln!(out, "{}", self.title);
        }
        for line in self.lines() {
            let _ = writeln!(out, "{}", line.join("\t"));
        }
        let tail = "\t".repeat(self.columns.len());
        for note in &self.notes {
            let _ = writeln!(out, "{note}{tail}");
        }
        out
    }

    /// A LaTeX document, or only its table.
    pub(super) fn latex(&self, fragment: bool) -> String {
        let safe = |t: &str| {
            if is_latex(t) {
                return t.to_string();
            }
            t.chars().fold(String::new(), |mut out, c| {
                match c {
                    '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
                    '<' | '>' => out.extend(['$', c, '$']),
                    _ => out.push(c),
                }
                out
            })
        };
        let mut out = String::new();
        if !fragment {
            out.push_str("\\documentclass[]{article}\n\\begin{document}\n");
        }
        let width = self.columns.len();
        let _ = writeln!(out, "\\begin{{tabular}}{{l{}}}", "c".repeat(width));
        if !self.title.is_empty() {
            let _ = writeln!(out, "\\multicolumn{{{}}}{{c}}{{{}}} \\\\", width + 1, safe(&self.title));
        }
        out.push_str("\\hline\n");
        for (k, line) in self.lines().iter().enumerate() {
            let cells: Vec<String> = line.iter().map(|c| safe(c)).collect();
            let _ = writeln!(out, "{} \\\\{}", cells.join(" & "), if k == 1 { " \\hline" } else { "" });
        }
        out.push_str("\\hline\n");
        for note in &self.notes {
            let _ = writeln!(out, "\\multicolumn{{{}}}{{c}}{{ {}}} \\\\", width + 1, safe(note));
        }
        out.push_str("\\end{tabular}\n");
        if !fragment {
            out.push_str("\\end{document}\n");
        }
        out
    }

    /// A document in Rich Text Format.
    pub(super) fn rtf(&self) -> String {
        let safe = |t: &str| {
            t.chars().fold(String::new(), |mut out, c| {
                match c {
                    '\\' | '{' | '}' => out.extend(['\\', c]),
                    c if c.is_ascii() => out.push(c),
                    c => {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            let _ = write!(out, "\\u{}?", *unit as i16);
                        }
                    }
                }
                out
            })
        };
        let mut out = String::from("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Times New Roman;}}\\fs24\n");
        if !self.title.is_empty() {
            let _ = writeln!(out, "\\pard\\qc {}\\par", safe(&self.title));
        }
        for line in self.lines() {
            out.push_str("\\trowd\\trqc");
            for k in 0..line.len() {
                let _ = write!(out, "\\cellx{}", 2600 + 1500 * k);
            }
            for (k, cell) in line.iter().enumerate() {
                let align = if k == 0 { "ql" } else { "qc" };
                let _ = write!(out, "\\pard\\intbl\\{align} {}\\cell", safe(cell));
            }
            out.push_str("\\row\n");
        }
        for note in &self.notes {
            let _ = writeln!(out, "\\pard\\qc {}\\par", safe(note));
        }
        out.push_str("}\n");
        out
    }

    /// A workbook in the XML of Excel 2003.
    pub(super) fn workbook(&self) -> String {
        let safe = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut out = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
             <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
             xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">\n<Worksheet ss:Name=\"Sheet1\"><Table>\n",
        );
        let title = (!self.title.is_empty()).then(|| vec![self.title.clone()]);
        let notes = self.notes.iter().map(|n| vec![n.clone()]);
        for line in title.into_iter().chain(self.lines()).chain(notes) {
            out.push_str("<Row>");
            for cell in line {
                let _ = write!(out, "<Cell><Data ss:Type=\"String\">{}</Data></Cell>", safe(&cell));
            }
            out.push_str("</Row>\n");
        }
        out.push_str("</Table></Worksheet></Workbook>\n");
        out
    }
}

/// Text that an author wrote in LaTeX (`$\times$`), which stays as it is.
fn is_latex(text: &str) -> bool {
    text.contains('\\') || text.matches('$').count() >= 2
}

/// Adds the cells of one more column; new rows go to the end of their equation, before its constant.
fn join(rows: &mut Vec<Row>, new: Vec<Row>, width: usize, coefficients: bool) {
    for mut row in new {
        if let Some(old) = rows.iter_mut().find(|r| r.name == row.name && r.equation == row.equation) {
            old.cells.resize(width, String::new());
            old.cells.append(&mut row.cells);
            let lines = old.below.len().max(row.below.len());
            old.below.resize(lines, Vec::new());
            row.below.resize(lines, vec![String::new()]);
            for (line, mut more) in old.below.iter_mut().zip(row.below) {
                line.resize(width, String::new());
                line.append(&mut more);
            }
            continue;
        }
        for line in std::iter::once(&mut row.cells).chain(&mut row.below) {
            line.splice(0..0, std::iter::repeat_n(String::new(), width));
        }
        let own = |r: &Row| r.equation == row.equation;
        let constant = rows.iter().position(|r| coefficients && own(r) && r.name == CONSTANT);
        let end = rows.iter().rposition(own).map_or(rows.len(), |i| i + 1);
        rows.insert(constant.unwrap_or(end), row);
    }
    for row in rows.iter_mut() {
        row.cells.resize(width + 1, String::new());
        for line in &mut row.below {
            line.resize(width + 1, String::new());
        }
    }
}

/// How many digits a number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// Decimals.
    Decimals(i64),
    /// So many that count, one more for numbers from one to ten: `auto(#)`.
    Significant(i64),
}

impl Digits {
    /// Those of the option `own`, of `dec()`, or of `auto()`, which is 3 by default.
    pub(super) fn of(cmd: &ParsedCommand, own: &str) -> Self {
        let decimals = cmd.options.int(own).or(cmd.options.int("dec"));
        let significant = cmd.options.int("auto").map_or(3, |n| n.clamp(1, 11));
        decimals.map_or(Self::Significant(significant), Self::Decimals)
    }
}

/// So many significant digits, one more from one to ten; commas from a thousand on.
fn automatic(x: f64, digits: i64) -> String {
    let a = x.abs();
    if is_missing(x) {
        return ".".to_string();
    }
    if a == 0.0 {
        return "0".to_string();
    }
    // a number that so many digits round up to a power of ten belongs to that power
    let power = (a / (1.0 - 0.5 * 10_f64.powi(-digits as i32))).log10().floor() as i64;
    let decimals = (digits - power - i64::from(power < 0)).max(0);
    let text = match decimals {
        own if own > digits + 3 => format::bare(&format!("%9.{}e", digits - 1), x),
        own if a >= 999.5 => format::bare(&format!("%20.{own}fc"), x),
        own => format!("{x:.*}", own as usize),
    };
    text.trim().to_string()
}

/// A number with so many digits.
pub(super) fn number(x: f64, digits: Digits) -> String {
    match digits {
        _ if is_missing(x) => ".".to_string(),
        Digits::Decimals(d) => format::bare(&format!("%20.{}fc", d.clamp(0, 11)), x).trim().to_string(),
        Digits::Significant(n) => automatic(x, n),
    }
}
