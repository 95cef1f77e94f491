//! The generated index of a library (`DO_LIBRARY_INDEX.json`): every template with the hashes of its files,
//! and the drift between an index and its files.

use serde::{Deserialize, Serialize};

use super::lint::LINT_VERSION;
use super::load::{INDEX_PATH, Library, LibraryProblem};

/// The whole index. Generated: never edited by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexFile {
    /// Version of this file's form.
    pub index_version: u32,
    /// Version of the contract that the metas keep.
    pub contract: String,
    /// The lint that the bodies passed.
    pub lint_version: u32,
    /// SHA-256 over the shared idioms.
    pub ado_sha256: String,
    /// Templates in the order of their ids.
    pub templates: Vec<IndexEntry>,
}

/// One template of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    /// Template id: `linear.ols_robust`.
    pub id: String,
    /// Version of the template, semantic.
    pub version: String,
    /// Family of analyses: `linear`, `panel`, `tests` …
    pub family: String,
    /// Title in English.
    pub title: String,
    /// SHA-256 of the do-file, in hexadecimal digits.
    pub body_sha256: String,
    /// SHA-256 of the meta file, in hexadecimal digits.
    pub meta_sha256: String,
}

/// Returns the index of a library's files.
pub fn generate(library: &Library) -> IndexFile {
    let templates = library
        .templates()
        .map(|t| IndexEntry {
            id: t.meta.id.to_string(),
            version: t.meta.version.clone(),
            family: t.meta.family.clone(),
            title: t.meta.title.en.clone(),
            body_sha256: t.body_sha256.clone(),
            meta_sha256: t.meta_sha256.clone(),
        })
        .collect();
    IndexFile {
        index_version: 1,
        contract: super::validate::CONTRACT.to_owned(),
        lint_version: LINT_VERSION,
        ado_sha256: library.ado_sha256().to_owned(),
        templates,
    }
}

/// Returns the bytes of the index file: indented, one line end at the end.
pub fn to_bytes(index: &IndexFile) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(index).expect("an index serialises");
    text.push('\n');
    text.into_bytes()
}

/// Returns every difference between the stored index and the files.
pub fn drift(library: &Library) -> Vec<LibraryProblem> {
    let now = generate(library);
    let Some(then) = library.index() else {
        return vec![LibraryProblem::new(INDEX_PATH, "there is no index; run `stata-service library index`")];
    };
    let mut problems = Vec::new();
    let mut differs = |what: &str| {
        let reason = format!("{what} differs from the files; run `stata-service library index`");
        problems.push(LibraryProblem::new(INDEX_PATH, reason));
    };
    if then.index_version != now.index_version
        || then.contract != now.contract
        || then.lint_version != now.lint_version
    {
        differs("the version of index, contract or lint");
    }
    if then.ado_sha256 != now.ado_sha256 {
        differs("the hash of the ado files");
    }
    for entry in &now.templates {
        match then.templates.iter().find(|t| t.id == entry.id) {
            None => differs(&format!("{}, which is not in the index,", entry.id)),
            Some(old) if old != entry => differs(&format!("the entry of {}", entry.id)),
            Some(_) => {}
        }
    }
    for old in then.templates.iter().filter(|t| now.templates.iter().all(|n| n.id != t.id)) {
        differs(&format!("{}, which has no files,", old.id));
    }
    problems
}
