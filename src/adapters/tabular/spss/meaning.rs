//! How the columns of a system file are stored: the smallest storage that holds the values, and their formats.

use dta::{Missing, StorageType};
use sav::{Code, Facts, FormatKind, Variable};

use crate::adapters::tabular::infer::text_storage;
use crate::adapters::tabular::stored_numbers::Numbers;

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub(in crate::adapters::tabular) struct Meaning {
    of_values: sav::Meaning,
    pub storage: StorageType,
    pub format: String,
}

impl Meaning {
    pub(in crate::adapters::tabular) fn of(variable: &Variable, facts: &Facts) -> Self {
        let of_values = sav::Meaning::of(variable, facts);
        let (form, is_number) = (variable.format, variable.format.kind == FormatKind::Number);
        let decimals = is_number.then_some((form.width.into(), form.decimals.into()));
        let (storage, format) = if variable.width.is_some() {
            text_storage(facts.bytes)
        } else {
            Numbers { range: facts.range, has_fraction: facts.has_fraction, decimals }
                .stored(of_values.reading)
        };
        Self { of_values, storage, format }
    }

    /// The value of the column, or the code of a missing one.
    pub(in crate::adapters::tabular) fn value(&self, x: f64) -> Result<f64, Missing> {
        self.of_values.value(x)
    }

    /// The code that carries the label of a value; `None` where a label cannot stand.
    pub(in crate::adapters::tabular) fn code(&self, value: f64) -> Option<i32> {
        self.of_values.code(value).map(|code| match code {
            Code::Number(number) => number,
            Code::Missing(missing) => missing.long(),
        })
    }

    /// Numbers that are missing, with their codes.
    pub(in crate::adapters::tabular) fn codes(&self) -> &[(f64, Missing)] {
        &self.of_values.codes
    }

    /// The missing value that stands for every number of a range.
    pub(in crate::adapters::tabular) fn range_code(&self) -> Option<Missing> {
        self.of_values.range_code()
    }
}
