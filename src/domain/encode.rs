//! The only ways by which a text of a user reaches a do-file: checked names, checked texts and printed
//! numbers. Everything else that is printed into a do-file is a text of this program.

use serde::{Deserialize, Serialize};

/// Longest text value of a parameter or literal, in characters.
pub const MAX_TEXT_CHARS: usize = 80;
/// Longest name of a variable, in characters (`help limits`).
pub const MAX_NAME_CHARS: usize = 32;
/// Largest number that a Stata double holds (`help datatypes`); above lie the missing values.
pub const MAX_DOUBLE: f64 = 8.988e307;

/// Why a text cannot be written into a do-file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// The text has more than [`MAX_TEXT_CHARS`] characters.
    #[error("a text may have at most {MAX_TEXT_CHARS} characters")]
    TooLong,
    /// The text has this character, which a Stata parser could interpret or which hides content.
    #[error("the character {0:?} is not allowed in a text")]
    Character(char),
    /// The text is no name of a variable; carries the text.
    #[error("{0:?} is not a variable name: letters, digits and _, first not a digit, at most 32 characters")]
    Name(String),
}

/// A text that no Stata parser, macro processor or SMCL reader can take for anything but text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafeText(String);

impl SafeText {
    /// Checks a text: at most 80 characters, none of `` ` ' $ " \ { } `` and no control character.
    ///
    /// # Errors
    /// [`Unsafe`] with the first offending character.
    pub fn parse(text: impl Into<String>) -> Result<Self, Unsafe> {
        let text = text.into();
        if text.chars().count() > MAX_TEXT_CHARS {
            return Err(Unsafe::TooLong);
        }
        match text.chars().find(|c| !is_safe(*c)) {
            Some(c) => Err(Unsafe::Character(c)),
            None => Ok(Self(text)),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text as a string literal of Stata.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// Line separators and bidirectional controls are refused with the control characters: the first could
/// end a line, the second make a reviewed do-file read differently from what runs.
fn is_safe(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '`' | '\'' | '$' | '"' | '\\' | '{' | '}')
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200e}' | '\u{200f}')
        && !('\u{202a}'..='\u{202e}').contains(&c)
        && !('\u{2066}'..='\u{2069}').contains(&c)
}

impl TryFrom<String> for SafeText {
    type Error = Unsafe;
    fn try_from(text: String) -> Result<Self, Unsafe> {
        Self::parse(text)
    }
}

impl From<SafeText> for String {
    fn from(text: SafeText) -> String {
        text.0
    }
}

/// The name of a variable: letters, digits and `_`, first not a digit, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VariableName(String);

impl VariableName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Unsafe::Name`] if it is not one.
    pub fn parse(text: impl Into<String>) -> Result<Self, Unsafe> {
        let text = text.into();
        let mut chars = text.chars();
        let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
        let rest = chars.all(|c| c == '_' || c.is_alphanumeric());
        if first && rest && text.chars().count() <= MAX_NAME_CHARS {
            Ok(Self(text))
        } else {
            Err(Unsafe::Name(text))
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VariableName {
    type Error = Unsafe;
    fn try_from(text: String) -> Result<Self, Unsafe> {
        Self::parse(text)
    }
}

impl From<VariableName> for String {
    fn from(name: VariableName) -> String {
        name.0
    }
}

impl std::fmt::Display for VariableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the shortest decimal form that reads back to the same double: `0.1`, `5`, `1e-7`.
pub fn number_text(value: f64) -> String {
    let text = format!("{value:?}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// True for numbers that Stata can hold as a double.
pub fn is_storable(value: f64) -> bool {
    value.is_finite() && value.abs() < MAX_DOUBLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_could_change_the_program_are_refused() {
        for bad in ["a`b", "it's", "$x", "a\"b", "a\\b", "{bf:x}", "a\nb", "a\tb", "a\u{2028}b", "\u{202e}x"]
        {
            assert!(SafeText::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SafeText::parse("x".repeat(81)).is_err());
        assert_eq!(SafeText::parse("北京, 50% (a-b)").expect("safe").quoted(), "\"北京, 50% (a-b)\"");
    }

    #[test]
    fn a_name_is_letters_digits_and_underscores() {
        for bad in ["", "1a", "a b", "a.b", "a`b", "a\n", "a-b", "x*", &"a".repeat(33)] {
            assert!(VariableName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(VariableName::parse("工资_2020").is_ok());
    }

    #[test]
    fn numbers_are_printed_in_their_shortest_form() {
        let cases =
            [(95.0, "95"), (0.1, "0.1"), (-0.0, "0"), (1e-7, "1e-7"), (1e300, "1e300"), (-2.5, "-2.5")];
        for (value, text) in cases {
            assert_eq!(number_text(value), text);
        }
    }

    proptest! {
        #[test]
        fn a_printed_number_reads_back_to_the_same_double(value in proptest::num::f64::NORMAL) {
            let text = number_text(value);
            prop_assert_eq!(text.parse::<f64>().expect("a number"), value);
            prop_assert!(text.bytes().all(|b| b.is_ascii_digit() || b"-.e".contains(&b)));
        }
    }
}
