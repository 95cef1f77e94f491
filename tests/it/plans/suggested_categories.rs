//! Drafts for questions about how rows divide, about tests and judges, and about measures that are set against each other.

use serde_json::{Value, json};
use stata_service::library::load::Library;
use stata_service::library::suggest::{draft_of, submitted_of};

use super::suggested_library::{drafted, made};

fn draft(data: &str, question: &str) -> Value {
    drafted(&Library::embedded().expect("the library"), data, question)
}

#[test]
fn how_rows_divide_is_a_table_of_their_categories() {
    let made = draft("late_shop", "How are customers split across the age bands?");
    assert_eq!(made["template_id"], json!("desc.frequency"));
    assert_eq!(made["roles"]["item_vars"], json!(["age_band"]));
    let made = draft("ask_grit", "样本的性别构成");
    assert_eq!(made["template_id"], json!("desc.frequency"));
    let made = draft("late_banji", "各班男女生人数分布");
    assert_eq!(made["template_id"], json!("test.crosstab_chi2"));
}

#[test]
fn variances_of_groups_are_compared() {
    let made = draft("late_gongyi", "三台机器生产的产品强度波动（方差）一样吗");
    assert_eq!(made["template_id"], json!("test.variance_equality"));
    assert_eq!(made["roles"]["group_var"], json!(["机台"]));
}

/// The outcome of "y vs. x" is what stands first: both are measured, and neither is studied much more often.
#[test]
fn the_first_of_two_measures_is_set_against_the_second() {
    let made = draft("late_pumps", "Number of leaks vs. temperature, poisson");
    assert_eq!(made["roles"]["outcome_var"], json!(["leaks"]));
    let made = draft("ask_shipping", "delivry days vs. wieght");
    assert_eq!(made["roles"]["outcome_var"], json!(["delivery_days"]));
    let made = draft("ask_wheat", "Does nitrogen have diminishing returns on yield?");
    assert_eq!(made["roles"]["outcome_var"], json!(["yield_t_ha"]));
}

#[test]
fn a_test_is_held_against_the_truth_and_two_judges_against_each_other() {
    let made = draft("ask_xray", "医生1（rater1）相对金标准的灵敏度和特异度");
    assert_eq!(made["template_id"], json!("medical.diagnostic_accuracy"));
    assert_eq!(made["roles"]["outcome_var"], json!(["gold"]));
    let made = draft("ask_xray", "Do the two raters differ in how often they call an X-ray positive?");
    assert_eq!(made["template_id"], json!("medical.mcnemar"));
}

#[test]
fn words_for_a_scale_mean_its_items_and_its_score() {
    let items = json!(["c1_1", "c1_2", "c1_3", "c1_4", "c1_5"]);
    assert_eq!(draft("late_xinli", "手机依赖五个条目的内部一致性怎么样")["roles"]["item_vars"], items);
    let made = draft("late_xinli", "睡得少的人抑郁得分更高吗，控制性别和年级");
    assert_eq!(made["roles"]["outcome_var"], json!(["d_total"]));
}

/// Nothing in these words speaks for an analysis that the library has: the nearest one is said, and asked for.
#[test]
fn a_method_that_nothing_speaks_for_is_asked_for() {
    let library = Library::embedded().expect("the library");
    let question = "how did the biomass develop from month to month";
    let guessed = made(&library, "salmon", question);
    let nearest = guessed.method.as_ref().expect("the nearest").template_id.clone();
    let asked = guessed.open_questions.iter().find(|q| q.field == "template_id").expect("a question");
    assert!(asked.blocking && asked.candidates[0] == nearest, "{asked:?}");
    assert!(asked.question.en.contains(&nearest), "{asked:?}");
    assert!(draft_of(&guessed).contains_key("template_id"));
    let submitted = submitted_of(&guessed);
    assert!(!submitted.contains_key("template_id") && submitted["parameters"] == json!({}), "{submitted:?}");
    let clear =
        made(&library, "ask_staff", "Does remote affect job satisfaction, controlling for weekly hours?");
    assert!(clear.open_questions.iter().all(|q| q.field != "template_id"), "{:?}", clear.open_questions);
}
