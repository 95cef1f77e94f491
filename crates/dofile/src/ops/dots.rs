//! Dots of replications: one for each, a number for every tenth, `x` for one that failed. They reach the log one by
//! one, so that a reader of the log sees how far the work is.

use crate::format;
use crate::session::Session;

/// Dots on a line.
const ON_A_LINE: usize = 50;

/// The dots of one piece of work.
#[derive(Debug)]
pub(crate) struct Dots {
    shown: usize,
}

impl Dots {
    /// Prints the title with the number of replications.
    pub(crate) fn begin(s: &mut Session, title: &str, count: usize) -> Self {
        s.out.end_line();
        let count = format::bare("%12.0fc", count as f64);
        s.out.text(&format!("{title} ({}): ", count.trim()));
        s.out.flush();
        Self { shown: 0 }
    }

    /// Prints the dot of the next replication.
    pub(crate) fn dot(&mut self, s: &mut Session, failed: bool) {
        self.shown += 1;
        Self::mark(s, self.shown, if failed { 'x' } else { '.' });
    }

    /// Prints the mark of a replication, its number in place of every tenth dot.
    pub(crate) fn mark(s: &mut Session, number: usize, mark: char) {
        let tenth = number.is_multiple_of(10) && mark == '.';
        let text = if tenth { number.to_string() } else { mark.to_string() };
        s.out.text(&text);
        if number.is_multiple_of(ON_A_LINE) {
            s.out.text("\n");
        }
        s.out.flush();
    }

    /// Prints the end.
    pub(crate) fn end(self, s: &mut Session) {
        s.out.text(" done\n");
    }
}
