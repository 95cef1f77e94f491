//! Mistakes of scripts, calendars and separators: signs that look alike or that nobody sees.

use super::cases::{Mistake, Noticed, m, y_as};
use super::files::table;

/// A number with other digits, from the zero of their script on.
fn digits(text: &str, zero: char) -> String {
    let other =
        |c: char| c.to_digit(10).map_or(c, |digit| char::from_u32(zero as u32 + digit).expect("a digit"));
    text.chars().map(other).collect()
}

/// Thousands of `y` with a sign between the groups of digits.
fn grouped(sign: char) -> Vec<u8> {
    y_as(|y| {
        let whole = (y * 1000.0).round() as u64;
        format!("{}{sign}{:03}", whole / 1000, whole % 1000)
    })
}

pub(super) fn of_scripts() -> Vec<Mistake> {
    use Noticed::Remark;
    let text = "text without a remark";
    let year = |from: u32| table("y,x,year", move |row, x, y| format!("{y},{x},{}", from + row));
    vec![
        m("thin spaces for thousands", text, grouped('\u{2009}'))
            .at(Remark("numbers_as_text"), &["may stand for thousands or for decimals"])
            .repaired(&[0], 2000.0, 24),
        m("spaces of a digit's width for thousands", text, grouped('\u{2007}'))
            .at(Remark("numbers_as_text"), &["may stand for thousands or for decimals"])
            .repaired(&[0], 2000.0, 24),
        m("Arabic digits", text, y_as(|y| digits(&format!("{y:.1}"), '\u{660}').replace('.', "\u{66b}")))
            .at(Remark("converted_values"), &["y: digits of another script were read as digits"])
            .ends(2.0, 24),
        m("Persian digits with a point", text, y_as(|y| digits(&format!("{y:.1}"), '\u{6f0}')))
            .at(Remark("converted_values"), &["digits of another script"])
            .ends(2.0, 24),
        m("a mark of a byte order within the file", "text; the repair made the number missing", {
            table("y,x", |row, x, y| format!("{}{y},{x}", if row == 11 { "\u{feff}" } else { "" }))
        })
        .at(Remark("converted_values"), &["y: invisible signs were left out"])
        .ends(2.0, 24),
        m("letters of footnotes raised behind numbers", "said to be several units, no repair", {
            table("y,x", |row, x, y| format!("{y}{},{x}", if row % 5 == 0 { "ᵃ" } else { "" }))
        })
        .at(Remark("numbers_as_text"), &["some with a mark", "in row 6"])
        .repaired(&[0], 2.0, 24),
        m("years of the Buddhist calendar", "read as years without a remark", year(2540))
            .at(Remark("other_calendar"), &["year holds years from 2541 to 2564", "year - 543"])
            .ends(2.0, 24),
        m("years of the common calendar", "read right", year(1990)).ends(2.0, 24),
        m("dates of the calendar of Islam", "read as dates of the Middle Ages without a remark", {
            table("y,x,date", |row, x, y| format!("{y},{x},1445-01-{row:02}"))
        })
        .at(Remark("other_calendar"), &["date holds dates of years from 1300 to 1499", "convert them"])
        .ends(2.0, 24),
        m("blanks between the columns", "one column of text without a remark", {
            table("y  x", |_, x, y| format!("{y:6.1} {x:5}"))
        })
        .at(Remark("one_column"), &["the file has one column", "y  x", "put commas, semicolons or tabs"]),
    ]
}
