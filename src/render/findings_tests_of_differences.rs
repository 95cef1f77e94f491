use super::super::SourceFile;
use super::super::design::Design;
use super::super::findings::findings;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn labels() -> Labels {
    Labels {
        columns: ["y", "x", "z", "log_y", "log_x", "week8", "age", "pay"].map(str::to_owned).into(),
        binary: ["z", "smokes", "visited"].map(str::to_owned).into(),
        levels: ["smokes", "visited"]
            .map(|name| (name.to_owned(), [(0, "no".to_owned()), (1, "yes".to_owned())].into()))
            .into(),
        variables: [("x", "Schooling (years)"), ("age", "Age (years)")]
            .map(|(name, label)| (name.to_owned(), label.to_owned()))
            .into(),
        steps: ["age", "pay", "z", "log_x"].map(|name| (name.to_owned(), 10.0)).into(),
        ..Labels::default()
    }
}

fn design(command: &str, outcome: &str, focal: &[&str]) -> Design {
    let mut of = Design::default();
    of.commands = vec![command.to_owned()];
    of.outcome = Some(outcome.to_owned());
    of.focal = focal.iter().map(|name| (*name).to_owned()).collect();
    of
}

fn said(file: &str, csv: &str, design: &Design, language: Language) -> Vec<String> {
    let file = SourceFile { name: file.to_owned(), sha256: String::new(), bytes: csv.as_bytes().to_vec() };
    let table = Table::read(&file, None).expect("a table");
    let options = Options { language, ..Options::default() };
    let style = Style { options: &options, labels: &labels(), level: 95.0, design };
    findings(&[table], &style).texts()
}

const HEAD: &str = "equation,term,estimate,std_error,p_value,ci_low,ci_high";
const FILE: &str = "table_coefficients.csv";

#[test]
fn a_coefficient_says_how_much_higher_the_outcome_is() {
    let csv = format!("{HEAD}\ny,x,0.5,0.1,0.00001,0.3,0.7\ny,z,-0.2,0.2,0.3,-0.6,0.2\n");
    let mut of = design("regress", "y", &["x", "z"]);
    of.controls = vec!["week8".to_owned()];
    assert_eq!(
        said(FILE, &csv, &of, Language::En),
        [
            "If Schooling (years) is 1 higher, y is on average 0.500 higher (95% CI 0.300 to 0.700; p < 0.001).",
            "If z is 1 instead of 0, y is on average 0.200 lower in the estimate, but the data are also compatible with \
             no difference (95% CI -0.600 to 0.200; p = 0.300).",
            "Each sentence compares rows that are equal in the other variables of the model: Schooling (years), z, week8."
        ]
    );
    let zh = said(FILE, &csv, &of, Language::Zh);
    assert_eq!(zh[0], "Schooling (years) 每高 1，y 平均高 0.500（95% 置信区间 0.300 至 0.700；p < 0.001）。");
}

#[test]
fn columns_of_0_and_1_have_the_words_of_the_data_and_shares() {
    let csv = format!("{HEAD}\nvisited,smokes,0.05,0.01,0.00001,0.03,0.07\n");
    let of = design("regress", "visited", &["smokes"]);
    assert_eq!(
        said(FILE, &csv, &of, Language::En)[0],
        "If smokes is “yes” instead of “no”, the share with visited = yes is on average 5.000 percentage points higher \
         (95% CI 3.000 to 7.000; p < 0.001)."
    );
    assert_eq!(
        said(FILE, &csv, &of, Language::Zh)[0],
        "smokes 为“yes”而非“no”时，visited = yes 的比例平均高 5.000 个百分点（95% 置信区间 3.000 至 7.000；p < 0.001）。"
    );
}

