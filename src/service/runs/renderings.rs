//! Makes the renderings of one run: reads its published tables and figures, has `render` make the files, and keeps them.
//! Files that exist already are found again. Who asks, and listing the files in the record, is the matter of the callers.

use std::io::Read as _;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::canonical::sha256_hex;
use crate::domain::data_step::{DataStep, StepKind};
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::job::JobRecord;
use crate::domain::layout::{run_artifact, stored_path};
use crate::domain::plan::{BoundParameter, CategoricalMark, Plan, PlanOutput};
use crate::domain::run::{ResultRow, Run};
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::results::term_column;
use crate::library::repairs::after_repairs;
use crate::ports::blob_store::BlobStore;
use crate::ports::ids::IdSource;
use crate::ports::workspace::Workspace;
use crate::render::{
    Budget, Findings, Format, Labels, Language, MOST_BYTES, Made, Options, RenderError, Report, Source,
    SourceFile, render, report, request_key, results, steps::steps as rounded_steps, times::times,
};

/// Longest time that one run's renderings may take, in seconds.
pub const RENDER_SECONDS: u64 = 60;
/// Folder of the renderings below a run's artifacts.
const FOLDER: &str = "renderings";
/// Key of an artifact's meta that carries the name of its content.
const KEY: &str = "rendering";

/// A run with all that its renderings are made of.
pub struct Subject<'a> {
    /// Published files that records cite; immutable.
    pub blobs: &'a dyn BlobStore,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: &'a dyn Workspace,
    /// Source of new ids and of secrets.
    pub ids: &'a dyn IdSource,
    /// Job of the run.
    pub job: &'a JobRecord,
    /// The ended attempt.
    pub run: &'a Run,
    /// Its frozen plan.
    pub plan: &'a Plan,
    /// The run's files, also where the record does not list them yet.
    pub published: &'a [Artifact],
}

/// What became of a request.
#[derive(Debug, Default)]
pub struct Derived {
    /// Files that exist now, in the order of the formats.
    pub artifacts: Vec<Artifact>,
    /// Formats without a file, each with the reason.
    pub skipped: Vec<(String, String)>,
    /// Formats among `skipped` that should have been made.
    pub failed: Vec<Format>,
}

