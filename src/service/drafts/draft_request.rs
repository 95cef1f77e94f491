//! A client's draft request, and its conversion into a [`Statement`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::data_step::DataStep;
use crate::domain::draft::{StatedVariable, Statement};
use crate::domain::error::Problem;
use crate::domain::request_words::in_words;

/// Longest free text of a draft, in characters.
const MAX_TEXT: usize = 20_000;
/// Longest condition, in characters.
const MAX_CONDITION: usize = 4_000;
/// Most entries of any list.
const MAX_ITEMS: usize = 2_000;

/// One column or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Columns {
    /// A single column name.
    One(String),
    /// Column names in the order of the client.
    Many(Vec<String>),
}

impl Columns {
    /// Returns the names; none for an empty one.
    pub fn into_list(self) -> Vec<String> {
        match self {
            Self::One(name) if name.is_empty() => Vec::new(),
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

/// The body of `PUT /v1/jobs/{job_id}/draft`: replaces the draft whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// The analysis in words; the ranking reads it after the requirement.
    pub draft_text: Option<String>,
    /// Id of the template: `linear.ols_robust`.
    pub template_id: Option<String>,
    /// Bind name → column or columns.
    pub roles: Option<BTreeMap<String, Columns>>,
    /// Dependent variable; short for the role.
    pub outcome_var: Option<String>,
    /// Variable whose effect is estimated; short for the role.
    pub treatment_var: Option<String>,
    /// Control variables; short for the role.
    pub controls: Option<Columns>,
    /// Column that orders the observations in time; short for the role.
    pub time_var: Option<String>,
    /// Column that identifies the units of a panel; short for the role.
    pub entity_var: Option<String>,
    /// Columns by whose groups the standard errors are clustered; short for the role.
    pub cluster_var: Option<Columns>,
    /// Columns whose groups get fixed effects; short for the role.
    pub fixed_effects: Option<Columns>,
    /// Interactions, each as the list of its columns.
    pub interaction_terms: Option<Vec<Vec<String>>>,
    /// Instruments; short for the role.
    pub instrument_vars: Option<Columns>,
    /// Columns treated as categories.
    pub categorical_vars: Option<Vec<String>>,
    /// Columns whose labelled numbers enter as amounts, not as categories.
    pub quantity_vars: Option<Vec<String>>,
    /// Column of categories → the level that its others are compared with, also by its label.
    pub base_levels: Option<BTreeMap<String, String>>,
    /// Variables that the run computes, in this order.
    pub derived_variables: Option<Vec<StatedVariable>>,
    /// Condition on the rows that are analysed; null for all.
    pub sample_if: Option<String>,
    /// Further data sets that are merged or appended before anything is derived, in this order.
    pub data_steps: Option<Vec<DataStep>>,
    /// Further input of the template → dataset_key.
    pub inputs: Option<BTreeMap<String, String>>,
    /// Parameter → value.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Map<String, Value>>,
    /// Parameter → value that replaces the template's default.
    #[schema(value_type = Option<Object>)]
    pub default_overrides: Option<Map<String, Value>>,
}

/// A draft request after the checks that need neither data nor library.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// The analysis in words; empty if the client gave none.
    pub draft_text: String,
    /// Template that the client asks for; `None` leaves the choice to the ranking.
    pub template_id: Option<String>,
    /// Roles, parameters and data steps, each role by its bind name.
    pub statement: Statement,
}

impl DraftRequest {
    /// Reads the request.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for a role that is stated twice differently, for lists and texts that
    /// are too long.
    pub fn read(self) -> Result<Stated, Problem> {
        let mut errors = Vec::new();
        let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (bind, columns) in self.roles.unwrap_or_default() {
            roles.insert(bind, columns.into_list());
        }
        let named = [
            ("outcome_var", self.outcome_var.map(Columns::One)),
            ("treatment_var", self.treatment_var.map(Columns::One)),
            ("controls", self.controls),
            ("time_var", self.time_var.map(Columns::One)),
            ("entity_var", self.entity_var.map(Columns::One)),
            ("cluster_var", self.cluster_var),
            ("fixed_effects", self.fixed_effects),
            ("instrument_vars", self.instrument_vars),
        ];
        for (bind, columns) in named {
            let Some(columns) = columns.map(Columns::into_list) else { continue };
            match roles.get(bind) {
                Some(stated) if *stated != columns => {
                    errors.push((bind.to_owned(), format!("differs from roles.{bind}; state it once")));
                }
                _ => {
                    roles.insert(bind.to_owned(), columns);
                }
            }
        }
        roles.retain(|_, columns| !columns.is_empty());
        let draft_text = self.draft_text.unwrap_or_default();
        too_long(&mut errors, "draft_text", &draft_text, MAX_TEXT);
        let sample_if = self.sample_if.filter(|text| !text.trim().is_empty());
        too_long(&mut errors, "sample_if", sample_if.as_deref().unwrap_or_default(), MAX_CONDITION);
        for (bind, columns) in &roles {
            too_many(&mut errors, &format!("roles.{bind}"), columns.len());
        }
        let parameters = self.parameters.unwrap_or_default();
        too_many(&mut errors, "parameters", parameters.len());
        let categorical_vars = self.categorical_vars.unwrap_or_default();
        too_many(&mut errors, "categorical_vars", categorical_vars.len());
        let quantity_vars = self.quantity_vars.unwrap_or_default();
        too_many(&mut errors, "quantity_vars", quantity_vars.len());
        let both = quantity_vars.iter().filter(|column| categorical_vars.contains(column));
        errors.extend(both.map(|column| {
            (
                "quantity_vars".to_owned(),
                format!("`{column}` is in categorical_vars, too; leave it out of one of them"),
            )
        }));
        let base_levels = self.base_levels.unwrap_or_default();
        too_many(&mut errors, "base_levels", base_levels.len());
        if !errors.is_empty() {
            return Err(Problem::validation_all(errors));
        }
        Ok(Stated {
            draft_text,
            template_id: self.template_id.filter(|id| !id.is_empty()),
            statement: Statement {
                roles,
                parameters,
                categorical_vars,
                quantity_vars,
                base_levels,
                data_steps: self.data_steps.unwrap_or_default(),
                derived_variables: self.derived_variables.unwrap_or_default(),
                interaction_terms: self.interaction_terms.unwrap_or_default(),
                sample_if,
                inputs: self.inputs.unwrap_or_default(),
                default_overrides: self.default_overrides.unwrap_or_default(),
            },
        })
    }
}

fn too_long(errors: &mut Vec<(String, String)>, path: &str, text: &str, max: usize) {
    if text.chars().count() > max {
        errors.push((path.to_owned(), format!("must have at most {max} characters")));
    }
}

fn too_many(errors: &mut Vec<(String, String)>, path: &str, n: usize) {
    if n > MAX_ITEMS {
        errors.push((path.to_owned(), format!("must have at most {MAX_ITEMS} entries")));
    }
}

/// Returns the request that would state this draft again; patches are applied to it.
pub fn as_request(stated: &Stated) -> Map<String, Value> {
    let statement = &stated.statement;
    let value = serde_json::json!({
        "draft_text": stated.draft_text,
        "template_id": stated.template_id,
        "roles": statement.roles,
        "interaction_terms": statement.interaction_terms,
        "categorical_vars": statement.categorical_vars,
        "quantity_vars": statement.quantity_vars,
        "base_levels": statement.base_levels,
        "data_steps": statement.data_steps,
        "derived_variables": statement.derived_variables,
        "sample_if": statement.sample_if,
        "inputs": statement.inputs,
        "parameters": statement.parameters,
        "default_overrides": statement.default_overrides,
    });
    match value {
        Value::Object(map) => map,
        _ => unreachable!("an object literal is an object"),
    }
}

/// Keys of a PUT that are views of `roles`.
const ROLE_VIEWS: [&str; 8] = [
    "outcome_var",
    "treatment_var",
    "controls",
    "time_var",
    "entity_var",
    "cluster_var",
    "fixed_effects",
    "instrument_vars",
];

/// Applies a patch: keys of PUT, dotted `parameters.<name>` and `roles.<name>`; `null` clears.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` for an unknown key or a value of the wrong form.
pub fn apply_patch(stated: &Stated, updates: &Map<String, Value>) -> Result<Stated, Problem> {
    let mut request = as_request(stated);
    for (key, value) in updates {
        let (target, name) = match key.split_once('.') {
            Some((group @ ("parameters" | "roles"), name)) if !name.is_empty() => (group, name),
            None if ROLE_VIEWS.contains(&key.as_str()) => ("roles", key.as_str()),
            _ => {
                request.insert(key.clone(), value.clone());
                continue;
            }
        };
        let group = request.entry(target).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(group) = group {
            if value.is_null() {
                group.remove(name);
            } else {
                group.insert(name.to_owned(), value.clone());
            }
        }
    }
    let request: DraftRequest =
        serde_path_to_error::deserialize(Value::Object(request)).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { "field_updates".to_owned() } else { path };
            Problem::validation(path, in_words(&error.into_inner().to_string()))
        })?;
    let mut patched = request.read()?;
    if !updates.contains_key("base_levels") {
        // a base falls away with its column
        let left = |column: &str| names(&stated.statement, column) && !names(&patched.statement, column);
        let gone: Vec<String> =
            stated.statement.base_levels.keys().filter(|column| left(column)).cloned().collect();
        patched.statement.base_levels.retain(|column, _| !gone.contains(column));
    }
    Ok(patched)
}

