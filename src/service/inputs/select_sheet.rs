//! Reads a workbook again with another sheet or header row.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::dataset::{Dataset, Inputs, fingerprint};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::{Original, cancelled};
use crate::domain::layout::upload_dir;
use crate::ports::stop::Stop;
use crate::ports::tabular::Advance;
pub use crate::ports::tabular::IngestOptions;
use crate::service::inputs::ingest_file::{IngestSource, ingest_one};
use crate::service::inputs::ingest_inputs::check_unlocked;
use crate::service::inputs::publish_inputs::{
    InputsChange, added_bytes, commit_inputs, publish_inputs, remove_dirs,
};
use crate::service::inputs::receive_upload::{io_problem, local_copy};
use crate::service::shared::commits::check_if_match;
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_bytes;

/// The use case.
pub struct SelectSheet<'a>(pub &'a Context);

impl SelectSheet<'_> {
    /// Replaces one data set by another reading of its original file.
    ///
    /// # Errors
    /// `INPUTS_MISSING`, `INPUT_DATASET_NOT_FOUND`, `INPUT_SHEET_NOT_FOUND`, `JOB_LOCKED`, `INPUT_*`.
    pub async fn execute(
        &self,
        caller: &Caller,
        job: &JobRecord,
        dataset_key: Option<&str>,
        options: IngestOptions,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        check_unlocked(job)?;
        check_if_match(if_match, job)?;
        job.check_inputs_kept()?;
        let inputs = job
            .inputs
            .as_ref()
            .ok_or_else(|| Problem::new(ErrorCode::InputsMissing, "upload the data first"))?;
        let dataset = find_dataset(inputs, dataset_key)?;
        if dataset.sheet_names.is_empty() && options.sheet.is_some() {
            return Err(Problem::new(
                ErrorCode::InputSheetNotFound,
                format!("a {} file has no sheets", dataset.format),
            )
            .with("sheet_names", Vec::<String>::new()));
        }
        let upload_id = ctx.ids.id("up");
        let dir = ctx.workspace.path(&job.tenant_id, &job.job_id, &upload_dir(&upload_id));
        let old: Vec<Dataset> = inputs.datasets.clone();
        let entry = ctx.readings.enter(job);
        // a request that ends early needs no reader either
        let reading = StopsWhenDropped(entry.stop.clone());
        let source = self.source(job, dataset, &upload_id, options, entry.stop.clone()).await?;
        let tabular = Arc::clone(&ctx.tabular);
        let (workspace, target) = (Arc::clone(&ctx.workspace), dir.clone());
        let (fresh, found) = ctx
            .pools
            .ingest
            .run(move || {
                workspace.create_dir(&target).map_err(|e| io_problem(&e))?;
                ingest_one(tabular.as_ref(), source).inspect_err(|_| {
                    let _ = workspace.remove_dir(&target);
                })
            })
            .await??;
        let key = fresh.dataset_key.clone();
        let datasets: Vec<Dataset> =
            old.into_iter().map(|d| if d.dataset_key == key { fresh.clone() } else { d }).collect();
        let mut warnings = inputs.warnings.clone();
        warnings.retain(|w| w.dataset_key.as_deref() != Some(key.as_str()));
        warnings.extend(found);
        let inputs = Inputs {
            manifest_rel_path: format!("{}/manifest.json", upload_dir(&upload_id)),
            fingerprint: fingerprint(&datasets),
            created_at: ctx.clock.now(),
            datasets,
            warnings,
        };
        let artifacts = publish_inputs(ctx, job, &inputs, &upload_id).await?;
        if !reading.0.end() {
            remove_dirs(ctx, job, BTreeSet::from([upload_dir(&upload_id)])).await;
            return Err(cancelled());
        }
        let action = "inputs.sheet_selected";
        let admitted = admit_bytes(ctx, &job.tenant_id, added_bytes(job, &artifacts)).await?;
        let change = InputsChange { inputs, artifacts, bundle_id: None, noted: None, action, admitted };
        commit_inputs(ctx, caller, job, change, if_match).await
    }

    async fn source(
        &self,
        job: &JobRecord,
        dataset: &Dataset,
        upload_id: &str,
        options: IngestOptions,
        stop: Stop,
    ) -> Result<IngestSource, Problem> {
        let path = local_copy(self.0, job, &dataset.original_rel_path).await?;
        Ok(IngestSource {
            path,
            dir: self.0.workspace.path(&job.tenant_id, &job.job_id, &upload_dir(upload_id)),
            upload_id: upload_id.to_owned(),
            file: Original {
                rel_path: dataset.original_rel_path.clone(),
                original_name: dataset.original_name.clone(),
                size_bytes: dataset.original_size_bytes,
                sha256: dataset.original_sha256.clone(),
                role: dataset.role,
                dataset_key: dataset.dataset_key.clone(),
            },
            options,
            stop,
            advance: Advance::default(),
        })
    }
}

/// Stops a reading whose request has ended; too late once it is being committed.
struct StopsWhenDropped(Stop);

impl Drop for StopsWhenDropped {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Finds a data set by its key; the primary one without a key.
///
/// # Errors
/// `INPUT_DATASET_NOT_FOUND` with the keys that exist.
pub fn find_dataset<'a>(inputs: &'a Inputs, key: Option<&str>) -> Result<&'a Dataset, Problem> {
    let found = match key {
        None => inputs.primary(),
        Some(key) => inputs.dataset(key),
    };
    found.ok_or_else(|| {
        let keys: Vec<&str> = inputs.datasets.iter().map(|d| d.dataset_key.as_str()).collect();
        Problem::new(ErrorCode::InputDatasetNotFound, "the inputs hold no such data set")
            .with("dataset_keys", keys)
    })
}
