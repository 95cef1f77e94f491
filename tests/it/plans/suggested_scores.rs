//! What drafts by rules are measured and learned with: the readings of all known questions, and the scores of any set.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stata_service::library::load::Library;
use stata_service::library::suggest::{SuggestInput, draft_of, readings, suggest};

use super::suggested_library::{Read, asked, drafted, judged, read, table};
use crate::support::app::TestApp;

/// The folder of the sets, and those from which the weights are learned.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/suggest");
const SETS: [&str; 37] = [
    "asked",
    "asked2",
    "asked3",
    "briefs",
    "causaldata",
    "daily",
    "field",
    "fresh",
    "headers",
    "headers2",
    "letters",
    "library",
    "library2",
    "library3",
    "people",
    "textbook",
    "unseen",
    "unseen2",
    "unseen3",
    "unseen4",
    "unseen5",
    "unseen6",
    "unseen7",
    "unseen8",
    "unseen9",
    "unseen10",
    "unseen11",
    "unseen12",
    "unseen13",
    "unseen15",
    "unseen16",
    "unseen17",
    "unseen18",
    "unseen20",
    "unseen23",
    "plain",
    "plain13",
];

/// Plain questions about public data sets, with the names of their columns, and about other usual data: those that version 27 was made
/// with, and those first asked of it.
const PLAIN_PUBLIC: [&str; 1] = [include_str!("../../fixtures/suggest/plain6.jsonl")];
const PLAIN_PUBLIC_LATER: [&str; 1] = [include_str!("../../fixtures/suggest/plain7.jsonl")];
/// Least shares for these.
const LEAST_PLAIN_PUBLIC: [f64; 3] = [0.94, 0.87, 0.95];
const LEAST_PLAIN_PUBLIC_LATER: [f64; 3] = [0.80, 0.66, 0.82];

/// Plain, vague and misspelt questions of people in nine professions: those that version 29 was made with, and those that only
/// measure.
const PLAIN_WORK: [&str; 1] = [include_str!("../../fixtures/suggest/plain8.jsonl")];
const PLAIN_WORK_LATER: [&str; 1] = [include_str!("../../fixtures/suggest/plain9.jsonl")];
/// Least shares for these.
const LEAST_PLAIN_WORK: [f64; 3] = [0.95, 0.86, 0.95];
const LEAST_PLAIN_WORK_LATER: [f64; 3] = [0.76, 0.74, 0.70];

/// Questions of 14 professions: those that version 31 was made with, and those that only measure.
const PEOPLE: [&str; 1] = [include_str!("../../fixtures/suggest/plain13.jsonl")];
const PEOPLE_LATER: [&str; 1] = [include_str!("../../fixtures/suggest/plain14.jsonl")];
/// Least shares for these.
const LEAST_PEOPLE: [f64; 3] = [0.91, 0.84, 0.92];
const LEAST_PEOPLE_LATER: [f64; 3] = [0.80, 0.67, 0.78];

/// Oblique questions about the sample data of the library, which name no method: only the method is judged.
const OBLIQUE: [&str; 1] = [include_str!("../../fixtures/suggest/library3.jsonl")];
const LEAST_OBLIQUE: [f64; 3] = [1.0, 1.0, 0.9];

fn set(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{FIXTURES}/{name}.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn field<'a>(question: &'a Value, name: &str) -> &'a str {
    question[name].as_str().expect("a text")
}

/// Writes every known question with its readings to `target/suggest_readings.jsonl`.
#[test]
#[ignore = "writes what scripts/suggest/weights.py learns from; it checks nothing"]
fn readings_of_all_known_questions() {
    let library = Library::embedded().expect("the library");
    let mut lines = String::new();
    let mut known: BTreeMap<String, Read> = BTreeMap::new();
    for file in SETS {
        for question in set(file) {
            let data = field(&question, "data");
            let (dataset, values) = known.entry(data.to_owned()).or_insert_with(|| read(data));
            let asked = field(&question, "question");
            let readings = readings(&SuggestInput { library: &library, question: asked, dataset, values });
            lines.push_str(&format!("{}\n", json!({"file": file, "q": question, "readings": readings})));
        }
    }
    std::fs::write("target/suggest_readings.jsonl", lines).expect("the readings are written");
}

