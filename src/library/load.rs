//! Loads a library: its files become templates with their hashes. Whether they keep the rules of the
//! contract is asked in `validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use sha2::{Digest, Sha256};

use super::files::{self, FileSet};
use super::idioms::{CallGraph, Idioms};
use super::index::{self, IndexFile};
use super::rank::Document;
use super::suggest::keywords::Keyword;
use crate::domain::canonical::{sha256_hex, sha256_of};
use crate::domain::ids::TemplateId;
use crate::domain::template::TemplateMeta;

/// The generated index of a library, below its root.
pub const INDEX_PATH: &str = "DO_LIBRARY_INDEX.json";

/// One broken rule, with the file that breaks it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LibraryProblem {
    /// Path below the library's root.
    pub file: String,
    /// Line of the file, 0 where the whole file is meant.
    pub line: usize,
    /// The problem.
    pub reason: String,
}

impl LibraryProblem {
    pub(crate) fn new(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, reason: reason.into() }
    }
}

impl fmt::Display for LibraryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.reason)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.reason)
        }
    }
}

/// The words of the templates, by template, as ranking and suggestion read them.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) documents: BTreeMap<TemplateId, Document>,
    pub(super) keywords: BTreeMap<TemplateId, Vec<Keyword>>,
    /// Every token of the documents.
    pub(super) words: BTreeSet<String>,
}

/// A template: its declaration, its body and the hashes of both files.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The parsed meta file.
    pub meta: TemplateMeta,
    /// The bytes of the meta file.
    pub meta_bytes: Vec<u8>,
    /// SHA-256 of `meta_bytes`, in hexadecimal digits.
    pub meta_sha256: String,
    /// The bytes of the body, never edited.
    pub body: Vec<u8>,
    /// SHA-256 of `body`, in hexadecimal digits.
    pub body_sha256: String,
}

impl Template {
    /// Path of the meta below the library's root.
    pub fn meta_path(&self) -> String {
        format!("meta/{}.meta.json", self.meta.id)
    }
}

/// A loaded library.
#[derive(Debug, Clone)]
pub struct Library {
    templates: BTreeMap<TemplateId, Template>,
    /// Name in the ado folder → contents.
    ado: Idioms,
    ado_sha256: String,
    /// Which idioms call which, once somebody asked for it.
    calls: OnceLock<CallGraph>,
    /// The index stored with the files, if there is one.
    index: Option<IndexFile>,
    /// SHA-256 of the index that the files make, once somebody asked for it.
    index_sha256: OnceLock<String>,
    /// The words of the templates, once somebody asked a question.
    texts: OnceLock<Texts>,
    files: FileSet,
}

impl Library {
    /// Returns the library that the binary carries, which a process loads once.
    ///
    /// # Errors
    /// All files that cannot be read as what they should be.
    pub fn embedded() -> Result<Arc<Self>, Vec<LibraryProblem>> {
        static EMBEDDED: LazyLock<Result<Arc<Library>, Vec<LibraryProblem>>> =
            LazyLock::new(|| Library::from_files(files::embedded()).map(Arc::new));
        EMBEDDED.clone()
    }

    /// Loads a library from a directory.
    ///
    /// # Errors
    /// All files that cannot be read as what they should be.
    pub fn from_dir(root: &Path) -> Result<Self, Vec<LibraryProblem>> {
        let unread = |error: std::io::Error| {
            let reason = format!("the folder of the library (library_dir) cannot be read: {error}");
            vec![LibraryProblem::new(root.display().to_string(), reason)]
        };
        let files = files::from_dir(root).map_err(unread)?;
        Self::from_files(files)
    }

