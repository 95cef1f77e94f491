//! Possible labels of metrics, gathered from the rooms that define them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::metered_store;
use super::options::Options;
use crate::adapters::backup::manifest::FORMAT_VERSION;
use crate::adapters::postgres;
use crate::adapters::store::TABLES_FORMAT;
use crate::domain::gate::Rule;
use crate::domain::job::JobStatus;
use crate::domain::job::record::SCHEMA_VERSION;
use crate::domain::run::Cause;
use crate::domain::run_outcome::CONTRACT_VERSION;
use crate::library::Library;
use crate::service::operations::check_health;
use crate::service::operations::retention::KINDS;
use crate::telemetry::metrics::Vocabulary;

/// Gathers the values for a set-up.
pub(super) fn vocabulary(options: &Options, library: &Library, now: DateTime<Utc>) -> Vocabulary {
    let families: BTreeSet<&str> = library.templates().map(|t| t.meta.family.as_str()).collect();
    let checks = library.templates().flat_map(|t| t.meta.checks.iter().map(|check| check.id.as_str()));
    let run_checks: BTreeSet<&str> = checks.collect();
    let models = options.llm.iter().flat_map(|llm| llm.endpoints.iter());
    let format = if options.database_url.is_some() { postgres::TABLES_FORMAT } else { TABLES_FORMAT };
    let schemas = [
        ("store", u64::try_from(format).unwrap_or(0)),
        ("job", u64::from(SCHEMA_VERSION)),
        ("launcher", u64::from(CONTRACT_VERSION)),
        ("backup", u64::from(FORMAT_VERSION)),
    ];
    Vocabulary {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: options.engine.kind.clone(),
        backend: if options.database_url.is_some() { "postgresql" } else { "sqlite" }.to_owned(),
        store_ops: texts(metered_store::operations()),
        statuses: texts(JobStatus::ALL.iter().map(|status| status.as_str())),
        causes: texts(Cause::ALL.iter().map(|cause| cause.as_str())),
        families: texts(families),
        run_checks: texts(run_checks),
        models: models.map(|e| (e.wire.as_str().to_owned(), e.model.clone())).collect(),
        rules: texts(Rule::ALL.iter().map(|rule| rule.id())),
        gate_required: options.gate.required,
        checks: texts(check_health::NAMES),
        removals: texts(KINDS),
        schemas: schemas.map(|(kind, version)| (kind.to_owned(), version)).to_vec(),
        started_at: now.timestamp_millis() as f64 / 1000.0,
    }
}

fn texts<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}
