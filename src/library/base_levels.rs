//! The order in which the levels of a text column are numbered, so that the base of its indicators is the level that a reader
//! expects: one that says absence or control, else the lowest of an ordered set, else the first in alphabetical order, as `encode`
//! numbers them (ADR 0035). Reads the facts of a column only.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::dataset::Column;
use crate::domain::encode::{SafeText, number_text};
use crate::domain::plan::BaseLevel;

/// What `assets/suggest/two_values.json` has of levels.
#[derive(Deserialize)]
struct TwoValues {
    /// Words for what a treatment is compared with.
    compared: Vec<String>,
    /// Words and syllables before another word that deny it.
    denials: Vec<String>,
}

/// What `assets/suggest/scales.json` has of levels.
#[derive(Deserialize)]
struct Scales {
    scales: Vec<Vec<Vec<String>>>,
}

/// What `assets/suggest/base_levels.json` has.
#[derive(Deserialize)]
struct Words {
    /// Words for absence and for what others are compared with.
    reference: Vec<String>,
    /// Words after a denial that make it a missing answer.
    no_answer: Vec<String>,
    /// Words before the upper bound of the lowest range, and before the lower bound of the highest.
    below: Vec<String>,
    above: Vec<String>,
    /// Words after the upper bound of the lowest range.
    below_ending: Vec<String>,
    /// Further scales, the lowest level first; the spellings of a level.
    scales: Vec<Vec<Vec<String>>>,
}

struct Lists {
    controls: Vec<String>,
    denials: Vec<String>,
    words: Words,
    scales: Vec<Vec<Vec<String>>>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let two: TwoValues = serde_json::from_str(include_str!("../../assets/suggest/two_values.json"))
        .expect("two_values.json is as the code reads it");
    let scales: Scales = serde_json::from_str(include_str!("../../assets/suggest/scales.json"))
        .expect("scales.json is as the code reads it");
    let words: Words = serde_json::from_str(include_str!("../../assets/suggest/base_levels.json"))
        .expect("base_levels.json is as the code reads it");
    let scales = scales.scales.into_iter().chain(words.scales.clone()).collect();
    Lists { controls: two.compared, denials: two.denials, words, scales }
});

/// Fewest groups that are sorted: of two, the sign of their difference would change.
const LEAST_ORDERED: usize = 3;

/// The reason of a base that the client states.
pub(super) const STATED: &str = "stated";

/// The numbering of a column's levels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Numbering {
    /// Levels that are numbered first, in this order; the others follow in alphabetical order.
    pub order: Vec<String>,
    /// The base and why; `None` where the levels are not known.
    pub base: Option<BaseLevel>,
}

/// Returns the numbering of a text column, or the base of a column of numbers. `stated` is the base that the client states.
pub(super) fn numbering(column: &Column, stated: Option<&str>) -> Numbering {
    let base =
        |level: &str, reason: &str| Some(BaseLevel { level: level.to_owned(), reason: reason.to_owned() });
    if !column.is_text() {
        let lowest = column.min.map(number_text);
        let of = |level: &str| base(level, if stated.is_some() { STATED } else { "lowest" });
        return Numbering { order: Vec::new(), base: stated.or(lowest.as_deref()).and_then(of) };
    }
    let levels: Vec<&str> = column.levels.iter().map(String::as_str).collect();
    let (mut order, mut reason) = sorted(&levels);
    if let Some(stated) = stated {
        order.retain(|level| *level != stated);
        order.insert(0, stated);
        reason = STATED;
    }
    if order.iter().any(|level| SafeText::parse(*level).is_err()) {
        order.clear();
        reason = "first";
    }
    let first = order.first().or(levels.first()).copied();
    // nothing has to be numbered where the alphabet has the same order
    if order.iter().zip(&levels).all(|(a, b)| a == b) {
        order.clear();
    }
    Numbering {
        order: order.into_iter().map(str::to_owned).collect(),
        base: first.and_then(|level| base(level, reason)),
    }
}

/// The levels of a text column of three or more that an order is evident of, in this order, where the alphabet has another one.
pub(super) fn evident_order(column: &Column) -> Vec<String> {
    let levels: Vec<&str> = column.levels.iter().map(String::as_str).collect();
    let known = column.is_text() && levels.len() as u64 == column.distinct && levels.len() >= LEAST_ORDERED;
    let order = if known { ranges(&levels).or_else(|| scale(&levels)) } else { None };
    let order = order.filter(|order| *order != levels && order.iter().all(|l| SafeText::parse(*l).is_ok()));
    order.unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// The levels that come first, and why.
fn sorted<'a>(levels: &[&'a str]) -> (Vec<&'a str>, &'static str) {
    let control = control(levels);
    let rest: Vec<&str> = levels.iter().copied().filter(|level| Some(*level) != control).collect();
    let scale = ranges(&rest).or_else(|| scale(&rest)).or_else(|| scale(levels)).unwrap_or_default();
    match control {
        Some(control) => {
            let rest = scale.into_iter().filter(|level| *level != control);
            (std::iter::once(control).chain(rest).collect(), "control")
        }
        None if scale.is_empty() => (scale, "first"),
        None => (scale, "scale"),
    }
}

