//! The machine as the production gate sees it: statfs, memory limits of control groups, modes of files, and
//! the sandbox's own probe.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::ToSocketAddrs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::guard::judge;
use super::runner::probe_confinement;
use crate::domain::outgoing_address::AddressPolicy;
use crate::ports::host::{Confinement, Durability, FileSystem, Host, JudgedAddress, ProgramIdentity};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalHost;

/// Kinds of file systems by the number that statfs(2) tells, with their worth. Others count as durable: new
/// local ones appear, and what is on them is still written through the same calls.
const KINDS: &[(u64, &str, Durability)] = &[
    (0xEF53, "ext4", Durability::Durable),
    (0x5846_5342, "xfs", Durability::Durable),
    (0x9123_683E, "btrfs", Durability::Durable),
    (0x2FC1_2FC1, "zfs", Durability::Durable),
    (0xF2F5_2010, "f2fs", Durability::Durable),
    (0x794C_7630, "overlay", Durability::Durable),
    (0x0102_1994, "tmpfs", Durability::Memory),
    (0x8584_58F6, "ramfs", Durability::Memory),
    (0x6969, "nfs", Durability::Network),
    (0x517B, "smb", Durability::Network),
    (0xFF53_4D42, "cifs", Durability::Network),
    (0xFE53_4D42, "smb2", Durability::Network),
    (0x0102_1997, "9p", Durability::Network),
    (0x00C3_6400, "ceph", Durability::Network),
    (0x0BD0_0BD0, "lustre", Durability::Network),
    (0x4750_4653, "gpfs", Durability::Network),
    (0x6573_5546, "fuse", Durability::Network),
    (0x5346_414F, "afs", Durability::Network),
    (0x7375_7245, "coda", Durability::Network),
    (0x4653_5346, "vxfs-network", Durability::Network),
];

/// Returns name and worth of a kind of file system.
pub fn kind_of(number: u64) -> (String, Durability) {
    KINDS.iter().find(|(known, ..)| *known == number).map_or_else(
        || (format!("{number:#x}"), Durability::Durable),
        |(_, name, d)| ((*name).to_owned(), *d),
    )
}

/// Name of the file by which writing is tried.
const TRIAL: &str = ".gate-trial";

impl Host for LocalHost {
    fn file_system(&self, folder: &Path) -> io::Result<FileSystem> {
        let facts = rustix::fs::statfs(folder)?;
        let volume = rustix::fs::statvfs(folder)?;
        // the number is 32 bits wide; its type differs between architectures
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "the type is the architecture's")]
        let (name, durability) = kind_of(facts.f_type as u64 & 0xFFFF_FFFF);
        Ok(FileSystem {
            name,
            durability,
            free_bytes: volume.f_bavail * volume.f_frsize,
            total_bytes: volume.f_blocks * volume.f_frsize,
        })
    }

    fn try_writing(&self, folder: &Path) -> io::Result<()> {
        let path = folder.join(format!("{TRIAL}-{}", std::process::id()));
        let tried = write_and_read(&path);
        match fs::remove_file(&path) {
            Err(error) if tried.is_ok() => Err(error),
            _ => tried,
        }
    }

    fn last_write(&self, folder: &Path) -> Option<DateTime<Utc>> {
        fs::metadata(folder).and_then(|facts| facts.modified()).ok().map(DateTime::from)
    }

    fn readable_by_all(&self, file: &Path) -> io::Result<bool> {
        Ok(fs::metadata(file)?.permissions().mode() & 0o004 != 0)
    }

    fn memory_bytes(&self) -> Option<u64> {
        let whole = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text));
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        let own = limits.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
        own.chain(whole).min()
    }

    fn open_to_others(&self, folder: &Path) -> io::Result<Vec<String>> {
        let is_open = |facts: &fs::Metadata| facts.permissions().mode() & 0o077 != 0;
        if !is_open(&fs::metadata(folder)?) {
            return Ok(Vec::new());
        }
        let mut open = Vec::new();
        for entry in fs::read_dir(folder)?.flatten() {
            // links have no mode, and what was removed meanwhile is open to nobody
            let Ok(facts) = entry.metadata() else { continue };
            if !facts.is_symlink() && is_open(&facts) {
                open.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(open)
    }

    fn addresses_of(&self, host: &str, policy: &AddressPolicy) -> io::Result<Vec<JudgedAddress>> {
        let found = (host, 0).to_socket_addrs()?;
        Ok(found.map(|address| (address.ip().to_string(), judge(policy, address.ip()))).collect())
    }

    fn open_files(&self) -> Option<u64> {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum
    }

    fn program(&self, path: &Path) -> io::Result<ProgramIdentity> {
        let path = path.canonicalize()?;
        let facts = fs::metadata(&path)?;
        if !facts.is_file() || facts.permissions().mode() & 0o111 == 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not an executable file"));
        }
        Ok(ProgramIdentity {
            path,
            device: facts.dev(),
            inode: facts.ino(),
            size_bytes: facts.size(),
            changed_ns: i128::from(facts.ctime()) * 1_000_000_000 + i128::from(facts.ctime_nsec()),
        })
    }

    fn confinement(&self) -> Confinement {
        probe_confinement()
    }
}

fn write_and_read(path: &Path) -> io::Result<()> {
    const TEXT: &[u8] = b"written by the production gate\n";
    let mut file = File::options().write(true).create(true).truncate(true).open(path)?;
    file.write_all(TEXT)?;
    file.sync_all()?;
    let mut back = Vec::new();
    File::open(path)?.read_to_end(&mut back)?;
    if back == TEXT { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Bytes of `MemTotal` in the text of `/proc/meminfo`.
fn total_of(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_file_systems_are_known_by_the_numbers_of_the_manual() {
        // statfs(2): NFS_SUPER_MAGIC, TMPFS_MAGIC, EXT4_SUPER_MAGIC, RAMFS_MAGIC
        assert_eq!(kind_of(0x6969).1, Durability::Network);
        assert_eq!(kind_of(0x0102_1994).1, Durability::Memory);
        assert_eq!(kind_of(0x8584_58f6).1, Durability::Memory);
        assert_eq!(kind_of(0xef53), ("ext4".to_owned(), Durability::Durable));
        assert_eq!(kind_of(0x1234).0, "0x1234");
    }

    #[test]
    fn a_folder_is_written_and_left_as_it_was() {
        let dir = tempfile::tempdir().expect("a directory");
        LocalHost.try_writing(dir.path()).expect("writable");
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
        assert!(LocalHost.try_writing(&dir.path().join("absent")).is_err());
        let file = dir.path().join("secret");
        fs::write(&file, "x").expect("written");
        for (mode, open) in [(0o600, false), (0o640, false), (0o644, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
            assert_eq!(LocalHost.readable_by_all(&file).expect("there"), open, "{mode:o}");
        }
        assert!(LocalHost.program(&file).is_err(), "not executable");
        assert!(LocalHost.memory_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn memory_in_all_is_read_from_the_kernels_table() {
        assert_eq!(total_of("MemTotal:        2048 kB\nMemFree: 1 kB\n"), Some(2 << 20));
        assert_eq!(total_of("x"), None);
    }
}
