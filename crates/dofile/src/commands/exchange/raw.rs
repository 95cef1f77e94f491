//! Code shared by `infix`, `infile` and `outfile`: texts of a file, new variables with declared types, and the end of
//! a reading.

use super::cells::number;
use super::{check_clear, text_read};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;

/// A new variable and its values so far.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: StorageType,
    /// `str` without a width: as wide as the values.
    pub(super) any_width: bool,
    /// Name of its set of value labels.
    pub(super) labels: Option<String>,
    /// Variable label.
    pub(super) label: String,
    numbers: Vec<f64>,
    texts: Vec<Box<str>>,
}

impl Field {
    /// A variable; r(198) for an invalid name.
    pub(super) fn new(name: &str, ty: StorageType, any_width: bool) -> Result<Self> {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid varname")));
        }
        let (numbers, texts) = (Vec::new(), Vec::new());
        Ok(Self { name: name.into(), ty, any_width, labels: None, label: String::new(), numbers, texts })
    }

    pub(super) fn is_string(&self) -> bool {
        self.ty.is_string()
    }

    pub(super) fn len(&self) -> usize {
        if self.is_string() { self.texts.len() } else { self.numbers.len() }
    }

    /// Appends a missing or empty value.
    pub(super) fn push_missing(&mut self) {
        if self.is_string() { self.texts.push("".into()) } else { self.numbers.push(MISSING) }
    }

    /// Appends a number; the text keeps it for a string.
    pub(super) fn push_number(&mut self, x: f64) {
        self.numbers.push(x);
    }

    /// Appends the value that a text means; one that is no number is missing, with a note.
    pub(super) fn push(&mut self, s: &mut Session, text: &str) {
        if self.is_string() {
            self.texts.push(text.into());
            return;
        }
        let found = number(text.as_bytes());
        if found.is_none() {
            let row = self.numbers.len() + 1;
            s.print(format!("'{text}' cannot be read as a number for {}[{row}]", self.name));
        }
        self.numbers.push(found.unwrap_or(MISSING));
    }

    fn finish(self) -> Variable {
        let column = match self.ty {
            ty if !ty.is_string() => Column::from_f64(ty, &self.numbers),
            _ if self.any_width => Column::from_strings(self.texts),
            ty => Column::from_strings(self.texts).convert(ty),
        };
        let mut variable = Variable::new(&self.name, column);
        variable.label = self.label;
        variable.value_label = self.labels.unwrap_or_default();
        variable
    }
}

/// The storage type that a word names, and whether it is `str` without a width.
pub(super) fn type_word(word: &str) -> Option<(StorageType, bool)> {
    StorageType::parse(word).map(|ty| (ty, word == "str"))
}

/// The text of a file; `extension` is added to a name without one.
pub(super) fn text_of(s: &mut Session, name: &str, extension: &str) -> Result<String> {
    let (path, file) = source(s, name, extension)?;
    let bytes = std::fs::read(path).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let text = text_read::decode(&bytes, None)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Puts the variables into memory, keeps the rows of `if` and `in`, and says how many there are.
pub(super) fn finish(s: &mut Session, cmd: &ParsedCommand, fields: Vec<Field>, labels: Frame) -> Result<()> {
    let mut frame = labels;
    for field in fields {
        frame.add(field.finish())?;
    }
    frame.changed = true;
    let before = std::mem::replace(&mut s.frame, frame);
    match s.rows(cmd) {
        Ok(keep) => s.frame.keep_rows(&keep),
        Err(error) => {
            s.frame = before;
            return Err(error);
        }
    }
    let n = s.frame.n_rows();
    let plural = if n == 1 { "" } else { "s" };
    s.print(format!("({} observation{plural} read)", super::count(n)));
    Ok(())
}

/// r(4) when the data in memory would be lost; the option is `clear`.
pub(super) fn check_memory(s: &Session, cmd: &ParsedCommand) -> Result<()> {
    check_clear(s, cmd.has("clear"))
}