#[test]
fn numbers_change_by_a_step_in_their_unit() {
    let csv = format!("{HEAD}\ny,age,0.5,0.1,0.00001,0.3,0.7\ny,pay,-0.2,0.02,0,-0.24,-0.16\n");
    let mut of = design("regress", "y", &["age", "pay"]);
    let sentences = said(FILE, &csv, &of, Language::En);
    assert_eq!(
        sentences[..2],
        [
            "If Age is 10 years higher, y is on average 5.000 higher (95% CI 3.000 to 7.000; p < 0.001).",
            "If pay is 10 higher, y is on average 2.000 lower (95% CI -2.400 to -1.600; p < 0.001).",
        ]
    );
    assert!(sentences.last().is_some_and(|note| note.starts_with("Steps of 10 are")), "{sentences:?}");
    // 1.1^10 = 2.5937, 1.05^10 = 1.6289, 1.2^10 = 6.1917
    let csv = format!(
        "{HEAD},odds_ratio,odds_ratio_low,odds_ratio_high\ny,age,0.0953,0.01,0.0001,0.05,0.18,1.1,1.05,1.2\n"
    );
    of.commands = vec!["logit".to_owned()];
    let ratio = &said(FILE, &csv, &of, Language::En)[0];
    assert_eq!(
        ratio,
        "If Age is 10 years higher, the odds of y = 1 are 159% higher (odds ratio 2.594; 95% CI 1.629 to 6.192; p < 0.001)."
    );
}

#[test]
fn a_narrow_interval_has_two_ends() {
    let csv = format!("{HEAD}\ny,x,0.090130,0.00006,0,0.090016,0.090245\n");
    let sentences = said(FILE, &csv, &design("regress", "y", &["x"]), Language::En);
    assert!(sentences[0].ends_with("0.0901 higher (95% CI 0.0900 to 0.0902; p < 0.001)."), "{sentences:?}");
}

#[test]
fn treatments_logarithms_and_average_effects_have_no_step() {
    let csv = format!("{HEAD}\ny,z,0.5,0.1,0.00001,0.3,0.7\ny,log_x,0.2,0.02,0,0.16,0.24\n");
    let mut of = design("regress", "y", &["z", "log_x"]);
    let sentences = said(FILE, &csv, &of, Language::En);
    assert!(sentences[0].contains("z is 1 instead of 0, y is on average 0.500"), "{sentences:?}");
    assert!(sentences[1].contains("log_x is 1 higher, y is on average 0.200"), "{sentences:?}");
    of.on_probability = true;
    of.focal = vec!["age".to_owned()];
    let csv = "term,estimate,std_error,p_value,ci_low,ci_high\nage,0.02,0.01,0.04,0.001,0.039\n";
    let sentences = said("table_margins.csv", csv, &of, Language::En);
    assert!(
        sentences[0].starts_with("If Age (years) is 1 higher, the probability of y = 1"),
        "{sentences:?}"
    );
    assert!(!sentences.iter().any(|said| said.contains("Steps")), "{sentences:?}");
}

/// exp(1.15) = 3.158, exp(0.547) = 1.728.
#[test]
fn parts_of_a_two_part_model_are_ratios() {
    let csv = "model,equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high\n\
               any,y,x,1.15,0.19,6,0,0.78,1.52\namount,y,x,0.547,0.07,7,0,0.4,0.69\n";
    let sentences = said(FILE, csv, &design("logit", "y", &["x"]), Language::En);
    assert_eq!(
        sentences[..2],
        [
            "If Schooling (years) is 1 higher, the odds that y is above zero are 216% higher \
             (odds ratio 3.158; 95% CI 2.181 to 4.572; p < 0.001).",
            "If Schooling (years) is 1 higher, where y is above zero, it is on average 72.8% higher \
             (ratio of means 1.728; 95% CI 1.492 to 1.994; p < 0.001).",
        ]
    );
}

#[test]
fn first_differences_are_said_from_one_period_to_the_next() {
    let csv = "equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high\n\
               D.log_y,D.log_x,0.359,0.05,7,0,0.255,0.463\n";
    let sentences = said(FILE, csv, &design("regress", "log_y", &["log_x"]), Language::En);
    assert_eq!(
        sentences[0],
        "If log_x rises by 1 from one period to the next, log_y is on average 0.359 higher (95% CI 0.255 to 0.463; \
         p < 0.001). If both are logarithms, this is an elasticity: +0.359% for each 1%."
    );
}

#[test]
fn truncated_and_selected_models_say_what_limits_them() {
    let csv = "model,equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high\n\
               truncated,y,x,20,1,18,0,18,22\nols,y,x,16,0.8,19,0,14.4,17.6\n";
    let sentences = said(FILE, csv, &design("truncreg", "y", &["x"]), Language::En);
    assert!(sentences[0].contains("y before it was truncated is on average 20.000 higher"), "{sentences:?}");
    assert!(sentences[1].contains("y is on average 16.000 higher"), "{sentences:?}");
    let csv = format!("{HEAD}\ny,x,0.5,0.1,0.00001,0.3,0.7\n");
    let sentences = said(FILE, &csv, &design("stepwise", "y", &["x"]), Language::En);
    assert!(
        sentences.last().is_some_and(|note| note.contains("selected with the same data")),
        "{sentences:?}"
    );
}

