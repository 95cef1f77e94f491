//! A hostile program in the engine's place: it tries system calls directly.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use stata_service::domain::run_outcome::{CONTRACT_VERSION, Ended, Outcome, RunLimits};
use stata_service::ports::runner::{RunSpec, Runner, SandboxMode, SandboxSpec};

use super::Outside;
use crate::support::runs::{fakes, runner};

/// Attempts that do not depend on the kernel's age; fewer lines mean that the program was cut short.
const FEWEST_ATTEMPTS: usize = 165;

/// Builds the hostile program into a folder of its own; the build of the service needs a C compiler as well.
fn hostile(root: &Path) -> PathBuf {
    let folder = root.join("engine");
    std::fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("hostile");
    let built = Command::new("cc")
        .args(["-O1", "-w", "-o"])
        .arg(&program)
        .arg(fakes().join("hostile.c"))
        .output()
        .expect("a C compiler, which the embedded store needs too");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}

/// A process that stands for the server, listening on a port.
struct Server {
    process: std::process::Child,
    listener: std::net::TcpListener,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new("sleep").arg("600").spawn().expect("a process");
        assert!(process.try_wait().expect("asked").is_none());
        Self { process, listener: std::net::TcpListener::bind("127.0.0.1:0").expect("a port") }
    }

    /// What an attack could change of the process: limits, priority, processors.
    fn state(&self) -> Vec<String> {
        let pid = self.process.id();
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let status: Vec<String> = read("status")
            .lines()
            .filter(|l| {
                ["Uid", "Gid", "Cpus_allowed:", "TracerPid", "SigPnd"].iter().any(|k| l.starts_with(k))
            })
            .map(str::to_owned)
            .collect();
        let nice = read("stat").split(' ').nth(18).unwrap_or_default().to_owned();
        [vec![read("limits"), nice, read("oom_score_adj")], status].concat()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is this test's own process, and it must not outlive it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Attack {
    dir: tempfile::TempDir,
    outside: Outside,
    server: Server,
    program: PathBuf,
}

impl Attack {
    fn prepare() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let outside = Outside::below(dir.path());
        let program = hostile(dir.path());
        Self { outside, server: Server::start(), program, dir }
    }

    fn spec(&self, kind: &str) -> RunSpec {
        let run_dir = self.dir.path().join(format!("run-{kind}"));
        std::fs::create_dir_all(run_dir.join("work")).expect("a working directory");
        std::fs::write(run_dir.join("work/main.do"), "display 1\n").expect("a do-file");
        let words = [
            self.program.display().to_string(),
            self.outside.folder.display().to_string(),
            self.server.process.id().to_string(),
            self.server.listener.local_addr().expect("bound").port().to_string(),
            kind.to_owned(),
        ];
        RunSpec {
            contract_version: CONTRACT_VERSION,
            run_id: format!("run_{kind}"),
            run_dir,
            command: words.to_vec(),
            limits: RunLimits { wall_seconds: 30, grace_ms: 100, ..RunLimits::default() },
            sandbox: SandboxSpec { mode: SandboxMode::Enforce, read: Vec::new() },
            timezone: "UTC".to_owned(),
            lease: None,
        }
    }

    fn run(&self, kind: &str, change: impl FnOnce(&mut RunSpec)) -> Outcome {
        let mut spec = self.spec(kind);
        change(&mut spec);
        let outcome = runner().start(spec).expect("the launcher starts").wait();
        assert_eq!(self.alive(), Vec::<String>::new(), "{kind} left processes");
        self.outside.is_as_before();
        outcome
    }

    /// Processes whose program is the hostile one, whatever they call themselves.
    fn alive(&self) -> Vec<String> {
        let entries = std::fs::read_dir("/proc").expect("processes").flatten();
        let programs = entries.filter_map(|e| std::fs::read_link(e.path().join("exe")).ok());
        programs.filter(|exe| exe.starts_with(&self.program)).map(|exe| exe.display().to_string()).collect()
    }

    fn results(&self, kind: &str) -> Vec<(String, String)> {
        let path = self.dir.path().join(format!("run-{kind}/work/results.txt"));
        let text = std::fs::read_to_string(path).expect("results");
        text.lines().filter_map(|l| l.rsplit_once(": ")).map(|(n, r)| (n.to_owned(), r.to_owned())).collect()
    }
}

#[test]
fn every_attempt_of_a_hostile_program_is_stopped() {
    let mut attack = Attack::prepare();
    let before = attack.server.state();
    let outcome = attack.run("all", |_| {});
    assert_eq!(outcome.ended, Ended::Exited { status: 0 }, "{outcome:?}");
    assert_eq!(outcome.sandbox, "enforced");
    let results = attack.results("all");
    assert!(results.len() >= FEWEST_ATTEMPTS, "only {} attempts", results.len());
    let escaped: Vec<_> = results.iter().filter(|(_, r)| r == "ESCAPED").map(|(name, _)| name).collect();
    assert!(escaped.is_empty(), "{escaped:?}");
    assert_eq!(attack.server.state(), before, "the server's process changed");
    assert!(attack.server.process.try_wait().expect("asked").is_none(), "the server ended");
    attack.server.listener.set_nonblocking(true).expect("set");
    assert!(attack.server.listener.accept().is_err(), "somebody connected");
    let mut engine = Vec::new();
    std::fs::File::open(&attack.program).expect("the program").read_to_end(&mut engine).expect("read");
    assert!(engine.starts_with(b"\x7fELF"));
}

