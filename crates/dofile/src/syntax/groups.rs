//! Groups in parentheses at the beginning of a text: `(y = x) (z = x), options`.

use super::split::matching_paren;

/// Returns what stands in the groups, without blanks around it, and the text behind them; none where a parenthesis is not closed.
pub fn leading_groups(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = text.trim();
    let mut groups = Vec::new();
    while rest.starts_with('(') {
        let close = matching_paren(rest, 0)?;
        groups.push(rest[1..close].trim());
        rest = rest[close + 1..].trim_start();
    }
    Some((groups, rest))
}
