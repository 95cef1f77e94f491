//! From the bytes of a text field to a string; only decoding, no rules about names or lengths.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A decoder that the caller gives.
pub type DecodeText = Arc<dyn Fn(&[u8]) -> String + Send + Sync>;

/// How text of files before release 118 (which do not say their encoding) is decoded.
#[derive(Clone, Default)]
pub enum LegacyText {
    /// UTF-8 where the field is valid UTF-8, Windows-1252 otherwise.
    #[default]
    Detect,
    /// By this function, such as a GB18030 decoder.
    With(DecodeText),
}

impl fmt::Debug for LegacyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detect => "Detect",
            Self::With(_) => "With(..)",
        })
    }
}

/// The decoder of one file.
#[derive(Debug, Clone)]
pub(crate) enum Decoder {
    Utf8,
    Legacy(LegacyText),
}

impl Decoder {
    /// Decodes `bytes`; invalid UTF-8 of a release 118 file becomes U+FFFD.
    pub(crate) fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Legacy(LegacyText::With(decode)) => Cow::Owned(decode(bytes)),
            Self::Legacy(LegacyText::Detect) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(bytes.iter().map(|&b| windows_1252(b)).collect()),
            },
        }
    }

    /// Decodes a fixed-width field: up to its first NUL.
    pub(crate) fn field<'a>(&self, field: &'a [u8]) -> Cow<'a, str> {
        self.text(until_nul(field))
    }
}

/// The part of a field before its first NUL.
pub(crate) fn until_nul(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    &field[..end]
}

/// Windows-1252 as the WHATWG Encoding Standard defines it (the five unused bytes map to C1 controls).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_text_is_detected_or_given() {
        let detect = Decoder::Legacy(LegacyText::Detect);
        assert_eq!(detect.field("工资\0x".as_bytes()), "工资");
        assert_eq!(detect.field(b"caf\xe9 \x80\0"), "café €");
        let upper = LegacyText::With(Arc::new(|b| String::from_utf8_lossy(b).to_uppercase()));
        assert_eq!(Decoder::Legacy(upper).field(b"ab"), "AB");
    }
}
