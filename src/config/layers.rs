//! Puts the layers on top of each other: defaults, file, environment, flags. Checks names and types;
//! meaning is checked when the typed settings are built.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::client::CLIENT_VARIABLES;
use super::keys::{self, Key};
use super::problem::{ConfigProblem, Origin};

/// Settings given on the command line.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// Flag name, key and value, such as (`--listen`, `listen`, `0.0.0.0:80`).
    pub values: Vec<(String, String, String)>,
}

/// A value with where it came from.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub value: Value,
    pub origin: Origin,
    /// Line of the settings file, from 1.
    pub line: Option<usize>,
}

/// The merged values of all keys; `<secret>_file` entries exist where they were given.
pub(super) type Merged = BTreeMap<String, Entry>;

/// Variables that begin so belong to the test suite, not to the service.
const TEST_PREFIX: &str = "SS_TEST_";
/// Variables that begin so are set by the platform for every pod or task; the operator's own names win over them.
const PLATFORM_PREFIX: &str = "AWS_";
/// The beginnings of the variables that are read at all.
const READ: [&str; 3] = ["SS_", "OTEL_", PLATFORM_PREFIX];

/// Merges the layers, with every problem found on the way.
pub(super) fn merge(
    flags: &Flags,
    environment: impl IntoIterator<Item = (String, String)>,
) -> (Merged, Vec<ConfigProblem>) {
    let mut problems = Vec::new();
    let mut merged: Merged = keys::all()
        .iter()
        .map(|(path, key)| {
            (path.clone(), Entry { value: key.default.clone(), origin: Origin::Default, line: None })
        })
        .collect();
    // an empty variable is one that was not given, as compose files write it
    let variables: BTreeMap<String, String> = environment
        .into_iter()
        .filter(|(name, value)| READ.iter().any(|start| name.starts_with(start)) && !value.is_empty())
        .collect();
    let file = flags.config.clone().map(|path| (path, Origin::Flag("--config".to_owned()))).or_else(|| {
        let path = variables.get("SS_CONFIG")?;
        Some((PathBuf::from(path), Origin::Environment("SS_CONFIG".to_owned())))
    });
    if let Some((path, named_by)) = file {
        add_file(path, named_by, &mut merged, &mut problems);
    }
    add_environment(&variables, &mut merged, &mut problems);
    for (flag, path, text) in &flags.values {
        let origin = Origin::Flag(flag.clone());
        add_text(path, text, origin, &mut merged, &mut problems);
    }
    (merged, problems)
}

fn add_file(path: PathBuf, named_by: Origin, merged: &mut Merged, problems: &mut Vec<ConfigProblem>) {
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            problems.push(ConfigProblem::invalid("config", named_by, message));
            return;
        }
    };
    let origin = Origin::File(path);
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let message = format!("not valid TOML: {}", error.message());
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            problems.push(ConfigProblem::invalid("config", origin, message).on_line(line));
            return;
        }
    };
    let entries = keys::flatten(table);
    for (path, value) in entries {
        let line = line_of(&text, &path);
        let mut refuse = |path: &str, message: String| {
            problems.push(ConfigProblem::invalid(path, origin.clone(), message).on_line(line));
        };
        let Some(kind) = kind_of(&path) else {
            refuse(&path, unknown_key(&path));
            continue;
        };
        if value.type_str() == kind.type_str() {
            merged.insert(path, Entry { value, origin: origin.clone(), line });
        } else {
            let example = keys::all().get(&path).map(|key| format!(", such as {}", key.default));
            let message = format!(
                "must be of type {}, not {}{}",
                kind.type_str(),
                value.type_str(),
                example.filter(|_| kind.as_str().is_none_or(|text| !text.is_empty())).unwrap_or_default()
            );
            refuse(&path, message);
        }
    }
}

/// Returns the line of a settings file, from 1, on which a key is set: below its section, or with its whole path.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let plain =
        |name: &str| name.chars().filter(|c| !matches!(c, ' ' | '\t' | '"' | '\'')).collect::<String>();
    let mut section = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = plain(name);
        } else if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let name = plain(name);
            let whole = if section.is_empty() { name } else { format!("{section}.{name}") };
            if whole == path {
                return Some(at + 1);
            }
        }
    }
    None
}

