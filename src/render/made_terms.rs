//! Words for what a template made itself: variables of its own, such as the unit mean of a regressor, and the kind of its
//! ratios. A reader of a report knows neither name.

use super::design::Design;
use super::style::Style;
use super::words::{name, pick};

/// Returns the words of a variable that a template made of columns of the data.
pub(super) fn made(term: &str, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let number = |stem: &str| term.strip_prefix(stem)?.parse::<usize>().ok().filter(|n| *n > 0);
    let focal = |at: usize| Some(style.variable(style.design.focal.get(at)?));
    match (style.design.template.as_str(), term) {
        ("ts.interrupted", "ss_time") => Some(pick(language, "Trend before the start", "起点之前的趋势")),
        ("ts.interrupted", "ss_after") => Some(pick(language, "Change of the level", "水平变化")),
        ("ts.interrupted", "ss_slope") => Some(pick(language, "Change of the trend", "趋势变化")),
        ("panel.mundlak", _) => {
            let x = focal(number("ss_mean")? - 1)?;
            Some(pick(language, &format!("{x} (unit mean)"), &format!("{x}（个体均值）")))
        }
        ("survival.time_varying", _) => {
            let (x, n) = (focal(0)?, number("ss_x")?);
            Some(pick(language, &format!("{x} (period {n})"), &format!("{x}（第 {n} 段）")))
        }
        ("linear.spline", _) => {
            let (x, n) = (focal(0)?, number("ss_s")?);
            Some(pick(language, &format!("{x} (spline term {n})"), &format!("{x}（样条项 {n}）")))
        }
        ("medical.dose_response", "ss_x") => {
            let x = style.variable(&style.design.value("dose")?);
            let is_log = style.design.values.get("log_dose").is_none_or(|v| v == &true);
            Some(if is_log { format!("ln({x})") } else { x })
        }
        _ => None,
    }
}

/// Returns the name of a column of ratios; a column that is only called `ratio` by the model that the plan chose.
pub(super) fn ratio(column: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    if column != "ratio" {
        return name(column, language);
    }
    let design: &Design = style.design;
    let value = |parameter: &str| design.value(parameter).unwrap_or_default();
    match design.template.as_str() {
        "survival.parametric" => {
            let on_time =
                value("metric") == "aft" || matches!(value("dist").as_str(), "lognormal" | "loglogistic");
            match on_time {
                true => pick(language, "Time ratio", "时间比"),
                false => name("hazard_ratio", language),
            }
        }
        "multilevel.generalised" if value("model") == "poisson" => name("irr", language),
        "multilevel.generalised" => name("odds_ratio", language),
        "limited.glm" => pick(language, "Ratio of means", "均值之比"),
        "limited.zero_inflated" => {
            pick(language, "Rate ratio, in the inflation equation odds ratio", "率比（膨胀方程为比值比）")
        }
        _ => name(column, language),
    }
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
