//! Changed files of every format, and changed answers of models, in processes with a bound on memory. A failure names
//! the kind and number of the input, which make it again: `SS_TEST_FUZZ_SHARE=csv:17:18:/tmp` with the test `share`.
//! `SS_TEST_FUZZ=1000000` is the number of inputs of each kind.

mod counters;
mod mutate;
mod mutate_binary;
mod targets;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use counters::Counters;
use targets::{KINDS, Outcome, Target, may_end};

use crate::faults::{Rng, seed};

/// Address space that readers of one process may take beyond what it has. Less than the service gives, so that an
/// input that fills it does so soon; `inputs::lying_counts` proves the service's own bound.
const MEMORY_BYTES: u64 = 256 << 20;
/// The same for readers that fill it now and then.
const MEMORY_BYTES_OF_OTHERS: u64 = 64 << 20;
/// Longest time of one input, in seconds.
const PATIENCE: u32 = 60;
/// Inputs of each kind in the ordinary suite.
const FEW: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "how many inputs are asked for")]
fn asked() -> u64 {
    std::env::var("SS_TEST_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(FEW)
}

/// Has a process of this program read the inputs of one kind, and returns its figures.
fn read_all(kind: &str, inputs: u64) -> Counters {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "inputs::fuzz::share", "--ignored", "--nocapture", "--test-threads=1"])
        .env("SS_TEST_FUZZ_SHARE", format!("{kind}:0:{inputs}:{}", folder.path().display()))
        .env("SS_TEST_SEED", seed().to_string())
        // an end does not print where it was; memory comes in few system calls
        .env("RUST_BACKTRACE", "0")
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_TOP_PAD_", "16000000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("starts");
    let failure = std::fs::read_to_string(folder.path().join("failure")).unwrap_or_default();
    let figures = Counters::read(folder.path());
    let at = figures.number.load(Ordering::Relaxed);
    assert!(status.success(), "{kind}: input {at} (seed {}) ended with {status}: {failure}", seed());
    figures
}

/// Panics of this process so far.
static PANICS: AtomicU64 = AtomicU64::new(0);

#[test]
#[ignore = "a share of the inputs in a process of its own, started by the tests below"]
#[expect(clippy::disallowed_methods, reason = "the share is named by the test that starts the process")]
fn share() {
    let order = std::env::var("SS_TEST_FUZZ_SHARE").expect("a share");
    let parts: Vec<&str> = order.splitn(4, ':').collect();
    let [kind, from, to, folder] = parts[..] else { panic!("{order:?} is no share") };
    let (mut from, to): (u64, u64) = (from.parse().expect("a number"), to.parse().expect("a number"));
    let folder = Path::new(folder);
    let counters = Counters::shared(folder);
    let target = Target::new(kind, folder);
    if let Err(reason) = std::panic::catch_unwind(AssertUnwindSafe(|| target.takes_its_seeds())) {
        fail(folder, reason.downcast_ref::<String>().map_or("a seed is refused", String::as_str));
    }
    std::panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Ordering::SeqCst);
    }));
    if !may_end(kind) {
        limit(MEMORY_BYTES);
        read_some(&target, from, to, counters);
        return;
    }
    // the reader may end its process: a copy of this one reads, and another follows at the next input
    while from < to {
        // SAFETY: this process has no thread that holds a lock; the copy reads inputs and ends.
        let copy = unsafe { libc::fork() };
        assert!(copy >= 0, "no process");
        if copy == 0 {
            let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
            limit(MEMORY_BYTES_OF_OTHERS);
            read_some(&target, from, to, counters);
            std::process::exit(0);
        }
        let mut status = 0;
        // SAFETY: waits for the copy; the status is a number of this function.
        assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
        if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
            return;
        }
        if folder.join("failure").exists() {
            std::process::exit(9);
        }
        let signal = libc::WTERMSIG(status);
        if signal == libc::SIGALRM {
            fail(folder, "takes too long");
        }
        // memory at an end, or a stack: the service answers both
        if !libc::WIFSIGNALED(status) || !matches!(signal, libc::SIGABRT | libc::SIGSEGV) {
            fail(folder, &format!("the reader's process ended with {status:#x}"));
        }
        counters.ends.fetch_add(1, Ordering::Relaxed);
        from = counters.number.load(Ordering::Relaxed) + 1;
    }
}

