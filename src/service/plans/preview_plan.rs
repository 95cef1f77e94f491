//! Shows what a freeze would freeze, and what it would refuse, with the rows that are left and the do-file.
//! Writes nothing.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::data_step::{DataStep, PlannedStep, StepKind};
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::params::condition_tree;
use crate::domain::plan::{BoundParameter, Plan};
use crate::library::Template;
use crate::library::freeze::Preview;
use crate::library::render::{RunFacts, render};
use crate::ports::tabular::{RowCounts, StepCounts, SteppedCounts};
use crate::service::inputs::count_data_steps::{count_data_steps, repeated_keys};
use crate::service::inputs::receive_upload::local_copy;
use crate::service::plans::draft_checks;
use crate::service::plans::expression_checks::of_expressions;
use crate::service::plans::freeze_plan::{FreezeBody, FreezePlan};
use crate::service::plans::preview_rows::row_checks;
use crate::service::plans::refused_checks;
use crate::service::shared::context::Context;

/// The plan as far as it goes.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PlanPreview {
    /// Id of the job; opaque.
    pub job_id: String,
    /// The plan as far as the draft and this request determine it.
    pub plan: Plan,
    /// True if the same request would freeze.
    pub ready: bool,
    /// Fields that a freeze would miss, each with candidates.
    #[schema(value_type = Vec<Object>)]
    pub missing_fields_detail: Vec<Value>,
    /// Parameters that a freeze would miss, each with candidates.
    #[schema(value_type = Vec<Object>)]
    pub missing_params_detail: Vec<Value>,
    /// Refusals of a freeze, and checks of the run.
    pub checks: Vec<PreviewCheck>,
    /// Rows left after each step.
    pub sample_flow: Vec<PreviewStep>,
    /// The do-file, with `preview` for what only a run knows; absent while something is missing.
    pub do_file: Option<String>,
}

/// Something that a freeze or a run checks.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PreviewCheck {
    /// A code of `docs/errors.md` for what a freeze refuses, else the check's name.
    pub id: String,
    /// `ok`, `warn` or `fail`.
    pub status: &'static str,
    /// Value that was checked; its form depends on the check.
    #[schema(value_type = Value)]
    pub value: Value,
    /// Message, for people.
    pub message: String,
}

/// Rows after one step of the sample selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PreviewStep {
    /// `data`, `merge <dataset_key>`, `append <dataset_key>`, `sample_if` or `complete_cases`.
    pub step: String,
    /// Rows that are left after the step.
    pub rows: u64,
    /// Matches of a merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PreviewStep {
    fn new(step: &str, rows: u64) -> Self {
        Self { step: step.to_owned(), rows, reason: None }
    }
}

/// Counts in the data: rows at the end if the condition can be evaluated without a run, and the effect
/// of the data steps.
pub(super) struct Counted {
    rows: Option<RowCounts>,
    steps: Vec<StepCounts>,
}

/// The use case.
pub struct PreviewPlan<'a>(pub &'a Context);

