//! Evaluates every rule of the production gate. The texts of the rules are in `domain::gate`, rules on settings in
//! `config`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use crate::domain::gate::{Finding, Kind, Rule, Violation};
use crate::domain::job::JobStatus;
use crate::domain::outgoing_address::AddressPolicy;
use crate::library::{Library, LibraryProblem, index};
use crate::ports::clock::Clock;
use crate::ports::host::{Durability, Host};
use crate::ports::store::Store;
use crate::service::operations::attest_engine::AttestEngine;
use crate::service::operations::gate_served::Served;
use crate::service::shared::space::DiskLow;

/// How old what was found of the library or of the provider's addresses may be: files are read as a whole, names resolved.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How far the clock may be behind what lies on the disk.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);
/// No clock of a running release shows a time outside of these years.
const YEARS: (i32, i32) = (2025, 2100);

/// Where the jobs run that a server takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runs {
    /// On this server.
    #[default]
    Here,
    /// On servers that share its store.
    Elsewhere,
}

/// Settings that the evaluation needs.
#[derive(Debug, Clone, Default)]
pub struct GateOptions {
    /// True in production.
    pub required: bool,
    /// Violations by the settings alone.
    pub violations: Vec<Violation>,
    /// Why the library could not be loaded at the start, where it could not.
    pub library_fault: Option<String>,
    /// Folder of another do-template library; `None` is the embedded one.
    pub library_dir: Option<PathBuf>,
    /// Files that hold secrets; their permissions are checked.
    pub secret_files: Vec<PathBuf>,
    /// Hosts of the model's providers.
    pub llm_hosts: Vec<String>,
    /// Addresses that providers may have in production.
    pub llm_addresses: AddressPolicy,
    /// A failover of the database may lose acknowledged changes.
    pub accept_loss_on_failover: bool,
    /// Memory limit of one run, in bytes.
    pub run_memory_bytes: u64,
    /// What all connections at once and the service itself need.
    pub open_files: u64,
    /// Where the jobs run that this server takes.
    pub runs_jobs: Runs,
    /// Runs at once.
    pub concurrency: usize,
    /// Free space below which new work is refused.
    pub disk_low: DiskLow,
}

/// A result that holds for a while, and when it was found.
type Kept = (Instant, Result<String, String>);

/// Evaluates the rules.
pub struct CheckGate {
    options: GateOptions,
    data_dir: PathBuf,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    /// Absent where the service is not running.
    served: Option<Served>,
    engine: AttestEngine,
    library: Mutex<Option<Kept>>,
    provider: Mutex<Option<Kept>>,
}

impl CheckGate {
    /// Takes what it checks; nothing is checked yet.
    pub fn new(
        options: GateOptions,
        data_dir: PathBuf,
        host: Arc<dyn Host>,
        clock: Arc<dyn Clock>,
        served: Option<Served>,
        engine: AttestEngine,
    ) -> Self {
        Self {
            options,
            data_dir,
            host,
            clock,
            served,
            engine,
            library: Mutex::default(),
            provider: Mutex::default(),
        }
    }

    /// Returns the engine of this server that was attested last, in words; empty where none was, or none is needed.
    pub fn attested(findings: &[Finding]) -> &str {
        let found = findings.iter().find(|finding| finding.id == Rule::StataAttested.id() && finding.ok);
        found.map_or("", |finding| finding.detail.as_str())
    }

    /// Returns when the licence of the attested engine ends, as far as the engine tells it.
    pub fn licence_expires_at(&self) -> Option<DateTime<Utc>> {
        self.engine.last()?.licence_expires_at()
    }

    /// Evaluates every rule, whatever the others say. Blocks, for seconds where the engine is tried.
    pub fn execute(&self) -> Vec<Finding> {
        Rule::ALL.iter().map(|rule| Finding::of(*rule, self.look(*rule), self.clock.now())).collect()
    }

