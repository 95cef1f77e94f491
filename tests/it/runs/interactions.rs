//! Interactions of regressors: pairs whose effects depend on each other, with the effect of each by itself. The numbers are those of
//! statsmodels 0.14 (OLS with HC1; Logit; GLM Poisson) and of a within regression by numpy, on the sample data of the library.

use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded};
use crate::support::app::{Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const FIRMS: &str = include_str!("../../../assets/stata_do_library/datasets/firms_panel.csv");
const VISITS: &str = include_str!("../../../assets/stata_do_library/datasets/visits.csv");

async fn frozen(app: &TestApp, file: (&str, &str), draft: &Value) -> Job {
    let job = app.job("").await;
    app.upload(&job, file.0, file.1).await.ok();
    app.put(&job, "/draft", draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    job
}

/// Estimate and standard error of a term.
fn estimate(results: &Value, term: &str) -> (f64, f64) {
    let row = results.as_array().expect("a list").iter().find(|row| row["term"] == term);
    let row = row.unwrap_or_else(|| panic!("{term} in {results}"));
    let number = |name: &str| row[name].as_f64().expect("a number");
    (number("estimate"), number("std_error"))
}

fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() < within, "{found} is not {wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linear_regression_takes_interactions_and_says_that_effects_vary() {
    let mut app = TestApp::start().await;
    let draft = json!({
        "template_id": "linear.ols_robust", "outcome_var": "log_pay", "categorical_vars": ["sector"],
        "roles": {"regressors": ["schooling"], "controls": ["years_work", "sector"]},
        "interaction_terms": [["schooling", "years_work"], ["schooling", "sector"]],
    });
    let job = frozen(&app, ("pay.csv", PAY), &draft).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let results = app.get(&job, &format!("/runs/{run}")).await.ok()["results"].clone();
    for (term, b, se) in [
        ("schooling", 0.061_596_200_886_9, 0.013_835_858_332_6),
        ("years_work", -0.005_330_187_022_68, 0.005_346_177_625_17),
        ("3.sector", -0.191_987_484_966, 0.187_458_244_482),
        ("c.schooling#c.years_work", 0.001_253_577_430_42, 0.000_430_523_847_75),
        ("2.sector#c.schooling", -0.004_482_427_199_18, 0.015_147_004_699_3),
        ("4.sector#c.schooling", 0.012_255_781_734, 0.020_824_441_940_3),
    ] {
        let found = estimate(&results, term);
        near(found.0, b, 1e-10);
        near(found.1, se, 1e-10);
    }
    let labels: Vec<&str> =
        results.as_array().expect("a list").iter().filter_map(|r| r["label"].as_str()).collect();
    assert!(labels.contains(&"schooling × years_work"), "{labels:?}");
    let said = app.get(&job, &format!("/runs/{run}/findings?language=en")).await.ok().to_string();
    assert!(said.contains("schooling: its effect is not one number"), "{said}");
    assert!(!said.contains("If schooling is 1 higher"), "{said}");
    let answer = render(&app, &job, &run, &json!({"formats": ["docx"]})).await.ok();
    let (text, _) = docx_text(download(&app, &job, &answer, ".docx").await);
    assert!(
        text.contains("Interaction: schooling × years_work.") && !text.contains("Interactions: "),
        "{text}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_takes_interactions() {
    let mut app = TestApp::start().await;
    let draft = json!({
        "template_id": "panel.fe", "outcome_var": "log_output",
        "roles": {"regressors": ["log_capital", "log_labor"], "controls": ["exporter"], "entity_var": ["firm"], "time_var": ["year"]},
        "parameters": {"time_effects": true}, "interaction_terms": [["log_capital", "exporter"]],
    });
    let job = frozen(&app, ("firms.csv", FIRMS), &draft).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let results = app.get(&job, &format!("/runs/{run}")).await.ok()["results"].clone();
    for (term, b, se) in [
        ("log_capital", 0.365_774_846_265_274_8, 0.046_602_252_175_237_97),
        ("c.log_capital#c.exporter", 0.012_248_058_807_220_538, 0.016_750_430_621_104_418),
    ] {
        let found = estimate(&results, term);
        near(found.0, b, 1e-9);
        near(found.1, se, 1e-9);
    }
    app.stop().await;
}

/// A regressor of 0 and 1 enters a model with marginal effects as a factor; its interaction is one of the same variable.
#[tokio::test(flavor = "multi_thread")]
async fn models_with_marginal_effects_and_counts_take_interactions() {
    let mut app = TestApp::start().await;
    let draft = json!({
        "template_id": "limited.logit_margins", "outcome_var": "union_member",
        "roles": {"regressors": ["schooling", "female"]}, "interaction_terms": [["schooling", "female"]],
    });
    let job = frozen(&app, ("pay.csv", PAY), &draft).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let results = app.get(&job, &format!("/runs/{run}")).await.ok()["results"].clone();
    let found = estimate(&results, "1.female#c.schooling");
    near(found.0, 0.077_145_34, 1e-7);
    near(found.1, 0.060_161_16, 1e-7);
    // average marginal effects: of schooling, and of female from 0 to 1 in both of its terms
    let margins = app.artifact(&job, &format!("artifacts/runs/{run}/table_margins.csv")).await;
    let margins = String::from_utf8(margins).expect("a text");
    let effect = |term: &str| {
        let row = margins.lines().find(|line| line.contains(&format!(",{term},")));
        let row = row.unwrap_or_else(|| panic!("{term} in {margins}"));
        row.split(',').nth(2).and_then(|x| x.parse::<f64>().ok()).expect("a number")
    };
    near(effect("schooling"), -0.003_860_661_493_490_292, 1e-8);
    near(effect("female"), -0.017_579_889_854_757_086, 1e-8);
    let draft = json!({
        "template_id": "limited.count", "outcome_var": "visits",
        "roles": {"regressors": ["age", "chronic"]}, "parameters": {"exposure_var": "months", "models": "poisson"},
        "interaction_terms": [["age", "chronic"]],
    });
    let job = frozen(&app, ("visits.csv", VISITS), &draft).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let table = app.artifact(&job, &format!("artifacts/runs/{run}/table_coefficients.csv")).await;
    let table = String::from_utf8(table).expect("a text");
    let row = table.lines().find(|line| line.contains("c.age#c.chronic")).expect("the interaction");
    near(row.split(',').nth(3).and_then(|x| x.parse().ok()).expect("a number"), 0.001_977, 1e-6);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_without_the_effect_of_each_column_is_refused() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = |template: &str, terms: Value| {
        json!({"template_id": template, "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]},
               "interaction_terms": terms})
    };
    for (template, terms, code, says) in [
        (
            "linear.ols_robust",
            json!([["schooling", "female"]]),
            "INPUT_VALIDATION_FAILED",
            "`female` is in an interaction and no regressor",
        ),
        (
            "linear.ols_robust",
            json!([["schooling", "schooling"]]),
            "INPUT_VALIDATION_FAILED",
            "paired with itself",
        ),
        ("linear.ols_robust", json!([["schooling", "wage"]]), "CONTRACT_COLUMN_NOT_FOUND", "no column wage"),
        (
            "linear.quantile",
            json!([["schooling", "female"]]),
            "ROLE_UNUSED",
            "linear.interaction_margins estimates one interaction (focal_var schooling, moderator_var female)",
        ),
    ] {
        app.put(&job, "/draft", &draft(template, terms)).await.ok();
        let refused = app.post(&job, "/plan/freeze", &json!({})).await;
        let status = refused.status.as_u16();
        let body = refused.refused(status, code);
        assert!(body.to_string().contains(says), "{says} in {body}");
    }
    app.stop().await;
}
