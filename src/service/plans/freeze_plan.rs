//! Freezes the plan: every parameter bound with its source, evidence and template copies published, one
//! commit. The same request again answers the same plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::artifact::{Artifact, ArtifactKind};
use crate::domain::canonical::sha256_of;
use crate::domain::draft::{DoubtedRole, Draft};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::record::Confirmation;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::layout::{IDIOMS_PATH, PLAN_PATH, plan_path};
use crate::domain::plan::{AcknowledgedCheck, Plan};
use crate::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, Preview, freeze, preview};
use crate::library::{Library, Template};
use crate::service::drafts::choose_template::no_template;
use crate::service::inputs::count_data_steps::check_keys;
use crate::service::plans::refused_checks;
use crate::service::plans::revise_plan::next_revision;
use crate::service::runs::enqueue_run::check_plan;
use crate::service::shared::commits::{
    Attempt, check_if_match, job_event, put_job, put_job_with, with_retries,
};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, discard_lost, publish};
use crate::service::shared::quotas::admit_queued;
use crate::telemetry::traces;

/// The client's additions at the freeze.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FreezeBody {
    /// At most 4,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Question id → option id, list of option ids, or text.
    #[schema(value_type = Object)]
    pub answers: Map<String, Value>,
    /// Old column → new column, or parameter or role → column.
    #[schema(value_type = Object)]
    pub variable_corrections: Map<String, Value>,
    /// Parameter → value that replaces the template's default.
    #[schema(value_type = Object)]
    pub default_overrides: Map<String, Value>,
    /// Seed of the random numbers, 0 to 2147483647; absent: that of draft or template, else derived from the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Formats of tables and figures: csv, svg, log and do always; xlsx, docx, tex, pdf, png, dta on request.
    pub output_formats: Vec<String>,
    /// Checks whose failure is accepted, each with the reason.
    pub acknowledged_checks: Vec<AcknowledgedCheck>,
    /// The client's feedback on the suggestions; kept as evidence.
    #[schema(value_type = Value)]
    pub expert_suggestions_feedback: Value,
}

impl FreezeBody {
    /// Checks what needs neither draft nor data.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`.
    pub fn check(&self) -> Result<(), Problem> {
        if self.notes.as_ref().is_some_and(|n| n.chars().count() > 4000) {
            return Err(Problem::validation("notes", "must have at most 4000 characters"));
        }
        Ok(())
    }

    /// True if the request states nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn request(&self) -> FreezeRequest {
        FreezeRequest {
            answers: self.answers.clone(),
            variable_corrections: self.variable_corrections.clone(),
            default_overrides: self.default_overrides.clone(),
            seed: self.seed,
            output_formats: self.output_formats.clone(),
            acknowledged_checks: self.acknowledged_checks.clone(),
        }
    }
}

/// The use case.
pub struct FreezePlan<'a>(pub &'a Context);

