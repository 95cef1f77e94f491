//! The sides of a statement where its pattern alone does not tell them apart: the parts of a list, and what follows it.

use super::lists::{further, listed_after};
use super::phrases::Parsed;

/// Sorts the columns of a statement by the id of its pattern.
pub(super) fn sorted(text: &str, parsed: &mut Parsed) {
    match parsed.id.as_str() {
        // "output elasticity of capital and labour" names the outcome first
        "elasticity" if parsed.outcome.len() > 1 && parsed.causes.len() == 1 => {
            std::mem::swap(&mut parsed.outcome, &mut parsed.causes);
        }
        // "sleep as the mediator between phone use and anxiety"
        "mediated" | "moderated" if parsed.outcome.is_empty() && parsed.causes.len() == 2 => {
            parsed.outcome = parsed.causes.split_off(1);
        }
        // "the interaction of dose and sex": the effect of the first by the second
        "interaction" if parsed.causes.len() == 2 => {
            parsed.moderators = parsed.causes.split_off(1);
            "moderated".clone_into(&mut parsed.id);
        }
        "factors" => listed_after(text, parsed),
        _ => {}
    }
    if parsed.kind == "model" {
        further(text, parsed);
    }
}
