//! Labels of dimensions and levels ([TABLES] collect label): those that a do-file sets, then those of the data, then the standard
//! ones.

use std::collections::BTreeMap;

/// Labels of a collection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) dims: BTreeMap<String, String>,
    pub(crate) levels: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    pub(crate) fn set_level(&mut self, dim: &str, level: &str, text: &str) {
        self.levels.entry(dim.to_string()).or_default().insert(level.to_string(), text.to_string());
    }

    /// Sets a label that a do-file has not set.
    pub(crate) fn offer_level(&mut self, dim: &str, level: &str, text: &str) {
        let own = self.levels.entry(dim.to_string()).or_default();
        own.entry(level.to_string()).or_insert_with(|| text.to_string());
    }

    pub(crate) fn level(&self, dim: &str, level: &str) -> Option<&str> {
        self.levels
            .get(dim)
            .and_then(|l| l.get(level))
            .map(String::as_str)
            .or_else(|| standard_level(dim, level))
    }

    /// Label of a dimension, or its name.
    pub(crate) fn dim<'a>(&'a self, dim: &'a str) -> &'a str {
        self.dims.get(dim).map_or_else(|| standard_dim(dim), String::as_str)
    }
}

fn standard_dim(dim: &str) -> &str {
    match dim {
        "result" => "Result",
        "cmdset" => "Command results index",
        "command" => "Command option index",
        "statcmd" => "Statistic/command option index",
        "result_type" => "Result type",
        "program_class" => "Result program class",
        "colname" => "Covariate names and column names",
        "coleq" => "Equation and column-equation names",
        "rowname" => "Covariate names and row names",
        "roweq" => "Equation and row-equation names",
        "collection" => "Collection",
        other => other,
    }
}

/// Standard labels of results, as [TABLES] collect get and the tables of the manual print them.
const RESULTS: &[(&str, &str)] = &[
    ("_r_b", "Coefficient"),
    ("_r_se", "Std. error"),
    ("_r_z", "z"),
    ("_r_z_abs", "|z|"),
    ("_r_p", "p-value"),
    ("_r_lb", "95% lower bound"),
    ("_r_ub", "95% upper bound"),
    ("_r_ci", "95% CI"),
    ("_r_df", "df"),
    ("N", "Number of observations"),
    ("N_clust", "Number of clusters"),
    ("N_g", "Number of groups"),
    ("F", "F statistic"),
    ("Var", "Variance"),
    ("mean", "Mean"),
    ("sd", "Std. dev."),
    ("min", "Minimum"),
    ("max", "Maximum"),
    ("sum", "Sum of variable"),
    ("sum_w", "Sum of the weights"),
    ("chi2", "chi-squared"),
    ("cmd", "Command"),
    ("cmdline", "Command line as typed"),
    ("depvar", "Dependent variable"),
    ("df_m", "Model DF"),
    ("df_r", "Residual DF"),
    ("df_t", "Degrees of freedom"),
    ("level", "Confidence level"),
    ("ll", "Log likelihood"),
    ("ll_0", "Log likelihood, constant-only model"),
    ("model", "Model"),
    ("mss", "Model sum of squares"),
    ("mu_1", "x\u{2081} mean for population 1"),
    ("mu_2", "x\u{2082} mean for population 2"),
    ("N_1", "Sample size n\u{2081}"),
    ("N_2", "Sample size n\u{2082}"),
    ("p_l", "Lower one-sided p-value"),
    ("p_u", "Upper one-sided p-value"),
    ("r2", "R-squared"),
    ("r2_a", "Adjusted R-squared"),
    ("r2_p", "Pseudo R-squared"),
    ("rank", "Rank of VCE"),
    ("rmse", "RMSE"),
    ("rss", "Residual sum of squares"),
    ("sd_1", "Standard deviation for first variable"),
    ("sd_2", "Standard deviation for second variable"),
    ("se", "Standard error"),
    ("t", "t statistic"),
    ("title", "Title of output"),
    ("vce", "SE method"),
];

fn standard_level(dim: &str, level: &str) -> Option<&'static str> {
    match (dim, level) {
        ("result", _) => RESULTS.iter().find(|r| r.0 == level).map(|r| r.1),
        (_, "_cons") => Some("Intercept"),
        (_, ".m") => Some("Total"),
        _ => None,
    }
}
