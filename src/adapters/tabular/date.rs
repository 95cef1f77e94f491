//! Dates and times as people write them in tables, in the units of the language: days and milliseconds
//! since 1960-01-01, months and quarters since 1960.

use chrono::NaiveDate;

use crate::domain::data_step::TOP_YEAR;

/// Milliseconds of a day.
pub(super) const DAY_MS: f64 = 86_400_000.0;

/// Order and style of the parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// `2024-01-05`, `2024/1/5`, `2024.01.05`
    YearFirst,
    /// `5/1/2024`, `05.01.2024`
    DayFirst,
    /// `1/5/2024`
    MonthFirst,
    /// `2024年1月5日`
    Chinese,
    /// `5 Jan 2024`, `05-Jan-2024`, `05jan2024`, `Jan 5, 2024`
    MonthName,
}

/// All styles.
pub(super) const STYLES: [DateStyle; 5] = [
    DateStyle::YearFirst,
    DateStyle::DayFirst,
    DateStyle::MonthFirst,
    DateStyle::Chinese,
    DateStyle::MonthName,
];

/// Days since 1960-01-01 of a calendar date of the years 1000 to 9999.
pub(super) fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1000..=9999).contains(&year) {
        return None;
    }
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(month.wrapping_sub(1) as usize)? + u32::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that a leap day is the last one of its year. The months from March on have 31, 30,
    // 31, 30, 31 days again and again: (153 m + 2) / 5 days lie before month m.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    const EPOCH: i32 = 715_815; // 1960-01-01 counted from 0000-03-01
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year.cast_signed() - EPOCH)
}

/// The calendar date of days since 1960-01-01.
pub(super) fn from_days(days: i64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1960, 1, 1)?.checked_add_signed(chrono::TimeDelta::try_days(days)?)
}

