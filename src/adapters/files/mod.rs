//! The files of jobs on the local file system: blobs, scratch space and the volume that holds them. Blobs and
//! scratch space of a job share its directory, so that a promotion renames and a local copy is the blob itself.

mod blobs;
mod copies;
mod durable;
mod journal;
mod places;
mod private;
mod spread;
pub mod tree;
mod volume;
mod workspace;

pub use blobs::LocalBlobStore;
pub(in crate::adapters) use copies::CopyFolder;
pub(in crate::adapters) use durable::in_parallel;
pub use durable::{create_dir, create_dir_durably, hash_reader, remove_tree, replace_file, sync_dir};
pub(in crate::adapters) use journal::replay as replay_journal;
pub use places::Places;
pub use private::{close_to_others, make_private_dir};
pub use spread::spread_subdirs;
pub use volume::LocalVolume;
pub use workspace::LocalWorkspace;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

use crate::domain::ids::{JobId, TenantId};
use crate::domain::layout::job_dir;
use crate::ports::blob_store::Shard;

/// The directories of jobs below a data directory.
#[derive(Debug, Clone)]
pub(in crate::adapters) struct JobDirs {
    pub(in crate::adapters) data_dir: PathBuf,
}

impl JobDirs {
    fn root(&self, tenant: &TenantId, job_id: &JobId) -> PathBuf {
        self.data_dir.join(job_dir(tenant, job_id))
    }

    pub(in crate::adapters) fn path(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> PathBuf {
        self.root(tenant, job_id).join(rel_path)
    }

    /// Lists the jobs of the shard after `after`, as `BlobStore::next_shard` does.
    pub(in crate::adapters) fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        let tenants = self.data_dir.join("tenants");
        let from = after.and_then(|place| place.split_once('/'));
        for tenant in names(&tenants)? {
            if from.is_some_and(|(last, _)| tenant.as_str() < last) {
                continue;
            }
            let Ok(id) = TenantId::parse(tenant.as_str()) else { continue };
            let shards = tenants.join(&tenant).join("jobs");
            for shard in names(&shards)? {
                if from.is_some_and(|(last, done)| tenant == last && shard.as_str() <= done) {
                    continue;
                }
                let jobs = names(&shards.join(&shard))?.into_iter();
                let jobs = jobs.filter_map(|job| Some((id.clone(), JobId::parse(job).ok()?))).collect();
                return Ok(Some(Shard { name: format!("{tenant}/{shard}"), jobs }));
            }
        }
        Ok(None)
    }

    /// Opens a regular file of a job without following a symbolic link anywhere below the job's directory.
    pub(in crate::adapters) fn open(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
    ) -> io::Result<File> {
        let root = rustix::fs::openat(
            CWD,
            self.root(tenant, job_id),
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let file = rustix::fs::openat2(
            &root,
            rel_path,
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )?;
        let file = File::from(file);
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(file)
    }
}

/// The folder of a file of a job.
fn parent(target: &Path) -> &Path {
    target.parent().expect("a path below a job has a parent")
}

/// Lists a directory; one that does not exist is empty.
fn listed(dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Returns the names in a directory in order; those that are not Unicode are not ours.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> =
        listed(dir)?.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Returns true if an error says that there is no such file or directory.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
