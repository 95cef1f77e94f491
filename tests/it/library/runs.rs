//! Templates from ingest to outputs: bound by freeze, written by render, executed as a batch process; and the pages that are made of
//! such runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::dataset::{DatasetRole, Inputs};
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::plan::Plan;
use stata_service::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use stata_service::library::render::{ADO_DIR, EMPTY_DIR, RunFacts, render};
use stata_service::library::{Library, Template};
use stata_service::ports::tabular::{IngestOptions, Tabular};

use super::words::{tables_of, untold};
use crate::support::columns::inputs;

/// The sample data of a template.
fn sample(library: &Library, template: &Template) -> Vec<u8> {
    library.file(&template.meta.sample_data.file).expect("sample data").to_vec()
}

/// Sample data whose outcome is 1 above its median and 0 elsewhere.
fn with_binary_outcome(library: &Library, template: &Template) -> Vec<u8> {
    let outcome = template.meta.parameters.iter().find(|p| p.bind == "outcome_var").expect("an outcome");
    let name = template.meta.sample_data.parameters[&outcome.name].as_str().expect("a column");
    let sample = sample(library, template);
    let mut rows = csv::Reader::from_reader(sample.as_slice());
    let header = rows.headers().expect("a header").clone();
    let at = header.iter().position(|column| column == name).expect("the outcome");
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    let mut values: Vec<f64> = rows.iter().filter_map(|row| row[at].parse().ok()).collect();
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(&header).expect("written");
    for row in &rows {
        let binary = |text: &str| {
            text.parse().map_or_else(|_| text.to_owned(), |v: f64| u8::from(v > median).to_string())
        };
        let row =
            row.iter().enumerate().map(|(i, text)| if i == at { binary(text) } else { text.to_owned() });
        out.write_record(row).expect("written");
    }
    out.into_inner().expect("written")
}

/// Ingests data into `data.dta` of a folder and returns the inputs of a job with it.
fn ingested(library: &Library, template: &Template, data: &[u8], dir: &Path) -> Inputs {
    let file = &template.meta.sample_data.file;
    let source = dir.join("source.csv");
    std::fs::write(&source, data).expect("a writable folder");
    let ingested = TabularFiles
        .ingest(&source, "source.csv", &IngestOptions::default(), &dir.join("data.dta"))
        .unwrap_or_else(|p| panic!("{file}: {p}"));
    let mut all = inputs(ingested.row_count, ingested.columns);
    for (name, file) in &template.meta.sample_data.inputs {
        std::fs::create_dir_all(dir.join("inputs")).expect("a writable folder");
        std::fs::write(&source, library.file(file).expect("sample data")).expect("a writable folder");
        let target = dir.join("inputs").join(name);
        let ingested = TabularFiles
            .ingest(&source, "source.csv", &IngestOptions::default(), &target)
            .unwrap_or_else(|p| panic!("{file}: {p}"));
        let mut further = inputs(ingested.row_count, ingested.columns).datasets.remove(0);
        further.dataset_key = name.clone();
        further.role = DatasetRole::SecondaryDataset;
        all.datasets.push(further);
    }
    all
}

fn planned(library: &Library, template: &Template, inputs: &Inputs) -> Plan {
    let statement: Statement = serde_json::from_value(json!({
        "parameters": template.meta.sample_data.parameters,
        "categorical_vars": template.meta.sample_data.categorical,
        "inputs": template.meta.sample_data.inputs.keys().map(|k| (k, k)).collect::<BTreeMap<_, _>>(),
    }))
    .expect("a statement");
    freeze(&FreezeInput {
        library,
        template_id: &template.meta.id,
        statement: &statement,
        inputs,
        request: &FreezeRequest { seed: Some(20260102), ..FreezeRequest::default() },
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        dependency: &|_| DependencyStatus::unknown(),
    })
    .unwrap_or_else(|p| panic!("{}: {p}", template.meta.id))
}

