//! Drafts for files whose rows and columns are not what a first look takes them for: several rows of one unit, several columns of one
//! name, a column for each year, hundreds of columns.

use serde_json::{Value, json};

use crate::support::app::TestApp;

async fn asked(app: &TestApp, question: &str, text: &str) -> Value {
    let job = app.job(question).await;
    app.upload(&job, "data.csv", text.as_bytes().to_vec()).await.ok();
    app.post(&job, "/draft/suggest", &json!({})).await.ok()
}

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
