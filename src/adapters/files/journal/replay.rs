//! What a start does with journals: files that did not reach the disk are written again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::super::durable::{create_dir_noting, temporary_beside};
use super::super::{JobDirs, is_absent, parent};
use super::frames::{self, Found, KeptFile};
use super::{paths, sync_all, void};

/// Brings the files of a data directory into the state that was acknowledged. Its lock must be held.
///
/// # Errors
/// Any I/O error: nothing may be read from the directory then.
pub(in crate::adapters) fn replay(data_dir: &Path) -> io::Result<()> {
    for path in paths(data_dir) {
        let file = match File::options().read(true).write(true).open(&path) {
            Err(error) if is_absent(&error) => continue,
            opened => opened?,
        };
        let Found { files, incomplete, head_damaged } = frames::read(&file)?;
        if files.is_empty() && incomplete == 0 && !head_damaged {
            continue;
        }
        let restored = restore(data_dir, &files, is_there)?;
        void(&file)?;
        tracing::info!(
            event = "SS_FILES_RESTORED",
            files = files.len(),
            restored,
            incomplete,
            head_damaged,
            "the journal of files was replayed"
        );
    }
    Ok(())
}

/// Writes all files of a journal again, whatever is in their places.
///
/// # Errors
/// Any I/O error.
pub(super) fn write_again(data_dir: &Path, journal: &File) -> io::Result<()> {
    restore(data_dir, &frames::read(journal)?.files, |_, _| false).map(drop)
}

/// Writes the files that `is_right` does not find in their places, and syncs all; returns how many were written.
fn restore(
    data_dir: &Path,
    files: &[KeptFile],
    is_right: impl Fn(&Path, &KeptFile) -> bool,
) -> io::Result<usize> {
    let jobs = JobDirs { data_dir: data_dir.to_owned() };
    let mut dirs = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let mut restored = 0;
    for file in files {
        let path = jobs.path(&file.tenant, &file.job_id, &file.rel_path);
        let dir = parent(&path);
        if !is_right(&path, file) {
            create_dir_noting(dir, &mut dirs)?;
            let temporary = temporary_beside(&path);
            fs::write(&temporary, &file.bytes)?;
            fs::rename(&temporary, &path)?;
            restored += 1;
        }
        dirs.extend(dir.ancestors().take_while(|above| above.starts_with(data_dir)).map(Path::to_owned));
        paths.insert(path);
    }
    sync_all(&paths, &dirs)?;
    Ok(restored)
}

fn is_there(path: &Path, file: &KeptFile) -> bool {
    let same_size = fs::symlink_metadata(path)
        .is_ok_and(|facts| facts.is_file() && facts.len() == file.bytes.len() as u64);
    same_size && fs::read(path).is_ok_and(|bytes| bytes == file.bytes)
}
