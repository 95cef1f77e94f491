//! How the columns of a system file are stored: the smallest storage that holds the values, and their formats.

use dta::{Missing, StorageType};
use sav::{Code, Facts, FormatKind, Reading, Variable};

use crate::adapters::tabular::infer::{number_storage, text_storage};

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub(super) struct Meaning {
    of_values: sav::Meaning,
    pub storage: StorageType,
    pub format: String,
}

impl Meaning {
    pub(super) fn of(variable: &Variable, facts: &Facts) -> Self {
        let of_values = sav::Meaning::of(variable, facts);
        let (storage, format) = if variable.width.is_some() {
            text_storage(facts.bytes)
        } else {
            match of_values.reading {
                Reading::Day => (StorageType::Long, "%td".to_owned()),
                Reading::Month => (StorageType::Int, "%tm".to_owned()),
                Reading::Quarter => (StorageType::Int, "%tq".to_owned()),
                Reading::Clock => (StorageType::Double, "%tc".to_owned()),
                Reading::Number => {
                    let (low, high) = facts.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                    let storage = number_storage(!facts.has_fraction, low, high);
                    (storage, number_format(storage, variable))
                }
            }
        };
        Self { of_values, storage, format }
    }

    /// The value of the column, or the code of a missing one.
    pub(super) fn value(&self, x: f64) -> Result<f64, Missing> {
        self.of_values.value(x).map_err(missing)
    }

    /// The code that carries the label of a value; `None` where a label cannot stand.
    pub(super) fn code(&self, value: f64) -> Option<i32> {
        self.of_values.code(value).map(|code| match code {
            Code::Number(number) => number,
            Code::Missing(rank) => missing(rank).long(),
        })
    }

    /// Numbers that are missing, with their codes.
    pub(super) fn codes(&self) -> impl Iterator<Item = (f64, Missing)> {
        self.of_values.codes.iter().map(|(x, rank)| (*x, missing(*rank)))
    }

    /// The missing value that stands for every number of a range.
    pub(super) fn range_code(&self) -> Option<Missing> {
        self.of_values.range_code().map(missing)
    }
}

fn missing(rank: u8) -> Missing {
    Missing::from_rank(rank).unwrap_or(Missing::SYSTEM)
}

/// The default format of whole numbers; the decimals of the file for others.
fn number_format(storage: StorageType, variable: &Variable) -> String {
    let format = variable.format;
    match storage {
        StorageType::Byte | StorageType::Int => "%8.0g".to_owned(),
        StorageType::Long => "%12.0g".to_owned(),
        _ if format.kind == FormatKind::Number && (1..=9).contains(&format.decimals) => {
            format!("%{}.{}f", format.width.clamp(format.decimals + 3, 20), format.decimals)
        }
        _ => "%10.0g".to_owned(),
    }
}
