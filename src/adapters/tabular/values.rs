//! The texts behind the values of canonical data: value labels, and the values of text columns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Column, Reader};

use super::problems;
use crate::domain::error::Problem;

/// Longest text that is returned, in characters.
const LONGEST: usize = 80;

/// Returns for every column with value labels their texts, and for every text column the values of its first `rows`
/// rows without those in `skip` (counted from 1): at most `most` for each column, in the order of the labels or of the
/// alphabet.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read.
pub(super) fn texts(
    path: &Path,
    rows: usize,
    skip: &[u64],
    most: usize,
) -> Result<BTreeMap<String, Vec<String>>, Problem> {
    let skip: BTreeSet<u64> = skip.iter().copied().collect();
    let unreadable = |error: dta::Error| {
        tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
        Problem::internal()
    };
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    let mut reader = Reader::open(BufReader::new(file)).map_err(unreadable)?;
    let sets = reader.meta().value_labels.clone();
    let mut out = BTreeMap::new();
    for variable in reader.variables() {
        if let Some(set) = sets.iter().find(|s| s.name == variable.value_label) {
            let texts: Vec<String> = set.entries.iter().take(most).map(|(_, text)| cut(text)).collect();
            out.insert(variable.name.clone(), texts);
        }
    }
    let text_columns: Vec<usize> =
        (0..reader.variables().len()).filter(|at| reader.variables()[*at].storage.is_text()).collect();
    let names: Vec<String> = text_columns.iter().map(|at| reader.variables()[*at].name.clone()).collect();
    if names.is_empty() {
        return Ok(out);
    }
    reader.select(text_columns).map_err(unreadable)?;
    if let Some(block) = reader.read_block(rows).map_err(unreadable)? {
        for (name, column) in names.into_iter().zip(&block.columns) {
            let Column::Str(values) = column else { continue };
            let is_kept = |row: &usize| !skip.contains(&(*row as u64 + 1));
            let kept = (0..block.rows).filter(is_kept).map(|row| cut(values.get(row)));
            let found: BTreeSet<String> = kept.filter(|text| !text.is_empty()).collect();
            out.insert(name, found.into_iter().take(most).collect());
        }
    }
    Ok(out)
}

fn cut(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}
