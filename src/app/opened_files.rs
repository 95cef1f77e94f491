//! The files of jobs: in the data directory, or in an object store with local copies.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::options::FilesOptions;
use crate::adapters::files::{LocalBlobStore, LocalWorkspace};
use crate::adapters::objects::{ObjectBlobStore, OpenError, check_unused};
use crate::ports::blob_store::BlobStore;
use crate::ports::workspace::Workspace;

/// The two ports to the files of jobs.
pub(super) struct OpenedFiles {
    pub blobs: Arc<dyn BlobStore>,
    pub workspace: Arc<dyn Workspace>,
}

impl OpenedFiles {
    /// Opens the place that the settings name, beside a service. Blocks while an object store is tried.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open(data_dir: &Path, options: &FilesOptions) -> Result<Self, OpenError> {
        Self::open_with(data_dir, options, |data_dir| Ok(LocalBlobStore::new(data_dir)))
    }

    /// As [`open`](Self::open), for the process that has the lock of the data directory.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open_owned(data_dir: &Path, options: &FilesOptions) -> Result<Self, OpenError> {
        Self::open_with(data_dir, options, LocalBlobStore::with_journal)
    }

    fn open_with(
        data_dir: &Path,
        options: &FilesOptions,
        local: impl FnOnce(PathBuf) -> io::Result<LocalBlobStore>,
    ) -> Result<Self, OpenError> {
        let data_dir = data_dir.to_owned();
        let Some(objects) = &options.objects else {
            check_unused(&data_dir)?;
            return Ok(Self {
                blobs: Arc::new(local(data_dir.clone())?),
                workspace: Arc::new(LocalWorkspace::new(data_dir)),
            });
        };
        let blobs: Arc<dyn BlobStore> = Arc::new(ObjectBlobStore::open(objects, &data_dir)?);
        let workspace = LocalWorkspace::with_copies(data_dir, Arc::clone(&blobs), options.copies_bytes);
        Ok(Self { blobs, workspace: Arc::new(workspace) })
    }
}
