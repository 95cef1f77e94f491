use serde_json::json;

use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn said_of(files: &[(&str, &str)], design: &Design) -> Vec<String> {
    let read = |(name, csv): &(&str, &str)| {
        let bytes = csv.as_bytes().to_vec();
        Table::read(&SourceFile { name: (*name).to_owned(), sha256: String::new(), bytes }, None)
    };
    let tables: Vec<Table> = files.iter().map(|file| read(file).expect("a table")).collect();
    let options = Options { language: Language::En, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design };
    findings(&tables, &style).into_iter().map(|finding| finding.text).collect()
}

fn of(command: &str, focal: &str) -> Design {
    let mut design = Design::default();
    design.commands = vec![command.to_owned()];
    design.outcome = Some("wage".to_owned());
    design.focal = vec![focal.to_owned()];
    design
}

#[test]
fn instruments_have_their_caveat_their_strength_and_their_test() {
    let mut design = of("ivregress", "school");
    design.values.insert("instruments".to_owned(), json!(["near", "father"]));
    let first = |f: &str| format!("endogenous,f_stat,p_value\nschool,{f},0.001\n");
    let tests = "test,statistic,df1,p_value,note\nrobust_score,20.4,1,0.00001,\nscore,1.7,1,0.191,\n";
    let strong = first("145.19");
    let said = said_of(&[("table_first_stage.csv", &strong), ("table_tests.csv", tests)], &design);
    assert_eq!(
        said,
        [
            "That is an effect of school only if near, father act on the outcome through school alone, and then for the units that \
             they move.",
            "By the usual rule the instruments are not weak: the first-stage F of school is 145.2, above 10.",
            "The test of overidentifying restrictions does not speak against the instruments (p = 0.191). That does not show that \
             they are valid.",
        ]
    );
    let weak = first("3.62");
    let tests = tests.replace("0.191", "0.002");
    let said = said_of(&[("table_first_stage.csv", &weak), ("table_tests.csv", &tests)], &design);
    assert!(said[1].starts_with("The instruments are weak: the first-stage F of school is 3.6, below 10."));
    assert!(said[2].contains("speaks against the instruments (p = 0.002)"), "{said:?}");
}

#[test]
fn a_difference_in_differences_says_on_what_it_rests() {
    let mut design = of("regress", "treated");
    design.treatments = vec!["treated".to_owned()];
    let table = [("table_coefficients.csv", "term,estimate,std_error\ntreated,1,0.1\n")];
    assert!(said_of(&table, &design).is_empty(), "one period has no changes");
    design.post = Some("post".to_owned());
    let said = said_of(&table, &design);
    assert!(said.len() == 1 && said[0].contains("would have changed alike"), "{said:?}");
    design.values.insert("third".to_owned(), json!("young"));
    assert!(said_of(&table, &design)[0].contains("between young = 1 and young = 0"));
}

#[test]
fn hazards_frontiers_and_selection_have_their_tests() {
    let hazards =
        |p: &str| format!("test,rho,statistic,df1,df2,p_value,note\nx,0.1,1,1,,0.3,\nglobal,,6,4,,{p},\n");
    let cox = of("stcox", "x");
    let said = said_of(&[("table_ph_test.csv", &hazards("0.00001"))], &cox);
    assert!(said[0].starts_with("The hazard ratios change over the follow-up"), "{said:?}");
    let said = said_of(&[("table_ph_test.csv", &hazards("0.195"))], &cox);
    assert!(said[0].starts_with("There is no clear sign") && said[0].contains("p = 0.195"), "{said:?}");

    let efficiency =
        ("table_efficiency.csv", "n,mean,sd,min,p25,p50,p75,max\n418,0.7459,0.12,0.29,0.6,0.7,0.8,0.93\n");
    let components = ("table_components.csv", "component,estimate,p_value\nsigma_u,0.4,\nlr_test,,0.0002\n");
    let mut frontier = of("frontier", "x");
    let said = said_of(&[efficiency, components], &frontier);
    assert_eq!(
        said,
        [
            "The mean technical efficiency is 0.746, within 0.290 and 0.930; 1 is the frontier.",
            "The data speak for inefficiency (likelihood-ratio test, p < 0.001).",
        ]
    );
    frontier.values.insert("cost".to_owned(), json!(true));
    assert!(said_of(&[efficiency], &frontier)[0].starts_with("Costs are on average 0.746 times"));

    let heckman = of("heckman", "x");
    let fit = ("table_fit.csv", "metric,value,note\nrho,0.724,\nindependence_p,0.00001,\n");
    assert!(said_of(&[fit], &heckman).is_empty(), "no equation of selection");
    let said = said_of(&[fit, ("table_selection.csv", "term,estimate,std_error\nx,1,0.1\n")], &heckman);
    assert!(said[0].contains("correlation of the errors 0.724; test of independence, p < 0.001"), "{said:?}");
}

#[test]
fn a_model_with_its_own_lag_has_the_tests_of_its_instruments() {
    let tests = |ar2: &str| {
        format!(
            "test,statistic,df1,df2,p_value,note\nsargan,17.5,17,,0.42,\nar1,-3.2,,,0.001,\nar2,0.9,,,{ar2},\n"
        )
    };
    let said = |ar2: &str| said_of(&[("table_tests.csv", &tests(ar2))], &of("xtabond", "x"));
    let open = said("0.362");
    assert!(open[0].contains("with wage of the period before held equal"), "{open:?}");
    assert!(open[1].starts_with("There is no clear sign of serial correlation of second order"), "{open:?}");
    assert!(open[2].contains("does not speak against the instruments (p = 0.420)"), "{open:?}");
    assert!(said("0.01")[1].starts_with("The differenced errors have serial correlation of second order"));
    assert!(said_of(&[("table_tests.csv", &tests("0.3"))], &of("regress", "x")).is_empty());
}
