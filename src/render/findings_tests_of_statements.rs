//! Sentences whose test, errors or rows must be those that the numbers next to them have. The numbers are those of scipy and
//! numpy, or hand calculations, as each test says.

use serde_json::json;

use super::tests_of_claims::{COEFFICIENTS, design, said};

const HEAD: &str = "equation,term,estimate,std_error,p_value,ci_low,ci_high";

/// scipy: `mannwhitneyu` of 3 against 3 in order, method="exact": 0.1; `wilcoxon` of 5 changes up: 0.0625; `fisher_exact` of
/// 2, 5, 3, 0: 0.1667; `ks_2samp` of 3 against 3 in order, method="exact": 0.1.
#[test]
fn a_small_sample_has_the_p_value_of_the_exact_test() {
    let mut of = design(&[], &[], &json!({"second": "b", "row": "g", "column": "a"}));
    of.group = Some("g".to_owned());
    let ranks = "test,estimate,statistic,p_value\nranksum_z,,-1.964,0.0495\nexact,,,0.1\n";
    assert_eq!(
        said(&[("table_ranksum.csv", ranks)], &of),
        [
            "There is no clear sign that y differs between the groups of g (p = 0.100, exact test). That does not show that the \
             groups are equal."
        ]
    );
    let signs =
        "test,estimate,statistic,p_value\nsigned_rank,,2.02,0.0431\nexact,,,0.0625\nmedian_change,1.3,,\n";
    let text = said(&[("table_signrank.csv", signs)], &of).remove(0);
    assert!(text.ends_with("does not speak against no change (p = 0.062, exact test)."), "{text}");
    let counts =
        "test,statistic,df1,p_value\npearson_chi2,4.286,1,0.0384\ncramers_v,0.655,,\nfisher_exact,,,0.1667\n";
    let text = said(&[("table_test.csv", counts)], &of).remove(0);
    assert!(
        text.starts_with(
            "There is no clear sign that g and a are related (Cramér's V 0.655; p = 0.167, exact test)"
        ),
        "{text}"
    );
    let curves = "test,statistic,p_value,note\ncombined,1,0.03,\nexact,1,0.1,\n";
    let text = said(&[("table_test.csv", curves)], &design(&[], &[], &json!({}))).remove(0);
    assert!(text.contains("p = 0.100, exact test"), "{text}");
}

/// numpy on 60 cross sections: slope 0.3392, error over the periods 0.13308, Newey-West with 6 lags 0.28903; t with 59 degrees of
/// freedom: 2.001.
#[test]
fn a_premium_has_the_errors_that_allow_for_serial_correlation() {
    let table = format!(
        "{HEAD},nw_std_error,nw_statistic,nw_p_value\nret,x,0.3392,0.13308,0.0134,0.07292,0.60551,0.28903,1.174,0.2453\n"
    );
    let text = said(&[("table_premia.csv", &table)], &design(&["newey"], &["x"], &json!({})));
    assert!(text[0].contains("no difference (95% CI -0.239 to 0.918; p = 0.245)"), "{text:?}");
    assert_eq!(text[1], "Intervals and p-values of the sentences allow for serial correlation (Newey-West).");
}

