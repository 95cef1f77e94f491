//! Servers of others that tests start: where `scripts/test` put their programs, and processes that end with the tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Where `scripts/test` unpacks programs.
pub(crate) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools")
}

/// Says what is not here; in CI that is a failure.
pub(crate) fn not_here(what: &str) {
    assert!(variable("CI").is_none_or(|ci| ci != "true"), "{what} is not here; scripts/test brings it");
    eprintln!("skipped: {what} is not here; scripts/test brings it where its packages can be had");
}

#[expect(clippy::disallowed_methods, reason = "the environment of the tests, not of the service")]
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Starts a command that stays. The signal comes at the end of the thread that started it, so that one stays too.
pub(crate) fn spawn(mut command: Command) -> Child {
    let (started, child) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        started.send(command.spawn().expect("it starts")).expect("awaited");
        loop {
            std::thread::park();
        }
    });
    child.recv().expect("started")
}
