//! Breaks texts into lines. Where the lines stand on a page is the matter of `pdf`.

use std::borrow::Cow;

use ::figure::exact_width as text_width;

/// Breaks a text into lines of a width: after blanks and between hanzi, within a word only where it must. A line keeps
/// the blank at its end, which parts its last word from the next line for those who hear or copy the text.
pub(super) fn wrapped(text: &str, size: f64, limit: f64) -> Vec<String> {
    let text = &*quoted(text);
    if text_width(text.trim_end(), size) <= limit {
        return vec![text.trim_end().to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if text_width(&format!("{line}{}", piece.trim_end()), size) <= limit || line.is_empty() {
            line.push_str(&piece);
        } else {
            lines.push(std::mem::take(&mut line));
            line = piece;
        }
        while text_width(line.trim_end(), size) > limit && line.chars().count() > 1 {
            let (head, tail) = cut(&line, size, limit);
            lines.push(head);
            line = tail;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line);
    }
    if let Some(last) = lines.last_mut() {
        last.truncate(last.trim_end().len());
    }
    lines
}

/// The embedded font has curly quotes as wide as hanzi, which tear a text in Latin letters apart: it gets straight ones.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_latin = !text.chars().any(|c| (c as u32) >= 0x2e80);
    let is_curly = |c: char| matches!(c, '“' | '”' | '‘' | '’');
    if !is_latin || !text.contains(is_curly) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(['“', '”'], "\"").replace(['‘', '’'], "'"))
}

/// Splits a word that is wider than a line; at least one character stays on it.
fn cut(line: &str, size: f64, limit: f64) -> (String, String) {
    let mut at = line.chars().next().map_or(0, char::len_utf8);
    for (i, c) in line.char_indices().skip(1) {
        if text_width(&line[..i + c.len_utf8()], size) > limit {
            break;
        }
        at = i + c.len_utf8();
    }
    (line[..at].to_owned(), line[at..].to_owned())
}

/// Splits a text after each blank and each hanzi; control characters become blanks.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        word.push(if c.is_control() { ' ' } else { c });
        if c.is_whitespace() || (c as u32) >= 0x2e80 {
            pieces.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        pieces.push(word);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_as_wide_as_the_letters_around_them() {
        assert_eq!(
            wrapped("the arm “new care”, Cronbach’s", 10.0, 1_000.0),
            ["the arm \"new care\", Cronbach's"]
        );
        assert_eq!(wrapped("在“new care”组", 10.0, 1_000.0), ["在“new care”组"]);
    }

    #[test]
    fn lines_keep_every_letter() {
        for text in [
            "a short text",
            "averyveryverylongwordwithoutblanks and more",
            "在控制工作年限后教育对收入的影响",
        ] {
            let lines = wrapped(text, 10.0, 60.0);
            assert!(lines.len() > 1 || text_width(text, 10.0) <= 60.0, "{lines:?}");
            let joined: String = lines.concat().split_whitespace().collect();
            assert_eq!(joined, text.split_whitespace().collect::<String>());
            assert!(lines.iter().all(|l| text_width(l.trim_end(), 10.0) <= 60.0), "{lines:?}");
        }
        assert_eq!(wrapped("a short text ", 10.0, 40.0).concat(), "a short text");
    }
}
