//! Remarks on the data that do not stop a job, in one wording, bounded in number.

use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::DataWarning;

use super::problems::shown;

/// Most remarks of one kind; the last one says how many more there are.
const MOST_OF_A_KIND: usize = 50;

/// Collects remarks.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    list: Vec<DataWarning>,
    counts: std::collections::BTreeMap<&'static str, usize>,
}

impl Warnings {
    /// Adds a remark that needs a look.
    pub(super) fn warn(
        &mut self,
        kind: &'static str,
        column: Option<&str>,
        message: String,
        suggestion: &str,
    ) {
        self.add(kind, "warning", column, message, suggestion);
    }

    /// Adds a remark on something that was decided and can be left so.
    pub(super) fn info(
        &mut self,
        kind: &'static str,
        column: Option<&str>,
        message: String,
        suggestion: &str,
    ) {
        self.add(kind, "info", column, message, suggestion);
    }

    fn add(
        &mut self,
        kind: &'static str,
        severity: &str,
        column: Option<&str>,
        message: String,
        suggestion: &str,
    ) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count > MOST_OF_A_KIND {
            return;
        }
        self.list.push(DataWarning {
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            message,
            suggestion: (!suggestion.is_empty()).then(|| suggestion.to_owned()),
            dataset_key: None,
            column: column.map(shown),
            repairs: Vec::new(),
        });
    }

    /// Adds a remark on what a data step repairs. It takes the place of the remarks of `instead` on that column.
    pub(super) fn repairable(
        &mut self,
        kind: &'static str,
        instead: &[&str],
        column: Option<&str>,
        message: String,
        repairs: Vec<DataStep>,
    ) {
        if let Some(column) = column {
            self.withdraw(instead, column);
        }
        let before = self.list.len();
        // words for yes and no are no fault of the file
        let is_fault = repairs.iter().any(|step| step.to != Some(ConvertTo::YesNo));
        let severity = if is_fault { "warning" } else { "info" };
        self.add(kind, severity, column, message, "submit one of `repairs` in `data_steps` of the draft");
        if self.list.len() > before
            && let Some(last) = self.list.last_mut()
        {
            last.repairs = repairs;
        }
    }

    /// Adds a step to the remarks of a kind, which the remark asks a person about.
    pub(super) fn repairs_of(&mut self, kind: &str, step: &DataStep) {
        for warning in self.list.iter_mut().filter(|w| w.kind == kind) {
            warning.repairs.push(step.clone());
            warning.suggestion = Some(
                "check whether the rows were entered twice; the analysis keeps all of them. Where they were, submit the step of \
                 `repairs` in `data_steps` of the draft"
                    .to_owned(),
            );
        }
    }

    /// Takes back the remarks of these kinds on a column.
    pub(super) fn withdraw(&mut self, kinds: &[&str], column: &str) {
        let column = shown(column);
        let is_one = |w: &DataWarning| w.column.as_ref() == Some(&column) && kinds.contains(&w.kind.as_str());
        self.list.retain(|w| !is_one(w));
    }

    /// How many remarks of a kind there are.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.counts.get(kind).copied().unwrap_or_default()
    }

    /// Takes back every remark on a column.
    pub(super) fn withdraw_on_columns(&mut self) {
        for remark in self.list.iter().filter(|w| w.column.is_some()) {
            self.counts.remove(remark.kind.as_str());
        }
        self.list.retain(|w| w.column.is_none());
    }

    /// Takes back the remarks of a kind that another one explains.
    pub(super) fn withdraw_kind(&mut self, kind: &str) {
        self.counts.remove(kind);
        self.list.retain(|w| w.kind != kind);
    }

    /// All remarks, with one more per kind that had too many.
    pub(super) fn finish(mut self) -> Vec<DataWarning> {
        // columns of such a table are none, so that nothing is to be said of them
        if self.count("transposed") > 0 {
            self.withdraw_on_columns();
        }
        for (kind, count) in &self.counts {
            if *count > MOST_OF_A_KIND {
                self.list.push(DataWarning {
                    kind: (*kind).to_owned(),
                    severity: "info".to_owned(),
                    message: format!("{} more columns have this remark", count - MOST_OF_A_KIND),
                    suggestion: None,
                    dataset_key: None,
                    column: None,
                    repairs: Vec::new(),
                });
            }
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_of_one_kind_are_bounded_and_counted() {
        let mut warnings = Warnings::default();
        for at in 0..60 {
            warnings.warn("constant_column", Some(&format!("x{at}")), "constant".to_owned(), "");
        }
        let list = warnings.finish();
        assert_eq!(list.len(), 51);
        assert!(list[50].message.starts_with("10 more"));
    }
}
