//! What reports say of designs: the rows of the estimation, the kind of standard errors, times that groups share.

use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded};
use crate::support::app::TestApp;

const FIRMS: &str = include_str!("../../../assets/stata_do_library/datasets/firms_panel.csv");
const ECONOMY: &str = include_str!("../../../assets/stata_do_library/datasets/economy.csv");

/// The text of the report of an analysis.
async fn reported(app: &TestApp, data: impl Into<Vec<u8>>, draft: &Value) -> String {
    let job = app.job("What explains the outcome?").await;
    app.upload(&job, "data.csv", data).await.ok();
    app.put(&job, "/draft", draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let run = succeeded(app, &job, &json!({})).await;
    let answer = render(app, &job, &run, &json!({"formats": ["docx"]})).await.ok();
    docx_text(download(app, &job, &answer, ".docx").await).0
}

/// The lengths of rows follow from the lags: 4 of 120 periods have no full past, 2 of 120 with two lags.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_lags_take_are_not_said_to_be_used() {
    let mut app = TestApp::start().await;
    let lags = json!({"template_id": "ts.distributed_lag", "outcome_var": "growth", "parameters": {"lags": 4},
        "roles": {"focal_var": ["rate"], "time_var": ["period"]}});
    let system = json!({"template_id": "ts.var", "parameters": {"vars": ["growth", "inflation"], "lags": 2,
        "time_var": "period"}});
    for (draft, words) in
        [(lags, "116 of 120 rows were used; left out: 4 ("), (system, "118 of 120 rows were used")]
    {
        let text = reported(&app, ECONOMY, &draft).await;
        assert!(text.contains(words) && !text.contains("All 120 rows were used"), "{words} in\n{text}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_no_other_standard_errors_than_those_of_the_plan() {
    let mut app = TestApp::start().await;
    let panel = json!({"template_id": "panel.fe", "outcome_var": "log_output", "parameters": {"vce": "classical"},
        "roles": {"regressors": ["log_capital"], "entity_var": ["firm"], "time_var": ["year"]}});
    let text = reported(&app, FIRMS, &panel).await;
    assert!(text.contains("Fixed effects (within) regression") && text.contains("(classical)"), "{text}");
    let title = text.lines().find(|line| !line.is_empty()).expect("a title");
    assert!(!title.contains("cluster") && !text.contains("Estimator: Fixed effects, clustered"), "{text}");
    app.stop().await;
}

/// Two events at each time and nobody censored, so that the curve of `old` falls by a quarter at 1, 2, 3 and 4 and that of
/// `new` at 2, 4, 6 and 8. Up to 4, the last time of `old`, the areas are 1 + 0.75 + 0.5 + 0.25 = 2.5 and 2 + 2 × 0.75 = 3.5.
/// The variances are by Greenwood, the sum of squared areas ahead times d / (n (n − d)):
/// 1.5² × 2 / 48 + 0.75² × 2 / 24 + 0.25² × 2 / 8 = 0.15625 and 1.5² × 2 / 48 = 0.09375.
#[tokio::test(flavor = "multi_thread")]
async fn mean_times_of_groups_end_where_the_shortest_curve_ends() {
    let mut app = TestApp::start().await;
    let data = "months,died,arm\n1,1,old\n2,1,old\n3,1,old\n4,1,old\n2,1,new\n4,1,new\n6,1,new\n8,1,new\n\
                1,1,old\n2,1,old\n3,1,old\n4,1,old\n2,1,new\n4,1,new\n6,1,new\n8,1,new\n";
    let draft = json!({"template_id": "survival.km_logrank",
        "roles": {"duration_var": ["months"], "failure_var": ["died"], "group_var": ["arm"]}});
    let text = reported(&app, data, &draft).await;
    let words = "Up to 4 (months), the mean is 3.500 for arm “new” and 2.500 for “old”: 1.000 longer for “new” (standard \
                 error 0.500).";
    assert!(text.contains(words), "{words} in\n{text}");
    app.stop().await;
}

/// A row on the first of each month from January 2015 to December 2020, and on the last day of each year from 1950 to 2019: the
/// period after is January 2021 or 2020, and no day of 1962 or 1965 that has the number of that month or year.
#[tokio::test(flavor = "multi_thread")]
async fn forecasts_over_dates_are_dated_by_the_period_that_the_run_counts() {
    let mut app = TestApp::start().await;
    let months = (0..72).map(|i| format!("{}-{:02}-01", 2015 + i / 12, i % 12 + 1));
    let years = (1950..2020).map(|year| format!("{year}-12-31"));
    for (days, next, wrong) in
        [(months.collect::<Vec<_>>(), "2021-01", "1962-"), (years.collect::<Vec<_>>(), "2020", "1965-")]
    {
        // any series without a trend will do
        let rows = days.iter().enumerate().map(|(i, day)| format!("{day},{}", (i * 37 + i * i * 11) % 23));
        let data: String = ["day,y".to_owned()].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
        let draft = json!({"template_id": "ts.arima", "parameters": {"variable": "y", "time_var": "day", "p": 1, "d": 0, "q": 0,
            "horizon": 2}});
        let text = reported(&app, data, &draft).await;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert!(lines.contains(&next), "{next} in\n{text}");
        assert!(!text.contains(wrong), "{wrong} in\n{text}");
    }
    app.stop().await;
}
