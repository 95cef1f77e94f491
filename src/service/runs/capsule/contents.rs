//! The files of a capsule while they are collected: each path once, also where upper and lower case are the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{Absent, Entry, Source};
use crate::domain::artifact::media_type_of;
use crate::domain::canonical::sha256_hex;

/// A capsule that is being filled.
#[derive(Default)]
pub(super) struct Crate {
    pub entries: BTreeMap<String, Entry>,
    /// Paths in lower case: some file systems know no other.
    taken: BTreeSet<String>,
    pub absent: Vec<Absent>,
}

impl Crate {
    /// Takes a path; one that is taken already gets a number.
    fn claim(&mut self, path: String) -> String {
        let mut claimed = path.clone();
        let mut number = 2;
        while !self.taken.insert(claimed.to_lowercase()) {
            claimed = match path.rsplit_once('.') {
                Some((stem, ending)) if !ending.contains('/') => format!("{stem}_{number}.{ending}"),
                _ => format!("{path}_{number}"),
            };
            number += 1;
        }
        claimed
    }

    /// A file that is made here.
    pub(super) fn bytes(&mut self, path: impl Into<String>, title: impl Into<String>, bytes: Vec<u8>) {
        let path = self.claim(path.into());
        let entry = Entry {
            title: title.into(),
            media_type: media_type_of(&path).to_owned(),
            size_bytes: bytes.len() as u64,
            sha256: sha256_hex(&bytes),
            source: Source::Bytes(bytes),
            path: path.clone(),
        };
        self.entries.insert(path, entry);
    }

    /// A document that is made here.
    pub(super) fn json<T: serde::Serialize>(
        &mut self,
        path: impl Into<String>,
        title: impl Into<String>,
        value: &T,
    ) {
        let mut bytes = serde_json::to_vec_pretty(value).expect("records serialise to JSON");
        bytes.push(b'\n');
        self.bytes(path, title, bytes);
    }

    /// A file of the job, as it is; returns its path.
    pub(super) fn file(
        &mut self,
        path: String,
        title: String,
        from: &str,
        size_bytes: u64,
        sha256: &str,
    ) -> String {
        let path = self.claim(path);
        let entry = Entry {
            title,
            media_type: media_type_of(&path).to_owned(),
            size_bytes,
            sha256: sha256.to_owned(),
            source: Source::File(from.to_owned()),
            path: path.clone(),
        };
        self.entries.insert(path.clone(), entry);
        path
    }
}
