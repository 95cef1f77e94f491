//! Checks of the rows that a freeze refuses: the run would stop at them. The client may acknowledge a check and freeze
//! nonetheless.

use serde_json::{Value, json};

use super::preview_plan::{PreviewCheck, PreviewPlan};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::service::shared::context::Context;

/// Larger data are left to the run, so that the time of a freeze is bounded.
const MOST_ROWS: u64 = 5_000_000;

/// Refuses a plan whose run would stop at a check of its rows.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` with the checks.
pub(super) async fn refuse(ctx: &Context, job: &JobRecord, plan: &Plan) -> Result<(), Problem> {
    let Some(primary) = job.inputs.as_ref().and_then(|inputs| inputs.primary()) else { return Ok(()) };
    if primary.row_count > MOST_ROWS || job.check_inputs_kept().is_err() {
        return Ok(());
    }
    let template = ctx.library.get(&plan.template.template_id).ok_or_else(Problem::internal)?;
    let Ok((_, checks)) = PreviewPlan(ctx).of_rows(job, plan, template).await else {
        // the reader has logged why; the run reports data that cannot be read as such
        return Ok(());
    };
    let refused = of(plan, &checks);
    let hints: Vec<&str> = checks
        .iter()
        .filter(|check| check.id == "absent_value")
        .map(|check| check.message.as_str())
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(problem(plan, &refused, &hints)) }
}

/// Returns the failed checks that the plan does not acknowledge.
pub(super) fn of<'a>(plan: &Plan, checks: &'a [PreviewCheck]) -> Vec<&'a PreviewCheck> {
    let acknowledged =
        |check: &PreviewCheck| plan.acknowledged_checks.iter().any(|a| a.id == id_of_run(&check.id));
    checks.iter().filter(|check| check.status == "fail" && !acknowledged(check)).collect()
}

/// The id under which a run reports a check of the preview.
fn id_of_run(id: &str) -> &str {
    if id == "min_observations" { "no_obs" } else { id }
}

/// The refusal; `hints` are what may have been meant.
fn problem(plan: &Plan, refused: &[&PreviewCheck], hints: &[&str]) -> Problem {
    let errors: Vec<Value> = refused
        .iter()
        .map(|check| {
            json!({"path": path(plan, check), "reason": check.message, "value": check.value,
                   "check": id_of_run(&check.id)})
        })
        .collect();
    let reasons: Vec<&str> = refused.iter().map(|check| check.message.as_str()).collect();
    let hints: String = hints.iter().map(|hint| format!("; {hint}")).collect();
    let text = format!(
        "the run would stop at this: {}{hints}. To freeze it nonetheless, acknowledge the check with a reason",
        reasons.join("; and ")
    );
    let problem = Problem::new(ErrorCode::InputValidationFailed, text).with("errors", errors);
    let repairs: Vec<&Value> =
        refused.iter().flat_map(|check| check.value["repairs"].as_array().into_iter().flatten()).collect();
    if repairs.is_empty() { problem } else { problem.with("repairs", json!(repairs)) }
}

/// The field of the draft that a check concerns: the parameter with its first column, else the condition or the data.
fn path(plan: &Plan, check: &PreviewCheck) -> String {
    let column = check.value["columns"][0].as_str();
    let holds = |name: &str| plan.contract.parameters.iter().find(|p| p.texts().any(|text| text == name));
    match column.and_then(holds) {
        Some(parameter) => format!("parameters.{}", parameter.name),
        None if check.id == "no_match" => "data_steps".to_owned(),
        None if plan.sample_if.is_some() => "sample_if".to_owned(),
        None => "inputs".to_owned(),
    }
}
