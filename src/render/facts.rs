//! Texts of a report around its tables: facts of the run, notes below tables, derivation of the sample.

use serde_json::Value;

use super::design::bound;
use super::grid::{Align, Grid, Printed, Row, RowKind};
use super::made_terms::weight;
use super::number::whole_or_fixed;
use super::style::Style;
use super::table::Table;
use super::warnings::warning;
use super::words::{name, pick, remark};
use super::{Language, Source};
use crate::domain::data_step::{PlannedStep, StepKind};
use crate::domain::run::SampleStep;
use crate::domain::verdict::facts::{BY_ESTIMATOR, BY_WEIGHT};

/// Facts in pairs: analysis, data, observations, standard errors, engine …
pub(super) fn facts(source: &Source<'_>, style: &Style<'_>) -> Vec<(String, String)> {
    let language = style.options.language;
    let (run, plan) = (source.run, source.plan);
    let mut facts = Vec::new();
    let mut add = |en: &str, zh: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            facts.push((pick(language, en, zh), value));
        }
    };
    let template = format!("{} {}", plan.template.template_id.as_str(), plan.template.version);
    add("Analysis", "分析模板", Some(template));
    add("Data", "数据", source.data_name.clone());
    let metric = |name: &str| run.metrics.get(name);
    add("Observations", "观测数", metric("n_used").and_then(Value::as_f64).map(|n| whole_or_fixed(n, 0)));
    add("Sample condition", "样本条件", plan.sample_if.as_ref().map(|c| c.canonical.clone()));
    let text = |name: &str| metric(name).and_then(Value::as_str);
    add("Standard errors", "标准误", text("std_errors").map(|se| std_errors(se, style)));
    add("Weights", "权重", text("weight_kind").filter(|w| *w != "none").map(|w| weight(w, style)));
    add("Engine", "计算引擎", Some(engine_words(source)));
    add("Seed", "随机种子", metric("seed").map(|_| plan.seed.to_string()));
    add("Run", "运行编号", Some(run.run_id.to_string()));
    let trial = pick(
        language,
        "a trial of the service, whose data and run are kept for hours only",
        "试用：数据与运行仅保留数小时",
    );
    add("Kind", "性质", source.is_trial.then_some(trial));
    facts
}

/// The program that computed the run, with its version.
pub(super) fn engine_words(source: &Source<'_>) -> String {
    let engine = &source.run.engine;
    let service = format!("stata-service {}", source.service_version.as_deref().unwrap_or_default());
    let own = [engine.edition.as_deref(), engine.version.as_deref()];
    let own = own.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let words = match engine.kind.as_str() {
        "open" => format!("{service} (open engine)"),
        "stata" => format!("Stata {own}, {service}"),
        other => format!("{other} {own}, {service}"),
    };
    let plain = words.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.replace(" ,", ",")
}

/// The kind of standard errors that the run reported, in words.
pub(super) fn std_errors_of(source: &Source<'_>, style: &Style<'_>) -> Option<String> {
    let kind = source.run.metrics.get("std_errors").and_then(Value::as_str)?;
    Some(std_errors(kind, style))
}

/// How many rows were used, and why the others were left out.
pub(super) fn left_out(source: &Source<'_>, language: Language) -> Option<String> {
    let steps = &source.run.sample_flow;
    let (first, last) = (steps.first()?, steps.last()?);
    let dropped: u64 = steps.iter().map(|s| s.dropped).sum();
    let (used, all) = (last.rows, first.rows + first.dropped);
    if dropped == 0 {
        return Some(pick(
            language,
            &format!("All {used} rows were used."),
            &format!("使用了全部 {used} 行。"),
        ));
    }
    let losses: Vec<&SampleStep> = steps.iter().filter(|s| s.dropped > 0).collect();
    let words = |s: &&SampleStep| match why_of(source, s, language) {
        text if text.is_empty() => s.dropped.to_string(),
        text if losses.len() == 1 => text,
        text => pick(language, &format!("{}: {text}", s.dropped), &format!("{} 行{text}", s.dropped)),
    };
    let why: Vec<String> = losses.iter().map(words).collect();
    let why = why.join(&pick(language, "; ", "；"));
    Some(pick(
        language,
        &format!("{used} of {all} rows were used; left out: {dropped} ({why})."),
        &format!("共 {all} 行，使用 {used} 行；剔除 {dropped} 行：{why}。"),
    ))
}

