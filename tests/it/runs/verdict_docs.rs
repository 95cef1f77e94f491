//! `docs/runs.md` and the code name the same causes, next actions and detectors.

use std::collections::BTreeMap;

use stata_service::domain::job::retry::retry_delay;
use stata_service::domain::run::Cause;
use stata_service::domain::verdict::cause::next_actions;

/// First cell → all cells, of the table rows whose first cell is code.
fn rows() -> BTreeMap<String, Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/runs.md");
    let text = std::fs::read_to_string(path).expect("the document");
    text.lines()
        .filter(|l| l.starts_with("| `"))
        .map(|l| l.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>())
        .map(|cells| (cells[0].trim_matches('`').to_owned(), cells))
        .collect()
}

#[test]
fn every_cause_is_documented_with_its_next_actions() {
    let rows = rows();
    for cause in Cause::ALL {
        let row = rows.get(cause.as_str()).unwrap_or_else(|| panic!("{} is not documented", cause.as_str()));
        let stated: Vec<&str> = row[2].split(", ").map(|key| key.trim_matches('`')).collect();
        assert_eq!(stated, next_actions(cause), "{}", cause.as_str());
        let again = retry_delay(cause, 1, 0.0).is_some();
        assert_eq!(row[3] == "yes", again, "{}", cause.as_str());
    }
}

#[test]
fn every_detector_is_documented_with_its_severity() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/verdict/detectors.rs");
    let source = std::fs::read_to_string(path).expect("the source");
    let rows = rows();
    let mut found = 0;
    for call in source.split("check(").skip(1) {
        let Some(literal) = call.trim_start().strip_prefix('"') else { continue };
        let mut texts = literal.split('"');
        let (id, severity) = (texts.next().expect("an id"), texts.nth(1).expect("a severity"));
        assert_eq!(rows.get(id).map(|r| r[1].as_str()), Some(severity), "{id}");
        found += 1;
    }
    assert!(found >= 6, "the detectors were not found in the source");
}
