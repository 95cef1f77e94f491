//! What this server knows about those that share its store, kept young for health and metrics: those must answer while
//! the database does not. How far their runs are is for people who watch.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::build::BuildError;
use super::opened_files::OpenedFiles;
use super::options::Options;
use super::share_rates;
use crate::adapters::ids::SystemIds;
use crate::adapters::node_id;
use crate::adapters::objects::is_noted;
use crate::adapters::peers::HttpPeers;
use crate::adapters::postgres::{NodeOptions, in_turn};
use crate::domain::cluster::{CommonSettings, KeyPrints, NodeEpoch, NodeState};
use crate::domain::ids::RunId;
use crate::domain::job::JobStatus;
use crate::domain::signed_link::LinkKeys;
use crate::domain::webhook::signing::WebhookKeys;
use crate::http::state::App;
use crate::ports::cluster::{Cluster, Server};
use crate::ports::peers::Peers;
use crate::service::Context;
use crate::service::operations::check_health::Found;
use crate::service::operations::steady_clock::difference;
use crate::service::runs::progress::Progress;
use crate::telemetry::metrics::{Metrics, Servers as Counts};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Age from which what is known is not used any more.
const OLD: Duration = Duration::from_secs(30);

/// Time between two exchanges of how far runs are.
const EXCHANGE: Duration = Duration::from_secs(1);

/// The servers that were seen last.
#[derive(Default)]
pub(super) struct KnownServers(Mutex<Option<(Instant, Vec<Server>)>>);

impl KnownServers {
    /// Returns the servers of the last look; `None` where it is too long ago.
    pub(super) fn seen(&self) -> Option<Vec<Server>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|(at, _)| at.elapsed() < OLD).map(|(_, servers)| servers.clone())
    }

    /// Returns how many servers with a lease run jobs and take new ones; `None` where that is not known.
    pub(super) fn workers(&self) -> Option<usize> {
        let takes_jobs =
            |server: &&Server| server.role.runs_jobs() && server.has_lease && server.state == NodeState::Live;
        Some(self.seen()?.iter().filter(takes_jobs).count())
    }

    /// Returns how many servers with a lease serve clients; 0 where that is not known.
    pub(super) fn serving(&self) -> usize {
        let serves = |server: &&Server| server.role.serves_clients() && server.has_lease;
        self.seen().map_or(0, |servers| servers.iter().filter(serves).count())
    }

    /// Judges the servers for health, of which `me` is this one, whose machine's clock is `ahead` of the database's. That the
    /// database does not answer is told of the store.
    pub(super) fn look(&self, me: &NodeEpoch, ahead: TimeDelta) -> Found {
        if let Some(differ) = difference(ahead) {
            let effect = "nothing that expired is removed, and an object store may refuse requests";
            return Found::Limited(format!("{differ}: {effect}; set the clock that is wrong"));
        }
        let Some(servers) = self.seen() else { return Found::Well("not known at the moment".to_owned()) };
        match strange_keys(&servers, me) {
            Some(strange) => Found::Limited(strange),
            None => Found::Well(format!("{} servers share the store", servers.len())),
        }
    }

    /// Starts what a server does because others share its store: it looks at them, exchanges progress and the use of rates with
    /// them, and sweeps its scratch space, which they cannot reach.
    pub(super) fn begin(
        self: &Arc<Self>,
        app: &App,
        cluster: &Arc<dyn Cluster>,
        stop: &CancellationToken,
    ) -> Vec<JoinHandle<()>> {
        let (this, metrics) = (Arc::clone(self), Arc::clone(&app.metrics));
        let looks = this.follow(Arc::clone(cluster), metrics, stop.clone());
        let exchange = exchange_progress(Arc::clone(&app.ctx), Arc::clone(cluster), stop.clone());
        let rates =
            share_rates::run(Arc::clone(&app.edge), Arc::clone(cluster), Arc::clone(self), stop.clone());
        let sweep = super::sweep::run_local(app.clone(), stop.clone());
        vec![tokio::spawn(looks), tokio::spawn(exchange), tokio::spawn(rates), tokio::spawn(sweep)]
    }

    /// Looks until `stop` fires.
    async fn follow(
        self: Arc<Self>,
        cluster: Arc<dyn Cluster>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) {
        let mut told = None;
        loop {
            // a look that fails was reported by the read
            if let Ok(servers) = cluster.servers().await {
                let me = cluster.me();
                let leads = servers.iter().any(|server| server.leads && server.node == me);
                metrics.host.set_servers(counted(&servers), leads);
                let strange = strange_keys(&servers, &me);
                if let Some(reason) = strange.as_ref().filter(|_| strange != told) {
                    tracing::error!(
                        event = "SS_SERVER_KEYS",
                        reason,
                        "servers of one store have different keys"
                    );
                }
                told = strange;
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), servers));
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

