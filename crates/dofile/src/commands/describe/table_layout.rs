//! Rows and columns of `table`: which cells stand where, under which headings. What is in the cells belongs to
//! `table`.

use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::split::matching_paren;

/// Statistics with what they are called.
pub(super) const STATISTICS: &[(&str, &str)] = &[
    ("frequency", "Frequency"),
    ("percent", "Percent"),
    ("mean", "Mean"),
    ("sd", "Standard deviation"),
    ("variance", "Variance"),
    ("semean", "Standard error of mean"),
    ("min", "Minimum value"),
    ("max", "Maximum value"),
    ("median", "Median"),
    ("total", "Total"),
    ("sum", "Total"),
    ("count", "Number of nonmissing values"),
    ("iqr", "Interquartile range"),
    ("p1", "1st percentile"),
    ("p5", "5th percentile"),
    ("p10", "10th percentile"),
    ("p25", "25th percentile"),
    ("p50", "50th percentile"),
    ("p75", "75th percentile"),
    ("p90", "90th percentile"),
    ("p95", "95th percentile"),
    ("p99", "99th percentile"),
];

/// What a statistic is called.
pub(super) fn known_name(name: &str) -> &'static str {
    STATISTICS.iter().find(|k| k.0 == name).map_or("", |k| k.1)
}

/// Variable or statistic along a side of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dim {
    /// Levels of a variable.
    Variable(usize),
    /// Statistics.
    Result,
    /// Variables of the statistics.
    Var,
}

impl Dim {
    pub(super) fn variable(&self) -> Option<usize> {
        match self {
            Self::Variable(v) => Some(*v),
            Self::Result | Self::Var => None,
        }
    }
}

/// Dimensions in `(a b) (c)` or `a c`; rows first.
pub(super) fn sides(s: &Session, text: &str) -> Result<[Vec<Dim>; 2]> {
    let mut out: Vec<Vec<Dim>> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            let inner = rest[1..close].trim();
            rest = rest[close + 1..].trim_start();
            inner
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            let inner = &rest[..end];
            rest = rest[end..].trim_start();
            inner
        };
        let mut dims = Vec::new();
        for word in inner.split_whitespace() {
            match word {
                "result" if s.frame.find("result").is_none() => dims.push(Dim::Result),
                "var" if s.frame.find("var").is_none() => dims.push(Dim::Var),
                "command" | "across" | "colname" if s.frame.find(word).is_none() => {
                    return Err(StataError::unsupported_option("table", &format!("({word})")));
                }
                _ => dims.push(Dim::Variable(s.variable(word)?)),
            }
        }
        out.push(dims);
    }
    if out.len() > 2 {
        return Err(StataError::unsupported_option("table", "a third group of variables"));
    }
    out.resize_with(2, Vec::new);
    let columns = out.pop().unwrap_or_default();
    let rows = out.pop().unwrap_or_default();
    let all: Vec<&Dim> = rows.iter().chain(&columns).collect();
    if all.len() > 4 {
        return Err(StataError::unsupported_option("table", "more than four variables"));
    }
    for (k, dim) in all.iter().enumerate() {
        if all[..k].contains(dim) {
            return Err(StataError::invalid("a variable may be specified only once"));
        }
    }
    Ok([rows, columns])
}

/// A row or a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Level of each variable of the side; `None` for their total.
    pub(super) levels: Vec<Option<usize>>,
    /// The statistic, where the side has them.
    pub(super) item: Option<usize>,
    /// The variable of the statistic, where the side has them.
    pub(super) of: Option<usize>,
    /// Its name on each dimension.
    pub(super) labels: Vec<String>,
}

/// One side of a table.
pub(super) struct Axis {
    pub(super) entries: Vec<Entry>,
    /// Heading of each dimension; none for statistics.
    headings: Vec<Option<String>>,
}