/// Takes a number of 1 to `most` digits off the front.
fn number(text: &mut &[u8], most: usize) -> Option<u32> {
    let length = text.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() || rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    *text = rest;
    Some(digits.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

fn year(text: &mut &[u8]) -> Option<i32> {
    let before = text.len();
    let year = number(text, 4)?;
    (before - text.len() == 4).then_some(year as i32)
}

fn literal(text: &mut &[u8], what: &[u8]) -> Option<()> {
    *text = text.strip_prefix(what)?;
    Some(())
}

fn separator(text: &mut &[u8]) -> Option<u8> {
    let &first = text.first()?;
    *text = &text[1..];
    matches!(first, b'-' | b'/' | b'.').then_some(first)
}

fn skip_spaces(text: &mut &[u8]) {
    *text = text.trim_ascii_start();
}

fn month_name(text: &mut &[u8]) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let word = text[..length].to_ascii_lowercase();
    let at = NAMES.iter().position(|name| {
        let name = name.as_bytes();
        word == name || word == name[..3] || (word == b"sept" && name == b"september")
    })?;
    *text = &text[length..];
    skip_spaces_and_point(text);
    Some(at as u32 + 1)
}

/// Reads a whole text as the English name of a month, in full or by its first three letters: 1 to 12.
pub(super) fn month_named(mut text: &[u8]) -> Option<u32> {
    month_name(&mut text).filter(|_| text.is_empty())
}

/// The year, month and day that the digits of a whole number write, `20240131`: days since 1960-01-01.
pub(super) fn in_digits(value: f64) -> Option<i32> {
    let whole =
        (value.fract() == 0.0 && (10_000_101.0..=99_991_231.0).contains(&value)).then_some(value as i32)?;
    days(whole / 10_000, (whole / 100 % 100).cast_unsigned(), (whole % 100).cast_unsigned())
}

/// The year and month that the digits of a whole number write, `202401`: months since 1960-01.
pub(super) fn month_in_digits(value: f64) -> Option<i32> {
    let whole = (value.fract() == 0.0 && (100_001.0..=999_912.0).contains(&value)).then_some(value as i32)?;
    let (year, month) = (whole / 100, whole % 100);
    (1..=12).contains(&month).then(|| (year - 1960) * 12 + month - 1)
}

fn skip_spaces_and_point(text: &mut &[u8]) {
    if text.first() == Some(&b'.') {
        *text = &text[1..];
    }
}

/// Reads `2024-01-05` and the like, the commonest dates of tables.
#[inline(always)]
pub(super) fn full_date(text: &[u8]) -> Option<i32> {
    let digits = *text.first_chunk::<10>().filter(|_| text.len() == 10)?;
    let [a, b, c, d, first, e, f, second, g, h] = digits;
    let mark = first == second && matches!(first, b'-' | b'/' | b'.');
    let [a, b, c, d, e, f, g, h] = [a, b, c, d, e, f, g, h].map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let valid = mark && [a, b, c, d, e, f, g, h].iter().all(|digit| *digit <= 9);
    let year = (a * 1000 + b * 100 + c * 10 + d).cast_signed();
    if valid { days(year, e * 10 + f, g * 10 + h) } else { None }
}

/// Takes a date in this style off the front: days since 1960-01-01.
fn date_part(text: &mut &[u8], style: DateStyle) -> Option<i32> {
    match style {
        DateStyle::YearFirst => {
            let y = year(text)?;
            let sep = separator(text)?;
            let m = number(text, 2)?;
            (separator(text)? == sep).then_some(())?;
            days(y, m, number(text, 2)?)
        }
        DateStyle::DayFirst | DateStyle::MonthFirst => {
            let first = number(text, 2)?;
            let sep = separator(text)?;
            let second = number(text, 2)?;
            (separator(text)? == sep).then_some(())?;
            let y = year(text)?;
            let day_first = style == DateStyle::DayFirst;
            let (d, m) = if day_first { (first, second) } else { (second, first) };
            days(y, m, d)
        }
        DateStyle::Chinese => {
            let y = year(text)?;
            literal(text, "年".as_bytes())?;
            let m = number(text, 2)?;
            literal(text, "月".as_bytes())?;
            let d = number(text, 2)?;
            literal(text, "日".as_bytes()).or_else(|| literal(text, "号".as_bytes()))?;
            days(y, m, d)
        }
        DateStyle::MonthName => {
            if text.first()?.is_ascii_digit() {
                let d = number(text, 2)?;
                skip_gap(text);
                let m = month_name(text)?;
                skip_gap(text);
                return days(year(text)?, m, d);
            }
            let m = month_name(text)?;
            skip_spaces(text);
            let d = number(text, 2)?;
            literal(text, b",").or(Some(()))?;
            skip_spaces(text);
            days(year(text)?, m, d)
        }
    }
}

fn skip_gap(text: &mut &[u8]) {
    skip_spaces(text);
    if let Some(rest) = text.strip_prefix(b"-") {
        *text = rest;
    }
}

/// Takes `H:MM[:SS[.fff]][ AM|PM][Z|+00:00]` off the front: milliseconds of the day.
fn time_part(text: &mut &[u8]) -> Option<f64> {
    let mut hour = number(text, 2)?;
    literal(text, b":")?;
    let minute = number(text, 2)?;
    let mut second = 0;
    let mut fraction = 0.0;
    if literal(text, b":").is_some() {
        second = number(text, 2)?;
        if literal(text, b".").is_some() {
            let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || length > 9 {
                return None;
            }
            // the language keeps milliseconds
            let digits = text.iter().take(length.min(3)).fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
            fraction = f64::from(digits * 10u32.pow(3 - length.min(3) as u32));
            *text = &text[length..];
        }
    }
    skip_spaces(text);
    let half = text.get(..2).map(<[u8]>::to_ascii_lowercase);
    if let Some(half @ (b"am" | b"pm")) = half.as_deref() {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half == b"pm" { 12 } else { 0 };
        *text = &text[2..];
    }
    literal(text, b"Z").or_else(|| literal(text, b"+00:00")).or(Some(()))?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(f64::from(hour * 3600 + minute * 60 + second) * 1000.0 + fraction)
}

/// Reads a whole text as a date in this style: days since 1960-01-01.
pub(super) fn date(mut text: &[u8], style: DateStyle) -> Option<i32> {
    if style == DateStyle::YearFirst
        && let Some(day) = full_date(text)
    {
        return Some(day);
    }
    let day = date_part(&mut text, style)?;
    text.is_empty().then_some(day)
}

/// A date with or without a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Milliseconds since 1960-01-01.
    pub ms: f64,
    /// A time other than midnight was given.
    pub has_time: bool,
    /// No time was given: [`date`] reads it too.
    pub is_date: bool,
}

/// Reads a whole text as a date with or without a time.
pub(super) fn datetime(mut text: &[u8], style: DateStyle) -> Option<Moment> {
    if style == DateStyle::YearFirst
        && let Some(day) = full_date(text)
    {
        return Some(Moment { ms: f64::from(day) * DAY_MS, has_time: false, is_date: true });
    }
    let day = f64::from(date_part(&mut text, style)?) * DAY_MS;
    if text.is_empty() {
        return Some(Moment { ms: day, has_time: false, is_date: true });
    }
    if literal(&mut text, b"T").is_none() {
        let before = text.len();
        skip_spaces(&mut text);
        if text.len() == before && style != DateStyle::Chinese {
            return None;
        }
    }
    let time = time_part(&mut text)?;
    text.is_empty().then_some(Moment { ms: day + time, has_time: time != 0.0, is_date: false })
}

