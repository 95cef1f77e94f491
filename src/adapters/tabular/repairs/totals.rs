//! A row of totals that no known word marks: the last row, without a text or with one such as `All shops`, or the first one with
//! such a text, 全国, whose numbers are the sums or means of all others. Where the text is nothing but such a word in a column of
//! names, the sums may be rounded and the means weighted.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader};

use super::rows::Foreign;
use super::{BLOCK, Place, unreadable};
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::problems::shown;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// People write totals below tables of this size, not below larger ones.
const MOST_ROWS: u64 = 200_000;
/// Fewer rows have such a last row by chance.
const LEAST_ROWS: u64 = 5;
/// Most columns of such a table.
const MOST_COLUMNS: usize = 500;
/// Beginnings of what all rows together are called.
const ALL: [&str; 12] = [
    "all ", "whole ", "entire ", "alle ", "tous ", "toutes ", "todos ", "todas ", "全部", "全体", "所有",
    "全",
];
/// What all rows together are called, as a whole name.
const WHOLE: [&str; 10] =
    ["全国", "全省", "全市", "全县", "全区", "全州", "全体", "全部", "全校", "nationwide"];
/// Names of a whole that may also be one of many, so that one number has to be a sum.
const WHOLE_OR_PART: [&str; 8] =
    ["world", "national", "statewide", "united states", "usa", "中国", "全球", "deutschland"];
/// A rounded sum is this near to the sum, relative to it.
const ROUGH: f64 = 0.005;
/// Error of sums of doubles relative to the sum of their absolute values.
const ROUNDING: f64 = 1e-9;

/// A number of such a row with what is known of the others.
struct Total {
    at: usize,
    value: f64,
    cells: u64,
    /// Cells other than zero.
    counted: u64,
    sum: f64,
    /// Sum of the absolute values.
    size: f64,
    low: f64,
    high: f64,
}

/// What a number of such a row is to the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sum,
    Mean,
    /// All other numbers are equal, so that their mean says nothing.
    Trivial,
    /// Between the others, as a weighted mean is.
    Between,
}

/// How a name speaks for a row of totals, so that its sums may be rounded and its means weighted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Whole,
    WholeOrPart,
}

impl Name {
    fn of(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let is = |words: &[&str]| words.contains(&text.as_str());
        is(&WHOLE).then_some(Name::Whole).or_else(|| is(&WHOLE_OR_PART).then_some(Name::WholeOrPart))
    }

    /// What the numbers of a row are if they are rounded sums and weighted means.
    fn kinds(self, totals: &[Total]) -> Option<Vec<Kind>> {
        let kinds = totals.iter().map(Total::rough_kind).collect::<Option<Vec<Kind>>>()?;
        let needed = match self {
            Name::Whole => kinds.iter().any(|kind| *kind != Kind::Trivial),
            Name::WholeOrPart => kinds.contains(&Kind::Sum),
        };
        needed.then_some(kinds)
    }
}

impl Total {
    fn new(at: usize, value: f64) -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { at, value, cells: 0, counted: 0, sum: 0.0, size: 0.0, low, high }
    }

    fn add(&mut self, value: f64) {
        if storable(value) {
            self.cells += 1;
            self.counted += u64::from(value != 0.0);
            self.sum += value;
            self.size += value.abs();
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }

    /// `None` where it is neither sum nor mean. A number with decimals may be rounded in the last one.
    fn kind(&self) -> Option<Kind> {
        if self.cells == 0 {
            return None;
        }
        let text = number_text(self.value);
        let decimals =
            text.split_once('.').filter(|_| !text.contains('e')).map_or(0, |(_, after)| after.len());
        let last = if decimals == 0 { 0.0 } else { 0.5 * 10f64.powi(-i32::try_from(decimals).unwrap_or(0)) };
        let near = |expected: f64, size: f64| (self.value - expected).abs() <= last + ROUNDING * size;
        let cells = self.cells as f64;
        let (sum, mean) = (near(self.sum, self.size), near(self.sum / cells, self.size / cells));
        match (sum && self.counted > 1, mean) {
            (true, _) => Some(Kind::Sum),
            (_, true) if self.low < self.high => Some(Kind::Mean),
            (_, true) => Some(Kind::Trivial),
            _ => sum.then_some(Kind::Trivial),
        }
    }

    /// The same for numbers that were rounded one by one, and means that have weights.
    fn rough_kind(&self) -> Option<Kind> {
        let is_sum = self.counted > 1 && (self.value - self.sum).abs() <= ROUGH * self.size;
        let is_between = (self.low..=self.high).contains(&self.value) && self.low < self.high;
        self.kind().or(is_sum.then_some(Kind::Sum)).or(is_between.then_some(Kind::Between))
    }
}