#[test]
fn an_effect_is_said_at_each_value_of_its_moderator() {
    let csv = "moderator,term,estimate,std_error,p_value,ci_low,ci_high\n\
               5,x,0.1,0.01,0,0.08,0.12\n20,x,0.3,0.05,0,0.2,0.4\n";
    let mut of = design("regress", "y", &["x"]);
    of.values.insert("moderator".to_owned(), "age".into());
    let sentences = said("table_margins.csv", csv, &of, Language::En);
    assert_eq!(
        sentences[..2],
        [
            "Where Age is 5: If Schooling (years) is 1 higher, y is on average 0.100 higher (95% CI 0.080 to 0.120; p < 0.001).",
            "Where Age is 20: If Schooling (years) is 1 higher, y is on average 0.300 higher (95% CI 0.200 to 0.400; p < 0.001).",
        ]
    );
}

#[test]
fn the_term_of_an_interaction_says_how_the_difference_changes() {
    let read = |name: &str, csv: &str| {
        let file =
            SourceFile { name: name.to_owned(), sha256: String::new(), bytes: csv.as_bytes().to_vec() };
        Table::read(&file, None).expect("a table")
    };
    let head = "estimate,std_error,p_value,ci_low,ci_high";
    let margins = read("table_margins.csv", &format!("moderator,term,{head}\n5,x,0.1,0.01,0,0.08,0.12\n"));
    let mut of = design("regress", "y", &["x"]);
    of.values.insert("moderator".to_owned(), "age".into());
    let options = Options { language: Language::En, ..Options::default() };
    let style = Style { options: &options, labels: &labels(), level: 95.0, design: &of };
    let last = |terms: &str| {
        let coefficients = read(FILE, &format!("equation,term,{head}\ny,x,0.2,0.1,0.04,0,0.4\n{terms}"));
        findings(&[coefficients, margins.clone()], &style).sentences.pop().expect("a sentence")
    };
    let said = last("y,c.x#c.age,0.014,0.002,0.0001,0.01,0.018\n");
    assert_eq!(
        (said.text.as_str(), said.file.as_str()),
        (
            "If Age (years) is 1 higher, the difference itself changes by 0.014 (95% CI 0.010 to 0.018; p < 0.001).",
            FILE
        )
    );
    let of_levels = last("y,2.age#c.x,0.01,0.002,0.001,0,0.02\ny,3.age#c.x,0.02,0.002,0.001,0,0.03\n");
    assert_eq!(of_levels.file, "table_margins.csv", "levels have no single sentence: {}", of_levels.text);
}

/// exp(0.0949) - 1 = 0.09955.
#[test]
fn logarithms_are_said_in_percent() {
    let csv = format!("{HEAD}\nlog_y,z,0.0949,0.006,0,0.0832,0.1066\nlog_y,log_x,0.372,0.05,0,0.28,0.46\n");
    let mut of = design("regress", "log_y", &["z", "log_x"]);
    let sentences = said(FILE, &csv, &of, Language::En);
    assert!(sentences[0].ends_with(" That is +9.95% if log_y is a natural logarithm."), "{sentences:?}");
    assert!(
        sentences[1].ends_with(" If both are logarithms, this is an elasticity: +0.372% for each 1%."),
        "{sentences:?}"
    );
    of.logarithms = vec!["log_y".to_owned(), "log_x".to_owned()];
    let sentences = said(FILE, &csv, &of, Language::En);
    assert!(sentences[0].ends_with(" That is +9.95%, as log_y is a natural logarithm."), "{sentences:?}");
    assert!(sentences[1].contains(" As both are natural logarithms, this is an elasticity"), "{sentences:?}");
}

