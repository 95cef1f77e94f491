//! `matlist`: a matrix as a table with a rule under its column names ([P] matlist).

use super::matrix::evaluate;
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::ops::matrix_tables::{Look, draw};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{front_and_options, unquote};

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "any matrix expression; a symmetric matrix is shown by its lower half; columns that do not fit follow below; a matrix with equations is laid out as by matrix list, and takes format() alone; no results; [P] matlist",
    examples: &[Example {
        run: "matrix A = (1,2\\3,4)\nmatlist A, format(%9.2f)\nmatlist 2*A, border(rows) rowtitle(rows) left(4)\ncapture matlist nosuch\nscalar rc = _rc",
        expect: &[("A[2,1]", 3.0), ("rc", 111.0)],
    }],
    ..CommandSpec::raw(
        "matlist",
        5,
        run,
        "matlist matrix_exp [, format(%fmt) title(text) tindent(#) rowtitle(text) twidth(#) left(#) border(none|all|rows|columns|left|right|top|bottom) lines(oneline|none) names(all|rows) underscore noblank nohalf nodotz]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Format"),
    OptSpec::text("TITle"),
    OptSpec::int("TINdent"),
    OptSpec::text("ROWtitle"),
    OptSpec::int("TWidth"),
    OptSpec::int("Left"),
    OptSpec::int("Right"),
    OptSpec::flag_or_text("BORder"),
    OptSpec::text("LINes"),
    OptSpec::text("NAmes"),
    OptSpec::flag("UNDerscore"),
    OptSpec::flag("noBlank"),
    OptSpec::flag("noHalf"),
    OptSpec::flag("noDotz"),
];

const REFUSED: &[&str] = &[
    "noNAmes",
    "SHOWcoleq",
    "ROWEQonly",
    "COLEQonly",
    "COLORcoleq",
    "KEEPcoleq",
    "ALIGNcolnames",
    "CSPec",
    "RSPec",
    "LINESize",
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (text, rest) = front_and_options(&cmd.raw);
    let options = Options::parse("matlist", rest, OPTIONS, REFUSED)?;
    if text.is_empty() {
        return Err(StataError::standard(100));
    }
    let m = evaluate(s, text)?;
    if m.row_names.iter().chain(&m.col_names).any(|n| !n.eq.is_empty()) {
        return with_equations(s, text, &options);
    }
    let look = look(&options)?;
    if !options.has("noblank") {
        s.print("");
    }
    if let Some(title) = options.text("title") {
        let indent = options.int("tindent").unwrap_or(0).max(0) as usize;
        s.print(format!("{}{}", " ".repeat(indent), unquote(title.trim())));
        s.print("");
    }
    draw(s, &m, &look);
    Ok(())
}

/// Equations stand as `matrix list` has them.
fn with_equations(s: &mut Session, text: &str, options: &Options) -> Result<()> {
    if let Some((name, _)) = options.iter().find(|o| o.0 != "format") {
        return Err(StataError::unsupported_option("matlist of a matrix with equations", name));
    }
    let m = evaluate(s, text)?;
    let name = "__matlist";
    let held = s.matrices.insert(name.to_string(), std::sync::Arc::new(m));
    let format = options.text("format").map_or(String::new(), |f| format!(" format({f})"));
    let done = s.run_expanded(&format!("matrix list {name}, noheader{format}"));
    match held {
        Some(old) => s.matrices.insert(name.to_string(), old),
        None => s.matrices.remove(name),
    };
    done.map(|_| ())
}

fn look(options: &Options) -> Result<Look> {
    let format = match options.text("format") {
        None => Format::parse("%9.0g").expect("a format"),
        Some(f) => Format::parse(f)
            .filter(|f| !f.is_string())
            .ok_or_else(|| StataError::new(120, format!("invalid %format {f}")))?,
    };
    let number = |name: &str, default: usize| match options.int(name) {
        None => Ok(default),
        Some(n) => {
            usize::try_from(n).map_err(|_| StataError::invalid(format!("{name}() must not be negative")))
        }
    };
    number("right", 0)?;
    let border = match (options.has("border"), options.text("border").map(str::trim)) {
        (false, _) => [false; 4],
        (true, None | Some("" | "all")) => [true; 4],
        (true, Some("none")) => [false; 4],
        (true, Some("rows")) => [true, true, false, false],
        (true, Some("columns")) => [false, false, true, true],
        (true, Some("top")) => [true, false, false, false],
        (true, Some("bottom")) => [false, true, false, false],
        (true, Some("left")) => [false, false, true, false],
        (true, Some("right")) => [false, false, false, true],
        (true, Some(other)) => return Err(StataError::invalid(format!("border({other}) invalid"))),
    };
    let rule = match options.text("lines").map(str::trim) {
        None | Some("oneline") => true,
        Some("none") => false,
        Some(other) => return Err(StataError::unsupported_option("matlist", &format!("lines({other})"))),
    };
    let heads = match options.text("names").map(str::trim) {
        None | Some("all") => true,
        Some("rows") => false,
        Some(other) => return Err(StataError::unsupported_option("matlist", &format!("names({other})"))),
    };
    Ok(Look {
        format,
        names: number("twidth", 12)?,
        left: number("left", 0)?,
        heads,
        row_title: options.text("rowtitle").map_or("", |t| unquote(t.trim())).to_string(),
        border,
        rule,
        underscore: options.has("underscore"),
        half: !options.has("nohalf"),
        blank_z: options.has("nodotz"),
    })
}
