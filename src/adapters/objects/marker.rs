//! Which bucket and prefix a data directory belongs to: the bucket holds an id, and the data directory notes it.
//! Another bucket, or files that were kept in the data directory, would be taken for lost files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use object_store::aws::AmazonS3;
use object_store::path::Path as Name;
use object_store::{Error, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::connect::OpenError;
use super::errors::code;
use crate::adapters::files::{JobDirs, replace_file};
use crate::adapters::ids::SystemIds;
use crate::ports::ids::IdSource;

/// Name of the note in the data directory.
const NOTE: &str = "objects.json";
/// Directories of a job that hold blobs where they are local.
const BLOBS: [&str; 2] = ["inputs", "artifacts"];

/// Note of a data directory.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// Id that the bucket holds below the prefix.
    installation: String,
    /// Address, bucket and prefix, for people.
    place: String,
}

/// Refuses a data directory whose files are in an object store.
///
/// # Errors
/// [`OpenError::InObjects`], or any I/O error.
pub fn check_unused(data_dir: &Path) -> Result<(), OpenError> {
    match read(data_dir)? {
        Some(note) => Err(OpenError::InObjects { place: note.place }),
        None => Ok(()),
    }
}

/// True if the files of a data directory are in an object store.
///
/// # Errors
/// Any I/O error.
pub fn is_noted(data_dir: &Path) -> io::Result<bool> {
    Ok(read(data_dir)?.is_some())
}

/// The objects below a prefix that say whose they are.
#[derive(Clone)]
pub(super) struct Marks {
    client: AmazonS3,
    /// Holds the id of the installation.
    installation: Name,
    /// Holds the id of a move of files that is not finished.
    moving: Name,
    place: String,
}

impl Marks {
    /// The marks of a place; `named` gives the names below the prefix.
    ///
    /// # Errors
    /// Any error of `named`.
    pub(super) fn of<E>(
        client: AmazonS3,
        place: String,
        named: impl Fn(&str) -> Result<Name, E>,
    ) -> Result<Self, E> {
        Ok(Self { client, installation: named("installation")?, moving: named("moving")?, place })
    }

    fn error(&self, error: &Error) -> OpenError {
        OpenError::of(&self.place, error)
    }

    async fn text(&self, name: &Name) -> Result<Option<String>, OpenError> {
        match self.client.get(name).await {
            Ok(found) => {
                let bytes = found.bytes().await.map_err(|error| self.error(&error))?;
                Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
            }
            Err(error @ Error::NotFound { .. }) if code(&error).as_deref() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    async fn put(&self, name: &Name, text: &str) -> Result<(), OpenError> {
        let bytes = PutPayload::from(text.to_owned().into_bytes());
        self.client.put(name, bytes).await.map(drop).map_err(|error| self.error(&error))
    }

    /// Compares the id in the bucket with the note; makes both at the first start. Servers that share a bucket do it in turn: the
    /// last of several ids that are put at once would stay.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) async fn bind(&self, data_dir: &Path) -> Result<(), OpenError> {
        if self.is_switched(data_dir).await? {
            return Ok(());
        }
        if holds_files(data_dir)? {
            return Err(OpenError::LocalFiles);
        }
        if self.text(&self.moving).await?.is_some() {
            return Err(OpenError::Moving { place: self.place.clone() });
        }
        self.note(data_dir).await
    }

    /// True if the data directory has its files here.
    ///
    /// # Errors
    /// [`OpenError::OtherPlace`] where it has them elsewhere.
    pub(super) async fn is_switched(&self, data_dir: &Path) -> Result<bool, OpenError> {
        let Some(note) = read(data_dir)? else { return Ok(false) };
        if self.text(&self.installation).await?.as_ref() != Some(&note.installation) {
            return Err(OpenError::OtherPlace { place: self.place.clone() });
        }
        // a move that was interrupted after its switch has left it
        self.release().await?;
        Ok(true)
    }

    /// Reserves the place for a move.
    ///
    /// # Errors
    /// [`OpenError::Occupied`] where another one has it.
    pub(super) async fn reserve(&self, id: &str) -> Result<(), OpenError> {
        match self.text(&self.moving).await? {
            None => self.put(&self.moving, id).await,
            Some(found) if found == id => Ok(()),
            Some(_) => Err(OpenError::Occupied { place: self.place.clone() }),
        }
    }

    /// Ends the reservation for a move, if there is one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) async fn release(&self) -> Result<(), OpenError> {
        if self.text(&self.moving).await?.is_none() {
            return Ok(());
        }
        self.client.delete(&self.moving).await.map_err(|error| self.error(&error))
    }

    /// Notes the id of the bucket in a data directory; the id is made where the bucket has none.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) async fn note(&self, data_dir: &Path) -> Result<(), OpenError> {
        let installation = match self.text(&self.installation).await? {
            Some(found) => found,
            None => {
                let fresh = SystemIds.id("files");
                self.put(&self.installation, &fresh).await?;
                fresh
            }
        };
        Ok(write(data_dir, &Note { installation, place: self.place.clone() })?)
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NOTE)
}

fn read(data_dir: &Path) -> io::Result<Option<Note>> {
    match fs::read(path(data_dir)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(data_dir: &Path, note: &Note) -> io::Result<()> {
    replace_file(&path(data_dir), &serde_json::to_vec_pretty(note)?)
}

/// True if a job of the data directory has a file where blobs are kept.
fn holds_files(data_dir: &Path) -> io::Result<bool> {
    let dirs = JobDirs { data_dir: data_dir.to_owned() };
    let mut after = None;
    while let Some(shard) = dirs.next_shard(after.as_deref())? {
        for (tenant, job_id) in &shard.jobs {
            for dir in BLOBS {
                if has_file(&dirs.path(tenant, job_id, dir))? {
                    return Ok(true);
                }
            }
        }
        after = Some(shard.name);
    }
    Ok(false)
}

fn has_file(dir: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || has_file(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}
