//! Which of two panel models a reader is to read: the Hausman test of random against fixed effects.

use super::evidence::p_words;
use super::sentences::{Finding, plain, said, table_of};
use super::style::Style;
use super::table::Table;

/// What the note of a form of the test says where it cannot be used.
const NOT_DEFINITE: &str = "is not positive definite";

/// Reads the Hausman test: its sentences, and the model that it favours, whose estimates follow. Without a usable form of the
/// test these are the fixed effects, which do not rest on its null hypothesis.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> (Vec<Finding>, Option<&'static str>) {
    let Some(table) = table_of(tables, "table_hausman.csv") else { return (Vec::new(), None) };
    let mut said_so = Vec::new();
    for row in 0..table.rows.len() {
        let p = table.cell(row, "p_value").number();
        // the note of a form whose statistic is no chi-squared says so; a negative one has no p-value
        let usable = !table.cell(row, "note").text().contains(NOT_DEFINITE);
        let Some(p) = p.filter(|_| usable) else {
            said_so.push(table.says(plain(style, "hausman_not_definite", &[])));
            continue;
        };
        let rejects = p < style.alpha();
        let is_plain = table.cell(row, "test").text() == "hausman";
        let form = if is_plain { String::new() } else { plain(style, "hausman_form", &[]) };
        let values = [("form", form.as_str()), ("evidence", &p_words(p, style))];
        said_so.push(table.says(said(style, "hausman", rejects, &values)));
        return (said_so, Some(if rejects { "fixed" } else { "random" }));
    }
    said_so.dedup();
    said_so.push(table.says(plain(style, "hausman_none", &[])));
    (said_so, Some("fixed"))
}
