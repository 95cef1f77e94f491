//! The order of changes where several processes commit to one database. Every process delivers all commits in the order
//! of their sequence: its own from memory, those of others out of the receipts. A receipt names what was written; the
//! record is read as it is by then, so that one may stand for several changes of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::batch::receipt_of;
use super::pace::Pace;
use super::reads::Readers;
use super::rows::Param;
use super::schema::{TABLES_FORMAT, TablesFormat};
use crate::adapters::ids::SystemIds;
use crate::adapters::store::listeners::Listeners;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::ids::IdSource as _;
use crate::ports::store::{Change, ChangedRecord, Key, ReadError, Receipt};

/// How often the commits of others are looked for, from and to. Processes that start together do not ask together.
const LOOK_MS: (u64, u64) = (750, 1250);
/// Most receipts of one read.
const PAGE: i64 = 256;

/// Why a process stops that cannot say any more what others committed.
const BEHIND: &str = "commits of other processes were not followed for so long that their receipts are gone";

/// What was delivered, and what waits for the commits of others before it.
pub(super) struct Order {
    listeners: Listeners,
    state: Mutex<State>,
    /// There is a reason to look at once: a batch of this process waits for commits of others, or they told of some.
    gap: Notify,
}

struct State {
    /// Sequence of the newest commit that was delivered.
    delivered: u64,
    /// While a transaction of this process is under way: the newest sequence before it. What comes behind is its own.
    under_way: Option<u64>,
    /// Commits were not read because they may have been those of the transaction that is under way.
    is_put_off: bool,
    /// Batches of this process by the newest sequence before each, with their own newest sequence.
    waiting: BTreeMap<u64, (u64, Vec<Change>)>,
}

