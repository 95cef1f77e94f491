//! Self-contained checks of a capsule: each file against its hash, the description against the files, the plan
//! against its id, the do-file against the template, the data against the plan, the events against their chain.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::canonical::{sha256_hex, sha256_of};
use crate::domain::capsule::inputs::InputFacts;
use crate::domain::capsule::names::iri;
use crate::domain::capsule::{self as form, chain, main_do, manifest};
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::library::load::hash_of_files;
use crate::library::plan_content::content;
use crate::ports::capsule_archive::{CapsuleArchive, MeasuredFile, read_json};

/// A file that differs from its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path of the file in the capsule.
    pub file: String,
    /// The difference, for people.
    pub reason: String,
}

/// The result of a check.
#[derive(Debug, Default)]
pub struct Findings {
    /// Differences that make the capsule invalid; empty for a sound one.
    pub problems: Vec<Difference>,
    /// Facts that a reader should know and that are no fault.
    pub remarks: Vec<String>,
    /// Number of files that were checked.
    pub files: usize,
    /// Id of the recorded attempt; empty where the capsule does not show it.
    pub run_id: String,
    /// Id of its plan, SHA-256 in hexadecimal digits; empty where the capsule does not show it.
    pub plan_id: String,
    /// Template of the plan: id, space, version.
    pub template: String,
    /// Engine of the recorded run: kind, space, version.
    pub engine: String,
    /// Part of the audit chain that the capsule holds.
    pub piece: chain::Piece,
}

impl Findings {
    fn differs(&mut self, file: &str, reason: impl Into<String>) {
        self.problems.push(Difference { file: file.to_owned(), reason: reason.into() });
    }

    /// Reads a document; one that cannot be read is a separate problem.
    fn take<T>(&mut self, file: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.differs(file, reason)).ok()
    }

    /// Returns the report of `capsule verify --json`.
    pub fn to_json(&self) -> Value {
        let problems = self.problems.iter().map(|p| json!({"file": p.file, "reason": p.reason}));
        json!({
            "ok": self.problems.is_empty(), "problems": problems.collect::<Vec<_>>(), "remarks": self.remarks,
            "files": self.files, "run_id": self.run_id, "plan_id": self.plan_id, "template": self.template,
            "engine": self.engine,
            "audit": {
                "events": self.piece.events, "recomputed": self.piece.recomputed, "linked": self.piece.linked,
            },
        })
    }
}

/// Checks a capsule in every respect.
pub fn inspect(archive: &mut dyn CapsuleArchive) -> Findings {
    let mut found = Findings::default();
    let measured = hashes(archive, &mut found);
    description(archive, &measured, &mut found);
    let Some(plan) = plans(archive, &mut found) else { return found };
    run(archive, &plan, &mut found);
    do_files(archive, &plan, &mut found);
    inputs(archive, &plan, &measured, &mut found);
    found
}

/// Every file against the list of hashes, both ways.
fn hashes(archive: &mut dyn CapsuleArchive, found: &mut Findings) -> BTreeMap<String, MeasuredFile> {
    let text = archive.read(form::MANIFEST).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let listed = found.take(form::MANIFEST, text.and_then(|text| manifest::read(&text))).unwrap_or_default();
    let mut measured = BTreeMap::new();
    for path in archive.paths() {
        let Some(file) = found.take(&path, archive.measure(&path)) else { continue };
        found.files += 1;
        match listed.get(&path) {
            Some(sha256) if *sha256 == file.sha256 => {}
            Some(_) => found.differs(&path, format!("has another hash than in {}", form::MANIFEST)),
            None if path == form::MANIFEST => {}
            None => found.differs(&path, format!("is not in {}", form::MANIFEST)),
        }
        measured.insert(path, file);
    }
    for path in listed.keys().filter(|path| !archive.has(path)) {
        found.differs(path, "is missing");
    }
    measured
}

