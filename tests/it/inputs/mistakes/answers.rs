//! What people write into the cells of a questionnaire, and tables that are no single table; kept as data as in `cases.rs`.

use serde_json::json;

use super::cases::{Mistake, Noticed, m};
use super::files::{ROWS, plain, slope, table, xy};

/// Several answers in a cell, one level under several words, rows without a value, two tables in one, too many groups.
pub(super) fn of_answers() -> Vec<Mistake> {
    [cells(), shapes()].into_iter().flatten().collect()
}

fn with(header: &str, cell: impl Fn(u32) -> &'static str) -> Vec<u8> {
    table(header, |row, x, y| format!("{y},{x},{}", cell(row)))
}

fn cells() -> Vec<Mistake> {
    use Noticed::Remark;
    let silent = "read as categories without a remark";
    let hobbies = ["music", "music; sport", "art; sport", "art"];
    let channels = ["微信", "微信、抖音", "抖音、报纸", "报纸"];
    let sex = ["M", "male", "Female", "男", "F", "女"];
    let yes = ["1", "0", "1", "0", "1", "yes", "0", "no"];
    vec![
        m("several answers in one cell", silent, with("y,x,hobbies", |row| hobbies[row as usize % 4]))
            .at(
                Remark("several_answers"),
                &[
                    "hobbies holds several answers in one cell, separated by \";\" (\"music; sport\" in row 2)",
                    "4 combinations of 3 answers (art, music, sport)",
                    "strpos(hobbies, \"art\")",
                ],
            )
            .ends(2.0, 24),
        m("several answers in Chinese", silent, with("y,x,channel", |row| channels[row as usize % 4]))
            .at(Remark("several_answers"), &["separated by \"、\" (\"微信、抖音\" in row 2)"])
            .ends(2.0, 24),
        m("names with commas are no answers", "read right", {
            with("y,x,town", |row| ["\"Paris, France\"", "\"Lyon, France\"", "\"Bonn, Germany\""][row as usize % 3])
        })
        .ends(2.0, 24),
        m("a sex under several words", "a remark on capital letters alone", {
            with("y,x,sex", |row| sex[row as usize % 6])
        })
        .at(
            Remark("synonyms_of_text"),
            &[
                "sex writes two levels under several words: \"Female\" in row 3, \"F\" in row 5, \"女\" in row 6; and \"male\" in row 2",
                "inlist(sex, \"Female\", \"F\", \"女\")",
            ],
        )
        .ends(2.0, 24),
        m("yes and no next to 1 and 0", "a remark on mixed numbers, or a repair that made yes missing", {
            with("y,x,smoker", |row| yes[row as usize % 8])
        })
        .at(
            Remark("synonyms_of_text"),
            &["smoker writes two levels under several words", "\"yes\" in row 6", "inlist(smoker, "],
        )
        .ends(2.0, 24),
    ]
}

fn shapes() -> Vec<Mistake> {
    use Noticed::{Preview, Remark};
    let mut spaced = plain();
    spaced.extend_from_slice(b",\n");
    spaced.extend_from_slice(b"62,25\n");
    let regions = table("y,x,region", |row, x, y| format!("{y},{x},R{}", row % 8));
    let mut lying = b"variable,P1,P2,P3,P4,P5,P6\nage,31,42,25,38,51,29\npay,12,15,9,14,20,11\n".to_vec();
    lying.extend_from_slice(b"sex,f,m,f,m,f,m\n");
    let line = json!({"template_id": "plot.line", "outcome_var": "y",
                      "roles": {"time_var": ["x"], "group_var": ["region"]}});
    vec![
        m("an empty row between others", "an observation without a value, and no remark", spaced)
            .at(
                Remark("empty_rows"),
                &["1 row in the table has no value in any column (the first is row 26)"],
            )
            .repaired(&[0], SLOPE_OF_25, 25),
        m("cells merged down a column", "20 rows without a region, and advice alone", merged())
            .named("data.xlsx")
            .changed(json!({"sample_if": "region == \"North\""}))
            .at(
                Remark("merged_cells"),
                &["region has 2 merged cells down the column (the first in rows 2 to 13)", "\"to\":\"fill_down\""],
            )
            .repaired(&[0], slope(|row| row <= 12), 12),
        m("two tables next to each other", "read as one table without a remark", {
            table("y,x,,region,area", |row, x, y| format!("{y},{x},,r{row},{}", row * 3 % 7))
        })
        .at(
            Remark("side_by_side"),
            &["an empty column stands between y, x and region, area", "save each in a file of its own"],
        )
        .ends(2.0, 24),
        m("a table on its side with a row of words", "a remark on mixed types for each column", lying)
            .draft(json!({"draft_text": "How does x change y?"}))
            .at(
                Remark("transposed"),
                &["the columns hold numbers and texts (P1, P2, P3), and variable has another text in each of the 3 rows"],
            ),
        m("more groups than a figure takes", "the run failed: too_many_levels", regions)
            .draft(line)
            .at(Preview("too_many_levels"), &["region has more than 6 groups", "at most 6"]),
    ]
}

/// The table as a workbook with a region for each half of its rows, in merged cells.
fn merged() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in [(0, "region"), (1, "y"), (2, "x")] {
        sheet.write(0, column, name).expect("a header");
    }
    for (first, name) in [(1, "North"), (ROWS / 2 + 1, "South")] {
        let last = first + ROWS / 2 - 1;
        sheet.merge_range(first, 0, last, 0, name, &rust_xlsxwriter::Format::new()).expect("merged");
    }
    for row in 1..=ROWS {
        let (x, y) = xy(row);
        sheet.write(row, 1, y).and_then(|s| s.write(row, 2, x)).expect("a row");
    }
    book.save_to_buffer().expect("a workbook")
}

/// Least squares of the table and of one more row, `x` = 25 and `y` = 62, which lies `e` = 2 above the line; the form is that of
/// `tables.rs`.
const SLOPE_OF_25: f64 = 2.0 + 2.0 * 12.5 * 0.96 / (1150.0 + 12.5 * 12.5 * 0.96);