impl Subject<'_> {
    /// Returns the declared tables and figures that were published, in the order of the plan.
    fn sources(&self) -> Vec<(&PlanOutput, &Artifact)> {
        let shown = self.plan.contract.outputs.iter().filter(|o| matches!(o.format.as_str(), "csv" | "svg"));
        shown.filter_map(|o| Some((o, self.artifact(&run_artifact(&self.run.run_id, &o.file))?))).collect()
    }

    fn artifact(&self, rel_path: &str) -> Option<&Artifact> {
        self.published.iter().find(|a| a.rel_path == rel_path)
    }

    fn read(&self, artifact: &Artifact) -> Result<Vec<u8>, String> {
        let rel_path = artifact.rel_path.as_str();
        let unreadable = |e: std::io::Error| format!("{rel_path} cannot be read: {}", e.kind());
        let path = artifact.stored_path();
        let file = self.blobs.get(&self.job.tenant_id, self.job.holder_of(path), path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if sha256_hex(&bytes) != artifact.sha256 {
            return Err(format!("{rel_path} differs from its recorded hash"));
        }
        Ok(bytes)
    }

    /// Version of the service that made the run, as it was recorded with the run.
    fn service_version(&self) -> Option<String> {
        let artifact = self.artifact(&run_artifact(&self.run.run_id, "run.meta.json"))?;
        let meta: Value = serde_json::from_slice(&self.read(artifact).ok()?).ok()?;
        meta["service_version"].as_str().map(str::to_owned)
    }

    /// The frozen declaration, where it is kept and undamaged.
    fn meta(&self) -> Option<TemplateMeta> {
        let wanted = &self.plan.template.meta_sha256;
        let listed = self.job.artifacts_index.iter();
        let artifact =
            listed.filter(|a| a.kind == ArtifactKind::TemplateMeta).find(|a| a.sha256 == *wanted)?;
        serde_json::from_slice(&self.read(artifact).ok()?).ok()
    }

    /// Labels of the data that the run used, and the name of the file; none where other inputs came since. Those of
    /// levels only if wanted: they are read from the data.
    fn labels(&self, with_levels: bool) -> (Labels, Option<String>) {
        let inputs = self.job.inputs.as_ref().filter(|i| i.fingerprint == self.plan.input_fingerprint);
        let Some(inputs) = inputs else {
            let mut labels = Labels::of_plan(self.plan, std::iter::empty());
            labels.take_run(&self.plan.categorical_vars, &self.run.levels);
            return (labels, None);
        };
        let bound = self.plan.input_bindings.get("data.dta").and_then(|key| inputs.dataset(key));
        let main = bound.or_else(|| inputs.primary());
        let steps: Vec<DataStep> = self.plan.data_steps.iter().map(|planned| planned.step.clone()).collect();
        // a repair gives a column another type
        let repaired = main.map(|main| after_repairs(main, &steps));
        let columns = repaired.iter().chain(&inputs.datasets).flat_map(|d| &d.columns);
        let mut labels = Labels::of_plan(self.plan, columns);
        if let Some(main) = main.filter(|_| with_levels)
            && let Err(reason) = self.read_levels(&mut labels, main, inputs, &steps)
        {
            tracing::debug!(run_id = %self.run.run_id, reason, "levels are shown without their labels");
        }
        if with_levels {
            labels.take_run(&self.plan.categorical_vars, &self.run.levels);
        }
        (labels, main.map(|d| d.original_name.clone()))
    }

    /// Reads the labels of levels, and the round steps of variables, from the data that the run used.
    fn read_levels(
        &self,
        labels: &mut Labels,
        main: &Dataset,
        inputs: &Inputs,
        steps: &[DataStep],
    ) -> Result<(), String> {
        let copy = |d: &Dataset| {
            let holder = self.job.holder_of(&d.canonical_rel_path);
            let path = self.workspace.local_copy(
                &self.job.tenant_id,
                holder,
                &d.canonical_rel_path,
                &d.canonical_sha256,
            );
            path.map_err(|error| error.to_string())
        };
        let path = copy(main)?;
        labels.steps = rounded_steps(&numeric(self.plan), &path)?;
        labels.times = times(&times_of(self.plan), &path)?;
        let mut marks = self.plan.categorical_vars.clone();
        marks.extend(self.numbered_outcome(main));
        labels.name_yes_and_no(steps, &main.columns);
        let appended = steps.iter().filter(|step| step.kind == StepKind::Append);
        let appended = appended.filter_map(|step| inputs.dataset(&step.dataset_key)).map(copy);
        labels.read_levels(&marks, steps, &path, &appended.collect::<Result<Vec<_>, _>>()?)
    }

    /// A text outcome whose values a run numbers itself, as `egen group()` does (`ss_groups`): its numbers are those of the file
    /// only where the sample has every value of it.
    fn numbered_outcome(&self, main: &Dataset) -> Option<CategoricalMark> {
        let name = self.plan.contract.bound.get("outcome")?.as_str()?;
        let column = main.column(name).filter(|c| c.is_text() && !c.distinct_is_lower_bound)?;
        let is_marked = self.plan.categorical_vars.iter().any(|mark| mark.column == name);
        let is_as_read = |step: &DataStep| {
            step.kind == StepKind::DropRows
                || (step.kind == StepKind::Convert && step.column.as_deref() != Some(name))
        };
        let levels = self.run.checks.iter().find(|check| check.id == "one_level")?.value.as_deref()?;
        let has_all = levels.parse() == Ok(column.distinct);
        let is_certain = has_all && self.plan.data_steps.iter().all(|planned| is_as_read(&planned.step));
        let own = || CategoricalMark {
            column: name.to_owned(),
            companion: Some(name.to_owned()),
            encoding: None,
            order: Vec::new(),
            base: None,
        };
        (!is_marked && is_certain).then(own)
    }

    /// Says the terms of a model in the words of the data, where these say more than the term itself.
    pub fn label_terms(&self, rows: &mut [ResultRow]) {
        if rows.is_empty() {
            return;
        }
        let (labels, _) = self.labels(false);
        let is_of_levels = |row: &ResultRow| row.term.contains('.') || labels.binary.contains(&row.term);
        let (labels, _) = if rows.iter().any(is_of_levels) { self.labels(true) } else { (labels, None) };
        let column = term_column(&self.plan.contract.outputs);
        for row in rows {
            let words = labels.estimate(column, &row.term, Language::En);
            row.label = Some(words).filter(|words| *words != row.term);
        }
    }

    /// Makes the formats that are not there yet and writes their files.
    pub fn derive(&self, formats: &[Format], options: &Options, now: DateTime<Utc>) -> Derived {
        let mut derived = Derived::default();
        let mut maker = Maker::of(self, options);
        for format in formats {
            maker.derive(*format, now, &mut derived);
        }
        derived
    }

    /// Returns the renderings of this content that the record lists and whose files are there.
    fn existing(&self, key: &str) -> Vec<Artifact> {
        let folder = run_artifact(&self.run.run_id, FOLDER);
        let listed = self.job.artifacts_index.iter();
        let same = listed.filter(|a| a.rel_path.starts_with(&folder) && a.meta.get(KEY) == Some(&json!(key)));
        let found: Vec<Artifact> = same.cloned().collect();
        let is_there =
            |a: &Artifact| self.blobs.head(&self.job.tenant_id, &self.job.job_id, a.stored_path()).is_ok();
        if found.iter().all(is_there) { found } else { Vec::new() }
    }

    /// Says the main results in sentences.
    ///
    /// # Errors
    /// Says why the tables of the run cannot be read.
    pub fn findings(&self, options: &Options) -> Result<Findings, String> {
        let is_table = |(output, _): &(&PlanOutput, &Artifact)| output.format == "csv";
        let tables: Vec<_> = self.sources().into_iter().filter(is_table).collect();
        self.with_source(&tables, |source| results(source, options))
    }

    fn report(&self, sources: &[(&PlanOutput, &Artifact)], options: &Options) -> Result<Report, String> {
        self.with_source(sources, |source| report(source, options))
    }

    fn with_source<T>(
        &self,
        sources: &[(&PlanOutput, &Artifact)],
        make: impl FnOnce(&Source<'_>) -> Result<T, RenderError>,
    ) -> Result<T, String> {
        if sources.iter().map(|(_, a)| a.size_bytes).sum::<u64>() > MOST_BYTES {
            return Err(format!("the results are larger than {MOST_BYTES} bytes"));
        }
        let read = |(output, artifact): &(&PlanOutput, &Artifact)| {
            let bytes = self.read(artifact)?;
            Ok(SourceFile { name: output.file.clone(), sha256: artifact.sha256.clone(), bytes })
        };
        let files = sources.iter().map(read).collect::<Result<Vec<_>, String>>()?;
        let meta = self.meta();
        let (labels, data_name) = self.labels(true);
        let source = Source {
            job_id: Some(self.job.job_id.as_str()),
            service_version: self.service_version(),
            run: self.run,
            plan: self.plan,
            meta: meta.as_ref(),
            files,
            labels,
            data_name,
            has_data: !self.data_sets().is_empty(),
            is_trial: self.job.trial.is_some(),
        };
        make(&source).map_err(|e| e.to_string())
    }

    /// Data sets that the run itself wrote.
    fn data_sets(&self) -> Vec<&Artifact> {
        self.own_files("dta")
    }

    /// Files of a format that the run itself left.
    pub(super) fn own_files(&self, format: &str) -> Vec<&Artifact> {
        let (run, made) = (run_artifact(&self.run.run_id, ""), run_artifact(&self.run.run_id, FOLDER));
        let own =
            self.published.iter().filter(|a| a.rel_path.starts_with(&run) && !a.rel_path.starts_with(&made));
        own.filter(|a| a.rel_path.rsplit_once('.').is_some_and(|(_, ending)| ending == format)).collect()
    }

    fn keep(
        &self,
        made: Vec<Made>,
        key: &str,
        options: &Options,
        now: DateTime<Utc>,
    ) -> Result<Vec<Artifact>, String> {
        let set = self.ids.id("set");
        let keep = |(index, made): (usize, Made)| {
            let rel_path = run_artifact(&self.run.run_id, &format!("{FOLDER}/{}", made.file_name));
            let stored = stored_path(&set, index, &rel_path);
            let written = self
                .blobs
                .put(&self.job.tenant_id, &self.job.job_id, &stored, &mut &made.bytes[..])
                .map_err(|e| format!("the file could not be written: {}", e.kind()))?;
            let from: Vec<String> =
                made.derived_from.iter().map(|file| run_artifact(&self.run.run_id, file)).collect();
            let meta = Map::from_iter([
                ("run_id".to_owned(), json!(self.run.run_id)),
                ("derived_from".to_owned(), json!(from)),
                ("options".to_owned(), json!(options)),
                (KEY.to_owned(), json!(key)),
            ]);
            Ok(Artifact {
                kind: kind_of(made.format),
                media_type: media_type_of(&rel_path).to_owned(),
                rel_path,
                created_at: now,
                size_bytes: written.size_bytes,
                sha256: written.sha256,
                meta,
                stored_as: Some(stored),
            })
        };
        made.into_iter().enumerate().map(keep).collect()
    }
}

/// Makes the formats of one request: tables, figures and labels are read once for all of them.
pub(super) struct Maker<'a> {
    subject: &'a Subject<'a>,
    options: &'a Options,
    sources: Vec<(&'a PlanOutput, &'a Artifact)>,
    report: Option<Report>,
    budget: Budget,
}

