//! `stata-service library docs`: runs every template on its sample data with the open engine and writes the pages
//! of `docs/library`. What a page says is in `library::handbook`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::adapters::tabular::TabularFiles;
use crate::domain::canonical::sha256_hex;
use crate::domain::dataset::{Dataset, DatasetRole, Inputs};
use crate::domain::draft::{DraftSource, Selection, Statement};
use crate::domain::ids::RunId;
use crate::domain::plan::Plan;
use crate::domain::run::{EngineFacts, Run, RunStatus};
use crate::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use crate::library::handbook::{contents, page};
use crate::library::render::{ADO_DIR, EMPTY_DIR, RunFacts, render};
use crate::library::{Library, Template};
use crate::ports::tabular::{IngestOptions, Tabular};
use crate::render::{Labels, Options, Report, Source, SourceFile, report};

/// Largest figure that is stored with the pages, in bytes.
const LARGEST_FIGURE: usize = 140_000;
/// The nonce of the anchors of a golden run.
const NONCE: &str = "begin1";
/// Folder of the figures below that of the pages.
const FIGURES: &str = "figures";

/// Writes the pages, or compares them with `check`; `only` names some templates. Returns the differences.
///
/// # Errors
/// Any I/O error, and a template whose golden run fails.
pub(super) fn write(
    library: &Library,
    dir: &Path,
    check: bool,
    only: &[String],
    scratch: &Path,
    out: &mut impl Write,
) -> io::Result<Vec<String>> {
    let mut pages: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    pages.insert("README.md".to_owned(), contents(library.templates()).into_bytes());
    let mut expected: BTreeSet<String> = BTreeSet::from(["README.md".to_owned()]);
    for (n, template) in library.templates().enumerate() {
        let id = template.meta.id.as_str();
        expected.insert(format!("{id}.md"));
        if template.meta.stata.engine != "supported" || (!only.is_empty() && !only.iter().any(|o| o == id)) {
            continue;
        }
        let work = scratch.join(n.to_string());
        fs::create_dir_all(&work)?;
        let golden =
            golden(library, template, &work).map_err(|why| io::Error::other(format!("{id}: {why}")))?;
        fs::remove_dir_all(&work)?;
        let figure = golden.figures.iter().find(|f| f.svg.len() <= LARGEST_FIGURE);
        let path = figure.map(|_| format!("{FIGURES}/{id}.svg"));
        let shown = path.as_deref().zip(figure.map(|f| f.title.as_str()));
        pages.insert(format!("{id}.md"), page(template, &golden, shown).into_bytes());
        if let (Some(path), Some(figure)) = (path, figure) {
            pages.insert(path, figure.svg.clone().into_bytes());
        }
    }
    let mut differ = strays(dir, &expected)?;
    for (name, bytes) in pages {
        let target = dir.join(&name);
        if fs::read(&target).is_ok_and(|there| there == bytes) {
            continue;
        }
        if !check {
            fs::create_dir_all(target.parent().unwrap_or(dir))?;
            fs::write(&target, bytes)?;
            writeln!(out, "{name} written")?;
        }
        differ.push(name);
    }
    Ok(differ)
}

/// Pages of templates that the library does not have.
fn strays(dir: &Path, expected: &BTreeSet<String>) -> io::Result<Vec<String>> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && !expected.contains(&name) {
            strays.push(name);
        }
    }
    Ok(strays)
}

