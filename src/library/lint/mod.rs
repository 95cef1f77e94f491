//! The lint of bodies: what a template's do-file may say, statement by statement. Everything that is not on
//! the list of commands is refused, in every abbreviation and after every prefix.

mod commands;
mod files;
mod locals;
mod statements;
mod text;

use std::collections::BTreeSet;

use self::commands::{COLON_PREFIXES, Known, MACRO_FUNCTIONS, PREFIXES, is_refused_part};
use self::locals::Locals;
use self::statements::Statement;

/// Raise it with every change of the rules; the index carries it.
pub const LINT_VERSION: u32 = 2;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 1-based line of the body.
    pub line: usize,
    /// The broken rule, for the template's author.
    pub reason: String,
}

impl Finding {
    fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// The template and library around a body, for the lint.
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
    text::check_characters(text, &mut findings);
    let statements = statements::statements(text, &mut findings);
    check_braces(&statements, &mut findings);
    let locals = locals::locals(&statements, &mut findings);
    let body = Body { context, locals: &locals };
    for (i, statement) in statements.iter().enumerate() {
        let next = statements.get(i + 1).map_or("", |s| s.text.as_str());
        let mut add = |reason: String| findings.push(Finding::new(statement.line, reason));
        check_text(&statement.text, &mut add);
        let rest = statement.text.strip_prefix('}').unwrap_or(&statement.text).trim_start();
        body.check_statement(rest, next, &mut add);
    }
    findings.sort_by_key(|f| f.line);
    findings
}

/// A block opens at the end of a line and closes on a separate line (or before `else`).
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

/// State of the body whose statements are checked.
struct Body<'a> {
    context: &'a Context,
    locals: &'a Locals,
}

impl Body<'_> {
    /// Checks a statement without its closing brace; `next` is the statement after it.
    fn check_statement(&self, statement: &str, next: &str, add: &mut dyn FnMut(String)) {
        let mut rest = statement;
        loop {
            let word = leading_word(rest);
            let prefix =
                PREFIXES.iter().find(|(name, short)| word.len() >= short.len() && name.starts_with(word));
            if let Some((prefix, _)) = prefix.filter(|_| !begins_with_letter(&rest[word.len()..])) {
                rest = rest[word.len()..].trim_start();
                if *prefix == "capture" && !next.contains("_rc") {
                    add("`capture` needs a test of _rc in the next statement".to_owned());
                }
                if matches!(*prefix, "by" | "bysort") {
                    match self.after_colon(rest, add) {
                        Some(command) => rest = command,
                        None => return add(format!("`{prefix}` without a colon")),
                    }
                } else {
                    rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
                }
            } else {
                match word {
                    "else" => rest = rest[word.len()..].trim_start(),
                    "if" | "while" | "foreach" | "forvalues" | "forv" => {
                        return self.check_header(word, &rest[word.len()..], add);
                    }
                    _ => break,
                }
            }
            if rest == "{" || rest.is_empty() {
                return;
            }
        }
        if !rest.is_empty() {
            self.check_command(rest, next, add);
        }
    }

    /// The command after the colon of a prefix, if there is one.
    fn after_colon<'t>(&self, text: &'t str, add: &mut dyn FnMut(String)) -> Option<&'t str> {
        let at = text::top_level(text, ':')?;
        if let Some(name) = self.locals.ends_a_prefix(&text[..at]) {
            add(format!("the local `{name}' could end the prefix"));
        }
        Some(text[at + 1..].trim_start())
    }

    fn check_header(&self, word: &str, header: &str, add: &mut dyn FnMut(String)) {
        let Some(condition) = header.trim_end().strip_suffix('{') else {
            return add(format!("`{word}` needs a block in braces"));
        };
        if matches!(word, "if" | "while")
            && let Some(reason) = self.locals.brings_a_command(condition)
        {
            add(reason);
        }
    }

    fn check_command(&self, rest: &str, next: &str, add: &mut dyn FnMut(String)) {
        let word = leading_word(rest);
        let after = &rest[word.len()..];
        if let Some(reason) = no_command(rest, word, after) {
            return add(reason);
        }
        check_macro_functions(rest, add);
        let files = files::Files { context: self.context, temporaries: &self.locals.temporaries };
        if self.context.idioms.contains(word) {
            files.check("idiom", after, add);
            return;
        }
        match commands::lookup(word) {
            Known::Refused(reason) => add(format!("`{word}` is refused: {reason}")),
            Known::Unknown => add(format!("`{word}` is not on the list of commands")),
            Known::Allowed(name) => {
                let second = leading_word(after.trim_start());
                if is_refused_part(name, second) {
                    return add(format!("`{name} {second}` is refused: no files except the declared ones"));
                }
                files.check(name, after, add);
                // the command that a prefix runs; `merge 1:1` and the like have their own colons
                if COLON_PREFIXES.contains(&name)
                    && let Some(command) = self.after_colon(after, add)
                {
                    self.check_statement(command, next, add);
                }
            }
        }
    }
}

/// Why a text does not begin with a command word, if it does not.
fn no_command(rest: &str, word: &str, after: &str) -> Option<String> {
    let shown: String = rest.chars().take(40).collect();
    if begins_with_letter(after) {
        return Some(format!("a command with letters that are not plain: {shown}"));
    }
    if !word.is_empty() && !after.starts_with(['`', '$']) {
        return None;
    }
    Some(match rest.chars().next() {
        Some('!' | '！') => "no shell".to_owned(),
        Some('#') => "`#` commands are refused".to_owned(),
        Some('{') => "a block begins at the end of a line".to_owned(),
        _ => format!("a command built from a macro: {shown}"),
    })
}

/// True where a letter follows that no command of Stata has.
fn begins_with_letter(text: &str) -> bool {
    text.chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphanumeric())
}

/// Returns the name that a statement begins with.
fn leading_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Checks a whole statement for what no command may say.
fn check_text(text: &str, add: &mut dyn FnMut(String)) {
    text::check_functions(text, add);
    if text.contains('$') {
        add("global macros are refused".to_owned());
    }
}

fn check_macro_functions(text: &str, add: &mut dyn FnMut(String)) {
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
    while let Some(i) = rest.find('`') {
        rest = &rest[i + 1..];
        if let Some(definition) = rest.trim_start().strip_prefix(':') {
            found.push(leading_word(definition.trim_start()));
        }
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