/// Prints the shares of right outcomes, roles, methods and of all three for each set of `SS_SUGGEST_SETS` (all known ones
/// without it). `SS_SUGGEST_ANSWERS` names a file for the single drafts.
#[test]
#[ignore = "it only measures: docs/suggest.md"]
fn scores_of_sets() {
    let library = Library::embedded().expect("the library");
    let mut known: BTreeMap<String, Read> = BTreeMap::new();
    let mut lines = String::new();
    for name in asked_for() {
        let mut scores = Vec::new();
        for question in set(&name) {
            let data = field(&question, "data");
            let (dataset, values) = known.entry(data.to_owned()).or_insert_with(|| read(data));
            let text = field(&question, "question");
            let made = suggest(&SuggestInput { library: &library, question: text, dataset, values });
            let open = made.open_questions.iter().map(|q| json!({"field": q.field, "blocking": q.blocking}));
            let made = json!({"draft": draft_of(&made), "open_questions": open.collect::<Vec<_>>()});
            let right = judged(&question, &made);
            scores.push(right);
            lines.push_str(&format!(
                "{}\n",
                json!({"file": name, "q": question, "right": right, "made": made})
            ));
        }
        printed(&name, &scores);
    }
    kept(&lines);
}

/// The same over HTTP, with the repairs of the service.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it only measures: docs/suggest.md"]
async fn scores_of_sets_by_the_service() {
    let app = TestApp::start().await;
    let mut lines = String::new();
    for name in asked_for() {
        let mut scores = Vec::new();
        for question in set(&name) {
            let job = app.job(field(&question, "question")).await;
            let (file, bytes) = table(field(&question, "data"));
            app.upload(&job, &file, bytes).await.ok();
            let made = app.post(&job, "/draft/suggest", &json!({})).await.ok();
            let right = judged(&question, &made);
            scores.push(right);
            lines.push_str(&format!(
                "{}\n",
                json!({"file": name, "q": question, "right": right, "made": made})
            ));
        }
        printed(&name, &scores);
    }
    kept(&lines);
}

#[test]
fn plain_questions_about_public_data_get_their_drafts() {
    asked(&PLAIN_PUBLIC, LEAST_PLAIN_PUBLIC);
}

#[test]
fn plain_questions_about_public_data_that_were_kept_back_mostly_get_their_drafts() {
    asked(&PLAIN_PUBLIC_LATER, LEAST_PLAIN_PUBLIC_LATER);
}

#[test]
fn questions_of_fourteen_professions_get_their_drafts() {
    asked(&PEOPLE, LEAST_PEOPLE);
}

#[test]
fn questions_of_fourteen_professions_that_were_kept_back_mostly_get_their_drafts() {
    asked(&PEOPLE_LATER, LEAST_PEOPLE_LATER);
}

#[test]
fn oblique_questions_find_their_analyses() {
    asked(&OBLIQUE, LEAST_OBLIQUE);
}

#[test]
fn questions_of_nine_professions_get_their_drafts() {
    asked(&PLAIN_WORK, LEAST_PLAIN_WORK);
}

#[test]
fn questions_of_nine_professions_that_were_kept_back_mostly_get_their_drafts() {
    asked(&PLAIN_WORK_LATER, LEAST_PLAIN_WORK_LATER);
}