pub(super) fn std_errors(kind: &str, style: &Style<'_>) -> String {
    std_errors_words(kind, style.options.language, |name| style.variable(name))
}

/// Returns a kind of standard errors, as a run states it, in words; `variable` has those for a column.
pub(super) fn std_errors_words(kind: &str, language: Language, variable: impl Fn(&str) -> String) -> String {
    match kind {
        "robust" => pick(language, "heteroskedasticity-robust", "异方差稳健"),
        "ml" | "mle" => pick(language, "maximum likelihood", "极大似然"),
        "oim" => pick(language, "observed information matrix", "观测信息矩阵"),
        "ols" | "classical" | "conventional" => pick(language, "classical", "经典（同方差）"),
        "newey-west" => "Newey-West".to_owned(),
        "opg" => pick(language, "outer product of gradients", "梯度外积"),
        "nn" => pick(language, "nearest neighbours", "最近邻"),
        "linearized" => pick(language, "linearised (Taylor series)", "线性化（泰勒级数）"),
        other => match other.strip_prefix("cluster ").or_else(|| other.strip_prefix("robust, clusters ")) {
            // what follows a comma is a remark on the method
            Some(columns) => {
                let (columns, more) = columns.split_once(", ").unwrap_or((columns, ""));
                let words: Vec<String> = columns.split_whitespace().map(variable).collect();
                let by = words.join(", ");
                let of = pick(language, &format!("clustered by {by}"), &format!("按 {by} 聚类"));
                let more = remark(more, language);
                match more.as_str() {
                    "" => of,
                    more => pick(language, &format!("{of}, {more}"), &format!("{of}，{more}")),
                }
            }
            None => remark(other, language),
        },
    }
}

/// Notes below a coefficient table: standard errors and stars; below the main one also estimator, sample, weights,
/// software, and where the run is kept.
pub(super) fn regression_notes(
    source: &Source<'_>,
    table: &Table,
    is_main: bool,
    style: &Style<'_>,
) -> Vec<String> {
    let language = style.options.language;
    let mut sentences = Vec::new();
    if is_main {
        let title = source.meta.map(|m| &m.title);
        let en = title.map_or(source.plan.template.title.as_str(), |t| &t.en);
        let zh = title.and_then(|t| t.zh.as_deref()).unwrap_or(en);
        sentences.push(pick(language, &format!("Estimator: {en}."), &format!("估计方法：{zh}。")));
    }
    sentences.push(match std_errors_of(source, style) {
        Some(kind) => pick(
            language,
            &format!("Standard errors in parentheses ({kind})."),
            &format!("括号内为标准误（{kind}）。"),
        ),
        None => pick(language, "Standard errors in parentheses.", "括号内为标准误。"),
    });
    sentences.extend(references(table, style));
    let base = style.design.base_outcome.as_deref().filter(|_| table.position("outcome").is_some());
    sentences.extend(base.map(|base| {
        let level = style.outcome_level(base);
        pick(language, &format!("Base outcome: {level}."), &format!("基准类别：{level}。"))
    }));
    if is_main {
        sentences.extend(
            left_out(source, language)
                .map(|t| pick(language, &format!("Sample: {t}"), &format!("样本：{t}"))),
        );
        sentences.extend(weights(source, style));
        let engine = engine_words(source);
        sentences.push(pick(language, &format!("Software: {engine}."), &format!("软件：{engine}。")));
        let run = &source.run.run_id;
        sentences.extend(source.job_id.map(|job| {
            pick(
                language,
                &format!("Run {run}, capsule of job {job}."),
                &format!("运行 {run}，胶囊属于任务 {job}。"),
            )
        }));
    }
    let all = sentences.join(&pick(language, " ", ""));
    let mut notes = vec![pick(language, &format!("Notes: {all}"), &format!("注：{all}"))];
    if style.options.stars {
        notes.push("* p < 0.10, ** p < 0.05, *** p < 0.01".to_owned());
    }
    notes
}

