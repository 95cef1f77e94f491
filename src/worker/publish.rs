//! Publishes what a run left as artifacts. The run directory keeps its files until the terminal commit,
//! so that a publication that a crash interrupts can be repeated.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::WorkerDeps;
use super::prepare::{DO_FILE, Manifest, read_do_file};
use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::job::JobRecord;
use crate::domain::layout::{run_artifact, run_dir};
use crate::domain::output_name::OutputNames;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::domain::run_outcome::Outcome;
use crate::domain::verdict::Verdict;
use crate::domain::verdict::outputs::OutputState;
use crate::ports::blob_store::{Promotion, Written};
use crate::ports::workspace::Workspace;
use crate::service::runs::render_run::FOLDER as RENDERINGS;
use crate::telemetry::traces;

/// Everything that is told about a run in its meta file.
pub(super) struct RunReport<'a> {
    pub job: &'a JobRecord,
    pub plan: &'a Plan,
    pub run: &'a Run,
    pub manifest: Option<&'a Manifest>,
    pub outcome: &'a Outcome,
    pub verdict: &'a Verdict,
}

/// Folder of the run directory with second names of the files that are published.
const STAGING: &str = "publish";

const LOG: &str = "main.log";
const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const META: &str = "run.meta.json";
const ERROR: &str = "run.error.json";
/// Files and folders that only the service publishes in a run's folder. A file of the engine with such a name would
/// stand in place of the evidence.
const OF_SERVICE: [&str; 7] = [DO_FILE, LOG, STDOUT, STDERR, META, ERROR, RENDERINGS];

/// Collects the files of one run, to publish them together.
struct Shelf<'a> {
    workspace: &'a dyn Workspace,
    run_path: &'a Path,
    files: Vec<(String, ArtifactKind)>,
    /// Names that the engine gave, by the names of publication, where they differ.
    originals: BTreeMap<String, String>,
}

/// Publishes the files and returns their index entries.
///
/// # Errors
/// Any I/O error; what was published by then stays and is replaced on repetition.
pub(super) fn publish(
    deps: &WorkerDeps,
    run_path: &Path,
    report: &RunReport<'_>,
) -> io::Result<Vec<Artifact>> {
    let workspace = deps.workspace.as_ref();
    let mut shelf = Shelf { workspace, run_path, files: Vec::new(), originals: BTreeMap::new() };
    let staging = run_path.join(STAGING);
    // What a crash left of an earlier try.
    match workspace.remove_dir(&staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => workspace.create_dir(&staging)?,
    }
    if let Some(manifest) = report.manifest {
        shelf.do_file(manifest)?;
    }
    shelf.file("work/main.log", LOG, ArtifactKind::StataLog)?;
    shelf.file(STDOUT, STDOUT, ArtifactKind::RunStdout)?;
    shelf.file(STDERR, STDERR, ArtifactKind::RunStderr)?;
    let left_out = outputs(&mut shelf, report)?;
    let meta = run_meta(report, &left_out);
    shelf.json(META, ArtifactKind::RunMeta, &meta)?;
    if let Some(error) = run_error(report) {
        shelf.json(ERROR, ArtifactKind::RunError, &error)?;
    }
    shelf.publish(deps, report)
}

/// Publishes declared outputs, then undeclared ones as far as the plan's archive allows; returns the
/// names of those that were left out, with the reason.
fn outputs(shelf: &mut Shelf<'_>, report: &RunReport<'_>) -> io::Result<Vec<(String, &'static str)>> {
    let archive = &report.plan.contract.constraints.archive;
    let declared_names = report.plan.contract.outputs.iter().map(|output| output.file.as_str());
    let mut names = OutputNames::without(OF_SERVICE.iter().copied().chain(declared_names));
    let (mut files, mut bytes) = (0_u32, 0_u64);
    let mut left_out = Vec::new();
    for output in &report.verdict.outputs {
        if output.rel_path == LOG || output.status == "missing" {
            continue;
        }
        if output.status == OutputState::BadName.as_str() {
            left_out.push((output.rel_path.clone(), "name is no UTF-8"));
            continue;
        }
        let path = shelf.run_path.join("work").join(&output.rel_path);
        let Some(found) = shelf.workspace.facts(&path).ok().filter(|facts| facts.is_file) else { continue };
        files += 1;
        bytes += found.size_bytes;
        let declared = report.plan.contract.outputs.iter().find(|o| o.file == output.rel_path);
        let refused = match declared {
            _ if is_of_service(&output.rel_path) => Some("reserved name"),
            Some(_) => None,
            None if is_forbidden(&output.rel_path) => Some("forbidden name"),
            None if files > archive.max_files || bytes > archive.max_total_bytes => Some("archive limits"),
            None => None,
        };
        if let Some(reason) = refused {
            left_out.push((output.rel_path.clone(), reason));
            continue;
        }
        let kind = declared.map_or(ArtifactKind::ExportOther, |o| kind_of(&o.artifact_kind));
        let name = match declared {
            Some(_) => output.rel_path.clone(),
            None => names.give(&output.rel_path),
        };
        if name != output.rel_path {
            shelf.originals.insert(name.clone(), output.rel_path.clone());
        }
        shelf.file(&format!("work/{}", output.rel_path), &name, kind)?;
    }
    Ok(left_out)
}

