//! Claims: which queued jobs a transaction takes. They are chosen under the lock of the heads, which a claim needs for its
//! number and its event anyway: two claims never meet in the queue, and limits of tenants are exact.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use tokio_postgres::{Error, Row};

use super::apply::{Current, State};
use super::batch::job_current;
use super::reads::Readers;
use super::rows::{Cell, Param, Statement, decode};
use super::shared::{Core, Submitted};
use crate::adapters::store::prepare::prepare;
use crate::adapters::store::rows::Damage;
use crate::domain::cluster::{DatabaseTime, NodeEpoch, NodeRow, NodeState, free_seats};
use crate::domain::ids::{JobId, RunId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::TenantUsage;
use crate::ports::store::{ClaimAsk, Claimed, Claims, Key, ReadError, claim_commit, claim_id};

/// Most jobs that one transaction takes; bounds how long it holds the lock.
const MOST: usize = 32;
/// Time after which a job that could not be claimed is tried again, in milliseconds.
const PUT_ASIDE_MS: i64 = 60_000;

/// A time further away than any wait, in milliseconds.
const FARTHEST_MS: i64 = 120_000;

/// When a server without a lease asks again, and one that found no seat free.
const SOON: TimeDelta = TimeDelta::seconds(1);

/// The lease of a server (`$1`, `$2`), and the time, in microseconds.
const LEASE: &str = "SELECT 'lease', node_id, state, NULL, (extract(epoch FROM lease_until) * 1000000)::int8, \
     (extract(epoch FROM clock_timestamp()) * 1000000)::int8, NULL, NULL \
     FROM ss.nodes WHERE node_id = $1 AND epoch = $2";

/// How many runs are under way on all servers, where that is bounded (`$1`). Each row is a seat that is taken: it is written
/// with the claim, and goes with the commit that ends the run.
const TAKEN: &str = "SELECT 'taken', '', NULL, NULL, \
     CASE WHEN $1::int8 IS NULL THEN 0 ELSE (SELECT count(*) FROM ss.active_runs) END, NULL, NULL, NULL";

/// Lets delayed jobs take their places whose time has come. A time further away than any wait shows that the clock which
/// wrote it was wrong ([`may_start`](crate::domain::job::record::may_start)).
const DUE: &str = "UPDATE ss.queue SET delayed_until = NULL WHERE delayed_until IS NOT NULL AND \
     (delayed_until <= (extract(epoch FROM statement_timestamp()) * 1000)::int8 OR \
      delayed_until > (extract(epoch FROM statement_timestamp()) * 1000)::int8 + 120000)";

/// Chooses jobs: tenants with ready jobs, in the order of their names and from the one behind the last that was served,
/// take turns as far as their limits let them. Only tenants that are chosen are looked at, and of each only its first jobs.
/// `$1` most jobs; `$2`, `$3` tenants with their own limit; `$4` the limit of the others, or null.
const PICK: &str = "\
WITH RECURSIVE ahead(tenant) AS (
  (SELECT q.tenant FROM ss.queue q WHERE q.delayed_until IS NULL AND q.tenant > (SELECT claim_after FROM ss.heads)
   ORDER BY q.tenant LIMIT 1)
  UNION ALL
  (SELECT n.tenant FROM ahead a CROSS JOIN LATERAL
    (SELECT q.tenant FROM ss.queue q WHERE q.delayed_until IS NULL AND q.tenant > a.tenant
     ORDER BY q.tenant LIMIT 1) n)
), behind(tenant) AS (
  (SELECT q.tenant FROM ss.queue q WHERE q.delayed_until IS NULL ORDER BY q.tenant LIMIT 1)
  UNION ALL
  (SELECT n.tenant FROM behind b CROSS JOIN LATERAL
    (SELECT q.tenant FROM ss.queue q WHERE q.delayed_until IS NULL AND q.tenant > b.tenant
     ORDER BY q.tenant LIMIT 1) n)
), turns AS (
  SELECT t.tenant, t.room, row_number() OVER () AS turn FROM (
    SELECT w.tenant, CASE WHEN l.most IS NULL THEN $1 ELSE l.most -
        (SELECT count(*) FROM ss.active_runs a WHERE a.tenant = w.tenant) END AS room
    FROM (SELECT tenant FROM ahead
          UNION ALL SELECT tenant FROM behind WHERE tenant <= (SELECT claim_after FROM ss.heads)) w
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT o.most FROM unnest($2, $3) AS o(tenant, most) WHERE o.tenant = w.tenant), $4) AS most) l
  ) t WHERE t.room > 0 LIMIT $1
)
SELECT j.tenant, j.job_id, j.version, j.checksum, j.json, j.status, j.nr, j.queue_seq, j.bytes,
       u.jobs, u.bytes, u.queued
