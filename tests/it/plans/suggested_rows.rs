//! Drafts for files whose rows and columns are not what a first look takes them for: several rows of one unit, several columns of one
//! name, a column for each year, hundreds of columns.

use serde_json::{Value, json};

use super::asked::asked;
use crate::support::app::TestApp;

/// Thirty animals, each weighed on `occasions`; those of the drug grow more slowly.
fn animals(header: &str, groups: [&str; 2], occasions: &[&str]) -> String {
    let mut text = format!("{header}\n");
    for animal in 1..=30_usize {
        for (at, occasion) in occasions.iter().enumerate() {
            let group = groups[animal % 2];
            let weight = 300 + animal * 7 % 31 + at * if animal % 2 == 0 { 9 } else { 4 } + animal * at % 5;
            text += &format!("{},{group},{occasion},{weight}\n", 100 + animal);
        }
    }
    text
}

/// Each became a test of all rows as if they were independent.
#[tokio::test(flavor = "multi_thread")]
async fn groups_that_change_more_than_others_are_compared_in_their_changes() {
    let mut app = TestApp::start().await;
    let weeks = ["1", "2", "3", "4"];
    let visits = ["pre", "post", "follow-up"];
    let mut wrong = Vec::new();
    for (header, groups, occasions, question) in [
        (
            "rat,group,week,weight",
            ["drug", "placebo"],
            &weeks[..],
            "Do rats on the drug gain weight faster than on placebo?",
        ),
        (
            "rat,group,week,weight",
            ["drug", "placebo"],
            &weeks[..],
            "Did weight increase less under the drug than under placebo?",
        ),
        (
            "patient,arm,visit,score",
            ["exercise", "usual care"],
            &visits[..],
            "Did the score rise more with exercise than with usual care?",
        ),
        ("患者,组别,访视,评分", ["干预组", "对照组"], &visits[..], "干预组的评分是否比对照组提高更多？"),
    ] {
        let suggested = asked(&app, question, &animals(header, groups, occasions)).await;
        let names: Vec<&str> = header.split(',').collect();
        let draft = &suggested["draft"];
        let roles = json!({"cluster_var": [names[0]], "moderator_var": [names[1]], "focal_var": [names[2]],
            "outcome_var": [names[3]]});
        if draft["template_id"] != "linear.interaction_margins" || draft["roles"] != roles {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    // one row for each animal is no course
    let once = animals("rat,group,week,weight", ["drug", "placebo"], &weeks[..1]);
    let suggested = asked(&app, "Did rats on the drug gain more weight than on placebo?", &once).await;
    assert_eq!(suggested["draft"]["template_id"], "test.ttest_two", "{suggested}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}

/// The shares of the sexes among smokers answered for the shares of smokers among the sexes.
#[tokio::test(flavor = "multi_thread")]
async fn the_groups_whose_shares_are_asked_for_have_the_rows() {
    let mut app = TestApp::start().await;
    let mut text = "smokes,sex,region\n".to_owned();
    for row in 1..=200 {
        let of = |words: &[&str], by: usize| words[row * by % 11 % words.len()].to_owned();
        text += &format!(
            "{},{},{}\n",
            of(&["never", "daily", "some days"], 3),
            of(&["male", "female"], 5),
            of(&["north", "south", "east"], 7)
        );
    }
    for question in [
        "What share of men and women smoke?",
        "Do men and women differ in smoking?",
        "男性和女性吸烟的比例有差别吗？",
    ] {
        let suggested = asked(&app, question, &text).await;
        let draft = &suggested["draft"];
        assert_eq!(draft["template_id"], "test.crosstab_chi2", "{question}: {draft}");
        assert_eq!(draft["roles"], json!({"row_var": ["sex"], "col_var": ["smokes"]}), "{question}");
    }
    app.stop().await;
}

/// The first of two columns with the name "Score" was taken for the final score, without a question.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_columns_of_one_name_is_asked_for() {
    let mut app = TestApp::start().await;
    let mut text = "method,Score,Score,age\n".to_owned();
    for row in 1..=60 {
        text += &format!(
            "{},{},{},{}\n",
            ["A", "B"][row % 2],
            40 + row * 7 % 23,
            50 + row * 11 % 29,
            20 + row * 5 % 17
        );
    }
    let suggested = asked(&app, "Does the final score differ between the methods?", &text).await;
    let open = suggested["open_questions"].as_array().expect("a list");
    let one = open.iter().find(|q| q["field"] == "outcome_var").expect("a question");
    assert_eq!((&one["blocking"], &one["candidates"]), (&json!(true), &json!(["Score", "Score_2"])), "{one}");
    // with both in the draft, or another outcome, nothing is to be told apart
    for question in ["Does the score differ from Score_2?", "Does age differ between the methods?"] {
        let suggested = asked(&app, question, &text).await;
        assert!(
            !suggested["open_questions"].to_string().contains("several columns of one name"),
            "{question}: {suggested}"
        );
    }
    app.stop().await;
}

/// "The scale (stai)" took a total with the word anxiety in its label.
#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_a_scale_are_found_by_its_name() {
    let mut app = TestApp::start().await;
    let mut text = "id,stai1,stai2,stai3,stai4,anxiety_before,anxiety_after\n".to_owned();
    for row in 1..=80 {
        let item = |by: usize| 1 + (row * 3 + row * by % 7) % 5;
        text += &format!(
            "{row},{},{},{},{},{},{}\n",
            item(1),
            item(2),
            item(3),
            item(4),
            20 + row * 7 % 37,
            18 + row * 5 % 41
        );
    }
    for question in ["Is the anxiety scale (stai) reliable?", "焦虑量表（STAI）的信度如何？"] {
        let suggested = asked(&app, question, &text).await;
        let draft = &suggested["draft"];
        assert_eq!(draft["template_id"], "multivariate.alpha", "{question}: {draft}");
        assert_eq!(draft["roles"], json!({"item_vars": ["stai1", "stai2", "stai3", "stai4"]}), "{question}");
    }
    app.stop().await;
}

/// Fares of one year explained the fares of another.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_for_each_year_is_asked_to_become_a_row() {
    let mut app = TestApp::start().await;
    let years = 2018..=2022;
    let header: Vec<String> =
        ["Fare", "Riders"].iter().flat_map(|m| years.clone().map(move |y| format!("{m} {y}"))).collect();
    let mut text = format!("City,{}\n", header.join(","));
    for city in 1..=25 {
        let cells: Vec<String> =
            (0..10).map(|at| (100 + city * 13 % 41 + at * 7 + city * at % 9).to_string()).collect();
        text += &format!("C{city},{}\n", cells.join(","));
    }
    for question in [
        "How do fares affect riders?",
        "票价对乘客有什么影响？",
        "effect of fares on riders with city fixed effects",
    ] {
        let suggested = asked(&app, question, &text).await;
        let open = suggested["open_questions"].as_array().expect("a list");
        let asks = |q: &&Value| q["blocking"] == true && q.to_string().contains("prep.reshape");
        assert!(open.iter().any(|q| asks(&q)), "{question}: {suggested}");
    }
    let one = asked(&app, "Did fares in 2018 affect riders in 2019?", &text).await;
    assert!(!one.to_string().contains("prep.reshape"), "{one}");
    app.stop().await;
}

/// Counts relative to something: the number of the row became it, or the words were dropped.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_question_calls_an_exposure_is_one() {
    let mut app = TestApp::start().await;
    let mut text = "road_id,accidents,speed_limit,length_km\n".to_owned();
    for row in 1..=90 {
        text += &format!(
            "{},{},{},{}.{}\n",
            4000 + row,
            row * 7 % 5,
            [30, 50, 80][row % 3],
            1 + row % 9,
            row % 10
        );
    }
    for question in [
        "effect of speed limit on accidents with length km as exposure",
        "effect of speed limit on accidents, exposure: length_km",
        "限速对事故数的影响，以 length_km 为暴露量",
    ] {
        let suggested = asked(&app, question, &text).await;
        let draft = &suggested["draft"];
        assert_eq!(draft["template_id"], "limited.count", "{question}: {draft}");
        assert_eq!(draft["parameters"]["exposure_var"], json!("length_km"), "{question}: {draft}");
        assert_eq!(draft["roles"]["outcome_var"], json!(["accidents"]), "{question}: {draft}");
    }
    app.stop().await;
}

