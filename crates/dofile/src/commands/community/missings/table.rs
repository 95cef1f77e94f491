//! A table with a frame, as `list` prints it.

use crate::format;
use crate::session::Session;

/// Prints cells in a frame: the first column to the left, the others to the right.
pub(super) fn framed(s: &mut Session, heads: &[&str], lines: &[Vec<String>]) {
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(k, head)| {
            lines.iter().map(|l| l[k].chars().count()).chain([head.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let inner: usize = widths.iter().sum::<usize>() + 3 * (widths.len() - 1) + 2;
    let row = |cells: &[String]| {
        let mut text = String::from("  | ");
        for (k, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            if k > 0 {
                text.push_str("   ");
            }
            let cell = if k == 0 { format::left(cell, *width) } else { format::right(cell, *width) };
            text.push_str(&cell);
        }
        text + " |"
    };
    let rule = |c: char| format!("  {c}{}{c}", "-".repeat(inner));
    s.print("");
    s.print(rule('+'));
    s.print(row(&heads.iter().map(|h| (*h).to_string()).collect::<Vec<_>>()));
    s.print(rule('|'));
    for line in lines {
        s.print(row(line));
    }
    s.print(rule('+'));
}
