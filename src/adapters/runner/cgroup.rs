//! A control group (v2) of one run: its processes cannot leave it, and one write ends them all. Used where
//! the service may make groups below its own; without it the session holds a run together.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::domain::run_outcome::RunLimits;

/// How long the end of a group is waited for.
const END_BOUND: Duration = Duration::from_secs(5);
/// `pids.max` counts threads: so many per process are enough for engines that compute in parallel.
const THREADS: u32 = 32;
/// Prefix of the groups' names.
const PREFIX: &str = "stata-run-";
/// Mark of a group that systemd gave to a service as a whole (systemd.resource-control(5), `Delegate=`).
const DELEGATED: &str = "user.delegate";

/// The group of one run.
#[derive(Debug)]
pub(super) struct RunGroup(PathBuf);

impl RunGroup {
    /// Makes the group of a run directory, with the run's limits where their controllers are on; `None`
    /// where groups cannot be made here.
    pub(super) fn make(run_dir: &Path, limits: &RunLimits) -> Option<Self> {
        let folder = place_of_groups()?.join(name_of(run_dir));
        match fs::create_dir(&folder) {
            Ok(()) => {}
            // The group of a launcher that was lost; nothing may be left in it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self(folder.clone()).end();
                fs::create_dir(&folder).ok()?;
            }
            Err(_) => return None,
        }
        let group = Self(folder);
        if !group.0.join("cgroup.kill").exists() {
            group.remove();
            return None;
        }
        // Controllers that are not delegated leave the launcher's own measuring.
        let _ = fs::write(group.0.join("memory.max"), limits.memory_bytes.to_string());
        let _ = fs::write(group.0.join("memory.swap.max"), "0");
        let tasks = limits.processes.saturating_mul(THREADS);
        let _ = fs::write(group.0.join("pids.max"), tasks.to_string());
        Some(group)
    }

    /// The group that a lost launcher may have left.
    pub(super) fn left_behind(run_dir: &Path) -> Option<Self> {
        // a start under other settings may find the group of a run in the other place
        let places = [place_of_groups(), own_group()].into_iter().flatten();
        places.map(|place| place.join(name_of(run_dir))).find(|folder| folder.is_dir()).map(Self)
    }

    /// Opens the file by which a process joins.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn door(&self) -> io::Result<OwnedFd> {
        Ok(fs::File::options().write(true).open(self.0.join("cgroup.procs"))?.into())
    }

    /// Opens the folder, for processes that begin in the group.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn folder(&self) -> io::Result<OwnedFd> {
        Ok(fs::File::open(&self.0)?.into())
    }

    /// Kills every process of the group at once, and those that they are just forking.
    pub(super) fn kill(&self) {
        // Without effect only where the group is gone.
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
    }

    /// Returns the processes of the group.
    pub(super) fn processes(&self) -> Vec<i32> {
        let list = fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default();
        list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// Returns the largest memory use of the group, where its controller is on.
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.0.join("memory.peak")).ok()?.trim().parse().ok()
    }

    /// True if the kernel ended a process of the group for want of memory.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.0.join("memory.events")).unwrap_or_default();
        events.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count.trim() != "0"))
    }

    /// Kills what is left, waits until nothing is, and removes the group. Returns how many were left.
    pub(super) fn end(self) -> u32 {
        let left = self.processes().len();
        let deadline = Instant::now() + END_BOUND;
        while !self.remove() && Instant::now() < deadline {
            self.kill();
            std::thread::sleep(Duration::from_millis(2));
        }
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    fn remove(&self) -> bool {
        fs::remove_dir(&self.0).is_ok() || !self.0.exists()
    }
}

fn name_of(run_dir: &Path) -> String {
    let digest = Sha256::digest(run_dir.as_os_str().as_bytes());
    format!("{PREFIX}{}", hex::encode(&digest[..12]))
}

/// Returns whether groups can be created here, by creating one.
pub(super) fn is_available() -> bool {
    let unique = PathBuf::from(format!("/probe/{}", std::process::id()));
    match RunGroup::make(&unique, &RunLimits::default()) {
        Some(group) => {
            group.end();
            true
        }
        None => false,
    }
}

/// The folder below which groups are made. A group that holds processes cannot limit the memory of groups below it
/// (Linux, cgroup-v2, "No Internal Process Constraint"), so it is the one above this process's own where that was
/// delegated as a whole, and the own group elsewhere.
fn place_of_groups() -> Option<PathBuf> {
    let own = own_group()?;
    match own.parent().filter(|above| is_delegated(above)) {
        Some(above) => {
            // each alone: the other one may not be delegated
            for controller in ["+memory", "+pids"] {
                let _ = fs::write(above.join("cgroup.subtree_control"), controller);
            }
            Some(above.to_owned())
        }
        None => Some(own),
    }
}

/// True for a group that was given to the service as a whole and holds no process itself.
fn is_delegated(group: &Path) -> bool {
    let mut mark = [0; 8];
    let marked =
        rustix::fs::getxattr(group, DELEGATED, &mut mark).is_ok_and(|length| &mark[..length] == b"1");
    marked && fs::read(group.join("cgroup.procs")).is_ok_and(|list| list.is_empty())
}

/// The folder of this process's own group in the v2 hierarchy.
fn own_group() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    folder_of(&groups, &mounts)
}

/// Finds the folder from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo` (cgroups(7), proc(5)).
fn folder_of(groups: &str, mounts: &str) -> Option<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        if after.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = before.split(' ');
        let (root, point) = (fields.nth(3)?, fields.next()?);
        let below = Path::new(own).strip_prefix(root).ok()?;
        Some(Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_in_the_kernels_texts() {
        let mounts = "24 1 0:22 / /proc rw - proc proc rw\n31 24 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let at = |groups: &str, mounts: &str| folder_of(groups, mounts).map(|p| p.display().to_string());
        assert_eq!(at("9:pids:/x\n0::/\n", mounts).as_deref(), Some("/sys/fs/cgroup/unified/"));
        assert_eq!(at("0::/a/b\n", mounts).as_deref(), Some("/sys/fs/cgroup/unified/a/b"));
        let inner = "31 24 0:27 /a /cg rw - cgroup2 none rw\n";
        assert_eq!(at("0::/a/b\n", inner).as_deref(), Some("/cg/b"));
        assert_eq!(at("0::/c\n", inner), None, "outside of what is mounted");
        assert_eq!(at("9:pids:/x\n", mounts), None);
    }
}
