//! Imports point inwards: reads the sources and fails on a path or crate that a room must not name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::sources;

/// The rooms that a room may import beside itself.
#[derive(Debug, PartialEq, Eq)]
enum Rooms {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// A room of `src/`, with the rooms and the crates of the workspace that it may import.
struct Room {
    name: &'static str,
    may: Rooms,
    crates: &'static [&'static str],
}

const fn room(name: &'static str, may: Rooms, crates: &'static [&'static str]) -> Room {
    Room { name, may, crates }
}

/// The table of rooms in `docs/ARCHITECTURE.md`, in its order.
const ROOMS: &[Room] = &[
    room("domain", Rooms::Only(&[]), &[]),
    room("ports", Rooms::Only(&["domain"]), &[]),
    room("render", Rooms::Only(&["domain"]), &["figure", "dta"]),
    room("library", Rooms::Only(&["domain", "ports", "render"]), &["word_knowledge"]),
    room("telemetry", Rooms::Only(&[]), &["edge"]),
    room("service", Rooms::Only(&["domain", "ports", "library", "render", "telemetry"]), &[]),
    room(
        "adapters",
        Rooms::Only(&["domain", "ports"]),
        &["dta", "parquet_file", "rds", "sav", "xport", "edge"],
    ),
    room("worker", Rooms::Only(&["domain", "ports", "service", "library", "render", "telemetry"]), &[]),
    room("http", Rooms::Only(&["domain", "service", "library", "render", "telemetry"]), &["edge"]),
    room("config", Rooms::Only(&["domain"]), &[]),
    room("app", Rooms::AllBut(&["cli"]), &["edge"]),
    room("cli", Rooms::AllBut(&[]), &["dofile", "edge"]),
];

/// What only some rooms may name.
const OWNED: &[(&str, &[&str])] = &[
    ("axum::", &["http", "app"]),
    ("clap::", &["cli"]),
    ("deadpool_postgres::", &["adapters"]),
    ("libc::", &["adapters"]),
    ("object_store::", &["adapters"]),
    ("prometheus::", &["telemetry", "app"]),
    ("reqwest::", &["adapters", "cli"]),
    ("rusqlite::", &["adapters"]),
    ("tokio_postgres::", &["adapters"]),
    ("tokio::", &["ports", "service", "adapters", "worker", "http", "app", "cli"]),
    ("toml::", &["config"]),
    ("std::fs", &["render", "library", "telemetry", "adapters", "config", "app", "cli"]),
    ("fs::File", &["render", "library", "telemetry", "adapters", "config", "app", "cli"]),
    ("std::net::", &["http", "adapters", "config", "app", "cli"]),
    ("std::env::", &["config", "cli"]),
    // handlers call use cases
    ("ctx.store.", &["service", "worker", "app"]),
    ("ctx.audit_log.", &["service", "worker", "app"]),
    ("ctx.blobs.", &["service", "worker", "app"]),
    ("ctx.workspace.", &["service", "worker", "app"]),
];

/// The crates of the workspace, with those of them that each may use, as in `docs/ARCHITECTURE.md`.
const CRATES: &[(&str, &[&str])] = &[
    ("dofile", &["dta", "estimators", "figure", "sav", "xport"]),
    ("estimators", &[]),
    ("figure", &[]),
    ("dta", &[]),
    ("parquet_file", &[]),
    ("rds", &[]),
    ("sav", &["dta"]),
    ("xport", &["dta"]),
    ("edge", &[]),
    ("word_knowledge", &[]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the code of a source file without comments, so that documentation may link anywhere.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is UTF-8");
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether code names a crate or path, and not a longer name that it is a part of.
fn names(code: &str, path: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let open = !path.ends_with(part);
    code.match_indices(path).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + path.len()..]);
        !before.ends_with(|c: char| part(c) || c == ':' || c == '$') && (open || !after.starts_with(part))
    })
}

