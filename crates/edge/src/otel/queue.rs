//! The bounded queue between spans that ended and the collector. The SDK's own batch processor was weighed: it
//! keeps the number of dropped spans to itself and exports on a thread without a tokio runtime.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::sync::{Notify, mpsc, watch};

use super::Settings;

/// Spans by what became of them.
#[derive(Debug, Default)]
pub struct Counters {
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    /// Taken by the collector.
    pub fn exported(&self) -> u64 {
        self.exported.load(Ordering::Relaxed)
    }

    /// Not sent, because too many waited already.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sent, but not taken: refused, no connection, or no answer in time.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The program's side.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    sender: mpsc::Sender<SpanData>,
    counters: Arc<Counters>,
    full: Arc<Notify>,
    /// Waiting spans of which the exporting task is told.
    wakes_from: usize,
}

impl Queue {
    /// Takes a span that ended; never waits. What finds no room, or comes after the end, is dropped and counted.
    pub(super) fn push(&self, span: SpanData) {
        if self.sender.try_send(span).is_err() {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if self.sender.max_capacity() - self.sender.capacity() >= self.wakes_from {
            self.full.notify_one();
        }
    }
}

/// The two sides: the program's, and the work of the exporting task, which ends after `stopped` with what waits.
pub(super) fn start<E: SpanExporter + 'static>(
    exporter: E,
    settings: &Settings,
    counters: Arc<Counters>,
    stopped: watch::Receiver<bool>,
) -> (Queue, impl Future<Output = ()> + Send + use<E>) {
    let (sender, receiver) = mpsc::channel(settings.queue);
    let full = Arc::<Notify>::default();
    let wakes_from = settings.batch.min(settings.queue.div_ceil(2));
    let queue = Queue { sender, counters: Arc::clone(&counters), full: Arc::clone(&full), wakes_from };
    let (batch, interval, timeout) = (settings.batch, settings.interval, settings.export_timeout);
    (queue, work(exporter, (receiver, full), counters, stopped, (batch, interval, timeout)))
}

async fn work<E: SpanExporter>(
    exporter: E,
    (mut receiver, full): (mpsc::Receiver<SpanData>, Arc<Notify>),
    counters: Arc<Counters>,
    mut stopped: watch::Receiver<bool>,
    (most, interval, timeout): (usize, Duration, Duration),
) {
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            n = receiver.recv_many(&mut batch, most) => if n == 0 { return },
            // also when the program has dropped its side
            _ = stopped.wait_for(|stopped| *stopped), if !receiver.is_closed() => {
                receiver.close();
                continue;
            }
        }
        // not woken by every span: that costs the thread which ends it more than the span itself
        if batch.len() < most {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => receiver.close(),
                () = full.notified() => {}
                () = tokio::time::sleep(interval) => {}
            }
        }
        while batch.len() < most
            && let Ok(span) = receiver.try_recv()
        {
            batch.push(span);
        }
        let n = batch.len() as u64;
        let is_taken = matches!(tokio::time::timeout(timeout, exporter.export(batch)).await, Ok(Ok(())));
        let counter = if is_taken { &counters.exported } else { &counters.failed };
        counter.fetch_add(n, Ordering::Relaxed);
    }
}
