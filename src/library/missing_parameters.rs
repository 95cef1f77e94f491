//! Missing parameters of a draft for its template, and the columns that could fill them. Candidates are offers:
//! nothing here binds a value.

use serde::Serialize;
use serde_json::{Value, json};

use super::binding::{Binding, bind};
use super::categories::check_bases;
use super::freeze::FreezeRequest;
use super::known_names::roles_taken;
use super::terms::ROLES;
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::params::column_misfits;
use crate::domain::profile::{counts_on, primary_kind};
use crate::domain::spelling::did_you_mean;
use crate::domain::template::{Bilingual, ColumnNeeds, Parameter, ParameterType, TemplateMeta};

/// Most candidates that are offered for one parameter.
const MAX_CANDIDATES: usize = 20;

/// A required parameter without a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingParameter {
    /// Name of the parameter; also the `question_id` of a question for it.
    pub parameter: String,
    /// The role of the draft that would fill it, else the parameter itself.
    pub field: String,
    /// True if `field` is a role.
    pub is_role: bool,
    /// Kind of the parameter: a column, a number, a choice …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name for people, in English and Chinese.
    pub label: Bilingual,
    /// Description for people, from the meta.
    pub description: String,
    /// Consequence of leaving it open.
    pub impact: String,
    /// Columns, or values of an enum, that fit.
    pub candidates: Vec<String>,
}

/// One parameter as drafts show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterView {
    /// Name of the parameter in the meta.
    pub name: String,
    /// Kind of the parameter: a column, a number, a choice …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// True if a plan needs a value.
    pub required: bool,
    /// Bind name of the meta: the role of the draft that fills the parameter.
    pub bind: String,
    /// Name for people, in English and Chinese.
    pub label: Bilingual,
    /// Help for the person who enters the value; `None` where the meta has none.
    pub help: Option<Bilingual>,
    /// Allowed values of a choice; `None` for other kinds.
    pub values: Option<Vec<String>>,
    /// Smallest allowed number, inclusive; `None` without a bound.
    pub min: Option<f64>,
    /// Largest allowed number, inclusive; `None` without a bound.
    pub max: Option<f64>,
    /// Requirements on the column; `None` for kinds without a column.
    pub column: Option<ColumnNeeds>,
    /// `bound`, `default`, `missing`, `invalid` or `unused`.
    pub status: &'static str,
    /// The bound value, or `null`.
    pub value: Value,
    /// Who gave the value, a word of [`Source`](super::binding::Source); `None` while unbound.
    pub source: Option<&'static str>,
    /// Columns that could fill it, the most likely first.
    pub candidates: Vec<String>,
}

/// Returns the required parameters that the draft leaves open, in the order of the declaration.
pub fn draft_gaps(meta: &TemplateMeta, statement: &Statement, columns: &[Column]) -> Vec<MissingParameter> {
    bind(meta, statement, &FreezeRequest::default(), columns).gaps
}

/// Returns the parameters of a template with what the draft binds to them.
pub fn parameter_views(meta: &TemplateMeta, statement: &Statement, columns: &[Column]) -> Vec<ParameterView> {
    let binding = bind(meta, statement, &FreezeRequest::default(), columns);
    meta.parameters.iter().map(|p| view(p, &binding, columns)).collect()
}

/// Something in a draft that a freeze refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// `roles.<name>`, `parameters.<name>` or another field of the draft.
    pub field: String,
    /// The reason, for people.
    pub description: String,
    /// Values that would fit; empty where none is known.
    pub candidates: Vec<String>,
}

/// What to do about a role that a template does not take: the role that is meant, or that can hold its columns.
pub(super) fn instead_of(role: &str, taken: &[&str]) -> String {
    match role {
        "controls" if taken.contains(&"regressors") => " (put its columns into regressors)".to_owned(),
        _ => did_you_mean(role, taken),
    }
}

/// Returns what a freeze would refuse of a draft: roles that the template ignores, columns that do not exist, values that
/// do not fit. Missing values are [`draft_gaps`].
pub fn misfits(meta: &TemplateMeta, statement: &Statement, columns: &[Column]) -> Vec<Misfit> {
    let mut binding = bind(meta, statement, &FreezeRequest::default(), columns);
    check_bases(meta, columns, &mut binding);
    let taken = roles_taken(meta);
    let unused = binding.unused_roles.iter().map(|role| Misfit {
        field: if ROLES.contains(&role.as_str()) { format!("roles.{role}") } else { role.clone() },
        description: format!(
            "{} would ignore {role}{}; clear it or choose another template",
            meta.id,
            instead_of(role, &taken)
        ),
        candidates: Vec::new(),
    });
    let absent = binding.absent.iter().map(|absent| Misfit {
        field: absent.path.clone(),
        description: format!("the data have no column {}", absent.column),
        candidates: absent.nearest.clone(),
    });
    let refused = binding.expressions.iter().map(|(path, error)| Misfit {
        field: path.clone(),
        description: error.clone().into_problem(path).message,
        candidates: Vec::new(),
    });
    let broken = binding.violations.iter().map(|violation| Misfit {
        field: violation.path.clone(),
        description: match violation.suggestion.as_str() {
            said if violation.reason.ends_with(said) => violation.reason.clone(),
            suggestion => format!("{}: {suggestion}", violation.reason),
        },
        candidates: Vec::new(),
    });
    unused.chain(absent).chain(refused).chain(broken).collect()
}

