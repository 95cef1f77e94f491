//! Changed files of every format, and changed answers of models, in processes with a bound on memory. A failure names
//! the kind and number of the input, which make it again: `SS_TEST_FUZZ_SHARE=csv:17:18:/tmp` with the test `share`.
//! `SS_TEST_FUZZ=1000000` is the number of inputs of each kind.

mod mutate;
mod targets;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use targets::{KINDS, Outcome, Target, may_end};

use crate::faults::{Rng, seed};

/// Address space that a process of readers may take beyond what it has, as the service gives one for a small file.
const MEMORY_BYTES: u64 = 1 << 30;
/// Longest time of one input.
const PATIENCE: Duration = Duration::from_secs(60);
/// Inputs of each kind in the ordinary suite.
const FEW: u64 = 1_000;

/// Figures of one kind.
#[derive(Debug, Default)]
struct Figures {
    taken: u64,
    refused: u64,
    /// Panics of readers that are not ours, which are refusals.
    panics: u64,
    /// Ends of the process, most by the bound on memory.
    ends: u64,
    slowest: Duration,
    peak_mib: u64,
}

#[expect(clippy::disallowed_methods, reason = "how many inputs are asked for")]
fn asked(kind: &str) -> u64 {
    // one in twenty ends the process, after it has filled its memory
    let few = if kind == "xls" { FEW / 5 } else { FEW };
    std::env::var("SS_TEST_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// Has a process of this program read the inputs from a number on.
fn start(kind: &str, from: u64, to: u64, folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "inputs::fuzz::share", "--ignored", "--nocapture", "--test-threads=1"])
        .env("SS_TEST_FUZZ_SHARE", format!("{kind}:{from}:{to}:{}", folder.display()))
        .env("SS_TEST_SEED", seed().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

/// Reads the inputs of one kind; a process that ends is followed by another at the next input.
fn read_all(kind: &str, inputs: u64) -> Figures {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let number = || {
        let text = std::fs::read_to_string(folder.path().join("number")).unwrap_or_default();
        text.trim().parse::<u64>().ok()
    };
    let mut figures = Figures::default();
    let mut from = 0;
    while from < inputs {
        let _ = std::fs::remove_file(folder.path().join("number"));
        let mut child = start(kind, from, inputs, folder.path());
        let (mut last, mut since) = (None, Instant::now());
        let status = loop {
            if let Some(status) = child.try_wait().expect("asked") {
                break status;
            }
            let now = number();
            if now != last {
                (last, since) = (now, Instant::now());
            }
            if since.elapsed() > PATIENCE {
                child.kill().expect("killed");
                child.wait().expect("reaped");
                panic!("{kind}: input {last:?} takes longer than {PATIENCE:?} (seed {})", seed());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let done = number().unwrap_or(from);
        add(&mut figures, folder.path());
        if status.success() {
            break;
        }
        let failure = std::fs::read_to_string(folder.path().join("failure")).unwrap_or_default();
        assert!(
            may_end(kind) && failure.is_empty(),
            "{kind}: input {done} (seed {}) ended its process with {status}: {failure}",
            seed()
        );
        figures.ends += 1;
        from = done + 1;
    }
    figures
}

/// Adds what a process noted.
fn add(figures: &mut Figures, folder: &Path) {
    let text = std::fs::read_to_string(folder.join("figures")).unwrap_or_default();
    let numbers: Vec<u64> = text.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
    if let [taken, refused, panics, slowest, peak] = numbers[..] {
        figures.taken += taken;
        figures.refused += refused;
        figures.panics += panics;
        figures.slowest = figures.slowest.max(Duration::from_millis(slowest));
        figures.peak_mib = figures.peak_mib.max(peak);
    }
    let _ = std::fs::remove_file(folder.join("figures"));
}

/// Panics of this process so far.
static PANICS: AtomicU64 = AtomicU64::new(0);

#[test]
#[ignore = "a share of the inputs in a process of its own, started by the test below"]
#[expect(clippy::disallowed_methods, reason = "the share is named by the test that starts the process")]
fn share() {
    let order = std::env::var("SS_TEST_FUZZ_SHARE").expect("a share");
    let parts: Vec<&str> = order.splitn(4, ':').collect();
    let [kind, from, to, folder] = parts[..] else { panic!("{order:?} is no share") };
    let (from, to): (u64, u64) = (from.parse().expect("a number"), to.parse().expect("a number"));
    let folder = Path::new(folder);
    std::panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Ordering::SeqCst);
    }));
    let target = Target::new(kind, folder);
    limit();
    target.takes_its_seeds();
    let (mut taken, mut refused, mut panics, mut slowest) = (0_u64, 0_u64, 0_u64, 0_u128);
    for number in from..to {
        std::fs::write(folder.join("number"), number.to_string()).expect("noted");
        // an input depends on the seed and its number alone
        let mut rng = Rng(seed().wrapping_mul(0x9e37_79b9).wrapping_add(number));
        let bytes = target.input(&mut rng);
        let (before, begun) = (PANICS.load(Ordering::SeqCst), Instant::now());
        let read = std::panic::catch_unwind(AssertUnwindSafe(|| target.read(&bytes)));
        slowest = slowest.max(begun.elapsed().as_millis());
        let panicked = PANICS.load(Ordering::SeqCst) - before;
        panics += panicked;
        match read {
            Ok(Outcome::Taken) => taken += 1,
            Ok(Outcome::Refused) => refused += 1,
            Err(cause) => {
                let text = cause.downcast_ref::<String>().map_or("a promise does not hold", String::as_str);
                std::fs::write(folder.join("failure"), text).expect("noted");
            }
        }
        if panicked > 0 && !may_end(kind) {
            let _ = std::fs::write(folder.join("failure"), "a reader of the service panicked");
        }
        if number % 64 == 0 || number + 1 == to || folder.join("failure").exists() {
            let peak = peak_mib();
            let line = format!("{taken} {refused} {panics} {slowest} {peak}");
            std::fs::write(folder.join("figures"), line).expect("noted");
        }
        if folder.join("failure").exists() {
            std::process::exit(9);
        }
    }
}

/// Bounds the address space of this process, threads and buffers that it has already included.
fn limit() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let text = std::fs::read_to_string("/proc/self/statm").expect("facts");
    let pages: u64 = text.split(' ').next().and_then(|n| n.parse().ok()).expect("a size");
    let most = Some(pages * rustix::param::page_size() as u64 + MEMORY_BYTES);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).expect("a limit");
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).expect("a limit");
}

/// Most memory that this process has had, in MiB.
fn peak_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Reads the inputs of one kind and shows the figures; the number of inputs adds up.
fn fuzz(kind: &str) {
    let inputs = asked(kind);
    let begun = Instant::now();
    let figures = read_all(kind, inputs);
    eprintln!("{kind}: {inputs} inputs in {:?}: {figures:?}", begun.elapsed());
    assert!(figures.refused > 0, "{kind}: inputs that no reader refuses test nothing: {figures:?}");
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
