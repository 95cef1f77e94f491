//! What a command prints: results on standard output, as text or JSON; everything else on standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::io::IsTerminal;

use serde_json::Value;

use super::failure::Failure;
use crate::cli::plain::plain;

/// Where and how a command prints.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Out {
    /// One JSON object instead of text.
    pub json: bool,
    /// No notes and no progress.
    pub quiet: bool,
    /// Language of reasons that the service gives in two languages.
    pub chinese: bool,
}

impl Out {
    /// Prints a result: the JSON for programs, or the text for people.
    pub(super) fn result(&self, value: &Value, text: impl FnOnce() -> String) {
        if self.json {
            println!("{value}");
        } else {
            let text = text();
            if !text.is_empty() {
                println!("{}", text.trim_end());
            }
        }
    }

    /// Prints text of the result before it is complete; nothing with `--json`.
    pub(super) fn line(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }

    /// Prints one event of a stream; nothing without `--json`.
    pub(super) fn event(&self, value: &Value) {
        if self.json {
            println!("{value}");
        }
    }

    /// Prints a note on the way.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{}", plain(text));
        }
    }

    /// Prints the command to type next; nothing with `--json`, where nobody types.
    pub(super) fn hint(&self, command: &str) {
        if !self.json {
            self.note(&format!("type:   stata-service {command}"));
        }
    }

    /// Prints why the command ends early.
    pub(super) fn failure(&self, failure: &Failure) {
        if self.json {
            eprintln!("{}", failure.json());
        } else {
            eprintln!("{}", failure.text());
        }
    }

    /// True if a person can answer questions: input and messages are a terminal, and nobody asked for JSON.
    pub(super) fn asks(&self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Chooses the text of an object `{en, zh}`.
    pub(super) fn words(&self, both: &Value) -> String {
        let chosen = if self.chinese { &both["zh"] } else { &both["en"] };
        plain(chosen.as_str().or(both["en"].as_str()).unwrap_or_default())
    }
}

/// A member of an object as plain text; empty where there is none.
pub(in crate::cli) fn text(value: &Value, name: &str) -> String {
    plain(value[name].as_str().unwrap_or_default())
}

/// Lays rows out in columns, as wide as their widest cell; columns of numbers are aligned right.
pub(super) fn columns(rows: &[Vec<String>], right: &[bool]) -> String {
    let width =
        |n: usize| rows.iter().filter_map(|row| row.get(n)).map(|cell| shown(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..right.len()).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (n, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths.get(n).copied().unwrap_or(0).saturating_sub(shown(cell)));
            let (before, after) =
                if right.get(n) == Some(&true) { (pad, String::new()) } else { (String::new(), pad) };
            if n > 0 {
                line.push_str("  ");
            }
            line.push_str(&before);
            line.push_str(cell);
            line.push_str(&after);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Columns of a terminal that a text takes: characters of East Asian scripts take two.
fn shown(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["term".into(), "n".into()], vec!["教育".into(), "-1.5".into()], vec!["x".into()]];
        assert_eq!(columns(&rows, &[false, true]), "term     n\n教育  -1.5\nx\n");
    }
}
