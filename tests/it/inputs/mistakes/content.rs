//! Typical mistakes of users in cells, rows, roles and conditions, kept as data as in `cases.rs`.

use serde_json::json;

use super::cases::{Mistake, Noticed, ONLY_KIND, RIGHT, m, y_as, y_but};
use super::files::{ROWS, codes_without_labels, followed_by, labelled_codes, plain, slope, table};

/// Mistakes in the content of a file, and in the draft.
pub(super) fn of_content() -> Vec<Mistake> {
    [cells(), dates(), rows(), roles(), samples()].into_iter().flatten().collect()
}

fn cells() -> Vec<Mistake> {
    use Noticed::{Draft, Remark};
    let last = |words: [&'static str; 4]| move |row: u32| (row > 20).then(|| words[row as usize - 21]);
    vec![
        m("NA, N/A, . and -", RIGHT, y_but(last(["NA", "N/A", ".", "-"]))).ends(2.0, 20),
        m("None as a category", "read as missing: the rows without any were lost", table("y,x,dose", |row, x, y| {
            format!("{y},{x},{}", ["None", "Some"][row as usize % 2])
        }))
            .changed(json!({"sample_if": "dose == \"None\""}))
            .at(Remark("none_kept"), &["dose: 12 cells hold None", "dose != \"None\""])
            .ends(slope(|row| row % 2 == 0), 12),
        m("other words for missing", ONLY_KIND, y_but(last(["unknown", "n.a.", "missing", "#VALUE!"])))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "missing: ", "\"unknown\"", "\"#VALUE!\""])
            .repaired(&[0], 2.0, 20),
        m("-999 for missing", "used as a number without a remark: -34.67 instead of 2", y_but(|row| (row > 20).then_some("-999")))
            .at(Remark("missing_code"), &["-999 in y", "4 cells", "row 22", "12.5 to 50.5"])
            .repaired(&[0], 2.0, 20),
        m("codes labelled as no answer", "used as numbers without a remark", labelled_codes())
            .named("data.dta")
            .at(Remark("missing_code"), &["98 \"Don’t know\" (1 cell, first in row 21 of the data)",
                "99 \"Refused (spontaneous)\" (3 cells"])
            .repaired(&[0], 2.0, 20),
        m("-999 of a Stata file", "used as a number without a remark", codes_without_labels())
            .named("data.dta")
            .at(Remark("missing_code"), &["-999 in y", "4 cells", "row 21 of the data", "12.5 to 50.5"])
            .repaired(&[0], 2.0, 20),
        m("mixed types", ONLY_KIND, y_but(|row| (row == 7).then_some("about 24")))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "missing: \"about 24\""])
            .repaired(&[0], slope(|row| row != 7), 23),
        m("the letter O for a zero", ONLY_KIND, y_but(|row| (row == 7).then_some("2O.5")))
            .at(Remark("numbers_as_text"), &["y holds numbers", "no number: \"2O.5\" in row 8"])
            .repaired(&[0], slope(|row| row != 7), 23),
        m("a text as the outcome", ONLY_KIND, y_as(|y| if y > 30.0 { "high" } else { "low" }.to_owned()))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["outcome_var: `y` is text", "needed is continuous"]),
        m(
            "a third value in a 0/1 outcome",
            "400 TEMPLATE_NOT_APPLICABLE: `y` is ordered; no cell, no repair",
            table("y,x", |row, _, _| match row {
                5 => "9,1".to_owned(),
                row => format!("{},{}", u32::from(row % 3 == 0), row % 2),
            }),
        )
        .draft(json!({"template_id": "limited.logit_margins", "outcome_var": "y", "roles": {"regressors": ["x"]}}))
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is ordered, needed is binary", "missing: \"9\""])
        // of the odd rows 4 of 11 have a one, of the even ones 4 of 12: the logarithm of the ratio of odds
        .repaired(&[0], (8.0_f64 / 7.0).ln(), 23),
    ]
}

