//! The files of jobs: in the data directory, or in an object store with local copies.

use std::path::Path;
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
    /// Opens the place that the settings name. Blocks while an object store is tried.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn open(data_dir: &Path, options: &FilesOptions) -> Result<Self, OpenError> {
        let data_dir = data_dir.to_owned();
        let Some(objects) = &options.objects else {
            check_unused(&data_dir)?;
            return Ok(Self {
                blobs: Arc::new(LocalBlobStore::new(data_dir.clone())),
                workspace: Arc::new(LocalWorkspace::new(data_dir)),
            });
        };
        let blobs: Arc<dyn BlobStore> = Arc::new(ObjectBlobStore::open(objects, &data_dir)?);
        let workspace = LocalWorkspace::with_copies(data_dir, Arc::clone(&blobs), options.copies_bytes);
        Ok(Self { blobs, workspace: Arc::new(workspace) })
    }
}
