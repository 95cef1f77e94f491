//! Sentences that would be false without a word on the scale, the direction, the level or the test of their numbers. The
//! numbers are those of statsmodels, scipy and numpy, or hand calculations, as each test says.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::SourceFile;
use super::super::design::Design;
use super::super::findings::findings;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

pub(super) fn design(commands: &[&str], focal: &[&str], values: &serde_json::Value) -> Design {
    let mut design = Design::default();
    design.commands = commands.iter().map(|name| (*name).to_owned()).collect();
    design.focal = focal.iter().map(|name| (*name).to_owned()).collect();
    design.outcome = Some("y".to_owned());
    design.values = serde_json::from_value::<BTreeMap<_, _>>(values.clone()).expect("an object");
    design
}

fn labels() -> Labels {
    let words = |zero: &str, one: &str| [(0, zero.to_owned()), (1, one.to_owned())].into();
    Labels {
        binary: ["y01", "sex"].map(str::to_owned).into(),
        columns: ["y", "y01", "sex", "day", "item_a"].map(str::to_owned).into(),
        levels: [("sex".to_owned(), words("male", "female"))].into(),
        formats: [("day".to_owned(), "%td".to_owned())].into(),
        ..Labels::default()
    }
}

fn said_at(level: f64, files: &[(&str, &str)], design: &Design, decimals: u8) -> Vec<String> {
    let tables: Vec<Table> = files
        .iter()
        .map(|(name, csv)| {
            let bytes = csv.trim_start().as_bytes().to_vec();
            let file = SourceFile { name: (*name).to_owned(), sha256: String::new(), bytes };
            Table::read(&file, None).expect("a table")
        })
        .collect();
    let options = Options { language: Language::En, decimals, ..Options::default() };
    let style = Style { options: &options, labels: &labels(), level, design };
    findings(&tables, &style).texts()
}

pub(super) fn said(files: &[(&str, &str)], design: &Design) -> Vec<String> {
    said_at(95.0, files, design, 3)
}

const HEAD: &str = "equation,term,estimate,std_error,p_value,ci_low,ci_high";
pub(super) const COEFFICIENTS: &str = "table_coefficients.csv";
pub(super) const TTEST: &str = "table_ttest.csv";

/// statsmodels, weighted GLM binomial: -0.735431; exp: 0.4793, 0.3387, 0.6782. Poisson: exp(-0.44892) = 0.6383.
#[test]
fn a_model_of_a_sampling_design_is_read_on_its_scale() {
    let csv = format!("{HEAD}\ny01,x,-0.735431,0.1764,0.00005,-1.08261,-0.38825\n");
    let mut of = design(&["svy"], &["x"], &json!({"model": "logit"}));
    of.outcome = Some("y01".to_owned());
    assert_eq!(
        said(&[(COEFFICIENTS, &csv)], &of),
        [
            "If x is 1 higher, the odds of y01 = 1 are 52.1% lower (odds ratio 0.479; 95% CI 0.339 to 0.678; p < 0.001)."
        ]
    );
    let csv = format!("{HEAD}\ny,x,-0.44892,0.036,0.00001,-0.52,-0.378\n");
    let poisson = said(&[(COEFFICIENTS, &csv)], &design(&["svy"], &["x"], &json!({"model": "poisson"})));
    assert!(
        poisson[0].contains("the expected number of y is 36.2% lower (incidence rate ratio 0.638;")
            || poisson[0].contains("the expected number of y is 36.2% lower"),
        "{poisson:?}"
    );
    let linear = said(&[(COEFFICIENTS, &csv)], &design(&["svy"], &["x"], &json!({"model": "linear"})));
    assert!(linear[0].starts_with("If x is 1 higher, y is on average 0.449 lower"), "{linear:?}");
}

/// statsmodels, gamma regression with the identity link: -1090.3 (-8461.6 to 6281), mean income lower by 1,090.
#[test]
fn with_the_identity_link_there_is_no_ratio() {
    let csv = format!(
        "{HEAD},ratio,ratio_low,ratio_high\ny,x,-1090.3,3761,0.772,-8461.6,6281,0,0,\ny,z,0.3,0.1,0.003,0.1,0.5,1.35,1.11,1.65\n"
    );
    let of = design(&["glm"], &["x", "z"], &json!({"family": "gamma", "link": "identity"}));
    let sentences = said(&[(COEFFICIENTS, &csv)], &of);
    assert!(
        sentences[0].starts_with("If x is 1 higher, y is on average 1090.300 lower in the estimate"),
        "{sentences:?}"
    );
    assert!(sentences[1].starts_with("If z is 1 higher, y is on average 0.300 higher"), "{sentences:?}");
}

