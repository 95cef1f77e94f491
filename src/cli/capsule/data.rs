//! Places the data of a repeated run: from the capsule, or from a folder with the same files.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::adapters::capsule_archive::ZipCapsule;
use crate::adapters::tabular::TabularFiles;
use crate::domain::capsule::inputs::{DatasetFacts, InputFacts, ReadFile};
use crate::ports::capsule_archive::CapsuleArchive;
use crate::ports::tabular::{IngestOptions, Tabular};
use crate::service::runs::capsule_check::data::{Candidate, DataUnavailable, Source};

/// Most files of a folder that are compared.
const MOST_FILES: usize = 1_000;

/// Puts the data into the working directory; returns remarks on them.
///
/// # Errors
/// [`DataUnavailable`]; with `accept` only for files that do not exist at all.
pub(super) fn place(
    archive: &mut ZipCapsule,
    facts: &InputFacts,
    folder: Option<&Path>,
    accept: bool,
    work: &Path,
) -> Result<Vec<String>, DataUnavailable> {
    let mut remarks = Vec::new();
    for file in &facts.read {
        let differs = |reason: String| DataUnavailable::differs(file, reason);
        match folder {
            Some(folder) => {
                let candidates =
                    Folder::read(folder).map_err(|e| differs(format!("{}: {e}", folder.display())))?;
                remarks.extend(candidates.place(file, facts, accept, work)?);
            }
            None if archive.has(&file.path) => archive.extract(&file.path, work).map_err(differs)?,
            None => return Err(DataUnavailable::needed(file)),
        }
    }
    Ok(remarks)
}

/// The files of a folder with their hashes.
struct Folder {
    paths: Vec<PathBuf>,
    candidates: Vec<Candidate>,
}

impl Folder {
    fn read(folder: &Path) -> std::io::Result<Self> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
        paths.sort();
        paths.retain(|path| path.is_file());
        paths.truncate(MOST_FILES);
        let hashed = paths.iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Candidate { name, sha256: hash(path)? })
        });
        let candidates = hashed.collect::<std::io::Result<_>>()?;
        Ok(Self { paths, candidates })
    }

    /// Puts one file into its place; returns a remark where an accepted one differs.
    fn place(
        &self,
        file: &ReadFile,
        facts: &InputFacts,
        accept: bool,
        work: &Path,
    ) -> Result<Option<String>, DataUnavailable> {
        let differs = |reason: String| DataUnavailable::differs(file, reason);
        let target = work.join(&file.path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|e| differs(e.to_string()))?;
        }
        let source = Source::choose(file, facts, &self.candidates, accept)?;
        let sha256 = match source {
            Source::Canonical { index } => {
                std::fs::copy(&self.paths[index], &target).map_err(|e| differs(e.to_string()))?;
                file.sha256.clone()
            }
            Source::Uploaded { index, dataset } | Source::Renewed { index, dataset } => {
                read_again(dataset, &self.paths[index], &target).map_err(differs)?
            }
        };
        source.judge(file, &sha256, accept)
    }
}

/// Makes the canonical data of an uploaded file; returns their hash.
fn read_again(dataset: &DatasetFacts, from: &Path, to: &Path) -> Result<String, String> {
    let options = IngestOptions { sheet: dataset.selected_sheet.clone(), header_row: dataset.header_row };
    let made = TabularFiles.ingest(from, &dataset.original_name, &options, to);
    made.map(|made| made.canonical.sha256).map_err(|problem| problem.message)
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let n = std::io::Read::read(&mut file, &mut buffer)?;
        if n == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..n]);
    }
}
