//! This server among those of the store: it joins with the next epoch, renews its lease, and tells who else is there. The
//! rules are those of `domain::cluster`; times in rows are of the database's clock.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_postgres::Client;

use super::clock::{CLOCK, DatabaseClock, contact};
use super::connect::{Link, OpenError, text_of};
use super::outage;
use super::reads::Readers;
use super::rows::{Param, query};
use crate::adapters::clock::since_boot;
use crate::adapters::lease_file;
use crate::domain::cluster::{
    BootTime, CommonSettings, Contact, DatabaseTime, Join, Lease, LeaseTimes, NodeEpoch, NodeRow, NodeState,
    Role, Standing, Watch,
};
use crate::domain::ids::NodeId;

/// What a server tells about itself when it joins.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Its name, which belongs to its work volume.
    pub node_id: NodeId,
    /// The boot of the machine and the work volume: `<boot>/<volume>`.
    pub host: String,
    /// What it does.
    pub role: Role,
    /// How others reach it, if the settings say so.
    pub address: String,
    /// The settings that all servers should have in common.
    pub settings: CommonSettings,
    /// The object store of the files; empty for the data directory, which no other server can read.
    pub files: String,
    /// Folder of the file by which launchers follow the lease.
    pub lease_dir: PathBuf,
    /// Times of the lease.
    pub times: LeaseTimes,
}

/// The end of a lease that begins now; `$3` is how long it lasts, in milliseconds.
const UNTIL: &str = "clock_timestamp() + $3 * interval '1 millisecond'";

/// This server's present start.
struct Current {
    node: NodeEpoch,
    /// First of the starts that took over from each other.
    lineage: u64,
    lease: Lease,
    watch: Watch,
    address: String,
    /// The engine that was attested, or empty.
    engine: String,
    /// The starts that ran at the last look, by name, and the newest epoch that had been given out then.
    seen: (HashSet<String>, u64),
}

/// This server as a member of the cluster.
pub(super) struct Membership {
    pub options: NodeOptions,
    /// Follows the database's.
    clock: Arc<DatabaseClock>,
    current: Mutex<Current>,
}

/// What a server says of itself once it runs.
#[derive(Clone, Copy)]
struct Said<'a> {
    address: &'a str,
    engine: &'a str,
}

/// What joining came to.
struct Joined {
    node: NodeEpoch,
    lineage: u64,
    asked: BootTime,
}

impl Membership {
    /// Joins the cluster. The caller holds the lock of the work volume.
    ///
    /// # Errors
    /// [`OpenError::OtherServer`] where files of the data directory would be missed by another server.
    pub(super) async fn join(
        client: &Client,
        options: NodeOptions,
        clock: Arc<DatabaseClock>,
    ) -> Result<Self, OpenError> {
        let Joined { node, lineage, asked } =
            join(client, &options, Said { address: &options.address, engine: "" }).await?;
        let address = options.address.clone();
        let current = Current {
            node,
            lineage,
            lease: Lease::new(asked),
            watch: Watch::default(),
            address,
            engine: String::new(),
            seen: Default::default(),
        };
        let member = Self { options, clock, current: Mutex::new(current) };
        member.prepare_lease_file()?;
        Ok(member)
    }

