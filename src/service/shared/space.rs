//! When the data volume counts as nearly full: the one rule that refusals, claims and health share.

use std::io::ErrorKind;
use std::time::Duration;

use crate::domain::error::{ErrorCode, Problem};
use crate::ports::volume::Volume;
use crate::telemetry::sparse::Sparse;

/// Every request would have a line of its own while files are away.
static AWAY: Sparse = Sparse::new(Duration::from_secs(10));

/// Without a setting: one part in this many of the volume (5 %), within the bounds below.
const DEFAULT_SHARE: u64 = 20;
/// The least that the default keeps free.
const DEFAULT_LEAST: u64 = 2 << 30;
/// The most that the default keeps free: what runs and uploads need does not grow with the volume.
const DEFAULT_MOST: u64 = 10 << 30;

/// The setting `disk.low`: free bytes below which new work is refused; the default rule when absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskLow(pub Option<u64>);

/// Free space of the data volume against what must stay free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free space for this process, in bytes.
    pub free_bytes: u64,
    /// Size of the volume, in bytes.
    pub total_bytes: u64,
    /// Space that must stay free, in bytes; below it new work is refused.
    pub needed_bytes: u64,
}

impl DiskLow {
    /// Returns how much must stay free on a volume; never more than half of it, so that small volumes can
    /// be used at all.
    pub fn needed_bytes(self, total_bytes: u64) -> u64 {
        let needed =
            self.0.unwrap_or_else(|| (total_bytes / DEFAULT_SHARE).clamp(DEFAULT_LEAST, DEFAULT_MOST));
        needed.min(total_bytes / 2)
    }

    /// Checks the data volume. Blocks for one system call.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn look(self, volume: &dyn Volume) -> std::io::Result<Space> {
        let (free_bytes, total_bytes) = volume.free_bytes()?;
        Ok(Space { free_bytes, total_bytes, needed_bytes: self.needed_bytes(total_bytes) })
    }
}

/// True where the volume takes no new work. One that cannot be asked will say so when it is written to.
pub fn takes_no_work(look: &std::io::Result<Space>) -> bool {
    match look {
        Ok(space) => space.is_low(),
        Err(error) => {
            matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::StaleNetworkFileHandle)
        }
    }
}

/// The refusal of a request whose files cannot be reached now; logged here, without names for the client.
pub fn files_away(error: &std::io::Error) -> Problem {
    if let Some(left_out) = AWAY.turn() {
        let what = "a request needs files that cannot be reached now";
        tracing::error!(event = "SS_FILES_UNAVAILABLE", %error, left_out, "{what}");
    }
    Problem::new(
        ErrorCode::DependencyUnavailable,
        "the files cannot be reached now; repeat the request later",
    )
    .with("dependency", "files")
    .retry_after(5)
}

/// The refusal of a write to a volume that is read-only.
pub fn read_only() -> Problem {
    Problem::new(ErrorCode::StoreUnavailable, "the data volume is read-only; nothing was changed")
        .retry_after(60)
}

/// The refusal of a request while another folder is in the place of the data directory or of a part of it; logged here,
/// without names for the client.
pub fn not_in_place(error: &std::io::Error) -> Problem {
    tracing::error!(event = "SS_DATA_IO_FAILED", %error, "the data directory is not the one that was opened");
    Problem::new(
        ErrorCode::StoreUnavailable,
        "the data directory is not at its place; nothing was changed; repeat the request later",
    )
    .retry_after(60)
}

impl Space {
    /// True if new work is refused.
    pub fn is_low(&self) -> bool {
        self.free_bytes < self.needed_bytes
    }

    /// The refusal of new work.
    pub fn problem(&self) -> Problem {
        Problem::new(ErrorCode::StorageFull, "the data volume is nearly full; try again later")
            .with("free_bytes", self.free_bytes)
            .with("needed_bytes", self.needed_bytes)
            .retry_after(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_default_is_5_percent_but_at_least_2_and_at_most_10_gib() {
        let default = DiskLow::default();
        assert_eq!(default.needed_bytes(1000 * GIB), 10 * GIB);
        assert_eq!(default.needed_bytes(200 * GIB), 10 * GIB);
        assert_eq!(default.needed_bytes(100 * GIB), 5 * GIB);
        assert_eq!(default.needed_bytes(40 * GIB), 2 * GIB);
        assert_eq!(default.needed_bytes(10 * GIB), 2 * GIB);
    }

    #[test]
    fn a_setting_replaces_the_default_in_both_directions() {
        assert_eq!(DiskLow(Some(GIB)).needed_bytes(1000 * GIB), GIB);
        assert_eq!(DiskLow(Some(100 * GIB)).needed_bytes(1000 * GIB), 100 * GIB);
        assert_eq!(DiskLow(Some(0)).needed_bytes(1000 * GIB), 0);
    }

    #[test]
    fn never_more_than_half_of_the_volume_must_stay_free() {
        assert_eq!(DiskLow::default().needed_bytes(GIB), GIB / 2);
        assert_eq!(DiskLow(Some(5 * GIB)).needed_bytes(GIB), GIB / 2);
    }

    #[test]
    fn exactly_enough_is_enough() {
        let space = |free_bytes| Space { free_bytes, total_bytes: 100, needed_bytes: 10 };
        assert!(!space(10).is_low());
        assert!(space(9).is_low());
        let problem = space(9).problem();
        assert_eq!((problem.code, problem.retry_after_seconds), (ErrorCode::StorageFull, Some(60)));
        assert_eq!(
            (&problem.context["free_bytes"], &problem.context["needed_bytes"]),
            (&9.into(), &10.into())
        );
    }
}
