//! `import spss`: system files of SPSS (.sav, .zsav). Dates become those of Stata, values that the file declares missing become
//! extended missing values, which keep their labels; what has no equal in a data set is said in a note.

use std::fs::File;
use std::io::BufReader;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use sav::{Code, Facts, FormatKind, Meaning, Reader};

use super::cells::{Builder, Kind};
use super::labelled::{self, BLOCK, METADATA_LIMIT, decode, file_and_words};
use super::names::{self, Case};
use super::{check_clear, report_import};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, ValueLabel, Variable};
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::OptSpec;
use crate::value::missing;

const OPTIONS: &[OptSpec] =
    &[OptSpec::text("CASE"), OptSpec::text("ENCoding"), OptSpec::flag("ZSAV"), OptSpec::flag("CLEAR")];

type Input = Reader<BufReader<File>>;

/// A variable of the file with its values.
struct Loaded {
    about: sav::Variable,
    facts: Facts,
    values: Builder,
}

/// Reads the file; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("import spss", raw, false)?;
    cmd.check_options(OPTIONS, &[])?;
    check_clear(session, cmd.has("clear"))?;
    let (file, list) = file_and_words(&cmd)?;
    let case = labelled::case(&cmd, Case::Preserve)?;
    let (path, file) = source(session, &file, if cmd.has("zsav") { "zsav" } else { "sav" })?;
    let opened = File::open(path).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let failed = |e: sav::Error| StataError::new(610, format!("file {file} not SPSS format: {e}"));
    let mut reader = Reader::open(BufReader::new(opened), METADATA_LIMIT).map_err(failed)?;
    let encoding = match cmd.options.text("encoding") {
        Some(name) => labelled::named_encoding(name)?,
        None => found_encoding(&mut reader).map_err(failed)?,
    };
    let weight = reader.weight();
    let columns = load(&mut reader, encoding).map_err(failed)?;
    let originals: Vec<String> = columns.iter().map(|c| decode(encoding, &c.about.name)).collect();
    let weight = weight.map(|at| originals[at].clone());
    let (frame, notes) = frame(columns, &originals, case, encoding)?;
    let chosen = labelled::take(session, frame, &cmd, &list, &originals)?;
    for (_, note) in notes.iter().filter(|(at, _)| chosen.contains(at)) {
        session.print(format!("note: {note}"));
    }
    if let Some(name) = weight {
        session.print(format!("note: SPSS weights the cases by {name}; here every observation counts once"));
    }
    report_import(session);
    Ok(())
}

/// The encoding that the file names; without one UTF-8 where all texts are valid in it, else that of Western Windows.
fn found_encoding(reader: &mut Input) -> std::result::Result<&'static Encoding, sav::Error> {
    if let Some(encoding) = reader.encoding().and_then(|name| Encoding::for_label(name.as_bytes())) {
        return Ok(encoding);
    }
    let valid = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
    let mut all = reader.variables().iter().all(|v| {
        let mut labels = v.labels.iter().map(|(_, l)| l).chain(v.text_labels.iter().map(|(_, l)| l));
        valid(&v.name) && valid(&v.label) && labels.all(|l| valid(l))
    });
    while let Some(block) = reader.read_block(BLOCK)? {
        all = all && block.iter().flat_map(sav::Column::texts).all(valid);
    }
    reader.rewind()?;
    Ok(if all { UTF_8 } else { WINDOWS_1252 })
}

/// Reads all cases; texts that the file declares missing are empty.
fn load(reader: &mut Input, encoding: &'static Encoding) -> std::result::Result<Vec<Loaded>, sav::Error> {
    let empty = |about: &sav::Variable| match about.width {
        Some(_) => Builder::Texts(Vec::new()),
        None => Builder::Numbers(StorageType::Double, Vec::new()),
    };
    let mut columns: Vec<Loaded> = reader
        .variables()
        .iter()
        .map(|about| Loaded { about: about.clone(), facts: Facts::default(), values: empty(about) })
        .collect();
    while let Some(block) = reader.read_block(BLOCK)? {
        for (column, read) in columns.iter_mut().zip(&block) {
            let Loaded { about, facts, values } = column;
            match (read, values) {
                (sav::Column::Numbers(numbers), Builder::Numbers(_, values)) => {
                    numbers.iter().for_each(|x| facts.number(*x, about));
                    values.extend_from_slice(numbers);
                }
                (texts, Builder::Texts(values)) => values.extend(texts.texts().map(|text| {
                    let decoded = encoding.decode_without_bom_handling(text).0;
                    facts.text(text, &decoded, about);
                    let kept = if about.missing.has_text(text) { "" } else { decoded.as_ref() };
                    Box::<str>::from(kept)
                })),
                (sav::Column::Texts { .. }, Builder::Numbers(..)) => {}
            }
        }
    }
    Ok(columns)
}

