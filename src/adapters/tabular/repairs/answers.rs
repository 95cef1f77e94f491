//! Text columns that no single level fits: several answers in one cell, and one level under several words. Both are named with
//! the derived variables that help; the file does not say which is meant, so that no step is offered.

use std::collections::{BTreeMap, BTreeSet};

use super::Place;
use super::scan::TextScan;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::dataset::Column;
use crate::domain::no_answer::is_no_answer;

/// Signs between answers, the more certain ones first.
const BETWEEN: [char; 6] = ['；', ';', '、', '|', '，', ','];
/// Most different answers of a question with several.
const MOST_ANSWERS: usize = 30;
/// Share of the answers that have to occur in more than one combination.
const REPEATED: f64 = 0.8;
/// Longest answer, in characters: longer ones are sentences.
const LONGEST: usize = 40;
/// Levels that are listed in a message.
const LISTED: usize = 8;
/// Most spellings of a column of two levels.
const MOST_SPELLINGS: usize = 20;

/// Words for the levels of a column of two, the first side being 1 where people count.
const SIDES: [[&[&str]; 2]; 2] = [
    [
        &["f", "female", "woman", "w", "girl", "女", "女性", "女士", "weiblich", "femme", "mujer"],
        &["m", "male", "man", "boy", "男", "男性", "先生", "männlich", "homme", "hombre"],
    ],
    [
        &["yes", "y", "true", "t", "1", "是", "有", "对", "ja", "oui", "si", "sí"],
        &["no", "n", "false", "f", "0", "否", "无", "没有", "不是", "nein", "non"],
    ],
];

/// Says what a text column holds, where it is one of these; true if something was said.
pub(super) fn remark(column: &Column, scan: &TextScan, place: Place, warnings: &mut Warnings) -> bool {
    let name = Some(column.name.as_str());
    if let Some((message, hint)) = synonyms(column, scan, place) {
        warnings.withdraw(&["mixed_types"], &column.name);
        warnings.warn("synonyms_of_text", name, message, &hint);
    } else if let Some((message, hint)) = several(column, scan, place) {
        warnings.warn("several_answers", name, message, &hint);
    } else {
        return false;
    }
    true
}

/// True for a column whose texts are two levels under several words, so that a reading as numbers would lose some.
pub(super) fn is_of_two(column: &Column, scan: &TextScan) -> bool {
    sides(column, scan).is_some()
}

/// The message and the advice.
type Said = Option<(String, String)>;

/// The texts of the two sides, as the file has them with their first rows, where one side has several words.
fn sides<'a>(column: &Column, scan: &'a TextScan) -> Option<[Vec<(&'a str, u64)>; 2]> {
    let texts = scan.shapes.different();
    if column.distinct_is_lower_bound || !(3..=MOST_SPELLINGS).contains(&texts.len()) {
        return None;
    }
    SIDES.iter().find_map(|pair| {
        let mut found: [Vec<(&str, u64)>; 2] = [Vec::new(), Vec::new()];
        for (text, row) in texts.iter().filter(|(text, _)| !is_no_answer(text)) {
            let word = text.trim().trim_end_matches('.').to_lowercase();
            let side = pair.iter().position(|words| words.contains(&word.as_str()))?;
            found[side].push((text, *row));
        }
        let words = |side: &[(&str, u64)]| {
            let words: BTreeSet<String> = side.iter().map(|(text, _)| text.trim().to_lowercase()).collect();
            words.len()
        };
        let several = words(&found[0]) + words(&found[1]) > 2;
        (several && !found[0].is_empty() && !found[1].is_empty()).then_some(found)
    })
}

/// `M`, `male` and `男`; `yes` and `1`.
fn synonyms(column: &Column, scan: &TextScan, place: Place) -> Said {
    let mut sides = sides(column, scan)?;
    for side in &mut sides {
        side.sort_by_key(|(_, row)| *row);
    }
    let listed = |side: &[(&str, u64)]| {
        let cells: Vec<String> = side
            .iter()
            .take(LISTED)
            .map(|(text, row)| format!("\"{}\" in {}", shown(text), place.row(*row)))
            .collect();
        cells.join(", ")
    };
    let name = &column.name;
    let message = format!(
        "{name} writes two levels under several words: {}; and {}; each word counts as a level of its own",
        listed(&sides[0]),
        listed(&sides[1])
    );
    let words: Vec<String> = sides[0].iter().map(|(text, _)| format!("\"{text}\"")).collect();
    let hint = format!(
        "derive a variable of 0 and 1 and use it instead, such as inlist({name}, {}); a cell with blanks around its word is \
         another text, which a data step for blanks repairs first",
        words.join(", ")
    );
    Some((message, hint))
}

/// `music; sport`, `微信、抖音`.
fn several(column: &Column, scan: &TextScan, place: Place) -> Said {
    let texts = scan.shapes.different();
    let name = &column.name;
    BETWEEN.iter().find_map(|sign| {
        let joined: Vec<(&String, &u64)> = texts.iter().filter(|(text, _)| text.contains(*sign)).collect();
        if joined.len() < 2 {
            return None;
        }
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        for text in texts.keys() {
            let parts: BTreeSet<&str> = text.split(*sign).map(str::trim).filter(|part| !part.is_empty()).collect();
            for part in parts {
                *answers.entry(part).or_default() += 1;
            }
        }
        let is_answer = |text: &&str| text.chars().count() <= LONGEST && text.chars().any(char::is_alphabetic);
        let repeated = answers.values().filter(|count| **count > 1).count();
        let fits = (2..=MOST_ANSWERS).contains(&answers.len())
            && answers.keys().all(is_answer)
            && repeated as f64 >= REPEATED * answers.len() as f64;
        // a comma stands between the parts of names and places, too
        let is_certain = !matches!(sign, ',' | '，') || repeated == answers.len() && joined.len() * 4 >= texts.len();
        if !fits || !is_certain {
            return None;
        }
        let (first, row) = joined.iter().min_by_key(|(_, row)| **row)?;
        let listed: Vec<&str> = answers.keys().take(LISTED).copied().collect();
        let more = if answers.len() > LISTED { ", …" } else { "" };
        let message = format!(
            "{name} holds several answers in one cell, separated by \"{sign}\" (\"{}\" in {}): {} combinations of {} answers ({}{more}), \
             each of which counts as a level of its own",
            shown(first),
            place.row(**row),
            texts.len(),
            answers.len(),
            listed.join(", ")
        );
        let answer = listed.first().copied().unwrap_or_default();
        let within = answers.keys().filter(|other| other.contains(answer)).count() > 1;
        let caution = if within { "; the word is part of another answer, so give it with the sign next to it" } else { "" };
        let hint = format!(
            "derive a variable of 0 and 1 for each answer that the question needs, such as strpos({name}, \"{answer}\"){caution}"
        );
        Some((message, hint))
    })
}