impl Rooms {
    fn allow(&self, room: &str) -> bool {
        match self {
            Self::Only(rooms) => rooms.contains(&room),
            Self::AllBut(rooms) => !rooms.contains(&room),
        }
    }
}

/// Returns what the code of a file names although its room must not; `None` is the root of the crate.
fn violations(room: Option<&Room>, code: &str) -> Vec<String> {
    let name = room.map_or("", |room| room.name);
    let crates = room.map_or(&[][..], |room| room.crates);
    let other =
        |other: &&Room| room.is_some_and(|room| room.name != other.name && !room.may.allow(other.name));
    let rooms = ROOMS.iter().filter(other).map(|other| format!("crate::{}", other.name));
    let crates =
        CRATES.iter().filter(|(name, _)| !crates.contains(name)).map(|(name, _)| format!("{name}::"));
    let owned = OWNED.iter().filter(|(_, rooms)| !rooms.contains(&name)).map(|(path, _)| (*path).to_owned());
    // a grouped import would hide the rooms that it names
    let grouped = ["crate::{".to_owned()];
    rooms.chain(crates).chain(owned).chain(grouped).filter(|path| names(code, path)).collect()
}

#[test]
fn imports_point_inwards() {
    let src = root().join("src");
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let shown = path.strip_prefix(&src).expect("below the sources");
        let folder = shown.iter().next().expect("a name").to_string_lossy();
        let room = ROOMS.iter().find(|room| room.name == folder);
        // the root declares the rooms and starts the program, whose arguments it reads
        let at_root = ["lib.rs", "main.rs"].contains(&folder.as_ref());
        if room.is_none() && !at_root {
            wrong.push(format!("{} is in no room", shown.display()));
            continue;
        }
        let mut found = violations(room, &code_of(&path));
        found.retain(|name| !(at_root && name == "std::env::"));
        wrong.extend(found.iter().map(|name| format!("{} names {name}", shown.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_import_is_found() {
    let of = |name: &str| ROOMS.iter().find(|room| room.name == name);
    assert_eq!(violations(of("http"), "use crate::ports::store::Store;"), ["crate::ports"]);
    assert_eq!(violations(of("app"), "crate::cli::run()"), ["crate::cli"]);
    assert_eq!(violations(of("app"), "use dofile::batch_main;"), ["dofile::"]);
    assert_eq!(violations(of("cli"), "dofile::batch_main()"), [""; 0]);
    assert_eq!(violations(of("domain"), "use crate::{http, ports};"), ["crate::{"]);
    assert_eq!(violations(of("render"), "use crate::domain_words; my_dofile::a(); std::fs_x"), [""; 0]);
    assert_eq!(violations(None, "use dofile::Session;"), ["dofile::"]);
}

/// Names in backquotes in one cell of a table's row.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Rows of the table of a page whose heading begins with `heading`, split into cells.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let table = page.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn architecture_page() -> String {
    fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the page on architecture")
}

#[test]
fn the_table_of_rooms_is_the_one_that_holds() {
    let page = architecture_page();
    let written: Vec<String> = rows(&page, "| room |")
        .iter()
        .map(|row| {
            let [room, _, may, crates] = row[..] else { panic!("a row of four cells: {row:?}") };
            let kind = may.split('`').next().unwrap_or_default().trim();
            format!("{}: {kind} {:?}, crates {:?}", quoted(room).join(" "), quoted(may), quoted(crates))
        })
        .collect();
    let held: Vec<String> = ROOMS
        .iter()
        .map(|room| {
            let (kind, names) = match &room.may {
                Rooms::Only([]) => ("nothing", &[][..]),
                Rooms::Only(names) => ("", *names),
                Rooms::AllBut([]) => ("everything", &[][..]),
                Rooms::AllBut(names) => ("everything but", *names),
            };
            format!("{}: {kind} {names:?}, crates {:?}", room.name, room.crates)
        })
        .collect();
    assert_eq!(written, held, "docs/ARCHITECTURE.md and ROOMS differ");
}

#[test]
fn the_table_of_crates_is_what_the_manifests_say() {
    let page = architecture_page();
    let written: Vec<(String, Vec<&str>)> =
        rows(&page, "| crate |").iter().map(|row| (quoted(row[0]).join(" "), quoted(row[2]))).collect();
    let held: Vec<(String, Vec<&str>)> =
        CRATES.iter().map(|(name, may)| (format!("crates/{name}"), may.to_vec())).collect();
    assert_eq!(written, held, "docs/ARCHITECTURE.md and CRATES differ");
    for (name, may) in CRATES {
        let text =
            fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("valid TOML");
        let entries = manifest["dependencies"].as_table().expect("a table").iter();
        let own: BTreeSet<&str> =
            entries.filter(|(_, d)| d.get("path").is_some()).map(|(name, _)| name.as_str()).collect();
        assert_eq!(own, may.iter().copied().collect(), "the crates that {name} uses");
    }
    let folders = fs::read_dir(root().join("crates")).expect("the crates").flatten();
    assert_eq!(folders.count(), CRATES.len(), "every crate is in the table");
}

#[test]
fn crates_know_nothing_of_the_service() {
    for (name, _) in CRATES {
        for path in sources(&root().join("crates").join(name).join("src")) {
            assert!(!names(&code_of(&path), "stata_service::"), "{}", path.display());
        }
    }
}

#[test]
fn only_the_settings_read_the_environment() {
    let src = root().join("src");
    for path in sources(&src) {
        let shown = path.strip_prefix(&src).expect("below the sources").to_path_buf();
        if shown.starts_with("config") {
            continue;
        }
        let code = code_of(&path);
        for name in ["env::var(", "env::var_os(", "env::vars("] {
            assert!(!code.contains(name), "{} calls {name}", shown.display());
        }
    }
}

/// The manifests of the program and of every crate of this repository that it is made of.
fn runtime_manifests() -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root().to_path_buf()]);
    while let Some(folder) = open.pop() {
        if found.contains(&folder) {
            continue;
        }
        let text = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("valid TOML");
        for section in ["dependencies", "build-dependencies"] {
            let entries = manifest.get(section).and_then(toml::Value::as_table);
            let paths = entries.into_iter().flatten().filter_map(|(_, d)| d.get("path")?.as_str());
            open.extend(paths.map(|path| folder.join(path).canonicalize().expect("a crate")));
        }
        found.push(folder);
    }
    found
}

