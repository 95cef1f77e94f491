//! The sentences of designs other than a regression; the numbers are those of the tables, so that they can be read off.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn said(files: &[(&str, &str)], design: &Design, language: Language) -> Vec<String> {
    let tables: Vec<Table> = files
        .iter()
        .map(|(name, csv)| {
            let bytes = csv.trim_start().as_bytes().to_vec();
            let file = SourceFile { name: (*name).to_owned(), sha256: String::new(), bytes };
            Table::read(&file, None).expect("a table")
        })
        .collect();
    let options = Options { language, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design };
    findings(&tables, &style).texts()
}

fn design(focal: &[&str], values: &serde_json::Value) -> Design {
    let mut design = Design::default();
    design.focal = focal.iter().map(|name| (*name).to_owned()).collect();
    design.outcome = Some("y".to_owned());
    design.commands = vec!["xtreg".to_owned()];
    design.values = serde_json::from_value::<BTreeMap<_, _>>(values.clone()).expect("an object");
    design
}

const EFFECTS: &str = "table_effects.csv";

#[test]
fn the_effect_of_lags_is_their_sum_and_lag_0_the_immediate_one() {
    let table = "
lag,estimate,std_error,p_value,cumulative_effect,cumulative_se,statistic,cumulative_p,ci_low,ci_high
0,0.634,0.17,0.0004,0.634,0.17,3.65,0.0004,0.29,0.978
1,-0.521,0.24,0.03,0.113,0.2,0.56,0.574,-0.284,0.51
";
    let coefficients = "
equation,term,estimate,std_error,p_value,ci_low,ci_high
y,x,0.634,0.17,0.0004,0.29,0.978
y,L.x,-0.521,0.24,0.03,-1,-0.05
";
    let files = [("table_coefficients.csv", coefficients), (EFFECTS, table)];
    let sentences = said(&files, &design(&["x"], &json!({})), Language::En);
    assert_eq!(
        sentences,
        [
            "If x rises by 1 and stays there, y changes by 0.113 in total, over lags 0 to 1, in the estimate, but the data \
             are also compatible with no long-run change (95% CI -0.284 to 0.510; p = 0.574).",
            "In the period of the rise alone, y changes by 0.634 (95% CI 0.290 to 0.978; p < 0.001).",
        ]
    );
}

#[test]
fn the_hausman_test_decides_which_model_is_read() {
    let models = "
model,equation,term,estimate,std_error,p_value,ci_low,ci_high
fixed,y,x,0.4,0.1,0.001,0.2,0.6
random,y,x,0.9,0.1,0.001,0.7,1.1
";
    let of = |rows: &str| {
        let test = format!("test,statistic,df1,df2,p_value,note\n{rows}");
        let files = [("table_coefficients.csv", models), ("table_hausman.csv", test.as_str())];
        said(&files, &design(&["x"], &json!({})), Language::En)
    };
    // the notes are those of the template
    let common = "both covariances on the error variance of random effects";
    let rejected = of(&format!("hausman,30,1,,0.0001,\nhausman_sigmamore,20,1,,0.0002,{common}\n"));
    assert!(rejected[0].contains("rejects") && rejected[0].contains("p < 0.001"), "{rejected:?}");
    assert!(rejected.len() == 2 && rejected[1].contains("Fixed effect") && rejected[1].contains("0.400"));
    let kept = of("hausman,1,1,,0.3,\nhausman_sigmamore,1,1,,0.3,\n");
    assert!(
        kept[0].contains("does not reject")
            && kept[1].starts_with("Random effects: If x is 1 higher, y is on average 0.900"),
        "{kept:?}"
    );
    let unusable = "read the form with a common error variance";
    let rows = format!(
        "hausman,30,1,,0.0001,\"V_b-V_B is not positive definite, {unusable}\"\nhausman_sigmamore,1,1,,0.3,{common}\n"
    );
    let doubtful = of(&rows);
    assert!(doubtful[0].contains("not positive definite"), "{doubtful:?}");
    assert!(
        doubtful[1]
            .starts_with("The Hausman test with both covariances on one error variance does not reject")
            && doubtful[2].starts_with("Random effects: If x is 1 higher, y is on average 0.900")
    );
    // numpy on the data of two such models: the usable form has chi2 = 13.671 with two terms, p = 0.0011
    let fixed = of(&format!(
        "hausman,0.14,2,,0.932,\"V_b-V_B is not positive definite, {unusable}\"\nhausman_sigmamore,13.671,2,,0.0011,{common}\n"
    ));
    assert!(
        fixed[1].contains("rejects") && fixed[2].starts_with("Fixed effects: If x is 1 higher"),
        "{fixed:?}"
    );
    let none = of(&format!(
        "hausman,-3,1,,,\"negative: no p-value, {unusable}\"\nhausman_sigmamore,-1,1,,,{common}\n"
    ));
    assert!(
        none.last().is_some_and(|s| s.starts_with("Fixed effects: If x is 1 higher, y is on average 0.400")),
        "{none:?}"
    );
    assert!(!none.iter().any(|s| s.contains("0.900")), "{none:?}");
}

