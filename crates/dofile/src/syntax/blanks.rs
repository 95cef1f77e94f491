//! Texts in which several blanks are one, blanks around an equals sign none, and quotes end a word without a blank.

use super::split::{quote_at, skip_quote, words};

/// The text without blanks around `=`.
pub fn tight_equals(text: &str) -> String {
    text.split('=').map(str::trim).collect::<Vec<_>>().join("=")
}

/// The text up to the first blank, and the rest without the blanks around it.
pub fn first_blank(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

/// The words of a list of numbers and quoted texts, which need no blank between them: `1"a" 2"b"`.
pub fn numbers_and_texts(list: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for word in words(list) {
        let bytes = word.as_bytes();
        let (mut start, mut at) = (0, 0);
        while at < bytes.len() {
            if !quote_at(bytes, at) {
                at += 1;
                continue;
            }
            if start < at {
                out.push(&word[start..at]);
            }
            start = skip_quote(bytes, at);
            out.push(&word[at..start]);
            at = start;
        }
        if start < word.len() {
            out.push(&word[start..]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::numbers_and_texts;

    #[test]
    fn quotes_end_words() {
        assert_eq!(
            numbers_and_texts(r#"1"a b" 2 "c"3"d" 0(5)10"#),
            ["1", "\"a b\"", "2", "\"c\"", "3", "\"d\"", "0(5)10"]
        );
        assert_eq!(numbers_and_texts(r#"1`"say "x""' "#), ["1", r#"`"say "x""'"#]);
    }
}
