//! Measures and wraps text for the layout of figures. Widths are those of the chart font
//! (assets/fonts); other fonts of the family list are of similar width, so a reserve is added.

use unicode_width::UnicodeWidthChar;

use super::metrics_table::WIDTHS;

/// Reserve for viewers that use another font of the list.
const RESERVE: f64 = 1.04;

/// Width of one character in em.
fn char_width(c: char) -> f64 {
    let code = u32::from(c);
    let at = WIDTHS.partition_point(|&(_, last, _)| last < code);
    match WIDTHS.get(at) {
        Some(&(first, _, width)) if first <= code => f64::from(width) / 1000.0,
        _ => match c.width() {
            Some(0) | None => 0.0,
            Some(1) => 0.6,
            Some(_) => 1.0,
        },
    }
}

/// Width of a line of text in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    exact(text, size) * RESERVE
}

/// The same without the reserve, for text that is set in the chart font.
pub(super) fn exact(text: &str, size: f64) -> f64 {
    text.chars().map(char_width).sum::<f64>() * size
}

/// Whether a line may break before this character without a space: between wide (CJK) characters,
/// but not before closing punctuation.
fn breaks_before(previous: char, c: char) -> bool {
    const CLOSING: &str = "、。，．：；？！）」』】》〉”’…)]}%";
    const OPENING: &str = "（「『【《〈“‘([{";
    let wide = |c: char| c.width() == Some(2);
    (wide(c) || wide(previous)) && !CLOSING.contains(c) && !OPENING.contains(previous)
}

/// Splits text into pieces between which a line may break; a space belongs to the piece before it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous: Option<char> = None;
    for (at, c) in text.char_indices() {
        if let Some(p) = previous
            && at > start
            && ((p == ' ' && c != ' ') || breaks_before(p, c))
        {
            pieces.push(&text[start..at]);
            start = at;
        }
        previous = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Wraps text to lines of at most `limit` pixels; a word that is longer is broken inside.
pub(super) fn wrap(text: &str, size: f64, limit: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for piece in pieces(paragraph) {
            if !line.is_empty() && width(&format!("{line}{}", piece.trim_end()), size) > limit {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            if line.is_empty() && width(piece.trim_end(), size) > limit {
                for c in piece.chars() {
                    if !line.is_empty() && width(&format!("{line}{c}"), size) > limit {
                        lines.push(std::mem::take(&mut line));
                    }
                    line.push(c);
                }
            } else {
                line.push_str(piece);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Wraps to at most `most` lines; the last one ends with an ellipsis when text is left over.
pub(super) fn wrap_to(text: &str, size: f64, limit: f64, most: usize) -> Vec<String> {
    let mut lines = wrap(text, size, limit);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = shorten(&format!("{last}…"), size, limit);
        }
    }
    lines
}

/// Cuts a line to `limit` pixels with an ellipsis.
pub(super) fn shorten(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.trim_end_matches('…').to_owned();
    while !cut.is_empty() && width(&format!("{cut}…"), size) > limit {
        cut.pop();
    }
    cut.push('…');
    cut
}

/// True when the text has characters that only a CJK font has.
pub(super) fn is_cjk(text: &str) -> bool {
    text.chars().any(|c| c.width() == Some(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // digits of the font are 555/1000 em, hanzi one em
        assert!((width("00", 1000.0) - 1110.0 * RESERVE).abs() < 1e-9);
        assert!((width("工资", 10.0) - 20.0 * RESERVE).abs() < 1e-9);
        assert!(width("WWW", 10.0) > width("iii", 10.0));
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let texts = [
            "Average hourly wage by industry and region",
            "按行业和地区划分的平均小时工资（元），2010—2020年",
            "averyveryverylongwordwithoutanyspaceinside and more",
            "",
        ];
        for text in texts {
            for limit in [30.0, 80.0, 400.0] {
                let lines = wrap(text, 10.0, limit);
                for line in &lines {
                    assert!(width(line, 10.0) <= limit, "{line} at {limit}");
                }
                let strip = |s: &str| s.replace(' ', "");
                assert_eq!(strip(&lines.concat()), strip(text));
            }
        }
    }

    #[test]
    fn punctuation_stays_with_its_word() {
        let lines = wrap("工资，工资，工资", 10.0, 45.0);
        assert!(lines.iter().all(|line| !line.starts_with('，')), "{lines:?}");
    }

    #[test]
    fn too_many_lines_end_with_an_ellipsis() {
        let lines = wrap_to("one two three four five six", 10.0, 60.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && width(&lines[1], 10.0) <= 60.0);
    }
}