/// A two-way model holds the period equal, whose effects are rows of its table.
#[test]
fn effects_of_periods_are_held_equal() {
    let csv = format!("{HEAD}\ny,x,-1.08,0.13,0,-1.34,-0.82\ny,2011.year,0.2,0.1,0.1,0,0.5\n");
    let mut of = design(&["xtreg"], &["x"], &json!({}));
    (of.absorbed, of.time) = (vec!["unit".to_owned()], Some("year".to_owned()));
    let notes = said(&[(COEFFICIENTS, &csv)], &of);
    assert!(
        notes.iter().any(|note| note.ends_with("other variables of the model: unit, year.")),
        "{notes:?}"
    );
}

/// scipy: the test of skewness and kurtosis stands in above the sizes of Shapiro and Wilk's.
#[test]
fn normality_of_many_rows_has_a_sentence() {
    let table = "variable,test,n,statistic,df,p_value,note\nb,shapiro_wilk,2336,,,,\nb,skewness_kurtosis,2336,40,2,0.00001,\n";
    let text = said(&[("table_normality.csv", table)], &design(&[], &[], &json!({}))).remove(0);
    assert!(
        text.contains("do not follow a normal distribution") && text.contains("kewness and kurtosis test"),
        "{text}"
    );
}

/// A ratio of 0.0000846 is 99.99154% lower; without decimals an upper limit of 0.614 does not print as 1.
#[test]
fn a_ratio_is_never_100_percent_lower_and_its_limits_keep_their_side() {
    let head = format!("{HEAD},odds_ratio,odds_ratio_low,odds_ratio_high");
    let of = design(&["logit"], &["x"], &json!({}));
    let csv = format!("{head}\ny,x,-9.3776,0.92,0,-11.18,-7.58,0.0000846,0.0000139,0.00051\n");
    let text = said(&[(COEFFICIENTS, &csv)], &of).remove(0);
    assert!(
        text.contains("99.99% lower (odds ratio 0.0000846; 95% CI 0.0000139 to 0.000510; p < 0.001)"),
        "{text}"
    );
    let csv = format!("{head}\ny,x,-0.7465,0.13,0,-1.0079,-0.4878,0.474,0.365,0.614\n");
    let text = said_at(95.0, &[(COEFFICIENTS, &csv)], &of, 0).remove(0);
    assert!(text.contains("odds ratio 0.5; 95% CI 0.4 to 0.6"), "{text}");
}

/// Cinelli and Hazlett (2020): t = -11.483, df = 377, f = 0.5 |t| / sqrt(df) = 0.2957, RV = (sqrt(f^4 + 4 f^2) - f^2) / 2 = 0.2552.
#[test]
fn a_robustness_value_says_how_much_is_taken_away_at_which_level() {
    let csv = "measure,value,note\nestimate,-1.04,\nrobustness_value,0.2552,\nrobustness_value_alpha,0.19,\n";
    let files = [("table_sensitivity.csv", csv), (COEFFICIENTS, &format!("{HEAD}\n"))];
    let half = said_at(90.0, &files, &design(&["regress"], &["x"], &json!({"reduction": 0.5})), 3);
    assert_eq!(
        half,
        [
            "A confounder that nobody measured would have to explain 25.5% of what is left of x and of the outcome to take away \
          50.0% of the estimate, and 19.0% for a test at the 10% level not to rule out so large a reduction."
        ]
    );
    let all = said_at(90.0, &files, &design(&["regress"], &["x"], &json!({"reduction": 1})), 3);
    assert!(all[0].ends_with(
        "to bring the estimate to zero, and 19.0% for it to be no longer significant at the 10% level."
    ));
}

/// scikit-learn's formula (observed - expected) / (1 - expected) with 0.236 and 0.5: -0.528.
#[test]
fn raters_below_chance_do_not_agree_beyond_it() {
    let table = |row: &str| {
        format!(
            "measure,estimate,ci_low,ci_high,p_value\nobserved_agreement,0.236,,,\nexpected_agreement,0.5,,,\n{row}\n"
        )
    };
    let of = design(&[], &[], &json!({}));
    let below = said(&[("table_kappa.csv", &table("kappa,-0.526,-0.751,-0.301,0.00001"))], &of);
    assert!(below[0].starts_with("The raters agree less than chance explains: kappa is -0.526"), "{below:?}");
    let open = said(&[("table_kappa.csv", &table("kappa,-0.1,-0.3,0.1,0.3"))], &of);
    assert!(open[0].starts_with("There is no clear sign that the raters agree beyond chance"), "{open:?}");
    let above = said(&[("table_kappa.csv", &table("kappa,0.5,0.3,0.7,0.0001"))], &of);
    assert!(above[0].starts_with("The raters agree beyond chance"), "{above:?}");
}

