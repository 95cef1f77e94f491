//! Collecting processes that ended as children of this one without being started by it: as the first
//! process of a container the service inherits every orphan.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::process_tree::read_process;

/// Children that somebody here waits for.
static AWAITED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn awaited() -> MutexGuard<'static, BTreeSet<u32>> {
    // The set is consistent between any two statements, so a panic elsewhere does not matter.
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a child that its owner will wait for; [`reap`] leaves it alone.
///
/// # Errors
/// As of starting it.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    // Held while it starts, so that one that ends at once is not taken for an orphan.
    let mut known = awaited();
    let child = command.spawn()?;
    known.insert(child.id());
    Ok(child)
}

/// Notes that a child was waited for.
pub fn collected(child: &Child) {
    awaited().remove(&child.id());
}

/// Collects every ended child that nobody waits for; returns how many there were.
pub fn reap() -> usize {
    let known = awaited();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let lists = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let mut reaped = 0;
    for list in lists {
        for pid in list.split_ascii_whitespace().filter_map(|text| text.parse::<u32>().ok()) {
            let ended = read_process(pid.cast_signed()).is_some_and(|p| p.zombie);
            if ended && !known.contains(&pid) {
                // SAFETY: collects one ended child that no `Child` of this process stands for.
                let got = unsafe { libc::waitpid(pid.cast_signed(), std::ptr::null_mut(), libc::WNOHANG) };
                reaped += usize::from(got > 0);
            }
        }
    }
    reaped
}
