//! Old directories of jobs on the local file system. Nothing is followed out of them, and nothing of them
//! changes before their removal is requested.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::DateTime;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

use super::files::{create_dir_durably, hash_reader, remove_tree, sync_dir};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::layout::job_dir;
use crate::domain::migration::FileFact;
use crate::domain::migration::layout::{RECORD, ROOT, TENANTS, legacy_dirs};
use crate::ports::legacy::{LegacyRecords, Place, Progress, RecordFault};

/// Largest record file that is read.
const MAX_RECORD: u64 = 16 * 1024 * 1024;
/// Deepest directory that is taken over.
const MAX_DEPTH: usize = 32;

/// The old directories of one data directory.
#[derive(Debug, Clone)]
pub struct LocalLegacyRecords {
    data_dir: PathBuf,
}

impl LocalLegacyRecords {
    /// Uses a data directory.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { data_dir }
    }

    fn state_file(&self) -> PathBuf {
        self.data_dir.join("store").join("migration.json")
    }

    /// Opens a regular file below the data directory; symbolic links are refused anywhere in its path.
    fn open(&self, rel_path: &str) -> rustix::io::Result<File> {
        let root = rustix::fs::open(
            &self.data_dir,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&root, rel_path, flags, Mode::empty(), within).map(File::from)
    }

    fn shard_places(
        &self,
        parent: &str,
        tenant: Option<&TenantId>,
        places: &mut Vec<Place>,
    ) -> io::Result<()> {
        for name in directories(&self.data_dir.join(parent))? {
            places.push(place(format!("{parent}/{name}"), tenant, &name));
        }
        Ok(())
    }

    /// Collects the places below the root of one tenant.
    fn tenant_places(
        &self,
        root: &str,
        tenant: Option<&TenantId>,
        places: &mut Vec<Place>,
    ) -> io::Result<()> {
        for name in directories(&self.data_dir.join(root))? {
            let dir = format!("{root}/{name}");
            let is_job = fs::symlink_metadata(self.data_dir.join(&dir).join(RECORD)).is_ok();
            if is_job {
                places.push(place(dir.clone(), tenant, &name));
            }
            if dir == TENANTS {
                continue;
            }
            if name.chars().count() <= 2 && !is_link(&self.data_dir.join(&dir)) {
                self.shard_places(&dir, tenant, places)?;
            } else if !is_job {
                places.push(place(dir, tenant, &name));
            }
        }
        Ok(())
    }
}

fn place(dir: String, tenant: Option<&TenantId>, name: &str) -> Place {
    let owner = tenant.cloned().zip(JobId::parse(name).ok());
    Place { dir, owner }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|facts| facts.file_type().is_symlink())
}

