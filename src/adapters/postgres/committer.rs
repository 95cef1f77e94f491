//! The committer: takes what waits, commits it in one transaction, and only then answers. An outcome that is not known
//! is settled before anything else is committed, so that changes stay in order and without a gap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::connect::Link;
use super::shared::{Core, Reply, Submitted};
use super::transaction::{Failure, Outcome, Why, settled, transaction};
use crate::ports::store::{CommitError, Receipt};

/// Most commits of one transaction; bounds the time a caller waits for others.
const MAX_BATCH: usize = 128;
/// Most bytes of records in one transaction, unless one commit alone has more.
const MAX_BATCH_BYTES: usize = 8 << 20;
/// Tries of a transaction that was not applied.
const TRIES: usize = 3;
/// Longest time that a caller waits for an outcome to be settled.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between tries to settle an outcome.
const PAUSE: Duration = Duration::from_millis(250);
/// When a refused caller may come again.
const RETRY: Duration = Duration::from_secs(1);
/// When a caller that met a full volume may come again.
const FULL_RETRY: Duration = Duration::from_secs(5);

type Request = (Submitted, Reply);

/// Commits what is handed over until the store closes or stops.
pub(super) async fn run(core: Arc<Core>, requests: mpsc::Receiver<Request>) {
    let mut committer = Committer { core, requests, link: None };
    let mut left = None;
    while committer.core.fault().is_none() {
        let Some(batch) = committer.next_batch(&mut left).await else { break };
        committer.commit(batch).await;
    }
    let reason = committer.core.closed();
    committer.core.close();
    let late = left.into_iter().chain(std::iter::from_fn(|| committer.requests.try_recv().ok()));
    for (_, reply) in late {
        let _ = reply.send(Err(CommitError::Stopped { reason: reason.clone() }));
    }
    committer.core.listeners.end();
}

struct Committer {
    core: Arc<Core>,
    requests: mpsc::Receiver<Request>,
    link: Option<Link>,
}

fn bytes_of(submitted: &Submitted) -> usize {
    submitted.commit.writes.iter().filter_map(|write| write.put.as_ref()).map(|put| put.json.len()).sum()
}

/// A caller that went away does not undo its commit.
fn answer_all(replies: Vec<Reply>, answer: impl Fn() -> CommitError) {
    for reply in replies {
        let _ = reply.send(Err(answer()));
    }
}

impl Committer {
    /// Waits for a commit and takes those that wait behind it; the first that does not fit is `left` for the next
    /// batch. `None` once the store is closed and nothing waits.
    async fn next_batch(&mut self, left: &mut Option<Request>) -> Option<Vec<Request>> {
        let first = match left.take() {
            Some(first) => first,
            None => self.requests.recv().await?,
        };
        let mut bytes = bytes_of(&first.0);
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH {
            let Ok(next) = self.requests.try_recv() else { break };
            bytes += bytes_of(&next.0);
            if bytes > MAX_BATCH_BYTES {
                *left = Some(next);
                break;
            }
            batch.push(next);
        }
        Some(batch)
    }

    /// Commits a batch. Where the database cannot hold a value of one commit, that one is refused.
    async fn commit(&mut self, batch: Vec<Request>) {
        let Some((batch, why)) = self.commit_at_once(batch).await else { return };
        let several = batch.len() > 1;
        for one in batch {
            let refused =
                if several { self.commit_at_once(vec![one]).await } else { Some((vec![one], why.clone())) };
            for (request, why) in refused.into_iter().flat_map(|(all, why)| all.into_iter().zip([why])) {
                tracing::error!(
                    event = "SS_DEFECT",
                    reason = why,
                    "the database cannot hold a value of a commit"
                );
                let _ = request.1.send(Err(CommitError::Invalid { reason: why }));
            }
        }
    }

