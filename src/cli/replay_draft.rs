//! `replay-draft`: a model's draft and its plan once more, from the stored evidence and without a network.
//! Reads the readable copy of the job, so that it also works while a service is running.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::de::DeserializeOwned;

use super::Exit;
use super::plain::plain;
use crate::adapters::files::LocalWorkspace;
use crate::adapters::store::job_copy;
use crate::config::{Flags, Settings};
use crate::domain::artifact::Artifact;
use crate::domain::canonical::sha256_hex;
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::library::Library;
use crate::ports::workspace::Workspace;
use crate::service::drafts::model_draft::replay::{Replayed, StoredTalk, evidence_folder, replay};

/// Replay of a model's draft. Exits with 0 if draft and plan are reproduced, 1 if they are not, 2 if
/// there is nothing to replay.
#[derive(Debug, Args)]
pub struct ReplayDraftArgs {
    /// The job
    job: String,
    /// Its tenant
    #[arg(long, default_value = "default")]
    tenant: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    #[error("{0}")]
    Usage(String),
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
    #[error("the library cannot be used: {0}")]
    Library(String),
}

impl From<Problem> for ReplayError {
    fn from(problem: Problem) -> Self {
        Self::Usage(problem.message)
    }
}

/// Runs the command.
pub fn run(args: &ReplayDraftArgs, config: Option<PathBuf>) -> Exit {
    let settings = match super::settings(&Flags { config, values: Vec::new() }) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match look(args, &settings) {
        Ok(report) => {
            print_report(&report, args.json);
            if report.is_match() { Exit::Done } else { Exit::Failed }
        }
        Err(error) => {
            eprintln!("{error}");
            match error {
                ReplayError::Usage(_) => Exit::Usage,
                ReplayError::File { .. } => Exit::Io,
                ReplayError::Library(_) => Exit::Config,
            }
        }
    }
}

fn look(args: &ReplayDraftArgs, settings: &Settings) -> Result<Replayed, ReplayError> {
    let unsafe_id = |what: &str| ReplayError::Usage(format!("that is no {what}"));
    let tenant = TenantId::parse(&args.tenant).map_err(|_| unsafe_id("tenant's id"))?;
    let job_id = JobId::parse(&args.job).map_err(|_| unsafe_id("job's id"))?;
    let files = LocalWorkspace::new(settings.data_dir.clone());
    let job = match record(&files.path(&tenant, &job_id, "job.json")) {
        Err(ReplayError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ReplayError::Usage(format!("there is no job {job_id} of the tenant {tenant}")));
        }
        job => job?,
    };
    let library = match &settings.library_dir {
        Some(dir) => Library::from_dir(dir).map(Arc::new),
        None => Library::embedded(),
    }
    .map_err(|problems| {
        ReplayError::Library(problems.first().map(ToString::to_string).unwrap_or_default())
    })?;
    let folder = evidence_folder(&job)?;
    let mut changed = Vec::new();
    let mut talk = |name: &str| -> Result<StoredTalk, ReplayError> {
        let mut part = |part: &str| -> Result<serde_json::Value, ReplayError> {
            let rel_path = format!("{folder}/{name}.{part}.json");
            let artifact = job.artifact(&rel_path);
            let path =
                files.path(&tenant, &job_id, artifact.map_or(rel_path.as_str(), Artifact::stored_path));
            let bytes = bytes_of(&path)?;
            if artifact.is_none_or(|artifact| artifact.sha256 != sha256_hex(&bytes)) {
                changed.push(rel_path);
            }
            parse(&path, &bytes)
        };
        let (prompt, responses, meta) = (part("prompt")?, part("response")?, part("meta")?);
        let responses = serde_json::from_value(responses)
            .map_err(|error| ReplayError::Usage(format!("the stored answers cannot be read: {error}")))?;
        Ok(StoredTalk { prompt, responses, meta })
    };
    let stated = talk("draft")?;
    let is_chosen = job.artifact(&format!("{folder}/selection.prompt.json")).is_some();
    let chosen = if is_chosen { Some(talk("selection")?) } else { None };
    let runtime = super::runtime().map_err(|error| ReplayError::Usage(error.to_string()))?;
    let mut report = runtime.block_on(replay(&library, &job, stated, chosen))?;
    if !changed.is_empty() {
        report.draft = false;
        report.differences.extend(changed.iter().map(|path| format!("{path} is not what was stored")));
    }
    Ok(report)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, ReplayError> {
    std::fs::read(path).map_err(|error| ReplayError::File { path: path.display().to_string(), error })
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ReplayError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ReplayError::File { path: path.display().to_string(), error: error.into() })
}

/// Reads the readable copy of a record, which has no secret of the token.
fn record(path: &Path) -> Result<JobRecord, ReplayError> {
    let damaged = |text: String| ReplayError::File {
        path: path.display().to_string(),
        error: io::Error::new(io::ErrorKind::InvalidData, text),
    };
    let mut copy = job_copy::read(&bytes_of(path)?).map_err(damaged)?.record;
    copy["token"] = serde_json::Value::Null;
    serde_json::from_value(copy).map_err(|error| damaged(error.to_string()))
}

fn print_report(report: &Replayed, as_json: bool) {
    if as_json {
        println!("{:#}", serde_json::json!(report));
        return;
    }
    let word = |same: bool| if same { "match" } else { "mismatch" };
    println!("draft {}: {}", report.draft_id, word(report.draft));
    println!("template {}: {}", report.template_id.as_deref().unwrap_or("none"), word(report.selection));
    match (&report.plan_id, report.plan) {
        (Some(id), Some(same)) => println!("plan {id}: {}", word(same)),
        _ => println!("plan: none was frozen from this draft"),
    }
    println!(
        "prompts: {}",
        if report.prompts { "as this release asks" } else { "of another release or library" }
    );
    for difference in &report.differences {
        println!("- {}", plain(difference));
    }
}