/// Notes why, and ends this process.
fn fail(folder: &Path, reason: &str) -> ! {
    let _ = std::fs::write(folder.join("failure"), reason);
    std::process::exit(9);
}

/// Reads inputs and counts what becomes of them.
fn read_some(target: &Target, from: u64, to: u64, counters: &Counters) {
    let folder = target.folder();
    for number in from..to {
        counters.number.store(number, Ordering::Relaxed);
        // SAFETY: sets a timer of this process; its signal ends the process.
        unsafe { libc::alarm(PATIENCE) };
        // an input depends on the seed and its number alone
        let mut rng = Rng(seed().wrapping_mul(0x9e37_79b9).wrapping_add(number));
        let bytes = target.input(&mut rng);
        let (before, begun) = (PANICS.load(Ordering::SeqCst), Instant::now());
        let read = std::panic::catch_unwind(AssertUnwindSafe(|| target.read(&bytes)));
        let took = u64::try_from(begun.elapsed().as_millis()).expect("short");
        counters.slowest_ms.fetch_max(took, Ordering::Relaxed);
        let panicked = PANICS.load(Ordering::SeqCst) - before;
        counters.panics.fetch_add(panicked, Ordering::Relaxed);
        match read {
            Ok(Outcome::Taken) => counters.taken.fetch_add(1, Ordering::Relaxed),
            Ok(Outcome::Refused) => counters.refused.fetch_add(1, Ordering::Relaxed),
            Err(cause) => {
                fail(folder, cause.downcast_ref::<String>().map_or("a promise does not hold", String::as_str))
            }
        };
        if panicked > 0 && !may_end(target.kind()) {
            fail(folder, "a reader of the service panicked");
        }
    }
}

/// Bounds the address space of this process, threads and buffers that it has already included.
fn limit(bytes: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let text = std::fs::read_to_string("/proc/self/statm").expect("facts");
    let pages: u64 = text.split(' ').next().and_then(|n| n.parse().ok()).expect("a size");
    let most = Some(pages * rustix::param::page_size() as u64 + bytes);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).expect("a limit");
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).expect("a limit");
}

/// Reads the inputs of one kind and shows the figures; the number of inputs adds up.
fn fuzz(kind: &str) {
    let inputs = asked();
    let begun = Instant::now();
    let figures = read_all(kind, inputs);
    eprintln!("{kind}: {inputs} inputs in {:?}: {figures:?}", begun.elapsed());
    let [taken, refused, ends] =
        [&figures.taken, &figures.refused, &figures.ends].map(|n| n.load(Ordering::Relaxed));
    assert_eq!(taken + refused + ends, inputs, "{kind}: each input has an outcome: {figures:?}");
    assert!(taken > 0 && refused > 0, "{kind}: inputs that all fare alike test nothing: {figures:?}");
}

#[test]
fn changed_text_is_answered() {
    fuzz("csv");
}

#[test]
fn changed_stata_files_are_answered() {
    fuzz("dta");
}

#[test]
fn changed_files_of_r_are_answered() {
    fuzz("rds");
}

#[test]
fn changed_parquet_files_are_answered() {
    fuzz("parquet");
}

#[test]
fn changed_files_of_spss_are_answered() {
    fuzz("sav");
}

#[test]
fn changed_transport_files_are_answered() {
    fuzz("xpt");
}

#[test]
fn changed_files_of_sas_are_answered() {
    fuzz("sas7bdat");
}

#[test]
fn changed_spreadsheets_of_opendocument_are_answered() {
    fuzz("ods");
}

#[test]
fn changed_archives_are_answered() {
    fuzz("zip");
}

#[test]
fn changed_answers_of_models_are_answered() {
    fuzz("answer");
}

#[test]
fn changed_workbooks_are_answered() {
    fuzz("xlsx");
}

#[test]
fn changed_binary_workbooks_are_answered() {
    fuzz("xlsb");
}

#[test]
fn changed_old_workbooks_are_answered() {
    fuzz("xls");
}

#[test]
fn every_kind_has_a_test() {
    let text = include_str!("mod.rs");
    for kind in KINDS {
        assert!(text.contains(&format!("fuzz(\"{kind}\")")), "{kind}");
    }
}
