//! The engine's side of the fork: from the launcher's copy to the engine's program by system calls
//! alone. Everything that allocates is prepared before the fork.

use std::ffi::{CString, c_char, c_int};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::clone;
use crate::domain::run_outcome::RunLimits;

/// Steps of the child, as it reports them when one fails.
const STEPS: [&str; 12] = [
    "descriptors",
    "limits",
    "parent_death",
    "directory",
    "close",
    "privileges",
    "landlock",
    "execute",
    "session",
    "group",
    "capabilities",
    "seccomp",
];

/// All that the child needs, as the system calls take it.
pub(super) struct ChildPlan {
    pub program: CString,
    pub arguments: Vec<CString>,
    pub environment: Vec<CString>,
    pub directory: CString,
    pub ruleset: Option<OwnedFd>,
    /// The system-call filter; without one capabilities are kept as well.
    pub filter: Option<Vec<libc::sock_filter>>,
    /// The control group that the child lives in.
    pub group: Option<Group>,
    pub stdin: OwnedFd,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    pub limits: RunLimits,
}

/// Open files of a control group.
pub(super) struct Group {
    /// Its folder, to begin a process in it.
    pub folder: OwnedFd,
    /// The file by which a process joins, for kernels that cannot do that.
    pub door: OwnedFd,
}

/// Why the engine did not start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StartFailure {
    /// The program itself cannot be executed.
    Execute(i32),
    /// A step before it failed.
    Step(&'static str, i32),
}

/// Forks and starts the engine; returns its process id once its program runs.
///
/// # Errors
/// The step that failed; an I/O error as step `fork`.
pub(super) fn spawn(plan: &ChildPlan) -> Result<i32, StartFailure> {
    let fork_failed = |e: io::Error| StartFailure::Step("fork", e.raw_os_error().unwrap_or(0));
    let (report, report_end) = report_pipe().map_err(fork_failed)?;
    let pointers = Pointers::new(plan);
    let launcher = std::process::id().cast_signed();
    let folder = plan.group.as_ref().map(|group| group.folder.as_raw_fd());
    let child = Child { plan, pointers: &pointers, report: report_end.as_raw_fd(), launcher };
    // SAFETY: the launcher is single-threaded; the child makes system calls only, and the arguments outlive it here.
    let pid = unsafe { clone::start(folder, &child, become_engine) };
    if pid < 0 {
        return Err(fork_failed(io::Error::last_os_error()));
    }
    drop(report_end);
    match read_report(&report) {
        None => Ok(pid),
        Some((step, errno)) => {
            // SAFETY: reaps the child that has just reported its end.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
            let step = STEPS.get(usize::from(step)).copied().unwrap_or("unknown");
            Err(if step == "execute" {
                StartFailure::Execute(errno)
            } else {
                StartFailure::Step(step, errno)
            })
        }
    }
}

/// What the child gets from the launcher.
struct Child<'a> {
    plan: &'a ChildPlan,
    pointers: &'a Pointers,
    report: RawFd,
    launcher: i32,
}

/// Null-terminated arrays for `execve`.
struct Pointers {
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
}

impl Pointers {
    fn new(plan: &ChildPlan) -> Self {
        let array = |texts: &[CString]| {
            texts.iter().map(|t| t.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
        };
        Self { arguments: array(&plan.arguments), environment: array(&plan.environment) }
    }
}

fn report_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [0; 2];
    // SAFETY: the array has room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both descriptors were just opened and are owned by nothing else.
    let pair = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    Ok((pair.0, move_high(pair.1)?))
}

/// Moves a descriptor out of the range that the child arranges.
///
/// # Errors
/// The system's, when there is no free descriptor.
pub(super) fn move_high(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: duplicates a descriptor that is open; the result is owned here alone.
    let high = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 32) };
    if high < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(high) })
}

/// Reads the child's report; nothing means that its program started.
fn read_report(report: &OwnedFd) -> Option<(u8, i32)> {
    let mut buffer = [0_u8; 5];
    match rustix::io::retry_on_intr(|| rustix::io::read(report, &mut buffer)) {
        Ok(5) => Some((buffer[0], i32::from_ne_bytes([buffer[1], buffer[2], buffer[3], buffer[4]]))),
        _ => None,
    }
}

/// Numbers under which the child keeps its two own descriptors.
const REPORT: c_int = 3;
const RULESET: c_int = 4;

