//! The blob store over objects.

use std::collections::HashSet;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use tracing::field::Empty;

use super::bridge::Bridge;
use super::connect::{OpenError, Options};
use super::errors::{code, reason, to_io};
use super::marker::Marks;
use super::presign::Presigner;
use super::reader::ObjectReader;
use super::shards::{first_of, next_shard};
use super::trial::{Watched, first, watch};
use super::upload::Taken;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::{CopyFolder, JobDirs, in_parallel};
use crate::adapters::ids::SystemIds;
use crate::adapters::llm::install_tls;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::layout::shard_of;
use crate::ports::blob_store::{
    BlobInfo, BlobReader, BlobStore, DirectRequest, Promotion, Shard, Trial, Written, is_unavailable,
    unavailable,
};
use crate::ports::clock::Clock as _;
use crate::ports::ids::IdSource;

/// How many files of a promotion are put at once.
const FILES_AT_ONCE: usize = 4;
/// How many files are read at once where many are: each waits for the network most of the time.
const READS_AT_ONCE: usize = 16;

/// Keeps blobs in a bucket, below a prefix.
pub struct ObjectBlobStore {
    bridge: Arc<Bridge>,
    /// Tries again for a while where the store asks for it.
    patient: AmazonS3,
    /// Tries once: used while the store is away, so that callers do not pile up.
    quick: AmazonS3,
    /// Signs URLs for clients.
    signer: Presigner,
    watched: Arc<Watched>,
    marks: Marks,
    prefix: String,
    /// Files of the workspace, which are promoted.
    dirs: JobDirs,
    copies: CopyFolder,
    /// Names that are being put: writers of one name in this process take turns.
    writing: Mutex<HashSet<Path>>,
    written: Condvar,
}

/// A name that this thread puts.
struct Turn<'a> {
    store: &'a ObjectBlobStore,
    name: Path,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.store.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        self.store.written.notify_all();
    }
}