/// What the levels of categories are compared with, as a sentence.
fn references(table: &Table, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let colon = pick(language, ": ", "：");
    let of: Vec<String> =
        style.references(table).iter().map(|r| format!("{}{colon}{}", r.variable, r.level)).collect();
    let all = of.join(&pick(language, "; ", "；"));
    let categories = if of.len() == 1 { "category" } else { "categories" };
    (!of.is_empty())
        .then(|| pick(language, &format!("Reference {categories}: {all}."), &format!("参照组：{all}。")))
}

/// The weights of the analysis as a sentence, where the run reports them.
pub(super) fn weights(source: &Source<'_>, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let kind = source.run.metrics.get("weight_kind").and_then(Value::as_str)?;
    Some(match (kind, bound(source, "weight_var").first()) {
        ("none", _) => pick(language, "Weights: none.", "权重：无。"),
        (kind, Some(column)) => {
            let words = style.variable(column);
            let kind = weight(kind, style);
            pick(language, &format!("Weights: {words} ({kind})."), &format!("权重：{words}（{kind}）。"))
        }
        (kind, None) => {
            let kind = weight(kind, style);
            pick(language, &format!("Weights: {kind}."), &format!("权重：{kind}。"))
        }
    })
}

/// How many rows each step left, and why.
pub(super) fn flow(source: &Source<'_>, language: Language) -> Option<Grid> {
    let steps = &source.run.sample_flow;
    if steps.is_empty() {
        return None;
    }
    let words = |step: &str| match step {
        "loaded" => pick(language, "Rows read", "读入行数"),
        "selected" => pick(language, "Rows selected", "满足样本条件"),
        "used" => pick(language, "Rows used", "用于分析"),
        other => match (other.strip_prefix("merge "), other.strip_prefix("append ")) {
            (Some(key), _) => pick(language, other, &format!("合并 {key}")),
            (_, Some(key)) => pick(language, other, &format!("追加 {key}")),
            _ if other.starts_with("drop_rows ") => pick(language, "Rows left out", "剔除行"),
            _ if other.starts_with("convert ") => pick(language, "Column read again", "重新读取列"),
            _ => other.to_owned(),
        },
    };
    Some(Grid {
        title: pick(language, "Sample", "样本"),
        head: vec![
            name("step", language),
            name("rows", language),
            pick(language, "Dropped", "剔除"),
            pick(language, "Reason", "原因"),
        ],
        align: vec![Align::Left, Align::Right, Align::Right, Align::Left],
        rows: steps
            .iter()
            .map(|s| {
                let count = |n: u64| Printed::number(n as f64, n.to_string());
                let why = why_of(source, s, language);
                let cells = vec![words(&s.step).into(), count(s.rows), count(s.dropped), why.into()];
                Row::new(RowKind::Body, cells)
            })
            .collect(),
        notes: Vec::new(),
        over: String::new(),
        estimates: false,
    })
}

/// Why a step left out rows: of a repair what it does, which the plan knows in both languages.
fn why_of(source: &Source<'_>, step: &SampleStep, language: Language) -> String {
    let text = step.reason.as_deref().unwrap_or_default();
    let is_it = |planned: &&PlannedStep| {
        planned.step.kind.is_repair() && planned.flow_reason([None; 3]).as_deref() == Some(text)
    };
    match source.plan.data_steps.iter().find(is_it) {
        Some(repair) if repair.step.kind == StepKind::DropRows => {
            pick(language, text, repair.step.words_zh().trim_start_matches("剔除"))
        }
        Some(repair) => pick(language, text, &repair.step.words_zh()),
        None => reason(text, language),
    }
}

