//! Questions to the store while the service starts.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::ports::store::ReadError;

/// How long a start waits for a store that cannot answer: a failover of the database takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest pause between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks the store, again while it cannot answer.
///
/// # Errors
/// [`ErrorKind::NotConnected`] for a store that did not answer in a minute; other errors at once.
pub(super) async fn at_start<T, F>(ask: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = std::result::Result<T, ReadError>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(ReadError::Unavailable { retry_after }) if Instant::now() < deadline => {
                sleep(retry_after.min(PAUSE)).await;
            }
            Err(error @ ReadError::Unavailable { .. }) => {
                return Err(Error::new(ErrorKind::NotConnected, error));
            }
            Err(error) => return Err(Error::other(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn away() -> ReadError {
        ReadError::Unavailable { retry_after: Duration::from_secs(5) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_for_some_seconds_is_waited_for() {
        let asked = AtomicU32::new(0);
        let answer = at_start(|| {
            let n = asked.fetch_add(1, Ordering::Relaxed);
            async move { if n < 20 { Err(away()) } else { Ok(n) } }
        });
        assert_eq!(answer.await.expect("it answers"), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_told_apart_from_one_that_stopped() {
        let kind = async |error: ReadError| {
            at_start(|| std::future::ready(Err::<(), _>(error.clone()))).await.expect_err("no answer").kind()
        };
        assert_eq!(kind(away()).await, ErrorKind::NotConnected);
        assert_eq!(kind(ReadError::Stopped { reason: "full".to_owned() }).await, ErrorKind::Other);
    }
}