#[test]
fn the_program_depends_on_nothing_below_tests() {
    let tests = root().join("tests").canonicalize().expect("a folder");
    let crates = runtime_manifests();
    assert!(crates.len() >= 3, "{crates:?}");
    for folder in crates {
        assert!(!folder.starts_with(&tests), "{} is part of the program", folder.display());
    }
}

#[test]
fn no_fake_is_part_of_the_runtime() {
    let all = runtime_manifests().into_iter().flat_map(|folder| sources(&folder.join("src")));
    for path in all {
        // in the engine a stub is what `reshape` calls the beginning of a variable's name
        if path.ends_with("commands/data/reshape.rs") {
            continue;
        }
        let code = code_of(&path);
        for name in ["struct Fake", "struct Stub", "struct Mock", "struct Dummy", "todo!(", "unimplemented!("]
        {
            assert!(!code.contains(name), "{} has {name}", path.display());
        }
    }
}

#[test]
fn no_template_id_is_in_the_code() {
    let metas = fs::read_dir(root().join("assets/stata_do_library/meta")).expect("the library").flatten();
    let ids: Vec<String> = metas
        .filter_map(|e| e.file_name().to_str().and_then(|n| n.strip_suffix(".meta.json")).map(str::to_owned))
        .collect();
    assert!(ids.len() >= 9, "the library is there");
    for path in sources(&root().join("src")) {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if name.ends_with("tests.rs") || path.components().any(|c| c.as_os_str() == "tests") {
            continue;
        }
        let code = code_of(&path);
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for id in &ids {
            assert!(!code.contains(&format!("\"{id}\"")), "{} names the template {id}", path.display());
        }
    }
}
