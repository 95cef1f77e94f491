//! Checks of conditions and derived variables against the facts of the columns: values that no row has, and variables that are the
//! same in every row. A hint stops nothing; a needed variable without any value stops the plan, as it would stop the run.

use serde_json::json;

use super::preview_plan::{PreviewCheck, bound_columns};
use super::preview_rows::{failed, warned};
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::encode::number_text;
use crate::domain::expression::{AbsentValue, Condition, Derivation, Outlook, absent_values, outlook};
use crate::domain::job::JobRecord;
use crate::domain::params::condition_tree;
use crate::domain::plan::{DerivedVariable, Plan, PlanCondition};
use crate::library::derived::derive;

/// Most hints on values of one expression.
const MOST_HINTS: usize = 3;

/// Returns the hints, and the failures that the run would have, on the conditions and derived variables of a plan.
///
/// After data steps the facts are others; then nothing is said.
pub(super) fn of_expressions(job: &JobRecord, plan: &Plan) -> Vec<PreviewCheck> {
    let primary = job.inputs.as_ref().and_then(|inputs| inputs.primary());
    let Some((primary, draft)) = primary.zip(job.draft.as_ref()).filter(|_| plan.data_steps.is_empty())
    else {
        return Vec::new();
    };
    let (columns, mut found) = of_variables(plan, &draft.statement, &primary.columns);
    let parameters = plan.contract.parameters.iter().filter(|p| p.kind == "condition");
    let stated = parameters.filter_map(|p| {
        let condition: PlanCondition = serde_json::from_value(p.value.clone()).ok()?;
        Some((format!("parameters.{}", p.name), condition))
    });
    let sample = plan.sample_if.iter().map(|condition| ("sample_if".to_owned(), condition.clone()));
    let mut seen = Vec::new();
    for (path, condition) in sample.chain(stated) {
        // the condition on the sample may be a parameter too
        if seen.contains(&condition.canonical) {
            continue;
        }
        if let Ok(tree) = condition_tree(&condition) {
            found.extend(hints(&path, &tree, &columns));
        }
        seen.push(condition.canonical);
    }
    found
}

/// The columns of the data and the derived ones with what is known of them, and the checks of the derived ones.
fn of_variables(plan: &Plan, statement: &Statement, data: &[Column]) -> (Vec<Column>, Vec<PreviewCheck>) {
    let mut columns = derive(statement, data).columns;
    let is_own = |column: &Column| plan.derived_variables.iter().any(|v| v.name == column.name);
    // how many values of a derived variable are missing is not known before the run
    columns.iter_mut().filter(|column| is_own(column)).for_each(|column| column.missing_share = f64::NAN);
    let mut found = Vec::new();
    for (i, variable) in plan.derived_variables.iter().enumerate() {
        let path = format!("derived_variables.{i}.expression");
        let hints = match &variable.tree {
            Derivation::Flag { condition } => hints(&path, condition, &columns),
            _ => Vec::new(),
        };
        let result = outlook(&variable.tree, &columns);
        if let Some(column) = columns.iter_mut().find(|column| column.name == variable.name) {
            match result {
                Some(Outlook::Missing(_)) => column.missing_share = 1.0,
                Some(Outlook::Constant(value)) => (column.min, column.max) = (Some(value), Some(value)),
                None => {}
            }
        }
        found.extend(result.map(|result| of_result(plan, variable, &path, result)));
        found.extend(hints);
    }
    (columns, found)
}

fn of_result(plan: &Plan, variable: &DerivedVariable, path: &str, result: Outlook) -> PreviewCheck {
    let (name, expression) = (&variable.name, &variable.canonical);
    let value = json!({"columns": [name], "path": path});
    match result {
        Outlook::Missing(reason) => {
            let is_needed = bound_columns(plan, |column| column == name).contains(name);
            let message = format!(
                "{name} = {expression} has no value in any row: {reason}; correct the expression, or use another variable"
            );
            match is_needed {
                true => failed("no_obs", value, message),
                false => warned("empty_variable", value, message),
            }
        }
        Outlook::Constant(number) => {
            let message = format!(
                "{name} = {expression} is {} in every row that has a value; correct the expression, or use another variable",
                number_text(number)
            );
            warned("constant_variable", value, message)
        }
    }
}

/// Hints on values that no row has.
fn hints(path: &str, condition: &Condition, columns: &[Column]) -> Vec<PreviewCheck> {
    absent_values(condition, columns).iter().take(MOST_HINTS).map(|absent| hint(path, absent)).collect()
}

fn hint(path: &str, absent: &AbsentValue) -> PreviewCheck {
    let AbsentValue { column, written, near, values, leaves_out_none } = absent;
    let effect = match leaves_out_none {
        true => "this part leaves out no row",
        false => "no row satisfies this part",
    };
    let advice = match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("its values are {values}"),
    };
    let value = json!({"columns": [column], "path": path, "value": written, "near": near, "values": values});
    let message = format!("{column} has no value {written}, so that {effect}: {advice}");
    warned("absent_value", value, message)
}
