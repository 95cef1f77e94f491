//! Variables that a draft derives from columns, and what its choices say of them.

use super::Choice;
use crate::domain::dataset::Dataset;
use crate::domain::draft::StatedVariable;

/// Longest label of a variable, in characters.
const LABEL: usize = 80;

/// The name, with `between` and a number behind it where a column has it already.
pub(super) fn free_name(dataset: &Dataset, name: &str, between: &str) -> String {
    std::iter::once(name.to_owned())
        .chain((2..).map(|n| format!("{name}{between}{n}")))
        .find(|name| dataset.columns.iter().all(|c| !c.name.eq_ignore_ascii_case(name)))
        .expect("some name is free")
}

/// A variable that a draft derives; a label that is too long is left out.
pub(super) fn labelled(name: String, expression: String, label: String) -> StatedVariable {
    let label = Some(label).filter(|label| label.chars().count() <= LABEL);
    StatedVariable { name, expression, label }
}

impl Choice {
    /// Adds to the reason what a derived variable is.
    pub(super) fn derives(&mut self, en: &str, zh: &str) {
        self.reason.en += &format!("; {en}");
        self.reason.zh = self.reason.zh.take().map(|text| format!("{text}；{zh}"));
    }
}
