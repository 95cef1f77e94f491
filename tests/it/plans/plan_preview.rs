//! The preview of a plan: what a freeze would freeze, what is missing, and the rows that are left.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

async fn uploaded(app: &TestApp, data: &str) -> Job {
    let job = app.job("q").await;
    app.upload(&job, "data.csv", data).await.ok();
    job
}

/// Rows of a CSV whose cells pass a test; cells are found by their column's name.
fn rows(data: &str, keep: impl Fn(&dyn Fn(&str) -> Option<f64>) -> bool) -> usize {
    let mut lines = data.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines
        .filter(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |name: &str| {
                let at = names.iter().position(|n| *n == name).expect("a column");
                cells[at].parse::<f64>().ok()
            };
            keep(&cell)
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_repeats_remarks_on_rows_that_are_no_observations_until_the_draft_repairs_them() {
    let mut app = TestApp::start().await;
    let rows: String = (1..=40).map(|i| format!("R{i},{},{}\n", 10 + (i * 7) % 13, i % 9)).collect();
    let job = app.job("q").await;
    let uploaded = app.upload(&job, "data.csv", format!("region,pay,years\n{rows}合计,640,156\n")).await.ok();
    let remark = uploaded["warnings"].as_array().expect("a list").iter().find(|w| w["type"] == "total_row");
    let repair = remark.expect("the upload remarks on it")["repairs"][0].clone();
    let mut draft = json!({"template_id": "linear.ols_robust", "outcome_var": "pay",
                           "roles": {"regressors": ["years"]}});
    let check = async |draft: &Value| {
        app.put(&job, "/draft", draft).await.ok();
        let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
        let checks = shown["checks"].as_array().expect("a list").clone();
        checks.into_iter().find(|check| check["id"] == "total_row")
    };
    let found = check(&draft).await.expect("the preview warns");
    assert_eq!(found["status"], "warn");
    assert!(found["message"].as_str().is_some_and(|text| text.contains("row 42")), "{found}");
    draft["data_steps"] = json!([repair]);
    assert_eq!(check(&draft).await, None);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_the_plan_of_the_freeze_and_writes_nothing() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, PAY).await;
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}, "sample_if": "age >= 30 & !(female == 1)"});
    app.put(&job, "/draft", &draft).await.ok();
    let before = (app.get(&job, "").await.ok(), app.get(&job, "/artifacts").await.ok());
    let shown = app.post(&job, "/plan/preview", &json!({"seed": 7})).await.ok();
    assert_eq!((app.get(&job, "").await.ok(), app.get(&job, "/artifacts").await.ok()), before);
    assert_eq!((&shown["ready"], &shown["missing_params_detail"]), (&json!(true), &json!([])));
    let all = rows(PAY, |_| true);
    let kept = rows(PAY, |cell| cell("age").is_some_and(|a| a >= 30.0) && cell("female") == Some(0.0));
    let complete = rows(PAY, |cell| {
        let chosen = cell("age").is_some_and(|a| a >= 30.0) && cell("female") == Some(0.0);
        chosen && cell("log_pay").is_some() && cell("schooling").is_some()
    });
    assert!(0 < complete && complete <= kept && kept < all);
    let steps = json!([{"step": "data", "rows": all}, {"step": "sample_if", "rows": kept},
                       {"step": "complete_cases", "rows": complete}]);
    assert_eq!(shown["sample_flow"], steps);
    assert_eq!(shown["checks"][0]["id"], "min_observations");
    assert_eq!(
        (&shown["checks"][0]["status"], &shown["checks"][0]["value"]),
        (&json!("ok"), &json!(complete))
    );
    let body = include_str!("../../../assets/stata_do_library/do/linear.ols_robust.do");
    assert!(shown["do_file"].as_str().is_some_and(|text| text.contains(body)));
    let plan = app.post(&job, "/plan/freeze", &json!({"seed": 7})).await.ok();
    assert_eq!(plan["plan"]["plan_id"], shown["plan"]["plan_id"]);
    app.post(&job, "/plan/preview", &json!({})).await.refused(409, "PLAN_FREEZE_NOT_ALLOWED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_freeze_would_refuse_is_shown_with_what_is_missing() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app, PAY).await;
    app.post(&job, "/plan/preview", &json!({})).await.refused(409, "PLAN_FREEZE_NOT_ALLOWED");
    app.put(&job, "/draft", &json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay"}))
        .await
        .ok();
    let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
    assert_eq!((&shown["ready"], &shown["do_file"]), (&json!(false), &Value::Null));
    assert_eq!(shown["plan"]["contract"]["missing"], json!(["regressors"]));
    assert_eq!(shown["missing_params_detail"][0]["param"], "regressors");
    assert_eq!(shown["checks"][0]["id"], "PLAN_FREEZE_MISSING_REQUIRED");
    let refused =
        app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "PLAN_FREEZE_MISSING_REQUIRED");
    assert_eq!(refused["context"]["missing_params_detail"], shown["missing_params_detail"]);
    let answered = json!({"answers": {"regressors": ["schooling"]}});
    assert_eq!(app.post(&job, "/plan/preview", &answered).await.ok()["ready"], true);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_counted_with_three_valued_logic_on_every_kind_of_column() {
    let mut app = TestApp::start().await;
    let mut data = "y,x,g,d\n".to_owned();
    for n in 0..60 {
        let x = if n % 6 == 5 { String::new() } else { format!("{}.5", n % 10) };
        let g = ["north", "south", ""][n % 3];
        let d = if n % 4 == 3 { String::new() } else { format!("2020-01-{:02}", n % 28 + 1) };
        data.push_str(&format!("{n},{x},{g},{d}\n"));
    }
    let job = uploaded(&app, &data).await;
    // counted by hand over n = 0..60 with the same rules for missing values
    let x = |n: usize| (n % 6 != 5).then_some((n % 10) as f64 + 0.5);
    let g = |n: usize| ["north", "south", ""].get(n % 3).copied().filter(|g| !g.is_empty());
    let day = |n: usize| (n % 4 != 3).then_some(n % 28 + 1);
    let cases: [(&str, usize); 6] = [
        ("x > 4", (0..60).filter(|n| x(*n).is_some_and(|x| x > 4.0)).count()),
        ("!(x > 4)", (0..60).filter(|n| x(*n).is_some_and(|x| x <= 4.0)).count()),
        ("missing(x)", (0..60).filter(|n| x(*n).is_none()).count()),
        (
            "g == \"north\" | x < 2",
            (0..60).filter(|n| g(*n) == Some("north") || x(*n).is_some_and(|x| x < 2.0)).count(),
        ),
        ("inlist(g, \"north\", \"west\")", (0..60).filter(|n| g(*n) == Some("north")).count()),
        ("d >= date(\"2020-01-15\")", (0..60).filter(|n| day(*n).is_some_and(|d| d >= 15)).count()),
    ];
    for (condition, expected) in cases {
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": ["x"]},
                           "sample_if": condition});
        app.put(&job, "/draft", &draft).await.ok();
        let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
        assert_eq!(shown["sample_flow"][1], json!({"step": "sample_if", "rows": expected}), "{condition}");
    }
    app.stop().await;
}
