//! The sentences of series, predicted risks, doses, rates and shares; the numbers are those of the tables.

use serde_json::{Value, json};

use super::super::SourceFile;
use super::super::design::Design;
use super::super::labels::Labels;
use super::super::{Language, Options};
use super::*;

fn said(files: &[(&str, &str)], focal: &[&str], values: &Value) -> Vec<String> {
    let tables: Vec<Table> = files
        .iter()
        .map(|(name, csv)| {
            let bytes = csv.trim_start().as_bytes().to_vec();
            let file = SourceFile { name: (*name).to_owned(), sha256: String::new(), bytes };
            Table::read(&file, None).expect("a table")
        })
        .collect();
    let mut design = Design::default();
    design.focal = focal.iter().map(|name| (*name).to_owned()).collect();
    design.outcome = Some("y".to_owned());
    design.duration = Some("months".to_owned());
    design.group = Some("arm".to_owned());
    design.values = serde_json::from_value(values.clone()).expect("an object");
    let options = Options { language: Language::En, ..Options::default() };
    let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
    findings(&tables, &style).texts()
}

const COEFFICIENTS: (&str, &str) = (
    "table_coefficients.csv",
    "equation,term,estimate,std_error,p_value,ci_low,ci_high\ny,ss_x,1.3,0.2,0.001,0.9,1.7\n",
);

#[test]
fn a_change_at_a_start_is_read_against_the_continued_trend() {
    let table = "
effect,estimate,std_error,p_value,ci_low,ci_high
slope_before,0.6,0.1,0.001,0.4,0.8
level_change,-15.6,2.6,0.0001,-20.8,-10.4
slope_change,-0.1,0.2,0.6,-0.5,0.3
effect_at_end,-40.6,3,0.0001,-46.5,-34.7
";
    let sentences = said(&[COEFFICIENTS, ("table_effects.csv", table)], &[], &json!({}));
    assert_eq!(sentences.len(), 4, "{sentences:?}");
    assert!(
        sentences[0].starts_with("At the start, y jumps by -15.600") && !sentences[0].contains("compatible")
    );
    assert!(sentences[1].contains("compatible with the same slope"), "{sentences:?}");
    assert!(sentences[3].contains("only if the earlier trend"), "{sentences:?}");
}

#[test]
fn forecasts_have_the_limits_between_which_values_are_expected() {
    let table = "
step,period,forecast,std_error,low,high
1,244,2.29,0.5,1.32,3.26
2,245,2.28,0.6,1.07,3.5
6,249,2.21,0.65,0.99,3.56
";
    let sentences = said(&[COEFFICIENTS, ("table_forecast.csv", table)], &[], &json!({}));
    assert_eq!(
        sentences,
        [
            "The forecast of y for period 1 after the data is 2.290; if the model holds, 95% of such values lie between 1.320 \
             and 3.260.",
            "The forecast of y for period 6 after the data is 2.210; if the model holds, 95% of such values lie between 0.990 \
             and 3.560.",
        ]
    );
}

/// ln(0.5)/ln(0.937) = 10.65.
#[test]
fn a_shock_to_the_variance_has_its_half_life() {
    let tests =
        "test,statistic,df,p_value,note\narch_lm,43.9,10,0.000003,\nportmanteau_squares,5.2,10,0.878,\n";
    let of = |persistence: &str| {
        let fit = format!("metric,value,note\npersistence,{persistence},\n");
        said(&[COEFFICIENTS, ("table_fit.csv", &fit), ("table_tests.csv", tests)], &[], &json!({}))
    };
    let sentences = of("0.937");
    assert!(sentences[0].contains("changes over time by more than chance"), "{sentences:?}");
    assert!(sentences[1].contains("0.937") && sentences[1].contains("after 10.7 periods"), "{sentences:?}");
    assert!(sentences[2].contains("no clear sign of further"), "{sentences:?}");
    assert!(of("1.02")[1].contains("do not die out"));
}

#[test]
fn which_series_predict_which_says_how_many_tests_there_were() {
    let table = "
equation,excluded,chi2,df,p_value
a,b,0.6,2,0.73
a,ALL,4,4,0.01
b,a,7,2,0.03
";
    let sentences = said(&[COEFFICIENTS, ("table_granger.csv", table)], &[], &json!({}));
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    assert!(sentences[0].starts_with("Past values of a help to predict b"), "{sentences:?}");
    assert!(sentences[1].starts_with("There is no clear sign that past values of b help to predict a"));
    assert!(sentences[2].starts_with("Of 2 such tests, about 0.1 fall"), "{sentences:?}");
}

