//! Wires the production gate to this host and keeps its result fresh while the service runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::options::Options;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::LocalWorkspace;
use crate::adapters::host::LocalHost;
use crate::adapters::ids::SystemIds;
use crate::adapters::runner::LocalRunner;
use crate::domain::gate::{Finding, Rule};
use crate::http::state::App;
use crate::ports::runner::Runner;
use crate::service::operations::attest_engine::{AttestEngine, Deps};
use crate::service::operations::check_gate::CheckGate;
use crate::service::operations::check_health::looks::wait_for;
pub use crate::service::operations::gate_served::Served;

/// Time between two evaluations; what is dear to check has longer times of its own.
const PERIOD: Duration = Duration::from_secs(5);

/// Builds the evaluation of a set-up. `served` is absent where the service does not run.
pub fn check(options: &Options, data_dir: &Path, served: Option<Served>) -> CheckGate {
    let engine = &options.engine;
    let runner: Arc<dyn Runner> = match &engine.launcher {
        Some(program) => Arc::new(LocalRunner::with_launcher(program)),
        None => Arc::new(LocalRunner::new()),
    };
    let host = Arc::new(LocalHost);
    let clock = Arc::new(SystemClock);
    let attest = AttestEngine::new(Deps {
        runner,
        ids: Arc::new(SystemIds),
        clock: Arc::clone(&clock) as _,
        host: Arc::clone(&host) as _,
        workspace: Arc::new(LocalWorkspace::new(data_dir.to_owned())),
        scratch_dir: data_dir.join("scratch"),
        command: engine.command.clone(),
        limits: super::build::run_limits(engine),
        sandbox: engine.sandbox_spec(),
        timezone: engine.timezone.clone(),
    });
    CheckGate::new(options.gate.clone(), data_dir.to_owned(), host, clock, served, attest)
}

/// Evaluates once, publishes and tells what changed. Blocks, for seconds where the engine is tried.
pub fn evaluate(app: &App, check: &CheckGate) -> Vec<Finding> {
    let was_open = app.gate.is_open();
    let findings = check.execute();
    for rule in Rule::ALL {
        let ok = findings.iter().any(|finding| finding.id == rule.id() && finding.ok);
        app.metrics.host.gate_requirement(rule.id(), ok);
    }
    app.metrics.host.set_licence_expiry(check.licence_expires_at().map(|at| at.timestamp()));
    for finding in app.gate.publish(findings.clone()) {
        if !finding.ok {
            tracing::error!(
                event = "SS_GATE_VIOLATED",
                rule = finding.id,
                detail = finding.detail,
                remedy = finding.remedy,
                "a rule of the production gate is violated"
            );
        }
    }
    if !was_open && app.gate.is_open() {
        tracing::info!(event = "SS_GATE_OPEN", "every rule of the production gate holds");
    }
    findings
}

/// Tells the servers that share the store which engine of this one is attested, where that changed.
fn announce(app: &App, engine: &str, announced: &mut String) {
    let Some(cluster) = app.ctx.cluster.as_ref().filter(|_| app.role.runs_jobs()) else { return };
    // a database that is away is asked again with the next evaluation
    if *announced != engine && wait_for(cluster.announce_engine(engine)).is_ok() {
        engine.clone_into(announced);
    }
}

/// Evaluates again and again on its own thread until `stop` fires.
///
/// # Errors
/// An I/O error where the thread cannot be started.
pub fn keep_fresh(app: App, check: Arc<CheckGate>, stop: CancellationToken) -> std::io::Result<()> {
    std::thread::Builder::new().name("gate".to_owned()).spawn(move || {
        let mut announced = String::new();
        while !stop.is_cancelled() {
            let findings = evaluate(&app, &check);
            announce(&app, CheckGate::attested(&findings), &mut announced);
            // short naps, so that the end of the service is not waited for
            let mut left = PERIOD;
            while !stop.is_cancelled() && !left.is_zero() {
                let nap = left.min(Duration::from_millis(100));
                std::thread::sleep(nap);
                left -= nap;
            }
        }
    })?;
    Ok(())
}
