//! Fills the record of a plan from a finished binding, and computes `plan_id` over what decides the result.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::base_levels::STATED;
use super::binding::{Binding, Source};
use super::categories;
use super::data_steps;
use super::freeze::{FORMATS_ALWAYS, FreezeInput};
use super::interactions;
use super::load::Template;
use super::missing_parameters::shown;
use super::render::{PLAIN_PREAMBLE, PREAMBLE_VERSION};
use crate::domain::artifact::ArtifactKind;
use crate::domain::canonical::sha256_of;
use crate::domain::dataset::{Column, DatasetRole, Inputs};
use crate::domain::draft::{DraftSource, Statement};
use crate::domain::ids::PlanId;
use crate::domain::layout;
use crate::domain::parameter_test::ParameterTest;
use crate::domain::params::condition_tree;
use crate::domain::plan::{
    ArchiveConstraints, BoundParameter, CategoricalMark, Constraints, Contract, PLAN_VERSION,
    PanelDeclaration, Plan, PlanDependency, PlanOutput, PlanStep, PlanTemplate, RankedTemplate, Rationale,
};
use crate::domain::template::{Parameter, ParameterType, TemplateMeta};

/// Files kept of one run, unless the meta says otherwise.
const MAX_FILES: u32 = 50;
const MAX_TOTAL_BYTES: u64 = 200_000_000;

/// Makes the plan of a binding. With an incomplete binding the plan is a preview: `contract.missing` names
/// what is missing.
pub(super) fn plan(input: &FreezeInput<'_>, template: &Template, binding: &Binding) -> Plan {
    let meta = &template.meta;
    let columns = input.inputs.primary().map_or(&[][..], |d| d.columns.as_slice());
    let used = used_columns(meta, columns, binding);
    let marks = categories::marks(meta, columns, binding);
    let mut plan = Plan {
        plan_version: PLAN_VERSION,
        preamble_version: preamble_of(&marks),
        plan_id: PlanId::parse("0".repeat(64)).expect("64 hexadecimal digits"),
        revision: input.revision,
        rel_path: layout::PLAN_PATH.to_owned(),
        plan_source: match input.plan_source {
            DraftSource::Model => "model".to_owned(),
            DraftSource::Client => "client".to_owned(),
            DraftSource::Rules => "rules".to_owned(),
        },
        created_at: input.created_at,
        template: PlanTemplate {
            template_id: meta.id.clone(),
            version: meta.version.clone(),
            sha256: template.body_sha256.clone(),
            meta_sha256: template.meta_sha256.clone(),
            ado_sha256: input.library.ado_sha256().to_owned(),
            title: meta.title.en.clone(),
        },
        rationale: rationale(input),
        contract: contract(input, meta, binding),
        sample_if: binding.sample_if.clone(),
        derived_variables: binding.derived.clone(),
        categorical_vars: marks,
        interaction_terms: interactions::bound(meta, binding),
        panel: panel(meta, binding),
        data_steps: data_steps::needed(&binding.stepped, &used),
        acknowledged_checks: input.request.acknowledged_checks.clone(),
        seed: 0,
        input_fingerprint: input.inputs.fingerprint.clone(),
        input_bindings: input_bindings(meta, input.inputs, &binding.statement),
        used_columns: data_steps::loaded(&binding.stepped, used),
        output_formats: output_formats(&input.request.output_formats),
        steps: Vec::new(),
        remarks: Vec::new(),
    };
    settle_seed(&mut plan, meta, input.request.seed);
    plan.steps = steps(&plan);
    plan.plan_id = PlanId::parse(sha256_of(&content(&plan, true))).expect("a SHA-256 in hexadecimal");
    plan
}

/// The version of the preamble that writes these marks; of a plan without a numbering and a stated base the older one, so that it
/// stays the same plan.
fn preamble_of(marks: &[CategoricalMark]) -> u32 {
    let is_stated = |mark: &CategoricalMark| mark.base.as_ref().is_some_and(|base| base.reason == STATED);
    if marks.iter().any(|mark| !mark.order.is_empty() || is_stated(mark)) {
        PREAMBLE_VERSION
    } else {
        PLAIN_PREAMBLE
    }
}

