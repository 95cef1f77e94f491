//! Studies whose rows hold a ratio or another effect with the limits of its confidence interval, and no standard error: the
//! draft derives the logarithm of the ratio, and the standard error from the width of the interval.

use std::sync::LazyLock;

use regex::Regex;

use super::arms::{Effect, Rows};
use super::derived::free_name;
use super::names::raw_parts;
use super::studies::EFFECTS;
use crate::domain::dataset::{Column, Dataset};

/// A ratio: how its logarithm is called, and the words of its column and of questions for it.
struct Ratio {
    name: &'static str,
    label: &'static str,
    label_zh: &'static str,
    words: &'static [&'static str],
}

const RATIOS: [Ratio; 4] = [
    Ratio {
        name: "log_hr",
        label: "Log hazard ratio",
        label_zh: "对数风险比（HR）",
        words: &["hr", "ahr", "hazard ratio", "hazardratio", "hazard", "风险比", "危险比"],
    },
    Ratio {
        name: "log_or",
        label: "Log odds ratio",
        label_zh: "对数比值比（OR）",
        words: &["or", "aor", "odds ratio", "oddsratio", "odds", "比值比", "优势比"],
    },
    Ratio {
        name: "log_rr",
        label: "Log risk ratio",
        label_zh: "对数相对危险度（RR）",
        words: &[
            "rr",
            "arr",
            "risk ratio",
            "riskratio",
            "relative risk",
            "relativerisk",
            "相对危险",
            "相对风险",
        ],
    },
    Ratio {
        name: "log_irr",
        label: "Log rate ratio",
        label_zh: "对数率比（IRR）",
        words: &["irr", "rate ratio", "rateratio", "率比", "发病率比"],
    },
];

/// Words of names for the limits of an interval.
const LOWER: [&str; 18] = [
    "lower",
    "low",
    "lo",
    "ll",
    "lcl",
    "lci",
    "cil",
    "cilow",
    "cilower",
    "lowerci",
    "lb",
    "lcb",
    "l",
    "min",
    "lowerlimit",
    "lowci",
    "下限",
    "置信下限",
];
const UPPER: [&str; 18] = [
    "upper",
    "high",
    "hi",
    "ul",
    "ucl",
    "uci",
    "ciu",
    "cihigh",
    "ciupper",
    "upperci",
    "ub",
    "ucb",
    "u",
    "max",
    "upperlimit",
    "highci",
    "上限",
    "置信上限",
];
/// Words of names for an interval.
const INTERVAL: [&str; 8] = ["ci", "conf", "confidence", "limit", "interval", "bound", "lim", "cl"];

/// Standard normal quantiles of two-sided intervals, by their level in percent.
const QUANTILES: [(&str, &str); 3] = [("90", "1.644854"), ("99", "2.575829"), ("95", "1.959964")];

/// The words of a name without numbers.
fn words(column: &Column) -> Vec<String> {
    let parts = raw_parts(&column.original_name).into_iter();
    parts.filter(|part| !part.chars().all(|c| c.is_ascii_digit())).collect()
}

fn is_limit(column: &Column, side: &[&str]) -> bool {
    let han = |word: &&&str| !word.is_ascii() && column.original_name.contains(**word);
    words(column).iter().any(|part| side.contains(&part.as_str())) || side.iter().any(|word| han(&word))
}

/// The columns of both limits: those that share a word with the effect, else those of an interval, else the only ones.
fn limits<'a>(dataset: &'a Dataset, effect: &Column) -> Option<(&'a Column, &'a Column)> {
    let own = words(effect);
    let limit = |side: &[&str]| {
        let fits = |c: &&Column| !c.is_text() && c.name != effect.name && is_limit(c, side);
        let all: Vec<&Column> = dataset.columns.iter().filter(fits).collect();
        let shares = |c: &&&Column| words(c).iter().any(|part| own.contains(part));
        let of_interval = |c: &&&Column| words(c).iter().any(|part| INTERVAL.contains(&part.as_str()));
        let only = || all.first().filter(|_| all.len() == 1);
        all.iter().find(shares).or_else(|| all.iter().find(of_interval)).or_else(only).copied()
    };
    let (low, high) = (limit(&LOWER)?, limit(&UPPER)?);
    let ordered = low.min.zip(high.min).is_some_and(|(a, b)| a < b);
    (low.name != high.name && ordered).then_some((low, high))
}

