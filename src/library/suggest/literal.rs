//! Words that a name has as they are, and Chinese words that are translated by several words of a name.

use super::chinese::glosses;
use super::columns::{Alias, Named, Place};
use super::mentions::Hit;
use super::words::Unit;

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
