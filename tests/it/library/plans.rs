//! The plan contract of every template: what an empty draft lacks, what a stated one binds and from where, and
//! everything that a plan says of dependencies, outputs and bounds.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::dataset::{DatasetRole, Inputs};
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::error::Problem;
use stata_service::domain::plan::Plan;
use stata_service::library::freeze::{
    DependencyStatus, FreezeInput, FreezeRequest, Preview, freeze, preview,
};
use stata_service::library::{Library, Template};
use stata_service::ports::tabular::{IngestOptions, Tabular};

use crate::support::columns::inputs;

fn ingested(library: &Library, file: &str, dir: &Path, target: &str) -> Inputs {
    let (source, target) = (dir.join("source.csv"), dir.join(target));
    std::fs::write(&source, library.file(file).expect("sample data")).expect("a writable folder");
    let made = TabularFiles.ingest(&source, "source.csv", &IngestOptions::default(), &target);
    let made = made.unwrap_or_else(|p| panic!("{file}: {p}"));
    inputs(made.row_count, made.columns)
}

fn sample(library: &Library, template: &Template) -> Inputs {
    let dir = tempfile::tempdir().expect("a folder");
    let sample = &template.meta.sample_data;
    let mut all = ingested(library, &sample.file, dir.path(), "data.dta");
    for (name, file) in &sample.inputs {
        let mut further = ingested(library, file, dir.path(), name).datasets.remove(0);
        further.dataset_key.clone_from(name);
        further.role = DatasetRole::SecondaryDataset;
        all.datasets.push(further);
    }
    all
}