    /// Loads a library from its files.
    ///
    /// # Errors
    /// All files that cannot be read as what they should be.
    pub fn from_files(files: FileSet) -> Result<Self, Vec<LibraryProblem>> {
        let mut problems = Vec::new();
        let mut templates = BTreeMap::new();
        let mut ado = BTreeMap::new();
        for (path, bytes) in &files {
            if let Some(name) = path.strip_prefix("ado/") {
                ado.insert(name.to_owned(), bytes.to_vec());
            }
            let Some(id) = path.strip_prefix("meta/").and_then(|n| n.strip_suffix(".meta.json")) else {
                continue;
            };
            match load_template(id, bytes, &files) {
                Ok(template) => {
                    templates.insert(template.meta.id.clone(), template);
                }
                Err(reason) => problems.push(LibraryProblem::new(path, reason)),
            }
        }
        for path in files.keys().filter(|p| p.starts_with("do/")) {
            let known = templates.values().any(|t| t.meta.body.file == *path);
            if !known && problems.is_empty() {
                problems.push(LibraryProblem::new(path, "this body has no meta"));
            }
        }
        let index = match files.get(INDEX_PATH).map(|bytes| serde_json::from_slice(bytes)) {
            None => None,
            Some(Ok(index)) => Some(index),
            Some(Err(e)) => {
                problems.push(LibraryProblem::new(INDEX_PATH, format!("the index cannot be read: {e}")));
                None
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let ado_sha256 = hash_of_files(&ado);
        let calls = OnceLock::new();
        let (index_sha256, texts) = (OnceLock::new(), OnceLock::new());
        Ok(Self { templates, ado, ado_sha256, calls, index, index_sha256, texts, files })
    }

    /// Returns the template with this id.
    pub fn get(&self, id: &TemplateId) -> Option<&Template> {
        self.templates.get(id)
    }

    /// Returns the words of the templates.
    pub(super) fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| {
            let documents: BTreeMap<TemplateId, Document> =
                self.templates().map(|t| (t.meta.id.clone(), Document::of(&t.meta))).collect();
            let keywords = self.templates().map(|t| (t.meta.id.clone(), Keyword::all_of(&t.meta))).collect();
            let words = documents.values().flat_map(Document::words).map(str::to_owned).collect();
            Texts { documents, keywords, words }
        })
    }

    /// Returns all templates, sorted by id.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    /// Returns the number of templates.
    pub fn len(&self) -> usize {
        self.templates.len()
    }

    /// True for a library without a template.
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// Returns the shared idioms that a do-file can reach, for its run.
    pub fn reached(&self, do_file: &[u8]) -> Vec<(&str, &[u8])> {
        self.calls.get_or_init(|| CallGraph::of(&self.ado)).reached(do_file, &self.ado)
    }

    /// Returns the shared idioms: name below the ado folder → contents.
    pub fn ado_files(&self) -> &Idioms {
        &self.ado
    }

    /// Returns the SHA-256 over names, sizes and contents of the shared idioms.
    pub fn ado_sha256(&self) -> &str {
        &self.ado_sha256
    }

    /// Returns the SHA-256 of the index that the files make, by which evidence names the library.
    pub fn index_sha256(&self) -> &str {
        self.index_sha256.get_or_init(|| sha256_of(&index::generate(self)))
    }

    /// Returns the name of the graph scheme that the idioms bring along, else one that Stata brings.
    pub fn scheme(&self) -> &str {
        self.ado
            .keys()
            .find_map(|name| name.strip_prefix("scheme-").and_then(|n| n.strip_suffix(".scheme")))
            .unwrap_or("s2color")
    }

    /// Returns the index found with the files.
    pub fn index(&self) -> Option<&IndexFile> {
        self.index.as_ref()
    }

    /// Returns a file of the library (sample data, expected numbers) by its path.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|bytes| bytes.as_ref())
    }
}

fn load_template(id: &str, bytes: &[u8], files: &FileSet) -> Result<Template, String> {
    let meta: TemplateMeta =
        serde_json::from_slice(bytes).map_err(|e| format!("the meta does not follow the contract: {e}"))?;
    if meta.id.as_str() != id {
        return Err(format!("the id is {}, the file's name says {id}", meta.id));
    }
    if meta.body.file != format!("do/{id}.do") {
        return Err(format!("body.file must be do/{id}.do"));
    }
    let body = files.get(&meta.body.file).ok_or_else(|| format!("{} does not exist", meta.body.file))?;
    Ok(Template {
        meta_sha256: sha256_hex(bytes),
        meta_bytes: bytes.to_vec(),
        body_sha256: sha256_hex(body),
        body: body.to_vec(),
        meta,
    })
}

/// Returns the SHA-256 over names, sizes and contents, in the order of the names.
pub fn hash_of_files(files: &Idioms) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        hash.update(format!("{name}\0{}\0", bytes.len()));
        hash.update(bytes);
    }
    hex::encode(hash.finalize())
}
