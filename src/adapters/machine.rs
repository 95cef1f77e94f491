//! Names of this machine and of its present boot.

use std::{fs, io};

/// Returns the name of this machine.
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the identifier of this boot of the machine.
///
/// # Errors
/// Any I/O error.
pub fn boot_id() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned())
}
