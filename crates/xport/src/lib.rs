//! Reads data sets of SAS, streaming: transport files (.xpt) of version 5 and of version 8 and SAS's own format (.sas7bdat). Says what the
//! values with formats of SAS are in Stata. Texts stay bytes, as transport files do not say their encoding.
//!
//! The layout of transport files follows "The Record Layout of a Data Set in SAS Transport (XPORT) Format" (SAS technical note TS-140) and the same for
//! "a SAS Version 8 or 9 Data Set".

mod error;
mod meaning;
mod member;
mod native;
mod observations;
mod records;
mod values;

pub use error::Error;
pub use meaning::{Facts, reading, value};
pub use member::{Member, Variable};
pub use native::Native;
pub use observations::Column;
pub use values::{Format, FormatKind, Number};

use std::io::{Read, Seek};

use records::{Header, Records};

/// Most data sets of a file.
const MOST_MEMBERS: usize = 10_000;

/// A file whose headers were read.
pub struct Library<R> {
    records: Records<R>,
    members: Vec<Member>,
}

impl<R: Read + Seek> Library<R> {
    /// Reads the headers of all data sets. `metadata_limit` bounds the memory that they may take, in bytes.
    ///
    /// # Errors
    /// Files of another kind, damage, headers above the limit, I/O.
    pub fn open(inner: R, metadata_limit: u64) -> Result<Self, Error> {
        let mut records = Records::new(inner, metadata_limit)?;
        let first = if records.left() < 80 { None } else { Header::of(&records.record("the first record")?) };
        match first {
            Some(header) if matches!(header.kind.as_str(), "LIBRARY" | "LIBV8") => {}
            _ => return Err(Error::NotXport),
        }
        // a file of whole records alone can be complete
        if records.length() % records::RECORD as u64 != 0 {
            return Err(Error::Truncated { what: "a record", offset: records.length() });
        }
        records.record("the library's first record")?;
        records.record("the library's second record")?;
        let mut members = Vec::new();
        while records.left() > 0 {
            if members.len() == MOST_MEMBERS {
                return Err(Error::malformed(
                    format!("more than {MOST_MEMBERS} data sets"),
                    records.position(),
                ));
            }
            members.push(member::read(&mut records)?);
        }
        Ok(Self { records, members })
    }

    /// The data sets in the order of the file.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns observations of a data set from `first` on (zero-based), at most so many, a column for each variable; `None` behind the
    /// last one.
    ///
    /// # Errors
    /// I/O.
    pub fn read_block(
        &mut self,
        member: usize,
        first: u64,
        most: usize,
    ) -> Result<Option<Vec<Column>>, Error> {
        observations::read_block(&mut self.records, &self.members[member], first, most)
    }
}