/// Each of these fell to another column or method: what an effect is studied beyond was taken for the outcome, a difference of a
/// difference for a difference, a season for a holiday, a law in a panel for a column of unrelated rows.
#[test]
fn additions_seasons_and_laws_are_read_as_they_are_meant() {
    let library = Library::embedded().expect("the library");
    let drafted = |data: &str, question: &str| drafted(&library, data, question);
    let asked =
        "Does perceived stress predict life satisfaction over and above neuroticism and extraversion?";
    let draft = drafted("pl_wellbeing", asked);
    assert_eq!(draft["roles"]["outcome_var"], json!(["SWLS"]));
    assert_eq!(draft["roles"]["controls"], json!(["neuroticism", "extraversion"]));
    let asked = "Does the difference in weight between males and females depend on the species?";
    let draft = drafted("pl_penguin", asked);
    assert_eq!(draft["template_id"], json!("linear.interaction_margins"));
    let draft = drafted("pl_retailm", "Is there a seasonal pattern in sales?");
    assert_eq!(draft["template_id"], json!("ts.describe"));
    let draft = drafted("pl_smokban", "Did smoking bans reduce the smoking rate?");
    assert_eq!(draft["template_id"], json!("panel.fe"));
    assert_eq!(draft["roles"]["entity_var"], json!(["state"]));
    // a score of a questionnaire is no count, whatever is held constant
    let draft = drafted("pl_charls", "独居老人的抑郁得分是否更高，控制年龄、性别和慢性病数量");
    assert_eq!(draft["template_id"], json!("linear.ols_robust"));
    // the treatment of a trial goes by the name of what was given
    let asked =
        "Did access to microcredit raise expenditure at endline, controlling for baseline expenditure?";
    let draft = drafted("pl_mfi", asked);
    assert_eq!(draft["roles"]["regressors"], json!(["treatment"]));
}

/// Each of these fell to another column, method or setting: a share of a fixed time was taken for the end of a follow-up, a limit of a
/// score for a part of its name, the size of a household for nothing, and effects of periods and odds ratios were left out.
#[test]
fn fixed_times_limits_sizes_and_settings_are_read_as_they_are_meant() {
    let library = Library::embedded().expect("the library");
    let drafted = |data: &str, question: &str| drafted(&library, data, question);
    let draft = drafted("pf_icu", "Do diabetics stay longer in hospital?");
    assert_ne!(draft["roles"]["failure_var"], json!(["mort30"]), "{draft}");
    let draft = drafted("pf_icu", "高龄和糖尿病是不是30天死亡的危险因素");
    assert_eq!(draft["template_id"], json!("limited.logit_margins"), "{draft}");
    let asked =
        "Scholarships go to everyone scoring 60 or more on the entrance test; do they improve the final GPA?";
    let draft = drafted("pf_merit", asked);
    assert_eq!(draft["roles"]["running_var"], json!(["entrance_score"]), "{draft}");
    assert_eq!(draft["parameters"]["cutoff"], json!(60.0), "{draft}");
    let draft = drafted("pf_heating", "Do large households consume more?");
    assert_eq!(draft["roles"]["regressors"], json!(["occupants"]), "{draft}");
    assert_eq!(draft["roles"]["outcome_var"], json!(["kwh"]), "{draft}");
    // the Phillips curve may be a straight line
    let draft = drafted("pl_macroq", "Estimate a Phillips curve: does unemployment lower inflation?");
    assert_eq!(draft["template_id"], json!("ts.newey"), "{draft}");
    // a yes and a no in words may be the outcome of a model with several causes
    let draft = drafted("pf_tengtong", "年龄、性别、分组对并发症发生的影响");
    assert_eq!(draft["template_id"], json!("limited.logit_margins"), "{draft}");
    for asked in [
        "Does R&D intensity raise return on assets, with firm and year fixed effects?",
        "控制企业和年份固定效应后，研发强度对资产收益率的影响",
    ] {
        let draft = drafted("pf_compfirm", asked);
        assert_eq!(draft["template_id"], json!("panel.fe"), "{draft}");
        assert_eq!(draft["parameters"]["time_effects"], json!(true), "{draft}");
    }
    let draft = drafted("pf_compfirm", "Does leverage reduce return on assets within firms?");
    assert_eq!(draft["parameters"], json!({}), "{draft}");
    // a share of cases that was chosen is no probability
    let draft =
        drafted("pf_casecon", "Does BMI raise the risk of being a case, adjusting for age group and sex?");
    assert_eq!(draft["parameters"]["odds_ratios"], json!(true), "{draft}");
}

