//! A LaTeX fragment of the printed tables with the rules of `booktabs`; to be read by `\input`. Figures are left
//! to the png and pdf files.

use std::fmt::Write as _;

use super::figure::{Figure, picture_name};
use super::grid::{Align, Grid, RowKind};
use super::report::Report;
use super::tex_prose::{STRETCH, prose};

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
        picture(&mut out, figure, &report.png_tag);
    }
    if !report.notes.is_empty() {
        let _ =
            writeln!(out, "\n\\begin{{quote}}\\footnotesize\n\\textbf{{{}.}}", escape(&report.notes_title));
        for note in &report.notes {
            let _ = writeln!(out, "{}\\par", prose(note));
        }
        out.push_str("\\end{quote}\n");
    }
    if !report.methods.is_empty() {
        let _ = writeln!(out, "\n\\clearpage\n\\section*{{{}}}", escape(&report.methods_title));
    }
    for part in &report.methods {
        let _ = writeln!(out, "\\subsection*{{{}}}", escape(&part.title));
        for text in &part.paragraphs {
            let _ = writeln!(out, "{{{STRETCH}{}\\par}}", prose(text));
        }
    }
    out
}

/// A figure with its caption, if the png of the same request lies beside the document.
fn picture(out: &mut String, figure: &Figure, tag: &str) {
    let name = picture_name(&figure.file, tag);
    let width = figure.width_mm.map_or_else(|| "\\textwidth".to_owned(), |mm| format!("{mm}mm"));
    let _ = writeln!(
        out,
        "\n\\IfFileExists{{{name}}}{{%\n\\begin{{figure}}[htbp]\n\\centering\n\\includegraphics[width={width}]{{{name}}}\n\\caption{{{}}}\n\\end{{figure}}}}{{}}",
        escape(&figure.title)
    );
}

/// A comment ends with its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes text so that LaTeX prints it as it is; control characters become blanks.
pub(super) fn escape(text: &str) -> String {
    escape_behind(' ', text)
}

