//! Drafts by rules over HTTP: from the words of a question to a run, without a model.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

const STOVES: &str = include_str!("../../fixtures/suggest/data/cookstove.csv");

async fn uploaded(app: &TestApp, requirement: &str) -> Job {
    let job = app.job(requirement).await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    job
}

fn choice<'a>(suggested: &'a Value, field: &str) -> &'a Value {
    let choices = suggested["choices"].as_array().expect("a list");
    choices.iter().find(|c| c["field"] == field).unwrap_or_else(|| panic!("no {field} in {suggested}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_becomes_a_draft_that_is_submitted_frozen_and_run() {
    let mut app = TestApp::start().await;
    let question = "How does another year of schooling change log pay, controlling for age?";
    let job = uploaded(&app, question).await;
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(suggested["source"], "rules");
    assert_eq!(suggested["draft"]["roles"]["outcome_var"], json!(["log_pay"]), "{suggested}");
    assert_eq!(suggested["draft"]["roles"]["regressors"], json!(["schooling"]), "{suggested}");
    assert_eq!(suggested["draft"]["roles"]["controls"], json!(["age"]), "{suggested}");
    assert_eq!(suggested["draft"]["template_id"], "linear.ols_robust", "{suggested}");
    assert_eq!(suggested["open_questions"], json!([]), "a date of each row makes no panel");
    let outcome = choice(&suggested, "roles.outcome_var");
    assert_eq!(outcome["words"], json!(["log pay"]), "whole words of the question");
    for language in ["en", "zh"] {
        let reason = outcome["reason"][language].as_str().expect("a reason");
        assert!(reason.contains("log_pay"), "{reason}");
    }
    // the body is the one that the PUT accepts, and means the same there
    let put = app.put(&job, "/draft", &suggested["draft"]).await.ok();
    assert_eq!((&put["source"], &put["roles"]), (&json!("client"), &suggested["draft"]["roles"]));
    let submitted = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(
        (&submitted["submitted"], &submitted["submitted_draft"]["source"]),
        (&json!(true), &json!("rules"))
    );
    let draft = app.get(&job, "/draft/preview").await.ok();
    assert_eq!((&draft["source"], &draft["template"]["chosen_by"]), (&json!("rules"), &json!("rules")));
    assert_eq!(draft["decision"], "require_confirm", "a person confirms a draft by rules");
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert_eq!(plan["plan"]["plan_source"], "rules");
    assert_eq!(plan["plan"]["rationale"]["chosen_by"], "rules");
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    app.stop().await;
}

/// The rules ask for the method here. No later step may answer that by itself: not a refused change, and not another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_was_asked_for_is_never_frozen_unanswered() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "Train a random forest for log pay on schooling").await;
    let submitted = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(submitted["open_questions"][0]["blocking"], true, "{submitted}");
    let draft = &submitted["submitted_draft"];
    assert_eq!((&draft["template"], &draft["decision"]), (&Value::Null, &json!("require_confirm")));
    let open = &draft["open_unknowns"][0];
    assert_eq!((&open["field"], &open["blocking"]), (&json!("template_id"), &json!(true)), "{draft}");
    assert!(!open["candidates"].as_array().expect("candidates").is_empty());

    let change = |name: &str, value: Value| json!({"field_updates": serde_json::Map::from_iter([(name.to_owned(), value)])});
    let refused = app.post(&job, "/draft/patch", &change("template_id", json!("panel.absent"))).await;
    assert!(refused.status.is_client_error(), "{}", refused.body);
    for (step, code) in
        [("/plan/freeze", "PLAN_FREEZE_MISSING_REQUIRED"), ("/confirm", "DRAFT_CONFIRM_BLOCKED")]
    {
        let body = if step == "/confirm" { json!({"confirmed": true}) } else { json!({}) };
        let context = app.post(&job, step, &body).await.refused(400, code)["context"].clone();
        let said = (&context["reason"], &context["missing_fields"][0]);
        assert_eq!(said, (&json!("method_open"), &json!("template_id")));
    }
    let batch = json!({"axes": {"outcomes": ["log_pay", "pay"]}});
    assert_eq!(app.post(&job, "/batches", &batch).await.body["context"]["reason"], "method_open");
    let patched = app.post(&job, "/draft/patch", &change("roles.controls", json!(["age"]))).await.ok();
    assert_eq!(patched["draft_preview"]["template"], Value::Null, "another change is no answer");
    app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "PLAN_FREEZE_MISSING_REQUIRED");

    let answer = change("template_id", json!("linear.ols_robust"));
    app.post(&job, "/draft/patch", &answer).await.ok();
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert_eq!(plan["plan"]["template"]["template_id"], "linear.ols_robust");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_changes_nothing_until_it_is_submitted() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "教育年限对收入的影响").await;
    let before = app.get(&job, "").await.ok();
    let first = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let second = app.post(&job, "/draft/suggest", &json!({"submit": false})).await.ok();
    assert_eq!(first, second);
    assert_eq!((&first["submitted"], &first["submitted_draft"]), (&json!(false), &Value::Null));
    let after = app.get(&job, "").await.ok();
    assert_eq!((&before["version"], &before["status"]), (&after["version"], &after["status"]));
    let third = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(third["draft"], first["draft"]);
    assert_ne!(third["version"], first["version"]);
    assert_eq!(app.get(&job, "").await.ok()["draft"]["source"], "rules");
    // a person's change makes the draft theirs
    let patch = json!({"field_updates": {"roles.controls": ["age"]}});
    let patched = app.post(&job, "/draft/patch", &patch).await.ok();
    assert_eq!(patched["draft_preview"]["source"], "client");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vague_question_leads_to_open_questions_and_no_guess() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "Tell me something interesting").await;
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(suggested["draft"]["roles"], json!({}), "{suggested}");
    let open = suggested["open_questions"].as_array().expect("a list");
    let outcome = open.iter().find(|q| q["field"] == "outcome_var").expect("the outcome is asked for");
    assert!(outcome["candidates"].as_array().is_some_and(|c| !c.is_empty()), "{outcome}");
    let text = outcome["question"]["en"].as_str().expect("a text");
    assert!(text.contains("names no variable of the data"), "{text}");
    // pay is a thing that people explain, and the sentence says so
    assert!(text.contains("Likely ones: ") && text.contains("log_pay"), "{text}");
    let first = outcome["candidates"][0].as_str().expect("a name");
    assert!(["log_pay", "pay"].contains(&first), "{outcome}");
    assert!(suggested["confidence"].as_f64().is_some_and(|c| c <= 0.5), "{suggested}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_outcome_is_asked_for_and_not_taken() {
    let mut app = TestApp::start().await;
    let job = app.job("Is the air in the kitchen cleaner in households with the new stove?").await;
    app.upload(&job, "cookstove.csv", STOVES).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let outcome = choice(&suggested, "roles.outcome_var");
    assert!(outcome["confidence"].as_f64().is_some_and(|c| c < 0.45), "{outcome}");
    assert_eq!(suggested["draft"]["roles"]["outcome_var"], outcome["columns"], "{suggested}");
    let asked = &suggested["open_questions"][0];
    assert_eq!((&asked["field"], &asked["blocking"]), (&json!("outcome_var"), &json!(true)));
    assert_eq!(asked["candidates"][0], outcome["columns"][0]);
    let submitted = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    assert_eq!(submitted["draft"]["roles"].get("outcome_var"), None, "{submitted}");
    let open = submitted["submitted_draft"]["open_unknowns"].as_array().expect("a list");
    assert!(open.iter().any(|u| u["field"] == "outcome_var" && u["blocking"] == true), "{open:?}");
    let refused =
        app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "PLAN_FREEZE_MISSING_REQUIRED");
    assert!(refused["context"]["missing_fields"].to_string().contains("outcome_var"), "{refused}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_are_refused_without_data_and_after_the_freeze() {
    let mut app = TestApp::start().await;
    let job = app.job("effect of schooling on log_pay").await;
    app.post(&job, "/draft/suggest", &json!({})).await.refused(409, "INPUTS_MISSING");
    app.upload(&job, "pay.csv", PAY).await.ok();
    app.post(&job, "/draft/suggest", &json!({"force": true})).await.refused(400, "INPUT_VALIDATION_FAILED");
    app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/draft/suggest", &json!({})).await.ok();
    app.post(&job, "/draft/suggest", &json!({"submit": true})).await.refused(409, "JOB_ILLEGAL_TRANSITION");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_treatment_that_begins_in_a_period_needs_no_second_column() {
    let mut app = TestApp::start().await;
    let job = app.job("Effect of the reform on profit, with firm and year effects").await;
    // the one column is 1 for the firms of the reform from 2017 on
    let mut rows = "firm_id,year,reform_treated,profit\n".to_owned();
    for (firm, year) in (1..=20).flat_map(|firm| (2012..2022).map(move |year| (firm, year))) {
        let treated = u32::from(firm <= 10 && year >= 2017);
        rows.push_str(&format!("{firm},{year},{treated},{}\n", firm * 3 + year % 7 + 5 * treated));
    }
    app.upload(&job, "firms.csv", rows).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    let roles = &suggested["draft"]["roles"];
    assert_eq!(suggested["draft"]["template_id"], "did.twfe", "{suggested}");
    assert_eq!(roles["treatment_var"], json!(["reform_treated"]), "{roles}");
    assert_eq!(
        (&roles["entity_var"], &roles["time_var"]),
        (&json!(["firm_id"]), &json!(["year"])),
        "{roles}"
    );
    assert_eq!(roles["post_var"], Value::Null, "no column is the group and the period at once");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_and_after_treatment_are_two_measurements_and_no_groups() {
    let mut app = TestApp::start().await;
    let job = app.job("Compare blood pressure before and after treatment").await;
    let mut rows = "patient,age,treatment,bp_before,bp_after\n".to_owned();
    for row in 1..=40 {
        let arm = if row % 2 == 0 { "drug" } else { "placebo" };
        rows.push_str(&format!(
            "{row},{},{arm},{},{}\n",
            40 + row * 7 % 30,
            130 + row * 3 % 17,
            120 + row * 5 % 19
        ));
    }
    app.upload(&job, "trial.csv", rows).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(suggested["draft"]["template_id"], "test.ttest_paired", "{suggested}");
    let draft = suggested["draft"].to_string();
    assert!(draft.contains("bp_before") && draft.contains("bp_after"), "{draft}");
    assert!(!draft.contains("\"treatment\""), "the arm is no group of this question: {draft}");
    app.stop().await;
}

/// Answers in ordered words with the number of each row in front.
fn answers(levels: [&str; 3]) -> String {
    let row = |i: u32| {
        format!("{i},{},{},{}", levels[((i * 7 + i / 9) % 3) as usize], 5 + (i * 13) % 60, 20 + (i * 5) % 50)
    };
    let rows: Vec<String> = (1..=120).map(row).collect();
    format!("no,satisfaction,wait_minutes,age\n{}\n", rows.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_of_ordered_words_is_offered_in_their_order() {
    let mut app = TestApp::start().await;
    for (levels, question) in [
        (["low", "medium", "high"], "Does a longer wait lower satisfaction, controlling for age?"),
        (["低", "中", "高"], "wait_minutes 对 satisfaction 的影响，控制 age"),
    ] {
        let job = app.job(question).await;
        app.upload(&job, "answers.csv", answers(levels)).await.ok();
        let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
        let draft = &suggested["submitted_draft"];
        assert_eq!(draft["template"]["template_id"], "limited.ologit", "{suggested}");
        assert_eq!(draft["roles"]["outcome_var"], json!(["satisfaction_rank"]), "{suggested}");
        let expressions: Vec<&str> = draft["derived_variables"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|v| v["expression"].as_str())
            .collect();
        let [_, middle, high] = levels;
        let from_second = format!("inlist(satisfaction, \"{middle}\", \"{high}\")");
        let third = format!("inlist(satisfaction, \"{high}\")");
        assert_eq!(
            expressions,
            [from_second.as_str(), third.as_str(), "1 + satisfaction_from2 + satisfaction_from3"]
        );
        let reason =
            choice(&suggested, "roles.outcome_var")["reason"]["en"].as_str().expect("a reason").to_owned();
        assert!(reason.contains(&levels.join(", ")), "{reason}");
        app.post(&job, "/plan/freeze", &json!({})).await.ok();
        app.post(&job, "/run", &json!({})).await.ok();
        let end = app.wait_for_end(&job).await;
        assert_eq!(end["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_in_two_styles_are_asked_for_and_not_taken_for_groups() {
    let mut app = TestApp::start().await;
    let cell = |i: u32| {
        if i.is_multiple_of(3) { format!("0.{}", 20 + i % 60) } else { format!("{}%", 20 + (i * 7) % 60) }
    };
    let rows: Vec<String> = (1..=60).map(|i| format!("{},{}", cell(i), 18 + i % 11)).collect();
    let job = app.job("Does attendance depend on age?").await;
    app.upload(&job, "class.csv", format!("attendance,age\n{}\n", rows.join("\n"))).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
    assert_eq!(suggested["draft"]["template_id"], "linear.ols_robust", "{suggested}");
    assert_eq!(suggested["draft"]["roles"], json!({"regressors": ["age"]}), "{suggested}");
    let open = &suggested["open_questions"][0];
    assert_eq!((&open["field"], &open["blocking"]), (&json!("outcome_var"), &json!(true)), "{suggested}");
    assert!(open["question"]["en"].as_str().expect("a question").contains("written in two ways"), "{open}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_rows_and_the_outcome_itself_are_no_candidates() {
    let mut app = TestApp::start().await;
    for name in ["no", "X", "Unnamed: 0", ""] {
        let row = |i: u32| format!("{i},{}.5,{}.1,{}", (i * 7) % 11, (i * 5) % 13, 3 + (i * 3) % 17);
        let rows: Vec<String> = (1..=60).map(row).collect();
        let job = app.job("What explains the yield?").await;
        app.upload(&job, "plots.csv", format!("{name},rain,yield,heat\n{}\n", rows.join("\n"))).await.ok();
        let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
        let open = &suggested["open_questions"][0];
        assert_eq!(open["field"], "regressors", "{suggested}");
        let mut candidates: Vec<&str> =
            open["candidates"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        candidates.sort_unstable();
        assert_eq!(candidates, ["heat", "rain"], "{name:?}: {suggested}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_with_the_name_of_an_article_is_named() {
    let mut app = TestApp::start().await;
    let row = |i: u32| format!("{}.25,{}.5,{}.75", (i * 7) % 11, (i * 5) % 13, 3 + (i * 3) % 17);
    let rows: Vec<String> = (1..=60).map(row).collect();
    let table = format!("a,b,score\n{}\n", rows.join("\n"));
    for (question, regressors) in [
        ("What is the effect of a on score?", json!(["a"])),
        ("a对score的影响", json!(["a"])),
        ("What effect does b have on a score?", json!(["b"])),
    ] {
        let job = app.job(question).await;
        app.upload(&job, "abc.csv", table.clone()).await.ok();
        let suggested = app.post(&job, "/draft/suggest", &json!({})).await.ok();
        assert_eq!(suggested["draft"]["roles"]["regressors"], regressors, "{question}: {suggested}");
        assert_eq!(suggested["draft"]["roles"]["outcome_var"], json!(["score"]), "{question}: {suggested}");
    }
    app.stop().await;
}
