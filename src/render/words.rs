//! The words of renderings in English and Chinese: headings of columns, names of measures, sentences of notes.
//! Labels of variables come from the data, not from here.

use super::Language;

/// Returns the English or the Chinese form.
pub(super) fn pick(language: Language, en: &str, zh: &str) -> String {
    match language {
        Language::En => en.to_owned(),
        Language::Zh => zh.to_owned(),
    }
}

/// Names of columns and measures: as tables name them, English, Chinese.
const NAMES: &[(&str, &str, &str)] = &[
    ("N", "Observations", "观测数"),
    ("N_clust", "Clusters", "聚类数"),
    ("N_g", "Groups", "组数"),
    ("N_sub", "Subjects", "个体数"),
    ("N_fail", "Events", "事件数"),
    ("adjusted_mean", "Adjusted mean", "调整均值"),
    ("adjusted_se", "Std. error", "标准误"),
    ("aic", "AIC", "AIC"),
    ("at_risk", "At risk", "风险人数"),
    ("auc", "AUC", "AUC"),
    ("autocorrelation", "Autocorrelation", "自相关"),
    ("bic", "BIC", "BIC"),
    ("cases", "Cases", "病例数"),
    ("chi2", "Chi-squared", "卡方"),
    ("ci_high", "CI upper", "置信上限"),
    ("ci_low", "CI lower", "置信下限"),
    ("clusters", "Clusters", "聚类数"),
    ("column", "Column", "列变量"),
    ("column_percent", "Column %", "列百分比"),
    ("component", "Component", "成分"),
    ("correlation", "Correlation", "相关系数"),
    ("count", "Count", "频数"),
    ("cumulative", "Cumulative share", "累计占比"),
    ("cumulative_percent", "Cumulative %", "累计百分比"),
    ("cutoff", "Cut-off", "截断值"),
    ("detail", "Detail", "说明"),
    ("df", "df", "自由度"),
    ("df1", "df", "自由度"),
    ("df2", "df (denominator)", "分母自由度"),
    ("df_m", "Model df", "模型自由度"),
    ("df_r", "Residual df", "残差自由度"),
    ("difference", "Difference", "差值"),
    ("distinct", "Distinct", "不同值"),
    ("eigenvalue", "Eigenvalue", "特征值"),
    ("endogenous", "Endogenous variable", "内生变量"),
    ("equation", "Equation", "方程"),
    ("estimate", "Estimate", "估计值"),
    ("events", "Events", "事件数"),
    ("expected", "Expected", "期望频数"),
    ("F", "F", "F"),
    ("added_df1", "Added terms", "新增项数"),
    ("added_df2", "df (denominator)", "分母自由度"),
    ("added_f", "F (added terms)", "F（新增项）"),
    ("added_p", "p (added terms)", "p（新增项）"),
    ("base_outcome", "Base outcome", "基准结果"),
    ("concordance", "Concordance", "一致性指数"),
    ("censored_to_date", "Cumulative censored", "累计删失"),
    ("events_to_date", "Cumulative events", "累计事件"),
    ("excluded", "Excluded", "排除变量"),
    ("format", "Format", "格式"),
    ("fpe", "FPE", "FPE"),
    ("g_avg", "Rows per group, mean", "每组平均行数"),
    ("g_max", "Rows per group, most", "每组最多行数"),
    ("g_min", "Rows per group, least", "每组最少行数"),
    ("high", "Upper", "上限"),
    ("hqic", "HQIC", "HQIC"),
    ("impulse", "Impulse", "脉冲"),
    ("issue", "Issue", "问题"),
    ("lag", "Lag", "滞后期"),
    ("low", "Lower", "下限"),
    ("lr", "LR", "LR"),
    ("max_length", "Longest text", "最长文本"),
    ("min_length", "Shortest text", "最短文本"),
    ("oirf", "OIRF", "正交脉冲响应"),
    ("period", "Period", "时期"),
    ("response", "Response", "响应"),
    ("restricted_mean", "Restricted mean", "限制均值"),
    ("restricted_mean_se", "Std. error", "标准误"),
    ("sbic", "SBIC", "SBIC"),
    ("storage_type", "Storage type", "存储类型"),
    ("time_at_risk", "Time at risk", "风险时间"),
    ("engine", "Engine", "计算引擎"),
    ("k_out", "Outcomes", "结果数"),
    ("p", "p", "p 值"),
    ("risk", "Time at risk", "风险时间"),
    ("rho", "rho", "rho"),
    ("sample", "Sample", "样本"),
    ("sigma_e", "sigma e", "sigma e"),
    ("sigma_u", "sigma u", "sigma u"),
    ("std_errors", "Standard errors", "标准误类型"),
    ("weight_kind", "Weights", "权重"),
    ("f_stat", "F", "F"),
    ("forecast", "Forecast", "预测值"),
    ("group", "Group", "组别"),
    ("group1", "Group", "组别"),
    ("group2", "Compared with", "对照组"),
    ("hazard_ratio", "Hazard ratio", "风险比"),
    ("irr", "Incidence-rate ratio", "发生率比"),
    ("item", "Item", "项目"),
    ("kind", "Kind", "类型"),
    ("label", "Label", "标签"),
    ("level", "Level", "水平"),
    ("ll", "Log likelihood", "对数似然"),
    ("ll_0", "Log likelihood (null)", "零模型对数似然"),
    ("loading", "Loading", "载荷"),
    ("marker", "Marker", "指标"),
    ("max", "Max", "最大值"),
    ("mean", "Mean", "均值"),
    ("mean_square", "Mean square", "均方"),
    ("measure", "Measure", "指标"),
    ("median", "Median", "中位数"),
    ("metric", "Measure", "指标"),
    ("min", "Min", "最小值"),
    ("missing", "Missing", "缺失数"),
    ("missing_share", "Missing share", "缺失比例"),
    ("model", "Model", "模型"),
    ("n", "N", "样本量"),
    ("n_clusters", "Clusters", "聚类数"),
    ("note", "Note", "备注"),
    ("odds_ratio", "Odds ratio", "比值比"),
    ("outcome", "Outcome", "结果"),
    ("p1", "P1", "第1百分位"),
    ("p25", "P25", "第25百分位"),
    ("p50", "Median", "中位数"),
    ("p75", "P75", "第75百分位"),
    ("p99", "P99", "第99百分位"),
    ("p_greater", "p (greater)", "p（右侧）"),
    ("p_less", "p (less)", "p（左侧）"),
    ("p_value", "p", "p 值"),
    ("partial_eta2", "Partial eta²", "偏 η²"),
    ("percent", "%", "百分比"),
    ("r2", "R²", "R²"),
    ("r2_a", "Adjusted R²", "调整 R²"),
    ("r2_b", "R² between", "组间 R²"),
    ("r2_o", "R² overall", "总体 R²"),
    ("r2_p", "Pseudo R²", "伪 R²"),
    ("r2_w", "R² within", "组内 R²"),
    ("r2_within", "R² within", "组内 R²"),
    ("ratio", "Ratio", "比值"),
    ("relative_period", "Period relative to adoption", "相对期"),
    ("rmse", "Root MSE", "均方根误差"),
    ("row", "Row", "行变量"),
    ("row_percent", "Row %", "行百分比"),
    ("rows", "Rows", "行数"),
    ("rrr", "Relative-risk ratio", "相对风险比"),
    ("sd", "SD", "标准差"),
    ("sensitivity", "Sensitivity", "灵敏度"),
    ("share", "Share", "占比"),
    ("smd", "Std. difference", "标准化差异"),
    ("source", "Source", "来源"),
    ("specificity", "Specificity", "特异度"),
    ("statistic", "Statistic", "统计量"),
    ("std_error", "Std. error", "标准误"),
    ("step", "Step", "步骤"),
    ("sum_squares", "Sum of squares", "平方和"),
    ("survival", "Survival", "生存率"),
    ("term", "Term", "变量"),
    ("test", "Test", "检验"),
    ("time", "Time", "时间"),
    ("valid_percent", "Valid %", "有效百分比"),
    ("value", "Value", "数值"),
    ("variable", "Variable", "变量"),
    ("wald_chi2", "Wald chi-squared", "Wald 卡方"),
];

