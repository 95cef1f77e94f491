//! The results that a run records are its table of estimates, for every template of the library. Which table that is, is listed
//! here by hand; the numbers are those of the published file.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Templates whose estimates are in another table than `table_coefficients.csv`, and the columns that name and hold them.
const TABLES: [(&str, &str, &str, &str); 51] = [
    ("causal.doubly_robust", "table_effects.csv", "term", "estimate"),
    ("causal.ipw", "table_effects.csv", "term", "estimate"),
    ("causal.mediation", "table_effects.csv", "effect", "estimate"),
    ("causal.nn_match", "table_effects.csv", "term", "estimate"),
    ("causal.psm", "table_effects.csv", "term", "estimate"),
    ("did.callaway", "table_aggregate.csv", "effect", "estimate"),
    ("did.event_study", "table_event_coefficients.csv", "relative_period", "estimate"),
    ("did.imputation", "table_aggregate.csv", "effect", "estimate"),
    ("did.staggered", "table_aggregate.csv", "effect", "estimate"),
    ("finance.event_study", "table_tests.csv", "test", "estimate"),
    ("finance.fama_macbeth", "table_premia.csv", "term", "estimate"),
    ("finance.market_model", "table_betas.csv", "term", "estimate"),
    ("finance.portfolio_sort", "table_portfolios.csv", "portfolio", "mean_return"),
    ("linear.group_coefficients", "table_differences.csv", "term", "difference"),
    ("linear.model_comparison", "table_models.csv", "term", "estimate"),
    ("linear.oaxaca", "table_decomposition.csv", "part", "estimate"),
    ("medical.bland_altman", "table_agreement.csv", "measure", "estimate"),
    ("medical.calibration", "table_calibration.csv", "measure", "estimate"),
    ("medical.diagnostic_accuracy", "table_accuracy.csv", "measure", "estimate"),
    ("medical.effect_measures", "table_measures.csv", "measure", "estimate"),
    ("medical.icc", "table_icc.csv", "model", "icc"),
    ("medical.kappa", "table_kappa.csv", "measure", "estimate"),
    ("medical.mcnemar", "table_mcnemar.csv", "measure", "estimate"),
    ("medical.meta", "table_pooled.csv", "model", "estimate"),
    ("medical.roc", "table_auc.csv", "marker", "auc"),
    ("multivariate.cfa", "table_loadings.csv", "variable", "estimate"),
    ("multivariate.irt", "table_items.csv", "variable", "estimate"),
    ("rd.density", "table_test.csv", "method", "estimate"),
    ("rd.fuzzy", "table_effects.csv", "term", "estimate"),
    ("rd.robust", "table_effects.csv", "term", "estimate"),
    ("rd.sharp", "table_effects.csv", "term", "estimate"),
    ("spatial.moran", "table_autocorrelation.csv", "measure", "estimate"),
    ("survey.mean", "table_estimates.csv", "variable", "estimate"),
    ("survey.ratio", "table_ratios.csv", "group", "ratio"),
    ("survival.competing", "table_hazards.csv", "term", "estimate"),
    ("survival.competing_risks_regression", "table_subhazards.csv", "term", "estimate"),
    ("survival.cox", "table_hazard_ratios.csv", "term", "estimate"),
    ("survival.rmst", "table_differences.csv", "group", "difference"),
    ("survival.time_varying", "table_hazard_ratios.csv", "term", "estimate"),
    ("test.ancova", "table_pairs.csv", "group1", "difference"),
    ("test.anova_oneway", "table_pairs.csv", "group1", "difference"),
    ("test.anova_repeated", "table_pairs.csv", "second", "difference"),
    ("test.equivalence", "table_tost.csv", "test", "estimate"),
    ("test.fisher_exact", "table_fisher.csv", "test", "estimate"),
    ("test.hotelling", "table_variables.csv", "variable", "difference"),
    ("test.many_outcomes", "table_effects.csv", "outcome", "estimate"),
    ("test.proportion_one", "table_share.csv", "test", "estimate"),
    ("test.proportion_two", "table_shares.csv", "test", "estimate"),
    ("test.ttest_one", "table_ttest.csv", "test", "estimate"),
    ("test.ttest_paired", "table_ttest.csv", "test", "estimate"),
    ("test.ttest_two", "table_ttest.csv", "test", "estimate"),
];

