//! Misspelt words of a question: a word that neither English nor any template knows is read as one of a template that differs
//! by one letter ("schoolling", "tset").

use std::collections::BTreeSet;

use word_knowledge::is_word;

use super::tokens::stem;

/// Shortest word that is corrected, and shortest that it is corrected to.
const SHORTEST: usize = 5;
const SHORTEST_KNOWN: usize = 4;

/// The question with misspelt words replaced by the stems of `known` ones; `names` are those of columns.
pub(super) fn corrected(question: &str, known: &BTreeSet<String>, names: &BTreeSet<String>) -> String {
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let mut out = String::new();
    let mut rest = question;
    while let Some(start) = rest.find(is_letter) {
        let end = rest[start..].find(|c| !is_letter(c)).map_or(rest.len(), |length| start + length);
        out.push_str(&rest[..start]);
        let word = &rest[start..end];
        out.push_str(meant(&word.to_ascii_lowercase(), known, names).unwrap_or(word));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The known stem that an unknown word most probably means.
fn meant<'a>(word: &str, known: &'a BTreeSet<String>, names: &BTreeSet<String>) -> Option<&'a str> {
    let root = stem(word);
    let listed = known.contains(&root) || names.contains(&root);
    if word.len() < SHORTEST || is_word(word) || listed {
        return None;
    }
    let alike = |other: &&str| {
        other.len() >= SHORTEST_KNOWN
            && other.is_ascii()
            && other.bytes().next() == root.bytes().next()
            && strsim::osa_distance(&root, other) == 1
    };
    known.iter().map(String::as_str).find(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_read_as_one_of_a_template() {
        let known: BTreeSet<String> = ["school", "threshold", "median"].map(str::to_owned).into();
        let none = BTreeSet::new();
        assert_eq!(
            corrected("more schoolling, above 学校 tresholds", &known, &none),
            "more school, above 学校 threshold"
        );
        assert_eq!(corrected("meddian income of Zhang", &known, &none), "median income of Zhang");
        // a word of English is not misspelt
        assert_eq!(corrected("medians of schools", &known, &none), "medians of schools");
        // nor is the name of a column
        let column = std::iter::once("meddian".to_owned()).collect();
        assert_eq!(corrected("meddian", &known, &column), "meddian");
    }
}
