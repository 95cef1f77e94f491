//! The servers that share a store, as one of them sees the others. An embedded store has one server and no cluster.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::store::ReadError;
use crate::domain::cluster::{CommonSettings, Leadership, LeaseTimes, NodeEpoch, NodeState, Role, Standing};
use crate::domain::ids::{JobId, RunId, TenantId};

/// A start of a server that owns its runs: it is live or drains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The server and its start.
    pub node: NodeEpoch,
    /// What it does.
    pub role: Role,
    /// `Live` or `Draining`.
    pub state: NodeState,
    /// True while its lease lasts, by the database's clock.
    pub has_lease: bool,
    /// Release of its program.
    pub version: String,
    /// How other servers reach it, such as `http://10.0.0.7:8080`; empty until it listens.
    pub address: String,
    /// True while it leads, by the database's clock.
    pub leads: bool,
    /// The engine that was attested there, or empty.
    pub engine: String,
    /// The settings that all servers should have in common.
    pub settings: CommonSettings,
    /// When it joined (UTC, the database's clock).
    pub started_at: DateTime<Utc>,
    /// End of its lease unless it is renewed (UTC, the database's clock).
    pub lease_until: DateTime<Utc>,
}

/// A run that no server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Tenant of the job.
    pub tenant: TenantId,
    /// The job.
    pub job_id: JobId,
    /// The run under way.
    pub run_id: RunId,
}

/// How often something may be tried: a bucket of tries that fills evenly.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// Tries of a full bucket.
    pub most: u32,
    /// Time in which an empty one is full.
    pub window: Duration,
}

/// The servers of a store. This one has joined before it is used, and renews its lease by itself.
pub trait Cluster: Send + Sync {
    /// Returns this server and its present start. It changes where others declared the start before it lost.
    fn me(&self) -> NodeEpoch;

    /// Returns what this server may do now, by the age of its lease. The database is not asked.
    fn standing(&self) -> Standing;

    /// True if a start may still run, by its name ([`NodeEpoch::name`]) and the last look at the servers.
    fn lives(&self, start: &str) -> bool;

    /// Returns the times of the lease.
    fn times(&self) -> LeaseTimes;

    /// Returns the file by which launchers of new runs follow the lease.
    fn lease_file(&self) -> PathBuf;

    /// Returns the runs that this start holds, with those that it took over.
    fn held(&self) -> BoxFuture<'_, Result<HashSet<RunId>, ReadError>>;

    /// Declares servers lost that were silent for too long, where this one has watched for long enough to say so, and
    /// returns the runs under way that no server holds.
    fn orphans(&self) -> BoxFuture<'_, Result<Vec<Orphan>, ReadError>>;

    /// Stands for leader; returns the term if this server leads. Asked again and again.
    fn lead(&self) -> BoxFuture<'_, Result<Option<Leadership>, ReadError>>;

    /// Tells the others how they reach this server.
    fn announce<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<(), ReadError>>;

    /// Tells the others which engine of this server was attested; an empty text if none is.
    fn announce_engine<'a>(&'a self, engine: &'a str) -> BoxFuture<'a, Result<(), ReadError>>;

    /// Tells the others that this server claims nothing any more.
    fn drain(&self) -> BoxFuture<'_, Result<(), ReadError>>;

    /// Returns the servers that are live or drain, in the order of their names; also those whose lease is over and that
    /// nobody declared lost yet ([`Server::has_lease`]).
    fn servers(&self) -> BoxFuture<'_, Result<Vec<Server>, ReadError>>;

    /// Notes how far runs of this server are, as texts, and returns what other servers noted of theirs.
    fn share_progress(
        &self,
        own: Vec<(RunId, String)>,
    ) -> BoxFuture<'_, Result<Vec<(RunId, String)>, ReadError>>;

    /// Claims a piece of work that one server does at a time; false while another one has it. The claim ends with the lease
    /// of this server, and after `at_most` in any case. The caller makes sure that this process claims a key once at a time;
    /// a claim that the server left behind is taken again.
    fn claim_work<'a>(&'a self, key: &'a str, at_most: Duration) -> BoxFuture<'a, Result<bool, ReadError>>;

    /// Gives back what this server claimed; without such a claim nothing happens.
    fn release_work<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ReadError>>;

    /// Takes a try of a subject, counted over all servers; returns the time until the next one if none is left. `subject` is
    /// a SHA-256 in hexadecimal digits.
    fn take_try<'a>(
        &'a self,
        subject: &'a str,
        tries: Tries,
    ) -> BoxFuture<'a, Result<Option<Duration>, ReadError>>;

    /// Gives a try back that turned out not to count.
    fn give_try_back<'a>(&'a self, subject: &'a str, tries: Tries) -> BoxFuture<'a, Result<(), ReadError>>;

    /// Takes what a subject used here of a bucket that all servers share, whatever is left of it; returns what is left then,
    /// negative where more was used than it holds. `subject` as for [`Self::take_try`].
    fn take_use<'a>(
        &'a self,
        subject: &'a str,
        bucket: Tries,
        used: u32,
    ) -> BoxFuture<'a, Result<f64, ReadError>>;

    /// Returns the server that holds a run under way; `None` if the run is not under way or its server is lost.
    fn holder_of<'a>(&'a self, run_id: &'a RunId) -> BoxFuture<'a, Result<Option<Server>, ReadError>>;
}
