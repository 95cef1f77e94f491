//! The words of a comparison: facts, the curve in numbers, and what has to be said with them.

use super::super::Labels;
use super::super::facts::std_errors_words;
use super::super::number::{fixed, whole_or_fixed};
use super::super::style::Style;
use super::super::warnings::warning_words;
use super::super::words::pick;
use super::super::{Language, Options};
use super::{Parts, is_chinese, number};
use crate::domain::comparison::{
    Choice, Column, Difference, Fact, Said, Summary, differences, references, unshared,
};
use crate::domain::template::Bilingual;

/// Returns what an axis is called.
pub fn axis_words(axis: &str, language: Language) -> String {
    let (en, zh) = match axis {
        "outcome" => ("Outcome", "因变量"),
        "controls" => ("Controls", "控制变量"),
        "sample" => ("Sample", "样本"),
        "variance" => ("Standard errors", "标准误"),
        "parameters" => ("Parameters", "参数"),
        "template" => ("Method", "方法"),
        "cell" => ("Specification", "设定"),
        "categories" => ("Categories", "分类变量"),
        "weights" => ("Weights", "权重"),
        "fixed" => ("Fixed effects", "固定效应"),
        "steps" => ("Data steps", "数据步骤"),
        other => (other, other),
    };
    pick(language, en, zh)
}

/// Returns the words for the state of a specification.
pub fn status_words(status: &str, language: Language) -> String {
    let (en, zh) = match status {
        "succeeded" => ("succeeded", "成功"),
        "failed" => ("failed", "失败"),
        "cancelled" => ("cancelled", "已取消"),
        "running" => ("running", "运行中"),
        "queued" => ("queued", "排队中"),
        "refused" => ("refused", "被拒绝"),
        other => (other, other),
    };
    pick(language, en, zh)
}

/// Returns a choice of a plan in words.
pub fn choice_words(said: &Said, labels: &Labels, options: &Options) -> String {
    let language = options.language;
    let variable = |name: &str| match options.labels {
        true => labels.variable(name),
        false => labels.own(name).to_owned(),
    };
    let own = |text: &Bilingual| pick(language, &text.en, text.zh.as_deref().unwrap_or(&text.en));
    match said {
        Said::Text(text) => text.clone(),
        Said::Column(name) => variable(name),
        Said::Words(words) => own(words),
        Said::Parameter(label, value) => {
            let label = own(label);
            pick(language, &format!("{label}: {value}"), &format!("{label}：{value}"))
        }
        Said::Errors(kind) => std_errors_words(kind, language, variable),
        Said::Base(name, base) => {
            let name = variable(name);
            pick(language, &format!("{name} (base: {base})"), &format!("{name}（对照：{base}）"))
        }
        Said::AllRows => pick(language, "all rows", "全部行"),
    }
}

/// Returns the sentence that belongs to every summary of a multiverse.
pub fn caution(language: Language) -> String {
    pick(
        language,
        "These numbers describe how much the estimate depends on the choices above; they are not a test. The specifications \
         use the same data and are not independent, and the list of specifications is itself a choice: the share of \
         significant estimates is no p-value.",
        "这些数字描述估计值在多大程度上取决于上述选择，并不是检验。各设定使用相同的数据、彼此并不独立，设定清单本身也是一种选择：\
         显著估计的占比不是 p 值。",
    )
}

/// Returns the choice of a batch in words: what the service called it itself follows the language, a label of the client stays.
pub(super) fn label_words(axis: &str, label: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    if !is_chinese(language) {
        return label.to_owned();
    }
    let column = |name: &str| style.variable(name);
    match (axis, label) {
        ("sample", "all rows") => "全部行".to_owned(),
        ("controls", "no controls") => "无控制变量".to_owned(),
        ("parameters", "as in the base") => "同基准设定".to_owned(),
        ("variance", _) => match label.split_once("by ") {
            Some(("" | "cluster ", columns)) => {
                std_errors_words(&format!("cluster {}", columns.replace(',', "")), language, column)
            }
            Some((kind, columns)) => {
                let by: Vec<String> = columns.split(", ").map(column).collect();
                format!("{}，按 {} 聚类", std_errors_words(kind.trim(), language, column), by.join("、"))
            }
            None => std_errors_words(label, language, column),
        },
        _ => label.to_owned(),
    }
}

/// Returns the curve in sentences, with what one number over all estimates would hide said first.
pub(super) fn sentences(parts: &Parts<'_>, style: &Style<'_>) -> Vec<String> {
    let (Some(term), Some(summary)) = (parts.focus, parts.summary) else { return Vec::new() };
    let mixes = summary.estimates > 1 && differences(parts.columns).into_iter().any(Difference::mixes);
    let warning = pick(
        style.options.language,
        "The estimates are of different outcomes, methods or scales (see the notes): the median and the range put together \
         numbers that do not measure the same.",
        "各估计值的因变量、方法或尺度不同（见说明）：中位数与范围混合了度量不同事物的数字。",
    );
    let said = summary_sentences(&summary, &style.term(term), style.options);
    mixes.then_some(warning).into_iter().chain(said).collect()
}