/// Runs a template on its sample data and makes the report of the run.
fn golden(library: &Library, template: &Template, work: &Path) -> Result<Report, String> {
    let io_error = |e: io::Error| e.to_string();
    let inputs = ingested(library, template, work)?;
    let plan = planned(library, template, &inputs)?;
    let facts = RunFacts {
        run_id: "golden".to_owned(),
        n1: NONCE.to_owned(),
        n2: "end2".to_owned(),
        processors: 1,
        memory_mb: 1024,
        scheme: library.scheme().to_owned(),
    };
    let main = render(&plan, template, &facts).map_err(|e| e.to_string())?;
    fs::write(work.join("main.do"), &main.bytes).map_err(io_error)?;
    for folder in [ADO_DIR, EMPTY_DIR, "tmp"] {
        fs::create_dir_all(work.join(folder)).map_err(io_error)?;
    }
    for (name, bytes) in library.ado_files() {
        fs::write(work.join(ADO_DIR).join(name), bytes).map_err(io_error)?;
    }
    let status = Command::new(std::env::current_exe().map_err(io_error)?)
        .args(["dofile", "-q", "-b", "do", "main.do"])
        .current_dir(work)
        .env("STATATMP", work.join("tmp"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(io_error)?;
    let log = fs::read_to_string(work.join("main.log")).unwrap_or_default();
    if !status.success() || !log.lines().any(|line| line == "SS_EVENT|end|nonce=end2") {
        let tail: Vec<&str> = log.lines().rev().take(8).collect();
        return Err(tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let run = finished(&plan, &log)?;
    let mut files = Vec::new();
    for output in plan.contract.outputs.iter().filter(|o| matches!(o.format.as_str(), "csv" | "svg")) {
        if let Ok(bytes) = fs::read(work.join(&output.file)) {
            files.push(SourceFile { name: output.file.clone(), sha256: sha256_hex(&bytes), bytes });
        }
    }
    let columns = inputs.datasets.iter().flat_map(|d| &d.columns);
    let mut labels = Labels::of_plan(&plan, columns);
    labels.read_levels(&plan.categorical_vars, &[], &work.join("data.dta"), &[])?;
    let source = Source {
        job_id: None,
        service_version: None,
        run: &run,
        plan: &plan,
        meta: Some(&template.meta),
        files,
        labels,
        data_name: Some(template.meta.sample_data.file.clone()),
        has_data: false,
        is_trial: false,
    };
    report(&source, &Options::default()).map_err(|e| e.to_string())
}

/// The record of a golden run, with the metrics of its log.
fn finished(plan: &Plan, log: &str) -> Result<Run, String> {
    let run_id = RunId::parse("run_golden").map_err(|_| "an id".to_owned())?;
    let mut run = Run::starting(run_id, 1, 1, plan.plan_id.clone(), None, plan.created_at);
    run.status = RunStatus::Succeeded;
    run.engine = EngineFacts { kind: "open".to_owned(), ..EngineFacts::default() };
    let prefix = format!("SS_EVENT|metric|k={NONCE}|name=");
    for line in log.lines().filter_map(|line| line.strip_prefix(&prefix)) {
        if let Some((name, value)) = line.split_once("|value=") {
            let value = value.parse::<f64>().map_or_else(|_| json!(value), |number| json!(number));
            run.metrics.insert(name.to_owned(), value);
        }
    }
    Ok(run)
}

/// Ingests the sample data into the working folder and returns the inputs of a job with it.
fn ingested(library: &Library, template: &Template, work: &Path) -> Result<Inputs, String> {
    let sample = &template.meta.sample_data;
    let mut datasets = vec![dataset(library, &sample.file, "main", &work.join("data.dta"), work)?];
    for (name, file) in &sample.inputs {
        fs::create_dir_all(work.join("inputs")).map_err(|e| e.to_string())?;
        datasets.push(dataset(library, file, name, &work.join("inputs").join(name), work)?);
    }
    Ok(Inputs {
        manifest_rel_path: String::new(),
        fingerprint: crate::domain::dataset::fingerprint(&datasets),
        created_at: "2026-01-02T03:04:05Z".parse().map_err(|_| "a time".to_owned())?,
        datasets,
        warnings: Vec::new(),
    })
}

fn dataset(library: &Library, file: &str, key: &str, target: &Path, work: &Path) -> Result<Dataset, String> {
    let bytes = library.file(file).ok_or_else(|| format!("{file} is absent"))?;
    let source = work.join("source");
    fs::write(&source, bytes).map_err(|e| e.to_string())?;
    let name = file.rsplit('/').next().unwrap_or(file);
    let ingested = TabularFiles
        .ingest(&source, name, &IngestOptions::default(), target)
        .map_err(|problem| format!("{file}: {problem}"))?;
    Ok(Dataset {
        dataset_key: key.to_owned(),
        role: if key == "main" { DatasetRole::PrimaryDataset } else { DatasetRole::SecondaryDataset },
        original_name: name.to_owned(),
        format: ingested.format,
        original_rel_path: String::new(),
        original_sha256: sha256_hex(bytes),
        original_size_bytes: bytes.len() as u64,
        canonical_rel_path: String::new(),
        canonical_sha256: ingested.canonical.sha256,
        canonical_size_bytes: ingested.canonical.size_bytes,
        row_count: ingested.row_count,
        columns: ingested.columns,
        repairs: Vec::new(),
        sheet_names: ingested.sheet_names,
        selected_sheet: ingested.selected_sheet,
        header_row: ingested.header_row,
        encoding: ingested.encoding,
        delimiter: ingested.delimiter,
    })
}

fn planned(library: &Library, template: &Template, inputs: &Inputs) -> Result<Plan, String> {
    let sample = &template.meta.sample_data;
    let further: Map<String, Value> = sample.inputs.keys().map(|k| (k.clone(), json!(k))).collect();
    let statement: Statement = serde_json::from_value(json!({
        "parameters": sample.parameters, "categorical_vars": sample.categorical, "inputs": further,
    }))
    .map_err(|e| e.to_string())?;
    freeze(&FreezeInput {
        library,
        template_id: &template.meta.id,
        statement: &statement,
        inputs,
        request: &FreezeRequest { seed: Some(20_260_102), ..FreezeRequest::default() },
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: inputs.created_at,
        dependency: &|_| DependencyStatus::unknown(),
    })
    .map_err(|problem| problem.to_string())
}
