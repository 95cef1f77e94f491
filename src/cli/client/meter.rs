//! Progress: one line that is written over itself on a terminal, plain lines where standard error is a file or pipe.

#![expect(clippy::print_stderr, reason = "progress is for people")]

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::output::Out;
use super::terminal;
use crate::cli::plain::plain;

/// Characters of the bar.
const BAR: usize = 24;
/// Shortest time between two pictures of a bar.
const REDRAW: Duration = Duration::from_millis(100);

/// Longest time between two plain lines of a step that says how far it is.
const PLAIN: Duration = Duration::from_secs(10);

/// What a meter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Steps,
}

enum Style {
    Silent,
    Line,
    Plain,
}

/// The progress of one piece of work.
pub(super) struct Meter {
    style: Style,
    unit: Unit,
    label: String,
    done: u64,
    total: Option<u64>,
    words: String,
    /// How far the part is that `words` names; it changes often.
    detail: String,
    began: Instant,
    /// Where the count was at `began`: what was there before says nothing about the pace.
    base: u64,
    drawn: Option<Instant>,
    tenths: u64,
    open: bool,
}

impl Meter {
    /// A meter that shows nothing until the first [`Self::set`].
    pub(super) fn new(out: Out, label: &str, unit: Unit, total: Option<u64>) -> Self {
        let style = match (out.quiet || out.json, std::io::stderr().is_terminal()) {
            (true, _) => Style::Silent,
            (false, true) => Style::Line,
            (false, false) => Style::Plain,
        };
        Self {
            style,
            unit,
            label: label.to_owned(),
            done: 0,
            total,
            words: String::new(),
            detail: String::new(),
            began: Instant::now(),
            base: 0,
            drawn: None,
            tenths: 0,
            open: false,
        }
    }

    /// Counts what was done before this process began.
    pub(super) fn done_before(&mut self, done: u64) {
        self.base += done;
        self.done += done;
    }

    /// Uncounts what has to be done again.
    pub(super) fn take_back(&mut self, done: u64) {
        self.done = self.done.saturating_sub(done);
        self.base = self.base.min(self.done);
    }

    /// How much is done.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// How much was done before this process began.
    pub(super) fn before(&self) -> u64 {
        self.base
    }

    /// How much there is to do.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Sets how much is done, with words for the part that is under way.
    pub(super) fn set(&mut self, done: u64, total: Option<u64>, words: &str) {
        let other = self.words != words || self.total != total;
        self.done = done;
        self.total = total;
        words.clone_into(&mut self.words);
        match self.style {
            Style::Silent => {}
            Style::Line => {
                if other || self.drawn.is_none_or(|at| at.elapsed() >= REDRAW) {
                    self.draw();
                }
            }
            Style::Plain => self.print(other),
        }
    }

    /// Sets how far the part under way is; the next [`Self::set`] shows it.
    pub(super) fn detail(&mut self, detail: String) {
        self.detail = detail;
    }

    /// Shows the time again, while nothing else changes.
    pub(super) fn tick(&mut self) {
        if matches!(self.style, Style::Line) && self.open {
            self.draw();
        }
    }

    /// The work has ended; `words` is its result.
    pub(super) fn end(&mut self, words: &str) {
        match self.style {
            Style::Silent => {}
            Style::Line => {
                self.clear();
                eprintln!("{}  {}", self.label, plain(words));
            }
            Style::Plain => eprintln!("{}  {}", self.label, plain(words)),
        }
        self.open = false;
    }

    /// Leaves the line, so that other text does not run into it.
    pub(super) fn clear(&mut self) {
        if matches!(self.style, Style::Line) && self.open {
            eprint!("\r{}\r", " ".repeat(terminal::width().saturating_sub(1)));
            self.open = false;
        }
    }

    fn share(&self) -> Option<f64> {
        self.total.filter(|total| *total > 0).map(|total| (self.done as f64 / total as f64).min(1.0))
    }

    fn draw(&mut self) {
        let bar = match self.share() {
            Some(share) => {
                let full = (share * BAR as f64).round() as usize;
                format!("[{}{}] {:>3.0} %", "=".repeat(full), " ".repeat(BAR - full), share * 100.0)
            }
            None => format!("[{}]", ".".repeat(BAR)),
        };
        let line = format!("{}  {bar} {}", self.label, self.told());
        let width = terminal::width().saturating_sub(1);
        let line: String = line.chars().take(width).collect();
        eprint!("\r{line}{}", " ".repeat(width.saturating_sub(line.chars().count())));
        (self.drawn, self.open) = (Some(Instant::now()), true);
    }

    /// A line for each part of the work, each tenth of a count, and once in a while.
    fn print(&mut self, other: bool) {
        let tenths = (self.share().unwrap_or(0.0) * 10.0) as u64;
        let news = match self.unit {
            Unit::Steps => other || self.drawn.is_none_or(|at| at.elapsed() >= PLAIN),
            Unit::Bytes => tenths > self.tenths,
        };
        if news {
            eprintln!("{}  {}", self.label, self.told());
            self.drawn = Some(Instant::now());
        }
        self.tenths = tenths;
    }

    fn told(&self) -> String {
        let amount = match (self.unit, self.total) {
            (Unit::Bytes, Some(total)) => format!("{} of {}", size(self.done), size(total)),
            (Unit::Bytes, None) => size(self.done),
            (Unit::Steps, Some(total)) if total > 0 => format!("{} of {total}", self.done),
            (Unit::Steps, _) => String::new(),
        };
        let words = plain(&format!("{}{}", self.words, self.detail));
        let time = clock(self.began.elapsed());
        let left = self.left().map(|left| format!(", about {} left", clock(left))).unwrap_or_default();
        let parts = [amount, words, format!("{time}{left}")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// The time left at the pace so far; only where a count of equal parts says something about it.
    fn left(&self) -> Option<Duration> {
        let (elapsed, total) = (self.began.elapsed(), self.total?);
        let since = self.done.checked_sub(self.base).filter(|since| *since > 0)?;
        if self.unit == Unit::Steps || elapsed < Duration::from_secs(2) || self.done >= total {
            return None;
        }
        Some(elapsed.mul_f64((total - self.done) as f64 / since as f64))
    }
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if amount < 1000.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} TB")
}

/// A time for people: `4 s`, `2:05`, `1:02:05`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_are_written_for_people() {
        assert_eq!([size(999), size(1_000), size(2_147_483_648)], ["999 B", "1.0 kB", "2.1 GB"]);
        let times = [4, 125, 3_725].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(times, ["4 s", "2:05", "1:02:05"]);
    }
}
