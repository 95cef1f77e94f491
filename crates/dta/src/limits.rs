//! The size limits of release 118/119 files, and cutting texts to them; nothing is written here.

/// Characters of a variable, value-label or characteristic name.
pub const NAME_CHARS: usize = 32;
/// Bytes of such a name.
pub const NAME_BYTES: usize = 128;
/// Characters of a variable label and of the data label.
pub const LABEL_CHARS: usize = 80;
/// Bytes of a variable label and of the data label.
pub const LABEL_BYTES: usize = 320;
/// Bytes of a display format.
pub const FORMAT_BYTES: usize = 56;
/// Bytes of a `str#` value.
pub const STR_BYTES: usize = 2045;
/// Bytes of a `strL` value.
pub const STRL_BYTES: usize = 2_000_000_000;
/// Bytes of one value label's text.
pub const VALUE_LABEL_BYTES: usize = 32_000;
/// Entries of one value-label set.
pub const VALUE_LABEL_ENTRIES: usize = 65_536;
/// Bytes of a characteristic's contents.
pub const CHARACTERISTIC_BYTES: usize = 67_784;
/// Variables of release 118; more need 119.
pub const VARIABLES_118: usize = 32_767;
/// Variables of release 119.
pub const VARIABLES_119: usize = 120_000;
/// Rows (2^40 - 1, the largest strL row number of release 119).
pub const ROWS: u64 = (1 << 40) - 1;

/// The longest prefix of `text` with at most `chars` characters and `bytes` bytes.
pub fn cut(text: &str, chars: usize, bytes: usize) -> &str {
    let end = text
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take(chars)
        .take_while(|&end| end <= bytes)
        .last()
        .unwrap_or(0);
    &text[..end]
}

/// `text` cut to what a variable label or the data label holds.
pub fn cut_label(text: &str) -> &str {
    cut(text, LABEL_CHARS, LABEL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_keeps_whole_characters() {
        assert_eq!(cut("工资abc", 3, 99), "工资a");
        assert_eq!(cut("工资abc", 9, 5), "工");
        assert_eq!(cut("ab", 9, 9), "ab");
        assert_eq!(cut("", 9, 9), "");
    }
}
