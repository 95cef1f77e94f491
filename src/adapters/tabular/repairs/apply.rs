//! The cells of a conversion as numbers, exactly as the do-file of a run reads them (`library::render`).

use crate::adapters::tabular::{date, number};
use crate::domain::data_step::{ConvertTo, DataStep, SPREADSHEET_1960, TOP_YEAR};

/// Reads a cell of a text column: `None` for a missing value, and for a cell that does not fit.
pub(in crate::adapters::tabular) fn text(step: &DataStep, cell: &str) -> Option<f64> {
    if step.missing.iter().any(|m| m == cell) {
        return None;
    }
    let cell = cell.trim();
    match step.to.as_ref()? {
        ConvertTo::Number => {
            let mut text = step.remove.iter().fold(cell.to_owned(), |text, cut| text.replace(cut, ""));
            if let Some(decimal) = &step.decimal {
                text = text.replace(decimal, ".");
            }
            number::plain(text.trim().as_bytes()).map(|p| p.value).filter(|v| number::storable(*v))
        }
        ConvertTo::DateSpreadsheet
        | ConvertTo::DateYyyymmdd
        | ConvertTo::MonthYyyymm
        | ConvertTo::Text
        | ConvertTo::TextLower
        | ConvertTo::FillDown => None,
        ConvertTo::MonthMy => date::short_month(cell.as_bytes()).map(f64::from),
        ConvertTo::YesNo => {
            let one = step.one.as_deref()?;
            (!cell.is_empty()).then_some(f64::from(u8::from(cell.to_lowercase() == one.to_lowercase())))
        }
        ConvertTo::FirstYear => {
            let text = step.remove.iter().fold(cell.to_owned(), |text, cut| text.replace(cut, ""));
            date::first_year(text.trim().as_bytes()).map(f64::from)
        }
        to => day(cell, to).map(f64::from),
    }
}

/// Reads a cell of a numeric column.
pub(in crate::adapters::tabular) fn number(step: &DataStep, value: f64) -> Option<f64> {
    let is_missing = |m: &String| number::plain(m.as_bytes()).is_some_and(|p| p.value == value);
    if step.missing.iter().any(is_missing) {
        return None;
    }
    match step.to {
        Some(ConvertTo::DateSpreadsheet) => Some(value - f64::from(SPREADSHEET_1960)),
        Some(ConvertTo::DateYyyymmdd) => date::in_digits(value).map(f64::from),
        Some(ConvertTo::MonthYyyymm) => date::month_in_digits(value).map(f64::from),
        _ => Some(value),
    }
}

/// For each row the one whose value it takes when cells without one take that of the row above.
pub(in crate::adapters::tabular) fn filled_down(missing: impl Iterator<Item = bool>) -> Vec<usize> {
    let mut last = 0;
    missing
        .enumerate()
        .map(|(row, is_missing)| {
            last = if is_missing { last } else { row };
            last
        })
        .collect()
}

