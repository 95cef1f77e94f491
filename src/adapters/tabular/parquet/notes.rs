//! What pandas writes about its data frame next to the data: time zones, and which columns are its index.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Input;

/// Most bytes of the note that is read.
const MOST_BYTES: usize = 16 << 20;
/// How pandas names a column of an index without a name.
const UNNAMED_INDEX: (&str, &str) = ("__index_level_", "__");

/// What is known of columns.
#[derive(Debug, Default)]
pub(super) struct Notes {
    zones: BTreeMap<String, String>,
}

impl Notes {
    pub(super) fn of(reader: &Input) -> Self {
        let note = reader.note("pandas").filter(|note| note.len() <= MOST_BYTES);
        let note = note.and_then(|note| serde_json::from_slice::<Value>(note).ok()).unwrap_or_default();
        let columns = note["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
        let zone = |column: &Value| {
            let name = column["field_name"].as_str().or_else(|| column["name"].as_str())?;
            Some((name.to_owned(), column["metadata"]["timezone"].as_str()?.to_owned()))
        };
        Self { zones: columns.iter().filter_map(zone).collect() }
    }

    /// The time zone of a column, where pandas states one.
    pub(super) fn zone_of(&self, column: &str) -> Option<&str> {
        self.zones.get(column).map(String::as_str)
    }

    /// The name of a column: an index without a name is `index`.
    pub(super) fn name_of(&self, column: &str) -> String {
        let level = column.strip_prefix(UNNAMED_INDEX.0).and_then(|rest| rest.strip_suffix(UNNAMED_INDEX.1));
        match level {
            Some("0") => "index".to_owned(),
            Some(level) if level.bytes().all(|byte| byte.is_ascii_digit()) => format!("index_{level}"),
            _ => column.to_owned(),
        }
    }
}