#[test]
fn ratios_are_said_in_percent_with_what_they_are_ratios_of() {
    let csv = format!(
        "{HEAD},odds_ratio,odds_ratio_low,odds_ratio_high\ny,z,0.6931,0.1,0.0001,0.5,0.9,2,1.65,2.46\n"
    );
    let said_of = |command: &str| said(FILE, &csv, &design(command, "y", &["z"]), Language::En);
    assert_eq!(
        said_of("melogit"),
        [
            "If z is 1 instead of 0, the odds of y = 1 are 100% higher (odds ratio 2.000; 95% CI 1.650 to 2.460; p < 0.001)."
        ]
    );
    assert!(said_of("ologit")[0].contains("the odds of a higher y are 100% higher"));
    let csv = format!(
        "{HEAD},hazard_ratio,hazard_ratio_low,hazard_ratio_high\n_t,z,-0.53,0.15,0.001,-0.82,-0.24,0.587,0.439,0.786\n"
    );
    let mut of = design("stcox", "", &["z"]);
    of.outcome = None;
    assert!(
        said(FILE, &csv, &of, Language::En)[0].starts_with("z: hazard ratio 0.587"),
        "without a known event"
    );
    of.failure = Some("y".to_owned());
    let sentences = said(FILE, &csv, &of, Language::En);
    assert!(sentences[0].contains("the hazard of y is 41.3% lower (hazard ratio 0.587;"), "{sentences:?}");
}

#[test]
fn effects_on_a_probability_are_percentage_points() {
    let csv = "term,estimate,std_error,p_value,ci_low,ci_high\nz,0.053,0.02,0.01,0.013,0.093\n";
    let mut of = design("logit", "y", &["z"]);
    of.on_probability = true;
    assert_eq!(
        said("table_margins.csv", csv, &of, Language::En),
        [
            "By the average slope at the observed values, for each unit of z, the probability of y = 1 is on average 5.300 percentage points higher (95% CI 1.300 to 9.300; p = 0.010)."
        ]
    );
}

#[test]
fn a_noted_difference_is_no_slope() {
    let csv =
        "term,estimate,std_error,p_value,ci_low,ci_high,note\nz,0.053,0.02,0.01,0.013,0.093,from 0 to 1\n";
    let mut of = design("logit", "y", &["z"]);
    of.on_probability = true;
    assert_eq!(
        said("table_margins.csv", csv, &of, Language::En),
        [
            "If z is 1 instead of 0, the probability of y = 1 is on average 5.300 percentage points higher (95% CI 1.300 to 9.300; p = 0.010)."
        ]
    );
}

#[test]
fn only_coefficients_on_the_outcome_are_differences_of_it() {
    let csv = format!("{HEAD}\ny,z,0.5,0.1,0.00001,0.3,0.7\n");
    for (command, words) in [
        ("xtgee", "z: estimate 0.500"),
        ("truncreg", "z: estimate 0.500"),
        ("tobit", "If z is 1 instead of 0, y before it was cut off is on average 0.500 higher"),
        ("heckman", "If z is 1 instead of 0, y is on average 0.500 higher"),
        ("xtreg", "If z is 1 instead of 0, y is on average 0.500 higher"),
    ] {
        let sentences = said(FILE, &csv, &design(command, "y", &["z"]), Language::En);
        assert!(sentences[0].starts_with(words), "{command}: {sentences:?}");
    }
    let lagged = format!("{HEAD}\ny,L.x,0.5,0.1,0.00001,0.3,0.7\n");
    let sentences = said(FILE, &lagged, &design("newey", "y", &["x"]), Language::En);
    assert!(sentences[0].contains(": estimate 0.500"), "{sentences:?}");
}

#[test]
fn the_outcome_of_an_interval_regression_lies_between_two_columns() {
    let csv = format!("{HEAD}\ny,z,0.1,0.01,0.00001,0.08,0.12\n");
    let mut of = design("intreg", "y", &["z"]);
    of.values.insert("high".to_owned(), "pay".into());
    let begins = "If z is 1 instead of 0, the value between y and pay is on average 0.100 higher";
    assert!(said(FILE, &csv, &of, Language::En)[0].starts_with(begins));
    of.values.insert("log_outcome".to_owned(), true.into());
    // 100 (exp(0.1) - 1) = 10.517
    assert_eq!(
        said(FILE, &csv, &of, Language::En)[0],
        "If z is 1 instead of 0, the logarithm of the value between y and pay is on average 0.100 higher (95% CI 0.080 to 0.120; \
         p < 0.001). That is +10.5% of the value itself."
    );
}