    fn look(&self, rule: Rule) -> Result<String, String> {
        let stated: Vec<&str> =
            self.options.violations.iter().filter(|v| v.rule == rule).map(|v| v.detail.as_str()).collect();
        if !stated.is_empty() {
            return Err(stated.join("; "));
        }
        match rule {
            Rule::StataAttested => self.engine(),
            Rule::DataDirDurable => self.durable(),
            Rule::DataDirWritable => self
                .host
                .try_writing(&self.data_dir)
                .map(|()| "written, read and removed".to_owned())
                .map_err(|error| format!("the data directory cannot be used: {}", error.kind())),
            Rule::ObjectStore => self.files(),
            Rule::StoreDurable => self.store(),
            Rule::DataDirPrivate => self.private(),
            Rule::LlmAddress => self.provider(),
            Rule::DataDirSpace => self.space(),
            Rule::AuditWritable => self.audit(),
            Rule::LibraryIntact => self.library(),
            Rule::SecretsPrivate => self.secrets(),
            Rule::SandboxContainment => self.sandbox(),
            Rule::MemoryFits => self.memory(),
            Rule::OpenFilesFit => self.open_files(),
            Rule::ClockSane => self.time(),
            rule => {
                debug_assert_eq!(rule.text().kind, Kind::Settings);
                Ok(rule.text().sentence.to_owned())
            }
        }
    }

    fn engine(&self) -> Result<String, String> {
        match &self.options.runs_jobs {
            Runs::Here => self.own_engine(),
            Runs::Elsewhere => {
                match self.served.as_ref().and_then(|served| served.elsewhere.as_ref()) {
                    Some(elsewhere) => elsewhere.engines(),
                    // without the service nobody is asked
                    None => Ok("this server starts no runs; the engines of others are judged while it runs"
                        .to_owned()),
                }
            }
        }
    }

    fn own_engine(&self) -> Result<String, String> {
        let succeeded = |store: &Arc<dyn Store>| store.status().jobs.get(&JobStatus::Succeeded).copied();
        let successes = self.served.as_ref().and_then(|served| succeeded(&served.store)).unwrap_or(0);
        let found = self.engine.execute(successes).map_err(|reason| format!("{}: {reason}", reason.id()))?;
        let mut detail = format!("Stata {} {}, born {}", found.version, found.edition, found.born);
        if let Some(end) = found.licence_expires {
            detail.push_str(&format!("; the licence expires {end}"));
        }
        Ok(detail)
    }

    /// The object store as its last trial found it; files in the data directory have own rules.
    fn files(&self) -> Result<String, String> {
        match self.served.as_ref().and_then(|served| served.blobs.last_trial()) {
            Some(trial) => trial.found,
            None => Ok(Rule::ObjectStore.text().sentence.to_owned()),
        }
    }

    /// What the store knows of its database; an embedded one has no such risks.
    fn store(&self) -> Result<String, String> {
        let status = self.served.as_ref().map(|served| served.store.status()).unwrap_or_default();
        let failover = status.failover_risk.filter(|_| !self.options.accept_loss_on_failover);
        let risks: Vec<String> = status.crash_risk.into_iter().chain(failover).collect();
        if risks.is_empty() {
            Ok(Rule::StoreDurable.text().sentence.to_owned())
        } else {
            Err(risks.join("; "))
        }
    }

    fn durable(&self) -> Result<String, String> {
        let found = self
            .host
            .file_system(&self.data_dir)
            .map_err(|error| format!("the data directory cannot be checked: {}", error.kind()))?;
        match found.durability {
            Durability::Durable => Ok(found.name),
            Durability::Memory => Err(format!("{} is lost with the machine's memory", found.name)),
            Durability::Network => Err(format!("{} is a network file system", found.name)),
        }
    }

    fn private(&self) -> Result<String, String> {
        match self.host.open_to_others(&self.data_dir) {
            Ok(open) if open.is_empty() => Ok("closed to other users".to_owned()),
            Ok(open) => Err(format!("other users may read or enter {}", open.join(", "))),
            Err(error) => Err(format!("the data directory cannot be looked at: {}", error.kind())),
        }
    }

    /// The addresses of the providers now; each connection judges its own. A name that does not resolve is health's.
    fn provider(&self) -> Result<String, String> {
        let mut kept = self.provider.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = kept.as_ref()
            && at.elapsed() < KEPT_FOR
        {
            return found.clone();
        }
        let (mut told, mut refused) = (Vec::new(), Vec::new());
        for host in &self.options.llm_hosts {
            match self.host.addresses_of(host, &self.options.llm_addresses) {
                Ok(found) => {
                    for (address, judged) in found {
                        match judged {
                            Ok(()) => told.push(format!("{host} is {address}")),
                            Err(why) => refused.push(format!("{host} resolves to {address}, which is {why}")),
                        }
                    }
                }
                Err(error) => told.push(format!("{host} is not resolved now: {}", error.kind())),
            }
        }
        let found = if refused.is_empty() { Ok(told.join("; ")) } else { Err(refused.join("; ")) };
        *kept = Some((Instant::now(), found.clone()));
        found
    }

