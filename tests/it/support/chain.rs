//! What every audit chain must be, wherever a test meets one: its events, and the files that it is exported to.

use std::path::{Path, PathBuf};

use stata_service::domain::audit::{ChainedEvent, GENESIS_HASH};
use stata_service::ports::audit_log::AuditLog;

/// Checks that each event follows the one before it, from the first; returns the hash of the last.
pub(crate) fn check_chained(events: &[ChainedEvent]) -> String {
    let mut prev = GENESIS_HASH.to_owned();
    for (i, event) in events.iter().enumerate() {
        assert_eq!((event.seq, &event.prev_hash), (i as u64 + 1, &prev));
        assert_eq!(event.hash, event.expected_hash());
        prev.clone_from(&event.hash);
    }
    prev
}

/// Reads the whole chain of a store and checks it.
pub(crate) async fn whole_chain(audit_log: &dyn AuditLog) -> Vec<ChainedEvent> {
    let mut events = Vec::new();
    loop {
        let more = audit_log.events(0, events.len() as u64, 1000).await.expect("reads");
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    check_chained(&events);
    events
}

/// The lines of all audit files of a data directory in order.
pub(crate) fn audit_lines(data: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data.join("audit")).expect("lists").map(|e| e.expect("entry").path()).collect();
    files.sort();
    let text: String = files.iter().map(|f| std::fs::read_to_string(f).expect("reads")).collect();
    text.lines().map(str::to_owned).collect()
}

/// Checks that the audit files of a data directory hold exactly these events.
pub(crate) fn check_exported(data: &Path, events: &[ChainedEvent]) {
    let lines = audit_lines(data);
    assert_eq!(lines.len(), events.len(), "no gap and no duplicate in the audit files");
    for (line, event) in lines.iter().zip(events) {
        let line: serde_json::Value = serde_json::from_str(line).expect("is JSON");
        assert_eq!((&line["seq"], &line["hash"]), (&event.seq.into(), &event.hash.as_str().into()));
    }
}
