//! Files as people have them, from the upload to the plan: rows that were entered twice, row checks behind data steps, months with two
//! digits, units that never start, and groups of words with an order. Each went wrong before.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

async fn uploaded(app: &TestApp, question: &str, file: &str, text: String) -> (Job, Value) {
    let job = app.job(question).await;
    let uploaded = app.upload(&job, file, text).await.ok();
    (job, uploaded)
}

/// Eight firms over six years; the last lines repeat rows.
fn firms(more: &[&str]) -> String {
    let mut lines = "firm,year,profit,debt\n".to_owned();
    for row in 0..48_u32 {
        let (firm, year, debt) = (row / 6 + 1, 2015 + row % 6, (row * 7) % 11);
        let profit = 2 * debt + firm + (row * 5) % 3;
        lines += &format!("{firm},{year},{profit},{debt}\n");
    }
    let own: Vec<String> = lines.lines().map(str::to_owned).collect();
    for line in more {
        let copied = line.parse::<usize>().map_or_else(|_| (*line).to_owned(), |row| own[row].clone());
        lines += &format!("{copied}\n");
    }
    lines
}

fn panel() -> Value {
    json!({"template_id": "panel.fe", "outcome_var": "profit",
           "roles": {"regressors": ["debt"], "entity_var": ["firm"], "time_var": ["year"]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_entered_twice_are_left_out_by_a_step_that_a_person_submits() {
    let mut app = TestApp::start().await;
    let (job, uploaded) = uploaded(&app, "Does debt raise profit?", "firms.csv", firms(&["3", "20"])).await;
    let remark =
        uploaded["warnings"].as_array().expect("a list").iter().find(|w| w["type"] == "duplicated_rows");
    let step = json!({"kind": "drop_rows", "dataset_key": "main", "keys": [], "merge_type": null, "keep": null,
                      "rows": [49, 50]});
    let offered = &remark.expect("the upload remarks on them")["repairs"][0];
    assert_eq!((&offered["kind"], &offered["rows"]), (&step["kind"], &step["rows"]), "{uploaded}");
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(suggested["draft"]["data_steps"], Value::Null, "equal rows may be other observations");
    let mut draft = panel();
    app.put(&job, "/draft", &draft).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    let message = refused["message"].as_str().unwrap_or_default();
    for part in [
        "2 rows equal an earlier row of the same firm and year in every column",
        "rows 4 and 50",
        "drop_rows",
    ] {
        assert!(message.contains(part), "{refused}");
    }
    draft["data_steps"] = refused["context"]["repairs"].clone();
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    let runs = app.get(&job, "/runs").await.ok();
    let flow = runs["runs"][0]["sample_flow"].as_array().cloned().unwrap_or_default();
    assert_eq!(flow.last().map(|step| &step["rows"]), Some(&json!(48)), "{runs}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_one_period_that_differ_are_named_next_to_equal_ones() {
    let mut app = TestApp::start().await;
    let (job, _) = uploaded(&app, "q", "firms.csv", firms(&["3", "2,2016,99,4"])).await;
    app.put(&job, "/draft", &panel()).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(message.contains("1 row equals an earlier row"), "{refused}");
    assert!(
        message.contains("1 row repeats the firm and year of an earlier row: rows 9 and 51"),
        "{refused}"
    );
    app.stop().await;
}

/// A data step was enough to leave all row checks to the run.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_checked_after_data_steps_and_named_as_the_file_has_them() {
    let mut app = TestApp::start().await;
    // the first row of the data names the units of measurement, and all numbers have a decimal comma
    let text = firms(&["2,2016,99,4"]).replace(",year,profit,debt\n", ",year,profit,debt\n,,EUR,EUR\n");
    let (job, uploaded) = uploaded(&app, "q", "firms.csv", text).await;
    let steps: Vec<Value> = uploaded["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|w| w["type"] == "second_header_row")
        .flat_map(|w| w["repairs"].as_array().cloned().unwrap_or_default())
        .collect();
    assert_eq!(steps.first().map(|step| &step["rows"]), Some(&json!([1])), "{uploaded}");
    let mut draft = panel();
    draft["data_steps"] = json!(steps);
    app.put(&job, "/draft", &draft).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("1 row repeats the firm and year of an earlier row: rows 10 and 51"),
        "{refused}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn months_with_two_digits_that_follow_each_other_are_the_time_of_a_series() {
    let mut app = TestApp::start().await;
    let mut text = "month,sales,ads\n".to_owned();
    for m in 0..48_u32 {
        let ads = 20 + (m * 7) % 11;
        text += &format!("{}/{:02},{},{ads}\n", m % 12 + 1, 8 + m / 12, 100 + 3 * ads + (m * 5) % 7);
    }
    let (job, _) = uploaded(&app, "Do ads raise sales?", "shop.csv", text).await;
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(suggested["draft"]["template_id"], "ts.newey", "{suggested}");
    assert_eq!(suggested["draft"]["data_steps"][0]["to"], "month_my", "{suggested}");
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    app.stop().await;
}

/// A quarter of the cells is more than a repair may make missing, but for a word that says why there is no number.
#[tokio::test(flavor = "multi_thread")]
async fn units_that_never_start_have_no_start() {
    let mut app = TestApp::start().await;
    let mut text = "region,year,start,pm\n".to_owned();
    for row in 0..120_u32 {
        let (region, year) = (row / 10, 2010 + row % 10);
        let start = ["2013", "2015", "never"][region as usize % 3];
        text += &format!("R{region},{year},{start},{}\n", 60 + region + (row * 7) % 5);
    }
    let question =
        "Did the charge reduce pm? Regions started in different years; compare with not-yet-treated regions";
    let (job, _) = uploaded(&app, question, "regions.csv", text).await;
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let draft = &suggested["draft"];
    assert_eq!(draft["template_id"], "did.callaway", "{suggested}");
    assert_eq!(draft["roles"]["adopt_time_var"], json!(["start"]), "{suggested}");
    assert_eq!(draft["data_steps"][0]["missing"], json!(["never"]), "{suggested}");
    assert_eq!(draft["parameters"]["comparison"], "notyet", "{suggested}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_words_stand_in_the_order_of_their_scale() {
    let mut app = TestApp::start().await;
    let mut text = "dose,score\n".to_owned();
    for row in 0..60_usize {
        text += &format!("{},{}\n", ["high", "low", "medium"][row % 3], 10 + (row * 7) % 13);
    }
    let (job, _) = uploaded(&app, "q", "trial.csv", text).await;
    let draft =
        json!({"template_id": "desc.by_group", "roles": {"item_vars": ["score"], "group_var": ["dose"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    let runs = app.get(&job, "/runs").await.ok();
    let run = runs["runs"][0]["run_id"].as_str().expect("an id").to_owned();
    let table = app.artifact(&job, &format!("artifacts/runs/{run}/table_by_group.csv")).await;
    let table = String::from_utf8(table).expect("text");
    let groups: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(groups, ["all", "low", "medium", "high"], "{table}");
    app.stop().await;
}

/// The duration could not be read, so that the only other measure became the outcome of a t test.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_in_the_duration_is_asked_for_before_another_measure_is_taken() {
    let mut app = TestApp::start().await;
    for (head, with_event) in [("arm,months,death,age\n", true), ("arm,months,age\n", false)] {
        let mut text = head.to_owned();
        for row in 0..80_u32 {
            let (months, age) = ((row * 37) % 90, 40 + (row * 11) % 35);
            let cell = if months > 60 { ">60".to_owned() } else { format!("{months}.5") };
            let event = if with_event { format!(",{}", u8::from(months <= 60)) } else { String::new() };
            text += &format!("{},{cell}{event},{age}\n", ["new", "standard"][row as usize % 2]);
        }
        let (job, _) =
            uploaded(&app, "Do patients on the new treatment live longer?", "trial.csv", text).await;
        let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
        // without an event nothing but the age is left, and it is asked for
        if with_event {
            assert_eq!(suggested["draft"]["template_id"], "survival.cox", "{suggested}");
        }
        let asks = |q: &Value| q["blocking"] == true;
        assert!(suggested["open_questions"].as_array().expect("a list").iter().any(asks), "{suggested}");
    }
    app.stop().await;
}
