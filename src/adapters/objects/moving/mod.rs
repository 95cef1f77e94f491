//! Moves the files of a data directory into a bucket: as often as wanted while the service uses them, and once more when it
//! is stopped. Nothing of the data directory is changed before the switch, which is one note in it. A restore fills a
//! bucket in the same way from a backup.

mod journal;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::connect::{OpenError, Options};
use super::marker;
use super::store::ObjectBlobStore;
use crate::adapters::files::LocalBlobStore;
use crate::adapters::ids::SystemIds;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::layout::SESSIONS_DIR;
use crate::ports::blob_store::{BlobStore, Written, is_unavailable};
use crate::ports::ids::IdSource;
pub use journal::is_journal;
use journal::{Head, Journal, Key};

/// Directories of a job that hold stored files.
const BLOBS: [&str; 3] = ["artifacts", "inputs", SESSIONS_DIR];
/// Files that are stored at once.
const AT_ONCE: usize = 8;
/// Time between two reports of the progress.
const EVERY: Duration = Duration::from_secs(1);

/// How far a pass over the files is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Files that were to be stored.
    pub of: u64,
    /// Files that were stored.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were removed, since their files are gone.
    pub removed: u64,
}

/// A move that was begun or continued.
pub enum Begun {
    /// The files are in the bucket since an earlier call.
    Switched,
    /// They are to be copied.
    Copying(Box<FileMove>),
}

/// A move of files from a data directory into a bucket.
pub struct FileMove {
    objects: ObjectBlobStore,
    local: LocalBlobStore,
    data_dir: PathBuf,
    journal: Journal,
}

/// A file to store.
struct Work {
    key: Key,
    /// When it was changed, as it was listed (UTC).
    changed_at: DateTime<Utc>,
    /// The hash that it must have, where that is known.
    sha256: Option<String>,
}

/// A file that comes from elsewhere.
pub struct Incoming {
    /// Tenant of the job.
    pub tenant: TenantId,
    /// The job.
    pub job_id: JobId,
    /// Path below the job's directory.
    pub rel_path: String,
    /// Size and hash that it must have.
    pub written: Written,
}

/// Opens a file by its key and the hash that it must have; `None` where it is gone.
type Open<'a> = &'a (dyn Fn(&Key, Option<&str>) -> io::Result<Option<Box<dyn Read>>> + Sync);

