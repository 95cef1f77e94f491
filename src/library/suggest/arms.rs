//! Studies whose rows hold the numbers of both arms, not an effect: "what is the pooled standardized mean difference" of
//! `n_t mean_t sd_t n_c mean_c sd_c`. The draft derives the effect of each study and its standard error.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::derived::{free_name, labelled};
use super::explain::both;
use super::phrases::method;
use super::ratios::of_interval;
use super::rewritten::{BY_STRUCTURE, by_structure, take};
use super::studies::STUDIES;
use super::{Choice, SuggestInput, Suggestion};
use crate::domain::dataset::{Column, Dataset};
use crate::domain::ids::TemplateId;

/// Words of questions about several studies.
static POOLS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)meta-? ?analy|\bpool(?:ed|ing)?\b|\b(?:combined|overall|summary) (?:[a-z]+ )*(?:effect|estimate|odds|risk|difference|smd)|heterogene|forest plot|funnel plot|publication bias|small[- ]study|\b(?:studies|trials)\b|荟萃|元分析|合并|汇总|森林图|漏斗图|发表(?:性)?偏倚|异质性|各(?:项|个)?研究")
        .expect("a pattern")
});
static RATIO_OF_RISKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)risk ratio|relative risk|\brr\b|相对(?:危险|风险)").expect("a pattern")
});
static RAW_DIFFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^d]) (?:raw |weighted |pooled )?mean difference|\bwmd\b|均数差|均值差")
        .expect("a pattern")
});
static STANDARDISED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)standardi[sz]ed|\bsmd\b|hedges|cohen|标准化").expect("a pattern"));

/// Words of names for what a number is, and for the arm that it is of; they stand together in either order.
const SIZES: [&str; 7] = ["n", "total", "ntotal", "size", "样本量", "例数", "人数"];
const MEANS: [&str; 5] = ["mean", "m", "avg", "均值", "均数"];
const SPREADS: [&str; 4] = ["sd", "std", "s", "标准差"];
const EVENTS: [&str; 7] = ["events", "event", "e", "cases", "deaths", "事件数", "事件"];
const TREATED: [&str; 15] = [
    "t",
    "trt",
    "treat",
    "treated",
    "treatment",
    "exp",
    "experimental",
    "intervention",
    "int",
    "active",
    "1",
    "试验组",
    "实验组",
    "干预组",
    "治疗组",
];
const CONTROL: [&str; 9] = ["c", "ctl", "ctrl", "con", "control", "placebo", "2", "对照组", "对照"];

/// The column of one arm that holds such a number.
fn column<'a>(dataset: &'a Dataset, what: &[&str], arm: &[&str]) -> Option<&'a Column> {
    let is_it = |column: &&Column| {
        let name = column.original_name.to_lowercase().replace(['_', '.', ' ', '-'], "");
        // n1i, m1i and sd1i number the arms
        let name = name.strip_suffix("1i").map(|stem| format!("{stem}1")).unwrap_or(name);
        let name = name.strip_suffix("2i").map(|stem| format!("{stem}2")).unwrap_or(name);
        let joined = |what: &&str| {
            arm.iter().any(|arm| name == format!("{what}{arm}") || name == format!("{arm}{what}"))
        };
        !column.is_text() && what.iter().any(joined)
    };
    dataset.columns.iter().find(is_it)
}

/// What the rows of studies hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// The numbers of both arms.
    Arms,
    /// An effect with the limits of its confidence interval.
    Interval,
}

impl Rows {
    fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Arms => ("the numbers of both arms", "两组的汇总数据"),
            Self::Interval => ("effects with their confidence intervals", "效应及其置信区间"),
        }
    }
}

/// An effect and its standard error, as expressions of the columns.
pub(super) struct Effect {
    pub(super) name: String,
    pub(super) label: &'static str,
    pub(super) label_zh: &'static str,
    /// None where a column has the effect.
    pub(super) effect: Option<String>,
    pub(super) error: String,
    /// The effect is a logarithm.
    pub(super) is_log: bool,
    pub(super) rows: Rows,
}

impl Effect {
    fn of(question: &str, dataset: &Dataset) -> Option<Self> {
        of_interval(question, dataset, true)
            .or_else(|| Self::of_means(question, dataset))
            .or_else(|| Self::of_events(question, dataset))
            .or_else(|| of_interval(question, dataset, false))
    }

    /// Hedges's g with the standard error of Hedges and Olkin (1985), chapter 5, or the difference of the means.
    fn of_means(question: &str, dataset: &Dataset) -> Option<Self> {
        let of = |what: &[&str], arm: &[&str]| Some(column(dataset, what, arm)?.name.as_str());
        let (n1, m1, s1) = (of(&SIZES, &TREATED)?, of(&MEANS, &TREATED)?, of(&SPREADS, &TREATED)?);
        let (n2, m2, s2) = (of(&SIZES, &CONTROL)?, of(&MEANS, &CONTROL)?, of(&SPREADS, &CONTROL)?);
        if RAW_DIFFERENCE.is_match(question) && !STANDARDISED.is_match(question) {
            return Some(Self {
                name: free_name(dataset, "mean_diff", "_"),
                label: "Difference of the means (treated - control)",
                label_zh: "均值差（试验组 - 对照组）",
                effect: Some(format!("{m1} - {m2}")),
                error: format!("sqrt({s1}^2/{n1} + {s2}^2/{n2})"),
                is_log: false,
                rows: Rows::Arms,
            });
        }
        let name = free_name(dataset, "hedges_g", "_");
        let pooled = format!("sqrt((({n1} - 1)*{s1}^2 + ({n2} - 1)*{s2}^2)/({n1} + {n2} - 2))");
        Some(Self {
            error: format!("sqrt(1/{n1} + 1/{n2} + {name}^2/(2*({n1} + {n2})))"),
            name,
            label: "Hedges g (treated - control)",
            label_zh: "Hedges g（试验组 - 对照组）",
            effect: Some(format!("(1 - 3/(4*({n1} + {n2}) - 9))*({m1} - {m2})/{pooled}")),
            is_log: false,
            rows: Rows::Arms,
        })
    }

