//! Attempts to leave the sandbox: a hostile program in the engine's place, hostile do-files in the open
//! engine, hostile inputs over HTTP. Each is stopped or harmless, and the host is compared before and after.

mod do_files;
mod inputs;
mod program;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Text that stands in every canary; it must appear nowhere else.
const CANARY: &str = "CANARY-8d1f6c0e";

/// Folders that hostile programs try to write, outside of the test's own.
const PUBLIC: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/etc", "/root"];
/// Name that the attempts write there.
const TRACE: &str = "stata-service-escape";

/// What lies outside of the sandbox: files of another job and of the store.
struct Outside {
    folder: PathBuf,
    before: BTreeMap<PathBuf, String>,
}

impl Outside {
    /// Lays out the canaries below a folder.
    fn below(root: &Path) -> Self {
        let folder = root.join("outside");
        std::fs::create_dir_all(folder.join("empty")).expect("a folder");
        for name in ["canary.txt", "store.sqlite3", "canary.csv"] {
            std::fs::write(folder.join(name), format!("{CANARY},{name}\n1,2\n")).expect("a canary");
        }
        let before = state(&folder);
        Self { folder, before }
    }

    /// Checks that nothing changed, and that no trace is in public places.
    fn is_as_before(&self) {
        assert_eq!(state(&self.folder), self.before, "the host's files changed");
        for place in PUBLIC {
            assert!(!Path::new(place).join(TRACE).exists(), "a trace in {place}");
        }
    }
}

/// Every entry below a folder with its mode, owner, links, times and content.
fn state(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let facts = entry.metadata().expect("facts");
        let content =
            if facts.is_file() { std::fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
        let line = format!(
            "{:o} {} {} {} {} {}",
            facts.permissions().mode(),
            facts.uid(),
            facts.nlink(),
            facts.mtime_nsec(),
            facts.mtime(),
            String::from_utf8_lossy(&content)
        );
        found.insert(entry.path(), line);
        if facts.is_dir() {
            found.extend(state(&entry.path()));
        }
    }
    found
}