/// A level in small letters, with single blanks between its words.
fn key(level: &str) -> String {
    level.to_lowercase().replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one level that says absence or control: by a word of its own, by words that contain one, by a denial before another
/// word. Where several do so in one way, none is meant.
fn control<'a>(levels: &[&'a str]) -> Option<&'a str> {
    if levels.len() < 2 {
        return None;
    }
    let keys: Vec<String> = levels.iter().map(|level| key(level)).collect();
    let is = |list: &[String], text: &str| list.iter().any(|word| word == text);
    let lists = &*LISTS;
    let named = |text: &str| is(&lists.controls, text) || is(&lists.words.reference, text);
    let holds = |text: &str| {
        text.split(' ').any(|word| ["control", "placebo", "baseline", "reference"].contains(&word))
            || ["对照", "安慰剂", "参照"].iter().any(|word| text.contains(word))
    };
    let denied = |text: &str| denied(text, &keys);
    let ways: [&dyn Fn(&str) -> bool; 3] = [&named, &holds, &denied];
    ways.into_iter().find_map(|way| {
        let mut found = levels.iter().zip(&keys).filter(|(_, key)| way(key)).map(|(level, _)| *level);
        match (found.next(), found.next()) {
            (Some(one), None) => Some(Some(one)),
            (Some(_), Some(_)) => Some(None),
            (None, _) => None,
        }
    })?
}

/// True for a denial before a word: `no treatment`, `never smoker`, and, where another level has the word, `未培训`.
fn denied(text: &str, keys: &[String]) -> bool {
    let lists = &*LISTS;
    let no_answer = |rest: &str| {
        rest.is_empty()
            || lists.words.no_answer.iter().any(|word| rest == word || rest.ends_with(&format!(" {word}")))
    };
    lists.denials.iter().any(|denial| {
        let Some(rest) = text.strip_prefix(denial.trim_end_matches('-')) else { return false };
        if denial.is_ascii() {
            let word = rest.strip_prefix(' ').unwrap_or_default();
            return word.starts_with(char::is_alphabetic) && !no_answer(word);
        }
        !no_answer(rest) && keys.iter().any(|other| other != text && other.contains(rest))
    })
}

/// The levels of a scale, the lowest first; words that several levels share (`dose` of `low dose` and `high dose`) do not count.
fn scale<'a>(levels: &[&'a str]) -> Option<Vec<&'a str>> {
    if levels.len() < 2 {
        return None;
    }
    let keys: Vec<String> = levels.iter().map(|level| key(level)).collect();
    let shared = |word: &str| {
        keys.iter().filter(|key| key.split(' ').any(|other| other == word)).count() == keys.len()
    };
    let bare: Vec<String> = keys
        .iter()
        .map(|key| key.split(' ').filter(|word| !shared(word)).collect::<Vec<_>>().join(" "))
        .collect();
    let of = |words: &[String]| {
        LISTS.scales.iter().find_map(|scale| {
            let at = |word: &String| scale.iter().position(|level| level.contains(word));
            let places: Option<Vec<usize>> = words.iter().map(at).collect();
            let places =
                places.filter(|places| places.iter().collect::<BTreeSet<_>>().len() == places.len())?;
            let mut order: Vec<(usize, &'a str)> = places.into_iter().zip(levels.iter().copied()).collect();
            order.sort_unstable();
            Some(order.into_iter().map(|(_, level)| level).collect())
        })
    };
    of(&keys).or_else(|| of(&bare))
}

