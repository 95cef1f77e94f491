//! What a run's plan makes of its data, as facts that columns of a comparison share or do not share.

use serde::Serialize;
use serde_json::Value;

use super::super::data_step::{Keep, PlannedStep, StepKind};
use super::super::plan::Plan;
use super::super::run_level::RunLevel;
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
    /// A text in both languages: the title of a template, a data step.
    Words(Bilingual),
    /// The value of a parameter, with the parameter's label.
    Parameter(Bilingual, String),
    /// A kind of standard errors, as a run states it.
    Errors(String),
    /// A column of categories, and the category that the others are compared with.
    Base(String, String),
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
    matches!(name, "vce" | "title" | "sample_if" | "seed")
        || matches!(bind, "sample" | "seed" | "cluster_var" | "interaction_terms")
}

/// Options that decide which quantity an estimate is, or in which units.
const OF_SCALE: [&str; 13] = [
    "model",
    "models",
    "link",
    "family",
    "dist",
    "distribution",
    "standardize",
    "log_outcome",
    "log_dose",
    "second",
    "statistic",
    "estimand",
    "outcome_model",
];

impl Choice {
    /// The name of an option and its value.
    fn option(&self) -> Option<(&str, &str)> {
        self.key.split_once('=').filter(|_| self.fact == Fact::Options)
    }

    /// True for an option that decides which quantity an estimate is, or in which units.
    pub fn is_of_scale(&self) -> bool {
        self.option().is_some_and(|(name, value)| {
            // a metric is that of a survival model, or one of distances between units
            OF_SCALE.contains(&name) || (name == "metric" && matches!(value, "ph" | "aft"))
        })
    }

    /// True for the confidence level.
    pub fn is_of_level(&self) -> bool {
        self.option().is_some_and(|(name, _)| name == "level")
    }

    /// True for any other option.
    pub fn is_of_options(&self) -> bool {
        self.fact == Fact::Options && !self.is_of_scale() && !self.is_of_level()
    }
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
/// has it no more; `std_errors` is what the run states, `None` where it states none; `levels` are those of the run's categories.
pub fn specification(
    plan: &Plan,
    meta: Option<&TemplateMeta>,
    std_errors: Option<&str>,
    levels: &[RunLevel],
) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    let mut put = |fact: Fact, key: String, said: Said| {
        if !found.iter().any(|other| other.fact == fact && other.key == key) {
            found.push(Choice { fact, key, said });
        }
    };
    let plain = |text: &str| Bilingual { en: text.to_owned(), zh: None };
    let title = meta.map_or_else(|| plain(&plan.template.title), |meta| meta.title.clone());
    put(Fact::Method, plan.template.template_id.to_string(), Said::Words(title));
    bound(plan, meta).into_iter().for_each(|choice| put(choice.fact, choice.key, choice.said));
    for columns in &plan.interaction_terms {
        let text = columns.join(" × ");
        put(Fact::Interactions, text.clone(), Said::Text(text));
    }
    for mark in &plan.categorical_vars {
        let own = mark.companion.as_ref().unwrap_or(&mark.column);
        let base = levels.iter().find(|level| level.base && level.column == *own).map(|level| &level.label);
        let (key, said) = match base {
            Some(base) => (format!("{}={base}", mark.column), Said::Base(mark.column.clone(), base.clone())),
            None => (mark.column.clone(), Said::Column(mark.column.clone())),
        };
        put(Fact::Categorical, key, said);
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
        let words = step_words(step);
        put(Fact::Steps, words.en.clone(), Said::Words(words));
    }
    let data = &plan.input_fingerprint;
    put(Fact::Data, data.clone(), Said::Text(data.chars().take(8).collect()));
    found.sort_by_key(|choice| choice.fact);
    found
}

/// The choices among the bound parameters.
fn bound(plan: &Plan, meta: Option<&TemplateMeta>) -> Vec<Choice> {
    let is_weighted = plan.contract.bound.get("weight_var").is_some_and(|value| !values(value).is_empty());
    let mut found = Vec::new();
    for (name, value) in &plan.contract.bound {
        let parameter = meta.and_then(|meta| meta.parameters.iter().find(|p| p.name == *name));
        let bind = parameter.map_or(name.as_str(), |p| p.bind.as_str());
        // without weights their kind is no choice
        let is_kind = name == "weight_kind";
        let texts = values(value);
        if is_silent(name, bind) || texts.is_empty() || (is_kind && !is_weighted) {
            continue;
        }
        if let Some(fact) = fact_of(bind) {
            let choice = |column: String| Choice { fact, key: column.clone(), said: Said::Column(column) };
            found.extend(texts.into_iter().map(choice));
            continue;
        }
        let fact = match bind {
            _ if is_kind => Fact::Weights,
            "option" => Fact::Options,
            _ if parameter.is_none() => Fact::Options,
            _ => Fact::More,
        };
        let label = parameter
            .map_or_else(|| Bilingual { en: name.clone(), zh: None }, |parameter| parameter.label.clone());
        let said = Said::Parameter(label, texts.join(", "));
        found.push(Choice { fact, key: format!("{name}={}", texts.join(" ")), said });
    }
    found
}

/// A data step in words; of a merge also the kind of its keys and which rows stay.
fn step_words(step: &PlannedStep) -> Bilingual {
    let (mut en, mut zh) = (step.step.words(), step.step.words_zh());
    if step.step.kind == StepKind::Merge {
        let kind = step.step.merge_type.map_or("", |kind| kind.as_str());
        let (rows, rows_zh) = match step.keep() {
            Keep::Matched => ("rows that match", "匹配上的行"),
            Keep::Master => ("all rows of the main data", "主表全部行"),
            Keep::All => ("all rows of both", "两表全部行"),
        };
        en = format!("{en} ({kind}, keeps {rows})");
        zh = format!("{zh}（{kind}，保留{rows_zh}）");
    }
    Bilingual { en, zh: Some(zh) }
}
