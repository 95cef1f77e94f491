//! Which of several columns a word means: a word that a name has as it is, a score, what happened rather than the time until then, and
//! Chinese words that are translated by several words of a name.

use std::sync::LazyLock;

use regex::Regex;

use super::chinese::glosses;
use super::columns::{Alias, Named, Place};
use super::families::{ANSWERS, FEWEST};
use super::mentions::{Hit, LEAST};
use super::names::numbered_trunk;
use super::words::Unit;
use crate::domain::profile::is_binary;

/// Share of its score that a synonym keeps beside a measure with the word itself: "sell" is `tix_sold`, not the price.
const BESIDE_LITERAL: f64 = 0.6;

/// Lowers the synonyms of a word that another measure has as it is.
pub(super) fn prefer_literal(slice: &str, window: &[Unit], columns: &[Named<'_>], hits: &mut [Hit]) {
    let found: Vec<bool> = match window {
        _ if window.iter().any(|unit| unit.han) => {
            hits.iter().map(|hit| abbreviated(slice, window, &columns[hit.column])).collect()
        }
        [unit] => hits.iter().map(|hit| written(unit, &columns[hit.column])).collect(),
        _ => return,
    };
    if !hits.iter().zip(&found).any(|(hit, is)| *is && columns[hit.column].is_measure()) {
        return;
    }
    for (hit, _) in hits.iter_mut().zip(found).filter(|(hit, is)| !is && !hit.exact) {
        hit.score *= BESIDE_LITERAL;
    }
}

/// True for a name or label with the word itself.
fn written(unit: &Unit, column: &Named<'_>) -> bool {
    let options = unit.options.iter().map(|(option, _)| option.as_str());
    let own: Vec<&str> = options.filter(|option| !option.starts_with('@')).take(2).collect();
    let named = column.aliases.iter().filter(|a| matches!(a.place, Place::Name | Place::Label));
    let mut units = named.flat_map(|a| &a.units).flat_map(|u| &u.options);
    units.any(|(option, _)| own.contains(&option.as_str()))
}

/// True for a name with the abbreviation of a Chinese word: `sbp12` for 收缩压, where `dbp12` is a blood pressure too.
fn abbreviated(slice: &str, window: &[Unit], column: &Named<'_>) -> bool {
    let parts = column.parts();
    let start = window[0].start;
    let words = window.iter().filter_map(|unit| slice.get(unit.start - start..unit.end - start));
    words.flat_map(glosses).any(|gloss| parts.iter().any(|part| part == gloss))
}

/// The units of a name that the English phrase of a Chinese word fits together: 住院费用 both of `hosp_cost`. Every word of the
/// phrase is in the name, and together they fit more of it than any one meaning of the word does.
pub(super) fn spread(unit: &Unit, alias: &Alias, used: &[bool], alone: f64) -> Option<Vec<(usize, f64)>> {
    let phrases = unit.options.iter().filter(|(option, _)| unit.han && option.contains(' '));
    let fits = |(phrase, strength): &(String, f64)| {
        let mut found: Vec<(usize, f64)> = Vec::new();
        for word in phrase.split(' ') {
            let free = |at: &usize| !used[*at] && found.iter().all(|(other, _)| other != at);
            let fit = |at: usize| {
                let options = alias.units[at].options.iter().filter(|(option, _)| option == word);
                options.map(|(_, s)| s * strength).max_by(f64::total_cmp).map(|s| (at, s))
            };
            found.push((0..alias.units.len()).filter(free).find_map(fit)?);
        }
        Some(found)
    };
    let sum = |found: &Vec<(usize, f64)>| found.iter().map(|(_, strength)| strength).sum::<f64>();
    let best = phrases.filter_map(fits).max_by(|a, b| sum(a).total_cmp(&sum(b)))?;
    (best.len() >= 2 && sum(&best) > alone).then_some(best)
}

/// Words of a measure, and the least match of a measure that they speak for.
const SCORES: [&str; 8] = ["score", "severity", "points", "得分", "评分", "总分", "分数", "程度"];
const SCORED: f64 = 0.25;
const AS_SCORE: f64 = 0.6;

/// "Depression score" is the score, not whether there is a depression.
pub(super) fn prefer_scores(slice: &str, columns: &[Named<'_>], hits: &mut [Hit]) {
    if !SCORES.iter().any(|word| slice.contains(word)) {
        return;
    }
    let measures = hits.iter_mut().filter(|h| columns[h.column].is_measure() && h.score >= SCORED);
    let Some(best) = measures.max_by(|a, b| a.score.total_cmp(&b.score)) else { return };
    best.score = best.score.max(AS_SCORE);
    let most = best.score * 0.9;
    let binary = |h: &&mut Hit| is_binary(columns[h.column].column) && !h.exact;
    hits.iter_mut().filter(binary).for_each(|h| h.score = h.score.min(most));
}

/// "The GAD score" is `gad_pre` or `gad_total`, not one of the items `gad_1` to `gad_7`.
pub(super) fn prefer_totals(question: &str, columns: &[Named<'_>], hits: &mut Vec<Hit>) {
    if ["item", "question", "statement", "题", "条目"].iter().any(|word| question.contains(word)) {
        return;
    }
    let is_of = |column: &Named<'_>, trunk: &str| {
        numbered_trunk(column.name()) == Some(trunk) && column.column.distinct <= ANSWERS
    };
    let trunk_of = |hit: &Hit| {
        let trunk = numbered_trunk(columns[hit.column].name())?;
        let items = columns.iter().filter(|c| is_of(c, trunk)).count();
        (items >= FEWEST && columns[hit.column].column.distinct <= ANSWERS).then_some(trunk)
    };
    let has_total = |trunk: &str| {
        hits.iter().any(|hit| {
            let column = &columns[hit.column];
            column.name().starts_with(trunk) && !is_of(column, trunk) && column.is_measure()
        })
    };
    let kept: Vec<bool> = hits.iter().map(|hit| hit.exact || !trunk_of(hit).is_some_and(has_total)).collect();
    let mut kept = kept.into_iter();
    hits.retain(|_| kept.next().unwrap_or(true));
}

/// "Which borrowers default" asks whether they do, not `months_to_default`, where another column says so.
pub(super) fn prefer_events(question: &str, columns: &[Named<'_>], hits: &mut Vec<Hit>) {
    let other = hits.iter().any(|h| columns[h.column].column.distinct == 2 && h.score >= LEAST);
    if other && !asks_time(question) {
        hits.retain(|h| h.exact || !waits(&columns[h.column]));
    }
}

/// True for a time until an event: `months_to_default`.
pub(super) fn waits(column: &Named<'_>) -> bool {
    let until = |part: &String| ["to", "until", "till"].contains(&part.as_str());
    column.is_duration() && column.parts().iter().any(until)
}

/// True where a question speaks of time.
pub(super) fn asks_time(question: &str) -> bool {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\btime\b|month|\bdays?\b|week|year|\blong|soon|earl|fast|quick|surviv|hazard|until|duration|多久|多长|时间|早|快")
            .expect("a pattern")
    });
    TIME.is_match(question)
}

/// The least match of a column that holds the quality or the number that is asked for.
const RATED: f64 = 0.25;

/// "Better reviews" are rated higher, "more reviews" are a larger number of them: of two columns with the word, the one that
/// holds what the word before it says.
pub(super) fn prefer_ratings(before: &str, columns: &[Named<'_>], hits: &mut Vec<Hit>) {
    static QUALITY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:better|best|worse|worst|good|bad|poor|poorer|positive|negative|favou?rable)(?: (?:guest|customer|user|client|patient|online))? $|(?:更好|更差|较好|较差|最好|最差)的?$")
            .expect("a pattern")
    });
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:more|most|fewer|fewest|many|number of|count of)(?: (?:guest|customer|user|client|patient|online))? $|(?:更多|更少|多少)的?$")
            .expect("a pattern")
    });
    let counted = |h: &Hit| {
        let parts = columns[h.column].parts();
        let says = ["number", "num", "nr", "n", "no", "count", "cnt", "total", "数", "数量", "次数"];
        parts.iter().any(|part| says.contains(&part.as_str())) || columns[h.column].name().ends_with('数')
    };
    let measures = |h: &Hit| columns[h.column].is_measure() && h.score >= RATED;
    let other = |counts: bool| hits.iter().any(|h| measures(h) && counted(h) == counts);
    let (quality, number) = (QUALITY.is_match(before), NUMBER.is_match(before));
    if quality == number || !other(number) {
        return;
    }
    hits.retain(|h| h.exact || counted(h) == number);
}

#[cfg(test)]
mod tests {
    use super::super::words::{Vocabulary, units};
    use super::*;

    #[test]
    fn a_chinese_compound_fits_all_words_of_a_name() {
        let asked = units("公路密度", &Vocabulary { compounds: true, ..Vocabulary::default() });
        let name = "road density".to_owned();
        let alias = Alias { place: Place::Name, units: units(&name, &Vocabulary::default()), text: name };
        assert_eq!((asked.len(), alias.units.len()), (1, 2));
        let fitted = spread(&asked[0], &alias, &[false, false], 0.5).expect("both words fit");
        assert_eq!(fitted.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1]);
        // a word that is used already fits nothing
        assert_eq!(spread(&asked[0], &alias, &[true, false], 0.5), None);
    }
}
