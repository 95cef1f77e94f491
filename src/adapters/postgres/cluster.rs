//! The port of the cluster: who else is there, which runs this server holds, which ones nobody holds, and who leads.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures_util::future::BoxFuture;
use tokio_postgres::Row;

use super::clock::{CLOCK, contact};
use super::members::{Membership, leave};
use super::reads::Readers;
use super::rows::Param;
use super::store::PostgresStore;
use super::{progress, tries, work};
use crate::adapters::clock::since_boot;
use crate::domain::cluster::{
    CommonSettings, DatabaseTime, LeaderRow, Leadership, LeaseTimes, NodeEpoch, NodeRow, NodeState, Role,
    Standing,
};
use crate::domain::ids::{NodeId, RunId};
use crate::ports::cluster::{Cluster, Orphan, Server, Tries};
use crate::ports::store::ReadError;

/// Columns of a server, as [`server_of`] reads them.
const SERVER: &str = "n.node_id, n.epoch, n.role, n.state, n.version, n.address, n.config_sha256, \
     (extract(epoch FROM n.started_at) * 1000)::int8, (extract(epoch FROM n.lease_until) * 1000)::int8, \
     n.lease_until > clock_timestamp(), (SELECT last_value FROM ss.epochs), n.engine, \
     EXISTS (SELECT 1 FROM ss.leader l WHERE (l.node_id, l.epoch) = (n.node_id, n.epoch) AND l.until > clock_timestamp())";

fn server_of(readers: &Readers, row: &Row) -> Result<Option<Server>, ReadError> {
    let text = |at| readers.cell::<String>(row, at);
    let time = |at| {
        readers.cell::<i64>(row, at).map(|millis| DateTime::from_timestamp_millis(millis).unwrap_or_default())
    };
    // a word of a later release: not a server that this one can judge
    let Some((node_id, role, state)) = NodeId::parse(text(0)?)
        .ok()
        .zip(Role::parse(&text(2)?))
        .zip(NodeState::parse(&text(3)?))
        .map(|((node_id, role), state)| (node_id, role, state))
    else {
        return Ok(None);
    };
    Ok(Some(Server {
        node: NodeEpoch { node_id, epoch: readers.cell::<i64>(row, 1)?.cast_unsigned() },
        role,
        state,
        has_lease: readers.cell(row, 9)?,
        version: text(4)?,
        address: text(5)?,
        engine: text(11)?,
        leads: readers.cell(row, 12)?,
        settings: CommonSettings::parse(&text(6)?),
        started_at: time(7)?,
        lease_until: time(8)?,
    }))
}

/// Declares servers lost whose leases ended long ago, if this one has watched the database for long enough.
async fn declare_lost(readers: &Readers, member: &Membership) -> Result<(), ReadError> {
    let asked = since_boot();
    let sql = format!(
        "SELECT {CLOCK}, node_id, epoch, host, state, (extract(epoch FROM lease_until) * 1000000)::int8 FROM ss.nodes \
         WHERE state IN ('live', 'draining')"
    );
    let rows = readers.rows(&sql, Vec::new()).await?;
    // without a row there is nobody to be lost
    let Some(first) = rows.first() else { return Ok(()) };
    let seen = readers.checked(contact(first, asked))?;
    if !member.see(seen) {
        return Ok(());
    }
    for row in &rows {
        let Some(found) = node_row(readers, row)? else { continue };
        if found.lost(seen.database, &member.options.times).is_none() {
            continue;
        }
        // only over the row that was read: a renewal in between shows that it lives
        let sql = "UPDATE ss.nodes SET state = 'lost' WHERE node_id = $1 AND epoch = $2 AND state = $3 \
                   AND (extract(epoch FROM lease_until) * 1000000)::int8 = $4 RETURNING 1";
        let params = vec![
            Param::text(found.node.node_id.as_str()),
            Param::number(found.node.epoch.cast_signed()),
            Param::text(found.state.as_str()),
            Param::number(found.lease_until.micros()),
        ];
        if !readers.rows(sql, params).await?.is_empty() {
            let (node, epoch) = (found.node.node_id.as_str(), found.node.epoch);
            tracing::warn!(event = "SS_NODE_DECLARED_LOST", node, epoch, "a server was silent for too long");
        }
    }
    Ok(())
}

