//! Cells of a text column that are numbers with something around them: a currency, a unit, signs for thousands.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::adapters::tabular::number;

/// Blanks that group digits: usual, unbroken, narrow, thin and of the width of a digit.
const BLANKS: [&str; 5] = [" ", "\u{a0}", "\u{202f}", "\u{2009}", "\u{2007}"];
/// Ways to group digits and to mark decimals: texts that are cut out, and the decimal sign.
pub(super) const STYLES: [(&[&str], Option<&str>); 6] = [
    (&[], None),
    (&[","], None),
    (&["."], Some(",")),
    (&BLANKS, Some(",")),
    (&BLANKS, None),
    (&["'", "\u{2019}"], None),
];
/// Currencies as they stand beside numbers.
const CURRENCIES: [&str; 28] = [
    "$", "€", "£", "¥", "￥", "₹", "₩", "₽", "₺", "元", "US$", "HK$", "NT$", "A$", "C$", "R$", "USD", "EUR",
    "GBP", "CNY", "RMB", "JPY", "CHF", "INR", "kr", "zł", "Kč", "Fr.",
];
/// Units that stand right behind numbers.
const UNITS: [&str; 66] = [
    "%",
    "％",
    "kg",
    "g",
    "mg",
    "km",
    "m",
    "cm",
    "mm",
    "m²",
    "km²",
    "kg/m2",
    "kg/m²",
    "mmHg",
    "mg/dL",
    "mmol/L",
    "ha",
    "t",
    "l",
    "L",
    "ml",
    "h",
    "hrs",
    "min",
    "sec",
    "ms",
    "bpm",
    "°C",
    "℃",
    "kWh",
    "k",
    "K",
    "M",
    "bn",
    "mio",
    "人",
    "岁",
    "万元",
    "亿元",
    "千元",
    "百万元",
    "万",
    "千",
    "百万",
    "年",
    "月",
    "周",
    "天",
    "次",
    "小时",
    "分钟",
    "分",
    "秒",
    "个月",
    "公斤",
    "斤",
    "克",
    "毫克",
    "吨",
    "公里",
    "米",
    "厘米",
    "平方米",
    "件",
    "个",
    "人次",
];
/// Marks of footnotes and of significance behind numbers, the longest ones first.
pub(super) const MARKS: [&str; 12] = ["***", "**", "*", "†", "‡", "§", "ᵃ", "ᵇ", "ᶜ", "ᵈ", "ᵉ", "ᶠ"];
/// Most different texts that are remembered of a kind of cells.
const MOST_TEXTS: usize = 21;
/// Most kinds of cells of a column.
const MOST_AFFIXES: usize = 8;

/// Cells that are no numbers, or numbers with one text around them.
#[derive(Debug, Default, Clone)]
pub(super) struct Group {
    pub cells: u64,
    /// One bit for each of [`STYLES`] that reads every cell.
    pub styles: u8,
    /// Different cells with their first row of the data; cut at [`MOST_TEXTS`].
    pub texts: BTreeMap<String, u64>,
}

/// What was seen of the cells of a text column.
#[derive(Debug, Default, Clone)]
pub(super) struct Cells {
    pub present: u64,
    /// By the text around the number.
    pub numbers: BTreeMap<Vec<String>, Group>,
    pub others: Group,
    /// A cell is a code: leading zeros, or more digits than a number holds.
    pub codes: bool,
}

impl Cells {
    /// Takes in a cell that is not missing; `row` counts the data from 1.
    pub(super) fn add(&mut self, cell: &str, row: u64) {
        self.present += 1;
        let (before, body, after) = split(cell.trim());
        let styles = if is_sign(&before) && is_unit(after) { styles_of(&body) } else { 0 };
        self.codes |= is_code(&body);
        let group = if styles == 0 { &mut self.others } else { self.group_of(&before, after) };
        group.cells += 1;
        group.styles &= styles;
        if group.texts.len() < MOST_TEXTS && !group.texts.contains_key(cell) {
            group.texts.insert(cell.to_owned(), row);
        }
    }

