//! Remarks on how the cells of a column were read.

use super::date::DateStyle;
use super::infer::{DecimalSign, Inference, Reading};
use super::number;
use super::problems::shown;
use super::warnings::Warnings;

/// Adds what a user should know on the reading that was chosen for a column.
pub(super) fn on_inference(
    facts: &Inference,
    reading: Reading,
    sign: DecimalSign,
    name: &str,
    warnings: &mut Warnings,
) {
    let column = Some(name);
    if facts.either_number(reading) && !sign.seen && (sign.comma || reading != Reading::Plain) {
        on_either(reading, name, warnings);
        return;
    }
    let note = match reading {
        Reading::Thousands if sign.seen && facts.either_number(reading) => Some(
            "commas were read as thousands separators (1,234 is 1234), as other columns have decimal points",
        ),
        Reading::DecimalComma if sign.seen && facts.points_may_group() => Some(
            "points were read as thousands separators (1.234 is 1234), as other columns have decimal commas",
        ),
        Reading::DecimalComma if sign.seen && facts.either_number(reading) => {
            Some("commas were read as decimal commas (1,234 is a little more than 1), as in other columns")
        }
        Reading::Thousands => Some("commas were read as thousands separators (1,234 is 1234)"),
        Reading::DecimalComma => Some("commas were read as decimal commas (1,5 is one and a half)"),
        Reading::Percent => Some("percentages were read as the number in front of the sign (12.5% is 12.5)"),
        Reading::Spelt => {
            on_spelt(facts, name, warnings);
            None
        }
        Reading::Boolean => Some("true and false were read as 1 and 0"),
        Reading::Date(DateStyle::DayFirst) | Reading::Datetime(DateStyle::DayFirst) => {
            Some("dates were read day first, the only order that fits every row")
        }
        Reading::Date(DateStyle::MonthFirst) | Reading::Datetime(DateStyle::MonthFirst) => {
            Some("dates were read month first, the only order that fits every row")
        }
        _ => None,
    };
    if let Some(note) = note {
        warnings.info("converted_values", column, format!("{name}: {note}"), "");
    }
    if facts.is_rounded(reading) {
        on_exponents(facts, name, warnings);
    }
    if reading.is_text() {
        on_text(facts, reading, name, warnings);
    }
    if facts.infinite > 0 && !reading.is_text() {
        on_infinite(facts.infinite, facts.first_infinite_row, name, warnings);
    }
}

/// Says that values are missing which Stata cannot hold.
pub(super) fn on_infinite(count: u64, first_row: Option<u64>, name: &str, warnings: &mut Warnings) {
    let values = match count {
        1 => "1 value that no number can hold".to_owned(),
        n => format!("{n} values that no number can hold"),
    };
    let row = first_row.map(|r| format!(" (first in row {r})")).unwrap_or_default();
    let message = format!("{name} has {values}, such as inf{row}; read as missing");
    let hint = "often a division by zero or the logarithm of zero: correct these cells in the file, or leave them missing";
    warnings.warn("infinite_values", Some(name), message, hint);
}

/// Says that a column is a number of seconds.
pub(super) fn on_seconds(name: &str, warnings: &mut Warnings) {
    let message = format!("{name} is a duration; it is a number of seconds here");
    let advice = "divide by 60 or 3600 with a derived variable";
    warnings.info("duration_in_seconds", Some(name), message, advice);
}

/// Says that a column of the file is not among those of the data.
pub(super) fn on_left_out(name: &str, why: &str, warnings: &mut Warnings) {
    let message = format!("column \"{}\" is left out: {why}", shown(name));
    let advice = "convert it in the program that wrote the file if you need it, and upload the file again";
    warnings.warn("column_left_out", None, message, advice);
}

/// Says that times are those of UTC, as Stata has no time zones.
pub(super) fn on_zone(name: &str, zone: &str, warnings: &mut Warnings) {
    let message = match zone {
        "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT" | "+00:00" => return,
        "" => {
            format!("{name} has no time zone; the times here are those of UTC, R shows those of its session")
        }
        zone => format!("{name} has the time zone {}; the times here are those of UTC", shown(zone)),
    };
    let advice = "if the clock of that zone is meant, convert the times before the upload, or add the hours with a derived variable";
    warnings.warn("time_zone", Some(name), message, advice);
}

/// Says that dates are numbers.
pub(super) fn on_no_dates(name: &str, warnings: &mut Warnings) {
    let message = format!("{name} has values that are no dates of the years 100 to 9999; it is a number");
    warnings.warn("dates_kept_as_numbers", Some(name), message, "correct these values in the file");
}

