//! Ingest of bad and hostile files: each is refused with code, row and reason, or read with a remark;
//! nothing panics.

use std::io::Write;

use serde_json::json;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use crate::inputs::ingest_fixtures::{convert_bytes, fixture};

fn refused(bytes: &[u8], name: &str) -> Problem {
    match convert_bytes(bytes, name, &IngestOptions::default()) {
        Ok(got) => panic!("{name} was accepted with {} rows", got.data.row_count),
        Err(problem) => problem,
    }
}

fn read(text: &str) -> crate::inputs::ingest_fixtures::Converted {
    convert_bytes(text.as_bytes(), "x.csv", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"))
}

#[test]
fn many_digits_beside_decimal_commas_are_a_number() {
    // the first reading of the file took them for one, the second for none
    let made = read(&format!("a;b\n12,5;x\n1{};y\n9,25;z\n", "0".repeat(80)));
    assert_eq!(made.data.row_count, 3);
    let column = &made.data.columns[0];
    assert_eq!((column.missing, column.max), (0, Some(1e80)), "{column:?}");
}

#[test]
fn broken_text_is_refused_with_its_row() {
    for (text, code, row) in [
        (&b"a,b\n1,2\n3\n"[..], ErrorCode::InputParseFailed, 3),
        (b"a,b\n1,2\n\n3,4,5\n", ErrorCode::InputParseFailed, 4),
        (b"a,b\n1,2\n3,\"4\n5,6\n", ErrorCode::InputParseFailed, 3),
        (b"a,b\n1,2\n3,\0\n", ErrorCode::InputParseFailed, 3),
        (b"\xef\xbb\xbfa,b\n1,2\n3,\xff\n", ErrorCode::InputEncodingInvalid, 3),
    ] {
        let problem = refused(text, "x.csv");
        assert_eq!(problem.code, code, "{problem}");
        assert_eq!(problem.context["row"], json!(row), "{problem}");
        assert!(problem.context["reason"].as_str().is_some_and(|r| !r.is_empty()), "{problem}");
    }
    let ragged = refused(b"a,b\n1,2\n3\n", "x.csv");
    assert_eq!((&ragged.context["expected_fields"], &ragged.context["found_fields"]), (&json!(2), &json!(1)));
}

#[test]
fn files_without_rows_are_empty() {
    for text in [&b""[..], b"\n\n", b"\xef\xbb\xbf", b"a,b\n", b"a,b\n\n\n", b",,\n,,\n"] {
        assert_eq!(refused(text, "x.csv").code, ErrorCode::InputEmpty, "{text:?}");
    }
}

#[test]
fn other_formats_are_refused_by_name() {
    let dta_120 = b"<stata_dta><header><release>120</release>".to_vec();
    for (bytes, name, code, says) in [
        (&b"%PDF-1.7 x"[..], "x.csv", ErrorCode::InputFormatUnsupported, "PDF"),
        (b"\x1f\x8b\x08", "x.csv", ErrorCode::InputFormatUnsupported, "gzip"),
        (b"<!DOCTYPE html><html>", "x.xls", ErrorCode::InputFormatUnsupported, "HTML"),
        (&dta_120, "x.dta", ErrorCode::InputFormatUnsupported, "120"),
        (b"a,b\n1,2\n", "x.dtas", ErrorCode::InputFormatUnsupported, "frames"),
        (b"a,b\n1,2\n", "x.xlsx", ErrorCode::InputParseFailed, ".xlsx"),
        (b"a,b\n1,2\n", "x.dta", ErrorCode::InputParseFailed, ".dta"),
        (b"PK\x03\x04junk", "x.xlsx", ErrorCode::InputParseFailed, "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1junk", "x.xls", ErrorCode::InputParseFailed, "damaged"),
    ] {
        let problem = refused(bytes, name);
        assert_eq!(problem.code, code, "{name}: {problem}");
        assert!(problem.message.contains(says), "{problem}");
    }
}

#[test]
fn a_workbook_with_a_password_is_refused_with_what_to_do() {
    let problem = refused(&std::fs::read(fixture("encrypted.xlsx")).expect("a fixture"), "data.xlsx");
    assert_eq!(problem.code, ErrorCode::InputFormatUnsupported, "{problem}");
    assert!(problem.message.contains("protected by a password; open it"), "{problem}");
    assert!(problem.message.contains("remove the password and save it again"), "{problem}");
}

#[test]
fn the_decimal_sign_of_one_column_decides_the_others() {
    let ranges = |got: &crate::inputs::ingest_fixtures::Converted, name: &str| {
        let column = got.column(name);
        (column.min, column.max)
    };
    let kinds = |got: &crate::inputs::ingest_fixtures::Converted| -> Vec<String> {
        got.data.warnings.iter().map(|w| w.kind.clone()).collect()
    };
    let tabs = read("pay\tyears\n10,53\t4,708\n9,5\t12,250\n");
    assert_eq!(ranges(&tabs, "years"), (Some(4.708), Some(12.25)));
    assert!(!kinds(&tabs).contains(&"ambiguous_number".to_owned()), "{:?}", kinds(&tabs));
    let semicolons = read("pay;pop\n10,53;1.037\n9,5;12.250\n");
    assert_eq!(ranges(&semicolons, "pop"), (Some(1037.0), Some(12_250.0)));
    assert!(semicolons.data.warnings.iter().any(|w| w.message.contains("points were read as thousands")));
    let points = read("pay;pop\n10.53;1,037\n9.5;12,250\n");
    assert_eq!(ranges(&points, "pop"), (Some(1037.0), Some(12_250.0)));
    // nothing decides: as it was, with the remark
    let open = read("n\tyears\n1\t4,708\n2\t12,250\n");
    assert_eq!(ranges(&open, "years"), (Some(4708.0), Some(12_250.0)));
    assert!(kinds(&open).contains(&"ambiguous_number".to_owned()), "{:?}", kinds(&open));
}

#[test]
fn the_last_row_is_a_total_only_where_all_of_its_numbers_are() {
    let found = |text: &str| read(text).data.warnings.into_iter().find(|w| w.kind == "total_row");
    // sums of both columns; the year is left empty
    let sums = found("year,pay,staff\n2019,1.5,3\n2020,2.25,4\n2021,4,9\n2022,2,1\n,9.75,17\n");
    assert!(sums.is_some_and(|w| w.message.contains("in pay, staff the sums")));
    // a mean that is rounded to its last decimal: 7.45 / 4 = 1.8625, 17 / 4 = 4.25
    let means = found("name,pay,staff\na,1.5,3\nb,2.25,4\nc,1.7,9\nd,2,1\n,1.86,4.25\n");
    assert!(means.is_some_and(|w| w.message.contains("in pay, staff the means")));
    for text in [
        // one number is not
        "year,pay,staff\n2019,1.5,3\n2020,2.25,4\n2021,4,9\n2022,2,1\n,9.75,16\n",
        // a text stands beside them
        "name,pay,staff\na,1.5,3\nb,2.25,4\nc,4,9\nd,2,1\ne,9.75,17\n",
        // columns of one value say nothing
        "a,b\n0,5\n0,5\n0,5\n0,5\n0,5\n",
        // one column alone
        "pay\n1\n2\n3\n4\n10\n",
    ] {
        assert!(found(text).is_none(), "{text}");
    }
}

#[test]
fn dates_in_two_orders_are_named_and_read_where_one_order_fits_nearly_all() {
    let found = |text: &str| {
        let warnings = read(text).data.warnings;
        warnings.into_iter().find(|w| w.kind == "mixed_date_orders").expect("a remark")
    };
    let table = |days: &[&str]| {
        format!("y,when\n{}", days.iter().map(|day| format!("1,{day}\n")).collect::<String>())
    };
    let half = found(&table(&["13/02/2023", "02/14/2023", "15/02/2023", "02/16/2023"]));
    assert!(
        half.message.contains("2 of 4 cells fit DMY, and \"02/14/2023\" in row 3 does not"),
        "{}",
        half.message
    );
    assert!(half.repairs.is_empty());
    let one =
        found(&table(&["13/02/2023", "14/02/2023", "15/02/2023", "16/02/2023", "02/17/2023", "18/02/2023"]));
    let step = one.repairs.first().expect("a repair");
    assert_eq!(
        (step.column.as_deref(), step.missing.as_slice()),
        (Some("when"), &["02/17/2023".to_owned()][..])
    );
}

#[test]
fn cells_merged_down_a_column_are_named() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "region").and_then(|s| s.write(0, 1, "y")).expect("a header");
    for row in 1..=8 {
        sheet.write(row, 1, f64::from(row)).expect("a cell");
    }
    for (first, last, name) in [(1, 4, "North"), (5, 8, "South")] {
        sheet.merge_range(first, 0, last, 0, name, &rust_xlsxwriter::Format::new()).expect("merged");
    }
    let bytes = book.save_to_buffer().expect("a workbook");
    let got = convert_bytes(&bytes, "x.xlsx", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"));
    let kinds: Vec<&str> = got.data.warnings.iter().map(|w| w.kind.as_str()).collect();
    assert_eq!(kinds, ["merged_cells"]);
    let message = &got.data.warnings[0].message;
    assert!(
        message.contains("region has 2 merged cells down the column (the first in rows 2 to 5)"),
        "{message}"
    );
    assert!(message.contains("missing in 6 rows"), "{message}");
    let step = got.data.warnings[0].repairs.first().expect("a repair");
    assert_eq!(step.words(), "convert region: each empty cell like the one above");
    let after = &got.data.repairs[0].columns[0];
    assert_eq!((after.missing, after.distinct), (0, 2));
}

