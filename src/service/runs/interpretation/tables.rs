//! Subject of an interpretation: the tables of a run as text and numbers, together with the settings, metrics,
//! checks and the sample of the record as tables. Rounding and wording belong to the check.

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::{Map, Value, json};

use crate::domain::artifact::ArtifactKind;
use crate::domain::error::Problem;
use crate::domain::job::JobRecord;
use crate::domain::job::record::DataSharing;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::service::drafts::model_draft::share::cut;
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::context::Context;

/// Most tables of a run that are read, the longest file, and the rows of each that are shown.
const MAX_TABLES: usize = 20;
const MAX_BYTES: u64 = 1 << 20;
const SHOWN_ROWS: usize = 60;
/// Longest text cell that is shown.
const MAX_CELL: usize = 80;
/// Columns whose cells are values of single rows of the data; they leave only where samples may.
const VALUE_COLUMNS: [&str; 2] = ["min", "max"];
/// A table with one of these columns lists rows of the data.
const ROW_COLUMNS: [&str; 2] = ["row", "id"];
/// Columns whose cells name what a row is about.
pub const KEY_COLUMNS: [&str; 2] = ["term", "variable"];

/// One table, every cell as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name of the table, by which statements cite it.
    pub name: String,
    /// Meaning of the table, from the template's declaration.
    pub description: String,
    /// Headings, in the order of the file.
    pub columns: Vec<String>,
    /// Cells by row, as texts of the file.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn of(name: &str, description: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows,
        }
    }

    /// Returns the cell of a row (from 1) and a column.
    pub fn cell(&self, row: u64, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name == column)?;
        let row = usize::try_from(row).ok()?.checked_sub(1)?;
        self.rows.get(row)?.get(at).map(String::as_str)
    }

    /// Returns what a row (from 1) is about, where the table says so.
    pub fn key(&self, row: u64) -> Option<&str> {
        KEY_COLUMNS.iter().find_map(|column| self.cell(row, column)).filter(|key| !key.is_empty())
    }

    fn lists_rows_of_the_data(&self) -> bool {
        self.columns.iter().any(|column| ROW_COLUMNS.contains(&column.as_str()))
    }
}

/// Everything that may be spoken of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Tables of the run that a statement may cite.
    pub tables: Vec<Table>,
    /// Names of columns, terms, tables and settings, which may hold digits.
    pub names: BTreeSet<String>,
}

impl Facts {
    /// Collects tables and names.
    pub fn new(tables: Vec<Table>, columns_of_the_data: &[String]) -> Self {
        let mut names: BTreeSet<String> = columns_of_the_data.iter().cloned().collect();
        for table in &tables {
            names.insert(table.name.clone());
            names.extend(table.columns.iter().cloned());
            names.extend((1..).zip(&table.rows).filter_map(|(row, _)| table.key(row).map(str::to_owned)));
        }
        for table in tables.iter().filter(|table| table.name == "settings" || table.name == "metrics") {
            names.extend(table.rows.iter().filter_map(|row| row.first().cloned()));
        }
        Self { tables, names }
    }

    /// Returns the table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The share of the interval, in percent, that the estimates were made with.
    pub fn level(&self) -> f64 {
        let settings = self.table("settings");
        let row = settings.and_then(|t| t.rows.iter().find(|row| row.first().is_some_and(|n| n == "level")));
        row.and_then(|row| row.get(1)?.parse().ok()).unwrap_or(95.0)
    }

    /// True if a term or variable of some table has this name.
    pub fn is_key(&self, name: &str) -> bool {
        self.tables.iter().any(|table| (1..=table.rows.len() as u64).any(|row| table.key(row) == Some(name)))
    }
}

/// The facts that may be sent, and a count of them for `llm.meta`.
pub fn shown(facts: &Facts, sharing: DataSharing) -> (Value, Value) {
    let with_values = sharing >= DataSharing::Samples;
    let (mut rows, mut withheld) = (0, Vec::new());
    let mut tables = Vec::new();
    for table in &facts.tables {
        if !with_values && table.lists_rows_of_the_data() {
            withheld.push(table.name.clone());
            continue;
        }
        let is_shown = |column: &str| with_values || !VALUE_COLUMNS.contains(&column);
        withheld.extend(
            table.columns.iter().filter(|c| !is_shown(c)).map(|column| format!("{}: {column}", table.name)),
        );
        let list: Vec<Value> = (1..)
            .zip(table.rows.iter().take(SHOWN_ROWS))
            .map(|(row, cells): (u64, _)| shown_row(row, &table.columns, cells, is_shown))
            .collect();
        rows += list.len();
        tables.push(json!({
            "table": table.name, "description": table.description, "rows": list,
            "rows_left_out": table.rows.len().saturating_sub(SHOWN_ROWS),
        }));
    }
    let left = json!({"tables": tables.len(), "rows": rows, "withheld": withheld});
    (Value::Array(tables), left)
}

