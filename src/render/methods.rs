//! The methods of an analysis in words, from the declaration of its template and the bound plan: what a reader needs
//! to judge and to repeat it. One page in both languages.

use serde_json::Value;

use super::Source;
use super::design::texts;
use super::facts::{engine_words, left_out, std_errors_of, weights};
use super::style::Style;
use super::warnings::found;
use super::words::pick;
use crate::domain::data_step::{DataStep, StepKind};
use crate::domain::plan::CategoricalMark;
use crate::domain::template::{Bilingual, Parameter};

/// A part of the methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Heading of the part.
    pub title: String,
    /// Its paragraphs.
    pub paragraphs: Vec<String>,
}

/// Describes the analysis in the language of the report; parts without content are left out.
pub(super) fn methods(source: &Source<'_>, style: &Style<'_>) -> Vec<Section> {
    let language = style.options.language;
    let section = |en: &str, zh: &str, paragraphs: Vec<String>| Section {
        title: pick(language, en, zh),
        paragraphs: paragraphs.into_iter().filter(|p| !p.is_empty()).collect(),
    };
    let all = [
        section("Analysis", "分析", analysis(source, style)),
        section("Variables", "变量", variables(source, style)),
        section("Data and sample", "数据与样本", sample(source, style)),
        section("Inference", "统计推断", inference(source, style)),
        section("Software and repetition", "软件与可重复性", software(source, style)),
        section("References", "参考文献", references(source)),
    ];
    all.into_iter().filter(|s| !s.paragraphs.is_empty()).collect()
}

/// Settings that a run need not use as they stand: clusters replace the kind of standard errors, and a kind of weight
/// counts with a weight alone.
const SAID_AS_USED: [&str; 2] = ["vce", "weight_kind"];

fn said(text: &Bilingual, style: &Style<'_>) -> String {
    pick(style.options.language, &text.en, text.zh.as_deref().unwrap_or(&text.en))
}

/// Texts in a row: `a, b` or `a、b`.
fn listed(words: &[String], style: &Style<'_>) -> String {
    words.join(&pick(style.options.language, ", ", "、"))
}

fn analysis(source: &Source<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let template = &source.plan.template;
    let id = format!("{} {}", template.template_id.as_str(), template.version);
    let title = source.meta.map_or_else(|| template.title.clone(), |m| said(&m.title, style));
    let description = source.meta.map(|m| {
        let zh = m.description_zh.as_deref().unwrap_or(&m.description);
        pick(language, &m.description, zh)
    });
    let name = pick(
        language,
        &format!("The analysis is \"{title}\" (template {id})."),
        &format!("分析方法为“{title}”（模板 {id}）。"),
    );
    vec![
        format!("{name}{}{}", pick(language, " ", ""), description.unwrap_or_default()).trim_end().to_owned(),
    ]
}

/// Columns by parameter, then the choices, with what is derived from columns.
fn variables(source: &Source<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let plan = source.plan;
    let parameters: &[Parameter] = source.meta.map_or(&[], |m| &m.parameters);
    let (mut columns, mut choices) = (Vec::new(), Vec::new());
    let colon = pick(language, ": ", "：");
    // sample, seed and interactions are said elsewhere
    let said_here = |p: &&Parameter| !matches!(p.bind.as_str(), "sample" | "seed" | "interaction_terms");
    for parameter in parameters.iter().filter(said_here) {
        let Some(value) = plan.contract.bound.get(&parameter.name) else { continue };
        let label = said(&parameter.label, style);
        if parameter.column.is_some() {
            let words: Vec<String> = texts(value).iter().map(|name| style.variable(name)).collect();
            if !words.is_empty() {
                columns.push(format!("{label}{colon}{}", listed(&words, style)));
            }
        } else if SAID_AS_USED.contains(&parameter.name.as_str()) {
            // what the run used is said of the inference
        } else if let Some(period) = period(&parameter.name, value, style) {
            choices.push(format!("{label}{colon}{period}"));
        } else if let Some(words) = choice(value, style) {
            choices.push(format!("{label}{colon}{words}"));
        }
    }
    let end = pick(language, ".", "。");
    let sentence = |parts: Vec<String>| match parts.as_slice() {
        [] => String::new(),
        _ => format!("{}{end}", parts.join(&pick(language, "; ", "；"))),
    };
    let marked: Vec<String> = plan.categorical_vars.iter().map(|mark| category(mark, style)).collect();
    let categories = match marked.as_slice() {
        [] => String::new(),
        _ => pick(
            language,
            &format!("Treated as categories: {}.", marked.join("; ")),
            &format!("作为分类变量处理：{}。", marked.join("；")),
        ),
    };
    let derived = plan.derived_variables.iter().map(|d| {
        let words = style.variable(&d.name);
        pick(
            language,
            &format!("{words} was computed as {}.", d.canonical),
            &format!("{words} 的计算式为 {}。", d.canonical),
        )
    });
    let crossed = plan.interaction_terms.iter().map(|columns| {
        let words: Vec<String> = columns.iter().map(|c| style.variable(c)).collect();
        let words = words.join(" × ");
        pick(language, &format!("Interaction: {words}."), &format!("交互项：{words}。"))
    });
    let mut all = vec![sentence(columns), categories];
    all.extend(derived);
    all.extend(crossed);
    let choices = sentence(choices);
    if !choices.is_empty() {
        all.push(pick(language, &format!("Settings: {choices}"), &format!("设定：{choices}")));
    }
    all
}