/// Two p-values of 0.0381 among 5 tests: Holm gives 0.076 and 0.076 (statsmodels multipletests), below 0.10 and not below 0.05.
#[test]
fn counts_of_tests_name_the_level_at_which_they_count() {
    let fit = "metric,value,note\ntests,5,\nsignificant,2,\nsignificant_holm,2,\nsignificant_bh,2,\n";
    let files = [("table_fit.csv", fit)];
    let of = design(&[], &["x"], &json!({}));
    assert_eq!(
        said_at(90.0, &files, &of, 3),
        [
            "Of 5 tests 2 have a p-value below 0.10. 2 remain after Holm’s correction for many tests, 2 with a false discovery rate of 10%."
        ]
    );
    assert!(said(&files, &of)[0].contains("below 0.05") && said(&files, &of)[0].contains("rate of 5%"));
}

/// p = 0.07 lies below 0.10: with intervals of 90% a test says what an interval does.
#[test]
fn tests_and_intervals_of_a_report_have_one_level() {
    let test = "source,ss,df,ms,f,p_value\nbetween,1,1,1,3,0.07\n";
    let mut of = design(&[], &[], &json!({}));
    of.group = Some("g".to_owned());
    let files = [("table_anova.csv", test)];
    assert!(said_at(90.0, &files, &of, 3)[0].contains("by more than chance explains (p = 0.070)"));
    assert!(said(&files, &of)[0].contains("no clear sign"));
    // 0.04953 is below 0.05 and does not print as 0.050
    let close = "source,ss,df,ms,f,p_value\nbetween,1,1,1,3,0.04953\n";
    assert!(
        said(&[("table_anova.csv", close)], &of)[0].ends_with("by more than chance explains (p = 0.0495).")
    );
}

/// With one row in a group there is no variance: neither interval nor p.
#[test]
fn without_a_test_nothing_is_compatible_with_anything() {
    let table = "test,estimate,statistic,p_value,ci_low,ci_high,note\nmean_group1,1.025,,,,,rare\nmean_group2,1.708,,,,,x\n\
                 t_unequal,-0.683,,,,,chosen\n";
    let mut of = design(&[], &[], &json!({}));
    of.group = Some("one".to_owned());
    assert_eq!(
        said(&[(TTEST, table)], &of),
        [
            "The mean of y is 1.025 for one “rare” and 1.708 for “x”: a difference of -0.683, “rare” minus “x” (nothing could be tested: there is neither \
          an interval nor a p-value)."
        ]
    );
    let kappa = "measure,estimate,ci_low,ci_high,p_value\nobserved_agreement,1,,,\nexpected_agreement,1,,,\nkappa,0,,,\n";
    assert!(said(&[("table_kappa.csv", kappa)], &of)[0].starts_with("Nothing could be tested here"));
}

/// 14 of 38 against 1 of 9: the interval without a common share ends at -0.001 (by hand), the test with one has p = 0.136 and
/// Fisher's 0.236 (scipy). 3, 10, 7, 4: interval of the ratio 0.122 to 1.077, chi-squared p = 0.045 (scipy).
#[test]
fn an_interval_and_a_p_value_that_disagree_are_both_said() {
    let table = "test,estimate,statistic,p_value,ci_low,ci_high,note\nshare_group1,0.3684,,,,,\"new, Wilson\"\n\
                 share_group2,0.1111,,,,,\"old, Wilson\"\ndifference,-0.2573,,0.136,-0.5136,-0.00102,\n";
    let mut of = design(&[], &["x"], &json!({}));
    of.group = Some("g".to_owned());
    let said_so = said(&[("table_shares.csv", table)], &of).remove(0);
    assert!(
        said_so.ends_with(
            "The share with y = 1 is 36.8% for g “new” and 11.1% for “old”: a difference of -25.730 percentage points, “old” minus \
             “new”, but the data are also compatible with equal shares (95% CI -51.360 to -0.102; p = 0.136). \
             Interval and p-value come from different methods and do not agree: the interval excludes no difference, but the p-value \
             is not below 0.05."
        ),
        "{said_so}"
    );
    let risks = "measure,estimate,ci_low,ci_high,p_value\nrisk_ratio,0.363,0.122,1.077,0.045\n";
    let said_so = said(&[("table_measures.csv", risks)], &of).remove(0);
    assert!(
        said_so.contains("no difference (95% CI 0.122 to 1.077; p = 0.045)")
            && said_so.ends_with("the p-value is below 0.05, but the interval includes no difference."),
        "{said_so}"
    );
}

