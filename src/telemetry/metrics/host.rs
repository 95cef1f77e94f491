//! Metrics of the process's surroundings: build, engine, disk, gate, checks, settings, certificate, backups.

use prometheus::{GaugeVec, IntGauge, IntGaugeVec};

use super::{Registrar, Vocabulary, as_gauge};

/// Everything that is neither a request nor a job.
pub struct HostMetrics {
    engine_up: IntGauge,
    engine_seats: IntGaugeVec,
    licence_expiry: IntGauge,
    disk_free: GaugeVec,
    gate_requirement_ok: IntGaugeVec,
    check_age: GaugeVec,
    servers: IntGaugeVec,
    server_leads: IntGauge,
    config_reload_success: IntGauge,
    tls_cert_expiry: IntGauge,
    backup_last_success: IntGauge,
}

/// State of the slots for runs of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seats {
    /// Taken by runs.
    pub busy: usize,
    /// Free for the next claim.
    pub free: usize,
    /// Not taken, and not usable: claims are stopped.
    pub blocked: usize,
}

/// Servers that share the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Servers {
    /// They have their leases and take work.
    pub live: usize,
    /// They have their leases and take none.
    pub draining: usize,
    /// Their leases are over.
    pub silent: usize,
}

impl HostMetrics {
    pub(super) fn new(r: &Registrar<'_>, words: &Vocabulary) -> Self {
        let build = r.gauges("ss_build_info", "Version and engine of this process.", &["version", "engine"]);
        build.with_label_values(&[&words.version, &words.engine]).set(1);
        let schema = r.gauges("ss_schema_version", "Version of what this release writes.", &["kind"]);
        for (kind, version) in &words.schemas {
            schema.with_label_values(&[kind]).set(as_gauge(*version));
        }
        let metrics = Self {
            engine_up: r.gauge("ss_engine_up", "1 if the engine can be used."),
            engine_seats: r.gauges(
                "ss_engine_seats",
                "Places for runs of this process: busy, free, or blocked while claims are stopped.",
                &["state"],
            ),
            licence_expiry: r.gauge(
                "ss_engine_licence_expiry_timestamp_seconds",
                "Expiry of the engine's licence, as reported by the engine at its attestation; 0 if not reported.",
            ),
            disk_free: r.float_gauges("ss_disk_free_bytes", "Free bytes of a volume.", &["volume"]),
            gate_requirement_ok: r.gauges(
                "ss_gate_requirement_ok",
                "1 if a rule of the production gate holds; outside production no rule is required, and all are 1.",
                &["rule"],
            ),
            check_age: r.float_gauges(
                "ss_check_age_seconds",
                "Time since a check of health was made.",
                &["check"],
            ),
            servers: r.gauges(
                "ss_servers",
                "Servers that share the store: live, draining, or silent while their lease is over.",
                &["state"],
            ),
            server_leads: r.gauge(
                "ss_server_leads",
                "1 while this server does what one does for all: webhooks and records of batches.",
            ),
            config_reload_success: r.gauge(
                "ss_config_reload_success",
                "1 unless the last reload of the settings was refused.",
            ),
            tls_cert_expiry: r.gauge(
                "ss_tls_cert_expiry_timestamp_seconds",
                "When the certificate in force ends; 0 without TLS.",
            ),
            backup_last_success: r.gauge(
                "ss_backup_last_success_timestamp_seconds",
                "When the last whole backup of this data directory was made; 0 for never.",
            ),
        };
        metrics.set_seats(Seats::default());
        metrics.set_servers(Servers { live: 1, draining: 0, silent: 0 }, true);
        metrics.disk_free.with_label_values(&["data"]);
        for rule in &words.rules {
            metrics.gate_requirement(rule, !words.gate_required);
        }
        for check in &words.checks {
            metrics.set_check_age(check, 0.0);
        }
        metrics
    }

    /// Sets how many servers share the store, and whether this one leads. One with an embedded store is alone.
    pub fn set_servers(&self, servers: Servers, leads: bool) {
        for (state, n) in [("live", servers.live), ("draining", servers.draining), ("silent", servers.silent)]
        {
            self.servers.with_label_values(&[state]).set(as_gauge(n));
        }
        self.server_leads.set(i64::from(leads));
    }

    /// Sets whether the engine can be used.
    pub fn set_engine(&self, up: bool) {
        self.engine_up.set(i64::from(up));
    }

    /// Sets what becomes of the places for runs.
    pub fn set_seats(&self, seats: Seats) {
        for (state, n) in [("busy", seats.busy), ("free", seats.free), ("blocked", seats.blocked)] {
            self.engine_seats.with_label_values(&[state]).set(as_gauge(n));
        }
    }

    /// Sets when the engine's licence ends, in seconds of Unix time.
    pub fn set_licence_expiry(&self, at: Option<i64>) {
        self.licence_expiry.set(at.unwrap_or(0));
    }

    /// Sets the free space of the data volume.
    pub fn set_disk_free(&self, bytes: u64) {
        self.disk_free.with_label_values(&["data"]).set(bytes as f64);
    }

    /// Sets whether a rule of the production gate holds.
    pub fn gate_requirement(&self, rule: &str, ok: bool) {
        self.gate_requirement_ok.with_label_values(&[rule]).set(i64::from(ok));
    }

    /// Sets how many seconds ago a check was made.
    pub fn set_check_age(&self, check: &str, seconds: f64) {
        self.check_age.with_label_values(&[check]).set(seconds);
    }

    /// Sets whether the settings that were read last are in force.
    pub fn config_reload(&self, ok: bool) {
        self.config_reload_success.set(i64::from(ok));
    }

    /// Sets when the certificate ends, in seconds of Unix time.
    pub fn tls_cert_expiry(&self, at: Option<i64>) {
        self.tls_cert_expiry.set(at.unwrap_or(0));
    }

    /// Sets when the last whole backup was made, in seconds of Unix time.
    pub fn backup(&self, last_success: Option<i64>) {
        self.backup_last_success.set(last_success.unwrap_or(0));
    }
}
