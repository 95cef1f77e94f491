//! Makes a batch: every cell judged as a draft and a freeze would, its files published, then everything in one commit:
//! the batch, its cells, frozen and queued, and the mark in the job's record. The same request again finds its batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::judge::{Basis, JudgedCell, basis, judge, refused};
use super::read::ReadBatches;
use super::request::BatchRequest;
use super::{batch_event, commit};
use crate::domain::artifact::Artifact;
use crate::domain::batch::{BatchCell, BatchRecord, BatchStatus, CellStatus};
use crate::domain::canonical::sha256_of;
use crate::domain::error::Problem;
use crate::domain::ids::{BatchId, JobId, TemplateId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::job::cell::{BatchMark, CellOf, NewCell};
use crate::domain::job::record::Confirmation;
use crate::domain::layout::{plan_path, set_of};
use crate::domain::plan::Plan;
use crate::domain::trial::refused as refused_of_trial;
use crate::library::Library;
use crate::ports::store::{Expect, Record, Write};
use crate::service::drafts::state_draft::evidence_of;
use crate::service::plans::freeze_plan::{idioms_file, plan_files, template_files};
use crate::service::shared::commits::{Attempt, check_if_match, job_event, with_retries_up_to};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, discard_lost, publish};
use crate::service::shared::quotas::{Admitted, admit_cells};
use crate::telemetry::traces;

/// The use case.
pub struct CreateBatch<'a>(pub &'a Context);

/// The files of a batch, in one published set of its job.
struct Published {
    /// Every file.
    all: Vec<Artifact>,
    /// Those of each frozen cell, in order.
    of_cells: Vec<Vec<Artifact>>,
    /// What the commit that lists them may take.
    admitted: Admitted,
}

