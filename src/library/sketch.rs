//! A data set of which only the names and kinds of its columns are known: what the ranking is tried on without
//! data.

use crate::domain::dataset::{Column, Dataset, DatasetRole, InferredType};
use crate::domain::profile::KINDS;

/// Makes a data set of `name:kind` columns with a number of rows; none where no column has a kind, since
/// nothing is known of the data then.
///
/// # Errors
/// The kind that is not known.
pub fn sketch(columns: &[String], rows: u64) -> Result<Option<Dataset>, String> {
    if !columns.iter().any(|text| text.contains(':')) {
        return Ok(None);
    }
    let mut sketched = Vec::new();
    for text in columns {
        let (name, kind) = text.split_once(':').unwrap_or((text, "continuous"));
        if !KINDS.contains(&kind) {
            return Err(kind.to_owned());
        }
        sketched.push(column(name, kind, rows));
    }
    Ok(Some(dataset(sketched, rows)))
}

/// A column that serves as the kind that the user named.
fn column(name: &str, kind: &str, rows: u64) -> Column {
    let text = kind == "text";
    let whole = matches!(kind, "binary" | "ordered" | "categorical" | "count" | "id" | "date");
    let distinct = match kind {
        "binary" => 2,
        "ordered" | "categorical" => 5,
        "id" => 50,
        _ => rows,
    };
    let (min, max) = match kind {
        "binary" | "share" => (0.0, 1.0),
        "continuous" => (-100.0, 100.0),
        "count" => (0.0, 100.0),
        _ => (1.0, 100.0),
    };
    Column {
        name: name.to_owned(),
        original_name: name.to_owned(),
        inferred_type: match kind {
            "binary" => InferredType::Binary,
            "date" => InferredType::Date,
            "text" => InferredType::Text,
            _ if whole => InferredType::Integer,
            _ => InferredType::Number,
        },
        storage: if text { "str20" } else { "double" }.to_owned(),
        format: String::new(),
        label: None,
        value_labels: kind == "categorical",
        missing: 0,
        missing_share: 0.0,
        distinct,
        distinct_is_lower_bound: false,
        min: (!text).then_some(min),
        max: (!text).then_some(max),
        integer_valued: whole,
        has_negative: !text && min < 0.0,
        max_bytes: text.then_some(20),
        levels: Vec::new(),
        names: Vec::new(),
    }
}

fn dataset(columns: Vec<Column>, rows: u64) -> Dataset {
    Dataset {
        dataset_key: "main".to_owned(),
        role: DatasetRole::PrimaryDataset,
        original_name: String::new(),
        format: "csv".to_owned(),
        original_rel_path: String::new(),
        original_sha256: String::new(),
        original_size_bytes: 0,
        canonical_rel_path: String::new(),
        canonical_sha256: String::new(),
        canonical_size_bytes: 0,
        row_count: rows,
        columns,
        repairs: Vec::new(),
        sheet_names: Vec::new(),
        selected_sheet: None,
        header_row: None,
        encoding: None,
        delimiter: None,
    }
}
