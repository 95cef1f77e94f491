//! `stata-service library run`: one template on its sample data or on a file, outside the service, with the
//! checks and tables of the run printed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{BROKEN, IO_ERROR, OK, USAGE, open, report, show};
use crate::adapters::clock::SystemClock;
use crate::adapters::files::LocalWorkspace;
use crate::adapters::ids::SystemIds;
use crate::adapters::tabular::TabularFiles;
use crate::domain::anchors::Nonces;
use crate::domain::dataset::{Dataset, DatasetRole, Inputs, fingerprint};
use crate::domain::draft::{DraftSource, Selection, Statement};
use crate::domain::error::Problem;
use crate::domain::ids::TemplateId;
use crate::domain::run::RunStatus;
use crate::domain::template::{ParameterType, TemplateMeta};
use crate::library::freeze::{DependencyStatus, FreezeInput, FreezeRequest, freeze};
use crate::library::{Library, Template};
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::tabular::{IngestOptions, Tabular};
use crate::worker::dry_run::{Trial, data_path, input_path};

/// The run ended without success.
const FAILED: u8 = 1;

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The template
    pub id: String,
    /// Data to run on (CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA, PARQUET); by default the template's sample data and parameters
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// `name=file`: a further data set, by the input's name (second.dta=other.csv); may be repeated
    #[arg(long)]
    pub input: Vec<String>,
    /// `name=value` of a parameter or role; columns of a list are separated by commas; may be repeated
    #[arg(long)]
    pub set: Vec<String>,
    /// Columns to be treated as categories
    #[arg(long, value_delimiter = ',')]
    pub categorical: Vec<String>,
    #[arg(long)]
    pub seed: Option<u32>,
    /// New folder for the run's files; by default they are removed
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Command of the engine; by default the open engine
    #[arg(long)]
    pub engine: Option<String>,
    /// A library's folder; by default the embedded one
    #[arg(long)]
    pub dir: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

