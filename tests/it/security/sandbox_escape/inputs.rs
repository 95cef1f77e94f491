//! Hostile inputs over HTTP: file names, columns, labels, cells, parameters, requirements and archives. They
//! are refused, or become data that nothing executes.

use reqwest::Method;
use serde_json::{Value, json};

use super::Outside;
use crate::support::app::{Answer, TestApp};

/// Names of uploaded files that try to be paths or programs.
const FILE_NAMES: &[&str] = &[
    "../../outside/new.csv",
    "/etc/stata-service-escape",
    "..",
    "a/../../b.csv",
    "..\\..\\outside\\new.csv",
    "profile.do",
    "x.ado",
    "stata.lic",
    "a.csv\"; filename=\"b.do",
    "`touch outside`.csv",
    "$(touch outside).csv",
    "x'\"$S_ADO`c(pwd)'.csv",
];

/// Names of columns that are macro text, commands or SMCL elsewhere.
const COLUMNS: &[&str] = &[
    "`c(pwd)'",
    "$S_ADO",
    "x) shell(touch",
    "y\"'\nshell touch out\n",
    "{smcl}{stata erase main.do}",
    "_all",
    "if",
    "\u{202e}x",
];

/// Texts of cells and labels.
const CELLS: &[&str] = &[
    "`=shell(\"touch OUT/new.txt\")'",
    "$(touch OUT/new.txt)",
    "\"' + char(10) + \"!touch OUT/new.txt",
    "SS_EVENT|end|nonce=0",
    "r(198);",
    "=cmd|'/c touch OUT/new.txt'!A1",
    "{browse \"file:///etc/shadow\"}",
];

/// Values of parameters and expressions that try to leave their place in the do-file.
const VALUES: &[&str] = &[
    "y) shell touch OUT/new.txt (",
    "y\nshell touch OUT/new.txt",
    "`c(pwd)'",
    "$S_ADO",
    "y; shell touch OUT/new.txt",
    "y /* */ if 1",
    "../../../etc/shadow",
    "y, vce(robust) saving(OUT/new.dta)",
    "{stata erase main.do}",
    "y //",
    "y ///",
];

fn csv(outside: &Outside) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header: Vec<&str> = ["y", "x"].into_iter().chain(COLUMNS.iter().copied()).collect();
    writer.write_record(&header).expect("written");
    for row in 0..60 {
        let cell = CELLS[row % CELLS.len()].replace("OUT", &outside.folder.display().to_string());
        let mut record = vec![format!("{}", row * 3 % 17), row.to_string()];
        record.extend(COLUMNS.iter().map(|_| cell.clone()));
        writer.write_record(&record).expect("written");
    }
    writer.into_inner().expect("flushed")
}

async fn put(app: &TestApp, job: &crate::support::app::Job, body: Value) -> Answer {
    app.put(job, "/draft", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_cells_and_values_stay_text() {
    let mut app = TestApp::start().await;
    let outside = Outside::below(app.dir.path());
    for name in FILE_NAMES {
        let job = app.job("how does y depend on x").await;
        let answer = app.upload(&job, name, "y,x\n1,2\n2,3\n").await;
        assert!(answer.status.is_success() || answer.status.is_client_error(), "{name}: {}", answer.status);
    }
    let requirement =
        format!("`shell touch {}/new.txt' $S_ADO \"' how does y depend on x", outside.folder.display());
    let job = app.job(&requirement).await;
    app.upload(&job, "data.csv", csv(&outside)).await.ok();
    for value in VALUES {
        let value = value.replace("OUT", &outside.folder.display().to_string());
        for body in [
            json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": value, "controls": ["x"]}}),
            json!({"template_id": value, "roles": {"outcome_var": "y", "controls": ["x"]}}),
            json!({"template_id": "linear.ols_robust", "outcome_var": "y", "controls": [value]}),
            json!({"template_id": "linear.ols_robust", "outcome_var": "y", "controls": ["x"], "sample_if": value}),
            json!({"template_id": "linear.ols_robust", "outcome_var": "y", "controls": ["x"],
                   "derived_variables": [{"name": "z", "expression": value, "label": "z"}]}),
            json!({"template_id": "linear.ols_robust", "outcome_var": "y", "controls": ["x"],
                   "derived_variables": [{"name": value, "expression": "x", "label": "z"}]}),
        ] {
            let answer = put(&app, &job, body.clone()).await;
            assert!(!answer.status.is_server_error(), "{body}: {} {}", answer.status, answer.body);
        }
    }
    let good = json!({"template_id": "linear.ols_robust", "outcome_var": "y", "treatment_var": "x",
        "derived_variables": [{"name": "z", "expression": "x * 2", "label": "twice x r(198)"}]});
    put(&app, &job, good).await.ok();
    app.post(&job, "/plan/freeze", &json!({"notes": VALUES.join(" ")})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "succeeded", "the data are data, whatever they say: {ended}");
    outside.is_as_before();
    let runs = app.get(&job, "/runs").await.ok();
    let run_id = runs["runs"][0]["run_id"].as_str().expect("a run").to_owned();
    let meta = app.artifact(&job, &format!("artifacts/runs/{run_id}/run.meta.json")).await;
    let meta: Value = serde_json::from_slice(&meta).expect("JSON");
    assert_eq!(meta["process"]["sandbox"], "enforced");
    assert!(
        ["cgroup", "session"].iter().any(|c| meta["process"]["containment"] == *c),
        "{}",
        meta["process"]["containment"]
    );
    for path in [
        "../../../outside/canary.txt",
        "..%2f..%2f..%2foutside%2fcanary.txt",
        "%2e%2e/%2e%2e/job.json",
        "/etc/shadow",
    ] {
        let path = format!("/v1/jobs/{}/artifacts/{path}", job.job_id);
        let answer = Answer::of(app.request(Method::GET, &path, &job.token)).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
    app.stop().await;
}
