//! Measuring a run against its limits: memory and number of its processes, size and number of the files
//! that it wrote. The limits that the kernel itself keeps are set in `child`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::hidden::unlinked_bytes;
use super::process_tree::descendants_cheaply;
use crate::adapters::files::tree::{Walked, space_taken, walk};
use crate::domain::run_outcome::{Ended, RunLimits};

/// Of so many samples, one looks at what needs the descriptors and maps of every process.
const THOROUGH: u32 = 5;
/// A run that wrote less than this is not what fills the volume.
const SMALL: u64 = 64 << 20;

/// Bytes and files below a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DiskUse {
    pub bytes: u64,
    pub files: u64,
    /// Folders are nested deeper than a walk follows.
    pub is_too_deep: bool,
}

/// Measures a folder without following links; stops counting beyond `most` files. A file counts with its size or the
/// blocks that it occupies, whichever is more; folders and files without rights for their owner get them back.
pub(super) fn disk_use(folder: &Path, most: u64) -> DiskUse {
    let mut total = DiskUse::default();
    let walked = walk(folder, |found| {
        let blocks = u64::try_from(found.facts.st_blocks).unwrap_or(0);
        let size = if found.is_dir { 0 } else { u64::try_from(found.facts.st_size).unwrap_or(0) };
        total.files += 1;
        total.bytes = total.bytes.saturating_add(space_taken(size, blocks));
        total.files <= most
    });
    // a folder that cannot be read is gone: the run's own folder was made for it
    total.is_too_deep = matches!(walked, Ok(Walked::TooDeep));
    total
}

/// Watches one run.
pub(super) struct Meter<'a> {
    limits: &'a RunLimits,
    work: &'a Path,
    /// Content of the folder before the start.
    before: DiskUse,
    page_bytes: u64,
    samples: u32,
    pub peak_memory_bytes: u64,
}

impl<'a> Meter<'a> {
    /// Starts watching; what is in the folder now does not count.
    pub(super) fn new(limits: &'a RunLimits, work: &'a Path) -> Self {
        Self {
            limits,
            work,
            before: disk_use(work, u64::MAX),
            page_bytes: rustix::param::page_size() as u64,
            samples: 0,
            peak_memory_bytes: 0,
        }
    }

    /// Takes one sample; returns the limit that is broken, if one is.
    pub(super) fn sample(&mut self, launcher: i32) -> Option<Ended> {
        let processes = descendants_cheaply(launcher);
        let pages: u64 = processes.iter().map(|p| p.resident_pages).sum();
        let memory = pages * self.page_bytes;
        self.peak_memory_bytes = self.peak_memory_bytes.max(memory);
        if memory > self.limits.memory_bytes {
            return Some(Ended::MemoryLimit);
        }
        if processes.len() > self.limits.processes as usize {
            return Some(Ended::ProcessLimit);
        }
        self.samples = self.samples.wrapping_add(1);
        if !self.samples.is_multiple_of(THOROUGH) {
            return self.disk();
        }
        let pids: Vec<i32> = processes.iter().map(|process| process.pid).collect();
        let device = fs::metadata(self.work).map_or(0, |facts| facts.dev());
        self.used(unlinked_bytes(&pids, self.work, device, self.limits.file_bytes)).or_else(|| self.volume())
    }

    /// Measures the files only.
    pub(super) fn disk(&self) -> Option<Ended> {
        self.used(0)
    }

    /// Measures the files together with bytes that have no name any more.
    fn used(&self, unlinked: u64) -> Option<Ended> {
        let limit = |what: &str| Some(Ended::OutputLimit { what: what.to_owned() });
        let most = self.before.files + self.limits.output_files;
        let now = disk_use(self.work, most);
        if now.files > most {
            return limit("files");
        }
        if now.is_too_deep {
            return limit("depth");
        }
        let grown = now.bytes.saturating_sub(self.before.bytes).saturating_add(unlinked);
        if grown > self.limits.output_bytes { limit("bytes") } else { None }
    }

    /// Ends a run that wrote much when the volume has less room than the service needs.
    fn volume(&self) -> Option<Ended> {
        if self.limits.free_bytes == 0 {
            return None;
        }
        let volume = rustix::fs::statvfs(self.work).ok()?;
        let is_low = volume.f_bavail.saturating_mul(volume.f_frsize) < self.limits.free_bytes;
        let wrote = || disk_use(self.work, u64::MAX).bytes.saturating_sub(self.before.bytes);
        (is_low && wrote() > SMALL).then(|| Ended::OutputLimit { what: "volume".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_added_counts() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("data.dta"), vec![0; 5000]).expect("written");
        let limits = RunLimits { output_bytes: 100, output_files: 2, ..RunLimits::default() };
        let meter = Meter::new(&limits, dir.path());
        assert_eq!(meter.disk(), None);
        fs::write(dir.path().join("a"), vec![0; 100]).expect("written");
        assert_eq!(meter.disk(), None);
        fs::write(dir.path().join("a"), vec![0; 101]).expect("written");
        assert_eq!(meter.disk(), Some(Ended::OutputLimit { what: "bytes".into() }));
        fs::write(dir.path().join("a"), b"").expect("written");
        fs::create_dir(dir.path().join("d")).expect("created");
        fs::write(dir.path().join("d/b"), b"").expect("written");
        assert_eq!(meter.disk(), Some(Ended::OutputLimit { what: "files".into() }));
    }

    #[test]
    fn a_run_that_wrote_little_does_not_answer_for_the_volume() {
        let dir = tempfile::tempdir().expect("a directory");
        let limits = RunLimits { free_bytes: u64::MAX, ..RunLimits::default() };
        let meter = Meter::new(&limits, dir.path());
        assert_eq!(meter.volume(), None);
        fs::File::create(dir.path().join("a")).and_then(|f| f.set_len(SMALL + 1)).expect("made");
        assert_eq!(meter.volume(), Some(Ended::OutputLimit { what: "volume".into() }));
        let limits = RunLimits { free_bytes: 1, ..limits };
        assert_eq!(Meter { limits: &limits, ..meter }.volume(), None);
    }
}
