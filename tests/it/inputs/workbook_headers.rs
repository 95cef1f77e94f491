//! The sheet and the row of names that a reader of workbooks finds by itself.

use rust_xlsxwriter::{Format, Workbook};
use stata_service::ports::tabular::IngestOptions;

use super::ingest_fixtures::convert_bytes;

/// A cell: a number, or a text.
type Row<'a> = &'a [&'a str];

fn sheet(book: &mut Workbook, name: &str, merged: &[(u32, u16, u16, &str)], rows: &[Row<'_>]) {
    let sheet = book.add_worksheet();
    sheet.set_name(name).expect("a name");
    for (row, first, last, text) in merged {
        sheet.merge_range(*row, *first, *row, *last, text, &Format::new()).expect("merged");
    }
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write(row, column, number),
                Err(_) => sheet.write(row, column, *cell),
            }
            .expect("a cell");
        }
    }
}

fn names(bytes: &[u8]) -> (Vec<String>, u64, Vec<String>) {
    let got = convert_bytes(bytes, "x.xlsx", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"));
    let names = got.data.columns.iter().map(|c| c.original_name.clone()).collect();
    (names, got.data.row_count, got.data.warnings.iter().map(|w| w.message.clone()).collect())
}

#[test]
fn names_below_merged_groups_of_columns_are_the_header() {
    let mut book = Workbook::new();
    let rows: [Row<'_>; 6] = [
        &["Survey 2022"],
        &[],
        &["", "", "", "", ""],
        &["Stratum", "Wage", "Hours", "Wage", "Hours"],
        &["S1", "12.5", "40", "13", "38"],
        &["S2", "11", "35", "12", "36"],
    ];
    sheet(&mut book, "Data", &[(2, 1, 2, "2021"), (2, 3, 4, "2022")], &rows);
    let (names, rows, said) = names(&book.save_to_buffer().expect("a workbook"));
    assert_eq!(names, ["Stratum", "2021 Wage", "2021 Hours", "2022 Wage", "2022 Hours"]);
    assert_eq!(rows, 2);
    assert!(said.iter().any(|m| m.contains("row 4 was taken as the header: row 3 above it")), "{said:?}");
}

#[test]
fn a_name_over_both_rows_of_a_header_stays() {
    let mut book = Workbook::new();
    let rows: [Row<'_>; 4] = [
        &["id", "", "", "", ""],
        &["", "before", "after", "before", "after"],
        &["1", "120", "118", "80", "79"],
        &["2", "131", "125", "85", "80"],
    ];
    sheet(&mut book, "Data", &[(0, 1, 2, "SBP"), (0, 3, 4, "DBP")], &rows);
    let (names, rows, _) = names(&book.save_to_buffer().expect("a workbook"));
    assert_eq!(names, ["id", "SBP before", "SBP after", "DBP before", "DBP after"]);
    assert_eq!(rows, 2);
}

#[test]
fn a_first_row_of_texts_below_a_header_with_gaps_stays_a_row() {
    let mut book = Workbook::new();
    let rows: [Row<'_>; 4] = [
        &["name", "", "", "town"],
        &["Ann", "x", "y", "Rome"],
        &["Bob", "z", "5", "Oslo"],
        &["Cy", "w", "6", "Bonn"],
    ];
    sheet(&mut book, "Data", &[], &rows);
    let (names, rows, _) = names(&book.save_to_buffer().expect("a workbook"));
    assert_eq!((names[0].as_str(), names[3].as_str(), rows), ("name", "town", 3));
}

#[test]
fn the_first_sheet_with_a_table_is_read() {
    let mut book = Workbook::new();
    sheet(&mut book, "Read me", &[], &[&["Campaign export"], &["of March 2024"], &["by the sales team"]]);
    sheet(&mut book, "Export", &[], &[&["id", "y"], &["1", "2.5"], &["2", "3.5"]]);
    let bytes = book.save_to_buffer().expect("a workbook");
    let (names, rows, said) = names(&bytes);
    assert_eq!((names, rows), (vec!["id".to_owned(), "y".to_owned()], 2));
    assert!(said.iter().any(|m| m.contains("the sheet \"Export\" was read")), "{said:?}");
    // a person who names a sheet gets it
    let wanted = IngestOptions { sheet: Some("Read me".into()), header_row: None };
    let got = convert_bytes(&bytes, "x.xlsx", &wanted).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(got.data.selected_sheet.as_deref(), Some("Read me"));
    // of one table after another the first is read, as ever
    let mut book = Workbook::new();
    for name in ["one", "two"] {
        sheet(&mut book, name, &[], &[&["id", name], &["1", "2.5"]]);
    }
    let got = convert_bytes(&book.save_to_buffer().expect("a workbook"), "x.xlsx", &IngestOptions::default());
    assert_eq!(got.unwrap_or_else(|p| panic!("{p}")).data.selected_sheet.as_deref(), Some("one"));
}

#[test]
fn answers_that_a_form_left_out_are_missing() {
    let csv = "服务,花费,时长\n(空),120元,12秒\n满意,（空）,35秒\n(跳过),80元,9秒\n".as_bytes();
    let got = convert_bytes(csv, "x.csv", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"));
    let missing: Vec<u64> = got.data.columns.iter().map(|c| c.missing).collect();
    assert_eq!(missing, [2, 1, 0]);
    let steps: Vec<_> = got.data.repairs.iter().filter_map(|r| r.step.column.clone()).collect();
    assert_eq!(steps.len(), 2, "both numbers can be read without their unit: {steps:?}");
    let said = got.data.warnings.iter().find(|w| w.kind == "numbers_as_text").expect("a remark");
    assert!(said.message.contains("written like \"120元\" in row 2"), "{}", said.message);
}

/// The first sheet was hidden, and its rows of last year were analysed.
#[test]
fn a_sheet_that_people_see_comes_before_hidden_ones() {
    let mut book = Workbook::new();
    let old: [Row<'_>; 3] = [&["y", "x"], &["1", "2"], &["3", "4"]];
    let data: [Row<'_>; 4] = [&["wage", "age"], &["10", "20"], &["11", "21"], &["12", "22"]];
    sheet(&mut book, "old", &[], &old);
    sheet(&mut book, "Data", &[], &data);
    book.worksheet_from_name("Data").expect("a sheet").set_active(true).set_first_tab(true);
    book.worksheet_from_name("old").expect("a sheet").set_hidden(true);
    let bytes = book.save_to_buffer().expect("a workbook");
    let (read, rows, _) = names(&bytes);
    assert_eq!((read, rows), (vec!["wage".to_owned(), "age".to_owned()], 3));
    let wanted = IngestOptions { sheet: Some("old".to_owned()), ..IngestOptions::default() };
    let got = convert_bytes(&bytes, "x.xlsx", &wanted).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(got.data.row_count, 2, "a hidden sheet is read where it is named");
}
