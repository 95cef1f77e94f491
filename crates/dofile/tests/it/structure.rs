//! The structure of the engine's sources: imports point to lower layers, families of commands do not import each
//! other, and the documents say what the sources have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the lowest to the highest; a module imports from itself and from lower layers only. `commands`
/// stands for `mod.rs` and `spec.rs` there, `FAMILY` for each folder of commands.
const LAYERS: &[&[&str]] = &[
    &["error", "output", "regex", "rng", "smcl", "value"],
    &["dates"],
    &["frame", "matrix"],
    &["results", "tsset"],
    &["format", "syntax"],
    &["expr"],
    &["session"],
    &["estimation"],
    &["commands", "commands/documented_rows"],
    &["commands/documented_series"],
    &["ops"],
    &["mata"],
    &[FAMILY],
    &["commands/documented", "commands/estat", "commands/official", "commands/predict"],
    &["commands/registry"],
    &["interp"],
    &["batch"],
];

const FAMILY: &str = "commands/<family>";

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Families of commands: the folders.
fn families() -> BTreeSet<String> {
    let folder = crate_folder().join("src/commands");
    let entries = fs::read_dir(folder).expect("the commands").flatten().filter(|e| e.path().is_dir());
    entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

/// Returns the code of a file without comments.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is UTF-8");
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads a tree of imports, `a::{b, c::d}`, and returns its paths and the text behind it.
fn tree<'a>(prefix: &str, text: &'a str, paths: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || "_:*".contains(c))).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let full = format!("{prefix}{name}");
    let Some(inner) = rest.strip_prefix('{').filter(|_| name.is_empty() || name.ends_with("::")) else {
        paths.push(full.trim_end_matches(':').to_string());
        return rest;
    };
    rest = inner;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return after;
        }
        rest = tree(&full, rest, paths).trim_start();
        if let Some(alias) = rest.strip_prefix("as ") {
            let end = alias.find([',', '}']).expect("the tree is closed");
            rest = &alias[end..];
        }
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// Returns the paths of the crate that a file names, from the root of the crate.
fn imports(path: &Path) -> Vec<Vec<String>> {
    let root = crate_folder().join("src");
    let relative = path.strip_prefix(&root).expect("below the sources").with_extension("");
    let mut module: Vec<String> = relative.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    module.retain(|part| part != "mod" && part != "lib");
    let code = code_of(path);
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c == ':' || c == '$' || c == '_' || c.is_alphanumeric()) {
                continue;
            }
            let mut rest = &code[at..];
            let mut base = if start == "crate::" { &module[..0] } else { &module[..] };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(after) = rest.strip_prefix("super::") {
                (rest, base) = (after, &base[..base.len().saturating_sub(1)]);
            }
            let mut paths = Vec::new();
            tree("", rest, &mut paths);
            found.extend(paths.iter().map(|path| {
                base.iter().cloned().chain(path.split("::").map(str::to_string)).collect::<Vec<_>>()
            }));
        }
    }
    found
}

/// The module that a path belongs to, as `LAYERS` names it; a family keeps its own name.
fn module_of(path: &[String]) -> String {
    match path {
        [commands, inner, ..]
            if commands == "commands"
                && inner.starts_with(|c: char| c.is_lowercase())
                && inner != "spec"
                && inner != "self" =>
        {
            format!("commands/{inner}")
        }
        [first, ..] => first.clone(),
        [] => String::new(),
    }
}

fn layer_of(module: &str, families: &BTreeSet<String>) -> Option<usize> {
    let family = module.strip_prefix("commands/").is_some_and(|name| families.contains(name));
    let name = if family { FAMILY } else { module };
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// Macros that are exported at the root of the crate, whatever module defines them.
const MACROS: &[&str] = &["concat_lists", "ml_options"];

#[test]
fn imports_point_to_lower_layers() {
    let root = crate_folder().join("src");
    let families = families();
    let mut wrong = BTreeSet::new();
    let mut count = 0;
    for path in sources(&root) {
        let shown = path.strip_prefix(&root).expect("below the sources").display().to_string();
        // the root of the crate, its program, and the list of modules of the commands only declare
        if ["lib.rs", "commands/mod.rs"].contains(&shown.as_str()) || shown.starts_with("bin/") {
            continue;
        }
        let own: Vec<String> = shown.trim_end_matches(".rs").split('/').map(str::to_string).collect();
        let from = module_of(&own);
        let Some(layer) = layer_of(&from, &families) else {
            wrong.insert(format!("{shown} is in no layer"));
            continue;
        };
        for import in imports(&path) {
            let to = module_of(&import);
            // names of the same module (`use super::*` in tests), and the macros of the crate
            if to == from || to == "*" || MACROS.contains(&to.as_str()) {
                continue;
            }
            // what an inline module of a file at the root imports from that file
            if own.len() == 1 && import.len() == 1 && layer_of(&to, &families).is_none() {
                continue;
            }
            count += 1;
            if layer_of(&to, &families).is_none_or(|other| other >= layer) {
                wrong.insert(format!("{shown} names {}", import.join("::")));
            }
        }
    }
    assert!(count > 3_000, "only {count} imports were read");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn only_session_and_interpreter_give_the_session_methods() {
    let root = crate_folder().join("src");
    for path in sources(&root) {
        let shown = path.strip_prefix(&root).expect("below the sources").to_path_buf();
        let allowed = shown.starts_with("session") || shown.starts_with("interp");
        let methods = code_of(&path).lines().any(|line| line.starts_with("impl Session"));
        assert!(allowed || !methods, "{} gives Session methods", shown.display());
    }
}

#[test]
fn state_of_commands_is_typed() {
    let root = crate_folder().join("src");
    for path in sources(&root) {
        if path.ends_with("session/extensions.rs") {
            continue;
        }
        assert!(!code_of(&path).contains("Box<dyn Any"), "{}", path.display());
    }
}

/// Cells in backquotes of the first column of a table that begins with a heading.
fn first_column(text: &str, heading: &str) -> Vec<Vec<String>> {
    let table = text.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cell = row.split('|').nth(1).expect("a first cell");
        cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
    })
    .collect()
}

#[test]
fn the_table_of_layers_is_the_one_that_holds() {
    let page = crate_folder().join("../../docs/engine/language.md");
    let text = fs::read_to_string(page).expect("the page of the language");
    let rows = first_column(&text, "| modules of");
    let layers: Vec<Vec<String>> =
        LAYERS.iter().map(|layer| layer.iter().map(|name| (*name).to_string()).collect()).collect();
    assert_eq!(rows, layers);
}

#[test]
fn the_page_on_commands_has_every_family() {
    let folder = crate_folder().join("src/commands");
    let page = fs::read_to_string(folder.join("README.md")).expect("the page on commands");
    let listed: Vec<String> = first_column(&page, "| family").into_iter().flatten().collect();
    let code = code_of(&folder.join("mod.rs"));
    let modules = code.lines().filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    let declared: Vec<String> =
        modules.filter(|name| folder.join(name).is_dir()).map(str::to_string).collect();
    assert_eq!(listed, declared);
    assert_eq!(declared, families().into_iter().collect::<Vec<_>>());
}
