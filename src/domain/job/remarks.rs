//! Remarks of an upload that concern a plan and that it does not repair.

use super::record::JobRecord;
use crate::domain::data_step::{DataStep, StepKind};
use crate::domain::dataset::DataWarning;
use crate::domain::plan::Plan;
use crate::domain::run::RunCheck;

/// Remarks of an upload on rows that are no observations.
const FOREIGN_ROWS: [&str; 3] = ["total_row", "note_row", "second_header_row"];
/// Remarks of an upload on a column that change what a model of it says.
const DOUBTFUL: [&str; 4] = ["missing_code", "spellings_of_text", "blanks_around_text", "ambiguous_number"];

impl JobRecord {
    /// Returns the remarks on rows, codes and spellings that are hardly meant, where the plan does not repair them; none where
    /// the inputs are no longer those of the plan.
    pub fn remarks_left<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a DataWarning> {
        let inputs = self.inputs.as_ref().filter(|inputs| inputs.fingerprint == plan.input_fingerprint);
        let primary = inputs.and_then(|inputs| inputs.primary()).map(|primary| primary.dataset_key.as_str());
        let warnings = inputs.into_iter().flat_map(|inputs| &inputs.warnings);
        let concerns = move |warning: &&DataWarning| {
            let bound = |column: &str| {
                plan.used_columns.iter().any(|used| used == column)
                    || plan.contract.parameters.iter().any(|p| p.texts().any(|text| text == column))
            };
            warning.dataset_key.as_deref() == primary
                && (FOREIGN_ROWS.contains(&warning.kind.as_str())
                    || DOUBTFUL.contains(&warning.kind.as_str())
                        && warning.column.as_deref().is_some_and(bound))
        };
        // a step may leave out other rows besides
        let leaves_out = |wider: &DataStep, step: &DataStep| {
            step.kind == StepKind::DropRows && step.rows.iter().all(|row| wider.rows.contains(row))
        };
        let planned = move |step: &DataStep| {
            plan.data_steps.iter().any(|p| p.step == *step || leaves_out(&p.step, step))
        };
        warnings.filter(concerns).filter(move |warning| !warning.repairs.iter().any(planned))
    }

    /// Returns them and the remarks of the plan as checks of a run, so that results say what the plan has said. `made` are the
    /// checks of the run itself, which are not said again.
    pub fn checks_left(&self, plan: &Plan, made: &[RunCheck]) -> Vec<RunCheck> {
        let check = |id: &str, message: &str| RunCheck {
            id: id.to_owned(),
            status: "warn".to_owned(),
            value: None,
            message: Some(message.to_owned()),
            acknowledged: false,
        };
        let of_plan = plan.remarks.iter().filter(|remark| made.iter().all(|check| check.id != remark.id));
        let of_data = self.remarks_left(plan).map(|warning| check(&warning.kind, &warning.message));
        of_data.chain(of_plan.map(|remark| check(&remark.id, &remark.message))).collect()
    }
}
