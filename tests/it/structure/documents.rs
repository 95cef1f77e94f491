//! What documents say of the source tree: paths in backquotes exist, and every decision has its status.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders at the root of the repository that documents name.
const FOLDERS: &[&str] = &[
    "assets",
    "benches",
    "clients",
    "config",
    "crates",
    "deploy",
    "docs",
    "openspec",
    "performance",
    "scripts",
    "src",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of a folder.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of documents").flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    found.sort();
    found
}

/// Texts in backquotes outside of code blocks.
fn quoted(page: &str) -> Vec<&str> {
    let mut in_block = false;
    let lines = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !fence && !in_block
    });
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The paths in a text: words whose first part is a folder of the repository or, below `src`, a room.
fn paths(text: &str) -> impl Iterator<Item = PathBuf> {
    text.split(|c: char| c.is_whitespace() || ",;=:()#".contains(c)).filter_map(|word| {
        let (first, rest) = word.split_once('/')?;
        let below = if FOLDERS.contains(&first) {
            PathBuf::new()
        } else if root().join("src").join(first).is_dir() && rest.ends_with(".rs") {
            PathBuf::from("src")
        } else {
            return None;
        };
        // what comes after a placeholder such as `<name>` is not known
        let known = word
            .split('/')
            .take_while(|part| !part.contains(['<', '{', '*', '…', '$']) && *part != "NNNN-title.md");
        Some(below.join(known.collect::<PathBuf>()))
    })
}

/// Returns the paths that a page names and that neither the repository nor `base` has.
fn missing(page: &str, base: &str) -> Vec<String> {
    let named = quoted(page).into_iter().flat_map(paths);
    let absent = named.filter(|path| !root().join(path).exists() && !root().join(base).join(path).exists());
    absent.map(|path| path.display().to_string()).collect()
}

#[test]
fn paths_in_documents_exist() {
    let single = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut documents: Vec<(PathBuf, &str)> = single.iter().map(|name| (root().join(name), "")).collect();
    documents.extend(
        ["docs", "docs/adr", "performance"].iter().flat_map(|folder| pages(folder)).map(|page| (page, "")),
    );
    // pages of the engine name paths of its crate
    documents.extend(pages("docs/engine").into_iter().map(|page| (page, "crates/dofile")));
    let mut wrong = Vec::new();
    for (path, base) in documents {
        let page = fs::read_to_string(&path).expect("a page is UTF-8");
        let shown = path.strip_prefix(root()).expect("below the root").display();
        wrong.extend(missing(&page, base).iter().map(|name| format!("{shown} names {name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let page = "See `src/main.rs`, `src/gone.rs` and `domain/gone.rs`, `/v1/jobs`.\n```\nsrc/in_a_block.rs\n```\n\
                `docs/adr/NNNN-title.md`, `src/service/<subject>/x.rs`, `a/b.rs`, `tests/it/structure.rs`";
    assert_eq!(missing(page, ""), ["src/gone.rs", "src/domain/gone.rs", "tests/it/structure.rs"]);
    assert_eq!(missing(page, "crates/dofile"), ["src/gone.rs", "src/domain/gone.rs"]);
}

/// Returns what is wrong with the head of a decision: `# NNNN: Title`, an empty line, the status, an empty line.
fn wrong_head(name: &str, page: &str) -> Option<String> {
    let mut lines = page.lines();
    let number = name.split('-').next().unwrap_or_default();
    let title = lines.next().unwrap_or_default();
    if number.len() != 4 || !title.starts_with(&format!("# {number}: ")) {
        return Some(format!("{name}: the title is not \"# {number}: …\" but {title:?}"));
    }
    let head = [lines.next(), lines.next(), lines.next()];
    let [Some(""), Some(status), Some("")] = head else {
        return Some(format!("{name}: no status line below the title: {head:?}"));
    };
    let status = status.strip_prefix("Status: ").unwrap_or_default();
    let superseded =
        status.strip_prefix("superseded by ").is_some_and(|by| by.len() == 4 && by.parse::<u16>().is_ok());
    let known = status == "accepted" || status == "rejected" || superseded;
    (!known).then(|| {
        format!("{name}: the status is neither accepted, rejected nor superseded by NNNN: {status:?}")
    })
}

#[test]
fn every_decision_has_number_and_status() {
    let mut numbers = Vec::new();
    for path in pages("docs/adr") {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let page = fs::read_to_string(&path).expect("a page is UTF-8");
        assert_eq!(wrong_head(&name, &page), None);
        numbers.push(name[..4].parse::<usize>().expect("a number"));
    }
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "numbers follow each other");
}

#[test]
fn a_decision_without_status_is_found() {
    assert_eq!(wrong_head("0007-a.md", "# 0007: A\n\nStatus: accepted\n\nText"), None);
    assert_eq!(wrong_head("0007-a.md", "# 0007: A\n\nStatus: superseded by 0009\n\nText"), None);
    for page in ["# A\n\nStatus: accepted\n\n", "# 0007: A\n\nText", "# 0007: A\n\nStatus: proposed\n\nText"]
    {
        assert!(wrong_head("0007-a.md", page).is_some(), "{page}");
    }
}
