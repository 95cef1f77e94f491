//! Access rights of the engine: the Landlock rule set, prepared in the launcher and applied by its child, and
//! whether this kernel supports everything that the sandbox needs. The system-call filter and the control group are
//! other steps of the same chain.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope, make_bitflags,
};

use super::{cgroup, seccomp};
use crate::domain::sandbox_paths::{LIBRARIES, READABLE};
use crate::ports::host::Confinement;
use crate::ports::runner::SandboxMode;

/// The paths of one run.
pub(super) struct Grants<'a> {
    /// The run's working directory.
    pub work: &'a Path,
    /// The engine's program, links resolved.
    pub engine: &'a Path,
    /// The engine is the open one, which this program has and which needs nothing of its folder.
    pub is_alone: bool,
    /// Programs that the kernel starts in the place of a script.
    pub interpreters: &'a [PathBuf],
    /// Further files and folders of the settings.
    pub more: &'a [PathBuf],
}

impl<'a> Grants<'a> {
    /// Collects the paths of a run.
    pub(super) fn of(
        work: &'a Path,
        engine: &'a Path,
        interpreters: &'a [PathBuf],
        more: &'a [PathBuf],
    ) -> Self {
        Self { work, engine, is_alone: is_this_program(engine), interpreters, more }
    }

    /// Files that this run may read and execute, in addition to the system's libraries.
    pub(super) fn executable(&self) -> impl Iterator<Item = PathBuf> {
        let engine = if self.is_alone { Some(self.engine) } else { self.engine.parent() };
        let named = engine.into_iter().map(Path::to_owned);
        named.chain(self.interpreters.iter().cloned()).chain(self.more.iter().cloned())
    }

    /// The first path that runs may read and that holds the run's folder, and with it the service's data.
    fn exposing(&self) -> Option<PathBuf> {
        let work = self.work.canonicalize().ok()?;
        let readable = LIBRARIES.iter().map(PathBuf::from).chain(self.executable());
        readable.into_iter().find(|path| path.canonicalize().is_ok_and(|path| work.starts_with(path)))
    }
}

/// True if the engine is the program of this launcher, also after it was replaced on the disk.
fn is_this_program(engine: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|facts| (facts.dev(), facts.ino())).ok();
    let own = Path::new("/proc/self/exe");
    if identity(own).is_some_and(|own| identity(engine) == Some(own)) {
        return true;
    }
    let link = std::fs::read_link(own).unwrap_or_default();
    link.to_str()
        .and_then(|path| path.strip_suffix(" (deleted)"))
        .is_some_and(|path| engine == Path::new(path))
}

/// The rule set of one run, ready to be applied.
pub(super) struct Prepared {
    /// `None` where the sandbox is off, or the kernel has no Landlock in best-effort mode.
    pub ruleset: Option<OwnedFd>,
    /// `enforced`, `partial` or `off`.
    pub state: &'static str,
}

/// Builds the rule set: the working directory is writable; the engine's folder, its interpreters and the system's
/// libraries can be read and executed; TCP, signals and abstract sockets to the outside are refused.
///
/// # Errors
/// A text naming what this kernel cannot enforce, a required path that cannot be opened, or a readable path that
/// holds the service's data.
pub(super) fn prepare(mode: SandboxMode, grants: &Grants<'_>) -> Result<Prepared, String> {
    let level = match mode {
        SandboxMode::Off => return Ok(Prepared { ruleset: None, state: "off" }),
        SandboxMode::Enforce => CompatLevel::HardRequirement,
        SandboxMode::BestEffort => CompatLevel::BestEffort,
    };
    if let Some(path) = grants.exposing() {
        return Err(format!("runs may read {}, which holds the service's data", path.display()));
    }
    let created = rules(level, grants).map_err(|e| e.to_string())?;
    let ruleset: Option<OwnedFd> = created.into();
    let state = match (mode, ruleset.is_some()) {
        (SandboxMode::Enforce, true) => "enforced",
        (_, true) => "partial",
        (SandboxMode::Enforce, false) => return Err("the kernel has no landlock".to_owned()),
        (_, false) => "off",
    };
    Ok(Prepared { ruleset, state })
}

/// The kernel interface whose rights are all handled (Linux 6.12).
const REQUIRED: ABI = ABI::V6;

fn rules(level: CompatLevel, grants: &Grants<'_>) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let execute = read | AccessFs::Execute;
    let special = make_bitflags!(AccessFs::{Execute | MakeChar | MakeBlock | MakeSock | IoctlDev});
    let write = AccessFs::from_all(REQUIRED) & !special;
    let mut set = Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .handle_access(AccessNet::from_all(REQUIRED))?
        .scope(Scope::from_all(REQUIRED))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(grants.work)?, write))?;
    for path in LIBRARIES.iter().map(PathBuf::from).chain(grants.executable()) {
        set = allow(set, &path, execute)?;
    }
    for path in READABLE {
        set = allow(set, Path::new(path), read)?;
    }
    allow(set, Path::new("/dev/null"), make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate}))
}

/// Allows a path that need not exist; a file gets the rights that apply to files.
fn allow(
    set: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(set) };
    let rights = if metadata.is_dir() { rights } else { rights & AccessFs::from_file(REQUIRED) };
    match PathFd::new(path) {
        Ok(descriptor) => Ok(set.add_rule(PathBeneath::new(descriptor, rights))?),
        Err(_) => Ok(set),
    }
}

/// Returns the confinement that this kernel supports; for the production gate.
pub fn probe() -> Confinement {
    let mut missing = Vec::new();
    let own = Grants::of(Path::new("/"), Path::new("/proc/self/exe"), &[], &[]);
    if let Err(reason) = prepare(SandboxMode::Enforce, &own) {
        missing.push(format!("landlock with every right of Linux 6.12 ({reason})"));
    }
    if !seccomp::is_available() {
        missing.push("seccomp filters".to_owned());
    }
    let has_groups = cgroup::is_available();
    let lacking = if has_groups { Vec::new() } else { vec!["a control group (v2) of each run".to_owned()] };
    Confinement { containment: if has_groups { "cgroup" } else { "session" }.to_owned(), missing, lacking }
}
