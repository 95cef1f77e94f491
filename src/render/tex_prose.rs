//! Paragraphs of a LaTeX report: where a line may be broken that has no blank.

use super::tex::{escape, escape_behind};

/// Room that the blanks of a line may take before a word runs over the margin.
pub(super) const STRETCH: &str = "\\emergencystretch=3em ";
/// Letters and digits in a row from which on they may be broken, such as those of an id.
const UNBROKEN: usize = 20;

/// True at a sign within a long address such as a DOI, behind which it may be broken.
fn is_within_address(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at(at);
    let is_part = |c: char| c.is_ascii_graphic();
    let own = from.chars().next().is_some_and(|c| matches!(c, '/' | '.' | '-'));
    let behind = from.chars().nth(1).is_some_and(|c| c.is_ascii_alphanumeric());
    let start = before.trim_end_matches(is_part).len();
    let length = (at - start) + from.chars().take_while(|c| is_part(*c)).count();
    let token = &text[start..start + length];
    own && behind && length > UNBROKEN && token.contains('/')
}

/// Text of a paragraph: what has no place to break, such as an id, gets some.
pub(super) fn prose(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let letters: Vec<char> = run.chars().collect();
        if is_word(first) && letters.len() > UNBROKEN {
            let pieces = letters.chunks(8).map(|piece| escape(&piece.iter().collect::<String>()));
            out.push_str(&pieces.collect::<Vec<_>>().join("\\allowbreak{}"));
        } else {
            out.push_str(&escape_behind(before, run));
            if is_within_address(text, text.len() - rest.len()) {
                out.push_str("\\allowbreak{}");
            }
        }
        before = run.chars().next_back().unwrap_or(before);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_be_broken_and_words_may_not() {
        assert_eq!(
            prose("Run run_01a20121d17076baaf53eeabd09cf0fb, 5%"),
            "Run run\\_01a2\\allowbreak{}0121d170\\allowbreak{}76baaf53\\allowbreak{}eeabd09c\\allowbreak{}f0fb, 5\\%"
        );
        assert_eq!(prose("heteroskedasticity-robust 受教育年限"), "heteroskedasticity-robust 受教育年限");
    }

    #[test]
    fn addresses_may_be_broken_behind_their_signs() {
        assert_eq!(
            prose("Cox (1972), B 34. doi:10.1111/j.2517-6161.1972 见该文。"),
            "Cox (1972), B 34. doi:10.\\allowbreak{}1111/\\allowbreak{}j.\\allowbreak{}2517-\\allowbreak{}6161.\\allowbreak{}1972 见该文。"
        );
        assert_eq!(prose("p = 0.05, and/or a t-test."), "p = 0.05, and/or a t-test.");
    }
}
