//! Templates on data that are hard: a column that is absent, text for numbers, nothing but missing values, one
//! row, constants, many columns, names and labels that could be read as program text, samples that a condition
//! leaves. The answer is a precise refusal, a failed check by its id, or a result; never a success without
//! numbers and never a cause that says nothing. Ten templates by default, all with `SS_TEST_FULL=1`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use stata_service::adapters::files::LocalWorkspace;
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::anchors::Nonces;
use stata_service::domain::dataset::{DatasetRole, Inputs};
use stata_service::domain::draft::{DraftSource, Selection, Statement};
use stata_service::domain::run::{Cause, RunStatus};
use stata_service::domain::template::ParameterType;
use stata_service::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use stata_service::library::{Library, Template};
use stata_service::ports::tabular::{IngestOptions, Tabular};
use stata_service::worker::dry_run::{Trial, data_path, input_path};

use super::awkward_categories::is_maimed;
use crate::support::columns::inputs;

/// A table of texts.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut reader = csv::Reader::from_reader(bytes);
        let names = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect();
        Self { names, rows }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.names).expect("memory");
        self.rows.iter().for_each(|row| writer.write_record(row).expect("memory"));
        writer.into_inner().expect("memory")
    }

    /// The table with the values of a column changed.
    pub(super) fn with(&self, column: &str, change: impl Fn(usize, &str) -> String) -> Self {
        let mut table = self.clone();
        let at = self.names.iter().position(|n| n == column).expect("a column of the sample");
        for (i, row) in table.rows.iter_mut().enumerate() {
            row[at] = change(i, &row[at]);
        }
        table
    }

    fn without(&self, column: &str) -> Self {
        let mut table = self.clone();
        let at = self.names.iter().position(|n| n == column).expect("a column of the sample");
        table.names.remove(at);
        table.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        table
    }

    fn and(&self, column: &str, value: impl Fn(usize) -> String) -> Self {
        let mut table = self.clone();
        table.names.push(column.to_owned());
        for (i, row) in table.rows.iter_mut().enumerate() {
            row.push(value(i));
        }
        table
    }

    fn head(&self, rows: usize) -> Self {
        Self { names: self.names.clone(), rows: self.rows.iter().take(rows).cloned().collect() }
    }

    fn first_value(&self, column: &str) -> String {
        let at = self.names.iter().position(|n| n == column).expect("a column of the sample");
        self.rows.iter().map(|r| r[at].clone()).find(|v| !v.is_empty()).unwrap_or_else(|| "1".to_owned())
    }
}

/// What a case must end as.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Must {
    /// A refusal, a failed check, or a result with numbers.
    BePrecise,
    /// A result.
    Succeed,
    /// A refusal or a failed check.
    NotSucceed,
}

pub(super) struct Case {
    name: String,
    table: Table,
    /// Old name → new name of columns.
    renamed: BTreeMap<String, String>,
    sample_if: bool,
    must: Must,
}

