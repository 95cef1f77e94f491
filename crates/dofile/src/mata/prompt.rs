//! Mata's prompt: lines are collected until they are complete statements or definitions, which run at once.

use super::ast::{Item, Statement};
use super::fault::Fault;
use super::machine::Machine;
use super::parser::{Stop, parse};
use crate::error::Result;
use crate::session::Session;

/// The lines of a block that are not yet complete.
#[derive(Debug, Default)]
pub struct Prompt {
    pending: String,
}

/// Most bytes of one definition.
const MOST: usize = 4 << 20;

impl Prompt {
    /// Whether the next line continues what was read.
    pub fn continues(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Adds a line whose macros are substituted and runs what is complete. `next` is the line behind it: an `else`
    /// there belongs to an `if`.
    ///
    /// # Errors
    /// Those of the statements, with the traceback as message; code 3000 for wrong syntax.
    pub fn line(&mut self, session: &mut Session, text: &str, next: Option<&str>) -> Result<()> {
        if self.pending.is_empty()
            && let Some(command) = command_of(text)
        {
            return super::manage::command(session, command);
        }
        if self.pending.len() + text.len() > MOST {
            return Err(Fault::syntax("definition is too long").into_error());
        }
        self.pending.push_str(text);
        self.pending.push('\n');
        let strict = session.extensions.state::<super::State>().strict();
        let items = match parse(&self.pending, strict) {
            Ok(items) => items,
            Err(Stop::Incomplete) => return Ok(()),
            Err(Stop::Wrong(fault)) => {
                self.pending.clear();
                return Err(fault.into_error());
            }
        };
        let open_if =
            matches!(items.last(), Some(Item::Statement(f)) if f.body.last().is_some_and(may_have_else));
        let otherwise = next.is_some_and(|n| {
            let rest = n.trim_start().strip_prefix("else");
            rest.is_some_and(|r| !r.starts_with(|c: char| c == '_' || c.is_alphanumeric()))
        });
        if open_if && otherwise {
            return Ok(());
        }
        self.pending.clear();
        run(session, items)
    }

    /// Ends the block.
    ///
    /// # Errors
    /// Code 3000 when a statement is not complete.
    pub fn end(&mut self) -> Result<()> {
        if std::mem::take(&mut self.pending).trim().is_empty() {
            return Ok(());
        }
        Err(Fault::syntax("unexpected end of file").into_error())
    }
}

/// Whether an `else` behind a statement would belong to it.
fn may_have_else(statement: &Statement) -> bool {
    match statement {
        Statement::If(_, _, None) => true,
        Statement::If(_, _, Some(inner)) | Statement::While(_, inner) => may_have_else(inner),
        Statement::For(inner) => may_have_else(&inner.body),
        _ => false,
    }
}

/// `mata describe` and so on: what stands behind the word `mata`.
fn command_of(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix("mata")?;
    let command = rest.trim_start().trim_start_matches(':').trim();
    (rest.starts_with([' ', '\t']) && !rest.trim_start().starts_with('=')).then_some(command)
}

/// Runs `mata: statements` or `mata command`; `text` is what stands behind the word `mata`.
///
/// # Errors
/// As [`Prompt::line`].
pub fn run_line(session: &mut Session, text: &str) -> Result<()> {
    let text = text.trim();
    let after = text.strip_prefix(':').map(str::trim);
    let Some(statement) = after else {
        let word = text.split([' ', ',', '\t']).next().unwrap_or("");
        if super::manage::is_command(word) {
            return super::manage::command(session, text);
        }
        return statements(session, text);
    };
    match command_of(statement) {
        Some(command) => super::manage::command(session, command),
        None => statements(session, statement),
    }
}

fn statements(session: &mut Session, text: &str) -> Result<()> {
    let mut prompt = Prompt::default();
    prompt.line(session, text, None)?;
    prompt.end()
}

fn run(session: &mut Session, items: Vec<Item>) -> Result<()> {
    for item in items {
        let mut machine = Machine::new(session);
        match machine.item(item) {
            Ok(()) => {}
            // exit() without a code ends what was typed
            Err(fault) if fault.code == 0 => return Ok(()),
            Err(fault) => return Err(fault.into_error()),
        }
    }
    Ok(())
}