impl PreviewPlan<'_> {
    /// Makes the preview.
    ///
    /// # Errors
    /// `PLAN_FREEZE_NOT_ALLOWED`, `TEMPLATE_NOT_FOUND`, `INPUTS_MISSING`, `ARTIFACT_EXPIRED`.
    pub async fn execute(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        body: &FreezeBody,
    ) -> Result<PlanPreview, Problem> {
        let ctx = self.0;
        let job = ctx.load_shared_job(tenant, job_id).await?;
        job.freeze_allowed()?;
        job.check_inputs_kept()?;
        let Preview { plan, ready, problems, missing_fields_detail, missing_params_detail } =
            FreezePlan(ctx).preview(&job, body)?;
        let template = ctx.library.get(&plan.template.template_id).ok_or_else(Problem::internal)?;
        let mut checks: Vec<PreviewCheck> = problems.iter().map(refused).collect();
        let (counts, of_rows) = self.of_rows(&job, &plan, template).await?;
        let stated: Vec<DataStep> = plan.data_steps.iter().map(|s| s.step.clone()).collect();
        let repeated = repeated_keys(&stated, &SteppedCounts { steps: counts.steps.clone(), rows: None });
        checks.extend(repeated.iter().map(refused));
        let complete = ready && repeated.is_none();
        let ready = complete && refused_checks::of(&plan, &of_rows).is_empty();
        checks.extend(of_rows);
        checks.extend(draft_checks::of_draft(&job, &plan, template));
        Ok(PlanPreview {
            job_id: job.job_id.to_string(),
            do_file: if complete { do_file(ctx, &plan, template)? } else { None },
            sample_flow: flow(&job, &plan, &counts, template),
            plan,
            ready,
            missing_fields_detail,
            missing_params_detail,
            checks,
        })
    }

    /// Counts and checks the rows of a plan: what its run would refuse, and what is odd.
    ///
    /// # Errors
    /// `ARTIFACT_EXPIRED`, `DEPENDENCY_UNAVAILABLE`, `INTERNAL_ERROR` where the data cannot be read.
    pub(super) async fn of_rows(
        &self,
        job: &JobRecord,
        plan: &Plan,
        template: &Template,
    ) -> Result<(Counted, Vec<PreviewCheck>), Problem> {
        let counts = self.count(job, plan, is_countable(plan)).await?;
        let merges = plan.data_steps.iter().zip(&counts.steps);
        let mut checks: Vec<PreviewCheck> = merges.filter_map(|(s, c)| merged(s, c)).collect();
        checks.extend(row_checks(self.0, job, plan, template).await?);
        checks.extend(of_expressions(job, plan));
        checks.extend(draft_checks::of_panel(job, plan, template).filter(|check| check.status == "fail"));
        checks.push(enough(plan, counts.rows.as_ref(), template));
        Ok((counts, checks))
    }

    /// Counts the rows of the data after the data steps, under the plan's condition where it can be judged.
    async fn count(&self, job: &JobRecord, plan: &Plan, countable: bool) -> Result<Counted, Problem> {
        let ctx = self.0;
        if plan.data_steps.is_empty() && !countable {
            return Ok(Counted { rows: None, steps: Vec::new() });
        }
        let primary =
            job.inputs.as_ref().and_then(|inputs| inputs.primary()).ok_or_else(Problem::internal)?;
        let condition = plan.sample_if.as_ref().filter(|_| countable);
        let condition = condition.map(condition_tree).transpose().map_err(|reason| {
            tracing::error!(event = "SS_DEFECT", reason, "a previewed condition cannot be read");
            Problem::internal()
        })?;
        let brought = |name: &str| plan.data_steps.iter().any(|s| s.columns.iter().any(|c| c == name));
        let complete = bound_columns(plan, |name| primary.column(name).is_some() || brought(name));
        if plan.data_steps.is_empty() {
            let path = local_copy(ctx, job, &primary.canonical_rel_path).await?;
            let tabular = Arc::clone(&ctx.tabular);
            let counted = ctx
                .pools
                .reads
                .run(move || tabular.count_rows(&path, condition.as_ref(), &complete))
                .await??;
            return Ok(Counted { rows: Some(counted), steps: Vec::new() });
        }
        let stated: Vec<DataStep> = plan.data_steps.iter().map(|s| s.step.clone()).collect();
        let counts = count_data_steps(ctx, job, &stated, condition, complete).await?;
        Ok(Counted { rows: counts.rows.filter(|_| countable), steps: counts.steps })
    }
}

/// The parameter with the first treated period of a unit.
const START: &str = "adopt_time_var";

/// Returns the columns without whose values a row is not used: those of required parameters and of controls. A unit without a start
/// is never treated, and its rows are used.
pub(super) fn bound_columns(plan: &Plan, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let is_needed = |p: &&BoundParameter| {
        (p.required || p.name == "controls") && p.kind.starts_with("var") && p.name != START
    };
    let columns = plan.contract.parameters.iter().filter(is_needed);
    columns.flat_map(BoundParameter::texts).filter(|name| exists(name)).map(str::to_owned).collect()
}

fn refused(problem: &Problem) -> PreviewCheck {
    PreviewCheck {
        id: problem.code.as_str().to_owned(),
        status: "fail",
        value: Value::Object(problem.context.clone()),
        message: problem.message.clone(),
    }
}

fn is_listwise(template: &Template) -> bool {
    template.meta.sample.missing == "listwise"
}

/// True if the rows can be counted from the data as they are: nothing that only the run computes is read by
/// the condition or bound to a parameter.
pub(super) fn is_countable(plan: &Plan) -> bool {
    let is_derived = |name: &str| plan.derived_variables.iter().any(|v| v.name == name);
    let condition = plan.sample_if.as_ref().and_then(|condition| condition_tree(condition).ok());
    let reads_derived = condition
        .as_ref()
        .is_some_and(|c| c.needs_time() || c.columns().iter().any(|column| is_derived(column.name.as_str())));
    !reads_derived && bound_columns(plan, is_derived).is_empty()
}