#[test]
fn after_imputation_a_coefficient_is_read_by_the_model_of_the_plan() {
    let csv = format!("{HEAD},ratio,ratio_low,ratio_high\ny,x,0.5,0.1,0.00001,0.3,0.7,,,\n");
    let mut of = design("mi", "y", &["x"]);
    of.commands.extend(["regress", "logit", "poisson"].map(str::to_owned));
    of.values.insert("model".to_owned(), "regress".into());
    let linear = &said(FILE, &csv, &of, Language::En)[0];
    assert!(linear.starts_with("If Schooling (years) is 1 higher, y is on average 0.500 higher"), "{linear}");
    of.values.insert("model".to_owned(), "logit".into());
    // exp(0.5) = 1.649
    let csv = csv.replace(",,,\n", ",1.649,1.35,2.01\n");
    let odds = &said(FILE, &csv, &of, Language::En)[0];
    assert!(odds.contains("the odds of y = 1 are 64.9% higher (odds ratio 1.649"), "{odds}");
}

#[test]
fn a_difference_too_large_for_a_logarithm_has_no_percent() {
    let csv = format!("{HEAD}\nlog_y,x,94881083.371,6000000,0.00001,83168934.675,106593232.067\n");
    assert_eq!(
        said(FILE, &csv, &design("regress", "log_y", &["x"]), Language::En),
        [
            "If Schooling (years) is 1 higher, log_y is on average 94,881,083 higher (95% CI 83,168,935 to 106,593,232; p < 0.001)."
        ]
    );
}

#[test]
fn competing_events_have_their_code() {
    let head = "model,equation,term,estimate,std_error,p_value,ci_low,ci_high,hazard_ratio,hazard_ratio_low,hazard_ratio_high";
    let csv = format!("{head}\ncause2,_t,z,0.5,0.2,0.01,0.1,0.9,1.65,1.11,2.43\n");
    let mut of = design("stcox", "y", &["z"]);
    assert!(said(FILE, &csv, &of, Language::En)[0].contains("the hazard of y is 65.0% higher"));
    of.values.insert("event_code".to_owned(), 1.into());
    assert!(said(FILE, &csv, &of, Language::En)[0].contains("the hazard of y = 2 is 65.0% higher"));
    let csv = csv.replace("hazard_ratio", "subhazard_ratio");
    assert!(said(FILE, &csv, &of, Language::En)[0].contains("the subhazard of y = 1 is 65.0% higher"));
}

#[test]
fn equations_of_a_system_and_quantiles_are_named_by_their_words() {
    let csv = format!("{HEAD}\ny,z,0.5,0.1,0.00001,0.3,0.7\nweek8,z,0.7,0.1,0.00001,0.5,0.9\n");
    let sentences = said(FILE, &csv, &design("sureg", "y", &["z"]), Language::En);
    assert!(sentences[1].starts_with("If z is 1 instead of 0, week8 is on average 0.700"), "{sentences:?}");
    let csv = format!("{HEAD}\nq10,z,0.5,0.1,0.00001,0.3,0.7\nq90,z,0.7,0.1,0.00001,0.5,0.9\n");
    let sentences = said(FILE, &csv, &design("qreg", "y", &["z"]), Language::En);
    assert!(
        sentences[1].starts_with("If z is 1 instead of 0, the 90% quantile of y is 0.700"),
        "{sentences:?}"
    );
}

#[test]
fn a_category_is_compared_with_the_base() {
    let csv = "outcome,term,estimate,std_error,p_value,ci_low,ci_high,rrr,rrr_low,rrr_high\n\
               2,z,-0.3,0.06,0,-0.45,-0.22,0.715,0.637,0.803\n";
    let mut of = design("mlogit", "y", &["z"]);
    of.absorbed = vec!["x".to_owned(), "z".to_owned()];
    assert!(
        said(FILE, csv, &of, Language::En)[0].starts_with("z: relative-risk ratio 0.715"),
        "no base is known"
    );
    of.base_outcome = Some("1".to_owned());
    assert_eq!(
        said(FILE, csv, &of, Language::En),
        [
            "If z is 1 instead of 0, the probability of y: 2 relative to that of y: 1 is 28.5% lower (relative-risk ratio \
             0.715; 95% CI 0.637 to 0.803; p < 0.001).",
            "Each sentence compares rows that are equal in the other variables of the model: Schooling (years)."
        ]
    );
}