    /// The group of numbers with these texts around them; that of the others once there are too many.
    fn group_of(&mut self, before: &str, after: &str) -> &mut Group {
        let affixes: Vec<String> =
            [before, after].into_iter().filter(|a| !a.is_empty()).map(str::to_owned).collect();
        if self.numbers.len() >= MOST_AFFIXES && !self.numbers.contains_key(&affixes) {
            return &mut self.others;
        }
        self.numbers.entry(affixes).or_insert_with(|| Group { styles: u8::MAX, ..Group::default() })
    }

    /// The commonest kind of numbers with the text around it; marks behind plain numbers make no kind of their own.
    pub(super) fn commonest(&self) -> Option<(&Vec<String>, &Group)> {
        let found = self.numbers.iter().max_by_key(|(_, group)| group.cells)?;
        match is_marked(found.0) {
            true => self.numbers.get_key_value(&Vec::new()).or(Some(found)),
            false => Some(found),
        }
    }

    /// Plain numbers with marks behind them, where plain numbers are the commonest: the marks, and all such cells.
    pub(super) fn marked(&self, commonest: &[String]) -> Vec<(&str, &Group)> {
        let groups = self.numbers.iter().filter(|(affixes, _)| commonest.is_empty() && is_marked(affixes));
        let mut found: Vec<(&str, &Group)> =
            groups.map(|(affixes, group)| (affixes[0].trim(), group)).collect();
        found.sort_by_key(|(mark, _)| std::cmp::Reverse(mark.len()));
        found
    }

    /// True for numbers with different units, or with a unit in some cells only; marks are none, and blanks make no other unit.
    pub(super) fn has_several_units(&self) -> bool {
        let of = |affixes: &Vec<String>| affixes.iter().map(|a| a.trim().to_lowercase()).collect::<Vec<_>>();
        let units: BTreeSet<Vec<String>> =
            self.numbers.keys().filter(|affixes| !is_marked(affixes)).map(of).collect();
        let unlisted = || self.others.texts.keys().any(|text| has_unlisted_unit(text));
        units.len() > 1 || units.len() == 1 && unlisted()
    }

    /// The cells that are not of the commonest kind, with their first rows; `None` where they are too many.
    pub(super) fn exceptions(&self, commonest: &[String]) -> Option<BTreeMap<String, u64>> {
        let mut out = self.others.texts.clone();
        let apart =
            |affixes: &[String]| affixes != commonest && !(commonest.is_empty() && is_marked(affixes));
        for (_, group) in self.numbers.iter().filter(|(affixes, _)| apart(affixes)) {
            out.extend(group.texts.iter().map(|(text, row)| (text.clone(), *row)));
        }
        (out.len() < MOST_TEXTS).then_some(out)
    }
}

/// Splits a cell into the texts around its number and the number: `-$ 1,200` gives `$ ` and `-1,200`.
fn split(text: &str) -> (Cow<'_, str>, Cow<'_, str>, &str) {
    let is_part = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b',');
    let bytes = text.as_bytes();
    let Some(start) = bytes.iter().position(is_part) else { return (Cow::default(), Cow::default(), "") };
    let end = bytes.iter().rposition(u8::is_ascii_digit).map_or(start, |at| at + 1).max(start);
    let (before, body, after) = (&text[..start], &text[start..end], &text[end..]);
    match before.split_once('-') {
        Some((left, right)) => ([left, right].concat().into(), ["-", body].concat().into(), after),
        None => (before.into(), body.into(), after),
    }
}

/// True for a number with letters behind it that are no listed unit: `0.3亿`, `15kgs`.
fn has_unlisted_unit(text: &str) -> bool {
    let (before, body, after) = split(text.trim());
    let word = after.trim();
    let short = (1..=4).contains(&word.chars().count()) && word.chars().all(char::is_alphabetic);
    before.is_empty() && short && styles_of(&body) != 0
}

pub(super) fn is_marked(affixes: &[String]) -> bool {
    affixes.len() == 1 && MARKS.contains(&affixes[0].trim())
}

/// Currencies in front of numbers whose decimal sign is a point.
const WITH_POINTS: [&str; 7] = ["$", "US$", "HK$", "NT$", "£", "¥", "￥"];

