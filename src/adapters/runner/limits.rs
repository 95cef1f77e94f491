//! Measuring a run against its limits: memory and number of its processes, size and number of the files
//! that it wrote. The limits that the kernel itself keeps are set in `child`.

use std::fs;
use std::path::Path;

use super::process_tree::descendants_cheaply;
use crate::domain::run_outcome::{Ended, RunLimits};

/// Bytes and files below a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DiskUse {
    pub bytes: u64,
    pub files: u64,
}

/// Measures a folder without following links; stops counting beyond `most` files.
pub(super) fn disk_use(folder: &Path, most: u64) -> DiskUse {
    let mut total = DiskUse::default();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(dir) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            total.files += 1;
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                total.bytes += metadata.len();
            }
            if total.files > most {
                return total;
            }
        }
    }
    total
}

/// Watches one run.
pub(super) struct Meter<'a> {
    limits: &'a RunLimits,
    work: &'a Path,
    /// Content of the folder before the start.
    before: DiskUse,
    page_bytes: u64,
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
        self.disk()
    }

    /// Measures the files only.
    pub(super) fn disk(&self) -> Option<Ended> {
        let most = self.before.files + self.limits.output_files;
        let now = disk_use(self.work, most);
        if now.files > most {
            return Some(Ended::OutputLimit { what: "files".to_owned() });
        }
        let grown = now.bytes.saturating_sub(self.before.bytes);
        (grown > self.limits.output_bytes).then(|| Ended::OutputLimit { what: "bytes".to_owned() })
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
}
