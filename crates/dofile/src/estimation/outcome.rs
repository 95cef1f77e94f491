//! The outcome in a list of variables.

use super::model::first_word;
use crate::syntax::split::matching_paren;

/// `D.(y x1 x2)` as `D.y D.(x1 x2)`: the outcome as a word of its own where time-series operators open the list.
pub(super) fn apart(list: &str) -> std::borrow::Cow<'_, str> {
    let list = list.trim_start();
    let open = list.find(['(', ' ']).filter(|i| list[*i..].starts_with('('));
    let Some(open) = open.filter(|i| {
        list[..*i].ends_with('.')
            && list[..*i - 1].chars().all(|c| c.is_ascii_digit() || "LlFfDdSs".contains(c))
    }) else {
        return list.into();
    };
    let Some(close) = matching_paren(list, open) else { return list.into() };
    let operators = &list[..open];
    let (first, others) = first_word(&list[open + 1..close]);
    let others = others.trim();
    let group = if others.is_empty() { String::new() } else { format!(" {operators}({others})") };
    format!("{operators}{first}{group} {}", list[close + 1..].trim_start()).trim_end().to_string().into()
}
