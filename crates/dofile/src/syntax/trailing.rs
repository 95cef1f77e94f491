//! What follows the options of a command.

use super::split::{Part, front_and_options, keyword_at, top_level_comma};

/// A second comma ends the options: `if` and `in` may follow it, as in `regress y x, robust, if z`.
pub(super) fn conditions_behind_options(front: &str, options: &str) -> (String, String) {
    let second = top_level_comma(options).map(|at| (&options[..at], options[at + 1..].trim_start()));
    match second {
        Some((given, rest)) if matches!(keyword_at(rest.as_bytes(), 0), Some((Part::If | Part::In, _))) => {
            let (condition, further) = front_and_options(rest);
            (format!("{front} {condition}"), format!("{given} {further}").trim().to_string())
        }
        _ => (front.to_string(), options.to_string()),
    }
}