fn node_row(readers: &Readers, row: &Row) -> Result<Option<NodeRow>, ReadError> {
    let text = |at| readers.cell::<String>(row, at);
    let Some((node_id, state)) = NodeId::parse(text(2)?).ok().zip(NodeState::parse(&text(5)?)) else {
        return Ok(None);
    };
    Ok(Some(NodeRow {
        node: NodeEpoch { node_id, epoch: readers.cell::<i64>(row, 3)?.cast_unsigned() },
        host: text(4)?,
        state,
        lease_until: DatabaseTime::from_micros(readers.cell(row, 6)?),
    }))
}

/// The runs under way that no server holds. Asked again and again, since a claim may be committed behind its server's end.
async fn orphans(readers: &Readers) -> Result<Vec<Orphan>, ReadError> {
    let sql = "SELECT a.tenant, a.job_id, a.run_id FROM ss.active_runs a WHERE NOT EXISTS (SELECT 1 FROM ss.nodes n \
               WHERE (n.node_id, n.epoch) = (a.node_id, a.epoch) AND n.state IN ('live', 'draining')) LIMIT 1000";
    let rows = readers.rows(sql, Vec::new()).await?;
    rows.iter().filter_map(|row| orphan_of(readers, row).transpose()).collect()
}

fn orphan_of(readers: &Readers, row: &Row) -> Result<Option<Orphan>, ReadError> {
    let text = |at| readers.cell::<String>(row, at);
    let (tenant, job_id) = (text(0)?, text(1)?);
    let names = tenant.parse().ok().zip(job_id.parse().ok()).zip(RunId::parse(text(2)?).ok());
    Ok(names.map(|((tenant, job_id), run_id)| Orphan { tenant, job_id, run_id }))
}

/// Name of the one leader.
const LEADER: &str = "store";

