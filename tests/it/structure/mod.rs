//! The source tree itself: import directions, sizes, requirement packs, words and the harness of the tests.

mod architecture;
mod chinese_terms;
mod documents;
mod harness;
mod lint_list;
mod openspec;
mod patterns;
mod promises;
mod seed_map;
mod sizes;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust sources below a folder.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())).flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
