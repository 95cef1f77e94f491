//! Columns and data sets made up for tests of binding, selection and rendering.

use stata_service::domain::dataset::{Column, Dataset, DatasetRole, InferredType, Inputs};

/// Returns a column of whole or fractional numbers from `min` to `max`.
pub(crate) fn number(name: &str, distinct: u64, min: f64, max: f64, whole: bool) -> Column {
    let binary = whole && distinct == 2 && min == 0.0 && max == 1.0;
    Column {
        name: name.to_owned(),
        original_name: name.to_owned(),
        inferred_type: match (binary, whole) {
            (true, _) => InferredType::Binary,
            (_, true) => InferredType::Integer,
            _ => InferredType::Number,
        },
        storage: if whole { "long" } else { "double" }.to_owned(),
        format: "%9.0g".to_owned(),
        label: None,
        value_labels: false,
        missing: 0,
        missing_share: 0.0,
        distinct,
        distinct_is_lower_bound: false,
        min: Some(min),
        max: Some(max),
        integer_valued: whole,
        has_negative: min < 0.0,
        max_bytes: None,
        levels: Vec::new(),
        names: Vec::new(),
    }
}

/// Returns a column of text.
pub(crate) fn text(name: &str, distinct: u64) -> Column {
    Column {
        inferred_type: InferredType::Text,
        storage: "str12".to_owned(),
        format: "%12s".to_owned(),
        min: None,
        max: None,
        integer_valued: false,
        max_bytes: Some(12),
        ..number(name, distinct, 0.0, 0.0, false)
    }
}

/// Returns a column of dates.
pub(crate) fn date(name: &str) -> Column {
    Column {
        inferred_type: InferredType::Date,
        storage: "int".to_owned(),
        format: "%td".to_owned(),
        ..number(name, 300, 10_000.0, 20_000.0, true)
    }
}

/// Returns the inputs of a job with one primary data set of these columns.
pub(crate) fn inputs(rows: u64, columns: Vec<Column>) -> Inputs {
    let dataset = Dataset {
        dataset_key: "main".to_owned(),
        role: DatasetRole::PrimaryDataset,
        original_name: "pay.csv".to_owned(),
        format: "csv".to_owned(),
        original_rel_path: "inputs/main/original.csv".to_owned(),
        original_sha256: "0".repeat(64),
        original_size_bytes: 1000,
        canonical_rel_path: "inputs/main/data.dta".to_owned(),
        canonical_sha256: "1".repeat(64),
        canonical_size_bytes: 1000,
        row_count: rows,
        columns,
        repairs: Vec::new(),
        sheet_names: Vec::new(),
        selected_sheet: None,
        header_row: Some(1),
        encoding: Some("UTF-8".to_owned()),
        delimiter: Some(",".to_owned()),
    };
    Inputs {
        manifest_rel_path: "inputs/manifest.json".to_owned(),
        fingerprint: "2".repeat(64),
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        datasets: vec![dataset],
        warnings: Vec::new(),
    }
}

/// Employees: two outcomes, regressors, categories as numbers and text, a panel key, a date.
pub(crate) fn pay() -> Inputs {
    inputs(
        800,
        vec![
            number("log_pay", 700, -1.5, 5.0, false),
            number("schooling", 12, 6.0, 20.0, true),
            number("years_work", 40, 0.0, 45.0, true),
            number("age", 48, 16.0, 66.0, true),
            number("female", 2, 0.0, 1.0, true),
            number("sector", 4, 1.0, 4.0, true),
            number("zone", 4, -2.0, 2.0, true),
            text("region", 4),
            text("comment", 790),
            number("firm", 80, 1.0, 80.0, true),
            number("year", 10, 2010.0, 2019.0, true),
            number("weight", 500, 0.5, 3.0, false),
            date("hired_on"),
        ],
    )
}
