//! The minus sign of numbers in documents for people: U+2212 as journals set it, where files for programs have the hyphen.
//! The LaTeX fragment sets its own.

use super::grid::{Grid, Row};
use super::report::Report;

/// Returns the report with the minus of every number of its texts.
pub(super) fn signed(report: &Report) -> Report {
    let mut report = report.clone();
    report.title = sign(&report.title);
    report.facts.iter_mut().for_each(|(_, value)| *value = sign(value));
    let grids = report.grids.iter_mut().chain(&mut report.flow);
    grids.for_each(of_grid);
    let methods = report.methods.iter_mut().flat_map(|part| &mut part.paragraphs);
    let texts = report.findings.iter_mut().chain(&mut report.notes).chain(methods);
    texts.for_each(|text| *text = sign(text));
    report
}

fn of_grid(grid: &mut Grid) {
    let cells = grid.rows.iter_mut().flat_map(|Row { cells, .. }| cells).map(|cell| &mut cell.text);
    let texts = cells.chain(&mut grid.head).chain(&mut grid.notes).chain([&mut grid.title, &mut grid.over]);
    texts.for_each(|text| *text = sign(text));
}

/// Sets the minus of numbers: a hyphen before a digit that follows nothing, a blank, a bracket, a sign of comparison or
/// multiplication, or Chinese text and punctuation. Dates, ranges, ids and names keep theirs.
pub(super) fn sign(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let number_follows = rest.peek().is_some_and(char::is_ascii_digit);
        let is_sign = c == '-' && number_follows && begins_number(before);
        out.push(if is_sign { '\u{2212}' } else { c });
        before = c;
    }
    out
}

fn begins_number(before: char) -> bool {
    matches!(before, ' ' | '[' | '(' | '<' | '>' | '=' | '≤' | '≥' | '×' | '\u{a0}')
        || u32::from(before) >= 0x2e80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_the_sign_and_words_keep_the_hyphen() {
        for (text, signed) in [
            ("-0.123***", "−0.123***"),
            ("[-1.5, -0.2]", "[−1.5, −0.2]"),
            ("changes by -2 (95% CI -3 to -1; p = 0.01)", "changes by −2 (95% CI −3 to −1; p = 0.01)"),
            ("变化为 -2，区间-3 至 -1", "变化为 −2，区间−3 至 −1"),
            ("x > -1", "x > −1"),
            ("1.25e-05", "1.25e-05"),
            (
                "2020-01-31, 2010-2012, run_0-1, non-zero, Cochran-Mantel",
                "2020-01-31, 2010-2012, run_0-1, non-zero, Cochran-Mantel",
            ),
            ("0 - 6", "0 - 6"),
        ] {
            assert_eq!(sign(text), signed);
        }
    }
}
