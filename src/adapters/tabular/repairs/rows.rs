//! Rows that are no observations: a second header row, a row of totals, statistics or a note below the table.

use std::collections::BTreeSet;

use super::Place;
use super::scan::{Scan, TextScan};
use crate::adapters::tabular::problems::shown;
use crate::domain::dataset::Column;

/// Words of a row of totals.
const TOTALS: [&str; 17] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "overall",
    "summe",
    "gesamt",
    "insgesamt",
    "somme",
    "suma",
    "totale",
    "合计",
    "总计",
    "總計",
    "合計",
    "小计",
];
/// Those that also mark the totals of a group, before or after its name: `Total North`, `华北小计`.
const WITH_A_NAME: [&str; 10] =
    ["grand total", "subtotal", "total", "gesamt", "summe", "合计", "总计", "總計", "合計", "小计"];
/// Words of a row of means below a table.
const MEANS: [&str; 9] =
    ["mean", "average", "avg", "mittelwert", "durchschnitt", "moyenne", "平均", "平均值", "均值"];
/// Words of rows of other statistics, which may be something else where they stand alone: Max is a name.
const STATISTICS: [&str; 12] = [
    "median",
    "std",
    "std. dev",
    "std dev",
    "standard deviation",
    "sd",
    "min",
    "max",
    "minimum",
    "maximum",
    "标准差",
    "中位数",
];
/// Most rows of statistics below a table.
const MOST_STATISTICS: usize = 8;
/// Longest text that is taken for the words of totals, in bytes.
const MOST_BYTES: usize = 60;
/// Most rows of totals that a step leaves out.
pub(super) const MOST_TOTALS: usize = 1_000;
/// Largest share of the rows that are totals: where there are more, they are what the table is about.
const MOST_SHARE: f64 = 0.4;
/// Beginnings of a note below a table.
pub(super) const NOTES: [&str; 9] =
    ["source", "sources", "note", "notes", "*", "注", "来源", "资料来源", "quelle"];

/// Such rows, of one cause.
pub(super) struct Foreign {
    /// Rows of the data, from 1.
    pub rows: Vec<u64>,
    pub kind: &'static str,
    pub message: String,
}

impl Foreign {
    /// True for one of the rows.
    pub(super) fn has(&self, row: u64) -> bool {
        self.rows.contains(&row)
    }
}

/// The group whose totals a text marks, empty for those of all rows; `None` for any other text.
pub(super) fn totals_of(cell: &str) -> Option<&str> {
    let text = cell.trim().trim_end_matches([':', '：', '.']);
    if text.len() > MOST_BYTES {
        return None;
    }
    let is = |part: Option<&str>, word: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
    if TOTALS.iter().any(|word| is(Some(text), word)) {
        return Some("");
    }
    WITH_A_NAME.iter().find_map(|word| {
        let before = text.len().checked_sub(word.len())?;
        let (start, end) = (text.get(..word.len()), text.get(before..));
        if is(end, word) {
            let rest = text.get(..before)?;
            let name = rest.trim_end_matches([' ', ':', '：', ',', '-']);
            return (name.len() < rest.len() || !word.is_ascii()).then_some(name);
        }
        let rest = text.get(word.len()..).filter(|_| is(start, word))?;
        let name = rest.trim_start_matches([' ', ':', '：', ',', '-']);
        (name.len() < rest.len() || !word.is_ascii()).then_some(name)
    })
}

