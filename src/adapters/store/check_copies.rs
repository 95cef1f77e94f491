//! Checks of the readable copies of jobs: `job.json` and directories without a record.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::check::Report;
use super::job_copy;
use crate::domain::job::JobRecord;

/// Checks the readable copy of a job whose commit was exported.
pub(super) fn check_copy(report: &mut Report, dir: &Path, job: &JobRecord, sequence: u64, online: bool) {
    report.count("job_copies");
    let subject = job.resource();
    let text = match fs::read(dir.join("job.json")) {
        Ok(text) => text,
        Err(error) => return report.problem("job_copy", subject, format!("it cannot be read: {error}")),
    };
    let copy = match job_copy::read(&text) {
        Ok(copy) => copy,
        Err(reason) => return report.problem("job_copy", subject, reason),
    };
    if copy.sequence > sequence {
        if !online {
            report.problem("job_copy", subject, "it is newer than the store");
        }
        return;
    }
    if copy.sequence < sequence || text != job_copy::render(job, sequence).as_bytes() {
        report.problem("job_copy", subject, "it is not the copy of the stored record");
    }
}

/// Returns the directories of jobs that have a readable copy, relative to the data directory, in order.
///
/// # Errors
/// Any I/O error.
pub(super) fn copies(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for tenant in subdirectories(&data_dir.join("tenants"))? {
        for shard in subdirectories(&tenant.join("jobs"))? {
            for job in subdirectories(&shard)? {
                if job.join("job.json").is_file() {
                    found.push(job.strip_prefix(data_dir).unwrap_or(&job).to_owned());
                }
            }
        }
    }
    Ok(found)
}

fn subdirectories(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Reports readable copies without a record in the store.
///
/// # Errors
/// Any I/O error of listing directories.
pub(super) fn check_orphans(
    data_dir: &Path,
    known: &HashMap<String, ()>,
    sequence: u64,
    online: bool,
    report: &mut Report,
) -> io::Result<()> {
    for dir in copies(data_dir)? {
        if known.contains_key(dir.to_string_lossy().as_ref()) {
            continue;
        }
        let copy =
            fs::read(data_dir.join(&dir).join("job.json")).ok().and_then(|text| job_copy::read(&text).ok());
        let newer = copy.is_some_and(|copy| copy.sequence > sequence);
        // a damaged record was reported by its name already, and keeps its last good copy
        if !(online && newer) {
            report.problem("job_copy", dir.to_string_lossy(), "the store has no readable record of it");
        }
    }
    Ok(())
}