/// Runs a template on data and returns the log, or what is wrong with the run.
fn run(library: &Library, template: &Template, data: &[u8]) -> Result<String, String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let inputs = ingested(library, template, data, dir.path());
    let plan = planned(library, template, &inputs);
    let facts = RunFacts {
        run_id: "run-1".to_owned(),
        n1: "begin1".to_owned(),
        n2: "end2".to_owned(),
        processors: 1,
        memory_mb: 1024,
        scheme: library.scheme().to_owned(),
    };
    let main = render(&plan, template, &facts).expect("a do-file");
    std::fs::write(dir.path().join("main.do"), &main.bytes).expect("a writable folder");
    for folder in [ADO_DIR, EMPTY_DIR, "tmp"] {
        std::fs::create_dir(dir.path().join(folder)).expect("a writable folder");
    }
    for (name, bytes) in library.ado_files() {
        std::fs::write(dir.path().join(ADO_DIR).join(name), bytes).expect("a writable folder");
    }
    let status = Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .args(["dofile", "-q", "-b", "do", "main.do"])
        .current_dir(dir.path())
        .env("STATATMP", dir.path().join("tmp"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    let log = std::fs::read_to_string(dir.path().join("main.log")).unwrap_or_default();
    let ended = log.lines().any(|line| line == "SS_EVENT|end|nonce=end2");
    if !status.success() || !ended {
        let tail: Vec<&str> = log.lines().rev().take(12).collect();
        return Err(tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    for metric in &template.meta.metrics {
        if !log.contains(&format!("SS_EVENT|metric|k=begin1|name={metric}|value=")) {
            return Err(format!("the metric {metric} is absent"));
        }
    }
    for output in plan.contract.outputs.iter().filter(|o| o.required) {
        let size = std::fs::metadata(dir.path().join(&output.file)).map_or(0, |m| m.len());
        if size == 0 {
            return Err(format!("{} is absent or empty", output.file));
        }
    }
    let sample = &template.meta.sample_data;
    let files = std::iter::once(&sample.file).chain(sample.inputs.values());
    let data =
        files.map(|file| String::from_utf8_lossy(library.file(file).expect("sample data")).into_owned());
    let untold = untold(&tables_of(dir.path()), &data.collect::<Vec<_>>());
    if untold.is_empty() { Ok(log) } else { Err(format!("texts without words:\n{}", untold.join("\n"))) }
}

#[test]
fn every_linear_model_takes_an_outcome_of_two_values_and_warns() {
    let library = Library::embedded().expect("the library");
    let linear = |template: &&Template| template.meta.checks.iter().any(|c| c.id == "linear_probability");
    let (mut ran, mut failed) = (0, Vec::new());
    for template in library.templates().filter(linear) {
        ran += 1;
        let warned = "SS_EVENT|check|k=begin1|id=linear_probability|status=warn";
        match run(&library, template, &with_binary_outcome(&library, template)) {
            Ok(log) if log.contains(warned) => {}
            Ok(_) => failed.push(format!("== {}: no warning", template.meta.id)),
            Err(reason) => failed.push(format!("== {}\n{reason}", template.meta.id)),
        }
    }
    assert!(ran >= 33, "{ran}");
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

/// Templates whose pages are made again in every test run; all of them with `SS_TEST_FULL=1`.
const SOME_PAGES: &str = "linear.ols_robust,survival.cox,desc.frequency,panel.fe,prep.merge";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "renewing the pages and the long form are asked for by the environment"
)]
fn the_pages_of_the_library_are_what_the_templates_and_their_golden_runs_say() {
    let set = |name: &str| std::env::var(name).is_ok_and(|v| v == "1");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/library");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stata-service"));
    command.args(["library", "docs", "--dir"]).arg(&dir);
    if !set("SS_TEST_RENEW") {
        command.arg("--check");
        if !set("SS_TEST_FULL") {
            command.args(["--only", SOME_PAGES]);
        }
    }
    let done = command.output().expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    for template in Library::embedded().expect("the library").templates() {
        let page = std::fs::read_to_string(dir.join(format!("{}.md", template.meta.id))).expect("a page");
        assert!(page.contains(&template.meta.title.en), "{}", template.meta.id);
        let version = format!("`{}` {} ", template.meta.id, template.meta.version);
        assert!(
            page.contains(&version),
            "the page has another version than {version}: run stata-service library docs"
        );
        for parameter in &template.meta.parameters {
            assert!(
                page.contains(&format!("| `{}` |", parameter.name)),
                "{} {}",
                template.meta.id,
                parameter.name
            );
        }
    }
}