/// A column of categories with its base, and why it is that one.
fn category(mark: &CategoricalMark, style: &Style<'_>) -> String {
    let language = style.options.language;
    let column = style.variable(&mark.column);
    let Some(base) = &mark.base else { return column };
    let level = match mark.companion {
        None => style.level(&format!("{}.{}", base.level, mark.column)).unwrap_or_else(|| base.level.clone()),
        Some(_) => base.level.clone(),
    };
    // a cut label of the run is the beginning of the planned one
    if let Some(used) = style.labels.bases.get(&mark.column).filter(|used| !level.starts_with(used.as_str()))
    {
        return pick(
            language,
            &format!("{column} (base: {used}; no row that is used has {level})"),
            &format!("{column}（参照组：{used}；所用的行中没有 {level}）"),
        );
    }
    let why = match base.reason.as_str() {
        "stated" => pick(language, "as stated", "由用户指定"),
        "control" => pick(language, "the level without or as control", "表示无或对照的类别"),
        "scale" => pick(language, "the lowest level", "最低的类别"),
        "lowest" => pick(language, "the lowest number", "数值最小的类别"),
        _ => pick(language, "the first in alphabetical order", "按字母顺序的第一类"),
    };
    pick(
        language,
        &format!("{column} (base: {level}, {why})"),
        &format!("{column}（参照组：{level}，{why}）"),
    )
}

/// A period that a plan states, as people write it.
fn period(parameter: &str, value: &Value, style: &Style<'_>) -> Option<String> {
    let periods = ["start", "event_time", "break_at"];
    value.as_f64().filter(|_| periods.contains(&parameter)).and_then(|x| style.period(x))
}

