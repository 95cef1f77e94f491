//! Names under which files that no template declares are published: safe in a shell, a page, an archive and a list,
//! whatever the engine named them.

use std::collections::HashSet;

/// Most bytes of one component of a name.
const MOST_BYTES: usize = 120;

/// Gives names that are safe and not taken; names are compared without regard to case, as some file systems do.
#[derive(Debug, Default)]
pub struct OutputNames {
    taken: HashSet<String>,
}

impl OutputNames {
    /// Starts with names that are taken.
    pub fn without<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Self { taken: taken.into_iter().map(str::to_lowercase).collect() }
    }

    /// Returns the name for a file: its own where that is safe and free, else the nearest that is.
    pub fn give(&mut self, rel_path: &str) -> String {
        let safe: Vec<String> = rel_path.split('/').filter(|part| !part.is_empty()).map(component).collect();
        let safe = safe.join("/");
        let mut name = safe.clone();
        let mut number = 1_u64;
        while !self.taken.insert(name.to_lowercase()) {
            number += 1;
            name = numbered(&safe, number);
        }
        name
    }
}

/// Puts a number before the ending of the last component.
fn numbered(name: &str, number: u64) -> String {
    let (folder, last) = name.rsplit_once('/').map_or(("", name), |(folder, last)| (folder, last));
    let last = match last.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}_{number}.{ending}"),
        _ => format!("{last}_{number}"),
    };
    if folder.is_empty() { last } else { format!("{folder}/{last}") }
}

/// Letters and digits of any script, `.`, `_`, `-` and blanks within; everything else becomes `_`. A first `-`, which
/// commands take for an option, and blanks or dots at an end, which some systems drop, become `_` too.
fn component(part: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ');
    let mut name = String::new();
    for c in part.chars() {
        let c = if is_safe(c) { c } else { '_' };
        if name.len() + c.len_utf8() > MOST_BYTES {
            break;
        }
        name.push(c);
    }
    let at_an_end = |c: char| matches!(c, ' ' | '.');
    if name.starts_with(at_an_end) || name.starts_with('-') {
        name.replace_range(..1, "_");
    }
    if name.ends_with(at_an_end) {
        name.truncate(name.len() - 1);
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_safe_ones() {
        let mut names = OutputNames::without(["run.meta.json", "stdout"]);
        for (from, to) in [
            ("table.csv", "table.csv"),
            ("结果 表.csv", "结果 表.csv"),
            ("Table.csv", "Table_2.csv"),
            ("sub/fig.svg", "sub/fig.svg"),
            ("-rf", "_rf"),
            ("a\"b'c.csv", "a_b_c.csv"),
            ("<img src=x onerror=alert(1)>.svg", "_img src_x onerror_alert_1__.svg"),
            ("gpj.\u{202e}exe.csv", "gpj._exe.csv"),
            ("a\nb\u{7}\u{1b}[31m.txt", "a_b___31m.txt"),
            ("a\\..\\b", "a_.._b"),
            ("$(id)`id`;|&.txt", "__id__id____.txt"),
            ("stdout", "stdout_2"),
            ("Run.Meta.json", "Run.Meta_2.json"),
            (" x ", "_x_"),
            ("..", "__"),
        ] {
            assert_eq!(names.give(from), to, "{from:?}");
        }
        assert!(names.give(&"长".repeat(500)).len() <= MOST_BYTES);
    }
}
