//! The ways in which a process uses the store.

/// What a process does with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It takes the store over: the server that had it stops with its next commit. It owns the data directory.
    Own,
    /// It serves, maybe with others that have other data directories; it owns its own. It stops where a process takes the
    /// store over.
    Serve,
    /// It commits beside a server that has another data directory, and owns its own.
    Directory,
    /// It commits beside a server, and leaves the data directory alone.
    Beside,
}