/// Levels that are ranges of numbers (`<18`, `18-29`, `65+`, `30岁以下`), by their numbers.
fn ranges<'a>(levels: &[&'a str]) -> Option<Vec<&'a str>> {
    if levels.len() < 2 {
        return None;
    }
    let mut order: Vec<(f64, u8, &'a str)> = Vec::new();
    for level in levels {
        let (number, side) = lower_bound(level)?;
        order.push((number, side, level));
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
    let apart = order.windows(2).all(|pair| (pair[0].0, pair[0].1) != (pair[1].0, pair[1].1));
    apart.then(|| order.into_iter().map(|(.., level)| level).collect())
}

/// The first number of a level, and on which side of it the range is: 0 below, 1 from it on, 2 above it.
fn lower_bound(level: &str) -> Option<(f64, u8)> {
    let words = &LISTS.words;
    let text = level.trim().to_lowercase();
    let after =
        |list: &[String]| list.iter().find_map(|word| text.strip_prefix(word.as_str())).map(str::trim_start);
    let (rest, mut side) = match (after(&words.below), after(&words.above)) {
        (Some(rest), _) => (rest, 0),
        (None, Some(rest)) => (rest, 2),
        (None, None) => (text.as_str(), 1),
    };
    let rest = rest.trim_start_matches(['=', '$', '¥', '€', '£']);
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let number: f64 = digits.replace(',', "").trim_end_matches('.').parse().ok()?;
    if side == 1 && words.below_ending.iter().any(|ending| text.ends_with(ending.as_str())) {
        side = 0;
    }
    Some((number, side))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::NamedValue;

    fn of(levels: &[&str]) -> (Vec<String>, String, String) {
        let mut column =
            crate::library::sketch::sketch(&["x:text".to_owned()], 10).unwrap().unwrap().columns[0].clone();
        column.levels = levels.iter().map(|l| (*l).to_owned()).collect();
        column.levels.sort();
        let Numbering { order, base } = numbering(&column, None);
        let base = base.expect("a base");
        (order, base.level, base.reason)
    }

    fn base(levels: &[&str]) -> String {
        of(levels).1
    }

    #[test]
    fn groups_of_words_have_the_order_of_their_scale() {
        let of = |levels: &[&str]| {
            let mut column =
                crate::library::sketch::sketch(&["x:text".to_owned()], 10).unwrap().unwrap().columns[0]
                    .clone();
            column.levels = levels.iter().map(|l| (*l).to_owned()).collect();
            column.levels.sort();
            column.distinct = levels.len() as u64;
            evident_order(&column)
        };
        assert_eq!(of(&["high", "low", "medium"]), ["low", "medium", "high"]);
        assert_eq!(of(&["低", "中", "高"]), ["低", "中", "高"]);
        assert_eq!(of(&["agree", "disagree", "neutral"]), ["disagree", "neutral", "agree"]);
        assert!(of(&["high", "low"]).is_empty(), "the sign of a difference of two groups stays");
        assert!(of(&["18-29", "30-49", "50+"]).is_empty(), "the alphabet has this order");
        assert!(of(&["bus", "car", "train"]).is_empty());
    }

    #[test]
    fn a_word_for_absence_or_control_is_the_base() {
        assert_eq!(of(&["high dose", "low dose", "none"]).0, ["none", "low dose", "high dose"]);
        assert_eq!(base(&["drug", "Placebo"]), "Placebo");
        assert_eq!(base(&["Coaching", "Control group", "Tutoring"]), "Control group");
        assert_eq!(base(&["current", "former", "never"]), "never");
        assert_eq!(base(&["Married", "Not married"]), "Not married");
        assert_eq!(base(&["A", "B", "no treatment"]), "no treatment");
        assert_eq!(base(&["低剂量", "对照组", "高剂量"]), "对照组");
        assert_eq!(base(&["培训", "未培训"]), "未培训");
    }

    #[test]
    fn no_answer_and_names_that_begin_with_a_denial_are_no_base() {
        assert_eq!(base(&["No answer", "Agree", "Unsure"]), "Agree");
        assert_eq!(base(&["无锡", "北京"]), "北京");
        assert_eq!(base(&["Norway", "Denmark"]), "Denmark");
        assert_eq!(base(&["None", "Never", "Daily"]), "Daily");
    }

    #[test]
    fn an_ordered_set_begins_with_its_lowest_level() {
        assert_eq!(of(&["high", "low", "medium"]).0, ["low", "medium", "high"]);
        assert_eq!(
            of(&["High income", "Low income", "Middle income"]).0,
            ["Low income", "Middle income", "High income"]
        );
        assert_eq!(of(&["10-14", "5-9", "65+", "<5"]).0, ["<5", "5-9", "10-14", "65+"]);
        assert_eq!(of(&["30岁以下", "30-39岁", "40岁以上"]).0, ["30岁以下", "30-39岁", "40岁以上"]);
        assert_eq!(base(&["大学", "小学", "高中"]), "小学");
        assert_eq!(of(&["b", "a", "c"]), (vec![], "a".to_owned(), "first".to_owned()));
    }

    #[test]
    fn a_label_names_one_number_and_no_text_of_two_meanings() {
        let named = |labels: &[&str]| {
            let mut column =
                crate::library::sketch::sketch(&["x:ordered".to_owned()], 10).unwrap().unwrap().columns[0]
                    .clone();
            let label = |(value, label): (i32, &&str)| NamedValue { value, label: (*label).to_owned() };
            column.names = (1..).zip(labels).map(label).collect();
            column
        };
        let cylinders = named(&["4", "6", "8"]);
        assert_eq!(
            ["8", " 4 ", "3", "5"].map(|text| cylinders.value_named(text)),
            [Some(3), Some(1), None, None]
        );
        assert_eq!(named(&["2", "1"]).value_named("1"), None, "1 is a number and the label of 2");
        assert_eq!(named(&["a", "a"]).value_named("a"), None, "two numbers have the label");
        assert_eq!(cylinders.legend(), "1 = 4, 2 = 6, 3 = 8");
    }

    #[test]
    fn the_client_may_state_another_base() {
        let mut column =
            crate::library::sketch::sketch(&["x:text".to_owned()], 10).unwrap().unwrap().columns[0].clone();
        column.levels = ["high", "low", "medium"].map(str::to_owned).to_vec();
        let made = numbering(&column, Some("medium"));
        assert_eq!(made.order, ["medium", "low", "high"]);
        assert_eq!(made.base.expect("a base").reason, "stated");
    }
}
