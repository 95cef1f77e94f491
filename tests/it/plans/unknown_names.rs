//! Names of roles, parameters, templates and checks that do not exist are refused where they are written, with the names
//! that were probably meant.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

async fn uploaded(app: &TestApp) -> Job {
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    job
}

fn ols() -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}})
}

/// The `path` and `reason` of every error of a refusal.
fn errors(refused: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = refused["context"]["errors"].as_array().expect("a list");
    list.iter().map(|error| (text(&error["path"]), text(&error["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_role_or_parameter_is_refused_with_the_nearest_names() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let cases = [
        ("roles", "regresors", json!(["age"]), "did you mean regressors?"),
        ("roles", "clusters", json!(["region"]), "did you mean cluster_var"),
        ("roles", "cluster_vars", json!(["region"]), "the role is cluster_var"),
        ("roles", "level", json!("age"), "it is a parameter: set parameters.level"),
        (
            "parameters",
            "levle",
            json!(90),
            "linear.ols_robust has no parameter \"levle\"; did you mean level?",
        ),
        ("parameters", "cluster_var", json!("region"), "it is a role: set roles.cluster_var"),
        ("default_overrides", "lvel", json!(90), "did you mean level?"),
    ];
    for (group, name, value, says) in cases {
        let mut draft = ols();
        draft[group][name] = value.clone();
        let refused = app.put(&job, "/draft", &draft).await.refused(400, "INPUT_VALIDATION_FAILED");
        let found = errors(&refused);
        assert_eq!(found.len(), 1, "{refused}");
        assert_eq!(found[0].0, format!("{group}.{name}"));
        assert!(found[0].1.contains(says), "{says:?}: {}", found[0].1);
        assert!(
            refused["context"]["errors"][0]["suggestion"].as_str().is_some_and(|s| s.starts_with("one of "))
        );
        app.put(&job, "/draft", &ols()).await.ok();
        let key = if group == "default_overrides" { group.to_owned() } else { format!("{group}.{name}") };
        let value = if group == "default_overrides" { json!({name: value}) } else { value };
        let patched = app.post(&job, "/draft/patch", &json!({"field_updates": {key: value}})).await;
        assert_eq!(errors(&patched.refused(400, "INPUT_VALIDATION_FAILED")), found);
    }
    // without a template a name that any analysis has may be right
    let mut draft =
        json!({"outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}, "parameters": {"reps": 50}});
    app.put(&job, "/draft", &draft).await.ok();
    draft["parameters"] = json!({"repps": 50});
    let refused = app.put(&job, "/draft", &draft).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(
        errors(&refused)[0].1.contains("no analysis has a parameter \"repps\"; did you mean reps"),
        "{refused}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_template_would_refuse_is_an_open_point_of_the_draft() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let mut draft = ols();
    draft["parameters"] = json!({"vce": "classical"});
    draft["instrument_vars"] = json!(["age"]);
    draft["roles"]["controls"] = json!(["years_wrok"]);
    app.put(&job, "/draft", &draft).await.ok();
    let quantile = json!({"field_updates": {"template_id": "linear.quantile", "parameters.level": 90}});
    let patched = app.post(&job, "/draft/patch", &quantile).await.ok();
    let open = patched["open_unknowns"].as_array().expect("a list");
    let of = |field: &str| {
        let found = open.iter().find(|unknown| unknown["field"] == field);
        found.unwrap_or_else(|| panic!("{field} is not open: {open:?}")).clone()
    };
    let unused = of("roles.instrument_vars");
    assert_eq!(unused["blocking"], true);
    assert!(
        unused["description"]
            .as_str()
            .is_some_and(|d| d.contains("linear.quantile would ignore instrument_vars"))
    );
    let absent = of("parameters.controls");
    assert_eq!(absent["description"], "the data have no column years_wrok");
    assert_eq!(absent["candidates"][0], "years_work");
    let lacking = of("parameters.vce");
    assert!(lacking["description"].as_str().is_some_and(|d| d.contains("no parameter \"vce\"")), "{lacking}");
    assert_eq!(patched["draft_preview"]["decision"], "require_confirm");
    let cleared = json!({"field_updates": {"parameters.vce": null, "instrument_vars": null, "controls": ["years_work"]}});
    assert_eq!(app.post(&job, "/draft/patch", &cleared).await.ok()["open_unknowns"], json!([]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_a_freeze_and_of_a_batch_are_refused_with_the_nearest() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    app.put(&job, "/draft", &ols()).await.ok();
    for (body, says) in [
        (json!({"answers": {"regresors": ["age"]}}), "did you mean regressors?"),
        (json!({"default_overrides": {"lvel": 90}}), "did you mean level?"),
        (json!({"variable_corrections": {"outcom": "pay"}}), "did you mean outcome"),
        (
            json!({"acknowledged_checks": [{"id": "few_cluster", "reason": "known"}]}),
            "did you mean few_clusters?",
        ),
    ] {
        let refused = app.post(&job, "/plan/freeze", &body).await.refused(400, "INPUT_VALIDATION_FAILED");
        assert!(errors(&refused)[0].1.contains(says), "{says:?}: {refused}");
    }
    let mut base = ols();
    base["roles"]["regresors"] = json!(["age"]);
    let batch =
        json!({"base": base, "axes": {"parameters": [{"values": {"level": 90}}, {"values": {"level": 95}}]}});
    let refused = app.post(&job, "/batches", &batch).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(errors(&refused)[0].1.contains("did you mean regressors?"), "{refused}");
    let batch =
        json!({"base": ols(), "axes": {"parameters": [{"values": {"lvel": 90}}, {"values": {"lvel": 95}}]}});
    let refused = app.post(&job, "/batches", &batch).await.refused(400, "BATCH_CELLS_INVALID");
    assert!(
        refused["context"]["cells"][0]["errors"][0]["message"]
            .as_str()
            .is_some_and(|m| m.contains("did you mean level?"))
    );
    let draft = json!({"template_id": "linear.ols_robst", "outcome_var": "log_pay"});
    let refused =
        app.put(&job, "/draft", &draft).await.refused(400, "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID");
    assert_eq!(refused["context"]["candidates"][0], "linear.ols_robust");
    app.stop().await;
}
