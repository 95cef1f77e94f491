//! Questions that are commands of Stata or calls of R: outcome, variables, sample, weights, settings and standard errors are those of
//! the command. They were read as sentences: an xtreg got further regressors, a logit became a Cox model.

use serde_json::{Value, json};

use super::asked::{asked, of};
use crate::support::app::TestApp;

/// A panel of workers with a weight, two measurements and a follow-up.
fn workers() -> String {
    let mut text =
        "pid,year,lnwage,tenure,training,female,region,wt,before,after,months,died,visits,score1,score2,score3\n".to_owned();
    for row in 0..240 {
        text += &format!(
            "{},{},2.{:02},{},{},{},{},1.{},{},{},{}.5,{},{},{},{},{}\n",
            1000 + row / 4,
            2015 + row % 4,
            of(row, 37, 97),
            of(row, 11, 21),
            of(row, 7, 2),
            (row / 4) % 2,
            ["North", "South", "East"][(row / 4) % 3],
            of(row, 5, 10),
            40 + of(row, 13, 30),
            42 + of(row, 17, 30),
            1 + of(row, 19, 60),
            of(row, 23, 2),
            of(row, 29, 7),
            1 + of(row, 3, 5),
            1 + of(row, 9, 5),
            1 + of(row, 15, 5),
        );
    }
    text
}

