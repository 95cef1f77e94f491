//! The parts that roles play in a question, and the questions for those that are open, in English and Chinese.

/// The part that a role plays in the question; `several` columns are spoken of in the plural.
pub(super) fn part(role: &str, pattern: &str, several: bool) -> (&'static str, &'static str) {
    let (en, zh) = one(role, pattern);
    let plural = match en {
        _ if !several => en,
        "the question asks about it" => "the question asks about them",
        "the question asks for its effect" => "the question asks for their effects",
        "it explains the outcome" => "they explain the outcome",
        "the question holds it constant" => "the question holds them constant",
        "the question uses it as an instrument" => "the question uses them as instruments",
        "it is the instrumented variable" => "they are the instrumented variables",
        "the question asks for it" => "the question asks for them",
        other => other,
    };
    (plural, zh)
}

fn one(role: &str, pattern: &str) -> (&'static str, &'static str) {
    match role {
        "outcome_var" => ("the question asks about it", "这是问题关心的结果"),
        "regressors" | "treatment_var" | "focal_var"
            if matches!(pattern, "effect" | "return" | "verb" | "each") =>
        {
            ("the question asks for its effect", "问题询问它的影响")
        }
        "regressors" | "treatment_var" | "focal_var" => ("it explains the outcome", "用它解释结果"),
        "controls" => ("the question holds it constant", "问题要求控制它"),
        "group_var" => ("it forms the groups", "按它分组"),
        "fixed_effects" => ("the question asks for its fixed effects", "问题要求它的固定效应"),
        "cluster_var" => ("standard errors are clustered by it", "标准误按它聚类"),
        "instrument_vars" => ("the question uses it as an instrument", "问题把它作为工具变量"),
        "endogenous_vars" => ("it is the instrumented variable", "它是被工具变量估计的变量"),
        "entity_var" => ("it is the unit of the panel", "它是面板的个体"),
        "time_var" => ("it is the time variable", "它是时间变量"),
        "duration_var" => ("it is the duration", "它是持续时间"),
        "failure_var" => ("it is the event", "它是事件变量"),
        "weight_var" => ("the question weights by it", "问题要求按它加权"),
        "moderator_var" => ("the effect may differ by it", "影响可能因它而异"),
        "post_var" => ("it marks the period after the change", "它标识政策之后"),
        "strata_var" => ("it holds the strata", "它是分层变量"),
        "psu_var" => ("it holds the primary sampling units", "它是初级抽样单位"),
        "key_vars" => ("it tells the rows apart", "它区分各行"),
        "running_var" => ("it decides on the treatment", "它决定是否受处理"),
        _ => ("the question asks for it", "问题提到了它"),
    }
}

/// What a column is that a parameter has.
pub(super) fn parameter_part(parameter: &str) -> (&'static str, &'static str) {
    match parameter {
        "se" => ("holds the standard errors", "是标准误"),
        "exposure_var" => ("is what the counts are relative to", "是计数的暴露量"),
        "factor_b" => ("is the second factor", "是第二个因素"),
        _ => ("is the other variable of the comparison", "是比较中的另一个变量"),
    }
}

/// The question for a role that is open.
pub(super) fn asked(role: &str) -> (&'static str, &'static str) {
    match role {
        "regressors" => ("Which variables should explain the outcome?", "用哪些变量解释结果？"),
        "treatment_var" => ("Which variable shows who was treated?", "哪个变量表示是否受处理？"),
        "group_var" => ("Which variable forms the groups?", "按哪个变量分组？"),
        "item_vars" => ("Which variables should be analysed?", "要分析哪些变量？"),
        "post_var" => ("Which variable marks the period after the change?", "哪个变量标识政策之后？"),
        "running_var" => ("Which variable decides on the treatment?", "哪个变量决定是否受处理？"),
        "endogenous_vars" => ("Which variable is instrumented?", "哪个变量需要工具变量？"),
        _ => ("Which variable is meant?", "指的是哪个变量？"),
    }
}