impl FreezePlan<'_> {
    /// Freezes the plan, or answers the one that the same request froze.
    ///
    /// # Errors
    /// `PLAN_FREEZE_NOT_ALLOWED`, `PLAN_FREEZE_MISSING_REQUIRED`, `PLAN_ALREADY_FROZEN_CONFLICT`,
    /// `CONTRACT_COLUMN_NOT_FOUND`, `ROLE_UNUSED`, `EXPRESSION_INVALID`, `INPUT_VALIDATION_FAILED`,
    /// `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        body: &FreezeBody,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            if let Some(same) = already_frozen(&job, body, false)? {
                return Ok(same);
            }
            check_if_match(if_match, &job)?;
            let frozen = self.freeze(&job, body).await?;
            let mut event = job_event(ctx, caller, "plan.frozen", Some(&job), &frozen);
            event.detail = plan_detail(&frozen);
            let published = frozen.artifacts_index.clone();
            let outcome = put_job(ctx, &job, frozen, event).await;
            discard_lost(ctx, &job, &published, &outcome).await;
            outcome
        })
        .await
    }

    /// Freezes and queues in one commit; a plan that is frozen already is queued as it is.
    ///
    /// # Errors
    /// As [`FreezePlan::execute`], and `DRAFT_CONFIRM_BLOCKED {missing_answers, unresolved_unknowns}`.
    pub async fn confirm(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        body: &FreezeBody,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            let frozen = match already_frozen(&job, body, true)? {
                Some(same) if same.status != JobStatus::Confirmed => return Ok(same),
                Some(same) => {
                    check_plan(&same)?;
                    same
                }
                None => self.freeze(&job, body).await.map_err(confirm_refusal)?,
            };
            check_if_match(if_match, &job)?;
            frozen.check_inputs_kept()?;
            ctx.check_space().await?;
            let admitted = admit_queued(ctx, tenant, 1).await?;
            let mut queued = frozen.enqueue(ctx.clock.now())?;
            queued.ask_formats(&body.output_formats);
            queued.trace.asked = traces::current();
            // One commit, one version, however many steps it takes.
            queued.version = job.version + 1;
            let mut events = Vec::new();
            if job.plan.is_none() {
                let mut event = job_event(ctx, caller, "plan.frozen", Some(&job), &frozen);
                event.detail = plan_detail(&frozen);
                events.push(event);
            }
            events.push(job_event(ctx, caller, "run.queued", Some(&frozen), &queued));
            let commit_id = ctx.ids.id("commit");
            let published = queued.artifacts_index.clone();
            let outcome =
                put_job_with(ctx.store.as_ref(), commit_id, &job, queued, events, None, &admitted).await;
            discard_lost(ctx, &job, &published, &outcome).await;
            outcome.map(|(job, _)| job)
        })
        .await
    }

    async fn freeze(&self, job: &JobRecord, body: &FreezeBody) -> Result<JobRecord, Attempt> {
        let ctx = self.0;
        job.freeze_allowed()?;
        let mut plan = self.plan(job, body)?;
        check_keys(ctx, job, &plan.data_steps.iter().map(|s| s.step.clone()).collect::<Vec<_>>()).await?;
        plan.remarks = refused_checks::refuse(ctx, job, &plan).await?;
        let artifacts = self.publish_plan(job, &plan).await?;
        let confirmation = Confirmation {
            confirmed_at: ctx.clock.now(),
            notes: body.notes.clone(),
            answers: body.answers.clone(),
            variable_corrections: body.variable_corrections.clone(),
            default_overrides: body.default_overrides.clone(),
            expert_suggestions_feedback: body.expert_suggestions_feedback.clone(),
            request_sha256: sha256_of(body),
        };
        Ok(job.freeze_plan(plan, confirmation, artifacts, ctx.clock.now())?)
    }

    fn plan(&self, job: &JobRecord, body: &FreezeBody) -> Result<Plan, Problem> {
        self.with_input(job, body, freeze)
    }

    /// Makes the plan as far as it goes. Writes nothing.
    ///
    /// # Errors
    /// `PLAN_FREEZE_NOT_ALLOWED`, `INPUTS_MISSING`, `TEMPLATE_NOT_FOUND`.
    pub fn preview(&self, job: &JobRecord, body: &FreezeBody) -> Result<Preview, Problem> {
        self.with_input(job, body, preview)
    }

    fn with_input<T>(
        &self,
        job: &JobRecord,
        body: &FreezeBody,
        make: impl FnOnce(&FreezeInput<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let ctx = self.0;
        let (draft, inputs) = match (&job.draft, &job.inputs) {
            (Some(draft), Some(inputs)) => (draft, inputs),
            _ => return Err(Problem::new(ErrorCode::InputsMissing, "upload the data first")),
        };
        let template_id = draft.selection.chosen.as_ref().ok_or_else(|| no_template(&draft.selection))?;
        if let Some(problem) = undecided(draft, body) {
            return Err(problem);
        }
        let evidence: Vec<String> = job
            .artifacts_index
            .iter()
            .filter(|a| {
                matches!(
                    a.kind,
                    ArtifactKind::SelectionStage1
                        | ArtifactKind::SelectionCandidates
                        | ArtifactKind::SelectionStage2
                )
            })
            .map(|a| a.rel_path.clone())
            .collect();
        make(&FreezeInput {
            library: &ctx.library,
            template_id,
            statement: &draft.statement,
            inputs,
            request: &body.request(),
            selection: &draft.selection,
            plan_source: draft.source,
            rationale: &draft.selection.rationale,
            evidence: &evidence,
            revision: next_revision(job),
            created_at: ctx.clock.now(),
            dependency: &|_| DependencyStatus::unknown(),
        })
    }

    /// Publishes plan, template source, meta and bound parameters; runs are checked against these copies.
    async fn publish_plan(&self, job: &JobRecord, plan: &Plan) -> Result<Vec<Artifact>, Problem> {
        let ctx = self.0;
        let template = ctx.library.get(&plan.template.template_id).ok_or_else(Problem::internal)?;
        let mut files = vec![idioms_file(&ctx.library)];
        files.extend(plan_files(plan));
        files.extend(template_files(template));
        // A plan that was frozen before, then revised, keeps its file as it was.
        let own = plan_path(&plan.plan_id);
        if !job.earlier_plans.iter().any(|earlier| earlier.plan_id == plan.plan_id) {
            files.push(Evidence::json(ArtifactKind::Plan, own, plan));
        }
        publish(ctx, job, files).await
    }
}

