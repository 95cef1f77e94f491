//! Automatic retries of attempts that were lost.

use crate::domain::run::Cause;

/// Most attempts that one request of a run starts by itself (1 + automatic retries).
pub const AUTOMATIC_ATTEMPTS: u32 = 4;

/// Returns when an automatic retry of a lost attempt may start: 1, 4, 16 s after attempts 1, 2, 3, then never.
/// `jitter` in 0..=1 adds up to a quarter.
pub fn retry_delay(cause: Cause, attempts_used: u32, jitter: f64) -> Option<chrono::Duration> {
    if !matches!(cause, Cause::WorkerLost | Cause::Killed | Cause::Internal)
        || attempts_used >= AUTOMATIC_ATTEMPTS
    {
        return None;
    }
    let seconds = 4_f64.powi(i32::try_from(attempts_used.saturating_sub(1)).unwrap_or(0));
    Some(chrono::Duration::milliseconds((seconds * 1000.0 * (1.0 + 0.25 * jitter)) as i64))
}