    /// Writes the lease of a new start; files of earlier ones that this start did not take over go.
    fn prepare_lease_file(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.options.lease_dir)?;
        let own = self.lease_file();
        for entry in std::fs::read_dir(&self.options.lease_dir)? {
            let path = entry?.path();
            if path != own {
                std::fs::remove_file(path)?;
            }
        }
        self.write_lease()
    }

    fn write_lease(&self) -> std::io::Result<()> {
        let deadlines = self.current().lease.deadlines(&self.options.times);
        lease_file::write(&self.lease_file(), &deadlines, &self.options.times)
    }

    /// The file by which launchers of new runs follow the lease. Those of a start that was lost have another one, which is
    /// not renewed any more.
    pub(super) fn lease_file(&self) -> PathBuf {
        self.options.lease_dir.join(self.current().lineage.to_string())
    }

    /// Notes which starts ran at a look.
    pub(super) fn note_seen(&self, names: HashSet<String>, newest: u64) {
        self.current().seen = (names, newest);
    }

    /// True if a start ran at the last look, or began after it.
    pub(super) fn lives(&self, start: &str) -> bool {
        let current = self.current();
        current.seen.0.contains(start)
            || NodeEpoch::epoch_of(start).is_some_and(|epoch| epoch > current.seen.1)
    }

    /// Notes how others reach this server.
    pub(super) fn set_address(&self, address: &str) {
        address.clone_into(&mut self.current().address);
    }

    /// Notes which engine of this server was attested, or that none is.
    pub(super) fn set_engine(&self, engine: &str) {
        engine.clone_into(&mut self.current().engine);
    }

    /// Takes an answer of the database into account; true if others may be declared lost by what was read with it.
    pub(super) fn see(&self, contact: Contact) -> bool {
        self.clock.see(&contact);
        let mut current = self.current();
        current.watch.see(contact, &self.options.times);
        current.watch.may_declare_lost(&contact, &self.options.times)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        // every change of it is complete before anything that may panic
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This server and its present start.
    pub(super) fn me(&self) -> NodeEpoch {
        self.current().node.clone()
    }

    /// What it may do now.
    pub(super) fn standing(&self) -> Standing {
        self.current().lease.standing(since_boot(), &self.options.times)
    }

    /// Renews the lease, or joins again where this start was declared lost.
    async fn renew(&self, client: &Client) -> Result<(), String> {
        let (node, asked) = (self.me(), since_boot());
        let sql = format!(
            "UPDATE ss.nodes SET lease_until = {UNTIL} WHERE node_id = $1 AND epoch = $2 AND state IN ('live', 'draining') \
             RETURNING {CLOCK}"
        );
        let lasts = i64::try_from(self.options.times.lease.as_millis()).unwrap_or(i64::MAX);
        let params = [
            Param::text(node.node_id.as_str()),
            Param::number(node.epoch.cast_signed()),
            Param::number(lasts),
        ];
        let rows = query(client, &sql, &params).await.map_err(|error| text_of(&error))?;
        let Some(row) = rows.first() else { return self.join_again(client, &node).await };
        let contact = contact(row, asked).map_err(|error| text_of(&error))?;
        self.current().lease.renew(asked);
        self.see(contact);
        // launchers that miss it end their runs, which is safe
        self.write_lease().map_err(|error| format!("the lease cannot be written: {error}"))
    }

    async fn join_again(&self, client: &Client, lost: &NodeEpoch) -> Result<(), String> {
        let (address, engine) = {
            let current = self.current();
            (current.address.clone(), current.engine.clone())
        };
        let said = Said { address: &address, engine: &engine };
        let joined = join(client, &self.options, said).await.map_err(|error| error.to_string())?;
        tracing::warn!(
            event = "SS_NODE_LOST",
            epoch = lost.epoch,
            now = joined.node.epoch,
            "this server was declared lost and joined again; its earlier runs belong to others"
        );
        let mut current = self.current();
        (current.node, current.lineage) = (joined.node, joined.lineage);
        current.lease = Lease::new(joined.asked);
        drop(current);
        self.prepare_lease_file().map_err(|error| format!("the lease cannot be written: {error}"))
    }

    /// Ends this start in order: no engine of it runs.
    async fn leave(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let node = self.me();
        let sql = "UPDATE ss.nodes n SET state = 'gone' WHERE node_id = $1 AND epoch = $2 AND state IN ('live', 'draining') \
                   AND NOT EXISTS (SELECT 1 FROM ss.active_runs a WHERE (a.node_id, a.epoch) = (n.node_id, n.epoch))";
        let params = [Param::text(node.node_id.as_str()), Param::number(node.epoch.cast_signed())];
        query(client, sql, &params).await?;
        let resign =
            "UPDATE ss.leader SET until = least(until, clock_timestamp()) WHERE node_id = $1 AND epoch = $2";
        query(client, resign, &params).await.map(drop)
    }
}