/// 1080 rows after filling 815: 265 are added.
#[test]
fn a_filled_panel_has_rows_added() {
    let table =
        "item,value\nunits_before,120\nunits_after,120\nperiods,9\nrows_before,815\nrows_after,1080\n";
    let files = [("table_balance.csv", table)];
    assert_eq!(
        said(&files, &design(&[], &[], &json!({"method": "fill"}))),
        [
            "265 empty rows were added, so that each of the 120 units has a row in all 9 periods: 815 rows before, 1080 after."
        ]
    );
}

/// Day 20089 of Stata is 1 January 2015, 22250 is 1 December 2020 ([FN] td()).
#[test]
fn a_line_over_dates_has_dates() {
    let table = "group,time,n,value\nall,20089,1,9.2\nall,20879,1,14.25\nall,22250,1,1.74\n";
    let mut of = design(&[], &[], &json!({}));
    of.time = Some("day".to_owned());
    assert_eq!(
        said(&[("table_series.csv", table)], &of),
        ["From 2015-01-01 to 2020-12-01, y goes from 9.200 to 1.740; it is highest in 2017-03-01 (14.250)."]
    );
}

#[test]
fn the_last_period_of_an_event_has_all_later_ones() {
    let table = "relative_period,estimate,std_error,p_value,ci_low,ci_high,n\n0,-1,0.1,0.001,-1.2,-0.8,40\n\
                 3,-2.209,0.1,0.001,-2.4,-2.0,40\n";
    let of = |lags: u8| said(&[("table_dynamic.csv", table)], &design(&[], &["x"], &json!({"lags": lags})));
    assert!(of(3)[0].starts_with(
        "The effect is largest in period 3 after the event or later, which are one row: -2.209"
    ));
    assert!(of(5)[0].starts_with("The effect is largest in period 3 after the event: -2.209"));
}

/// An item that persons with more of the trait answer less often has no place in the order of difficulty.
#[test]
fn an_item_of_negative_discrimination_is_not_ranked() {
    let table = "variable,kind,category,estimate,ci_low,ci_high,p_value\nitem_a,discrimination,,-0.141,-0.4,0.1,0.3\n\
                 b,discrimination,,1.2,0.8,1.6,0\nc,discrimination,,0.9,0.5,1.3,0\nitem_a,difficulty,,-5.793,-16,4.4,0.3\n\
                 b,difficulty,,-0.037,-0.2,0.1,0.7\nc,difficulty,,-0.5,-0.7,-0.3,0\n";
    let text = said(&[("table_items.csv", table)], &design(&[], &[], &json!({}))).remove(0);
    assert!(
        text.starts_with("The hardest item is b") && text.contains("the easiest c with -0.500"),
        "{text}"
    );
}

#[test]
fn a_negative_difference_of_changes_is_less() {
    let csv = format!("{HEAD}\ny,1.treat#1.post,-3.536,0.6,0.00001,-4.7,-2.4\n");
    let mut of = design(&["regress"], &["treat"], &json!({}));
    of.post = Some("post".to_owned());
    let text = said(&[(COEFFICIENTS, &csv)], &of).remove(0);
    assert!(
        text.contains("y changed by 3.536 less where treat is 1 than where it is 0 (95% CI -4.700 to"),
        "{text}"
    );
    let returns = "portfolio,mean_return,p_value,ci_low,ci_high\nhigh_minus_low,-3.49,0.001,-5,-2\n";
    let text = said(&[("table_portfolios.csv", returns)], &of).remove(0);
    assert!(text.contains("earns 3.490 less per period"), "{text}");
}