#[test]
fn a_jump_is_read_with_the_interval_that_allows_for_its_bias() {
    let table = "
term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
conventional,4.2,0.8,5.2,0.00001,2.6,5.8,
robust,4.1,1,4.2,0.00003,2.2,6,
";
    let of = design(&[], &json!({"running": "score", "cutoff": 60}));
    let sentences = said(&[(EFFECTS, table)], &of, Language::En);
    assert_eq!(sentences[0], "Where score crosses 60, y jumps by 4.100 (95% CI 2.200 to 6.000; p < 0.001).");
    assert!(sentences[1].contains("near 60 alone"), "{sentences:?}");
    let fuzzy = "
term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
effect,3.1,0.5,5.6,0.00001,2,4.2,
jump_treatment,0.6,0.1,9,0.00001,0.5,0.8,
";
    let of = design(&["enrolled"], &json!({"running": "score"}));
    let sentences = said(&[(EFFECTS, fuzzy)], &of, Language::En);
    assert!(
        sentences[0].starts_with(
            "For those whom the threshold moves, the estimated effect of enrolled on y is 3.100"
        )
    );
}

#[test]
fn an_effect_of_matching_names_the_condition_on_which_it_is_one() {
    let table = "
term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
ate,0.2,0.35,0.6,0.57,-0.5,0.9,
difference_of_means,0.25,,,,,,
";
    for (language, words) in [(Language::En, "no variable outside"), (Language::Zh, "分析之外没有")] {
        let sentences = said(&[(EFFECTS, table)], &design(&["trained"], &json!({})), language);
        assert!(sentences.len() == 2 && sentences[1].contains(words), "{sentences:?}");
    }
}

#[test]
fn groups_are_compared_up_to_a_time_that_all_of_them_reach() {
    let medians = "
group,n,events,median,restricted_mean,restricted_mean_se
new,10,5,9,3.5,0.3
old,10,9,4,2.5,0.4
";
    let fit = "metric,value,note\nN,20,\nlimit,4,\n";
    let test = "test,statistic,df1,df2,p_value,note\nlogrank,4,1,,0.03,\n";
    let mut of = design(&[], &json!({}));
    (of.outcome, of.group, of.duration) = (None, Some("arm".to_owned()), Some("months".to_owned()));
    let files = [("table_medians.csv", medians), ("table_fit.csv", fit), ("table_logrank.csv", test)];
    let sentences = said(&files, &of, Language::En);
    assert_eq!(
        sentences[1],
        "Up to 4 (months), the mean is 3.500 for arm “new” and 2.500 for “old”: 1.000 longer for “new” (standard error \
         0.500)."
    );
    let rmst = "group,n,events,rmst,std_error\nold,10,9,2.5,0.4\nnew,10,5,3.5,0.3\n";
    let gap =
        "group,against,difference,std_error,p_value,ci_low,ci_high\nold,new,-1,0.5,0.0455,-1.98,-0.02\n";
    let files = [("table_rmst.csv", rmst), ("table_differences.csv", gap), ("table_fit.csv", fit)];
    let sentences = said(&files, &of, Language::En);
    assert!(
        sentences[0].ends_with("1.000 longer for “new” (95% CI 0.020 to 1.980; p = 0.045)."),
        "{sentences:?}"
    );
}