/// Days since 1960-01-01 of three numbers with separators, the month also by its English name; a year has two or four digits.
pub(super) fn day(cell: &str, to: &ConvertTo) -> Option<i32> {
    let separator = cell.chars().find(|c| !c.is_ascii_alphanumeric())?;
    let mut parts = cell.split(separator);
    let parts = [parts.next()?, parts.next()?, parts.next().filter(|_| parts.next().is_none())?];
    let digits = |text: &str| !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let named = parts.map(|part| date::month_named(part.as_bytes()));
    // a blank stands between the parts of a date with a name only: `1 2 2024` may be three numbers
    let separates =
        matches!(separator, '-' | '/' | '.') || separator == ' ' && named.iter().any(Option::is_some);
    let month_at = named.iter().position(Option::is_some);
    if !separates || !(0..3).all(|at| month_at == Some(at) || digits(parts[at])) {
        return None;
    }
    let [a, b, c] = parts;
    let (y, m, d) = match to {
        to if to.reads_year_first_too() && a.len() == 4 => (a, b, c),
        // nobody writes `24 May 5` for a day of 2024
        ConvertTo::DateYmd if month_at.is_some() && a.len() < 4 => return None,
        ConvertTo::DateDmy | ConvertTo::DateYmdOrDmy => (c, b, a),
        ConvertTo::DateMdy | ConvertTo::DateYmdOrMdy => (c, a, b),
        ConvertTo::DateYmd => (a, b, c),
        _ => return None,
    };
    let number = |text: &str| text.parse::<i32>().ok();
    let m = match month_at {
        None if m.len() <= 2 => number(m)? as u32,
        None => return None,
        Some(_) => date::month_named(m.as_bytes())?,
    };
    if d.len() > 2 {
        return None;
    }
    let year = match y.len() {
        4 => number(y)?,
        2 => Some(number(y)? + 2000).map(|y| if y > TOP_YEAR { y - 100 } else { y })?,
        _ => return None,
    };
    date::days(year, m, number(d)? as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::data_step::StepKind;

    fn convert(to: ConvertTo) -> DataStep {
        DataStep { to: Some(to), ..DataStep::new(StepKind::Convert, "main") }
    }

    #[test]
    fn an_empty_cell_takes_the_value_above() {
        let cells = ["", "a", "", "", "b", ""];
        let from = filled_down(cells.iter().map(|cell| cell.is_empty()));
        let filled: Vec<&str> = from.iter().map(|row| cells[*row]).collect();
        assert_eq!(filled, ["", "a", "a", "a", "b", "b"]);
    }

    #[test]
    fn cells_become_what_the_step_says() {
        let mut step = convert(ConvertTo::Number);
        step.remove = vec![".".to_owned(), " €".to_owned()];
        step.decimal = Some(",".to_owned());
        step.missing = vec!["unknown".to_owned()];
        assert_eq!(text(&step, "1.234,50 €"), Some(1234.5));
        assert_eq!((text(&step, "unknown"), text(&step, "x")), (None, None));
        // 2024-01-05 is day 23380 (`help datetime`)
        assert_eq!(text(&convert(ConvertTo::DateDmy), "05/01/24"), Some(23_380.0));
        assert_eq!(text(&convert(ConvertTo::DateMdy), "1/5/2024"), Some(23_380.0));
        assert_eq!(text(&convert(ConvertTo::DateDmy), "05/01/51"), Some(-3283.0));
        assert_eq!(text(&convert(ConvertTo::DateDmy), "31/02/24"), None);
        let both = convert(ConvertTo::DateYmdOrDmy);
        assert_eq!(["2024-01-05", "05/01/2024", "5.1.24"].map(|cell| text(&both, cell)), [Some(23_380.0); 3]);
        // a spreadsheet shows 45296 as 2024-01-05
        assert_eq!(number(&convert(ConvertTo::DateSpreadsheet), 45_296.0), Some(23_380.0));
        let named = ["05-Jan-24", "5 January 24", "05/jan/2024", "5.Jan.24"];
        assert_eq!(named.map(|cell| text(&convert(ConvertTo::DateDmy), cell)), [Some(23_380.0); 4]);
        assert_eq!(text(&convert(ConvertTo::DateMdy), "Jan-05-24"), Some(23_380.0));
        assert_eq!(text(&convert(ConvertTo::DateYmd), "05-Jan-24"), None, "a year first has four digits");
        assert_eq!(
            ["5-Jan-Feb", "Jan", "5 1 24"].map(|cell| text(&convert(ConvertTo::DateDmy), cell)),
            [None; 3]
        );
        let digits = |to, value| number(&convert(to), value);
        assert_eq!(digits(ConvertTo::DateYyyymmdd, 20_240_105.0), Some(23_380.0));
        assert_eq!(digits(ConvertTo::DateYyyymmdd, 20_240_230.0), None);
        // 2024m1 is month 768
        assert_eq!(digits(ConvertTo::MonthYyyymm, 202_401.0), Some(768.0));
        assert_eq!(
            [202_413.0, 202_401.5, -1.0].map(|value| digits(ConvertTo::MonthYyyymm, value)),
            [None; 3]
        );
        let asked = DataStep { one: Some("Ja".to_owned()), ..convert(ConvertTo::YesNo) };
        assert_eq!([" Ja", "Nein", " "].map(|cell| text(&asked, cell)), [Some(1.0), Some(0.0), None]);
        assert_eq!(
            ["JA", "ja "].map(|cell| text(&asked, cell)),
            [Some(1.0); 2],
            "one word in several spellings"
        );
        let mut years = convert(ConvertTo::FirstYear);
        years.remove = vec!["AY".to_owned()];
        assert_eq!(
            ["2018/19", "AY 2018-2019 ", "2018"].map(|cell| text(&years, cell)),
            [Some(2018.0), Some(2018.0), None]
        );
        let codes = DataStep { missing: vec!["-999".to_owned()], ..convert(ConvertTo::Number) };
        assert_eq!((number(&codes, -999.0), number(&codes, 3.0)), (None, Some(3.0)));
    }
}
