//! Reads system files of SPSS (.sav, and .zsav with blocks of zlib), streaming. The cases are as they are in the file: texts stay bytes,
//! dates stay seconds, and values that the file declares missing are named but not replaced. [`Meaning`] says what they mean.
//!
//! The layout follows "System File Format" in the developers' guide of GNU PSPP, which describes what SPSS writes.

mod assemble;
mod cases;
mod dictionary;
mod error;
mod extensions;
mod meaning;
mod source;
mod values;
mod zlib;

pub use assemble::{MissingValues, Variable};
pub use cases::Column;
pub use error::Error;
pub use meaning::{Code, Facts, Meaning};
pub use values::{Format, FormatKind, HIGHEST, LOWEST};

use std::io::{Read, Seek};

use assemble::Assembled;
use cases::Cases;
use source::Source;

/// A file whose dictionary was read.
pub struct Reader<R> {
    cases: Cases<R>,
    about: Assembled,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the dictionary. `metadata_limit` bounds the memory that it may take, in bytes.
    ///
    /// # Errors
    /// Files of another kind, encrypted ones, damage, a dictionary above the limit, I/O.
    pub fn open(inner: R, metadata_limit: u64) -> Result<Self, Error> {
        let mut source = Source::new(inner, metadata_limit)?;
        let dictionary = dictionary::read(&mut source)?;
        let storage = dictionary.storage;
        let about = assemble::assemble(dictionary)?;
        let cases = Cases::new(source, storage, &about.variables)?;
        Ok(Self { cases, about })
    }

    /// The variables in the order of the file.
    pub fn variables(&self) -> &[Variable] {
        &self.about.variables
    }

    /// The encoding of all texts as the file names it (`UTF-8`, `windows-1252`, `GB18030`); `None` where it does not.
    pub fn encoding(&self) -> Option<&str> {
        self.about.encoding.as_deref()
    }

    /// Position of the variable by which SPSS weights cases.
    pub fn weight(&self) -> Option<usize> {
        self.about.weight
    }

    /// Number of cases as the file announces it; `None` where it was not known to its writer.
    pub fn announced_cases(&self) -> Option<u64> {
        self.cases.announced()
    }

    /// Returns the next cases, at most so many, a column for each variable; `None` behind the last one.
    ///
    /// # Errors
    /// Damage, fewer cases than announced, I/O.
    pub fn read_block(&mut self, most: usize) -> Result<Option<Vec<Column>>, Error> {
        self.cases.read_block(most)
    }

    /// Goes back to the first case.
    ///
    /// # Errors
    /// I/O.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.cases.rewind()
    }
}
