//! Finds every number in a text, in the forms in which people and models write them: separators, percent
//! signs, Chinese units and numerals. What cannot be read for certain is a problem, never skipped. Whether a
//! number is true belongs to the check.

use super::numerals::{chinese_number, unit_of, word_problems};

/// A number as it stands in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Offset of its beginning, in characters.
    pub start: usize,
    /// As it stands there, with sign and percent sign.
    pub shown: String,
    /// The size, without its sign.
    pub size: f64,
    /// The worth of the last digit that is shown.
    pub step: f64,
    /// A minus before it, or a word for it.
    pub negative: bool,
    /// A plus before it.
    pub plus: bool,
    /// Percent or percentage points.
    pub percent: bool,
}

/// Words with digits that are terms of the trade.
const TERMS: [&str; 10] = ["R2", "r2", "HC0", "HC1", "HC2", "HC3", "2SLS", "3SLS", "chi2", "I2"];
/// Between groups of three digits: comma, apostrophes, narrow and fixed blanks.
const SEPARATORS: [char; 6] = [',', '\'', '\u{2019}', '\u{2009}', '\u{202f}', '\u{a0}'];
/// Words for percent that may follow a number.
const PERCENT: [&str; 10] = [
    "%",
    " %",
    " percent",
    " per cent",
    " percentage point",
    "-percent",
    "-percentage-point",
    " pp",
    "个百分点",
    "百分点",
];

/// Makes full-width forms and the several minus signs plain, one character for one.
fn plain(c: char) -> char {
    match c {
        '０'..='９' => char::from(b'0' + u8::try_from(u32::from(c) - u32::from('０')).unwrap_or(0)),
        '．' => '.',
        '，' => ',',
        '％' => '%',
        '−' | '–' | '﹣' | '－' => '-',
        '＋' => '+',
        '　' => ' ',
        other => other,
    }
}

/// Finds the numbers of a text. Names in backquotes for which `is_name` is true are left out, as are words
/// with digits that are names.
///
/// # Errors
/// Texts that cannot be read with certainty, with advice for the model.
pub fn numbers(text: &str, is_name: impl Fn(&str) -> bool) -> Result<Vec<Number>, Vec<String>> {
    let mut chars: Vec<char> = text.chars().map(plain).collect();
    blank_names(&mut chars, &is_name);
    let mut scan = Scan { chars, found: Vec::new(), problems: Vec::new() };
    scan.problems.extend(word_problems(&scan.chars));
    let mut at = 0;
    while at < scan.chars.len() {
        at = scan.step(at, &is_name);
    }
    if scan.problems.is_empty() { Ok(scan.found) } else { Err(scan.problems) }
}

fn blank_names(chars: &mut [char], is_name: &impl Fn(&str) -> bool) {
    let ticks: Vec<usize> = chars.iter().enumerate().filter(|(_, c)| **c == '`').map(|(i, _)| i).collect();
    for pair in ticks.chunks_exact(2) {
        let inner: String = chars[pair[0] + 1..pair[1]].iter().collect();
        if is_name(&inner) {
            chars[pair[0] + 1..pair[1]].fill('x');
        }
    }
}

struct Scan {
    chars: Vec<char>,
    found: Vec<Number>,
    problems: Vec<String>,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl Scan {
    fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or(' ')
    }

    fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or(' ', |i| self.at(i))
    }

    fn follows(&self, i: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(k, c)| self.at(i + k).eq_ignore_ascii_case(&c))
    }

    fn precedes(&self, i: usize, text: &str) -> bool {
        let n = text.chars().count();
        i >= n && self.follows(i - n, text)
    }

    fn digits(&self, from: usize) -> usize {
        (from..).take_while(|i| self.at(*i).is_ascii_digit()).count()
    }

    /// Checks one place; returns the next.
    fn step(&mut self, i: usize, is_name: &impl Fn(&str) -> bool) -> usize {
        let c = self.at(i);
        let fraction = c == '.' && self.at(i + 1).is_ascii_digit() && !self.before(i).is_ascii_digit();
        if c.is_ascii_digit() || (fraction && !is_word(self.before(i))) {
            return self.word(i, is_name).unwrap_or_else(|| self.number(i));
        }
        if let Some((end, value, step)) = chinese_number(&self.chars, i) {
            let after = ["倍", "成", "个百分点", "百分点", "%"].iter().any(|unit| self.follows(end, unit));
            if end - i > 1 || after || self.precedes(i, "百分之") {
                return self.push(i, i, end, value, step);
            }
            return end;
        }
        let square = c == '²' && self.before(i).is_alphabetic();
        if c.is_numeric() && !square && !is_numeral(c) {
            self.problems.push(format!("{c:?}: write numbers with the digits 0 to 9"));
        }
        i + 1
    }

    /// A word that holds this digit, if it is more than a number.
    fn word(&mut self, i: usize, is_name: &impl Fn(&str) -> bool) -> Option<usize> {
        let start = (0..i).rev().take_while(|k| is_word(self.at(*k))).last().unwrap_or(i);
        let end = (i..).find(|k| !is_word(self.at(*k))).unwrap_or(i);
        let word: String = self.chars[start..end].iter().collect();
        let exponent = word.split_once(['e', 'E']).is_some_and(|(m, e)| {
            let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
            !m.is_empty() && digits(m) && digits(e)
        });
        if exponent || word.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        if !is_name(&word) && !TERMS.contains(&word.as_str()) {
            self.problems.push(format!(
                "{word:?}: put names in backquotes, spelled as in the tables, and a blank after numbers"
            ));
        }
        Some(end)
    }

    fn number(&mut self, start: usize) -> usize {
        let mut text = String::new();
        let mut i = start + self.digits(start);
        text.extend(&self.chars[start..i]);
        let groups = text.len() <= 3;
        while groups && SEPARATORS.contains(&self.at(i)) && self.digits(i + 1) == 3 {
            text.extend(&self.chars[i + 1..i + 4]);
            i += 4;
        }
        let mut decimals = 0;
        if self.at(i) == '.' && self.at(i + 1).is_ascii_digit() {
            decimals = self.digits(i + 1);
            text.extend(&self.chars[i..=i + decimals]);
            i += 1 + decimals;
        }
        let sign = usize::from(matches!(self.at(i + 1), '-' | '+'));
        let mut power = 0;
        if matches!(self.at(i), 'e' | 'E') && self.digits(i + 1 + sign) > 0 {
            let end = i + 1 + sign + self.digits(i + 1 + sign);
            let exponent: String = self.chars[i + 1..end].iter().collect();
            power = exponent.parse().unwrap_or(i32::MAX);
            i = end;
        }
        let scale = 10f64.powi(power);
        let size = text.parse::<f64>().unwrap_or(f64::NAN) * scale;
        let step = 10f64.powi(-i32::try_from(decimals).unwrap_or(i32::MAX)) * scale;
        let after = self.at(i);
        if after.is_ascii_alphabetic() || after == '_' || self.follows(i, "×10") || self.follows(i, " ×") {
            let shown: String = self.chars[start..(i + 3).min(self.chars.len())].iter().collect();
            self.problems.push(format!("{shown:?}: write the number by itself, without powers and letters"));
        }
        let begin = if self.before(start) == '.' { start - 1 } else { start };
        self.push(begin, begin, i, size, step)
    }

    /// Adds a number with its sign and unit; returns the place behind it.
    fn push(&mut self, begin: usize, first: usize, end: usize, size: f64, step: f64) -> usize {
        let (mut end, mut unit, mut percent) = (end, 1.0, self.precedes(first, "百分之"));
        if !percent {
            (end, unit) = unit_of(&self.chars, end);
        }
        if let Some(word) = PERCENT.iter().find(|word| self.follows(end, word)) {
            percent = true;
            if word.ends_with('%') {
                end += word.len();
            }
        }
        if self.precedes(first, "千分之") || self.at(end) == '‰' {
            self.problems.push("parts of a thousand: write a decimal or a percentage".to_owned());
        }
        let signed = |c: char| self.before(begin) == c && !is_word(self.before(begin.wrapping_sub(1)));
        let lead = if percent && self.precedes(first, "百分之") { first - 3 } else { begin };
        let worded =
            ["minus ", "negative ", "负", "负的", "零下"].iter().any(|word| self.precedes(lead, word));
        let (minus, plus) = (begin > 0 && signed('-'), begin > 0 && signed('+'));
        let from = if minus || plus { begin - 1 } else { begin };
        self.found.push(Number {
            start: from,
            shown: self.chars[from..end].iter().collect(),
            size: size * unit,
            step: step * unit,
            negative: minus || worded,
            plus,
            percent,
        });
        end
    }
}

fn is_numeral(c: char) -> bool {
    "零〇一二三四五六七八九十百千万亿两".contains(c)
}
