//! Follows the log of an attempt that is under way, for the people who watch. The verdict is made from the
//! whole log at the end, so what is missed here changes nothing.

use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use super::prepare::Manifest;
use crate::domain::log_grammar::LogReader;
use crate::domain::replications::DotReader;
use crate::service::runs::progress::{Part, Progress};

/// Most bytes that are read at once.
const PIECE: u64 = 1 << 20;
/// Time from which on the pace of a part says something about its end.
const PACE: Duration = Duration::from_secs(2);

/// A reader that keeps its place in a growing log.
pub(super) struct Follower<'a> {
    steps: &'a [String],
    reader: LogReader,
    dots: DotReader,
    offset: u64,
    seen: usize,
    began: Instant,
    told: Option<Progress>,
    part: Option<Begun>,
}

/// A part of a step, and when it began.
struct Begun {
    kind: String,
    of: u64,
    at: Instant,
    /// What was done when it was seen first: an attempt that is adopted is in the middle.
    base: u64,
}

impl<'a> Follower<'a> {
    /// Follows the log of an attempt that began some time ago through the steps that its template names, in order.
    pub(super) fn new(manifest: &Manifest, steps: &'a [String], ago: Duration) -> Self {
        let reader = LogReader::new(&manifest.run_id, manifest.nonces.clone());
        let now = Instant::now();
        let began = now.checked_sub(ago).unwrap_or(now);
        let dots = DotReader::default();
        Self { steps, reader, dots, offset: 0, seen: 0, began, told: None, part: None }
    }

    /// Reads what was added; returns how far the attempt is, if that is news.
    pub(super) fn look(&mut self, log: &mut (impl Read + Seek)) -> Option<Progress> {
        log.seek(SeekFrom::Start(self.offset)).ok()?;
        let mut piece = Vec::new();
        log.take(PIECE).read_to_end(&mut piece).ok()?;
        self.offset += piece.len() as u64;
        self.reader.push(&piece);
        self.dots.push(&piece);
        let step = self.step().or_else(|| {
            let told = self.told.as_ref()?;
            Some((told.step.clone(), told.index))
        })?;
        let progress = Progress {
            step: step.0,
            index: step.1,
            total: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            part: self.part(),
            elapsed_seconds: self.began.elapsed().as_secs(),
        };
        let place = |p: &Progress| (p.index, p.part.as_ref().map(|part| (part.done, part.of)));
        let news = self.told.as_ref().is_none_or(|told| place(told) != place(&progress));
        news.then(|| self.told.insert(progress).clone())
    }

    /// The step that began last, with its number.
    fn step(&mut self) -> Option<(String, u32)> {
        let events = self.reader.events();
        let news = &events[self.seen..];
        self.seen = events.len();
        let name = news.iter().rev().filter(|e| e.kind == "step").find_map(|e| e.get("name"))?;
        let at = self.steps.iter().position(|s| s == name)?;
        // what was counted belongs to an earlier step
        self.part = None;
        Some((name.to_owned(), u32::try_from(at + 1).unwrap_or(u32::MAX)))
    }

    /// The part of the step that is under way, with the time that it will take at its pace.
    fn part(&mut self) -> Option<Part> {
        let counted = self.reader.progress().and_then(|event| {
            let number = |name: &str| event.number(name).filter(|n| *n >= 0.0).map(|n| n as u64);
            Some((event.get("what").unwrap_or("parts").to_owned(), number("done")?, number("total")?))
        });
        let dots = self.dots.at().map(|at| ("replications".to_owned(), at.done, at.of));
        let (kind, done, of) = dots.or(counted).filter(|(_, done, of)| *of > 0 && done <= of)?;
        let begun = match &self.part {
            Some(begun) if begun.kind == kind && begun.of == of && begun.base <= done => begun,
            _ => self.part.insert(Begun { kind: kind.clone(), of, at: Instant::now(), base: done }),
        };
        let elapsed = begun.at.elapsed();
        let pace = (elapsed >= PACE).then(|| done - begun.base).filter(|since| *since > 0);
        let remaining = pace.map(|since| elapsed.mul_f64((of - done) as f64 / since as f64).as_secs());
        Some(Part { kind, done, of, remaining_seconds: remaining })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::domain::anchors::Nonces;
    use crate::domain::ids::RunId;

    fn manifest() -> Manifest {
        Manifest {
            contract_version: 1,
            run_id: RunId::parse("r").expect("valid"),
            nonces: Nonces { begin: "n1".into(), end: "n2".into() },
            main_do_sha256: String::new(),
            body_offset: 0,
            body_bytes: 0,
            data: vec![],
            prepare_ms: 0,
        }
    }

    #[test]
    fn steps_are_seen_as_the_log_grows() {
        let steps = ["sample".to_owned(), "estimate".to_owned()];
        let mut follower = Follower::new(&manifest(), &steps, Duration::ZERO);
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

    #[test]
    fn replications_and_counted_parts_are_seen_within_their_step() {
        let steps = ["estimate".to_owned(), "export".to_owned()];
        let mut follower = Follower::new(&manifest(), &steps, Duration::from_secs(9));
        let mut text =
            "SS_EVENT|step|k=n1|name=estimate|status=begin\nBootstrap replications (40): ....".to_owned();
        let seen = follower.look(&mut Cursor::new(&text)).expect("the step and its dots");
        let part = |p: &Progress| p.part.clone().map(|part| (part.kind, part.done, part.of));
        assert_eq!(part(&seen), Some(("replications".into(), 4, 40)));
        assert_eq!((seen.step.as_str(), seen.elapsed_seconds), ("estimate", 9));
        text.push_str("....");
        assert_eq!(
            follower.look(&mut Cursor::new(&text)).and_then(|p| part(&p)),
            Some(("replications".into(), 8, 40))
        );
        text.push_str(" done\nSS_EVENT|progress|k=n1|done=1|total=3|what=quantiles\n");
        let seen = follower.look(&mut Cursor::new(&text)).expect("news");
        assert_eq!(part(&seen), Some(("quantiles".into(), 1, 3)));
        text.push_str("SS_EVENT|step|k=n1|name=export|status=begin\n");
        let seen = follower.look(&mut Cursor::new(&text)).expect("the next step");
        assert_eq!((seen.index, part(&seen)), (2, None), "the parts of a step end with it");
    }
}
