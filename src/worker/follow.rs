//! Follows the log of a run that is under way and notes the step it has reached.

use std::io::{Read, Seek, SeekFrom};

use super::prepare::Manifest;
use crate::domain::log_grammar::LogReader;
use crate::service::runs::progress::Progress;

/// Most bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// A reader that keeps its place in a growing log.
pub(super) struct Follower<'a> {
    steps: &'a [String],
    reader: LogReader,
    offset: u64,
    seen: usize,
}

impl<'a> Follower<'a> {
    /// Follows the log of an attempt through the steps that its template names, in order.
    pub(super) fn new(manifest: &Manifest, steps: &'a [String]) -> Self {
        let reader = LogReader::new(&manifest.run_id, manifest.nonces.clone());
        Self { steps, reader, offset: 0, seen: 0 }
    }

    /// Reads what was added; returns the step that began last, if that is news.
    pub(super) fn look(&mut self, log: &mut (impl Read + Seek)) -> Option<Progress> {
        log.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut piece = Vec::new();
        log.take(PIECE).read_to_end(&mut piece).ok()?;
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
    use std::io::Cursor;

    use super::*;
    use crate::domain::anchors::Nonces;
    use crate::domain::ids::RunId;

    #[test]
    fn steps_are_seen_as_the_log_grows() {
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
        assert_eq!(follower.look(&mut Cursor::new(b"")), None, "nothing yet");
        let mut text = "SS_EVENT|step|k=n1|name=sample|status=begin\nSS_EVENT|step|k=n1|name=est".to_owned();
        assert_eq!(
            follower.look(&mut Cursor::new(&text)).map(|p| (p.step, p.index, p.total)),
            Some(("sample".into(), 1, 2))
        );
        assert_eq!(follower.look(&mut Cursor::new(&text)), None, "nothing new");
        text.push_str("imate|status=begin\n");
        assert_eq!(follower.look(&mut Cursor::new(&text)).map(|p| p.index), Some(2));
    }
}