fn dates() -> Vec<Mistake> {
    use Noticed::{Draft, Remark};
    let until_20 = json!({"sample_if": "when <= date(\"2024-01-20\")"});
    let no_name = "400 EXPRESSION_INVALID: a text is compared with a date; no column, no repair";
    let when = |text: fn(u32) -> String| table("y,x,when", move |row, x, y| format!("{y},{x},{}", text(row)));
    vec![
        m("dates year first", RIGHT, when(|row| format!("2024-01-{row:02}")))
            .changed(until_20.clone())
            .ends(2.0, 20),
        m("dates day first", RIGHT, when(|row| format!("{row:02}/01/2024")))
            .changed(until_20.clone())
            .at(Remark("converted_values"), &["day first"])
            .ends(2.0, 20),
        m("dates month first", RIGHT, when(|row| format!("01/{row:02}/2024")))
            .changed(until_20.clone())
            .at(Remark("converted_values"), &["month first"])
            .ends(2.0, 20),
        m(
            "dates in either order",
            no_name,
            when(|row| format!("{:02}/{:02}/2024", row % 12 + 1, row % 11 + 1)),
        )
        .changed(json!({"sample_if": "when < date(\"2024-06-01\")"}))
        .at(
            Draft("EXPRESSION_INVALID"),
            &["`when`, a text,", "convert when: dates, DMY", "convert when: dates, MDY"],
        )
        .repaired(
            &[0],
            slope(|row| row % 11 + 1 < 6),
            (1..=ROWS).filter(|row| row % 11 + 1 < 6).count() as u64,
        ),
        m("years of two digits", no_name, when(|row| format!("{row:02}/01/24")))
            .changed(until_20.clone())
            .at(Draft("EXPRESSION_INVALID"), &["`when`, a text,", "convert when: dates, DMY"])
            .repaired(&[0], 2.0, 20),
        m(
            "days of a spreadsheet",
            "400 EXPRESSION_INVALID: a number is compared with a date; no column, no repair",
            table("y,x,date", |row, x, y| format!("{y},{x},{}", 45_291 + row)),
        )
        .changed(json!({"sample_if": "date <= date(\"2024-01-20\")"}))
        .at(Draft("EXPRESSION_INVALID"), &["`date`, a number,", "days of a spreadsheet"])
        .repaired(&[0], 2.0, 20),
        m("dates of spreadsheets with the month by its name", "text without a remark", {
            when(|row| format!("{row:02}-Jan-24"))
        })
        .changed(until_20.clone())
        .at(Draft("EXPRESSION_INVALID"), &["`when`, a text,", "convert when: dates, DMY"])
        .repaired(&[0], 2.0, 20),
        m(
            "dates in digits",
            "a number without a remark",
            table("y,x,day", |row, x, y| format!("{y},{x},{}", 20_240_100 + row)),
        )
        .changed(json!({"sample_if": "day <= date(\"2024-01-20\")"}))
        .at(Draft("EXPRESSION_INVALID"), &["`day`, a number,", "convert day: dates, written YYYYMMDD"])
        .repaired(&[0], 2.0, 20),
        m(
            "months in digits",
            "a number without a remark, between whose years lie 88 empty months",
            table("y,x,t", |row, x, y| format!("{y},{x},{}", 202_300 + row + if row > 12 { 88 } else { 0 })),
        )
        .draft(json!({"template_id": "ts.newey", "outcome_var": "y",
            "roles": {"regressors": ["x"], "time_var": ["t"]}}))
        .at(
            Noticed::Remark("dates_as_numbers"),
            &["t holds whole numbers (202301 to 202412) that are all months"],
        )
        .repaired(&[0], 2.0, 24),
        m(
            "dates in digits above a total",
            "a number without a remark",
            [table("y,x,day", |row, x, y| format!("{y},{x},{}", 20_240_100 + row)), b"840,300,\n".to_vec()]
                .concat(),
        )
        .changed(json!({"sample_if": "day <= date(\"2024-01-20\")"}))
        .at(Draft("EXPRESSION_INVALID"), &["convert day: dates, written YYYYMMDD"]),
        m("two ways to write dates", no_name, {
            table("y,x,when", |row, x, y| match row % 2 {
                0 => format!("{y},{x},2024-01-{row:02}"),
                _ => format!("{y},{x},{row}.1.2024"),
            })
        })
        .changed(until_20)
        .at(Draft("EXPRESSION_INVALID"), &["`when`, a text,", "convert when: dates, YMD or DMY"])
        .repaired(&[0], 2.0, 20),
        m("dates day first and month first", "kept as text without a remark", {
            when(|row| {
                if row % 2 == 0 {
                    format!("{}/02/2023", row + 1)
                } else {
                    format!("02/{}/2023", row / 2 + 14)
                }
            })
        })
        .at(
            Remark("mixed_date_orders"),
            &[
                "when holds dates in more than one order",
                "does not; it is kept as text",
                "such as 2024-01-31",
            ],
        )
        .ends(2.0, 24),
    ]
}

