//! Which files a statement names, and whether the template declares them: a literal relative name among the
//! declared outputs and inputs, or a local made by `tempfile`.

use std::collections::BTreeSet;

use super::statements::Statement;
use super::{Context, leading_word};

/// Returns the locals that hold temporary files.
pub(super) fn temporaries(statements: &[Statement]) -> BTreeSet<String> {
    statements
        .iter()
        .filter(|s| leading_word(&s.text) == "tempfile")
        .flat_map(|s| s.text["tempfile".len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Checks the files that one statement names. `after` is the text behind the command word.
pub(super) fn check(
    command: &str,
    after: &str,
    context: &Context,
    temporaries: &BTreeSet<String>,
    add: &mut dyn FnMut(String),
) {
    let reads = matches!(command, "use" | "merge" | "append");
    for name in named_files(command, after) {
        let literal = name.trim_matches('"');
        let temporary = literal
            .strip_prefix('`')
            .and_then(|n| n.strip_suffix('\''))
            .is_some_and(|n| temporaries.contains(n));
        // further inputs are staged in the folder `inputs`
        let declared = match literal.strip_prefix("inputs/") {
            Some(name) if reads => context.inputs.contains(name),
            _ => !reads && context.outputs.contains(literal),
        };
        if temporary || declared {
            continue;
        }
        add(if literal.contains(['`', '$']) {
            format!("a file name built from a macro: {literal}")
        } else if reads {
            format!("the file {literal:?} is not a declared input")
        } else {
            format!("the file {literal:?} is not a declared output")
        });
    }
}

/// Returns the file names of a statement: after `using`, of `save`, `use` and `graph export`, and in
/// `saving()`, quotes kept.
fn named_files(command: &str, after: &str) -> Vec<String> {
    let words = words(after);
    let mut names = Vec::new();
    for (i, word) in words.iter().enumerate() {
        if word == "using" {
            names.extend(words.get(i + 1).cloned());
        }
    }
    let mut rest = after;
    while let Some(i) = rest.find("saving(") {
        rest = &rest[i + "saving(".len()..];
        names.extend(self::words(rest).into_iter().next());
    }
    let has_using = words.iter().any(|w| w == "using");
    match command {
        "use" | "save" if !has_using => names.extend(words.first().cloned()),
        "graph" if words.first().is_some_and(|w| w == "export") => names.extend(words.get(1).cloned()),
        _ => {}
    }
    names
}

/// Splits at blanks, commas and parentheses outside quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if !quoted && (c.is_whitespace() || matches!(c, ',' | '(' | ')')) {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