impl Case {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Marks the rows that `sample_if` keeps.
const MARK: &str = "zmark";

pub(super) fn case(name: impl Into<String>, table: Table, must: Must) -> Case {
    Case { name: name.into(), table, renamed: BTreeMap::new(), sample_if: false, must }
}

pub(super) fn chosen(
    name: impl Into<String>,
    table: Table,
    kept: impl Fn(usize) -> bool,
    must: Must,
) -> Case {
    let table = table.and(MARK, |i| if kept(i) { "1" } else { "0" }.to_owned());
    Case { sample_if: true, ..case(name, table, must) }
}

/// A parameter that takes columns: its name, the kinds of columns, whether it is required, the sample's columns.
type Role = (String, Vec<String>, bool, Vec<String>);

pub(super) fn every_role(template: &Template) -> Vec<Role> {
    let given = &template.meta.sample_data.parameters;
    let columns = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        value => value.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    template
        .meta
        .parameters
        .iter()
        .filter(|p| matches!(p.kind, ParameterType::Varname | ParameterType::Varlist))
        .filter_map(|p| {
            let kinds = p.column.as_ref().map(|c| c.kinds.clone()).unwrap_or_default();
            Some((p.name.clone(), kinds, p.required, columns(given.get(&p.name)?)))
        })
        .collect()
}

/// The required roles, or all of a template that requires none.
fn roles(template: &Template) -> Vec<Role> {
    let mut all = every_role(template);
    if all.iter().any(|(_, _, required, _)| *required) {
        all.retain(|(_, _, required, _)| *required);
    }
    all
}

/// Names that are program text to a careless printer.
fn nasty(i: usize) -> String {
    let forms =
        ["工资`x'", "年龄\"岁\"", "$组别", "性别\"'", "{b}地区\\", "姓名`\"a\"'", "收入 $x", "时间;|"];
    format!("{}{i}", forms[i % forms.len()])
}

/// Whether a role takes texts.
fn text_role(kinds: &[String]) -> bool {
    kinds.iter().any(|k| matches!(k.as_str(), "text" | "id" | "categorical"))
}

fn cases(template: &Template, table: &Table) -> Vec<Case> {
    let roles = roles(template);
    let rows = table.rows.len();
    let mut out = vec![
        case("one row", table.head(1), Must::BePrecise),
        case("two rows", table.head(2), Must::BePrecise),
    ];
    let more = 200usize.saturating_sub(table.names.len());
    let wide = (0..more)
        .fold(table.clone(), |t, k| t.and(&format!("zz{k}"), |i| format!("{}", (i * 7 + k * 13) % 101)));
    out.push(case("200 columns", wide, Must::Succeed));
    // names in parameters that are no columns (stubs, conditions) cannot be renamed with them
    let by_name = template.meta.sample_data.parameters.iter().any(|(name, value)| {
        let is_column =
            template.meta.parameters.iter().any(|p| {
                p.name == *name && matches!(p.kind, ParameterType::Varname | ParameterType::Varlist)
            });
        let text = value.as_str().unwrap_or_default();
        !is_column
            && table.names.iter().any(|n| {
                text.contains(n.as_str())
                    || n.starts_with(text.split(' ').next().unwrap_or("-")) && !text.is_empty()
            })
    });
    if !by_name {
        let renamed: BTreeMap<String, String> =
            table.names.iter().enumerate().map(|(i, n)| (n.clone(), nasty(i))).collect();
        let mut strange = table.clone();
        strange.names = table.names.iter().map(|n| renamed[n].clone()).collect();
        out.push(Case { renamed, ..case("names of quotes and macros", strange, Must::Succeed) });
    }
    if let Some((_, _, required, columns)) = roles.first() {
        let must = if *required { Must::NotSucceed } else { Must::BePrecise };
        out.push(case("an absent column", table.without(&columns[0]), must));
    }
    let mut all_missing = table.clone();
    for (name, kinds, required, columns) in roles.iter().take(4) {
        let column = &columns[0];
        let last = &columns[columns.len() - 1];
        if !kinds.is_empty() && !text_role(kinds) && *required {
            let words = table.with(column, |i, _| format!("w{}", i % 7));
            out.push(case(format!("text for {name}"), words, Must::NotSucceed));
        }
        let empty = table.with(column, |_, _| String::new());
        out.push(case(format!("{name} is missing"), empty, Must::BePrecise));
        let value = table.first_value(column);
        out.push(case(
            format!("{name} is constant"),
            table.with(column, |_, _| value.clone()),
            Must::BePrecise,
        ));
        let value = table.first_value(last);
        let half = table.with(last, |i, v| if i < rows / 2 { value.clone() } else { v.to_owned() });
        out.push(chosen(
            format!("{name} is constant in the sample"),
            half,
            |i| i < rows / 2,
            Must::BePrecise,
        ));
        let half = table.with(column, |i, v| if i < rows / 2 { String::new() } else { v.to_owned() });
        out.push(chosen(format!("{name} is missing in the sample"), half, |i| i < rows / 2, Must::BePrecise));
        for column in columns {
            all_missing = all_missing.with(column, |_, _| String::new());
        }
    }
    out.push(case("nothing but missing values", all_missing, Must::BePrecise));
    for n in [0, 1, 2, 3] {
        // the last row has a third value, so that the mark varies
        let table = table.and("zother", |i| i.to_string());
        out.push(chosen(format!("{n} rows are chosen"), table, move |i| i < n, Must::BePrecise));
    }
    out.retain(|c| !c.sample_if || template.meta.parameters.iter().any(|p| p.bind == "sample"));
    out
}

fn ingest(table: &[u8], target: &Path, scratch: &Path) -> Result<Inputs, String> {
    let source = scratch.join("source.csv");
    std::fs::write(&source, table).expect("a writable folder");
    let made = TabularFiles
        .ingest(&source, "source.csv", &IngestOptions::default(), target)
        .map_err(|p| format!("refused {}", p.code.as_str()))?;
    Ok(inputs(made.row_count, made.columns))
}

/// Runs a case; `Err` says what is wrong with how it ended.
pub(super) fn run(library: &Library, template: &Template, case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    std::fs::create_dir_all(dir.join("work/inputs")).expect("a folder");
    let mut all = match ingest(&case.table.bytes(), &data_path(dir), dir) {
        Ok(all) => all,
        Err(code) if case.must == Must::Succeed => return Err(code),
        Err(_) => return Ok(()),
    };
    let sample = &template.meta.sample_data;
    for (name, file) in &sample.inputs {
        let mut other = Table::read(library.file(file).expect("sample data"));
        for column in &mut other.names {
            if let Some(new) = case.renamed.get(column) {
                column.clone_from(new);
            }
        }
        let more = ingest(&other.bytes(), &input_path(dir, name), dir).expect("sample data");
        let mut further = more.datasets.into_iter().next().expect("one data set");
        further.dataset_key.clone_from(name);
        further.role = DatasetRole::SecondaryDataset;
        all.datasets.push(further);
    }
    let statement = statement(template, case, &all);
    let plan = freeze(&FreezeInput {
        library,
        template_id: &template.meta.id,
        statement: &statement,
        inputs: &all,
        request: &FreezeRequest { seed: Some(20260102), ..FreezeRequest::default() },
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        dependency: &|_| DependencyStatus::unknown(),
    });
    let plan = match plan {
        Ok(plan) => plan,
        Err(problem) if case.must == Must::Succeed => return Err(format!("refused: {problem}")),
        Err(problem) if problem.message.is_empty() => return Err("refused without a reason".to_owned()),
        Err(_) => return Ok(()),
    };
    let command = [env!("CARGO_BIN_EXE_stata-service").to_owned(), "dofile".to_owned()];
    let nonces = Nonces { begin: "begin1".to_owned(), end: "end2".to_owned() };
    let workspace = LocalWorkspace::new(dir.to_owned());
    let trial = Trial { workspace: &workspace, library, template, plan: &plan, command: &command, nonces };
    let verdict = trial.run(dir).expect("the engine starts");
    let failed: Vec<&str> =
        verdict.checks.iter().filter(|c| c.status == "fail").map(|c| c.id.as_str()).collect();
    match &verdict.failure {
        None if case.must == Must::NotSucceed => Err("succeeded".to_owned()),
        None => {
            assert_eq!(verdict.status, RunStatus::Succeeded);
            numbers(dir, &plan.contract.outputs.iter().map(|o| o.file.as_str()).collect::<Vec<_>>())
        }
        Some(failure) if case.must == Must::Succeed => Err(format!("{:?} {failed:?}", failure.cause)),
        Some(failure) if failure.cause == Cause::DataError && !failed.is_empty() => Ok(()),
        Some(failure) => {
            let lines: Vec<&str> = failure.evidence.iter().map(|e| e.text.as_str()).collect();
            Err(format!("{:?} {failed:?} {lines:?}", failure.cause))
        }
    }
}

fn statement(template: &Template, case: &Case, inputs: &Inputs) -> Statement {
    let sample = &template.meta.sample_data;
    let main = inputs.primary().expect("main data");
    let named = |column: &str| {
        let original = case.renamed.get(column).map_or(column, String::as_str);
        let found =
            main.columns.iter().find(|c| c.original_name == original || c.label.as_deref() == Some(original));
        found.map_or_else(|| column.to_owned(), |c| c.name.clone())
    };
    let mut parameters = Map::new();
    for (name, value) in &sample.parameters {
        let kind = template.meta.parameters.iter().find(|p| p.name == *name).map(|p| p.kind);
        let is_column = matches!(kind, Some(ParameterType::Varname | ParameterType::Varlist));
        let value = match value {
            Value::String(column) if is_column => json!(named(column)),
            Value::Array(items) if is_column => {
                json!(items.iter().filter_map(Value::as_str).map(named).collect::<Vec<_>>())
            }
            other => other.clone(),
        };
        parameters.insert(name.clone(), value);
    }
    if case.sample_if {
        let name = template.meta.parameters.iter().find(|p| p.bind == "sample").map(|p| p.name.clone());
        parameters.insert(name.expect("a condition"), json!(format!("{MARK} == 1")));
    }
    serde_json::from_value(json!({
        "parameters": parameters,
        "categorical_vars": sample.categorical.iter().map(|c| named(c)).collect::<Vec<_>>(),
        "inputs": sample.inputs.keys().map(|k| (k, k)).collect::<BTreeMap<_, _>>(),
    }))
    .expect("a statement")
}

/// Every table has rows, and every table of coefficients a number.
fn numbers(dir: &Path, files: &[&str]) -> Result<(), String> {
    for file in files.iter().filter(|f| f.ends_with(".csv")) {
        let Ok(bytes) = std::fs::read(dir.join("work").join(file)) else { continue };
        let table = Table::read(&bytes);
        if table.rows.is_empty() {
            return Err(format!("succeeded with an empty {file}"));
        }
        if let Some(cell) = table.rows.iter().flatten().find(|cell| is_maimed(cell)) {
            return Err(format!("{file} has {cell:?}"));
        }
        let estimate = table.names.iter().position(|n| n == "estimate");
        if file.contains("coefficients")
            && estimate.is_some_and(|at| table.rows.iter().all(|row| row[at].parse::<f64>().is_err()))
        {
            return Err(format!("succeeded without an estimate in {file}"));
        }
    }
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the long form is asked for by the environment")]
fn hard_data_are_refused_precisely_or_answered() {
    let library = Library::embedded().expect("the library");
    let full = std::env::var_os("SS_TEST_FULL").is_some_and(|v| v == "1");
    let all: Vec<&Template> = library.templates().filter(|t| t.meta.stata.engine == "supported").collect();
    // a fixed walk through the list that meets every family in time
    let picked: Vec<&Template> =
        if full { all.clone() } else { (0..10).map(|k| all[(k * 29 + 5) % all.len()]).collect() };
    let mut wrong = Vec::new();
    let mut count = 0;
    for template in picked {
        let table = Table::read(library.file(&template.meta.sample_data.file).expect("sample data"));
        for case in cases(template, &table) {
            count += 1;
            if let Err(reason) = run(&library, template, &case) {
                wrong.push(format!("{}: {}: {reason}", template.meta.id, case.name));
            }
        }
    }
    assert!(count >= 100, "{count} cases");
    assert!(wrong.is_empty(), "{} of {count} cases\n{}", wrong.len(), wrong.join("\n"));
}
