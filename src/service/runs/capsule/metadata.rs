//! `ro-crate-metadata.json`: the capsule in the words of RO-Crate 1.1 and of the Process Run Crate profile 0.5.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Absent, CapsuleOptions, Entry};
use crate::domain::capsule::inputs::InputFacts;
use crate::domain::capsule::names::iri;
use crate::domain::capsule::{self as form};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::domain::template::TemplateMeta;

/// The profile of the run (a process: one action with its instrument).
const PROCESS_PROFILE: &str = "https://w3id.org/ro/wfrun/process/0.5";
/// Facts about the run in addition to the files.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub job: &'a JobRecord,
    pub run: &'a Run,
    pub plan: &'a Plan,
    /// Absent where the declaration is not kept.
    pub template: Option<&'a TemplateMeta>,
    pub inputs: &'a InputFacts,
    pub options: CapsuleOptions,
    /// False where the idioms of the plan are not kept.
    pub ado_kept: bool,
    /// The main results in sentences, in the language of the question.
    pub said: &'a [String],
    pub time: DateTime<Utc>,
    /// Of the service that ran it.
    pub service_version: &'a str,
}

/// Content described by README and metadata.
pub(super) struct Description<'a> {
    pub facts: Facts<'a>,
    pub absent: &'a [Absent],
    pub entries: &'a BTreeMap<String, Entry>,
}

impl Description<'_> {
    /// The analysis in a few words.
    pub(super) fn title(&self) -> String {
        match &self.facts.job.title {
            Some(title) => title.clone(),
            None => format!("{} ({})", self.facts.plan.template.title, self.facts.plan.template.template_id),
        }
    }

    /// Name and version of what executed the do-file, for people.
    pub(super) fn engine(&self) -> (String, String) {
        let engine = &self.facts.run.engine;
        // the open engine is a part of the service and has its version
        let other = if engine.kind == "stata" { "not known" } else { self.facts.service_version };
        let version = engine.version.clone().unwrap_or_else(|| other.to_owned());
        match engine.kind.as_str() {
            "stata" => {
                let edition = engine.edition.as_deref().unwrap_or_default();
                (format!("Stata {edition}").trim_end().to_owned(), version)
            }
            _ => ("open do-file engine of stata-service".to_owned(), version),
        }
    }

    pub(super) fn files_below(&self, folder: &str) -> Vec<&Entry> {
        self.entries.values().filter(|e| e.path.starts_with(folder)).collect()
    }
}

/// Makes the document.
pub(super) fn write(description: &Description<'_>) -> Value {
    let mut graph = vec![descriptor(), root(description), action(description)];
    graph.extend(software(description));
    graph.extend(parameters(description));
    graph.extend(people(description));
    graph.extend(description.entries.values().map(|entry| file(entry, description)));
    graph.push(generated(form::MANIFEST, "Hashes of every file, for sha256sum -c", "text/plain"));
    if !description.absent.is_empty() {
        graph.push(generated(
            form::ABSENT_DATA,
            "Hashes of data that are not here, for sha256sum -c",
            "text/plain",
        ));
    }
    graph.extend(description.absent.iter().map(absent));
    json!({
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
        ],
        "@graph": graph,
    })
}

fn reference(id: impl Into<String>) -> Value {
    json!({"@id": id.into()})
}

