//! Reading the settings again while the service runs: what was read is applied whole or not at all, and the
//! last outcome is kept for `system/status`. Which settings can change is decided where they are applied.

use std::sync::OnceLock;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::service::access::credentials::Ports;
use crate::service::shared::commits::Attempt;
use crate::service::shared::context::{Caller, Context};

/// Result of reloading the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Changes {
    /// Settings that have another value now.
    pub applied: Vec<String>,
    /// Settings whose new values need a restart.
    pub restart_needed: Vec<String>,
}

/// The outcome of the last reload.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ReloadReport {
    /// True if the new settings are in force; else nothing was changed.
    pub ok: bool,
    /// When it happened (RFC 3339, UTC).
    pub at: DateTime<Utc>,
    /// Settings that were applied and that need a restart.
    #[serde(flatten)]
    pub changes: Changes,
    /// Why the settings stayed as they were.
    pub problems: Vec<String>,
}

/// Reads and applies; blocks for some files.
pub type Apply = Box<dyn Fn() -> Result<Changes, Vec<String>> + Send + Sync>;

/// The way to reload.
#[derive(Default)]
pub struct Reloading {
    apply: OnceLock<Apply>,
    last: ArcSwapOption<ReloadReport>,
}

impl Reloading {
    /// States how the settings are read and applied; the first statement counts.
    pub fn set(&self, apply: Apply) {
        // A second statement would be a defect of the composition root; the first stays in force.
        let _ = self.apply.set(apply);
    }

    /// Returns the last outcome.
    pub fn last(&self) -> Option<ReloadReport> {
        self.last.load().as_deref().cloned()
    }

    /// Reads the settings again and keeps the outcome. Blocks.
    fn run(&self, now: DateTime<Utc>) -> ReloadReport {
        let outcome = self.apply.get().map_or_else(|| Ok(Changes::default()), |apply| apply());
        let report = match outcome {
            Ok(changes) => ReloadReport { ok: true, at: now, changes, problems: Vec::new() },
            Err(problems) => ReloadReport { ok: false, at: now, changes: Changes::default(), problems },
        };
        self.last.store(Some(report.clone().into()));
        report
    }
}

/// Reads the settings again; refused settings leave everything as it was.
///
/// # Errors
/// `CONFIG_RELOAD_FAILED {problems}`; `SERVICE_NOT_READY`.
pub async fn reload(ctx: &Context, caller: &Caller) -> Result<ReloadReport, Problem> {
    let (reloading, now) = (std::sync::Arc::clone(&ctx.reloading), ctx.clock.now());
    let report = ctx.pools.reads.run(move || reloading.run(now)).await?;
    let tenant = TenantId::default_tenant();
    let ports = Ports::from(ctx);
    let after = if report.ok { "reloaded" } else { "refused" };
    let mut event =
        ports.event(caller, &tenant, "system.reloaded", "system:settings".to_owned(), (None, Some(after)));
    event.detail = serde_json::json!(report.changes);
    if report.ok {
        tracing::info!(
            event = "SS_CONFIG_RELOADED",
            applied = report.changes.applied.join(", "),
            restart_needed = report.changes.restart_needed.join(", "),
            "the settings were read again"
        );
    } else {
        tracing::error!(
            event = "SS_CONFIG_RELOAD_FAILED",
            problems = report.problems.join("; "),
            "the settings were read again and refused; the old ones stay in force"
        );
    }
    if let Err(Attempt::Refused(problem)) = ports.commit(Vec::new(), vec![event]).await {
        return Err(problem);
    }
    if report.ok {
        return Ok(report);
    }
    let message = "the settings are not valid; the old ones stay in force";
    Err(Problem::new(ErrorCode::ConfigReloadFailed, message).with("problems", report.problems))
}