impl Axis {
    /// All combinations of the dimensions that the data have; `first` is the number of the side's first variable
    /// among all.
    pub(super) fn new(
        dims: &[Dim],
        first: usize,
        (names, titles): (&[Vec<String>], &[String]),
        (items, of): (&[String], &[String]),
        totals: bool,
        present: &[&Vec<Option<usize>>],
    ) -> Self {
        let mut entries = vec![Entry::default()];
        let mut headings = Vec::new();
        let mut k = first;
        for dim in dims {
            let mut next = Vec::new();
            match dim {
                Dim::Result => {
                    headings.push(None);
                    for entry in &entries {
                        for (i, label) in items.iter().enumerate() {
                            let mut own = entry.clone();
                            own.item = Some(i);
                            own.labels.push(label.clone());
                            next.push(own);
                        }
                    }
                }
                Dim::Var => {
                    headings.push(None);
                    for entry in &entries {
                        for (i, label) in of.iter().enumerate() {
                            let mut own = entry.clone();
                            own.of = Some(i);
                            own.labels.push(label.clone());
                            next.push(own);
                        }
                    }
                }
                Dim::Variable(_) => {
                    headings.push(Some(titles[k].clone()));
                    for entry in &entries {
                        let levels = (0..names[k].len()).map(Some).chain(totals.then_some(None));
                        for level in levels {
                            let mut own = entry.clone();
                            own.levels.push(level);
                            own.labels.push(level.map_or("Total", |l| &names[k][l]).to_string());
                            let there = |key: &&&Vec<Option<usize>>| {
                                key[first..first + own.levels.len()] == own.levels[..]
                            };
                            if present.iter().any(|key| there(&key)) {
                                next.push(own);
                            }
                        }
                    }
                    k += 1;
                }
            }
            entries = next;
        }
        Self { entries, headings }
    }
}

/// The table as text: headings of the columns, rows with indented labels.
pub(super) fn lay_out(rows: &Axis, columns: &Axis, texts: Vec<Vec<String>>) -> Sheet {
    let mut sheet = Sheet::default();
    let width = columns.entries.len();
    for (depth, heading) in columns.headings.iter().enumerate() {
        if let Some(heading) = heading {
            let mut line = vec![String::new(); width + 1];
            line[1].clone_from(heading);
            sheet.head.push(line);
        }
        let mut line = vec![String::new()];
        for (j, entry) in columns.entries.iter().enumerate() {
            let above = |e: &Entry| e.labels[..depth].to_vec();
            let same = j > 0
                && columns.entries[j - 1].labels[depth] == entry.labels[depth]
                && above(&columns.entries[j - 1]) == above(entry);
            // a label over several columns stands once
            let repeated = same && depth + 1 < columns.headings.len();
            line.push(if repeated { String::new() } else { entry.labels[depth].clone() });
        }
        sheet.head.push(line);
    }
    if sheet.head.is_empty() {
        sheet.head.push(vec![String::new(); width + 1]);
    }
    let mut before: Vec<String> = Vec::new();
    let blank = |text: String| {
        let mut line = vec![text];
        line.resize(width + 1, String::new());
        line
    };
    for (i, (entry, cells)) in rows.entries.iter().zip(texts).enumerate() {
        let mut indent = 0;
        let depth = entry.labels.len();
        for (d, label) in entry.labels.iter().enumerate() {
            let changed = i == 0 || before.get(..=d) != entry.labels.get(..=d);
            let parent_changed = i == 0 || before.get(..d) != entry.labels.get(..d);
            if let Some(Some(heading)) = rows.headings.get(d) {
                if parent_changed {
                    sheet.rows.push(blank(format!("{}{heading}", " ".repeat(indent))));
                }
                indent += 2;
            }
            if d + 1 == depth {
                let mut line = vec![format!("{}{label}", " ".repeat(indent))];
                line.extend(cells.iter().cloned());
                sheet.rows.push(line);
            } else if changed {
                sheet.rows.push(blank(format!("{}{label}", " ".repeat(indent))));
            }
            indent += 2;
        }
        if depth == 0 {
            let mut line = vec!["Total".to_string()];
            line.extend(cells.iter().cloned());
            sheet.rows.push(line);
        }
        before.clone_from(&entry.labels);
    }
    sheet
}
