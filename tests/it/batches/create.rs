//! Making batches: the cross product and lists, judged as drafts and freezes are; repeats, bounds and quotas.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::support::app::ADMIN_KEY;

/// Runs one specification as a job of its own: draft, freeze, run. Returns the plan and the attempt.
async fn alone(app: &TestApp, draft: &Value) -> (Value, Value) {
    let job = with_data(app).await;
    app.put(&job, "/draft", draft).await.ok();
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok()["plan"].clone();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    (plan, app.get(&job, "/runs").await.ok()["runs"][0].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_is_the_plan_and_the_result_of_the_same_specification_alone() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let before = app.get(&job, "").await.ok();
    let batch = made(&app, &job, &two_by_two()).await;
    assert_eq!(
        (&batch["status"], &batch["counts"]["total"], &batch["focus"]),
        (&json!("running"), &json!(4), &json!("schooling"))
    );
    let batch = ended(&app, &job, &batch).await;
    assert_eq!(
        (&batch["status"], &batch["counts"]["succeeded"]),
        (&json!("succeeded"), &json!(4)),
        "{batch}"
    );
    assert_eq!((&batch["progress"]["fraction"], &batch["poll_after_seconds"]), (&json!(1.0), &Value::Null));
    let labels: Vec<String> = cells(&batch)
        .iter()
        .map(|cell| {
            format!("{} {}", cell["choices"][0]["label"], cell["choices"][1]["label"]).replace('"', "")
        })
        .collect();
    assert_eq!(labels, ["none all", "none older", "experience all", "experience older"]);

    // the last cell, stated by itself
    let mut draft = base();
    draft["controls"] = json!(["years_work"]);
    draft["sample_if"] = json!("age > 30");
    let (plan, run) = alone(&app, &draft).await;
    let cell = &cells(&batch)[3];
    assert_eq!(cell["plan_id"], plan["plan_id"], "the same plan");
    let own = run_of(&app, &job, cell).await;
    assert_eq!((&own["results"], &own["metrics"]), (&run["results"], &run["metrics"]), "the same numbers");
    assert_eq!(cell["run_id"], own["run_id"]);

    // a cell is a job: its plan, its files, its log; lists of jobs leave it out
    let one = cell_job(&job, cell);
    let shown = app.get(&one, "").await.ok();
    assert_eq!((&shown["status"], &shown["title"]), (&json!("succeeded"), &json!("experience · older")));
    assert_eq!(shown["requirement"], before["requirement"]);
    let file: Value = serde_json::from_slice(&app.artifact(&one, "artifacts/plan.json").await).expect("JSON");
    assert_eq!(file["plan_id"], plan["plan_id"]);
    let source = app.artifact(&one, "artifacts/template/source.do").await;
    assert_eq!(json!(stata_service::domain::canonical::sha256_hex(source)), plan["template"]["sha256"]);
    let table = format!("artifacts/runs/{}/table_coefficients.csv", own["run_id"].as_str().expect("an id"));
    assert!(String::from_utf8(app.artifact(&one, &table).await).expect("UTF-8").contains("schooling"));
    let listed = Answer::of(app.request(Method::GET, "/v1/jobs", ADMIN_KEY)).await.ok();
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(2), "this job and the one for the comparison");

    // the job is as it was but for the batch
    let after = app.get(&job, "").await.ok();
    assert_eq!((&after["status"], &after["inputs"]), (&before["status"], &before["inputs"]));
    let list = app.get(&job, "/batches").await.ok();
    assert_eq!(
        (list["batches"].as_array().map(Vec::len), &list["batches"][0]["batch_id"]),
        (Some(1), &batch["batch_id"])
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refused_cell_is_named_at_once_and_nothing_is_made() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let before = app.get(&job, "").await.ok();
    let request = json!({
        "base": base(),
        "cells": [
            {"label": "fine", "changes": {}},
            {"label": "unknown column", "changes": {"controls": ["absent_column"], "parameters.level": 200}},
            {"label": "no such parameter", "changes": {"parameters.nonsense": 1}},
            {"label": "odd condition", "changes": {"sample_if": "age >"}},
            {"label": "no such template", "changes": {"template_id": "linear.nothing"}},
            {"label": "fine again", "changes": {"controls": []}},
        ],
    });
    let refused = app.post(&job, "/batches", &request).await.refused(400, "BATCH_CELLS_INVALID");
    let context = &refused["context"];
    assert_eq!((&context["invalid"], &context["total"]), (&json!(5), &json!(6)));
    let indexes: Vec<u64> =
        context["cells"].as_array().expect("a list").iter().filter_map(|c| c["index"].as_u64()).collect();
    assert_eq!(indexes, [2, 3, 4, 5, 6]);
    let errors = |at: usize| context["cells"][at]["errors"].as_array().expect("a list").clone();
    let codes: BTreeSet<String> =
        errors(0).iter().map(|e| e["code"].as_str().expect("a code").to_owned()).collect();
    assert_eq!(
        codes,
        BTreeSet::from(["CONTRACT_COLUMN_NOT_FOUND".to_owned(), "INPUT_VALIDATION_FAILED".to_owned()]),
        "both at once"
    );
    assert_eq!(errors(1)[0]["path"], "parameters.nonsense");
    assert_eq!(
        (&errors(2)[0]["code"], &errors(2)[0]["path"]),
        (&json!("EXPRESSION_INVALID"), &json!("sample_if"))
    );
    assert_eq!(errors(3)[0]["code"], "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID");
    assert_eq!(errors(4)[0]["message"], "is the same specification as cell 1");
    assert_eq!(app.get(&job, "").await.ok(), before, "nothing was written");
    assert_eq!(app.get(&job, "/batches").await.ok()["batches"], json!([]));

    // a preview says the same and writes nothing
    let preview = app.post(&job, "/batch/preview", &request).await.ok();
    assert_eq!(
        (&preview["ready"], &preview["total"], &preview["refused"]),
        (&json!(false), &json!(6), &json!(5))
    );
    assert_eq!(preview["cells"][1]["refusals"], context["cells"][0]["errors"]);
    assert_eq!((&preview["cells"][0]["status"], &preview["limit"]), (&json!("queued"), &json!(64)));
    assert_eq!(app.get(&job, "").await.ok(), before, "nothing was written");

    // on request the others run, and the refused ones stay listed with their reasons
    let mut request = request;
    request["skip_invalid"] = json!(true);
    let batch = made(&app, &job, &request).await;
    assert_eq!((&batch["counts"]["refused"], &batch["counts"]["queued"]), (&json!(5), &json!(1)));
    let batch = ended(&app, &job, &batch).await;
    assert_eq!((&batch["status"], &batch["counts"]["succeeded"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(batch["cells"][3]["refusals"][0]["code"], "EXPRESSION_INVALID");
    let none = json!({"base": base(), "skip_invalid": true, "cells": [{"label": "x", "changes": {"sample_if": "("}}]});
    app.post(&job, "/batches", &none).await.refused(400, "BATCH_CELLS_INVALID");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_the_same_batch_and_eight_at_once_make_one() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let request = two_by_two();
    let answers = join_all((0..8).map(|_| app.post(&job, "/batches", &request))).await;
    let made: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 1, "{made:?}");
    assert!(made.iter().all(|status| matches!(status, 200 | 201)), "{made:?}");
    let ids: BTreeSet<String> = answers.iter().map(|answer| answer.body["batch_id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let batch = ended(&app, &job, &answers[0].body).await;
    let again = app.post(&job, "/batches", &request).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["batch_id"]),
        (200, &batch["batch_id"]),
        "also once it has ended"
    );
    let jobs = app.context().store.status().jobs;
    assert_eq!(jobs.values().sum::<u64>(), 5, "one job and four cells: {jobs:?}");

    // another title is another request; eight different ones at once are eight batches
    let other = |n: usize| {
        let mut request = two_by_two();
        request["title"] = json!(format!("number {n}"));
        request
    };
    let requests: Vec<Value> = (0..8).map(other).collect();
    let answers = join_all(requests.iter().map(|request| app.post(&job, "/batches", request))).await;
    assert!(answers.iter().all(|answer| answer.status.as_u16() == 201), "{answers:?}");
    for answer in &answers {
        ended(&app, &job, &answer.body).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_base_is_the_jobs_draft_where_none_is_stated() {
    let mut app = TestApp::start().await;
    let job = app.job("schooling and pay").await;
    let request = json!({"axes": {"outcomes": ["log_pay", "pay"]}});
    app.post(&job, "/batches", &request).await.refused(409, "INPUTS_MISSING");
    app.upload(&job, "pay.csv", PAY).await.ok();
    app.post(&job, "/batches", &request).await.refused(404, "DRAFT_NOT_FOUND");
    app.put(&job, "/draft", &base()).await.ok();
    let batch = made(&app, &job, &request).await;
    let batch = ended(&app, &job, &batch).await;
    assert_eq!(batch["counts"]["succeeded"], 2, "{batch}");
    assert_eq!(app.get(&job, "").await.ok()["status"], "draft_ready", "the draft stays open");
    // a base without a template gets the one that a draft would get
    let mut ranked = base();
    ranked.as_object_mut().expect("an object").remove("template_id");
    let chosen = app.put(&job, "/draft", &ranked).await.ok()["template"]["template_id"].clone();
    let body = json!({"base": ranked, "axes": {"outcomes": ["log_pay"]}});
    let preview = app.post(&job, "/batch/preview", &body).await.ok();
    assert_eq!(preview["cells"][0]["template_id"], chosen, "{preview}");
    assert!(preview["estimated_seconds"].as_f64().is_some_and(|s| s > 0.0), "cells have run: {preview}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_and_quotas_name_numbers() {
    let mut app = TestApp::start_with(|options| options.batch_cells = 3).await;
    let job = with_data(&app).await;
    let refused = app.post(&job, "/batches", &two_by_two()).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert_eq!((&refused["context"]["cells"], &refused["context"]["limit"]), (&json!(4), &json!(3)));
    let unknown = app.post(&job, "/batches", &json!({"axis": {}})).await;
    unknown.refused(400, "INPUT_VALIDATION_FAILED");
    app.options_mut().batch_cells = 64;
    app.restart().await;
    for (limits, quota) in [
        (json!({"queued": 3}), "queued"),
        (json!({"jobs": 4}), "jobs"),
        (json!({"jobs_per_day": 4}), "jobs_per_day"),
    ] {
        let put =
            app.request(Method::PUT, "/v1/admin/tenants/default", ADMIN_KEY).json(&json!({"limits": limits}));
        Answer::of(put).await.ok();
        let answer = app.post(&job, "/batches", &two_by_two()).await;
        assert_eq!(
            (&answer.body["error_code"], &answer.body["context"]["quota"]),
            (&json!("QUOTA_EXCEEDED"), &json!(quota)),
            "{}",
            answer.body
        );
        assert_eq!(app.get(&job, "/batches").await.ok()["batches"], json!([]));
    }
    let put = app.request(Method::PUT, "/v1/admin/tenants/default", ADMIN_KEY);
    Answer::of(put.json(&json!({"limits": {"jobs": 5, "queued": 4, "jobs_per_day": 5}}))).await.ok();
    let batch = made(&app, &job, &two_by_two()).await;
    ended(&app, &job, &batch).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stated_version_must_be_the_jobs() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let path = format!("/v1/jobs/{}/batches", job.job_id);
    let post =
        |tag: &str| app.request(Method::POST, &path, &job.token).header("If-Match", tag).json(&two_by_two());
    Answer::of(post("\"v1\"")).await.refused(412, "JOB_VERSION_CONFLICT");
    let version = app.get(&job, "").await.ok()["version"].clone();
    let batch = Answer::of(post(&format!("\"v{version}\""))).await.ok();
    let batch = ended(&app, &job, &batch).await;
    let tag = format!("\"v{}\"", batch["version"]);
    let path = format!("/v1/jobs/{}{}", job.job_id, super::path(&batch));
    let unchanged = app.request(Method::GET, &path, &job.token).header("If-None-Match", &tag);
    assert_eq!(Answer::of(unchanged).await.status.as_u16(), 304);
    let stale = app.request(Method::DELETE, &path, &job.token).header("If-Match", "\"v1\"");
    Answer::of(stale).await.refused(412, "JOB_VERSION_CONFLICT");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_axis_replaces_a_parameter_of_the_base_that_fills_its_role() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let base = json!({"template_id": "linear.ols_robust", "roles": {"regressors": ["schooling"]},
        "parameters": {"outcome": "pay", "controls": ["age"], "vce": "cluster", "cluster_vars": ["region"]}});
    let axes = json!({"outcomes": ["log_pay"], "controls": [{"columns": []}, {"columns": ["years_work"]}],
        "variance": [{"vce": "robust"}, {"vce": "cluster", "cluster_var": "region"}]});
    let batch = made(&app, &job, &json!({"base": base, "axes": axes})).await;
    let batch = ended(&app, &job, &batch).await;
    assert_eq!(batch["counts"]["succeeded"], 4, "{batch}");
    let mut bound = Vec::new();
    for cell in cells(&batch) {
        let plan = app.get(&cell_job(&job, cell), "/plan").await.ok()["plan"]["contract"]["bound"].clone();
        bound.push((
            plan["outcome"].clone(),
            plan["controls"].clone(),
            plan["vce"].clone(),
            plan["cluster_vars"].clone(),
        ));
    }
    let expected =
        |controls: Value, vce: &str, clusters: Value| (json!("log_pay"), controls, json!(vce), clusters);
    assert_eq!(
        bound,
        [
            expected(Value::Null, "robust", Value::Null),
            expected(Value::Null, "cluster", json!(["region"])),
            expected(json!(["years_work"]), "robust", Value::Null),
            expected(json!(["years_work"]), "cluster", json!(["region"])),
        ]
    );
    app.stop().await;
}
