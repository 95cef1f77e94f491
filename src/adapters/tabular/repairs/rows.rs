//! Rows that are no observations: a second header row, a row of totals, statistics or a note below the table.

use std::collections::BTreeSet;

use super::Place;
use super::scan::{Scan, TextScan};
use crate::adapters::tabular::problems::shown;
use crate::domain::dataset::Column;

/// Words of a row of totals.
const TOTALS: [&str; 23] = [
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
    "totaal",
    "total général",
    "total general",
    "共计",
    "总和",
    "总数",
    "合计",
    "总计",
    "總計",
    "合計",
    "小计",
];
/// Those that also mark the totals of a group, before or after its name: `Total North`, `华北小计`.
const WITH_A_NAME: [&str; 10] =
    ["grand total", "subtotal", "total", "gesamt", "summe", "合计", "总计", "總計", "合計", "小计"];
/// Words of a row of means and the like below a table.
const MEANS: [&str; 20] = [
    "mean",
    "average",
    "avg",
    "mean sd",
    "mean ± sd",
    "mean±sd",
    "mean (sd)",
    "median",
    "standard deviation",
    "mittelwert",
    "durchschnitt",
    "moyenne",
    "media",
    "平均",
    "平均值",
    "平均数",
    "均值",
    "均值±标准差",
    "标准差",
    "中位数",
];
/// Words of rows of other statistics, which may be something else where they stand alone: Max is a name, N a direction.
const STATISTICS: [&str; 23] = [
    "std",
    "std. dev",
    "std dev",
    "sd",
    "se",
    "min",
    "max",
    "minimum",
    "maximum",
    "n",
    "count",
    "obs",
    "observations",
    "standardabweichung",
    "anzahl",
    "%",
    "share",
    "percent",
    "占比",
    "比例",
    "最大值",
    "最小值",
    "样本量",
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
pub(super) const NOTES: [&str; 18] = [
    "source",
    "note",
    "remark",
    "*",
    "quelle",
    "hinweis",
    "anmerkung",
    "fuente",
    "nota",
    "remarque",
    "注",
    "备注",
    "说明",
    "來源",
    "来源",
    "资料来源",
    "数据来源",
    "※",
];

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
    let text = without_mark(cell);
    if text.len() > MOST_BYTES {
        return None;
    }
    let is = |part: Option<&str>, word: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
    if is_total(text) {
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

/// True for a word of totals; Chinese ones are often written with blanks, `合  计`.
fn is_total(word: &str) -> bool {
    let word = word.to_lowercase();
    let joined = || word.split_whitespace().collect::<String>();
    TOTALS.contains(&word.as_str()) || !word.is_ascii() && TOTALS.contains(&joined().as_str())
}

/// Finds a second row of the header, and totals. `end` is the last row above the notes.
pub(super) fn foreign(columns: &[Column], scans: &[(usize, Scan)], place: Place, end: u64) -> Vec<Foreign> {
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
    found.extend(group_totals(&texts, place, end));
    found.extend(statistics(&texts, place, end));
    if found.iter().all(|rows| !rows.has(end)) {
        found.extend(last_row(&texts, place, end));
    }
    found
}

/// True for the word of a row of statistics.
pub(super) fn is_statistic(cell: &str) -> bool {
    let text = without_mark(cell);
    MEANS.iter().chain(&STATISTICS).any(|word| text.eq_ignore_ascii_case(word))
}

/// The last rows, each with another word such as mean or SD in one column that holds none elsewhere.
fn statistics(texts: &[(&Column, &TextScan)], place: Place, end: u64) -> Option<Foreign> {
    let (column, rows) = texts.iter().find_map(|(column, scan)| Some((column, below(scan, place, end)?)))?;
    let (first, text) = rows.first()?;
    let what = match rows.len() {
        1 => "a row of statistics below the table; it is read as an observation".to_owned(),
        count => format!("{count} rows below the table are statistics; each is read as an observation"),
    };
    let message = format!("{} holds \"{}\" in {}: {what}", place.row(*first), shown(text), column.name);
    Some(Foreign { rows: rows.iter().map(|(row, _)| *row).collect(), kind: "total_row", message })
}

/// The rows of statistics that end a column.
fn below(scan: &TextScan, place: Place, end: u64) -> Option<&[(u64, String)]> {
    let is_last = |(at, (row, _)): &(u64, &(u64, String))| *row + at == end;
    let count = (0..).zip(scan.statistics.iter().rev()).take_while(is_last).count();
    let (others, rows) = scan.statistics.split_at(scan.statistics.len() - count);
    // one letter is a level of many columns
    let is_letter = |(_, cell): &(u64, String)| without_mark(cell).len() == 1;
    let levels = if others.is_empty() { 0 } else { rows.iter().take_while(|row| is_letter(row)).count() };
    let rows = &rows[levels..];
    let word = |cell: &str| without_mark(cell).to_lowercase();
    let different: BTreeSet<String> = rows.iter().map(|(_, cell)| word(cell)).collect();
    let is_mean = |(_, cell): &(u64, String)| MEANS.contains(&word(cell).as_str());
    // Max alone is a name, and nobody is called Max, Min and Std
    let are_statistics = rows.iter().any(is_mean) || rows.iter().filter(|row| !is_letter(row)).count() > 1;
    let first = rows.first().map_or(end, |(row, _)| *row);
    let fits = (1..=MOST_STATISTICS).contains(&rows.len())
        && (are_statistics || scan.totals.iter().any(|(row, _)| row + 1 == first))
        && different.len() == rows.len()
        && others.iter().all(is_letter)
        && rows.len() as f64 <= MOST_SHARE * place.rows as f64;
    fits.then_some(rows)
}

/// A cell without blanks and without the mark that may follow its word.
fn without_mark(cell: &str) -> &str {
    cell.trim().trim_end_matches([':', '：', '.'])
}

/// Totals of groups: rows with such a word in a column, other than the last row alone. Those of smaller groups may stand in
/// another column than those of larger ones.
fn group_totals(texts: &[(&Column, &TextScan)], place: Place, end: u64) -> Vec<Foreign> {
    let mut by_count: Vec<&(&Column, &TextScan)> = texts.iter().collect();
    by_count.sort_by_key(|(_, scan)| std::cmp::Reverse(scan.totals.len()));
    let mut known: BTreeSet<u64> = BTreeSet::new();
    let mut found = Vec::new();
    for (column, scan) in by_count {
        let new: Vec<&(u64, String)> =
            scan.totals.iter().filter(|(row, _)| *row <= end && !known.contains(row)).collect();
        let rows: Vec<u64> = new.iter().map(|(row, _)| *row).collect();
        let Some((first, text)) = new.first().filter(|(row, _)| *row != end) else { continue };
        let share = (known.len() + rows.len()) as f64 / place.rows as f64;
        if known.len() + scan.totals.len() >= MOST_TOTALS || share > MOST_SHARE {
            continue;
        }
        known.extend(&rows);
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
        found.push(Foreign { rows, kind: "total_row", message });
    }
    found
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

fn last_row(texts: &[(&Column, &TextScan)], place: Place, end: u64) -> Option<Foreign> {
    texts.iter().find_map(|(column, scan)| {
        let cell = scan.last.trim().to_lowercase();
        let total = is_total(without_mark(&cell));
        let once = mostly_numbers(scan) && scan.cells.others.texts.get(&scan.last) == Some(&end);
        let note = once && NOTES.iter().any(|n| cell.starts_with(n));
        let (kind, what) = match (total, note) {
            (true, _) => ("total_row", "a row of totals"),
            (_, true) => ("note_row", "a note below the table"),
            _ => return None,
        };
        let message = format!(
            "{} holds \"{}\" in {}: {what}; it is read as an observation",
            place.row(end),
            shown(&scan.last),
            column.name
        );
        Some(Foreign { rows: vec![end], kind, message })
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
            ("合  计", ""),
            ("Total général", ""),
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
