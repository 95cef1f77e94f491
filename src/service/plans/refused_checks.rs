//! Checks of the rows that a freeze refuses: the run would stop at them. The client may acknowledge a check and freeze
//! nonetheless.

use serde_json::{Value, json};

use super::draft_checks::odd_choices;
use super::preview_plan::{PreviewCheck, PreviewPlan};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::plan::{Plan, PlanRemark};
use crate::service::shared::context::Context;

/// Larger data are left to the run, so that the time of a freeze is bounded.
const MOST_ROWS: u64 = 5_000_000;

/// Refuses a plan whose run would stop at a check of its rows; returns what is odd about one that is not refused.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` with the checks.
pub(super) async fn refuse(ctx: &Context, job: &JobRecord, plan: &Plan) -> Result<Vec<PlanRemark>, Problem> {
    let Some(primary) = job.inputs.as_ref().and_then(|inputs| inputs.primary()) else {
        return Ok(Vec::new());
    };
    if primary.row_count > MOST_ROWS || job.check_inputs_kept().is_err() {
        return Ok(Vec::new());
    }
    let template = ctx.library.get(&plan.template.template_id).ok_or_else(Problem::internal)?;
    let Ok((_, mut checks)) = PreviewPlan(ctx).of_rows(job, plan, template).await else {
        // the reader has logged why; the run reports data that cannot be read as such
        return Ok(Vec::new());
    };
    let refused = of(plan, &checks);
    let hints: Vec<&str> = checks
        .iter()
        .filter(|check| check.id == "absent_value")
        .map(|check| check.message.as_str())
        .collect();
    if !refused.is_empty() {
        return Err(problem(plan, &refused, &hints));
    }
    checks.extend(odd_choices(job, plan, template));
    let odd = checks.into_iter().filter(|check| check.status == "warn" && !OF_RUNS.contains(&&*check.id));
    Ok(odd.map(|check| PlanRemark { id: check.id, message: check.message }).collect())
}

/// Warnings of a preview that only a run can settle.
const OF_RUNS: [&str; 1] = ["min_observations"];

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

/// True for a check that a run may pass, or a person may know better: a term that repeats others may be another one than the first,
/// a prediction without an error ends with a warning.
fn may_pass(check: &PreviewCheck) -> bool {
    const MAY: [&str; 5] = ["collinear", "perfect_pred", "small_group", "min_observations", "swapped_panel"];
    MAY.contains(&check.id.as_str()) && check.value["certain"] != true
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
    let way = match refused.iter().all(|check| may_pass(check)) {
        true => ". To freeze it nonetheless, acknowledge the check with a reason",
        false => "",
    };
    let text = format!("the run would stop at this: {}{hints}{way}", reasons.join("; and "));
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
