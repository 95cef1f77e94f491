//! A client states a draft, whole or as a patch: the statement is checked, the library ranks its
//! templates, and the draft is committed with the evidence of the selection.

use serde_json::{Map, Value, json};

use crate::domain::artifact::ArtifactKind;
use crate::domain::draft::{DoubtedRole, Draft, DraftSource, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus, Operation};
use crate::library::select::{Selected, Stage2};
use crate::library::{Library, known_names};
use crate::service::drafts::choose_template::{Asked, Chosen, choose, named_template, with_columns};
use crate::service::drafts::draft_request::{Stated, apply_patch};
use crate::service::inputs::count_data_steps::check_keys;
use crate::service::shared::commits::{Attempt, check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, discard_lost, publish};

/// Who states a draft, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The client, as a whole.
    Client,
    /// The client, as changes of the job's draft.
    Patch,
    /// The rules of the service.
    Rules,
}

impl Author {
    fn source(self) -> DraftSource {
        match self {
            Author::Client | Author::Patch => DraftSource::Client,
            Author::Rules => DraftSource::Rules,
        }
    }

    /// True if a draft without a template waits for an answer: the rules ask for the method, and a change of another part does
    /// not answer that.
    fn leaves_method_open(self, before: Option<&Draft>) -> bool {
        match self {
            Author::Client => false,
            Author::Patch => before.is_some_and(|draft| draft.selection.is_open()),
            Author::Rules => true,
        }
    }
}

/// The use case.
pub struct StateDraft<'a>(pub &'a Context);

impl StateDraft<'_> {
    /// Replaces the draft by what the client states; one that says the same already stays as it is.
    ///
    /// # Errors
    /// `INPUTS_MISSING`, `EXPRESSION_INVALID`, `DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID`,
    /// `TEMPLATE_NOT_APPLICABLE`, `JOB_ILLEGAL_TRANSITION`, `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        stated: Stated,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        with_retries(if_match, || async {
            let job = self.0.load_job(tenant, job_id).await?;
            refuse_unknown_names(&self.0.library, &stated, |_| true)?;
            self.state(caller, &job, &stated, Author::Client, Vec::new(), if_match).await
        })
        .await
    }

    /// Changes parts of the draft.
    ///
    /// # Errors
    /// As [`StateDraft::execute`], and `DRAFT_NOT_FOUND`.
    pub async fn patch(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        updates: &Map<String, Value>,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        with_retries(if_match, || async {
            let job = self.0.load_job(tenant, job_id).await?;
            let stated = apply_patch(&current_statement(&job)?, updates)?;
            // parameters of an earlier template may stay; they are open points of the draft
            let is_new = |path: &str| {
                let group = path.split_once('.').map_or(path, |(group, _)| group);
                updates.contains_key(path) || updates.contains_key(group)
            };
            refuse_unknown_names(&self.0.library, &stated, is_new)?;
            // what the patch sets or clears is decided
            let is_open = |doubt: &&DoubtedRole| {
                let role = format!("roles.{}", doubt.field);
                !["roles", &doubt.field, &role].iter().any(|key| updates.contains_key(*key))
            };
            let doubted =
                job.draft.iter().flat_map(|draft| &draft.doubted).filter(is_open).cloned().collect();
            self.state(caller, &job, &stated, Author::Patch, doubted, if_match).await
        })
        .await
    }

    /// Checks a statement, ranks the library for it and commits the draft with its author, and the roles that wait for an answer.
    ///
    /// # Errors
    /// As [`StateDraft::execute`].
    pub(super) async fn state(
        &self,
        caller: &Caller,
        job: &JobRecord,
        stated: &Stated,
        author: Author,
        doubted: Vec<DoubtedRole>,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Attempt> {
        let ctx = self.0;
        check_if_match(if_match, job)?;
        job.status.after(Operation::StateDraft).map_err(Problem::from)?;
        let inputs = job.inputs.as_ref().ok_or_else(|| {
            Problem::new(ErrorCode::InputsMissing, "upload the data before submitting the draft")
                .with("reason", "inputs_missing")
        })?;
        let columns = with_columns(inputs, stated)?;
        check_keys(ctx, job, &stated.statement.data_steps).await?;
        let source = author.source();
        let method_is_open = author.leaves_method_open(job.draft.as_ref());
        let requirement = &job.requirement;
        let asked = Asked { library: &ctx.library, requirement, inputs, stated, source, method_is_open };
        let Chosen { template_id, selected, stage2 } = choose(&asked, &columns)?;
        let selection = Selection {
            chosen: stage2.as_ref().map(|s| s.chosen.clone()),
            chosen_by: stage2.as_ref().map(|s| s.chosen_by.clone()),
            rationale: stage2.as_ref().map(|s| s.rationale.clone()).unwrap_or_default(),
            candidates: selected.draft_candidates(&ctx.library, template_id.as_ref()),
        };
        let draft = Draft {
            draft_id: ctx.ids.id("draft"),
            created_at: ctx.clock.now(),
            source,
            stale: false,
            draft_text: stated.draft_text.clone(),
            requirement: job.requirement.clone(),
            input_fingerprint: columns.fingerprint.clone(),
            template_id,
            statement: stated.statement.clone(),
            selection,
            model: None,
            doubted: doubted
                .into_iter()
                .filter(|doubt| !stated.statement.roles.contains_key(&doubt.field))
                .collect(),
        };
        if job.status == JobStatus::DraftReady && job.draft.as_ref().is_some_and(|old| old.says(&draft)) {
            return Ok(job.clone());
        }
        let artifacts = publish(ctx, job, evidence_of(&selected, stage2.as_ref())).await?;
        let next = job.state_draft(draft, artifacts.clone(), ctx.clock.now())?;
        let mut event = job_event(ctx, caller, "draft.stated", Some(job), &next);
        event.detail =
            stage2.map_or(Value::Null, |s| json!({"template_id": s.chosen, "chosen_by": s.chosen_by}));
        let outcome = put_job(ctx, job, next, event).await;
        discard_lost(ctx, job, &artifacts, &outcome).await;
        outcome
    }
}

/// Refuses names of roles and parameters that nothing takes.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED`, `DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID`.
fn refuse_unknown_names(
    library: &Library,
    stated: &Stated,
    concerns: impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    let template = stated.template_id.as_deref().map(|id| named_template(id, library)).transpose()?;
    known_names::check(library, template.map(|t| &t.meta), &stated.statement, concerns)
}

/// Returns what the job's draft states.
///
/// # Errors
/// `DRAFT_NOT_FOUND`.
pub fn current_statement(job: &JobRecord) -> Result<Stated, Problem> {
    let draft = job.draft.as_ref().ok_or_else(|| {
        Problem::new(ErrorCode::DraftNotFound, "the job has no draft; state one with PUT draft first")
    })?;
    Ok(Stated {
        draft_text: draft.draft_text.clone(),
        template_id: draft.template_id.as_ref().map(ToString::to_string),
        statement: draft.statement.clone(),
    })
}

/// The files that keep a selection.
pub fn evidence_of(selected: &Selected, stage2: Option<&Stage2>) -> Vec<Evidence> {
    let path = |stage: &str| format!("artifacts/selection/{stage}.json");
    let mut files = vec![
        Evidence::json(ArtifactKind::SelectionStage1, path("stage1"), &selected.stage1),
        Evidence::json(ArtifactKind::SelectionCandidates, path("candidates"), &selected.candidates),
    ];
    files.extend(stage2.map(|s| Evidence::json(ArtifactKind::SelectionStage2, path("stage2"), s)));
    files
}
