//! Decides which files a capsule holds, and under which names.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::contents::Crate;
use super::data::data;
use super::metadata::{self, Description, Facts};
use super::readme;
use super::sources::{Shelf, unusable};
use super::{Absent, CapsuleOptions, Entry, Source};
use crate::domain::artifact::{Artifact, ArtifactKind};
use crate::domain::audit::ChainedEvent;
use crate::domain::capsule::names::{safe_name, safe_path};
use crate::domain::capsule::{self as form, chain, main_do, manifest};
use crate::domain::error::Problem;
use crate::domain::layout::run_artifact;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::domain::template::TemplateMeta;
use crate::library::Library;

/// Why data are not in a capsule that was requested without them.
pub(super) const LEFT_OUT: &str = "left out on request; its hash identifies equal copies";

/// Fields read from `run.meta.json`.
#[derive(Deserialize)]
struct RunMeta {
    /// Of the service, and so of the open engine that it carries.
    service_version: String,
    main_do: DoFacts,
    data: Vec<DataFacts>,
}

#[derive(Deserialize)]
struct DoFacts {
    /// Of the do-file as the service wrote it.
    #[serde(default)]
    sha256: Option<String>,
    body_offset: u64,
    body_bytes: u64,
}

/// A file that the engine read.
#[derive(Deserialize)]
pub(super) struct DataFacts {
    pub name: String,
    pub dataset_key: String,
    pub sha256: String,
    pub size_bytes: u64,
}

/// Collects the entries in the order of the archive, and the time that they carry. `said` are the main results in sentences.
///
/// # Errors
/// `ARTIFACT_EXPIRED`, `JOB_CORRUPT {rel_path, reason}`, `INTERNAL_ERROR`.
pub(super) fn collect(
    shelf: &Shelf<'_>,
    run: &Run,
    events: &[ChainedEvent],
    options: CapsuleOptions,
    library: &Library,
    said: &[String],
) -> Result<(Vec<Entry>, DateTime<Utc>), Problem> {
    let job = shelf.job;
    let plan = job.plan_of(run).ok_or_else(Problem::internal)?;
    let of_run = |name: &str| {
        let rel_path = run_artifact(&run.run_id, name);
        job.artifact(&rel_path).ok_or_else(|| unusable(&rel_path, "the run's record does not list it"))
    };
    let mut made = Crate::default();
    let meta = of_run("run.meta.json")?;
    let meta: RunMeta = parsed(meta, &shelf.read(meta)?)?;
    made.bytes(
        form::MAIN_DO,
        "Do-file that repeats the run",
        do_file(shelf, of_run("main.do")?, &meta.main_do)?,
    );
    let template = template(shelf, plan, &mut made)?;
    plans(shelf, plan, &mut made);
    let ado_kept = idioms(shelf, plan, library, &mut made);
    let inputs = data(shelf, plan, &meta.data, options, &mut made);
    made.json(form::INPUT_FACTS, "The data: hashes, columns, how they were read", &inputs);
    results(shelf, plan, run, options, &mut made)?;
    evidence(shelf, run, events, options, &mut made)?;
    let time = run.ended_at.unwrap_or(run.started_at);
    let facts = Facts {
        job,
        run,
        plan,
        template: template.as_ref(),
        inputs: &inputs,
        options,
        ado_kept,
        said,
        time,
        service_version: &meta.service_version,
    };
    let readme = readme::write(&Description { facts, absent: &made.absent, entries: &made.entries });
    made.bytes(form::README, "How to read and repeat this analysis", readme.into_bytes());
    let described = metadata::write(&Description { facts, absent: &made.absent, entries: &made.entries });
    made.json(form::METADATA, "RO-Crate metadata", &described);
    Ok((sealed(made), time))
}

/// Adds the lists of hashes, and the folder that stays empty.
fn sealed(mut made: Crate) -> Vec<Entry> {
    if !made.absent.is_empty() {
        let lines = manifest::write(made.absent.iter().map(|a| (a.path.as_str(), a.sha256.as_str())));
        made.bytes(form::ABSENT_DATA, "Hashes of data that are not here", lines.into_bytes());
    }
    let lines = manifest::write(made.entries.values().map(|e| (e.path.as_str(), e.sha256.as_str())));
    made.bytes(form::MANIFEST, "Hashes of every file", lines.into_bytes());
    let folder = Entry {
        path: form::EMPTY.to_owned(),
        title: String::new(),
        media_type: String::new(),
        size_bytes: 0,
        sha256: String::new(),
        source: Source::Folder,
    };
    made.entries.insert(folder.path.clone(), folder);
    made.entries.into_values().collect()
}

fn parsed<T: DeserializeOwned>(artifact: &Artifact, bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| unusable(&artifact.rel_path, &format!("it does not parse: {error}")))
}

/// Returns the do-file that repeats the run, made from the one that the service wrote.
fn do_file(shelf: &Shelf<'_>, artifact: &Artifact, facts: &DoFacts) -> Result<Vec<u8>, Problem> {
    let bytes = shelf.read(artifact)?;
    if facts.sha256.as_ref().is_some_and(|sha256| *sha256 != artifact.sha256) {
        return Err(unusable(
            &artifact.rel_path,
            "it is not the do-file that the service wrote for this run",
        ));
    }
    main_do::portable(&bytes, facts.body_offset, facts.body_bytes).ok_or_else(|| {
        unusable(&artifact.rel_path, "it does not hold the template's body where the run's record says")
    })
}

