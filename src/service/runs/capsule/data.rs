//! The data of a capsule: what the engine read and the files that it came from, or their hashes.

use super::collect::{DataFacts, LEFT_OUT};
use super::contents::Crate;
use super::sources::Shelf;
use super::{Absent, CapsuleOptions};
use crate::domain::capsule as form;
use crate::domain::capsule::inputs::{ColumnFacts, DatasetFacts, InputFacts, ReadFile};
use crate::domain::capsule::names::safe_name;
use crate::domain::dataset::Dataset;
use crate::domain::plan::Plan;

const REMOVED: &str = "no longer kept when the capsule was made; its hash identifies equal copies";

/// The data that the engine read and the files that they came from.
pub(super) fn data(
    shelf: &Shelf<'_>,
    plan: &Plan,
    read: &[DataFacts],
    options: CapsuleOptions,
    made: &mut Crate,
) -> InputFacts {
    let job = shelf.job;
    // Inputs of another plan say nothing of this run.
    let inputs = shelf.inputs(plan);
    let kept = job.inputs_removed_at().is_none();
    let reason = if options.data { REMOVED } else { LEFT_OUT };
    let mut facts = InputFacts {
        fingerprint: plan.input_fingerprint.clone(),
        read: Vec::new(),
        datasets: Vec::new(),
        remarks: Vec::new(),
    };
    for file in read {
        let path = match file.name.as_str() {
            form::DATA => form::DATA.to_owned(),
            name => format!("{}{name}", form::INPUTS),
        };
        let dataset = inputs.as_ref().and_then(|i| i.dataset(&file.dataset_key));
        let source = dataset
            .filter(|d| options.data && kept && d.canonical_sha256 == file.sha256)
            .filter(|d| shelf.has(&d.canonical_rel_path, file.size_bytes));
        let title = format!("Data set {} as the engine reads it", file.dataset_key);
        match source {
            Some(d) => {
                made.file(path.clone(), title, &d.canonical_rel_path, file.size_bytes, &file.sha256);
            }
            None => made.absent.push(Absent {
                path: path.clone(),
                title,
                size_bytes: file.size_bytes,
                sha256: file.sha256.clone(),
                reason,
            }),
        }
        facts.read.push(ReadFile {
            path,
            dataset_key: file.dataset_key.clone(),
            sha256: file.sha256.clone(),
            size_bytes: file.size_bytes,
            included: source.is_some(),
        });
    }
    for dataset in inputs.iter().flat_map(|i| &i.datasets) {
        let is_read = read.iter().any(|f| f.dataset_key == dataset.dataset_key);
        let original_path =
            if is_read { original(shelf, dataset, options.data && kept, reason, made) } else { None };
        facts.datasets.push(dataset_facts(dataset, original_path));
    }
    if inputs.is_none() {
        facts
            .remarks
            .push("The job's inputs were replaced after this run; of its data the hashes are left.".into());
    } else if options.data && !kept {
        facts.remarks.push("The data are no longer kept; their hashes are listed.".into());
    } else if !options.data {
        facts.remarks.push("The data were left out as asked; their hashes are here.".into());
    }
    facts
}

/// Adds an uploaded file; returns where it lies.
fn original(
    shelf: &Shelf<'_>,
    dataset: &Dataset,
    wanted: bool,
    reason: &'static str,
    made: &mut Crate,
) -> Option<String> {
    let path = format!(
        "{}{}/{}",
        form::ORIGINALS,
        safe_name(&dataset.dataset_key),
        safe_name(&dataset.original_name)
    );
    let title = format!("{} as it was uploaded", dataset.original_name);
    if wanted && shelf.has(&dataset.original_rel_path, dataset.original_size_bytes) {
        let from = &dataset.original_rel_path;
        return Some(made.file(path, title, from, dataset.original_size_bytes, &dataset.original_sha256));
    }
    made.absent.push(Absent {
        path,
        title,
        size_bytes: dataset.original_size_bytes,
        sha256: dataset.original_sha256.clone(),
        reason,
    });
    None
}

fn dataset_facts(dataset: &Dataset, original_path: Option<String>) -> DatasetFacts {
    let columns = dataset.columns.iter().map(|c| ColumnFacts {
        name: c.name.clone(),
        original_name: c.original_name.clone(),
        label: c.label.clone(),
        inferred_type: c.inferred_type,
        storage: c.storage.clone(),
    });
    DatasetFacts {
        dataset_key: dataset.dataset_key.clone(),
        role: dataset.role,
        original_name: dataset.original_name.clone(),
        original_path,
        original_sha256: dataset.original_sha256.clone(),
        original_size_bytes: dataset.original_size_bytes,
        canonical_sha256: dataset.canonical_sha256.clone(),
        canonical_size_bytes: dataset.canonical_size_bytes,
        format: dataset.format.clone(),
        selected_sheet: dataset.selected_sheet.clone(),
        header_row: dataset.header_row,
        encoding: dataset.encoding.clone(),
        delimiter: dataset.delimiter.clone(),
        row_count: dataset.row_count,
        columns: columns.collect(),
    }
}
