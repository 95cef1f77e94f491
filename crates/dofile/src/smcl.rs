//! Text with SMCL directives as plain text ([P] smcl).

use unicode_width::UnicodeWidthStr;

/// A text without SMCL directives, as a text log shows it when it starts in a column (from 0).
pub(crate) fn plain(s: &str, column: usize) -> String {
    if !s.contains('{') {
        return s.to_string();
    }
    let mut out = String::new();
    let mut rest = s;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}').map(|k| k + open) else {
            out.push_str(&rest[open..]);
            return out;
        };
        let inner = &rest[open + 1..close];
        let name = inner.split([':', ' ']).next().unwrap_or("");
        let styles = [
            "txt", "text", "res", "result", "err", "error", "inp", "input", "bf", "it", "sf", "ul", "com",
            "cmd", "p_end", "p", "smcl", "reset", "hilite", "hi", "title", "ralign", "lalign", "center",
        ];
        match name {
            "hline" => {
                let n = inner[5..].trim().parse().unwrap_or(79usize);
                out.push_str(&"-".repeat(n.min(255)));
            }
            "space" => out.push_str(&" ".repeat(inner[5..].trim().parse().unwrap_or(1usize).min(255))),
            "col" => {
                let n: usize = inner[3..].trim().parse().unwrap_or(1);
                let at = match out.rfind('\n') {
                    Some(line) => out[line + 1..].width(),
                    None => column + out.width(),
                };
                out.push_str(&" ".repeat(n.min(10_000).saturating_sub(1).saturating_sub(at)));
            }
            n if styles.contains(&n) => out.push_str(inner.split_once(':').map_or("", |(_, t)| t)),
            "c" | "char" => out.push_str(match inner.split_once(' ').map_or("", |(_, c)| c.trim()) {
                "|" => "|",
                "-(" | "(-" => "{",
                ")-" | "-)" => "}",
                "TLC" | "TRC" | "BLC" | "BRC" | "TT" | "BT" | "LT" | "RT" | "+" => "+",
                "-" => "-",
                other => other,
            }),
            _ => out.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    out + rest
}
