//! Regular expressions of `regexm()` and friends, and the groups that
//! `regexs()` reads after a match.

use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static CACHE: RefCell<HashMap<String, Option<Regex>>> = RefCell::new(HashMap::new());
    static GROUPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn with<T>(pattern: &str, f: impl FnOnce(Option<&Regex>) -> T) -> T {
    CACHE.with(|c| {
        let mut cache = c.borrow_mut();
        if cache.len() > 500 {
            cache.clear();
        }
        let re = cache.entry(pattern.to_string()).or_insert_with(|| Regex::new(pattern).ok());
        f(re.as_ref())
    })
}

/// Looks for a match and keeps its groups; an invalid pattern matches nothing.
pub(crate) fn find(pattern: &str, text: &str) -> Option<()> {
    let groups = with(pattern, |re| {
        let c = re?.captures(text)?;
        Some(c.iter().map(|m| m.map_or(String::new(), |m| m.as_str().to_string())).collect::<Vec<_>>())
    })?;
    GROUPS.with(|g| *g.borrow_mut() = groups);
    Some(())
}

/// Group `k` of the last match; empty when there is none.
pub(crate) fn last_group(k: f64) -> String {
    GROUPS.with(|g| {
        if k >= 0.0 { g.borrow().get(k as usize).cloned().unwrap_or_default() } else { String::new() }
    })
}

/// The groups of the last match, the whole match first.
pub(crate) fn groups() -> Vec<String> {
    GROUPS.with(|g| g.borrow().clone())
}

/// Replaces the first match, or all; `\1` or `$1` in the replacement are groups.
pub(crate) fn replace(pattern: &str, text: &str, with_text: &str, all: bool) -> String {
    let mut template = String::new();
    let mut chars = with_text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\' | '$', Some(d)) if d.is_ascii_digit() => {
                template.push_str(&format!("${{{d}}}"));
                chars.next();
            }
            ('$', _) => template.push_str("$$"),
            _ => template.push(c),
        }
    }
    with(pattern, |re| match re {
        None => text.to_string(),
        Some(re) if all => re.replace_all(text, template.as_str()).into_owned(),
        Some(re) => re.replace(text, template.as_str()).into_owned(),
    })
}