impl ObjectBlobStore {
    /// Tries the store, compares the bucket with the data directory and starts to watch. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: &Options, data_dir: &std::path::Path) -> Result<Self, OpenError> {
        let store = Self::connect(options, data_dir)?;
        store.bind(data_dir)?;
        Ok(store)
    }

    /// Tries the store and starts to watch; whose the bucket is does not matter yet. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) fn connect(options: &Options, data_dir: &std::path::Path) -> Result<Self, OpenError> {
        install_tls();
        let bridge = Bridge::start()?;
        let (patient, quick, signer) = options.clients()?;
        let place = options.place();
        let named = |name: &str| {
            let unusable =
                |_| OpenError::Unusable { place: place.clone(), reason: "s3.prefix is no path".to_owned() };
            Path::parse(joined(&options.prefix, name)).map_err(unusable)
        };
        // names of servers that start at the same time differ
        let trial = named(&format!("trials/{}", SystemIds.id("trial")))?;
        let marks = Marks::of(patient.clone(), place.clone(), named)?;
        let begin = {
            let (client, trial, place) = (patient.clone(), trial.clone(), place.clone());
            async move { first(&client, &trial).await.map_err(|error| OpenError::of(&place, &error)) }
        };
        let conditional = bridge.run(begin)??;
        let watched = Arc::new(Watched::new(place, conditional));
        bridge.spawn(watch(Arc::clone(&watched), quick.clone(), trial));
        Ok(Self {
            bridge: Arc::new(bridge),
            patient,
            quick,
            signer,
            watched,
            marks,
            prefix: options.prefix.clone(),
            copies: CopyFolder::below(data_dir),
            dirs: JobDirs { data_dir: data_dir.to_owned() },
            writing: Mutex::default(),
            written: Condvar::new(),
        })
    }

    pub(super) fn marks(&self) -> Marks {
        self.marks.clone()
    }

    pub(super) fn root(&self) -> io::Result<Path> {
        Path::parse(joined(&self.prefix, "v1")).map_err(|error| to_io(error.into()))
    }

    pub(super) fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.watched.is_conditional()
    }

    /// Does a request whose answer has a body.
    pub(super) fn with<T, F>(&self, request: impl FnOnce(AmazonS3) -> F) -> io::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let answer = self.asked(request)?;
        answer.map_err(|error| self.noted(to_io(error)))
    }

    fn asked<T, F>(&self, request: impl FnOnce(AmazonS3) -> F) -> io::Result<object_store::Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let client = if self.watched.is_away() { &self.quick } else { &self.patient };
        self.bridge.run(request(client.clone()))
    }

    /// Passes an error on; one of an outage starts a trial.
    pub(super) fn noted(&self, error: io::Error) -> io::Error {
        if is_unavailable(&error) {
            self.watched.failed(&error.to_string());
        }
        error
    }

    /// The name of a job's blob, or of a directory; of the job itself for an empty path.
    pub(super) fn name(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Path> {
        let job = joined(&self.prefix, &format!("v1/{tenant}/{}/{job_id}/{rel_path}", shard_of(job_id)));
        Path::parse(job).map_err(|error| to_io(error.into()))
    }

    /// Waits until nobody else in this process puts the name.
    fn turn(&self, name: &Path) -> Turn<'_> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        while !writing.insert(name.clone()) {
            writing = self.written.wait(writing).unwrap_or_else(PoisonError::into_inner);
        }
        Turn { store: self, name: name.clone() }
    }

    fn reader(&self, name: Path, options: GetOptions) -> io::Result<BlobReader> {
        let found = self.with(move |client| async move { client.get_opts(&name, options).await })?;
        let bytes = found.range.end - found.range.start;
        Ok(Box::new(ObjectReader::new(Arc::clone(&self.bridge), found.into_stream(), bytes)))
    }

    /// Size and age of an object. The answer to `HEAD` has no body that says what is missing, so a `GET` asks again.
    fn meta(&self, name: &Path) -> io::Result<ObjectMeta> {
        let (asked, name) = (name.clone(), name.clone());
        match self.asked(move |client| async move { client.head(&asked).await })? {
            Ok(meta) => Ok(meta),
            Err(Error::NotFound { .. }) => {
                self.with(move |client| async move { Ok(client.get(&name).await?.meta) })
            }
            Err(error) => Err(self.noted(to_io(error))),
        }
    }

    fn listed(&self, below: Path) -> io::Result<Vec<ObjectMeta>> {
        self.with(move |client| async move { client.list(Some(&below)).try_collect().await })
    }

    fn promote_one(&self, tenant: &TenantId, job_id: &JobId, file: &Promotion) -> io::Result<Written> {
        let name = self.name(tenant, job_id, &file.rel_path)?;
        let mut source = self.dirs.open(tenant, job_id, &file.staged)?;
        let written = self.write(&name, &mut source, Taken::Replace)?;
        if file.known.as_ref().is_some_and(|known| *known != written) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a staged file differs from its hash"));
        }
        Ok(written)
    }
}

/// A name below a prefix, which may be empty.
fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

fn info(rel_path: String, meta: ObjectMeta) -> BlobInfo {
    BlobInfo { rel_path, size_bytes: meta.size, changed_at: meta.last_modified, tag: meta.e_tag }
}

impl BlobStore for ObjectBlobStore {
    fn put(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        source: &mut dyn Read,
    ) -> io::Result<Written> {
        let span = tracing::debug_span!("files.put", ss.files = 1, ss.bytes = Empty).entered();
        let name = self.name(tenant, job_id, rel_path)?;
        let _turn = self.turn(&name);
        let written = self.write(&name, source, Taken::Refuse)?;
        span.record("ss.bytes", written.size_bytes);
        Ok(written)
    }