#[test]
fn medical_designs_are_read_with_their_intervals() {
    let of = design(&["marker"], &json!({"second": "b"}));
    let one = |file: &str, csv: &str| said(&[(file, csv)], &of, Language::En);
    let areas =
        "marker,auc,std_error,ci_low,ci_high,p_value\nmarker,0.8,0.02,0.76,0.84,\ndifference,,,,,0.2\n";
    let said = one("table_auc.csv", areas);
    assert!(
        said[0].contains("0.800 (95% CI 0.760 to 0.840)") && said[1].contains("no clear sign"),
        "{said:?}"
    );
    let accuracy = "
measure,estimate,ci_low,ci_high
sensitivity,0.82,0.69,0.91
specificity,0.91,0.84,0.96
prevalence,0.333,0.26,0.41
positive_predictive,0.7,0.6,0.8
negative_predictive,0.9,0.8,0.95
";
    let said = one("table_accuracy.csv", accuracy);
    assert!(said[0].contains("0.820 (95% CI 0.690 to 0.910)") && said[1].contains("0.333"), "{said:?}");
    let agreement = "
measure,estimate,ci_low,ci_high,p_value
bias,-1.3,-2.1,-0.6,0.001
lower_limit,-10.4,-11.7,-9.1,
upper_limit,7.8,6.5,9,
";
    let said = one("table_agreement.csv", agreement);
    assert!(said[0].starts_with("On average y minus b is -1.300 (95% CI"), "{said:?}");
    assert!(said[1].contains("-10.400 and 7.800"), "{said:?}");
    let risks =
        "measure,estimate,ci_low,ci_high,p_value\nodds_ratio,1.5,0.9,2,0.1\nrisk_ratio,1.3,0.9,1.7,0.1\n";
    let said = one("table_measures.csv", risks);
    assert!(
        said[0].contains("the risk of y is 1.300 times") && said[0].contains("no difference"),
        "{said:?}"
    );
}

#[test]
fn populations_and_related_columns_have_a_sentence() {
    let means = "variable,group,n,population,estimate,std_error,ci_low,ci_high\nincome,0,3,9,12,1,10,14\nincome,all,9,27,14.5,0.7,13,16\n";
    let mut of = design(&[], &json!({"statistic": "mean"}));
    of.group = Some("urban".to_owned());
    let sentences = said(&[("table_estimates.csv", means)], &of, Language::En);
    assert_eq!(sentences[0], "In the population, the mean of income is 14.500 (95% CI 13.000 to 16.000).");
    assert!(sentences[1].contains("for urban “0”"), "{sentences:?}");
    let test = "test,statistic,df1,df2,p_value,note\npearson_chi2,2,2,,0.37,\ncramers_v,0.056,,,,\n";
    let of = design(&[], &json!({"row": "arm", "column": "stage"}));
    let sentences = said(&[("table_test.csv", test)], &of, Language::En);
    assert!(
        sentences[0].contains("arm and stage are related (Cramér's V 0.056; p = 0.370)"),
        "{sentences:?}"
    );
    let counts =
        "row,column,count,row_percent\nA,no,403,68.42\nA,yes,186,31.58\nB,no,375,61.37\nB,yes,236,38.63\n";
    let of = design(&[], &json!({"row": "variant", "column": "bought"}));
    let files = [("table_counts.csv", counts), ("table_test.csv", test)];
    let sentences = said(&files, &of, Language::En);
    assert_eq!(sentences[1], "Share with bought “yes”: A 31.6%, B 38.6%.");
}

#[test]
fn breaks_and_windows_are_named_by_their_periods() {
    let tests = "test,time,period,statistic,p_value,critical_5,note\nsup_f,188,2007q1,5.77,,5.86,\nchow,190,2007q3,4.1,0.018,,\n";
    let parts = "part,period,term,estimate,std_error,p_value\nbefore,1991q1 - 2006q4,x,0.36,0.1,0.01\n\
                 before,1991q1 - 2006q4,_cons,2.816,0.25,0.001\nafter,2007q1 - 2020q4,x,0.33,0.1,0.04\n\
                 after,2007q1 - 2020q4,_cons,-0.558,0.21,0.012\n";
    let files = [("table_tests.csv", tests), ("table_parts.csv", parts)];
    let sentences = said(&files, &design(&["x"], &json!({})), Language::En);
    assert!(sentences[0].contains("no clear sign") && sentences[0].contains("at 2007q1"), "{sentences:?}");
    assert!(
        sentences[1].contains("changes at 2007q3") && sentences[1].contains("p = 0.018"),
        "{sentences:?}"
    );
    // the level moves most, x hardly: that it breaks must not look like a break of x
    assert_eq!(
        sentences[2..],
        [
            "The constant, which is the level, is 2.816 in 1991q1 - 2006q4 (p = 0.001) and -0.558 in 2007q1 - 2020q4 (p = 0.012).",
            "The coefficient of x is 0.360 in 1991q1 - 2006q4 (p = 0.010) and 0.330 in 2007q1 - 2020q4 (p = 0.040)."
        ]
    );
    let windows = "window,term,estimate\n1,x,0.5\n2,x,0.4\n";
    let summary = "term,estimate_all,mean,sd,min,max,share_significant\nx,0.35,0.45,0.1,0.4,0.5,0.5\n";
    let files = [("table_rolling.csv", windows), ("table_summary.csv", summary)];
    let sentences = said(&files, &design(&["x"], &json!({})), Language::En);
    assert!(
        sentences[0].starts_with("In 2 windows") && sentences[0].contains("50% of the windows"),
        "{sentences:?}"
    );
}

