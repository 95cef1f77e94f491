//! `outfile`: data as text that `infile` reads ([D] outfile).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::ops::files::{check_replace, with_extension};
use crate::ops::sources::is_temporary;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{is_missing, missing_text};
use std::fmt::Write as _;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Dictionary"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noQuote"),
    OptSpec::flag("Comma"),
    OptSpec::flag("Wide"),
    OptSpec::flag("RJs"),
    OptSpec::flag("Missing"),
    OptSpec::flag("REPLACE"),
])
.using(Using::Required)
.unsupported(&["FJs", "Runtogether"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "outfile",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "outfile [varlist] using filename [if] [in] [, dictionary nolabel noquote comma wide rjs missing replace]",
    notes: "values in their display formats, lines of at most 80 characters unless wide or comma; extension .raw, with dictionary .dct; no results; [D] outfile",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n / 2\ngenerate str3 s = \"a b\"\nreplace x = . in 3\noutfile using out.raw, replace\ninfile y str3 t using out.raw, clear\nerase out.raw",
        expect: &[("_N", 3.0), ("y[1]", 0.5), ("t[2] == \"a b\"", 1.0), ("missing(y[3])", 1.0)],
    }],
};

const WIDTH: usize = 80;

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    if vars.is_empty() {
        return Err(StataError::standard(102));
    }
    let rows = s.rows(cmd)?;
    let given = cmd.using.as_deref().unwrap_or_default();
    let temporary = is_temporary(s, given);
    let extension = if cmd.has("dictionary") { "dct" } else { "raw" };
    let file = if temporary { given.to_string() } else { with_extension(given, extension) };
    let path = s.path(&file);
    check_replace(&path, &file, cmd.has("replace") || temporary)?;
    let mut text = String::new();
    if cmd.has("dictionary") {
        header(s, &vars, &mut text);
    }
    for row in (0..rows.len()).filter(|r| rows[*r]) {
        let cells: Vec<String> = vars.iter().map(|v| cell(s, cmd, *v, row)).collect();
        if cmd.has("comma") {
            text.push_str(&cells.join(","));
        } else {
            lines(&cells, cmd.has("wide"), &mut text);
        }
        text.push('\n');
    }
    std::fs::write(&path, text).map_err(|e| StataError::unwritten(file, &e))
}

/// Cells with blanks between them; a new line where the text would be wider than 80 characters.
fn lines(cells: &[String], wide: bool, text: &mut String) {
    let mut used = 0;
    for cell in cells {
        let width = cell.chars().count() + usize::from(used > 0);
        if used > 0 && !wide && used + width > WIDTH {
            text.push('\n');
            used = 0;
        }
        if used > 0 {
            text.push(' ');
        }
        text.push_str(cell);
        used += width;
    }
}

/// The dictionary in front of the data.
fn header(s: &Session, vars: &[usize], text: &mut String) {
    text.push_str("dictionary {\n");
    for v in vars {
        let v = s.frame.var(*v);
        let labels = if v.value_label.is_empty() { String::new() } else { format!(":{}", v.value_label) };
        let label = if v.label.is_empty() { String::new() } else { format!("\t`\"{}\"'", v.label) };
        let _ = writeln!(text, "\t{} {}{labels}{label}", v.data.storage_type().name(), v.name);
    }
    text.push_str("}\n");
}

fn cell(s: &Session, cmd: &ParsedCommand, variable: usize, row: usize) -> String {
    let v = s.frame.var(variable);
    let comma = cmd.has("comma");
    let quoted = |text: &str| {
        let mark = if text.contains('"') { "'" } else { "\"" };
        if cmd.has("noquote") { text.to_string() } else { format!("{mark}{text}{mark}") }
    };
    if v.is_string() {
        let text = quoted(s.frame.str_at(variable, row));
        let width =
            Format::parse(&v.format).map_or(0, |f| f.width()) + if cmd.has("noquote") { 0 } else { 2 };
        return match (comma, cmd.has("rjs")) {
            (true, _) => text,
            (_, true) => format!("{text:>width$}"),
            _ => format!("{text:<width$}"),
        };
    }
    let x = s.frame.num_at(variable, row);
    let labels = if cmd.has("nolabel") { None } else { s.frame.labels_of(variable) };
    if let Some(text) = labels.and_then(|l| l.get(x)) {
        return quoted(text);
    }
    let format = Format::parse(&v.format);
    let width = format.as_ref().map_or(9, |f| f.width());
    let text = match format {
        _ if is_missing(x) && comma && !cmd.has("missing") => String::new(),
        _ if is_missing(x) => missing_text(x),
        Some(f) => f.bare(x).trim().to_string(),
        None => x.to_string(),
    };
    if comma { text } else { format!("{text:>width$}") }
}