/// Says that a column of whole numbers is text.
pub(super) fn on_codes(name: &str, warnings: &mut Warnings) {
    let message = format!("{name} holds codes; they are kept as text so that no digit or zero is lost");
    warnings.info("code_kept_as_text", Some(name), message, "");
}

/// Says how numbers were read that a book keeper or another keyboard wrote.
fn on_spelt(facts: &Inference, name: &str, warnings: &mut Warnings) {
    let signs = facts.signs();
    let negative: Vec<&str> = signs.into_iter().filter_map(|(found, what)| found.then_some(what)).collect();
    let negative = match negative.is_empty() {
        true => None,
        false => Some(format!("numbers {} were read as negative ones", negative.join(" or "))),
    };
    let spelt = [
        (facts.full_width, "full-width digits were read as digits"),
        (facts.other_digits, "digits of another script were read as digits"),
        (facts.invisible, "invisible signs were left out"),
    ];
    let spelt = spelt.into_iter().filter(|(found, _)| *found).map(|(_, note)| note.to_owned());
    let notes: Vec<String> = negative.into_iter().chain(spelt).collect();
    if !notes.is_empty() {
        warnings.info("converted_values", Some(name), format!("{name}: {}", notes.join(", ")), "");
    }
}

/// Says that a workbook has lost digits of a column.
pub(super) fn on_lost_digits(name: &str, warnings: &mut Warnings) {
    let message = format!(
        "{name} holds whole numbers of more than 15 digits; a spreadsheet keeps 15, so that the last ones are lost and \
         different identifiers may have become equal"
    );
    let hint = "store the column as text before the numbers are typed or pasted, or upload the file that it came from";
    warnings.warn("lost_digits", Some(name), message, hint);
}

/// Says that whole numbers lack digits because a spreadsheet has written them in exponential form.
fn on_exponents(facts: &Inference, name: &str, warnings: &mut Warnings) {
    let row = facts.first_rounded_row.map(|r| format!(" (first in row {r})")).unwrap_or_default();
    let message = format!(
        "{name} holds {} whole numbers in exponential form{row}, as a spreadsheet writes numbers of 12 digits or more: \
         digits are lost, and different identifiers may have become equal",
        facts.rounded
    );
    let hint = "give the column the format of a text or of a whole number in the spreadsheet and save it again; measured \
                values can stay as they are";
    warnings.warn("lost_digits", Some(name), message, hint);
}

/// Says that every number of a column could be another one.
fn on_either(reading: Reading, name: &str, warnings: &mut Warnings) {
    let (taken, other) = match reading {
        Reading::Thousands => ("commas for thousands (1,234 is 1234)", "decimal commas (1.234)"),
        Reading::DecimalComma => {
            ("decimal commas (1,234 is a little more than 1)", "commas for thousands (1234)")
        }
        _ => ("decimal points (1.234 is a little more than 1)", "points for thousands (1234)"),
    };
    let message =
        format!("{name}: every number fits two readings; it was read with {taken}, not with {other}");
    // every number has one sign and three digits after it, so that the other reading is a thousand times this one or less
    let other = match reading {
        Reading::Thousands => format!("{name} / 1000"),
        _ => format!("round({name} * 1000)"),
    };
    let hint = format!(
        "compare the preview with the file; if it is wrong, derive a variable by {other} and use it, or write the numbers \
         without signs for thousands and with decimal points in the file, such as 1234 or 1.234"
    );
    warnings.warn("ambiguous_number", Some(name), message, &hint);
}

/// Says that the first rows of a file were taken for a title.
pub(super) fn on_title(header_row: u64, warnings: &mut Warnings) {
    let message = format!(
        "row {header_row} was taken as the header; the rows above it, with one cell at most, were left out"
    );
    warnings.warn(
        "rows_above_header",
        None,
        message,
        "read the file again with another header_row if it is not",
    );
}

/// Says that names of groups of columns stand above the names.
pub(super) fn on_groups(groups_row: u64, header_row: u64, warnings: &mut Warnings) {
    let message = format!(
        "row {header_row} was taken as the header: row {groups_row} above it names groups of columns; a name that several groups \
         have stands behind that of its group"
    );
    let hint = "read the file again with another header_row if it is not";
    warnings.warn("rows_above_header", None, message, hint);
}

/// Says that the header is one of three rows.
pub(super) fn on_survey(warnings: &mut Warnings) {
    let message = "row 1 was taken as the header; row 2 holds the questions, which are the labels here, and row 3 the ids of the export";
    warnings.info("rows_above_header", None, message.to_owned(), "nothing is to be done");
}

