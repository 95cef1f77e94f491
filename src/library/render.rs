//! Makes `main.do` of a frozen plan: generated preamble, the template's body byte for byte, closing lines.
//! Pure: the same plan, library and run facts give the same bytes.

use crate::domain::data_step::{Keep, PlannedStep, StepKind};
use crate::domain::params::{self, Substitution, condition_tree};
use crate::domain::plan::{CategoricalMark, DerivedVariable, Plan, PlanCondition};
use crate::domain::profile::CompanionMethod;
use crate::domain::template::ParameterType;

use super::base_levels::STATED;
use super::load::Template;
use super::repairs;
use crate::domain::encode::{SafeText, VariableName, number_text};

/// The newest version of the preamble; part of `plan_id`. Raise it with every change of the generated text.
pub const PREAMBLE_VERSION: u32 = 2;
/// The oldest version that this release writes: a plan without a numbering of levels and without a stated base.
pub const PLAIN_PREAMBLE: u32 = 1;
/// The folder of the staged idioms, below the engine's working directory.
pub const ADO_DIR: &str = "ado";
/// The empty folder that stands for PLUS and PERSONAL, below the engine's working directory.
pub const EMPTY_DIR: &str = "empty";
/// The main data, in the engine's working directory.
pub const DATA_FILE: &str = "data.dta";
/// The folder of further data, in the engine's working directory.
pub const STEP_DIR: &str = "inputs";

/// Facts that only the run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// Id of the attempt; the do-file prints it into the log.
    pub run_id: String,
    /// Nonce of the begin anchor and of all anchors of the body: letters and digits.
    pub n1: String,
    /// Nonce of the end anchor: letters and digits.
    pub n2: String,
    /// Processors granted to the engine.
    pub processors: u32,
    /// Memory limit less headroom, in megabytes.
    pub memory_mb: u64,
    /// The graph scheme ([`super::Library::scheme`]).
    pub scheme: String,
}

/// The do-file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainDo {
    /// The whole file, as the engine runs it.
    pub bytes: Vec<u8>,
    /// Offset of the body, so that its hash can be checked against the library's.
    pub body_offset: usize,
    /// Size of the body, in bytes.
    pub body_len: usize,
}

/// Why a plan cannot be rendered. None of these happens to a plan that this release froze.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The plan was made for another version of the preamble.
    #[error(
        "the plan needs preamble version {plan}, this release writes {PLAIN_PREAMBLE} to {PREAMBLE_VERSION}"
    )]
    PreambleVersion {
        /// Version in the plan.
        plan: u32,
    },
    /// The template of the library has other hashes than the plan's; the text names the difference.
    #[error("the template differs from the one of the plan: {0}")]
    Template(String),
    /// A value of the plan cannot be written as Stata code.
    #[error("the plan is damaged: {0}")]
    Damaged(String),
}

/// Makes the do-file of a run.
///
/// # Errors
/// [`RenderError`] if the template is not the plan's, or a stored value is not what freeze would store.
pub fn render(plan: &Plan, template: &Template, facts: &RunFacts) -> Result<MainDo, RenderError> {
    if !(PLAIN_PREAMBLE..=PREAMBLE_VERSION).contains(&plan.preamble_version) {
        return Err(RenderError::PreambleVersion { plan: plan.preamble_version });
    }
    if plan.template.template_id != template.meta.id {
        return Err(RenderError::Template(format!("it is {}", template.meta.id)));
    }
    if plan.template.sha256 != template.body_sha256 || plan.template.meta_sha256 != template.meta_sha256 {
        return Err(RenderError::Template("a hash differs".to_owned()));
    }
    let mut lines = settings(plan, template, facts)?;
    lines.extend(locals(plan, template)?);
    lines.extend(data(plan)?);
    lines.extend(selection(plan, template)?);
    let mut bytes = lines.join("\n").into_bytes();
    bytes.push(b'\n');
    let body_offset = bytes.len();
    bytes.extend_from_slice(&template.body);
    bytes.extend_from_slice(
        format!("\ndisplay \"SS_EVENT|end|nonce={}\"\nexit, clear\n", plain(&facts.n2)?).as_bytes(),
    );
    Ok(MainDo { bytes, body_offset, body_len: template.body.len() })
}