/// Finds it. `columns` describe the data that `reader` reads, `end` is the last row of the table, and `known` are other rows
/// that are no observations.
///
/// # Errors
/// I/O.
pub(super) fn unnamed(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
    (end, known): (u64, &BTreeSet<u64>),
) -> Result<Option<Foreign>, Problem> {
    if !(LEAST_ROWS..=MOST_ROWS).contains(&place.rows) || columns.len() > MOST_COLUMNS {
        return Ok(None);
    }
    for row in [end, 1].into_iter().filter(|row| !known.contains(row)) {
        let edge = edge_row(reader, columns, place, row)?.filter(|edge| row == end || edge.text.is_some());
        if let Some(edge) = edge
            && let Some(found) = of_others(reader, columns, place, (row, end, known), edge)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Compares a row with all others.
fn of_others(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
    (total_row, end, known): (u64, u64, &BTreeSet<u64>),
    Edge { mut totals, has_gap, text, name }: Edge,
) -> Result<Option<Foreign>, Problem> {
    reader.select(totals.iter().map(|total| total.at).collect()).map_err(unreadable)?;
    reader.go_to_row(0);
    let mut left = usize::try_from(end).unwrap_or(usize::MAX);
    let mut first = 1;
    while left > 0
        && let Some(block) = reader.read_block(BLOCK.min(left)).map_err(unreadable)?
    {
        left -= block.rows;
        for (total, values) in totals.iter_mut().zip(&block.columns) {
            let mut all = Vec::with_capacity(block.rows);
            values.append_doubles(&mut all);
            let counted = (first..).zip(all).filter(|(row, _)| *row != total_row && !known.contains(row));
            counted.for_each(|(_, value)| total.add(value));
        }
        first += block.rows as u64;
    }
    let says = |kinds: &[Kind]| kinds.iter().filter(|kind| **kind != Kind::Trivial).count();
    let exact = totals.iter().map(Total::kind).collect::<Option<Vec<Kind>>>();
    let exact = exact.filter(|kinds| says(kinds) > 0 && says(kinds) + usize::from(has_gap) >= 2);
    let Some(kinds) = exact.or_else(|| name?.kinds(&totals)) else { return Ok(None) };
    let says: Vec<usize> = (0..kinds.len()).filter(|at| kinds[*at] != Kind::Trivial).collect();
    let means = kinds.contains(&Kind::Mean) || kinds.contains(&Kind::Between);
    let what = match (kinds.contains(&Kind::Sum), means) {
        (true, true) => "sums or means",
        (true, false) => "sums",
        _ => "means",
    };
    let names: Vec<&str> = says.iter().take(3).map(|at| columns[totals[*at].at].name.as_str()).collect();
    let side = if total_row == end { "above" } else { "below" };
    let holds = text.map_or_else(|| "no text".to_owned(), |text| format!("\"{}\"", shown(&text)));
    Ok(Some(Foreign {
        rows: vec![total_row],
        kind: "total_row",
        message: format!(
            "{} holds {holds}, and in {} the {what} of the rows {side} it: a row of totals; it is read as an observation",
            place.row(total_row),
            names.join(", ")
        ),
    }))
}

/// The first or the last row of a table.
struct Edge {
    totals: Vec<Total>,
    /// It lacks a text that nearly all others have.
    has_gap: bool,
    /// Its only text.
    text: Option<String>,
    /// What that text says where it stands among names.
    name: Option<Name>,
}

/// What such a row holds; `None` where it is an observation.
fn edge_row(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
    row: u64,
) -> Result<Option<Edge>, Problem> {
    reader.select((0..columns.len()).collect()).map_err(unreadable)?;
    reader.go_to_row(row.saturating_sub(1));
    let Some(block) = reader.read_block(1).map_err(unreadable)? else { return Ok(None) };
    let mut edge = Edge { totals: Vec::new(), has_gap: false, text: None, name: None };
    for (at, (column, values)) in columns.iter().zip(&block.columns).enumerate() {
        let is_number = matches!(
            column.inferred_type,
            InferredType::Integer | InferredType::Number | InferredType::Binary
        ) && !column.value_labels;
        let text = match values {
            Values::Str(texts) => texts.iter().next().unwrap_or_default().trim().to_owned(),
            Values::StrL(texts) => String::from_utf8_lossy(texts.bytes(0)).trim().to_owned(),
            _ => String::new(),
        };
        if !text.is_empty() {
            let are_names = !column.distinct_is_lower_bound && column.distinct * 10 >= place.rows * 9;
            edge.name = Name::of(&text).filter(|_| are_names);
            let is_all = ALL.iter().any(|begin| text.to_lowercase().starts_with(begin));
            if !(is_all || edge.name.is_some()) || edge.text.replace(text).is_some() {
                return Ok(None);
            }
            continue;
        }
        let mut numbers = Vec::new();
        if !matches!(values, Values::Str(_) | Values::StrL(_)) {
            values.append_doubles(&mut numbers);
        }
        match numbers.first().copied().filter(|value| storable(*value)) {
            Some(value) if is_number => edge.totals.push(Total::new(at, value)),
            Some(_) => return Ok(None),
            None => edge.has_gap |= !is_number && column.missing * 10 <= place.rows,
        }
    }
    let is_alike = edge.has_gap || edge.totals.len() > 1 || edge.name.is_some();
    Ok((!edge.totals.is_empty() && is_alike).then_some(edge))
}