/// Returns what decides the result, as `plan_id` hashes it. Requirement, rationale, status of dependencies,
/// times and formats are outside it.
pub fn content(plan: &Plan, with_seed: bool) -> Value {
    let bound: BTreeMap<&String, Value> =
        plan.contract.bound.iter().map(|(name, value)| (name, shown(value))).collect();
    let derived: Vec<Value> = plan
        .derived_variables
        .iter()
        .map(|v| json!({"name": v.name, "canonical": v.canonical, "label": v.label}))
        .collect();
    // a base that follows from the data decides nothing more
    let mut marked = plan.categorical_vars.clone();
    for mark in &mut marked {
        mark.base = mark.base.take().filter(|base| base.reason == STATED);
    }
    let mut content = json!({
        "plan_version": plan.plan_version,
        "preamble_version": plan.preamble_version,
        "template": {
            "template_id": plan.template.template_id,
            "sha256": plan.template.sha256,
            "meta_sha256": plan.template.meta_sha256,
            "ado_sha256": plan.template.ado_sha256,
        },
        "bound": bound,
        "sample_if": plan.sample_if.as_ref().map(|c| &c.canonical),
        "derived_variables": derived,
        "categorical_vars": marked,
        "interaction_terms": plan.interaction_terms,
        "panel": plan.panel,
        "data_steps": plan.data_steps,
        "input_fingerprint": plan.input_fingerprint,
        "input_bindings": plan.input_bindings,
        "used_columns": plan.used_columns,
        "outputs": plan.contract.outputs,
    });
    if with_seed {
        content["seed"] = json!(plan.seed);
    }
    content
}

/// The given seed, else the meta's, else the first 31 bits of the hash of the content without it. A
/// parameter that carries the seed gets the same number.
fn settle_seed(plan: &mut Plan, meta: &TemplateMeta, given: Option<u32>) {
    let parameter = meta.parameters.iter().find(|p| p.bind == "seed");
    let stated = parameter
        .and_then(|p| plan.contract.bound.get(&p.name))
        .and_then(Value::as_u64)
        .and_then(|seed| u32::try_from(seed).ok());
    let hash = sha256_of(&content(plan, false));
    let derived = u32::from_str_radix(&hash[..8], 16).expect("hexadecimal digits") >> 1;
    plan.seed = given.or(stated).or(meta.seed.default).unwrap_or(derived);
    if let Some(parameter) = parameter.filter(|_| stated.is_none() || given.is_some()) {
        plan.contract.bound.insert(parameter.name.clone(), json!(plan.seed));
        for bound in plan.contract.parameters.iter_mut().filter(|p| p.name == parameter.name) {
            bound.value = json!(plan.seed);
            bound.status = "default".to_owned();
            bound.source = Some(Source::Default.as_str().to_owned());
        }
    }
}

fn rationale(input: &FreezeInput<'_>) -> Rationale {
    let chosen_by = input.selection.chosen_by.clone().unwrap_or_else(|| "client".to_owned());
    let text = if !input.rationale.is_empty() {
        input.rationale.to_owned()
    } else {
        match chosen_by.as_str() {
            "ranking" => "no model is configured: the first of the ranking was taken".to_owned(),
            "rules" => "rules chose it from the words of the question; no model took part".to_owned(),
            "model" => "the model chose it among the candidates".to_owned(),
            _ => "the client named the template".to_owned(),
        }
    };
    let ranking = input
        .selection
        .candidates
        .iter()
        .map(|c| RankedTemplate { template_id: c.template_id.clone(), score: c.score })
        .collect();
    Rationale { text, evidence: input.evidence.to_vec(), ranking, chosen_by }
}

