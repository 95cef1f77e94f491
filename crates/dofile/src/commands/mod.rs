//! The table of commands. A command is one file with its declaration and its
//! `run`; see `README.md` beside this file for how to write one.

pub(crate) mod collection;
pub(crate) mod data;
pub(crate) mod describe;
pub mod documents;
mod epidemiology;
mod estimation;
mod exchange;
mod graphics;
mod inference;
pub(crate) mod language;
mod limited;
mod multivariate;
mod nonlinear;
mod official;
mod panel;
mod prefix;
mod quantile;
mod shrinkage;
mod spec;
mod survey;
mod survival;
mod systems;
mod timeseries;
mod treatment;

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
    [
        language::TABLE,
        prefix::TABLE,
        data::TABLE,
        describe::TABLE,
        estimation::TABLE,
        graphics::TABLE,
        exchange::TABLE,
        limited::TABLE,
        documents::TABLE,
        panel::TABLE,
        timeseries::TABLE,
        treatment::TABLE,
        multivariate::TABLE,
        nonlinear::TABLE,
        shrinkage::TABLE,
        survey::TABLE,
        survival::TABLE,
        systems::TABLE,
        quantile::TABLE,
        epidemiology::TABLE,
        inference::TABLE,
    ]
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

/// Name of a do-file with its extension.
pub fn do_file_name(name: &str) -> String {
    language::files::with_extension(name, "do")
}

/// A table of all commands with their syntax, as Markdown; the page of supported commands is made from it.
pub fn list_commands() -> String {
    let mut specs: Vec<&CommandSpec> = all().collect();
    specs.sort_by_key(|c| c.name);
    let mut out = String::from(
        "| command | abbreviation | syntax | options refused by name | notes |\n|---|---|---|---|---|\n",
    );
    for c in specs {
        let refused = match c.form {
            Form::Standard(syntax) => {
                syntax.unsupported.iter().map(|o| o.to_lowercase()).collect::<Vec<_>>().join(" ")
            }
            Form::Raw => String::new(),
        };
        let cell = |s: &str| s.replace('|', "\\|").replace('\n', " ");
        out.push_str(&format!(
            "| `{}` | `{}` | `{}` | {} | {} |\n",
            c.name,
            &c.name[..c.min],
            cell(c.syntax),
            cell(&refused),
            cell(c.notes)
        ));
    }
    out
}

impl Session {
    /// Ends the session: open result files are dropped and temporary files removed.
    pub fn end(&mut self) {
        self.handles = Handles::default();
        while let Some(scope) = self.scopes.pop() {
            self.end_scope(scope);
        }
        self.scopes.push(Default::default());
        self.out.flush();
    }

    /// Positions of the `by` prefix variables, for [`ByRule::Whole`] commands.
    pub fn by_positions(&self) -> Vec<usize> {
        self.handles.by_vars.iter().filter_map(|n| self.frame.find(n)).collect()
    }
}