/// Says of a key of a file that it is unknown, or the name of a section.
fn unknown_key(path: &str) -> String {
    let section = format!("{path}.");
    if keys::all().keys().any(|key| key.starts_with(&section)) {
        return format!("is a section, no setting: write [{path}] and its settings below it");
    }
    unknown(path, names_of_keys())
}

fn add_environment(
    variables: &BTreeMap<String, String>,
    merged: &mut Merged,
    problems: &mut Vec<ConfigProblem>,
) {
    let mut given: BTreeMap<String, &String> = BTreeMap::new();
    for (name, text) in variables {
        let of_others = name.starts_with(TEST_PREFIX) || CLIENT_VARIABLES.contains(&name.as_str());
        if name == "SS_CONFIG" || of_others {
            continue;
        }
        let origin = Origin::Environment(name.clone());
        let Some(path) = path_of_variable(name) else {
            if name.starts_with("SS_") {
                let message = unknown(name, names_of_variables());
                problems.push(ConfigProblem::invalid(name.clone(), origin, message));
            }
            continue;
        };
        // in the order of names the platform's come first
        let other = given.insert(path.clone(), name);
        if let Some(other) = other.filter(|other| !other.starts_with(PLATFORM_PREFIX)) {
            let message = format!("{other} and {name} are the same setting; give one of them");
            problems.push(ConfigProblem::invalid(path, origin, message));
            continue;
        }
        add_text(&path, text, origin, merged, problems);
    }
}

fn add_text(path: &str, text: &str, origin: Origin, merged: &mut Merged, problems: &mut Vec<ConfigProblem>) {
    let Some(kind) = kind_of(path) else {
        problems.push(ConfigProblem::invalid(path, origin, "there is no such setting"));
        return;
    };
    match parse(text, &kind) {
        Ok(value) => {
            merged.insert(path.to_owned(), Entry { value, origin, line: None });
        }
        Err(message) => problems.push(ConfigProblem::invalid(path, origin, message)),
    }
}

/// A value of the type of a path's setting; the file of a secret is a text.
fn kind_of(path: &str) -> Option<Value> {
    if let Some(key) = keys::all().get(path) {
        return Some(key.default.clone());
    }
    let secret = path.strip_suffix("_file").and_then(|p| keys::all().get(p)).is_some_and(|k| k.secret);
    secret.then(|| Value::String(String::new()))
}

fn parse(text: &str, kind: &Value) -> Result<Value, String> {
    match kind {
        Value::Integer(_) => {
            let wrong = |_| format!("must be a whole number such as {kind}, not {text:?}");
            text.trim().parse().map(Value::Integer).map_err(wrong)
        }
        Value::Float(_) => {
            let wrong = |_| format!("must be a number such as {kind}, not {text:?}");
            text.trim().parse().map(Value::Float).map_err(wrong)
        }
        Value::Boolean(_) => {
            let wrong = |_| format!("must be true or false, not {text:?}");
            text.trim().parse().map(Value::Boolean).map_err(wrong)
        }
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn path_of_variable(name: &str) -> Option<String> {
    let exact = |name: &str| {
        keys::all().values().find(|k| k.variable == name || k.alias == Some(name)).map(|k: &Key| k)
    };
    if let Some(key) = exact(name) {
        return Some(key.path.clone());
    }
    let secret = name.strip_suffix("_FILE").and_then(exact).filter(|k| k.secret)?;
    Some(format!("{}_file", secret.path))
}

fn names_of_keys() -> impl Iterator<Item = String> {
    keys::all().keys().cloned()
}

fn names_of_variables() -> impl Iterator<Item = String> {
    let keys = keys::all().values();
    keys.flat_map(|k| k.alias.map(str::to_owned).into_iter().chain([k.variable.clone()]))
        .chain(["SS_CONFIG".to_owned()])
}

/// Says that a name is unknown, with the known one that it is meant to be if most of its letters agree.
fn unknown(given: &str, known: impl Iterator<Item = String>) -> String {
    let distances = known.map(|name| (strsim::damerau_levenshtein(given, &name), name));
    match distances.min() {
        Some((distance, nearest)) if distance * 3 <= nearest.len() => {
            format!("there is no such setting; did you mean {nearest}?")
        }
        _ => "there is no such setting; docs/configuration.md has all of them".to_owned(),
    }
}