/// The quantile that belongs to the level of the intervals, which the question or the names of the limits give; 95 % otherwise.
fn quantile(question: &str, limits: [&Column; 2]) -> &'static str {
    static LEVEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(90|99) ?(?:%|percent) ?(?:ci|confidence|的?置信)").expect("a pattern")
    });
    let said = LEVEL.captures(question).map(|found| found[1].to_owned());
    let named = |level: &str| limits.iter().all(|c| raw_parts(&c.original_name).iter().any(|p| p == level));
    let fits = |(level, _): &&(&str, &str)| said.as_deref() == Some(*level) || named(level);
    QUANTILES.iter().find(fits).map_or(QUANTILES[2].1, |(_, quantile)| quantile)
}

/// True where a question names the ratio.
fn is_asked(question: &str, ratio: &Ratio) -> bool {
    let question = question.to_lowercase();
    let mut parts = question.split(|c: char| !c.is_ascii_alphanumeric());
    // the word "or" joins others
    let short = parts.any(|part| part != "or" && ratio.words.contains(&part));
    short
        || ratio.words.iter().any(|word| (word.contains(' ') || !word.is_ascii()) && question.contains(word))
}

/// The effect of each study, where its column and its limits are found; `only_asked` takes no ratio that the question does not
/// name.
pub(super) fn of_interval(question: &str, dataset: &Dataset, only_asked: bool) -> Option<Effect> {
    let is_free = |c: &&Column| !c.is_text() && !is_limit(c, &LOWER) && !is_limit(c, &UPPER);
    let ratio_of = |ratio: &Ratio| {
        let is_log = |c: &Column| words(c).iter().any(|part| part == "log" || part == "ln");
        let named = |c: &Column| {
            let joined = words(c).join(" ");
            let han = |word: &&str| !word.is_ascii() && c.original_name.contains(word);
            words(c).iter().any(|part| ratio.words.contains(&part.as_str()))
                || ratio.words.contains(&joined.as_str())
                || ratio.words.iter().any(han)
        };
        let positive = |c: &Column| c.min.is_some_and(|least| least > 0.0);
        let fits = |c: &&Column| is_free(c) && named(c) && !is_log(c) && positive(c);
        let column = dataset.columns.iter().find(fits)?;
        let (low, high) = limits(dataset, column).filter(|(low, high)| positive(low) && positive(high))?;
        Some((column, low, high))
    };
    let mut ratios: Vec<&Ratio> = RATIOS.iter().collect();
    ratios.sort_by_key(|ratio| !is_asked(question, ratio));
    for ratio in ratios.into_iter().filter(|ratio| !only_asked || is_asked(question, ratio)) {
        let Some((column, low, high)) = ratio_of(ratio) else { continue };
        let width = quantile(question, [low, high]);
        return Some(Effect {
            name: free_name(dataset, ratio.name, "_"),
            label: ratio.label,
            label_zh: ratio.label_zh,
            effect: Some(format!("ln({})", column.name)),
            error: format!("(ln({}) - ln({}))/(2*{width})", high.name, low.name),
            is_log: true,
            rows: Rows::Interval,
        });
    }
    if only_asked { None } else { of_difference(question, dataset) }
}

/// An effect that is no ratio, with its limits: the column itself, and its standard error.
fn of_difference(question: &str, dataset: &Dataset) -> Option<Effect> {
    let named = |c: &&Column| !c.is_text() && EFFECTS.contains(&c.name.to_lowercase().as_str());
    let column = dataset.columns.iter().find(named)?;
    let (low, high) = limits(dataset, column)?;
    let width = quantile(question, [low, high]);
    let parts = words(column);
    Some(Effect {
        name: column.name.clone(),
        label: "Effect of the study",
        label_zh: "研究效应",
        effect: None,
        error: format!("({} - {})/(2*{width})", high.name, low.name),
        is_log: parts.iter().any(|part| part.starts_with("log") || part.starts_with("ln")),
        rows: Rows::Interval,
    })
}
