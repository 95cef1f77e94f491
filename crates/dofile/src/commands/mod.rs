//! The table of commands. A command is one file with its declaration and its
//! `run`; see `README.md` beside this file for how to write one.

mod data;
mod describe;
mod estimation;
mod exchange;
mod graphics;
mod language;
mod official;
mod spec;

pub(crate) use language::{directory_list, display_text, input_rows};
pub use official::is_official;
pub use spec::{ByRule, CommandSpec, Example, Form, StandardSyntax, UNSUPPORTED_NOTHING, Using};

use crate::interp::Flow;
use crate::session::Session;
use std::any::Any;
use std::collections::HashMap;

/// State that commands keep between calls.
#[derive(Debug, Default)]
pub struct Handles {
    /// Set by a command that changes control flow (`do`, `include`).
    pub flow: Flow,
    /// Variables of the `by` prefix for commands that handle groups themselves ([`ByRule::Whole`]).
    pub by_vars: Vec<String>,
    /// Open `postfile`s by handle.
    pub posts: HashMap<String, language::PostFile>,
    /// Open text files of `file open` by handle.
    pub files: HashMap<String, language::TextFile>,
    /// Anything else a family of commands keeps, by its own key.
    pub other: HashMap<&'static str, Box<dyn Any + Send>>,
}

impl Handles {
    /// Forgets what belongs to a temporary name that goes out of scope.
    pub fn drop_temporary(&mut self, name: &str) {
        self.posts.remove(name);
        self.files.remove(name);
    }
}

/// All commands.
pub fn all() -> impl Iterator<Item = &'static CommandSpec> {
    [language::TABLE, data::TABLE, describe::TABLE, estimation::TABLE, graphics::TABLE, exchange::TABLE]
        .into_iter()
        .flatten()
}

/// Finds a command by its name or an allowed abbreviation.
pub fn find(word: &str) -> Option<&'static CommandSpec> {
    all().find(|c| c.name == word).or_else(|| all().find(|c| word.len() >= c.min && c.name.starts_with(word)))
}

/// How `by` runs a command.
pub fn by_rule(word: &str) -> Option<ByRule> {
    find(word).map(|c| c.by)
}

impl Session {
    /// Positions of the `by` prefix variables, for [`ByRule::Whole`] commands.
    pub fn by_positions(&self) -> Vec<usize> {
        self.handles.by_vars.iter().filter_map(|n| self.frame.find(n)).collect()
    }
}
