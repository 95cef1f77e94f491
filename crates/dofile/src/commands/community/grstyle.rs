//! `grstyle`: settings of the look of graphs (Jann 2018, Stata Journal 18). Graphs of this engine have one look: the settings
//! are read, and a note says that they change nothing.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "graphs keep the look of this engine, with a note; no results",
    examples: &[Example {
        run: "grstyle init\ngrstyle set plain, horizontal grid\nscalar done = 1",
        expect: &[("done", 1.0)],
    }],
    ..CommandSpec::raw(
        "grstyle",
        7,
        run,
        "grstyle {init|set|clear|refresh|type} [settings]; grstyle element style",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.raw.trim().is_empty() {
        return Err(StataError::syntax());
    }
    s.print("note: grstyle does not change the graphs of the open engine");
    Ok(())
}
