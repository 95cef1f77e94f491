//! The axes of a batch, and the options of each as changes of its base.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::job::cell::CellChoice;
use crate::service::drafts::draft_request::Columns;

/// Longest label of a choice, in characters.
pub(super) const MAX_LABEL: usize = 100;

/// The axes of a batch; an axis that is absent or empty leaves the base as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Axes {
    /// Dependent variables.
    pub outcomes: Vec<String>,
    /// Templates by their ids.
    pub templates: Vec<String>,
    /// Sets of control variables.
    pub controls: Vec<ControlSet>,
    /// Conditions on the rows.
    pub samples: Vec<SampleChoice>,
    /// Kinds of standard errors.
    pub variance: Vec<VarianceChoice>,
    /// Values of parameters.
    pub parameters: Vec<ParameterSet>,
}

/// A set of control variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlSet {
    /// Name of the set, at most 100 characters; absent: its columns.
    pub label: Option<String>,
    /// The columns; none for a specification without controls.
    pub columns: Vec<String>,
}

/// A condition on the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleChoice {
    /// Name of the sample, at most 100 characters; absent: its condition.
    pub label: Option<String>,
    /// Rows for which the condition is true are used; null for all.
    pub condition: Option<String>,
}

/// A kind of standard errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VarianceChoice {
    /// Name of the choice, at most 100 characters; absent: said from the values.
    pub label: Option<String>,
    /// Value of the template's parameter `vce`; absent for a template without it.
    pub vce: Option<String>,
    /// Columns by whose groups the standard errors are clustered; absent for none.
    pub cluster_var: Option<Columns>,
}

/// Values of parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterSet {
    /// Name of the choice, at most 100 characters; absent: said from the values.
    pub label: Option<String>,
    /// Parameter → value.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
}

/// One specification of an explicit list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CellRequest {
    /// Name of the specification, at most 100 characters.
    pub label: String,
    /// Changes of the base, as `field_updates` of `POST …/draft/patch`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub changes: Map<String, Value>,
}

/// One option of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// What it is called, and of which axis it is.
    pub choice: CellChoice,
    /// Changes of the base, as `field_updates` of a patch.
    pub updates: Map<String, Value>,
    /// Binds whose value the option decides alone: a parameter of the base that fills one of them gives way.
    pub binds: &'static [&'static str],
}

impl Axes {
    /// Returns the axes in their order, with the options of each.
    pub(super) fn entries(&self) -> Vec<(&'static str, Vec<Entry>)> {
        let outcome = |name: &String| {
            let updates = one("outcome_var", json!(name));
            entry("outcome", name.clone(), updates, &["outcome_var"])
        };
        let template = |id: &String| entry("template", id.clone(), one("template_id", json!(id)), &[]);
        vec![
            ("outcomes", self.outcomes.iter().map(outcome).collect()),
            ("templates", self.templates.iter().map(template).collect()),
            ("controls", self.controls.iter().map(ControlSet::entry).collect()),
            ("samples", self.samples.iter().map(SampleChoice::entry).collect()),
            ("variance", self.variance.iter().map(VarianceChoice::entry).collect()),
            ("parameters", self.parameters.iter().map(ParameterSet::entry).collect()),
        ]
    }
}

impl ControlSet {
    fn entry(&self) -> Entry {
        let said =
            if self.columns.is_empty() { "no controls".to_owned() } else { short(&self.columns.join(", ")) };
        let label = self.label.clone().unwrap_or(said);
        // none at all clears the role
        let value = if self.columns.is_empty() { Value::Null } else { json!(self.columns) };
        entry("controls", label, one("controls", value), &["controls"])
    }
}

impl SampleChoice {
    fn entry(&self) -> Entry {
        let said = self.condition.as_deref().map_or_else(|| "all rows".to_owned(), short);
        let label = self.label.clone().unwrap_or(said);
        entry("sample", label, one("sample_if", json!(self.condition)), &["sample"])
    }
}

impl VarianceChoice {
    fn entry(&self) -> Entry {
        let clusters = self.cluster_var.clone().map(Columns::into_list).unwrap_or_default();
        let by = (!clusters.is_empty()).then(|| format!("by {}", clusters.join(", ")));
        let said: Vec<&str> = self.vce.as_deref().into_iter().chain(by.as_deref()).collect();
        let label = self.label.clone().unwrap_or_else(|| short(&said.join(" ")));
        let value = if clusters.is_empty() { Value::Null } else { json!(clusters) };
        let mut updates = one("cluster_var", value);
        if let Some(vce) = &self.vce {
            updates.insert("parameters.vce".to_owned(), json!(vce));
        }
        entry("variance", label, updates, &["cluster_var"])
    }
}

impl ParameterSet {
    fn entry(&self) -> Entry {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs: Vec<String> =
            self.values.iter().map(|(name, value)| format!("{name} = {}", text(value))).collect();
        let said = if pairs.is_empty() { "as in the base".to_owned() } else { short(&pairs.join(", ")) };
        let updates = self.values.iter().map(|(name, value)| (format!("parameters.{name}"), value.clone()));
        entry("parameters", self.label.clone().unwrap_or(said), updates.collect(), &[])
    }
}

impl CellRequest {
    pub(super) fn entry(&self) -> Entry {
        entry("cell", self.label.clone(), self.changes.clone(), &[])
    }
}

fn entry(axis: &str, label: String, updates: Map<String, Value>, binds: &'static [&'static str]) -> Entry {
    Entry { choice: CellChoice { axis: axis.to_owned(), label }, updates, binds }
}

fn one(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

/// A label that is made of values, cut to the length that a label may have.
fn short(text: &str) -> String {
    if text.chars().count() <= MAX_LABEL {
        return text.to_owned();
    }
    text.chars().take(MAX_LABEL - 1).chain(['…']).collect()
}