/// The time of a draft grew with the square of the columns, until no draft came.
#[tokio::test(flavor = "multi_thread")]
async fn of_hundreds_of_columns_those_near_the_question_are_read() {
    let mut app = TestApp::start().await;
    let others: Vec<String> = (1..=500).map(|at| format!("gene{at}")).collect();
    let mut text = format!("{},survival_days,tumour_size\n", others.join(","));
    for row in 1..=40_usize {
        let cells: Vec<String> = (1..=500).map(|at| (row * at % 17).to_string()).collect();
        text += &format!("{},{},{}.5\n", cells.join(","), 30 + row * 7 % 90, row * 5 % 19);
    }
    let suggested = asked(&app, "Does tumour size affect survival days?", &text).await;
    let draft = &suggested["draft"];
    assert_eq!(draft["roles"]["outcome_var"], json!(["survival_days"]), "{draft}");
    assert_eq!(draft["roles"]["regressors"], json!(["tumour_size"]), "{draft}");
    assert!(suggested["open_questions"].to_string().contains("The table has 502 columns"), "{suggested}");
    app.stop().await;
}

/// The numbers of both arms of six studies; with one of them `events`, of two outcomes.
fn arms(of_events: bool) -> String {
    let sizes = [(40, 38), (55, 60), (25, 27), (80, 76), (33, 30), (47, 52)];
    if of_events {
        let events = [(12, 20), (30, 36), (8, 15), (41, 52), (15, 18), (22, 35)];
        let rows = sizes.iter().zip(events).zip(1..);
        let lines = rows.map(|(((n1, n2), (e1, e2)), row)| format!("Trial {row},{e1},{n1},{e2},{n2}\n"));
        return format!("trial,events_treat,n_treat,events_control,n_control\n{}", lines.collect::<String>());
    }
    let means = [(12.1, 10.2), (11.4, 10.9), (13.0, 10.1), (10.8, 10.0), (12.6, 11.7), (11.9, 10.3)];
    let spreads = [(3.0, 3.2), (2.8, 2.9), (3.5, 3.1), (2.6, 2.7), (3.3, 3.4), (3.1, 2.8)];
    let rows = sizes.iter().zip(means).zip(spreads).zip(1..);
    let lines = rows.map(|((((n1, n2), (m1, m2)), (s1, s2)), row)| {
        format!("Study {row},{n1},{m1},{s1},{n2},{m2},{s2}\n")
    });
    format!("study,n_t,mean_t,sd_t,n_c,mean_c,sd_c\n{}", lines.collect::<String>())
}

