//! The checks of health and what they check in this set-up.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use super::options::{LlmEndpoint, LlmOptions, LlmWire, Options};
use super::servers::KnownServers;
use crate::adapters::guard::Guard;
use crate::adapters::host::LocalHost;
use crate::adapters::llm::{Dialect, Reach};
use crate::adapters::runner::engine_problems;
use crate::service::Context;
use crate::service::operations::check_health::looks::{self, Work};
use crate::service::operations::check_health::{Found, Need, Probe};
use crate::worker::WorkerStatus;

/// Time between two checks of what is cheap to check.
const OFTEN: Duration = Duration::from_secs(2);
/// Time between two looks that write to the disk.
const SELDOM: Duration = Duration::from_secs(10);
/// Longest time of a check of this machine.
const LOCAL: Duration = Duration::from_secs(2);
/// Longest time that a provider may take.
const REMOTE: Duration = Duration::from_secs(5);

fn local(
    name: &'static str,
    need: Need,
    every: Duration,
    look: impl Fn() -> Found + Send + Sync + 'static,
) -> Probe {
    Probe { name, need, every, limit: LOCAL, at_first: None, look: Box::new(look) }
}

/// Looks whether the store answers, and every fifth time whether it writes: a store in PostgreSQL waits for the lock of all commits
/// for that. One that did not is asked for the same until it does.
fn store(ctx: Arc<Context>) -> impl Fn() -> Found + Send + Sync + 'static {
    let turn = AtomicU32::new(0);
    move || {
        let at = turn.fetch_add(1, Ordering::Relaxed);
        let found = looks::store(&ctx, at.is_multiple_of(5));
        if matches!(found, Found::Out(_)) {
            turn.store(0, Ordering::Relaxed);
        }
        found
    }
}

/// The checks of what is there before anything is served.
pub(super) fn of_parts(ctx: &Arc<Context>, options: &Options) -> Vec<Probe> {
    let (of_store, of_disk) = (Arc::clone(ctx), Arc::clone(ctx));
    let of_files = Arc::clone(&ctx.blobs);
    // the trials of an object store are made elsewhere
    let often = if of_files.last_trial().is_some() { OFTEN } else { SELDOM };
    let folders = ["tenants", "scratch"].map(|name| options.data_dir.join(name));
    vec![
        local("store", Need::ToAnswer, OFTEN, store(of_store)),
        local("disk", Need::ToWork, OFTEN, move || looks::disk(&of_disk)),
        local("blobs", Need::ToWork, often, move || looks::blobs(&LocalHost, &folders, of_files.as_ref())),
        local("engine", Need::ToWork, OFTEN, engine(options)),
    ]
}

/// The checks of the running service.
pub(super) fn of_work(
    ctx: &Arc<Context>,
    options: &Options,
    servers: Arc<KnownServers>,
    workers: impl Fn() -> Option<WorkerStatus> + Send + Sync + 'static,
) -> Result<Vec<Probe>, String> {
    let places = options.worker.concurrency;
    let workers = Arc::new(workers);
    let of_queue = (Arc::clone(ctx), Arc::clone(&workers));
    let of_all = Arc::clone(&servers);
    let runs_jobs = options.server.role.runs_jobs();
    let mut probes = vec![
        local("workers", Need::ToWork, OFTEN, move || match workers() {
            _ if !runs_jobs => elsewhere(servers.workers()),
            _ if places == 0 => Found::Well("claims are turned off in this process".to_owned()),
            None => Found::Out("not started".to_owned()),
            Some(WorkerStatus { host_fault: Some(cause), .. }) => {
                Found::Out(format!("claims are stopped: {}", cause.as_str()))
            }
            Some(status) => Found::Well(format!("{} of {places} places are taken", status.active)),
        }),
        local("queue", Need::ToWork, OFTEN, move || {
            let (ctx, workers) = &of_queue;
            let status = workers();
            let active = status.as_ref().map_or(0, |status| status.active);
            let claims = places > 0 && status.is_some_and(|status| status.host_fault.is_none());
            looks::queue(ctx, Work { active, claims })
        }),
    ];
    if let Some(cluster) = ctx.cluster.clone() {
        let clock = Arc::clone(&ctx.clock);
        let look = move || of_all.look(&cluster.me(), clock.machine_ahead());
        probes.push(local("servers", Need::Nothing, OFTEN, look));
    }
    probes.extend(model(options)?);
    Ok(probes)
}

