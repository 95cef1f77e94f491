//! The forms of a model's answers, and their checks against the data and the library. Nothing that a model
//! says is used before it passed here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::dataset::Column;
use crate::domain::draft::{ModelUnknown, StatedVariable, Statement};
use crate::domain::expression::parse_condition;
use crate::domain::ids::TemplateId;
use crate::library::binding::bind;
use crate::library::derived::derive;
use crate::library::freeze::FreezeRequest;
use crate::library::select::Selected;
use crate::library::terms::{QUESTION_KINDS, ROLES};
use crate::library::{Library, Template};
use crate::ports::llm::AnswerSchema;

/// Longest free texts, in characters.
const MAX_DRAFT_TEXT: usize = 4_000;
const MAX_TEXT: usize = 1_000;
/// Most columns of a role, and most entries of other lists.
const MAX_COLUMNS: usize = 500;
const MAX_ENTRIES: usize = 30;

fn text() -> Value {
    json!({"type": "string"})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// An object whose properties are all required and admit no others.
fn object(properties: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn roles(names: Value) -> Value {
    list(object(&[("role", names), ("columns", list(text()))]))
}

/// The form of a draft.
pub fn draft_schema() -> AnswerSchema {
    // interactions have their own field
    let stated_roles: Vec<&str> = ROLES.iter().copied().filter(|role| *role != "interaction_terms").collect();
    let schema = object(&[
        ("draft_text", text()),
        ("question_kinds", list(json!({"type": "string", "enum": QUESTION_KINDS}))),
        ("roles", roles(json!({"type": "string", "enum": stated_roles}))),
        ("categorical_vars", list(text())),
        ("interaction_terms", list(list(text()))),
        (
            "derived_variables",
            list(object(&[
                ("name", text()),
                ("expression", text()),
                ("label", json!({"type": ["string", "null"]})),
            ])),
        ),
        ("sample_if", json!({"type": ["string", "null"]})),
        (
            "open_unknowns",
            list(object(&[
                ("field", text()),
                ("description", text()),
                ("impact", text()),
                ("candidates", list(text())),
            ])),
        ),
        ("confidence", json!({"type": "number"})),
    ]);
    AnswerSchema { name: "analysis_draft", schema }
}

/// The form of a choice.
pub fn selection_schema() -> AnswerSchema {
    let schema = object(&[
        ("template_id", text()),
        ("rationale", text()),
        ("evidence", list(text())),
        ("roles", roles(text())),
        ("parameters", list(object(&[("name", text()), ("value", text())]))),
    ]);
    AnswerSchema { name: "template_choice", schema }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleAnswer {
    role: String,
    columns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftAnswer {
    draft_text: String,
    question_kinds: Vec<String>,
    roles: Vec<RoleAnswer>,
    #[serde(default)]
    categorical_vars: Vec<String>,
    #[serde(default)]
    interaction_terms: Vec<Vec<String>>,
    #[serde(default)]
    derived_variables: Vec<StatedVariable>,
    sample_if: Option<String>,
    #[serde(default)]
    open_unknowns: Vec<ModelUnknown>,
    confidence: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectionAnswer {
    template_id: String,
    rationale: String,
    #[serde(default)]
    evidence: Vec<String>,
    roles: Vec<RoleAnswer>,
    #[serde(default)]
    parameters: Vec<ParameterAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterAnswer {
    name: String,
    value: Value,
}

/// A draft that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedDraft {
    /// The analysis in the model's words.
    pub draft_text: String,
    /// Kinds of questions that the model recognised, out of the closed list.
    pub question_kinds: Vec<String>,
    /// Roles, parameters and data steps; every column exists.
    pub statement: Statement,
    /// Open points that the model named.
    pub open_unknowns: Vec<ModelUnknown>,
    /// Certainty that the model gives itself, 0 to 1.
    pub confidence: f64,
}

/// A choice that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedSelection {
    /// One of the offered templates.
    pub template_id: TemplateId,
    /// Reason of the choice, in the model's words.
    pub rationale: String,
    /// Facts that the model cites for its choice, as texts.
    pub evidence: Vec<String>,
    /// Statement with the parameters that the model set for the template.
    pub statement: Statement,
}

/// Collects what is wrong with columns.
struct ColumnCheck<'a> {
    columns: &'a [Column],
    problems: Vec<String>,
}

impl ColumnCheck<'_> {
    fn all(&mut self, path: &str, names: &[String]) {
        for name in names {
            if !self.columns.iter().any(|column| column.name == *name) {
                let shown: String = name.chars().take(64).collect();
                self.problems.push(format!("{path}: there is no column {shown:?} in the data"));
            }
        }
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            self.problems.push(format!("{path}: a column stands there twice"));
        }
        if names.len() > MAX_COLUMNS {
            self.problems.push(format!("{path}: more than {MAX_COLUMNS} columns"));
        }
    }

    /// Reads roles; an empty list of columns means that the role is not filled.
    fn roles(&mut self, stated: Vec<RoleAnswer>, known: &[&str]) -> BTreeMap<String, Vec<String>> {
        let mut roles = BTreeMap::new();
        for RoleAnswer { role, columns } in stated {
            let path = format!("roles.{role}");
            if !known.contains(&role.as_str()) {
                self.problems.push(format!("{path}: not a role here; the roles are {}", known.join(", ")));
                continue;
            }
            self.all(&path, &columns);
            if columns.is_empty() {
                continue;
            }
            if roles.insert(role, columns).is_some() {
                self.problems.push(format!("{path}: stated twice"));
            }
        }
        roles
    }
}

fn shape_problem(error: &serde_json::Error) -> Vec<String> {
    vec![format!("it does not have the asked form: {error}")]
}

fn cut(text: String, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Checks a draft against the columns.
///
/// # Errors
/// All problems, in words that the model can act on.
pub fn check_draft(document: &Value, columns: &[Column]) -> Result<CheckedDraft, Vec<String>> {
    let answer = DraftAnswer::deserialize(document).map_err(|error| shape_problem(&error))?;
    let stated = Statement { derived_variables: answer.derived_variables.clone(), ..Statement::default() };
    let derived = derive(&stated, columns);
    let columns = derived.columns.as_slice();
    let mut check = ColumnCheck { columns, problems: Vec::new() };
    check.problems.extend(
        derived
            .refused
            .iter()
            .map(|(path, error)| format!("{path}: {error}; expected {}", error.expected.join(" or "))),
    );
    let roles = check.roles(answer.roles, ROLES);
    check.all("categorical_vars", &answer.categorical_vars);
    for (i, term) in answer.interaction_terms.iter().enumerate() {
        check.all(&format!("interaction_terms.{i}"), term);
    }
    let sample_if = answer.sample_if.filter(|condition| !condition.trim().is_empty());
    if let Some(Err(error)) = sample_if.as_deref().map(|condition| parse_condition(condition, columns)) {
        check.problems.push(format!("sample_if: {}", error.into_problem("sample_if").message));
    }
    if answer.draft_text.trim().is_empty() {
        check.problems.push("draft_text: is empty".to_owned());
    }
    if !(0.0..=1.0).contains(&answer.confidence) {
        check.problems.push("confidence: must be between 0 and 1".to_owned());
    }
    for kind in answer.question_kinds.iter().filter(|kind| !QUESTION_KINDS.contains(&kind.as_str())) {
        check.problems.push(format!("question_kinds: {kind:?} is not one of {}", QUESTION_KINDS.join(", ")));
    }
    let open_unknowns: Vec<ModelUnknown> = answer
        .open_unknowns
        .into_iter()
        .take(MAX_ENTRIES)
        .map(|unknown| ModelUnknown {
            field: if ROLES.contains(&unknown.field.as_str()) {
                unknown.field
            } else {
                "requirement".to_owned()
            },
            description: cut(unknown.description, MAX_TEXT),
            impact: cut(unknown.impact, MAX_TEXT),
            // a candidate that is no column helps nobody; the description still says what was meant
            candidates: unknown
                .candidates
                .into_iter()
                .filter(|name| columns.iter().any(|c| c.name == *name))
                .take(MAX_ENTRIES)
                .collect(),
        })
        .collect();
    if !check.problems.is_empty() {
        return Err(check.problems);
    }
    Ok(CheckedDraft {
        draft_text: cut(answer.draft_text, MAX_DRAFT_TEXT),
        question_kinds: answer.question_kinds,
        statement: Statement {
            roles,
            categorical_vars: answer.categorical_vars,
            derived_variables: answer.derived_variables,
            interaction_terms: answer.interaction_terms.into_iter().filter(|term| term.len() > 1).collect(),
            sample_if,
            ..Statement::default()
        },
        open_unknowns,
        confidence: answer.confidence,
    })
}

/// Checks a choice: the template is offered, its roles and parameters exist and their values fit.
///
/// # Errors
/// All problems, in words that the model can act on.
pub fn check_selection(
    document: &Value,
    library: &Library,
    selected: &Selected,
    draft: &Statement,
    columns: &[Column],
) -> Result<CheckedSelection, Vec<String>> {
    let answer = SelectionAnswer::deserialize(document).map_err(|error| shape_problem(&error))?;
    let template_id = selected.check_model_choice(&answer.template_id).map_err(|problem| {
        let offered: Vec<&str> = selected.candidates.offered.iter().map(TemplateId::as_str).collect();
        vec![format!("template_id: {}; the candidates are {}", problem.message, offered.join(", "))]
    })?;
    let template = library.get(&template_id).ok_or_else(|| vec!["template_id: unknown".to_owned()])?;
    let binds: BTreeSet<&str> = template.meta.parameters.iter().map(|p| p.bind.as_str()).collect();
    let usable: Vec<&str> = ROLES.iter().copied().filter(|role| takes(&binds, role)).collect();
    let mut check = ColumnCheck { columns, problems: Vec::new() };
    let roles = check.roles(answer.roles, &usable);
    let mut problems = check.problems;
    let parameters = read_parameters(answer.parameters, template, &mut problems);
    let mut statement = Statement { roles, parameters, ..draft.clone() };
    if !binds.contains("interaction_terms") {
        statement.interaction_terms.clear();
    }
    if problems.is_empty() {
        problems = violations(template, &statement, columns);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(CheckedSelection {
        template_id,
        rationale: cut(answer.rationale, MAX_TEXT),
        evidence: answer.evidence.into_iter().take(MAX_ENTRIES).map(|e| cut(e, MAX_TEXT)).collect(),
        statement,
    })
}

/// A treatment without its own parameter is the first regressor.
fn takes(binds: &BTreeSet<&str>, role: &str) -> bool {
    binds.contains(role) || (role == "treatment_var" && binds.contains("regressors"))
}

/// Values come as JSON text, since a strict schema has no "any"; plain values are taken as they are.
fn read_parameters(
    stated: Vec<ParameterAnswer>,
    template: &Template,
    problems: &mut Vec<String>,
) -> Map<String, Value> {
    let mut parameters = Map::new();
    for ParameterAnswer { name, value } in stated.into_iter().take(MAX_ENTRIES) {
        let Some(declared) = template.meta.parameters.iter().find(|p| p.name == name) else {
            let names: Vec<&str> = template.meta.parameters.iter().map(|p| p.name.as_str()).collect();
            problems.push(format!("parameters.{name}: {} has only {}", template.meta.id, names.join(", ")));
            continue;
        };
        if declared.bind != "option" {
            problems.push(format!("parameters.{name}: is filled by the role {}", declared.bind));
            continue;
        }
        let value = match value {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        if !value.is_null() {
            parameters.insert(name, value);
        }
    }
    parameters
}

/// Values that binding would refuse; missing parameters are not included, because a person can fill them.
fn violations(template: &Template, statement: &Statement, columns: &[Column]) -> Vec<String> {
    let binding = bind(&template.meta, statement, &FreezeRequest::default(), columns);
    let unused =
        binding.unused_roles.iter().map(|role| format!("roles.{role}: the template does not use it"));
    let absent = binding.absent.iter().map(|a| format!("{}: there is no column {:?}", a.path, a.column));
    let unfit = binding.violations.iter().map(|m| format!("{}: {}; {}", m.path, m.reason, m.suggestion));
    let other = binding.request_errors.iter().map(|(path, reason)| format!("{path}: {reason}"));
    unused.chain(absent).chain(unfit).chain(other).collect()
}