/// Families whose runs describe, change or draw data.
const DESCRIBE: [&str; 5] = ["data.", "desc.", "plot.", "prep.", "accounting."];

/// Other templates without a table of estimates, and why they have none.
const NONE: [(&str, &str); 26] = [
    ("causal.synthetic_control", "one case, whose inference is by placebos: no standard error"),
    ("did.bacon", "a decomposition into weights: no standard error"),
    ("finance.risk_measures", "measures of a series of returns: no standard error"),
    ("ml.cross_validation", "errors of prediction"),
    ("ml.lasso", "penalized coefficients: no standard error"),
    ("multivariate.alpha", "a measure of a scale"),
    ("multivariate.factor", "loadings: no standard error"),
    ("multivariate.kmeans", "centres of clusters"),
    ("multivariate.latent_classes", "shares of classes, whose order is arbitrary"),
    ("multivariate.pca", "loadings: no standard error"),
    ("panel.unit_root", "tests"),
    ("survey.tabulate", "shares of a cross table"),
    ("survival.incidence", "rates of groups, and ratios by exact intervals"),
    ("survival.km_logrank", "curves"),
    ("test.anova_twoway", "sums of squares; its means are of cells"),
    ("test.crosstab_chi2", "tests"),
    ("test.friedman", "tests"),
    ("test.goodness_of_fit", "tests"),
    ("test.ksmirnov", "tests"),
    ("test.kwallis", "tests"),
    ("test.normality", "tests"),
    ("test.ranksum", "tests; the probability has no interval"),
    ("test.sample_size", "a calculation without data"),
    ("test.signrank", "tests"),
    ("test.trend", "tests"),
    ("test.variance_equality", "tests"),
];

/// Series: descriptions and tests.
const SERIES: [&str; 3] = ["ts.describe", "ts.filter", "ts.unit_root"];

fn has_none(id: &str) -> bool {
    let describes = DESCRIBE.iter().any(|family| id.starts_with(family)) && !is_drawn_model(id);
    describes || SERIES.contains(&id) || NONE.iter().any(|(none, _)| *none == id)
}

/// Figures of models, which write the table of the model.
fn is_drawn_model(id: &str) -> bool {
    matches!(id, "plot.coefficients" | "plot.binned")
}

fn number(row: &Map<String, Value>, column: &str) -> Option<f64> {
    row.get(column)?.as_str()?.trim().parse().ok()
}

/// Returns what of the results of a run differs from its table.
pub(super) fn lost_results(
    id: &str,
    run: &Value,
    tables: &BTreeMap<String, Vec<Map<String, Value>>>,
) -> Option<String> {
    let results = run["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if has_none(id) {
        return (!results.is_empty())
            .then(|| format!("has {} results and is listed as without", results.len()));
    }
    let usual = (id, "table_coefficients.csv", "term", "estimate");
    let (_, file, term, estimate) = TABLES.into_iter().find(|(known, ..)| *known == id).unwrap_or(usual);
    let Some(table) = tables.get(file) else { return Some(format!("writes no {file}")) };
    // rows without an estimate: omitted terms are results, tests among effects are none
    let rows: Vec<&Map<String, Value>> =
        table.iter().filter(|row| term == "term" || number(row, estimate).is_some()).take(500).collect();
    if rows.len() != results.len() || rows.is_empty() {
        return Some(format!("{} results of {} rows of {file}", results.len(), rows.len()));
    }
    let columns = ["std_error", "statistic", "p_value", "ci_low", "ci_high"];
    for (row, result) in rows.into_iter().zip(results) {
        let name = row[term].as_str().unwrap_or_default();
        if !result["term"].as_str().is_some_and(|term| term.starts_with(name)) {
            return Some(format!("{} is not {name} of {file}", result["term"]));
        }
        let numbers = std::iter::once((estimate, "estimate")).chain(columns.map(|column| (column, column)));
        for (column, member) in numbers {
            if number(row, column) != result[member].as_f64() {
                return Some(format!("{name}: {column} is {:?} and {}", row.get(column), result[member]));
            }
        }
        for member in ["model", "equation"] {
            let of = result[member].as_str();
            if of.is_some_and(|of| !row.values().any(|cell| cell == of)) {
                return Some(format!("{name}: {member} {} is not in {file}", result[member]));
            }
        }
    }
    None
}