/// Returns a curve in sentences; `term` is in words.
fn summary_sentences(summary: &Summary, term: &str, options: &Options) -> Vec<String> {
    let language = options.language;
    let digits = |x: f64| fixed(x, options.decimals);
    let Summary {
        specifications,
        estimates,
        positive,
        negative,
        significant,
        with_p_value,
        excluding_zero,
        ..
    } = *summary;
    let (median, low, high) = (digits(summary.median), digits(summary.lowest), digits(summary.highest));
    let share = |part: usize, of: usize| match of {
        0 => String::new(),
        _ => format!("{}%", whole_or_fixed((part as f64 / of as f64 * 100.0).round(), 0)),
    };
    let counted = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut said = vec![
        pick(
            language,
            &format!(
                "{term}: {estimates} of {} an estimate; median {median}, from {low} to {high}.",
                counted(specifications, "specification has", "specifications have")
            ),
            &format!(
                "{term}：{specifications} 个设定中有 {estimates} 个有估计值；中位数 {median}，从 {low} 到 {high}。"
            ),
        ),
        pick(
            language,
            &format!(
                "{} positive and {negative} negative ({} have the same sign); {} zero.",
                counted(positive, "is", "are"),
                share(positive.max(negative), estimates),
                counted(excluding_zero, "confidence interval excludes", "confidence intervals exclude")
            ),
            &format!(
                "正值 {positive} 个，负值 {negative} 个（{} 符号相同）；{excluding_zero} 个置信区间不含零。",
                share(positive.max(negative), estimates)
            ),
        ),
    ];
    if with_p_value > 0 {
        let share = share(significant, with_p_value);
        said.push(pick(
            language,
            &format!("{significant} of {with_p_value} have p < 0.05 ({share})."),
            &format!("{with_p_value} 个中有 {significant} 个 p < 0.05（{share}）。"),
        ));
    }
    said.push(caution(language));
    said
}

/// The facts at the head of the report.
pub(super) fn facts(parts: &Parts<'_>, style: &Style<'_>) -> Vec<(String, String)> {
    let language = style.options.language;
    let without = parts.columns.iter().filter(|column| column.results.is_empty()).count();
    let mut facts = vec![
        (pick(language, "Specifications", "设定数"), parts.columns.len().to_string()),
        (pick(language, "Without results", "无结果"), without.to_string()),
    ];
    if let Some(term) = parts.focus {
        facts.push((pick(language, "Term of the curve", "曲线的项"), style.term(term)));
    }
    let outcomes: Vec<&str> = parts.columns.iter().filter_map(|column| column.outcome.as_deref()).collect();
    if let Some(first) = outcomes.first().filter(|first| outcomes.iter().all(|name| name == *first)) {
        facts.push((pick(language, "Outcome", "因变量"), style.variable(first)));
    }
    facts
}

/// Returns what a reader has to know: what differs, which runs warn, which specifications have no results and why, repeated terms.
pub(super) fn notes(parts: &Parts<'_>, style: &Style<'_>) -> Vec<String> {
    let language = style.options.language;
    let differences = differences(parts.columns).into_iter();
    let mut notes: Vec<String> =
        differences.map(|difference| of_difference(difference, parts, style)).collect();
    notes.extend(warned(parts, language));
    notes.extend(parts.columns.iter().filter(|c| c.results.is_empty()).map(|column| without(column, style)));
    if let Some(focus) = parts.focus {
        let twice = super::grids::repeated(parts.columns, focus);
        if !twice.is_empty() {
            let twice = twice.join(", ");
            notes.push(pick(
                language,
                &format!("{twice}: the term of the curve has several estimates; the first one is shown."),
                &format!("{twice}：曲线的项有多个估计值，仅显示第一个。"),
            ));
        }
    } else {
        notes.push(pick(language, "No specification has an estimate.", "没有任何设定有估计值。"));
    }
    notes
}

/// Most numbers of columns that a note lists.
const MOST_NUMBERS: usize = 12;

/// The numbers of columns as they are printed; of many the first ones.
fn numbers(of: &[u32]) -> String {
    let more = if of.len() > MOST_NUMBERS { ", …" } else { "" };
    let shown: Vec<String> = of.iter().take(MOST_NUMBERS).map(|n| format!("({n})")).collect();
    format!("{}{more}", shown.join(", "))
}

/// A list of choices, each with the columns that have it.
fn listed(choices: Vec<(String, Vec<u32>)>, language: Language) -> String {
    let one = |(words, of): (String, Vec<u32>)| format!("{} {words}", numbers(&of));
    choices.into_iter().map(one).collect::<Vec<_>>().join(&pick(language, "; ", "；"))
}

fn chosen(parts: &Parts<'_>, style: &Style<'_>, holds: &dyn Fn(&Choice) -> bool) -> String {
    let words =
        |(choice, of): (&Choice, Vec<u32>)| (choice_words(&choice.said, style.labels, style.options), of);
    listed(unshared(parts.columns, holds).into_iter().map(words).collect(), style.options.language)
}

