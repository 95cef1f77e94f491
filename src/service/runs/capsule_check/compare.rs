//! Compares the recorded tables with the repeated ones, cell by cell.

use serde::Serialize;

use crate::domain::anchors::parse_number;

/// A number, text or shape that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Path of the file in the capsule.
    pub file: String,
    /// 1-based below the heading; 0 for the file as a whole.
    pub row: usize,
    /// The first texts of the row, which name it.
    pub key: String,
    /// Heading of the column; empty for the file as a whole.
    pub column: String,
    /// Recorded text.
    pub then: String,
    /// Text of the repeated run.
    pub now: String,
    /// |now − then| / |then|; absent where one of them is no number or `then` is 0.
    pub relative_difference: Option<f64>,
}

/// The result of a comparison.
#[derive(Debug, Default, PartialEq)]
pub struct Comparison {
    /// Cells that were compared.
    pub cells: usize,
    /// Cells whose recorded text is a number.
    pub numbers: usize,
    /// The largest relative difference, tolerated ones included.
    pub largest: f64,
    /// Cells and files that differ by more than the tolerance.
    pub changed: Vec<Changed>,
}

/// Compares two texts of a cell; returns the relative difference of two numbers that differ by more than is
/// tolerated, and whether they are the same.
fn same(then: &str, now: &str, tolerance: f64) -> (bool, Option<f64>) {
    if then == now {
        return (true, Some(0.0));
    }
    match (parse_number(then), parse_number(now)) {
        (Some(a), Some(b)) if a == b => (true, Some(0.0)),
        (Some(0.0), Some(b)) => (b.abs() <= tolerance, None),
        (Some(a), Some(b)) => {
            let relative = ((b - a) / a).abs();
            (relative <= tolerance, Some(relative))
        }
        _ => (false, None),
    }
}

impl Comparison {
    /// Compares a table in CSV.
    pub fn table(&mut self, file: &str, then: &[u8], now: &[u8], tolerance: f64) {
        let (Some(then), Some(now)) = (rows(then), rows(now)) else {
            return self.whole(file, "a table", "no table");
        };
        if then.first() != now.first() {
            let heading = |rows: &[Vec<String>]| rows.first().map(|r| r.join(",")).unwrap_or_default();
            return self.whole(file, &heading(&then), &heading(&now));
        }
        let heading = then.first().cloned().unwrap_or_default();
        if then.len() != now.len() {
            let count = |n: usize| format!("{} rows", n.saturating_sub(1));
            self.whole(file, &count(then.len()), &count(now.len()));
        }
        for (row, (a, b)) in then.iter().zip(&now).enumerate().skip(1) {
            for (i, column) in heading.iter().enumerate() {
                let cell = |row: &[String]| row.get(i).cloned().unwrap_or_default();
                self.cell(file, row, &key(a), column, &cell(a), &cell(b), tolerance);
            }
        }
    }

    /// Compares one value.
    #[expect(clippy::too_many_arguments, reason = "where the cell stands, and its two values")]
    pub fn cell(
        &mut self,
        file: &str,
        row: usize,
        key: &str,
        column: &str,
        then: &str,
        now: &str,
        tolerance: f64,
    ) {
        let (same, relative) = same(then, now, tolerance);
        self.cells += 1;
        self.numbers += usize::from(parse_number(then).is_some());
        self.largest = self.largest.max(relative.unwrap_or(0.0));
        if !same {
            self.changed.push(Changed {
                file: file.to_owned(),
                row,
                key: key.to_owned(),
                column: column.to_owned(),
                then: then.to_owned(),
                now: now.to_owned(),
                relative_difference: relative,
            });
        }
    }

    /// Notes a difference of a file as a whole.
    pub fn whole(&mut self, file: &str, then: &str, now: &str) {
        self.changed.push(Changed {
            file: file.to_owned(),
            row: 0,
            key: String::new(),
            column: String::new(),
            then: then.to_owned(),
            now: now.to_owned(),
            relative_difference: None,
        });
    }
}

/// The texts at the beginning of a row.
fn key(row: &[String]) -> String {
    let texts = row.iter().take(3).filter(|cell| !cell.is_empty() && parse_number(cell).is_none());
    texts.cloned().collect::<Vec<_>>().join(" ")
}

fn rows(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.records().map(|r| r.ok().map(|r| r.iter().map(str::to_owned).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: &[u8] = b"equation,term,estimate,std_error\n,schooling,0.1,0.02\n,sector,0,.\n";

    fn compared(now: &[u8], tolerance: f64) -> Comparison {
        let mut comparison = Comparison::default();
        comparison.table("t.csv", THEN, now, tolerance);
        comparison
    }

    #[test]
    fn equal_tables_have_no_difference() {
        let seen = compared(THEN, 0.0);
        assert_eq!((seen.cells, seen.numbers, seen.changed.len()), (8, 3, 0));
        let other_form = b"equation,term,estimate,std_error\n,schooling,.1,2e-2\n,sector,0.0,.\n";
        assert!(compared(other_form, 0.0).changed.is_empty(), "the same numbers in another form");
    }

    #[test]
    fn a_changed_number_is_reported_with_its_place_and_relative_difference() {
        let seen = compared(b"equation,term,estimate,std_error\n,schooling,0.15,0.02\n,sector,0,.\n", 1e-6);
        let [changed] = seen.changed.as_slice() else { panic!("{seen:?}") };
        assert_eq!(
            (changed.row, changed.key.as_str(), changed.column.as_str()),
            (1, "schooling", "estimate")
        );
        assert_eq!((changed.then.as_str(), changed.now.as_str()), ("0.1", "0.15"));
        assert!((changed.relative_difference.expect("numbers") - 0.5).abs() < 1e-12);
        assert!(
            compared(b"equation,term,estimate,std_error\n,schooling,0.15,0.02\n,sector,0,.\n", 0.6)
                .changed
                .is_empty()
        );
    }

    #[test]
    fn zero_missing_shape_and_heading_are_compared_too() {
        let from_zero =
            compared(b"equation,term,estimate,std_error\n,schooling,0.1,0.02\n,sector,0.5,.\n", 1e-6);
        assert_eq!(from_zero.changed[0].relative_difference, None);
        let from_missing =
            compared(b"equation,term,estimate,std_error\n,schooling,0.1,0.02\n,sector,0,1\n", 1.0);
        assert_eq!(from_missing.changed[0].then, ".");
        assert_eq!(
            compared(b"equation,term,estimate,std_error\n,schooling,0.1,0.02\n", 0.0).changed[0].now,
            "1 rows"
        );
        assert_eq!(compared(b"a,b\n1,2\n", 0.0).changed.len(), 1);
    }
}