fn kind_of(text: &str) -> ArtifactKind {
    serde_json::from_value(Value::String(text.to_owned())).unwrap_or(ArtifactKind::ExportOther)
}

/// Names that a later run or a person's Stata would load by itself, and hidden ones.
fn is_forbidden(rel_path: &str) -> bool {
    let name = rel_path.rsplit('/').next().unwrap_or(rel_path).to_lowercase();
    let loaded = matches!(name.as_str(), "profile.do" | "sysprofile.do" | "stata.lic");
    let code = [".ado", ".mlib", ".plugin"].iter().any(|ending| name.ends_with(ending));
    loaded || code || name.starts_with('.') || rel_path.split('/').any(|part| part == "..")
}

/// True for names that the service itself publishes, and everything below them.
fn is_of_service(rel_path: &str) -> bool {
    let first = rel_path.split('/').next().unwrap_or(rel_path);
    OF_SERVICE.iter().any(|name| name.eq_ignore_ascii_case(first))
}

impl Shelf<'_> {
    /// Adds the do-file as the service wrote it. An attempt of an earlier release has it in the working directory
    /// only, where the engine can change it.
    fn do_file(&mut self, manifest: &Manifest) -> io::Result<()> {
        let at = |place: &str| read_do_file(self.workspace, &self.run_path.join(place), manifest);
        let bytes = match at(DO_FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => at("work/main.do").ok().flatten(),
            own => own?,
        };
        bytes.map_or(Ok(()), |bytes| self.bytes(DO_FILE, ArtifactKind::StataDo, &bytes))
    }

    /// Adds a file of the run directory, if it is there, under a second name: the first stays for a
    /// repetition.
    fn file(&mut self, from: &str, name: &str, kind: ArtifactKind) -> io::Result<()> {
        let source = self.run_path.join(from);
        if !self.workspace.facts(&source).is_ok_and(|facts| facts.is_file) {
            return Ok(());
        }
        self.workspace.link(&source, &self.run_path.join(staged(self.files.len())))?;
        self.files.push((name.to_owned(), kind));
        Ok(())
    }

    fn json(&mut self, name: &str, kind: ArtifactKind, value: &Value) -> io::Result<()> {
        self.bytes(name, kind, &serde_json::to_vec_pretty(value)?)
    }

    fn bytes(&mut self, name: &str, kind: ArtifactKind, bytes: &[u8]) -> io::Result<()> {
        let file = self.run_path.join(staged(self.files.len()));
        self.workspace.write(&file, bytes)?;
        self.files.push((name.to_owned(), kind));
        Ok(())
    }

    fn publish(self, deps: &WorkerDeps, report: &RunReport<'_>) -> io::Result<Vec<Artifact>> {
        let rel_path = |name: &str| run_artifact(&report.run.run_id, name);
        let promotion = |(index, (name, _)): (usize, &(String, ArtifactKind))| Promotion {
            staged: format!("{}/{}", run_dir(&report.run.run_id), staged(index)),
            rel_path: rel_path(name),
            known: None,
        };
        let Self { files: listed, originals, .. } = self;
        let files: Vec<Promotion> = listed.iter().enumerate().map(promotion).collect();
        let written = deps.blobs.promote(&report.job.tenant_id, &report.job.job_id, &files)?;
        let created_at = deps.clock.now();
        let entry =
            |(((name, kind), file), written): (((String, ArtifactKind), Promotion), Written)| Artifact {
                kind,
                rel_path: file.rel_path,
                created_at,
                size_bytes: written.size_bytes,
                sha256: written.sha256,
                media_type: media_type(&name, kind).to_owned(),
                meta: meta(report, &name, originals.get(&name)),
                stored_as: None,
            };
        Ok(listed.into_iter().zip(files).zip(written).map(entry).collect())
    }
}

