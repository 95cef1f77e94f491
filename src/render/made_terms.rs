//! Words for what a template made itself: variables of its own, such as the unit mean of a regressor, and the kind of its
//! ratios. A reader of a report knows neither name.

use super::design::Design;
use super::style::Style;
use super::words::{name, pick};

/// Returns the words of a variable that a template made of columns of the data.
pub(super) fn made(term: &str, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let focal = |at: usize| Some(style.variable(style.design.focal.get(at)?));
    // a variable of the data with what was made of it
    let numbered = |stem: &str, words: &dyn Fn(usize) -> Option<(String, String, String)>| {
        let (x, en, zh) = words(term.strip_prefix(stem)?.parse().ok().filter(|n| *n > 0)?)?;
        Some(pick(language, &format!("{x} ({en})"), &format!("{x}（{zh}）")))
    };
    match term {
        "ss_time" => Some(pick(language, "Trend before the start", "起点之前的趋势")),
        "ss_after" => Some(pick(language, "Change of the level", "水平变化")),
        "ss_slope" => Some(pick(language, "Change of the trend", "趋势变化")),
        // the logarithm of a dose, unless the plan asks for the dose itself
        "ss_x" => {
            let x = style.variable(&style.design.value("dose")?);
            let is_log = style.design.values.get("log_dose").is_none_or(|v| *v == true);
            Some(if is_log { format!("ln({x})") } else { x })
        }
        _ => numbered("ss_mean", &|n| Some((focal(n - 1)?, "unit mean".to_owned(), "个体均值".to_owned())))
            .or_else(|| numbered("ss_x", &|n| Some((focal(0)?, format!("period {n}"), format!("第 {n} 段")))))
            .or_else(|| {
                numbered("ss_s", &|n| Some((focal(0)?, format!("spline term {n}"), format!("样条项 {n}"))))
            }),
    }
}

/// Returns the name of a column of ratios; a column that is only called `ratio` by the model that the plan chose.
pub(super) fn ratio(column: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    match kind_of_ratio(column, style.design) {
        "time_ratio" => pick(language, "Time ratio", "时间比"),
        "inflated" => {
            pick(language, "Rate ratio, in the inflation equation odds ratio", "发生率比（膨胀方程为优势比）")
        }
        "ratio_of_means" => pick(language, "Ratio of means", "均值之比"),
        kind => name(kind, language),
    }
}

/// Returns what a column of ratios has: its own name, or that of the ratios of the model that the plan chose.
pub(super) fn kind_of_ratio<'a>(column: &'a str, design: &Design) -> &'a str {
    if column != "ratio" {
        return column;
    }
    let value = |parameter: &str| design.value(parameter).unwrap_or_default();
    if design.value("dist").is_some() {
        // a survival model: of hazards, or of times where its metric or its distribution is on the scale of time
        let on_time =
            value("metric") == "aft" || matches!(value("dist").as_str(), "lognormal" | "loglogistic");
        return if on_time { "time_ratio" } else { "hazard_ratio" };
    }
    if has_inflation(design) {
        return "inflated";
    }
    match (value("model").as_str(), value("link").as_str()) {
        ("poisson" | "nbreg", _) => "irr",
        ("logit", _) => "odds_ratio",
        (_, "log") => "ratio_of_means",
        _ => column,
    }
}

/// True for a model of counts with an equation for zeros.
pub(super) fn has_inflation(design: &Design) -> bool {
    design.values.contains_key("inflate_vars")
}

/// Returns the kind of a weight in words; a text of a template in the language of the report.
pub(super) fn weight(kind: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    match kind {
        "pweight" => pick(language, "sampling weights", "抽样权重"),
        "aweight" => pick(language, "analytic weights", "分析权重"),
        "fweight" => pick(language, "frequency weights", "频数权重"),
        "iweight" => pick(language, "importance weights", "重要性权重"),
        "equal" => pick(language, "equal weights", "等权重"),
        other => super::words::remark(other, language),
    }
}