/// Without regressors this is the whole result; a model for a yes or no has no variance of rows.
#[test]
fn variances_of_two_levels_say_what_share_lies_between_groups() {
    let head = "component,estimate,std_error,ci_low,ci_high,statistic,p_value,note\n";
    let rows = "var(_cons),30.4,7.5,18.8,49.1,,,\nlr_test,,,,,169.6,0.00001,\nicc,0.23,0.044,,,,,\n";
    let constant = "equation,term,estimate,std_error,p_value,ci_low,ci_high\ny,_cons,53,0.9,0,51,55\n";
    let variances = format!("{head}var(Residual),102,4.5,93,111,,,\n{rows}");
    let values = json!({"level2_id": "school"});
    let files = [("table_coefficients.csv", constant), ("table_variance.csv", variances.as_str())];
    let alone = "23.0% of the variance of y lies between the groups of school (test against no differences between them: p < 0.001).";
    assert_eq!(said(&files, &design(&[], &values), Language::En), [alone]);
    let left = said(&files, &design(&["x"], &values), Language::En).join(" ");
    assert!(left.contains("Of the variance of y that the regressors leave, 23.0% lies between"), "{left}");
    let generalised = format!("{head}{rows}");
    let files = [("table_coefficients.csv", constant), ("table_variance.csv", generalised.as_str())];
    assert!(!said(&files, &design(&["x"], &values), Language::En).join(" ").contains("lies between"));
}

#[test]
fn pooled_studies_say_how_much_they_differ() {
    let pooled = "
model,estimate,p_value,ci_low,ci_high
random,-0.199,0.0128,-0.356,-0.042
prediction_interval,-0.199,,-0.725,0.327
";
    let tests = |q: &str| {
        format!(
            "test,statistic,df1,df2,p_value,note\ncochran_q,33,15,,{q},\ni_squared,0.5456,,,,\ntau_squared,0.05,,,,\n"
        )
    };
    let of = design(&[], &json!({"model": "random"}));
    let sentences =
        |q: &str| said(&[("table_pooled.csv", pooled), ("table_tests.csv", &tests(q))], &of, Language::En);
    let differing = sentences("0.0047");
    assert_eq!(
        differing[1..],
        [
            "The effect in a new study is expected between -0.725 and 0.327 (95% prediction interval).",
            "The studies differ by more than chance explains: 54.6% of their variation lies between them (I²; test of one common \
             effect, p = 0.005).",
        ]
    );
    assert!(
        sentences("0.4")[2].starts_with("There is no clear sign that the studies differ"),
        "{differing:?}"
    );
}

/// The p-value of a synthetic control is a rank: the first of 17 units has 1/17, and no placebo shows a gap as large.
#[test]
fn the_first_rank_among_few_units_is_said_to_be_the_first() {
    let effects =
        |p: f64| format!("effect,estimate,statistic,p_value,note\naverage_gap,-2.448,5.739,{p},rank\n");
    let fit = "metric,value,note\nN_units,17,\n";
    let of = design(&[], &json!({}));
    let first = said(&[(EFFECTS, &effects(1.0 / 17.0)), ("table_fit.csv", fit)], &of, Language::En);
    assert!(
        first[0].contains("larger than that of each placebo unit (p = 0.059); with 17 units no smaller"),
        "{first:?}"
    );
    let second = said(&[(EFFECTS, &effects(2.0 / 17.0)), ("table_fit.csv", fit)], &of, Language::En);
    assert!(second[0].contains("placebo units show gaps as large (p = 0.118)"), "{second:?}");
    let zh = said(&[(EFFECTS, &effects(1.0 / 17.0)), ("table_fit.csv", fit)], &of, Language::Zh);
    assert!(zh[0].contains("共 17 个单位"), "{zh:?}");
}
