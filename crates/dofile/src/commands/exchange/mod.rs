//! `import` and `export`: delimited text and Excel workbooks; `import spss`, `import sas`: data sets of SPSS and SAS; `infix`, `infile` and `outfile`: text of fixed and free
//! format.

mod cells;
mod dictionary;
mod excel_read;
mod excel_write;
mod filefilter;
mod infile;
mod infix;
mod labelled;
mod names;
mod outfile;
mod outsheet;
mod raw;
mod sas_formats;
mod sas_read;
mod spss_read;
mod text_read;
mod text_write;
mod workbooks;

use super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[outsheet::SPEC, infix::SPEC, infile::SPEC, outfile::SPEC, filefilter::SPEC, IMPORT, EXPORT];

/// `import`.
const IMPORT: CommandSpec = CommandSpec {
    name: "import",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: import,
    syntax: "import delimited [varlist] [using] filename [, delimiters() varnames() case() rowrange() colrange() encoding() stringcols() numericcols() asfloat asdouble clear]; import excel [using] filename [, sheet() cellrange() firstrow case() allstring clear describe]; import spss [varlist] [if] [in] [using] filename [, case(lower|upper|preserve) encoding() zsav clear]; import sas [varlist] [if] [in] [using] filename [, case(lower|upper|preserve) encoding() clear]; import sasxport5 [using] filename [, member() encoding() novallabels clear]; import sasxport8 [varlist] [if] [in] [using] filename [, case(lower|upper|preserve) member() encoding() clear]",
    notes: "stores r(N), r(k), import excel, describe r(N_worksheet) r(worksheet_#) r(range_#); spss: values that the file declares missing become .a, .b ... in ascending order and keep their labels, dates become those of Stata; sas, sasxport5, sasxport8: missing values keep their letters, dates become those of Stata, labels come from formats.xpf of the same folder (sasxport5), of several data sets member() names the one that is read; types: [D] import delimited, [D] import excel, [D] import spss, [D] import sas, [D] import sasxport5",
    examples: &[Example {
        run: "set obs 3\ngenerate double x = _n / 4\ngenerate str5 s = \"a,b\"\ntempfile f\nexport delimited using \"`f'\", replace\nimport delimited using \"`f'\", clear asdouble",
        expect: &[("x[3]", 0.75), ("_N", 3.0), ("s[1] == \"a,b\"", 1.0), ("r(k)", 2.0)],
    }],
};

/// `export`.
const EXPORT: CommandSpec = CommandSpec {
    name: "export",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: export,
    syntax: "export delimited [varlist] [using] filename [if] [in] [, delimiter() novarnames nolabel datafmt quote replace]; export excel [varlist] [using] filename [if] [in] [, sheet(name [, replace modify]) cell() firstrow() nolabel missing() datestring() replace sheetreplace sheetmodify]",
    notes: "numbers are written so that they read back to the same value",
    examples: &[Example {
        run: "set obs 2\ngenerate x = 1.5*_n\ngenerate str s = \"a,b\"\ntempfile f\nexport delimited using `f'.csv\nimport delimited using `f'.csv, clear\nerase `f'.csv",
        expect: &[("x[2]", 3.0), ("s[1] == \"a,b\"", 1.0)],
    }],
};

fn import(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    match subcommand(&cmd.raw) {
        ("delimited" | "delim" | "delimi" | "delimit" | "delimite", rest) => text_read::run(session, rest),
        ("excel" | "exc" | "exce", rest) => excel_read::run(session, rest),
        ("spss", rest) => spss_read::run(session, rest),
        ("sas", rest) => sas_read::run(session, rest, sas_read::Form::Native),
        ("sasxport5", rest) => sas_read::run(session, rest, sas_read::Form::Version5),
        ("sasxport8", rest) => sas_read::run(session, rest, sas_read::Form::Version8),
        (other, _) => Err(refused("import", other)),
    }
}

fn export(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    match subcommand(&cmd.raw) {
        ("delimited" | "delim" | "delimi" | "delimit" | "delimite", rest) => text_write::run(session, rest),
        ("excel" | "exc" | "exce", rest) => excel_write::run(session, rest),
        (other, _) => Err(refused("export", other)),
    }
}

fn refused(command: &str, what: &str) -> StataError {
    match what {
        "" => StataError::syntax(),
        "sas" | "spss" | "sasxport5" | "sasxport8" | "dbase" | "fred" | "haver" => {
            StataError::unsupported_command(&format!("{command} {what}"))
        }
        _ => StataError::invalid(format!("{command} {what} is unrecognized")),
    }
}

fn subcommand(raw: &str) -> (&str, &str) {
    let end = raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len());
    (&raw[..end], raw[end..].trim())
}

/// r(4) when the data in memory would be lost.
fn check_clear(session: &Session, clear: bool) -> Result<()> {
    if session.frame.changed && session.frame.n_vars() > 0 && !clear {
        return Err(StataError::new(4, "no; data in memory would be lost"));
    }
    Ok(())
}

/// The file name and the text before it: `[varlist] using FILE`, `[varlist] "FILE"` or `FILE`.
fn file_and_list(cmd: &ParsedCommand) -> Result<(String, String)> {
    if let Some(using) = &cmd.using {
        return Ok((using.clone(), cmd.list.clone()));
    }
    let parts = crate::syntax::split::words(&cmd.list);
    match parts.split_last() {
        Some((file, list)) => Ok((crate::syntax::split::unquote(file).to_owned(), list.join(" "))),
        None => Err(StataError::invalid("invalid file specification")),
    }
}

/// Stores r(N) and r(k) and says how much was read.
fn report_import(session: &mut Session) {
    let (k, n) = (session.frame.n_vars(), session.frame.n_rows());
    let plural = if k == 1 { "var" } else { "vars" };
    session.print(format!("({} {plural}, {} obs)", count(k), count(n)));
    let mut results = crate::results::Results::default();
    results.scalar("N", n as f64).scalar("k", k as f64);
    session.r = results;
}

fn count(n: usize) -> String {
    crate::format::bare("%15.0gc", n as f64)
}
