//! What a move of files or a restore does with the place as a whole: whose it is, and what it holds.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};

use super::connect::OpenError;
use super::marker::Marks;
use super::store::ObjectBlobStore;
use super::upload::Taken;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::Written;

impl ObjectBlobStore {
    /// Does something with the marks of the bucket and of a data directory.
    fn marked<T, F>(&self, action: impl FnOnce(Marks, PathBuf) -> F, data_dir: &Path) -> Result<T, OpenError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OpenError>> + Send + 'static,
    {
        self.bridge().run(action(self.marks(), data_dir.to_owned()))?
    }

    /// Compares the bucket with the data directory; see [`Marks::bind`].
    pub(super) fn bind(&self, data_dir: &Path) -> Result<(), OpenError> {
        self.marked(|marks, data_dir| async move { marks.bind(&data_dir).await }, data_dir)
    }

    /// True if the data directory has its files here; see [`Marks::is_switched`].
    pub(super) fn is_switched(&self, data_dir: &Path) -> Result<bool, OpenError> {
        self.marked(|marks, data_dir| async move { marks.is_switched(&data_dir).await }, data_dir)
    }

    /// Notes the place in a data directory; see [`Marks::note`].
    pub(super) fn note(&self, data_dir: &Path) -> Result<(), OpenError> {
        self.marked(|marks, data_dir| async move { marks.note(&data_dir).await }, data_dir)
    }

    /// Reserves the place for a move; see [`Marks::reserve`].
    pub(super) fn reserve(&self, id: &str) -> Result<(), OpenError> {
        let (marks, id) = (self.marks(), id.to_owned());
        self.bridge().run(async move { marks.reserve(&id).await })?
    }

    /// Ends the reservation for a move; see [`Marks::release`].
    pub(super) fn release(&self) -> Result<(), OpenError> {
        let marks = self.marks();
        self.bridge().run(async move { marks.release().await })?
    }

    /// True if there is any file of a job below the prefix.
    pub(super) fn holds_objects(&self) -> io::Result<bool> {
        let root = self.root()?;
        self.with(move |client| async move {
            client.list(Some(&root)).next().await.transpose().map(|first| first.is_some())
        })
    }

    /// Returns the names of all files of jobs with their sizes, in bytes.
    pub(super) fn sizes(&self) -> io::Result<HashMap<String, u64>> {
        let root = self.root()?;
        self.with(move |client| async move {
            let size = |meta: ObjectMeta| (meta.location.into(), meta.size);
            client.list(Some(&root)).map_ok(size).try_collect().await
        })
    }

    /// The name of a blob as [`ObjectBlobStore::sizes`] has it.
    pub(super) fn name_of(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> String {
        self.name(tenant, job_id, rel_path).map(String::from).unwrap_or_default()
    }

    /// Stores a blob, replacing one of the path: for callers that own the path.
    pub(super) fn put_again(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        source: &mut dyn Read,
    ) -> io::Result<Written> {
        self.write(&self.name(tenant, job_id, rel_path)?, source, Taken::Replace)
    }
}
