//! Finds the data frames among the objects of a file.

use crate::Limits;
use crate::cursor::{self, Cursor};
use crate::error::Error;
use crate::frame::{Column, Frame, What};
use crate::labels::Labels;
use crate::spool::Spool;
use crate::tokens::Form;
use crate::value::{Data, Kind, Mark, Text, Value, Vector};

/// Name of the column of row names.
const ROW_NAMES: &str = "row_names";
const ROOM: usize = 16 << 10;
/// Most rows of a data frame in R.
const MOST_ROWS: u64 = i32::MAX as u64;

/// Reads attributes out of the spool.
pub(crate) struct Finder<'a, S> {
    pub spool: &'a S,
    pub form: Form,
    pub limits: Limits,
    /// Bytes of names and labels that may still be kept.
    pub left: u64,
    /// Bytes that sequences without stored values may still have.
    pub sequences: u64,
}

impl<S: Spool> Finder<'_, S> {
    /// The texts of a vector; the missing one is `NA`.
    pub(crate) fn texts(&mut self, value: Option<&Value>) -> Result<Vec<Text>, Error> {
        let Some(Value::Vector(vector)) = value else { return Ok(Vec::new()) };
        if vector.kind != Kind::Text {
            return Ok(Vec::new());
        }
        let mut cursor = Cursor::new(self.spool, self.form, vector, 0, ROOM)?;
        let mut texts = Vec::new();
        for _ in 0..vector.length {
            let text = cursor.text(|bytes, mark| Text { bytes: bytes.unwrap_or(b"NA").to_vec(), mark })?;
            let too_large =
                Error::TooLarge { what: "the description of the data", limit: self.limits.metadata };
            self.left = self.left.checked_sub(64 + text.bytes.len() as u64).ok_or(too_large)?;
            texts.push(text);
        }
        Ok(texts)
    }

    pub(crate) fn numbers(&mut self, value: Option<&Value>, most: u64) -> Result<Vec<f64>, Error> {
        let Some(Value::Vector(vector)) = value else { return Ok(Vec::new()) };
        cursor::reals(self.spool, self.form, vector, most)
    }

    pub(crate) fn word(&mut self, value: Option<&Value>) -> Result<Option<Text>, Error> {
        Ok(self.texts(value)?.into_iter().next())
    }

    pub(crate) fn classes(&mut self, value: &Value) -> Result<Vec<String>, Error> {
        let texts = self.texts(value.attribute("class"))?;
        Ok(texts.iter().map(|text| String::from_utf8_lossy(&text.bytes).into_owned()).collect())
    }

    /// The data frames of an object: itself, or those within a list without a class.
    pub(crate) fn frames(&mut self, name: String, value: &Value) -> Result<Vec<Frame>, Error> {
        if let Some(frame) = self.frame(&name, value)? {
            return Ok(vec![frame]);
        }
        let Value::List { elements, .. } = value else { return Ok(Vec::new()) };
        // a model is a list with a class, and has the data frame that it was fitted to
        if !self.classes(value)?.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.texts(value.attribute("names"))?;
        let mut frames = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            let own = names.get(at).filter(|text| !text.bytes.is_empty());
            let own = own.map_or_else(|| (at + 1).to_string(), lossy);
            let full = if name.is_empty() { own } else { format!("{name}${own}") };
            frames.extend(self.frame(&full, element)?);
        }
        Ok(frames)
    }

    fn frame(&mut self, name: &str, value: &Value) -> Result<Option<Frame>, Error> {
        match value {
            Value::List { length, elements, .. }
                if self.classes(value)?.iter().any(|class| class == "data.frame") =>
            {
                if *length != elements.len() as u64 {
                    return Err(Error::TooLarge { what: "the number of columns", limit: 120_000 });
                }
                self.data_frame(name, value, elements).map(Some)
            }
            Value::Vector(vector) => self.matrix(name, value, vector),
            _ => Ok(None),
        }
    }

    fn data_frame(&mut self, name: &str, value: &Value, elements: &[Value]) -> Result<Frame, Error> {
        let names = self.texts(value.attribute("names"))?;
        let (rows, row_names) = self.rows(value, elements)?;
        let mut frame = Frame { name: name.to_owned(), rows, columns: Vec::new(), unread: Vec::new() };
        frame.columns.extend(row_names);
        for (at, element) in elements.iter().enumerate() {
            let own = names.get(at).cloned().unwrap_or_else(|| utf8(&format!("V{}", at + 1)));
            self.column(own, element, &mut frame)?;
        }
        self.check_rows(&frame)?;
        Ok(frame)
    }

    /// A file of few bytes can state many rows: as sequences, or with no column.
    fn check_rows(&mut self, frame: &Frame) -> Result<(), Error> {
        if frame.rows > MOST_ROWS {
            return Err(Error::malformed(format!("a data frame of {} rows", frame.rows), 0));
        }
        for column in &frame.columns {
            let stored = match &column.vector.data {
                Data::TextsOf(numbers, _) => &numbers.data,
                data => data,
            };
            if matches!(stored, Data::Sequence { .. }) {
                let too_large = Error::TooLarge { what: "the unpacked file", limit: self.limits.unpacked };
                self.sequences = self.sequences.checked_sub(frame.rows * 8).ok_or(too_large)?;
            }
        }
        Ok(())
    }

    /// Number of rows, and the column of their names unless R numbered them.
    fn rows(&mut self, value: &Value, elements: &[Value]) -> Result<(u64, Option<Column>), Error> {
        let Some(Value::Vector(names)) = value.attribute("row.names") else {
            let lengths = elements.iter().find_map(|element| match element {
                Value::Vector(vector) => Some(vector.length),
                _ => None,
            });
            return Ok((lengths.unwrap_or(0), None));
        };
        let first = self.numbers(Some(&Value::Vector(names.clone())), 2)?;
        if names.length == 2
            && let [missing, count] = first[..]
            && missing.is_nan()
        {
            return Ok((count.abs() as u64, None));
        }
        let column = (!self.are_positions(names)?).then(|| Column {
            name: utf8(ROW_NAMES),
            label: None,
            what: if names.kind == Kind::Text { What::Text } else { What::Number },
            class: None,
            labels: Labels::default(),
            vector: Vector { attributes: Vec::new(), ..names.clone() },
            first: 0,
        });
        Ok((names.length, column))
    }

    /// True for 1, 2, 3 …, as numbers or as texts.
    fn are_positions(&mut self, names: &Vector) -> Result<bool, Error> {
        if names.data == (Data::Sequence { first: 1.0, step: 1.0 }) {
            return Ok(true);
        }
        let mut cursor = Cursor::new(self.spool, self.form, names, 0, ROOM)?;
        for position in 1..=names.length {
            let is_same = match names.kind {
                Kind::Text => cursor.text(|text, _| text == Some(position.to_string().as_bytes()))?,
                _ => cursor.number()? == position as f64,
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A matrix as a data frame with a column for each of its columns.
    fn matrix(&mut self, name: &str, value: &Value, vector: &Vector) -> Result<Option<Frame>, Error> {
        let [rows, columns] = self.numbers(value.attribute("dim"), 3)?[..] else { return Ok(None) };
        let (rows, columns) = (rows as u64, columns as u64);
        if rows.checked_mul(columns) != Some(vector.length) {
            return Err(Error::Rows { frame: name.to_owned(), what: "the matrix".to_owned() });
        }
        if columns > 120_000 {
            return Err(Error::TooLarge { what: "the number of columns", limit: 120_000 });
        }
        let mut frame = Frame { name: name.to_owned(), rows, columns: Vec::new(), unread: Vec::new() };
        let names = self.dimension_names(value)?;
        if let Some(Value::Vector(names)) = &names.0
            && names.kind == Kind::Text
            && names.length == rows
            && !self.are_positions(names)?
        {
            self.column(utf8(ROW_NAMES), &Value::Vector(names.clone()), &mut frame)?;
        }
        let of_columns = self.texts(names.1.as_ref())?;
        for at in 0..columns {
            let own = of_columns.get(at as usize).cloned().unwrap_or_else(|| utf8(&format!("V{}", at + 1)));
            self.part(own, value, vector, at * rows, &mut frame)?;
        }
        self.check_rows(&frame)?;
        Ok(Some(frame))
    }

    pub(crate) fn dimension_names(&mut self, value: &Value) -> Result<(Option<Value>, Option<Value>), Error> {
        let Some(Value::List { elements, .. }) = value.attribute("dimnames") else { return Ok((None, None)) };
        Ok((elements.first().cloned(), elements.get(1).cloned()))
    }
}

pub(crate) fn utf8(text: &str) -> Text {
    Text { bytes: text.as_bytes().to_vec(), mark: Mark::Utf8 }
}

pub(crate) fn lossy(text: &Text) -> String {
    String::from_utf8_lossy(&text.bytes).into_owned()
}
