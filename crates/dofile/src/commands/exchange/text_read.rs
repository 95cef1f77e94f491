//! `import delimited`: two passes over the file, the first to find the type of each column.

use std::ops::Range;

use super::cells::{self, Builder, Kind};
use super::names::{self, Case};
use super::{check_clear, file_and_list, report_import};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, Variable};
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::unquote;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("DELIMiters"),
    OptSpec::text("VARNames"),
    OptSpec::text("CASE"),
    OptSpec::text("ROWRange"),
    OptSpec::text("COLRange"),
    OptSpec::text("ENCoding"),
    OptSpec::text("STRINGCols"),
    OptSpec::text("NUMERICCols"),
    OptSpec::text("BINDQuotes"),
    OptSpec::flag("ASFLOAT"),
    OptSpec::flag("ASDOUBLE"),
    OptSpec::flag("CLEAR"),
];

const UNSUPPORTED: &[&str] = &[
    "PARSELocale",
    "DECIMALSeparator",
    "GROUPSeparator",
    "STRIPQuotes",
    "MAXQUOTEDrows",
    "EMPTYlines",
    "FAVORSTRFIXED",
    "LOCale",
    "COLLapse",
    "THREADs",
];

/// Values of the options.
struct Plan {
    delimiter: u8,
    quoting: bool,
    /// Zero-based line of the names, `Some(None)` for none, `None` to find out.
    heading: Option<Option<usize>>,
    case: Case,
    rows: Range<usize>,
    columns: Range<usize>,
    as_text: Columns,
    as_number: Columns,
    fractions: StorageType,
}

/// Columns named by an option.
#[derive(Debug, Clone, PartialEq)]
enum Columns {
    None,
    All,
    Some(Vec<usize>),
}

impl Columns {
    fn parse(text: Option<&str>) -> Result<Self> {
        Ok(match text {
            None => Self::None,
            Some("_all") => Self::All,
            Some(list) => Self::Some(numlist::expand(list)?.into_iter().map(|n| n as usize).collect()),
        })
    }

    /// True for a zero-based column.
    fn has(&self, column: usize) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(list) => list.contains(&(column + 1)),
        }
    }
}

/// Reads the file; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("import delimited", raw, false)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    if cmd.if_exp.is_some() || cmd.in_range.is_some() {
        return Err(StataError::syntax());
    }
    check_clear(session, cmd.has("clear"))?;
    let (file, list) = file_and_list(&cmd)?;
    let (path, file) = source(session, &file, "csv")?;
    let bytes = std::fs::read(path).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let text = decode(&bytes, cmd.options.text("encoding"))?;
    let plan = plan(&cmd, &text, session.settings.default_type)?;
    let mut frame = read(&text, &plan)?;
    let chosen: Vec<&str> = list.split_whitespace().collect();
    if !chosen.is_empty() {
        rename(&mut frame, &chosen)?;
    }
    frame.changed = true;
    session.frame = frame;
    if cmd.options.text("encoding").is_none() {
        session.print(format!("(encoding automatically selected: {})", found_encoding(&bytes)));
    }
    report_import(session);
    Ok(())
}

/// The name of the encoding that the bytes have.
fn found_encoding(bytes: &[u8]) -> &'static str {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.name(),
        None if !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() => "UTF-8",
        None => "ISO-8859-1",
    }
}

/// The text as UTF-8; without `encoding()` a byte-order mark or valid UTF-8 decide, Windows-1252
/// (a superset of Latin-1) is the rest.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Result<std::borrow::Cow<'a, [u8]>> {
    use std::borrow::Cow;
    let encoding = match label {
        Some(label) => encoding_rs::Encoding::for_label(label.trim_matches('"').as_bytes())
            .ok_or_else(|| StataError::invalid(format!("encoding {label} is not known")))?,
        None => match encoding_rs::Encoding::for_bom(bytes) {
            Some((encoding, _)) => encoding,
            None if std::str::from_utf8(bytes).is_ok() => return Ok(Cow::Borrowed(bytes)),
            None => encoding_rs::WINDOWS_1252,
        },
    };
    let (text, _, _) = encoding.decode(bytes);
    Ok(Cow::Owned(text.into_owned().into_bytes()))
}

fn plan(cmd: &ParsedCommand, text: &[u8], usual: StorageType) -> Result<Plan> {
    let bad = |option: &str| StataError::invalid(format!("option {option}() incorrectly specified"));
    let delimiter = match cmd.options.text("delimiters").map(unquote) {
        None => guess(text),
        Some("tab" | "\\t" | "\t") => b'\t',
        Some("comma") => b',',
        Some("space") => b' ',
        Some(d) if d.len() == 1 => d.as_bytes()[0],
        Some(_) => return Err(bad("delimiters")),
    };
    let heading = match cmd.options.text("varnames") {
        None => None,
        Some("nonames") => Some(None),
        Some(n) => {
            Some(Some(n.trim().parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| bad("varnames"))? - 1))
        }
    };
    let case = match cmd.options.text("case") {
        None => Case::Lower,
        Some(text) => Case::parse(text).ok_or_else(|| bad("case"))?,
    };
    let range = |option: &str| -> Result<Range<usize>> {
        let Some(text) = cmd.options.text(option) else { return Ok(0..usize::MAX) };
        let (a, b) = text.split_once(':').unwrap_or((text, ""));
        let end = |t: &str, default: usize| match t.trim() {
            "" => Ok(default),
            t => t.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| bad(option)),
        };
        Ok(end(a, 1)? - 1..end(b, usize::MAX)?)
    };
    let quoting = match cmd.options.text("bindquotes") {
        None | Some("strict" | "loose") => true,
        Some("nobind") => false,
        Some(_) => return Err(bad("bindquotes")),
    };
    Ok(Plan {
        delimiter,
        quoting,
        heading,
        case,
        rows: range("rowrange")?,
        columns: range("colrange")?,
        as_text: Columns::parse(cmd.options.text("stringcols"))?,
        as_number: Columns::parse(cmd.options.text("numericcols"))?,
        fractions: fractions(cmd, usual),
    })
}

