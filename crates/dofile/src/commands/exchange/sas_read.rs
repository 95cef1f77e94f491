//! `import sas`, `import sasxport5`, `import sasxport8`: data sets of SAS. Dates become those of Stata, missing values keep their letters;
//! what has no equal in a data set is said in a note.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use xport::{Facts, FormatKind, Library, Native};

use super::cells::{Builder, Kind};
use super::labelled::{self, BLOCK, METADATA_LIMIT, decode, file_and_words};
use super::names::{self, Case};
use super::sas_formats::{self, Sets};
use super::{check_clear, report_import};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, Variable};
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::OptSpec;
use crate::syntax::split::unquote;
use crate::value::missing;

const NATIVE: &[OptSpec] = &[OptSpec::text("CASE"), OptSpec::text("ENCoding"), OptSpec::flag("CLEAR")];
const VERSION_5: &[OptSpec] = &[
    OptSpec::text("MEMber"),
    OptSpec::text("ENCoding"),
    OptSpec::flag("NOVALLabels"),
    OptSpec::flag("CLEAR"),
];
const VERSION_8: &[OptSpec] =
    &[OptSpec::text("CASE"), OptSpec::text("MEMber"), OptSpec::text("ENCoding"), OptSpec::flag("CLEAR")];

/// The three kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Native,
    Version5,
    Version8,
}

impl Form {
    /// The command, the extension of its files, and what the files are called.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Native => ("import sas", "sas7bdat", "SAS"),
            Self::Version5 => ("import sasxport5", "xpt", "SAS XPORT Version 5"),
            Self::Version8 => ("import sasxport8", "v8xpt", "SAS XPORT Version 8"),
        }
    }

    /// Its options, and those that are refused.
    fn options(self) -> (&'static [OptSpec], &'static [&'static str]) {
        match self {
            Self::Native => (NATIVE, &["BCAT"]),
            Self::Version5 => (VERSION_5, &["Describe"]),
            Self::Version8 => (VERSION_8, &["Describe"]),
        }
    }
}

/// A variable of the file with its values; texts are not decoded yet.
struct Loaded {
    about: xport::Variable,
    numbers: Vec<xport::Number>,
    texts: Vec<Box<[u8]>>,
}

/// What a file has.
struct Data {
    columns: Vec<Loaded>,
    encoding: Option<&'static Encoding>,
    /// Of names and labels, where it is another one.
    encoding_of_names: Option<&'static Encoding>,
    /// Names of the data sets in the file.
    members: Vec<String>,
}

/// Reads the file; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str, form: Form) -> Result<()> {
    let (command, extension, kind) = form.words();
    let mut cmd = ParsedCommand::split(command, raw, false)?;
    let (options, refused) = form.options();
    cmd.check_options(options, refused)?;
    check_clear(session, cmd.has("clear"))?;
    let (file, list) = file_and_words(&cmd)?;
    let default = if form == Form::Version5 { Case::Lower } else { Case::Preserve };
    let case = labelled::case(&cmd, default)?;
    let (path, file) = source(session, &file, extension)?;
    if !path.is_file() {
        return Err(StataError::new(601, format!("file {file} not found")));
    }
    let failed = |e: xport::Error| StataError::new(610, format!("file {file} not {kind} format: {e}"));
    let member = cmd.options.text("member").map(|name| unquote(name.trim()).to_owned());
    let data = match form {
        Form::Native => native(&path).map_err(failed)?,
        _ => transport(&path, member.as_deref(), &file).map_err(|e| e.into_error(failed))?,
    };
    let wanted = cmd.options.text("encoding").map(labelled::named_encoding).transpose()?;
    let encoding = wanted.or(data.encoding).unwrap_or_else(|| guess(&data.columns));
    let names = data.encoding_of_names.unwrap_or(encoding);
    let originals: Vec<String> = data.columns.iter().map(|c| decode(names, &c.about.name)).collect();
    let sets = match form {
        Form::Version5 if !cmd.has("novallabels") => {
            sas_formats::read(&beside(&path), wanted).map_err(failed)?
        }
        _ => Sets::new(),
    };
    let (frame, notes) = frame(data.columns, &originals, case, (encoding, names), &sets)?;
    let chosen = labelled::take(session, frame, &cmd, &list, &originals)?;
    for (_, note) in notes.iter().filter(|(at, _)| chosen.contains(at)) {
        session.print(format!("note: {note}"));
    }
    if member.is_none() && data.members.len() > 1 {
        let (first, others) = (&data.members[0], data.members[1..].join(" "));
        session.print(format!("note: {first} is read; option member() reads another one: {others}"));
    }
    report_import(session);
    Ok(())
}

/// The file that has the formats of a data set.
fn beside(path: &Path) -> PathBuf {
    path.with_file_name("formats.xpf")
}

/// A failure that is the file's, or one of what was asked for.
enum Failure {
    File(xport::Error),
    Request(StataError),
}

impl Failure {
    fn into_error(self, failed: impl Fn(xport::Error) -> StataError) -> StataError {
        match self {
            Self::File(error) => failed(error),
            Self::Request(error) => error,
        }
    }
}

impl From<xport::Error> for Failure {
    fn from(error: xport::Error) -> Self {
        Self::File(error)
    }
}

