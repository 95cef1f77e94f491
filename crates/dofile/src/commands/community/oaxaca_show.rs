//! Output of `oaxaca`: header, formulas of the parts and the table.

use crate::error::Result;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{Look, table};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;

/// Prints the active results.
///
/// # Errors
/// r(301) without estimates.
pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let results = &session.e.results;
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let count = |name: &str| results.get_scalar(name).unwrap_or(0.0);
    let by = text("by");
    let left = [
        text("title"),
        String::new(),
        format!("Group 1: {by} = {}", text("group_1")),
        format!("Group 2: {by} = {}", text("group_2")),
    ];
    let facts = [
        Fact::observations(count("N")),
        Fact::new("Number of groups", "%10.0fc", 2.0),
        Fact::new("N of obs 1", "%10.0fc", count("N_1")),
        Fact::new("N of obs 2", "%10.0fc", count("N_2")),
    ];
    let legend = text("legend");
    session.print("");
    show(session, &left, &facts, 16, 10);
    session.print("");
    legend.split('|').for_each(|line| {
        let (name, formula) = line.split_once([':', '=']).unwrap_or((line, ""));
        let mark = if line.contains(':') { ":" } else { " =" };
        session.print(format!("{:>14}{mark}{formula}", name.trim()));
    });
    session.print("");
    table(session, cmd, &Look { equations: true, ..Look::default() })
}