/// Checks a text of the service itself before it is printed: ids and nonces are letters, digits, `-`, `_`.
fn plain(text: &str) -> Result<&str, RenderError> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        Ok(text)
    } else {
        Err(RenderError::Damaged("an id or nonce has other characters than letters, digits, - and _".into()))
    }
}

fn name(text: &str) -> Result<VariableName, RenderError> {
    VariableName::parse(text).map_err(|e| RenderError::Damaged(e.to_string()))
}

/// Batch Stata starts at line size 80, and a site's sysprofile may have changed defaults that `clear all`
/// does not reset; the seeds follow `version`, which decides the generator.
fn settings(plan: &Plan, template: &Template, facts: &RunFacts) -> Result<Vec<String>, RenderError> {
    let (run_id, n1) = (plain(&facts.run_id)?, plain(&facts.n1)?);
    Ok(vec![
        "set linesize 255".to_owned(),
        format!("display \"SS_EVENT|begin|run={run_id}|nonce={n1}\""),
        format!("version {}", template.meta.stata.min_version),
        "clear all".to_owned(),
        format!("global SS_KEY \"{n1}\""),
        "set more off".to_owned(),
        "set rmsg off".to_owned(),
        "set trace off".to_owned(),
        "set dp period".to_owned(),
        "set type float".to_owned(),
        "set level 95".to_owned(),
        "set varabbrev off".to_owned(),
        format!("if c(MP) set processors {}", facts.processors.max(1)),
        format!("set max_memory {}m", facts.memory_mb.max(1)),
        format!("global S_ADO `\"BASE;{ADO_DIR}\"'"),
        format!("sysdir set PLUS \"{EMPTY_DIR}\""),
        format!("sysdir set PERSONAL \"{EMPTY_DIR}\""),
        "discard".to_owned(),
        "quietly mata: mata mlib index".to_owned(),
        format!("set scheme {}", plain(&facts.scheme)?),
        "set rng default".to_owned(),
        format!("set seed {}", plan.seed),
        format!("set sortseed {}", plan.seed),
    ])
}

struct Names<'a>(&'a Plan);

impl Substitution for Names<'_> {
    fn plain(&self, column: &str) -> String {
        let mark = self.0.categorical_vars.iter().find(|m| m.column == column);
        mark.and_then(|m| m.companion.clone()).unwrap_or_else(|| column.to_owned())
    }

    fn categorical(&self, column: &str) -> bool {
        self.0.categorical_vars.iter().any(|m| m.column == column)
    }
}

/// All declared parameters, every time, in the order of the declaration. `sample_if` is not a local.
fn locals(plan: &Plan, template: &Template) -> Result<Vec<String>, RenderError> {
    let mut lines = vec![format!("local ss_template \"{}\"", template.meta.id)];
    for parameter in &template.meta.parameters {
        if parameter.bind == "sample" {
            continue;
        }
        let value = plan.contract.bound.get(&parameter.name);
        let pairs = params::locals(parameter, value, &Names(plan)).map_err(RenderError::Damaged)?;
        for (local, text) in pairs {
            // a condition may hold text literals; neither form of quotes can occur in its printed form's texts
            lines.push(if parameter.kind == ParameterType::Condition && !text.is_empty() {
                format!("local {local} `\"{text}\"'")
            } else {
                format!("local {local} \"{text}\"")
            });
        }
    }
    Ok(lines)
}

