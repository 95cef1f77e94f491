//! Finding and ending all processes of a run: descendants of the launcher while it lives, leftovers by
//! their mark, environment and session after it was lost. Reads `/proc`; holds no state.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sha2::{Digest, Sha256};

use super::cgroup::RunGroup;
use super::files::{LauncherFacts, RunDir};
use crate::adapters::machine;

/// Fields of `/proc/<pid>/stat` of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: i32,
    pub parent: i32,
    pub session: i32,
    /// Clock ticks after boot.
    pub start_time: u64,
    pub resident_pages: u64,
    pub zombie: bool,
}

/// Parses the content of `/proc/<pid>/stat` (proc(5)); the command's name may hold anything.
pub(super) fn parse_stat(text: &str) -> Option<Process> {
    let pid = text.split(' ').next()?.parse().ok()?;
    let after = &text[text.rfind(')')? + 1..];
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    // Field 3 of the manual page is the first here.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start_time: number(22)?,
        resident_pages: number(24)?,
        // a process lives on in its other threads when the first has ended
        zombie: matches!(fields.first(), Some(&"Z" | &"X")) && number(20)? <= 1,
    })
}

/// Reads one process, if it exists.
pub(super) fn read_process(pid: i32) -> Option<Process> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Returns the start time of this process.
pub(super) fn own_start_time() -> u64 {
    fs::read_to_string("/proc/self/stat").ok().and_then(|t| parse_stat(&t)).map_or(0, |p| p.start_time)
}

/// Returns the identifier of this boot of the machine; empty where it is not told.
pub(super) fn boot_id() -> String {
    machine::boot_id().unwrap_or_default()
}

/// Lists all processes that can be seen.
pub(super) fn all_processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(read_process)
        .collect()
}

/// Returns the descendants of a process, without itself and without zombies.
pub(super) fn descendants(root: i32) -> Vec<Process> {
    let all = all_processes();
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(process);
    }
    let (mut found, mut open, mut seen) = (Vec::new(), vec![root], HashSet::from([root]));
    while let Some(parent) = open.pop() {
        for process in children.get(&parent).into_iter().flatten() {
            if seen.insert(process.pid) {
                open.push(process.pid);
                if !process.zombie {
                    found.push(*process);
                }
            }
        }
    }
    found
}

/// As [`descendants`], by the kernel's own lists of children: much cheaper, but a process that is just
/// forking may be missed, so it serves for measuring only.
pub(super) fn descendants_cheaply(root: i32) -> Vec<Process> {
    let Some(first) = children(root) else { return descendants(root) };
    let (mut found, mut open) = (Vec::new(), first);
    while let Some(pid) = open.pop() {
        let Some(process) = read_process(pid) else { continue };
        if !process.zombie {
            found.push(process);
        }
        open.extend(children(pid).unwrap_or_default());
    }
    found
}

/// The children of all threads of a process; `None` where the kernel does not list them.
fn children(pid: i32) -> Option<Vec<i32>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let list = fs::read_to_string(task.path().join("children")).ok()?;
        found.extend(list.split_ascii_whitespace().filter_map(|text| text.parse::<i32>().ok()));
    }
    Some(found)
}

/// Sends a signal to every descendant; returns to how many.
pub(super) fn signal_descendants(root: i32, signal: Signal) -> usize {
    let found = descendants(root);
    for process in &found {
        send(process, signal);
    }
    found.len()
}

/// Kills every descendant: all are stopped first, so that none forks while the others are killed.
pub(super) fn kill_descendants(root: i32) -> usize {
    signal_descendants(root, Signal::STOP);
    signal_descendants(root, Signal::KILL)
}

/// Signals exactly this process: the descriptor is opened first and the start time compared afterwards,
/// so that a reused process id is never hit.
fn send(process: &Process, signal: Signal) -> bool {
    let Some(pid) = Pid::from_raw(process.pid) else { return false };
    let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    let same = read_process(process.pid).is_some_and(|now| now.start_time == process.start_time);
    same && pidfd_send_signal(descriptor, signal).is_ok()
}

/// Signals the launcher if it is the process that its facts describe.
pub(super) fn signal_launcher(facts: &LauncherFacts, signal: Signal) -> bool {
    if facts.boot_id != boot_id() {
        return false;
    }
    match read_process(facts.pid) {
        Some(process) if process.start_time == facts.start_time => send(&process, signal),
        _ => false,
    }
}

/// The mark of a run: the resource limit on real-time processor time, which nothing here uses, set to a
/// number made from the run's directory. Processes inherit it through every fork and exec and cannot raise
/// it, so it finds those that left session, folder and environment behind. Between 2^61 and 2^62
/// microseconds, so that it limits nothing.
fn mark_of(run_dir: &Path) -> u64 {
    let digest = Sha256::digest(run_dir.as_os_str().as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    (1 << 61) | (u64::from_le_bytes(head) >> 3)
}

/// Marks this process and all that descend from it.
pub(super) fn mark_this_process(run_dir: &Path) {
    let mark = mark_of(run_dir);
    let limit = libc::rlimit { rlim_cur: mark, rlim_max: mark };
    // SAFETY: passes a valid structure. A host that refuses leaves the other ways to find leftovers.
    unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) };
}

