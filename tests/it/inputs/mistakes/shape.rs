//! Tables and cells of another shape than an analysis takes, and choices that a run accepts although they are hardly
//! meant; kept as data as in `cases.rs`.

use serde_json::{Value, json};

use super::cases::{Mistake, Noticed, m};
use super::files::{ROWS, plain, slope, table, xy};
use crate::support::app::TestApp;

/// Mistakes in the shape of tables and cells, and in choices.
pub(super) fn of_shape() -> Vec<Mistake> {
    [tables(), cells(), choices()].into_iter().flatten().collect()
}

/// The table with its rows as columns.
fn on_its_side() -> Vec<u8> {
    let line = |name: &str, value: &dyn Fn(u32) -> f64| {
        let values: Vec<String> = (1..=ROWS).map(|row| value(row).to_string()).collect();
        format!("{name},{}\n", values.join(","))
    };
    [line("y", &|row| xy(row).1), line("x", &|row| xy(row).0), line("k", &|row| f64::from(row % 3))]
        .concat()
        .into_bytes()
}

fn units_below_the_header() -> Vec<u8> {
    table("y,x\n(USD),(years)", |_, x, y| format!("{y},{x}"))
}

/// Men and women by class and survival, with their numbers.
fn counted() -> Vec<u8> {
    let mut lines = "sex,class,survived,Freq\n".to_owned();
    for (row, sex) in ["male", "female"].into_iter().enumerate() {
        for class in ["1st", "2nd", "3rd"] {
            for survived in ["no", "yes"] {
                lines += &format!("{sex},{class},{survived},{}\n", 10 * row + lines.len());
            }
        }
    }
    lines.into_bytes()
}

fn tables() -> Vec<Mistake> {
    use Noticed::Remark;
    vec![
        m("a table on its side", "24 remarks on names, none on the table", on_its_side())
            .draft(json!({"draft_text": "How does x change y?"}))
            .at(Remark("transposed"), &["may lie on its side", "12.5, 13.5, 15.5", "transpose the table"]),
        m("a table of counts", "each cell was one observation, without a remark", counted())
            .draft(json!({"draft_text": "Does survival depend on sex?"}))
            .at(
                Remark("counted_rows"),
                &["one for each combination of sex, class, survived", "`expand Freq`", "tidyr::uncount"],
            ),
        m("units below the header", "three remarks for one cause", units_below_the_header())
            .at(Remark("second_header_row"), &["row 2", "\"(USD)\"", "header_row 2"])
            .repaired(&[0, 1, 2], 2.0, 24),
    ]
}

fn cells() -> Vec<Mistake> {
    use Noticed::Remark;
    let with =
        |cell: fn(u32) -> &'static str| table("y,x,g", move |row, x, y| format!("{y},{x},{}", cell(row)));
    let spelt = |row: u32| ["Yes", "no", "YES", "No "][row as usize % 4];
    let silent = "read right, without a remark on the column";
    vec![
        m("one word in several spellings", "four categories without a remark", with(spelt))
            .changed(json!({"sample_if": "g == \"yes\""}))
            .at(
                Remark("spellings_of_text"),
                &["g has levels that differ only in capital letters", "\"no\" in row 2, \"No\" in row 4"],
            )
            .repaired(&[0], slope(|row| row % 2 == 0), 12),
        m("ranges", silent, with(|row| ["0-5", "6-10", "65+"][row as usize % 3]))
            .at(Remark("ranges_as_text"), &["g holds ranges such as \"6-10\" in row 2", "categorical"])
            .ends(2.0, 24),
        m("times of day", silent, with(|row| ["8:30", "12:05", "17:00"][row as usize % 3]))
            .at(Remark("times_as_text"), &["g holds times such as \"12:05\" in row 2", "one unit"])
            .ends(2.0, 24),
        m("identifiers in exponential form", silent, {
            table("y,x,id", |row, x, y| format!("{y},{x},1.23{row:03}E+11"))
        })
        .at(
            Remark("lost_digits"),
            &["id holds 24 whole numbers in exponential form (first in row 2)", "format of a text"],
        )
        .ends(2.0, 24),
    ]
}

