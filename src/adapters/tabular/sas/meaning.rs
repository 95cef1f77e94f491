//! How the columns of a data set of SAS are stored.

use dta::{Missing, Reading, StorageType};
use xport::{Facts, FormatKind, Number, Variable};

use crate::adapters::tabular::infer::text_storage;
use crate::adapters::tabular::stored_numbers::Numbers;

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub(super) struct Meaning {
    reading: Reading,
    pub storage: StorageType,
    pub format: String,
}

impl Meaning {
    pub(super) fn of(variable: &Variable, facts: &Facts) -> Self {
        let form = &variable.format;
        let reading = if variable.is_text { Reading::Number } else { xport::reading(form.kind(), facts) };
        let decimals =
            (form.kind() == FormatKind::Plain).then_some((form.width.into(), form.decimals.into()));
        let (storage, format) = if variable.is_text {
            text_storage(facts.bytes)
        } else {
            Numbers { range: facts.range, has_fraction: facts.has_fraction, decimals }.stored(reading)
        };
        Self { reading, storage, format }
    }

    /// The value of the column, or the code of a missing one.
    pub(super) fn value(&self, number: Number) -> Result<f64, Missing> {
        xport::value(self.reading, number)
    }
}
