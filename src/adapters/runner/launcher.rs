//! The launcher (`exec-run SPEC`, or `exec-run --wait` for one that is told its run later): a small
//! single-threaded process that owns one run's process tree from its start to the moment when no process is
//! left, and then writes `outcome.json`. It holds the run's lock for its life and does not die with the server.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use super::cgroup::RunGroup;
use super::child::{ChildPlan, Group, StartFailure, move_high, spawn};
use super::files::{LauncherFacts, OutcomeFile, RunDir, read_spec, write_sealed};
use super::lease::LeaseWatch;
use super::limits::Meter;
use super::sandbox::Grants;
use super::streams::Stream;
use super::supervise::{Supervised, supervise};
use super::{process_tree, sandbox, script, seccomp, spare};
use crate::domain::run_outcome::{CONTRACT_VERSION, Ended, Outcome};
use crate::ports::runner::{RunSpec, SandboxMode};

/// Exit status when the arguments or the specification cannot be used.
const USAGE: u8 = 2;
/// Exit status when the outcome cannot be written.
const IO_FAULT: u8 = 74;

/// Runs the launcher with the arguments after `exec-run`. Must be called before any thread is started;
/// standard input is the lock, standard output tells the server that the attempt is taken over.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let path = match arguments {
        [word] if word == spare::WAIT => match spare::wait_for_run() {
            Ok(Some(path)) => path,
            // The server ended first.
            Ok(None) | Err(_) => return ExitCode::SUCCESS,
        },
        [path] => PathBuf::from(path),
        _ => {
            say(format_args!("usage: exec-run SPEC"));
            return ExitCode::from(USAGE);
        }
    };
    let Some(spec) = read_spec(&path).filter(|s| s.contract_version <= CONTRACT_VERSION) else {
        say(format_args!("the specification cannot be read"));
        return ExitCode::from(USAGE);
    };
    let dir = RunDir(spec.run_dir.clone());
    let launcher = Launcher::settle(&dir);
    let room = OutcomeFile::reserve(&dir);
    let failed = |error: &io::Error| {
        Outcome::unstarted(&spec.run_id, Ended::LauncherFailed { detail: error.to_string() })
    };
    let mut outcome = match (&launcher, &room) {
        (Ok(launcher), Ok(_)) => launcher.run(&spec, &dir),
        (Err(error), _) | (_, Err(error)) => failed(error),
    };
    outcome.boot_id = process_tree::boot_id();
    let written = room.and_then(|room| room.write(&outcome));
    // The lock must not come free before the outcome can be read.
    drop(launcher);
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("the outcome cannot be written: {error}"));
            ExitCode::from(IO_FAULT)
        }
    }
}

