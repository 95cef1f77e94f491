//! Habits of other programs, and what tables keep when they are put together from several files.

use serde_json::json;

use super::cases::{Mistake, Noticed, m};
use super::files::{plain, table};

/// Mistakes in files that were put together, and in the words of drafts.
pub(super) fn of_habits() -> Vec<Mistake> {
    [files(), expressions(), names()].into_iter().flatten().collect()
}

fn files() -> Vec<Mistake> {
    use Noticed::{Remark, Warned};
    let nameless = table("y,x,g", |row, x, y| format!("{y},{x},{}", if row % 2 == 0 { "a" } else { "b" }));
    let year = |row: u32| 2000 + (row - 1) / 4;
    vec![
        m("no header beside texts", "the first row became names without a remark", nameless[6..].to_vec())
            .at(Remark("header_is_data"), &["row 1", "holds the number 12.5", "header_row"]),
        m("the header once more between the rows", "every column became text, the row stayed", {
            table("y,x", |row, x, y| match row {
                13 => format!("y,x\n{y},{x}"),
                _ => format!("{y},{x}"),
            })
        })
        .at(Remark("second_header_row"), &["row 14 holds the names of the columns once more", "\"y\", \"x\""])
        .repaired(&[0, 1, 2], 2.0, 24),
        m("a few words between dates", "kept as text without a remark", {
            table("y,x,when", |row, x, y| match row {
                23 => format!("{y},{x},unknown"),
                24 => format!("{y},{x},2024-02-31"),
                _ => format!("{y},{x},2024-01-{row:02}"),
            })
        })
        .changed(json!({"sample_if": "when <= date(\"2024-01-20\")"}))
        .at(
            Remark("dates_as_text"),
            &["when holds dates in the order YMD; no date: \"unknown\" in row 24, \"2024-02-31\" in row 25"],
        )
        .repaired(&[0], 2.0, 20),
        // d sums to zero over each level, so that the slope stays
        m("one category in two spellings", "a model with a category for each, without a check", {
            table("y,x,g", |row, x, y| {
                let g = match row % 8 {
                    1 | 2 | 5 | 6 => "South",
                    3 => "North",
                    _ => "north",
                };
                format!("{y},{x},{g}")
            })
        })
        .changed(json!({"roles": {"regressors": ["x"], "controls": ["g"]}}))
        .at(Warned("spellings_of_text"), &["g has levels", "\"North\" in row 4", "\"north\" in row 5"])
        .repaired(&[0], 2.0, 24),
        m("unit and time the wrong way round", "frozen and run without a check", {
            table("year,id,y,x", |row, x, y| format!("{},{},{y},{x}", year(row), (row - 1) % 4 + 1))
        })
        .draft(json!({"template_id": "panel.fe", "outcome_var": "y",
            "roles": {"regressors": ["x"], "entity_var": ["year"], "time_var": ["id"]}}))
        .at(Warned("swapped_panel"), &["the unit year holds years", "exchange entity_var and time_var"]),
    ]
}

fn expressions() -> Vec<Mistake> {
    let refused = "400 EXPRESSION_INVALID without advice";
    let written = [
        ("the logarithm of Stata and R", "log(x)", "the natural logarithm is written ln(column)"),
        ("a power of Python", "x**2", "`**` is written ^"),
        ("a power of a spreadsheet", "power(x, 2)", "a power is written column ^ 2"),
        ("a choice of a spreadsheet", "IF(x>3,1,0)", "the comparison alone, such as age > 30"),
        ("a choice of R", "ifelse(x > 3, 1, 0)", "the comparison alone, such as age > 30"),
        ("a mean of a group", "mean(x)", "group_mean(column, key)"),
    ];
    let one = |(name, text, advice): (&'static str, &str, &'static str)| {
        m(name, refused, plain())
            .changed(json!({"derived_variables": [{"name": "k", "expression": text}]}))
            .at(Noticed::Draft("EXPRESSION_INVALID"), &["derived_variables.0.expression", advice])
    };
    written.into_iter().map(one).collect()
}

fn names() -> Vec<Mistake> {
    use Noticed::{Draft, Freeze};
    let no_template = "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID";
    let template = |name, id: &str, nearest: &'static str| {
        m(name, "400: the nearest ids were others", plain())
            .changed(json!({"template_id": id}))
            .at(Draft(no_template), &[nearest])
    };
    vec![
        m("two names, one in other letters", "400: the nearest names are y", plain())
            .changed(json!({"outcome_var": "yy", "roles": {"regressors": ["X"]}}))
            .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["no column yy, X; the nearest names are y, x"]),
        template(
            "the first word of a template",
            "linear.ols",
            "the nearest ids are linear.ols_robust, linear.ols_cluster",
        ),
        template("the method alone", "logit", "the nearest ids are limited.logit_margins"),
        m("a level as a share", "400: at least 50", plain())
            .changed(json!({"parameters": {"level": 0.95}}))
            .at(
                Freeze("INPUT_VALIDATION_FAILED"),
                &["0.95 is outside the limits: at least 50: 95, if per cent are meant"],
            ),
    ]
}