    fn space(&self) -> Result<String, String> {
        let found = self
            .host
            .file_system(&self.data_dir)
            .map_err(|error| format!("the data volume cannot be checked: {}", error.kind()))?;
        let needed = self.options.disk_low.needed_bytes(found.total_bytes);
        let detail = format!("{} bytes are free, {needed} must be", found.free_bytes);
        if found.free_bytes < needed { Err(detail) } else { Ok(detail) }
    }

    fn audit(&self) -> Result<String, String> {
        if let Some(status) = self.served.as_ref().map(|served| served.store.status()) {
            if let Some(fault) = status.fault {
                return Err(format!("the store takes no events: {fault}"));
            }
            if let Some(fault) = status.export_fault {
                return Err(format!("the audit trail is not exported: {fault}"));
            }
        }
        let folder = self.data_dir.join("audit");
        let folder = if folder.exists() { folder } else { self.data_dir.clone() };
        self.host
            .try_writing(&folder)
            .map(|()| "written, read and removed".to_owned())
            .map_err(|error| format!("the audit folder cannot be written: {}", error.kind()))
    }

    fn library(&self) -> Result<String, String> {
        if let Some(fault) = &self.options.library_fault {
            return Err(fault.clone());
        }
        let mut seen = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = seen.as_ref()
            && at.elapsed() < KEPT_FOR
        {
            return found.clone();
        }
        let loaded = match &self.options.library_dir {
            Some(dir) => Library::from_dir(dir).map(Arc::new),
            None => Library::embedded(),
        };
        let told = |problems: Vec<LibraryProblem>| {
            problems.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let found = loaded.map_err(told).and_then(|library| {
            if library.is_empty() || library.index().is_none() {
                return Err("there is no template, or no index".to_owned());
            }
            let drift = index::drift(&library);
            if drift.is_empty() { Ok(format!("{} templates", library.len())) } else { Err(told(drift)) }
        });
        *seen = Some((Instant::now(), found.clone()));
        found
    }

    fn secrets(&self) -> Result<String, String> {
        let mut open = Vec::new();
        for file in &self.options.secret_files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match self.host.readable_by_all(file) {
                Ok(false) => {}
                Ok(true) => open.push(format!("{name} can be read by everybody")),
                Err(error) => open.push(format!("{name} cannot be checked: {}", error.kind())),
            }
        }
        if open.is_empty() {
            Ok(format!("{} files", self.options.secret_files.len()))
        } else {
            Err(open.join("; "))
        }
    }

    fn sandbox(&self) -> Result<String, String> {
        let found = self.host.confinement();
        if !found.missing.is_empty() {
            return Err(format!("this kernel lacks {}", found.missing.join(", ")));
        }
        let mut detail = format!("runs are held together by {}", found.containment);
        if !found.lacking.is_empty() {
            detail.push_str(&format!("; not offered here: {}", found.lacking.join(", ")));
        }
        Ok(detail)
    }

    fn memory(&self) -> Result<String, String> {
        if self.options.runs_jobs == Runs::Elsewhere {
            return Ok("this server starts no runs".to_owned());
        }
        let runs = self.options.concurrency as u64;
        let needed = self.options.run_memory_bytes.saturating_mul(runs);
        let Some(there) = self.host.memory_bytes() else {
            return Err("the memory of this host cannot be found out".to_owned());
        };
        let detail = format!("{runs} runs may use {needed} of {there} bytes");
        if needed > there { Err(detail) } else { Ok(detail) }
    }

    fn open_files(&self) -> Result<String, String> {
        let needed = self.options.open_files;
        match self.host.open_files() {
            Some(there) if there < needed => {
                Err(format!("{needed} open files are needed, {there} are permitted"))
            }
            _ => Ok(format!("{needed} open files fit")),
        }
    }

    fn time(&self) -> Result<String, String> {
        let now = self.clock.now();
        let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single();
        if year(YEARS.0).is_some_and(|first| now < first) || year(YEARS.1).is_some_and(|last| now >= last) {
            return Err(format!("the clock shows {now}"));
        }
        let newest = [self.data_dir.clone(), self.data_dir.join("store"), self.data_dir.join("audit")]
            .iter()
            .filter_map(|folder| self.host.last_write(folder))
            .max();
        match newest {
            Some(written) if written > now + CLOCK_SLACK => {
                Err(format!("the clock shows {now}, but data was written at {written}"))
            }
            _ => Ok(now.to_string()),
        }
    }
}
