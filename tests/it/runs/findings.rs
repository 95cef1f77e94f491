//! The main results of a run as sentences: the numbers are those of its tables, the reports have the same sentences.

use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded};
use crate::support::app::{Answer, Job, TestApp};

/// The bundled survey of pay with the headers and texts of a person.
fn people() -> String {
    let pay = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
    let (head, rows) = pay.split_once('\n').expect("a header");
    let sex = head.split(',').position(|name| name == "female").expect("the column");
    let head = head
        .replace("years_work", "Work experience (years)")
        .replace("log_pay", "Log of pay")
        .replace("female", "Sex");
    let row = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[sex] = if cells[sex] == "1" { "woman" } else { "man" };
        cells.join(",")
    };
    let rows: Vec<String> = rows.lines().map(row).collect();
    format!("{head}\n{}\n", rows.join("\n"))
}

async fn planned(app: &TestApp) -> Job {
    let job = app.job("").await;
    app.upload(&job, "people.csv", people()).await.ok();
    let draft = json!({
        "template_id": "linear.ols_robust", "outcome_var": "Log_of_pay", "categorical_vars": ["Sex"],
        "roles": {"regressors": ["Work_experience_years", "Sex"], "controls": ["schooling"]},
    });
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    job
}

async fn findings(app: &TestApp, job: &Job, run: &str, query: &str) -> Answer {
    app.get(job, &format!("/runs/{run}/findings{query}")).await
}

fn texts(answer: &Value) -> Vec<String> {
    let findings = answer["findings"].as_array().expect("a list").iter().map(|finding| &finding["text"]);
    let notes = answer["notes"].as_array().expect("a list");
    findings.chain(notes).map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// A number as the sentences print it.
fn printed(x: f64, decimals: usize) -> String {
    format!("{x:.decimals$}").replace('-', "\u{2212}")
}

#[tokio::test(flavor = "multi_thread")]
async fn sentences_have_the_numbers_of_the_tables_and_are_those_of_the_report() {
    let mut app = TestApp::start().await;
    let job = planned(&app).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let results = app.get(&job, &format!("/runs/{run}")).await.ok()["results"].clone();
    let number = |term: &str, name: &str| {
        let row = results.as_array().expect("a list").iter().find(|row| row["term"] == term);
        row.and_then(|row| row[name].as_f64()).expect("a number")
    };
    let said = findings(&app, &job, &run, "?decimals=4").await.ok();
    assert_eq!((&said["source"], &said["run_id"]), (&json!("rules"), &json!(run)), "{said}");
    let all = texts(&said);
    let ends = ["estimate", "ci_low", "ci_high"]
        .map(|name| printed(10.0 * number("Work_experience_years", name), 4));
    let [value, low, high] = &ends;
    let first = format!(
        "If Work experience is 10 years higher, Log of pay is on average {value} higher (95% CI {low} to {high}; p < 0.0001)."
    );
    assert!(all[0].starts_with(&first), "{first}\n{all:?}");
    let gap = printed(number("2.ss_c_Sex", "estimate").abs(), 4);
    let second = format!("With Sex: woman instead of man, Log of pay is on average {gap} lower (");
    assert!(all[1].starts_with(&second), "{second}\n{all:?}");
    for finding in said["findings"].as_array().expect("a list") {
        assert_eq!(finding["file"], "table_coefficients.csv", "{said}");
    }
    let [held, steps] = &all[2..] else { panic!("{all:?}") };
    assert!(held.contains("schooling") && steps.starts_with("Steps of 10 are"), "{all:?}");

    for language in ["en", "zh"] {
        let said = findings(&app, &job, &run, &format!("?language={language}")).await.ok();
        let made = render(&app, &job, &run, &json!({"formats": ["docx"], "language": language})).await.ok();
        let (report, _) = docx_text(download(&app, &job, &made, ".docx").await);
        for text in texts(&said) {
            assert!(report.lines().any(|line| line == text), "{text}\n{report}");
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_choices_and_unknown_runs_are_refused() {
    let mut app = TestApp::start().await;
    let job = planned(&app).await;
    let run = succeeded(&app, &job, &json!({})).await;
    for query in ["?decimals=11", "?language=fr", "?lang=en"] {
        findings(&app, &job, &run, query).await.refused(400, "INPUT_VALIDATION_FAILED");
    }
    findings(&app, &job, "run_00000000000000000000000000000000", "").await.refused(404, "RUN_NOT_FOUND");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_data_counts_what_it_found_and_not_the_rows_that_it_looked_at() {
    let mut app = TestApp::start().await;
    for (constant, says) in [
        ("", "The checks found nothing to remark on the columns."),
        (",c", "There is one remark; the table of issues has it with its rows."),
    ] {
        let job = app.job("Check the data").await;
        let cell = if constant.is_empty() { "" } else { ",1" };
        let rows: String = (1..=24).map(|row| format!("{},{}{cell}\n", row * 7 % 25, row * 5 % 23)).collect();
        app.upload(&job, "data.csv", format!("y,x{constant}\n{rows}")).await.ok();
        app.put(&job, "/draft", &json!({"template_id": "data.codebook"})).await.ok();
        app.post(&job, "/plan/freeze", &json!({})).await.ok();
        let run = succeeded(&app, &job, &json!({})).await;
        let found = findings(&app, &job, &run, "?language=en").await.ok();
        assert_eq!(found["findings"][0]["text"], says, "{found}");
    }
    app.stop().await;
}