/// Exchanges how far runs are with the other servers, until `stop` fires. While nothing runs the database is not asked.
async fn exchange_progress(ctx: Arc<Context>, cluster: Arc<dyn Cluster>, stop: CancellationToken) {
    let mut shared: HashMap<RunId, Progress> = HashMap::new();
    loop {
        let runs = ctx.store.status().jobs.get(&JobStatus::Running).copied().unwrap_or(0);
        let own = ctx.progress.own();
        if runs == 0 {
            ctx.progress.set_others(HashMap::new());
        } else {
            let news = own.iter().filter(|(run_id, progress)| shared.get(*run_id) != Some(*progress));
            let texts = news.filter_map(|(run_id, progress)| {
                Some((run_id.clone(), serde_json::to_string(progress).ok()?))
            });
            // an exchange that fails was reported by the read, and is made again
            if let Ok(others) = cluster.share_progress(texts.collect()).await {
                // a later release may say it in another form
                let others = others
                    .into_iter()
                    .filter_map(|(run_id, text)| Some((run_id, serde_json::from_str(&text).ok()?)));
                ctx.progress.set_others(others.collect());
                shared = own;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EXCHANGE) => {}
        }
    }
}

/// Names the settings whose keys differ between this server and others with a lease, with those servers; `None` where all go
/// together.
fn strange_keys(servers: &[Server], me: &NodeEpoch) -> Option<String> {
    let mine = servers.iter().find(|server| server.node == *me)?;
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // an earlier start of this one may end with the settings that it had
    for other in servers.iter().filter(|other| other.has_lease && other.node.node_id != me.node_id) {
        let both_serve_clients = mine.role.serves_clients() && other.role.serves_clients();
        let Some((own, others)) = mine.settings.keys.as_ref().zip(other.settings.keys.as_ref()) else {
            continue;
        };
        for name in own.strange_to(others, both_serve_clients) {
            found.entry(name).or_default().push(other.node.node_id.as_str());
        }
    }
    let differ =
        |(name, nodes): (&&str, &Vec<&str>)| format!("{name} differs from that of {}", nodes.join(", "));
    let differ: Vec<String> = found.iter().map(differ).collect();
    (!differ.is_empty()).then(|| {
        format!("{}: what one server signs the other cannot; set the same keys on all", differ.join("; "))
    })
}

fn counted(servers: &[Server]) -> Counts {
    let count = |is: &dyn Fn(&Server) -> bool| servers.iter().filter(|server| is(server)).count();
    Counts {
        live: count(&|server| server.has_lease && server.state == NodeState::Live),
        draining: count(&|server| server.has_lease && server.state == NodeState::Draining),
        silent: count(&|server| !server.has_lease),
    }
}

/// Returns the way to the other servers, where there may be some.
///
/// # Errors
/// [`BuildError::Edge`].
pub(super) fn peers(cluster: Option<&Arc<dyn Cluster>>) -> Result<Option<Arc<dyn Peers>>, BuildError> {
    let Some(_) = cluster else { return Ok(None) };
    Ok(Some(Arc::new(HttpPeers::new().map_err(BuildError::Edge)?)))
}

/// Opens the place of files. Servers that start together wait for each other where the bucket may get its id.
///
/// # Errors
/// [`BuildError`].
pub(super) fn files(options: &Options, data_dir: &Path) -> Result<OpenedFiles, BuildError> {
    let open = || OpenedFiles::open_owned(data_dir, &options.files);
    let is_new = || is_noted(data_dir).map(|noted| !noted).map_err(BuildError::DataDir);
    match (&options.database_url, &options.files.objects) {
        (Some(url), Some(_)) if is_new()? => Ok(in_turn(url, open).map_err(BuildError::Postgres)??),
        _ => Ok(open()?),
    }
}

/// Returns how this server joins those that share its database.
///
/// # Errors
/// [`BuildError::DataDir`].
pub(super) fn node(options: &Options, data_dir: &Path) -> Result<Option<NodeOptions>, BuildError> {
    if options.database_url.is_none() {
        return Ok(None);
    }
    let server = &options.server;
    let files = options.files.objects.as_ref().map(|objects| {
        let endpoint = objects.endpoint.as_deref().unwrap_or(&objects.region);
        format!("{endpoint}/{}/{}", objects.bucket, objects.prefix)
    });
    Ok(Some(NodeOptions {
        node_id: node_id::load(data_dir, &SystemIds).map_err(BuildError::DataDir)?,
        host: node_id::host_of(data_dir).map_err(BuildError::DataDir)?,
        role: server.role,
        address: server.address.clone().unwrap_or_default(),
        settings: CommonSettings {
            sha256: server.config_sha256.clone(),
            keys: Some(KeyPrints {
                links: options.link_keys.as_ref().map(LinkKeys::prints).unwrap_or_default(),
                webhooks: options.webhooks.keys.as_ref().map(WebhookKeys::prints).unwrap_or_default(),
            }),
        },
        files: files.unwrap_or_default(),
        lease_dir: data_dir.join("lease"),
        times: server.times,
    }))
}