/// The description's files against the archive, both ways.
fn description(
    archive: &mut dyn CapsuleArchive,
    measured: &BTreeMap<String, MeasuredFile>,
    found: &mut Findings,
) {
    let Some(document) = found.take(form::METADATA, read_json::<Value>(archive, form::METADATA)) else {
        return;
    };
    let graph = document["@graph"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_file = |entity: &&Value| {
        let kinds = &entity["@type"];
        kinds == "File" || kinds.as_array().is_some_and(|kinds| kinds.contains(&json!("File")))
    };
    let described: BTreeMap<&str, &Value> =
        graph.iter().filter(is_file).filter_map(|e| Some((e["@id"].as_str()?, e))).collect();
    let root = graph.iter().find(|entity| entity["@id"] == "./").unwrap_or(&Value::Null);
    let parts: Vec<&str> =
        root["hasPart"].as_array().into_iter().flatten().filter_map(|part| part["@id"].as_str()).collect();
    for (path, file) in measured.iter().filter(|(path, _)| *path != form::METADATA) {
        let id = iri(path);
        let Some(entity) = described.get(id.as_str()) else {
            found.differs(path, format!("is not described in {}", form::METADATA));
            continue;
        };
        if !parts.contains(&id.as_str()) {
            found.differs(path, format!("is no part of the crate in {}", form::METADATA));
        }
        let other = |member: &str, is: &str| entity[member].as_str().is_some_and(|stated| stated != is);
        if other("sha256", &file.sha256) || other("contentSize", &file.size_bytes.to_string()) {
            found.differs(path, format!("has another hash or size than in {}", form::METADATA));
        }
    }
    for id in described.keys().filter(|id| !measured.keys().any(|path| iri(path) == **id)) {
        found.differs(id, format!("is described in {} and missing", form::METADATA));
    }
}

/// Every plan against its id.
fn plans(archive: &mut dyn CapsuleArchive, found: &mut Findings) -> Option<Plan> {
    for path in archive.paths().iter().filter(|path| path.starts_with(form::PLANS)) {
        if let Some(plan) = found.take(path, read_json::<Plan>(archive, path)) {
            plan_id(path, &plan, found);
        }
    }
    let plan = found.take(form::PLAN, read_json::<Plan>(archive, form::PLAN))?;
    plan_id(form::PLAN, &plan, found);
    found.plan_id = plan.plan_id.to_string();
    found.template = format!("{} {}", plan.template.template_id, plan.template.version);
    Some(plan)
}

fn plan_id(path: &str, plan: &Plan, found: &mut Findings) {
    let computed = sha256_of(&content(plan, true));
    if computed != plan.plan_id.as_str() {
        found.differs(path, format!("plan_id is {}, its content gives {computed}", plan.plan_id));
    }
}

/// The run's records against the plan, and the audit events.
fn run(archive: &mut dyn CapsuleArchive, plan: &Plan, found: &mut Findings) {
    let meta = found.take(form::RUN_META, read_json::<Value>(archive, form::RUN_META)).unwrap_or_default();
    let Some(run) = found.take(form::RUN_RECORD, read_json::<Run>(archive, form::RUN_RECORD)) else { return };
    found.run_id = run.run_id.to_string();
    let carried = meta["service_version"].as_str().filter(|_| run.engine.kind == "open");
    let version = run.engine.version.as_deref().or(carried).unwrap_or("of unknown version");
    found.engine = format!("{} {version}", run.engine.kind);
    if run.plan_id != plan.plan_id {
        found.differs(form::RUN_RECORD, format!("is a run of plan {}", run.plan_id));
    }
    for (member, is) in [("plan_id", plan.plan_id.as_str()), ("run_id", run.run_id.as_str())] {
        if meta[member] != is {
            found.differs(form::RUN_META, format!("{member} is {}, not {is}", meta[member]));
        }
    }
    if meta["metrics"] != json!(run.metrics) {
        found.differs(form::RUN_RECORD, format!("has other metrics than {}", form::RUN_META));
    }
    let text = archive.read(form::AUDIT).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let Some(text) = found.take(form::AUDIT, text) else { return };
    let resource = format!("job:{}", meta["job_id"].as_str().unwrap_or_default());
    found.piece = chain::check(&text, &resource);
    for (line, reason) in found.piece.problems.clone() {
        found.differs(form::AUDIT, format!("line {line} {reason}"));
    }
}

/// The do-files against the template of the plan, and the idioms against their hash.
fn do_files(archive: &mut dyn CapsuleArchive, plan: &Plan, found: &mut Findings) {
    let template = &plan.template;
    for (path, sha256) in
        [(form::TEMPLATE_BODY, &template.sha256), (form::TEMPLATE_META, &template.meta_sha256)]
    {
        if archive.has(path) && archive.measure(path).is_ok_and(|file| file.sha256 != *sha256) {
            found.differs(path, "is not the template of the plan");
        }
    }
    let meta: Value = read_json(archive, form::RUN_META).unwrap_or_default();
    let place = (meta["main_do"]["body_offset"].as_u64(), meta["main_do"]["body_bytes"].as_u64());
    let (Some(run_do), (Some(at), Some(bytes))) =
        (found.take(form::RUN_DO, archive.read(form::RUN_DO)), place)
    else {
        return;
    };
    if meta["main_do"]["sha256"] != sha256_hex(&run_do) {
        found.differs(form::RUN_DO, format!("is not the do-file of {}", form::RUN_META));
    }
    let end = at.checked_add(bytes).and_then(|end| usize::try_from(end).ok());
    let body = usize::try_from(at).ok().zip(end).and_then(|(at, end)| run_do.get(at..end));
    if body.is_none_or(|body| sha256_hex(body) != template.sha256) {
        found.differs(form::RUN_DO, "does not hold the template's body where it should");
    }
    let expected = main_do::portable(&run_do, at, bytes);
    if let Some(found_do) = found.take(form::MAIN_DO, archive.read(form::MAIN_DO))
        && expected.is_none_or(|expected| expected != found_do)
    {
        found.differs(form::MAIN_DO, format!("is not made of {}", form::RUN_DO));
    }
    let names: Vec<String> = archive.paths().into_iter().filter(|p| p.starts_with(form::ADO)).collect();
    if names.is_empty() {
        found.remarks.push("the helper programs of the template library are not here".to_owned());
        return;
    }
    let ado = names.iter().filter_map(|p| Some((p[form::ADO.len()..].to_owned(), archive.read(p).ok()?)));
    if hash_of_files(&ado.collect()) != template.ado_sha256 {
        found.differs(form::ADO, "are not the helper programs of the plan");
    }
}

/// The data against the plan's fingerprint.
fn inputs(
    archive: &mut dyn CapsuleArchive,
    plan: &Plan,
    measured: &BTreeMap<String, MeasuredFile>,
    found: &mut Findings,
) {
    let Some(facts) = found.take(form::INPUT_FACTS, read_json::<InputFacts>(archive, form::INPUT_FACTS))
    else {
        return;
    };
    if facts.fingerprint != plan.input_fingerprint
        || (!facts.datasets.is_empty() && facts.expected_fingerprint() != plan.input_fingerprint)
    {
        found.differs(form::INPUT_FACTS, "has another fingerprint than the plan");
    }
    let meta: Value = read_json(archive, form::RUN_META).unwrap_or_default();
    for file in &facts.read {
        let stated =
            meta["data"].as_array().into_iter().flatten().find(|d| d["dataset_key"] == file.dataset_key);
        if stated.is_none_or(|stated| stated["sha256"] != file.sha256) {
            found.differs(form::INPUT_FACTS, format!("{} is not what the run read", file.path));
        }
        let dataset = facts.datasets.iter().find(|d| d.dataset_key == file.dataset_key);
        if dataset.is_some_and(|d| d.canonical_sha256 != file.sha256) {
            found.differs(form::INPUT_FACTS, format!("{} is not the data set of the plan", file.path));
        }
        match measured.get(&file.path) {
            Some(there) if there.sha256 != file.sha256 => {
                found.differs(&file.path, "is not the data that the run read");
            }
            None if file.included => found.differs(&file.path, "is missing"),
            _ => {}
        }
    }
    for dataset in &facts.datasets {
        let Some(path) = &dataset.original_path else { continue };
        match measured.get(path) {
            Some(there) if there.sha256 == dataset.original_sha256 => {}
            Some(_) => found.differs(path, "is not the file that was uploaded"),
            None => found.differs(path, "is missing"),
        }
    }
    found.remarks.extend(facts.remarks);
}
