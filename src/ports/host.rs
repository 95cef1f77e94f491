//! The production gate's view of the machine, as a port: file systems, memory, files of secrets, the
//! engine's program and the confinement of the kernel. Every call blocks for a few system calls.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::outgoing_address::AddressPolicy;

/// Durability of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On a local disk, as far as the kind shows; unknown kinds count as durable.
    Durable,
    /// Lost with the machine's memory.
    Memory,
    /// On another machine, without the locks and syncs that the store needs.
    Network,
}

/// The file system below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// As the kernel calls it, such as `ext4`; a number where the kind is not known.
    pub name: String,
    /// Durability that the kind of the file system has.
    pub durability: Durability,
    /// Bytes that the service's user can still write.
    pub free_bytes: u64,
    /// Size of the file system, in bytes.
    pub total_bytes: u64,
}

/// The engine's program, as far as a change of it can be seen without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramIdentity {
    /// With every link followed.
    pub path: PathBuf,
    /// Number of the device that holds the file.
    pub device: u64,
    /// Number of the file on its device; another one shows that the file was replaced.
    pub inode: u64,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// Time of the last change of content or attributes, in nanoseconds since 1970.
    pub changed_ns: i128,
}

/// Confinement of a run that this kernel and host offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confinement {
    /// How a run's processes are held together: `cgroup`, `pid_namespace` or `session`.
    pub containment: String,
    /// Features that the sandbox needs and the kernel lacks; empty if everything is enforced.
    pub missing: Vec<String>,
    /// Stronger confinement that this host does not offer; runs are confined without it.
    pub lacking: Vec<String>,
}

/// An address of a host, as text, and why no connection may be made to it.
pub type JudgedAddress = (String, Result<(), &'static str>);

/// The machine.
pub trait Host: Send + Sync {
    /// Returns the file system of a folder.
    ///
    /// # Errors
    /// Any I/O error.
    fn file_system(&self, folder: &Path) -> io::Result<FileSystem>;

    /// Writes a file into a folder durably, reads it back and removes it.
    ///
    /// # Errors
    /// Any I/O error; `InvalidData` where something else was read.
    fn try_writing(&self, folder: &Path) -> io::Result<()>;

    /// Returns when something was last written in a folder itself.
    fn last_write(&self, folder: &Path) -> Option<DateTime<Utc>>;

    /// Returns whether users other than owner and group may read a file.
    ///
    /// # Errors
    /// Any I/O error.
    fn readable_by_all(&self, file: &Path) -> io::Result<bool>;

    /// Returns how many bytes of memory the processes here may use together.
    fn memory_bytes(&self) -> Option<u64>;

    /// Returns how many files this process may have open at most; `None` is unlimited.
    fn open_files(&self) -> Option<u64>;

    /// Returns what users other than the owner may read or enter: nothing where the folder itself is closed to them,
    /// else the names of its entries that are open.
    ///
    /// # Errors
    /// Any I/O error.
    fn open_to_others(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Resolves a host and judges its addresses: each with why no connection may be made to it, if so.
    ///
    /// # Errors
    /// Any I/O error of the resolver.
    fn addresses_of(&self, host: &str, policy: &AddressPolicy) -> io::Result<Vec<JudgedAddress>>;

    /// Checks a program.
    ///
    /// # Errors
    /// Any I/O error; `PermissionDenied` where it is not executable.
    fn program(&self, path: &Path) -> io::Result<ProgramIdentity>;

    /// Returns what confines runs here.
    fn confinement(&self) -> Confinement;
}
