//! The tables of templates in words: every heading, every code of a test or measure and every remark has its words in
//! both languages, so that no table shows a name that only its author understands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::http::console_words::{Words, files};

static WORDS: LazyLock<BTreeMap<String, Words>> = LazyLock::new(files);

static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let keys = ["names", "names2"].into_iter().flat_map(|name| WORDS[name]["zh"].keys());
    keys.filter_map(|key| key.strip_prefix("col.").map(str::to_owned)).collect()
});

static REMARKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let blank = Regex::new(r"\{\w\}").expect("a pattern");
    let pattern = |en: &String| {
        let fixed: Vec<String> = blank.split(en).map(regex::escape).collect();
        Regex::new(&format!("^{}$", fixed.join(".+?"))).expect("a pattern")
    };
    WORDS["notes"]["en"].values().map(pattern).collect()
});

/// Columns of codes; others hold texts of the data.
const CODED: [&str; 22] = [
    "assumption",
    "impact",
    "quadrant",
    "test",
    "metric",
    "measure",
    "effect",
    "source",
    "issue",
    "part",
    "kind",
    "component",
    "rule",
    "estimator",
    "prediction",
    "side",
    "method",
    "selected",
    "turned",
    "retained",
    "item",
    "ratio",
];

fn is_named(code: &str) -> bool {
    let stem = code.trim_end_matches(|c: char| c.is_ascii_digit());
    NAMES.contains(code) || (stem.len() < code.len() && NAMES.contains(&format!("{stem}#")))
}

fn is_remark(text: &str) -> bool {
    REMARKS.iter().any(|remark| remark.is_match(text))
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("csv").iter().map(str::to_owned).collect()).collect()
}

/// The tables of a run in its folder, by their names.
pub(super) fn tables_of(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let tables = named.filter(|(name, _)| name.ends_with(".csv"));
    tables.map(|(name, path)| (name, std::fs::read_to_string(path).expect("a table"))).collect()
}

/// The texts of a run's tables that have no words. `data`: the texts of the data, its headings among them.
pub(super) fn untold(tables: &BTreeMap<String, String>, data: &[String]) -> Vec<String> {
    let of_data: BTreeSet<String> = data.iter().flat_map(|text| rows(text)).flatten().collect();
    let known =
        |text: &str| text.parse::<f64>().is_ok() || matches!(text, "" | ".") || of_data.contains(text);
    let mut untold = Vec::new();
    for (name, table) in tables.iter().filter(|(name, _)| name.starts_with("table_")) {
        let rows = rows(table);
        let Some((head, body)) = rows.split_first() else { continue };
        untold.extend(head.iter().filter(|c| !is_named(c)).map(|c| format!("{name}: column {c}")));
        for (column, text) in body.iter().flat_map(|row| head.iter().zip(row)) {
            let told = match column.as_str() {
                "note" | "detail" => is_remark(text) || text.split(' ').all(known),
                // a level or a lag of a variable has a dot
                column if CODED.contains(&column) => is_named(text) || text.contains('.') || is_remark(text),
                _ => true,
            };
            if !told && !known(text) {
                untold.push(format!("{name}: {column}: {text}"));
            }
        }
    }
    untold
}