/// True where a role or a parameter names this column.
fn names(statement: &Statement, column: &str) -> bool {
    let of_value = |value: &Value| match value {
        Value::String(text) => text == column,
        Value::Array(items) => items.iter().any(|item| item == column),
        _ => false,
    };
    statement.roles.values().flatten().any(|own| own == column) || statement.parameters.values().any(of_value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::error::ErrorCode;

    fn read(value: Value) -> Result<Stated, Problem> {
        serde_json::from_value::<DraftRequest>(value).expect("a request").read()
    }

    #[test]
    fn a_role_stated_twice_must_agree() {
        assert!(read(json!({"roles": {"outcome_var": "y"}, "outcome_var": "y"})).is_ok());
        let refused = read(json!({"roles": {"outcome_var": "y"}, "outcome_var": "z"})).expect_err("differs");
        assert_eq!(refused.code, ErrorCode::InputValidationFailed);
        assert_eq!(refused.context["errors"][0]["path"], "outcome_var");
    }

    #[test]
    fn a_patch_keeps_the_data_steps_that_it_does_not_name() {
        let step = json!({"kind": "merge", "dataset_key": "data_2", "keys": ["id"], "merge_type": "m:1", "keep": "matched"});
        let stated = read(json!({"data_steps": [step]})).expect("stated");
        let updates = json!({"sample_if": "a > 1"});
        let patched = apply_patch(&stated, updates.as_object().expect("an object")).expect("patched");
        assert_eq!(patched.statement.data_steps, stated.statement.data_steps);
        let updates = json!({"data_steps": null});
        let cleared = apply_patch(&stated, updates.as_object().expect("an object")).expect("patched");
        assert!(cleared.statement.data_steps.is_empty());
        for step in [
            json!({"kind": "join", "dataset_key": "x"}),
            json!({"kind": "append"}),
            json!({"kind": "append", "dataset_key": "x", "force": true}),
        ] {
            assert!(serde_json::from_value::<DraftRequest>(json!({"data_steps": [step]})).is_err());
        }
    }

    #[test]
    fn a_base_falls_away_with_its_column() {
        let stated =
            read(json!({"outcome_var": "y", "controls": ["a", "b"], "base_levels": {"a": "none", "b": "2"}}))
                .expect("stated");
        let updates = json!({"controls": ["b"]});
        let patched = apply_patch(&stated, updates.as_object().expect("an object")).expect("patched");
        assert_eq!(patched.statement.base_levels.keys().collect::<Vec<_>>(), ["b"]);
        let updates = json!({"controls": ["b"], "base_levels": {"a": "none"}});
        let patched = apply_patch(&stated, updates.as_object().expect("an object")).expect("patched");
        assert!(
            patched.statement.base_levels.contains_key("a"),
            "what the patch states is judged by the freeze"
        );
    }

    #[test]
    fn a_patch_sets_clears_and_refuses_unknown_keys() {
        let stated = read(json!({"outcome_var": "y", "parameters": {"level": 90}, "controls": ["a", "b"]}))
            .expect("stated");
        let updates = json!({"parameters.level": null, "roles.controls": ["c"], "outcome_var": "w", "sample_if": "a > 1"});
        let patched = apply_patch(&stated, updates.as_object().expect("an object")).expect("patched");
        assert!(patched.statement.parameters.is_empty());
        assert_eq!(patched.statement.roles["controls"], ["c"]);
        assert_eq!(patched.statement.roles["outcome_var"], ["w"]);
        assert_eq!(patched.statement.sample_if.as_deref(), Some("a > 1"));
        let updates = json!({"no_such_key": 1});
        assert!(apply_patch(&stated, updates.as_object().expect("an object")).is_err());
    }
}