/// The frozen template: body, declaration and bound parameters.
fn template(shelf: &Shelf<'_>, plan: &Plan, made: &mut Crate) -> Result<Option<TemplateMeta>, Problem> {
    let frozen = [
        (ArtifactKind::TemplateSource, &plan.template.sha256, form::TEMPLATE_BODY, "Body of the template"),
        (
            ArtifactKind::TemplateMeta,
            &plan.template.meta_sha256,
            form::TEMPLATE_META,
            "Declaration of the template",
        ),
    ];
    let mut meta = None;
    for (kind, sha256, path, title) in frozen {
        let Some(artifact) = shelf.frozen(kind, sha256) else { continue };
        let bytes = shelf.read(artifact)?;
        if kind == ArtifactKind::TemplateMeta {
            meta = Some(parsed(artifact, &bytes)?);
        }
        made.bytes(path, title, bytes);
    }
    made.json(form::TEMPLATE_PARAMS, "Values of the template's parameters", &plan.contract.bound);
    Ok(meta)
}

/// The run's plan, and the other revisions.
fn plans(shelf: &Shelf<'_>, own: &Plan, made: &mut Crate) {
    made.json(form::PLAN, format!("Plan of the run (revision {})", own.revision), own);
    for plan in shelf.job.earlier_plans.iter().chain(&shelf.job.plan) {
        if plan.revision != own.revision {
            let path = format!("{}revision_{}.json", form::PLANS, plan.revision);
            made.json(path, format!("Plan, revision {}", plan.revision), plan);
        }
    }
}

fn idioms(shelf: &Shelf<'_>, plan: &Plan, library: &Library, made: &mut Crate) -> bool {
    let Some(files) = shelf.idioms(plan, library) else { return false };
    for (name, bytes) in files {
        made.bytes(
            format!("{}{}", form::ADO, safe_name(&name)),
            "Helper program of the template library",
            bytes,
        );
    }
    true
}

/// Results of the run, and documents derived from them.
fn results(
    shelf: &Shelf<'_>,
    plan: &Plan,
    run: &Run,
    options: CapsuleOptions,
    made: &mut Crate,
) -> Result<(), Problem> {
    let folder = run_artifact(&run.run_id, "");
    for artifact in shelf.job.kept_artifacts() {
        let Some(name) = artifact.rel_path.strip_prefix(&folder) else { continue };
        let declared = plan.contract.outputs.iter().find(|o| o.file == name);
        let title = declared.map_or_else(|| title_of(artifact, name), |o| o.description.clone());
        let path = match (artifact.kind, name) {
            (_, "main.do") => form::RUN_DO.to_owned(),
            (_, "run.meta.json") => form::RUN_META.to_owned(),
            (ArtifactKind::RunStdout | ArtifactKind::RunStderr, _) => format!("{}{name}.txt", form::EVIDENCE),
            _ => match name.strip_prefix("renderings/") {
                Some(rest) => format!("{}{}", form::RENDERINGS, safe_path(rest)),
                None => format!("{}{}", form::RESULTS, safe_path(name)),
            },
        };
        // rows of a person each, as the data are: tables are not
        let is_data = path.starts_with(form::RESULTS) && name.ends_with(".dta");
        if is_data && !options.data {
            made.absent.push(Absent {
                path,
                title,
                size_bytes: artifact.size_bytes,
                sha256: artifact.sha256.clone(),
                reason: LEFT_OUT,
            });
            continue;
        }
        shelf.check(artifact)?;
        made.file(path, title, artifact.stored_path(), artifact.size_bytes, &artifact.sha256);
    }
    Ok(())
}

fn title_of(artifact: &Artifact, name: &str) -> String {
    match artifact.kind {
        ArtifactKind::StataDo => "Do-file as it was run".to_owned(),
        ArtifactKind::StataLog => "Log of the run".to_owned(),
        ArtifactKind::RunMeta => "Engine, limits, verdict and times of the run".to_owned(),
        ArtifactKind::RunStdout => "Standard output of the engine".to_owned(),
        ArtifactKind::RunStderr => "Standard error of the engine".to_owned(),
        ArtifactKind::ExportReport => format!("Rendering of the results: {name}"),
        _ => name.to_owned(),
    }
}

/// The attempt's record, the evidence of the selection, the audit, the model's part.
fn evidence(
    shelf: &Shelf<'_>,
    run: &Run,
    events: &[ChainedEvent],
    options: CapsuleOptions,
    made: &mut Crate,
) -> Result<(), Problem> {
    made.json(form::RUN_RECORD, "The run with its checks, sample flow and numbers", run);
    let lines: String = events.iter().map(|event| format!("{}\n", chain::shown(event))).collect();
    made.bytes(form::AUDIT, "The job's events of the audit chain", lines.into_bytes());
    for artifact in shelf.job.kept_artifacts() {
        let (folder, title) = match artifact.kind {
            ArtifactKind::SelectionStage1
            | ArtifactKind::SelectionCandidates
            | ArtifactKind::SelectionStage2 => (form::EVIDENCE, "Selection of the template"),
            ArtifactKind::LlmPrompt | ArtifactKind::LlmResponse | ArtifactKind::LlmMeta if options.llm => {
                (form::LLM, "Exchange with a language model")
            }
            ArtifactKind::ReportInterpretation if options.llm && is_of_run(artifact, run) => {
                (form::LLM, "Interpretation by a language model")
            }
            _ => continue,
        };
        shelf.check(artifact)?;
        let below = artifact.rel_path.strip_prefix("artifacts/").unwrap_or(&artifact.rel_path);
        let below = below.strip_prefix("llm/").unwrap_or(below);
        let path = format!("{folder}{}", safe_path(below));
        made.file(path, title.to_owned(), artifact.stored_path(), artifact.size_bytes, &artifact.sha256);
    }
    Ok(())
}

fn is_of_run(artifact: &Artifact, run: &Run) -> bool {
    artifact.meta.get("run_id").and_then(|v| v.as_str()) == Some(run.run_id.as_str())
}