/// Why there is no verdict.
enum Stop {
    Usage(String),
    Refused(Box<Problem>),
    Io(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// Runs the template; returns 0 for a success, 1 for a failed run, 2 for what is refused before it.
pub(super) fn run(args: &RunArgs, out: &mut impl Write) -> std::io::Result<u8> {
    let library = match open(args.dir.as_deref()) {
        Ok(library) => library,
        Err(problems) => {
            report(&problems, out)?;
            return Ok(BROKEN);
        }
    };
    match carry_out(args, &library, out) {
        Ok(code) => Ok(code),
        Err(Stop::Usage(reason)) => {
            writeln!(out, "{reason}")?;
            Ok(USAGE)
        }
        Err(Stop::Refused(problem)) => {
            if args.json {
                let refused = json!({"refused": problem.code.as_str(), "detail": problem.message,
                                     "context": problem.context});
                writeln!(out, "{refused}")?;
            } else {
                writeln!(out, "refused: {}: {}", problem.code.as_str(), problem.message)?;
            }
            Ok(USAGE)
        }
        Err(Stop::Io(error)) => {
            writeln!(out, "{error}")?;
            Ok(IO_ERROR)
        }
    }
}

fn carry_out(args: &RunArgs, library: &Library, out: &mut impl Write) -> Result<u8, Stop> {
    let unknown = || Stop::Usage(format!("there is no template {}", args.id));
    let template =
        TemplateId::parse(args.id.as_str()).ok().and_then(|id| library.get(&id)).ok_or_else(unknown)?;
    let throw_away;
    let folder: &Path = match &args.out {
        Some(folder) => {
            fs::create_dir_all(folder.parent().unwrap_or(Path::new(".")))?;
            fs::create_dir(folder)?;
            folder
        }
        None => {
            throw_away = Scratch::new()?;
            &throw_away.0
        }
    };
    fs::create_dir_all(folder.join("work/inputs"))?;
    let folder = fs::canonicalize(folder)?;
    let now = SystemClock.now();
    let inputs = ingest(args, library, template, &folder, now)?;
    let statement = statement(args, &template.meta)?;
    let plan = freeze(&FreezeInput {
        library,
        template_id: &template.meta.id,
        statement: &statement,
        inputs: &inputs,
        request: &FreezeRequest { seed: args.seed, ..FreezeRequest::default() },
        selection: &Selection::default(),
        plan_source: DraftSource::Client,
        rationale: "",
        evidence: &[],
        revision: 1,
        created_at: now,
        dependency: &|_| DependencyStatus::unknown(),
    })?;
    let command = match &args.engine {
        Some(command) => command.split_whitespace().map(str::to_owned).collect(),
        None => vec![std::env::current_exe()?.display().to_string(), "dofile".to_owned()],
    };
    let secret = || hex::encode(SystemIds.secret(8));
    let nonces = Nonces { begin: secret(), end: secret() };
    let workspace = LocalWorkspace::new(folder.clone());
    let trial = Trial { workspace: &workspace, library, template, plan: &plan, command: &command, nonces };
    let verdict = trial.run(&folder)?;
    let form = show::Form { json: args.json, kept: args.out.is_some() };
    show::print(&form, &plan, &verdict, &folder.join("work"), out)?;
    Ok(if verdict.status == RunStatus::Succeeded { OK } else { FAILED })
}

/// A folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(SystemIds.id("library_run"));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // a folder that stays is only clutter
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes the canonical data of the run.
fn ingest(
    args: &RunArgs,
    library: &Library,
    template: &Template,
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Inputs, Stop> {
    let sample = &template.meta.sample_data;
    let main = match &args.data {
        Some(path) => path.clone(),
        None => write_sample(library, &sample.file, folder)?,
    };
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for text in &args.input {
        let (name, file) = pair(text, "--input")?;
        if !template.meta.inputs.iter().any(|i| i.name == name) {
            return Err(Stop::Usage(format!("{} has no input {name}", template.meta.id)));
        }
        files.insert(name.to_owned(), PathBuf::from(file));
    }
    if args.data.is_none() {
        for (name, file) in &sample.inputs {
            if !files.contains_key(name) {
                files.insert(name.clone(), write_sample(library, file, folder)?);
            }
        }
    }
    let mut datasets = vec![dataset("main", DatasetRole::PrimaryDataset, &main, &data_path(folder))?];
    for (name, file) in &files {
        datasets.push(dataset(name, DatasetRole::SecondaryDataset, file, &input_path(folder, name))?);
    }
    Ok(Inputs {
        manifest_rel_path: String::new(),
        fingerprint: fingerprint(&datasets),
        created_at: now,
        datasets,
        warnings: Vec::new(),
    })
}

fn write_sample(library: &Library, file: &str, folder: &Path) -> Result<PathBuf, Stop> {
    let bytes = library.file(file).ok_or_else(|| Stop::Usage(format!("{file} does not exist")))?;
    let path = folder.join(file.rsplit('/').next().unwrap_or(file));
    fs::write(&path, bytes)?;
    Ok(path)
}

fn dataset(key: &str, role: DatasetRole, source: &Path, target: &Path) -> Result<Dataset, Stop> {
    let name = source.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let made = TabularFiles.ingest(source, &name, &IngestOptions::default(), target)?;
    Ok(Dataset {
        dataset_key: key.to_owned(),
        role,
        original_name: name,
        format: made.format,
        original_rel_path: String::new(),
        original_sha256: String::new(),
        original_size_bytes: 0,
        canonical_rel_path: String::new(),
        canonical_sha256: made.canonical.sha256,
        canonical_size_bytes: made.canonical.size_bytes,
        row_count: made.row_count,
        columns: made.columns,
        repairs: Vec::new(),
        sheet_names: made.sheet_names,
        selected_sheet: made.selected_sheet,
        header_row: made.header_row,
        encoding: made.encoding,
        delimiter: made.delimiter,
    })
}

fn pair<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str), Stop> {
    text.split_once('=').ok_or_else(|| Stop::Usage(format!("{option} takes name=value, not {text}")))
}

/// The draft given by the arguments: the sample's parameters where the sample data are used, then `--set`.
fn statement(args: &RunArgs, meta: &TemplateMeta) -> Result<Statement, Stop> {
    let mut statement = Statement::default();
    if args.data.is_none() {
        statement.parameters = meta.sample_data.parameters.clone();
        statement.categorical_vars.clone_from(&meta.sample_data.categorical);
    }
    if !args.categorical.is_empty() {
        statement.categorical_vars.clone_from(&args.categorical);
    }
    for input in meta.inputs.iter().filter(|i| i.role != "main") {
        let stated = args.input.iter().any(|text| text.starts_with(&format!("{}=", input.name)));
        if stated || (args.data.is_none() && meta.sample_data.inputs.contains_key(&input.name)) {
            statement.inputs.insert(input.name.clone(), input.name.clone());
        }
    }
    let mut set = Map::new();
    for text in &args.set {
        let (name, value) = pair(text, "--set")?;
        let parameter = meta
            .parameters
            .iter()
            .find(|p| p.name == name)
            .or_else(|| meta.parameters.iter().find(|p| p.bind == name && p.bind != "option"));
        let Some(parameter) = parameter else {
            let names: Vec<&str> = meta.parameters.iter().map(|p| p.name.as_str()).collect();
            return Err(Stop::Usage(format!(
                "{} has no parameter {name}; it has {}",
                meta.id,
                names.join(", ")
            )));
        };
        set.insert(parameter.name.clone(), typed(parameter.kind, value));
    }
    statement.parameters.extend(set);
    Ok(statement)
}

/// A value as its type writes it; what does not fit is left as text, which the binding refuses.
fn typed(kind: ParameterType, text: &str) -> Value {
    match kind {
        ParameterType::Varlist => {
            json!(text.split([',', ' ']).filter(|name| !name.is_empty()).collect::<Vec<_>>())
        }
        // a*b,c*d
        ParameterType::Terms => {
            let pairs = text.split(',').map(|pair| pair.split('*').map(str::trim).collect::<Vec<_>>());
            json!(pairs.collect::<Vec<_>>())
        }
        ParameterType::Int | ParameterType::Number | ParameterType::Boolean => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text))
        }
        _ => json!(text),
    }
}