fn contract(input: &FreezeInput<'_>, meta: &TemplateMeta, binding: &Binding) -> Contract {
    let bound = binding.bound();
    let dependencies = meta
        .dependencies
        .iter()
        .map(|dependency| {
            let found = (input.dependency)(dependency);
            PlanDependency {
                pkg: dependency.pkg.clone(),
                source: dependency.source.clone(),
                version: dependency.version.clone(),
                purpose: dependency.purpose.clone(),
                status: found.status,
                checked_at: found.checked_at,
            }
        })
        .collect();
    Contract {
        parameters: meta.parameters.iter().map(|p| bound_parameter(p, binding)).collect(),
        missing: binding.gaps.iter().map(|g| g.parameter.clone()).collect(),
        dependencies,
        outputs: outputs(meta, &bound),
        constraints: constraints(meta),
        bound,
    }
}

fn bound_parameter(parameter: &Parameter, binding: &Binding) -> BoundParameter {
    let bound = binding.values.get(&parameter.name);
    let status = match bound {
        Some(bound) if bound.source == Source::Default => "default",
        Some(_) => "bound",
        None if binding.gaps.iter().any(|g| g.parameter == parameter.name) => "missing",
        None => "unused",
    };
    BoundParameter {
        name: parameter.name.clone(),
        kind: parameter.kind.as_str().to_owned(),
        required: parameter.required,
        description: parameter.help.as_ref().unwrap_or(&parameter.label).en.clone(),
        status: status.to_owned(),
        value: bound.map_or(Value::Null, |b| shown(&b.value)),
        source: bound.map(|b| b.source.as_str().to_owned()),
    }
}

/// Outputs whose `when` does not hold are no part of the plan.
fn outputs(meta: &TemplateMeta, bound: &BTreeMap<String, Value>) -> Vec<PlanOutput> {
    let declared = meta
        .outputs
        .iter()
        .filter(|o| o.when.as_deref().is_none_or(|test| ParameterTest::parse(test).holds(bound)));
    declared
        .map(|output| PlanOutput {
            file: output.file.clone(),
            kind: output.kind.clone(),
            format: output.format.clone(),
            required: output.required,
            when: output.when.clone(),
            description: output.description.clone(),
            columns: output.columns.clone(),
            max_bytes: output.max_bytes,
            artifact_kind: artifact_kind(&output.kind).as_str().to_owned(),
            rel_path: format!("artifacts/runs/{{run_id}}/{}", output.file),
        })
        .collect()
}

fn artifact_kind(kind: &str) -> ArtifactKind {
    match kind {
        "table" => ArtifactKind::ExportTable,
        "figure" => ArtifactKind::ExportFigure,
        "data" => ArtifactKind::ExportDataset,
        "log" => ArtifactKind::StataLog,
        _ => ArtifactKind::ExportOther,
    }
}

fn constraints(meta: &TemplateMeta) -> Constraints {
    let archive = meta.archive.as_ref();
    let mut formats: Vec<String> = Vec::new();
    for output in &meta.outputs {
        if !formats.contains(&output.format) {
            formats.push(output.format.clone());
        }
    }
    Constraints {
        min_observations: meta.sample.min_observations,
        archive: ArchiveConstraints {
            max_files: archive.and_then(|a| a.max_files).unwrap_or(MAX_FILES),
            max_total_bytes: archive.and_then(|a| a.max_total_bytes).unwrap_or(MAX_TOTAL_BYTES),
            allowed_formats: archive.and_then(|a| a.allowed_formats.clone()).unwrap_or(formats),
            retention_days: archive.and_then(|a| a.retention_days).unwrap_or(0),
        },
    }
}