/// True for numbers that stand behind such a currency and have commas.
pub(super) fn is_behind_a_dollar(group: &Group) -> bool {
    let is_one = |text: &String| {
        let text = text.trim();
        text.contains(',') && WITH_POINTS.iter().any(|sign| text.starts_with(sign))
    };
    !group.texts.is_empty() && group.texts.keys().all(is_one)
}

/// True for numbers next to a currency.
pub(super) fn is_money(affixes: &[String]) -> bool {
    affixes.iter().any(|text| CURRENCIES.contains(&text.trim()))
}

/// True for what may stand before a number: a currency. `A` of `A17` makes it a code.
fn is_sign(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || CURRENCIES.contains(&text)
}

/// True for what may stand behind a number: a currency, a percent sign, a unit.
fn is_unit(text: &str) -> bool {
    let word = text.trim();
    let apart = BLANKS.iter().any(|blank| text.starts_with(blank));
    word.is_empty()
        || CURRENCIES.contains(&word)
        || UNITS.contains(&word)
        || MARKS.contains(&word)
        || (apart && word.chars().count() <= 8 && word.chars().all(|c| c.is_alphabetic() || c == '/'))
}

/// The styles that read a number, one bit each.
fn styles_of(body: &str) -> u8 {
    let mut styles = 0;
    for (at, (remove, decimal)) in STYLES.iter().enumerate() {
        let fits = match at {
            0 => number::plain(body.as_bytes()).is_some(),
            1 => number::with_thousands(body.as_bytes()).is_some(),
            2 => number::with_decimal_comma(body.as_bytes()).is_some(),
            _ => {
                // the same grammar with a comma or point in place of the sign
                let group = if decimal.is_some() { "." } else { "," };
                let foreign = body.contains(group);
                let swapped = remove.iter().fold(body.to_owned(), |text, sign| text.replace(sign, group));
                let read = if decimal.is_some() {
                    number::with_decimal_comma(swapped.as_bytes())
                } else {
                    number::with_thousands(swapped.as_bytes())
                };
                !foreign && read.is_some()
            }
        };
        styles |= u8::from(fits) << at;
    }
    styles
}

/// The styles that read the number of a cell, one bit each.
pub(super) fn read_by(cell: &str) -> u8 {
    styles_of(&split(cell.trim()).1)
}

fn is_code(body: &str) -> bool {
    let digits = body.trim_start_matches('-');
    let whole = digits.bytes().all(|b| b.is_ascii_digit());
    whole && (digits.len() > 15 || (digits.len() > 1 && digits.starts_with('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commonest(cells: &[&str]) -> (Vec<String>, u8) {
        let mut seen = Cells::default();
        cells.iter().enumerate().for_each(|(row, cell)| seen.add(cell, row as u64 + 1));
        let (affixes, group) = seen.commonest().expect("numbers");
        (affixes.clone(), group.styles)
    }

    #[test]
    fn signs_around_numbers_are_split_off() {
        assert_eq!(commonest(&["$1,200.50", "-$3.00"]), (vec!["$".to_owned()], 0b00_0010));
        assert_eq!(commonest(&["1.200,50 €", "12,50 €"]), (vec![" €".to_owned()], 0b00_0100));
        assert_eq!(commonest(&["1 200,50", "12,50"]), (vec![], 0b00_1000));
        assert_eq!(commonest(&["1'200.50", "12.50"]), (vec![], 0b10_0000));
        // either of two numbers
        assert_eq!(commonest(&["$1,200", "$2,400"]).1 & 0b11, 0b10);
        assert_eq!(commonest(&["€1,200", "€2,400"]).1 & 0b100, 0b100);
    }

    #[test]
    fn what_is_no_number_is_an_exception_with_its_row() {
        let mut seen = Cells::default();
        for (row, cell) in ["12.5", "about 14", "16.5", "Jan 5, 2024"].into_iter().enumerate() {
            seen.add(cell, row as u64 + 1);
        }
        let (affixes, group) = seen.commonest().expect("numbers");
        assert_eq!((group.cells, group.styles & 1), (2, 1));
        let exceptions = seen.exceptions(affixes).expect("few");
        assert_eq!(exceptions.get("about 14"), Some(&2));
        assert_eq!(exceptions.len(), 2);
        assert!({
            let mut codes = Cells::default();
            codes.add("007", 1);
            codes.codes
        });
    }
}
