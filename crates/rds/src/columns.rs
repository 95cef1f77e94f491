//! Columns of a data frame: what their values are by type and class.

use crate::error::Error;
use crate::finder::{Finder, lossy};
use crate::frame::{Column, Frame, What};
use crate::labels;
use crate::spool::Spool;
use crate::tokens::Form;
use crate::value::{Kind, Text, Value, Vector};

impl<S: Spool> Finder<'_, S> {
    /// Adds a column; a matrix within a data frame is several.
    pub(crate) fn column(&mut self, name: Text, value: &Value, frame: &mut Frame) -> Result<(), Error> {
        let unread = match value {
            Value::Vector(vector) => match self.numbers(value.attribute("dim"), 3)?[..] {
                [rows, columns] if columns != 1.0 && rows == frame.rows as f64 && columns <= 120_000.0 => {
                    let names = self.dimension_names(value)?.1;
                    let names = self.texts(names.as_ref())?;
                    for at in 0..columns as u64 {
                        let own = names.get(at as usize).map_or_else(|| (at + 1).to_string(), lossy);
                        let full = [name.bytes.as_slice(), b".", own.as_bytes()].concat();
                        let full = Text { bytes: full, mark: name.mark };
                        self.part(full, value, vector, at * frame.rows, frame)?;
                    }
                    return Ok(());
                }
                _ if vector.length != frame.rows => {
                    let what = format!("the column {}", lossy(&name));
                    return Err(Error::Rows { frame: frame.name.clone(), what });
                }
                _ => return self.part(name, value, vector, 0, frame),
            },
            Value::List { .. } => {
                let classes = self.classes(value)?;
                let is = |class: &str| classes.iter().any(|known| known == class);
                if is("POSIXlt") {
                    "it is a POSIXlt, a list of the parts of its times; as.POSIXct() makes a column of it"
                        .into()
                } else if is("data.frame") {
                    "it is a data frame itself; give its columns a place of their own".into()
                } else {
                    "its values are lists; a column has one value in each row".into()
                }
            }
            Value::Foreign(class) => {
                format!("it has the form {class}; save a copy in memory: x[] <- lapply(x, c)")
            }
            Value::Null | Value::Other(_) | Value::Symbol(_) | Value::Pairs { .. } => {
                "it holds no data".to_owned()
            }
        };
        frame.unread.push((name, unread));
        Ok(())
    }

    /// Adds a column of the elements from `first` on.
    pub(crate) fn part(
        &mut self,
        name: Text,
        value: &Value,
        vector: &Vector,
        first: u64,
        frame: &mut Frame,
    ) -> Result<(), Error> {
        let classes = self.classes(value)?;
        let what = match self.what(value, vector.kind, &classes)? {
            Ok(what) => what,
            Err(why) => {
                frame.unread.push((name, why));
                return Ok(());
            }
        };
        let label = match self.word(value.attribute("label"))? {
            Some(label) => Some(label),
            None => self.word(value.attribute("variable.label"))?,
        };
        let class =
            if what == What::Number { classes.into_iter().find(|class| !is_plain(class)) } else { None };
        let labels = labels::of(self, value, vector.kind)?;
        let vector = Vector { attributes: Vec::new(), ..vector.clone() };
        frame.columns.push(Column { name, label, what, class, labels, vector, first });
        Ok(())
    }

    /// What the values of a vector are; or why they cannot be read.
    fn what(&mut self, value: &Value, kind: Kind, classes: &[String]) -> Result<Result<What, String>, Error> {
        let is = |class: &str| classes.iter().any(|known| known == class);
        let is_number = matches!(kind, Kind::Integer | Kind::Real);
        Ok(Ok(match kind {
            Kind::Complex => {
                return Ok(Err("its values are complex numbers; take Re(), Im() or Mod()".into()));
            }
            Kind::Raw => {
                return Ok(Err("its values are raw bytes; as.integer() makes numbers of them".into()));
            }
            Kind::Text => What::Text,
            Kind::Logical => What::Logical,
            _ if is("factor") => What::Factor(self.texts(value.attribute("levels"))?),
            Kind::Real if is("integer64") && self.form == Form::Ascii => {
                let why = "R's ASCII form does not keep whole numbers of 64 bits; save the file without ascii = TRUE";
                return Ok(Err(why.into()));
            }
            Kind::Real if is("integer64") => What::Integer64,
            _ if is("yearmonth") => What::MonthOfDay,
            _ if is("yearquarter") => What::QuarterOfDay,
            _ if is_number && (is("Date") || is("IDate")) => What::Date,
            _ if is("POSIXct") => {
                let zone = self.word(value.attribute("tzone"))?.unwrap_or_default();
                What::DateTime(lossy(&zone))
            }
            _ if is("ITime") => What::Duration("secs".to_owned()),
            _ if is("difftime") => What::Duration(
                self.word(value.attribute("units"))?.map_or_else(|| "days".into(), |u| lossy(&u)),
            ),
            _ if is("yearmon") => What::Month,
            _ if is("yearqtr") => What::Quarter,
            _ => What::Number,
        }))
    }
}

/// True for a class that says nothing about what numbers are.
fn is_plain(class: &str) -> bool {
    const PLAIN: [&str; 12] = [
        "numeric",
        "integer",
        "double",
        "matrix",
        "array",
        "AsIs",
        "pseries",
        "labelled",
        "labelled_spss",
        "haven_labelled",
        "haven_labelled_spss",
        "vctrs_vctr",
    ];
    PLAIN.contains(&class)
}