/// Writes to the launcher's own messages; there is nobody to tell if that fails.
fn say(message: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// A launcher that has detached itself and listens to its signals.
struct Launcher {
    /// Held until the process ends: busy means that this attempt lives.
    _lock: OwnedFd,
    signals: OwnedFd,
}

impl Launcher {
    /// Takes the lock out of reach, leaves the server's session, becomes the parent of all orphans of the
    /// run, listens to signals, says who it is and tells the server that it took over.
    fn settle(dir: &RunDir) -> io::Result<Self> {
        let lock = move_high(borrow(0).try_clone_to_owned()?)?;
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        let signals = block_signals()?;
        let _ = rustix::process::setsid();
        process_tree::mark_this_process(&dir.0);
        // SAFETY: sets a flag of this process.
        if unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let facts = LauncherFacts {
            contract_version: CONTRACT_VERSION,
            pid: std::process::id().cast_signed(),
            start_time: process_tree::own_start_time(),
            boot_id: process_tree::boot_id(),
        };
        write_sealed(&dir.launcher(), &facts)?;
        let mut ready = io::stdout();
        // The server may have died meanwhile; the run continues without it.
        let _ = ready.write_all(b"1").and_then(|()| ready.flush());
        rustix::stdio::dup2_stdout(&null)?;
        Ok(Self { _lock: lock, signals })
    }

    fn run(&self, spec: &RunSpec, dir: &RunDir) -> Outcome {
        let mut outcome = Outcome::unstarted(&spec.run_id, Ended::Exited { status: 0 });
        let group = match spec.sandbox.mode {
            SandboxMode::Off => None,
            _ => RunGroup::make(&dir.0, &spec.limits),
        };
        outcome.containment = if group.is_some() { "cgroup" } else { "session" }.to_owned();
        if let Err(ended) = self.run_engine(spec, dir, group.as_ref(), &mut outcome) {
            outcome.ended = ended;
        }
        if let Some(group) = group {
            if outcome.ended == (Ended::Signalled { signal: libc::SIGKILL }) && group.ran_out_of_memory() {
                outcome.ended = Ended::MemoryLimit;
            }
            outcome.peak_memory_bytes = outcome.peak_memory_bytes.max(group.peak_memory_bytes().unwrap_or(0));
            outcome.leftovers = outcome.leftovers.saturating_add(group.end());
        }
        outcome.ended_at_ns = file_clock_ns();
        outcome
    }

    fn run_engine(
        &self,
        spec: &RunSpec,
        dir: &RunDir,
        group: Option<&RunGroup>,
        outcome: &mut Outcome,
    ) -> Result<(), Ended> {
        let internal = |e: io::Error| Ended::LauncherFailed { detail: e.to_string() };
        if dir.work().join("main.log").exists() {
            return Err(Ended::LauncherFailed { detail: "a log exists before the start".to_owned() });
        }
        let engine = resolve_engine(spec)?;
        let interpreters = script::interpreters(&engine).map_err(|detail| Ended::CannotExecute { detail })?;
        let work = dir.work();
        let grants = Grants::of(&work, &engine, &interpreters, &spec.sandbox.read);
        let prepared = sandbox::prepare(spec.sandbox.mode, &grants)
            .map_err(|detail| Ended::SandboxDenied { step: "landlock".to_owned(), detail })?;
        outcome.sandbox = prepared.state.to_owned();
        let filter = filter(spec.sandbox.mode, group.is_none())?;
        std::fs::create_dir_all(dir.tmp().join("home")).map_err(internal)?;
        let limit = spec.limits.stream_bytes;
        let (mut stdout, stdout_end) = Stream::open(&dir.stream("stdout"), limit).map_err(internal)?;
        let (mut stderr, stderr_end) = Stream::open(&dir.stream("stderr"), limit).map_err(internal)?;
        let plan = ChildPlan {
            program: text(engine.as_os_str().as_bytes())?,
            arguments: arguments(spec)?,
            environment: environment(spec, dir, &engine)?,
            directory: text(work.as_os_str().as_bytes())?,
            ruleset: prepared.ruleset.map(move_high).transpose().map_err(internal)?,
            filter,
            group: group.map(files_of).transpose().map_err(internal)?,
            stdin: move_high(File::open("/dev/null").map_err(internal)?.into()).map_err(internal)?,
            stdout: move_high(stdout_end).map_err(internal)?,
            stderr: move_high(stderr_end).map_err(internal)?,
            limits: spec.limits.clone(),
        };
        let lease = match &spec.lease {
            Some(path) => Some(LeaseWatch::begin(path).ok_or(Ended::LeaseLost)?),
            None => None,
        };
        outcome.started_at_ns = file_clock_ns();
        let started = Instant::now();
        // before the engine can write anything
        let meter = Meter::new(&spec.limits, &work);
        let pid = spawn(&plan).map_err(|failure| start_failure(spec, &engine, &failure))?;
        drop(plan);
        outcome.spawned_at_ns = clock_ns(rustix::time::ClockId::Realtime);
        outcome.engine_started = true;
        let Supervised { ended, leftovers, cpu_ms, peak_memory_bytes } =
            supervise(pid, &self.signals, &spec.limits, (meter, lease), group, [&mut stdout, &mut stderr]);
        outcome.elapsed_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        outcome.ended = ended;
        outcome.leftovers = leftovers;
        outcome.cpu_ms = cpu_ms;
        outcome.peak_memory_bytes = peak_memory_bytes;
        outcome.stdout_bytes = stdout.total();
        outcome.stderr_bytes = stderr.total();
        Ok(())
    }
}

/// Opens a group's files out of the range that the child arranges.
fn files_of(group: &RunGroup) -> io::Result<Group> {
    Ok(Group { folder: group.folder().and_then(move_high)?, door: group.door().and_then(move_high)? })
}

/// The system-call filter of a run; none where the sandbox is off, or the kernel has no filters and need not
/// have them.
fn filter(mode: SandboxMode, session: bool) -> Result<Option<Vec<libc::sock_filter>>, Ended> {
    match mode {
        SandboxMode::Off => Ok(None),
        _ if seccomp::is_available() => Ok(Some(seccomp::program(session))),
        SandboxMode::BestEffort => Ok(None),
        SandboxMode::Enforce => Err(Ended::SandboxDenied {
            step: "seccomp".to_owned(),
            detail: "the kernel has no system-call filters".to_owned(),
        }),
    }
}

fn borrow(descriptor: RawFd) -> BorrowedFd<'static> {
    // SAFETY: the standard descriptors are open for the life of the process.
    unsafe { BorrowedFd::borrow_raw(descriptor) }
}

