//! Listing rows that are wider than the line: every row has a box with as many lines as it needs, and each line has the
//! names of its variables above their values. The layout is that of printed logs.

use super::listing::Column;
use crate::format;
use crate::session::Session;

/// The columns of one line of a box, with the blanks that each of them has more than it needs.
struct Line {
    columns: Vec<usize>,
    extra: Vec<usize>,
}

/// Columns in the order of the list, as many to a line as `most` characters hold; the lines have one width.
fn lines(widths: &[usize], most: usize) -> (Vec<Line>, usize) {
    let mut groups: Vec<(Vec<usize>, usize)> = Vec::new();
    for (k, w) in widths.iter().enumerate() {
        match groups.last_mut() {
            Some((columns, used)) if *used + w + 3 <= most => {
                columns.push(k);
                *used += w + 3;
            }
            _ => groups.push((vec![k], w + 2)),
        }
    }
    let width = groups.iter().map(|g| g.1).max().unwrap_or(0);
    let line = |(columns, used): (Vec<usize>, usize)| {
        let (missing, n) = (width - used, columns.len());
        // what cannot be shared out evenly goes to the last columns
        let extra = (0..n).map(|i| missing / n + usize::from(i >= n - missing % n)).collect();
        Line { columns, extra }
    };
    (groups.into_iter().map(line).collect(), width)
}

/// Places of the lines between columns.
fn bars(line: &Line, widths: &[usize]) -> Vec<usize> {
    let mut at = 0;
    let mut out: Vec<usize> = Vec::new();
    for (k, extra) in line.columns.iter().zip(&line.extra) {
        at += widths[*k] + 2 + extra;
        out.push(at);
        at += 1;
    }
    out.pop();
    out
}

/// Prints the rows: `stubs` stand before their boxes, `most` is the largest width between the outer lines.
pub(super) fn print(s: &mut Session, stubs: &[String], columns: &[Column], widths: &[usize], most: usize) {
    let (lines, width) = lines(widths, most);
    let blank = " ".repeat(stubs.first().map_or(0, |t| t.chars().count()));
    for (row, stub) in stubs.iter().enumerate() {
        s.print("");
        s.print(format!("{blank}+{}+", "-".repeat(width)));
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                let (above, below) = (bars(&lines[i - 1], widths), bars(line, widths));
                let rule: String = (0..width)
                    .map(|at| if above.contains(&at) && below.contains(&at) { '+' } else { '-' })
                    .collect();
                s.print(format!("{blank}|{rule}|"));
            }
            let cells = |text: &dyn Fn(usize) -> String| {
                let cell = |(k, extra): (&usize, &usize)| {
                    let w = widths[*k];
                    let text =
                        if columns[*k].2 { format::left(&text(*k), w) } else { format::right(&text(*k), w) };
                    let left = extra / 2;
                    format!("{}{text}{}", " ".repeat(left + 1), " ".repeat(extra - left + 1))
                };
                line.columns.iter().zip(&line.extra).map(cell).collect::<Vec<_>>().join("|")
            };
            let first = if i == 0 { stub } else { &blank };
            s.print(format!("{first}|{}|", cells(&|k| columns[k].0.clone())));
            s.print(format!("{blank}|{}|", cells(&|k| columns[k].1[row].clone())));
        }
        s.print(format!("{blank}+{}+", "-".repeat(width)));
    }
}