/// Fails with every draft that lacks a part of what is wanted: objects are compared by their own members alone.
async fn drafts(cases: &[(&str, Value)]) {
    let mut app = TestApp::start().await;
    let text = workers();
    let mut wrong = Vec::new();
    for (question, wanted) in cases {
        let draft = &asked(&app, question, &text).await["draft"];
        let has = |name: &str, value: &Value| match (value, &draft[name]) {
            (outcome, _) if name == "outcome_var" => draft["roles"][name] == json!([outcome]),
            (Value::Object(parts), own) => parts.iter().all(|(part, value)| own[part] == *value),
            (value, own) => own == value,
        };
        if !wanted.as_object().expect("parts").iter().all(|(name, value)| has(name, value)) {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_stata_is_drafted_as_it_stands() {
    let panel = json!({"entity_var": ["pid"], "time_var": ["year"], "regressors": ["tenure", "training"]});
    drafts(&[
        (
            "reg lnwage tenure i.region if female == 1 [pw = wt], vce(cluster pid)",
            json!({"template_id": "linear.ols_cluster", "outcome_var": "lnwage", "sample_if": "female == 1",
                "roles": {"regressors": ["tenure", "region"], "cluster_var": ["pid"], "weight_var": ["wt"]},
                "parameters": {"weight_kind": "pweight", "vce": "cluster"}}),
        ),
        (
            "please run: `reg lnwage tenure training`",
            json!({"template_id": "linear.ols_robust", "roles": {"regressors": ["tenure", "training"]},
                "parameters": {"vce": "classical"}}),
        ),
        (
            "xtreg lnwage tenure training i.year, fe robust",
            json!({"template_id": "panel.fe", "roles": panel, "parameters": {"time_effects": true, "vce": "robust"}}),
        ),
        (
            "运行 reghdfe lnwage tenure training, absorb(pid year) vce(cluster pid)",
            json!({"template_id": "linear.ols_robust", "roles": {"regressors": ["tenure", "training"],
                "fixed_effects": ["pid", "year"], "cluster_var": ["pid"]}, "parameters": {"vce": "cluster"}}),
        ),
        (
            "reg lnwage c.tenure##i.female training, r",
            json!({"template_id": "linear.ols_robust", "roles": {"regressors": ["training", "tenure", "female"]},
                "interaction_terms": [["tenure", "female"]], "categorical_vars": ["female"], "parameters": {"vce": "robust"}}),
        ),
        ("logit died tenure training", json!({"template_id": "limited.logit_margins", "outcome_var": "died",
            "roles": {"regressors": ["tenure", "training"]}})),
        ("stcox training tenure", json!({"template_id": "survival.cox", "roles": {"duration_var": ["months"],
            "failure_var": ["died"], "regressors": ["training", "tenure"]}})),
        ("ttest before == after", json!({"template_id": "test.ttest_paired", "outcome_var": "after",
            "parameters": {"first": "before"}})),
        ("ttest lnwage == 2.5", json!({"template_id": "test.ttest_one", "outcome_var": "lnwage", "parameters": {"null_value": 2.5}})),
        ("signrank before = after", json!({"template_id": "test.signrank", "outcome_var": "before",
            "parameters": {"second": "after"}})),
        ("qreg lnwage tenure, q(.9)", json!({"template_id": "linear.quantile", "parameters": {"quantiles": "0.9"}})),
        ("nbreg visits tenure training, irr", json!({"template_id": "limited.count", "outcome_var": "visits",
            "parameters": {"models": "nbreg", "irr": true}})),
        ("alpha score1-score3", json!({"template_id": "multivariate.alpha",
            "roles": {"item_vars": ["score1", "score2", "score3"]}})),
        ("mixed lnwage tenure || pid: tenure, reml", json!({"template_id": "multilevel.two_level",
            "roles": {"entity_var": ["pid"], "regressors": ["tenure"]},
            "parameters": {"slope_var": "tenure", "reml": true}})),
        ("ivregress 2sls lnwage tenure (training = female), robust", json!({"template_id": "iv.tsls",
            "roles": {"endogenous_vars": ["training"], "instrument_vars": ["female"], "controls": ["tenure"]},
            "parameters": {"vce": "robust"}})),
        ("tab region female, chi2", json!({"template_id": "test.crosstab_chi2", "roles": {"row_var": ["region"],
            "col_var": ["female"]}})),
        ("tab region", json!({"template_id": "desc.frequency"})),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_r_is_drafted_as_it_stands() {
    drafts(&[
        (
            "m <- glm(died ~ tenure + training, family = binomial(), data = d)",
            json!({"template_id": "limited.logit_margins", "outcome_var": "died",
                "roles": {"regressors": ["tenure", "training"]}}),
        ),
        ("coxph(Surv(months, died) ~ training + tenure)", json!({"template_id": "survival.cox",
            "roles": {"duration_var": ["months"], "failure_var": ["died"], "regressors": ["training", "tenure"]}})),
        ("feols(lnwage ~ tenure | pid, cluster = ~pid)", json!({"template_id": "linear.hdfe",
            "roles": {"fixed_effects": ["pid"], "cluster_var": ["pid"], "regressors": ["tenure"]}})),
        ("wilcox.test(lnwage ~ female)", json!({"template_id": "test.ranksum",
            "roles": {"group_var": ["female"]}})),
        ("t.test(d$before, d$after, paired = TRUE)", json!({"template_id": "test.ttest_paired",
            "outcome_var": "after"})),
        ("lmer(lnwage ~ tenure + (1 | pid))", json!({"template_id": "multilevel.two_level",
            "roles": {"entity_var": ["pid"], "regressors": ["tenure"]}})),
        ("smf.ols('lnwage ~ tenure + training', data=df).fit()", json!({"template_id": "linear.ols_robust",
            "roles": {"regressors": ["tenure", "training"]}})),
        ("aov(lnwage ~ region * female)", json!({"template_id": "test.anova_twoway",
            "roles": {"group_var": ["region"]}, "parameters": {"factor_b": "female", "interaction": true}})),
    ])
    .await;
}

/// A part that no analysis has a place for is asked about, and the draft is not frozen unseen; a name that is no column is one of the
/// open points.
#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_command_without_a_place_are_asked_for() {
    let mut app = TestApp::start().await;
    let text = workers();
    for (question, part) in [
        ("reg lnwage L.tenure training", "L.tenure"),
        ("xtreg lnwage tenure in 1/100, fe", "in 1/100"),
        ("reg lnwage c.tenure#c.training#c.female", "tenure#training#female"),
        ("logit died tenure, asis", "asis"),
        ("bootstrap: reg lnwage tenure", "bootstrap:"),
        ("reg lnwage tenure trainng, robust", "trainng"),
    ] {
        let answer = asked(&app, question, &text).await;
        let points = answer["draft"]["open_unknowns"].to_string() + &answer["open_questions"].to_string();
        assert!(points.contains(part), "{question}: {answer}");
        assert_ne!(answer["draft"]["decision"], "auto_freeze", "{question}");
    }
    app.stop().await;
}

/// Sentences whose first word is the name of a command.
#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_that_begins_like_a_command_is_a_sentence() {
    let mut app = TestApp::start().await;
    let text = workers();
    for question in [
        "mean lnwage by region",
        "Factor analysis of score1, score2 and score3",
        "poisson regression of visits on tenure",
        "logit of died on tenure and training",
        "Correlate lnwage with tenure",
    ] {
        let answer = asked(&app, question, &text).await;
        let reason = answer["method"]["reason"].to_string();
        assert!(!reason.contains("the command"), "{question}: {answer}");
    }
    app.stop().await;
}
