//! The committer: takes what waits, commits it in one transaction, and only then answers. An outcome that is not known
//! is settled before anything else is committed, so that changes stay in order and without a gap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::claim::ClaimRequest;
use super::connect::Link;
use super::outage;
use super::schema::TablesFormat;
use super::session::Plans;
use super::shared::{ClaimReply, Core, Reply, Request, Submitted};
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

/// Commits what is handed over until the store closes or stops.
pub(super) async fn run(core: Arc<Core>, requests: mpsc::Receiver<Request>) {
    let mut committer = Committer { core, requests, link: None, plans: Plans::new() };
    let mut left = None;
    while committer.core.fault().is_none() {
        let Some(batch) = committer.next_batch(&mut left).await else { break };
        committer.commit(batch).await;
    }
    let reason = committer.core.closed();
    committer.core.close();
    let late = left.into_iter().chain(std::iter::from_fn(|| committer.requests.try_recv().ok()));
    late.for_each(|request| refuse(request, &CommitError::Stopped { reason: reason.clone() }));
    committer.core.order.listeners().end();
}

struct Committer {
    core: Arc<Core>,
    requests: mpsc::Receiver<Request>,
    link: Option<Link>,
    plans: Plans,
}

/// What one transaction does: commits with who waits for them, and at most one claim.
#[derive(Default)]
struct Batch {
    commits: Vec<Submitted>,
    replies: Vec<Reply>,
    claim: Option<(ClaimRequest, ClaimReply)>,
}

impl Batch {
    fn add(&mut self, request: Request) {
        match request {
            Request::Commit(commit, reply) => {
                self.commits.push(commit);
                self.replies.push(reply);
            }
            Request::Claim(claim, reply) => self.claim = Some((claim, reply)),
        }
    }

    fn len(&self) -> usize {
        self.commits.len() + usize::from(self.claim.is_some())
    }

    fn claim(&self) -> Option<&ClaimRequest> {
        self.claim.as_ref().map(|(claim, _)| claim)
    }

    /// Splits it into batches of one request each.
    fn into_single(self) -> impl Iterator<Item = Self> {
        let commits = self.commits.into_iter().zip(self.replies).map(|(c, reply)| Request::Commit(c, reply));
        let claim = self.claim.map(|(claim, reply)| Request::Claim(claim, reply));
        commits.chain(claim).map(|request| {
            let mut one = Self::default();
            one.add(request);
            one
        })
    }

    /// Answers everyone who waits with the same refusal. A caller that went away does not undo its commit.
    fn refuse(self, error: &CommitError) {
        for one in self.into_single() {
            let commit = one.commits.into_iter().zip(one.replies).map(|(c, reply)| Request::Commit(c, reply));
            let claim = one.claim.map(|(claim, reply)| Request::Claim(claim, reply));
            commit.chain(claim).for_each(|request| refuse(request, error));
        }
    }
}

fn refuse(request: Request, error: &CommitError) {
    // nobody waits where the caller went away
    match request {
        Request::Commit(_, reply) => drop(reply.send(Err(error.clone()))),
        Request::Claim(_, reply) => drop(reply.send(Err(error.clone().into()))),
    }
}

fn bytes_of(request: &Request) -> usize {
    let Request::Commit(submitted, _) = request else { return 0 };
    submitted.commit.writes.iter().filter_map(|write| write.put.as_ref()).map(|put| put.json.len()).sum()
}

impl Committer {
    /// Waits for a request and takes those that wait behind it; the first that does not fit is `left` for the next
    /// batch. `None` once the store is closed and nothing waits.
    async fn next_batch(&mut self, left: &mut Option<Request>) -> Option<Batch> {
        let first = match left.take() {
            Some(first) => first,
            None => self.requests.recv().await?,
        };
        let mut bytes = bytes_of(&first);
        let mut batch = Batch::default();
        batch.add(first);
        while batch.len() < MAX_BATCH {
            let Ok(next) = self.requests.try_recv() else { break };
            bytes += bytes_of(&next);
            if bytes > MAX_BATCH_BYTES || (matches!(next, Request::Claim(..)) && batch.claim.is_some()) {
                *left = Some(next);
                break;
            }
            batch.add(next);
        }
        Some(batch)
    }

    /// Commits a batch. Where the database cannot hold a value of one commit, that one is refused.
    async fn commit(&mut self, batch: Batch) {
        let Some((batch, why)) = self.commit_at_once(batch).await else { return };
        let several = batch.len() > 1;
        for one in batch.into_single() {
            let refused = if several { self.commit_at_once(one).await } else { Some((one, why.clone())) };
            let Some((one, why)) = refused else { continue };
            tracing::error!(
                event = "SS_DEFECT",
                reason = why,
                "the database cannot hold a value of a commit"
            );
            one.refuse(&CommitError::Invalid { reason: why });
        }
    }