/// A setting of a measurement.
#[expect(clippy::disallowed_methods, reason = "a measurement has no settings of the service")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Each of these fell to another column or method: a premium was the outcome, an instrument a control, hours a number of events, the
/// weights of a public survey no weights.
#[test]
fn premiums_instruments_amounts_and_compounds_are_read_as_they_are_meant() {
    let library = Library::embedded().expect("the library");
    let drafted = |data: &str, question: &str| drafted(&library, data, question);
    let draft =
        drafted("ph_nlswork", "What is the union premium when each woman is only compared with herself?");
    assert_eq!(draft["roles"]["outcome_var"], json!(["ln_wage"]), "{draft}");
    assert_eq!(draft["roles"]["regressors"], json!(["union"]), "{draft}");
    let draft = drafted("ph_mroz", "Instrument education with father's education in a wage equation");
    assert_eq!(draft["template_id"], json!("iv.tsls"), "{draft}");
    assert_eq!(draft["roles"]["instrument_vars"], json!(["fatheduc"]), "{draft}");
    let draft =
        drafted("ph_mroz", "Hours are zero for many women: what explains hours, education or experience?");
    assert_eq!(draft["template_id"], json!("limited.two_part"), "{draft}");
    let draft = drafted("ph_nhanes", "Mean systolic blood pressure with the survey weights");
    assert_eq!(draft["template_id"], json!("survey.mean"), "{draft}");
    assert_eq!(draft["roles"]["weight_var"], json!(["WTMEC2YR"]), "{draft}");
    let draft = drafted("ph_chfs", "控制户主年龄和受教育年限，收入对负债的影响");
    assert_eq!(draft["roles"]["controls"], json!(["head_age", "head_edu"]), "{draft}");
    let asked =
        "Does the effect of 品种 on 产量 differ between levels of 施氮量, with 区组 as random effects?";
    let draft = drafted("ph_shuidao", asked);
    assert_eq!(draft["template_id"], json!("linear.interaction_margins"), "{draft}");
    let draft = drafted("ph_shuidao", "施氮量增加到一定程度后产量会不会下降");
    assert_eq!(draft["template_id"], json!("linear.polynomial"), "{draft}");
}

/// Each of these fell to another column or method: the month of a change was taken for a column, the unit that was randomised for
/// nothing, and what open factors are adjusted for for the factors.
#[test]
fn months_of_a_change_randomised_units_and_open_factors_are_read_as_they_are_meant() {
    let library = Library::embedded().expect("the library");
    let drafted = |data: &str, question: &str| drafted(&library, data, question);
    for asked in [
        "Did the new speed limit from July 2019 reduce monthly crashes?",
        "Has the speed limit introduced in July 2019 changed the number of crashes?",
        "2019年7月实行限速以后事故数(crashes)有没有下降",
    ] {
        let draft = drafted("po_crashes", asked);
        assert_eq!(draft["template_id"], json!("ts.interrupted"), "{asked} {draft}");
        assert_eq!(draft["roles"]["outcome_var"], json!(["crashes"]), "{asked} {draft}");
        assert_eq!(draft["parameters"]["start"], json!(714.0), "{asked} {draft}");
    }
    for asked in [
        "Does the intervention improve the posttest, adjusting for pretest, with schools randomised?",
        "Schools were randomly assigned to arms; what is the effect of the arm on the posttest?",
        "Effect of arm on posttest, controlling for pretest; randomisation at the school level",
    ] {
        let draft = drafted("po_pupils", asked);
        assert_eq!(draft["template_id"], json!("linear.ols_cluster"), "{asked} {draft}");
        assert_eq!(draft["roles"]["cluster_var"], json!(["school"]), "{asked} {draft}");
        assert_eq!(draft["roles"]["outcome_var"], json!(["posttest"]), "{asked} {draft}");
    }
    for asked in [
        "30天内再入院与哪些因素有关?控制年龄和性别",
        "Which factors are associated with 30-day readmission, adjusting for age and sex?",
    ] {
        let draft = drafted("po_zaiyuan", asked);
        assert_eq!(draft["template_id"], json!("limited.logit_margins"), "{asked} {draft}");
        assert_eq!(draft["roles"]["controls"], json!(["年龄", "性别"]), "{asked} {draft}");
        assert_ne!(draft["roles"]["regressors"], json!(["年龄", "性别"]), "{asked} {draft}");
    }
    // somebody who chooses in several tasks has a set of alternatives for each
    let draft =
        drafted("po_conjoint", "How do price, brand and battery affect which product respondents choose?");
    assert_eq!(draft["template_id"], json!("limited.clogit"), "{draft}");
    assert_eq!(draft["roles"]["outcome_var"], json!(["chosen"]), "{draft}");
    assert_eq!(draft["roles"]["regressors"], json!(["price", "brand", "battery"]), "{draft}");
    assert_eq!(draft["roles"]["strata_var"], json!(["choice_set"]), "{draft}");
    assert_eq!(draft["derived_variables"][0]["expression"], json!("group(resp_id, task)"), "{draft}");
}

