//! Output of the systems of equations.

use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::ml_command::{self, Look};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Prints the equations and the table of the active results.
pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: String| e.get_scalar(&name).unwrap_or(MISSING);
    let names: Vec<String> = e.get_text("eqnames").unwrap_or("").split(' ').map(String::from).collect();
    let small = e.get_text("small").is_some();
    let mut lines = vec![
        String::new(),
        e.get_text("title").unwrap_or("").to_string(),
        "-".repeat(78),
        format!(
            "Equation             Obs   Params         RMSE  \"R-squared\" {:>9}   {}",
            if small { "F-Stat" } else { "chi2" },
            if small { "P>F" } else { "P>chi2" }
        ),
        "-".repeat(78),
    ];
    for (i, name) in names.iter().enumerate() {
        let number = i + 1;
        let statistic = scalar(format!("{}_{number}", if small { "F" } else { "chi2" }));
        lines.push(format!(
            "{:<15}{:>9}{:>9}{:>13}{:>13}{:>10}   {}",
            format::abbrev(name, 15),
            format::bare("%9.0f", scalar("N".to_string())),
            format::bare("%9.0f", scalar(format!("df_m{number}"))),
            format::bare("%9.0g", scalar(format!("rmse_{number}"))),
            format::bare("%7.4f", scalar(format!("r2_{number}"))),
            format::bare("%9.2f", statistic),
            format::bare("%6.4f", scalar(format!("p_{number}")))
        ));
    }
    lines.push("-".repeat(78));
    lines.push(String::new());
    if !cmd.has("noheader") {
        lines.iter().for_each(|l| session.print(l));
    }
    if cmd.has("notable") {
        return Ok(());
    }
    ml_command::table(session, cmd, &Look { equations: true, ..Look::default() })
}
