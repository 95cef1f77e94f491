//! The rows of the queue that a batch writes. The lanes of a tenant (each batch of cells, and its other jobs) take turns:
//! a job gets the turn behind the last of its lane, but none that is over already for the tenant. Jobs are taken in the
//! order of their turns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::rows::{Cell, Param, Rows, Statement};
use super::tables::QUEUE;
use crate::domain::ids::TenantId;
use crate::domain::job::record::may_start;
use crate::domain::job::{JobRecord, JobStatus};

/// The last turn that was given in a lane, and the last one that is over for its tenant. A turn is over for new lanes once a lane
/// that still waits has had it: ever new batches would otherwise keep the others from their next turn.
pub(super) const LANES: &str = "SELECT 'lane', k.tenant, k.lane, NULL, \
     coalesce((SELECT max(q.turn) FROM ss.queue q WHERE (q.tenant, q.lane) = (k.tenant, k.lane)), 0), \
     coalesce((WITH RECURSIVE firsts(lane, turn) AS ( \
       (SELECT q.lane, q.turn FROM ss.queue q WHERE q.tenant = k.tenant AND q.delayed_until IS NULL \
        ORDER BY q.lane, q.turn LIMIT 1) \
       UNION ALL \
       (SELECT n.lane, n.turn FROM firsts f CROSS JOIN LATERAL \
         (SELECT q.lane, q.turn FROM ss.queue q WHERE q.tenant = k.tenant AND q.lane > f.lane AND q.delayed_until IS NULL \
          ORDER BY q.lane, q.turn LIMIT 1) n)) \
       SELECT least(max(turn) - 1, min(turn)) FROM firsts), 0), NULL, NULL \
     FROM unnest($1, $2) AS k(tenant, lane)";

/// Names of lanes: tenants and batches, side by side.
#[derive(Default)]
pub(super) struct LaneNames(BTreeSet<(String, String)>);

impl LaneNames {
    /// Adds the lane of a job that is, or becomes, queued.
    pub(super) fn add(&mut self, job: &JobRecord) {
        if job.status == JobStatus::Queued {
            self.0.insert((job.tenant_id.to_string(), lane_of(job)));
        }
    }

    /// The parameters of [`LANES`]; `None` without a lane.
    pub(super) fn into_params(self) -> Option<Vec<Param>> {
        let (tenants, lanes): (Vec<String>, Vec<String>) = self.0.into_iter().unzip();
        (!tenants.is_empty()).then(|| vec![Param::texts(tenants), Param::texts(lanes)])
    }
}

fn lane_of(job: &JobRecord) -> String {
    job.cell.as_ref().map(|cell| cell.batch_id.to_string()).unwrap_or_default()
}

/// A row that is written.
struct Row {
    tenant: String,
    job_id: String,
    lane: String,
    /// Of a row that is there already, which keeps its turn, any.
    turn: i64,
    delayed_until: Option<i64>,
}

/// The queue as a batch leaves it.
#[derive(Default)]
pub(super) struct QueueRows {
    /// By number; `None` for a row that goes.
    rows: BTreeMap<i64, Option<Row>>,
    /// Numbers of rows that are put aside until a time.
    delayed: Vec<(i64, i64)>,
    /// Last turn of lanes.
    last: HashMap<(String, String), i64>,
    /// Last turn that is over, of tenants.
    over: HashMap<String, i64>,
    /// Numbers below belong to rows that were there before.
    first_new: i64,
}

impl QueueRows {
    /// Starts behind the last number that was given.
    pub(super) fn after(queue_seq: u64) -> Self {
        Self { first_new: queue_seq.cast_signed() + 1, ..Self::default() }
    }

    /// Notes what [`LANES`] says of a lane.
    pub(super) fn know(&mut self, tenant: &str, lane: &str, last: i64, over: i64) {
        self.last.insert((tenant.to_owned(), lane.to_owned()), last);
        self.over.insert(tenant.to_owned(), over);
    }

    /// Writes the row of a queued job; one that is there keeps its turn.
    pub(super) fn put(&mut self, queue_seq: i64, job: &JobRecord, now: DateTime<Utc>) {
        let ready_at = job.queue.as_ref().map(|queue| queue.ready_at);
        let delayed_until = ready_at.filter(|at| !may_start(*at, now)).map(|at| at.timestamp_millis());
        let lane = lane_of(job);
        let written = self.rows.get(&queue_seq).and_then(|row| row.as_ref()).map(|row| row.turn);
        let turn = match written {
            Some(turn) => turn,
            None if queue_seq < self.first_new => 0,
            None => self.next_turn(&job.tenant_id, &lane),
        };
        let (tenant, job_id) = (job.tenant_id.to_string(), job.job_id.to_string());
        self.rows.insert(queue_seq, Some(Row { tenant, job_id, lane, turn, delayed_until }));
    }

    fn next_turn(&mut self, tenant: &TenantId, lane: &str) -> i64 {
        let over = *self.over.entry(tenant.to_string()).or_default();
        let last = self.last.entry((tenant.to_string(), lane.to_owned())).or_default();
        *last = (*last).max(over) + 1;
        *last
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, queue_seq: i64) {
        self.rows.insert(queue_seq, None);
    }

    /// Puts a job aside until a time, in milliseconds since 1970.
    pub(super) fn delay(&mut self, queue_seq: Option<i64>, until: i64) {
        self.delayed.extend(queue_seq.map(|queue_seq| (queue_seq, until)));
    }

    /// True if a job was put aside.
    pub(super) fn has_delayed(&self) -> bool {
        !self.delayed.is_empty()
    }

    /// Returns the statements of rows that go and that are written, and forgets them.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = Statement> {
        let (mut rows, mut gone) = (Rows::new(), Rows::new());
        for (queue_seq, row) in std::mem::take(&mut self.rows) {
            let number = Cell::Number(Some(queue_seq));
            match row {
                None => gone.push(vec![number]),
                Some(row) => rows.push(vec![
                    number,
                    Cell::Text(row.tenant),
                    Cell::Text(row.job_id),
                    Cell::Text(row.lane),
                    Cell::Number(Some(row.turn)),
                    Cell::Number(row.delayed_until),
                ]),
            }
        }
        QUEUE.written(rows, gone).into_iter().flatten()
    }

    /// Returns the statement that puts jobs aside, and forgets it. It comes after the rows, which it may change again.
    pub(super) fn delays(&mut self) -> Option<Statement> {
        if !self.has_delayed() {
            return None;
        }
        let (seqs, until) = std::mem::take(&mut self.delayed).into_iter().unzip();
        let sql = "UPDATE ss.queue AS q SET delayed_until = d.until FROM unnest($1, $2) AS d(queue_seq, until) \
                   WHERE q.queue_seq = d.queue_seq";
        Some((sql.into(), vec![Param::numbers(seqs), Param::numbers(until)]))
    }
}