/// The same for a part of a text, behind this character: a quotation mark behind a word closes.
pub(super) fn escape_behind(mut before: char, text: &str) -> String {
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
            '"' if before.is_whitespace() || "([{".contains(before) => out.push_str("``"),
            '"' => out.push_str("''"),
            '`' => out.push_str("\\textasciigrave{}"),
            'η' => out.push_str("$\\eta$"),
            '²' => out.push_str("\\textsuperscript{2}"),
            '×' => out.push_str("$\\times$"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        before = c;
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

/// Points of a line of LaTeX's article, the narrowest of the common classes.
const WIDTH: f64 = 345.0;

/// Letters above which a heading is broken into lines, and one above several columns.
const LONGEST_HEAD: usize = 24;
const LONGEST_OVER: usize = 52;

/// The room of a text in letters; Chinese characters are twice as wide.
fn letters(text: &str) -> usize {
    text.trim_end_matches('*').chars().map(|c| if (c as u32) >= 0x2e80 { 2 } else { 1 }).sum()
}

/// A heading, in lines of part of the width where it is long.
fn heading(text: &str, longest: usize, share: f64) -> String {
    match letters(text) > longest {
        true => format!("\\parbox[b]{{{share:.2}\\textwidth}}{{\\centering\\strut {}}}", escape(text)),
        false => cell(text),
    }
}

/// Headings that take several lines where a table is wider than the line: those of more letters.
const STACKED_HEAD: usize = 10;

/// True for a table whose headings of several words stand in lines one below the other.
fn is_stacked(grid: &Grid) -> bool {
    natural(grid, false) > WIDTH
}

/// A heading with each word on a line of its own.
fn stacked(text: &str) -> String {
    let words: Vec<String> = text.split(' ').map(escape).collect();
    format!("\\shortstack{{{}}}", words.join("\\\\"))
}

/// Points that a table needs: letters of its type at about half their size, and the room between its columns.
fn natural(grid: &Grid, stacks: bool) -> f64 {
    let (letter, room) = match grid.width() {
        0..=6 => (4.6, 12.0),
        7..=8 => (4.1, 12.0),
        _ => (3.6, 4.0),
    };
    let widest = |j: usize| {
        let cells = grid.rows.iter().filter(|r| r.kind != RowKind::Group).filter_map(|r| r.cells.get(j));
        let heads = grid.head.get(j).map(|h| match stacks && letters(h) > STACKED_HEAD {
            true => h.split(' ').map(letters).max().unwrap_or(0),
            false => letters(h).min(LONGEST_HEAD),
        });
        let texts = cells.map(|c| letters(&c.text).min(LONGEST)).chain(heads);
        texts.max().unwrap_or(0) as f64 * letter + room
    };
    (0..grid.width()).map(widest).sum()
}

/// The columns of a table, and the room that is spread between them; long texts get a part of the width.
fn columns(grid: &Grid, spread: &str) -> String {
    let longest = |j: usize| {
        let cells = grid.rows.iter().filter(|r| r.kind != RowKind::Group).filter_map(|r| r.cells.get(j));
        cells.map(|c| letters(&c.text)).max().unwrap_or(0)
    };
    let broken = (0..grid.width()).filter(|j| grid.align[*j] == Align::Left && longest(*j) > LONGEST).count();
    let share = 0.6 / broken.max(1) as f64;
    // columns of numbers need their room
    let most = if grid.estimates { (0.12 + 0.9 / grid.width() as f64).min(0.45) } else { 0.45 };
    let letter = |(j, align): (usize, &Align)| match align {
        Align::Left if longest(j) > LONGEST => {
            format!("p{{{:.2}\\textwidth}}", share.min(most))
        }
        Align::Left => "l".to_owned(),
        Align::Right => "r".to_owned(),
        Align::Center => "c".to_owned(),
    };
    let letters: String = grid.align.iter().enumerate().map(letter).collect();
    format!("@{{{spread}}}{letters}@{{}}")
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("{} \\\\\n", cells.map(cell).collect::<Vec<_>>().join(" & "))
}

/// The headings between the upper rule and the first row.
fn head(out: &mut String, grid: &Grid) {
    if !grid.over.is_empty() {
        let (span, last) = (grid.width() - 1, grid.width());
        let words = heading(&grid.over, LONGEST_OVER, 0.6);
        let _ = writeln!(out, " & \\multicolumn{{{span}}}{{c}}{{{words}}} \\\\\n\\cmidrule(l){{2-{last}}}");
    }
    let share = 0.62 / (grid.width().max(2) - 1) as f64;
    let stacks = is_stacked(grid);
    let heads: Vec<String> = grid
        .head
        .iter()
        .map(|text| {
            match stacks && text.contains(' ') && (STACKED_HEAD + 1..=LONGEST_HEAD).contains(&letters(text)) {
                true => stacked(text),
                false => heading(text, LONGEST_HEAD, share),
            }
        })
        .collect();
    let _ = writeln!(out, "{} \\\\", heads.join(" & "));
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
            "\\par\\smallskip\\begin{{minipage}}{{\\textwidth}}\\footnotesize{STRETCH}{}\\end{{minipage}}",
            prose(note)
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

/// Spreads the columns over the width of the table.
const FILLED: &str = "\\extracolsep{\\fill}";

fn short(out: &mut String, grid: &Grid) {
    let _ = writeln!(out, "\\begin{{table}}[!htbp]\n\\centering\n\\caption{{{}}}", escape(&grid.title));
    // a table that is wider than the line is made smaller as a whole
    let fits = natural(grid, is_stacked(grid)) <= WIDTH;
    let (begin, end) = match fits {
        true => ("\\begin{tabular*}{\\textwidth}", "\\end{tabular*}"),
        false => ("\\resizebox{\\textwidth}{!}{%\n\\begin{tabular}", "\\end{tabular}}"),
    };
    let spread = if fits { FILLED } else { "" };
    let _ = writeln!(out, "{}\n{begin}{{{}}}\n\\toprule", small(grid), columns(grid, spread));
    head(out, grid);
    body(out, grid);
    let _ = writeln!(out, "\\bottomrule\n{end}");
    notes(out, grid);
    out.push_str("\\end{table}\n");
}

fn long(out: &mut String, grid: &Grid) {
    out.push_str("\\begingroup\\setlength{\\LTleft}{0pt}\\setlength{\\LTright}{0pt}\n");
    let _ = writeln!(out, "{}\n\\begin{{longtable}}{{{}}}", small(grid), columns(grid, FILLED));
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
    fn long_headings_are_broken_into_lines() {
        assert_eq!(heading("Odds ratio", LONGEST_HEAD, 0.2), "Odds ratio");
        let long = heading("我愿意再次购买 (1 非常不同意 … 5 非常同意): 3", LONGEST_HEAD, 0.124);
        assert!(long.starts_with("\\parbox[b]{0.12\\textwidth}{\\centering\\strut 我愿意"), "{long}");
    }

    #[test]
    fn words_of_a_heading_stand_one_below_the_other() {
        assert_eq!(stacked("Cumulative censored, %"), "\\shortstack{Cumulative\\\\censored,\\\\\\%}");
    }

    #[test]
    fn quotation_marks_open_and_close() {
        assert_eq!(escape("\"OLS\" (\"a\")"), "``OLS'' (``a'')");
        assert_eq!(
            prose("The analysis is \"OLS, robust errors\" (template linear.ols_robust)."),
            "The analysis is ``OLS, robust errors'' (template linear.ols\\_robust)."
        );
    }

    #[test]
    fn stars_and_signs_are_set() {
        assert_eq!(cell("-0.12**"), "$-$0.12\\textsuperscript{**}");
        assert_eq!(cell("-ve"), "-ve");
        assert_eq!(cell("[-0.1, 0.2]"), "{}[$-$0.1, 0.2]");
        assert_eq!(cell("1.5e-05"), "1.5e-05");
    }
}