/// Reads a file in SAS's own format.
fn native(path: &Path) -> std::result::Result<Data, xport::Error> {
    let file = Native::open(path)?;
    let mut columns = empty(&file.variables);
    file.each_block(BLOCK, |block, _| {
        append(&mut columns, block);
        Ok::<(), xport::Error>(())
    })?;
    let encoding = file.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes()));
    Ok(Data { columns, encoding, encoding_of_names: Some(UTF_8), members: Vec::new() })
}

/// Reads a data set of a transport file, the first one without a name.
fn transport(path: &Path, wanted: Option<&str>, shown: &str) -> std::result::Result<Data, Failure> {
    let opened = File::open(path).map_err(xport::Error::from)?;
    let mut library = Library::open(BufReader::new(opened), METADATA_LIMIT)?;
    let members: Vec<String> =
        library.members().iter().map(|m| String::from_utf8_lossy(&m.name).into_owned()).collect();
    let at = match wanted {
        None => (!members.is_empty()).then_some(0),
        Some(name) => members.iter().position(|member| member.eq_ignore_ascii_case(name)),
    };
    let at = at.ok_or_else(|| {
        let name = wanted.map_or_else(String::new, |name| format!(" {name}"));
        Failure::Request(StataError::new(111, format!("member{name} not found in {shown}")))
    })?;
    let mut columns = empty(&library.members()[at].variables);
    let mut first = 0;
    while let Some(block) = library.read_block(at, first, BLOCK)? {
        append(&mut columns, &block);
        first += BLOCK as u64;
    }
    Ok(Data { columns, encoding: None, encoding_of_names: None, members })
}

fn empty(variables: &[xport::Variable]) -> Vec<Loaded> {
    let of =
        |about: &xport::Variable| Loaded { about: about.clone(), numbers: Vec::new(), texts: Vec::new() };
    variables.iter().map(of).collect()
}

fn append(columns: &mut [Loaded], block: &[xport::Column]) {
    for (column, read) in columns.iter_mut().zip(block) {
        match read {
            xport::Column::Numbers(numbers) => column.numbers.extend_from_slice(numbers),
            texts @ xport::Column::Texts { .. } => column.texts.extend(texts.texts().map(Box::from)),
        }
    }
}

/// UTF-8 where all texts are valid in it, else the encoding of Western Windows.
fn guess(columns: &[Loaded]) -> &'static Encoding {
    let valid = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
    let all = columns
        .iter()
        .all(|c| valid(&c.about.name) && valid(&c.about.label) && c.texts.iter().all(|text| valid(text)));
    if all { UTF_8 } else { WINDOWS_1252 }
}

/// A note with the position of its variable.
type Note = (usize, String);

/// The data set, and what could not be kept. `encodings` are those of texts and of names.
fn frame(
    columns: Vec<Loaded>,
    originals: &[String],
    case: Case,
    encodings: (&'static Encoding, &'static Encoding),
    sets: &Sets,
) -> Result<(Frame, Vec<Note>)> {
    let named = names::names(originals, case, |at| format!("v{}", at + 1));
    let mut frame = Frame::new();
    let mut notes = Vec::new();
    for (at, (column, (name, original))) in columns.into_iter().zip(named).enumerate() {
        let label = decode(encodings.1, &column.about.label);
        let own = column.about.format.name.to_lowercase();
        let kind = column.about.format.kind();
        let is_text = column.about.is_text;
        let (builder, format) = stored(column, encodings.0);
        let mut variable = Variable::new(&name, builder.finish());
        if let Some(format) = format {
            variable.format = format;
        }
        let other = if original.eq_ignore_ascii_case(&name) { String::new() } else { original };
        variable.label = if label.trim().is_empty() { other } else { label.chars().take(80).collect() };
        match (kind, sets.get(&own)) {
            (FormatKind::Labels, Some(set)) if !is_text => {
                frame.value_labels.insert(own.clone(), set.clone());
                variable.value_label = own;
            }
            (FormatKind::Labels, _) => notes.push((
                at,
                format!(
                    "labels of {name} are in the format {}, which the file does not contain",
                    own.to_uppercase()
                ),
            )),
            (FormatKind::Time, _) => notes.push((at, format!("{name} is a duration in seconds"))),
            _ => {}
        }
        frame.add(variable)?;
    }
    frame.changed = true;
    Ok((frame, notes))
}

/// The values in their storage, and a format that is not the default.
fn stored(column: Loaded, encoding: &'static Encoding) -> (Builder, Option<String>) {
    let Loaded { about, numbers, texts } = column;
    if about.is_text {
        let decoded = texts.iter().map(|text| Box::from(encoding.decode_without_bom_handling(text).0));
        return (Builder::Texts(decoded.collect()), None);
    }
    let kind = about.format.kind();
    let mut facts = Facts::default();
    numbers.iter().for_each(|number| facts.number(*number, kind));
    let reading = xport::reading(kind, &facts);
    let value =
        |number: &xport::Number| xport::value(reading, *number).unwrap_or_else(|code| missing(code.rank()));
    let values: Vec<f64> = numbers.iter().map(value).collect();
    let mut seen = Kind::default();
    values.iter().for_each(|x| seen.look_number(*x));
    let storage = seen.numeric_type(StorageType::Double);
    let (width, decimals) = (about.format.width, about.format.decimals);
    let decimals_shown = facts.has_fraction && kind == FormatKind::Plain && (1..=9).contains(&decimals);
    let format = reading
        .display_format()
        .map(str::to_owned)
        .or_else(|| decimals_shown.then(|| format!("%{}.{decimals}f", width.clamp(decimals + 3, 20))));
    (Builder::Numbers(storage, values), format)
}
