//! How the columns of a data set of SAS are stored: the smallest storage that holds the values, and their formats.

use dta::{Missing, StorageType};
use xport::{Facts, Format, FormatKind, Number, Reading};

use super::source::Variable;
use crate::adapters::tabular::infer::{number_storage, text_storage};

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub(super) struct Meaning {
    reading: Reading,
    pub storage: StorageType,
    pub format: String,
}

impl Meaning {
    pub(super) fn of(variable: &Variable, facts: &Facts) -> Self {
        if variable.is_text {
            let (storage, format) = text_storage(facts.bytes);
            return Self { reading: Reading::Number, storage, format };
        }
        let reading = Reading::of(variable.format.kind(), facts);
        let (storage, format) = match reading {
            Reading::Day => (StorageType::Long, "%td".to_owned()),
            Reading::Month => (StorageType::Int, "%tm".to_owned()),
            Reading::Quarter => (StorageType::Int, "%tq".to_owned()),
            Reading::Clock => (StorageType::Double, "%tc".to_owned()),
            Reading::Number => {
                let (low, high) = facts.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                let storage = number_storage(!facts.has_fraction, low, high);
                (storage, number_format(storage, &variable.format))
            }
        };
        Self { reading, storage, format }
    }

    /// The value of the column, or the code of a missing one: `.A` is `.a`; `._`, which Stata has not, is `.`.
    pub(super) fn value(&self, number: Number) -> Result<f64, Missing> {
        match number {
            Number::Missing(letter) => {
                Err(Missing::from_letter(letter.to_ascii_lowercase()).unwrap_or(Missing::SYSTEM))
            }
            Number::Value(x) => Ok(self.reading.value(x)),
        }
    }
}

/// The default format of whole numbers; the decimals of the file for others.
fn number_format(storage: StorageType, format: &Format) -> String {
    match storage {
        StorageType::Byte | StorageType::Int => "%8.0g".to_owned(),
        StorageType::Long => "%12.0g".to_owned(),
        _ if format.kind() == FormatKind::Plain && (1..=9).contains(&format.decimals) => {
            format!("%{}.{}f", format.width.clamp(format.decimals + 3, 20), format.decimals)
        }
        _ => "%10.0g".to_owned(),
    }
}
