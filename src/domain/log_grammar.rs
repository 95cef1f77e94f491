//! The grammar of a batch log: a streaming, single-pass reader that finds anchors, errors, ignored
//! requests and the end of the log. It never fails and never panics; what the facts mean for a run is
//! decided in `verdict`.

use std::collections::VecDeque;

use super::anchors::{self, Event, Nonces, PREFIX};
use super::ids::RunId;
use super::run::EvidenceLine;

/// Longest part of a line that is kept; the rest of a longer line is only searched for the end nonce.
const MAX_LINE: usize = 64 * 1024;
/// Longest text of an evidence line, in characters.
const EVIDENCE_CHARS: usize = 400;
/// Most events that are kept; more are counted.
const MAX_EVENTS: usize = 20_000;
/// How many lines before an error belong to its message at most.
const MESSAGE_LINES: usize = 8;
/// How many of the last lines that are not blank are kept as evidence.
const TAIL_LINES: usize = 5;

/// An error that ended the do-file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogError {
    /// Stata's return code: N of `r(N);`.
    pub code: u32,
    /// Line of `r(N);`.
    pub line: u64,
    /// Output between the failed command's echo and `r(N);`.
    pub message: Vec<EvidenceLine>,
}

/// Problem at the end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfLog {
    /// The end anchor follows its echo, and nothing follows the end anchor.
    Complete,
    /// No end anchor with this attempt's nonce.
    Missing,
    /// The end nonce stands elsewhere than in the anchor and its echo.
    NonceElsewhere,
    /// Something follows the end anchor.
    TextAfterEnd,
}

/// The facts of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedLog {
    /// Number of lines, with the last one even if it has no line end.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Line of the begin anchor with this attempt's nonce.
    pub begin: Option<u64>,
    /// Verdict on the end of the log.
    pub end: EndOfLog,
    /// Events that carry this attempt's nonce, in order.
    pub events: Vec<Event>,
    /// Number of events beyond the most that are kept.
    pub events_dropped: u64,
    /// The first error that ended the do-file; absent if none did.
    pub error: Option<LogError>,
    /// `r(N);` lines that did not end the do-file: text of the data, worth a warning.
    pub stray_return_codes: u64,
    /// Lines `request ignored because of batch mode`.
    pub ignored_requests: Vec<EvidenceLine>,
    /// The first lines, for refusals that come before the do-file starts.
    pub head: Vec<EvidenceLine>,
    /// The last lines that are not blank.
    pub tail: Vec<EvidenceLine>,
}

/// Reads a log piece by piece; see [`LogReader::push`] and [`LogReader::finish`].
#[derive(Debug, Clone)]
pub struct LogReader {
    begin_line: String,
    end_line: String,
    end_echo: String,
    nonces: Nonces,
    current: Vec<u8>,
    /// The current line is longer than [`MAX_LINE`].
    overlong: bool,
    nonce_in_overlong: bool,
    recent: VecDeque<EvidenceLine>,
    /// An `r(N);` that is an error if the do-file ends here.
    pending: Option<LogError>,
    echo_of_end: Option<u64>,
    end_at: Option<u64>,
    nonce_lines: u64,
    text_after_end: bool,
    /// The last event `progress` of the step that is under way.
    progress: Option<Event>,
    out: ParsedLog,
}

impl LogReader {
    /// Reads the log of the attempt that printed these nonces.
    pub fn new(run_id: &RunId, nonces: Nonces) -> Self {
        let end_line = format!("{PREFIX}end|nonce={}", nonces.end);
        Self {
            begin_line: format!("{PREFIX}begin|run={run_id}|nonce={}", nonces.begin),
            end_echo: format!(". display \"{end_line}\""),
            end_line,
            nonces,
            current: Vec::new(),
            overlong: false,
            nonce_in_overlong: false,
            recent: VecDeque::new(),
            pending: None,
            echo_of_end: None,
            end_at: None,
            nonce_lines: 0,
            text_after_end: false,
            progress: None,
            out: ParsedLog {
                lines: 0,
                bytes: 0,
                begin: None,
                end: EndOfLog::Missing,
                events: Vec::new(),
                events_dropped: 0,
                error: None,
                stray_return_codes: 0,
                ignored_requests: Vec::new(),
                head: Vec::new(),
                tail: Vec::new(),
            },
        }
    }

    /// Reads the next bytes; pieces may be cut anywhere.
    pub fn push(&mut self, mut bytes: &[u8]) {
        self.out.bytes += bytes.len() as u64;
        while let Some(at) = bytes.iter().position(|b| *b == b'\n') {
            self.extend(&bytes[..at]);
            self.end_line(true);
            bytes = &bytes[at + 1..];
        }
        self.extend(bytes);
    }

    /// Returns the last event `progress` (`done`, `total`, `what`) of the step that is under way.
    pub fn progress(&self) -> Option<&Event> {
        self.progress.as_ref()
    }

    /// Returns the events read so far, for following a run that is under way.
    ///
    /// An event `progress` is none of them; see [`Self::progress`].
    pub fn events(&self) -> &[Event] {
        &self.out.events
    }

    /// Ends the log and returns its facts.
    pub fn finish(mut self) -> ParsedLog {
        if !self.current.is_empty() || self.overlong {
            self.end_line(false);
        }
        if let Some(pending) = self.pending.take() {
            self.out.error.get_or_insert(pending);
        }
        self.out.end = match self.end_at {
            None => EndOfLog::Missing,
            Some(_) if self.nonce_lines != 2 => EndOfLog::NonceElsewhere,
            Some(_) if self.text_after_end => EndOfLog::TextAfterEnd,
            Some(_) => EndOfLog::Complete,
        };
        let skip = self.recent.len().saturating_sub(TAIL_LINES);
        self.out.tail = self.recent.into_iter().skip(skip).collect();
        self.out
    }