/// Runs the steps and the program.
///
/// # Safety
/// Only in a child just started by [`clone::start`].
unsafe fn become_engine(child: &Child<'_>, is_in_group: bool) -> ! {
    let Child { plan, pointers, report, launcher } = *child;
    // SAFETY: plain system calls on values prepared by the parent.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let arranged = libc::dup3(report, REPORT, libc::O_CLOEXEC) == REPORT
            && libc::dup2(plan.stdin.as_raw_fd(), 0) == 0
            && libc::dup2(plan.stdout.as_raw_fd(), 1) == 1
            && libc::dup2(plan.stderr.as_raw_fd(), 2) == 2;
        require(arranged, 0, report);
        let ruleset = plan.ruleset.as_ref().map(AsRawFd::as_raw_fd);
        if let Some(descriptor) = ruleset {
            require(libc::dup3(descriptor, RULESET, libc::O_CLOEXEC) == RULESET, 0, REPORT);
        }
        if let Some(Group { door, .. }) = plan.group.as_ref().filter(|_| !is_in_group) {
            require(libc::write(door.as_raw_fd(), b"0".as_ptr().cast(), 1) == 1, 9, REPORT);
        }
        require(set_limits(&plan.limits), 1, REPORT);
        let bound = libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0 && libc::getppid() == launcher;
        require(bound, 2, REPORT);
        require(libc::setpgid(0, 0) == 0, 8, REPORT);
        require(libc::chdir(plan.directory.as_ptr()) == 0, 3, REPORT);
        prefer_as_victim();
        let first = if ruleset.is_some() { RULESET + 1 } else { REPORT + 1 };
        require(libc::syscall(libc::SYS_close_range, first, c_int::MAX, 0) == 0, 4, REPORT);
        require(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, 5, REPORT);
        if ruleset.is_some() {
            allow_own_proc();
            require(libc::syscall(libc::SYS_landlock_restrict_self, RULESET, 0) == 0, 6, REPORT);
        }
        if let Some(filter) = &plan.filter {
            require(drop_capabilities(), 10, REPORT);
            require(install(filter), 11, REPORT);
        }
        libc::execve(plan.program.as_ptr(), pointers.arguments.as_ptr(), pointers.environment.as_ptr());
        fail(7, REPORT)
    }
}

/// Gives up every capability, for good: as the superuser the engine would otherwise pass checks that
/// neither Landlock nor the filter makes.
///
/// # Safety
/// As [`become_engine`].
unsafe fn drop_capabilities() -> bool {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    const VERSION_3: u32 = 0x2008_0522;
    const MOST: libc::c_ulong = 63;
    let header = Header { version: VERSION_3, pid: 0 };
    // effective, permitted and inheritable, for the low and the high half of the capabilities
    let none = [0_u32; 6];
    // SAFETY: plain system calls on local values. The bounding set can only be changed by who has
    // capabilities, so that a refusal is no fault.
    unsafe {
        for capability in 0..=MOST {
            // beyond the kernel's last one, or not to be changed by this process
            if libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 {
                break;
            }
        }
        libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) == 0
    }
}

/// Installs the system-call filter.
///
/// # Safety
/// As [`become_engine`].
unsafe fn install(filter: &[libc::sock_filter]) -> bool {
    let Ok(len) = u16::try_from(filter.len()) else { return false };
    let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program and changes nothing.
    unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0 }
}

/// When memory runs out, the kernel shall end the engine rather than the service. Harmless if refused.
///
/// # Safety
/// As [`become_engine`].
unsafe fn prefer_as_victim() {
    const SCORE: &[u8] = b"600";
    // SAFETY: plain system calls on constants.
    unsafe {
        let file = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if file >= 0 {
            libc::write(file, SCORE.as_ptr().cast(), SCORE.len());
            libc::close(file);
        }
    }
}

/// Lets the engine read its own `/proc/self`, which only exists once the child does. Landlock's structure
/// is two packed fields: allowed rights (bits 2 and 3: read a file, read a directory) and a descriptor.
///
/// # Safety
/// As [`become_engine`].
unsafe fn allow_own_proc() {
    #[repr(C, packed)]
    struct PathBeneath {
        allowed: u64,
        parent: c_int,
    }
    const READ: u64 = 1 << 2 | 1 << 3;
    const RULE_PATH_BENEATH: c_int = 1;
    // SAFETY: plain system calls; without the rule the engine merely cannot read these files.
    unsafe {
        let parent = libc::open(c"/proc/self".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if parent >= 0 {
            let rule = PathBeneath { allowed: READ, parent };
            libc::syscall(libc::SYS_landlock_add_rule, RULESET, RULE_PATH_BENEATH, &raw const rule, 0);
            libc::close(parent);
        }
    }
}

/// # Safety
/// As [`become_engine`].
unsafe fn require(ok: bool, step: u8, report: c_int) {
    if !ok {
        // SAFETY: as the caller's.
        unsafe { fail(step, report) }
    }
}

/// # Safety
/// As [`become_engine`].
unsafe fn fail(step: u8, report: c_int) -> ! {
    // SAFETY: writes a local buffer and ends the process without running anything of the parent's.
    unsafe {
        let errno = (*libc::__errno_location()).to_ne_bytes();
        let message = [step, errno[0], errno[1], errno[2], errno[3]];
        libc::write(report, message.as_ptr().cast(), message.len());
        libc::_exit(127)
    }
}

/// Limits that the kernel keeps per process. The address space is not limited: engines reserve much more
/// than they use.
///
/// # Safety
/// As [`become_engine`].
unsafe fn set_limits(limits: &RunLimits) -> bool {
    let set = |resource, soft: u64, hard: u64| {
        let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
        // SAFETY: passes a valid structure.
        unsafe { libc::setrlimit(resource, &raw const limit) == 0 }
    };
    set(libc::RLIMIT_CORE, 0, 0)
        && set(libc::RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds.saturating_add(5))
        && set(libc::RLIMIT_DATA, limits.memory_bytes, limits.memory_bytes)
        && set(libc::RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes)
        && set(libc::RLIMIT_NOFILE, limits.open_files, limits.open_files)
}
