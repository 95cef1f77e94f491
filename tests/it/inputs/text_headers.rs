//! The row of names that a reader of text tables finds by itself: below names of groups of columns, as merged cells leave them.

use stata_service::ports::tabular::IngestOptions;

use super::ingest_fixtures::{Converted, convert_bytes};

fn read(text: &str) -> Converted {
    convert_bytes(text.as_bytes(), "x.csv", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"))
}

fn names(file: &Converted) -> Vec<&str> {
    file.data.columns.iter().map(|c| c.original_name.as_str()).collect()
}

#[test]
fn names_below_groups_of_columns_are_the_header() {
    for (text, row) in [
        (",2021,,2022,\nShop,Sales,Staff,Sales,Staff\nA,12.5,3,13,4\nB,11,2,12,2\n", 2),
        (";2021;;2022;\n;;;;\nShop;Sales;Staff;Sales;Staff\nA;12,5;3;13,1;4\nB;11,2;2;12;2\n", 3),
        (
            "Sales of the shops,,,,\n,2021,2021,2022,2022\nShop,Sales,Staff,Sales,Staff\nA,12.5,3,13,4\nB,11,2,12,2\n",
            3,
        ),
    ] {
        let file = read(text);
        assert_eq!(names(&file), ["Shop", "2021 Sales", "2021 Staff", "2022 Sales", "2022 Staff"], "{text}");
        assert_eq!((file.data.row_count, file.data.header_row), (2, Some(row)), "{text}");
        assert!(file.warned("rows_above_header"), "{text}");
    }
    let file = read("id,Before,,After,\n,pain,sleep,pain,sleep\n1,5,7,3,8\n2,6,6,2,8\n");
    assert_eq!(names(&file), ["id", "Before pain", "Before sleep", "After pain", "After sleep"]);
}

/// A title and an empty row above the names, as spreadsheets save them: the title was the header.
#[test]
fn empty_rows_above_the_names_are_left_out() {
    for text in [
        "Staff of the clinic,,\n,,\nname,pay,age\nA,10,30\nB,12,40\n",
        ",,\n,,\nname,pay,age\nA,10,30\nB,12,40\n",
        ",,\nStaff of the clinic,,\nname,pay,age\nA,10,30\nB,12,40\n",
    ] {
        let file = read(text);
        assert_eq!(names(&file), ["name", "pay", "age"], "{text}");
        assert_eq!((file.data.row_count, file.data.header_row), (2, Some(3)), "{text}");
    }
    let values = read(",,\n1,2,3\n4,5,6\n");
    assert_eq!(values.data.row_count, 2, "values without names are rows");
}

#[test]
fn a_header_with_gaps_stays_one_where_values_follow_it() {
    for (text, expected) in [
        // columns without a name
        ("a,b,,\n1,2,x,y\n3,4,x,z\n", vec!["a", "b", "", ""]),
        // texts below, and no values below those
        ("a,b,,\nu,v,x,y\nw,s,x,z\n", vec!["a", "b", "", ""]),
        // units below names
        ("pay,age,years\nEUR,y,y\n10,30,2\n12,40,3\n", vec!["pay", "age", "years"]),
        // names twice
        ("a,a,b,b\n1,2,3,4\n5,6,7,8\n", vec!["a", "a", "b", "b"]),
    ] {
        let file = read(text);
        let found = names(&file);
        assert_eq!(found[..2], expected[..2], "{text}");
        assert_eq!((found.len(), file.data.header_row), (expected.len(), Some(1)), "{text}");
    }
    let options = IngestOptions { header_row: Some(1), ..IngestOptions::default() };
    let text = b",2021,,2022,\nShop,Sales,Staff,Sales,Staff\nA,12.5,3,13,4\n";
    let file = convert_bytes(text, "x.csv", &options).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(file.data.header_row, Some(1), "a row that was asked for");
}

/// A month and a pair of years are written alike: `2005-06`.
#[test]
fn months_thirteen_apart_are_years() {
    let file = read("y,season\n1,2005-06\n2,2006-07\n3,2007-08\n4,2005-06\n");
    assert!(file.column("season").is_text() && file.warned("years_as_text"), "{:?}", file.data.warnings);
    for text in ["y,t\n1,2005-06\n2,2006-07\n3,2006-08\n", "y,t\n1,2005-06\n2,2005-06\n"] {
        assert_eq!(read(text).column("t").format, "%tm", "{text}");
    }
}

/// Points that group digits were read as decimals: 50.428 € became fifty.
#[test]
fn amounts_with_three_digits_behind_a_point_have_two_readings() {
    let file = read("id;pay\n1;50.428 €\n2;53.338 €\n3;41.500 €\n");
    let said = file.data.warnings.iter().find(|w| w.kind == "numbers_as_text").expect("a remark");
    assert!(said.message.contains("may stand for thousands or for decimals"), "{}", said.message);
    let most: Vec<Option<f64>> = file.data.repairs.iter().map(|repair| repair.columns[0].max).collect();
    assert_eq!(most, [Some(53.338), Some(53_338.0)]);
    for text in
        ["id;pay\n1;50.42 €\n2;53.33 €\n", "id;pay\n1;50 €\n2;53 €\n", "id;kg\n1;50.428 kg\n2;53.338 kg\n"]
    {
        assert_eq!(read(text).data.repairs.len(), 1, "{text}");
    }
}

#[test]
fn dates_with_the_year_first_and_others_are_read_by_one_step() {
    let file = read("y,when\n1,2024-01-31\n2,13/02/2024\n3,2024-02-01\n4,05/03/2024\n");
    let said = file.data.warnings.iter().find(|w| w.kind == "mixed_date_orders").expect("a remark");
    assert!(
        said.message
            .contains("2 dates with the year first (\"2024-01-31\" in row 2) and 2 dates with the day first"),
        "{}",
        said.message
    );
    assert_eq!(said.repairs.len(), 1);
    let after = &file.data.repairs[0].columns[0];
    // 2024-01-31 and 2024-03-05 are the days 23406 and 23440 (`help datetime`)
    assert_eq!((after.min, after.max, after.missing), (Some(23_406.0), Some(23_440.0), 0));
    let serial =
        read("y,when\n1,2024-01-31\n2,45324\n3,2024-02-01\n4,2024-02-09\n5,2024-02-11\n6,2024-02-12\n");
    let said = serial.data.warnings.iter().find(|w| w.kind == "mixed_date_orders").expect("a remark");
    assert!(said.message.contains("dates (\"2024-01-31\" in row 2) and numbers"), "{}", said.message);
    assert!(said.message.contains("\"45324\" in row 3") && !serial.warned("mixed_types"), "{}", said.message);
    let either = read("y,when\n1,2024-01-31\n2,03/02/2024\n3,2024-02-01\n4,05/03/2024\n");
    let said = either.data.warnings.iter().find(|w| w.kind == "ambiguous_date").expect("a remark");
    assert_eq!(said.repairs.len(), 2, "{}", said.message);
}

/// Names, questions and ids: the export of a survey service had three header rows, two of which were read as answers.
#[test]
fn the_header_of_a_survey_export_has_three_rows() {
    let rows = "StartDate,Q1,Q2_1\nStart Date,Do you remember our ad?,\"How likely, 0-10?\"\n\
                \"{\"\"ImportId\"\":\"\"startDate\"\"}\",\"{\"\"ImportId\"\":\"\"QID1\"\"}\",\"{\"\"ImportId\"\":\"\"QID2_1\"\"}\"\n\
                2024-02-04 14:46:00,Yes,6\n2024-02-05 10:02:00,No,3\n2024-02-06 09:00:00,Yes,\n";
    let file = read(rows);
    assert_eq!((file.data.row_count, file.data.header_row), (3, Some(1)));
    let said: Vec<(&str, Option<&str>, u64)> =
        file.data.columns.iter().map(|c| (c.name.as_str(), c.label.as_deref(), c.missing)).collect();
    assert_eq!(
        said,
        [
            ("StartDate", Some("Start Date"), 0),
            ("Q1", Some("Do you remember our ad?"), 0),
            ("Q2_1", Some("How likely, 0-10?"), 1)
        ]
    );
    let kinds: Vec<bool> = file.data.columns.iter().map(|c| c.is_text()).collect();
    assert_eq!(kinds, [false, true, false]);
    assert!(file.warned("rows_above_header"));
    // without the ids it is a file like any other
    assert_eq!(read("a,b\nx,y\n{1},{2}\n").data.row_count, 2);
}

/// The continents of gapminder and the regions of a firm: NA was missing.
#[test]
fn north_america_is_a_region_where_all_others_are() {
    let file = read("region,y\nNA,1\nEU,2\nAPAC,3\nNA,4\n");
    let region = &file.data.columns[0];
    assert_eq!((region.missing, region.distinct), (0, 3));
    let said = file.data.warnings.iter().find(|w| w.kind == "none_kept").expect("a remark");
    assert_eq!(said.message, "region: 2 cells hold NA, which is kept as a category");
    let states = read("region,y\nNA,1\nEU,2\nTX,3\nNA,4\n");
    assert_eq!(states.data.columns[0].missing, 2);
}