impl CreateBatch<'_> {
    /// Makes the batch, or returns the one that the same request made on the same inputs; true where it was made now.
    ///
    /// # Errors
    /// `INPUTS_MISSING`, `DRAFT_NOT_FOUND`, `INPUT_VALIDATION_FAILED`, `EXPRESSION_INVALID`, `PLAN_FREEZE_NOT_ALLOWED`,
    /// `BATCH_CELLS_INVALID {cells[], invalid, total}`, `JOB_LOCKED`, `JOB_GONE`, `ARTIFACT_EXPIRED`, `QUOTA_EXCEEDED`,
    /// `STORAGE_FULL`, `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        request: &BatchRequest,
        if_match: Option<u64>,
    ) -> Result<(BatchRecord, bool), Problem> {
        let specs = request.cells(self.0.options.batch_cells)?;
        let turn = self.0.batches_in_turn.lock_of(job_id);
        let _turn = turn.lock().await;
        with_retries_up_to(super::RETRIES, || async {
            let ctx = self.0;
            let job = ctx.load_shared_job(tenant, job_id).await?;
            let basis = self.basis(&job, request)?;
            if let Some(same) = self.same(&job, &basis).await? {
                return Ok((same, false));
            }
            check_if_match(if_match, &job)?;
            let cells = judge(ctx, &job, request, &basis, specs.clone()).await?;
            let frozen = cells.iter().filter(|cell| cell.outcome.is_ok()).count();
            if frozen == 0 || (frozen < cells.len() && !request.skip_invalid) {
                return Err(refused(&cells).into());
            }
            ctx.check_space().await?;
            let admitted = admit_cells(ctx, tenant, frozen as u64).await?;
            let published = self.publish(&job, &basis, &cells, admitted).await?;
            let made = self.commit(caller, &job, request, &basis, cells, &published).await;
            discard_lost(ctx, &job, &published.all, &made).await;
            made.map(|batch| (batch, true))
        })
        .await
    }

    /// Checks that the job can have a batch, and reads what every cell begins with.
    ///
    /// # Errors
    /// As [`CreateBatch::execute`].
    pub(super) fn basis(&self, job: &JobRecord, request: &BatchRequest) -> Result<Basis, Problem> {
        job.check_kept()?;
        job.check_own_plan()?;
        if job.trial.is_some() {
            return Err(refused_of_trial("batches", "a trial has no batches; redeem a task code for them"));
        }
        job.check_inputs_kept()?;
        basis(&self.0.library, job, request)
    }

    /// Returns the batch of the same request on the same inputs, if there is one.
    async fn same(&self, job: &JobRecord, basis: &Basis) -> Result<Option<BatchRecord>, Problem> {
        let fingerprint = job.inputs.as_ref().map(|inputs| inputs.fingerprint.as_str());
        let is_same = |mark: &&BatchMark| {
            mark.request_sha256 == basis.request_sha256
                && Some(mark.input_fingerprint.as_str()) == fingerprint
        };
        match job.kept_batches().find(is_same) {
            Some(mark) => ReadBatches(self.0).get(job, &mark.batch_id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Publishes the files of every cell: the plans, one copy of each template, and of the selection where the ranking
    /// chose it.
    async fn publish(
        &self,
        job: &JobRecord,
        basis: &Basis,
        cells: &[JudgedCell],
        admitted: Admitted,
    ) -> Result<Published, Problem> {
        let library = &self.0.library;
        let plans: Vec<&Plan> = cells.iter().filter_map(|cell| cell.outcome.as_ref().ok()).collect();
        let mut files = vec![idioms_file(library)];
        files.extend(basis.ranked.iter().flat_map(|(selected, stage2)| evidence_of(selected, Some(stage2))));
        let shared = files.len();
        let mut templates: BTreeMap<&TemplateId, usize> = BTreeMap::new();
        for plan in &plans {
            let id = &plan.template.template_id;
            if !templates.contains_key(id) {
                templates.insert(id, files.len());
                files.extend(copies(library, id)?);
            }
        }
        let first = files.len();
        files.extend(plans.iter().flat_map(|plan| plan_files(plan)));
        let all = publish(self.0, job, files).await?;
        let of_cell = |(at, plan): (usize, &&Plan)| {
            let template = templates[&plan.template.template_id];
            let own = first + 2 * at;
            let mut list = all[..shared].to_vec();
            list.extend_from_slice(&all[template..template + 2]);
            list.extend_from_slice(&all[own..own + 2]);
            // the plan under its own name, as every job lists it
            list.push(Artifact { rel_path: plan_path(&plan.plan_id), ..all[own].clone() });
            list
        };
        let of_cells = plans.iter().enumerate().map(of_cell).collect();
        Ok(Published { of_cells, all, admitted })
    }

    async fn commit(
        &self,
        caller: &Caller,
        job: &Arc<JobRecord>,
        request: &BatchRequest,
        basis: &Basis,
        cells: Vec<JudgedCell>,
        published: &Published,
    ) -> Result<BatchRecord, Attempt> {
        let ctx = self.0;
        let now = ctx.clock.now();
        let mut batch = self.record(job, request, basis, &cells)?;
        let set = published.all.first().and_then(|file| set_of(file.stored_path()));
        let set = set.ok_or_else(Problem::internal)?.to_owned();
        let mut writes = Vec::with_capacity(cells.len() + 2);
        let mut events = Vec::with_capacity(cells.len() + 1);
        let mut files = published.of_cells.iter();
        for (judged, cell) in cells.into_iter().zip(&mut batch.cells) {
            let Ok(plan) = judged.outcome else { continue };
            let artifacts = files.next().ok_or_else(Problem::internal)?;
            let of = CellOf {
                job_id: job.job_id.clone(),
                batch_id: batch.batch_id.clone(),
                index: cell.index,
                set: set.clone(),
                choices: cell.choices.clone(),
            };
            let made = self.cell(caller, job, of, plan, artifacts.clone())?;
            cell.job_id = Some(made.job_id.clone());
            events.push(job_event(ctx, caller, "cell.created", None, &made));
            writes.push(Write::Put { record: Record::from(made), expect: Expect::Absent });
        }
        let mark = BatchMark {
            batch_id: batch.batch_id.clone(),
            request_sha256: basis.request_sha256.clone(),
            input_fingerprint: batch.input_fingerprint.clone(),
            set,
            bytes: published.all.iter().map(|file| file.size_bytes).sum(),
            created_at: now,
            ended_at: None,
            removed_at: None,
        };
        let next = job.with_batch(mark, now)?;
        events.insert(0, batch_event(ctx, caller, "batch.created", &next, &batch));
        let job_write = Write::Put { record: Record::from(next), expect: Expect::Version(job.version) };
        writes.push(job_write);
        writes.push(Write::Put { record: batch.clone().into(), expect: Expect::Absent });
        commit(ctx, writes, events, &published.admitted).await.map(|()| batch)
    }

    fn record(
        &self,
        job: &JobRecord,
        request: &BatchRequest,
        basis: &Basis,
        cells: &[JudgedCell],
    ) -> Result<BatchRecord, Problem> {
        let ctx = self.0;
        let now = ctx.clock.now();
        let first = cells.iter().find_map(|cell| cell.outcome.as_ref().ok());
        Ok(BatchRecord {
            version: 1,
            tenant_id: job.tenant_id.clone(),
            batch_id: BatchId::parse(ctx.ids.id("batch")).map_err(|_| Problem::internal())?,
            job_id: job.job_id.clone(),
            title: request.title.clone().filter(|title| !title.trim().is_empty()),
            request: request.kept(),
            request_sha256: basis.request_sha256.clone(),
            input_fingerprint: job.inputs.as_ref().map(|i| i.fingerprint.clone()).unwrap_or_default(),
            focus: request.focus.clone().or_else(|| focus_of(&ctx.library, first?)),
            status: BatchStatus::Running,
            cells: (1..).zip(cells).map(|(index, judged)| cell_of(index, judged)).collect(),
            created_at: now,
            updated_at: now,
            ended_at: None,
            cancel_requested: None,
            removed: None,
        })
    }

    fn cell(
        &self,
        caller: &Caller,
        job: &JobRecord,
        cell: CellOf,
        plan: Plan,
        artifacts: Vec<Artifact>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        let now = ctx.clock.now();
        let confirmation = Confirmation {
            confirmed_at: now,
            notes: None,
            answers: Map::new(),
            variable_corrections: Map::new(),
            default_overrides: Map::new(),
            expert_suggestions_feedback: Value::Null,
            request_sha256: sha256_of(&(cell.batch_id.as_str(), cell.index)),
        };
        let new = NewCell {
            job_id: JobId::parse(ctx.ids.id("job")).map_err(|_| Problem::internal())?,
            trace_id: caller.trace_id.clone(),
            cell,
            plan,
            confirmation,
            artifacts,
        };
        let mut made = job.create_cell(new, now)?;
        made.trace.created = traces::current();
        made.trace.asked.clone_from(&made.trace.created);
        Ok(made)
    }
}

/// A cell as it is made: queued, or refused with its reasons.
pub(super) fn cell_of(index: u32, judged: &JudgedCell) -> BatchCell {
    let mut cell = BatchCell::new(index, judged.spec.choices.clone());
    cell.template_id.clone_from(&judged.template_id);
    match &judged.outcome {
        Ok(plan) => {
            cell.plan_id = Some(plan.plan_id.clone());
            cell.status = CellStatus::Queued;
        }
        Err(refusals) => cell.refusals.clone_from(refusals),
    }
    cell
}

fn copies(library: &Library, id: &TemplateId) -> Result<[Evidence; 2], Problem> {
    library.get(id).map(template_files).ok_or_else(Problem::internal)
}

/// The column whose effect an analysis asks about: the treatment, else the first regressor.
fn focus_of(library: &Library, plan: &Plan) -> Option<String> {
    let meta = &library.get(&plan.template.template_id)?.meta;
    let bound = |bind: &str| {
        let parameters = meta.parameters.iter().filter(|p| p.bind == bind);
        parameters.filter_map(|p| plan.contract.bound.get(&p.name)).find_map(first_text)
    };
    ["treatment_var", "focal_var", "endogenous_vars", "regressors"].into_iter().find_map(bound)
}

fn first_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(first_text),
        other => other.as_str().map(str::to_owned),
    }
}
