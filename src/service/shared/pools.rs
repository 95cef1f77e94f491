//! Named, bounded pools for blocking work, so that no file or table is read on an async thread.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::error::{ErrorCode, Problem};

/// One pool: at most `permits` closures run at once, others wait up to a bound.
#[derive(Debug, Clone)]
pub struct Pool {
    name: &'static str,
    permits: Arc<Semaphore>,
    wait: Duration,
}

impl Pool {
    /// Builds a pool with a number of permits and the longest wait for one.
    pub fn new(name: &'static str, permits: usize, wait: Duration) -> Self {
        Self { name, permits: Arc::new(Semaphore::new(permits.max(1))), wait }
    }

    /// Runs blocking work. The work continues to its end if the caller is dropped.
    ///
    /// # Errors
    /// `SERVICE_NOT_READY` if no permit came free in time; `INTERNAL_ERROR` if the work panicked.
    #[expect(clippy::disallowed_methods, reason = "the one place that hands work to blocking threads")]
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| {
                Problem::new(ErrorCode::ServiceNotReady, "the service is busy; try again shortly")
                    .retry_after(2)
                    .with("pool", self.name)
            })?
            .expect("a pool's semaphore is never closed");
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        })
        .await
        .map_err(|error| {
            tracing::error!(event = "SS_POOL_PANICKED", pool = self.name, %error, "blocking work ended by a panic");
            Problem::internal()
        })
    }
}

/// The pools of the service.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Reading artifacts, previews, logs.
    pub reads: Pool,
    /// Writing uploads; one blocking writer per upload.
    pub uploads: Pool,
    /// Turning uploads into canonical data; CPU bound.
    pub ingest: Pool,
    /// Making documents of finished runs; CPU bound.
    pub renders: Pool,
    /// Small durable writes of artifacts.
    pub writes: Pool,
    /// Checking passwords: each takes memory and time on purpose.
    pub passwords: Pool,
}

impl Pools {
    /// Sizes the pools for a number of cores.
    pub fn for_cores(cores: usize) -> Self {
        Self {
            reads: Pool::new("reads", cores * 8, Duration::from_secs(10)),
            uploads: Pool::new("uploads", cores * 4, Duration::from_secs(10)),
            ingest: Pool::new("ingest", cores, Duration::from_secs(600)),
            renders: Pool::new("renders", cores.div_ceil(2), Duration::from_secs(60)),
            writes: Pool::new("writes", cores * 8, Duration::from_secs(10)),
            passwords: Pool::new("passwords", cores.div_ceil(2), Duration::from_secs(5)),
        }
    }
}
