//! What people leave in tables and in the words for their columns; kept as data as in `cases.rs`.

use serde_json::json;

use super::cases::{Mistake, Noticed, m};
use super::files::{plain, table};

/// Rows below a table, signs in one cell of many, names as the file has them, groups and weights that hold little.
pub(super) fn of_tables() -> Vec<Mistake> {
    [rows(), cells(), roles(), words()].into_iter().flatten().collect()
}

fn rows() -> Vec<Mistake> {
    use Noticed::Remark;
    let silent = "used as observations without a remark";
    let below = |lines: &str| {
        let mut bytes = table("region,y,x", |row, x, y| format!("R{row},{y},{x}"));
        bytes.extend_from_slice(lines.as_bytes());
        bytes
    };
    vec![
        m("an average below the table", silent, below("Average,36,12\n"))
            .at(Remark("total_row"), &["row 26 holds \"Average\" in region", "a row of statistics"])
            .repaired(&[0], 2.0, 24),
        m("means and deviations below the table", silent, below("Mean,36,12\nSD,14,7\n"))
            .at(
                Remark("total_row"),
                &["row 26 holds \"Mean\" in region", "2 rows below the table are statistics"],
            )
            .repaired(&[0], 2.0, 24),
        m("statistics in Chinese below the table", silent, below("平均,36,12\n标准差,14,7\n"))
            .at(Remark("total_row"), &["row 26 holds \"平均\" in region"])
            .repaired(&[0], 2.0, 24),
        m("a person called Max", "read right", below("Max,60.5,25\n")).ends(SLOPE_OF_25, 25),
    ]
}

/// Least squares of the table and of one more row, `x` = 25 and `y` = 60.5, which lies `e` = 0.5 above the line: the slope
/// changes by `e (25 - 12.5) (24 / 25) / (S + 12.5² (24 / 25))` with `S` = 1150, the sum of squares of 1 to 24.
const SLOPE_OF_25: f64 = 2.0 + 0.5 * 12.5 * 0.96 / (1150.0 + 12.5 * 12.5 * 0.96);

fn cells() -> Vec<Mistake> {
    use Noticed::{Draft, Remark};
    vec![
        m("dates in two orders, some in either", "a repair that read days as months, and was proposed", {
            table("y,x,when", |row, x, y| {
                let when = if row < 23 { format!("{row:02}/02/2023") } else { format!("02/{row:02}/2023") };
                format!("{y},{x},{when}")
            })
        })
        .at(
            Remark("mixed_date_orders"),
            &["22 of 24 cells fit DMY", "11 cells fit both orders, so that their days are not known"],
        )
        .ends(2.0, 24),
        m("one percentage without its sign", "400: `y` is text; no cell, no advice", {
            table("y,x", |row, x, y| if row == 5 { format!("{y},{x}") } else { format!("{y}%,{x}") })
        })
        .at(
            Draft("TEMPLATE_NOT_APPLICABLE"),
            &[
                "23 percentages (\"12.5%\" in row 2) and 1 number without a percent sign (\"20.5\" in row 6)",
                "write all values of the column in one way",
            ],
        ),
    ]
}

fn roles() -> Vec<Mistake> {
    use Noticed::{Freeze, Preview, Warned};
    vec![
        m("names as the file has them", "400: `y (kg/m²)` is a formula", {
            table("y (kg/m²),x [cm]", |_, x, y| format!("{y},{x}"))
        })
        .changed(json!({"outcome_var": "y (kg/m²)", "roles": {"regressors": ["x [cm]"]}}))
        .at(
            Freeze("CONTRACT_COLUMN_NOT_FOUND"),
            &["\"y (kg/m²)\" is named y_kg_m here, \"x [cm]\" is named x_cm here: use these names"],
        ),
        m("fractions as numbers of equal rows", "the run failed: not_integer", {
            table("y,x,w", |row, x, y| format!("{y},{x},{}", if row % 2 == 0 { "1" } else { "1.5" }))
        })
        .draft(json!({"template_id": "linear.wls", "outcome_var": "y",
            "roles": {"regressors": ["x"], "weight_var": ["w"]}, "parameters": {"weight_kind": "fweight"}}))
        .at(Preview("not_integer"), &["12 weights are no whole number in w: rows 2, 4", "choose aweight"]),
        m("one row in one of several groups", "frozen and run without a check", {
            table("y,g", |row, _, y| {
                let g = if row == 1 { "d" } else { ["a", "b", "c"][row as usize % 3] };
                format!("{y},{g}")
            })
        })
        .draft(json!({"template_id": "test.anova_oneway", "outcome_var": "y", "roles": {"group_var": ["g"]}}))
        .at(Warned("small_group"), &["the group \"d\" of g has 1 row"]),
    ]
}

/// Words and forms of a draft that say what is meant in another way.
fn words() -> Vec<Mistake> {
    use Noticed::{Draft, Freeze};
    let invalid = "INPUT_VALIDATION_FAILED";
    let dated = || table("y,x,when", |row, x, y| format!("{y},{x},2020-01-{row:02}"));
    vec![
        m("a role by the word of a textbook", "400: no role of this name", plain())
            .changed(json!({"roles": {"independent_vars": ["x"]}}))
            .at(Draft(invalid), &["there is no role \"independent_vars\"; did you mean regressors?"]),
        m("a role that nothing is called", "400: no role of this name", plain())
            .changed(json!({"roles": {"zzz": ["x"]}}))
            .at(Draft(invalid), &["the roles are outcome_var, regressors"]),
        m("a role beside the roles", "400 with the names of 19 fields", plain())
            .changed(json!({"regressors": ["x"]}))
            .at(Draft(invalid), &["no field \"regressors\"; a role stands in roles, such as"]),
        m("an option of Stata as a parameter", "400: no parameter of this name", plain())
            .changed(json!({"parameters": {"robust": true}}))
            .at(Draft(invalid), &["no parameter \"robust\"; its parameters are outcome, regressors"]),
        m("a number in quotes", "400: a finite number is needed", plain())
            .changed(json!({"parameters": {"level": "95%"}}))
            .at(Freeze(invalid), &["a finite number is needed: 95 without quotes"]),
        m("two names in one text", "400: the nearest names are x", plain())
            .changed(json!({"roles": {"regressors": ["x, y"]}}))
            .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["`x, y` is a list in one text", "[\"x\", \"y\"]"]),
        m("a method in words", "400: the nearest ids are some of other methods", plain())
            .changed(json!({"template_id": "straight line"}))
            .at(Draft("DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID"), &["leave template_id out"]),
        m("an assignment as an expression", "400: == was expected", plain())
            .changed(json!({"derived_variables": [{"name": "lx", "expression": "lx = ln(x)"}]}))
            .at(Draft("EXPRESSION_INVALID"), &["the name of a new variable stands in `name`"]),
        m("a date as a text in a condition", "400: date(\"YYYY-MM-DD\") was expected", dated())
            .changed(json!({"sample_if": "when >= \"2020-01-05\""}))
            .at(Draft("EXPRESSION_INVALID"), &["expected date(\"2020-01-05\")"]),
        m("a year beside dates", "400: date(\"YYYY-MM-DD\") was expected", dated())
            .changed(json!({"sample_if": "when >= 2020"}))
            .at(Draft("EXPRESSION_INVALID"), &["expected date(\"2020-01-01\")"]),
    ]
}
