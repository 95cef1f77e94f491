//! Texts that others wrote, for a terminal: a capsule, a label or a model's answer must not move the cursor, colour or
//! hide what the program prints.

/// Shows control characters, line ends included, and marks of writing direction as `\u{1b}`; everything else as it is.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_direction(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_and_letters_stay() {
        assert_eq!(plain("ok\u{1b}[2Jx\r\ny"), r"ok\u{1b}[2Jx\u{d}\u{a}y");
        assert_eq!(plain("gpj.\u{202e}exe \u{9b}31m"), r"gpj.\u{202e}exe \u{9b}31m");
        assert_eq!(plain("结果 é \"x\""), "结果 é \"x\"");
    }
}