fn rows() -> Vec<Mistake> {
    use Noticed::{Draft, Preview, Remark, Upload};
    let panel = json!({"template_id": "panel.fe", "outcome_var": "y",
        "roles": {"regressors": ["x"], "entity_var": ["id"], "time_var": ["t"]}});
    vec![
        m("totals in the last row", "used as an observation without a remark: 2.79 instead of 2", {
            let mut bytes = table("region,y,x", |row, x, y| format!("R{row},{y},{x}"));
            bytes.extend_from_slice(b"Total,840,300\n");
            bytes
        })
        .at(Remark("total_row"), &["row 26", "\"Total\" in region"])
        .repaired(&[0], 2.0, 24),
        m("totals without a word", "used as an observation without a remark", {
            let mut bytes = table("region,y,x", |row, x, y| format!("R{row},{y},{x}"));
            bytes.extend_from_slice(b",840,300\n");
            bytes
        })
        .at(Remark("total_row"), &["row 26 holds no text", "in y, x the sums of the rows above it"])
        .repaired(&[0], 2.0, 24),
        m("means without a word", "used as an observation without a remark", followed_by("35,12.5\n"))
            .at(Remark("total_row"), &["row 26 holds no text", "in y, x the means of the rows above it"])
            .repaired(&[0], 2.0, 24),
        m("totals in a column of numbers", ONLY_KIND, followed_by("Total,300\n"))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "leave out row 25 of the data"])
            .repaired(&[0, 1], 2.0, 24),
        m("a note below the table", ONLY_KIND, followed_by("Source: national statistics,\n"))
            .at(Remark("note_row"), &["row 26", "Source: national statistics"])
            .repaired(&[0, 1], 2.0, 24),
        m("a field too many", "400 INPUT_PARSE_FAILED without advice", followed_by("1,2,3\n"))
            .at(Upload("INPUT_PARSE_FAILED"), &["row 26", "3 fields", "in quotes"]),
        m("a field too few", "400 INPUT_PARSE_FAILED without advice", followed_by("1\n"))
            .at(Upload("INPUT_PARSE_FAILED"), &["row 26", "1 fields", "empty fields"]),
        m("an open quote", "400 INPUT_PARSE_FAILED", followed_by("\"1,2\n"))
            .at(Upload("INPUT_PARSE_FAILED"), &["row 26", "not closed"]),
        m("too few rows", "400 TEMPLATE_NOT_APPLICABLE", b"y,x\n1,2\n2,3\n4,4\n5,9\n".to_vec())
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["the data have 4 rows, at least 10 are needed"]),
        m("a unit twice in a period", "the run failed: dup_key", {
            table("id,t,y,x", |row, x, y| {
                format!("{},{},{y},{x}", (row.min(23) - 1) / 4, (row.min(23) - 1) % 4)
            })
        })
        .draft(panel.clone())
        .at(
            Preview("dup_key"),
            &["1 row repeats the id and t of an earlier row: rows 24 and 25", "one row in each period"],
        ),
        m("a regressor that does not change within units", "the run failed: no_within", {
            table("id,t,y,x", |row, _, y| {
                format!("{},{},{y},{}", (row - 1) / 4, (row - 1) % 4, (row - 1) / 4)
            })
        })
        .draft(panel)
        .at(Preview("no_within"), &["x does not change within any id", "another variable"]),
    ]
}

