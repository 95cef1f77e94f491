//! Binds the parameters of a template: corrections and answers at freeze, then the draft's parameters, then
//! its roles, then the default. Every value says its source; nothing is guessed and nothing is dropped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::corrections::{self, Request};
use super::data_steps::Stepped;
use super::freeze::FreezeRequest;
use super::interactions;
use super::known_names::unknown_parameter;
use super::missing_parameters::{MissingParameter, gap_of};
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::expression::{ExpressionError, called};
use crate::domain::parameter_test::{ParameterTest, is_given};
use crate::domain::params::{ValueError, check_value};
use crate::domain::plan::{DerivedVariable, PlanCondition};
use crate::domain::template::{Parameter, ParameterType, TemplateMeta};

/// Source of a bound value; the texts are part of the HTTP contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A `variable_corrections` entry of the freeze, or a value whose column it renames.
    Correction,
    /// An answer to a question, given with the freeze.
    Answer,
    /// A parameter of the draft, by its name.
    ClientParameter,
    /// The column of the draft's role that the parameter is bound to.
    DraftRole,
    /// The template's default, or an override of it.
    Default,
}

impl Source {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Answer => "answer",
            Self::ClientParameter => "client_parameter",
            Self::DraftRole => "draft_role",
            Self::Default => "default",
        }
    }
}

/// A checked value in its stored form.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundValue {
    /// The value as plans store it: a column name, a list, a number or a word.
    pub value: Value,
    /// Who gave the value.
    pub source: Source,
}

/// A column that does not exist, with what asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentColumn {
    /// Path of the field in the request that names the column.
    pub path: String,
    /// Name that no column has.
    pub column: String,
    /// Names of existing columns, the most similar first.
    pub nearest: Vec<String>,
    /// The name here of the column that the file calls so.
    pub renamed: Option<String>,
}

impl AbsentColumn {
    fn new(path: String, column: String, nearest: Vec<String>, columns: &[Column]) -> Self {
        let renamed = called(&column, columns).map(|c| c.name.clone());
        Self { path, column, nearest, renamed }
    }
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Path of the field in the request.
    pub path: String,
    /// The broken rule, for people.
    pub reason: String,
    /// The refused value.
    pub value: Value,
    /// A correction, for people.
    pub suggestion: String,
}

/// The outcome of binding one template: what is bound and everything that is wrong.
#[derive(Debug, Default)]
pub struct Binding {
    /// The draft with corrected columns.
    pub statement: Statement,
    /// Parameter name → value; absent for optional parameters without one.
    pub values: BTreeMap<String, BoundValue>,
    /// Condition on the rows, parsed and checked; `None` analyses all rows.
    pub sample_if: Option<PlanCondition>,
    /// Further data sets that the run merges or appends.
    pub stepped: Stepped,
    /// Variables that the run computes.
    pub derived: Vec<DerivedVariable>,
    /// Required and unbound.
    pub gaps: Vec<MissingParameter>,
    /// Roles that the template would ignore.
    pub unused_roles: Vec<String>,
    /// Columns that the data do not have.
    pub absent: Vec<AbsentColumn>,
    /// Values that break a rule of their parameter.
    pub violations: Vec<Violation>,
    /// Conditions that do not parse, with their paths.
    pub expressions: Vec<(String, ExpressionError)>,
    /// Parts of the request that cannot be understood.
    pub request_errors: Vec<(String, String)>,
}

