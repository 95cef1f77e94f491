//! Which files a statement names, and whether the template declares them: a literal relative name among the
//! declared outputs and inputs, or a local made by `tempfile`.

use std::collections::BTreeSet;

use super::{Context, leading_word, text};

/// Known files.
pub(super) struct Files<'a> {
    pub context: &'a Context,
    /// Locals that hold temporary files.
    pub temporaries: &'a BTreeSet<String>,
}

impl Files<'_> {
    /// Checks the files that one statement names. `after` is the text behind the command word.
    pub(super) fn check(&self, command: &str, after: &str, add: &mut dyn FnMut(String)) {
        let second = leading_word(after.trim_start());
        let probes = command == "confirm" && second.len() >= 2 && "file".starts_with(second);
        let reads = probes || matches!(command, "use" | "merge" | "append");
        for name in named_files(command, after, add) {
            self.check_file(&name, reads, add);
        }
    }

    fn check_file(&self, name: &str, reads: bool, add: &mut dyn FnMut(String)) {
        let literal = name.trim_matches('"');
        let temporary = literal
            .strip_prefix('`')
            .and_then(|n| n.strip_suffix('\''))
            .is_some_and(|n| self.temporaries.contains(n));
        // further inputs are staged in the folder `inputs`
        let declared = match literal.strip_prefix("inputs/") {
            Some(name) if reads => self.context.inputs.contains(name),
            _ => !reads && self.context.outputs.contains(literal),
        };
        if temporary || declared {
            return;
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

/// Returns the file names of a statement: after `using`, of `save`, `use`, `confirm file` and `graph export`, and
/// in `saving()`, quotes kept. A form that hides its file is refused.
fn named_files(command: &str, after: &str, add: &mut dyn FnMut(String)) -> Vec<String> {
    let main = &after[..text::top_level(after, ',').unwrap_or(after.len())];
    let words = words(main);
    let mut names = in_options(command, after);
    let using =
        words.iter().position(|w| w == "using" || w.starts_with("using\"") || w.starts_with("using`"));
    if let Some(at) = using {
        if let Some(glued) = words[at].strip_prefix("using").filter(|w| !w.is_empty()) {
            names.push(glued.to_owned());
        }
        names.extend(words[at + 1..].iter().cloned());
    }
    let takes_file = matches!(command, "use" | "save" | "merge" | "append" | "export" | "postfile");
    if takes_file && using.is_none() && words.iter().any(|w| matches!(w.as_str(), "us" | "usi" | "usin")) {
        add("`using` is written in full".to_owned());
    }
    let begins = |word: Option<&String>, name: &str| {
        word.is_some_and(|w| w.len() >= 2 && name.starts_with(w.as_str()))
    };
    match command {
        "use" | "save" if using.is_none() => match words.first() {
            Some(name) => names.push(name.clone()),
            None => add(format!("`{command}` names its file")),
        },
        "merge" | "append" | "export" | "postfile" if using.is_none() => {
            add(format!("`{command}` names its file after `using`"));
        }
        "graph" if begins(words.first(), "export") => names.extend(words.get(1).cloned()),
        "confirm" if begins(words.first(), "file") => names.extend(words[1..].iter().cloned()),
        _ => {}
    }
    names
}

/// Files in `saving()`, in every abbreviation, and in `irf create, set()`.
fn in_options(command: &str, after: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(i) = after[at..].find('(') {
        let open = at + i;
        let before = after[..open].trim_end();
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        let option = &before[start..];
        let is_saving = option.len() >= 2 && "saving".starts_with(option);
        if is_saving || (command == "irf" && option == "set") {
            names.extend(words(&after[open + 1..]).into_iter().next());
        }
        at = open + 1;
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
