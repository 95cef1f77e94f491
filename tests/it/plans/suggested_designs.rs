//! Designs that only the data or a rule in the words show: two devices, several occasions, staggered adoption, a threshold, places, one
//! event of several. Each had a draft that ran and answered something else, without a question.

use serde_json::{Value, json};

use super::asked::{asked, of};
use crate::support::app::TestApp;

/// Fails with every draft that has another template or other roles.
async fn drafts(app: &TestApp, text: &str, template: &str, roles: &Value, questions: &[&str]) {
    let mut wrong = Vec::new();
    for question in questions {
        let draft = &asked(app, question, text).await["draft"];
        let own = &draft["roles"];
        let differs = roles.as_object().expect("roles").iter().any(|(role, columns)| own[role] != *columns);
        if draft["template_id"] != template || differs {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A regression of one device on the other.
#[tokio::test(flavor = "multi_thread")]
async fn whether_two_devices_agree_is_asked_of_their_differences() {
    let mut app = TestApp::start().await;
    let mut text = "subject,omron,mercury,age\n".to_owned();
    for row in 1..=60 {
        let level = 110 + of(row, 5, 43);
        text +=
            &format!("{row},{},{},{}\n", level + of(row, 3, 7), level + of(row, 11, 5), 20 + of(row, 13, 50));
    }
    let roles = json!({"outcome_var": ["omron"]});
    let questions = [
        "Do the two devices agree?",
        "How well do omron and mercury agree?",
        "Agreement between the omron and mercury readings",
        "两种设备的测量结果一致吗？",
        "omron和mercury的一致性如何",
    ];
    drafts(&app, &text, "medical.bland_altman", &roles, &questions).await;
    let one = asked(&app, questions[0], &text).await;
    assert_eq!(one["draft"]["parameters"]["second"], "mercury", "{one}");
    app.stop().await;
}

/// A paired test of two of three occasions.
#[tokio::test(flavor = "multi_thread")]
async fn three_occasions_are_compared_together() {
    let mut app = TestApp::start().await;
    let mut text = "id,bp_morning,bp_noon,bp_evening,sex\n".to_owned();
    for row in 1..=60 {
        let level = 110 + of(row, 5, 43);
        text += &format!(
            "{row},{},{},{},{}\n",
            level + of(row, 3, 7),
            level + 2 + of(row, 11, 5),
            level + of(row, 17, 9),
            ["F", "M"][of(row, 7, 2)]
        );
    }
    let roles = json!({"item_vars": ["bp_morning", "bp_noon", "bp_evening"]});
    let questions = [
        "Does blood pressure differ between morning, noon and evening?",
        "Compare bp_morning, bp_noon and bp_evening",
        "Does bp change over the day?",
        "早上、中午和晚上的血压有差异吗",
    ];
    drafts(&app, &text, "test.anova_repeated", &roles, &questions).await;
    app.stop().await;
}

/// The year of adoption explained the outcome as a slope.
#[tokio::test(flavor = "multi_thread")]
async fn the_year_of_adoption_makes_a_staggered_design() {
    let mut app = TestApp::start().await;
    let mut text = "state,year,law_year,deaths\n".to_owned();
    for state in 1..=24_usize {
        let law = [0, 2004, 2007, 2010][state % 4];
        for year in 2000..2014_usize {
            let after = usize::from(law > 0 && year >= law);
            text += &format!(
                "S{state},{year},{law},{}.{}\n",
                60 + of(state, 5, 17) - 2 * after,
                of(state + year, 3, 10)
            );
        }
    }
    let roles = json!({"outcome_var": ["deaths"], "entity_var": ["state"], "time_var": ["year"],
        "adopt_time_var": ["law_year"]});
    let questions = [
        "Did the law reduce deaths?",
        "What is the effect of the law on deaths?",
        "Effect of the law on deaths; states adopted it in different years",
        "各州在不同年份实施法律，对deaths有何影响",
        "法律对deaths的影响",
    ];
    drafts(&app, &text, "did.callaway", &roles, &questions).await;
    app.stop().await;
}

/// A regression on the score, or on nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_treatment_from_so_many_points_on_is_a_discontinuity() {
    let mut app = TestApp::start().await;
    let mut text = "student,score,gpa,age\n".to_owned();
    for row in 1..=200 {
        let score = 40 + of(row, 5, 59);
        text += &format!(
            "{row},{score},{}.{},{}\n",
            2 + usize::from(score >= 75),
            of(row, 11, 10),
            17 + of(row, 13, 6)
        );
    }
    let roles = json!({"outcome_var": ["gpa"], "running_var": ["score"]});
    let questions = [
        "From 75 points on students get the scholarship. What is its effect on gpa?",
        "Whoever scores 75 or more receives a scholarship. Does it raise gpa?",
        "The scholarship is given from a score of 75. Effect on gpa",
        "75分以上的学生获得奖学金，奖学金对gpa有什么影响",
        "成绩达到75分可获奖学金，对gpa的影响",
    ];
    drafts(&app, &text, "rd.sharp", &roles, &questions).await;
    for question in questions {
        let one = asked(&app, question, &text).await;
        assert_eq!(one["draft"]["parameters"]["cutoff"], 75.0, "{question}: {one}");
    }
    app.stop().await;
}

/// An independent test of rows that are two measurements of one unit.
#[tokio::test(flavor = "multi_thread")]
async fn two_rows_of_one_unit_are_not_two_units() {
    let mut app = TestApp::start().await;
    for occasions in [["vorher", "nachher"], ["avant", "apres"], ["before", "after"], ["前", "后"]] {
        let mut text = "patient,moment,weight\n".to_owned();
        for row in 1..=40 {
            let weight = 60 + of(row, 5, 37);
            text += &format!(
                "{row},{},{weight}\n{row},{},{}\n",
                occasions[0],
                occasions[1],
                weight - of(row, 3, 5)
            );
        }
        let roles = json!({"outcome_var": ["weight"], "regressors": ["moment"], "entity_var": ["patient"]});
        let question = format!("Is weight different between {} and {}?", occasions[0], occasions[1]);
        drafts(&app, &text, "multilevel.two_level", &roles, &[&question]).await;
    }
    let mut text = "rat,day,weight\n".to_owned();
    for row in 1..=20 {
        let weight = 200 + of(row, 5, 37);
        text += &format!("{row},0,{weight}\n{row},14,{}\n", weight + of(row, 3, 9));
    }
    for question in [
        "Nonparametric test of weight between day 0 and day 14",
        "Wilcoxon test of weight between day 0 and day 14",
        "用非参数检验比较第0天和第14天的weight",
    ] {
        let one = asked(&app, question, &text).await;
        let open = one["open_questions"].as_array().expect("a list");
        let asks = |q: &&Value| q["blocking"] == true && q.to_string().contains("prep.reshape");
        assert!(open.iter().any(|q| asks(&q)), "{question}: {one}");
    }
    app.stop().await;
}

/// A model of all outcomes, whatever the question asked about.
#[tokio::test(flavor = "multi_thread")]
async fn one_event_of_several_outcomes_is_read_as_an_event() {
    let mut app = TestApp::start().await;
    let rows = |header: &str, time: bool| {
        let mut text = format!("{header}\n");
        for row in 1..=200 {
            let ended = ["died", "relapsed", "alive", "alive"][of(row, 5, 4)];
            let months = if time { format!("{}.5,", 1 + of(row, 7, 50)) } else { String::new() };
            text += &format!("{row},{ended},{months}{},{}\n", of(row, 11, 2), 40 + of(row, 13, 40));
        }
        text
    };
    let text = rows("id,outcome,drug,age", false);
    let roles = json!({"outcome_var": ["outcome_died"], "regressors": ["drug"]});
    let questions = [
        "Does drug affect the risk of dying?",
        "Does drug reduce the risk of death?",
        "Logistic regression of (outcome = died) on drug",
        "drug是否降低死亡风险",
    ];
    drafts(&app, &text, "limited.logit_margins", &roles, &questions).await;
    let one = asked(&app, questions[0], &text).await;
    assert!(one["open_questions"].to_string().contains("count as rows without it"), "{one}");
    let text = rows("id,status,months,drug,age", true);
    let roles = json!({"duration_var": ["months"], "failure_var": ["status_code"], "regressors": ["drug"]});
    drafts(&app, &text, "survival.competing", &roles, &questions[..2]).await;
    app.stop().await;
}

/// A table of frequencies. The pooled logarithm of the ratio, by the method of DerSimonian and Laird with standard errors of
/// (ln upper - ln lower) / (2 * 1.959964), is numpy's.
#[tokio::test(flavor = "multi_thread")]
async fn ratios_with_their_intervals_are_pooled() {
    let mut app = TestApp::start().await;
    let rows = [
        (0.72, 0.55, 0.94),
        (0.85, 0.66, 1.09),
        (0.61, 0.40, 0.93),
        (1.05, 0.80, 1.38),
        (0.78, 0.60, 1.01),
        (0.92, 0.71, 1.19),
    ];
    let pooled = -0.184_998_564_204_304_55;
    for (header, question) in [
        ("study,HR,lower,upper", "Pool the hazard ratios"),
        ("trial,hr,ci_low,ci_high", "What is the pooled HR of these trials?"),
        ("研究,HR,下限,上限", "合并这些研究的HR"),
        ("author,or,or_lcl,or_ucl", "Meta-analysis of the odds ratios"),
    ] {
        let mut text = format!("{header}\n");
        for (at, (ratio, low, high)) in rows.iter().enumerate() {
            text += &format!("Study {at},{ratio},{low},{high}\n");
        }
        let job = app.job(question).await;
        app.upload(&job, "studies.csv", text.into_bytes()).await.ok();
        let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
        assert_eq!(suggested["draft"]["template_id"], "medical.meta", "{question}: {suggested}");
        app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
        app.wait_for_end(&job).await;
        let run = &app.get(&job, "/runs").await.ok()["runs"][0];
        let estimate = run["metrics"]["estimate"].as_f64().expect("an estimate");
        assert!((estimate / pooled - 1.0).abs() < 1e-9, "{question}: {estimate}");
    }
    app.stop().await;
}

/// A regression, a description, or a model without the dependence of rows.
#[tokio::test(flavor = "multi_thread")]
async fn risks_clusters_places_and_weights_are_read_as_they_are_meant() {
    let mut app = TestApp::start().await;
    let mut text = "household,visit,ill,net,age,income_pc,weight_kg,median_income,happiness\n".to_owned();
    for row in 0..240 {
        text += &format!(
            "{},{},{},{},{},{},{},{},{}\n",
            1 + row / 4,
            1 + row % 4,
            usize::from(of(row, 5, 10) > 6),
            of(row, 11, 2),
            20 + of(row, 13, 50),
            900 + of(row, 17, 89),
            50 + of(row, 19, 40),
            30 + of(row, 23, 61),
            of(row, 29, 83)
        );
    }
    let clustered = json!({"outcome_var": ["ill"], "regressors": ["net"], "cluster_var": ["household"]});
    let questions = [
        "Does the net reduce illness (ill)? 4 visits per household",
        "Effect of net on ill; each household was visited four times",
        "net对ill的影响，每户访问4次",
    ];
    drafts(&app, &text, "limited.logit_margins", &clustered, &questions).await;
    let plain = json!({"outcome_var": ["ill"], "treatment_var": ["net"]});
    let questions = [
        "What is the relative risk of ill with net?",
        "RR of ill, net vs none",
        "net对ill的相对危险度是多少",
    ];
    drafts(&app, &text, "medical.effect_measures", &plain, &questions).await;
    let adjusted = json!({"outcome_var": ["ill"], "regressors": ["net"], "controls": ["age"]});
    let questions = ["Relative risk of ill with net, adjusted for age", "调整age后net对ill的相对危险度"];
    drafts(&app, &text, "limited.count", &adjusted, &questions).await;
    let one = asked(&app, questions[0], &text).await;
    let settings = &one["draft"]["parameters"];
    assert_eq!((&settings["models"], &settings["irr"]), (&json!("poisson"), &json!(true)), "{one}");
    // a name with the word of a statistic, and a weight that weighs no rows
    for question in
        ["Effect of age on happiness, control median income", "控制 median_income，age对happiness的影响"]
    {
        let draft = &asked(&app, question, &text).await["draft"];
        assert_ne!(draft["template_id"], "linear.quantile", "{question}: {draft}");
        assert_eq!(draft["roles"]["controls"], json!(["median_income"]), "{question}: {draft}");
    }
    for question in ["Does age affect happiness? Use survey weights", "Weighted mean of happiness"] {
        let draft = &asked(&app, question, &text).await["draft"];
        assert!(!draft.to_string().contains("weight_kg"), "{question}: {draft}");
    }
    app.stop().await;
}

/// Refusals stood among the answers where one of them had an apostrophe, and "non-smokers" was no clause of the rows.
#[tokio::test(flavor = "multi_thread")]
async fn rows_without_an_answer_and_denied_groups_are_conditions() {
    let mut app = TestApp::start().await;
    let mut text = "id,trust,age,smoking\n".to_owned();
    for row in 1..=200 {
        text += &format!(
            "{row},{},{},{}\n",
            ["Low", "Medium", "High", "Refused", "Don't know"][of(row, 5, 5)],
            18 + of(row, 11, 60),
            ["smokers", "non-smokers"][of(row, 13, 2)]
        );
    }
    for (question, parts) in [
        ("Does age affect trust?", &["inlist(trust, "][..]),
        ("age对trust的影响", &["inlist(trust, "][..]),
        ("Among non-smokers, does age affect trust?", &["inlist(trust, ", "smoking == \"non-smokers\""][..]),
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        assert_eq!(draft["template_id"], "limited.ologit", "{question}: {draft}");
        let condition = draft["sample_if"].as_str().unwrap_or_default();
        assert!(parts.iter().all(|part| condition.contains(part)), "{question}: {draft}");
        assert!(!condition.contains("Refused"), "{question}: {draft}");
    }
    app.stop().await;
}

/// The mean of the codes 1 and 2, 1.6, was called the share.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_a_survey_that_is_coded_1_and_2_is_that_of_the_first_code() {
    let mut app = TestApp::start().await;
    let mut text = "id,stratum,psu,pw,hypertension,age\n".to_owned();
    for row in 1..=200 {
        let (weight, answer) = (50 + of(row, 17, 90), 1 + of(row, 13, 2));
        text += &format!("{row},{},{},{weight}.5,{answer},{}\n", row % 5, row / 10, 18 + of(row, 11, 60));
    }
    let question = "What share of people have hypertension, accounting for the survey design with strata, psu and weights?";
    let suggested = asked(&app, question, &text).await;
    let draft = &suggested["draft"];
    assert_eq!(draft["roles"]["item_vars"], json!(["hypertension_1"]), "{suggested}");
    assert_eq!(draft["derived_variables"][0]["expression"], "hypertension == 1", "{suggested}");
    assert!(suggested["open_questions"].to_string().contains("holds 1 and 2"), "{suggested}");
    app.stop().await;
}