impl<'a> Maker<'a> {
    /// Begins a request.
    pub(super) fn of(subject: &'a Subject<'a>, options: &'a Options) -> Self {
        let (sources, budget) = (subject.sources(), Budget::seconds(RENDER_SECONDS));
        Self { subject, options, sources, report: None, budget }
    }

    /// Makes a format that is not there yet and writes its files.
    pub(super) fn derive(&mut self, format: Format, now: DateTime<Utc>, derived: &mut Derived) {
        let hashes: Vec<(&str, &str)> =
            self.sources.iter().map(|(o, a)| (o.file.as_str(), a.sha256.as_str())).collect();
        let key = request_key(format, self.options, &hashes);
        let there = self.subject.existing(&key);
        if !there.is_empty() {
            derived.artifacts.extend(there);
            return;
        }
        match self.made(format, &key, now) {
            Ok(artifacts) if artifacts.is_empty() => {
                derived.skipped.push((format.as_str().to_owned(), nothing(format).to_owned()));
            }
            Ok(artifacts) => derived.artifacts.extend(artifacts),
            Err(reason) => {
                derived.failed.push(format);
                derived.skipped.push((format.as_str().to_owned(), reason));
            }
        }
    }

    fn made(&mut self, format: Format, key: &str, now: DateTime<Utc>) -> Result<Vec<Artifact>, String> {
        let report = match self.report.take() {
            Some(report) => report,
            None => self.subject.report(&self.sources, self.options)?,
        };
        let made =
            render(format, self.report.insert(report), key, &self.budget).map_err(|e| e.to_string())?;
        self.subject.keep(made, key, self.options, now)
    }
}

/// Columns that the plan binds and does not mark as categories.
fn numeric(plan: &Plan) -> Vec<&str> {
    let bound = plan.contract.parameters.iter().flat_map(BoundParameter::texts);
    let is_marked = |name: &str| plan.categorical_vars.iter().any(|mark| mark.column == name);
    bound.filter(|name| !is_marked(name)).collect()
}

/// The time of a series or panel.
fn times_of(plan: &Plan) -> Vec<&str> {
    plan.contract.parameters.iter().filter(|p| p.name == "time_var").flat_map(BoundParameter::texts).collect()
}

fn kind_of(format: Format) -> ArtifactKind {
    match format {
        Format::Xlsx | Format::Docx | Format::Tex | Format::Pdf => ArtifactKind::ExportReport,
        Format::Png => ArtifactKind::ExportFigure,
        Format::Dta => ArtifactKind::ExportDataset,
    }
}

/// Why a format has no file although nothing failed.
fn nothing(format: Format) -> &'static str {
    match format {
        Format::Png => "the run has no figure",
        Format::Dta => "the run has no table",
        _ => "the run has nothing to show",
    }
}
