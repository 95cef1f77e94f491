//! Locals of a body: a local that names a temporary file keeps it, and a local that stands in a condition or
//! before a colon cannot bring a command along.

use std::collections::{BTreeMap, BTreeSet};

use super::statements::Statement;
use super::{Finding, leading_word, text};

/// Functions of the macro language whose result is text of the data.
const TEXT_OF_DATA: [&str; 6] = ["label", "variable", "value", "char", "data", "display"];
/// Words before a command that do not change what it defines.
const TRANSPARENT: [&str; 4] = ["quietly", "capture", "noisily", "else"];

/// Uses of locals in a body.
#[derive(Debug, Default)]
pub(super) struct Locals {
    /// Name → everything that is assigned to it, as it is written.
    definitions: BTreeMap<String, Vec<String>>,
    /// Names of temporary files.
    pub temporaries: BTreeSet<String>,
}

/// Reads all definitions of a body.
pub(super) fn locals(statements: &[Statement], findings: &mut Vec<Finding>) -> Locals {
    let mut out = Locals::default();
    for statement in statements {
        let rest = bare(&statement.text);
        if leading_word(rest) != "tempfile" {
            continue;
        }
        for name in rest["tempfile".len()..].split_whitespace() {
            if leading_word(name) == name {
                out.temporaries.insert(name.to_owned());
            } else {
                findings
                    .push(Finding::new(statement.line, format!("a temporary file named by a macro: {name}")));
            }
        }
    }
    for statement in statements {
        for (name, definition) in defined(bare(&statement.text)) {
            if out.temporaries.contains(&name) {
                let reason = format!("`{name}' is a temporary file and gets another value");
                findings.push(Finding::new(statement.line, reason));
            }
            out.definitions.entry(name).or_default().push(definition);
        }
    }
    out
}

/// A statement without closing brace and prefixes.
fn bare(text: &str) -> &str {
    let mut rest = text.strip_prefix('}').unwrap_or(text).trim_start();
    loop {
        let word = leading_word(rest);
        if word.len() < 3 || !TRANSPARENT.iter().any(|p| p.starts_with(word)) {
            return rest;
        }
        rest = rest[word.len()..].trim_start();
        rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    }
}

/// Locals that a statement assigns to, each with what.
fn defined(rest: &str) -> Vec<(String, String)> {
    let word = leading_word(rest);
    let after = rest[word.len()..].trim_start();
    let first = leading_word(after);
    let one = |definition: &str| vec![(first.to_owned(), definition.trim().to_owned())];
    match word {
        "" => Vec::new(),
        "foreach" | "forvalues" | "forv" => one(""),
        "gettoken" => after
            .split(':')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .map(|name| (name.trim_matches(['(', ')']).to_owned(), String::new()))
            .collect(),
        "unab" => one(""),
        "levelsof" => {
            option(after, "local").map(|name| (name, "\"values of data\"".to_owned())).into_iter().collect()
        }
        _ if word.len() >= 3 && "local".starts_with(word) => {
            let after = after.trim_start_matches(['+', '-']);
            let name = leading_word(after);
            vec![(name.to_owned(), after[name.len()..].trim().to_owned())]
        }
        _ => Vec::new(),
    }
}

fn option(text: &str, name: &str) -> Option<String> {
    let at = text.find(&format!("{name}("))? + name.len() + 1;
    Some(text[at..].split(')').next()?.trim().to_owned())
}

impl Locals {
    /// Returns why a text in which macros stand (a condition, or what precedes a colon) is refused.
    pub(super) fn brings_a_command(&self, header: &str) -> Option<String> {
        if text::has_adjacent_atoms(header) {
            return Some("a command behind a condition".to_owned());
        }
        let name = self.unsafe_macro(header, 0)?;
        Some(format!("the local `{name}' could bring a command"))
    }

    /// The first macro outside quotes whose value may be more than an operand.
    fn unsafe_macro(&self, text: &str, depth: usize) -> Option<String> {
        for name in text::macros_outside_quotes(text) {
            if let Some(function) = name.strip_prefix(':') {
                if TEXT_OF_DATA.contains(&leading_word(function.trim_start())) {
                    return Some(name);
                }
                continue;
            }
            if name.starts_with('=') {
                continue;
            }
            let known = self.definitions.get(&name).map_or(&[][..], Vec::as_slice);
            if depth > 8 || known.iter().any(|definition| self.is_unsafe(definition, depth)) {
                return Some(name);
            }
        }
        None
    }

    fn is_unsafe(&self, definition: &str, depth: usize) -> bool {
        if let Some(function) = definition.strip_prefix(':') {
            return TEXT_OF_DATA.contains(&leading_word(function.trim_start()));
        }
        if let Some(expression) = definition.strip_prefix('=') {
            return text::strings(expression).iter().any(|s| s.contains(char::is_whitespace));
        }
        let inner = text::unquoted(definition);
        inner.starts_with('!')
            || text::has_adjacent_atoms(inner)
            || self.unsafe_macro(inner, depth + 1).is_some()
    }

    /// Returns the first macro of a prefix whose value may end it: one with a colon.
    pub(super) fn ends_a_prefix(&self, prefix: &str) -> Option<String> {
        text::macros_outside_quotes(prefix).into_iter().find(|name| {
            let known = self.definitions.get(name).map_or(&[][..], Vec::as_slice);
            known.iter().any(|definition| {
                let value = definition.strip_prefix([':', '=']).unwrap_or(definition);
                value.contains(':') || self.ends_a_prefix(value).is_some_and(|inner| inner != *name)
            })
        })
    }
}
