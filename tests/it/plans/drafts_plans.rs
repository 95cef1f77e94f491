//! Drafts, freezes and confirms: what is refused, with which context, and what is the same again.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

async fn uploaded(app: &TestApp, requirement: &str) -> Job {
    let job = app.job(requirement).await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    job
}

fn ols() -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
           "roles": {"regressors": ["schooling", "years_work"]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn freeze_without_regressors_is_refused_with_the_missing_parameter() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay"});
    let stated = app.put(&job, "/draft", &draft).await.ok();
    assert_eq!(stated["open_unknowns"][0]["field"], "regressors", "{stated}");
    assert_eq!(stated["decision"], "require_confirm");
    let refused =
        app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "PLAN_FREEZE_MISSING_REQUIRED");
    let context = &refused["context"];
    assert_eq!(context["missing_params"], json!(["regressors"]));
    assert_eq!(context["missing_fields"], json!(["regressors"]));
    let detail = &context["missing_params_detail"][0];
    assert_eq!((&detail["param"], &detail["type"]), (&json!("regressors"), &json!("varlist")));
    assert!(detail["candidates"].as_array().is_some_and(|c| c.contains(&json!("schooling"))), "{detail}");
    assert!(context["next_actions"].as_array().is_some_and(|a| !a.is_empty()));
    let blocked =
        app.post(&job, "/confirm", &json!({"confirmed": true})).await.refused(400, "DRAFT_CONFIRM_BLOCKED");
    assert_eq!(blocked["context"]["missing_answers"], json!(["regressors"]));
    let answers = json!({"confirmed": true, "answers": {"regressors": ["schooling"]}});
    let confirmed = app.post(&job, "/confirm", &answers).await.ok();
    assert_eq!(confirmed["job_id"], job.job_id.as_str());
    let plan = app.get(&job, "/plan").await.ok();
    let bound = plan["plan"]["contract"]["parameters"].as_array().expect("a list").iter();
    let regressors = bound.clone().find(|p| p["name"] == "regressors").expect("declared");
    assert_eq!((&regressors["source"], &regressors["status"]), (&json!("answer"), &json!("bound")));
    app.wait_for_end(&job).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_column_is_refused_at_the_freeze_and_a_correction_repairs_it() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    let mut draft = ols();
    draft["roles"]["regressors"] = json!(["shooling"]);
    app.put(&job, "/draft", &draft).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "CONTRACT_COLUMN_NOT_FOUND");
    assert!(refused["context"].to_string().contains("schooling"), "near names are offered: {refused}");
    let correction = json!({"variable_corrections": {"shooling": "schooling"}});
    let plan = app.post(&job, "/plan/freeze", &correction).await.ok();
    assert_eq!(plan["plan"]["contract"]["bound"]["regressors"], json!(["schooling"]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_template_would_ignore_is_refused() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    let mut draft = ols();
    draft["instrument_vars"] = json!(["age"]);
    app.put(&job, "/draft", &draft).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "ROLE_UNUSED");
    assert_eq!(refused["context"]["roles"], json!(["instrument_vars"]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_plan_is_the_same_for_the_same_request_and_a_conflict_for_another() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    app.post(&job, "/plan/freeze", &json!({})).await.refused(409, "PLAN_FREEZE_NOT_ALLOWED");
    app.get(&job, "/plan").await.refused(409, "PLAN_MISSING");
    app.post(&job, "/run", &json!({})).await.refused(409, "PLAN_MISSING");
    app.put(&job, "/draft", &ols()).await.ok();
    let body = json!({"notes": "first"});
    let first = app.post(&job, "/plan/freeze", &body).await.ok();
    let again = app.post(&job, "/plan/freeze", &body).await.ok();
    assert_eq!(first, again);
    app.post(&job, "/plan/freeze", &json!({"notes": "second"}))
        .await
        .refused(409, "PLAN_ALREADY_FROZEN_CONFLICT");
    app.upload(&job, "pay.csv", PAY).await.refused(409, "JOB_LOCKED");
    app.put(&job, "/draft", &ols()).await.refused(409, "JOB_ILLEGAL_TRANSITION");
    let file = app.artifact(&job, "artifacts/plan.json").await;
    let stored: Value = serde_json::from_slice(&file).expect("the plan is JSON");
    assert_eq!(stored, first["plan"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_contract_names_dependencies_outputs_and_constraints() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    app.put(&job, "/draft", &ols()).await.ok();
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok()["plan"].clone();
    let contract = &plan["contract"];
    assert_eq!(contract["dependencies"][0]["pkg"], "regress");
    let outputs = contract["outputs"].as_array().expect("a list");
    let table = outputs.iter().find(|o| o["file"] == "table_coefficients.csv").expect("declared");
    assert_eq!(table["artifact_kind"], "stata.export.table");
    assert_eq!(table["rel_path"], "artifacts/runs/{run_id}/table_coefficients.csv");
    assert!(table["columns"].as_array().is_some_and(|c| c.len() >= 8));
    assert!(contract["constraints"]["archive"]["max_files"].as_u64().is_some());
    assert_eq!(plan["plan_id"].as_str().map(str::len), Some(64));
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(2));
    let evidence = plan["rationale"]["evidence"].as_array().expect("a list").clone();
    assert_eq!(evidence.len(), 3);
    for path in evidence {
        let bytes = app.artifact(&job, path.as_str().expect("a path")).await;
        assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_analysis_has_the_same_plan_id_and_another_has_another() {
    let mut app = TestApp::start().await;
    let mut ids = Vec::new();
    for (requirement, level) in [("one wording", 95), ("another wording", 95), ("one wording", 90)] {
        let job = uploaded(&app, requirement).await;
        let mut draft = ols();
        draft["parameters"] = json!({"level": level});
        app.put(&job, "/draft", &draft).await.ok();
        let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
        ids.push(plan["plan"]["plan_id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(ids[0], ids[1], "the requirement's wording decides nothing");
    assert_ne!(ids[0], ids[2]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_changes_nothing_and_patches_survive() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    assert_eq!(app.get(&job, "/draft/preview").await.ok()["reason"], "inputs_missing");
    app.upload(&job, "pay.csv", PAY).await.ok();
    let refused = app.get(&job, "/draft/preview").await.refused(503, "LLM_NOT_CONFIGURED");
    assert_eq!(refused["context"]["next_actions"][0]["method"], "PUT");
    app.post(&job, "/draft/patch", &json!({"field_updates": {"outcome_var": "pay"}}))
        .await
        .refused(404, "DRAFT_NOT_FOUND");
    app.put(&job, "/draft", &ols()).await.ok();
    let patch = json!({"field_updates": {"outcome_var": "pay", "parameters.level": 90}});
    let patched = app.post(&job, "/draft/patch", &patch).await.ok();
    assert_eq!(patched["draft_preview"]["outcome_var"], "pay");
    let version = app.get(&job, "").await.ok()["version"].clone();
    for _ in 0..3 {
        let seen = app.get(&job, "/draft/preview").await.ok();
        assert_eq!(seen["outcome_var"], "pay");
    }
    assert_eq!(app.get(&job, "").await.ok()["version"], version);
    app.post(&job, "/draft/patch", &json!({"field_updates": {"nonsense": 1}}))
        .await
        .refused(400, "INPUT_VALIDATION_FAILED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_bad_expressions_and_unknown_templates_are_refused_by_name() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    let refused = app.put(&job, "/draft", &json!({"outcom_var": "log_pay"})).await;
    let refused = refused.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(refused["context"]["errors"][0]["reason"].as_str().is_some_and(|r| r.contains("outcom_var")));
    let mut draft = ols();
    draft["sample_if"] = json!("age >");
    let refused = app.put(&job, "/draft", &draft).await.refused(400, "EXPRESSION_INVALID");
    assert!(refused["context"]["position"].as_u64().is_some(), "{refused}");
    let draft = json!({"template_id": "linear.no_such"});
    app.put(&job, "/draft", &draft).await.refused(400, "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID");
    let draft = json!({"outcome_var": "pay", "data_steps": [{"kind": "append", "dataset_key": "more"}]});
    app.put(&job, "/draft", &draft).await.refused(400, "INPUT_VALIDATION_FAILED");
    app.put(&job, "/draft", &ols()).await.ok();
    let formats = json!({"output_formats": ["csv", "odt"]});
    app.post(&job, "/plan/freeze", &formats).await.refused(400, "INPUT_VALIDATION_FAILED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_column_as_outcome_is_refused_with_the_blocker() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, "").await;
    let mut draft = ols();
    draft["outcome_var"] = json!("region");
    let refused = app.put(&job, "/draft", &draft).await.refused(400, "TEMPLATE_NOT_APPLICABLE");
    assert!(refused["context"]["blockers"].to_string().contains("region"), "{refused}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chosen_template_differs_with_the_question() {
    let mut app = TestApp::start().await;
    let cases = [
        (
            "Do men and women have different pay?",
            json!({"outcome_var": "pay", "group_var": "female"}),
            "test.ttest_two",
        ),
        (
            "女性和男性的工资均值有差异吗？",
            json!({"outcome_var": "pay", "group_var": "female"}),
            "test.ttest_two",
        ),
        (
            "Which factors go with higher pay?",
            json!({"outcome_var": "log_pay", "regressors": ["schooling", "age"]}),
            "linear.ols_robust",
        ),
        (
            "教育对工资的影响有多大，控制工作年限？",
            json!({"outcome_var": "log_pay", "regressors": ["schooling", "age"]}),
            "linear.ols_robust",
        ),
        (
            "What raises the probability of being in a union?",
            json!({"outcome_var": "union_member", "regressors": ["schooling", "age"]}),
            "limited.logit_margins",
        ),
        (
            "How strongly are these variables correlated?",
            json!({"item_vars": ["pay", "schooling", "age"]}),
            "desc.correlation",
        ),
    ];
    for (question, roles, expected) in cases {
        let job = uploaded(&app, question).await;
        let draft = app.put(&job, "/draft", &json!({"roles": roles})).await.ok();
        assert_eq!(
            draft["template"]["template_id"], expected,
            "{question}: {}",
            draft["template_candidates"]
        );
    }
    app.stop().await;
}