fn choices() -> Vec<Mistake> {
    use Noticed::{Draft, Warned};
    let nothing = "nothing in the preview";
    vec![
        m("a regressor named twice", nothing, plain())
            .changed(json!({"roles": {"regressors": ["x", "x"]}}))
            .at(Warned("repeated_column"), &["regressors names x more than once", "used once"])
            .ends(2.0, 24),
        m("the row number as the outcome", nothing, {
            table("no,x", |row, _, _| format!("{row},{}", row * row % 7))
        })
        .changed(json!({"outcome_var": "no"}))
        .at(Warned("outcome_identifier"), &["the outcome no has another whole number in each row (1 to 24)"]),
        m("a coded identifier as the outcome", nothing, {
            table("firm_id,x", |row, _, _| format!("{},{}", 4000 + 37 * row, row * row % 7))
        })
        .changed(json!({"outcome_var": "firm_id"}))
        .at(Warned("outcome_identifier"), &["firm_id", "an identifier has"]),
        m("clusters of one row each", nothing, table("y,x,id", |row, x, y| format!("{y},{x},{row}")))
            .draft(json!({"template_id": "linear.ols_cluster", "outcome_var": "y",
                "roles": {"regressors": ["x"], "cluster_var": ["id"]}}))
            .at(Warned("clusters_of_one"), &["24 clusters of one row each", "belong together"])
            .ends(2.0, 24),
        m("a misspelt template", "400 without a name to choose", plain())
            .changed(json!({"template_id": "linear.ols_robst"}))
            .at(
                Draft("DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID"),
                &["no template linear.ols_robst", "the nearest ids are linear.ols_robust, "],
            ),
        m("a template without its family", "400 without a name to choose", plain())
            .changed(json!({"template_id": "ols_robust"}))
            .at(
                Draft("DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID"),
                &["the nearest ids are linear.ols_robust, "],
            ),
    ]
}

/// The types of the remarks on an uploaded file.
async fn remarks(app: &TestApp, bytes: Vec<u8>) -> Vec<String> {
    let job = app.job("How does x change y?").await;
    let uploaded = app.upload(&job, "data.csv", bytes).await.ok();
    let all = uploaded["warnings"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|remark| remark["type"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cause_has_one_remark() {
    let mut app = TestApp::start().await;
    assert_eq!(remarks(&app, units_below_the_header()).await, ["second_header_row"]);
    assert_eq!(remarks(&app, on_its_side()).await, ["transposed"]);
    // a column for each year is the wide form of a panel
    let years: Vec<String> = (2001..=2012).map(|year| year.to_string()).collect();
    let values = |row: u32| (0..12).map(|at| (row * 7 + at).to_string()).collect::<Vec<_>>().join(",");
    let wide = format!("country,{}\nFR,{}\nDE,{}\nIT,{}\n", years.join(","), values(1), values(5), values(9));
    let kinds = remarks(&app, wide.into_bytes()).await;
    assert!(!kinds.contains(&"transposed".to_owned()), "{kinds:?}");
    // capital letters of different words are no spelling
    let words = table("y,x,g", |row, x, y| format!("{y},{x},{}", ["North", "south"][row as usize % 2]));
    assert_eq!(remarks(&app, words).await, Vec::<String>::new());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_absent_is_answered_with_the_nearest_ones() {
    let mut app = TestApp::start().await;
    let job = app.job("How does x change y?").await;
    app.upload(&job, "data.csv", plain()).await.ok();
    let refused = app.put(&job, "/draft", &json!({"template_id": "panel.fixed"})).await;
    let nearest = refused.body["context"]["candidates"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = nearest.iter().filter_map(Value::as_str).collect();
    assert_eq!((refused.status.as_u16(), ids.len()), (400, 3), "{}", refused.body);
    for id in ids {
        let known = app.put(&job, "/draft", &json!({"template_id": id})).await;
        assert_ne!(known.body["error_code"], "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID", "{id}");
    }
    app.stop().await;
}
