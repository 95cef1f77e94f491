//! `client inputs` and `client sheet`: the data as the service read them.

use serde_json::{Value, json};

use super::address::segment;
use super::failure::Failure;
use super::output::{columns, text};
use super::session::Job;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Most columns and remarks that are shown.
const MOST_COLUMNS: usize = 40;
const MOST_REMARKS: usize = 20;
/// Most columns whose values are listed, and most values of each.
const MOST_CATEGORICAL: usize = 20;
const MOST_CATEGORIES: usize = 10;
/// Remarks on the row of the names.
const HEADER_REMARKS: [&str; 3] = ["second_header_row", "rows_above_header", "header_is_data"];

/// Arguments of `inputs`.
#[derive(Debug, clap::Args)]
pub(super) struct InputsArgs {
    /// Data set to show: main, data_2 …
    #[arg(long, value_name = "KEY")]
    dataset: Option<String>,
}

/// Arguments of `sheet`.
#[derive(Debug, clap::Args)]
pub(super) struct SheetArgs {
    /// Sheet of the workbook; without it the one that was read.
    #[arg(required_unless_present = "header_row")]
    name: Option<String>,
    /// Row of the names, counted from 1, also of a text file; without it the row is found.
    #[arg(long)]
    header_row: Option<u32>,
    /// Data set of the workbook; the primary one without it.
    #[arg(long, value_name = "KEY")]
    dataset: Option<String>,
}

/// Shows the data as read.
pub(super) async fn inputs(args: InputsArgs, job: &Job) -> Result<Exit, Failure> {
    let dataset = args.dataset.map(|key| format!("&dataset_key={}", segment(&key))).unwrap_or_default();
    let seen = job.get(&format!("/inputs/preview?rows=5&columns=200{dataset}")).await?;
    job.out.result(&seen, || inputs_text(&seen));
    Ok(Exit::Done)
}

/// Chooses a sheet of a workbook, or the row of the names.
pub(super) async fn sheet(args: SheetArgs, job: &Job) -> Result<Exit, Failure> {
    let place = match &args.dataset {
        None => "/inputs/primary/sheet".to_owned(),
        Some(key) => format!("/inputs/datasets/{}/sheet", segment(key)),
    };
    let mut body = json!({});
    if let Some(name) = args.name {
        body["sheet_name"] = json!(name);
    }
    if let Some(row) = args.header_row {
        body["header_row"] = json!(row);
    }
    let seen = job.post(&place, &body).await?;
    job.out.result(&seen, || inputs_text(&seen));
    Ok(Exit::Done)
}

/// The values of a column of categories: `values    sex: 1 = male (40), 2 = female (38)`.
fn categories_text(column: &Value) -> Option<String> {
    let categories = column["categories"].as_array()?;
    let shown = categories.iter().take(MOST_CATEGORIES).map(|category| {
        let value = match &category["value"] {
            Value::String(text) => plain(text),
            number => number.to_string(),
        };
        let label =
            category["label"].as_str().map(|label| format!(" = {}", plain(label))).unwrap_or_default();
        let rows = category["rows"].as_u64().map(|rows| format!(" ({rows})")).unwrap_or_default();
        format!("{value}{label}{rows}")
    });
    let more = if categories.len() > MOST_CATEGORIES { ", …" } else { "" };
    let shown: Vec<String> = shown.collect();
    Some(format!("values    {}: {}{more}\n", text(column, "name"), shown.join(", ")))
}

/// Rows, columns, values of categories and remarks.
pub(super) fn inputs_text(seen: &Value) -> String {
    let list = |name: &str| seen[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = format!("data      {} rows, {} columns\n", seen["row_count"], seen["column_count"]);
    let sheets: Vec<String> = list("sheet_names").iter().filter_map(|s| s.as_str().map(plain)).collect();
    if sheets.len() > 1 {
        let selected = text(seen, "selected_sheet");
        out.push_str(&format!(
            "sheets    {} (read: {selected}; `client sheet NAME` reads another)\n",
            sheets.join(", ")
        ));
    }
    let shown = list("columns").iter().take(MOST_COLUMNS);
    let mut table = vec![["column", "type", "missing", "values", "label"].map(str::to_owned).to_vec()];
    for column in shown {
        let missing = column["missing_share"].as_f64().filter(|share| *share > 0.0);
        let missing = missing.map(|share| format!("{:.1} %", share * 100.0)).unwrap_or_default();
        // counting stops at a bound
        let least = if column["distinct_is_lower_bound"] == true { "≥ " } else { "" };
        let distinct = column["distinct"].as_u64().map(|n| format!("{least}{n}")).unwrap_or_default();
        table.push(vec![
            text(column, "name"),
            text(column, "inferred_type"),
            missing,
            distinct,
            text(column, "label"),
        ]);
    }
    out.push_str(&columns(&table, &[false, false, true, true, false]));
    let more = list("columns").len().saturating_sub(MOST_COLUMNS);
    if more > 0 {
        out.push_str(&format!("and {more} more columns\n"));
    }
    let categories = list("columns").iter().take(MOST_COLUMNS).filter_map(categories_text);
    out.extend(categories.take(MOST_CATEGORICAL));
    for remark in list("warnings").iter().take(MOST_REMARKS) {
        out.push_str(&format!("remark    {}", text(remark, "message")));
        if let Some(steps) = remark["repairs"].as_array().filter(|steps| !steps.is_empty()) {
            let ways =
                if steps.len() == 1 { "a data step repairs it" } else { "data steps repair it; choose one" };
            out.push_str(&format!(" ({ways}: `stata-service client repair`)"));
        }
        if HEADER_REMARKS.contains(&text(remark, "kind").as_str()) {
            out.push_str(" (another row of names: `stata-service client sheet --header-row N`)");
        }
        out.push('\n');
    }
    out
}
