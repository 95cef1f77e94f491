//! Which column of a table of two categories has the rows: the groups whose shares are compared.

use super::Suggestion;
use super::columns::Named;
use super::decisions::{ASSOCIATION, decided};
use super::mentions::Mention;
use super::phrases::method;
use super::rewritten::rename_roles;

/// Words before the groups of a table.
const SORTING: [&str; 7] = [" by", " per", " each", " across", " every", "各", "按"];

/// Gives the rows to the column that the question names by two of its groups, "what share of men and women smoke", or by
/// which it sorts, where the draft has it in the columns.
pub(super) fn groups_in_rows(
    question: &str,
    mentions: &[Mention],
    named: &[Named<'_>],
    mut suggestion: Suggestion,
) -> Suggestion {
    let tables = [decided(ASSOCIATION, "*", "*", "rows"), method("table of a survey")];
    let id = suggestion.template_id.as_ref().map(|id| id.as_str());
    let is_table = tables.iter().flatten().any(|table| id == Some(table));
    let roles = &mut suggestion.statement.roles;
    let (Some(row), Some(column)) = (roles.get("row_var"), roles.get("col_var")) else { return suggestion };
    let of = |names: &[String]| -> Vec<&Mention> {
        let is_named = |c: &usize| names.iter().any(|name| name == named[*c].name());
        mentions.iter().filter(|m| m.columns.iter().all(is_named)).collect()
    };
    let columns = of(column);
    let sorts = columns.iter().any(|m| {
        let before = question[..m.start].trim_end().to_lowercase();
        SORTING.iter().any(|word| before.ends_with(word))
    });
    if !is_table || !(sorts || columns.len() >= 2 && of(row).len() < 2) {
        return suggestion;
    }
    let (row, column) = (row.clone(), column.clone());
    roles.insert("row_var".to_owned(), column);
    roles.insert("col_var".to_owned(), row);
    rename_roles(&mut suggestion.choices, &[("row_var", "col_var"), ("col_var", "row_var")]);
    suggestion
}
