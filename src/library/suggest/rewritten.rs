//! What drafts need that are changed after the question was read: the categories that it names, another method, a condition on
//! the sample.

use std::ops::Range;

use super::explain::both;
use super::{Choice, MethodAlternative, SuggestInput, Suggestion};
use crate::domain::ids::TemplateId;
use crate::domain::template::Bilingual;
use crate::library::load::Library;
use crate::library::tokens::is_han;

/// How sure a role and a method are for which the structure of the data speaks.
pub(super) const BY_STRUCTURE: f64 = 0.6;
/// Shorter words are no names of categories: the "a" of "a group".
const SHORTEST: usize = 2;

/// The values of a text column that the question has as they are written, in the order of the question.
pub(super) fn named_levels<'a>(input: &SuggestInput<'a>, column: &str) -> Vec<&'a str> {
    levels_in(input, column, &written(input.question))
}

/// The same for a part of the question, as [`written`] returns it.
pub(super) fn levels_in<'a>(input: &SuggestInput<'a>, column: &str, text: &str) -> Vec<&'a str> {
    let levels = input.values.get(column).map(Vec::as_slice).unwrap_or_default();
    let place = |level: &'a String| Some((named_at(text, level)?.start, level.as_str()));
    let mut found: Vec<(usize, &str)> = levels.iter().filter_map(place).collect();
    // "smokers" is a part of "non-smokers"
    let all = found.clone();
    let is_part = |(at, level): &(usize, &str)| {
        let end = at + written(level.trim()).len();
        all.iter().any(|(from, longer)| {
            let longer = written(longer.trim()).len();
            longer > end - at && from <= at && end <= from + longer
        })
    };
    found.retain(|one| !is_part(one));
    found.sort_unstable();
    found.into_iter().map(|(_, level)| level).collect()
}

/// Fewest letters of a category that may stand in the plural: "ms" is no plural of "m".
const PLURAL: usize = 3;

/// Where a text, as [`written`] returns it, has a category, alone or in the plural: "oaks", "beeches".
pub(super) fn named_at(text: &str, level: &str) -> Option<Range<usize>> {
    let level = written(level.trim());
    let long = level.len() >= PLURAL && level.chars().all(|c| c.is_ascii_alphabetic());
    let plurals = ["s", "es"].into_iter().filter(|_| long).map(|end| format!("{level}{end}"));
    std::iter::once(level.clone()).chain(plurals).find_map(|own| {
        let at = place_of(text, &own)?;
        Some(at..at + own.len())
    })
}

/// A text as it is compared: `new_checkout` is "new checkout".
pub(super) fn written(text: &str) -> String {
    text.to_lowercase().replace('_', " ")
}

/// A value as it is and, for `new_checkout`, as people write it.
pub(super) fn spellings(value: &str) -> impl Iterator<Item = String> {
    let spaced = value.contains('_').then(|| value.replace('_', " "));
    std::iter::once(value.to_owned()).chain(spaced)
}

/// Characters that a text of a condition cannot have, and its length (`docs/expressions.md`).
const REFUSED: [char; 7] = ['`', '\'', '$', '"', '\\', '{', '}'];
const LONGEST: usize = 80;

/// True for a value that a condition can have as a text.
pub(super) fn is_plain_text(level: &str) -> bool {
    level.chars().count() <= LONGEST && !level.contains(REFUSED) && !level.contains(char::is_control)
}

/// Where a text has a word or a phrase as a whole.
pub(super) fn place_of(text: &str, phrase: &str) -> Option<usize> {
    let long = phrase.chars().count() >= SHORTEST;
    let joins = |c: char| c.is_alphanumeric() && !is_han(c);
    let whole = |at: usize| {
        let before = text[..at].chars().next_back().is_some_and(joins);
        let after = text[at + phrase.len()..].chars().next().is_some_and(joins);
        let own = |c: Option<char>| c.is_some_and(joins);
        !(before && own(phrase.chars().next()) || after && own(phrase.chars().next_back()))
    };
    text.match_indices(phrase).map(|(at, _)| at).find(|at| long && whole(*at))
}

/// The title of a template.
pub(super) fn title_of(library: &Library, id: &TemplateId) -> Bilingual {
    library.get(id).map(|template| template.meta.title.clone()).unwrap_or_default()
}

/// Takes another template for the draft, without settings; the one before becomes the first alternative.
pub(super) fn take(suggestion: &mut Suggestion, library: &Library, template: TemplateId) {
    suggestion.statement.parameters.clear();
    if let Some(method) = &mut suggestion.method {
        let id = template.to_string();
        method.alternatives.retain(|other| other.template_id != id);
        let earlier = MethodAlternative {
            template_id: std::mem::replace(&mut method.template_id, id),
            title: std::mem::replace(&mut method.title, title_of(library, &template)),
            score: method.confidence,
        };
        method.alternatives.insert(0, earlier);
    }
    suggestion.template_id = Some(template);
}

/// Adds a condition on the rows of the sample.
pub(super) fn only_rows(suggestion: &mut Suggestion, condition: String) {
    let sample = &mut suggestion.statement.sample_if;
    *sample = Some(match sample.take() {
        Some(other) => format!("{other} & {condition}"),
        None => condition,
    });
}

/// The choice of a column that the structure of the data gives a role.
pub(super) fn by_structure(role: &str, column: &str, (en, zh): (String, String)) -> Choice {
    Choice {
        field: format!("roles.{role}"),
        columns: vec![column.to_owned()],
        words: Vec::new(),
        basis: "structure".to_owned(),
        reason: both(en, zh),
        confidence: BY_STRUCTURE,
        alternatives: Vec::new(),
    }
}

/// Gives the choices of roles the names that the roles have in another analysis: (before, after).
pub(super) fn rename_roles(choices: &mut [Choice], names: &[(&str, &str)]) {
    for choice in choices {
        let role = choice.field.strip_prefix("roles.");
        if let Some((_, after)) = names.iter().find(|(before, _)| role == Some(*before)) {
            choice.field = format!("roles.{after}");
        }
    }
}

/// Gives every role and choice of a column to the variable that is derived from it, with the words for that, English and Chinese.
pub(super) fn derive_from(suggestion: &mut Suggestion, column: &str, variable: &str, (en, zh): (&str, &str)) {
    let replace = |columns: &mut Vec<String>| {
        columns.iter_mut().filter(|c| *c == column).for_each(|c| variable.clone_into(c));
    };
    suggestion.statement.roles.values_mut().for_each(replace);
    for choice in suggestion.choices.iter_mut().filter(|choice| choice.columns.iter().any(|c| c == column)) {
        replace(&mut choice.columns);
        choice.derives(en, zh);
    }
}

/// The choice of a condition on the sample by categories of a column.
pub(super) fn sample(column: &str, words: Vec<String>, reason: Bilingual, confidence: f64) -> Choice {
    Choice {
        field: "parameters.sample_if".to_owned(),
        columns: vec![column.to_owned()],
        words,
        basis: "value".to_owned(),
        reason,
        confidence,
        alternatives: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_category_is_found_as_a_whole_word() {
        assert_eq!(place_of("is pay higher in new jersey?", "new jersey"), Some(17));
        assert_eq!(place_of("are carpenters paid more", "car"), None);
        assert_eq!(place_of("北京和上海的人谁睡得更久", "上海"), Some(9));
        assert_eq!(place_of("does a drug help", "a"), None);
    }
}
