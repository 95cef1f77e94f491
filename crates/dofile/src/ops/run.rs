//! Running other commands.

use crate::commands::Interpreter;
use crate::error::Result;
use crate::output::Output;
use crate::session::Session;

/// Runs a command with its output.
pub(crate) fn shown(s: &mut Session, command: &str) -> Result<()> {
    s.run_expanded(command).map(|_| ())
}

/// Runs a command without output.
pub(crate) fn quietly(s: &mut Session, command: &str) -> Result<()> {
    let before = s.out.quiet;
    s.out.quiet += 1;
    let depth = s.scopes.len();
    let result = s.run_expanded(command);
    while s.scopes.len() > depth {
        s.leave_scope();
    }
    s.out.quiet = before;
    result.map(|_| ())
}

/// Runs a command and returns what it prints.
pub(crate) fn printed(s: &mut Session, command: &str) -> Result<String> {
    let before = std::mem::replace(&mut s.out, Output::in_memory());
    let done = s.run_expanded(command);
    let text = s.out.take();
    s.out = before;
    done.map(|_| text)
}

/// Runs a command and shows only its notes, with the lines that continue them: what it omits or leaves out of its sample.
pub(crate) fn with_notes(s: &mut Session, command: &str) -> Result<()> {
    if s.out.quiet > 0 {
        return quietly(s, command);
    }
    let text = printed(s, command)?;
    let mut inside = false;
    for line in text.lines() {
        inside = line.starts_with("note:") || inside && line.starts_with("      ");
        if inside {
            s.print(line);
        }
    }
    Ok(())
}
