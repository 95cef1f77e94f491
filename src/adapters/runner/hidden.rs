//! Space that a run's processes hold without a name in any folder: files that were unlinked, or never had a name, and
//! are still open or mapped.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::adapters::files::tree::BLOCK;

/// Suffix that the kernel adds to the path of a mapped file without a name (proc(5)).
const DELETED: &str = " (deleted)";

/// Returns the bytes that these processes hold on the device of `work` without a name. A file that is mapped but not
/// open cannot be measured: it counts with `most_of_file`, the largest that a file can be.
pub(super) fn unlinked_bytes(pids: &[i32], work: &Path, device: u64, most_of_file: u64) -> u64 {
    let mut counted = BTreeSet::new();
    let mut bytes = 0_u64;
    for pid in pids {
        // each thread may have descriptors of its own
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        for descriptor in
            tasks.into_iter().flatten().flatten().flat_map(|task| fs::read_dir(task.path().join("fd")))
        {
            for link in descriptor.flatten() {
                // follows the kernel's link to the open file itself
                let Ok(facts) = fs::metadata(link.path()) else { continue };
                let hidden = facts.is_file() && facts.nlink() == 0 && facts.dev() == device;
                if hidden && counted.insert(facts.ino()) {
                    bytes = bytes.saturating_add(facts.blocks().saturating_mul(BLOCK));
                }
            }
        }
    }
    for pid in pids {
        let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        for line in String::from_utf8_lossy(&maps).lines() {
            if mapped_below(line, work).is_some_and(|inode| counted.insert(inode)) {
                bytes = bytes.saturating_add(most_of_file);
            }
        }
    }
    bytes
}

/// The inode of a line of `/proc/<pid>/maps` that maps a file without a name below a folder.
fn mapped_below(line: &str, folder: &Path) -> Option<u64> {
    let rest = line.strip_suffix(DELETED)?;
    // address, rights, offset, device, inode, then blanks and the path
    let mut fields = rest.splitn(6, ' ');
    let inode = fields.nth(4)?.parse().ok()?;
    let path = fields.next()?.trim_start();
    Path::new(path).starts_with(folder).then_some(inode)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn lines_of_mapped_files_without_a_name_are_read() {
        let work = Path::new("/data/run/work");
        let line = "7f01d0a3d000-7f01d0a3e000 rw-s 00000000 fd:00 5505130                    /data/run/work/a b (deleted)";
        assert_eq!(mapped_below(line, work), Some(5_505_130));
        for other in [
            "7f01d0a3d000-7f01d0a3e000 rw-s 00000000 fd:00 5505130                    /data/run/work/a b",
            "7f01d0a3d000-7f01d0a3e000 rw-s 00000000 00:01 77                         /dev/zero (deleted)",
            "7f01d0a3d000-7f01d0a3e000 rw-p 00000000 00:00 0 ",
            "",
        ] {
            assert_eq!(mapped_below(other, work), None, "{other}");
        }
    }

    #[test]
    fn an_open_file_without_a_name_counts_with_its_blocks() {
        let dir = tempfile::tempdir().expect("a directory");
        let device = fs::metadata(dir.path()).expect("facts").dev();
        let script =
            "exec 3> hidden; head -c 3145728 /dev/zero >&3; echo; read line; rm hidden; echo; read line";
        let mut shell = Command::new("sh");
        let shell =
            shell.args(["-c", script]).current_dir(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let (mut asks, mut says) = (shell.stdin.take().expect("piped"), shell.stdout.take().expect("piped"));
        let pids = [shell.id().cast_signed()];
        let mut seen = Vec::new();
        for _ in 0..2 {
            says.read_exact(&mut [0]).expect("a line");
            seen.push(unlinked_bytes(&pids, dir.path(), device, 0));
            asks.write_all(b"\n").expect("written");
        }
        shell.wait().expect("ends");
        assert_eq!(seen[0], 0, "it has its name");
        assert!(seen[1] >= 3 << 20, "{seen:?}");
        assert_eq!(unlinked_bytes(&pids, dir.path(), device, 0), 0);
    }
}
