//! Drafts by rules of data that need a repair: a column that words keep from being one of numbers is taken for what it
//! is once a data step has repaired it, and the step is proposed with the draft.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const QUESTION: &str = "What is the effect of dose on pressure, controlling for age?";

/// Forty patients; `pressure` is 150 − 2 dose + d with decimal commas, where d sums to zero over each dose, and two cells
/// say that there is no value.
fn patients(word: &str) -> String {
    let mut lines = "patient;dose;age;pressure\n".to_owned();
    for row in 0..40_i32 {
        let (dose, age) = (row % 5, 40 + row * 7 % 23);
        let tenths = 1500 - 20 * dose + [3, -3][(row / 5 % 2) as usize];
        let pressure = format!("{},{}", tenths / 10, tenths % 10);
        let pressure = if row == 7 || row == 23 { word.to_owned() } else { pressure };
        lines += &format!("P{row};{dose};{age};{pressure}\n");
    }
    lines
}

async fn uploaded(app: &TestApp, word: &str) -> (Job, Value) {
    let job = app.job(QUESTION).await;
    let uploaded = app.upload(&job, "patients.csv", patients(word)).await.ok();
    (job, uploaded)
}

fn kinds(steps: &Value) -> Vec<&str> {
    steps.as_array().into_iter().flatten().filter_map(|step| step["kind"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_repairs_the_column_that_the_question_names() {
    let mut app = TestApp::start().await;
    let (job, _) = uploaded(&app, "k. A.").await;
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let draft = &suggested["draft"];
    assert_eq!(draft["roles"]["outcome_var"], json!(["pressure"]), "{suggested}");
    assert_eq!(draft["roles"]["controls"], json!(["age"]), "{suggested}");
    assert_eq!(kinds(&draft["data_steps"]), ["convert"], "{suggested}");
    assert_eq!(draft["data_steps"][0]["missing"], json!(["k. A."]));
    let choices = suggested["choices"].as_array().expect("a list");
    let repair = choices.iter().find(|choice| choice["field"] == "data_steps").expect("it is explained");
    assert_eq!(repair["columns"], json!(["pressure"]));
    for (language, words) in [("en", "missing: \"k. A.\""), ("zh", "小数点为 \",\"，视为缺失：\"k. A.\"")]
    {
        let reason = repair["reason"][language].as_str().expect("a reason");
        assert!(reason.contains(words), "{reason}");
    }
    let submitted = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(submitted["draft"], *draft, "the draft that was shown is the one that is taken");
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert_eq!(kinds(&plan["plan"]["data_steps"]), ["convert"], "the plan records it");
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    let runs = app.get(&job, "/runs").await.ok();
    let flow = runs["runs"][0]["sample_flow"].as_array().cloned().unwrap_or_default();
    assert_eq!(flow.last().map(|step| &step["rows"]), Some(&json!(38)), "{runs}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_suggestion_keeps_the_repairs_that_a_person_has_chosen() {
    let mut app = TestApp::start().await;
    let (job, seen) = uploaded(&app, "<120").await;
    // values below a limit are lost by the step: it is left to a person
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(suggested["draft"]["data_steps"], Value::Null, "{suggested}");
    let remarks = seen["warnings"].as_array().expect("a list");
    let repair = remarks.iter().find_map(|r| r["repairs"].get(0)).expect("a repair").clone();
    app.put(&job, "/draft", &json!({"data_steps": [repair]})).await.ok();
    let again = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(again["draft"]["data_steps"], json!([repair]), "{again}");
    assert_eq!(again["draft"]["roles"]["outcome_var"], json!(["pressure"]), "{again}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_of_yes_and_no_is_analysed_as_0_and_1() {
    let mut app = TestApp::start().await;
    yes_and_no(&app, ["Yes", "Yes"], ["No", "No"], "Yes").await;
    // several spellings of one word are one value
    yes_and_no(&app, ["Yes", "YES "], ["no", "No"], "yes").await;
    app.stop().await;
}

async fn yes_and_no(app: &TestApp, yes: [&str; 2], no: [&str; 2], one: &str) {
    let job = app.job("Does the drug change the chance of a relapse?").await;
    // of the 40 with the drug 10 relapse, of the 40 without it 20
    let mut lines = "patient,drug,relapse,smoker\n".to_owned();
    for row in 0..80 {
        let (drug, within) = (row / 40, row % 40);
        let relapse = if within < 20 - 10 * drug { yes[row % 2] } else { no[row % 2] };
        lines += &format!("P{row},{drug},{relapse},{}\n", ["ja", "nein"][row % 2]);
    }
    app.upload(&job, "trial.csv", lines).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    let draft = &suggested["draft"];
    assert_eq!(draft["roles"]["outcome_var"], json!(["relapse"]), "{suggested}");
    let step = json!({"kind": "convert", "dataset_key": "main", "keys": [], "merge_type": null, "keep": null,
        "column": "relapse", "to": "yes_no", "one": one});
    assert_eq!(draft["data_steps"], json!([step]), "the columns that are used, and no other");
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    let runs = app.get(&job, "/runs").await.ok();
    let results = runs["runs"][0]["results"].as_array().expect("a list");
    // ln(10/30) - ln(20/20)
    let log_odds = -(3.0_f64.ln());
    let near = |x: &Value, y: f64| x.as_f64().is_some_and(|x| (x - y).abs() < 1e-6);
    assert!(results.iter().any(|r| r["term"] == "drug" && near(&r["estimate"], log_odds)), "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_of_one_level_are_one_level_of_the_suggestion_and_of_the_results() {
    let mut app = TestApp::start().await;
    let job = app.job("What is the effect of the arm on pressure?").await;
    // the mean is 120 with the drug, 150 with placebo; a row of totals stands below
    let arms = ["Placebo", "placebo", "PLACEBO ", "Drug", "drug", "drug "];
    let mut lines = "arm,pressure\n".to_owned();
    for row in 0..60 {
        let mean = if row % 6 < 3 { 150 } else { 120 };
        lines += &format!("{},{}\n", arms[row % 6], mean + [2, -2][row / 6 % 2]);
    }
    lines += "Total,8100\n";
    app.upload(&job, "trial.csv", lines).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    let draft = &suggested["draft"];
    assert_eq!(kinds(&draft["data_steps"]), ["drop_rows", "convert"], "{suggested}");
    assert_eq!(draft["data_steps"][1]["to"], "text_lower", "{suggested}");
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "pressure", "roles": {"regressors": ["arm"]},
        "data_steps": draft["data_steps"]});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    let runs = app.get(&job, "/runs").await.ok();
    let run_id = runs["runs"][0]["run_id"].as_str().expect("a run");
    let found = app.get(&job, &format!("/runs/{run_id}/findings")).await.ok().to_string();
    assert!(found.contains("arm: drug instead of placebo, pressure is on average 30.000 lower"), "{found}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_several_spellings_is_an_event() {
    let mut app = TestApp::start().await;
    let job =
        app.job("Does asbestos exposure increase the hazard of death, adjusting for age at entry?").await;
    let mut lines = "ID,Follow_up_years,Vital_status,Asbestos_exposure,Age_at_entry\n".to_owned();
    for row in 0..120 {
        let status = ["alive", "Alive", "dead", "Dead "][row % 4];
        lines += &format!("P{row},{}.5,{status},{},{}\n", 1 + row * 7 % 11, row / 4 % 2, 40 + row * 13 % 37);
    }
    app.upload(&job, "cohort.csv", lines).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let draft = &suggested["draft"];
    assert_eq!(draft["template_id"], "survival.cox", "{suggested}");
    assert_eq!(draft["derived_variables"][0]["expression"], "Vital_status == \"dead\"", "{suggested}");
    app.stop().await;
}

/// The row of units made the columns text, in which nobody looked for codes: 999 went into the estimate without a word.
#[tokio::test(flavor = "multi_thread")]
async fn codes_below_a_row_of_units_are_repaired_by_the_draft() {
    let mut app = TestApp::start().await;
    let job = app.job("What is the effect of dose on weight?").await;
    let mut lines = "animal,dose,weight\nno.,mg,g\n".to_owned();
    for row in 1..=60 {
        let weight =
            if [7, 31].contains(&row) { "999".to_owned() } else { format!("{}.5", 20 + row % 6 + row % 5) };
        lines += &format!("A{row:02},{},{weight}\n", row % 6);
    }
    app.upload(&job, "animals.csv", lines).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    let steps = suggested["draft"]["data_steps"].as_array().cloned().unwrap_or_default();
    assert_eq!(kinds(&json!(steps)), ["drop_rows", "convert", "convert"], "{suggested}");
    let weight = steps.iter().find(|step| step["column"] == "weight").expect("a conversion");
    assert_eq!((&weight["to"], &weight["missing"]), (&json!("number"), &json!(["999"])), "{steps:?}");
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    let runs = app.get(&job, "/runs").await.ok();
    let flow = runs["runs"][0]["sample_flow"].as_array().cloned().unwrap_or_default();
    assert_eq!(flow.last().map(|step| &step["rows"]), Some(&json!(58)), "{runs}");
    app.stop().await;
}

/// A control took the place of a duration that is text because of one limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_duration_with_a_limit_among_its_numbers_is_asked_for() {
    let mut app = TestApp::start().await;
    let months = |i: u32| if i == 7 { ">60".to_owned() } else { format!("{}.5", 3 + (i * 7) % 50) };
    let word = |i: u32, words: [&str; 2]| words[(i % 3).min(1) as usize].to_owned();
    let row = |i: u32| {
        let (arm, died) = (word(i, ["drug", "placebo"]), word(i / 2, ["dead", "alive"]));
        let stage = ["I", "II", "III"][(i % 3) as usize];
        let sex = if i.is_multiple_of(2) { "F" } else { "M" };
        format!("P{i},{arm},{},{sex},{stage},{},{died}", 40 + (i * 5) % 30, months(i))
    };
    let rows: Vec<String> = (1..=90).map(row).collect();
    let job = app.job("Does the drug improve survival compared with placebo, adjusting for age?").await;
    let table = format!("patient_id,arm,age,sex,stage,months,died\n{}\n", rows.join("\n"));
    app.upload(&job, "trial.csv", table).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(
        suggested["draft"]["roles"],
        json!({"failure_var": ["died_dead"], "regressors": ["arm", "age"]}),
        "{suggested}"
    );
    let open = &suggested["open_questions"][0];
    assert_eq!((&open["blocking"], &open["candidates"]), (&json!(true), &json!(["months"])), "{suggested}");
    app.stop().await;
}
