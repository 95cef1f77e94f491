//! Text with SMCL directives as plain text ([P] smcl).

use unicode_width::UnicodeWidthStr;

/// Width of a line without a number in `{hline}` and `{center:text}`.
const LINE: usize = 79;

/// Longest text that one directive makes.
const MOST: usize = 10_000;

/// Directives whose text is shown as it is; without a text they change the style.
const STYLES: [&str; 24] = [
    "txt", "text", "res", "result", "err", "error", "inp", "input", "bf", "it", "sf", "ul", "com", "cmd",
    "cmdab", "opt", "var", "p_end", "p", "smcl", "reset", "hilite", "hi", "title",
];

/// Links: what is shown is the text behind the colon, or the argument.
const LINKS: [&str; 6] = ["help", "helpb", "stata", "browse", "view", "search"];

/// A text without SMCL directives, as a text log shows it when it starts in a column (from 0).
pub(crate) fn plain(s: &str, column: usize) -> String {
    let mut out = String::new();
    let mut rest = s;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = closing(&rest[open..]).map(|k| k + open) else {
            out.push_str(&rest[open..]);
            return out;
        };
        let at = match out.rfind('\n') {
            Some(line) => out[line + 1..].width(),
            None => column + out.width(),
        };
        match directive(&rest[open + 1..close], at) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    out + rest
}

/// The brace that closes the one at the start; directives may hold others.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(i, c)| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        (depth == 0).then_some(i)
    })
}

/// What a directive shows in a column; nothing for one that is not known.
fn directive(inner: &str, at: usize) -> Option<String> {
    let (head, text) = match inner.split_once(':') {
        Some((head, text)) => (head, Some(text)),
        None => (inner, None),
    };
    let (name, argument) = head.split_once(' ').unwrap_or((head, ""));
    let shown = || text.map_or(String::new(), |t| plain(t, at));
    let number = || argument.trim().parse::<usize>().ok().map(|n| n.min(MOST));
    let blanks = |n: usize| " ".repeat(n);
    Some(match name {
        "hline" | ".-" => "-".repeat(number().unwrap_or(LINE).min(255)),
        "space" => blanks(number().unwrap_or(1).min(255)),
        "col" => blanks(number().unwrap_or(1).saturating_sub(1).saturating_sub(at)),
        "dup" => shown().repeat(number()?),
        "ralign" => {
            let text = shown();
            blanks(number()?.saturating_sub(text.width())) + &text
        }
        "lalign" => {
            let text = shown();
            let room = number()?.saturating_sub(text.width());
            text + &blanks(room)
        }
        "center" | "centre" => {
            let text = shown();
            let room = number().unwrap_or(LINE).saturating_sub(text.width());
            // a text without a width is not filled up at its right
            let right = if argument.is_empty() { 0 } else { room - room / 2 };
            blanks(room / 2) + &text + &blanks(right)
        }
        "bind" => shown(),
        "tab" => "\t".to_string(),
        "break" => "\n".to_string(),
        "..." | "asis" => String::new(),
        n if LINKS.contains(&n) => match inner.split_once("\":") {
            // an address in quotes holds colons
            Some((_, text)) => plain(text, at),
            None if text.is_some() => shown(),
            None => argument.trim_matches('"').to_string(),
        },
        "opt" | "cmd" if text.is_none() => argument.to_string(),
        // the colon stands behind the shortest abbreviation
        "cmdab" | "opt" => format!("{argument}{}", text?.replace(':', "")),
        n if STYLES.contains(&n) => shown(),
        "c" | "char" => match argument.trim() {
            "-(" | "(-" => "{",
            ")-" | "-)" => "}",
            "TLC" | "TRC" | "BLC" | "BRC" | "TT" | "BT" | "LT" | "RT" => "+",
            "S|" => "$",
            "'g" => "`",
            // the text of `{c |}` stands behind the blank; a colon does not part it
            _ => inner.split_once(' ').map_or("", |(_, c)| c.trim()),
        }
        .to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn directives_hold_others_and_pad_their_text() {
        for (text, want) in [
            ("{ralign 6:{res:12}}|{lalign 4:a}|{center 5:b}|", "    12|a   |  b  |"),
            ("{dup 3:-}{c +}{hline 2}{c |}", "---+--|"),
            ("a{col 5}{bf:b{it:c}}", "a   bc"),
            ("{txt}x{space 2}{c -(}y{c )-}{p_end}", "x  {y}"),
            ("{browse \"http://a.b/c\":site} {help regress} {stata \"di 1\":run}", "site regress run"),
            ("{nosuch} {not closed", "{nosuch} {not closed"),
            ("{bind:a b}{...}", "a b"),
        ] {
            assert_eq!(plain(text, 0), want, "{text}");
        }
        assert_eq!(plain("{col 5}x", 2), "  x");
    }
}
