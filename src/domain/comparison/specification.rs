//! What a run's plan makes of its data, as facts that columns of a comparison share or do not share.

use serde::Serialize;
use serde_json::Value;

use super::super::plan::Plan;
use super::super::template::{Bilingual, TemplateMeta};

/// A kind of choice, in the order in which comparisons show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The dependent variable, also duration and failure.
    Outcome,
    /// The template.
    Method,
    /// Treatment, regressors and controls.
    Variables,
    /// Fixed effects.
    Fixed,
    /// Instruments.
    Instruments,
    /// Interactions.
    Interactions,
    /// Columns that are used as categories.
    Categorical,
    /// The condition on the rows.
    Sample,
    /// The kind of standard errors.
    Errors,
    /// Weights.
    Weights,
    /// Columns of other roles.
    More,
    /// Data steps.
    Steps,
    /// Options of the template.
    Options,
    /// The data of the plan.
    Data,
}

/// One choice of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its kind.
    pub fact: Fact,
    /// Equal for equal choices of the same kind.
    pub key: String,
    /// What it is in words.
    pub said: Said,
}

/// What the words of a choice are made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A text as it is.
    Text(String),
    /// A column of the data, by its name.
    Column(String),
    /// The title of a template.
    Method(Bilingual),
    /// The value of a parameter, with the parameter's label.
    Parameter(Bilingual, String),
    /// A kind of standard errors, as a run states it.
    Errors(String),
    /// All rows.
    AllRows,
}

/// Returns the fact that columns of a role belong to; `None` for other roles.
fn fact_of(bind: &str) -> Option<Fact> {
    Some(match bind {
        "outcome_var" | "duration_var" | "failure_var" => Fact::Outcome,
        "treatment_var" | "regressors" | "controls" | "focal_var" | "moderator_var" | "endogenous_vars"
        | "post_var" => Fact::Variables,
        "fixed_effects" => Fact::Fixed,
        "instrument_vars" => Fact::Instruments,
        "weight_var" => Fact::Weights,
        _ => return None,
    })
}

/// True for parameters that other facts tell of, or that are no part of a specification.
fn is_silent(name: &str, bind: &str) -> bool {
    matches!(name, "level" | "vce" | "title" | "weight_kind" | "sample_if" | "seed")
        || matches!(bind, "sample" | "seed" | "cluster_var" | "interaction_terms")
}

fn values(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(values).collect(),
        Value::Object(fields) => {
            let text = fields.get("text").or_else(|| fields.get("canonical")).and_then(Value::as_str);
            vec![text.map_or_else(|| value.to_string(), str::to_owned)]
        }
        other => vec![other.to_string()],
    }
}

/// Returns the choices of a plan, each once, in the order of [`Fact`]. `meta` is the template's declaration, `None` where the library
/// has it no more; `std_errors` is what the run states, `None` where it states none.
pub fn specification(plan: &Plan, meta: Option<&TemplateMeta>, std_errors: Option<&str>) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    let mut put = |fact: Fact, key: String, said: Said| {
        if !found.iter().any(|other| other.fact == fact && other.key == key) {
            found.push(Choice { fact, key, said });
        }
    };
    let title = meta.map(|meta| meta.title.clone());
    let plain = |text: &str| Bilingual { en: text.to_owned(), zh: None };
    let title = title.unwrap_or_else(|| plain(&plan.template.title));
    put(Fact::Method, plan.template.template_id.to_string(), Said::Method(title));
    for (name, value) in &plan.contract.bound {
        let parameter = meta.and_then(|meta| meta.parameters.iter().find(|p| p.name == *name));
        let bind = parameter.map_or(name.as_str(), |p| p.bind.as_str());
        if is_silent(name, bind) {
            continue;
        }
        let texts = values(value);
        match fact_of(bind) {
            Some(fact) => {
                texts.into_iter().for_each(|column| put(fact, column.clone(), Said::Column(column)))
            }
            None if texts.is_empty() => {}
            None => {
                let fact = if bind == "option" || parameter.is_none() { Fact::Options } else { Fact::More };
                let label = parameter.map_or_else(|| plain(name), |p| p.label.clone());
                put(fact, format!("{name}={}", texts.join(" ")), Said::Parameter(label, texts.join(", ")));
            }
        }
    }
    for columns in &plan.interaction_terms {
        let text = columns.join(" × ");
        put(Fact::Interactions, text.clone(), Said::Text(text));
    }
    for mark in &plan.categorical_vars {
        put(Fact::Categorical, mark.column.clone(), Said::Column(mark.column.clone()));
    }
    match &plan.sample_if {
        Some(condition) => put(Fact::Sample, condition.canonical.clone(), Said::Text(condition.text.clone())),
        None => put(Fact::Sample, String::new(), Said::AllRows),
    }
    let stated = plan.contract.bound.get("vce").and_then(Value::as_str);
    if let Some(kind) = std_errors.or(stated) {
        put(Fact::Errors, kind.to_owned(), Said::Errors(kind.to_owned()));
    }
    for step in &plan.data_steps {
        let step = &step.step;
        let merge = step.merge_type.map(|kind| kind.as_str());
        let parts = [Some(step.kind.as_str()), Some(step.dataset_key.as_str()), merge];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        put(Fact::Steps, text.clone(), Said::Text(text));
    }
    let data = &plan.input_fingerprint;
    put(Fact::Data, data.clone(), Said::Text(data.chars().take(8).collect()));
    found.sort_by_key(|choice| choice.fact);
    found
}