/// Type of columns with fractions: asdouble and asfloat name it, else that of `set type` where it holds fractions.
fn fractions(cmd: &ParsedCommand, usual: StorageType) -> StorageType {
    let double = cmd.has("asdouble") || (usual == StorageType::Double && !cmd.has("asfloat"));
    if double { StorageType::Double } else { StorageType::Float }
}

/// Tab when the first line has more tabs than commas, else comma.
fn guess(text: &[u8]) -> u8 {
    let line = text.split(|b| *b == b'\n').next().unwrap_or(&[]);
    let count = |d: u8| line.iter().filter(|b| **b == d).count();
    if count(b'\t') > count(b',') { b'\t' } else { b',' }
}

fn reader<'a>(text: &'a [u8], plan: &Plan) -> csv::Reader<&'a [u8]> {
    csv::ReaderBuilder::new()
        .delimiter(plan.delimiter)
        .quoting(plan.quoting)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 18)
        .from_reader(text)
}

fn failed(e: csv::Error) -> StataError {
    StataError::new(603, format!("the file could not be read: {e}"))
}

/// True when a line looks like names: something in it, and no number.
fn looks_like_names(record: &csv::ByteRecord) -> bool {
    record.iter().any(|c| !c.trim_ascii().is_empty())
        && record.iter().all(|c| c.trim_ascii().is_empty() || cells::number(c).is_none())
}

fn read(text: &[u8], plan: &Plan) -> Result<Frame> {
    let mut record = csv::ByteRecord::new();
    let mut source = reader(text, plan);
    let (mut kinds, mut headings, mut line, mut rows): (Vec<Kind>, Vec<String>, usize, usize) =
        (vec![], vec![], 0, 0);
    let mut heading = plan.heading;
    while source.read_byte_record(&mut record).map_err(failed)? {
        let names = match heading {
            None => looks_like_names(&record).then_some(line),
            Some(at) => at,
        };
        heading = Some(names);
        if names == Some(line) {
            headings = record.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        } else if names.is_none_or(|at| line > at) && plan.rows.contains(&line) {
            if kinds.len() < record.len() {
                kinds.resize(record.len(), Kind::default());
            }
            kinds.iter_mut().zip(record.iter()).for_each(|(kind, cell)| kind.look(cell));
            rows += 1;
        }
        line += 1;
    }
    let width = kinds.len().max(headings.len());
    kinds.resize(width, Kind::default());
    headings.resize(width, String::new());
    let columns = plan.columns.start.min(width)..plan.columns.end.min(width);
    if columns.is_empty() {
        return Err(StataError::no_observations());
    }
    let builder = |at: usize| {
        let text = (kinds[at].text || plan.as_text.has(at)) && !plan.as_number.has(at);
        if text {
            Builder::Texts(Vec::with_capacity(rows))
        } else {
            Builder::Numbers(kind_type(plan, &kinds[at]), Vec::with_capacity(rows))
        }
    };
    let mut builders: Vec<Builder> = columns.clone().map(builder).collect();
    fill(text, plan, heading.flatten(), columns.clone(), &mut builders)?;
    let named =
        names::names(&headings[columns.clone()], plan.case, |at| format!("v{}", columns.start + at + 1));
    let mut frame = Frame::new();
    for ((name, label), builder) in named.into_iter().zip(builders) {
        let mut variable = Variable::new(&name, builder.finish());
        variable.label = label;
        frame.add(variable)?;
    }
    Ok(frame)
}

fn kind_type(plan: &Plan, kind: &Kind) -> StorageType {
    if kind.text { StorageType::Double } else { kind.numeric_type(plan.fractions) }
}

/// The second pass: values into the typed columns.
fn fill(
    text: &[u8],
    plan: &Plan,
    heading: Option<usize>,
    columns: Range<usize>,
    builders: &mut [Builder],
) -> Result<()> {
    let mut record = csv::ByteRecord::new();
    let mut source = reader(text, plan);
    let mut line = 0;
    while source.read_byte_record(&mut record).map_err(failed)? {
        if heading.is_none_or(|at| line > at) && plan.rows.contains(&line) {
            for (column, builder) in columns.clone().zip(builders.iter_mut()) {
                match (record.get(column), builder) {
                    (None, builder) => builder.push_empty(),
                    (Some(cell), Builder::Numbers(_, values)) => {
                        // numericcols() makes a text a missing value
                        values.push(cells::number(cell).unwrap_or(crate::value::MISSING));
                    }
                    (Some(cell), Builder::Texts(values)) => values.push(String::from_utf8_lossy(cell).into()),
                }
            }
        }
        line += 1;
    }
    Ok(())
}

/// The names of `import delimited a b c using …`.
fn rename(frame: &mut Frame, chosen: &[&str]) -> Result<()> {
    if chosen.len() != frame.n_vars() {
        return Err(StataError::standard(if chosen.len() < frame.n_vars() { 102 } else { 103 }));
    }
    for (at, name) in chosen.iter().enumerate() {
        if !crate::frame::is_valid_name(name) {
            return Err(StataError::invalid(format!("{name} invalid varname")));
        }
        if frame.var(at).name != *name {
            frame.rename(at, name)?;
        }
    }
    Ok(())
}