#[test]
fn what_is_held_equal_is_that_of_the_model_that_is_read() {
    let nested = "model,equation,term,estimate,std_error,p_value,ci_low,ci_high\nmodel1,y,x,-1,0.1,0,-1.2,-0.8\n\
                  model1,y,z,1,0.1,0,0.8,1.2\nmodel2,y,x,-0.8,0.1,0,-1,-0.6\nmodel2,y,z,1,0.1,0,0.8,1.2\nmodel2,y,m,1,0.1,0,0.8,1.2\n";
    let mut of = design(&["regress"], &["x"], &json!({"block2": ["m"], "block3": ["never"]}));
    of.controls = vec!["z".to_owned()];
    let text = said(&[(COEFFICIENTS, nested)], &of);
    assert_eq!(
        text[1..],
        [
            "The sentences are of model (2), which has the most variables.",
            "Each sentence compares rows that are equal in the other variables of the model: z, m."
        ]
    );
    // a selection dropped z
    let kept = format!("{HEAD}\ny,x,1,0.1,0,0.8,1.2\ny,m,1,0.1,0,0.8,1.2\n");
    let of = design(&["regress", "stepwise"], &["x", "z", "m"], &json!({}));
    let text = said(&[(COEFFICIENTS, &kept)], &of);
    assert!(text.iter().any(|text| text.ends_with("the other variables of the model: x, m.")), "{text:?}");
    let hazards = "equation,term,estimate,std_error,p_value,ci_low,ci_high,hazard_ratio,hazard_ratio_low,hazard_ratio_high\n\
                   _t,x,0.1,0.1,0.3,-0.1,0.3,1.105,0.905,1.35\n";
    let of = design(&["stcox"], &["x"], &json!({"strata_var": "arm"}));
    let text = said(&[("table_hazard_ratios.csv", hazards)], &of);
    assert!(text.iter().any(|text| text.ends_with("the other variables of the model: arm.")), "{text:?}");
}

#[test]
fn effects_on_a_share_are_percentage_points() {
    let table = "term,estimate,std_error,p_value,ci_low,ci_high\nate,-0.0193,0.046,0.675,-0.1095,0.0709\n";
    let mut of = design(&["teffects"], &["x"], &json!({}));
    of.outcome = Some("y01".to_owned());
    let text = said(&[("table_effects.csv", table)], &of).remove(0);
    assert_eq!(
        text,
        "The estimated effect of x on the share with y01 = 1 is -1.930 percentage points, but the data are also compatible with no \
         effect (95% CI -10.950 to 7.090; p = 0.675)."
    );
}

/// The interval of the local estimate ignores its bias; with controls there is no other one.
#[test]
fn a_fuzzy_threshold_is_read_with_the_robust_interval() {
    let table = "term,estimate,std_error,p_value,ci_low,ci_high\neffect,-2.577,0.491,0,-3.54,-1.614\neffect_robust,-2.573,0.728,0.0004,-4,-1.146\n";
    let mut of = design(&[], &["d"], &json!({"running": "r", "cutoff": 0}));
    let text = said(&[("table_effects.csv", table)], &of).remove(0);
    assert!(text.contains("-2.573 (95% CI -4.000 to -1.146"), "{text}");
    of.controls = vec!["z".to_owned()];
    let text = said(&[("table_effects.csv", table)], &of).remove(0);
    assert!(text.contains("-2.577 (95% CI -3.540 to -1.614"), "{text}");
}

/// Pearson chi-squared 15.438 with 4 degrees of freedom: p = 0.0039 (scipy).
#[test]
fn a_curve_of_doses_that_does_not_fit_is_said_to() {
    let doses = "share_percent,dose,fieller_low,fieller_high\n50,10.446,6.227,16.935\n";
    let fit = |p: &str| format!("metric,value,note\ndose_p,{p},\n");
    let of = design(&[], &["dose"], &json!({}));
    let text = said(&[("table_doses.csv", doses), ("table_fit.csv", &fit("0.0039"))], &of);
    assert!(
        text.len() == 2 && text[1].starts_with("The curve does not describe the shares at the doses"),
        "{text:?}"
    );
    assert_eq!(said(&[("table_doses.csv", doses), ("table_fit.csv", &fit("0.4"))], &of).len(), 1);
}