#[test]
fn a_program_of_the_work_folder_under_the_loader_is_confined_like_the_engine() {
    // mapping a readable file as code is not denied; what it may do is
    let mut attack = Attack::prepare();
    let before = attack.server.state();
    let outcome = attack.run("loader", |_| {});
    assert_eq!(outcome.ended, Ended::Exited { status: 0 }, "{outcome:?}");
    let results = attack.results("loader");
    assert!(results.len() >= FEWEST_ATTEMPTS, "only {} attempts", results.len());
    let escaped: Vec<_> = results.iter().filter(|(_, r)| r == "ESCAPED").map(|(name, _)| name).collect();
    assert!(escaped.is_empty(), "{escaped:?}");
    assert_eq!(attack.server.state(), before, "the server's process changed");
    assert!(attack.server.process.try_wait().expect("asked").is_none(), "the server ended");
}

#[test]
fn the_same_program_escapes_without_the_sandbox() {
    let attack = Attack::prepare();
    let mut spec = attack.spec("probe");
    spec.sandbox.mode = SandboxMode::Off;
    // without anything that changes the machine: the harmless ones are proof enough
    spec.command[1] = attack.dir.path().join("engine").display().to_string();
    runner().start(spec).expect("the launcher starts").wait();
    let results = attack.results("probe");
    let escaped: Vec<_> = results.iter().filter(|(_, r)| r == "ESCAPED").map(|(n, _)| n.as_str()).collect();
    for name in [
        "connect over TCP",
        "UDP",
        "list another job's folder",
        "signal by descriptor",
        "list the attributes of a file outside",
        "own program",
        "own program by descriptor",
        "times of the engine by its descriptor",
        "lease on the engine",
    ] {
        assert!(
            escaped.contains(&name),
            "{name} must be possible outside, else it proves nothing: {escaped:?}"
        );
    }
}

#[test]
fn a_process_that_hides_is_found_and_ended() {
    let attack = Attack::prepare();
    let outcome = attack.run("hide", |_| {});
    assert_eq!((&outcome.ended, outcome.leftovers), (&Ended::Exited { status: 0 }, 1), "{outcome:?}");
}

#[test]
fn bombs_end_their_own_run_only() {
    let attack = Attack::prepare();
    let forks = attack.run("forks", |s| s.limits.processes = 20);
    assert_eq!(forks.ended, Ended::ProcessLimit);
    let memory = attack.run("memory", |s| s.limits.memory_bytes = 200 << 20);
    assert_eq!(memory.ended, Ended::MemoryLimit);
    let disk = attack.run("disk", |s| s.limits.output_bytes = 20 << 20);
    assert_eq!(disk.ended, Ended::OutputLimit { what: "bytes".into() });
    let links = attack.run("links", |s| s.limits.output_files = 500);
    assert_eq!(links.ended, Ended::OutputLimit { what: "files".into() }, "links are files of the volume");
    let names = attack.run("names", |s| {
        s.limits.output_files = 10_000;
        s.limits.output_bytes = 20 << 20;
    });
    assert_eq!(names.ended, Ended::OutputLimit { what: "bytes".into() }, "each name can be published");
    let spin = attack.run("spin", |s| s.limits.wall_seconds = 1);
    assert_eq!(spin.ended, Ended::Timeout);
}

/// The control group (v2) of this process.
fn own_group() -> Option<PathBuf> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"))?;
    Some(Path::new(mount.split(' ').nth(1)?).join(own))
}

/// True where a group beside that of this process has a limit of memory: it was delegated with a subgroup, as the unit
/// for systemd asks for.
fn memory_is_delegated() -> bool {
    let above = own_group().and_then(|own| own.parent().map(Path::to_owned));
    let Some(above) = above.filter(|above| above.join("cgroup.subtree_control").exists()) else {
        return false;
    };
    let mut mark = [0; 8];
    let marked = rustix::fs::getxattr(&above, "user.delegate", &mut mark).is_ok();
    let controllers = std::fs::read_to_string(above.join("cgroup.controllers")).unwrap_or_default();
    marked && controllers.split_ascii_whitespace().any(|name| name == "memory")
}

#[test]
fn the_kernel_keeps_the_limit_of_memory_where_its_controller_is_delegated() {
    if !memory_is_delegated() {
        eprintln!("skipped: no group (v2) with the controller of memory is delegated here");
        return;
    }
    let attack = Attack::prepare();
    let limit = 100 << 20;
    let memory = attack.run("memory", |s| {
        s.limits.memory_bytes = limit;
        // the kernel of the machine that has the controller may be older than all of Landlock
        s.sandbox.mode = SandboxMode::BestEffort;
    });
    assert_eq!((&memory.ended, memory.containment.as_str()), (&Ended::MemoryLimit, "cgroup"), "{memory:?}");
    // samples count the pages of libraries, which the kernel charges to whoever read them first
    let most = limit + (2 << 20);
    assert!(memory.peak_memory_bytes <= most, "sampling would have let it grow: {memory:?}");
}