/// Data, panel or time declaration, companions. A declaration that the data refuse is left to the body,
/// whose checks say why.
fn data(plan: &Plan) -> Result<Vec<String>, RenderError> {
    let mut lines = Vec::new();
    if plan.used_columns.is_empty() {
        lines.push(format!("use \"{DATA_FILE}\", clear"));
    } else {
        let names: Vec<String> =
            plan.used_columns.iter().map(|c| name(c).map(|n| n.to_string())).collect::<Result<_, _>>()?;
        lines.push(format!("use {} using \"{DATA_FILE}\", clear", names.join(" ")));
    }
    if !plan.data_steps.is_empty() {
        lines.push("quietly count".to_owned());
        lines.push("ss_event metric name=n_main value=`r(N)'".to_owned());
    }
    for (i, step) in plan.data_steps.iter().enumerate() {
        lines.extend(data_step(i + 1, step)?);
    }
    let panel_columns: Vec<&String> =
        plan.panel.iter().flat_map(|p| p.entity_var.iter().chain(p.time_var.iter())).collect();
    let (keys, others): (Vec<_>, Vec<_>) =
        plan.categorical_vars.iter().partition(|m| panel_columns.contains(&&m.column));
    for mark in keys {
        lines.extend(companion(mark)?);
    }
    if let Some(panel) = &plan.panel {
        let text = |column: &Option<String>| {
            column.as_deref().map(|c| name(&Names(plan).plain(c)).map(|n| n.to_string())).transpose()
        };
        match (text(&panel.entity_var)?, text(&panel.time_var)?) {
            (Some(entity), Some(time)) => lines.push(format!("capture xtset {entity} {time}")),
            (Some(entity), None) => lines.push(format!("capture xtset {entity}")),
            (None, Some(time)) => lines.push(format!("capture tsset {time}")),
            (None, None) => {}
        }
    }
    for variable in &plan.derived_variables {
        lines.extend(derived(variable)?);
    }
    for mark in others {
        lines.extend(companion(mark)?);
    }
    Ok(lines)
}

/// A repair, or a further data set merged or appended, with what matched and the rows after it.
fn data_step(number: usize, planned: &PlannedStep) -> Result<Vec<String>, RenderError> {
    let step = &planned.step;
    if step.kind.is_repair() {
        let mut lines = repairs::lines(step)?;
        lines.push("quietly count".to_owned());
        lines.push(format!("ss_event metric name=step_{number}_rows value=`r(N)'"));
        return Ok(lines);
    }
    let file = format!("{STEP_DIR}/{}.dta", plain(&step.dataset_key)?);
    let names = |columns: &[String]| -> Result<String, RenderError> {
        let checked: Vec<String> =
            columns.iter().map(|c| name(c).map(|n| n.to_string())).collect::<Result<_, _>>()?;
        Ok(checked.join(" "))
    };
    let metric = |what: &str| format!("ss_event metric name=step_{number}_{what} value=`r(N)'");
    let mut lines = Vec::new();
    match step.kind {
        StepKind::DropRows | StepKind::Convert => {}
        StepKind::Append => {
            lines.push(format!("append using \"{file}\", keep({})", names(&planned.columns)?));
        }
        StepKind::Merge => {
            let merge_type =
                step.merge_type.ok_or_else(|| RenderError::Damaged("a merge has no merge type".into()))?;
            let keys = names(&step.keys)?;
            // keys alone where the merge only selects rows
            let columns = if planned.columns.is_empty() { keys.clone() } else { names(&planned.columns)? };
            lines.push(format!(
                "merge {} {keys} using \"{file}\", keepusing({columns}) generate(ss_merge)",
                merge_type.as_str()
            ));
            for (code, what) in [(3, "matched"), (1, "main_only"), (2, "other_only")] {
                lines.push(format!("quietly count if ss_merge == {code}"));
                lines.push(metric(what));
                if what == "matched" {
                    lines.push("ss_check no_match, fail(r(N) == 0) value(r(N))".to_owned());
                }
            }
            if !planned.overlap.is_empty() {
                lines.push(format!("ss_check overlap_vars, warn(1) value({})", planned.overlap.len()));
            }
            match planned.keep() {
                Keep::Matched => lines.push("quietly keep if ss_merge == 3".to_owned()),
                Keep::Master => lines.push("quietly drop if ss_merge == 2".to_owned()),
                Keep::All => {}
            }
            lines.push("drop ss_merge".to_owned());
        }
    }
    lines.push("quietly count".to_owned());
    lines.push(metric("rows"));
    Ok(lines)
}

