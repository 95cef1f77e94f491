//! From a draft and what the client adds to a frozen plan, or to a typed refusal. Pure: status of
//! dependencies, time and evidence come from the caller.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::absent_columns::column_not_found;
use super::binding::{Binding, Violation, bind};
use super::categories;
use super::corrections;
use super::data_steps::with_steps;
use super::derived::{Derived, with_derived};
use super::interactions;
use super::known_names::{refusal, roles_taken};
use super::load::{Library, Template};
use super::missing_parameters::{fields_detail, instead_of, params_detail};
use super::plan_content;
use super::repairs::with_repairs;
use super::terms::{OF_PLANS, check_ids, check_severity};
use crate::domain::dataset::{Column, Inputs};
use crate::domain::draft::{DraftSource, Selection, Statement};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TemplateId;
use crate::domain::plan::{AcknowledgedCheck, Plan};
use crate::domain::spelling::did_you_mean;
use crate::domain::template::{Dependency, TemplateMeta};

/// The client's additions when a plan is frozen. Keys of `answers` are parameter names or roles, which are the
/// question ids of [`super::missing_parameters::draft_gaps`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FreezeRequest {
    /// Question id → option id, list of option ids, or text.
    pub answers: Map<String, Value>,
    /// `{old column: new column}` or `{parameter or role: column}`.
    pub variable_corrections: Map<String, Value>,
    /// Parameter → value that replaces the template's default.
    pub default_overrides: Map<String, Value>,
    /// 0..=2147483647.
    pub seed: Option<u32>,
    /// Empty: the formats that are always made.
    pub output_formats: Vec<String>,
    /// Checks whose failure is accepted, each with the reason.
    pub acknowledged_checks: Vec<AcknowledgedCheck>,
}

/// Status of one dependency.
#[derive(Debug, Clone, PartialEq)]
pub struct DependencyStatus {
    /// `available`, `missing` or `unknown`.
    pub status: String,
    /// Time of the check (UTC); `None` where nothing was checked.
    pub checked_at: Option<DateTime<Utc>>,
}

impl DependencyStatus {
    /// The status of what nobody has checked.
    pub fn unknown() -> Self {
        Self { status: "unknown".to_owned(), checked_at: None }
    }
}

/// Everything that a plan is made of.
pub struct FreezeInput<'a> {
    /// Library that holds the template.
    pub library: &'a Library,
    /// Template of the plan.
    pub template_id: &'a TemplateId,
    /// Roles, parameters and data steps of the draft.
    pub statement: &'a Statement,
    /// Data sets of the job.
    pub inputs: &'a Inputs,
    /// Additions of the client.
    pub request: &'a FreezeRequest,
    /// Evidence of the selection, copied into the plan.
    pub selection: &'a Selection,
    /// Author of the draft: model or client.
    pub plan_source: DraftSource,
    /// Why this template, in words; empty: said from the selection.
    pub rationale: &'a str,
    /// Paths of the evidence artifacts.
    pub evidence: &'a [String],
    /// Number of the plan within its job, from 1.
    pub revision: u32,
    /// Time of the freeze (UTC).
    pub created_at: DateTime<Utc>,
    /// Asked for every dependency that the template declares.
    pub dependency: &'a dyn Fn(&Dependency) -> DependencyStatus,
}

/// A plan that may be incomplete, with everything that keeps it from being frozen.
#[derive(Debug)]
pub struct Preview {
    /// `contract.missing` names what is missing; values that do not fit are left out.
    pub plan: Plan,
    /// True if the same request would freeze.
    pub ready: bool,
    /// The refusals, the first of which a freeze would answer.
    pub problems: Vec<Problem>,
    /// One object `{field, description, candidates}` for each missing role.
    pub missing_fields_detail: Vec<Value>,
    /// One object `{param, type, description, label, reason, candidates}` for each missing parameter, roles included.
    pub missing_params_detail: Vec<Value>,
}