impl Binding {
    /// True if nothing is wrong.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
            && self.unused_roles.is_empty()
            && self.absent.is_empty()
            && self.violations.is_empty()
            && self.expressions.is_empty()
            && self.request_errors.is_empty()
    }

    /// Returns the bound values by parameter name.
    pub fn bound(&self) -> BTreeMap<String, Value> {
        self.values.iter().map(|(name, bound)| (name.clone(), bound.value.clone())).collect()
    }

    /// Returns the columns of a bound parameter.
    pub fn columns_of(&self, parameter: &Parameter) -> Vec<&str> {
        match (parameter.kind, self.values.get(&parameter.name).map(|b| &b.value)) {
            (ParameterType::Varname, Some(Value::String(column))) => vec![column],
            (ParameterType::Varlist, Some(Value::Array(items))) => {
                items.iter().filter_map(Value::as_str).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Binds a template's parameters to a draft and what the client adds.
pub fn bind(
    meta: &TemplateMeta,
    statement: &Statement,
    request: &FreezeRequest,
    columns: &[Column],
) -> Binding {
    let sorted = corrections::sort_out(request, meta, statement, columns);
    let statement = corrections::renamed(statement, &sorted.renamed, meta);
    let mut binding = Binding { request_errors: sorted.errors.clone(), statement, ..Binding::default() };
    for parameter in &meta.parameters {
        match stated(parameter, meta, &binding.statement, &sorted) {
            Some((value, source)) => accept(parameter, &value, source, columns, &mut binding),
            None if parameter.required => {
                let gap = gap_of(parameter, &binding.statement, columns);
                binding.gaps.push(gap);
            }
            None => {}
        }
    }
    binding.unused_roles = unused_roles(meta, &binding);
    unknown_parameters(meta, &mut binding);
    marks(columns, &mut binding);
    distinctness(meta, &mut binding);
    interactions::check(meta, &mut binding);
    rules(meta, columns, &mut binding);
    binding
}

/// Returns the first value that is stated for a parameter, in the order of the sources.
fn stated(
    parameter: &Parameter,
    meta: &TemplateMeta,
    statement: &Statement,
    request: &Request,
) -> Option<(Value, Source)> {
    let name = parameter.name.as_str();
    let given = |value: Option<&Value>| value.filter(|v| is_given(v)).cloned();
    if let Some(value) = given(request.corrections.get(name)) {
        return Some((value, Source::Correction));
    }
    if let Some(value) = given(request.answers.get(name)) {
        return Some((value, Source::Answer));
    }
    let source = |usual: Source, value: &Value| {
        if is_renamed(value, request) { Source::Correction } else { usual }
    };
    for values in [&statement.parameters, &statement.default_overrides] {
        if let Some(value) = given(values.get(name)) {
            let source = source(Source::ClientParameter, &value);
            return Some((value, source));
        }
    }
    let role = match parameter.bind.as_str() {
        "sample" => statement.sample_if.as_ref().map(|text| json!(text)),
        "interaction_terms" => {
            Some(json!(statement.interaction_terms)).filter(|_| !statement.interaction_terms.is_empty())
        }
        bind => from_role(bind, meta, statement).map(|columns| json!(columns)),
    };
    if let Some(value) = given(role.as_ref()) {
        let source = source(Source::DraftRole, &value);
        return Some((value, source));
    }
    given(parameter.default.as_ref()).map(|value| (value, Source::Default))
}

fn is_renamed(value: &Value, request: &Request) -> bool {
    let new = |v: &Value| v.as_str().is_some_and(|c| request.renamed.values().any(|n| n == c));
    match value {
        Value::Array(items) => items.iter().any(new),
        other => new(other),
    }
}

/// The columns of a role. A treatment without its own parameter is the first regressor.
fn from_role(bind: &str, meta: &TemplateMeta, statement: &Statement) -> Option<Vec<String>> {
    let stated = |role: &str| statement.roles.get(role).filter(|c| !c.is_empty());
    if bind != "regressors" || takes(meta, "treatment_var") {
        return stated(bind).cloned();
    }
    let mut columns: Vec<String> = Vec::new();
    for column in [stated("treatment_var"), stated("regressors")].into_iter().flatten().flatten() {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    (!columns.is_empty()).then_some(columns)
}

/// True if a parameter of the template is filled by this role.
pub(super) fn takes(meta: &TemplateMeta, role: &str) -> bool {
    meta.parameters.iter().any(|p| p.bind == role)
}

fn accept(parameter: &Parameter, value: &Value, source: Source, columns: &[Column], binding: &mut Binding) {
    let path = match parameter.bind.as_str() {
        "sample" => "sample_if".to_owned(),
        "interaction_terms" => "interaction_terms".to_owned(),
        _ => format!("parameters.{}", parameter.name),
    };
    let checked = match check_value(parameter, value, columns) {
        Ok(checked) => checked,
        Err(errors) => {
            for error in errors {
                let path = path.clone();
                match error {
                    ValueError::ColumnAbsent { column, nearest } => {
                        binding.absent.push(AbsentColumn::new(path, column, nearest, columns));
                    }
                    ValueError::Invalid { reason, suggestion } => {
                        binding.violations.push(Violation { path, reason, value: value.clone(), suggestion });
                    }
                    ValueError::Expression(error) => binding.expressions.push((path, error)),
                }
            }
            return;
        }
    };
    if parameter.bind == "sample" {
        binding.sample_if = serde_json::from_value(checked.clone()).ok();
    }
    binding.values.insert(parameter.name.clone(), BoundValue { value: checked, source });
}

/// Roles, interactions, a condition or inputs that the draft states and no parameter takes.
fn unused_roles(meta: &TemplateMeta, binding: &Binding) -> Vec<String> {
    let statement = &binding.statement;
    let mut unused = Vec::new();
    for (role, columns) in statement.roles.iter().filter(|(_, columns)| !columns.is_empty()) {
        let used = takes(meta, role) || (role == "treatment_var" && among_regressors(meta, columns, binding));
        if !used {
            unused.push(role.clone());
        }
    }
    if !statement.interaction_terms.is_empty() && !takes(meta, "interaction_terms") {
        unused.push("interaction_terms".to_owned());
    }
    if statement.sample_if.is_some() && !takes(meta, "sample") {
        unused.push("sample_if".to_owned());
    }
    for input in statement.inputs.keys() {
        if !meta.inputs.iter().any(|i| i.name == *input) {
            unused.push(format!("inputs.{input}"));
        }
    }
    unused
}

/// True if the treatment is among what fills the regressors. A value that does not fit is reported as such.
fn among_regressors(meta: &TemplateMeta, columns: &[String], binding: &Binding) -> bool {
    let Some(parameter) = meta.parameters.iter().find(|p| p.bind == "regressors") else { return false };
    let bound = binding.columns_of(parameter);
    !binding.values.contains_key(&parameter.name) || columns.iter().all(|c| bound.contains(&c.as_str()))
}

fn unknown_parameters(meta: &TemplateMeta, binding: &mut Binding) {
    let known = |name: &String| meta.parameters.iter().any(|p| p.name == *name);
    let statement = &binding.statement;
    for (name, value) in statement.parameters.iter().chain(&statement.default_overrides) {
        if !known(name) {
            binding.violations.push(unknown_parameter("parameters", name, value, meta));
        }
    }
}

/// Columns marked categorical must exist.
fn marks(columns: &[Column], binding: &mut Binding) {
    let statement = &binding.statement;
    let marked = statement.categorical_vars.iter().map(|column| ("categorical_vars", column));
    let amounts = statement.quantity_vars.iter().map(|column| ("quantity_vars", column));
    for (path, column) in marked.chain(amounts).filter(|(_, name)| columns.iter().all(|c| c.name != **name)) {
        let nearest = crate::domain::expression::nearest(column, columns);
        binding.absent.push(AbsentColumn::new(path.to_owned(), column.clone(), nearest, columns));
    }
}

fn distinctness(meta: &TemplateMeta, binding: &mut Binding) {
    let mut reported: BTreeSet<(String, String)> = BTreeSet::new();
    let mut violations = Vec::new();
    for parameter in &meta.parameters {
        let own = binding.columns_of(parameter);
        for other in meta.parameters.iter().filter(|o| parameter.distinct_from.contains(&o.name)) {
            let mut pair = [parameter.name.clone(), other.name.clone()];
            pair.sort();
            for column in binding.columns_of(other).into_iter().filter(|c| own.contains(c)) {
                if reported.insert((pair.join(" and "), column.to_owned())) {
                    violations.push(Violation {
                        path: format!("parameters.{}", parameter.name),
                        reason: format!("`{column}` is in {} and in {}", parameter.name, other.name),
                        value: json!(column),
                        suggestion: format!("leave it out of {} or of {}", parameter.name, other.name),
                    });
                }
            }
        }
    }
    binding.violations.extend(violations);
}

/// Rules between parameters, as the meta states them.
fn rules(meta: &TemplateMeta, columns: &[Column], binding: &mut Binding) {
    let bound = binding.bound();
    for rule in &meta.rules {
        if rule.when.as_deref().is_some_and(|test| !ParameterTest::parse(test).holds(&bound)) {
            continue;
        }
        for name in rule.then_required.iter().filter(|n| !bound.contains_key(*n)) {
            let Some(parameter) = meta.parameters.iter().find(|p| p.name == *name) else { continue };
            if !binding.gaps.iter().any(|g| g.parameter == *name) {
                let mut gap = gap_of(parameter, &binding.statement, columns);
                gap.impact = rule.message.clone();
                binding.gaps.push(gap);
            }
        }
        for name in rule.then_forbidden.iter().filter(|n| bound.contains_key(*n)) {
            binding.violations.push(Violation {
                path: format!("parameters.{name}"),
                reason: rule.message.clone(),
                value: bound[name].clone(),
                suggestion: format!("leave {name} out"),
            });
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut shared = Vec::new();
        for name in &rule.disjoint {
            let Some(parameter) = meta.parameters.iter().find(|p| p.name == *name) else { continue };
            for column in binding.columns_of(parameter) {
                if seen.insert(column, name).is_some() {
                    shared.push((name.clone(), column.to_owned()));
                }
            }
        }
        for (name, column) in shared {
            binding.violations.push(Violation {
                path: format!("parameters.{name}"),
                reason: format!("{}: `{column}`", rule.message),
                value: json!(column),
                suggestion: "use each column once".to_owned(),
            });
        }
    }
}