/// A bound choice in words; none for an empty one.
fn choice(value: &Value, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    match value {
        Value::Bool(true) => Some(pick(language, "yes", "是")),
        Value::Bool(false) => Some(pick(language, "no", "否")),
        Value::Number(x) => Some(x.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(values) if !values.is_empty() => {
            let words: Vec<String> = values.iter().filter_map(|v| choice(v, style)).collect();
            Some(listed(&words, style))
        }
        _ => None,
    }
}

fn step_sentence(step: &DataStep, language: super::Language) -> String {
    let (key, keys) = (&step.dataset_key, step.keys.join(", "));
    let column = step.column.as_deref().unwrap_or_default();
    match step.kind {
        StepKind::Append => {
            pick(language, &format!("The rows of {key} were added."), &format!("追加了 {key} 的行。"))
        }
        StepKind::Merge => pick(
            language,
            &format!("Columns of {key} were merged by {keys}."),
            &format!("按 {keys} 合并了 {key} 的列。"),
        ),
        StepKind::DropRows => {
            let rows = step.rows.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            pick(
                language,
                &match step.rows.len() {
                    1 => format!("Row {rows} of the data was left out."),
                    _ => format!("Rows {rows} of the data were left out."),
                },
                &format!("剔除了数据的第 {rows} 行。"),
            )
        }
        StepKind::Convert => {
            let (how, how_zh) = (step.conversion(false), step.conversion(true));
            pick(
                language,
                &format!("The column {column} was read again as {how}."),
                &format!("重新读取了列 {column}（{how_zh}）。"),
            )
        }
    }
}

fn sample(source: &Source<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let plan = source.plan;
    let mut all = Vec::new();
    if let Some(name) = &source.data_name {
        all.push(pick(language, &format!("The data are {name}."), &format!("数据文件为 {name}。")));
    }
    all.extend(plan.data_steps.iter().map(|step| step_sentence(&step.step, language)));
    if let Some(panel) = &plan.panel {
        let of = |name: &Option<String>| name.as_deref().map(|n| style.variable(n));
        all.push(match (of(&panel.entity_var), of(&panel.time_var)) {
            (Some(unit), Some(time)) => pick(
                language,
                &format!("The data are a panel of {unit} over {time}."),
                &format!("数据为面板：个体为 {unit}，时间为 {time}。"),
            ),
            (None, Some(time)) => pick(
                language,
                &format!("The data are a series over {time}."),
                &format!("数据为时间序列：{time}。"),
            ),
            (Some(unit), None) => {
                pick(language, &format!("The rows are grouped by {unit}."), &format!("数据按 {unit} 分组。"))
            }
            (None, None) => String::new(),
        });
    }
    if let Some(condition) = &plan.sample_if {
        let text = &condition.canonical;
        all.push(pick(
            language,
            &format!("Rows with {text} were selected."),
            &format!("仅保留满足 {text} 的行。"),
        ));
    }
    let dropped = source.run.sample_flow.iter().any(|step| step.dropped > 0);
    all.push(match source.meta.map(|m| m.sample.missing.as_str()) {
        // where no row was left out, the next sentence says so: a unit without a start has none by design
        Some("listwise") if dropped => pick(
            language,
            "Rows with a missing value in a variable of the analysis were left out.",
            "分析变量有缺失值的行被剔除。",
        ),
        Some("pairwise") => pick(
            language,
            "Each statistic uses the rows that have values for its own variables.",
            "每个统计量使用其所需变量均无缺失的行。",
        ),
        _ => String::new(),
    });
    all.extend(left_out(source, language));
    vec![all.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(&pick(language, " ", ""))]
}

fn inference(source: &Source<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let mut all = Vec::new();
    if let Some(kind) = std_errors_of(source, style) {
        all.push(pick(language, &format!("Standard errors: {kind}."), &format!("标准误：{kind}。")));
        let words = style.interval_words();
        all.push(pick(language, &format!("Intervals: {words}."), &format!("区间：{words}。")));
    }
    all.extend(weights(source, style));
    let warned: Vec<String> =
        source.run.checks.iter().filter(|c| c.status == "warn").map(|c| found(&c.id, language)).collect();
    let (made, found) = (source.run.checks.len(), warned.join(&pick(language, " ", "")));
    if made > 0 && warned.is_empty() {
        all.push(pick(
            language,
            &format!("The run made {made} checks; none warned."),
            &format!("运行共做 {made} 项检查，均无警告。"),
        ));
    } else if made > 0 {
        all.push(pick(
            language,
            &format!("The run made {made} checks; those with a warning: {found}"),
            &format!("运行共做 {made} 项检查，有警告的：{found}"),
        ));
    }
    vec![all.join(&pick(language, " ", ""))]
}

fn software(source: &Source<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let (plan, run) = (source.plan, source.run);
    let engine = engine_words(source);
    let random = source.meta.is_some_and(|m| m.seed.policy != "none");
    let seed = if random {
        pick(language, &format!(" Seed: {}.", plan.seed), &format!("随机种子：{}。", plan.seed))
    } else {
        String::new()
    };
    let (run_id, plan_id) = (run.run_id.as_str(), plan.plan_id.as_str());
    let when = run.ended_at.unwrap_or(run.started_at).format("%Y-%m-%d");
    let computed = pick(
        language,
        &format!("Computed on {when} with {engine}.{seed}"),
        &format!("{when} 由 {engine} 计算。{seed}"),
    );
    let kept = source.job_id.map(|job| {
        pick(
            language,
            &format!(
                "Job {job}, run {run_id}, plan {plan_id}. The capsule of the job has data, do-file, log and tables; \
                 `stata-service capsule verify` checks it and `stata-service capsule rerun` repeats the analysis."
            ),
            &format!(
                "任务 {job}，运行 {run_id}，计划 {plan_id}。任务的胶囊包含数据、do 文件、日志与表格；\
                 可用 `stata-service capsule verify` 校验，用 `stata-service capsule rerun` 重复分析。"
            ),
        )
    });
    std::iter::once(computed).chain(kept).collect()
}

fn references(source: &Source<'_>) -> Vec<String> {
    let listed = source.meta.map(|m| m.references.iter()).into_iter().flatten();
    listed
        .map(|r| match &r.doi {
            Some(doi) => format!("{}. doi:{doi}", r.text.trim_end_matches('.')),
            None => format!("{}.", r.text.trim_end_matches('.')),
        })
        .collect()
}
