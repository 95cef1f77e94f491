//! What a user has to know of a data frame beyond its values.

use rds::{Column, Frame, What};

use super::encodings::Encodings;
use super::facts::Facts;
use super::meaning::Meaning;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::remarks;
use crate::adapters::tabular::spss;
use crate::adapters::tabular::warnings::Warnings;
use dta::Reading;

/// Adds the remarks on a column.
pub(super) fn on(name: &str, column: &Column, meaning: &Meaning, facts: &Facts, warnings: &mut Warnings) {
    if facts.infinite > 0 {
        remarks::on_infinite(facts.infinite, facts.first_infinite, name, warnings);
    }
    if facts.is_beyond {
        remarks::on_codes(name, warnings);
    }
    if let (Some((variable, seen)), Some(declared)) = (&facts.declared, meaning.declared()) {
        let decode = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        spss::remarks::on(name, variable, declared, seen, decode, warnings);
    }
    match &column.what {
        What::DateTime(zone) if meaning.reading == Reading::Clock => remarks::on_zone(name, zone, warnings),
        What::Duration(unit) => on_duration(name, unit, warnings),
        What::Date
        | What::DateTime(_)
        | What::Month
        | What::Quarter
        | What::MonthOfDay
        | What::QuarterOfDay
            if meaning.reading == Reading::Number =>
        {
            remarks::on_no_dates(name, warnings);
        }
        _ => {}
    }
    if let Some(class) = &column.class {
        let class = shown(class);
        let message = format!("{name} has the class {class} in R; its numbers are taken as they are");
        let advice = "check the preview; convert the column in R if the numbers mean something else";
        warnings.info("class_of_r", Some(name), message, advice);
    }
}

/// Adds the remarks on columns that are left out.
pub(super) fn on_unread(frame: &Frame, encodings: &Encodings, warnings: &mut Warnings) {
    for (name, why) in &frame.unread {
        remarks::on_left_out(&encodings.text(name), why, warnings);
    }
}

fn on_duration(name: &str, unit: &str, warnings: &mut Warnings) {
    let unit = match unit {
        "secs" => return remarks::on_seconds(name, warnings),
        "mins" => "minutes".to_owned(),
        other => shown(other),
    };
    let message = format!("{name} is a duration; it is a number of {unit} here");
    warnings.info("duration_in_units", Some(name), message, "");
}