FROM (
  SELECT t.tenant, t.turn, c.queue_seq, c.job_id, c.rank FROM turns t CROSS JOIN LATERAL
    (SELECT f.queue_seq, f.job_id, row_number() OVER (ORDER BY f.turn, f.queue_seq) AS rank FROM
      (SELECT q.queue_seq, q.job_id, q.turn FROM ss.queue q WHERE q.tenant = t.tenant AND q.delayed_until IS NULL
       ORDER BY q.turn, q.queue_seq LIMIT least(t.room, $1)) f) c
  ORDER BY c.rank, t.turn LIMIT $1
) p
JOIN ss.jobs j ON (j.job_id, j.tenant) = (p.job_id, p.tenant)
LEFT JOIN ss.tenant_usage u ON u.tenant = p.tenant
ORDER BY p.rank, p.turn";

/// When the first of the delayed jobs may start.
const NEXT: &str = "SELECT 'next', '', NULL, NULL, min(delayed_until), NULL, NULL, NULL FROM ss.queue \
     WHERE delayed_until IS NOT NULL";

/// Whether a job may start now, and when the first of the delayed ones may.
const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM ss.queue WHERE delayed_until IS NULL), \
     (SELECT min(delayed_until) FROM ss.queue WHERE delayed_until IS NOT NULL), \
     (extract(epoch FROM statement_timestamp()) * 1000)::int8";

