//! Imports point inwards: reads the sources and fails on a path or crate that a room must not name.

use std::fs;
use std::path::{Path, PathBuf};

/// A room with what its sources must not name anywhere, fully qualified paths included.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::ports",
            "crate::service",
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::library",
            "crate::config",
            "crate::app",
            "crate::cli",
            "crate::telemetry",
            "tokio::",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
            "std::fs::",
            "std::net::",
            "std::env::",
        ],
    ),
    (
        "ports",
        &[
            "std::fs",
            "fs::File",
            "crate::service",
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::library",
            "crate::config",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "service",
        &[
            "std::fs",
            "fs::File",
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::config",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "library",
        &[
            "crate::service",
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::config",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "render",
        &[
            "crate::ports",
            "crate::service",
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::library",
            "crate::config",
            "crate::app",
            "crate::cli",
            "tokio::",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "adapters",
        &[
            "crate::service",
            "crate::http",
            "crate::worker",
            "crate::config",
            "crate::app",
            "crate::cli",
            "crate::library",
            "axum::",
            "dofile::",
        ],
    ),
    (
        "http",
        &[
            "crate::ports",
            "ctx.store.",
            "ctx.audit_log.",
            "ctx.blobs.",
            "ctx.workspace.",
            "std::fs",
            "fs::File",
            "crate::adapters",
            "crate::worker",
            "crate::config",
            "crate::app",
            "crate::cli",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "worker",
        &[
            "std::fs",
            "fs::File",
            "crate::adapters",
            "crate::http",
            "crate::config",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "config",
        &[
            "crate::adapters",
            "crate::http",
            "crate::worker",
            "crate::service",
            "crate::library",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    (
        "telemetry",
        &[
            "crate::adapters",
            "crate::domain",
            "crate::ports",
            "crate::http",
            "crate::worker",
            "crate::service",
            "crate::library",
            "crate::config",
            "crate::app",
            "crate::cli",
            "axum::",
            "rusqlite::",
            "reqwest::",
            "dofile::",
        ],
    ),
    ("app", &["crate::cli", "dofile::"]),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// Returns the code of a source file without comments, so that documentation may link anywhere.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file is UTF-8");
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn imports_point_inwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (room, forbidden) in FORBIDDEN {
        for path in sources(&root.join(room)) {
            let code = code_of(&path);
            for name in *forbidden {
                if code.contains(name) {
                    let shown = path.strip_prefix(&root).expect("below the sources").display();
                    wrong.push(format!("{shown} names {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_settings_read_the_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&root) {
        let shown = path.strip_prefix(&root).expect("below the sources").to_path_buf();
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut open) = (Vec::new(), vec![root.to_path_buf()]);
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
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").canonicalize().expect("a folder");
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let metas = fs::read_dir(root.join("assets/stata_do_library/meta")).expect("the library").flatten();
    let ids: Vec<String> = metas
        .filter_map(|e| e.file_name().to_str().and_then(|n| n.strip_suffix(".meta.json")).map(str::to_owned))
        .collect();
    assert!(ids.len() >= 9, "the library is there");
    for path in sources(&root.join("src")) {
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