/// Enters a start into the tables, in one transaction with what it takes over.
async fn join(client: &Client, options: &NodeOptions, said: Said<'_>) -> Result<Joined, OpenError> {
    let asked = since_boot();
    // those who join wait for each other; the lock ends with the transaction
    client
        .batch_execute(
            "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '20s'; SELECT pg_advisory_xact_lock(7311, 2)",
        )
        .await?;
    match enter(client, options, said, asked).await {
        Ok(joined) => {
            client.batch_execute("COMMIT").await?;
            Ok(joined)
        }
        Err(error) => {
            // the connection may be lost, and the transaction with it
            let _ = client.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn enter(
    client: &Client,
    options: &NodeOptions,
    said: Said<'_>,
    asked: BootTime,
) -> Result<Joined, OpenError> {
    refuse_divided_files(client, options).await?;
    let (id, host) = (options.node_id.as_str(), options.host.as_str());
    let newest = newest(client, &options.node_id).await?;
    let epoch: i64 = client.query_typed_one("SELECT nextval('ss.epochs')", &[]).await?.try_get(0)?;
    let decided = Join::decide(newest.as_ref().map(|(row, _)| row), host, epoch.cast_unsigned());
    let (from, epoch, lineage) = match decided {
        Join::Fresh { epoch } => (None, epoch, epoch),
        Join::TakeOver { from, epoch } => {
            (Some(from), epoch, newest.as_ref().map_or(epoch, |(_, lineage)| *lineage))
        }
    };
    let lasts = i64::try_from(options.times.lease.as_millis()).unwrap_or(i64::MAX);
    let insert = format!(
        "INSERT INTO ss.nodes (node_id, epoch, lineage, host, state, role, version, address, config_sha256, files, engine, \
         started_at, lease_until) VALUES ($1, $2, $4, $5, 'live', $6, $7, $8, $9, $10, $11, clock_timestamp(), {UNTIL})"
    );
    let params = [
        Param::text(id),
        Param::number(epoch.cast_signed()),
        Param::number(lasts),
        Param::number(lineage.cast_signed()),
        Param::text(host),
        Param::text(options.role.as_str()),
        Param::text(env!("CARGO_PKG_VERSION")),
        Param::text(said.address),
        Param::text(options.settings.to_string()),
        Param::text(options.files.as_str()),
        Param::text(said.engine),
    ];
    query(client, &insert, &params).await?;
    if let Some(from) = from {
        take_over(client, id, from, epoch).await?;
    }
    if options.role.runs_jobs() {
        // runs of a release with one server, which the first server that runs jobs continues
        let sql = "UPDATE ss.active_runs SET node_id = $1, epoch = $2 WHERE node_id = ''";
        query(client, sql, &[Param::text(id), Param::number(epoch.cast_signed())]).await?;
    }
    Ok(Joined { node: NodeEpoch { node_id: options.node_id.clone(), epoch }, lineage, asked })
}

/// Refuses a second server where files are in the data directory of one of them, or in different object stores.
async fn refuse_divided_files(client: &Client, options: &NodeOptions) -> Result<(), OpenError> {
    // the same work volume before a restart of its machine is no other server
    let sql = "SELECT node_id FROM ss.nodes WHERE state IN ('live', 'draining') AND lease_until > clock_timestamp() \
               AND NOT (node_id = $1 AND split_part(host, '/', 2) = split_part($2, '/', 2)) AND (files <> $3 OR $3 = '') \
               ORDER BY node_id LIMIT 1";
    let params = [
        Param::text(options.node_id.as_str()),
        Param::text(options.host.as_str()),
        Param::text(options.files.as_str()),
    ];
    match query(client, sql, &params).await?.first() {
        Some(row) => Err(OpenError::OtherServer { node: row.try_get(0)? }),
        None => Ok(()),
    }
}

/// The row with the highest epoch of a node, with its lineage.
async fn newest(client: &Client, node_id: &NodeId) -> Result<Option<(NodeRow, u64)>, OpenError> {
    let sql = "SELECT epoch, host, state, (extract(epoch FROM lease_until) * 1000000)::int8, lineage FROM ss.nodes \
               WHERE node_id = $1 ORDER BY epoch DESC LIMIT 1 FOR UPDATE";
    let rows = query(client, sql, &[Param::text(node_id.as_str())]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let epoch = row.try_get::<_, i64>(0)?.cast_unsigned();
    let found = NodeRow {
        node: NodeEpoch { node_id: node_id.clone(), epoch },
        host: row.try_get(1)?,
        // a state of a later release is none that may be taken over
        state: NodeState::parse(row.try_get(2)?).unwrap_or(NodeState::Lost),
        lease_until: DatabaseTime::from_micros(row.try_get(3)?),
    };
    Ok(Some((found, row.try_get::<_, i64>(4)?.cast_unsigned())))
}

/// Gives the runs of an earlier start to this one.
async fn take_over(client: &Client, id: &str, from: u64, epoch: u64) -> Result<(), OpenError> {
    let params = || [Param::text(id), Param::number(from.cast_signed()), Param::number(epoch.cast_signed())];
    for sql in [
        "UPDATE ss.active_runs SET epoch = $3 WHERE node_id = $1 AND epoch = $2",
        "UPDATE ss.nodes SET state = 'gone' WHERE node_id = $1 AND epoch = $2 AND epoch < $3",
    ] {
        query(client, sql, &params()).await?;
    }
    Ok(())
}

/// Renews the lease until it is dropped, on a connection of its own.
pub(super) async fn run(readers: Arc<Readers>, member: Arc<Membership>) {
    let every = member.options.times.renew_every;
    let mut link: Option<Link> = None;
    loop {
        let started = tokio::time::Instant::now();
        let renewed = tokio::time::timeout(every, async {
            let open = match link.take().filter(|link| !link.client.is_closed()) {
                Some(open) => open,
                None => readers.core.target.connect().await.map_err(|error| error.to_string())?,
            };
            member.renew(&open.client).await?;
            link = Some(open);
            Ok::<(), String>(())
        });
        let outcome = renewed.await.unwrap_or_else(|_| Err("the database does not answer".to_owned()));
        let mut next = started + every;
        if let Err(why) = outcome {
            // a failover takes much of the time that runs have: the first moment after it counts
            next = started + every / 10;
            outage::away(&why, "the lease of this server is not renewed now");
        }
        tokio::time::sleep_until(next).await;
    }
}

/// Ends this start in order, where the database answers.
pub(super) async fn leave(readers: &Readers, member: &Membership) {
    let left = async {
        let link = readers.core.target.connect().await.map_err(|error| error.to_string())?;
        member.leave(&link.client).await.map_err(|error| text_of(&error))
    };
    if let Err(why) = left.await {
        tracing::warn!(event = "SS_STORE_UNREACHABLE", why, "this server ends without telling the others");
    }
}