/// Returns the heading of a column or the name of a measure; unknown ones are the name with blanks.
pub(super) fn name(text: &str, language: Language) -> String {
    if let Some((_, en, zh)) = NAMES.iter().find(|(key, ..)| *key == text) {
        return pick(language, en, zh);
    }
    let plain = text.replace('_', " ");
    let mut letters = plain.chars();
    match letters.next() {
        // Short names such as `ll` or `q` are symbols and stay as they are.
        Some(first) if plain.chars().count() > 3 => first.to_uppercase().chain(letters).collect(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        for (i, (key, ..)) in NAMES.iter().enumerate() {
            assert!(NAMES[i + 1..].iter().all(|(other, ..)| other != key), "{key}");
        }
    }

    #[test]
    fn unknown_names_are_readable() {
        assert_eq!(name("std_error", Language::En), "Std. error");
        assert_eq!(name("std_error", Language::Zh), "标准误");
        assert_eq!(name("conflicting_keys", Language::En), "Conflicting keys");
        assert_eq!(name("q", Language::En), "q");
    }

    #[test]
    fn the_console_uses_the_same_names() {
        let file = include_str!("../../assets/console/i18n/words.js");
        let words = file.trim_end().trim_end_matches(';').strip_prefix("export default ").expect("a module");
        let words: serde_json::Value = serde_json::from_str(words).expect("JSON");
        for (key, en, zh) in NAMES {
            let key = format!("col.{key}");
            assert_eq!(
                (words["en"][&key].as_str(), words["zh"][&key].as_str()),
                (Some(*en), Some(*zh)),
                "{key}"
            );
        }
    }
}