    /// The logarithm of the odds ratio, or of the risk ratio where the question names it (Woolf 1955; Katz et al. 1978).
    fn of_events(question: &str, dataset: &Dataset) -> Option<Self> {
        let of = |what: &[&str], arm: &[&str]| Some(column(dataset, what, arm)?.name.as_str());
        let (e1, n1) = (of(&EVENTS, &TREATED)?, of(&SIZES, &TREATED)?);
        let (e2, n2) = (of(&EVENTS, &CONTROL)?, of(&SIZES, &CONTROL)?);
        if RATIO_OF_RISKS.is_match(question) {
            return Some(Self {
                name: free_name(dataset, "log_rr", "_"),
                label: "Log risk ratio (treated to control)",
                label_zh: "对数风险比（试验组比对照组）",
                effect: Some(format!("ln(({e1}/{n1})/({e2}/{n2}))")),
                error: format!("sqrt(1/{e1} - 1/{n1} + 1/{e2} - 1/{n2})"),
                is_log: true,
                rows: Rows::Arms,
            });
        }
        Some(Self {
            name: free_name(dataset, "log_or", "_"),
            label: "Log odds ratio (treated to control)",
            label_zh: "对数比值比（试验组比对照组）",
            effect: Some(format!("ln(({e1}*({n2} - {e2}))/({e2}*({n1} - {e1})))")),
            error: format!("sqrt(1/{e1} + 1/({n1} - {e1}) + 1/{e2} + 1/({n2} - {e2}))"),
            is_log: true,
            rows: Rows::Arms,
        })
    }
}

/// The draft of a meta-analysis of such studies, where the question asks for one and no column has the effect.
pub(super) fn pooled(input: &SuggestInput<'_>, suggestion: Suggestion) -> Suggestion {
    let Some(Ok(template)) = method("pooled studies").map(|id| id.parse()) else { return suggestion };
    let is_one = suggestion.template_id.as_ref() == Some(&template);
    let has_effects = is_one && suggestion.statement.parameters.contains_key("se");
    let asked = !has_effects && (is_one || POOLS.is_match(input.question));
    match Effect::of(input.question, input.dataset).filter(|_| asked) {
        Some(effect) => draft(input, effect, template, suggestion),
        None => suggestion,
    }
}

fn draft(
    input: &SuggestInput<'_>,
    effect: Effect,
    template: TemplateId,
    mut suggestion: Suggestion,
) -> Suggestion {
    let dataset = input.dataset;
    let name = effect.name;
    let error = free_name(dataset, &format!("se_{name}"), "_");
    take(&mut suggestion, input.library, template);
    let statement = &mut suggestion.statement;
    statement.roles.clear();
    statement.categorical_vars.clear();
    statement.roles.insert("outcome_var".to_owned(), vec![name.clone()]);
    statement.parameters.insert("se".to_owned(), json!(error));
    if effect.is_log {
        statement.parameters.insert("eform".to_owned(), json!(true));
    }
    let named = |column: &&Column| STUDIES.contains(&column.original_name.to_lowercase().as_str());
    let texts = |column: &&Column| column.is_text() && column.distinct > 2;
    let study = dataset.columns.iter().find(named).or_else(|| dataset.columns.iter().find(texts));
    suggestion.choices.clear();
    let (rows, rows_zh) = effect.rows.said();
    let derived = match &effect.effect {
        Some(_) => (
            format!(
                "no column has an effect; the derived variable {name} is computed from {rows}: {}",
                effect.label
            ),
            format!("没有可直接合并的效应列；派生变量 {name} 由{rows_zh}计算：{}", effect.label_zh),
        ),
        None => (format!("{name} has the effects"), format!("{name} 为效应值")),
    };
    suggestion.choices.push(by_structure("outcome_var", &name, derived));
    let spread = (
        format!("the derived variable {error} is the standard error of each {name}"),
        format!("派生变量 {error} 为各研究效应的标准误"),
    );
    suggestion
        .choices
        .push(Choice { field: "parameters.se".to_owned(), ..by_structure("se", &error, spread) });
    if let Some(study) = study {
        statement.roles.insert("key_vars".to_owned(), vec![study.name.clone()]);
        let says = (format!("{} names the studies", study.name), format!("{} 为研究名称", study.name));
        suggestion.choices.push(by_structure("key_vars", &study.name, says));
    }
    let of_effect = effect.effect.map(|expression| labelled(name, expression, effect.label.to_owned()));
    let of_error = labelled(error, effect.error, format!("Standard error: {}", effect.label));
    statement.derived_variables = of_effect.into_iter().chain([of_error]).collect();
    suggestion.open_questions.retain(|question| !question.blocking);
    if let Some(method) = &mut suggestion.method {
        method.confidence = BY_STRUCTURE;
        method.reason = both(
            format!("the question asks for several studies together, and the rows hold {rows}"),
            format!("问题要求合并多项研究，而各行为{rows_zh}"),
        );
    }
    suggestion.confidence = BY_STRUCTURE;
    suggestion
}
