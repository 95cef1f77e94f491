//! A LaTeX fragment of the printed tables with the rules of `booktabs`; to be read by `\input`. Figures are left
//! to the png and pdf files.

use std::fmt::Write as _;

use super::figure::picture_name;
use super::grid::{Align, Grid, RowKind};
use super::report::Report;

/// Rows above which a table may run over several pages.
const LONG: usize = 45;

/// Lines for the preamble of a document that reads the fragment.
const PREAMBLE: &str = "% Preamble:
%   \\usepackage{booktabs,longtable,graphicx}
%   \\usepackage[utf8]{inputenc}\\usepackage[T1]{fontenc}\\usepackage{textcomp}  % pdfLaTeX only
% Chinese text: \\usepackage[UTF8]{ctex} and XeLaTeX or LuaLaTeX instead of the second line.
";

/// Writes the fragment.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "% {}", one_line(&report.title));
    for (key, value) in &report.facts {
        let _ = writeln!(out, "% {}: {}", one_line(key), one_line(value));
    }
    out.push_str(PREAMBLE);
    for grid in report.printed() {
        out.push('\n');
        if grid.rows.len() > LONG { long(&mut out, grid) } else { short(&mut out, grid) }
    }
    for figure in &report.figures {
        picture(&mut out, &figure.file, &figure.title, &report.png_tag);
    }
    if !report.notes.is_empty() {
        let _ =
            writeln!(out, "\n\\begin{{quote}}\\footnotesize\n\\textbf{{{}.}}", escape(&report.notes_title));
        for note in &report.notes {
            let _ = writeln!(out, "{}\\par", escape(note));
        }
        out.push_str("\\end{quote}\n");
    }
    if !report.methods.is_empty() {
        let _ = writeln!(out, "\n\\clearpage\n\\section*{{{}}}", escape(&report.methods_title));
    }
    for part in &report.methods {
        let _ = writeln!(out, "\\subsection*{{{}}}", escape(&part.title));
        for text in &part.paragraphs {
            let _ = writeln!(out, "{}\\par", escape(text));
        }
    }
    out
}

/// A figure with its caption, if the png of the same request lies beside the document.
fn picture(out: &mut String, file: &str, title: &str, tag: &str) {
    let name = picture_name(file, tag);
    let _ = writeln!(
        out,
        "\n\\IfFileExists{{{name}}}{{%\n\\begin{{figure}}[htbp]\n\\centering\n\\includegraphics[width=\\textwidth]{{{name}}}\n\\caption{{{}}}\n\\end{{figure}}}}{{}}",
        escape(title)
    );
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
            'η' => out.push_str("$\\eta$"),
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

/// Characters above which a column of text is broken into lines.
const LONGEST: usize = 34;

/// The columns of a table that takes the whole width; long texts get a part of it.
fn columns(grid: &Grid) -> String {
    let longest = |j: usize| {
        let cells = grid.rows.iter().filter(|r| r.kind != RowKind::Group).filter_map(|r| r.cells.get(j));
        cells.map(|c| c.text.chars().count()).max().unwrap_or(0)
    };
    let broken = (0..grid.width()).filter(|j| grid.align[*j] == Align::Left && longest(*j) > LONGEST).count();
    let share = 0.6 / broken.max(1) as f64;
    let letter = |(j, align): (usize, &Align)| match align {
        Align::Left if longest(j) > LONGEST => {
            format!("p{{{:.2}\\textwidth}}", share.min(0.45))
        }
        Align::Left => "l".to_owned(),
        Align::Right => "r".to_owned(),
        Align::Center => "c".to_owned(),
    };
    let letters: String = grid.align.iter().enumerate().map(letter).collect();
    format!("@{{\\extracolsep{{\\fill}}}}{letters}@{{}}")
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("{} \\\\\n", cells.map(cell).collect::<Vec<_>>().join(" & "))
}

/// The headings between the upper rule and the first row.
fn head(out: &mut String, grid: &Grid) {
    if !grid.over.is_empty() {
        let (span, last) = (grid.width() - 1, grid.width());
        let words = escape(&grid.over);
        let _ = writeln!(out, " & \\multicolumn{{{span}}}{{c}}{{{words}}} \\\\\n\\cmidrule(l){{2-{last}}}");
    }
    out.push_str(&line(grid.head.iter().map(String::as_str)));
    out.push_str("\\midrule\n");
}

fn body(out: &mut String, grid: &Grid) {
    for row in &grid.rows {
        match row.kind {
            RowKind::Foot => out.push_str("\\midrule\n"),
            RowKind::Group => {
                let words = escape(row.cells.first().map_or("", |c| c.text.as_str()));
                let _ = writeln!(out, "\\multicolumn{{{}}}{{l}}{{\\textit{{{words}}}}} \\\\", grid.width());
                continue;
            }
            RowKind::Body | RowKind::Under => {}
        }
        if row.inset {
            out.push_str("\\quad ");
        }
        out.push_str(&line(row.cells.iter().map(|c| c.text.as_str())));
    }
}

fn notes(out: &mut String, grid: &Grid) {
    for note in &grid.notes {
        let _ = writeln!(
            out,
            "\\par\\smallskip\\begin{{minipage}}{{\\textwidth}}\\footnotesize {}\\end{{minipage}}",
            escape(note)
        );
    }
}

/// Smaller type for tables with many columns.
fn small(grid: &Grid) -> &'static str {
    match grid.width() {
        0..=6 => "\\small",
        7..=8 => "\\footnotesize",
        _ => "\\scriptsize\\setlength{\\tabcolsep}{2pt}",
    }
}

fn short(out: &mut String, grid: &Grid) {
    let _ = writeln!(out, "\\begin{{table}}[htbp]\n\\centering\n\\caption{{{}}}", escape(&grid.title));
    let _ =
        writeln!(out, "{}\n\\begin{{tabular*}}{{\\textwidth}}{{{}}}\n\\toprule", small(grid), columns(grid));
    head(out, grid);
    body(out, grid);
    out.push_str("\\bottomrule\n\\end{tabular*}\n");
    notes(out, grid);
    out.push_str("\\end{table}\n");
}

fn long(out: &mut String, grid: &Grid) {
    out.push_str("\\begingroup\\setlength{\\LTleft}{0pt}\\setlength{\\LTright}{0pt}\n");
    let _ = writeln!(out, "{}\n\\begin{{longtable}}{{{}}}", small(grid), columns(grid));
    let _ = writeln!(out, "\\caption{{{}}} \\\\\n\\toprule", escape(&grid.title));
    head(out, grid);
    out.push_str("\\endhead\n\\bottomrule\n\\endfoot\n");
    body(out, grid);
    out.push_str("\\end{longtable}\n");
    notes(out, grid);
    out.push_str("\\endgroup\n");
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
