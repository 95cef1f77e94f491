//! `export delimited`: writes the data as a text table. Other file formats do not belong here.

use crate::commands::language::files::{check_replace, with_extension};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Frame};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use std::io::{BufWriter, Write};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("replace"),
    OptSpec::text("Delimiter"),
    OptSpec::flag("noVARnames"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("datafmt"),
    OptSpec::flag("QUOte"),
];

pub const SPEC: CommandSpec = CommandSpec {
    name: "export",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "export delimited [varlist] using filename [if] [in] [, replace delimiter(\"char\"|tab) novarnames nolabel datafmt quote]",
    notes: "no results; numbers are written so that they read back to the same value, missing numbers are empty; [D] import delimited",
    examples: &[Example {
        run: "tempfile f\nset obs 2\ngenerate double x = _n / 3\nexport delimited using `f', replace",
        expect: &[("_N", 2.0)],
    }],
};

/// What a cell is written as.
struct Style {
    delimiter: String,
    labels: bool,
    display: bool,
    quote: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len());
    let (kind, rest) = raw.split_at(end);
    if kind.len() < 5 || !"delimited".starts_with(kind) {
        return Err(StataError::unsupported_command(&format!("export {kind}")));
    }
    let mut parsed = ParsedCommand::split("export delimited", rest, false)?;
    parsed.check_options(OPTIONS, &[])?;
    // the name may follow directly, without `using`
    let (list, name) = match &parsed.using {
        Some(name) => (parsed.list.clone(), name.clone()),
        None => (String::new(), crate::syntax::split::unquote(parsed.list.trim()).to_string()),
    };
    if name.is_empty() {
        return Err(StataError::invalid("invalid file specification"));
    }
    let vars = if list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&list)? };
    let touse = s.rows(&parsed)?;
    let style = Style {
        delimiter: match parsed.options.text("delimiter") {
            None => ",".to_string(),
            Some("tab" | "\\t") => "\t".to_string(),
            Some(d) if d.chars().count() == 1 => d.to_string(),
            Some(_) => return Err(StataError::invalid("delimiter() must be one character or tab")),
        },
        labels: !parsed.has("nolabel"),
        display: parsed.has("datafmt"),
        quote: parsed.has("quote"),
    };
    let shown = with_extension(&name, "csv");
    let path = s.path(&shown);
    check_replace(&path, &shown, parsed.has("replace"))?;
    let failed = |e: std::io::Error| StataError::new(603, format!("file {shown} could not be opened: {e}"));
    let mut out = BufWriter::with_capacity(1 << 16, std::fs::File::create(&path).map_err(failed)?);
    if !parsed.has("novarnames") {
        let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
        writeln!(out, "{}", names.join(&style.delimiter)).map_err(failed)?;
    }
    for i in (0..touse.len()).filter(|&i| touse[i]) {
        let cells: Vec<String> = vars.iter().map(|&v| cell(&s.frame, v, i, &style)).collect();
        writeln!(out, "{}", cells.join(&style.delimiter)).map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    s.print(format!("file {shown} saved"));
    Ok(())
}

fn cell(frame: &Frame, v: usize, row: usize, style: &Style) -> String {
    let var = frame.var(v);
    let text = match &*var.data {
        column if column.is_string() => column.str(row).to_string(),
        column => {
            let x = column.num(row);
            if is_missing(x) {
                return String::new();
            }
            let label = if style.labels { frame.labels_of(v).and_then(|l| l.get(x)) } else { None };
            match (label, column) {
                (Some(text), _) => text.to_string(),
                _ if style.display => return format::bare(&var.format, x),
                (None, Column::Float(values)) => return format!("{}", values[row]),
                _ => return format!("{x}"),
            }
        }
    };
    quoted(&text, style)
}

fn quoted(text: &str, style: &Style) -> String {
    if style.quote || text.contains(&style.delimiter) || text.contains(['"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_string()
}
