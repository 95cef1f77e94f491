//! The lint of bodies: what a template's do-file may say, statement by statement. Everything that is not on
//! the list of commands is refused, in every abbreviation and after every prefix.

mod commands;
mod files;
mod statements;

use std::collections::BTreeSet;

use self::commands::{FILE_FUNCTIONS, Known, MACRO_FUNCTIONS, PREFIXES};
use self::statements::Statement;

/// Raise it with every change of the rules; the index carries it.
pub const LINT_VERSION: u32 = 1;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 1-based line of the body.
    pub line: usize,
    pub reason: String,
}

impl Finding {
    fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// What the lint knows of the template and the library around a body.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Programs of the library's ado folder.
    pub idioms: BTreeSet<String>,
    /// Files that the body may write.
    pub outputs: BTreeSet<String>,
    /// Files that the body may read.
    pub inputs: BTreeSet<String>,
}

/// Returns everything in a body that the contract does not allow.
pub fn lint_body(source: &[u8], context: &Context) -> Vec<Finding> {
    let Ok(text) = std::str::from_utf8(source) else {
        return vec![Finding::new(0, "the body is not UTF-8")];
    };
    let mut findings = Vec::new();
    if !text.ends_with('\n') {
        findings.push(Finding::new(0, "the body must end with a line end"));
    }
    if let Some(i) = text.find(['\r', '\0']) {
        let line = text[..i].matches('\n').count() + 1;
        findings.push(Finding::new(line, "a carriage return or null character"));
    }
    let statements = statements::statements(text, &mut findings);
    check_braces(&statements, &mut findings);
    let temporaries = files::temporaries(&statements);
    for (i, statement) in statements.iter().enumerate() {
        let next = statements.get(i + 1).map_or("", |s| s.text.as_str());
        check_statement(statement, next, context, &temporaries, &mut findings);
    }
    findings.sort_by_key(|f| f.line);
    findings
}

/// A block opens at the end of a line and closes on a line of its own (or before `else`).
fn check_braces(statements: &[Statement], findings: &mut Vec<Finding>) {
    let mut open: Vec<usize> = Vec::new();
    for statement in statements {
        if statement.text.starts_with('}') && open.pop().is_none() {
            findings.push(Finding::new(statement.line, "a brace closes nothing"));
        }
        if statement.text.ends_with('{') {
            open.push(statement.line);
        }
    }
    findings.extend(open.into_iter().map(|line| Finding::new(line, "the brace is not closed")));
}

fn check_statement(
    statement: &Statement,
    next: &str,
    context: &Context,
    temporaries: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let line = statement.line;
    let mut add = |reason: String| findings.push(Finding::new(line, reason));
    check_text(&statement.text, &mut add);
    let mut rest = statement.text.as_str();
    rest = rest.strip_prefix('}').unwrap_or(rest).trim_start();
    loop {
        let word = leading_word(rest);
        if let Some((prefix, _)) =
            PREFIXES.iter().find(|(name, short)| word.len() >= short.len() && name.starts_with(word))
        {
            rest = rest[word.len()..].trim_start();
            if *prefix == "capture" && !next.contains("_rc") {
                add("`capture` needs a test of _rc in the next statement".to_owned());
            }
            if matches!(*prefix, "by" | "bysort") {
                match rest.split_once(':') {
                    Some((_, command)) => rest = command.trim_start(),
                    None => add(format!("`{prefix}` without a colon")),
                }
            } else {
                rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
            }
            if rest == "{" || rest.is_empty() {
                return;
            }
            continue;
        }
        match word {
            "else" => {
                rest = rest[word.len()..].trim_start();
                if rest == "{" || rest.is_empty() {
                    return;
                }
            }
            "if" | "while" | "foreach" | "forvalues" | "forv" => {
                if !rest.ends_with('{') {
                    add(format!("`{word}` needs a block in braces"));
                }
                return;
            }
            _ => break,
        }
    }
    if !rest.is_empty() {
        check_command(rest, context, temporaries, &mut add);
    }
}

/// Returns the name that a statement begins with.
fn leading_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn check_command(rest: &str, context: &Context, temporaries: &BTreeSet<String>, add: &mut dyn FnMut(String)) {
    let word = leading_word(rest);
    let after = &rest[word.len()..];
    if word.is_empty() || after.starts_with(['`', '$']) {
        let reason = match rest.chars().next() {
            Some('!') => "no shell".to_owned(),
            Some('#') => "`#` commands are refused".to_owned(),
            _ => format!("a command built from a macro: {}", rest.chars().take(40).collect::<String>()),
        };
        add(reason);
        return;
    }
    if context.idioms.contains(word) {
        files::check("idiom", after, context, temporaries, add);
        return;
    }
    match commands::lookup(word) {
        Known::Refused(reason) => add(format!("`{word}` is refused: {reason}")),
        Known::Unknown => add(format!("`{word}` is not on the list of commands")),
        Known::Allowed(name) => {
            let second = leading_word(after.trim_start());
            let refused = match name {
                "graph" => matches!(second, "use" | "save" | "print" | "play" | "set" | "query" | "dir"),
                "estimates" => matches!(second, "use" | "save"),
                "export" => !matches!(second, "delimited" | "delim"),
                "label" => matches!(second, "save" | "language"),
                "irf" => matches!(second, "set" | "use"),
                "cluster" => matches!(second, "use"),
                "collect" => matches!(second, "save" | "use" | "export"),
                "spmatrix" => matches!(second, "save" | "use" | "import" | "export"),
                _ => false,
            };
            if refused {
                add(format!("`{name} {second}` is refused: no files beside the declared ones"));
            } else {
                files::check(name, after, context, temporaries, add);
            }
        }
    }
}

/// Looks at a whole statement for what no command may say.
fn check_text(text: &str, add: &mut dyn FnMut(String)) {
    for function in FILE_FUNCTIONS {
        if text.contains(function) {
            add(format!("`{function})` touches files"));
        }
    }
    if text.contains('$') {
        add("global macros are refused".to_owned());
    }
    if text.contains("c(")
        && ["c(pwd)", "c(sysdir", "c(tmpdir)", "c(username)", "c(hostname)"].iter().any(|c| text.contains(c))
    {
        add("folders and users of the machine are refused".to_owned());
    }
    for function in macro_functions(text) {
        if !MACRO_FUNCTIONS.contains(&function) {
            add(format!("the macro function `: {function}` is refused"));
        }
    }
}

/// Returns the names of macro functions, as in `local x : word …` and `` `: word …' ``.
fn macro_functions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(i) = rest.find("`:") {
        rest = &rest[i + 2..];
        found.push(leading_word(rest.trim_start()));
    }
    let head = leading_word(text);
    if head.len() >= 3 && "local".starts_with(head) {
        let after_name = text[head.len()..].trim_start();
        let name = leading_word(after_name);
        if let Some(definition) = after_name[name.len()..].trim_start().strip_prefix(':') {
            found.push(leading_word(definition.trim_start()));
        }
    }
    found
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
