//! Trials of the object store: one at the start, then again and again, so that an outage and its end are known before
//! somebody needs a file.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::sync::Notify;

use super::errors::reason;
use crate::ports::blob_store::Trial;

/// Time between two trials of a store that answers, and of one that does not.
const EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(1));
/// Longest time of a trial.
const LIMIT: Duration = Duration::from_secs(10);
/// Time between two looks for what other servers left.
const LOOK: Duration = Duration::from_secs(3600);
/// Age of an object from which its server was killed in its trial: 1 hour, in seconds.
const LEFT_SECONDS: i64 = 3600;
/// What a trial writes.
const CONTENT: &[u8] = b"stata-service trial";

/// Result of the last trial, shared with the calls that find the store away.
pub(super) struct Watched {
    place: String,
    last: Mutex<Trial>,
    is_away: AtomicBool,
    wake: Notify,
}

impl Watched {
    /// Starts with a trial that succeeded.
    pub(super) fn new(place: String, conditional: bool) -> Self {
        let last = Mutex::new(Trial { found: Ok(String::new()), conditional });
        let watched = Self { place, last, is_away: AtomicBool::new(false), wake: Notify::new() };
        watched.note(Ok(()));
        watched
    }

    /// True while the store is known not to answer.
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// True if puts with a condition are refused where the object exists.
    pub(super) fn is_conditional(&self) -> bool {
        self.last().conditional
    }

    /// Returns the result of the last trial.
    pub(super) fn last(&self) -> Trial {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that a call found the store away; a trial follows at once.
    pub(super) fn failed(&self, why: &str) {
        self.note(Err(why.to_owned()));
        self.wake.notify_one();
    }

    fn note(&self, outcome: Result<(), String>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let conditional = if last.conditional { "yes" } else { "no" };
        last.found = match outcome {
            Ok(()) => Ok(format!("{}: put, read and removed; conditional: {conditional}", self.place)),
            Err(why) => Err(format!("{}: {why}", self.place)),
        };
        let is_away = last.found.is_err();
        drop(last);
        match (self.is_away.swap(is_away, Ordering::Relaxed), is_away) {
            (false, true) => tracing::error!(
                event = "SS_OBJECT_STORE_AWAY",
                place = self.place,
                reason = self.last().found.err(),
                "the object store does not answer"
            ),
            (true, false) => {
                tracing::info!(
                    event = "SS_OBJECT_STORE_BACK",
                    place = self.place,
                    "the object store answers again"
                );
            }
            _ => {}
        }
    }
}

/// Tries the store again and again, and removes what other servers left; ends with the runtime.
pub(super) async fn watch(watched: Arc<Watched>, client: AmazonS3, name: Path) {
    let mut looked: Option<Instant> = None;
    loop {
        let pause = if watched.is_away() { EVERY.1 } else { EVERY.0 };
        let _ = tokio::time::timeout(pause, watched.wake.notified()).await;
        let outcome = match tokio::time::timeout(LIMIT, write_and_read(&client, &name)).await {
            Ok(outcome) => outcome.map_err(|error| reason(&error)),
            Err(_) => Err("no answer in time".to_owned()),
        };
        if outcome.is_err() && watched.is_away() {
            // wakes of calls that fail meanwhile must not make it a busy loop
            tokio::time::sleep(EVERY.1).await;
        }
        let is_well = outcome.is_ok();
        watched.note(outcome);
        if is_well && looked.is_none_or(|at| at.elapsed() >= LOOK) {
            // what cannot be removed now is found by the next look
            let _ = tokio::time::timeout(LIMIT, remove_left(&client, &name)).await;
            looked = Some(Instant::now());
        }
    }
}

/// Puts an object, reads a part of it and removes it.
async fn write_and_read(client: &AmazonS3, name: &Path) -> Result<(), Error> {
    client.put(name, PutPayload::from_static(CONTENT)).await?;
    read_part(client, name).await?;
    client.delete(name).await
}

/// Removes the objects of servers that were killed between the first and the last request of a trial. How old they are is
/// told by the store's own clock: beside an object that is new.
async fn remove_left(client: &AmazonS3, name: &Path) -> Result<(), Error> {
    let below = Path::parse(name.as_ref().rsplit_once('/').map_or("", |(folder, _)| folder))?;
    client.put(name, PutPayload::from_static(CONTENT)).await?;
    let listed: Vec<ObjectMeta> = client.list(Some(&below)).try_collect().await?;
    let new = listed.iter().find(|object| object.location == *name).map(|object| object.last_modified);
    for object in &listed {
        if new.is_some_and(|new| (new - object.last_modified).num_seconds() >= LEFT_SECONDS) {
            client.delete(&object.location).await?;
        }
    }
    client.delete(name).await
}

async fn read_part(client: &AmazonS3, name: &Path) -> Result<(), Error> {
    let part = client.get_range(name, 6..13).await?;
    if part == CONTENT[6..13] {
        return Ok(());
    }
    Err(Error::Generic { store: "S3", source: "a range has other bytes than were put".into() })
}

/// The trial of the start; returns whether a conditional put is refused where the object exists.
pub(super) async fn first(client: &AmazonS3, name: &Path) -> Result<bool, Error> {
    client.put(name, PutPayload::from_static(CONTENT)).await?;
    read_part(client, name).await?;
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    let again = client.put_opts(name, PutPayload::from_static(CONTENT), create).await;
    client.delete(name).await?;
    // any other refusal means that the store does not know the condition
    Ok(matches!(again, Err(Error::AlreadyExists { .. })))
}
