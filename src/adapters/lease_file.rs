//! The file by which a server tells the launchers of its runs how long its lease lasts. It is replaced after each renewal;
//! launchers look at it again and again, also while the server is stopped or gone.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::domain::checksummed::{read_checksummed, with_checksum};
use crate::domain::cluster::{BootTime, Deadlines, LeaseTimes};

/// The content: when runs are ended by the clock since boot, and the times of the lease, in nanoseconds.
#[derive(Serialize, Deserialize)]
struct Content {
    end_at_ns: u64,
    renew_ns: u64,
    lease_ns: u64,
    no_starts_after_ns: u64,
    end_runs_after_ns: u64,
    grace_ns: u64,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Replaces the file.
///
/// # Errors
/// Any I/O error; the file has its earlier content then.
pub fn write(path: &Path, deadlines: &Deadlines, times: &LeaseTimes) -> io::Result<()> {
    let content = Content {
        end_at_ns: nanos(deadlines.end_at.since_boot()),
        renew_ns: nanos(times.renew_every),
        lease_ns: nanos(times.lease),
        no_starts_after_ns: nanos(times.no_starts_after),
        end_runs_after_ns: nanos(times.end_runs_after),
        grace_ns: nanos(times.grace),
    };
    let temporary = path.with_extension("new");
    fs::write(&temporary, with_checksum(&content))?;
    fs::rename(&temporary, path)
}

/// Reads the file; `None` where it is absent or damaged.
pub fn read(path: &Path) -> Option<(Deadlines, LeaseTimes)> {
    let content: Content = read_checksummed(&fs::read(path).ok()?, 0).ok()?;
    let times = LeaseTimes {
        renew_every: Duration::from_nanos(content.renew_ns),
        lease: Duration::from_nanos(content.lease_ns),
        no_starts_after: Duration::from_nanos(content.no_starts_after_ns),
        end_runs_after: Duration::from_nanos(content.end_runs_after_ns),
        grace: Duration::from_nanos(content.grace_ns),
    };
    let deadlines = Deadlines { end_at: BootTime::new(Duration::from_nanos(content.end_at_ns)) };
    times.check().is_ok().then_some((deadlines, times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_damage_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lease");
        assert!(read(&path).is_none());
        let deadlines = Deadlines { end_at: BootTime::new(Duration::new(77, 5)) };
        write(&path, &deadlines, &LeaseTimes::default()).expect("is written");
        assert_eq!(read(&path), Some((deadlines, LeaseTimes::default())));
        let text = fs::read_to_string(&path).expect("is read").replace("77000000005", "97000000005");
        fs::write(&path, text).expect("is written");
        assert!(read(&path).is_none());
    }
}
