//! The parts of a running service that the rules of the production gate ask.

use std::sync::Arc;

use crate::domain::cluster::NodeState;
use crate::ports::blob_store::BlobStore;
use crate::ports::cluster::{Cluster, Server};
use crate::ports::store::Store;
use crate::service::operations::check_health::looks::wait_for;
use crate::service::shared::context::Context;

/// Parts of the running service that the rules ask.
#[derive(Clone)]
pub struct Served {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The files of jobs.
    pub blobs: Arc<dyn BlobStore>,
    /// The servers that share the store, where there may be some.
    pub elsewhere: Option<Elsewhere>,
}

impl Served {
    /// Those of a service.
    pub fn of(ctx: &Context) -> Self {
        let elsewhere = ctx.cluster.clone().map(Elsewhere);
        Self { store: Arc::clone(&ctx.store), blobs: Arc::clone(&ctx.blobs), elsewhere }
    }
}

/// The servers that run the jobs which this one takes.
#[derive(Clone)]
pub struct Elsewhere(pub Arc<dyn Cluster>);

impl Elsewhere {
    /// Judges their engines. Blocks until the database answers.
    ///
    /// # Errors
    /// Why no run can start now, in words.
    pub(super) fn engines(&self) -> Result<String, String> {
        let servers =
            wait_for(self.0.servers()).map_err(|_| "it is not known which servers run jobs".to_owned())?;
        let live =
            |server: &&Server| server.role.runs_jobs() && server.has_lease && server.state == NodeState::Live;
        let workers: Vec<&Server> = servers.iter().filter(live).collect();
        let attested: Vec<&str> =
            workers.iter().map(|server| server.engine.as_str()).filter(|engine| !engine.is_empty()).collect();
        match (workers.len(), attested.first()) {
            (0, _) => Err("no server that runs jobs is live".to_owned()),
            (count, None) => Err(format!("{count} servers run jobs, and no engine of them is attested")),
            (count, Some(first)) => Ok(format!(
                "{} of {count} servers that run jobs have an attested engine: {first}",
                attested.len()
            )),
        }
    }
}
