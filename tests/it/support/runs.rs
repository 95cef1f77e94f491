//! Run directories with misbehaving engines, and looking for processes that a run left behind.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stata_service::adapters::runner::LocalRunner;
use stata_service::app::options::{OnShutdown, Options};
use stata_service::domain::run_outcome::{CONTRACT_VERSION, RunLimits};
use stata_service::ports::runner::{RunSpec, SandboxMode, SandboxSpec};

/// The service's program, which has the launcher.
pub(crate) const SERVICE: &str = env!("CARGO_BIN_EXE_stata-service");

/// Where the scripts lie.
pub(crate) fn fakes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/fakes")
}

/// What scripts need besides the engine's folder.
pub(crate) fn interpreters() -> Vec<PathBuf> {
    vec!["/bin".into(), "/usr/bin".into()]
}

/// An engine that waits for the file `go` in its folder and leaves nothing; the end of the service leaves it alone.
pub(crate) fn waiting_engine(folder: &Path) -> impl FnOnce(&mut Options) + use<> {
    let script = folder.join("engine.sh");
    let text = "#!/bin/sh\nwhile [ ! -e \"$(dirname \"$0\")/go\" ]; do sleep 0.05; done\n";
    std::fs::write(&script, text).expect("writes");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("permits");
    move |options| {
        options.engine.command = vec![script.display().to_string()];
        options.engine.readable = interpreters();
        options.shutdown.on_shutdown = OnShutdown::Detach;
    }
}

/// A runner that starts the built launcher.
pub(crate) fn runner() -> LocalRunner {
    LocalRunner::with_launcher(SERVICE)
}

/// A specification for the script `engine.sh` with one behaviour.
pub(crate) fn spec(root: &Path, behaviour: &str) -> RunSpec {
    let run_dir = root.join("run");
    std::fs::create_dir_all(run_dir.join("work")).expect("a working directory");
    std::fs::write(run_dir.join("work/main.do"), "display 1\n").expect("a do-file");
    RunSpec {
        contract_version: CONTRACT_VERSION,
        run_id: "run_t".to_owned(),
        run_dir,
        command: vec![fakes().join("engine.sh").display().to_string(), behaviour.to_owned()],
        limits: RunLimits { wall_seconds: 60, grace_ms: 200, ..RunLimits::default() },
        sandbox: SandboxSpec { mode: SandboxMode::Enforce, read: interpreters() },
        timezone: "UTC".to_owned(),
        lease: None,
    }
}

/// Waits for a condition that must come true; fails the test after half a minute.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Process ids whose environment or working directory names a folder below this one: all processes of
/// runs that live there.
pub(crate) fn processes_of(root: &Path) -> Vec<i32> {
    let needle = format!("TMPDIR={}", root.display());
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let works_there =
                std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(root));
            works_there || environment.split(|b| *b == 0).any(|entry| entry.starts_with(needle.as_bytes()))
        })
        .collect()
}

/// The process id of the launcher of a run directory.
pub(crate) fn launcher_pid(run_dir: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(run_dir.join("launcher.json")).ok()?;
    let facts: serde_json::Value = serde_json::from_str(&text).ok()?;
    facts["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok())
}

/// Ends a process at once.
pub(crate) fn kill_9(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}