/// Stands for leader by the row as it is now.
async fn lead(readers: &Readers, member: &Membership) -> Result<Option<Leadership>, ReadError> {
    let (me, asked) = (member.me(), since_boot());
    let sql = format!(
        "SELECT {CLOCK}, l.node_id, l.epoch, l.term, (extract(epoch FROM l.until) * 1000000)::int8 \
         FROM (SELECT 1) o LEFT JOIN ss.leader l ON l.name = $1"
    );
    let rows = readers.rows(&sql, vec![Param::text(LEADER)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let now = DatabaseTime::from_micros(readers.cell(row, 0)?);
    let found = leader_row(readers, row)?;
    let Some(next) = LeaderRow::stand(found.as_ref(), &me, now, &member.options.times) else {
        return Ok(None);
    };
    let is_written = write_leader(readers, found.as_ref(), &next).await?;
    Ok(is_written.then_some(Leadership { term: next.term, asked }))
}

fn leader_row(readers: &Readers, row: &Row) -> Result<Option<LeaderRow>, ReadError> {
    let Some(node_id) = readers.cell::<Option<String>>(row, 2)?.and_then(|id| NodeId::parse(id).ok()) else {
        return Ok(None);
    };
    let number = |at| readers.cell::<i64>(row, at);
    Ok(Some(LeaderRow {
        node: NodeEpoch { node_id, epoch: number(3)?.cast_unsigned() },
        term: number(4)?.cast_unsigned(),
        until: DatabaseTime::from_micros(number(5)?),
    }))
}

/// Writes the leader's row over the one that was read; false if another one is there.
async fn write_leader(
    readers: &Readers,
    found: Option<&LeaderRow>,
    next: &LeaderRow,
) -> Result<bool, ReadError> {
    let until = "'epoch'::timestamptz + $5 * interval '1 microsecond'";
    let mut params = vec![
        Param::text(LEADER),
        Param::text(next.node.node_id.as_str()),
        Param::number(next.node.epoch.cast_signed()),
        Param::number(next.term.cast_signed()),
        Param::number(next.until.micros()),
    ];
    let sql = match found {
        None => format!(
            "INSERT INTO ss.leader (name, node_id, epoch, term, until) VALUES ($1, $2, $3, $4, {until}) \
             ON CONFLICT DO NOTHING RETURNING 1"
        ),
        Some(found) => {
            params.extend([
                Param::text(found.node.node_id.as_str()),
                Param::number(found.node.epoch.cast_signed()),
                Param::number(found.term.cast_signed()),
                Param::number(found.until.micros()),
            ]);
            format!(
                "UPDATE ss.leader SET node_id = $2, epoch = $3, term = $4, until = {until} WHERE name = $1 AND node_id = $6 \
                 AND epoch = $7 AND term = $8 AND (extract(epoch FROM until) * 1000000)::int8 = $9 RETURNING 1"
            )
        }
    };
    Ok(!readers.rows(&sql, params).await?.is_empty())
}

/// The port of a store that joined the cluster.
pub(super) struct PostgresCluster {
    pub store: Arc<PostgresStore>,
    pub member: Arc<Membership>,
}

impl Cluster for PostgresCluster {
    fn me(&self) -> NodeEpoch {
        self.member.me()
    }

    fn standing(&self) -> Standing {
        self.member.standing()
    }

    fn lives(&self, start: &str) -> bool {
        self.member.lives(start)
    }

    fn times(&self) -> LeaseTimes {
        self.member.options.times
    }

    fn lease_file(&self) -> PathBuf {
        self.member.lease_file()
    }

    fn held(&self) -> BoxFuture<'_, Result<HashSet<RunId>, ReadError>> {
        let (readers, me) = (self.store.readers(), self.member.me());
        self.store.read(async move {
            let sql = "SELECT run_id FROM ss.active_runs WHERE node_id = $1 AND epoch = $2";
            let params = vec![Param::text(me.node_id.as_str()), Param::number(me.epoch.cast_signed())];
            let rows = readers.rows(sql, params).await?;
            let ids = rows.iter().map(|row| readers.cell::<String>(row, 0));
            ids.filter_map(|id| id.map(|id| RunId::parse(id).ok()).transpose()).collect()
        })
    }

    fn orphans(&self) -> BoxFuture<'_, Result<Vec<Orphan>, ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        self.store.read(async move {
            declare_lost(&readers, &member).await?;
            orphans(&readers).await
        })
    }

    fn lead(&self) -> BoxFuture<'_, Result<Option<Leadership>, ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        self.store.read(async move { lead(&readers, &member).await })
    }

    fn announce<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<(), ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        let address = address.to_owned();
        self.store.read(async move {
            let node = member.me();
            member.set_address(&address);
            let sql = "UPDATE ss.nodes SET address = $3 WHERE node_id = $1 AND epoch = $2";
            let id = Param::text(node.node_id.as_str());
            readers
                .rows(sql, vec![id, Param::number(node.epoch.cast_signed()), Param::text(address)])
                .await?;
            Ok(())
        })
    }

    fn announce_engine<'a>(&'a self, engine: &'a str) -> BoxFuture<'a, Result<(), ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        let engine = engine.to_owned();
        self.store.read(async move {
            let node = member.me();
            member.set_engine(&engine);
            let sql = "UPDATE ss.nodes SET engine = $3 WHERE node_id = $1 AND epoch = $2";
            let id = Param::text(node.node_id.as_str());
            let params = vec![id, Param::number(node.epoch.cast_signed()), Param::text(engine)];
            readers.rows(sql, params).await.map(drop)
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<(), ReadError>> {
        let (readers, node) = (self.store.readers(), self.member.me());
        self.store.read(async move {
            let sql =
                "UPDATE ss.nodes SET state = 'draining' WHERE node_id = $1 AND epoch = $2 AND state = 'live'";
            let params = vec![Param::text(node.node_id.as_str()), Param::number(node.epoch.cast_signed())];
            readers.rows(sql, params).await.map(drop)
        })
    }

    fn servers(&self) -> BoxFuture<'_, Result<Vec<Server>, ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        self.store.read(async move {
            let sql = format!(
                "SELECT {SERVER} FROM ss.nodes n WHERE n.state IN ('live', 'draining') ORDER BY n.node_id, n.epoch"
            );
            let rows = readers.rows(&sql, Vec::new()).await?;
            let found = rows.iter().filter_map(|row| server_of(&readers, row).transpose());
            let found = found.collect::<Result<Vec<_>, _>>()?;
            if let Some(row) = rows.first() {
                let newest = readers.cell::<i64>(row, 10)?.cast_unsigned();
                let me = member.me();
                readers.core.wake.set_alone(found.iter().all(|server| server.node == me));
                member.note_seen(found.iter().map(|server| server.node.name()).collect(), newest);
            }
            Ok(found)
        })
    }

    fn claim_work<'a>(&'a self, key: &'a str, at_most: Duration) -> BoxFuture<'a, Result<bool, ReadError>> {
        let (readers, member, key) = (self.store.readers(), Arc::clone(&self.member), key.to_owned());
        self.store.read(async move { work::claim(&readers, &member, &key, at_most).await })
    }

    fn release_work<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ReadError>> {
        let (readers, member, key) = (self.store.readers(), Arc::clone(&self.member), key.to_owned());
        self.store.read(async move { work::release(&readers, &member, &key).await })
    }

    fn take_try<'a>(
        &'a self,
        subject: &'a str,
        tries: Tries,
    ) -> BoxFuture<'a, Result<Option<Duration>, ReadError>> {
        let (readers, subject) = (self.store.readers(), subject.to_owned());
        self.store.read(async move { tries::take(&readers, &subject, tries).await })
    }

    fn give_try_back<'a>(&'a self, subject: &'a str, tries: Tries) -> BoxFuture<'a, Result<(), ReadError>> {
        let (readers, subject) = (self.store.readers(), subject.to_owned());
        self.store.read(async move { tries::give_back(&readers, &subject, tries).await })
    }

    fn take_use<'a>(
        &'a self,
        subject: &'a str,
        bucket: Tries,
        used: u32,
    ) -> BoxFuture<'a, Result<f64, ReadError>> {
        let (readers, subject) = (self.store.readers(), subject.to_owned());
        self.store.read(async move { tries::take_use(&readers, &subject, bucket, used).await })
    }

    fn share_progress(
        &self,
        own: Vec<(RunId, String)>,
    ) -> BoxFuture<'_, Result<Vec<(RunId, String)>, ReadError>> {
        let (readers, member) = (self.store.readers(), Arc::clone(&self.member));
        self.store.read(async move { progress::share(&readers, &member, own).await })
    }

    fn holder_of<'a>(&'a self, run_id: &'a RunId) -> BoxFuture<'a, Result<Option<Server>, ReadError>> {
        let (readers, run_id) = (self.store.readers(), run_id.to_string());
        self.store.read(async move {
            let rest = "JOIN ss.active_runs a ON (a.node_id, a.epoch) = (n.node_id, n.epoch) \
                        WHERE a.run_id = $1 AND n.state IN ('live', 'draining')";
            let sql = format!("SELECT {SERVER} FROM ss.nodes n {rest}");
            let rows = readers.rows(&sql, vec![Param::text(run_id)]).await?;
            rows.first().map_or(Ok(None), |row| server_of(&readers, row))
        })
    }
}

/// Longest wait for the others to be told that this server ended.
const LEAVE: Duration = Duration::from_secs(5);

impl PostgresStore {
    /// Tells the others that this server ended, unless runs of it go on. Blocks for a moment.
    pub(super) fn leave(&self) {
        let Some((member, runtime)) = self.member.clone().zip(self.runtime.as_ref()) else { return };
        let readers = Arc::clone(&self.readers);
        let (done, left) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            leave(&readers, &member).await;
            // nobody waits any more where it took too long
            let _ = done.send(());
        });
        let _ = left.recv_timeout(LEAVE);
    }

    /// Returns the servers that share the store, where this process joined them.
    pub fn cluster(self: &Arc<Self>) -> Option<Arc<dyn Cluster>> {
        let member = Arc::clone(self.member.as_ref()?);
        Some(Arc::new(PostgresCluster { store: Arc::clone(self), member }))
    }

    /// Its readers.
    pub(super) fn readers(&self) -> Arc<Readers> {
        Arc::clone(&self.readers)
    }
}