/// The main data and the further ones; a single required further input takes the single further data set.
pub(super) fn input_bindings(
    meta: &TemplateMeta,
    inputs: &Inputs,
    statement: &Statement,
) -> BTreeMap<String, String> {
    let mut bindings = BTreeMap::new();
    let others: Vec<&str> = inputs
        .datasets
        .iter()
        .filter(|d| d.role != DatasetRole::PrimaryDataset)
        .map(|d| d.dataset_key.as_str())
        .collect();
    let further = meta.inputs.iter().filter(|i| i.role != "main" && i.required).count();
    for input in &meta.inputs {
        let key = if input.role == "main" {
            inputs.primary().map(|d| d.dataset_key.clone())
        } else if let Some(key) = statement.inputs.get(&input.name) {
            Some(key.clone())
        } else if input.required && further == 1 && others.len() == 1 {
            Some(others[0].to_owned())
        } else {
            None
        };
        if let Some(key) = key {
            bindings.insert(input.name.clone(), key);
        }
    }
    bindings
}

fn panel(meta: &TemplateMeta, binding: &Binding) -> Option<PanelDeclaration> {
    let column = |role: &str| {
        let parameter = meta.parameters.iter().find(|p| p.bind == role)?;
        binding.columns_of(parameter).first().map(|c| (*c).to_owned())
    };
    let (entity_var, time_var) = (column("entity_var"), column("time_var"));
    (entity_var.is_some() || time_var.is_some()).then_some(PanelDeclaration { entity_var, time_var })
}

/// The columns that the run loads, in the order of the data; empty means all of them: a template that
/// writes data keeps what it does not touch, and an optional list that is left out means every column.
fn used_columns(meta: &TemplateMeta, columns: &[Column], binding: &Binding) -> Vec<String> {
    let writes_data = meta.outputs.iter().any(|o| o.kind == "data");
    let open_list = meta.parameters.iter().any(|p| {
        p.kind == ParameterType::Varlist
            && !p.required
            && p.bind == "item_vars"
            && !binding.values.contains_key(&p.name)
    });
    if writes_data || open_list {
        return Vec::new();
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    for parameter in &meta.parameters {
        used.extend(binding.columns_of(parameter).into_iter().map(str::to_owned));
    }
    let conditions = binding
        .values
        .values()
        .filter_map(|b| serde_json::from_value(b.value.clone()).ok())
        .chain(binding.sample_if.clone());
    for condition in conditions.filter_map(|c| condition_tree(&c).ok()) {
        used.extend(condition.columns().iter().map(|c| c.name.to_string()));
    }
    for variable in &binding.derived {
        used.extend(variable.tree.columns().iter().map(|c| c.name.to_string()));
    }
    let is_derived = |column: &Column| binding.derived.iter().any(|v| v.name == column.name);
    let loaded = columns.iter().filter(|c| used.contains(&c.name) && !is_derived(c));
    loaded.map(|c| c.name.clone()).collect()
}

fn output_formats(asked: &[String]) -> Vec<String> {
    let mut formats: Vec<String> = FORMATS_ALWAYS.iter().map(|f| (*f).to_owned()).collect();
    for format in asked {
        if !formats.contains(format) {
            formats.push(format.clone());
        }
    }
    formats
}

fn steps(plan: &Plan) -> Vec<PlanStep> {
    let main_do = "artifacts/runs/{run_id}/main.do".to_owned();
    let generate = PlanStep {
        step_id: "generate_do".to_owned(),
        kind: "generate_stata_do".to_owned(),
        params: json!({
            "template_id": plan.template.template_id,
            "preamble_version": plan.preamble_version,
            "seed": plan.seed,
        }),
        depends_on: Vec::new(),
        produces: vec![main_do],
    };
    let run = PlanStep {
        step_id: "run_do".to_owned(),
        kind: "run_stata".to_owned(),
        params: run_params(plan),
        depends_on: vec![generate.step_id.clone()],
        produces: plan.contract.outputs.iter().map(|o| o.rel_path.clone()).collect(),
    };
    vec![generate, run]
}

fn run_params(plan: &Plan) -> Value {
    let mut params = json!({"inputs": plan.input_bindings});
    if !plan.data_steps.is_empty() {
        let keys: Vec<&str> = plan.data_steps.iter().map(|s| s.step.dataset_key.as_str()).collect();
        params["data_steps"] = json!(keys);
    }
    params
}
