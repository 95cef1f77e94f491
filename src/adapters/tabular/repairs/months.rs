//! Columns of months whose year has two digits, `1/08`, `Jan-08`: of one cell nobody knows whether it is a day of August, of a column
//! that holds one month after the other it is clear.

use std::collections::BTreeSet;

use super::scan::TextScan;
use super::{Note, Offer, Place, convert, first_cell};
use crate::adapters::tabular::date;
use crate::domain::data_step::ConvertTo;
use crate::domain::dataset::Column;

/// Most different months that are remembered: 150 years.
const MOST_MONTHS: usize = 1_800;
/// Fewest different months of a column: within one year days and months look alike.
const LEAST_MONTHS: usize = 13;

/// What was seen of such months in a text column.
#[derive(Debug, Default)]
pub(super) struct Months {
    /// Cells that are one.
    cells: u64,
    different: BTreeSet<i32>,
}

impl Months {
    /// Takes in a cell that is not missing.
    pub(super) fn add(&mut self, cell: &str) {
        let Some(month) = date::short_month(cell.trim().as_bytes()) else { return };
        self.cells += 1;
        if self.different.len() <= MOST_MONTHS {
            self.different.insert(month);
        }
    }

    /// True where the different months follow each other without a gap.
    fn follow_each_other(&self) -> bool {
        let (Some(first), Some(last)) = (self.different.first(), self.different.last()) else { return false };
        let months = LEAST_MONTHS..=MOST_MONTHS;
        months.contains(&self.different.len()) && (last - first) as usize + 1 == self.different.len()
    }
}

/// Offers to read the months.
pub(super) fn offer(at: usize, column: &Column, scan: &TextScan, place: Place) -> Option<Offer> {
    if scan.months.cells != scan.cells.present || !scan.months.follow_each_other() {
        return None;
    }
    let message = format!(
        "{} holds months whose year has two digits ({}), one after the other; it is kept as text",
        column.name,
        first_cell(scan, place)
    );
    let note = Note { kind: "dates_as_text", message };
    Some(Offer { at, step: convert(column, ConvertTo::MonthMy), note, because_of: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: impl Iterator<Item = String>) -> bool {
        let mut months = Months::default();
        cells.for_each(|cell| months.add(&cell));
        months.follow_each_other()
    }

    #[test]
    fn months_are_told_from_days_by_their_sequence() {
        let months = || (0..30).map(|m| (m % 12 + 1, 8 + m / 12));
        assert!(of(months().map(|(m, y)| format!("{m}/{y:02}"))));
        assert!(of(months().map(|(m, y)| format!("{m:02}-{y:02}"))));
        let name = |m: i32| {
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                [m as usize - 1]
        };
        assert!(of(months().map(|(m, y)| format!("{}-{y:02}", name(m)))));
        // days of one year, a gap, and a year that may be a number of days
        assert!(!of((1..=12).map(|m| format!("{m}/08"))));
        assert!(!of(months().filter(|(m, y)| (*m, *y) != (4, 9)).map(|(m, y)| format!("{m}/{y:02}"))));
        assert!(!of((1..=30).map(|d| format!("{}/{d:02}", d % 12 + 1))));
    }
}