fn with_input<T>(
    library: &Library,
    template: &Template,
    statement: &Value,
    data: &Inputs,
    make: impl FnOnce(&FreezeInput<'_>) -> Result<T, Problem>,
) -> T {
    let statement: Statement = serde_json::from_value(statement.clone()).expect("a statement");
    make(&FreezeInput {
        library,
        template_id: &template.meta.id,
        statement: &statement,
        inputs: data,
        request: &FreezeRequest::default(),
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        dependency: &|_| DependencyStatus { status: "available".to_owned(), checked_at: None },
    })
    .unwrap_or_else(|p| panic!("{}: {p}", template.meta.id))
}

fn statement(template: &Template) -> Value {
    let sample = &template.meta.sample_data;
    let inputs: serde_json::Map<String, Value> =
        sample.inputs.keys().map(|k| (k.clone(), json!(k))).collect();
    json!({"parameters": sample.parameters, "categorical_vars": sample.categorical, "inputs": inputs})
}

/// What an empty draft lacks is every required parameter, each with its type, a description and candidates.
fn check_missing(template: &Template, shown: &Preview) {
    let id = &template.meta.id;
    let required: BTreeSet<&str> =
        template.meta.parameters.iter().filter(|p| p.required).map(|p| p.name.as_str()).collect();
    let missing: BTreeSet<&str> = shown.plan.contract.missing.iter().map(String::as_str).collect();
    assert_eq!(missing, required, "{id}");
    assert_eq!(shown.ready, shown.problems.is_empty(), "{id}");
    assert_eq!(shown.missing_params_detail.len(), required.len(), "{id}");
    for detail in &shown.missing_params_detail {
        let name = detail["param"].as_str().expect("a name");
        let parameter = template.meta.parameters.iter().find(|p| p.name == name).expect("a parameter");
        assert_eq!(detail["type"], parameter.kind.as_str(), "{id} {name}");
        assert!(detail["description"].as_str().is_some_and(|d| !d.is_empty()), "{id} {name}");
        let candidates = detail["candidates"].as_array().expect("a list");
        // the sample data have a column for each of them
        let is_column = parameter.kind.as_str().starts_with("var");
        assert!(!is_column || !candidates.is_empty(), "{id} {name} has no candidates");
    }
}

/// Every parameter has its status and source, and what is bound is what was stated or the default.
fn check_bindings(template: &Template, plan: &Plan) {
    let id = &template.meta.id;
    assert_eq!(plan.contract.missing, Vec::<String>::new(), "{id}");
    assert_eq!(plan.contract.parameters.len(), template.meta.parameters.len(), "{id}");
    for (bound, declared) in plan.contract.parameters.iter().zip(&template.meta.parameters) {
        assert_eq!((&bound.name, bound.required), (&declared.name, declared.required), "{id}");
        let stated = template.meta.sample_data.parameters.get(&declared.name).is_some();
        let expected = match (stated, declared.default.is_some() || declared.bind == "seed") {
            (true, _) => ("bound", Some("client_parameter")),
            (false, true) => ("default", Some("default")),
            (false, false) => ("unused", None),
        };
        // a seed that nobody states and no default gives follows from the plan
        if declared.bind != "seed" || stated {
            let seen = (bound.status.as_str(), bound.source.as_deref());
            assert_eq!(seen, expected, "{id} {}", bound.name);
        }
        let value = plan.contract.bound.contains_key(&bound.name);
        assert_eq!(value, bound.status != "unused", "{id} {}", bound.name);
        assert!(!bound.description.is_empty(), "{id} {}", bound.name);
    }
}

fn check_outputs(template: &Template, plan: &Plan) {
    let id = &template.meta.id;
    assert!(plan.contract.outputs.iter().any(|o| o.file == "main.log"), "{id}");
    for output in &plan.contract.outputs {
        assert!(!output.description.is_empty() && output.max_bytes > 0, "{id} {}", output.file);
        assert!(output.file.ends_with(&format!(".{}", output.format)), "{id} {}", output.file);
        assert_eq!(output.rel_path, format!("artifacts/runs/{{run_id}}/{}", output.file), "{id}");
        assert!(output.artifact_kind.starts_with("stata."), "{id} {}", output.artifact_kind);
        assert_eq!(output.format == "csv", !output.columns.is_empty(), "{id} {}", output.file);
    }
    let archive = &plan.contract.constraints.archive;
    assert!(archive.max_files > 0 && archive.max_total_bytes > 0, "{id}");
    for output in &plan.contract.outputs {
        assert!(archive.allowed_formats.contains(&output.format), "{id} {}", output.format);
    }
    assert_eq!(plan.contract.dependencies.len(), template.meta.dependencies.len(), "{id}");
    for dependency in &plan.contract.dependencies {
        assert_eq!(dependency.status, "available", "{id}");
        assert!(!dependency.purpose.is_empty() && dependency.version.is_some(), "{id} {}", dependency.pkg);
    }
    let produced: Vec<&String> = plan.steps.iter().flat_map(|s| &s.produces).collect();
    assert!(plan.contract.outputs.iter().all(|o| produced.contains(&&o.rel_path)), "{id}");
}

#[test]
fn every_template_keeps_the_plan_contract_from_an_empty_draft_to_a_stored_plan() {
    let library = Library::embedded().expect("the library");
    let mut ids = BTreeSet::new();
    for template in library.templates() {
        let id = &template.meta.id;
        let data = sample(&library, template);
        let empty = json!({"inputs": statement(template)["inputs"]});
        check_missing(template, &with_input(&library, template, &empty, &data, preview));
        let stated = statement(template);
        let plan = with_input(&library, template, &stated, &data, freeze);
        check_bindings(template, &plan);
        check_outputs(template, &plan);
        let again = with_input(&library, template, &stated, &data, freeze);
        assert_eq!(again.plan_id, plan.plan_id, "{id}");
        let stored = serde_json::to_value(&plan).expect("a plan serialises");
        assert_eq!(serde_json::from_value::<Plan>(stored).expect("and reads back"), plan, "{id}");
        if let Some(sample_if) = template.meta.parameters.iter().find(|p| p.bind == "sample") {
            // a condition is another plan
            let column = data.primary().map(|d| d.columns[0].name.clone()).expect("a column");
            let mut other = stated.clone();
            other["parameters"][&sample_if.name] = json!(format!("!missing({column})"));
            let other = with_input(&library, template, &other, &data, |i| preview(i).map(|p| p.plan));
            assert_ne!(other.plan_id, plan.plan_id, "{id}");
        }
        assert!(ids.insert(plan.plan_id.clone()), "{id} has the plan of another template");
    }
    assert!(ids.len() >= 71, "{} templates", ids.len());
}