/// The estimates stand on the left of a relation that is zero: what is said has the other sign.
#[test]
fn a_long_run_relation_is_said_for_the_first_series() {
    let ranks = "
rank,ll,eigenvalue,trace,trace_5,largest,largest_5
0,-18,0.125,41.55,29.68,31.76,20.97
1,-2.1,0.035,9.78,15.41,8.43,14.07
2,2.1,0.006,1.36,3.76,1.36,3.76
3,2.8,,,,,
";
    let relations = "
relation,term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
_ce1,long,1,,,,,,fixed
_ce1,short,-0.801,0.084,-9.58,0.0001,-0.964,-0.637,
_ce1,prices,0.07,0.055,1.28,0.2,-0.037,0.178,
_ce1,_cons,-1.86,,,,,,from the model
";
    let coefficients = "
equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
D_long,L._ce1,-0.201,0.058,-3.45,0.0006,-0.315,-0.087,
D_short,L._ce1,0.07,0.048,1.47,0.14,-0.023,0.164,
";
    let of = |ranks: &str| {
        let tables = [
            ("table_rank.csv", ranks),
            ("table_relations.csv", relations),
            ("table_coefficients.csv", coefficients),
        ];
        said(&tables, &[], &json!({}))
    };
    let sentences = of(ranks);
    assert!(sentences[0].starts_with("The trace test finds one long-run relation between the 3 series"));
    assert!(sentences[0].contains("against none 41.55, critical value at 5% 29.68"), "{sentences:?}");
    let long_run = "In the long run, long changes by 0.801 with each unit of short (95% CI 0.637 to 0.964";
    assert!(sentences[1].starts_with(long_run), "{sentences:?}");
    assert!(
        sentences[2].contains("changes by -0.070 with each unit of prices in the estimate"),
        "{sentences:?}"
    );
    assert_eq!(
        sentences[3],
        "In each period long closes about 20% of its deviation from the relation in the period before."
    );
    let none = "
rank,ll,eigenvalue,trace,trace_5,largest,largest_5
0,-18,0.02,9.55,15.41,8.1,14.07
1,-2.1,0.01,1.36,3.76,1.36,3.76
2,2.1,,,,,
";
    let sentences = said(&[("table_rank.csv", none)], &[], &json!({}));
    assert!(
        sentences[0].contains("does not reject that the 2 series have no long-run relation (statistic 9.55"),
        "{sentences:?}"
    );
}

#[test]
fn risks_and_doses_are_read_with_their_limits() {
    let table = "
measure,estimate,std_error,ci_low,ci_high,ideal,note
observed_expected,1.181,0.096,1.007,1.385,1,
calibration_slope,0.9,0.09,0.72,1.08,1,
c_statistic,0.76,0.02,0.717,0.804,1,
";
    let sentences = said(&[("table_calibration.csv", table)], &["risk"], &json!({}));
    assert!(
        sentences[0].starts_with("There are 1.181 times as many rows with y as risk predicts"),
        "{sentences:?}"
    );
    assert!(sentences[0].contains("too low on average") && sentences[1].contains("compatible with 1"));
    assert!(sentences[2].contains("probability 0.760 (95% CI 0.717 to 0.804)"), "{sentences:?}");
    let doses = "
share_percent,dose,scale,std_error,delta_low,delta_high,fieller_low,fieller_high,note
50,4.084,1.4,0.12,3.2,5.2,3.182,5.245,
90,20.9,3,0.2,13,33,,,no limits
";
    let sentences = said(&[COEFFICIENTS, ("table_doses.csv", doses)], &["dose"], &json!({}));
    assert_eq!(sentences[0], "At dose 4.084 (95% CI 3.182 to 5.245), 50% are expected to respond (y = 1).");
    assert!(sentences[1].contains("set no limits"), "{sentences:?}");
}

#[test]
fn rates_and_hazards_are_ratios_against_one() {
    let rates = "
group,n,events,time_at_risk,rate,ci_low,ci_high
all,320,190,5744,3.308,2.854,3.813
new,169,90,3339,2.695,2.167,3.313
";
    let ratios = "
group,against,rate_ratio,ci_low,ci_high,p_value
standard,new,1.543,1.149,2.075,0.0035
other,new,1.1,0.8,1.5,0.5
";
    let values = json!({"failure": "died", "time": "months", "per": 100});
    let files = [("table_rates.csv", rates), ("table_ratios.csv", ratios)];
    let sentences = said(&files, &[], &values);
    assert_eq!(
        sentences[0],
        "The rate of died is 3.308 per 100 units of months at risk (95% CI 2.854 to 3.813)."
    );
    assert!(sentences[1].contains("1.543 times") && !sentences[1].contains("equal rates"), "{sentences:?}");
    assert!(sentences[2].contains("compatible with equal rates"), "{sentences:?}");
    let periods = "
from,to,n,events,estimate,std_error,p_value,hazard_ratio,ci_low,ci_high
0,6,316,42,-0.6,0.3,0.05,0.537,0.288,1.0003
18,,138,61,-0.3,0.2,0.02,0.622,0.406,0.953
";
    let tests = "test,statistic,df1,df2,p_value,note\nlikelihood_ratio,0.6,2,,0.737,\n";
    let files = [("table_periods.csv", periods), ("table_tests.csv", tests)];
    let sentences = said(&files, &["treated"], &json!({}));
    assert!(sentences[0].starts_with("There is no clear sign that the hazard ratio of treated changes"));
    assert!(
        sentences[1].starts_with("From time 0 to 6")
            && sentences[1].contains("compatible with no difference")
    );
    assert!(sentences[2].starts_with("After time 18, the hazard is 0.622 times"), "{sentences:?}");
}

#[test]
fn a_share_is_read_as_its_average_change_and_not_on_its_link() {
    let margins = "
prediction,equation,term,estimate,std_error,statistic,p_value,ci_low,ci_high,note
share,dydx,x,0.0039,0.0006,6.9,0.00001,0.0028,0.005,
";
    let link = "equation,term,estimate,std_error,p_value,ci_low,ci_high\ny,x,0.016,0.002,0.0001,0.011,0.02\n";
    let sentences =
        said(&[("table_coefficients.csv", link), ("table_margins.csv", margins)], &["x"], &json!({}));
    assert_eq!(
        sentences,
        ["If x is 1 higher, y is on average 0.00390 higher (95% CI 0.00280 to 0.00500; p < 0.001)."]
    );
}
