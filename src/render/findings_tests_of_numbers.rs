//! How the numbers of a sentence are printed: one notation, the unit of what they count, names for codes.

use serde_json::json;

use super::tests_of_claims::{COEFFICIENTS, TTEST, design, said};

/// The numbers are those of the tables in one notation, with the digits of C's printf.
#[test]
fn a_sentence_has_one_notation() {
    let table = "test,estimate,statistic,p_value,ci_low,ci_high,note\nmean,2494649591,,,,,\n\
                 t_difference,94649591,1.7,0.096,-16995515,206294696,\n";
    let of = design(&[], &[], &json!({"null_value": 2_400_000_000_u64}));
    let text = said(&[(TTEST, table)], &of).remove(0);
    assert!(
        text.starts_with(
            "The mean of y is 2,494,649,591: a difference of 94,649,591 from 2,400,000,000, but the data are also compatible with no \
             difference (95% CI -16,995,515 to 206,294,696;"
        ),
        "{text}"
    );
    let total = "variable,group,n,population,estimate,std_error,ci_low,ci_high\ny,all,9,27,104319.6,5000,93594.882,115044.3\n";
    let text =
        said(&[("table_estimates.csv", total)], &design(&[], &[], &json!({"statistic": "total"}))).remove(0);
    assert!(text.ends_with("is 104,319.6 (95% CI 93,594.9 to 115,044.3)."), "{text}");
    let derived = "new_variable,n,missing,mean,sd\nz,10,0,1.37e-16,1\n";
    let text = said(&[("table_derive_report.csv", derived)], &design(&[], &[], &json!({}))).remove(0);
    assert!(text.starts_with("z has a mean of 0.000 and a standard deviation of 1.000"), "{text}");
}

#[test]
fn bars_and_percentiles_say_what_they_are() {
    let bars = "group,over2,n,value,ci_low,ci_high\na,,170,53.797,,\nb,,146,46.203,,\n";
    let of =
        |stat: &str| said(&[("table_bars.csv", bars)], &design(&[], &[], &json!({"stat": stat}))).remove(0);
    assert_eq!(of("share"), "The bar of a is the highest (53.8%), that of b the lowest (46.2%).");
    let counts = bars.replace("53.797", "170").replace("46.203", "146");
    let of_counts = said(&[("table_bars.csv", &counts)], &design(&[], &[], &json!({"stat": "count"})));
    assert_eq!(of_counts[0], "The bar of a is the highest (170), that of b the lowest (146).");
    let centiles = "variable,percentile,value,ci_low,ci_high,n\ny,50,3,2,4,22\n";
    let text = said(&[("table_centiles.csv", centiles)], &design(&[], &[], &json!({}))).remove(0);
    assert_eq!(text, "The 50% percentile of y is 3.000 (95% CI 2.000 to 4.000).");
    // 684 of 1000 pairs are ordered the other way
    let areas = "marker,auc,std_error,ci_low,ci_high,p_value\nx,0.316,0.03,0.257,0.375,\n";
    let text = said(&[("table_auc.csv", areas)], &design(&[], &["x"], &json!({}))).remove(0);
    assert!(text.contains("below 0.5, which is chance: low values of x go with the outcome"), "{text}");
}

#[test]
fn models_of_units_are_named_in_words() {
    let csv = "model,equation,term,estimate,std_error,p_value,ci_low,ci_high,irr,irr_low,irr_high\n\
               re,y,x,-0.1547,0.05,0.002,-0.25,-0.06,0.857,0.779,0.942\npooled,y,x,-0.1915,0.05,0.001,-0.29,-0.1,0.826,0.748,0.905\n";
    let sentences = said(&[(COEFFICIENTS, csv)], &design(&["xtpoisson"], &["x"], &json!({})));
    assert!(sentences[0].starts_with("Random effects: If x is 1 higher"), "{sentences:?}");
}