/// Why rows were left out, in the language of the report.
fn reason(text: &str, language: Language) -> String {
    if language == Language::En {
        return text.to_owned();
    }
    let is_reason = |rest: &str| ["missing:", BY_ESTIMATOR].iter().any(|start| rest.starts_with(start));
    if let Some((first, others)) = text.split_once("; ").filter(|(_, rest)| is_reason(rest)) {
        return format!("{}；{}", reason(first, language), reason(others, language));
    }
    if let Some(rows) = text.strip_prefix(BY_WEIGHT).and_then(|rest| rest.strip_prefix(": ")) {
        return format!("权重为零：{rows}");
    }
    if let Some(columns) = text.strip_prefix("missing:") {
        return format!("缺失：{}", columns.trim_start());
    }
    match text.strip_prefix(BY_ESTIMATOR).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rows) => format!("未进入估计（例如因滞后、限值、带宽或组内无变化）：{rows}"),
        None => merge_in_chinese(text).unwrap_or_else(|| text.to_owned()),
    }
}

/// The sentence of a merge (`PlannedStep::flow_reason`); conditions and other texts are none.
fn merge_in_chinese(text: &str) -> Option<String> {
    let (head, kept) = text.split_once("; kept: ")?;
    let (how, counts) = head.split_once(": ")?;
    let (merge_type, keys) = how.split_once(" by ")?;
    let mut counts = counts.splitn(3, ", ");
    let matched = counts.next()?.strip_suffix(" matched")?;
    let before = counts.next()?.strip_suffix(" only in the data before")?;
    let (only, key) = counts.next()?.split_once(" only in ")?;
    let kept = match kept {
        "matched" => "匹配的行",
        "master" => "原数据的行",
        "all" => "全部行",
        _ => return None,
    };
    Some(format!(
        "{merge_type}，按 {keys}：匹配 {matched} 行，仅原数据有 {before} 行，仅 {key} 有 {only} 行；保留{kept}"
    ))
}

/// Warnings of the run, then the limits of the template.
pub(super) fn notes(source: &Source<'_>, language: Language) -> Vec<String> {
    let mut notes: Vec<String> = source
        .run
        .checks
        .iter()
        .filter(|check| check.status == "warn")
        .map(|check| warning(check, language))
        .collect();
    if let Some(meta) = source.meta {
        let zh = language == Language::Zh && !meta.limitations_zh.is_empty();
        notes.extend(if zh { meta.limitations_zh.clone() } else { meta.limitations.clone() });
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::data_step::{DataStep, MergeType};

    #[test]
    fn the_sentence_of_a_merge_is_said_in_chinese() {
        let step = DataStep {
            keys: vec!["id".to_owned(), "year".to_owned()],
            merge_type: Some(MergeType::ManyToOne),
            ..DataStep::new(StepKind::Merge, "secondary_1")
        };
        let planned = PlannedStep { step, columns: Vec::new(), overlap: Vec::new() };
        let sentence = planned.flow_reason([Some(90), Some(10), Some(3)]).expect("all numbers are known");
        assert_eq!(
            reason(&sentence, Language::Zh),
            "m:1，按 id, year：匹配 90 行，仅原数据有 10 行，仅 secondary_1 有 3 行；保留原数据的行"
        );
        assert_eq!(reason(&sentence, Language::En), sentence);
        assert_eq!(reason("weight zero: 4; missing: wage (6)", Language::Zh), "权重为零：4；缺失：wage (6)");
        assert_eq!(
            reason("age >= 18 & region != \"by: 1\"", Language::Zh),
            "age >= 18 & region != \"by: 1\""
        );
    }
}
