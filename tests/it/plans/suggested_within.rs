//! Drafts for questions that compare units with themselves, and for those about the time until something happens, on files as
//! people have them: school years, words for yes and no, durations under names of their own.

use serde_json::{Value, json};

use crate::support::app::TestApp;

async fn asked(app: &TestApp, question: &str, file: &str, text: &str) -> Value {
    let job = app.job(question).await;
    app.upload(&job, file, text.as_bytes().to_vec()).await.ok();
    app.post(&job, "/draft/suggest", &json!({})).await.ok()
}

/// Forty pupils in five school years.
fn pupils(header: &str, year: impl Fn(u32) -> String) -> String {
    let mut text = format!("{header}\n");
    for pupil in 1..=40_u32 {
        for at in 0..5_u32 {
            let small = (pupil * 7 + at * 3) % 5 < 2;
            let score = 60 + pupil * 13 % 17 + at + 3 * u32::from(small) + (pupil * at) % 4;
            let class = if small { "yes" } else { "no" };
            text += &format!("{},S{},{},{class},{score}\n", 10_000 + pupil, pupil % 8, year(2018 + at));
        }
    }
    text
}

/// It became least squares without a question: the school years were text, so that there was no panel.
#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_of_each_unit_with_itself_is_a_panel_model() {
    let mut app = TestApp::start().await;
    let english = "Pupil_No,School,Year,SmallClass,Score";
    let chinese = "学生编号,学校,学年,小班,成绩";
    let slash: fn(u32) -> String = |year| format!("{year}/{:02}", (year + 1) % 100);
    let whole: fn(u32) -> String = |year| format!("{year}-{}", year + 1);
    let files = [pupils(english, slash), pupils(english, whole), pupils(chinese, whole)];
    let mut wrong = Vec::new();
    for (file, question) in [
        (
            0,
            "comparing each pupil with themselves over the years, does being in a small class raise the score?",
        ),
        (1, "Does being in a small class raise the score? Each pupil is their own control."),
        (0, "Within the same pupil, does a small class raise the score?"),
        (1, "Pupils compared with themselves: does a small class raise the score?"),
        (0, "Using each pupil as his or her own control, what is the effect of a small class on the score?"),
        (1, "Does a small class raise the score of the same pupil from year to year?"),
        (2, "同一学生前后比较，小班能提高成绩吗？"),
        (2, "小班对成绩有什么影响？控制个体固定效应"),
        (2, "把每个学生和自己相比，小班会提高成绩吗？"),
        (2, "以学生自身为对照，小班是否提高成绩？"),
    ] {
        let suggested = asked(&app, question, "school.csv", &files[file]).await;
        let draft = &suggested["draft"];
        let names: Vec<&str> = (if file == 2 { chinese } else { english }).split(',').collect();
        let roles = &draft["roles"];
        let right = draft["template_id"] == "panel.fe"
            && roles["entity_var"] == json!([names[0]])
            && roles["time_var"] == json!([names[2]])
            && roles["outcome_var"] == json!([names[4]])
            && roles["regressors"] == json!([names[3]])
            && draft["data_steps"]
                .as_array()
                .is_some_and(|steps| steps.iter().any(|s| s["to"] == "first_year"));
        if !right {
            wrong.push(format!("{question}: {draft} {}", suggested["open_questions"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}

/// Patients with a follow-up whose column has no word of a list.
fn patients(header: &str) -> String {
    let mut text = format!("{header}\n");
    for row in 1..=150_u32 {
        let event = row * 11 % 3 == 0;
        text += &format!(
            "{row},{}.{},{},{},{}\n",
            1 + row * 7 % 40,
            row % 10,
            u32::from(event),
            row * 5 % 2,
            40 + row * 13 % 35
        );
    }
    text
}

/// Some of them became a logit model of the event, which leaves out how long each row was observed.
#[tokio::test(flavor = "multi_thread")]
async fn words_of_hazards_and_times_until_an_event_are_survival() {
    let mut app = TestApp::start().await;
    let mut wrong = Vec::new();
    for (header, question, family) in [
        ("id,months_observed,died,smoker,age", "Does smoking raise the hazard of death?", "survival.cox"),
        (
            "id,obs_time_months,died,smoker,age",
            "Do smokers have a higher risk of dying over time?",
            "survival.",
        ),
        (
            "id,months_in_study,relapsed,new_drug,age",
            "Does the new drug lower the hazard of relapse, adjusting for age?",
            "survival.cox",
        ),
        (
            "id,weeks_to_relapse,relapsed,new_drug,age",
            "How long until patients relapse with and without the new drug?",
            "survival.",
        ),
        (
            "id,weeks_enrolled,dropped_out,mentor,age",
            "Does having a mentor slow down dropout over time?",
            "survival.",
        ),
        (
            "id,tenure_months,left_firm,mentor,age",
            "Does a mentor delay the time until people leave the firm?",
            "survival.",
        ),
        ("编号,观察月数,死亡,吸烟,年龄", "吸烟会提高死亡风险率吗？", "survival.cox"),
        ("编号,观察月数,流失,辅导,年龄", "辅导能不能延缓流失的时间？", "survival."),
        ("编号,随访周数,复发,新药,年龄", "新药组多久才会复发？", "survival."),
    ] {
        let suggested = asked(&app, question, "cohort.csv", &patients(header)).await;
        let draft = &suggested["draft"];
        let names: Vec<&str> = header.split(',').collect();
        let is = draft["template_id"].as_str().is_some_and(|id| id.starts_with(family));
        let roles = &draft["roles"];
        if !is || roles["duration_var"] != json!([names[1]]) || roles["failure_var"] != json!([names[2]]) {
            wrong.push(format!("{question}: {draft} {}", suggested["open_questions"]));
        }
    }
    // a hazard of another kind, and a share of events, are none
    for (header, question) in [
        ("id,income_k,died,smoker,age", "Does smoking raise the hazard of death?"),
        ("id,months_observed,died,smoker,age", "What is the probability of death for smokers?"),
    ] {
        let suggested = asked(&app, question, "cohort.csv", &patients(header)).await;
        let template = suggested["draft"]["template_id"].as_str().unwrap_or_default().to_owned();
        if template.starts_with("survival.") {
            wrong.push(format!("{question}: {}", suggested["draft"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stop().await;
}

/// Patients of a hospital: a checklist, readmissions in words, ages.
fn discharges() -> String {
    let mut text = String::from("Pat. ID,Age (yrs),Checklist used?,Readmitted within 30 days\n");
    for row in 1..=80_u32 {
        let word = |yes: bool| if yes { "Yes" } else { "No" };
        text += &format!(
            "{},{},{},{}\n",
            1000 + row,
            30 + row * 7 % 60,
            word(row % 2 == 0),
            word(row * 11 % 7 < 2)
        );
    }
    text
}

/// What was said about age after the question was taken for the question, and the checklist was left out without a word.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_question_does_not_replace_it() {
    let mut app = TestApp::start().await;
    for question in [
        "Does using the discharge checklist reduce readmissions? Older patients come back more often.",
        "Does the checklist lower readmission? We know that older patients have more of it.",
    ] {
        let suggested = asked(&app, question, "ward.csv", &discharges()).await;
        let roles = &suggested["draft"]["roles"];
        assert_eq!(roles["outcome_var"], json!(["Readmitted_within_30_days"]), "{suggested}");
        let causes = roles["regressors"].as_array().cloned().unwrap_or_default();
        assert!(causes.contains(&json!("Checklist_used")), "{suggested}");
    }
    app.stop().await;
}

/// A mean was asked for of a column of words; no analysis fitted.
#[tokio::test(flavor = "multi_thread")]
async fn the_share_of_an_answer_in_a_survey_is_a_mean_of_its_regions() {
    let mut app = TestApp::start().await;
    let mut text = String::from("HH number,Region,Survey weight,Clean water at home,HH size\n");
    for row in 1..=90_u32 {
        let answer = ["Yes", "No", "Yes", "Refused", "No"][row as usize * 7 % 5];
        text += &format!(
            "{row},{},{}.{},{answer},{}\n",
            ["North", "South", "East"][row as usize % 3],
            1 + row % 2,
            row % 9,
            1 + row % 6
        );
    }
    let question = "What share of households has clean water at home in each region? Use the survey weights.";
    let suggested = asked(&app, question, "survey.csv", &text).await;
    let draft = &suggested["draft"];
    // a mean of 0 and 1, without the refusals
    assert_eq!(draft["template_id"], "survey.mean", "{suggested}");
    assert_eq!(draft["roles"]["item_vars"], json!(["Clean_water_at_home"]), "{suggested}");
    assert_eq!(draft["roles"]["group_var"], json!(["Region"]), "{suggested}");
    assert_eq!(draft["data_steps"][0]["missing"], json!(["Refused"]), "{suggested}");
    assert_eq!(draft["roles"]["weight_var"], json!(["Survey_weight"]), "{suggested}");
    app.stop().await;
}

/// FDI was dropped for a line of growth over time.
#[tokio::test(flavor = "multi_thread")]
async fn letters_that_a_header_begins_with_name_it() {
    let mut app = TestApp::start().await;
    let mut text =
        String::from("Country Name,Country Code,Year,GDP growth (annual %),FDI net inflows (% of GDP)\n");
    for (at, name) in
        ["Brazil", "India", "China", "Kenya", "Ghana", "Peru", "Chile", "France", "Spain", "Italy"]
            .iter()
            .enumerate()
    {
        for year in 2001..=2012_usize {
            text += &format!(
                "{name},{}X,{year},{}.{},{}.5\n",
                &name[..2].to_uppercase(),
                (at + year) % 7,
                year % 10,
                (at * year) % 5
            );
        }
    }
    let question =
        "Does more FDI raise GDP growth within a country over time? With country and year fixed effects";
    let suggested = asked(&app, question, "wdi.csv", &text).await;
    let (draft, roles) = (&suggested["draft"], &suggested["draft"]["roles"]);
    assert_eq!(draft["template_id"], "panel.fe", "{suggested}");
    assert_eq!(roles["outcome_var"], json!(["GDP_growth_annual"]), "{suggested}");
    assert_eq!(roles["regressors"], json!(["FDI_net_inflows_of_GDP"]), "{suggested}");
    assert!(roles["controls"].is_null(), "{suggested}");
    app.stop().await;
}

/// The stay in a firm ends where a column of words says so: it became least squares of the tenure.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenure_with_its_end_is_a_follow_up() {
    let mut app = TestApp::start().await;
    let mut text = String::from("Employee no.,Tenure in months,Has left,Mentoring,Salary\n");
    for row in 1..=90_u32 {
        let left = if row * 11 % 3 == 0 { "yes" } else { "no" };
        let mentor = if row % 2 == 0 { "with mentor" } else { "without" };
        text += &format!(
            "E{row},{}.{},{left},{mentor},{}\n",
            2 + row * 7 % 50,
            row % 10,
            30_000 + row * 131 % 9_000
        );
    }
    let question = "Do people with a mentor stay longer, taking their salary into account?";
    let suggested = asked(&app, question, "staff.csv", &text).await;
    let draft = &suggested["draft"];
    assert_eq!(draft["template_id"], "survival.cox", "{suggested}");
    assert_eq!(draft["roles"]["duration_var"], json!(["Tenure_in_months"]), "{suggested}");
    app.stop().await;
}