/// A table of arms had no effect, so that no meta-analysis was found. The pooled effects, by the method
/// of DerSimonian and Laird, are numpy's, and of odds also those of R, package metafor, `escalc("OR")`; of its "SMD" they differ by the exact
/// correction of small samples, 5e-6.
#[tokio::test(flavor = "multi_thread")]
async fn the_effects_of_studies_are_derived_from_their_arms() {
    let mut app = TestApp::start().await;
    for (question, of_events, pooled) in [
        ("What is the pooled standardized mean difference?", false, 0.410_543_402_815_155_33),
        ("这些研究合并后的效应是多少？", false, 0.410_543_402_815_155_33),
        (
            "Is the risk lower with treatment? Combine the trials in a meta-analysis",
            true,
            -0.677_673_883_246_923_8,
        ),
    ] {
        let job = app.job(question).await;
        app.upload(&job, "studies.csv", arms(of_events).into_bytes()).await.ok();
        let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
        assert_eq!(suggested["draft"]["template_id"], "medical.meta", "{question}: {suggested}");
        app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
        app.wait_for_end(&job).await;
        let runs = app.get(&job, "/runs").await.ok();
        let run = &runs["runs"][0];
        assert_eq!(run["status"], "succeeded", "{question}: {run}");
        let estimate = run["metrics"]["estimate"].as_f64().expect("an estimate");
        assert!((estimate / pooled - 1.0).abs() < 1e-9, "{question}: {estimate}");
    }
    app.stop().await;
}

/// Each was another column, a table without the order of the answers, or a comparison in the wrong direction.
#[tokio::test(flavor = "multi_thread")]
async fn times_scales_and_directions_of_a_question_decide() {
    let mut app = TestApp::start().await;
    let mut text = "id,group,pain_0,pain_4,pain_12,trust,mode,income,hire_date,exit_date,left\n".to_owned();
    for row in 1..=90_usize {
        let of = |by: usize, most: usize| row * by % 97 % most;
        text += &format!(
            "{row},{},{},{},{},{},{},{},2020-{:02}-{:02},202{}-{:02}-11,{}\n",
            ["A", "B"][of(7, 2)],
            60 + of(3, 31),
            55 + of(5, 37),
            50 + of(11, 41),
            1 + of(13, 5),
            ["bus", "car", "train"][of(17, 3)],
            20_000 + of(19, 89) * 331,
            1 + of(23, 12),
            1 + of(29, 27),
            1 + of(31, 4),
            1 + of(37, 12),
            of(41, 2)
        );
    }
    let mut wrong = Vec::new();
    for (question, template, roles) in [
        (
            "Is pain at week 12 lower in group B than in group A?",
            "test.ttest_two",
            json!({"outcome_var": ["pain_12"], "group_var": ["group"]}),
        ),
        (
            "Is pain after 4 weeks lower in group B?",
            "test.ttest_two",
            json!({"outcome_var": ["pain_4"], "group_var": ["group"]}),
        ),
        (
            "How does income affect the choice between bus, car and train?",
            "limited.mlogit",
            json!({"outcome_var": ["mode"], "regressors": ["income"]}),
        ),
        (
            "Does income differ between bus, car and train?",
            "test.anova_oneway",
            json!({"outcome_var": ["income"], "group_var": ["mode"]}),
        ),
        (
            "Do people in group B stay longer?",
            "survival.cox",
            json!({"duration_var": ["followup_days"], "failure_var": ["left"], "regressors": ["group"]}),
        ),
    ] {
        let draft = &asked(&app, question, &text).await["draft"];
        if draft["template_id"] != template || draft["roles"] != roles {
            wrong.push(format!("{question}: {draft}"));
        }
    }
    let one = asked(&app, "Is the scale of pain_4 reliable?", &text).await;
    let open = one["open_questions"].to_string();
    if !open.contains("takes 2 columns or more") {
        wrong.push(format!("one item: {one}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}