/// A note with the position of its variable.
type Note = (usize, String);

/// The data set, and what could not be kept.
fn frame(
    columns: Vec<Loaded>,
    originals: &[String],
    case: Case,
    encoding: &'static Encoding,
) -> Result<(Frame, Vec<Note>)> {
    let named = names::names(originals, case, |at| format!("v{}", at + 1));
    let mut frame = Frame::new();
    let mut notes = Vec::new();
    let mut sets: Vec<ValueLabel> = Vec::new();
    for (at, (column, (name, original))) in columns.into_iter().zip(named).enumerate() {
        let Loaded { about, facts, values } = column;
        let meaning = Meaning::of(&about, &facts);
        remarks(&name, &about, &facts, &meaning).into_iter().for_each(|text| notes.push((at, text)));
        let (builder, format) = stored(&about, &facts, &meaning, values);
        let mut variable = Variable::new(&name, builder.finish());
        if let Some(format) = format {
            variable.format = format;
        }
        let label = decode(encoding, &about.label);
        variable.label = if label.trim().is_empty() { original } else { label.chars().take(80).collect() };
        let set = labels(&about, &meaning, encoding);
        if !set.is_empty() {
            // variables with the same labels share a set
            let place = sets.iter().position(|s| s.iter().eq(set.iter())).unwrap_or(sets.len());
            if place == sets.len() {
                frame.value_labels.insert(format!("labels{place}"), set.clone());
                sets.push(set);
            }
            variable.value_label = format!("labels{place}");
        }
        frame.add(variable)?;
    }
    frame.changed = true;
    Ok((frame, notes))
}

/// The values in their storage, and a format that is not the default.
fn stored(
    about: &sav::Variable,
    facts: &Facts,
    meaning: &Meaning,
    values: Builder,
) -> (Builder, Option<String>) {
    let Builder::Numbers(_, numbers) = values else { return (values, None) };
    let numbers: Vec<f64> =
        numbers.iter().map(|x| meaning.value(*x).unwrap_or_else(|code| missing(code.rank()))).collect();
    let date = meaning.reading.display_format();
    let mut kind = Kind::default();
    numbers.iter().for_each(|x| kind.look_number(*x));
    let storage = kind.numeric_type(StorageType::Double);
    let form = about.format;
    let decimals = facts.has_fraction && form.kind == FormatKind::Number && (1..=9).contains(&form.decimals);
    let format = date.map(str::to_string).or_else(|| {
        decimals.then(|| format!("%{}.{}f", form.width.clamp(form.decimals + 3, 20), form.decimals))
    });
    (Builder::Numbers(storage, numbers), format)
}

fn labels(about: &sav::Variable, meaning: &Meaning, encoding: &'static Encoding) -> ValueLabel {
    let mut set = ValueLabel::default();
    for (value, label) in &about.labels {
        match meaning.code(*value) {
            Some(Code::Number(number)) => set.set(f64::from(number), &decode(encoding, label)),
            Some(Code::Missing(code)) => set.set(missing(code.rank()), &decode(encoding, label)),
            None => {}
        }
    }
    set
}

/// What has no equal in a data set.
fn remarks(name: &str, about: &sav::Variable, facts: &Facts, meaning: &Meaning) -> Vec<String> {
    let mut out = Vec::new();
    let letter = |code: dta::Missing| format!(".{}", char::from(b'a' + code.rank().saturating_sub(1)));
    let seen = meaning.codes.iter().filter(|(x, _)| facts.missing.contains(x));
    let mut codes: Vec<String> =
        seen.map(|(x, code)| format!("{} is {}", crate::format::macro_text(*x), letter(*code))).collect();
    codes.extend(meaning.range_code().map(|code| format!("each number of the range is {}", letter(code))));
    if !codes.is_empty() {
        out.push(format!("{name} has values that the file declares missing: {}", codes.join(", ")));
    }
    if facts.missing_text {
        out.push(format!("texts of {name} that the file declares missing are empty here"));
    }
    if !about.text_labels.is_empty() {
        out.push(format!("labels of the texts of {name} are left out; only numbers can have labels"));
    }
    if about.labels.iter().any(|(value, _)| meaning.code(*value).is_none()) {
        out.push(format!("labels of {name} are left out where the value is not a whole number"));
    }
    if about.format.kind == FormatKind::Time {
        out.push(format!("{name} is a duration in seconds"));
    }
    out
}
