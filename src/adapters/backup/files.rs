//! Which files of a job belong into a backup: what its record names, and other files kept with it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::manifest::Content;
use crate::domain::artifact::safe_rel_path;
use crate::domain::job::JobRecord;

/// Returns what the record says of its files; nothing of a job whose content was removed.
pub(super) fn named(job: &JobRecord) -> BTreeMap<String, Content> {
    job.kept_artifacts()
        .filter(|artifact| safe_rel_path(artifact.stored_path()).is_some())
        .map(|a| (a.stored_path().to_owned(), Content { size_bytes: a.size_bytes, sha256: a.sha256.clone() }))
        .collect()
}

/// Returns the regular files below a job's directory, without its readable copy, temporary files and the
/// working space of attempts.
///
/// # Errors
/// Any I/O error other than absence.
pub(super) fn found(dir: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![String::new()];
    while let Some(rel) = open.pop() {
        let entries = match fs::read_dir(dir.join(&rel)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if rel.is_empty() { name.clone() } else { format!("{rel}/{name}") };
            if name.starts_with('.') || path == "job.json" || path == "runs" {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