#[test]
fn names_of_files_that_the_engine_loads_are_refused() {
    for name in ["profile.do", "a/SYSPROFILE.do", "stata.lic", "x.ado", "x.mlib", "x.plugin"] {
        assert_eq!(refused(b"a,b\n1,2\n", name).code, ErrorCode::InputFileNameForbidden, "{name}");
    }
}

#[test]
fn truncated_workbooks_and_data_files_are_refused() {
    for name in ["book.xlsx", "book.xls", "release_118.dta", "release_114.dta", "release_117.dta"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for share in 1..8 {
            let problem = refused(&whole[..whole.len() * share / 8], name);
            assert!(problem.code.as_str().starts_with("INPUT_"), "{name} {share}/8: {problem}");
        }
    }
}

/// A workbook whose sheet is `size` bytes of one repeated character.
fn zip_with(name: &str, size: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options: zip::write::SimpleFileOptions = Default::default();
    writer.start_file("xl/workbook.xml", options).unwrap();
    writer.write_all(b"<workbook/>").unwrap();
    writer.start_file(name, options).unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..size >> 20 {
        writer.write_all(&piece).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn zip_bombs_are_refused_before_they_are_unpacked_into_memory() {
    for name in ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"] {
        let bomb = zip_with(name, 160 << 20);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(refused(&bomb, "x.xlsx").code, ErrorCode::InputTooLarge, "{name}");
    }
}

#[test]
fn a_header_with_a_million_columns_is_refused() {
    let text = format!("{}\n1\n", "a,".repeat(1_000_000));
    let problem = refused(text.as_bytes(), "x.csv");
    assert_eq!(problem.code, ErrorCode::InputTooLarge);
    assert_eq!(problem.context["limit"], json!(120_000));
}

#[test]
fn a_data_file_that_claims_billions_of_columns_is_refused() {
    let mut bytes = std::fs::read(fixture("release_119.dta")).unwrap();
    let at = bytes.windows(3).position(|w| w == b"<K>").unwrap() + 3;
    bytes[at..at + 4].copy_from_slice(&4_000_000_000u32.to_le_bytes());
    let problem = refused(&bytes, "x.dta");
    assert!(matches!(problem.code, ErrorCode::InputTooLarge | ErrorCode::InputParseFailed), "{problem}");
}

#[test]
fn duplicate_headers_and_case_twins_get_names_of_their_own() {
    let got = read("x,X,x, x ,y\n1,2,3,4,5\n");
    let names: Vec<&str> = got.data.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["x", "X_2", "x_3", "x_4", "y"]);
    assert!(got.warned("renamed_column"));
    assert_eq!(got.values("x_4"), [json!(4)]);
}