/// Each of these fell to another column or method: a gap was compared and not decomposed, what changes over time in one group was
/// compared without time, occasions were explained, "when" was not heard, and a price stood for the speed of a sale.
#[test]
fn gaps_courses_and_conditions_are_read_as_they_are_meant() {
    let library = Library::embedded().expect("the library");
    let drafted = |data: &str, question: &str| drafted(&library, data, question);
    for asked in [
        "How much of the wage gap between women and men is explained by education and experience?",
        "How much of the difference in wages between women and men is due to education and experience?",
    ] {
        let draft = drafted("pn_paygap", asked);
        assert_eq!(draft["template_id"], json!("linear.oaxaca"), "{draft}");
        assert_eq!(draft["roles"]["group_var"], json!(["female"]), "{draft}");
        assert_eq!(draft["roles"]["regressors"], json!(["yrs_educ", "exper"]), "{draft}");
    }
    let draft = drafted("pn_paygap", "Do women get a smaller return on education?");
    assert_eq!(draft["template_id"], json!("linear.interaction_margins"), "{draft}");
    assert_eq!(draft["roles"]["outcome_var"], json!(["ln_wage"]), "{draft}");
    let draft = drafted("pn_dmtrial", "Does HbA1c fall faster over time in the drug arms than on placebo?");
    assert_eq!(draft["roles"]["focal_var"], json!(["visit"]), "{draft}");
    assert_eq!(draft["roles"]["moderator_var"], json!(["arm"]), "{draft}");
    let draft = drafted("pn_dmtrial", "does body weight change between the visits");
    assert_eq!(draft["roles"]["outcome_var"], json!(["weight_kg"]), "{draft}");
    let draft = drafted("pn_ames", "Do houses with central air sell faster?");
    assert_eq!(draft["roles"]["outcome_var"], json!(["days_on_market"]), "{draft}");
    let draft = drafted("pn_listings", "Do superhosts get better reviews?");
    assert_eq!(draft["roles"]["outcome_var"], json!(["review_scores_rating"]), "{draft}");
    let draft = drafted("pn_shouji", "手机依赖对睡眠质量的影响是否通过焦虑起作用？");
    assert_eq!(draft["roles"]["mediator_var"], json!(["焦虑得分"]), "{draft}");
}

fn asked_for() -> Vec<String> {
    let names = setting("SS_SUGGEST_SETS").unwrap_or_else(|| SETS.join(","));
    names.split(',').map(str::to_owned).collect()
}

/// Writes the single drafts where that is asked for.
fn kept(lines: &str) {
    if let Some(path) = setting("SS_SUGGEST_ANSWERS") {
        std::fs::write(path, lines).expect("the drafts are written");
    }
}

#[expect(clippy::print_stderr, reason = "the scores are recorded in docs/suggest.md")]
fn printed(name: &str, scores: &[[bool; 3]]) {
    let share = |right: &dyn Fn(&[bool; 3]) -> bool| {
        100.0 * scores.iter().filter(|s| right(s)).count() as f64 / scores.len().max(1) as f64
    };
    eprintln!(
        "{name:12} {:4} outcome {:5.1} roles {:5.1} method {:5.1} all {:5.1}",
        scores.len(),
        share(&|s| s[0]),
        share(&|s| s[1]),
        share(&|s| s[2]),
        share(&|s| !s.contains(&false))
    );
}