/// The library's idioms as they are now, for the files of a plan.
pub fn idioms_file(library: &Library) -> Evidence {
    let idioms: BTreeMap<&str, &str> = library
        .ado_files()
        .iter()
        .map(|(name, bytes)| (name.as_str(), std::str::from_utf8(bytes).unwrap_or_default()))
        .collect();
    Evidence::json(ArtifactKind::TemplateSource, IDIOMS_PATH.to_owned(), &idioms)
}

/// Plan and bound parameters, for the files of a plan.
pub fn plan_files(plan: &Plan) -> [Evidence; 2] {
    let params = "artifacts/template/params.json".to_owned();
    [
        Evidence::json(ArtifactKind::Plan, PLAN_PATH.to_owned(), plan),
        Evidence::json(ArtifactKind::TemplateParams, params, &plan.contract.bound),
    ]
}

/// Source and meta of a template, for the files of a plan.
pub fn template_files(template: &Template) -> [Evidence; 2] {
    let (source, meta) = ("artifacts/template/source.do", "artifacts/template/meta.json");
    [
        Evidence::raw(ArtifactKind::TemplateSource, source.to_owned(), template.body.clone()),
        Evidence::raw(ArtifactKind::TemplateMeta, meta.to_owned(), template.meta_bytes.clone()),
    ]
}

/// Refuses a draft without a role that its question names, unless the request answers it.
fn undecided(draft: &Draft, body: &FreezeBody) -> Option<Problem> {
    let open: Vec<&DoubtedRole> =
        draft.doubted.iter().filter(|doubt| !body.answers.contains_key(&doubt.field)).collect();
    let first = open.first()?;
    let detail: Vec<Value> = open
        .iter()
        .map(|d| json!({"field": d.field, "description": d.question, "candidates": d.candidates}))
        .collect();
    let fields: Vec<&str> = open.iter().map(|doubt| doubt.field.as_str()).collect();
    let text =
        format!("{}: {} Set it, or clear it with null to leave it out", fields.join(", "), first.question);
    Some(
        Problem::new(ErrorCode::PlanFreezeMissingRequired, text)
            .with("reason", "role_doubted")
            .with("missing_fields", fields)
            .with("missing_fields_detail", detail),
    )
}

/// Returns the job if its plan was frozen by the same request. A confirm that states nothing takes the
/// frozen plan as it is.
fn already_frozen(job: &JobRecord, body: &FreezeBody, confirm: bool) -> Result<Option<JobRecord>, Problem> {
    let (Some(plan), Some(confirmation)) = (&job.plan, &job.confirmation) else { return Ok(None) };
    if job.status == JobStatus::DraftReady {
        return Ok(None);
    }
    if confirmation.request_sha256 == sha256_of(body) || (confirm && body.is_empty()) {
        return Ok(Some(job.clone()));
    }
    Err(Problem::new(
        ErrorCode::PlanAlreadyFrozenConflict,
        "the plan was frozen by another request; use it, or revise the plan first",
    )
    .with("plan_id", plan.plan_id.as_str()))
}

/// Says of a confirm that lacks answers what is open.
fn confirm_refusal(attempt: Attempt) -> Attempt {
    match attempt {
        Attempt::Refused(problem) if problem.code == ErrorCode::PlanFreezeMissingRequired => {
            let mut blocked = Problem::new(ErrorCode::DraftConfirmBlocked, problem.message.clone());
            blocked.context = problem.context;
            let answers = blocked.context.get("missing_params").cloned().unwrap_or_else(|| json!([]));
            let unknowns = blocked.context.get("missing_fields_detail").cloned().unwrap_or_else(|| json!([]));
            blocked.context.insert("missing_answers".to_owned(), answers);
            blocked.context.insert("unresolved_unknowns".to_owned(), unknowns);
            Attempt::Refused(blocked)
        }
        other => other,
    }
}

fn plan_detail(job: &JobRecord) -> Value {
    job.plan.as_ref().map_or(
        Value::Null,
        |plan| json!({"plan_id": plan.plan_id, "template_id": plan.template.template_id}),
    )
}