#[test]
fn doubtful_columns_are_read_without_loss_and_remarked() {
    let got = read(
        "day,id,same,gap,word,big\n1/2/2024,007,5,,one,inf\n3/4/2024,7,5,,2,1\n3/4/2024,7,5,3,2,1\n3/4/2024,7,5,3,2,1\n",
    );
    assert_eq!(got.values("day")[0], json!("1/2/2024"));
    assert_eq!(got.values("id")[0], json!("007"));
    assert_eq!(got.values("big")[0], json!(null));
    for kind in [
        "ambiguous_date",
        "code_kept_as_text",
        "constant_column",
        "missing_share",
        "mixed_types",
        "infinite_values",
        "duplicated_rows",
    ] {
        assert!(got.warned(kind), "{kind}: {:?}", got.data.warnings);
    }
    let guessed =
        convert_bytes(b"caf\xe9,b\nJos\xe9 Mu\xf1oz,2\n", "x.csv", &IngestOptions::default()).unwrap();
    assert!(guessed.warned("encoding_guess"));
}

#[test]
fn a_remark_on_infinite_values_names_the_row() {
    let said = |text: &str| {
        let got = read(text);
        let remark = got.data.warnings.iter().find(|w| w.kind == "infinite_values");
        remark.map(|w| w.message.clone()).unwrap_or_else(|| panic!("{:?}", got.data.warnings))
    };
    for cell in ["inf", "-Infinity", "1e400"] {
        let message = said(&format!("x,y\n1,2\n2,{cell}\n3,4\n4,1.5\n"));
        assert!(message.contains("y has 1 value that no number can hold"), "{message}");
        assert!(message.contains("first in row 3"), "{message}");
    }
    assert!(
        said("x\n1.5\ninf\n-inf\n2\n")
            .contains("x has 2 values that no number can hold, such as inf (first in row 3)")
    );
}

