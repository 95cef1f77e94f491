//! Brings the data of a repeated run to their places: from the capsule, or from a folder with the same files.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::archive::Archive;
use crate::adapters::tabular::TabularFiles;
use crate::domain::capsule::inputs::{DatasetFacts, InputFacts, ReadFile};
use crate::ports::tabular::{IngestOptions, Tabular};

/// Most files of a folder that are compared.
const MOST_FILES: usize = 1_000;

/// Why the data are not in place.
#[derive(Debug)]
pub enum NoData {
    /// The capsule has hashes alone and no folder was named.
    Needed(String),
    /// Nothing in the folder has the hash.
    Differs { file: String, reason: String },
}

/// Puts the data into the working directory; returns what is to be said about them.
///
/// # Errors
/// [`NoData`]; with `accept` only for files that are not there at all.
pub fn place(
    archive: &mut Archive,
    facts: &InputFacts,
    folder: Option<&Path>,
    accept: bool,
    work: &Path,
) -> Result<Vec<String>, NoData> {
    let mut remarks = Vec::new();
    for file in &facts.read {
        let differs = |reason: String| NoData::Differs { file: file.path.clone(), reason };
        match folder {
            Some(folder) => {
                let candidates =
                    Folder::read(folder).map_err(|e| differs(format!("{}: {e}", folder.display())))?;
                remarks.extend(candidates.place(file, facts, accept, work)?);
            }
            None if archive.has(&file.path) => archive.extract(&file.path, work).map_err(differs)?,
            None => {
                return Err(NoData::Needed(format!(
                    "the capsule holds the hash of {} alone: name the folder with the data by --data",
                    file.path
                )));
            }
        }
    }
    Ok(remarks)
}

/// The files of a folder with their hashes.
struct Folder(Vec<(PathBuf, String)>);

impl Folder {
    fn read(folder: &Path) -> std::io::Result<Self> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
        paths.sort();
        paths.retain(|path| path.is_file());
        paths.truncate(MOST_FILES);
        let hashed = paths.into_iter().map(|path| {
            let sha256 = hash(&path)?;
            Ok((path, sha256))
        });
        Ok(Self(hashed.collect::<std::io::Result<_>>()?))
    }

    fn by_hash(&self, sha256: &str) -> Option<&Path> {
        self.0.iter().find(|(_, found)| found == sha256).map(|(path, _)| path.as_path())
    }

    fn by_name(&self, name: &str) -> Option<&Path> {
        self.0
            .iter()
            .find(|(path, _)| path.file_name().is_some_and(|n| n == name))
            .map(|(path, _)| path.as_path())
    }

    /// The data as the engine reads them, else the uploaded file, which is read as it was then.
    fn place(
        &self,
        file: &ReadFile,
        facts: &InputFacts,
        accept: bool,
        work: &Path,
    ) -> Result<Option<String>, NoData> {
        let differs = |reason: String| NoData::Differs { file: file.path.clone(), reason };
        let target = work.join(&file.path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|e| differs(e.to_string()))?;
        }
        if let Some(path) = self.by_hash(&file.sha256) {
            std::fs::copy(path, &target).map_err(|e| differs(e.to_string()))?;
            return Ok(None);
        }
        let dataset = facts.datasets.iter().find(|d| d.dataset_key == file.dataset_key);
        let same = dataset.and_then(|d| Some((d, self.by_hash(&d.original_sha256)?)));
        if let Some((dataset, path)) = same {
            let sha256 = read_again(dataset, path, &target).map_err(differs)?;
            return match sha256 == file.sha256 {
                true => Ok(None),
                false if accept => {
                    Ok(Some(format!("{} is read otherwise by this release", dataset.original_name)))
                }
                false => Err(NoData::Differs {
                    file: file.path.clone(),
                    reason: format!(
                        "{} is the same file, and this release reads it otherwise",
                        dataset.original_name
                    ),
                }),
            };
        }
        let by_name = dataset.and_then(|d| Some((d, self.by_name(&d.original_name)?)));
        match by_name.filter(|_| accept) {
            Some((dataset, path)) => {
                read_again(dataset, path, &target).map_err(differs)?;
                Ok(Some(format!("{} is not the file that was uploaded", dataset.original_name)))
            }
            None => {
                let name = dataset.map_or(file.path.as_str(), |d| d.original_name.as_str());
                let changed = if by_name.is_some() { "; the file of this name is another one" } else { "" };
                Err(NoData::Differs {
                    file: file.path.clone(),
                    reason: format!("no file of the folder has the hash of {name}{changed}"),
                })
            }
        }
    }
}

/// Makes an uploaded file to what the engine reads; returns its hash.
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