fn view(parameter: &Parameter, binding: &Binding, columns: &[Column]) -> ParameterView {
    let bound = binding.values.get(&parameter.name);
    let path = format!("parameters.{}", parameter.name);
    let invalid = binding.violations.iter().any(|m| m.path == path)
        || binding.absent.iter().any(|a| a.path == path)
        || binding
            .expressions
            .iter()
            .any(|(p, _)| *p == path || (parameter.bind == "sample" && p == "sample_if"));
    let status = match bound {
        _ if invalid => "invalid",
        Some(bound) if bound.source == super::binding::Source::Default => "default",
        Some(_) => "bound",
        None if parameter.required => "missing",
        None => "unused",
    };
    ParameterView {
        name: parameter.name.clone(),
        kind: parameter.kind.as_str(),
        required: parameter.required,
        bind: parameter.bind.clone(),
        label: parameter.label.clone(),
        help: parameter.help.clone(),
        values: parameter.values.clone(),
        min: parameter.min,
        max: parameter.max,
        column: parameter.column.clone(),
        status,
        value: bound.map_or(Value::Null, |b| shown(&b.value)),
        source: bound.map(|b| b.source.as_str()),
        candidates: if bound.is_some() {
            Vec::new()
        } else {
            candidates(parameter, &binding.statement, columns)
        },
    }
}

/// Returns a bound value as people read it: a condition by its canonical text.
pub fn shown(value: &Value) -> Value {
    match value.get("canonical") {
        Some(text) => text.clone(),
        None => value.clone(),
    }
}

/// Returns the columns that fit a parameter, in the order of the data; none for other types.
pub fn column_candidates(parameter: &Parameter, columns: &[Column]) -> Vec<String> {
    candidates(parameter, &Statement::default(), columns)
}

fn candidates(parameter: &Parameter, statement: &Statement, columns: &[Column]) -> Vec<String> {
    match parameter.kind {
        ParameterType::Enum => parameter.values.clone().unwrap_or_default(),
        ParameterType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        ParameterType::Varname | ParameterType::Varlist => {
            let kinds = parameter.column.as_ref().map_or(&[][..], |c| c.kinds.as_slice());
            // a derived variable that only others are made of is none that a person would choose
            let is_derived = |name: &str| statement.derived_variables.iter().any(|v| v.name == name);
            let is_part = |name: &str| {
                let mut others = statement.derived_variables.iter().filter(|v| v.name != name);
                others.any(|v| {
                    v.expression.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
                })
            };
            let wants_units = kinds.iter().any(|kind| kind == "id");
            let mut fitting: Vec<(bool, bool, usize, usize, &str)> = columns
                .iter()
                .enumerate()
                .filter(|(_, c)| column_misfits(parameter, c).is_empty())
                .filter(|(_, c)| !(is_derived(&c.name) && is_part(&c.name)))
                .map(|(i, c)| {
                    // columns without a role first, numbers of the rows last, then those whose own kind is requested
                    let numbers_rows = !wants_units && is_running_number(c);
                    let used = statement.roles.values().flatten().any(|name| *name == c.name);
                    let place = kinds.iter().position(|k| k == primary_kind(c)).unwrap_or(kinds.len());
                    (used, numbers_rows, place.min(kinds.len()), i, c.name.as_str())
                })
                .collect();
            fitting.sort();
            fitting.into_iter().take(MAX_CANDIDATES).map(|(_, _, _, _, name)| name.to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// Fewest rows whose numbers are no amounts.
const NUMBERED: u64 = 20;

/// True for columns that number the rows from 0 or 1 on.
fn is_running_number(column: &Column) -> bool {
    let begins = column.min.is_some_and(|least| (0.0..=1.0).contains(&least));
    begins && column.missing == 0 && column.distinct >= NUMBERED && counts_on(column)
}

pub(super) fn gap_of(parameter: &Parameter, statement: &Statement, columns: &[Column]) -> MissingParameter {
    let is_role = ROLES.contains(&parameter.bind.as_str());
    let description = parameter.help.as_ref().unwrap_or(&parameter.label).en.clone();
    MissingParameter {
        parameter: parameter.name.clone(),
        field: if is_role { parameter.bind.clone() } else { parameter.name.clone() },
        is_role,
        kind: parameter.kind.as_str(),
        label: parameter.label.clone(),
        description,
        impact: "the analysis cannot be specified without it".to_owned(),
        candidates: candidates(parameter, statement, columns),
    }
}

/// Returns gaps in the form of `missing_params_detail`.
pub fn params_detail(gaps: &[MissingParameter]) -> Vec<Value> {
    gaps.iter()
        .map(|g| {
            json!({
                "param": g.parameter,
                "type": g.kind,
                "description": g.description,
                "label": g.label,
                "reason": g.impact,
                "candidates": g.candidates,
            })
        })
        .collect()
}

/// Returns the gaps that are roles in the form of `missing_fields_detail`.
pub fn fields_detail(gaps: &[MissingParameter]) -> Vec<Value> {
    gaps.iter()
        .filter(|g| g.is_role)
        .map(|g| json!({"field": g.field, "description": g.description, "candidates": g.candidates}))
        .collect()
}
