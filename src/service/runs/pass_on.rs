//! Passes a request for the log of a run under way on to the server that runs it: the log is in its working space until the
//! attempt ends. The other server checks the caller's credential again, and passes nothing on itself.

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::run::{Run, RunStatus};
use crate::ports::cluster::Server;
use crate::ports::peers::{PeerRequest, PeerResponse};
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Marks a request that was passed on once; its value names the server that did.
pub const PASSED_ON: &str = "x-ss-passed-on-by";
/// Seconds after which a server that cannot be reached is asked again.
const RETRY_SECONDS: u64 = 5;

/// A request as the client sent it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Path and query.
    pub target: String,
    /// Headers that the other server needs, by lower-case names.
    pub headers: Vec<(String, String)>,
}

/// The use case.
pub struct PassOn<'a>(pub &'a Context);

impl PassOn<'_> {
    /// Passes a request for what a run writes on to its server; `None` where it is to be answered here.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE` (`dependency`: `server`) where that server cannot be reached; `STORE_UNAVAILABLE`.
    pub async fn execute(&self, run: &Run, sent: Sent) -> Result<Option<PeerResponse>, Problem> {
        let ctx = self.0;
        let Some((cluster, peers)) = ctx.cluster.as_ref().zip(ctx.peers.as_ref()) else { return Ok(None) };
        if run.status != RunStatus::Running || sent.headers.iter().any(|(name, _)| name == PASSED_ON) {
            return Ok(None);
        }
        let me = cluster.me();
        let holder = cluster.holder_of(&run.run_id).await.map_err(read_problem)?;
        // the run of a server that was lost ends, or has ended since the job was read
        let Some(holder) = holder.filter(|holder| holder.node.node_id != me.node_id) else { return Ok(None) };
        if holder.address.is_empty() {
            return Err(not_reached(&holder, "it has no node.address and listens on all of its addresses"));
        }
        let mut headers = sent.headers;
        headers.push((PASSED_ON.to_owned(), me.name()));
        let request = PeerRequest { address: holder.address.clone(), target: sent.target, headers };
        match peers.get(request).await {
            Ok(response) if is_of_service(&response) => Ok(Some(response)),
            Ok(response) => {
                Err(not_reached(&holder, &format!("its address answers with status {}", response.status)))
            }
            Err(why) => Err(not_reached(&holder, &why)),
        }
    }
}

/// True unless something else answers at the address of the server.
fn is_of_service(response: &PeerResponse) -> bool {
    let is_problem = || {
        let media_type = response.headers.iter().find(|(name, _)| name == "content-type");
        media_type.is_some_and(|(_, value)| value.starts_with("application/problem+json"))
    };
    match response.status {
        200 | 206 | 304 => true,
        status => status >= 400 && is_problem(),
    }
}

fn not_reached(holder: &Server, why: &str) -> Problem {
    tracing::warn!(
        event = "SS_SERVER_NOT_REACHED",
        node = holder.node.node_id.as_str(),
        address = holder.address,
        why,
        "the server that runs a job cannot be reached by this one"
    );
    let words = "the server that runs the job cannot be reached; its log can be read once the run has ended";
    Problem::new(ErrorCode::DependencyUnavailable, words)
        .with("dependency", "server")
        .retry_after(RETRY_SECONDS)
}