fn roles() -> Vec<Mistake> {
    use Noticed::{Draft, Freeze, Nothing, Preview, Run};
    let with_k = |k: fn(f64) -> f64| table("y,x,k", move |_, x, y| format!("{y},{x},{}", k(x)));
    let weighted = |w: fn(u32) -> i32| table("y,x,w", move |row, x, y| format!("{y},{x},{}", w(row)));
    let both = json!({"roles": {"regressors": ["x", "k"]}});
    let weights = json!({"roles": {"regressors": ["x"], "weight_var": ["w"]}});
    let iv = |z: &str| {
        json!({"template_id": "iv.tsls", "outcome_var": "y",
        "roles": {"endogenous_vars": ["x"], "instrument_vars": [z]}})
    };
    vec![
        m("a constant regressor", "400 TEMPLATE_NOT_APPLICABLE", with_k(|_| 5.0))
            .changed(both.clone())
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["regressors: `k` has 1 distinct value, at least 2"]),
        m("collinear regressors", "the run failed: collinear", with_k(|x| 2.0 * x))
            .changed(both)
            .at(Preview("collinear"), &["k is 2 × x", "remove one variable"]),
        m("an identifier as a regressor", "the run failed: missing_std_error", {
            table("id,y,x", |row, x, y| format!("A{row},{y},{x}"))
        })
        .changed(json!({"roles": {"regressors": ["x", "id"]}}))
        .at(Freeze("INPUT_VALIDATION_FAILED"), &["24 terms", "at most 24 rows", "`id` alone has 24 levels"]),
        m("more regressors than rows", "succeeded with coefficients that mean nothing and two warnings", {
            let names: Vec<String> = (1..=30).map(|i| format!("v{i}")).collect();
            table(&format!("y,x,{}", names.join(",")), |row, x, y| {
                format!("{y},{x}{}", (1..=30).map(|i| format!(",{}", (row * i * i) % 31)).collect::<String>())
            })
        })
        .changed(json!({"roles": {"regressors": (1..=30).map(|i| format!("v{i}")).collect::<Vec<_>>()}}))
        .at(Freeze("INPUT_VALIDATION_FAILED"), &["30 terms", "at most 24 rows"]),
        m("many unfit regressors", "a message that listed all of them", {
            let names: Vec<String> = (1..=60).map(|i| format!("v{i}")).collect();
            table(&format!("y,x,{}", names.join(",")), |_, x, y| format!("{y},{x}{}", ",1".repeat(60)))
        })
        .changed(json!({"roles": {"regressors": (1..=60).map(|i| format!("v{i}")).collect::<Vec<_>>()}}))
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`v5` has 1 distinct", "and 55 more"]),
        m("the outcome as a regressor", "400 INPUT_VALIDATION_FAILED", plain())
            .changed(json!({"roles": {"regressors": ["x", "y"]}}))
            .at(Freeze("INPUT_VALIDATION_FAILED"), &["`y` is in regressors and in outcome"]),
        m("the regressor as its own instrument", "400 INPUT_VALIDATION_FAILED", plain())
            .draft(iv("x"))
            .at(Freeze("INPUT_VALIDATION_FAILED"), &["`x` is in endogenous and in instruments"]),
        m("an instrument that equals the regressor", "the run failed: underidentified", {
            table("y,x,z", |_, x, y| format!("{y},{x},{x}"))
        })
        .draft(iv("z"))
        .at(Run("underidentified"), &[]),
        m(
            "a negative weight",
            "the run failed: nonpos_weights",
            weighted(|row| if row == 3 { -1 } else { 1 }),
        )
        .changed(weights.clone())
        .at(Preview("nonpos_weights"), &["1 weight is negative in w: row 4", "w >= 0"]),
        m(
            "a condition for negative weights",
            "the run failed: nonpos_weights",
            weighted(|row| if row > 4 { 1 } else { -1 }),
        )
        .changed(json!({"roles": {"regressors": ["x"], "weight_var": ["w"]}, "sample_if": "w >= 0"}))
        .at(Nothing, &[])
        .ends(2.0, 20),
        m("weights of zero", RIGHT, weighted(|row| i32::from(row > 4)))
            .changed(weights)
            .at(Nothing, &[])
            .ends(2.0, 20),
        m("wide data for a panel", "400 CONTRACT_COLUMN_NOT_FOUND without advice", {
            table("firm,sales_2019,sales_2020", |row, x, y| format!("F{row},{y},{}", y + x))
        })
        .draft(json!({"template_id": "panel.fe", "outcome_var": "sales",
            "roles": {"regressors": ["x"], "entity_var": ["firm"], "time_var": ["year"]}}))
        .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["no column sales", "sales_2019", "long form"]),
        m("a group of one", "succeeded with the warning small_group", {
            table("y,x,g", |row, x, y| format!("{y},{x},{}", if row == 1 { "a" } else { "b" }))
        })
        .draft(json!({"template_id": "test.ttest_two", "outcome_var": "y", "roles": {"group_var": ["g"]}})),
    ]
}

fn samples() -> Vec<Mistake> {
    use Noticed::{Draft, Preview};
    vec![
        m("all missing after the condition", "the run failed: no_obs", {
            table("y,x,g", |row, x, y| if row % 2 == 0 { format!(",{x},1") } else { format!("{y},{x},2") })
        })
        .changed(json!({"sample_if": "g == 1"}))
        .at(Preview("min_observations"), &["12 of 24 rows satisfy g == 1", "lacks a value"]),
        m("no row after the condition", "the run failed: no_obs", plain())
            .changed(json!({"sample_if": "x > 100"}))
            .at(Preview("min_observations"), &["none of 24 rows satisfies x > 100"]),
        m("a condition without a column of the data", "400 EXPRESSION_INVALID", plain())
            .changed(json!({"sample_if": "X2 > 1"}))
            .at(Draft("EXPRESSION_INVALID"), &["there is no column `X2`", "expected x or y"]),
        m("a single = in a condition", "400 EXPRESSION_INVALID", plain())
            .changed(json!({"sample_if": "x = 1"}))
            .at(Draft("EXPRESSION_INVALID"), &["'='", "expected =="]),
        m(
            "a number in quotes in a condition",
            "400 EXPRESSION_INVALID: a number is compared with a text",
            plain(),
        )
        .changed(json!({"sample_if": "x == \"1\""}))
        .at(Draft("EXPRESSION_INVALID"), &["`x`, a number,", "a number has no quotes", "expected 1"]),
    ]
}