fn bases(parts: &Parts<'_>, style: &Style<'_>) -> String {
    let of_factor = |(factor, bases): (&str, std::collections::BTreeMap<&str, Vec<u32>>)| {
        let bases = bases.into_iter().map(|(base, of)| (base.to_owned(), of)).collect();
        format!("{}: {}", style.variable(factor), listed(bases, style.options.language))
    };
    references(parts.columns).into_iter().map(of_factor).collect::<Vec<_>>().join("; ")
}

fn of_difference(difference: Difference, parts: &Parts<'_>, style: &Style<'_>) -> String {
    let of = |fact: Fact| chosen(parts, style, &|choice| choice.fact == fact);
    let (en, zh, list) = match difference {
        Difference::Outcome => (
            "The outcomes differ; their estimates may be in different units.",
            "因变量不同，估计值的单位可能不同。",
            String::new(),
        ),
        Difference::Template => (
            "The methods differ; a coefficient of one may not measure what that of another does.",
            "方法不同，各系数所度量的可能不是同一事物。",
            String::new(),
        ),
        Difference::Scale => (
            "The models or scales differ: {list}. Their estimates are different quantities.",
            "模型或尺度不同：{list}。各估计值是不同的量。",
            chosen(parts, style, &Choice::is_of_scale),
        ),
        Difference::Options => {
            ("Options differ: {list}.", "选项不同：{list}。", chosen(parts, style, &Choice::is_of_options))
        }
        Difference::Level => (
            "The confidence levels differ, and so do the intervals: {list}.",
            "置信水平不同，区间不可直接比较：{list}。",
            chosen(parts, style, &Choice::is_of_level),
        ),
        Difference::Reference => (
            "The reference categories differ ({list}); terms with another one stand in their own rows.",
            "对照类别不同（{list}）；对照不同的项各自成行。",
            bases(parts, style),
        ),
        Difference::Sample => {
            ("The conditions on the rows differ: {list}.", "样本条件不同：{list}。", of(Fact::Sample))
        }
        Difference::Weights => ("The weights differ: {list}.", "权重不同：{list}。", of(Fact::Weights)),
        Difference::Steps => ("The data steps differ: {list}.", "数据步骤不同：{list}。", of(Fact::Steps)),
        Difference::Data => ("The data differ.", "数据不同。", String::new()),
    };
    pick(style.options.language, en, zh).replace("{list}", &list)
}

/// What the runs warn of, each check once with the columns.
fn warned(parts: &Parts<'_>, language: Language) -> Vec<String> {
    let mut found: Vec<(&str, Vec<u32>)> = Vec::new();
    for column in parts.columns {
        for check in &column.warnings {
            match found.iter_mut().find(|(id, _)| *id == check.id) {
                Some((_, of)) => of.push(column.index),
                None => found.push((&check.id, vec![column.index])),
            }
        }
    }
    let all = parts.columns.len();
    let said = |(id, of): (&str, Vec<u32>)| {
        let (words, count, list) = (warning_words(id, language), of.len(), numbers(&of));
        let (have, is) = (if count == 1 { "has" } else { "have" }, if all == 1 { "" } else { "s" });
        pick(
            language,
            &format!("{count} of {all} specification{is} {have} a warning, {list}: {words}"),
            &format!("{all} 个设定中有 {count} 个带有警告，{list}：{words}"),
        )
    };
    found.into_iter().map(said).collect()
}

/// The checks of a column that warn, in a few words.
pub(super) fn warnings_of(column: &Column, style: &Style<'_>) -> String {
    let language = style.options.language;
    let words: Vec<String> =
        column.warnings.iter().map(|check| super::super::words::name(&check.id, language)).collect();
    words.join(&pick(language, "; ", "；"))
}

fn without(column: &Column, style: &Style<'_>) -> String {
    let language = style.options.language;
    let (status, colon) =
        (status_words(&column.status, language), if is_chinese(language) { "：" } else { ": " });
    let reason = column.reason.as_deref().map(|reason| format!("{colon}{reason}")).unwrap_or_default();
    let choices: Vec<String> =
        column.choices.iter().map(|choice| label_words(&choice.axis, &choice.label, style)).collect();
    let name = if choices.is_empty() { column.name.clone() } else { choices.join(" · ") };
    format!("{} {name}{colon}{status}{reason}", number(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_estimate_is_told_in_the_singular() {
        let summary = Summary {
            specifications: 2,
            estimates: 2,
            median: -0.07,
            lowest: -0.29,
            highest: 0.15,
            positive: 1,
            negative: 1,
            same_sign_share: 0.5,
            with_p_value: 0,
            significant: 0,
            significant_share: None,
            excluding_zero: 1,
        };
        let options = Options { language: Language::En, ..Options::default() };
        let said = summary_sentences(&summary, "arm", &options);
        assert_eq!(
            said[1],
            "1 is positive and 1 negative (50% have the same sign); 1 confidence interval excludes zero."
        );
        let said =
            summary_sentences(&Summary { specifications: 1, estimates: 1, ..summary }, "arm", &options);
        assert!(said[0].starts_with("arm: 1 of 1 specification has an estimate;"), "{}", said[0]);
    }
}
