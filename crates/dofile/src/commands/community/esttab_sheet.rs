//! The table of `esttab` as cells of text, for commands that write it into documents.

use super::esttab::{models, wanted};
use super::esttab_frame::frame;
use super::esttab_options::Given;
use super::esttab_rows::{self as rows, Part};
use super::esttab_text::{Format, headings};
use crate::error::Result;
use crate::ops::collection::Sheet;
use crate::session::Session;

/// Builds the table of stored results with options of `esttab`.
pub(super) fn sheet(s: &mut Session, names: &str, options: &str) -> Result<Sheet> {
    let options = Given::parse("esttab", options)?;
    let models = models(s, names)?;
    let format = Format::of(&options, Some("table.csv"));
    let wanted = wanted(s, &options, format, false)?;
    let frame = frame(s, &options, &models, &wanted, false)?;
    let mut sheet = Sheet { title: frame.title.clone().unwrap_or_default(), ..Sheet::default() };
    for heading in headings(&frame) {
        sheet.head.push([String::new()].into_iter().chain(heading).collect());
    }
    for part in rows::body(s, &models, &wanted) {
        match part {
            Part::Line(label, cells) => {
                let cells = cells.into_iter().map(|c| c.text + &c.stars);
                sheet.rows.push([label].into_iter().chain(cells).collect());
            }
            Part::Heading(text) => sheet.rows.push(vec![text]),
            _ => {}
        }
    }
    sheet.notes.clone_from(&frame.notes);
    Ok(sheet)
}
