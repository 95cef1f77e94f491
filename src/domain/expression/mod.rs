//! Conditions on rows and variables made of columns: the typed trees that a user's text is parsed into, and the only printers of them.
//! The grammar is in `docs/expressions.md`. Evaluation belongs to the engine that runs the do-file.

mod calls;
mod derivation;
mod habits;
mod kinds;
mod lexer;
mod names;
mod operator;
mod outlook;
mod parse;
mod print;
mod term;
mod tree;

pub use derivation::{Derivation, parse_derivation};
pub use names::rename_columns;
pub(crate) use names::{called, nearest};
pub use outlook::{AbsentValue, Outlook, absent_values, outlook};
pub use parse::parse_condition;
pub(crate) use print::{days_since_1960, milliseconds_since_1960};
pub use term::Term;
pub use tree::{ColumnRef, Comparison, Condition, Literal, Operand, ValueClass};

use super::error::{ErrorCode, Problem};
use parse::Node;

/// Longest accepted text, in characters.
pub const MAX_CHARS: usize = 4000;
/// Deepest nesting of parentheses and negations.
pub const MAX_DEPTH: usize = 50;
/// Most comparisons and functions in one condition.
pub const MAX_LEAVES: usize = 500;
/// Most values in one `inlist`.
pub const MAX_ITEMS: usize = 1000;

/// Why a text is not a condition on these columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at position {position}")]
pub struct ExpressionError {
    /// 0-based, in characters of the text.
    pub position: usize,
    /// Texts allowed at this position.
    pub expected: Vec<String>,
    /// Reason of the refusal, for people, without the position.
    pub message: String,
}

impl ExpressionError {
    pub(crate) fn new(position: usize, message: impl Into<String>, expected: &[&str]) -> Self {
        Self {
            position,
            message: message.into(),
            expected: expected.iter().map(|e| (*e).to_owned()).collect(),
        }
    }

    /// Returns the refusal that names where the text came from (`sample_if`, `parameters.filter` …).
    pub fn into_problem(self, path: &str) -> Problem {
        let text = format!("{path}: {self}; expected {}", self.expected.join(" or "));
        Problem::new(ErrorCode::ExpressionInvalid, text)
            .with("path", path)
            .with("position", self.position)
            .with("expected", self.expected)
    }
}
