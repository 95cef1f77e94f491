//! `logout`: what a command prints becomes a table in a file (Wada, SSC). Written from the help file.

use super::screen::{printed, rows};
use super::{Target, write};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, top_level_colon, unquote};

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "the output is shown as usual; columns are where the cells of its lines stand under each other; word writes .rtf, excel .xml, tex .tex, text .txt; dta and use are refused; the results of the command stay; Wada (SSC)",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\ntempfile f\nlogout, save(`f'_t) text replace: summarize x\nscalar n = r(N)\nscalar got = fileread(\"`f'_t.txt\")\nscalar row = strpos(got, \"x\" + char(9) + \"4\" + char(9) + \"2.5\") > 0\nerase `f'_t.txt",
        expect: &[("n", 4.0), ("row", 1.0)],
    }],
    ..CommandSpec::raw(
        "logout",
        6,
        run,
        "logout [, save(file) word excel tex text replace clear fix[(#)] noauto]: command",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("save"),
    OptSpec::flag("word"),
    OptSpec::flag("excel"),
    OptSpec::flag("tex"),
    OptSpec::flag("text"),
    OptSpec::flag("replace"),
    OptSpec::flag("clear"),
    OptSpec::flag_or_text("fix"),
    OptSpec::flag("noAUTO"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let colon = top_level_colon(&cmd.raw).ok_or_else(StataError::syntax)?;
    let (front, command) = (cmd.raw[..colon].trim(), cmd.raw[colon + 1..].trim());
    let options =
        Options::parse("logout", front.trim_start_matches(','), OPTIONS, &["dta", "use", "range", "raw"])?;
    let text = printed(s, command)?;
    s.out.text(&text);
    let Some(file) = options.text("save").map(|f| unquote(f.trim()).to_string()) else { return Ok(()) };
    let rows = rows(&text);
    if rows.is_empty() {
        return Err(StataError::new(198, "the command printed no table"));
    }
    let kinds = [("word", "rtf"), ("excel", "xml"), ("tex", "tex"), ("text", "txt")];
    let wanted: Vec<&str> = kinds.iter().filter(|k| options.has(k.0)).map(|k| k.1).collect();
    for kind in if wanted.is_empty() { vec!["txt"] } else { wanted } {
        let name = match file.rsplit('/').next().unwrap_or(&file).rsplit_once('.') {
            Some((_, ending)) if ending == kind => file.clone(),
            _ => format!("{file}.{kind}"),
        };
        let sheet = Sheet { rows: rows.clone(), ..Sheet::default() };
        write::write(
            s,
            sheet,
            &Target { file: name.clone(), replace: options.has("replace"), append: false },
        )?;
        s.print(&name);
    }
    Ok(())
}
