//! The volume that holds the data directory, as a port.

use std::io;

/// Space of the data volume. Calls block.
pub trait Volume: Send + Sync {
    /// Releases the space that is reserved for the ends of runs; returns true if there was any.
    fn make_room(&self) -> bool;

    /// Returns the free and the total bytes; of several volumes those of the one with the least free bytes.
    ///
    /// # Errors
    /// `ReadOnlyFilesystem` where nothing can be written; `StaleNetworkFileHandle` where another folder is in the place of
    /// the one that was opened, so that what is missing is not lost and what is written is not kept; any I/O error.
    fn free_bytes(&self) -> io::Result<(u64, u64)>;
}