    fn promote(&self, tenant: &TenantId, job_id: &JobId, files: &[Promotion]) -> io::Result<Vec<Written>> {
        let span = tracing::debug_span!("files.publish", ss.files = files.len(), ss.bytes = Empty).entered();
        let put = |n: usize| self.promote_one(tenant, job_id, &files[n]);
        let written = in_parallel(files.len(), FILES_AT_ONCE, put)?;
        span.record("ss.bytes", written.iter().map(|file| file.size_bytes).sum::<u64>());
        // only now: a promotion that failed can be repeated
        for (file, done) in files.iter().zip(&written) {
            let staged = self.dirs.path(tenant, job_id, &file.staged);
            if file.staged == file.rel_path {
                self.copies.adopt(tenant, job_id, &done.sha256, &staged)?;
            } else {
                std::fs::remove_file(staged)?;
            }
        }
        Ok(written)
    }

    fn get(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobReader> {
        let _span = tracing::debug_span!("files.open", ss.files = 1).entered();
        self.reader(self.name(tenant, job_id, rel_path)?, GetOptions::default())
    }

    fn get_range(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        range: Range<u64>,
    ) -> io::Result<BlobReader> {
        let _span = tracing::debug_span!("files.open", ss.files = 1).entered();
        let name = self.name(tenant, job_id, rel_path)?;
        if range.is_empty() {
            return self.meta(&name).map(|_| Box::new(io::empty()) as BlobReader);
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.asked(move |client| async move { client.get_opts(&name, options).await })?;
        match found {
            Ok(found) => {
                let bytes = found.range.end - found.range.start;
                Ok(Box::new(ObjectReader::new(Arc::clone(&self.bridge), found.into_stream(), bytes)))
            }
            // it begins beyond the last byte
            Err(error) if code(&error).as_deref() == Some("InvalidRange") => Ok(Box::new(io::empty())),
            Err(error) if reason(&error).contains("status code: 416") => Ok(Box::new(io::empty())),
            Err(error) => Err(self.noted(to_io(error))),
        }
    }

    fn head(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobInfo> {
        let meta = self.meta(&self.name(tenant, job_id, rel_path)?)?;
        Ok(info(rel_path.to_owned(), meta))
    }

    fn list(&self, tenant: &TenantId, job_id: &JobId, dir: &str) -> io::Result<Vec<BlobInfo>> {
        let job = format!("{}/", self.name(tenant, job_id, "")?);
        let listed = self.listed(self.name(tenant, job_id, dir.trim_end_matches('/'))?)?;
        let below = |meta: ObjectMeta| {
            let rel_path = meta.location.as_ref().strip_prefix(&job)?.to_owned();
            Some(info(rel_path, meta))
        };
        let mut found: Vec<BlobInfo> = listed.into_iter().filter_map(below).collect();
        found.sort_by(|a, b| a.rel_path.cmp(&b.rel_path));
        Ok(found)
    }

    fn delete(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()> {
        let _span = tracing::debug_span!("files.remove").entered();
        let name = self.name(tenant, job_id, rel_path)?;
        let mut names: Vec<Path> = self.listed(name.clone())?.into_iter().map(|meta| meta.location).collect();
        names.push(name);
        self.with(move |client| async move {
            let names = futures_util::stream::iter(names.into_iter().map(Ok)).boxed();
            let removed: Vec<object_store::Result<Path>> = client.delete_stream(names).collect().await;
            removed.into_iter().try_for_each(|one| match one {
                Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            })
        })
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        let root = self.root()?;
        let from = after.map(str::to_owned);
        let stored =
            self.with(move |client| async move { next_shard(&client, &root, from.as_deref()).await })?;
        Ok(first_of(stored, self.dirs.next_shard(after)?))
    }

    fn direct_url(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        request: &DirectRequest,
        ttl: Duration,
    ) -> io::Result<Option<String>> {
        let (name, signer) = (self.name(tenant, job_id, rel_path)?, self.signer.clone());
        let (request, now) = (request.clone(), SystemClock.now());
        let sign = async move { signer.url(&name, &request, ttl, now).await };
        match self.bridge.run(sign)? {
            Ok(url) => Ok(Some(url)),
            // the credentials of a role could not be fetched
            Err(error) => Err(unavailable(reason(&error))),
        }
    }

    fn reads_at_once(&self) -> usize {
        READS_AT_ONCE
    }

    fn last_trial(&self) -> Option<Trial> {
        Some(self.watched.last())
    }
}