/// What is noted with a file: its run, the name that the engine gave it where it was changed, and the figure that it is the
/// data of.
fn meta(report: &RunReport<'_>, name: &str, original: Option<&String>) -> Map<String, Value> {
    let original = original.map(|name| ("original_name".to_owned(), json!(name)));
    let files = report.plan.contract.outputs.iter().map(|output| output.file.as_str());
    let figure = figure_of(name, files).map(|figure| ("data_of".to_owned(), json!(figure)));
    let run = ("run_id".to_owned(), json!(report.run.run_id));
    [run].into_iter().chain(original).chain(figure).collect()
}

/// Returns the declared figure that a file is the data of: it has the figure's name, and is no declared table itself.
fn figure_of<'a>(name: &str, mut declared: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let stem = name.strip_suffix(".csv").filter(|_| declared.clone().all(|file| file != name))?;
    declared.find(|file| file.strip_suffix(".svg") == Some(stem))
}

/// Returns the path of a staged file below the run directory.
fn staged(index: usize) -> String {
    format!("{STAGING}/{index}")
}

fn media_type(name: &str, kind: ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::RunStdout | ArtifactKind::RunStderr => media_type_of("stream.txt"),
        _ => media_type_of(name),
    }
}

fn run_meta(report: &RunReport<'_>, left_out: &[(String, &'static str)]) -> Value {
    let RunReport { job, plan, run, manifest, outcome, .. } = report;
    json!({
        "run_id": run.run_id, "attempt": run.attempt, "job_id": job.job_id, "tenant_id": job.tenant_id,
        "trace_id": job.trace_id,
        "traceparent": traces::of_run(job.trace_id.as_str(), run.run_id.as_str()),
        "service_version": env!("CARGO_PKG_VERSION"),
        "plan_id": plan.plan_id, "plan_revision": plan.revision, "template": plan.template, "seed": plan.seed,
        "status": run.status, "cause": run.cause, "engine": run.engine,
        "main_do": manifest.map(|m| json!({
            "sha256": m.main_do_sha256, "body_offset": m.body_offset, "body_bytes": m.body_bytes,
        })),
        "data": manifest.map(|m| &m.data),
        "process": {
            "ended": outcome.ended, "engine_started": outcome.engine_started,
            "spawned_at_ns": outcome.spawned_at_ns, "leftovers": outcome.leftovers,
            "containment": outcome.containment, "sandbox": outcome.sandbox,
            "stdout_bytes": outcome.stdout_bytes, "stderr_bytes": outcome.stderr_bytes,
        },
        "resources": run.resources, "timings": run.timings,
        "queued_at": run.queued_at, "started_at": run.started_at, "ended_at": run.ended_at,
        "outputs": run.outputs, "checks": run.checks, "sample_flow": run.sample_flow, "metrics": run.metrics,
        "not_archived": left_out.iter().map(|(f, why)| json!({"file": f, "reason": why})).collect::<Vec<_>>(),
    })
}

fn run_error(report: &RunReport<'_>) -> Option<Value> {
    let failure = report.verdict.failure.as_ref()?;
    Some(json!({
        "run_id": report.run.run_id, "cause": failure.cause, "detail": failure.detail,
        "retryable": report.run.retryable, "evidence": failure.evidence,
        "next_actions": report.verdict.next_actions,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_service_are_reserved_with_all_below_them() {
        for bad in
            ["stdout", "STDERR", "run.meta.json", "run.error.json/x", "renderings/report.docx", "main.do"]
        {
            assert!(is_of_service(bad), "{bad}");
        }
        for good in ["stdout.csv", "sub/stdout", "table_coefficients.csv", "renderings.txt"] {
            assert!(!is_of_service(good), "{good}");
        }
    }

    #[test]
    fn data_of_a_figure_have_its_name_and_are_no_table() {
        let declared = ["fig_a.svg", "fig_b.svg", "fig_b.csv", "table.csv"];
        let of = |name: &str| figure_of(name, declared.into_iter());
        assert_eq!(of("fig_a.csv"), Some("fig_a.svg"));
        for other in ["fig_b.csv", "table.csv", "fig_a.svg", "fig_c.csv", "sub/fig_a.csv"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn files_that_stata_would_load_are_not_published() {
        for bad in
            ["profile.do", "sub/PROFILE.do", "x.ado", "x.MLIB", "a.plugin", "stata.lic", ".hidden", "a/../b"]
        {
            assert!(is_forbidden(bad), "{bad}");
        }
        for good in ["table.csv", "notes.txt", "sub/fig.svg", "my.do"] {
            assert!(!is_forbidden(good), "{good}");
        }
    }
}