/// Freezes a plan.
///
/// # Errors
/// In this order, each with all its cases: `TEMPLATE_NOT_FOUND`, `INPUTS_MISSING`,
/// `INPUT_VALIDATION_FAILED` (a request that cannot be understood), `PLAN_FREEZE_MISSING_REQUIRED`,
/// `CONTRACT_COLUMN_NOT_FOUND`, `ROLE_UNUSED`, `EXPRESSION_INVALID`, `INPUT_VALIDATION_FAILED` (kinds,
/// limits, distinctness, rules, too few rows).
pub fn freeze(input: &FreezeInput<'_>) -> Result<Plan, Problem> {
    let Preview { plan, problems, .. } = preview(input)?;
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(plan),
    }
}

/// Makes the plan as far as it goes, with everything that a freeze would refuse. Writes nothing.
///
/// # Errors
/// `TEMPLATE_NOT_FOUND`, `INPUTS_MISSING`, `INPUT_DATASET_NOT_FOUND`.
pub fn preview(input: &FreezeInput<'_>) -> Result<Preview, Problem> {
    let (inputs, derived) = with_derived(input.inputs, &corrected(input));
    let input = &FreezeInput { inputs: &inputs, ..*input };
    let (template, binding) = bound(input, derived)?;
    let problems: Vec<Problem> = problems(&template.meta, &binding)
        .into_iter()
        .map(|problem| with_repairs(problem, input.inputs, input.statement))
        .collect();
    Ok(Preview {
        plan: plan_content::plan(input, template, &binding),
        ready: problems.is_empty(),
        missing_fields_detail: fields_detail(&binding.gaps),
        missing_params_detail: params_detail(&binding.gaps),
        problems,
    })
}

/// The draft with its columns corrected, which derived variables are read from.
fn corrected(input: &FreezeInput<'_>) -> Statement {
    let (inputs, _) = with_steps(input.inputs, &input.statement.data_steps);
    let columns = inputs.primary().map_or(&[][..], |dataset| dataset.columns.as_slice());
    match input.library.get(input.template_id) {
        Some(template) => corrections::corrected(input.request, &template.meta, input.statement, columns),
        None => input.statement.clone(),
    }
}

fn bound<'a>(input: &FreezeInput<'a>, derived: Derived) -> Result<(&'a Template, Binding), Problem> {
    let template = input.library.get(input.template_id).ok_or_else(|| {
        let text = format!("there is no template {}", input.template_id);
        Problem::new(ErrorCode::TemplateNotFound, text).with("template_id", input.template_id.as_str())
    })?;
    let primary = input.inputs.primary().ok_or_else(|| {
        Problem::new(ErrorCode::InputsMissing, "upload the primary data set before a plan is frozen")
    })?;
    let mut binding = bind(&template.meta, input.statement, input.request, &primary.columns);
    binding.expressions.extend(derived.refused);
    binding.derived = derived.variables;
    binding.violations.extend(derived.stepped.violations.clone());
    binding.stepped = derived.stepped;
    further_inputs(&template.meta, input.inputs, &mut binding);
    times(&template.meta, &mut binding);
    output_formats(&input.request.output_formats, &mut binding);
    if input.request.seed.is_some_and(|seed| seed > i32::MAX as u32) {
        binding.request_errors.push(("seed".to_owned(), "must be 0 to 2147483647".to_owned()));
    }
    acknowledged(&input.request.acknowledged_checks, &mut binding);
    rows(&template.meta, primary.row_count, &primary.columns, &mut binding);
    categories::check_marks(&template.meta, &primary.columns, &mut binding);
    categories::check_bases(&template.meta, &primary.columns, &mut binding);
    Ok((template, binding))
}

/// Formats of results that every run makes.
pub const FORMATS_ALWAYS: [&str; 4] = ["csv", "svg", "log", "do"];
/// Formats of results that are made where the plan asks for them.
pub const FORMATS_ON_REQUEST: [&str; 6] = ["xlsx", "docx", "tex", "pdf", "png", "dta"];

fn output_formats(formats: &[String], binding: &mut Binding) {
    for format in formats {
        let known =
            FORMATS_ALWAYS.contains(&format.as_str()) || FORMATS_ON_REQUEST.contains(&format.as_str());
        if !known {
            let reason =
                format!("{format:?} is not one of csv, svg, log, do, xlsx, docx, tex, pdf, png, dta");
            binding.request_errors.push(("output_formats".to_owned(), reason));
        }
    }
}