/// Judges the servers that run the jobs which this one takes.
fn elsewhere(workers: Option<usize>) -> Found {
    match workers {
        None => Found::Out("it is not known which servers run jobs".to_owned()),
        Some(0) => Found::Out("no server that runs jobs is live".to_owned()),
        Some(count) => Found::Well(format!("{count} servers run jobs")),
    }
}

/// The language model: clients can state drafts without one, except in production, which requires it.
fn model(options: &Options) -> Result<Option<Probe>, String> {
    let need = if options.gate.required { Need::ToWork } else { Need::Nothing };
    let limit = REMOTE + LOCAL;
    let without = |detail: &str| {
        let detail = detail.to_owned();
        Probe { limit, ..local("llm", need, SELDOM, move || Found::Well(detail.clone())) }
    };
    let Some(llm) = &options.llm else {
        return Ok(Some(without("not configured; clients state drafts themselves")));
    };
    if llm.look_every.is_zero() {
        return Ok(Some(without("configured; not looked at")));
    }
    let providers =
        llm.endpoints.iter().map(|endpoint| reach(endpoint, llm)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = llm.endpoints.iter().map(|endpoint| endpoint.wire.as_str()).collect();
    let runtime = Handle::current();
    let look = move || {
        // one after the other: the second is asked when the first is out, as calls do
        let asked =
            names.iter().zip(&providers).map(|(name, provider)| (name, runtime.block_on(provider.ask())));
        let mut out = Vec::new();
        for (name, answer) in asked {
            match answer {
                Ok(()) if out.is_empty() => return Found::Well(format!("{name} answers")),
                Ok(()) => return Found::Limited(format!("{name} answers, but {}", out.join("; "))),
                Err(why) => out.push(format!("{name}: {why}")),
            }
        }
        Found::Out(out.join("; "))
    };
    Ok(Some(Probe {
        name: "llm",
        need,
        every: llm.look_every,
        limit: limit * u32::try_from(llm.endpoints.len()).unwrap_or(1),
        at_first: Some("configured; not checked yet".to_owned()),
        look: Box::new(look),
    }))
}

fn reach(endpoint: &LlmEndpoint, llm: &LlmOptions) -> Result<Reach, String> {
    let dialect = match endpoint.wire {
        LlmWire::OpenAi => Dialect::OpenAi,
        LlmWire::Anthropic => Dialect::Anthropic,
    };
    let limit = REMOTE.min(llm.connect_timeout + llm.first_byte_timeout);
    let guard = llm.addresses.clone().map(Guard::new);
    Reach::new(
        dialect,
        &endpoint.base_url,
        endpoint.api_key.clone(),
        limit,
        llm.ca_pem.as_deref(),
        guard.as_ref(),
    )
}

/// Checks that the engine's program is there and executable, and that runs may read what it needs; starting it is
/// what runs and the gate do.
fn engine(options: &Options) -> impl Fn() -> Found + Send + Sync + 'static {
    let runs_jobs = options.server.role.runs_jobs();
    let command = options.engine.command.clone();
    let kind = options.engine.kind.clone();
    let sandbox = options.engine.sandbox_spec();
    move || match std::fs::metadata(command.first().map_or("", String::as_str)) {
        _ if !runs_jobs => Found::Well("this server starts no runs".to_owned()),
        Ok(facts) if facts.is_file() && facts.permissions().mode() & 0o111 != 0 => {
            match engine_problems(&command, &sandbox) {
                problems if problems.is_empty() => Found::Well(format!("{kind} engine")),
                problems => Found::Limited(format!("{kind} engine: {}", problems.join("; "))),
            }
        }
        Ok(_) => Found::Out("the engine's program is not executable".to_owned()),
        Err(error) => Found::Out(format!("the engine's program cannot be found: {}", error.kind())),
    }
}
