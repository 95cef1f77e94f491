//! Access rights of the engine: the Landlock rule set, prepared in the launcher and applied by its child, and
//! whether this kernel supports everything that the sandbox needs. The system-call filter and the control group are
//! other steps of the same chain.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope, make_bitflags,
};

use super::{cgroup, seccomp};
use crate::ports::host::Confinement;
use crate::ports::runner::SandboxMode;

/// Folders with the programs' shared libraries.
const LIBRARIES: &[&str] = &["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];

/// Files that programs read to start, to resolve user names, to draw text and to find the time zone.
const READABLE: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/fonts",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
    "/usr/share/terminfo",
    "/etc/terminfo",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/urandom",
];

/// The rule set of one run, ready to be applied.
pub(super) struct Prepared {
    /// `None` where the sandbox is off, or the kernel has no Landlock in best-effort mode.
    pub ruleset: Option<OwnedFd>,
    /// `enforced`, `partial` or `off`.
    pub state: &'static str,
}

/// Builds the rule set: the working directory is writable; the engine's folder and the system's
/// libraries can be read and executed; TCP, signals and abstract sockets to the outside are refused.
///
/// # Errors
/// A text naming what this kernel cannot enforce, or a required path that cannot be opened.
pub(super) fn prepare(
    mode: SandboxMode,
    work: &Path,
    engine: &Path,
    more: &[PathBuf],
) -> Result<Prepared, String> {
    let level = match mode {
        SandboxMode::Off => return Ok(Prepared { ruleset: None, state: "off" }),
        SandboxMode::Enforce => CompatLevel::HardRequirement,
        SandboxMode::BestEffort => CompatLevel::BestEffort,
    };
    let created = rules(level, work, engine, more).map_err(|e| e.to_string())?;
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

fn rules(
    level: CompatLevel,
    work: &Path,
    engine: &Path,
    more: &[PathBuf],
) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let execute = read | AccessFs::Execute;
    let special = make_bitflags!(AccessFs::{Execute | MakeChar | MakeBlock | MakeSock | IoctlDev});
    let write = AccessFs::from_all(REQUIRED) & !special;
    let folder = engine.parent().ok_or("the engine has no folder")?;
    let mut set = Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .handle_access(AccessNet::from_all(REQUIRED))?
        .scope(Scope::from_all(REQUIRED))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(work)?, write))?
        .add_rule(PathBeneath::new(PathFd::new(folder)?, execute))?;
    for path in LIBRARIES.iter().map(Path::new).chain(more.iter().map(PathBuf::as_path)) {
        set = allow(set, path, execute)?;
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
    if let Err(reason) = prepare(SandboxMode::Enforce, Path::new("/"), Path::new("/proc/self/exe"), &[]) {
        missing.push(format!("landlock with every right of Linux 6.12 ({reason})"));
    }
    if !seccomp::is_available() {
        missing.push("seccomp filters".to_owned());
    }
    let has_groups = cgroup::is_available();
    let lacking = if has_groups { Vec::new() } else { vec!["a control group (v2) of each run".to_owned()] };
    Confinement { containment: if has_groups { "cgroup" } else { "session" }.to_owned(), missing, lacking }
}