/// Compares the rows that are left with those that the template needs.
fn enough(plan: &Plan, counts: Option<&RowCounts>, template: &Template) -> PreviewCheck {
    let Some(counts) = counts else {
        let message = "rows are counted by the run: derived variables decide which can be used".to_owned();
        return PreviewCheck {
            id: "min_observations".to_owned(),
            status: "warn",
            value: Value::Null,
            message,
        };
    };
    let left = if is_listwise(template) { counts.complete } else { counts.matching };
    let least = plan.contract.constraints.min_observations;
    let (status, message) = if left < least {
        let why = none_left(plan, counts, left).unwrap_or_default();
        ("fail", format!("{left} rows are left, the template needs {least}{why}"))
    } else {
        ("ok", format!("{left} rows are left, at least {least} are needed"))
    };
    PreviewCheck { id: "min_observations".to_owned(), status, value: json!(left), message }
}

/// Why a condition leaves no row, and what to do.
fn none_left(plan: &Plan, counts: &RowCounts, left: u64) -> Option<String> {
    let condition = &plan.sample_if.as_ref().filter(|_| left == 0)?.canonical;
    Some(if counts.matching == 0 {
        format!(
            ": none of {} rows satisfies {condition}; compare it with the values of the columns",
            counts.rows
        )
    } else {
        format!(
            ": {} of {} rows satisfy {condition}, and each of them lacks a value that the analysis needs; choose other \
             rows, or columns with values there",
            counts.matching, counts.rows
        )
    })
}

fn flow(job: &JobRecord, plan: &Plan, counts: &Counted, template: &Template) -> Vec<PreviewStep> {
    let primary = job.inputs.as_ref().and_then(|inputs| inputs.primary());
    let mut steps: Vec<PreviewStep> =
        primary.map(|data| PreviewStep::new("data", data.row_count)).into_iter().collect();
    for (planned, counted) in plan.data_steps.iter().zip(&counts.steps) {
        if counted.repeated_main > 0 || counted.repeated_other > 0 {
            return steps;
        }
        let matches = [counted.matched, counted.main_only, counted.other_only].map(Some);
        steps.push(PreviewStep {
            step: format!("{} {}", planned.step.kind.as_str(), planned.step.dataset_key),
            rows: counted.rows,
            reason: planned.flow_reason(matches),
        });
    }
    let Some(rows) = &counts.rows else { return steps };
    if plan.sample_if.is_some() {
        steps.push(PreviewStep::new("sample_if", rows.matching));
    }
    if is_listwise(template) {
        steps.push(PreviewStep::new("complete_cases", rows.complete));
    }
    steps
}

/// Rows of a merge without a partner, and columns of both sides.
fn merged(planned: &PlannedStep, counts: &StepCounts) -> Option<PreviewCheck> {
    if planned.step.kind != StepKind::Merge || counts.repeated_main > 0 || counts.repeated_other > 0 {
        return None;
    }
    let key = &planned.step.dataset_key;
    let (id, status, message) = if counts.matched == 0 {
        ("no_match", "fail", format!("no row has a partner in {key}"))
    } else if !planned.overlap.is_empty() {
        let columns = planned.overlap.join(", ");
        ("overlap_vars", "warn", format!("{columns} are in both data sets: the values before the merge stay"))
    } else {
        ("merge_matched", "ok", format!("{} rows have a partner in {key}", counts.matched))
    };
    Some(PreviewCheck { id: id.to_owned(), status, value: json!(counts.matched), message })
}

fn do_file(ctx: &Context, plan: &Plan, template: &Template) -> Result<Option<String>, Problem> {
    let facts = RunFacts {
        run_id: "preview".to_owned(),
        n1: "preview".to_owned(),
        n2: "preview".to_owned(),
        processors: 1,
        memory_mb: 1024,
        scheme: ctx.library.scheme().to_owned(),
    };
    let made = render(plan, template, &facts).map_err(|error| {
        tracing::error!(event = "SS_DEFECT", %error, "a previewed plan cannot be rendered");
        Problem::internal()
    })?;
    Ok(Some(String::from_utf8_lossy(&made.bytes).into_owned()))
}