/// Blocks the signals that the launcher listens to and returns a descriptor that delivers them.
fn block_signals() -> io::Result<OwnedFd> {
    // SAFETY: fills and passes a local signal set.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in [libc::SIGCHLD, libc::SIGUSR1, libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE]
        {
            libc::sigaddset(&raw mut set, signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

/// Nanoseconds since 1970 by the clock that the kernel stamps files with.
fn file_clock_ns() -> u64 {
    clock_ns(rustix::time::ClockId::RealtimeCoarse)
}

fn clock_ns(clock: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

fn resolve_engine(spec: &RunSpec) -> Result<PathBuf, Ended> {
    let cannot = |detail: String| Ended::CannotExecute { detail };
    let word = spec.command.first().ok_or_else(|| cannot("the command is empty".to_owned()))?;
    if !Path::new(word).is_absolute() {
        return Err(cannot(format!("{word} is not an absolute path")));
    }
    std::fs::canonicalize(word).map_err(|e| cannot(format!("{word}: {e}")))
}

fn start_failure(spec: &RunSpec, engine: &Path, failure: &StartFailure) -> Ended {
    let reason = |errno: i32| io::Error::from_raw_os_error(errno).to_string();
    match failure {
        StartFailure::Execute(errno) => {
            let mut detail = format!("{} ({}): {}", spec.command[0], engine.display(), reason(*errno));
            if *errno == libc::EACCES {
                detail.push_str("; it must be executable, and its file system not mounted noexec");
            }
            Ended::CannotExecute { detail }
        }
        StartFailure::Step("fork", errno) => Ended::LauncherFailed { detail: reason(*errno) },
        StartFailure::Step(step, errno) => {
            Ended::SandboxDenied { step: (*step).to_owned(), detail: reason(*errno) }
        }
    }
}

fn text(bytes: &[u8]) -> Result<CString, Ended> {
    CString::new(bytes).map_err(|e| Ended::LauncherFailed { detail: e.to_string() })
}

fn arguments(spec: &RunSpec) -> Result<Vec<CString>, Ended> {
    let batch = ["-q", "-b", "do", "main.do"];
    spec.command.iter().map(String::as_str).chain(batch).map(|word| text(word.as_bytes())).collect()
}

/// The whole environment of the engine.
fn environment(spec: &RunSpec, dir: &RunDir, engine: &Path) -> Result<Vec<CString>, Ended> {
    let tmp = dir.tmp();
    let folder = engine.parent().unwrap_or(Path::new("/"));
    let entry = |name: &str, value: &[u8]| text(&[name.as_bytes(), b"=", value].concat());
    let path = [folder.as_os_str().as_bytes(), b":", script::SEARCH_PATH.join(":").as_bytes()].concat();
    Ok(vec![
        entry("HOME", tmp.join("home").as_os_str().as_bytes())?,
        entry("TMPDIR", tmp.as_os_str().as_bytes())?,
        entry("STATATMP", tmp.as_os_str().as_bytes())?,
        entry("TERM", b"dumb")?,
        entry("LANG", b"C.UTF-8")?,
        entry("LC_ALL", b"C.UTF-8")?,
        entry("TZ", spec.timezone.as_bytes())?,
        entry("PATH", &path)?,
    ])
}
