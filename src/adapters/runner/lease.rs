//! The launcher's look at its server's lease: the launcher decides by itself, so that a run also ends while the server is
//! stopped, gone, or cut off from the database.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::adapters::clock::since_boot;
use crate::adapters::lease_file;
use crate::domain::cluster::{Deadlines, LeaseTimes, Order};

/// The lease of the server that started a run.
pub(super) struct LeaseWatch {
    path: PathBuf,
    /// What the file said last; it counts where the file cannot be read any more.
    known: (Deadlines, LeaseTimes),
    next_look: Instant,
}

impl LeaseWatch {
    /// Begins to watch; `None` where there is no lease under which an engine may start.
    pub(super) fn begin(path: &Path) -> Option<Self> {
        let known = lease_file::read(path)?;
        let may_start = known.0.order(since_boot(), &known.1) == Order::Run;
        may_start.then(|| Self { path: path.to_owned(), known, next_look: Instant::now() })
    }

    /// Returns what to do with the engine now; looks at the file when it is time to.
    pub(super) fn order(&mut self, now: Instant) -> Order {
        if now >= self.next_look {
            self.known = lease_file::read(&self.path).unwrap_or(self.known);
            self.next_look = now + self.known.1.watch_every();
        }
        self.known.0.order(since_boot(), &self.known.1)
    }
}