impl Order {
    /// Starts behind a commit.
    pub(super) fn after(sequence: u64) -> Self {
        let state =
            State { delivered: sequence, under_way: None, is_put_off: false, waiting: BTreeMap::new() };
        Self { listeners: Listeners::default(), state: Mutex::new(state), gap: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // every change of it is complete before anything that may panic
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who listen.
    pub(super) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// Notes that a transaction of this process holds the lock, behind a commit.
    pub(super) fn begin(&self, before: u64) {
        self.state().under_way = Some(before);
    }

    /// Notes that the transaction was not applied.
    pub(super) fn give_up(&self) {
        let mut state = self.state();
        state.under_way = None;
        self.look_if_put_off(&mut state);
    }

    fn look_if_put_off(&self, state: &mut State) {
        if std::mem::take(&mut state.is_put_off) {
            self.look();
        }
    }

    /// Delivers the batch of the transaction that is under way, as soon as everything before it is.
    pub(super) fn own(&self, before: u64, newest: u64, changes: Vec<Change>) {
        let mut state = self.state();
        state.under_way = None;
        if newest > state.delivered {
            state.waiting.insert(before, (newest, changes));
        }
        self.deliver_waiting(&mut state);
        state.is_put_off |= before > state.delivered;
        self.look_if_put_off(&mut state);
    }

    fn deliver_waiting(&self, state: &mut State) {
        while let Some(first) = state.waiting.first_entry().filter(|first| *first.key() <= state.delivered) {
            let (newest, changes) = first.remove();
            let at = changes.partition_point(|change| change.sequence <= state.delivered);
            self.listeners.deliver(&changes[at..]);
            state.delivered = state.delivered.max(newest);
        }
    }

    /// Has the commits of others looked for at once.
    pub(super) fn look(&self) {
        self.gap.notify_one();
    }

    /// Sequence of the newest commit that was delivered.
    pub(super) fn delivered(&self) -> u64 {
        self.state().delivered
    }

    /// Returns the newest commit that was delivered, where others have committed behind it up to `newest`.
    fn gap_after(&self, newest: u64) -> Option<u64> {
        let mut state = self.state();
        let is_own = state.under_way.is_some_and(|before| before <= state.delivered);
        state.is_put_off |= is_own && newest > state.delivered;
        (newest > state.delivered && !is_own).then_some(state.delivered)
    }

    /// Delivers commits that were read: each with its sequence and changes, in order and without a gap. Those of this
    /// process come from memory.
    fn read(&self, commits: Vec<(u64, Vec<Change>)>) {
        let mut state = self.state();
        for (sequence, changes) in commits {
            self.deliver_waiting(&mut state);
            if state.under_way.is_some_and(|before| sequence > before) {
                state.is_put_off = true;
                return;
            }
            if sequence == state.delivered + 1 {
                self.listeners.deliver(&changes);
                state.delivered = sequence;
            }
        }
        self.deliver_waiting(&mut state);
    }
}

/// Delivers the commits of other processes until it is dropped.
pub(super) async fn run(readers: Arc<Readers>) {
    let mut failed = false;
    let mut pace = Pace::new();
    loop {
        let wait = Duration::from_millis(
            LOOK_MS.0 + u64::from(SystemIds.secret(1)[0]) * (LOOK_MS.1 - LOOK_MS.0) / 255,
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // after a failure it would be asked without a pause
            () = readers.core.order.gap.notified(), if !failed => {}
        }
        let outcome = catch_up(&readers).await;
        failed = outcome.is_err();
        // that the database is away was reported by the read
        if matches!(outcome, Err(ReadError::Stopped { .. })) {
            return;
        }
        pace.rest().await;
    }
}

/// Delivers everything that was committed until now.
///
/// # Errors
/// As the reads.
async fn catch_up(readers: &Readers) -> Result<(), ReadError> {
    let core = &readers.core;
    loop {
        let newest = show_heads(readers).await?;
        let Some(after) = core.order.gap_after(newest) else { return Ok(()) };
        // none behind the heads that are shown: who is told of a queued job looks at the number of queued jobs first
        let sql = "SELECT sequence, versions FROM ss.commits WHERE sequence > $1 AND sequence <= $3 ORDER BY sequence LIMIT $2";
        let params = [after.cast_signed(), PAGE, newest.cast_signed()].map(Param::number).into();
        let rows = readers.frequent_rows(sql, params).await?;
        let receipts = rows.iter().map(|row| readers.checked(receipt_of(row, [0, 1])));
        let receipts = receipts.collect::<Result<Vec<_>, _>>()?;
        if receipts.first().is_none_or(|first| first.sequence != after + 1) {
            core.stop(BEHIND);
            return Err(ReadError::Stopped { reason: core.closed() });
        }
        let commits = changes_of(readers, receipts).await?;
        commits.iter().for_each(|(_, changes)| core.heal(changes));
        core.order.read(commits);
        // what is left is a transaction of this process, or comes behind one
        if core.order.delivered() == after {
            return Ok(());
        }
    }
}

/// Shows the heads that others left; returns the newest sequence. A process that may not write any more stops.
///
/// # Errors
/// As the reads.
async fn show_heads(readers: &Readers) -> Result<u64, ReadError> {
    let sql = format!(
        "SELECT h.sequence, h.job_counts, h.audit_seq, h.audit_hash, h.epoch, t.* FROM ss.heads h, ({TABLES_FORMAT}) t"
    );
    let rows = readers.frequent_rows(&sql, Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(0) };
    // one that commits nothing learns of it here
    if let Some(why) =
        readers.core.bar(readers.cell(row, 4)?, readers.checked(TablesFormat::of(row, 5))?, None)
    {
        readers.core.stop(why);
        return Err(ReadError::Stopped { reason: readers.core.closed() });
    }
    let number = |at| readers.cell::<i64>(row, at).map(i64::cast_unsigned);
    let sequence = number(0)?;
    let jobs = serde_json::from_str(&readers.cell::<String>(row, 1)?).unwrap_or_default();
    readers.core.publish(sequence, jobs, (number(2)?, readers.cell(row, 3)?));
    Ok(sequence)
}

/// Returns the changes of commits, with the jobs as they are now.
async fn changes_of(readers: &Readers, receipts: Vec<Receipt>) -> Result<Vec<(u64, Vec<Change>)>, ReadError> {
    let mut names = (Vec::new(), Vec::new());
    for (key, _) in receipts.iter().flat_map(|receipt| &receipt.versions) {
        if let Key::Job(tenant, job_id) = key {
            names.0.push(tenant.to_string());
            names.1.push(job_id.to_string());
        }
    }
    let jobs = if names.0.is_empty() { HashMap::new() } else { jobs_now(readers, names).await? };
    let commits = receipts.into_iter().map(|Receipt { sequence, versions }| {
        let changed = versions.into_iter().filter_map(|(key, version)| changed(&jobs, key, version));
        (sequence, changed.map(|record| Change { sequence, is_own: false, record }).collect())
    });
    Ok(commits.collect())
}

type JobsNow = HashMap<(TenantId, JobId), Option<Arc<JobRecord>>>;

/// Reads jobs by their names; a damaged one is there without its content.
async fn jobs_now(
    readers: &Readers,
    (tenants, ids): (Vec<String>, Vec<String>),
) -> Result<JobsNow, ReadError> {
    let named =
        "FROM unnest($1, $2) AS named(of_tenant, id) JOIN ss.jobs ON (job_id, tenant) = (id, of_tenant)";
    let mut jobs = JobsNow::new();
    for found in
        readers.each_often::<JobRecord>(named, vec![Param::texts(tenants), Param::texts(ids)]).await?
    {
        match found {
            Ok(job) => {
                jobs.insert((job.tenant_id.clone(), job.job_id.clone()), Some(Arc::new(job)));
            }
            Err(damage) => {
                readers.core.report(&damage);
                if let Some(Key::Job(tenant, id)) = damage.key {
                    jobs.insert((tenant, id), None);
                }
            }
        }
    }
    Ok(jobs)
}

/// What a commit that wrote `version` of a record tells now. Nothing where the record is newer: the later commit tells it.
fn changed(jobs: &JobsNow, key: Key, version: u64) -> Option<ChangedRecord> {
    let Key::Job(tenant, id) = key else { return Some(ChangedRecord::Other(key)) };
    match jobs.get(&(tenant.clone(), id.clone())) {
        None => Some(ChangedRecord::Deleted(Key::Job(tenant, id))),
        Some(job) => job.clone().filter(|job| job.version <= version).map(ChangedRecord::Job),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// A commit that was read while a transaction of this process was under way may be its own. Where it was not, nothing
    /// else tells of it before the next look, up to a second later.
    #[test]
    fn commits_that_were_left_for_a_transaction_are_looked_for_after_it() {
        let order = Order::after(5);
        order.begin(5);
        order.read(vec![(6, Vec::new())]);
        assert_eq!(order.delivered(), 5, "it may be of the transaction that is under way");
        order.give_up();
        assert!(order.gap.notified().now_or_never().is_some(), "others are looked for at once");
        order.read(vec![(6, Vec::new())]);
        assert_eq!(order.delivered(), 6);
    }
}
