//! How the columns of a text table are read and stored, as far as facts on their cells tell.

use super::super::infer::{DecimalSign, Inference, Reading};
use super::super::output::ColumnPlan;
use super::Header;

/// A reading and a storage for every column that is kept.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    /// Positions in the header.
    pub kept: Vec<usize>,
    pub readings: Vec<Reading>,
    /// The decimal sign that led to them.
    pub sign: DecimalSign,
    /// Without the names that they get in the data.
    pub columns: Vec<ColumnPlan>,
}

impl Plan {
    /// Decides from the facts on all columns, whose names and labels stand in the header. `comma` where a number such as `1,234`
    /// has a decimal comma rather than thousands unless a column shows the sign.
    pub(super) fn of(header: &Header, facts: &[Inference], comma: bool) -> Self {
        let names = &header.names;
        let label = |at: usize| header.labels.as_ref()?.get(at).filter(|label| **label != names[at]).cloned();
        // a column without name and values is what a delimiter at the end of every line makes
        let kept: Vec<usize> =
            (0..facts.len()).filter(|&at| !(names[at].trim().is_empty() && facts[at].present == 0)).collect();
        let sign = DecimalSign::of(facts, comma);
        let readings: Vec<Reading> = kept.iter().map(|&at| facts[at].reading(sign)).collect();
        let columns = kept
            .iter()
            .zip(&readings)
            .map(|(&at, &reading)| {
                let (storage, format) = facts[at].storage(reading);
                ColumnPlan {
                    original: names[at].clone(),
                    name: String::new(),
                    label: label(at),
                    storage,
                    format,
                    value_label: String::new(),
                }
            })
            .collect();
        Self { kept, readings, sign, columns }
    }

    /// True if these facts on the column at place `of` of the plan alone would lead to the same.
    pub(super) fn suits(&self, of: usize, facts: &Inference) -> bool {
        let (reading, column) = (self.readings[of], &self.columns[of]);
        if facts.reading(self.sign) != reading {
            return false;
        }
        let (storage, format) = facts.storage(reading);
        storage == column.storage && format == column.format
    }
}
