//! Which bucket and prefix a data directory belongs to: the bucket holds an id, and the data directory notes it.
//! Another bucket, or files that were kept in the data directory, would be taken for lost files.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use object_store::aws::AmazonS3;
use object_store::path::Path as Name;
use object_store::{Error, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::connect::OpenError;
use super::errors::code;
use crate::adapters::files::{JobDirs, sync_dir};
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

/// Compares the id in the bucket with the note; makes both at the first start.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn bind(
    client: &AmazonS3,
    name: &Name,
    data_dir: &Path,
    place: &str,
) -> Result<(), OpenError> {
    let noted = read(data_dir)?;
    if noted.is_none() && holds_files(data_dir)? {
        return Err(OpenError::LocalFiles);
    }
    let found = match client.get(name).await {
        Ok(found) => {
            let bytes = found.bytes().await.map_err(|error| OpenError::of(place, &error))?;
            Some(String::from_utf8_lossy(&bytes).trim().to_owned())
        }
        Err(error @ Error::NotFound { .. }) if code(&error).as_deref() == Some("NoSuchKey") => None,
        Err(error) => return Err(OpenError::of(place, &error)),
    };
    let installation = match (noted, found) {
        (Some(note), Some(found)) if note.installation == found => return Ok(()),
        (Some(_), _) => return Err(OpenError::OtherPlace { place: place.to_owned() }),
        (None, Some(found)) => found,
        (None, None) => {
            let fresh = SystemIds.id("files");
            let put = client.put(name, PutPayload::from(fresh.clone().into_bytes())).await;
            put.map_err(|error| OpenError::of(place, &error))?;
            fresh
        }
    };
    write(data_dir, &Note { installation, place: place.to_owned() })?;
    Ok(())
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
    let temporary = data_dir.join(format!(".{NOTE}.tmp"));
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(note)?)?;
    file.sync_all()?;
    fs::rename(&temporary, path(data_dir))?;
    sync_dir(data_dir)
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
