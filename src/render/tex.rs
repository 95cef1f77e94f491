//! A LaTeX fragment of the printed tables with the rules of `booktabs`; to be read by `\input`. Figures are left
//! to the png and pdf files.

use std::fmt::Write as _;

use super::grid::{Align, Grid, RowKind};
use super::report::Report;

/// Rows above which a table may run over several pages.
const LONG: usize = 45;

/// Writes the fragment.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "% {}", one_line(&report.title));
    for (key, value) in &report.facts {
        let _ = writeln!(out, "% {}: {}", one_line(key), one_line(value));
    }
    out.push_str(
        "% needs \\usepackage{booktabs} and, for tables over several pages, \\usepackage{longtable};\n",
    );
    out.push_str("% Chinese text needs ctex or xeCJK with XeLaTeX or LuaLaTeX\n");
    for grid in report.grids.iter().chain(&report.flow) {
        out.push('\n');
        if grid.rows.len() > LONG { long(&mut out, grid) } else { short(&mut out, grid) }
    }
    if !report.notes.is_empty() {
        let _ =
            writeln!(out, "\n\\begin{{quote}}\\footnotesize\n\\textbf{{{}.}}", escape(&report.notes_title));
        for note in &report.notes {
            let _ = writeln!(out, "{}\\par", escape(note));
        }
        out.push_str("\\end{quote}\n");
    }
    out
}

/// A comment ends with its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes text so that LaTeX prints it as it is; control characters become blanks.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' | '}' | '&' | '%' | '$' | '#' | '_' => {
                out.push('\\');
                out.push(c);
            }
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("''"),
            '`' => out.push_str("\\textasciigrave{}"),
            '²' => out.push_str("\\textsuperscript{2}"),
            '×' => out.push_str("$\\times$"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A cell: numbers get their own minus sign, stars go up.
fn cell(text: &str) -> String {
    let (body, stars) = text.split_at(text.trim_end_matches('*').len());
    let body = signs(&escape(body));
    // Behind the end of a row a bracket would be read as an option of it.
    let body = if body.starts_with(['[', '*']) { format!("{{}}{body}") } else { body };
    if stars.is_empty() { body } else { format!("{body}\\textsuperscript{{{stars}}}") }
}

/// Sets the minus of numbers, also of those in brackets.
fn signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let number_follows = rest.peek().is_some_and(char::is_ascii_digit);
        if c == '-' && number_follows && matches!(before, ' ' | '[' | '(') {
            out.push_str("$-$");
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

fn columns(grid: &Grid) -> String {
    grid.align
        .iter()
        .map(|align| match align {
            Align::Left => 'l',
            Align::Right => 'r',
            Align::Center => 'c',
        })
        .collect()
}

fn line(cells: &[String]) -> String {
    format!("{} \\\\\n", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" & "))
}

fn body(out: &mut String, grid: &Grid) {
    for row in &grid.rows {
        match row.kind {
            RowKind::Foot => out.push_str("\\midrule\n"),
            RowKind::Group => {
                let words = escape(row.cells.first().map_or("", String::as_str));
                let _ = writeln!(out, "\\multicolumn{{{}}}{{l}}{{\\textit{{{words}}}}} \\\\", grid.width());
                continue;
            }
            RowKind::Body | RowKind::Under => {}
        }
        out.push_str(&line(&row.cells));
    }
}

fn notes(out: &mut String, grid: &Grid) {
    for note in &grid.notes {
        let _ = writeln!(out, "\\par\\smallskip{{\\footnotesize {}}}", escape(note));
    }
}

fn short(out: &mut String, grid: &Grid) {
    let _ = writeln!(out, "\\begin{{table}}[htbp]\n\\centering\n\\caption{{{}}}", escape(&grid.title));
    let _ = writeln!(out, "\\begin{{tabular}}{{{}}}\n\\toprule", columns(grid));
    out.push_str(&line(&grid.head));
    out.push_str("\\midrule\n");
    body(out, grid);
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    notes(out, grid);
    out.push_str("\\end{table}\n");
}

fn long(out: &mut String, grid: &Grid) {
    let _ = writeln!(out, "\\begin{{longtable}}{{{}}}", columns(grid));
    let _ = writeln!(out, "\\caption{{{}}} \\\\\n\\toprule", escape(&grid.title));
    out.push_str(&line(&grid.head));
    out.push_str("\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n");
    body(out, grid);
    out.push_str("\\end{longtable}\n");
    notes(out, grid);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_a_command() {
        assert_eq!(
            escape("a_b & 5% \\input{x} $y$ #1"),
            "a\\_b \\& 5\\% \\textbackslash{}input\\{x\\} \\$y\\$ \\#1"
        );
        assert_eq!(
            escape("~^<>|"),
            "\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}\\textbar{}"
        );
        assert_eq!(escape("行业\n%"), "行业 \\%");
    }

    #[test]
    fn stars_and_signs_are_set() {
        assert_eq!(cell("-0.12**"), "$-$0.12\\textsuperscript{**}");
        assert_eq!(cell("-ve"), "-ve");
        assert_eq!(cell("[-0.1, 0.2]"), "{}[$-$0.1, 0.2]");
        assert_eq!(cell("1.5e-05"), "1.5e-05");
    }
}