fn descriptor() -> Value {
    json!({
        "@id": form::METADATA, "@type": "CreativeWork", "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    })
}

fn root(description: &Description<'_>) -> Value {
    let Facts { job, plan, run, time, .. } = description.facts;
    let mut parts: Vec<Value> = description.entries.keys().map(|path| reference(iri(path))).collect();
    parts.push(reference(form::MANIFEST));
    if !description.absent.is_empty() {
        parts.push(reference(form::ABSENT_DATA));
    }
    let question = if job.requirement.is_empty() { "not stated" } else { job.requirement.as_str() };
    json!({
        "@id": "./", "@type": "Dataset", "name": description.title(),
        "description": format!(
            "One run of an empirical analysis with everything that is needed to check and repeat it. \
             Question: {question}. Template: {} {}.",
            plan.template.template_id, plan.template.version
        ),
        "datePublished": time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "license": {"@id": "#rights"},
        "author": {"@id": "#tenant"}, "publisher": {"@id": "#tenant"},
        "identifier": run.run_id.as_str(),
        "conformsTo": {"@id": PROCESS_PROFILE},
        "mainEntity": {"@id": form::MAIN_DO},
        "mentions": {"@id": "#run"},
        "hasPart": parts,
    })
}

fn action(description: &Description<'_>) -> Value {
    let Facts { job, run, plan, .. } = description.facts;
    let mut objects = vec![reference(form::RUN_DO)];
    for file in &description.facts.inputs.read {
        objects.push(if file.included {
            reference(iri(&file.path))
        } else {
            reference(absent_id(&file.path))
        });
    }
    let ado = description.files_below(form::ADO);
    objects.extend(ado.iter().map(|entry| reference(iri(&entry.path))));
    objects.extend(plan.contract.bound.keys().map(|name| reference(parameter_id(name))));
    let results = description.files_below(form::RESULTS);
    let mut result: Vec<Value> = results.iter().map(|entry| reference(iri(&entry.path))).collect();
    let left_out = description.absent.iter().filter(|a| a.path.starts_with(form::RESULTS));
    result.extend(left_out.map(|a| reference(absent_id(&a.path))));
    let rfc = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, false);
    let (engine, version) = description.engine();
    json!({
        "@id": "#run", "@type": "CreateAction",
        "name": format!("Run {} of plan {}", run.run_id, plan.plan_id),
        "description": format!(
            "{engine}, version {version}, executed {} (attempt {} of job {})",
            form::RUN_DO, run.attempt, job.job_id
        ),
        "instrument": {"@id": "#engine"}, "agent": {"@id": "#tenant"},
        "object": objects, "result": result,
        "startTime": rfc(run.started_at),
        "endTime": rfc(run.ended_at.unwrap_or(run.started_at)),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    })
}

/// The engine, the service and the template.
fn software(description: &Description<'_>) -> Vec<Value> {
    let Facts { plan, template, run, .. } = description.facts;
    let (engine, version) = description.engine();
    let mut application = json!({
        "@id": "#engine", "@type": "SoftwareApplication", "name": engine, "softwareVersion": version,
    });
    if run.engine.kind == "stata" {
        application["url"] = json!("https://www.stata.com/");
    }
    let mut method = json!({
        "@id": "#template", "@type": "CreativeWork", "name": plan.template.title,
        "identifier": plan.template.template_id, "version": plan.template.version,
        "sha256": plan.template.sha256,
    });
    if let Some(meta) = template {
        method["description"] = json!(meta.description);
        method["citation"] = json!(meta.references.iter().map(|r| r.text.clone()).collect::<Vec<_>>());
    }
    let service = json!({
        "@id": "#service", "@type": "SoftwareApplication", "name": "stata-service",
        "softwareVersion": description.facts.service_version,
        "description": "Renders frozen plans of templates to do-files, runs and judges them",
    });
    let profile = json!({
        "@id": PROCESS_PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5",
    });
    let language = json!({
        "@id": "#stata", "@type": "ComputerLanguage", "name": "Stata", "url": {"@id": "https://www.stata.com/"},
    });
    vec![application, method, service, profile, language]
}

fn parameter_id(name: &str) -> String {
    format!("#parameter-{name}")
}

/// The bound parameters of the template.
fn parameters(description: &Description<'_>) -> Vec<Value> {
    let plan = description.facts.plan;
    let bound = plan.contract.bound.iter().map(|(name, value)| {
        let stated = plan.contract.parameters.iter().find(|p| p.name == *name);
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            Value::Object(members) if members.get("canonical").is_some_and(Value::is_string) => {
                members["canonical"].as_str().unwrap_or_default().to_owned()
            }
            other => other.to_string(),
        };
        let mut parameter = json!({
            "@id": parameter_id(name), "@type": "PropertyValue", "name": name, "value": shown,
        });
        if let Some(stated) = stated.filter(|p| !p.description.is_empty()) {
            parameter["description"] = json!(stated.description);
        }
        parameter
    });
    bound.collect()
}

/// Requester of the run, and statement of rights.
fn people(description: &Description<'_>) -> Vec<Value> {
    let tenant = &description.facts.job.tenant_id;
    vec![
        json!({
            "@id": "#tenant", "@type": "Organization", "name": tenant.as_str(),
            "description": "The tenant of the service that the analysis belongs to",
        }),
        json!({
            "@id": "#rights", "@type": "CreativeWork", "name": "Rights in this capsule",
            "description": "The rights in data, question and results stay with those who have them; nothing is \
                            granted here. Template and helper programs are part of stata-service.",
        }),
    ]
}

fn file(entry: &Entry, description: &Description<'_>) -> Value {
    let mut value = json!({
        "@id": iri(&entry.path), "@type": "File", "name": entry.title,
        "encodingFormat": entry.media_type.split(';').next().unwrap_or_default().trim(),
        "contentSize": entry.size_bytes.to_string(), "sha256": entry.sha256,
    });
    if matches!(entry.path.as_str(), form::MAIN_DO | form::RUN_DO | form::TEMPLATE_BODY) {
        value["@type"] = json!(["File", "SoftwareSourceCode"]);
        value["programmingLanguage"] = reference("#stata");
        value["isBasedOn"] = reference("#template");
        value["version"] = json!(description.facts.plan.template.version);
    }
    let read = description.facts.inputs.read.iter().find(|f| f.path == entry.path);
    let dataset =
        read.and_then(|f| description.facts.inputs.datasets.iter().find(|d| d.dataset_key == f.dataset_key));
    if let Some(from) = dataset.and_then(|d| d.original_path.as_deref()) {
        value["isBasedOn"] = reference(iri(from));
    }
    value
}

/// A list of hashes: it cannot tell its own.
fn generated(path: &str, title: &str, media_type: &str) -> Value {
    json!({"@id": path, "@type": "File", "name": title, "encodingFormat": media_type})
}

/// The id of data that are not in the archive.
fn absent_id(path: &str) -> String {
    format!("#absent-{}", iri(path).replace('/', "-"))
}

fn absent(absent: &Absent) -> Value {
    json!({
        "@id": absent_id(&absent.path), "@type": "CreativeWork", "name": absent.title,
        "description": format!("{}: {}", absent.path, absent.reason),
        "contentSize": absent.size_bytes.to_string(), "sha256": absent.sha256,
    })
}