impl FileMove {
    /// Begins a move, or continues the one that was begun. The bucket must hold no files below the prefix. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn begin(options: &Options, data_dir: &Path) -> Result<Begun, OpenError> {
        let objects = ObjectBlobStore::connect(options, data_dir)?;
        let place = options.place();
        if objects.is_switched(data_dir)? {
            if let Some(journal) = Journal::open(data_dir)? {
                journal.remove()?;
            }
            return Ok(Begun::Switched);
        }
        let journal = match Journal::open(data_dir)? {
            Some(journal) if journal.head.place == place => journal,
            Some(journal) => return Err(OpenError::Moving { place: journal.head.place }),
            None if objects.holds_objects()? => return Err(OpenError::Occupied { place }),
            None => Journal::begin(data_dir, Head { id: SystemIds.id("move"), place })?,
        };
        objects.reserve(&journal.head.id)?;
        let local = LocalBlobStore::new(data_dir.to_owned());
        Ok(Begun::Copying(Box::new(Self { objects, local, data_dir: data_dir.to_owned(), journal })))
    }

    /// Stores every file that was not stored as it is now, and removes objects whose files are gone. Blocks.
    ///
    /// # Errors
    /// The first I/O error; what was stored until then is noted.
    pub fn copy(&mut self, on: &mut dyn FnMut(Pass)) -> io::Result<Pass> {
        let (work, gone) = self.compare()?;
        for key in &gone {
            self.objects.delete(&key.tenant, &key.job_id, &key.rel_path)?;
            self.journal.forget(key)?;
        }
        let local = self.local.clone();
        let open = |key: &Key, _: Option<&str>| -> io::Result<Option<Box<dyn Read>>> {
            match local.get(&key.tenant, &key.job_id, &key.rel_path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                source => Ok(Some(source?)),
            }
        };
        self.store(&work, &open, Pass { removed: gone.len() as u64, ..Pass::default() }, on)
    }

    /// Stores files that come from elsewhere, each with the hash that it must have. Those that were stored are left out.
    /// Blocks.
    ///
    /// # Errors
    /// `InvalidData` for a file with another hash, or the first I/O error; what was stored until then is noted.
    pub fn fill(
        &mut self,
        files: Vec<Incoming>,
        open: &(dyn Fn(&str) -> io::Result<Box<dyn Read>> + Sync),
        on: &mut dyn FnMut(Pass),
    ) -> io::Result<Pass> {
        let changed_at = DateTime::UNIX_EPOCH;
        let work = files.into_iter().filter_map(|file| {
            let Incoming { tenant, job_id, rel_path, written } = file;
            let key = Key { tenant, job_id, rel_path };
            let is_stored = self.journal.stored.get(&key).is_some_and(|was| was.sha256 == written.sha256);
            (!is_stored).then_some(Work { key, changed_at, sha256: Some(written.sha256) })
        });
        let work: Vec<Work> = work.collect();
        let open = |_: &Key, sha256: Option<&str>| open(sha256.unwrap_or_default()).map(Some);
        self.store(&work, &open, Pass::default(), on)
    }

    /// Stores files, several at once.
    fn store(
        &mut self,
        work: &[Work],
        open: Open<'_>,
        mut pass: Pass,
        on: &mut dyn FnMut(Pass),
    ) -> io::Result<Pass> {
        pass.of = work.len() as u64;
        on(pass);
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (send, results) = mpsc::channel();
        let (objects, journal) = (&self.objects, &mut self.journal);
        let mut reported = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                let (next, stop, send) = (&next, &stop, send.clone());
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed)
                        && let Some(one) = work.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let _ = send.send((one, store_one(objects, one, open)));
                    }
                });
            }
            drop(send);
            for (one, result) in results {
                let noted = result.and_then(|written| match written {
                    Some(written) => {
                        (pass.files, pass.bytes) = (pass.files + 1, pass.bytes + written.size_bytes);
                        journal.note(one.key.clone(), written, one.changed_at)
                    }
                    // it went meanwhile
                    None => Ok(()),
                });
                if let Err(error) = noted {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                if reported.elapsed() >= EVERY {
                    on(pass);
                    reported = Instant::now();
                }
            }
            Ok(())
        })?;
        on(pass);
        Ok(pass)
    }

    /// Lists the files that are to be stored, and those that were stored and are gone.
    fn compare(&self) -> io::Result<(Vec<Work>, Vec<Key>)> {
        let (mut work, mut seen) = (Vec::new(), BTreeSet::new());
        let mut after = None;
        while let Some(shard) = self.local.next_shard(after.as_deref())? {
            for (tenant, job_id) in &shard.jobs {
                for dir in BLOBS {
                    for file in self.local.list(tenant, job_id, dir)? {
                        let rel_path = file.rel_path.clone();
                        let key = Key { tenant: tenant.clone(), job_id: job_id.clone(), rel_path };
                        if self.journal.has(&key, &file) {
                            seen.insert(key);
                        } else {
                            work.push(Work { key, changed_at: file.changed_at, sha256: None });
                        }
                    }
                }
            }
            after = Some(shard.name);
        }
        seen.extend(work.iter().map(|one| one.key.clone()));
        let gone = self.journal.stored.keys().filter(|key| !seen.contains(key)).cloned().collect();
        Ok((work, gone))
    }

    /// Returns the hash of a file that was stored, in lower-case hexadecimal digits.
    pub fn sha256(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> Option<&str> {
        let key = Key { tenant: tenant.clone(), job_id: job_id.clone(), rel_path: rel_path.to_owned() };
        self.journal.stored.get(&key).map(|stored| stored.sha256.as_str())
    }

    /// Returns the files that were stored and that the bucket does not have with their size. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn missing(&mut self) -> io::Result<Vec<String>> {
        let found = self.objects.sizes()?;
        let missing = self.journal.stored.iter().filter(|(key, stored)| {
            let name = self.objects.name_of(&key.tenant, &key.job_id, &key.rel_path);
            found.get(&name) != Some(&stored.size_bytes)
        });
        let missing: Vec<Key> = missing.map(|(key, _)| key.clone()).collect();
        // the next pass stores them again
        missing.iter().try_for_each(|key| self.journal.forget(key))?;
        Ok(missing.into_iter().map(|key| format!("{}/{}/{}", key.tenant, key.job_id, key.rel_path)).collect())
    }

    /// Returns an error of a pass as the operator gets it: a store that is away may answer later.
    pub fn error(&self, error: io::Error) -> OpenError {
        if is_unavailable(&error) {
            let place = self.journal.head.place.clone();
            return OpenError::Unreachable { place, reason: error.to_string() };
        }
        OpenError::Io(error)
    }

    /// Files and bytes that were stored, by this call and the earlier ones.
    pub fn total(&self) -> (u64, u64) {
        let sizes = self.journal.stored.values().map(|stored| stored.size_bytes);
        (self.journal.stored.len() as u64, sizes.sum())
    }

    /// Ends the move of a directory that has the note, perhaps under another name: others can use the bucket from here on.
    /// Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn release(self) -> Result<(), OpenError> {
        self.objects.release()
    }

    /// Makes the bucket the place of the files. The data directory refuses to open with local files from here on. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn switch(self) -> Result<(), OpenError> {
        self.note()?;
        self.objects.release()?;
        Ok(self.journal.remove()?)
    }

    /// Notes the place in the data directory, which refuses to open with local files from here on. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn note(&self) -> Result<(), OpenError> {
        self.objects.note(&self.data_dir)
    }

    /// Removes what was stored of a directory of a job. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove_dir(&mut self, tenant: &TenantId, job_id: &JobId, dir: &str) -> io::Result<()> {
        let is_below = |key: &&Key| {
            let below = key.rel_path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
            (&key.tenant, &key.job_id) == (tenant, job_id) && below
        };
        let gone: Vec<Key> = self.journal.stored.keys().filter(is_below).cloned().collect();
        // first: what the journal has must be in the bucket, also after a kill between the two
        gone.iter().try_for_each(|key| self.journal.forget(key))?;
        self.objects.delete(tenant, job_id, dir)
    }

    /// The bucket, for checks before the switch.
    pub fn blobs(&self) -> &dyn BlobStore {
        &self.objects
    }

    /// Removes what the move has stored. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn take_back(mut self) -> Result<u64, OpenError> {
        let keys: Vec<Key> = self.journal.stored.keys().cloned().collect();
        for key in &keys {
            self.objects.delete(&key.tenant, &key.job_id, &key.rel_path)?;
            self.journal.forget(key)?;
        }
        self.objects.release()?;
        self.journal.remove()?;
        Ok(keys.len() as u64)
    }
}

