//! Columns that a word names together: those that a number or a letter counts, as many as the question says, and those of two
//! words before one noun ("long and short rates").

use super::super::tokens::{is_han, stem};
use super::columns::Named;
use super::mentions::Mention;
use super::names::numbered_trunk;
use super::words::Unit;

/// Fewest items of a scale or of another set, and most answers of an item.
pub(super) const FEWEST: usize = 3;
pub(super) const ANSWERS: u64 = 11;

/// The first of two words before a shared noun is as certain as the second.
pub(super) fn shared_heads(question: &str, columns: &[Named<'_>], mentions: &mut [Mention]) {
    let lower = question.to_lowercase();
    for at in 1..mentions.len() {
        let (first, second) = (&mentions[at - 1], &mentions[at]);
        let between = lower.get(first.end..second.start).unwrap_or_default().trim();
        let ([a], [b]) = (&first.columns[..], &second.columns[..]) else { continue };
        let joins = matches!(between, "and" | "or" | "&" | "and the" | "or the" | "versus" | "vs");
        let said = |mention: &Mention| lower.get(mention.start..mention.end).unwrap_or_default().to_owned();
        let is_left_out = |noun: &str| {
            let noun = stem(noun);
            said(second).split(' ').any(|word| stem(word) == noun)
                && said(first).split(' ').all(|w| stem(w) != noun)
        };
        let shared = columns[*a].parts().last().zip(columns[*b].parts().last());
        let is_shared = shared.is_some_and(|(x, y)| x == y && is_left_out(x));
        if joins && a != b && is_shared {
            mentions[at - 1].certainty = mentions[at - 1].certainty.max(mentions[at].certainty);
            mentions[at - 1].place = mentions[at].place;
        }
    }
}

/// How many columns the word before a name says there are: "the five confidence items", 三台仪器.
pub(super) fn how_many(question: &str, window: &[Unit]) -> Option<usize> {
    let before = question[..window[0].start].trim_end().to_lowercase();
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let number = NUMBERS.iter().position(|words| words.contains(&word)).map(|at| at + 2);
    let han = || {
        let text = before.trim_end_matches(['个', '道', '台', '项', '条', '位', '名', '种']);
        NUMBERS.iter().position(|words| words[1..].iter().any(|word| text.ends_with(word))).map(|at| at + 2)
    };
    number.or_else(|| word.parse().ok()).or_else(|| before.ends_with(is_han).then(han).flatten())
}

/// Words of the numbers from two on.
const NUMBERS: [[&str; 3]; 9] = [
    ["two", "两", "二"],
    ["three", "三", "三"],
    ["four", "四", "四"],
    ["five", "五", "五"],
    ["six", "六", "六"],
    ["seven", "七", "七"],
    ["eight", "八", "八"],
    ["nine", "九", "九"],
    ["ten", "十", "十"],
];

/// True for columns whose names differ in what a number or a letter counts: `q1`, `q2`, `q3`; `device_a`, `device_b`.
pub(super) fn counted(tied: &[usize], columns: &[Named<'_>]) -> bool {
    numbered(tied, columns) || have_stem(tied, columns, lettered)
}

/// True for columns of one numbered group: `q1`, `q2`, `q3`.
pub(super) fn numbered(tied: &[usize], columns: &[Named<'_>]) -> bool {
    have_stem(tied, columns, numbered_trunk)
}

fn have_stem(tied: &[usize], columns: &[Named<'_>], stem: fn(&str) -> Option<&str>) -> bool {
    let of = |c: usize| stem(columns[c].name());
    of(tied[0]).is_some() && tied.iter().all(|c| of(*c) == of(tied[0]))
}

/// The name of an item without the letter that counts it: `q12_` of `q12_a`, `v7` of `v7b`.
pub(super) fn lettered(name: &str) -> Option<&str> {
    let of = name.strip_suffix(|c: char| c.is_ascii_alphabetic())?;
    of.ends_with(|c: char| c == '_' || c.is_ascii_digit()).then_some(of)
}