#[test]
fn times_without_groups_and_endless_ratios_have_a_sentence() {
    let mut of = design(&[], &[], &json!({"failure": "died", "per": "1000"}));
    (of.duration, of.failure) = (Some("months".to_owned()), Some("died".to_owned()));
    let medians = "group,n,median,ci_low,ci_high\nall,90,18,11,20\n";
    let fit = "metric,value,note\nlimit,46,\n";
    let km = |medians: &str| said(&[("table_medians.csv", medians), ("table_fit.csv", fit)], &of);
    assert_eq!(
        km(medians),
        ["The median time until the event (died; months) is 18.000 (95% CI 11.000 to 20.000)."]
    );
    let text = km("group,n,median,ci_low,ci_high\nall,90,,,\n");
    assert!(text[0].starts_with("Fewer than half of the rows have the event (died)"), "{text:?}");
    of.group = Some("g".to_owned());
    let rates = "group,n,events,time_at_risk,rate,ci_low,ci_high\nall,40,13,557,23.339,12.427,39.911\n";
    // exact limits of a binomial share, given the sum of the events: the ratio has a lower one alone
    let ratios = "group,against,rate_ratio,ci_low,ci_high,p_value\nsome,none,,1.86,,0.0041\n";
    let text = said(&[("table_rates.csv", rates), ("table_ratios.csv", ratios)], &of);
    assert_eq!(
        text[1],
        "For g “none” there is no event (died), so that the rate ratio of “some” to it has no upper limit (95% CI from 1.860; p = 0.004)."
    );
}

/// One item of three loads against the others (R lavaan signs): the reliability of their sum says nothing.
#[test]
fn an_item_in_the_other_direction_comes_before_reliability() {
    let loadings = "factor,variable,estimate,std_loading\nf,a1,1,0.7\nf,a2,-0.9,-0.588\nf,a3,1,0.6\n";
    let factors =
        "factor,items,composite_reliability,average_variance,root_average_variance\nf,3,0.216,0.4,0.63\n";
    let pairs = "factor_1,factor_2,correlation,ci_low,ci_high\n";
    let files = [
        ("table_loadings.csv", loadings),
        ("table_reliability.csv", factors),
        ("table_correlations.csv", pairs),
    ];
    let text = said(&files, &design(&[], &[], &json!({})));
    assert_eq!(
        text,
        [
            "The items of f do not all point in one direction; against the others: a2. Its reliability says nothing until they are \
             turned round."
        ]
    );
}

#[test]
fn tests_and_slopes_say_how_many_rows_they_rest_on() {
    let fit = "metric,value,note\ntests,3,\nsignificant,1,\nsignificant_holm,1,\nsignificant_bh,1,\nn_logit,384,\nN,400,\n";
    let effects = "outcome,n,estimate,p_value\ny,394,0.47,0.02\nm,400,-0.18,0.1\nz,396,-0.02,0.8\n";
    let of = design(&[], &["x"], &json!({"available": "30"}));
    let text = said(&[("table_effects.csv", effects), ("table_fit.csv", fit)], &of);
    assert_eq!(text[1], "Each outcome is tested on the rows in which it is known: between 394 and 400 rows.");
    let risks = "measure,estimate,ci_low,ci_high\nobserved_expected,1.06,0.96,1.18\ncalibration_slope,0.72,0.51,0.93\nc_statistic,0.75,0.69,0.8\n";
    let text = said(&[("table_calibration.csv", risks), ("table_fit.csv", fit)], &of);
    assert_eq!(text[3], "The slope rests on 384 of the 400 rows: a predicted risk of 0 or 1 has no logit.");
    let sizes = "target_power,n_group1,n_group2,n_total,n_recruited,power\n0.8,156,156,312,312,0.8\n";
    let facts = "quantity,value,note\ndifference,-0.15,\navailable_power,0.12,\navailable_difference,,\n";
    let text = said(&[("table_sample_size.csv", sizes), ("table_assumptions.csv", facts)], &of);
    assert!(
        text[1].starts_with("With 30 units the power is only 0.12. No difference in this direction"),
        "{text:?}"
    );
}

/// Words of a group with a semicolon took the direction of the difference away.
#[test]
fn a_difference_says_what_is_subtracted_from_what() {
    let table = "test,estimate,p_value,note\ndifference,-20.5,,High; rich minus Low; 90% interval\nequivalence,,0.008,\n";
    let text = said(&[("table_tost.csv", table)], &design(&[], &[], &json!({"margin": 300}))).remove(0);
    assert!(text.contains("(High; rich minus Low)"), "{text}");
}
