//! Check of the files that records of jobs cite: there with their sizes or, deep, with their hashes.

use std::io;
use std::mem::take;

use super::check::Report;
use crate::adapters::files::{hash_reader, in_parallel};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::blob_store::BlobStore;

/// Files whose facts are held before they are read, so that an object store has enough to do at once.
const HELD: usize = 1024;

/// A file as a record cites it.
struct Cited {
    /// How a report names it.
    subject: String,
    tenant: TenantId,
    holder: JobId,
    path: String,
    size_bytes: u64,
    sha256: String,
}

/// Collects the files of jobs and checks them in groups, as many at once as the place of the files allows.
pub(in crate::adapters) struct FileChecks<'a> {
    blobs: &'a dyn BlobStore,
    deep: bool,
    held: Vec<Cited>,
}

impl<'a> FileChecks<'a> {
    /// With `deep`, the contents are hashed too.
    pub(in crate::adapters) fn new(blobs: &'a dyn BlobStore, deep: bool) -> Self {
        Self { blobs, deep, held: Vec::new() }
    }

    /// Takes the files of a job; problems may be reported at a later call or by [`FileChecks::finish`].
    pub(in crate::adapters) fn add(&mut self, report: &mut Report, job: &JobRecord) {
        for artifact in job.kept_artifacts() {
            report.count("artifacts");
            let path = artifact.stored_path();
            self.held.push(Cited {
                subject: format!("{} {}", job.resource(), artifact.rel_path),
                tenant: job.tenant_id.clone(),
                holder: job.holder_of(path).clone(),
                path: path.to_owned(),
                size_bytes: artifact.size_bytes,
                sha256: artifact.sha256.clone(),
            });
        }
        if self.held.len() >= HELD {
            self.finish(report);
        }
    }

    /// Checks the files that are still held.
    pub(in crate::adapters) fn finish(&mut self, report: &mut Report) {
        let held = take(&mut self.held);
        let found = in_parallel(held.len(), self.blobs.reads_at_once(), |n| Ok(self.fault(&held[n])));
        match found {
            Ok(found) => {
                for (file, fault) in held.into_iter().zip(found) {
                    if let Some(fault) = fault {
                        report.problem("artifact", file.subject, fault);
                    }
                }
            }
            Err(error) => report.problem("artifact", "files", error.to_string()),
        }
    }

    /// Returns what is wrong with a file.
    fn fault(&self, file: &Cited) -> Option<String> {
        let found = if self.deep { self.read(file) } else { self.look(file) };
        match found {
            Err(error) => Some(format!("it cannot be read: {error}")),
            Ok((size, _)) if size != file.size_bytes => {
                Some(format!("it has {size} bytes instead of {}", file.size_bytes))
            }
            Ok((_, Some(hash))) if hash != file.sha256 => {
                Some("its content does not match its hash".to_owned())
            }
            Ok(_) => None,
        }
    }

    fn look(&self, file: &Cited) -> io::Result<(u64, Option<String>)> {
        let facts = self.blobs.head(&file.tenant, &file.holder, &file.path)?;
        Ok((facts.size_bytes, None))
    }

    fn read(&self, file: &Cited) -> io::Result<(u64, Option<String>)> {
        let mut content = self.blobs.get(&file.tenant, &file.holder, &file.path)?;
        let written = hash_reader(&mut content)?;
        Ok((written.size_bytes, Some(written.sha256)))
    }
}
