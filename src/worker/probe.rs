//! A probe of the engine: a do-file of two lines through the same launcher and sandbox as every run. It
//! tells whether a host whose engine refused can run again; it is no attestation.

use std::io;

use super::start::PROBE;
use super::{WorkerDeps, WorkerOptions};
use crate::domain::anchors::Nonces;
use crate::domain::ids::RunId;
use crate::domain::log_grammar::{EndOfLog, parse_log};
use crate::domain::run_outcome::{CONTRACT_VERSION, RunLimits};
use crate::ports::runner::RunSpec;

/// Longest time that the engine may take to start and end.
const WALL_SECONDS: u64 = 60;

/// True if the engine starts, runs a do-file to its end and leaves a whole log. Blocks.
pub(super) fn engine_works(deps: &WorkerDeps, options: &WorkerOptions) -> bool {
    match probe(deps, options) {
        Ok(works) => works,
        Err(error) => {
            tracing::warn!(event = "SS_ENGINE_PROBE_FAILED", %error, "the engine could not be probed");
            false
        }
    }
}

fn probe(deps: &WorkerDeps, options: &WorkerOptions) -> io::Result<bool> {
    let run_id = RunId::parse(deps.ids.id(PROBE)).map_err(io::Error::other)?;
    let nonces = Nonces { begin: hex::encode(deps.ids.secret(16)), end: hex::encode(deps.ids.secret(16)) };
    let run_dir = std::path::absolute(&deps.scratch_dir)?.join(run_id.as_str());
    let work = run_dir.join("work");
    deps.workspace.create_dir(&work)?;
    let text = format!(
        "display \"SS_EVENT|begin|run={run_id}|nonce={}\"\ndisplay \"SS_EVENT|end|nonce={}\"\nexit, clear\n",
        nonces.begin, nonces.end
    );
    deps.workspace.write(&work.join("main.do"), text.as_bytes())?;
    let outcome = deps
        .runner
        .start(RunSpec {
            contract_version: CONTRACT_VERSION,
            run_id: run_id.to_string(),
            run_dir: run_dir.clone(),
            command: options.command.clone(),
            limits: RunLimits { wall_seconds: WALL_SECONDS, ..options.limits.clone() },
            sandbox: options.sandbox.clone(),
            timezone: options.timezone.clone(),
            lease: None,
        })?
        .wait();
    let log = deps.workspace.read(&work.join("main.log")).unwrap_or_default();
    let log = parse_log(&run_id, &nonces, &log);
    deps.workspace.remove_dir(&run_dir)?;
    Ok(outcome.clean() && log.begin.is_some() && log.end == EndOfLog::Complete && log.error.is_none())
}
