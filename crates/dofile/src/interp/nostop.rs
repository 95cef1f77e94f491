//! `do, nostop`: the commands behind one that fails run too.

use super::control::end_of_chain;
use super::reader::read_lines;
use crate::error::Result;
use crate::session::{Echo, Flow, Line, Session};

/// Return code of an interrupt, which stops the file all the same.
const BREAK: i32 = 1;

impl Session {
    /// Runs a do-file text to its end and reports each error where it happens.
    pub(super) fn run_text_to_end(&mut self, text: &str, echo: Echo) -> Result<Flow> {
        let lines: Vec<Line> = read_lines(text);
        let (quiet, depth) = (self.out.quiet, self.scopes.len());
        let mut start = 0;
        while start < lines.len() {
            let next = end_of_chain(&lines, start, lines.len());
            match self.run_lines(&lines, start, next, echo) {
                Ok(Flow::Next) => {}
                Err(e) if e.code != BREAK => {
                    self.report(&e);
                    self.out.quiet = quiet;
                    self.end_command(echo);
                    while self.scopes.len() > depth {
                        self.leave_scope();
                    }
                }
                left => return left,
            }
            start = next;
        }
        Ok(Flow::Next)
    }
}
