//! The tables of a collection in a sheet of a workbook: `collect export, sheet() cell() modify` ([TABLES] collect export).
//! The workbooks are those of `putexcel`, which can change them further.

use super::putexcel::{Book, State, cells, set};
use crate::error::Result;
use crate::session::Session;

/// Where `collect export` puts its tables in a workbook.
pub(super) struct Place {
    pub(super) sheet: String,
    /// Other cells of the sheet go.
    pub(super) is_new_sheet: bool,
    /// The upper left cell.
    pub(super) cell: String,
    /// Other sheets stay.
    pub(super) modifies: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { sheet: "Sheet1".to_string(), is_new_sheet: true, cell: "A1".to_string(), modifies: false }
    }
}

/// Writes the tables of the current collection into a sheet of a workbook.
///
/// # Errors
/// Those of `putexcel set`, and r(198) for a cell that is none.
pub(super) fn place_collection(s: &mut Session, file: &str, place: &Place) -> Result<()> {
    let st = s.extensions.state::<State>();
    let before = st.current.take();
    if let Some(book) = before.as_ref().filter(|book| book.file == file) {
        st.written.insert(file.to_string(), book.clone());
    }
    let done = place_sheet(s, file, place);
    let st = s.extensions.state::<State>();
    if let Some(book) = st.current.take() {
        st.written.insert(book.file.clone(), book);
    }
    // a workbook that is set stays set; where it is the same one, with the new cells
    st.current = match before {
        Some(old) if old.file == file => {
            st.written.remove(file).map(|new| Book { sheet: old.sheet, open: old.open, ..new })
        }
        other => other,
    };
    done
}

fn place_sheet(s: &mut Session, file: &str, place: &Place) -> Result<()> {
    let kind = if place.modifies && s.path(file).exists() { "modify" } else { "replace" };
    set(s, &format!("\"{file}\""), &format!("sheet(\"{}\") {kind}", place.sheet))?;
    if let Some(book) = s.extensions.state::<State>().current.as_mut() {
        let own = book.sheets.iter().position(|n| *n == place.sheet).unwrap_or(0);
        if place.is_new_sheet {
            book.cells.retain(|(sheet, ..), _| *sheet != own);
            book.merged.retain(|(sheet, ..)| *sheet != own);
        }
    }
    cells(s, &format!("{} = collect", place.cell), "")
}
