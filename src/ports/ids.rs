//! Fresh identifiers and secrets as a port: the only source of randomness of the use cases.

/// Makes identifiers and secrets.
pub trait IdSource: Send + Sync {
    /// Returns a fresh identifier with a prefix, unique and sortable by time, such as `job_0198…`.
    fn id(&self, prefix: &str) -> String;
    /// Returns `bytes` bytes from the operating system's generator.
    fn secret(&self, bytes: usize) -> Vec<u8>;
}