fn shown_row(row: u64, columns: &[String], cells: &[String], is_shown: impl Fn(&str) -> bool) -> Value {
    let mut object = Map::new();
    object.insert("row".to_owned(), json!(row));
    for (column, cell) in columns.iter().zip(cells).filter(|(column, _)| is_shown(column)) {
        if cell.is_empty() {
            continue;
        }
        let value = cell.parse::<f64>().ok().filter(|n| n.is_finite());
        object
            .insert(column.clone(), value.map_or_else(|| json!(cut(cell, MAX_CELL)), |number| json!(number)));
    }
    Value::Object(object)
}

/// Reads what a succeeded run left.
///
/// # Errors
/// `ARTIFACT_EXPIRED` where a table is gone; `INTERNAL_ERROR`.
pub async fn read(ctx: &Context, job: &JobRecord, run: &Run, plan: &Plan) -> Result<Facts, Problem> {
    let prefix = format!("artifacts/runs/{}/", run.run_id);
    let files: Vec<(String, String)> = job
        .artifacts_index
        .iter()
        .filter(|a| a.kind == ArtifactKind::ExportTable && a.rel_path.ends_with(".csv"))
        .filter_map(|a| Some((a.stored_path().to_owned(), a.rel_path.strip_prefix(&prefix)?.to_owned())))
        .take(MAX_TABLES)
        .collect();
    let (store, tenant, job_id) =
        (std::sync::Arc::clone(&ctx.blobs), job.tenant_id.clone(), job.job_id.clone());
    let texts: std::io::Result<Vec<(String, Vec<u8>)>> = ctx
        .pools
        .reads
        .run(move || {
            let open = |rel_path: &str| {
                let mut bytes = Vec::new();
                store.get(&tenant, &job_id, rel_path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
                Ok::<_, std::io::Error>(bytes)
            };
            files.into_iter().map(|(path, name)| open(&path).map(|bytes| (name, bytes))).collect()
        })
        .await?;
    let texts = texts.map_err(|error| io_problem(&error))?;
    let described = |file: &str| {
        let output = plan.contract.outputs.iter().find(|output| output.file == file);
        output.map(|output| output.description.clone()).unwrap_or_default()
    };
    let mut tables: Vec<Table> =
        texts.iter().filter_map(|(name, bytes)| parse(name, &described(name), bytes)).collect();
    tables.extend(of_the_record(run, plan));
    Ok(Facts::new(tables, &plan.used_columns))
}

/// Reads one table; one that is no table is left out.
fn parse(name: &str, description: &str, bytes: &[u8]) -> Option<Table> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let texts = |record: &csv::StringRecord| record.iter().map(|cell| cell.trim().to_owned()).collect();
    let columns: Vec<String> = reader.headers().ok().map(texts)?;
    let rows = reader.records().filter_map(Result::ok).map(|record| texts(&record)).collect();
    Some(Table { name: name.to_owned(), description: description.to_owned(), columns, rows })
}

fn of_the_record(run: &Run, plan: &Plan) -> Vec<Table> {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" "),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let pairs = |map: &mut dyn Iterator<Item = (&String, &Value)>| {
        map.map(|(name, value)| vec![name.clone(), plain(value)]).collect::<Vec<_>>()
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let checks = run
        .checks
        .iter()
        .map(|c| vec![c.id.clone(), c.status.clone(), text(&c.value), text(&c.message)])
        .collect();
    let flow = run
        .sample_flow
        .iter()
        .map(|s| vec![s.step.clone(), s.rows.to_string(), s.dropped.to_string(), text(&s.reason)])
        .collect();
    vec![
        Table::of(
            "settings",
            "how the analysis was set up",
            &["name", "value"],
            pairs(&mut plan.contract.bound.iter()),
        ),
        Table::of("metrics", "key figures of the run", &["name", "value"], pairs(&mut run.metrics.iter())),
        Table::of("checks", "checks of the run", &["id", "status", "value", "message"], checks),
        Table::of("sample_flow", "rows read, kept and dropped", &["step", "rows", "dropped", "reason"], flow),
    ]
}