/// Says that the first sheets hold no table.
pub(super) fn on_sheet(sheets: &[String], sheet: &str, warnings: &mut Warnings) {
    let before: Vec<String> = sheets
        .iter()
        .take_while(|name| *name != sheet)
        .take(3)
        .map(|name| format!("\"{}\"", shown(name)))
        .collect();
    let message =
        format!("the sheet \"{}\" was read: {} before it holds no table", shown(sheet), before.join(", "));
    warnings.warn("sheet_chosen", None, message, "read another sheet if it is not the data");
}

/// Says that the row of names holds values: numbers only, a fraction, or numbers in no order. Years and numbers of waves, which
/// are names of columns too, rise or fall from left to right.
pub(super) fn on_header(row: u64, names: &[String], warnings: &mut Warnings) {
    let filled: Vec<&str> = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    let read = |name: &&str| number::plain(name.as_bytes()).map(|plain| (plain.value, plain.digits_only));
    let numbers: Vec<(f64, bool)> = filled.iter().filter_map(read).collect();
    let in_order = |falls: bool| {
        numbers.windows(2).all(|pair| if falls { pair[0].0 > pair[1].0 } else { pair[0].0 < pair[1].0 })
    };
    let ordered = in_order(false) || in_order(true);
    let fraction = filled.iter().find(|name| read(name).is_some_and(|(_, digits_only)| !digits_only));
    let what = match (numbers.len() == filled.len(), fraction) {
        _ if numbers.is_empty() => return,
        (true, _) => "holds numbers only".to_owned(),
        (false, Some(name)) => format!("holds the number {name}"),
        (false, None) if !ordered => "holds numbers in no order".to_owned(),
        (false, None) => return,
    };
    let message = format!("row {row}, taken as the header, {what}: it may be the first observation");
    let hint = "put a row with the names of the columns above it in the file, or read the file again with the header_row \
                that holds them";
    warnings.warn("header_is_data", None, message, hint);
}

fn on_text(facts: &Inference, reading: Reading, name: &str, warnings: &mut Warnings) {
    let column = Some(name);
    if facts.is_code() {
        on_codes(name, warnings);
    } else if facts.ambiguous_date() {
        warnings.warn(
            "ambiguous_date",
            column,
            format!("{name} holds dates that can be read day first or month first; they are kept as text"),
            "write dates as 2024-01-31",
        );
    } else if facts.numbers > 0 {
        let share = facts.numbers as f64 / facts.present.max(1) as f64;
        let row = facts.first_text_row.map(|r| format!(" (first in row {r})")).unwrap_or_default();
        let others = match facts.present - facts.numbers {
            1 => "1 other value".to_owned(),
            others => format!("{others} other values"),
        };
        let numbers = match facts.numbers {
            1 => "1 number".to_owned(),
            numbers => format!("{numbers} numbers"),
        };
        let message = format!("{name} mixes {numbers} with {others}{row}; it is kept as text");
        let hint = "correct the cells that are not numbers if the column should be numeric";
        if share >= 0.5 {
            warnings.warn("mixed_types", column, message, hint);
        } else {
            warnings.info("mixed_types", column, message, hint);
        }
    }
    on_words(facts, reading, name, warnings);
}

/// Says which words for missing values were read as such in a column of texts, and that `None` was not.
fn on_words(facts: &Inference, reading: Reading, name: &str, warnings: &mut Warnings) {
    let column = Some(name);
    let as_missing = facts.words_read_as_missing(reading);
    if as_missing > 0 {
        let message = match as_missing {
            1 => format!("{name}: 1 cell such as NA, N/A, NULL or - was read as a missing value"),
            n => format!("{name}: {n} cells such as NA, N/A, NULL or - were read as missing values"),
        };
        warnings.info("missing_words", column, message, "write such a value differently if it is a real one");
    }
    for (word, kept) in facts.kept_words(reading).into_iter().filter(|(_, kept)| *kept > 0) {
        let message = match kept {
            1 => format!("{name}: 1 cell holds {word}, which is kept as a category"),
            n => format!("{name}: {n} cells hold {word}, which is kept as a category"),
        };
        let hint = format!(
            "where it means that nothing is known, leave these rows out with the condition {name} != \"{word}\""
        );
        warnings.info("none_kept", column, message, &hint);
    }
}

/// States the invariant that both passes read a cell alike.
pub(super) fn assert_no_misfits(misfits: u64) {
    debug_assert_eq!(misfits, 0, "the second pass could not read what the first one accepted");
    if misfits > 0 {
        tracing::error!(event = "SS_DEFECT", misfits, "cells became missing that inference had accepted");
    }
}
