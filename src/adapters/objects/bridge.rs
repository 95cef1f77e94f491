//! Runs asynchronous work for callers that block.

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::ports::blob_store::unavailable;

/// A runtime of its own: calls come from pools, plain threads and tests, with or without a runtime around them.
pub(super) struct Bridge {
    /// Present until the end.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Bridge {
    /// Starts the threads.
    ///
    /// # Errors
    /// Any I/O error of starting them.
    pub(super) fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("objects").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Waits for work on this thread, which may belong to another runtime's pool.
    ///
    /// # Errors
    /// Unavailable where the runtime has ended.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        let (send, receive) = sync_channel(1);
        self.handle.spawn(async move {
            // without a receiver nobody waits for it
            let _ = send.send(work.await);
        });
        receive.recv().map_err(|_| unavailable("the service ends"))
    }

    /// Starts work that nobody waits for.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // may be dropped where blocking is not allowed
            runtime.shutdown_background();
        }
    }
}
