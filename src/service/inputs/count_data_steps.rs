//! Checks the rows of data steps: what matches, and whether the keys identify rows as the merge type says.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::data_step::DataStep;
use crate::domain::error::Problem;
use crate::domain::expression::Condition;
use crate::domain::job::JobRecord;
use crate::library::binding::Violation;
use crate::ports::tabular::SteppedCounts;
use crate::service::inputs::receive_upload::local_copy;
use crate::service::shared::context::Context;

/// Counts the steps on the data of a job, then the rows that the condition and the completeness of columns
/// leave. The steps must fit the data.
///
/// # Errors
/// `INTERNAL_ERROR` where a file cannot be read.
pub async fn count_data_steps(
    ctx: &Context,
    job: &JobRecord,
    steps: &[DataStep],
    condition: Option<Condition>,
    complete: Vec<String>,
) -> Result<SteppedCounts, Problem> {
    let (main, with_paths) = local_copies(ctx, job, steps).await?;
    let tabular = Arc::clone(&ctx.tabular);
    ctx.pools
        .reads
        .run(move || tabular.count_steps(&main, &with_paths, condition.as_ref(), &complete))
        .await?
}

/// Returns the path of the main data, and each step with that of its data set.
///
/// # Errors
/// As the reading of a file.
pub async fn local_copies(
    ctx: &Context,
    job: &JobRecord,
    steps: &[DataStep],
) -> Result<(PathBuf, Vec<(DataStep, PathBuf)>), Problem> {
    let inputs = job.inputs.as_ref().ok_or_else(Problem::internal)?;
    let primary = inputs.primary().ok_or_else(Problem::internal)?;
    let main = local_copy(ctx, job, &primary.canonical_rel_path).await?;
    let mut with_paths = Vec::new();
    for step in steps {
        let other = inputs.dataset(&step.dataset_key).ok_or_else(Problem::internal)?;
        with_paths.push((step.clone(), local_copy(ctx, job, &other.canonical_rel_path).await?));
    }
    Ok((main, with_paths))
}

/// Returns the refusal of steps whose keys do not identify rows as the merge type says.
pub fn repeated_keys(steps: &[DataStep], counts: &SteppedCounts) -> Option<Problem> {
    let mut errors = Vec::new();
    for (i, (step, counts)) in steps.iter().zip(&counts.steps).enumerate() {
        let merge_type = step.merge_type.map_or("", |t| t.as_str());
        let sides = [
            ("the data before this step".to_owned(), counts.repeated_main),
            (step.dataset_key.clone(), counts.repeated_other),
        ];
        for (side, rows) in sides.into_iter().filter(|(_, rows)| *rows > 0) {
            let keys = step.keys.join(", ");
            let reason = format!(
                "{keys} do not identify the rows of {side}: {rows} rows share their keys with another"
            );
            errors.push((format!("data_steps.{i}.merge_type"), format!("{merge_type}: {reason}")));
        }
    }
    (!errors.is_empty()).then(|| Problem::validation_all(errors))
}

/// Returns the refusal of steps that do not fit the columns.
pub fn unfit_steps(violations: &[Violation]) -> Option<Problem> {
    let errors: Vec<(String, String)> = violations
        .iter()
        .map(|m| {
            let hint = if m.suggestion.is_empty() { String::new() } else { format!(" ({})", m.suggestion) };
            (m.path.clone(), format!("{}{hint}", m.reason))
        })
        .collect();
    (!errors.is_empty()).then(|| Problem::validation_all(errors))
}

/// Checks that the keys of the steps identify rows; nothing where there are no steps.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED`, `ARTIFACT_EXPIRED`.
pub async fn check_keys(ctx: &Context, job: &JobRecord, steps: &[DataStep]) -> Result<(), Problem> {
    if steps.is_empty() {
        return Ok(());
    }
    job.check_inputs_kept()?;
    let counts = count_data_steps(ctx, job, steps, None, Vec::new()).await?;
    repeated_keys(steps, &counts).map_or(Ok(()), Err)
}