fn carries_mark(pid: i32, mark: &str) -> bool {
    let Ok(limits) = fs::read_to_string(format!("/proc/{pid}/limits")) else { return false };
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max realtime timeout"))
        .is_some_and(|values| values.split_ascii_whitespace().nth(1) == Some(mark))
}

/// Finds the launcher of a run by its mark: the marked process whose parent is not marked.
pub(super) fn find_launcher(run_dir: &Path) -> Option<Process> {
    let mark = mark_of(run_dir).to_string();
    let marked: Vec<Process> = all_processes().into_iter().filter(|p| carries_mark(p.pid, &mark)).collect();
    let pids: HashSet<i32> = marked.iter().map(|p| p.pid).collect();
    marked.into_iter().find(|p| !p.zombie && !pids.contains(&p.parent) && is_launcher(p.pid))
}

fn is_launcher(pid: i32) -> bool {
    let Ok(words) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    words.split(|b| *b == 0).nth(1) == Some(b"exec-run")
}

/// Signals exactly one process that was found.
pub(super) fn signal_found(process: &Process, signal: Signal) -> bool {
    send(process, signal)
}

/// How long leftovers may resist.
const LEFTOVERS_BOUND: Duration = Duration::from_secs(5);

/// Ends what a lost launcher left behind: processes that carry the run's mark, whose environment names the
/// run's temporary folder or that work below its working directory, and members of the launcher's
/// session of this boot. Returns how many were ended.
pub(super) fn end_leftovers(dir: &RunDir, facts: Option<&LauncherFacts>) -> u32 {
    let facts = facts.filter(|f| f.boot_id == boot_id());
    let trace = Trace { work: dir.work(), tmp: dir.tmp(), mark: mark_of(&dir.0).to_string(), facts };
    let deadline = Instant::now() + LEFTOVERS_BOUND;
    let mut ended = HashSet::new();
    loop {
        let found: Vec<Process> =
            all_processes().into_iter().filter(|p| !p.zombie && trace.leads_to(p)).collect();
        if found.is_empty() || Instant::now() > deadline {
            break;
        }
        for process in &found {
            if send(process, Signal::KILL) {
                ended.insert(process.pid);
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    // After the launcher, which must not live to tell of an end that was not the engine's own.
    if let Some(group) = RunGroup::left_behind(&dir.0) {
        ended.extend(group.processes());
        group.end();
    }
    u32::try_from(ended.len()).unwrap_or(u32::MAX)
}

/// Ends the launchers that hold a lock file open: one that hangs before it marked itself is found by nothing else.
pub(super) fn end_holders(lock: &Path) {
    let me = std::process::id().cast_signed();
    for process in all_processes().into_iter().filter(|p| p.pid != me && is_launcher(p.pid)) {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", process.pid)).into_iter().flatten().flatten();
        if descriptors.into_iter().any(|link| fs::read_link(link.path()).is_ok_and(|file| file == lock)) {
            send(&process, Signal::KILL);
        }
    }
}

/// By what the processes of one run are known.
struct Trace<'a> {
    work: PathBuf,
    tmp: PathBuf,
    mark: String,
    facts: Option<&'a LauncherFacts>,
}

impl Trace<'_> {
    fn leads_to(&self, process: &Process) -> bool {
        if process.pid == std::process::id().cast_signed() {
            return false;
        }
        let in_session =
            self.facts.is_some_and(|f| process.session == f.pid && process.start_time >= f.start_time);
        in_session
            || carries_mark(process.pid, &self.mark)
            || environment_names(process.pid, &self.tmp)
            || works_below(process.pid, &self.work)
    }
}

fn environment_names(pid: i32, tmp: &Path) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    let wanted = [b"TMPDIR=", tmp.as_os_str().as_bytes()].concat();
    environment.split(|b| *b == 0).any(|entry| entry == wanted)
}

fn works_below(pid: i32, work: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let text =
            "42 (a) b (c)) S 7 42 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 1000 77 18446744073709551615";
        let process = parse_stat(text).expect("parses");
        assert_eq!(
            (process.pid, process.parent, process.session, process.start_time, process.resident_pages),
            (42, 7, 9, 12345, 77)
        );
        assert!(!process.zombie);
        let stat = |state: &str, threads: u32| {
            format!("42 (a) {state} 7 42 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 {threads} 0 12345 0 0 0")
        };
        for (state, threads, zombie) in [("Z", 1, true), ("X", 0, true), ("Z", 3, false), ("S", 1, false)] {
            assert_eq!(
                parse_stat(&stat(state, threads)).map(|p| p.zombie),
                Some(zombie),
                "{state} {threads}"
            );
        }
        for bad in ["", "x", "1 (a", "1 (a) S", "1 (a) S x y z"] {
            assert_eq!(parse_stat(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn this_process_is_found() {
        let me = std::process::id().cast_signed();
        assert_eq!(read_process(me).map(|p| p.start_time), Some(own_start_time()));
        let parent = read_process(me).expect("this process").parent;
        assert!(parent == 0 || descendants(parent).iter().any(|p| p.pid == me));
        assert!(parent == 0 || descendants_cheaply(parent).iter().any(|p| p.pid == me));
    }
}