    /// Commits a batch in one transaction and answers it; returns it where the database cannot hold a value of it.
    async fn commit_at_once(&mut self, batch: Vec<Request>) -> Option<(Vec<Request>, String)> {
        let (commits, replies): (Vec<Submitted>, Vec<Reply>) = batch.into_iter().unzip();
        let mut why = String::new();
        for _ in 0..TRIES {
            let link = match self.link.take() {
                Some(link) if !link.client.is_closed() => link,
                _ => match self.core.target.connect().await {
                    Ok(link) => link,
                    Err(error) => {
                        why = error.to_string();
                        // who waits behind would wait for the same in vain
                        self.refuse_waiting();
                        break;
                    }
                },
            };
            match transaction(&link.client, &self.core, &commits).await {
                Ok(outcome) => {
                    self.link = Some(link);
                    self.finish(outcome, replies);
                    return None;
                }
                Err(Failure::AtEnd(outcome, why)) => {
                    drop(link);
                    tracing::warn!(
                        event = "SS_STORE_UNREACHABLE",
                        why,
                        "the outcome of a batch is not known yet"
                    );
                    self.settle(&commits, *outcome, replies).await;
                    return None;
                }
                Err(Failure::Fenced) => {
                    self.fenced(replies);
                    return None;
                }
                Err(Failure::Before(Why::Data(text))) => {
                    return Some((commits.into_iter().zip(replies).collect(), text));
                }
                Err(Failure::Before(Why::Full(text))) => {
                    tracing::error!(event = "SS_STORE_FULL", "{text}; commits are refused");
                    self.count_failures(&commits);
                    answer_all(replies, || CommitError::Full { retry_after: FULL_RETRY });
                    return None;
                }
                Err(Failure::Before(found @ Why::Again(_))) => found.text().clone_into(&mut why),
                Err(Failure::Before(found)) => {
                    found.text().clone_into(&mut why);
                    break;
                }
            }
        }
        tracing::warn!(event = "SS_STORE_UNREACHABLE", why, "the database cannot take commits now");
        self.count_failures(&commits);
        answer_all(replies, || CommitError::Unavailable { retry_after: RETRY });
        None
    }

    fn count_failures(&self, commits: &[Submitted]) {
        let audited = commits.iter().filter(|submitted| !submitted.commit.audit.is_empty()).count();
        self.core.count_audit_failures(audited);
    }

    /// Shows a durable batch to everyone who looks, then answers it.
    fn finish(&self, outcome: Outcome, replies: Vec<Reply>) {
        let Outcome { answers, changes, heads } = outcome;
        self.core.publish(heads.sequence, heads.jobs, (heads.audit_seq, heads.audit_hash));
        self.core.heal(&changes);
        self.core.listeners.deliver(&changes);
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }

    fn fenced(&self, replies: Vec<Reply>) {
        self.core.stop(FENCED);
        answer_all(replies, || CommitError::Stopped { reason: FENCED.to_owned() });
    }

    /// Refuses the commits that wait.
    fn refuse_waiting(&mut self) {
        while let Ok((_, reply)) = self.requests.try_recv() {
            let _ = reply.send(Err(CommitError::Unavailable { retry_after: RETRY }));
        }
    }

    /// Finds out whether a batch was applied whose COMMIT was lost. Callers wait for it up to a bound; what comes in
    /// meanwhile is refused.
    async fn settle(&mut self, commits: &[Submitted], outcome: Outcome, replies: Vec<Reply>) {
        let applied: Vec<&Receipt> =
            outcome.answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        let newest = applied.iter().map(|receipt| receipt.sequence).max();
        let ids: Vec<String> = commits.iter().map(|submitted| submitted.commit.id.clone()).collect();
        let (started, mut replies) = (Instant::now(), Some(replies));
        loop {
            match self.ask(ids.clone()).await {
                Ok((epoch, receipts)) => {
                    let is_applied = receipts.iter().any(|receipt| Some(receipt.sequence) == newest);
                    let replies = replies.take().unwrap_or_default();
                    if is_applied {
                        self.finish(outcome, replies);
                    } else {
                        answer_all(replies, || CommitError::Unavailable { retry_after: RETRY });
                    }
                    if epoch != self.core.epoch {
                        self.core.stop(FENCED);
                    }
                    return;
                }
                Err(why) => {
                    tracing::warn!(event = "SS_STORE_UNREACHABLE", why, "an outcome cannot be settled yet")
                }
            }
            let closed = self.requests.is_closed();
            if (started.elapsed() > PATIENCE || closed)
                && let Some(replies) = replies.take()
            {
                for (reply, id) in replies.into_iter().zip(&ids) {
                    let _ = reply.send(Err(CommitError::Indeterminate { id: id.clone() }));
                }
                self.count_failures(commits);
            }
            if closed {
                return;
            }
            self.refuse_waiting();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads receipts on a new connection, once no transaction is under way.
    async fn ask(&mut self, ids: Vec<String>) -> Result<(i64, Vec<Receipt>), String> {
        let link = self.core.target.connect().await.map_err(|error| error.to_string())?;
        let asked = tokio::time::timeout(PATIENCE, settled(&link.client, ids)).await;
        let found = asked.map_err(|_| "the database does not answer".to_owned())?;
        let found = found.map_err(|error| super::connect::text_of(&error))?;
        self.link = Some(link);
        Ok(found)
    }
}

/// Why a process that lost the store stops.
pub(super) const FENCED: &str = "another process has taken the store over";