#[test]
fn numbers_of_rows_and_times_in_two_columns_are_remarked() {
    let rows = |name: &str, of: fn(u32) -> String| {
        let lines: Vec<String> = (1..=24).map(|i| format!("{},{}", of(i), (i * 7) % 11)).collect();
        read(&format!("{name},y\n{}\n", lines.join("\n")))
    };
    for name in ["", "no", "No.", "X", "Unnamed: 0", "序号", "index"] {
        assert!(rows(name, |i| i.to_string()).warned("row_numbers"), "{name:?} from 1");
        assert!(rows(name, |i| (i - 1).to_string()).warned("row_numbers"), "{name:?} from 0");
    }
    assert!(!rows("dose", |i| i.to_string()).warned("row_numbers"), "another name is no numbering");
    assert!(!rows("no", |i| (i * 2).to_string()).warned("row_numbers"), "nor are numbers with holes");
    let months = rows("year,month", |i| format!("{},{}", 2020 + (i - 1) / 12, 1 + (i - 1) % 12));
    let remark = months.data.warnings.iter().find(|w| w.kind == "time_in_parts").expect("a remark");
    assert!(
        remark.message.ends_with("derive a variable by (year - 1960) * 12 + month - 1"),
        "{}",
        remark.message
    );
    let quarters = rows("年份,季度", |i| format!("{},{}", 2015 + (i - 1) / 4, 1 + (i - 1) % 4));
    let remark = quarters.data.warnings.iter().find(|w| w.kind == "time_in_parts").expect("a remark");
    assert!(remark.message.ends_with("(年份 - 1960) * 4 + 季度 - 1"), "{}", remark.message);
    assert!(!rows("year,month", |i| format!("{},{}", 2020, i)).warned("time_in_parts"), "24 is no month");
}

#[test]
fn a_delimiter_at_the_end_of_every_line_makes_no_column() {
    let got = read("a,b,\n1,2,\n3,4,,\n");
    assert_eq!(got.data.columns.len(), 2);
    assert_eq!(got.data.row_count, 2);
}

#[test]
fn extended_missing_values_and_long_texts_are_kept() {
    let long = "长".repeat(1000);
    let got = read(&format!("a,t\n.b,{long}\n3,short\n"));
    assert_eq!((got.column("a").missing, got.column("t").storage.as_str()), (1, "strL"));
    assert_eq!(got.column("t").max_bytes, Some(3000));
    let file = std::io::BufReader::new(std::fs::File::open(&got.path).unwrap());
    let block = dta::Reader::open(file).unwrap().read_block(10).unwrap().unwrap();
    let letter = dta::Missing::from_letter('b').unwrap();
    assert_eq!(block.columns[0], dta::Column::Byte(vec![letter.byte(), 3]));
}

#[test]
fn large_files_come_out_in_order() {
    let mut text = String::from("n,half,name\n");
    for n in 0..200_000u32 {
        text.push_str(&format!("{n},{},\"row, {}\"\n", f64::from(n) / 2.0, n % 1000));
    }
    let got = read(&text);
    assert_eq!(got.data.row_count, 200_000);
    let name = got.column("name");
    assert_eq!((name.distinct, name.distinct_is_lower_bound), (1000, false));
    let n = got.column("n");
    assert_eq!((n.min, n.max, n.distinct_is_lower_bound), (Some(0.0), Some(199_999.0), true));
    let file = std::io::BufReader::new(std::fs::File::open(&got.path).unwrap());
    let mut reader = dta::Reader::open(file).unwrap();
    let mut expected = 0;
    while let Some(block) = reader.read_block(4096).unwrap() {
        let dta::Column::Long(values) = &block.columns[0] else { panic!("n is a long") };
        for &value in values {
            assert_eq!(value, expected);
            expected += 1;
        }
    }
    assert_eq!(expected, 200_000);
}