/// Only checks that exist can be acknowledged. A template need not have each: the specifications of a batch share them.
fn acknowledged(checks: &[AcknowledgedCheck], binding: &mut Binding) {
    let unknown = |id: &str| check_severity(id).is_none() && !OF_PLANS.contains(&id);
    for (at, check) in checks.iter().enumerate().filter(|(_, check)| unknown(&check.id)) {
        let meant = did_you_mean(&check.id, &check_ids().collect::<Vec<_>>());
        let reason = format!("there is no check {:?}{meant}", check.id);
        binding.request_errors.push((format!("acknowledged_checks.{at}.id"), reason));
    }
}

/// Further inputs name data sets that exist.
fn further_inputs(meta: &TemplateMeta, inputs: &Inputs, binding: &mut Binding) {
    for (name, key) in binding.statement.inputs.clone() {
        if inputs.dataset(&key).is_none() {
            binding.violations.push(Violation {
                path: format!("inputs.{name}"),
                reason: format!("there is no data set {key:?}"),
                value: json!(key),
                suggestion: inputs
                    .datasets
                    .iter()
                    .map(|d| d.dataset_key.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
    }
    let bindings = plan_content::input_bindings(meta, inputs, &binding.statement);
    for input in meta.inputs.iter().filter(|i| i.required && !bindings.contains_key(&i.name)) {
        binding.violations.push(Violation {
            path: format!("inputs.{}", input.name),
            reason: format!("the template needs a further data set to {}", input.role),
            value: Value::Null,
            suggestion: "name one of the uploaded data sets".to_owned(),
        });
    }
}

/// A value of another period needs a declared time.
fn times(meta: &TemplateMeta, binding: &mut Binding) {
    let declares_time =
        meta.parameters.iter().any(|p| p.bind == "time_var" && !binding.columns_of(p).is_empty());
    let readers = binding.derived.iter().filter(|v| v.tree.needs_time() && !declares_time);
    let violations: Vec<Violation> = readers
        .map(|v| Violation {
            path: format!("derived_variables.{}", v.name),
            reason: "lags, leads and differences need a time variable, which this analysis does not have"
                .to_owned(),
            value: json!(v.canonical),
            suggestion: "state time_var with a template that takes it".to_owned(),
        })
        .collect();
    binding.violations.extend(violations);
}

/// Too few rows can be known without an estimation: a listwise sample is never larger than the rows with a
/// value in its emptiest required column.
fn rows(meta: &TemplateMeta, row_count: u64, columns: &[Column], binding: &mut Binding) {
    let listwise = meta.sample.missing == "listwise";
    let missing = meta
        .parameters
        .iter()
        .filter(|p| p.required && listwise)
        .flat_map(|p| binding.columns_of(p))
        .filter_map(|name| columns.iter().find(|c| c.name == name))
        .map(|c| c.missing)
        .max()
        .unwrap_or(0);
    let left = row_count.saturating_sub(missing);
    let least = meta.sample.min_observations;
    if left < least {
        binding.violations.push(Violation {
            path: "inputs".to_owned(),
            reason: format!("at most {left} of {row_count} rows can be used, at least {least} are needed"),
            value: json!(left),
            suggestion: "more rows, or variables with fewer missing values".to_owned(),
        });
    }
    terms(meta, left, columns, binding);
    if let Some(most) = meta.sample.max_rows.filter(|most| row_count > *most) {
        binding.violations.push(Violation {
            path: "inputs".to_owned(),
            reason: format!("the data have {row_count} rows, the template takes at most {most}"),
            value: json!(row_count),
            suggestion: "a sample of the rows".to_owned(),
        });
    }
}

/// A regressor of texts that differ in (nearly) every row identifies rows; a linear model with as many terms as rows
/// has nothing left to estimate from.
fn terms(meta: &TemplateMeta, rows: u64, columns: &[Column], binding: &mut Binding) {
    if meta.family != "linear" || meta.sample.missing != "listwise" {
        return;
    }
    let named: Vec<&Column> = meta
        .parameters
        .iter()
        .filter(|p| matches!(p.bind.as_str(), "regressors" | "controls"))
        .flat_map(|p| binding.columns_of(p))
        .filter_map(|name| columns.iter().find(|c| c.name == name))
        .collect();
    let levels = |c: &&Column| if c.is_text() { c.distinct.saturating_sub(1) } else { 1 };
    let terms: u64 = named.iter().map(levels).sum();
    if rows == 0 || terms < rows {
        return;
    }
    let worst = named.iter().filter(|c| c.is_text()).max_by_key(|c| c.distinct);
    let why = worst.map_or_else(String::new, |c| format!("; `{}` alone has {} levels", c.name, c.distinct));
    binding.violations.push(Violation {
        path: "parameters.regressors".to_owned(),
        reason: format!("the model has {terms} terms and a constant for at most {rows} rows{why}"),
        value: json!(terms),
        suggestion: "fewer regressors, and no column that identifies rows".to_owned(),
    });
}

/// Returns every refusal in the order in which a freeze answers them.
fn problems(meta: &TemplateMeta, binding: &Binding) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !binding.request_errors.is_empty() {
        problems.push(Problem::validation_all(binding.request_errors.clone()));
    }
    if !binding.gaps.is_empty() {
        problems.push(missing_required(meta, binding));
    }
    if !binding.absent.is_empty() {
        problems.push(column_not_found(binding));
    }
    if !binding.unused_roles.is_empty() {
        problems.push(role_unused(meta, binding));
    }
    if let Some((path, error)) = binding.expressions.first() {
        let all: Vec<Value> = binding
            .expressions
            .iter()
            .map(|(path, e)| json!({"path": path, "position": e.position, "expected": e.expected}))
            .collect();
        problems.push(error.clone().into_problem(path).with("errors", all));
    }
    if !binding.violations.is_empty() {
        problems.push(refusal(&binding.violations));
    }
    problems
}

fn missing_required(meta: &TemplateMeta, binding: &Binding) -> Problem {
    let names: Vec<&str> = binding.gaps.iter().map(|g| g.parameter.as_str()).collect();
    let fields: Vec<&str> = binding.gaps.iter().filter(|g| g.is_role).map(|g| g.field.as_str()).collect();
    let actions: Vec<Value> = binding
        .gaps
        .iter()
        .map(|gap| {
            let value: Value = gap.candidates.first().map_or(Value::Null, |c| json!(c));
            let updates = if gap.is_role {
                json!({ format!("roles.{}", gap.field): [value] })
            } else {
                json!({ format!("parameters.{}", gap.parameter): value })
            };
            json!({
                "action": "state_missing",
                "label": format!("state {}", gap.description),
                "method": "POST",
                "path": "draft/patch",
                "payload_schema": {"field_updates": updates},
            })
        })
        .collect();
    // a role is stated under its own name, which may differ from the parameter's
    let needed: Vec<&str> =
        binding.gaps.iter().map(|g| if g.is_role { &*g.field } else { &*g.parameter }).collect();
    let needed = needed.join(", ");
    let unused = match binding.unused_roles.as_slice() {
        [] => String::new(),
        roles => format!("; it takes no {}, which the draft has", roles.join(", ")),
    };
    let text = format!("{} needs {needed}{unused}; add the missing values and freeze again", meta.id);
    Problem::new(ErrorCode::PlanFreezeMissingRequired, text)
        .with("template_id", meta.id.as_str())
        .with("unused_roles", binding.unused_roles.clone())
        .with("missing_fields", fields)
        .with("missing_fields_detail", fields_detail(&binding.gaps))
        .with("missing_params", names)
        .with("missing_params_detail", params_detail(&binding.gaps))
        .with("next_actions", actions)
}

fn role_unused(meta: &TemplateMeta, binding: &Binding) -> Problem {
    let takes = roles_taken(meta);
    let roles: Vec<String> =
        binding.unused_roles.iter().map(|role| format!("{role}{}", instead_of(role, &takes))).collect();
    let crossed = match binding.unused_roles.iter().any(|role| role == "interaction_terms") {
        true => interactions::advice(&binding.statement.interaction_terms),
        false => String::new(),
    };
    let text = format!(
        "{} would ignore {}; clear it or choose another template{crossed}",
        meta.id,
        roles.join(", ")
    );
    Problem::new(ErrorCode::RoleUnused, text)
        .with("template_id", meta.id.as_str())
        .with("roles", binding.unused_roles.clone())
        .with("roles_taken", takes)
}
