//! Follows the log of a run that is under way and notes the step it has reached.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::prepare::Manifest;
use crate::domain::log_grammar::LogReader;
use crate::service::runs::progress::Progress;

/// Most bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// A reader that keeps its place in a growing log.
pub struct Follower<'a> {
    steps: &'a [String],
    reader: LogReader,
    offset: u64,
    seen: usize,
}

impl<'a> Follower<'a> {
    /// Follows the log of an attempt through the steps that its template names, in order.
    pub fn new(manifest: &Manifest, steps: &'a [String]) -> Self {
        let reader = LogReader::new(&manifest.run_id, manifest.nonces.clone());
        Self { steps, reader, offset: 0, seen: 0 }
    }

    /// Reads what was added; returns the step that began last, if that is news.
    pub fn look(&mut self, log: &Path) -> Option<Progress> {
        let mut file = File::open(log).ok()?;
        file.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut piece = Vec::new();
        file.take(PIECE).read_to_end(&mut piece).ok()?;
        self.offset += piece.len() as u64;
        self.reader.push(&piece);
        let events = self.reader.events();
        let news = &events[self.seen..];
        self.seen = events.len();
        let name = news.iter().rev().filter(|e| e.kind == "step").find_map(|e| e.get("name"))?;
        let at = self.steps.iter().position(|s| s == name)?;
        Some(Progress {
            step: name.to_owned(),
            index: u32::try_from(at + 1).unwrap_or(u32::MAX),
            total: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::anchors::Nonces;
    use crate::domain::ids::RunId;

    #[test]
    fn steps_are_seen_as_the_log_grows() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("main.log");
        let manifest = Manifest {
            contract_version: 1,
            run_id: RunId::parse("r").expect("valid"),
            nonces: Nonces { begin: "n1".into(), end: "n2".into() },
            main_do_sha256: String::new(),
            body_offset: 0,
            body_bytes: 0,
            data: vec![],
            prepare_ms: 0,
        };
        let steps = ["sample".to_owned(), "estimate".to_owned()];
        let mut follower = Follower::new(&manifest, &steps);
        assert_eq!(follower.look(&log), None, "no log yet");
        let mut text = "SS_EVENT|step|k=n1|name=sample|status=begin\nSS_EVENT|step|k=n1|name=est".to_owned();
        std::fs::write(&log, &text).expect("written");
        assert_eq!(follower.look(&log).map(|p| (p.step, p.index, p.total)), Some(("sample".into(), 1, 2)));
        assert_eq!(follower.look(&log), None, "nothing new");
        text.push_str("imate|status=begin\n");
        std::fs::write(&log, &text).expect("written");
        assert_eq!(follower.look(&log).map(|p| p.index), Some(2));
    }
}