/// A derived variable with its label, and how many rows have no value although all that it reads has one
/// (a logarithm of zero, a division by zero).
fn derived(variable: &DerivedVariable) -> Result<Vec<String>, RenderError> {
    let made = name(&variable.name)?;
    let mut lines = variable.tree.stata(&made);
    if let Some(label) = &variable.label {
        let label = SafeText::parse(label.as_str()).map_err(|e| RenderError::Damaged(e.to_string()))?;
        lines.push(format!("label variable {made} {}", label.quoted()));
    }
    let read: Vec<&str> = variable.tree.columns().iter().map(|c| c.name.as_str()).collect();
    if !read.is_empty() {
        lines.push(format!("quietly count if missing({made}) & !missing({})", read.join(", ")));
        lines.push(format!("ss_event metric name=undefined_{made} value=`r(N)'"));
    }
    Ok(lines)
}

/// The numeric companion of a column, with the column's label or name as its label.
fn companion(mark: &CategoricalMark) -> Result<Vec<String>, RenderError> {
    let column = name(&mark.column)?;
    let stated = mark.base.as_ref().filter(|base| base.reason == STATED).map(|base| base.level.as_str());
    let Some(companion) = &mark.companion else {
        return stated.map(|level| base_of_numbers(&column, &column, level)).into_iter().collect();
    };
    let companion = name(companion)?;
    let mut lines = Vec::new();
    let made = match mark.encoding.as_deref().and_then(CompanionMethod::parse) {
        Some(CompanionMethod::Encode) if !mark.order.is_empty() => {
            lines.push(numbered(&companion, &mark.order)?);
            format!("encode {column}, generate({companion}) label({companion})")
        }
        Some(CompanionMethod::Encode) => format!("encode {column}, generate({companion})"),
        Some(CompanionMethod::GroupLabel) => format!("egen long {companion} = group({column}), label"),
        None => return Err(RenderError::Damaged(format!("`{column}` has no known encoding"))),
    };
    lines.push(made);
    lines.extend([
        format!("local ss_label : variable label {column}"),
        // figures would show the name of the companion
        format!("if `\"`macval(ss_label)'\"' == \"\" local ss_label \"{column}\""),
        format!("label variable {companion} `\"`macval(ss_label)'\"'"),
    ]);
    if let (Some(level), Some("group_label")) = (stated, mark.encoding.as_deref()) {
        lines.push(base_of_numbers(&column, &companion, level)?);
    }
    Ok(lines)
}

/// Numbers the first levels of a text, which `encode` then takes from the value label ([D] encode).
fn numbered(companion: &VariableName, order: &[String]) -> Result<String, RenderError> {
    let mut line = format!("label define {companion}");
    for (number, level) in (1..).zip(order) {
        let level = SafeText::parse(level.as_str()).map_err(|e| RenderError::Damaged(e.to_string()))?;
        line.push_str(&format!(" {number} {}", level.quoted()));
    }
    Ok(line)
}

/// Makes the level of a number the base of `factor` ([R] fvset).
fn base_of_numbers(column: &VariableName, factor: &VariableName, level: &str) -> Result<String, RenderError> {
    let number: f64 =
        level.parse().map_err(|_| RenderError::Damaged(format!("the base of `{column}` is no number")))?;
    let number = number_text(number);
    Ok(format!(
        "quietly summarize {factor} if {column} == {number}, meanonly\nif r(N) > 0 fvset base `=r(min)' {factor}"
    ))
}

fn selection(plan: &Plan, template: &Template) -> Result<Vec<String>, RenderError> {
    let mut lines = vec!["generate byte ss_use = 1".to_owned()];
    if let Some(condition) = &plan.sample_if {
        lines = vec!["generate byte ss_use = 0".to_owned(), selected(condition)?];
    }
    lines.push("quietly count".to_owned());
    lines.push("ss_event metric name=n_total value=`r(N)'".to_owned());
    lines.push("quietly count if ss_use".to_owned());
    lines.push("ss_event metric name=n_selected value=`r(N)'".to_owned());
    if template.meta.seed.policy != "none" {
        lines.push(format!("ss_event metric name=seed value={}", plan.seed));
    }
    Ok(lines)
}

fn selected(condition: &PlanCondition) -> Result<String, RenderError> {
    let tree = condition_tree(condition).map_err(RenderError::Damaged)?;
    Ok(format!("replace ss_use = 1 if {}", tree.stata_true()))
}
