//! Refusals of a freeze: what would fail for certain is no matter of an acknowledgement, and what is exchanged is not run.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const FIRMS: &str = include_str!("../../../assets/stata_do_library/datasets/firms_panel.csv");

fn rows(header: &str, row: impl Fn(usize) -> String) -> String {
    let rows: String = (0..60).map(|n| row(n) + "\n").collect();
    format!("{header}\n{rows}")
}

async fn drafted(app: &TestApp, name: &str, data: String, draft: &Value) -> Job {
    let job = app.job("").await;
    app.upload(&job, name, data).await.ok();
    app.put(&job, "/draft", draft).await.ok();
    job
}

async fn refusal(app: &TestApp, job: &Job) -> String {
    app.post(job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED")["message"]
        .as_str()
        .expect("a message")
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constant_is_named_as_such_and_nothing_is_to_be_acknowledged() {
    let mut app = TestApp::start().await;
    let data = rows("y,x,z", |n| format!("{},{},{}", n * n % 17, n % 2, n % 7));
    let draft = |regressors: Value, condition: Option<&str>| {
        json!({"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": regressors},
               "sample_if": condition})
    };
    let job = drafted(&app, "a.csv", data.clone(), &draft(json!(["x", "z"]), Some("x == 1"))).await;
    let text = refusal(&app, &job).await;
    assert!(
        text.contains("x has one value in the rows that are used: it has no effect that could be estimated"),
        "{text}"
    );
    assert!(!text.contains("acknowledge") && !text.contains("cannot be told apart"), "{text}");
    // of two that repeat each other the run leaves one out, which may be the other one
    let data = rows("y,x,z", |n| format!("{},{},{}", n * n % 17, n % 7, 2 * (n % 7)));
    let job = drafted(&app, "b.csv", data, &draft(json!(["x", "z"]), None)).await;
    let text = refusal(&app, &job).await;
    assert!(
        text.contains("cannot be told apart") && text.contains("acknowledge the check with a reason"),
        "{text}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_would_repeat_itself_is_followed_by_a_change() {
    let mut app = TestApp::start().await;
    let data = rows("y,x,z", |n| format!("{},{},{}", n * n % 17, n % 2, n % 7));
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": ["x", "z"]},
                       "sample_if": "x == 1"});
    let job = drafted(&app, "a.csv", data, &draft).await;
    let accepted = json!({"acknowledged_checks": [{"id": "collinear", "reason": "to see"}]});
    app.post(&job, "/plan/freeze", &accepted).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    let actions: Vec<&str> = ended["next_actions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|a| a["action"].as_str())
        .collect();
    assert_eq!(actions, ["revise_plan", "run"], "{ended}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unit_and_time_of_a_panel_that_are_exchanged_are_refused() {
    let mut app = TestApp::start().await;
    // firms as numbers, as the years are
    let data = FIRMS.replace("\nC", "\n1");
    let draft = |entity: &str, time: &str| {
        json!({"template_id": "panel.fe", "outcome_var": "log_output",
               "roles": {"regressors": ["log_capital"], "entity_var": [entity], "time_var": [time]}})
    };
    let job = drafted(&app, "firms.csv", data.clone(), &draft("year", "firm")).await;
    let text = refusal(&app, &job).await;
    assert!(text.contains("the unit year holds years, and the time firm holds none"), "{text}");
    assert!(text.contains("exchange entity_var and time_var"), "{text}");
    let accepted =
        json!({"acknowledged_checks": [{"id": "swapped_panel", "reason": "years are the units here"}]});
    app.post(&job, "/plan/freeze", &accepted).await.ok();
    let job = drafted(&app, "firms.csv", data, &draft("firm", "year")).await;
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.stop().await;
}

/// A pseudo-panel of cohorts: years of birth are units, waves are times.
#[tokio::test(flavor = "multi_thread")]
async fn cohorts_by_their_year_of_birth_are_only_remarked_on() {
    let mut app = TestApp::start().await;
    let data = rows("birth_year,wave,y,x", |n| {
        format!("{},{},{},{}", 1950 + n / 6, 1 + n % 6, n * n % 17, n * 7 % 11)
    });
    let draft = json!({"template_id": "panel.fe", "outcome_var": "y",
                       "roles": {"regressors": ["x"], "entity_var": ["birth_year"], "time_var": ["wave"]}});
    let job = drafted(&app, "cohorts.csv", data, &draft).await;
    let frozen = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert!(frozen["plan"]["remarks"].to_string().contains("if they are the wrong way round"), "{frozen}");
    app.stop().await;
}

/// The rules take no column that the words hardly name; a plan waits for the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_question_names_and_no_column_fits_blocks_the_freeze() {
    let mut app = TestApp::start().await;
    let job = app
        .job("effect of schooling on log pay, controlling for years of work and the wealth of the parents")
        .await;
    let pay = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
    app.upload(&job, "pay.csv", pay).await.ok();
    let made = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    let asked = made["open_questions"].as_array().expect("a list").iter().filter(|q| q["blocking"] == true);
    let fields: Vec<&str> = asked.filter_map(|q| q["field"].as_str()).collect();
    let draft = made["submitted_draft"].clone();
    for field in &fields {
        let open = draft["open_unknowns"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|u| u["field"] == *field && u["blocking"] == true);
        assert!(open, "{field} in {draft}");
    }
    if let Some(field) = fields.iter().find(|field| draft["roles"][**field].is_null()) {
        let refused = app.post(&job, "/plan/freeze", &json!({})).await;
        let body = refused.refused(400, "PLAN_FREEZE_MISSING_REQUIRED");
        assert!(body["context"]["missing_fields"].to_string().contains(field), "{body}");
    }
    app.stop().await;
}