/// What a claim comes to that would find nothing; `None` where a job waits. Many servers look for each job that is queued,
/// and one gets it: the others do not take the lock of all commits. A job that is queued behind this look wakes its worker.
///
/// # Errors
/// `Unavailable` or `Stopped`.
pub(super) async fn nothing_waits(readers: &Readers) -> Result<Option<Claims>, ReadError> {
    let rows = readers.frequent_rows(WAITS, Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let delayed: Option<i64> = readers.cell(row, 1)?;
    let (waits, now): (bool, i64) = (readers.cell(row, 0)?, readers.cell(row, 2)?);
    // one that is due, or too far away to be right, is let in by a claim
    if waits || delayed.is_some_and(|at| at <= now || at > now + FARTHEST_MS) {
        return Ok(None);
    }
    let next_ready = delayed.and_then(DateTime::from_timestamp_millis);
    Ok(Some(Claims { jobs: Vec::new(), next_ready }))
}

/// Name of a running job.
pub(super) type ActiveKey = (TenantId, JobId);

/// A claim that waits for the committer.
pub(super) struct ClaimRequest {
    pub ask: ClaimAsk,
    /// The server that claims, where several share the store.
    pub holder: Option<NodeEpoch>,
    /// Most bytes of a commit, serialised.
    pub max_bytes: usize,
}

impl ClaimRequest {
    /// Returns the ids of the commits that it may make.
    pub(super) fn commit_ids(&self) -> impl Iterator<Item = String> {
        self.ask.runs.iter().map(claim_id)
    }
}

/// A job that a claim may take.
struct Candidate {
    key: Key,
    record: Result<JobRecord, Damage>,
    current: Current,
    usage: TenantUsage,
}

/// What a claim found under the lock.
pub(super) struct Found {
    /// The server that claims has its lease.
    may_claim: bool,
    candidates: Vec<Candidate>,
    /// Runs under way, if they are counted.
    taken: u64,
    next_ready: Option<i64>,
}

fn most(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl ClaimRequest {
    /// The statement that lets delayed jobs take their places; before the others, which have to see them there.
    pub(super) fn due(&self) -> Statement {
        (DUE.into(), Vec::new())
    }

    /// The selects of what a claim needs to know, with the columns of what a batch reads.
    pub(super) fn facts(&self) -> [Statement; 3] {
        let seats = vec![Param::maybe_number(self.ask.limits.all.map(most))];
        let (node_id, epoch) =
            self.holder.as_ref().map(|node| (node.node_id.as_str(), node.epoch)).unwrap_or_default();
        let lease = vec![Param::text(node_id), Param::number(epoch.cast_signed())];
        [(LEASE.into(), lease), (TAKEN.into(), seats), (NEXT.into(), Vec::new())]
    }

    /// The statement that chooses jobs.
    pub(super) fn pick(&self) -> Statement {
        let limits = &self.ask.limits;
        let (tenants, of): (Vec<String>, Vec<i64>) =
            limits.of.iter().map(|(tenant, limit)| (tenant.to_string(), most(*limit))).unzip();
        let params = vec![
            Param::number(most(self.ask.runs.len().min(MOST) as u64)),
            Param::texts(tenants),
            Param::numbers(of),
            Param::maybe_number(limits.default.map(most)),
        ];
        (PICK.into(), params)
    }
}

/// Reads what a claim found: rows of its [`facts`](ClaimRequest::facts), among others, and the jobs that were chosen.
///
/// # Errors
/// Any error of a row.
pub(super) fn found(request: &ClaimRequest, rows: &[Row], picked: &[Row]) -> Result<Found, Error> {
    let candidates = picked.iter().filter_map(|row| candidate(row).transpose()).collect::<Result<_, _>>()?;
    let mut found = Found { may_claim: request.holder.is_none(), candidates, taken: 0, next_ready: None };
    for row in rows {
        match (row.try_get::<_, &str>(0)?, &request.holder) {
            ("lease", Some(node)) => found.may_claim = lasts(node, row)?,
            ("taken", _) => found.taken = row.try_get::<_, i64>(4)?.cast_unsigned(),
            ("next", _) => found.next_ready = row.try_get(4)?,
            _ => {}
        }
    }
    Ok(found)
}

/// True if the lease of a server lasts, by the row and the clock of the transaction.
fn lasts(node: &NodeEpoch, row: &Row) -> Result<bool, Error> {
    let found = NodeRow {
        node: node.clone(),
        host: String::new(),
        state: NodeState::parse(row.try_get(2)?).unwrap_or(NodeState::Lost),
        lease_until: DatabaseTime::from_micros(row.try_get(4)?),
    };
    Ok(found.may_claim(DatabaseTime::from_micros(row.try_get(5)?)))
}

fn candidate(row: &Row) -> Result<Option<Candidate>, Error> {
    let (tenant, job_id): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let Some((tenant, job_id)) = tenant.parse().ok().zip(job_id.parse().ok()) else {
        tracing::error!(event = "SS_RECORD_DAMAGED", "a queued job has no readable name and is left out");
        return Ok(None);
    };
    let number = |at| row.try_get::<_, Option<i64>>(at).map(|n| n.and_then(|n| u64::try_from(n).ok()));
    let usage = TenantUsage {
        jobs: number(9)?.unwrap_or(0),
        bytes: number(10)?.unwrap_or(0),
        queued: number(11)?.unwrap_or(0),
    };
    Ok(Some(Candidate {
        key: Key::Job(tenant, job_id),
        record: decode::<JobRecord>(row)?,
        current: job_current(row, [6, 2, 5, 7, 8])?,
        usage,
    }))
}

impl State {
    /// Claims the jobs that were found, as far as the commits of the batch left them queued. One that cannot be claimed is
    /// put aside for a while, so that it does not stand in the way of the others.
    pub(super) fn claim(&mut self, core: &Core, request: &ClaimRequest, found: Found) -> Claims {
        let ask = &request.ask;
        if !found.may_claim {
            return Claims { jobs: Vec::new(), next_ready: Some(self.now + SOON) };
        }
        let wanted = ask.runs.len();
        // claims of this batch are not in the table yet; runs that it ended still are, and free their seats for the next one
        let taken = found.taken + self.begun();
        let room = ask.limits.all.map(|seats| free_seats(seats, taken));
        let mut is_full = false;
        let is_new = |run: &&RunId| !self.receipts.contains_key(&claim_id(run));
        let mut runs: Vec<&RunId> = ask.runs.iter().rev().filter(is_new).collect();
        let mut jobs = Vec::new();
        let mut passed_over = false;
        for Candidate { key, record, current, usage } in found.candidates {
            let Some(run_id) = runs.last().copied() else { break };
            if room.is_some_and(|room| jobs.len() as u64 >= room) {
                is_full = true;
                break;
            }
            let Key::Job(tenant, _) = &key else { continue };
            let tenant = tenant.clone();
            let (version, queue_seq) = (current.version, current.queue_seq);
            let as_read = self.records.entry(key).or_insert(current);
            if as_read.version != version || as_read.status != Some(JobStatus::Queued) {
                passed_over = true;
                continue;
            }
            self.usage.know(&tenant, usage);
            match self.claim_one(core, request, record, run_id) {
                Some(claimed) => {
                    runs.pop();
                    self.heads.claim_after = tenant.to_string();
                    self.begin_run(&claimed, request.holder.as_ref());
                    jobs.push(claimed);
                }
                None => {
                    passed_over = true;
                    let until = self.now.timestamp_millis() + PUT_ASIDE_MS;
                    self.queue.delay(queue_seq, until);
                }
            }
        }
        // more may start than were looked at
        let is_short = jobs.len() < wanted && (passed_over || wanted > MOST && jobs.len() == MOST);
        let next_ready = if is_full {
            // a run may end on any server
            Some(self.now + SOON)
        } else if is_short {
            Some(self.now)
        } else {
            found.next_ready.and_then(DateTime::from_timestamp_millis)
        };
        Claims { jobs, next_ready }
    }

    fn claim_one(
        &mut self,
        core: &Core,
        request: &ClaimRequest,
        record: Result<JobRecord, Damage>,
        run_id: &RunId,
    ) -> Option<Claimed> {
        let read = record.and_then(|job| core.withheld(&job).map_or(Ok(job), Err));
        let job = match read {
            Ok(job) => job,
            Err(damage) => {
                core.report(&damage);
                return None;
            }
        };
        let made = match (request.ask.make)(&job, run_id) {
            Ok(made) => made,
            Err(refused) => {
                tracing::debug!(job_id = %job.job_id, %refused, "a queued job is not claimed");
                return None;
            }
        };
        let after = Arc::new(made.0.clone());
        let resources = vec![made.1.resource.clone()];
        let commit = match prepare(claim_commit(run_id, job.version, made), request.max_bytes) {
            Ok(commit) => commit,
            Err(error) => {
                tracing::error!(event = "SS_WORKER_COMMIT_REFUSED", job_id = %job.job_id, %error, "a claim was refused");
                return None;
            }
        };
        self.apply(&Submitted { commit, resources }).ok()?;
        Some(Claimed { run_id: run_id.clone(), job: after })
    }

    /// Notes that a job runs from here on, for whom, and on which server.
    fn begin_run(&mut self, Claimed { run_id, job }: &Claimed, holder: Option<&NodeEpoch>) {
        let row = vec![
            Cell::Text(job.tenant_id.to_string()),
            Cell::Text(job.job_id.to_string()),
            Cell::Text(run_id.to_string()),
            Cell::Number(Some(job.fence.cast_signed())),
            Cell::Number(Some(self.now.timestamp_millis())),
            Cell::Text(holder.map(|node| node.node_id.to_string()).unwrap_or_default()),
            Cell::Number(Some(holder.map_or(0, |node| node.epoch.cast_signed()))),
        ];
        self.set_active((job.tenant_id.clone(), job.job_id.clone()), Some(row));
    }
}
