//! Splits a do-file into statements: comments taken out, continued lines joined, quotes kept whole. What a
//! statement may say is asked elsewhere.

use super::Finding;

/// One statement with the line on which it begins (1-based).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub line: usize,
    pub text: String,
}

struct Scanner<'a> {
    chars: Vec<char>,
    at: usize,
    line: usize,
    start: usize,
    text: String,
    statements: Vec<Statement>,
    findings: &'a mut Vec<Finding>,
}

/// Returns the statements of a do-file; unbalanced comments and quotes become findings.
pub(super) fn statements(source: &str, findings: &mut Vec<Finding>) -> Vec<Statement> {
    let mut scanner = Scanner {
        chars: source.chars().collect(),
        at: 0,
        line: 1,
        start: 1,
        text: String::new(),
        statements: Vec::new(),
        findings,
    };
    scanner.run();
    scanner.statements
}

impl Scanner<'_> {
    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    /// True at the beginning of a line or after a blank, where `//` begins a comment.
    fn after_blank(&self) -> bool {
        self.at == 0 || self.chars[self.at - 1].is_whitespace()
    }

    fn finish(&mut self) {
        let text = self.text.trim().to_owned();
        if !text.is_empty() {
            self.statements.push(Statement { line: self.start, text });
        }
        self.text.clear();
        self.start = self.line;
    }

    fn skip_line(&mut self) {
        while self.at < self.chars.len() && self.chars[self.at] != '\n' {
            self.at += 1;
        }
    }

    fn run(&mut self) {
        while self.at < self.chars.len() {
            let begins = self.text.trim().is_empty();
            if begins && self.text.is_empty() {
                self.start = self.line;
            }
            if self.looking_at("/*") {
                self.block_comment();
            } else if self.looking_at("///") && self.after_blank() {
                self.skip_line();
                self.at += 1;
                self.line += 1;
                self.text.push(' ');
            } else if (self.looking_at("//") && self.after_blank()) || (begins && self.looking_at("*")) {
                self.line_comment();
            } else if self.looking_at("`\"") {
                self.compound_quotes();
            } else if self.looking_at("\"") {
                self.quotes();
            } else {
                let c = self.chars[self.at];
                self.at += 1;
                if c == '\n' {
                    self.line += 1;
                    self.finish();
                } else {
                    self.text.push(c);
                }
            }
        }
        self.finish();
    }

    /// A comment to the end of the line. Whether a block comment can begin in it is not the same everywhere.
    fn line_comment(&mut self) {
        let begin = self.at;
        self.skip_line();
        let comment: String = self.chars[begin..self.at].iter().collect();
        if comment.contains("/*") || comment.contains("*/") {
            self.findings.push(Finding::new(self.line, "a block comment begins or ends in a line comment"));
        }
        if comment.starts_with('*') && comment.trim_end().ends_with("///") {
            self.findings.push(Finding::new(self.line, "a comment line continues in the next line"));
        }
    }

    fn block_comment(&mut self) {
        let (begin, mut depth) = (self.line, 0);
        let inside = self.at > 0 && is_word(self.chars[self.at - 1]);
        while self.at < self.chars.len() {
            if self.looking_at("/*") {
                depth += 1;
                self.at += 2;
            } else if self.looking_at("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    if inside && self.chars.get(self.at).copied().is_some_and(is_word) {
                        self.findings.push(Finding::new(begin, "a comment inside a word"));
                    }
                    self.text.push(' ');
                    return;
                }
            } else {
                self.line += usize::from(self.chars[self.at] == '\n');
                self.at += 1;
            }
        }
        self.findings.push(Finding::new(begin, "the comment is not closed"));
    }

    fn quotes(&mut self) {
        self.push(1);
        while let Some(c) = self.chars.get(self.at).copied().filter(|c| *c != '\n') {
            self.push(1);
            if c == '"' {
                return;
            }
        }
        self.findings.push(Finding::new(self.line, "the quotes are not balanced"));
    }

    fn compound_quotes(&mut self) {
        let (begin, mut depth) = (self.line, 0);
        while self.at < self.chars.len() {
            if self.looking_at("`\"") {
                depth += 1;
                self.push(2);
            } else if self.looking_at("\"'") {
                depth -= 1;
                self.push(2);
                if depth == 0 {
                    return;
                }
            } else if self.chars[self.at] == '\n' {
                break;
            } else {
                self.push(1);
            }
        }
        self.findings.push(Finding::new(begin, "the compound quotes are not balanced"));
    }

    fn push(&mut self, count: usize) {
        for _ in 0..count {
            self.text.push(self.chars[self.at]);
            self.at += 1;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '`' | '\'' | '!' | '"')
}
