//! What a command prints, as a table.

pub(super) use crate::ops::run::printed;

/// Cells of a line with the columns of characters they stand in: what two blanks or a bar separate.
fn tokens(line: &str) -> Vec<(usize, usize, String)> {
    let chars: Vec<char> = line.chars().collect();
    let mut out: Vec<(usize, usize, String)> = Vec::new();
    let mut k = 0;
    while k < chars.len() {
        if chars[k].is_whitespace() || chars[k] == '|' {
            k += 1;
            continue;
        }
        let from = k;
        while k < chars.len()
            && chars[k] != '|'
            && !(chars[k].is_whitespace() && chars.get(k + 1).is_none_or(|c| c.is_whitespace() || *c == '|'))
        {
            k += 1;
        }
        out.push((from, k, chars[from..k].iter().collect()));
    }
    out
}

/// A line that only draws a rule.
fn is_rule(line: &str) -> bool {
    !line.trim().is_empty() && line.chars().all(|c| " -+=|.".contains(c)) && line.contains("---")
}

/// The lines of printed text as rows of cells. Columns are where the cells of several lines stand under each other.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<Vec<(usize, usize, String)>> =
        text.lines().filter(|l| !l.trim().is_empty() && !is_rule(l)).map(tokens).collect();
    let mut spans: Vec<(usize, usize)> =
        lines.iter().filter(|l| l.len() > 1).flatten().map(|t| (t.0, t.1)).collect();
    spans.sort_unstable();
    let mut columns: Vec<(usize, usize)> = Vec::new();
    for (from, to) in spans {
        match columns.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(to),
            _ => columns.push((from, to)),
        }
    }
    lines
        .into_iter()
        .map(|line| {
            if line.len() < 2 {
                return line.into_iter().map(|t| t.2).collect();
            }
            let mut row = vec![String::new(); columns.len()];
            for (from, _, text) in line {
                let k = columns.iter().rposition(|c| c.0 <= from).unwrap_or(0);
                if !row[k].is_empty() {
                    row[k].push(' ');
                }
                row[k].push_str(&text);
            }
            row
        })
        .collect()
}
