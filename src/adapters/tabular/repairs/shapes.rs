//! Cells of a text column that people write and no number holds: ranges, times of day, one word in several spellings.

use std::collections::BTreeMap;

use super::Place;
use super::scan::TextScan;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::dataset::Column;

/// Signs and words between the ends of a range.
const BETWEEN: [&str; 8] = ["-", "\u{2013}", "\u{2014}", "~", "\u{ff5e}", "至", "到", " to "];
/// Words and signs of a range with one end.
const OPEN_BEFORE: [&str; 9] = ["<", "<=", "≤", ">", ">=", "≥", "under", "over", "below"];
const OPEN_AFTER: [&str; 9] =
    ["+", "and over", "and more", "and above", "or more", "以上", "以下", "岁以上", "岁以下"];
/// Largest share of levels among the cells of a column of ranges: codes such as telephone numbers have more.
const MOST_LEVELS: usize = 60;
/// Share of the cells that have to be alike.
const MOST: f64 = 0.9;

/// A shape of cells that no number holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `0-5`, `65+`.
    Range,
    /// `8:30`.
    Time,
}

/// What was seen of the first cells.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    cells: u64,
    ranges: u64,
    open: u64,
    times: u64,
    /// Different cells; no more than decide anything.
    different: BTreeMap<String, u64>,
    spellings: BTreeMap<String, Vec<(String, u64)>>,
}

impl Shapes {
    /// Takes in a cell that is not missing; `most` bounds the different cells that are kept.
    pub(super) fn add(&mut self, cell: &str, row: u64, most: usize) {
        self.cells += 1;
        let cell = cell.trim();
        if self.different.len() < most && !self.different.contains_key(cell) {
            self.different.insert(cell.to_owned(), row);
            self.spellings.entry(cell.to_lowercase()).or_default().push((cell.to_owned(), row));
        }
        match range(cell) {
            Some(true) => self.ranges += 1,
            Some(false) => self.open += 1,
            None => self.times += u64::from(is_time(cell)),
        }
    }

    fn are(&self, cells: u64) -> bool {
        cells >= 2 && cells as f64 >= MOST * self.cells as f64
    }

    /// What most cells are.
    pub(super) fn common(&self) -> Option<Shape> {
        let few = self.different.len() <= MOST_LEVELS;
        if few && self.ranges >= 2 && self.are(self.ranges + self.open) {
            return Some(Shape::Range);
        }
        self.are(self.times).then_some(Shape::Time)
    }

    /// The first cell with its row, for messages.
    pub(super) fn first(&self, place: Place) -> String {
        let first = self.different.iter().min_by_key(|(_, row)| **row);
        first.map_or_else(String::new, |(cell, row)| format!("\"{}\" in {}", shown(cell), place.row(*row)))
    }

    /// The different cells without blanks around them, with their first rows; cut where there are too many.
    pub(super) fn different(&self) -> &BTreeMap<String, u64> {
        &self.different
    }

    /// Spellings of one word that differ in capital letters only, with their first rows: the word that comes first.
    pub(super) fn spelt_differently(&self) -> Option<&[(String, u64)]> {
        let several = self.spellings.values().filter(|spellings| spellings.len() > 1);
        several.min_by_key(|spellings| spellings[0].1).map(Vec::as_slice)
    }
}

/// Says that a column holds ranges or times, which no step makes numbers of one meaning.
pub(super) fn remark(column: &Column, scan: &TextScan, place: Place, warnings: &mut Warnings) {
    let name = Some(column.name.as_str());
    let message = |what: &str| {
        format!("{} holds {what} such as {}; they are kept as text", column.name, scan.shapes.first(place))
    };
    match scan.shapes.common() {
        Some(Shape::Range) => {
            let hint = "use it as a categorical variable; where a number is needed, write one into the file, such as the \
                        middle of each range";
            warnings.warn("ranges_as_text", name, message("ranges"), hint);
        }
        Some(Shape::Time) => {
            let hint =
                "write each as one number of one unit in the file, such as 8.5 hours or 510 minutes for 8:30";
            warnings.warn("times_as_text", name, message("times"), hint);
        }
        None => {}
    }
}

/// `Some(true)` for a range with two ends in order, `Some(false)` for one with one end. `cell` has no blanks around it.
fn range(cell: &str) -> Option<bool> {
    // Most cells are none: they have no number at either end, or nothing else.
    let bytes = cell.as_bytes();
    let begins = bytes.first().is_some_and(|b| is_of_number(*b));
    let ends = bytes.last().is_some_and(|b| is_of_number(*b));
    if !(begins || ends) || bytes.iter().all(|b| is_of_number(*b)) {
        return None;
    }
    let number = |text: &str| -> Option<f64> {
        let text = text.trim();
        let plain = !text.is_empty() && text.bytes().all(is_of_number);
        plain.then(|| text.replace(',', "").parse().ok()).flatten()
    };
    let both = |sign: &&str| {
        let (low, high) = cell.split_once(*sign)?;
        number(low).zip(number(high)).filter(|(low, high)| low < high)
    };
    if begins && ends && BETWEEN.iter().find_map(both).is_some() {
        return Some(true);
    }
    // a word in front of a number begins with one of these, whatever its case
    let words = matches!(bytes[0], b'<' | b'>' | b'u' | b'U' | b'o' | b'O' | b'b' | b'B' | 0xe2);
    if !begins && !words {
        return None;
    }
    let lower = cell.to_lowercase();
    let before = OPEN_BEFORE.iter().filter(|_| ends).filter_map(|word| lower.strip_prefix(word));
    let after = OPEN_AFTER.iter().filter(|_| begins).filter_map(|word| lower.strip_suffix(word));
    before.chain(after).any(|rest| number(rest).is_some()).then_some(false)
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b',')
}

