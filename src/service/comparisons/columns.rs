//! Columns of a comparison from the records of jobs and batches.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::batch::{BatchCell, CellStatus};
use crate::domain::comparison::{Column, specification};
use crate::domain::job::JobRecord;
use crate::domain::job::cell::CellChoice;
use crate::domain::plan::Plan;
use crate::domain::run::{Run, RunStatus};
use crate::library::Library;

/// Separates the choices in the name of a cell, as in the title of its job.
const BETWEEN: &str = " · ";

/// Returns a column without results, for a cell that has none.
pub fn without(cell: &BatchCell, reason: String) -> Column {
    Column {
        index: cell.index,
        name: name_of(&cell.choices),
        choices: cell.choices.clone(),
        job_id: cell.job_id.clone(),
        run_id: None,
        plan_id: cell.plan_id.clone(),
        template_id: cell.template_id.clone(),
        status: cell.status.as_str().to_owned(),
        reason: Some(reason),
        outcome: None,
        sample: None,
        std_errors: None,
        observations: None,
        fit: BTreeMap::new(),
        input_fingerprint: None,
        caption: String::new(),
        warnings: Vec::new(),
        levels: Vec::new(),
        specification: Vec::new(),
        results: Vec::new(),
        names: Vec::new(),
    }
}

/// Returns the column of a cell as its job is now; `job` is none for a refused cell and where there is no readable record.
pub fn of_cell(library: &Library, cell: &BatchCell, job: Option<&JobRecord>) -> Column {
    if cell.status == CellStatus::Refused {
        let said = |r: &crate::domain::batch::CellRefusal| match r.path.as_str() {
            "" => r.message.clone(),
            path => format!("{path} {}", r.message),
        };
        return without(cell, cell.refusals.iter().map(said).collect::<Vec<_>>().join("; "));
    }
    let Some(job) = job.filter(|job| !job.is_removed()) else {
        return without(cell, "the results are not kept any more".to_owned());
    };
    let status = CellStatus::of(job);
    let run =
        job.latest_run().filter(|run| run.status == RunStatus::Succeeded && status == CellStatus::Succeeded);
    let now = BatchCell { status, ..cell.clone() };
    match run {
        Some(run) => {
            let column = without(&now, String::new());
            filled(column, library, job, run)
        }
        None => {
            let reason = match (status, job.latest_run().and_then(|run| run.cause)) {
                (CellStatus::Queued | CellStatus::Running, _) => "has not ended yet".to_owned(),
                (_, Some(cause)) => cause.as_str().to_owned(),
                _ => "has no results".to_owned(),
            };
            let mut column = without(&now, reason);
            if let Some(plan) = &job.plan {
                specify(&mut column, library, plan);
            }
            column
        }
    }
}

/// Returns the column of any run of a job.
pub fn of_run(library: &Library, index: u32, job: &JobRecord, run: &Run) -> Column {
    let choices = job.cell.as_ref().map(|cell| cell.choices.clone()).unwrap_or_default();
    let mut cell = BatchCell::new(index, choices);
    cell.job_id = Some(job.job_id.clone());
    cell.plan_id = Some(run.plan_id.clone());
    let mut column = without(&cell, String::new());
    // the axes of other batches need not be those of this one
    column.choices.clear();
    if column.name.is_empty() {
        let title = job.title.clone().filter(|title| !title.trim().is_empty());
        let title = title.unwrap_or_else(|| job.requirement.chars().take(60).collect());
        column.name = format!("{title}{BETWEEN}{}", run.attempt);
    }
    column.status = run.status.as_str().to_owned();
    if run.status == RunStatus::Succeeded {
        return filled(column, library, job, run);
    }
    column.run_id = Some(run.run_id.clone());
    column.reason = Some(run.cause.map_or("has not ended yet", |cause| cause.as_str()).to_owned());
    if let Some(plan) = job.plan_of(run) {
        specify(&mut column, library, plan);
    }
    column
}

fn filled(mut column: Column, library: &Library, job: &JobRecord, run: &Run) -> Column {
    column.levels.clone_from(&run.levels);
    column.warnings = run.checks.iter().filter(|check| check.status == "warn").cloned().collect();
    column.std_errors = run.metrics.get("std_errors").and_then(Value::as_str).map(str::to_owned);
    if let Some(plan) = job.plan_of(run) {
        specify(&mut column, library, plan);
    }
    let number = |name: &str| run.metrics.get(name).and_then(Value::as_f64).filter(|x| x.is_finite());
    let of_flow = || run.sample_flow.last().map(|step| step.rows as f64);
    column.run_id = Some(run.run_id.clone());
    column.observations = number("n_used").or_else(of_flow);
    column.fit = run.metrics.keys().filter_map(|name| Some((name.clone(), number(name)?))).collect();
    column.results.clone_from(&run.results);
    column.reason = run.results.is_empty().then(|| "the analysis has no estimates".to_owned());
    column
}

/// Adds what the plan says of the specification.
fn specify(column: &mut Column, library: &Library, plan: &Plan) {
    let id = &plan.template.template_id;
    let meta = library.get(id).map(|template| &template.meta);
    let parameters = meta.map(|meta| &meta.parameters).into_iter().flatten();
    let of_role =
        parameters.filter(|p| p.bind == "outcome_var").find_map(|p| plan.contract.bound.get(&p.name));
    let outcome = of_role.or_else(|| plan.contract.bound.get("outcome"));
    column.outcome = outcome.and_then(Value::as_str).map(str::to_owned);
    column.specification = specification(plan, meta, column.std_errors.as_deref(), &column.levels);
    column.template_id = Some(id.clone());
    column.sample = plan.sample_if.as_ref().map(|condition| condition.canonical.clone());
    column.input_fingerprint = Some(plan.input_fingerprint.clone());
}

fn name_of(choices: &[CellChoice]) -> String {
    choices.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>().join(BETWEEN)
}
