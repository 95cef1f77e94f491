//! The results in a capsule's `README.md`: sentences, estimates, and the numbers behind the levels of categories.

use std::fmt::Write;

use super::super::metadata::Description;
use super::inline;
use crate::domain::plan::Plan;
use crate::domain::run::Run;

/// Most estimates that the text repeats; the tables have all.
const MOST: usize = 40;

/// Writes the part.
pub(super) fn write(description: &Description<'_>) -> String {
    let facts = &description.facts;
    let mut out = String::from("\n## Results\n\n");
    for sentence in facts.said {
        let _ = writeln!(out, "- {}", inline(sentence));
    }
    out.push_str(&estimates(facts.run));
    out.push_str(&levels(facts.plan, facts.run));
    out
}

fn estimates(run: &Run) -> String {
    let rows = &run.results;
    if rows.is_empty() {
        return "\nThe numbers are in the tables.\n".to_owned();
    }
    let number = |x: Option<f64>| x.map(|x| format!("{x:.6}")).unwrap_or_default();
    let several = rows.iter().any(|row| row.model.is_some());
    let (head, line) = if several { ("model | ", "---|") } else { ("", "") };
    let mut out = format!(
        "\n| {head}term | estimate | std. error | p | low | high |\n|{line}---|---|---|---|---|---|\n"
    );
    for row in rows.iter().take(MOST) {
        let model = if several {
            format!("{} | ", inline(row.model.as_deref().unwrap_or_default()))
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "| {model}{} | {} | {} | {} | {} | {} |",
            inline(row.label.as_deref().unwrap_or(&row.term)),
            number(row.estimate),
            number(row.std_error),
            number(row.p_value),
            number(row.ci_low),
            number(row.ci_high)
        );
    }
    if rows.len() > MOST {
        let _ = writeln!(out, "\n{} more are in the tables.", rows.len() - MOST);
    }
    out
}

/// The numbers in the terms of the tables, such as `2.ss_c_region`, with their words.
fn levels(plan: &Plan, run: &Run) -> String {
    if run.levels.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "\nNumbers of levels in the terms of the tables (`2.x` is level 2 of `x`):\n\n| variable | column | level | words |\n|---|---|---|---|\n",
    );
    for level in &run.levels {
        let mark =
            plan.categorical_vars.iter().find(|m| m.companion.as_deref() == Some(level.column.as_str()));
        let column = mark.map_or(level.column.as_str(), |mark| mark.column.as_str());
        let base = if level.base { " (base)" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {}{base} |",
            level.column,
            inline(column),
            level.number,
            inline(&level.label)
        );
    }
    out
}
