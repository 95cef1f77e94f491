//! Which files a repeated run reads: those of the capsule, or files of a folder that have the same hashes.

use crate::domain::capsule::inputs::{DatasetFacts, InputFacts, ReadFile};

/// Why the data are not available.
#[derive(Debug, PartialEq, Eq)]
pub enum DataUnavailable {
    /// The capsule holds only hashes, and no folder was named.
    Needed(String),
    /// No file of the folder has the hash.
    Differs {
        /// Name of the file in the capsule's facts.
        file: String,
        /// The difference or the missing part, for people.
        reason: String,
    },
}

impl DataUnavailable {
    /// Builds the reason why a file of the run differs.
    pub fn differs(file: &ReadFile, reason: impl Into<String>) -> Self {
        Self::Differs { file: file.path.clone(), reason: reason.into() }
    }

    /// Builds the reason for a capsule that holds only the hash of a file.
    pub fn needed(file: &ReadFile) -> Self {
        Self::Needed(format!(
            "the capsule holds the hash of {} alone: name the folder with the data by --data",
            file.path
        ))
    }
}

/// A file of the folder with the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Name of the file in its folder.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

/// The source of a file that the run reads; `index` is that of the candidate.
#[derive(Debug)]
pub enum Source<'a> {
    /// The file as the engine reads it.
    Canonical {
        /// Index into the candidates.
        index: usize,
    },
    /// The uploaded file, to be read as it was then.
    Uploaded {
        /// Index into the candidates.
        index: usize,
        /// How the file was read when the job was made.
        dataset: &'a DatasetFacts,
    },
    /// Another file with the name of the uploaded one, where changes are accepted.
    Renewed {
        /// Index into the candidates.
        index: usize,
        /// How the file was read when the job was made.
        dataset: &'a DatasetFacts,
    },
}

impl<'a> Source<'a> {
    /// Chooses the source of a file: the canonical data, else the uploaded file, else with `accept` a file of the
    /// same name.
    ///
    /// # Errors
    /// [`DataUnavailable::Differs`] without such a file.
    pub fn choose(
        file: &ReadFile,
        facts: &'a InputFacts,
        candidates: &[Candidate],
        accept: bool,
    ) -> Result<Self, DataUnavailable> {
        let by_hash = |sha256: &str| candidates.iter().position(|candidate| candidate.sha256 == sha256);
        if let Some(index) = by_hash(&file.sha256) {
            return Ok(Self::Canonical { index });
        }
        let dataset = facts.datasets.iter().find(|d| d.dataset_key == file.dataset_key);
        if let Some((dataset, index)) = dataset.and_then(|d| Some((d, by_hash(&d.original_sha256)?))) {
            return Ok(Self::Uploaded { index, dataset });
        }
        let by_name = |name: &str| candidates.iter().position(|candidate| candidate.name == name);
        let by_name = dataset.and_then(|d| Some((d, by_name(&d.original_name)?)));
        match by_name.filter(|_| accept) {
            Some((dataset, index)) => Ok(Self::Renewed { index, dataset }),
            None => {
                let name = dataset.map_or(file.path.as_str(), |d| d.original_name.as_str());
                let changed = if by_name.is_some() { "; the file of this name is another one" } else { "" };
                let reason = format!("no file of the folder has the hash of {name}{changed}");
                Err(DataUnavailable::differs(file, reason))
            }
        }
    }

    /// Judges the canonical data that this release made from the source; returns a remark where they differ and that
    /// is accepted. `sha256` is the hash of the data.
    ///
    /// # Errors
    /// [`DataUnavailable::Differs`]: this release reads the uploaded file in another way, and that is not accepted.
    pub fn judge(
        &self,
        file: &ReadFile,
        sha256: &str,
        accept: bool,
    ) -> Result<Option<String>, DataUnavailable> {
        match self {
            Self::Canonical { .. } => Ok(None),
            Self::Uploaded { .. } if sha256 == file.sha256 => Ok(None),
            Self::Uploaded { dataset, .. } if accept => {
                Ok(Some(format!("{} is read otherwise by this release", dataset.original_name)))
            }
            Self::Uploaded { dataset, .. } => {
                let name = &dataset.original_name;
                let reason = format!("{name} is the same file, and this release reads it otherwise");
                Err(DataUnavailable::differs(file, reason))
            }
            Self::Renewed { dataset, .. } => {
                Ok(Some(format!("{} is not the file that was uploaded", dataset.original_name)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> InputFacts {
        let dataset = json!({
            "dataset_key": "main", "role": "primary_dataset", "original_name": "wages.csv", "original_path": null,
            "original_sha256": "uploaded", "original_size_bytes": 10, "canonical_sha256": "canonical",
            "canonical_size_bytes": 20, "format": "csv", "selected_sheet": null, "header_row": null,
            "encoding": null, "delimiter": null, "row_count": 1, "columns": [],
        });
        let read = json!({
            "path": "data.dta", "dataset_key": "main", "sha256": "canonical", "size_bytes": 20, "included": false,
        });
        let facts = json!({"fingerprint": "", "read": [read], "datasets": [dataset], "remarks": []});
        serde_json::from_value(facts).expect("facts")
    }

    fn candidate(name: &str, sha256: &str) -> Candidate {
        Candidate { name: name.to_owned(), sha256: sha256.to_owned() }
    }

    #[test]
    fn the_canonical_data_come_before_the_uploaded_file() {
        let facts = facts();
        let uploaded = candidate("renamed.csv", "uploaded");
        let both = [uploaded.clone(), candidate("d.dta", "canonical")];
        let chosen = Source::choose(&facts.read[0], &facts, &both, false).expect("a source");
        assert!(matches!(chosen, Source::Canonical { index: 1 }), "{chosen:?}");
        let chosen = Source::choose(&facts.read[0], &facts, &[uploaded], false).expect("a source");
        assert!(matches!(chosen, Source::Uploaded { index: 0, .. }), "{chosen:?}");
    }

    #[test]
    fn another_file_of_the_same_name_needs_acceptance() {
        let facts = facts();
        let (file, other) = (&facts.read[0], [candidate("wages.csv", "other")]);
        let refused = Source::choose(file, &facts, &other, false).expect_err("not accepted");
        let reason = "no file of the folder has the hash of wages.csv; the file of this name is another one";
        assert_eq!(refused, DataUnavailable::differs(file, reason));
        let accepted = Source::choose(file, &facts, &other, true).expect("accepted");
        let remark = accepted.judge(file, "anything", true).expect("accepted");
        assert_eq!(remark.as_deref(), Some("wages.csv is not the file that was uploaded"));
        let none = Source::choose(file, &facts, &[], true).expect_err("no file");
        let reason = "no file of the folder has the hash of wages.csv";
        assert_eq!(none, DataUnavailable::differs(file, reason));
    }

    #[test]
    fn an_uploaded_file_that_is_read_in_another_way_needs_acceptance() {
        let facts = facts();
        let (file, same) = (&facts.read[0], [candidate("wages.csv", "uploaded")]);
        let source = Source::choose(file, &facts, &same, false).expect("a source");
        assert_eq!(source.judge(file, "canonical", false), Ok(None));
        assert!(source.judge(file, "changed", false).is_err());
        assert!(source.judge(file, "changed", true).is_ok_and(|remark| remark.is_some()));
    }
}