/// True for `8:30`, `08:30:15` and `8:30 pm`. `cell` has no blanks around it.
fn is_time(cell: &str) -> bool {
    if !cell.starts_with(|c: char| c.is_ascii_digit()) || !cell.contains(':') {
        return false;
    }
    let lower = cell.to_lowercase();
    let clock = ["am", "pm", "a.m.", "p.m."].iter().find_map(|half| lower.strip_suffix(half));
    let parts: Vec<&str> = clock.unwrap_or(&lower).trim().split(':').collect();
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let sixtieth = |text: &str| digits(text) && text.len() == 2 && text.as_bytes()[0] < b'6';
    match parts.as_slice() {
        [hours, minutes] => digits(hours) && sixtieth(minutes),
        [hours, minutes, seconds] => {
            let whole = seconds.split('.').next().unwrap_or_default();
            digits(hours) && sixtieth(minutes) && sixtieth(whole)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What a range and a time are, by expressions: independent of where the search for them ends early.
        #[test]
        fn ranges_and_times_are_those_of_expressions(
            cell in "(<|<=|≥|Under|over )?[ ]?[0-9.,]{0,4}( |-|–|~|至| to |:|::)?[0-9.,:]{0,5}[ ]?(\\+|and over|OR MORE|以上|岁以下| pm|A\\.M\\.|x)?"
        ) {
            let cell = cell.trim();
            let lower = cell.to_lowercase();
            let number = r"\s*([0-9.,]+)\s*";
            let between = BETWEEN.iter().any(|sign| {
                let both = regex::Regex::new(&format!("^{number}{}{number}$", regex::escape(sign))).unwrap();
                let value = |text: &str| text.replace(',', "").parse::<f64>().ok();
                both.captures(cell).and_then(|c| value(&c[1]).zip(value(&c[2]))).is_some_and(|(a, b)| a < b)
            });
            let words = |words: &[&str]| words.iter().map(|w| regex::escape(w)).collect::<Vec<_>>().join("|");
            let open = format!("^(?:({}){number}|{number}({}))$", words(&OPEN_BEFORE), words(&OPEN_AFTER));
            let open = regex::Regex::new(&open).unwrap().captures(&lower).is_some_and(|c| {
                c.get(2).or(c.get(3)).is_some_and(|n| n.as_str().replace(',', "").parse::<f64>().is_ok())
            });
            let expected = if between { Some(true) } else { open.then_some(false) };
            prop_assert_eq!(range(cell), expected, "{}", cell);
            let clock = r"^[0-9]{1,2}:[0-5][0-9](:[0-5][0-9](\..*)?)?\s*([ap]m|[ap]\.m\.)?$";
            prop_assert_eq!(is_time(cell), regex::Regex::new(clock).unwrap().is_match(&lower), "{}", cell);
        }
    }

    fn common(cells: &[&str]) -> Option<Shape> {
        let mut shapes = Shapes::default();
        (1..).zip(cells).for_each(|(row, cell)| shapes.add(cell, row, 1000));
        shapes.common()
    }

    #[test]
    fn ranges_have_their_ends_in_order() {
        assert_eq!(common(&["0-5", "6-10", "65+"]), Some(Shape::Range));
        assert_eq!(common(&["< 1,000", "1,000 to 1,999", "2,000 – 3,000"]), Some(Shape::Range));
        assert_eq!(common(&["18至24", "25至34", "65岁以上"]), Some(Shape::Range));
        // seasons, telephone numbers in falling order, results of games, words
        assert_eq!(common(&["2019-20", "2020-21"]), None);
        assert_eq!(common(&["3-1", "2-0", "0-5"]), None);
        assert_eq!(common(&["a-b", "65+"]), None);
    }

    #[test]
    fn times_have_minutes_of_two_digits_below_sixty() {
        assert_eq!(common(&["8:30", "12:05", "23:59:10"]), Some(Shape::Time));
        assert_eq!(common(&["8:30 am", "1:15 PM"]), Some(Shape::Time));
        assert_eq!(common(&["1:2", "3:4"]), None);
        assert_eq!(common(&["8:75", "9:80"]), None);
    }

    #[test]
    fn spellings_are_those_of_one_word() {
        let mut shapes = Shapes::default();
        (1..).zip(["no", "Yes", "YES", "No "]).for_each(|(row, cell)| shapes.add(cell, row, 1000));
        let found = shapes.spelt_differently().expect("two spellings");
        assert_eq!(found, [("no".to_owned(), 1), ("No".to_owned(), 4)]);
    }
}