/// Finds a second row of the header, and totals.
pub(super) fn foreign(columns: &[Column], scans: &[(usize, Scan)], place: Place) -> Vec<Foreign> {
    let texts: Vec<(&Column, &TextScan)> = scans
        .iter()
        .filter_map(|(at, scan)| match scan {
            Scan::Text(scan) => Some((&columns[*at], scan.as_ref())),
            Scan::Code(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    if place.rows < 3 {
        return found;
    }
    found.extend(second_header(&texts, place).or_else(|| repeated_header(&texts, place)));
    let totals = group_totals(&texts, place);
    let statistics = statistics(&texts, place);
    let last = if totals.is_none() && statistics.is_none() { last_row(&texts, place) } else { None };
    found.extend([totals, statistics, last].into_iter().flatten());
    found
}

/// True for the word of a row of statistics.
pub(super) fn is_statistic(cell: &str) -> bool {
    let text = cell.trim().trim_end_matches([':', '：', '.']);
    MEANS.iter().chain(&STATISTICS).any(|word| text.eq_ignore_ascii_case(word))
}

/// The last rows, each with another word such as mean or SD in one column that holds none elsewhere.
fn statistics(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    let below = |(_, scan): &&(&Column, &TextScan)| {
        let count = scan.statistics.len() as u64;
        let rows = scan.statistics.iter().map(|(row, _)| *row);
        let different = scan.statistics.iter().map(|(_, cell)| cell).collect::<BTreeSet<_>>().len();
        let share = count as f64 / place.rows as f64;
        let is_mean = |(_, cell): &(u64, String)| {
            let text = cell.trim().trim_end_matches([':', '：', '.']);
            MEANS.iter().any(|word| text.eq_ignore_ascii_case(word))
        };
        (1..=MOST_STATISTICS).contains(&scan.statistics.len())
            && scan.statistics.iter().any(is_mean)
            && different == scan.statistics.len()
            && share <= MOST_SHARE
            && rows.eq(place.rows + 1 - count..=place.rows)
    };
    let (column, scan) = texts.iter().find(below)?;
    let (first, text) = scan.statistics.first()?;
    let rows: Vec<u64> = scan.statistics.iter().map(|(row, _)| *row).collect();
    let what = match rows.len() {
        1 => "a row of statistics below the table; it is read as an observation".to_owned(),
        count => {
            format!("the last {count} rows are statistics below the table; each is read as an observation")
        }
    };
    let message = format!("{} holds \"{}\" in {}: {what}", place.row(*first), shown(text), column.name);
    Some(Foreign { rows, kind: "total_row", message })
}

/// Totals of groups: rows with such a word in one column, other than the last row alone.
fn group_totals(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    let (column, scan) = texts.iter().max_by_key(|(_, scan)| scan.totals.len())?;
    let rows: Vec<u64> = scan.totals.iter().map(|(row, _)| *row).collect();
    let (first, text) = scan.totals.first()?;
    if *first == place.rows || rows.len() >= MOST_TOTALS || rows.len() as f64 > MOST_SHARE * place.rows as f64
    {
        return None;
    }
    let message = match rows.len() {
        1 => format!(
            "{} holds \"{}\" in {}: a row of totals; it is read as an observation",
            place.row(*first),
            shown(text),
            column.name
        ),
        count => format!(
            "{count} rows hold totals in {} (\"{}\" in {}, the last in {}); each is read as an observation",
            column.name,
            shown(text),
            place.row(*first),
            place.row(rows[count - 1])
        ),
    };
    Some(Foreign { rows, kind: "total_row", message })
}

fn second_header(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    let numeric: Vec<&(&Column, &TextScan)> = texts.iter().filter(|(_, scan)| mostly_numbers(scan)).collect();
    let odd =
        |scan: &TextScan| !scan.first.is_empty() && scan.cells.others.texts.get(&scan.first) == Some(&1);
    let cells: Vec<&str> =
        numeric.iter().filter(|(_, scan)| odd(scan)).map(|(_, scan)| scan.first.as_str()).collect();
    // one cell alone may be a typing error; a row of them is a header
    if cells.len() < 2 || cells.len() < numeric.len() {
        return None;
    }
    let listed: Vec<String> = cells.iter().take(3).map(|c| format!("\"{}\"", shown(c))).collect();
    Some(Foreign {
        rows: vec![1],
        kind: "second_header_row",
        message: format!(
            "{} holds {} above columns of numbers: a second row of the header, or its units; it is read as data. Where it \
             holds the names, read the file again with header_row {}",
            place.row(1),
            listed.join(", "),
            place.header_row + 1
        ),
    })
}

/// The names of the columns once more between the rows, where tables were put one below the other.
fn repeated_header(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    // the row of the name in a column of numbers that has no other text
    let again = |(column, scan): &(&Column, &TextScan)| {
        let others = &scan.cells.others;
        let name = column.original_name.trim();
        let found = others.texts.iter().find(|(text, _)| text.trim() == name).map(|(_, row)| *row);
        found.filter(|_| mostly_numbers(scan) && others.cells == 1)
    };
    let rows: Vec<u64> = texts.iter().filter_map(again).collect();
    let row = *rows.first()?;
    if rows.len() < 2 || rows.iter().any(|other| *other != row) {
        return None;
    }
    let names: Vec<String> = texts
        .iter()
        .filter(|text| again(text).is_some())
        .take(3)
        .map(|(column, _)| format!("\"{}\"", shown(&column.original_name)))
        .collect();
    Some(Foreign {
        rows: vec![row],
        kind: "second_header_row",
        message: format!(
            "{} holds the names of the columns once more ({}); it is read as an observation",
            place.row(row),
            names.join(", ")
        ),
    })
}

fn mostly_numbers(scan: &TextScan) -> bool {
    let cells = scan.cells.commonest().map_or(0, |(_, group)| group.cells);
    cells >= 2 && cells * 2 >= scan.cells.present
}

fn last_row(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    texts.iter().find_map(|(column, scan)| {
        let cell = scan.last.trim().to_lowercase();
        let word = cell.trim_end_matches([':', '：', '.']);
        let total = TOTALS.contains(&word);
        let once = mostly_numbers(scan) && scan.cells.others.texts.get(&scan.last) == Some(&place.rows);
        let note = once && NOTES.iter().any(|n| cell.starts_with(n));
        let (kind, what) = match (total, note) {
            (true, _) => ("total_row", "a row of totals"),
            (_, true) => ("note_row", "a note below the table"),
            _ => return None,
        };
        let message = format!(
            "{} holds \"{}\" in {}: {what}; it is read as an observation",
            place.row(place.rows),
            shown(&scan.last),
            column.name
        );
        Some(Foreign { rows: vec![place.rows], kind, message })
    })
}

#[cfg(test)]
mod tests {
    use super::totals_of;

    #[test]
    fn totals_of_a_group_name_it() {
        for (text, name) in [
            ("Total", ""),
            (" TOTAL: ", ""),
            ("总计", ""),
            ("Total North", "North"),
            ("subtotal: North", "North"),
            ("North total", "North"),
            ("华北小计", "华北"),
            ("合计：华北", "华北"),
        ] {
            assert_eq!(totals_of(text), Some(name), "{text}");
        }
        for text in ["totally agree", "Northtotal", "12.5", "", "é", "Totalitarian states"] {
            assert_eq!(totals_of(text), None, "{text}");
        }
    }
}
