//! Blobs in memory, over a workspace on the disk: keeps the conformance suite independent of the local adapter.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::blob_store::{BlobInfo, BlobReader, BlobStore, Promotion, Shard, Trial, Written};
use stata_service::ports::workspace::Workspace;

type Key = (TenantId, JobId, String);

/// Blobs by key.
pub(crate) struct MemoryBlobs {
    workspace: Arc<dyn Workspace>,
    blobs: Mutex<BTreeMap<Key, Vec<u8>>>,
    /// What the last trial found; `None` where nothing is tried.
    pub trial: Option<Trial>,
}

impl MemoryBlobs {
    /// Holds no blob; staged files come from `workspace`.
    pub(crate) fn new(workspace: Arc<dyn Workspace>) -> Self {
        Self { workspace, blobs: Mutex::default(), trial: None }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Vec<u8>>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Vec<u8>> {
        let key = (tenant.clone(), job_id.clone(), rel_path.to_owned());
        self.locked().get(&key).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn written(bytes: &[u8]) -> Written {
    Written { size_bytes: bytes.len() as u64, sha256: sha256_hex(bytes) }
}

fn info(rel_path: &str, bytes: &[u8]) -> BlobInfo {
    let changed_at = DateTime::<Utc>::UNIX_EPOCH;
    BlobInfo { rel_path: rel_path.to_owned(), size_bytes: bytes.len() as u64, changed_at, tag: None }
}

fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

impl BlobStore for MemoryBlobs {
    fn last_trial(&self) -> Option<Trial> {
        self.trial.clone()
    }

    fn put(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        source: &mut dyn Read,
    ) -> io::Result<Written> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        let mut blobs = self.locked();
        let key = (tenant.clone(), job_id.clone(), rel_path.to_owned());
        if blobs.contains_key(&key) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let written = written(&bytes);
        blobs.insert(key, bytes);
        Ok(written)
    }

    fn promote(&self, tenant: &TenantId, job_id: &JobId, files: &[Promotion]) -> io::Result<Vec<Written>> {
        let staged = |file: &Promotion| self.workspace.path(tenant, job_id, &file.staged);
        let read =
            files.iter().map(|file| self.workspace.read(&staged(file))).collect::<io::Result<Vec<_>>>()?;
        let put = |(file, bytes): (&Promotion, Vec<u8>)| {
            let made = file.known.clone().unwrap_or_else(|| written(&bytes));
            self.locked().insert((tenant.clone(), job_id.clone(), file.rel_path.clone()), bytes);
            self.workspace.remove_file(&staged(file))?;
            Ok(made)
        };
        files.iter().zip(read).map(put).collect()
    }

    fn get(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobReader> {
        Ok(Box::new(Cursor::new(self.bytes(tenant, job_id, rel_path)?)))
    }

    fn get_range(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        range: Range<u64>,
    ) -> io::Result<BlobReader> {
        let mut bytes = Cursor::new(self.bytes(tenant, job_id, rel_path)?);
        bytes.set_position(range.start);
        Ok(Box::new(bytes.take(range.end.saturating_sub(range.start))))
    }

    fn head(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobInfo> {
        Ok(info(rel_path, &self.bytes(tenant, job_id, rel_path)?))
    }

    fn list(&self, tenant: &TenantId, job_id: &JobId, dir: &str) -> io::Result<Vec<BlobInfo>> {
        let blobs = self.locked();
        let own = blobs.iter().filter(|((t, j, path), _)| t == tenant && j == job_id && is_below(path, dir));
        Ok(own.map(|((_, _, path), bytes)| info(path, bytes)).collect())
    }

    fn delete(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()> {
        self.locked().retain(|(t, j, path), _| {
            t != tenant || j != job_id || !(path == rel_path || is_below(path, rel_path))
        });
        Ok(())
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        let jobs: BTreeMap<String, (TenantId, JobId)> = self
            .locked()
            .keys()
            .map(|(tenant, job_id, _)| (format!("{tenant}/{job_id}"), (tenant.clone(), job_id.clone())))
            .collect();
        let next = jobs.into_iter().find(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        Ok(next.map(|(name, job)| Shard { name, jobs: vec![job] }))
    }
}
