//! Open files of this process against the connections that it may have: a service without a free descriptor can
//! neither accept a connection nor open a file of the store.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections that are kept for probes when all others are taken.
pub const RESERVE: usize = 64;
/// What the store, runs, uploads and downloads have open beside connections.
const OWN: usize = 512;

/// Returns how many open files so many connections need.
pub fn needed_files(connections: usize) -> u64 {
    (connections.saturating_add(RESERVE + OWN)) as u64
}

/// Raises the soft limit of open files to what may be had, and returns how many of the connections fit.
pub fn fitting(connections: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // what cannot be raised is what there is
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    let open_files = getrlimit(Resource::Nofile).current;
    let needed = needed_files(connections);
    match open_files {
        Some(open_files) if open_files < needed => {
            let fitting = most(open_files);
            tracing::warn!(
                event = "SS_OPEN_FILES_LOW",
                open_files,
                needed,
                connections = fitting,
                "the limit of open files is too low for http.max_connections; fewer connections are let in"
            );
            fitting
        }
        _ => connections,
    }
}

/// Connections that so many open files leave room for; half of them where even that is too little.
fn most(open_files: u64) -> usize {
    let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
    open_files.saturating_sub(RESERVE + OWN).max(open_files / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_keeps_files_for_itself() {
        assert_eq!(needed_files(10_000), 10_576);
        assert_eq!(most(10_576), 10_000);
        assert_eq!(most(1_024), 512);
        assert_eq!(most(64), 32, "and starts in any case");
    }
}
