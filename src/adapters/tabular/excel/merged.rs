//! Cells that are merged down a column: a workbook keeps the value of such a cell in its first row only. Where they are all that
//! the column misses, filling it down is offered.

use super::rows::Workbook;
use crate::adapters::tabular::problems::counted;
use crate::adapters::tabular::repairs::{Offer, fill_down};
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::dataset::Column;

/// Share of missing values from which merged cells are searched.
const LEAST_MISSING: f64 = 0.2;

/// Says it of each column that has values missing by it. `kept` are the positions of the columns in the sheet. Where the
/// list of merged cells cannot be read nothing is said: the rows are there.
pub(super) fn remark(
    workbook: &mut Workbook,
    sheet: &str,
    (kept, columns): (&[usize], &[Column]),
    header_row: u64,
    rows: u64,
    warnings: &mut Warnings,
) -> Vec<Offer> {
    let gaps = |column: &Column| column.missing_share >= LEAST_MISSING && column.missing_share < 1.0;
    if !columns.iter().any(gaps) {
        return Vec::new();
    }
    let mut offers = Vec::new();
    let merged = workbook.merged_down(sheet, header_row).unwrap_or_default();
    for (place, (at, column)) in kept.iter().zip(columns).enumerate().filter(|(_, (_, column))| gaps(column))
    {
        let mut cells = merged.iter().filter(|cell| cell.column == *at);
        let below: u64 = cells.clone().map(|cell| cell.rows.end() - cell.rows.start()).sum();
        let Some(first) = cells.next() else { continue };
        let message = format!(
            "{} has {} down the column (the first in rows {} to {}): such a cell has its value in its first row only, so that \
             the column is missing in {}",
            column.name,
            counted(1 + cells.count() as u64, "merged cell", "merged cells"),
            first.rows.start(),
            first.rows.end(),
            counted(column.missing, "row", "rows")
        );
        warnings.withdraw(&["missing_share"], &column.name);
        // other gaps are values that nobody wrote
        if below == column.missing
            && let Some(offer) = fill_down(place, columns, rows, message.clone())
        {
            offers.push(offer);
            continue;
        }
        let hint = "take the cells apart in the spreadsheet, fill each value down to its rows and upload the workbook again";
        warnings.warn("merged_cells", Some(&column.name), message, hint);
    }
    offers
}
