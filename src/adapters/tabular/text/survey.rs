//! The header of three rows that the survey service Qualtrics exports: the names of the columns, their questions, and an object
//! such as `{"ImportId":"QID1"}` for each column.

use super::Header;
use super::scan::{Dialect, Records};

/// How every cell of the third row begins.
const IMPORT_ID: &str = "{\"ImportId\":";

/// Reads such a header at the front of a file.
pub(super) fn header(text: &str, dialect: Dialect) -> Option<Header> {
    let mut records = Records::new(text, dialect);
    let mut fields = Vec::new();
    let mut next = || {
        let found = records.next_record(&mut fields);
        found.then(|| fields.iter().map(|field| field.value(text).trim().to_owned()).collect::<Vec<String>>())
    };
    let (names, labels, ids) = (next()?, next()?, next()?);
    let is_export =
        ids.len() > 1 && ids.len() == names.len() && ids.iter().all(|id| id.starts_with(IMPORT_ID));
    is_export.then_some(Header {
        row: 3,
        names,
        labels: Some(labels),
        has_title: false,
        groups_row: None,
        blank: 0,
    })
}
