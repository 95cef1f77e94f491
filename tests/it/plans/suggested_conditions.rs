//! Conditions on rows that a question states: they were dropped, or their column became a cause or the groups. And methods that a
//! question names: another one was drafted without a word.

use super::asked::{asked, of};
use crate::support::app::TestApp;

/// Countries, a trial with three arms, trials of reaction times: what the questions below are about.
fn rows() -> String {
    let mut text =
        "id,year,continent,arm,sex,age,smoker,RT_ms,lanes,score,pressure,visits,spending,term\n".to_owned();
    for row in 0..240 {
        text += &format!(
            "{row},{},{},{},{},{},{},{},{},{}.5,{},{},{},{}\n",
            2000 + row % 12,
            ["Africa", "Asia", "Europe"][of(row, 5, 3)],
            ["placebo", "low dose", "high dose"][of(row, 7, 3)],
            ["male", "female"][of(row, 11, 2)],
            20 + of(row, 13, 60),
            of(row, 17, 2),
            150 + of(row, 19, 90) * 8,
            2 + of(row, 23, 3) * 2,
            of(row, 29, 70),
            100 + of(row, 31, 60),
            of(row, 37, 6),
            200 + of(row, 41, 90),
            1 + of(row, 43, 2),
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_a_question_states_limits_the_sample() {
    let mut app = TestApp::start().await;
    let text = rows();
    let mut wrong = Vec::new();
    for (question, condition, unused) in [
        ("regress pressure on score, Africa only", r#"continent == "Africa""#, "continent"),
        ("Does score depend on visits? Only females", r#"sex == "female""#, "sex"),
        ("effect of score on pressure, excluding Europe", r#"continent != "Europe""#, "continent"),
        ("regress spending on score in the placebo group", r#"arm == "placebo""#, "arm"),
        ("correlation of score and pressure for smokers only", "smoker == 1", "smoker"),
        ("effect of score on pressure in patients older than 60", "age > 60", "age"),
        ("score和pressure的相关性，60岁以上患者中", "age >= 60", "age"),
        ("Drop RTs below 200 ms, then compare mean RT_ms of males and females", "RT_ms >= 200", "id"),
        ("regress spending on score after 2005", "year > 2005", "year"),
        ("regress spending on score from 2003 to 2008", "year >= 2003 & year <= 2008", "year"),
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        if draft["sample_if"] != condition || draft["roles"].to_string().contains(&format!("\"{unused}\"")) {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}

/// A category that is compared limits nothing, and a threshold of a treatment is none of the sample.
#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_is_no_condition() {
    let mut app = TestApp::start().await;
    let text = rows();
    for question in [
        "Is pressure higher among smokers?",
        "Is score lower in Africa than in Asia?",
        "Did the reform change spending after 2005?",
        "Do females have a higher score?",
        "Does pressure differ between males and females?",
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        let condition = draft["sample_if"].as_str().unwrap_or_default();
        assert!(condition.is_empty() || condition.starts_with("inlist("), "{question}: {draft}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_categories_in_the_plural_are_the_two_that_are_compared() {
    let mut app = TestApp::start().await;
    let mut text = "tree,species,height\n".to_owned();
    for row in 0..120 {
        text += &format!("{row},{},{}.5\n", ["oak", "beech", "spruce"][row % 3], 10 + of(row, 7, 20));
    }
    let draft = &asked(&app, "Are oaks taller than beeches?", &text).await["draft"];
    assert_eq!(draft["sample_if"], r#"inlist(species, "oak", "beech")"#, "{draft}");
    assert_eq!(draft["template_id"], "test.ttest_two");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_question_names_is_drafted_or_asked_for() {
    let mut app = TestApp::start().await;
    let text = rows();
    for (question, template) in [
        ("spending is zero for many - tobit on score and visits", "limited.tobit"),
        ("FE or RE for spending on score and visits?", "panel.re_hausman"),
        ("partial correlation of score and pressure adjusted for age", "desc.partial_correlation"),
        ("correlation of score and pressure controlling for age", "desc.partial_correlation"),
        ("one-sample t test of pressure against 120", "test.ttest_one"),
        ("有序logit：visits受score和pressure影响吗", "limited.ologit"),
        ("best cutoff of score to identify smoker", "medical.roc"),
    ] {
        let answer = asked(&app, question, &text).await;
        let drafted = answer["draft"]["template_id"] == template;
        let asks = answer["open_questions"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|open| open["blocking"] == true && open["candidates"].to_string().contains(template));
        assert!(drafted || asks, "{question}: {answer}");
        let of_mice = answer["draft"]["template_id"] == "linear.multiple_imputation";
        assert!(!of_mice, "{question}");
    }
    // a Cox model needs a time, and the data have none
    let answer = asked(&app, "Cox regression of smoker on score and pressure", &text).await;
    let open = answer["open_questions"].to_string();
    assert!(open.contains("survival.cox") && open.contains("names a Cox model"), "{answer}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_and_lags_of_a_series_are_settings() {
    let mut app = TestApp::start().await;
    let mut text = "quarter,gdp,cpi,rate\n".to_owned();
    for row in 0..80 {
        let (year, quarter) = (2000 + row / 4, row % 4 + 1);
        text += &format!(
            "{year}q{quarter},{},{}.5,{}\n",
            100 + row + of(row, 3, 5),
            90 + of(row, 5, 30),
            of(row, 7, 9)
        );
    }
    for (question, template, name, value) in [
        ("ARIMA(1,1,0) model for gdp", "ts.arima", "d", 1),
        ("VAR(2) of gdp and cpi", "ts.var", "lags", 2),
        ("Newey-West regression of cpi on rate with 4 lags", "ts.newey", "lags", 4),
        ("cpi和rate的关系，Newey-West标准误，滞后4期", "ts.newey", "lags", 4),
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        assert_eq!(draft["template_id"], template, "{question}: {draft}");
        assert_eq!(draft["parameters"][name], value, "{question}: {draft}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_category_and_an_exposure_that_a_question_states_are_taken() {
    let mut app = TestApp::start().await;
    let text = rows();
    for question in [
        "regress pressure on arm and age, with low dose as the reference",
        "regress pressure on arm and age; reference category low dose",
        "arm和age对pressure的影响，以low dose为参照组",
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        assert_eq!(draft["base_levels"]["arm"], "low dose", "{question}: {draft}");
    }
    let mut roads = "segment,crashes,aadt,speed_limit,length_km\n".to_owned();
    for row in 0..150 {
        roads += &format!(
            "{row},{},{},{},{}.{}\n",
            of(row, 7, 9),
            900 + of(row, 11, 90) * 40,
            50 + of(row, 13, 4) * 10,
            1 + of(row, 17, 9),
            row % 10
        );
    }
    let question =
        "effect of aadt and speed limit on the number of crashes, with road length as the exposure";
    let draft = &asked(&app, question, &roads).await["draft"];
    assert_eq!(draft["parameters"]["exposure_var"], "length_km", "{draft}");
    app.stop().await;
}