/// Names of the directories, and of symbolic links, which are reported and not followed, in order.
fn directories(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if is_link(dir) {
        return Ok(names);
    }
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() || kind.is_symlink() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

impl LegacyRecords for LocalLegacyRecords {
    fn present(&self) -> bool {
        fs::symlink_metadata(self.data_dir.join(ROOT)).is_ok_and(|facts| facts.is_dir())
    }

    fn places(&self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        self.tenant_places(ROOT, Some(&TenantId::default_tenant()), &mut places)?;
        for name in directories(&self.data_dir.join(TENANTS))? {
            if name == RECORD || is_link(&self.data_dir.join(TENANTS).join(&name)) {
                continue;
            }
            let tenant = TenantId::parse(name.as_str()).ok();
            self.tenant_places(&format!("{TENANTS}/{name}"), tenant.as_ref(), &mut places)?;
        }
        places.sort_by(|a, b| a.dir.cmp(&b.dir));
        Ok(places)
    }

    fn tenants(&self) -> io::Result<Vec<TenantId>> {
        let names = directories(&self.data_dir.join(TENANTS))?;
        Ok(names.into_iter().filter_map(|name| TenantId::parse(name).ok()).collect())
    }

    fn exists(&self, dir: &str) -> bool {
        let facts = fs::symlink_metadata(self.data_dir.join(dir));
        facts.is_ok_and(|facts| facts.is_dir() || facts.file_type().is_symlink())
    }

    fn read(&self, dir: &str) -> Result<Vec<u8>, RecordFault> {
        let failed = |error: io::Error| RecordFault::Io(error.to_string());
        let file = match self.open(&format!("{dir}/{RECORD}")) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Err(RecordFault::Absent),
            Err(rustix::io::Errno::LOOP | rustix::io::Errno::XDEV | rustix::io::Errno::NOTDIR) => {
                return Err(RecordFault::NotRegular);
            }
            Err(error) => return Err(failed(error.into())),
        };
        let facts = file.metadata().map_err(failed)?;
        if !facts.is_file() {
            return Err(RecordFault::NotRegular);
        }
        let mut bytes = Vec::new();
        file.take(MAX_RECORD + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_RECORD {
            return Err(RecordFault::TooLarge { limit: MAX_RECORD });
        }
        Ok(bytes)
    }

    fn facts(&self, dir: &str, names: &[String]) -> io::Result<BTreeMap<String, FileFact>> {
        let mut facts = BTreeMap::new();
        for name in names {
            let Ok(mut file) = self.open(&format!("{dir}/{name}")) else { continue };
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                continue;
            }
            let written = hash_reader(&mut file)?;
            let modified_at = metadata.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from);
            let fact = FileFact { size_bytes: written.size_bytes, sha256: written.sha256, modified_at };
            facts.insert(name.clone(), fact);
        }
        Ok(facts)
    }

    fn adopt(&self, dir: &str, tenant: &TenantId, job_id: &JobId, fill: bool) -> io::Result<()> {
        let from = self.data_dir.join(dir);
        let to = self.data_dir.join(job_dir(tenant, job_id));
        link_tree(&from, &to, fill, 0)
    }

    fn remove_dirs_of(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
        legacy_dirs(tenant, job_id).iter().try_for_each(|dir| remove_tree(&self.data_dir.join(dir)))
    }

    fn remove(&self, dir: &str) -> io::Result<()> {
        let path = self.data_dir.join(dir);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let root = self.data_dir.join(ROOT);
        let mut parent = path.parent();
        while let Some(dir) = parent.filter(|dir| dir.starts_with(&root)) {
            if fs::remove_dir(dir).is_err() {
                break;
            }
            parent = dir.parent();
        }
        match parent {
            Some(dir) if dir.is_dir() => sync_dir(dir),
            _ => Ok(()),
        }
    }

    fn progress(&self) -> Progress {
        let text = fs::read(self.state_file()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn keep(&self, progress: &Progress) -> io::Result<()> {
        let path = self.state_file();
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec_pretty(progress).map_err(io::Error::from)?)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, &path)
    }
}

/// Links every regular file of a tree to the same name below another directory; copies where the file
/// system has no links.
fn link_tree(from: &Path, to: &Path, fill: bool, depth: usize) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other("its directories are nested too deeply"));
    }
    let mut linked = false;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            link_tree(&source, &to.join(&name), fill, depth + 1)?;
        } else if kind.is_file() && !(depth == 0 && name == RECORD) {
            let target = to.join(&name);
            if fill && target.exists() {
                continue;
            }
            create_dir_durably(to)?;
            link(&source, &target)?;
            linked = true;
        }
    }
    if linked { sync_dir(to) } else { Ok(()) }
}

fn link(source: &Path, target: &Path) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = target.with_file_name(format!(".adopt.{}.{n}.tmp", std::process::id()));
    let linked = rustix::fs::linkat(CWD, source, CWD, &temporary, rustix::fs::AtFlags::empty());
    if linked.is_err() {
        fs::copy(source, &temporary)?;
        File::open(&temporary)?.sync_all()?;
    }
    fs::rename(&temporary, target)?;
    // renaming one name of a file onto another of its names does nothing and keeps both
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