/// Limits of resampled rows: percentiles -0.314 to -0.099 (numpy), the normal ones -0.300 to -0.101.
#[test]
fn effects_through_a_mediator_have_the_limits_that_were_asked() {
    let effects = "effect,estimate,std_error,statistic,p_value,ci_low,ci_high,note\nindirect,-0.2,0.05,-4,0.0001,-0.3,-0.101,\n\
                   direct,-0.84,0.1,-8,0,-1.035,-0.646,\n";
    let limits = "effect,estimate,boot_error,percentile_low,percentile_high,corrected_low,corrected_high,reps\n\
                  indirect,-0.2,0.055,-0.314,-0.099,-0.32,-0.1,200\ndirect,-0.84,0.1,-1.04,-0.65,-1.04,-0.65,200\n";
    let of = design(&[], &["x"], &json!({"mediator": "m"}));
    let plain = said(&[("table_effects.csv", effects)], &of);
    assert_eq!(plain[0], "Through m, x changes y by -0.200 (95% CI -0.300 to -0.101; p < 0.001).");
    let resampled = said(&[("table_effects.csv", effects), ("table_bootstrap.csv", limits)], &of);
    assert_eq!(resampled[0], "Through m, x changes y by -0.200 (95% CI -0.314 to -0.099 by resampling).");
    assert!(resampled[1].contains("(95% CI -1.040 to -0.650 by resampling)"), "{resampled:?}");
}

#[test]
fn classes_whose_numbers_are_numbers_have_their_answers() {
    let classes = "class,share,ci_low,ci_high\n1,0.6,0.5,0.7\n2,0.4,0.3,0.49\n";
    let profiles = "class,variable,category,probability,ci_low,ci_high\n1,item_a,1,0.9,0.8,0.95\n2,item_a,1,0.2,0.1,0.3\n";
    let files = [("table_classes.csv", classes), ("table_profiles.csv", profiles)];
    let sentences = said(&files, &design(&[], &[], &json!({})));
    assert_eq!(
        sentences[1],
        "Class 1 differs most in item_a: answer 1 has probability 0.900 (95% CI 0.800 to 0.950), 0.200 in the other classes."
    );
}

#[test]
fn values_that_are_equally_frequent_are_all_named() {
    let table = "variable,value,label,n,percent,valid_percent,cumulative_percent\ny,2,,5,22.7,22.7,22.7\ny,3,,4,18.2,18.2,40.9\n\
                 y,4,,5,22.7,22.7,63.6\n";
    assert_eq!(
        said(&[("table_frequencies.csv", table)], &design(&[], &[], &json!({}))),
        [
            "The most frequent values of y are “2”, “4”: 22.7% of the rows with a value each (5 rows; 3 different values)."
        ]
    );
}

#[test]
fn kinds_of_correlations_shares_and_ratios_are_named() {
    let table = "row,column,correlation,ci_low,ci_high,p_value,n\na,b,0.4,0.2,0.6,0.001,9\n";
    let of = design(&[], &[], &json!({"method": "spearman"}));
    let text = said(&[("table_correlation.csv", table)], &of).remove(0);
    assert!(text.starts_with("a and b have a Spearman rank correlation of 0.400"), "{text}");
    let shares = "test,statistic,df1,df2,p_value,note\npearson_chi2,9,2,,0.01,\ncohen_w,0.3,,,,\n";
    let of = |values| said(&[("table_tests.csv", shares)], &design(&[], &[], &values)).remove(0);
    assert!(of(json!({})).contains("differ from equal shares"));
    assert!(of(json!({"expected_shares": "9 3 3 1"})).contains("differ from the stated ones"));
    let risks = "measure,estimate,ci_low,ci_high,p_value\nodds_ratio,1.5,1.1,2,0.01\n";
    let text = said(&[("table_measures.csv", risks)], &design(&[], &["sex"], &json!({}))).remove(0);
    assert!(text.starts_with("With sex = female, the odds of y are 1.500 times that without it"), "{text}");
}

/// An interaction of a column of 0 and 1 has the words of the data.
#[test]
fn a_moderator_of_two_values_is_one_instead_of_the_other() {
    let csv = format!("{HEAD}\ny,x,0.5,0.1,0,0.3,0.7\ny,c.x#c.sex,0.223,0.05,0,0.12,0.32\n");
    let margins = "moderator,term,estimate,std_error,p_value,ci_low,ci_high\n0,x,0.5,0.1,0,0.3,0.7\n1,x,0.723,0.1,0,0.5,0.9\n";
    let of = design(&["regress"], &["x"], &json!({"moderator": "sex"}));
    let sentences = said(&[(COEFFICIENTS, &csv), ("table_margins.csv", margins)], &of);
    assert_eq!(
        sentences.iter().find(|text| text.contains("difference itself")).map(String::as_str),
        Some(
            "If sex is “female” instead of “male”, the difference itself changes by 0.223 (95% CI 0.120 to 0.320; p < 0.001)."
        ),
        "{sentences:?}"
    );
}