/// Reads `2024-01`, `2024/1`, `2024m1`, `2024年1月`, `01/2024`, `Jan 2024`, `Jan-2024`: months since 1960-01.
pub(super) fn month(mut text: &[u8]) -> Option<i32> {
    if let Some(month) = month_first(text) {
        return Some(month);
    }
    if text.first().is_some_and(u8::is_ascii_alphabetic) {
        return named_month(text);
    }
    let y = year(&mut text)?;
    let m = if literal(&mut text, "年".as_bytes()).is_some() {
        let m = number(&mut text, 2)?;
        literal(&mut text, "月".as_bytes())?;
        m
    } else {
        let &mark = text.first()?;
        text = &text[1..];
        if !matches!(mark, b'-' | b'/' | b'm' | b'M') {
            return None;
        }
        number(&mut text, 2)?
    };
    let fits = text.is_empty() && (1..=12).contains(&m) && (1000..=9999).contains(&y);
    fits.then(|| (y - 1960) * 12 + m as i32 - 1)
}

/// `1/2024`, `01-2024`: a point would be a decimal sign.
fn month_first(mut text: &[u8]) -> Option<i32> {
    let m = number(&mut text, 2)?;
    matches!(separator(&mut text)?, b'/' | b'-').then_some(())?;
    let y = year(&mut text)?;
    let fits = text.is_empty() && (1..=12).contains(&m) && (1000..=9999).contains(&y);
    fits.then(|| (y - 1960) * 12 + m as i32 - 1)
}

/// Reads `1/08`, `01-08`, `Jan-08`, `Jan 08`: months since 1960-01 whose year of two digits is one of 1951 to 2050. Of one cell
/// nobody knows whether it is a day.
pub(super) fn short_month(mut text: &[u8]) -> Option<i32> {
    let m = if text.first().is_some_and(u8::is_ascii_alphabetic) {
        let m = month_name(&mut text)?;
        let before = text.len();
        skip_gap(&mut text);
        (text.len() < before).then_some(m)?
    } else {
        let m = number(&mut text, 2)?;
        matches!(separator(&mut text)?, b'/' | b'-').then_some(m)?
    };
    let digits = text.len();
    let y = number(&mut text, 2)?.cast_signed();
    let y = if y <= TOP_YEAR % 100 { TOP_YEAR / 100 * 100 + y } else { TOP_YEAR / 100 * 100 - 100 + y };
    (digits == 2 && (1..=12).contains(&m)).then(|| (y - 1960) * 12 + m as i32 - 1)
}

/// A month by its name before the year in full: of `Jan-19` nobody knows whether 19 is a day.
fn named_month(mut text: &[u8]) -> Option<i32> {
    let m = month_name(&mut text)?;
    let before = text.len();
    literal(&mut text, b",").or(Some(()))?;
    skip_gap(&mut text);
    skip_spaces(&mut text);
    if text.len() == before {
        return None;
    }
    let y = year(&mut text)?;
    (text.is_empty() && (1000..=9999).contains(&y)).then(|| (y - 1960) * 12 + m as i32 - 1)
}

/// Reads `2018/19`, `2018-19`, `2018/2019` and `2018–19`: the first of two years that follow each other.
pub(super) fn first_year(mut text: &[u8]) -> Option<i32> {
    let first = year(&mut text).filter(|year| (1500..=2200).contains(year))?;
    skip_spaces(&mut text);
    let marks = ["/", "-", "\u{2013}", "\u{2014}", "~", "至", "到"];
    marks.iter().find_map(|mark| literal(&mut text, mark.as_bytes()))?;
    skip_spaces(&mut text);
    let digits = text.len();
    let second = number(&mut text, 4)?.cast_signed();
    let next = match digits {
        2 => (first + 1) % 100,
        4 => first + 1,
        _ => return None,
    };
    (text.is_empty() && second == next).then_some(first)
}

/// Reads `2024q1`, `2024Q1`, `2024-Q1`, `2024年1季度`, `Q1 2024`, `Q1/2024`: quarters since 1960q1.
pub(super) fn quarter(mut text: &[u8]) -> Option<i32> {
    if matches!(text.first(), Some(b'q' | b'Q')) {
        text = &text[1..];
        let q = number(&mut text, 1)?;
        [&b" "[..], b"-", b"/"].iter().find_map(|mark| literal(&mut text, mark))?;
        let y = year(&mut text)?;
        let fits = text.is_empty() && (1..=4).contains(&q) && (1000..=9999).contains(&y);
        return fits.then(|| (y - 1960) * 4 + q as i32 - 1);
    }
    let y = year(&mut text)?;
    let q = if literal(&mut text, "年".as_bytes()).is_some() {
        literal(&mut text, "第".as_bytes()).or(Some(()))?;
        let q = number(&mut text, 1)?;
        literal(&mut text, "季度".as_bytes())?;
        q
    } else {
        literal(&mut text, b"-").or_else(|| literal(&mut text, b" ")).or(Some(()))?;
        literal(&mut text, b"q").or_else(|| literal(&mut text, b"Q"))?;
        number(&mut text, 1)?
    };
    let fits = text.is_empty() && (1..=4).contains(&q) && (1000..=9999).contains(&y);
    fits.then(|| (y - 1960) * 4 + q as i32 - 1)
}

#[cfg(test)]
mod tests;