    /// Commits a batch in one transaction and answers it; returns it where the database cannot hold a value of it.
    async fn commit_at_once(&mut self, batch: Batch) -> Option<(Batch, String)> {
        let mut why = String::new();
        for _ in 0..TRIES {
            let link = match self.link.take() {
                Some(link) if !link.client.is_closed() => link,
                _ => match self.core.target.connect_to_stay().await {
                    Ok(link) => link,
                    Err(error) => {
                        why = error.to_string();
                        // who waits behind would wait for the same in vain
                        self.refuse_waiting();
                        break;
                    }
                },
            };
            if self.plans.are_due(self.core.sequence()) {
                link.client.statement_cache.clear();
            }
            match transaction(
                self.core.target.kept.session(&link.client),
                &self.core,
                &batch.commits,
                batch.claim(),
            )
            .await
            {
                Ok(outcome) => {
                    outage::answered();
                    self.link = Some(link);
                    self.finish(outcome, batch);
                    return None;
                }
                Err(Failure::AtEnd(outcome, why)) => {
                    drop(link);
                    outage::away(&why, "the outcome of a batch is not known yet");
                    self.settle(*outcome, batch).await;
                    return None;
                }
                Err(Failure::Fenced(why)) => {
                    self.core.stop(why);
                    batch.refuse(&CommitError::Stopped { reason: why.to_owned() });
                    return None;
                }
                Err(Failure::Before(Why::Data(text))) => return Some((batch, text)),
                Err(Failure::Before(Why::Full(text))) => {
                    tracing::error!(event = "SS_STORE_FULL", "{text}; commits are refused");
                    self.count_failures(&batch);
                    batch.refuse(&CommitError::Full { retry_after: FULL_RETRY });
                    return None;
                }
                Err(Failure::Before(found @ Why::Again(_))) => found.text().clone_into(&mut why),
                Err(Failure::Before(found)) => {
                    found.text().clone_into(&mut why);
                    break;
                }
            }
        }
        outage::away(&why, "the database cannot take commits now");
        self.count_failures(&batch);
        batch.refuse(&CommitError::Unavailable { retry_after: RETRY });
        None
    }

    fn count_failures(&self, batch: &Batch) {
        let audited = batch.commits.iter().filter(|submitted| !submitted.commit.audit.is_empty()).count();
        self.core.count_audit_failures(audited);
    }

    /// Shows a durable batch to everyone who looks, then answers it.
    fn finish(&self, outcome: Outcome, batch: Batch) {
        let Outcome { answers, claims, before, changes, heads } = outcome;
        self.core.publish(heads.sequence, heads.jobs, (heads.audit_seq, heads.audit_hash));
        self.core.heal(&changes);
        if heads.sequence > before {
            self.core.wake.tell(heads.sequence);
        }
        self.core.order.own(before, heads.sequence, changes);
        for (reply, answer) in batch.replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
        if let Some((claims, (_, reply))) = claims.zip(batch.claim) {
            let _ = reply.send(Ok(claims));
        }
    }

    /// Refuses the requests that wait.
    fn refuse_waiting(&mut self) {
        while let Ok(request) = self.requests.try_recv() {
            refuse(request, &CommitError::Unavailable { retry_after: RETRY });
        }
    }

    /// Finds out whether a batch was applied whose COMMIT was lost. Callers wait for it up to a bound; what comes in
    /// meanwhile is refused.
    async fn settle(&mut self, outcome: Outcome, batch: Batch) {
        let newest = outcome.heads.sequence;
        let ids: Vec<String> = batch.commits.iter().map(|submitted| submitted.commit.id.clone()).collect();
        let claims = batch.claim().into_iter().flat_map(ClaimRequest::commit_ids);
        let asked: Vec<String> = ids.iter().cloned().chain(claims).collect();
        let (started, mut batch) = (Instant::now(), Some(batch));
        loop {
            match self.ask(asked.clone()).await {
                Ok(((epoch, tables), receipts)) => {
                    let is_applied = receipts.iter().any(|receipt| receipt.sequence == newest);
                    let batch = batch.take().unwrap_or_default();
                    if is_applied {
                        self.finish(outcome, batch);
                    } else {
                        self.core.order.give_up();
                        batch.refuse(&CommitError::Unavailable { retry_after: RETRY });
                    }
                    if let Some(why) = self.core.bar(epoch, tables, None) {
                        self.core.stop(why);
                    }
                    return;
                }
                Err(why) => outage::away(&why, "an outcome cannot be settled yet"),
            }
            let closed = self.requests.is_closed();
            if (started.elapsed() > PATIENCE || closed)
                && let Some(batch) = batch.take()
            {
                self.count_failures(&batch);
                for one in batch.into_single() {
                    let id = one.commits.first().map(|one| one.commit.id.clone()).unwrap_or_default();
                    one.refuse(&CommitError::Indeterminate { id });
                }
            }
            if closed {
                return;
            }
            self.refuse_waiting();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads receipts on a new connection, once no transaction is under way.
    async fn ask(&mut self, ids: Vec<String>) -> Result<((i64, TablesFormat), Vec<Receipt>), String> {
        let link = self.core.target.connect_to_stay().await.map_err(|error| error.to_string())?;
        let asked = tokio::time::timeout(PATIENCE, settled(&link.client, ids)).await;
        let found = asked.map_err(|_| "the database does not answer".to_owned())?;
        let found = found.map_err(|error| super::connect::text_of(&error))?;
        self.link = Some(link);
        Ok(found)
    }
}
