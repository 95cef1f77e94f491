//! Files that every run may read under any settings. The engine's folder, its interpreters and the paths of
//! `run.sandbox_read` come on top.

/// Folders with the programs' shared libraries; runs may execute what is in them.
pub const LIBRARIES: &[&str] = &["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];

/// Files that programs read to start, to resolve user names, to draw text and to find the time zone.
pub const READABLE: &[&str] = &[
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
