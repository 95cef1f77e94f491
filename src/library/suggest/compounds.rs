//! Words that belong to others beside them: "cost income ratio" is no other ratio, "teaching method" no teacher, what stands in
//! brackets says the same again, "asset quality (NPL)", and terms of the field name no column, "environmental Kuznets curve".

use std::sync::LazyLock;

use regex::Regex;

use super::super::tokens::is_han;
use super::columns::Named;
use super::mentions::Mention;
use super::surveys::may_weigh;
use super::words::{Unit, forget};
use crate::domain::profile::is_binary;

/// The certainty from which a match keeps the words beside it, and below which a match is taken for a part of another.
const FIRM: f64 = 0.8;
const LOOSE: f64 = 0.66;

/// Words that end a compound and say little by themselves.
const TAILS: [&str; 14] = [
    "ratio", "rate", "rates", "score", "scores", "index", "level", "levels", "status", "size", "share",
    "value", "values", "amount",
];

/// Words for how often something of two values occurs.
const SHARES: [&str; 6] = ["rate", "rates", "share", "shares", "percentage", "probability"];

/// Words for places behind what they are about: "high crime areas" is no area.
const PLACES: [&str; 8] =
    ["area", "areas", "places", "regions", "districts", "neighborhoods", "neighbourhoods", "zones"];

/// Takes their meaning from the words of terms that name no column.
pub(super) fn forget_terms(question: &str, units: &mut [Unit], columns: &[Named<'_>]) {
    static TERMS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:environmental )?kuznets(?: curve)?|环境库兹涅茨(?:曲线)?|phillips curve|laffer curve|engel curve|mincer(?:ian)? (?:wage )?(?:equation|regression)|菲利普斯曲线|明瑟方程")
            .expect("a pattern")
    });
    static WEIGHTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bweight(?:ed|ing)\b|\b(?:survey|sampling|population|design|sample) weights?\b|加权|(?:抽样|样本|调查)权重")
            .expect("a pattern")
    });
    // "weighted" names no weight of a body
    let of_body = columns.iter().any(|c| c.parts().iter().any(|part| part == "weight") && !may_weigh(c));
    let weights = WEIGHTS.find_iter(question).filter(|_| of_body);
    for term in TERMS.find_iter(question).chain(weights) {
        forget(units, term.range());
    }
}

/// Leaves out the matches of words that belong to the match beside them.
pub(super) fn joined(question: &str, columns: &[Named<'_>], mentions: &mut Vec<Mention>) {
    let lower = question.to_ascii_lowercase();
    let mut at = 0;
    while at + 1 < mentions.len() {
        let (first, second) = (&mentions[at], &mentions[at + 1]);
        let between = lower.get(first.end..second.start).unwrap_or_default();
        if between == " " && is_tail(&lower, columns, first, second) {
            mentions.remove(at + 1);
        } else if between == " " && is_modifier(&lower, columns, first, second)
            || between.is_empty() && is_han_modifier(&lower, columns, first, second)
        {
            mentions.remove(at);
        } else if in_brackets(&lower, between, second) && first.columns != second.columns {
            let weaker = if first.certainty < second.certainty { at } else { at + 1 };
            mentions.remove(weaker);
        } else {
            at += 1;
        }
    }
}

fn words<'a>(lower: &'a str, mention: &Mention) -> &'a str {
    lower.get(mention.start..mention.end).unwrap_or_default()
}

/// "ratio" after what names a column of its own.
fn is_tail(lower: &str, columns: &[Named<'_>], first: &Mention, second: &Mention) -> bool {
    let firm = first.exact || first.certainty >= FIRM;
    let tail = words(lower, second);
    // "default rates" are shares of those who default, whatever a column `rate` is
    if SHARES.contains(&tail) && first.exact && first.columns.iter().all(|c| columns[*c].column.distinct == 2)
    {
        return true;
    }
    !second.exact && (PLACES.contains(&tail) || firm && second.certainty < LOOSE && TAILS.contains(&tail))
}

/// "teaching" before "method": a single word that resembles a name without being a part of it.
fn is_modifier(lower: &str, columns: &[Named<'_>], first: &Mention, second: &Mention) -> bool {
    let word = words(lower, first);
    let begins =
        |part: &String| part.len() >= 3 && (word.starts_with(part.as_str()) || part.starts_with(word));
    let written = first.columns.iter().any(|c| columns[*c].parts().iter().any(begins));
    let single = !word.contains(' ') && word.is_ascii();
    single
        && !first.exact
        && first.certainty < LOOSE
        && !written
        && (second.exact || second.certainty >= FIRM)
}

/// 运输 before 距离, next to a column 运输方式: the word begins a longer name, and what follows is a measure of its own.
fn is_han_modifier(lower: &str, columns: &[Named<'_>], first: &Mention, second: &Mention) -> bool {
    let word = words(lower, first);
    let begins = |c: &usize| {
        let name = columns[*c].name();
        name.starts_with(word) && name.len() > word.len()
    };
    let measured = second.columns.iter().all(|c| columns[*c].is_measure());
    // 血压达标 is whether the target was reached, no blood pressure
    let reached = second.exact
        && second.columns.iter().all(|c| is_binary(columns[*c].column))
        && first.columns.iter().all(|c| columns[*c].is_measure());
    word.chars().all(is_han) && !first.exact && (reached || measured && first.columns.iter().all(begins))
}

/// True for words in brackets behind a match, with at most two words between.
fn in_brackets(lower: &str, between: &str, second: &Mention) -> bool {
    static OPENS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?: [a-z]+){0,2} ?[(（]$").expect("a pattern"));
    OPENS.is_match(between) && lower.get(second.end..).is_some_and(|rest| rest.starts_with([')', '）']))
}
