//! Texts in which several blanks are one, and blanks around an equals sign none.

/// The text without blanks around `=`.
pub fn tight_equals(text: &str) -> String {
    text.split('=').map(str::trim).collect::<Vec<_>>().join("=")
}

/// The text up to the first blank, and the rest without the blanks around it.
pub fn first_blank(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}