    /// Adds to the current line. A part beyond the kept length is searched for the end nonce and
    /// dropped, with enough overlap that a nonce across the cut is seen.
    fn extend(&mut self, bytes: &[u8]) {
        let overlap = self.nonces.end.len().saturating_sub(1);
        for piece in bytes.chunks(MAX_LINE) {
            self.current.extend_from_slice(piece);
            if self.current.len() > 2 * MAX_LINE {
                self.overlong = true;
                self.nonce_in_overlong |= contains(&self.current, self.nonces.end.as_bytes());
                // The kept head serves as evidence; the tail carries a nonce that is cut in two.
                let from = self.current.len() - overlap;
                let tail = self.current.split_off(from);
                self.current.truncate(MAX_LINE);
                self.current.extend(tail);
            }
        }
    }

    /// Ends a line; one without its line end is torn, and a torn anchor may carry half a number.
    fn end_line(&mut self, whole: bool) {
        let raw = std::mem::take(&mut self.current);
        let overlong = std::mem::take(&mut self.overlong);
        let nonce_seen = std::mem::take(&mut self.nonce_in_overlong);
        self.out.lines += 1;
        let number = self.out.lines;
        let text = String::from_utf8_lossy(&raw);
        let line = text.strip_suffix('\r').unwrap_or(&text);
        if nonce_seen || contains(&raw, self.nonces.end.as_bytes()) {
            self.nonce_lines += 1;
        }
        self.follow_end(number, line);
        self.follow_error(number, line);
        if whole && !overlong {
            self.follow_anchor(number, line);
        }
        if line.starts_with("request ignored because of batch mode") {
            self.out.ignored_requests.push(evidence(number, line));
        }
        if !line.trim().is_empty() {
            if self.out.head.len() < 40 {
                self.out.head.push(evidence(number, line));
            }
            if self.recent.len() == MESSAGE_LINES {
                self.recent.pop_front();
            }
            self.recent.push_back(evidence(number, line));
        }
    }

    fn follow_end(&mut self, number: u64, line: &str) {
        if self.end_at.is_some() {
            let allowed = line.trim().is_empty() || line == ". exit, clear" || line == "end of do-file";
            self.text_after_end |= !allowed;
        } else if line == self.end_line && self.echo_of_end == Some(number - 1) {
            self.end_at = Some(number);
        }
        if line == self.end_echo {
            self.echo_of_end = Some(number);
        }
    }

    fn follow_error(&mut self, number: u64, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if let Some(pending) = self.pending.take() {
            if line.trim_end() == "end of do-file" {
                self.out.error.get_or_insert(pending);
            } else {
                self.out.stray_return_codes += 1;
            }
        }
        if let Some(code) = return_code(line) {
            self.pending = Some(LogError { code, line: number, message: self.message() });
        }
    }

    /// The lines since the last echo.
    fn message(&self) -> Vec<EvidenceLine> {
        let start = self.recent.iter().rposition(|l| is_echo(&l.text)).map_or(0, |i| i + 1);
        self.recent.iter().skip(start).cloned().collect()
    }

    fn follow_anchor(&mut self, number: u64, line: &str) {
        if !line.starts_with(PREFIX) {
            return;
        }
        if line.trim_end() == self.begin_line {
            self.out.begin.get_or_insert(number);
            return;
        }
        let Some(event) = anchors::parse(number, line) else { return };
        if event.get("k") != Some(self.nonces.begin.as_str()) {
            return;
        }
        // for those who watch; thousands of them must not displace the events that count
        if event.kind == "progress" {
            self.progress = Some(event);
            return;
        }
        if event.kind == "step" {
            self.progress = None;
        }
        if self.out.events.len() < MAX_EVENTS {
            self.out.events.push(event);
        } else {
            self.out.events_dropped += 1;
        }
    }
}

/// Reads a whole log that is in memory.
pub fn parse_log(run_id: &RunId, nonces: &Nonces, bytes: &[u8]) -> ParsedLog {
    let mut reader = LogReader::new(run_id, nonces.clone());
    reader.push(bytes);
    reader.finish()
}

/// Returns N of a line `r(N);`, optionally with the time that `set rmsg on` adds.
fn return_code(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("r(")?;
    let (digits, rest) = rest.split_once(");")?;
    let ended = rest.is_empty() || rest.starts_with(" t=");
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (ended && plain).then(|| digits.parse().ok()).flatten()
}

/// True for lines that repeat the do-file: `. command`, `  2. command` in a block, `> ` continuations.
pub fn is_echo(line: &str) -> bool {
    if line == "." || line.starts_with(". ") || line.starts_with("> ") {
        return true;
    }
    let Some((number, _)) = line.split_once(". ") else { return false };
    let digits = number.trim_start();
    line.starts_with(' ') && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn evidence(line: u64, text: &str) -> EvidenceLine {
    let text = text.trim_end();
    let cut = text.char_indices().nth(EVIDENCE_CHARS).map_or(text.len(), |(i, _)| i);
    EvidenceLine { line, text: text[..cut].to_owned() }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    // Nonces are longer than any line's repeated prefix, so that the plain search is linear in practice;
    // an empty needle would match everything and is refused.
    !needle.is_empty()
        && haystack.len() >= needle.len()
        && haystack.windows(needle.len()).any(|w| w == needle)
}

#[cfg(test)]
#[path = "log_grammar_tests.rs"]
mod tests;
