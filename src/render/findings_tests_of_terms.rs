use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

/// The sentences for a table, with these variables of the question.
fn said(csv: &str, design: Design) -> Vec<String> {
    let file = SourceFile {
        name: "table_coefficients.csv".to_owned(),
        sha256: String::new(),
        bytes: csv.trim_start().as_bytes().to_vec(),
    };
    let table = Table::read(&file, None);
    let options = Options { language: Language::En, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
    findings(&[table.expect("a table")], &style).texts()
}

fn of(focal: &[&str]) -> Design {
    let mut design = Design::default();
    design.focal = focal.iter().map(|name| (*name).to_owned()).collect();
    design.outcome = Some("y".to_owned());
    design.commands = vec!["regress".to_owned()];
    design
}

#[test]
fn a_triple_difference_is_read_where_its_three_factors_meet() {
    let mut design = of(&["treated"]);
    design.post = Some("post".to_owned());
    let table = "
equation,term,estimate,std_error,p_value,ci_low,ci_high,note
y,1.treated,0.1,1,0.9,-1,1,
y,1.treated#1.post,0.3,0.5,0.55,-0.7,1.3,
y,1.treated#1.post#1.young,-3.9,0.6,0.000001,-5.2,-2.6,
";
    let sentences = said(table, design);
    assert_eq!(sentences.len(), 1, "{sentences:?}");
    assert!(sentences[0].contains("young") && sentences[0].contains("-3.9"), "{sentences:?}");
}

#[test]
fn an_exact_fit_has_estimates_without_errors() {
    let head = "equation,term,estimate,std_error,p_value,ci_low,ci_high,note\n";
    let exact = said(&format!("{head}y,x,2,,,,,\ny,_cons,0,,,,,\n"), of(&["x"]));
    assert_eq!(
        exact,
        ["x: estimate 2.000, without a standard error because the model fits every row exactly."]
    );
    let one = said(&format!("{head}y,x,2,,,,,\ny,_cons,1,0.5,0.1,0,2,\n"), of(&["x"]));
    assert!(one.is_empty(), "{one:?}");
    let omitted = said(&format!("{head}y,x,,,,,,omitted\n"), of(&["x"]));
    assert!(omitted.is_empty(), "{omitted:?}");
}

#[test]
fn models_and_equations_are_named_and_nested_models_are_read_once() {
    let causes = "
model,equation,term,estimate,std_error,p_value,ci_low,ci_high,hazard_ratio,hazard_ratio_low,hazard_ratio_high
cause1,_t,x,-0.6,0.2,0.001,-1,-0.3,0.53,0.38,0.74
cause2,_t,x,0.5,0.2,0.01,0.1,0.9,1.65,1.11,2.43
";
    let sentences = said(causes, of(&["x"]));
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(
        sentences[0].starts_with("Cause 1: If x is 1 higher, the hazard of y is 47.0% lower"),
        "{sentences:?}"
    );
    assert!(sentences[0].contains("0.53") && sentences[1].contains("1.65"), "{sentences:?}");
    let nested = "
model,term,estimate,std_error,p_value,ci_low,ci_high
model1,x,1,0.2,0.001,0.6,1.4
model2,x,2,0.2,0.001,1.6,2.4
";
    let sentences = said(nested, of(&["x"]));
    assert!(
        sentences[0].starts_with("If x is 1 higher, y is on average 2.000 higher")
            && sentences[1..] == ["The sentences are of model (2), which has the most variables."],
        "{sentences:?}"
    );
    let categories = "
outcome,equation,term,estimate,std_error,p_value,ci_low,ci_high
2,y,x,1,0.2,0.001,0.6,1.4
3,y,x,2,0.2,0.001,1.6,2.4
";
    let sentences = said(categories, of(&["x"]));
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(
        sentences[1].contains('3') && sentences[1].contains("against the base outcome; x: "),
        "{sentences:?}"
    );
}

#[test]
fn a_coefficient_beside_an_interaction_or_a_power_is_no_effect() {
    let table = "
equation,term,estimate,std_error,p_value,ci_low,ci_high
y,x,1,0.2,0.001,0.6,1.4
y,z,3,0.2,0.001,2.6,3.4
y,c.x#c.x,0.1,0.02,0.001,0.06,0.14
";
    let sentences = said(table, of(&["x", "z"]));
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    assert!(sentences[0].contains("not one number") && !sentences[0].contains("1.0"), "{sentences:?}");
    assert!(sentences[1].starts_with("If z is 1 higher, y is on average 3.000 higher"), "{sentences:?}");
    assert!(sentences[2].ends_with("the other variables of the model: x."), "{sentences:?}");
}

/// exp(0.0074) = 1.00743, exp(0.0015) = 1.00150 and exp(0.0132) = 1.01329.
#[test]
fn an_estimate_on_the_log_scale_is_read_as_its_ratio_also_where_its_column_is_not_filled() {
    let table = "
model,equation,term,estimate,std_error,p_value,ci_low,ci_high,irr,irr_low,irr_high
poisson,visits,x,0.0074,0.003,0.014,0.0015,0.0132,,,
";
    let sentences = said(table, of(&["x"]));
    assert_eq!(
        sentences,
        [
            "If x is 1 higher, the expected number of y is 0.743% higher (incidence-rate ratio 1.007; 95% CI 1.002 to 1.013; p = 0.014)."
        ]
    );
    let subhazards = "
equation,term,estimate,std_error,p_value,ci_low,ci_high,subhazard_ratio,subhazard_ratio_low,subhazard_ratio_high
_t,x,-0.7,0.2,0.001,-1,-0.4,0.497,0.368,0.67
";
    let sentences = said(subhazards, of(&["x"]));
    assert_eq!(
        sentences,
        [
            "If x is 1 higher, the subhazard of y is 50.3% lower (subhazard ratio 0.497; 95% CI 0.368 to 0.670; p = 0.001)."
        ]
    );
}

/// A plan that asked for odds ratios was told in percentage points of a probability.
#[test]
fn odds_ratios_that_a_plan_asks_for_are_said() {
    let read = |name: &str, csv: &str| {
        let file =
            SourceFile { name: name.to_owned(), sha256: String::new(), bytes: csv.as_bytes().to_vec() };
        Table::read(&file, None).expect("a table")
    };
    let margins = read(
        "table_margins.csv",
        "term,estimate,std_error,p_value,ci_low,ci_high\nx,0.053,0.02,0.01,0.013,0.093\n",
    );
    let odds = "term,estimate,std_error,p_value,ci_low,ci_high,odds_ratio,odds_ratio_low,odds_ratio_high\n\
                x,0.4055,0.1,0.0001,0.2,0.6,1.5,1.2,1.8\n";
    let coefficients = read("table_coefficients.csv", odds);
    let mut design = of(&["x"]);
    design.commands = vec!["logit".to_owned()];
    design.on_probability = true;
    let tables = [coefficients, margins];
    for (asked, words) in [
        (true, "the odds of y = 1 are 50.0% higher (odds ratio 1.500"),
        (false, "5.300 percentage points higher"),
    ] {
        // the column is in the file whether the plan asks for it or not
        design.values = [("odds_ratios".to_owned(), asked.into())].into();
        let options = Options { language: Language::En, ..Options::default() };
        let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
        let sentences = findings(&tables, &style).texts();
        assert!(sentences[0].contains(words), "{sentences:?}");
    }
}

/// A reader asks first whether the differences differ at all.
#[test]
fn the_levels_of_an_interaction_have_one_joint_test() {
    let read = |name: &str, csv: &str| {
        let file =
            SourceFile { name: name.to_owned(), sha256: String::new(), bytes: csv.as_bytes().to_vec() };
        Table::read(&file, None).expect("a table")
    };
    let head = "estimate,std_error,p_value,ci_low,ci_high";
    let margins = format!("moderator,term,{head}\n5,x,0.1,0.01,0,0.08,0.12\n");
    let terms =
        format!("equation,term,{head}\ny,2.z#c.x,0.01,0.02,0.6,-0.03,0.05\ny,3.z#c.x,0.02,0.02,0.3,0,0.04\n");
    let fit = "metric,value,note\ninteraction_F,0.449,\ninteraction_p,0.842,\n";
    let tables = [
        read("table_coefficients.csv", &terms),
        read("table_margins.csv", &margins),
        read("table_fit.csv", fit),
    ];
    let mut design = of(&["x"]);
    design.values.insert("moderator".to_owned(), "z".into());
    let options = Options { language: Language::En, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
    let last = findings(&tables, &style).texts().pop();
    assert_eq!(
        last.as_deref(),
        Some(
            "There is no clear sign that the differences of y with x depend on z (joint test of the interaction, p = 0.842). That \
             does not show that they do not."
        )
    );
}
