//! `table, command()`: a command for the rows of every cell ([TABLES] table, [R] table).

use super::table_options::Command;
use crate::error::Result;
use crate::ops::collection::{Collection, Content, Source, Tags, gather};
use crate::ops::run::quietly;
use crate::session::Session;

/// Runs every command on the rows of every cell and collects its results. A cell with too few observations stays empty.
pub(super) fn run_commands(
    s: &mut Session,
    c: &mut Collection,
    commands: &mut [Command],
    jobs: &[(Tags, Vec<usize>)],
) -> Result<()> {
    for (number, command) in commands.iter_mut().enumerate() {
        let level = (number + 1).to_string();
        c.labels.set_level("command", &level, &command.text);
        for (tags, rows) in jobs {
            c.sets += 1;
            let mut tags = tags.clone();
            tags.insert("command".into(), level.clone());
            tags.insert("statcmd".into(), level.clone());
            tags.insert("cmdset".into(), c.sets.to_string());
            let all = s.frame.clone();
            s.frame.take_rows(rows);
            let sample = s.e.sample;
            let done = quietly(s, &command.text);
            if done.is_ok() {
                let estimates = s.e.sample != sample;
                command.has_coefficients |= estimates || s.r.matrices.get("table").is_some();
                gather(s, c, if estimates { Source::Estimates } else { Source::Returned }, &tags);
            }
            s.frame = all;
            if s.e.sample != sample {
                // the sample is that of the rows of the cell
                s.e.sample = None;
            }
            match done {
                Err(error) if ![2000, 2001].contains(&error.code) => return Err(error),
                _ => {}
            }
        }
        let levels = if !command.results.is_empty() {
            command.results.clone()
        } else if command.has_coefficients {
            vec!["_r_b".to_string()]
        } else {
            scalars(c, &level)
        };
        c.add_auto("result", &levels);
    }
    Ok(())
}

/// Numbers that a command stored, in the order of their names.
fn scalars(c: &Collection, command: &str) -> Vec<String> {
    let number = |level: &String| {
        c.items().iter().any(|item| {
            item.tags.get("command").is_some_and(|l| l == command)
                && item.tags.get("result") == Some(level)
                && matches!(item.content, Content::Number(_))
        })
    };
    c.levels("result").into_iter().filter(number).collect()
}