/// Stores one file; `None` where it is gone.
fn store_one(objects: &ObjectBlobStore, one: &Work, open: Open<'_>) -> io::Result<Option<Written>> {
    let Work { key, sha256, .. } = one;
    let Some(mut source) = open(key, sha256.as_deref())? else { return Ok(None) };
    let written = objects.put_again(&key.tenant, &key.job_id, &key.rel_path, &mut source)?;
    if sha256.as_ref().is_some_and(|wanted| *wanted != written.sha256) {
        objects.delete(&key.tenant, &key.job_id, &key.rel_path)?;
        let text = format!("{}: the content does not match its hash", key.rel_path);
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(written))
}

/// Removes the files of a data directory that were moved into a bucket; run folders stay. Returns how many jobs had some.
///
/// # Errors
/// [`OpenError::LocalFiles`] where they were not moved; any I/O error.
pub fn remove_moved(data_dir: &Path) -> Result<u64, OpenError> {
    if !marker::is_noted(data_dir)? {
        return Err(OpenError::LocalFiles);
    }
    let local = LocalBlobStore::new(data_dir.to_owned());
    let (mut jobs, mut after) = (0, None);
    while let Some(shard) = local.next_shard(after.as_deref())? {
        for (tenant, job_id) in &shard.jobs {
            let mut had_some = false;
            for dir in BLOBS {
                had_some |= !local.list(tenant, job_id, dir)?.is_empty();
                local.delete(tenant, job_id, dir)?;
            }
            jobs += u64::from(had_some);
        }
        after = Some(shard.name);
    }
    Ok(jobs)
}
