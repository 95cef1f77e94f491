//! The checks of store, disk, blobs and queue, over the ports. Those of the engine, the workers and the
//! language model belong to the composition root, which knows them.

use std::future::Future;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;

use super::Found;
use crate::domain::job::JobStatus;
use crate::ports::blob_store::BlobStore;
use crate::ports::host::Host;
use crate::ports::store::{Key, StoreExt};
use crate::service::shared::context::Context;

/// Seconds after which a queue that nobody works at is reported.
const STUCK_SECONDS: f64 = 60.0;

/// The store's own facts, and one read that its readers must answer; or, `whether_it_writes`, one that waits for the commits
/// under way.
pub fn store(ctx: &Context, whether_it_writes: bool) -> Found {
    let facts = ctx.store.status();
    if let Some(fault) = facts.fault {
        return Found::Out(format!("store_fault: {fault}"));
    }
    let asked = if whether_it_writes {
        wait_for(ctx.store.committed("health")).map(drop)
    } else {
        wait_for(ctx.store.get(&Key::Cursor("health".to_owned()))).map(drop)
    };
    if let Err(error) = asked {
        return Found::Out(format!("a read failed: {error}"));
    }
    if facts.quarantined_records > 0 {
        return Found::Limited(format!("{} quarantined records", facts.quarantined_records));
    }
    if !facts.damaged_tables.is_empty() {
        return Found::Limited(format!("damaged tables: {}", facts.damaged_tables.join(", ")));
    }
    if let Some(fault) = facts.export_fault {
        return Found::Limited(format!("readable copies lag behind: {fault}"));
    }
    Found::Well(format!("sequence {}", facts.sequence))
}

/// The free space of the data volume.
pub fn disk(ctx: &Context) -> Found {
    match ctx.options.disk_low.look(ctx.volume.as_ref()) {
        Ok(space) if space.is_low() => Found::Limited(format!(
            "{} of {} bytes free; {} are needed: new work is refused",
            space.free_bytes, space.total_bytes, space.needed_bytes
        )),
        Ok(space) => Found::Well(format!("{} of {} bytes free", space.free_bytes, space.total_bytes)),
        Err(error) => Found::Out(format!("the data volume cannot be read: {}", error.kind())),
    }
}

/// The folders of data and artifacts, which may be on volumes of their own: in each a file is written, read back and
/// removed. An object store is added as its last trial found it.
pub fn blobs(host: &dyn Host, folders: &[PathBuf], blobs: &dyn BlobStore) -> Found {
    for folder in folders {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).display();
        match host.try_writing(folder) {
            Ok(()) => {}
            // the disk's own check says how much is missing; what is there is still served
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                return Found::Limited(format!("the volume of {name} is full"));
            }
            Err(error) => return Found::Out(format!("no file can be written in {name}: {}", error.kind())),
        }
    }
    match blobs.last_trial().map(|trial| trial.found) {
        None => Found::Well("written, read and removed".to_owned()),
        Some(Ok(found)) => Found::Well(format!("object store {found}")),
        Some(Err(reason)) => Found::Out(format!("object store {reason}")),
    }
}

/// State of the workers for the check of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Attempts under way.
    pub active: usize,
    /// New ones would be taken.
    pub claims: bool,
}

/// The queue as the store has it; told as stuck where something waits long and nobody works.
pub fn queue(ctx: &Context, work: Work) -> Found {
    let queued = ctx.store.status().jobs.get(&JobStatus::Queued).copied().unwrap_or(0);
    let first = match wait_for(ctx.store.queued(0, 1)) {
        Ok(found) => found.into_iter().next(),
        Err(error) => return Found::Out(format!("the queue cannot be read: {error}")),
    };
    let Some(first) = first else { return Found::Well("empty".to_owned()) };
    let waited = (ctx.clock.now() - first.ready_at).as_seconds_f64();
    let detail = format!("{queued} queued, the oldest ready for {:.0} s", waited.max(0.0));
    if work.claims && work.active == 0 && waited > STUCK_SECONDS {
        Found::Limited(format!("{detail}, and nobody works"))
    } else {
        Found::Well(detail)
    }
}

/// Waits on this thread for an answer of the store, whose own threads give it.
pub fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut task = TaskContext::from_waker(&waker);
    let mut answer = pin!(answer);
    loop {
        match answer.as_mut().poll(&mut task) {
            Poll::Ready(found) => return found,
            Poll::Pending => std::thread::park(),
        }
    }
}
