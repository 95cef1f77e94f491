//! Executes do-files: reading lines, substituting macros, control flow,
//! prefixes, programs. What single commands do is in `commands`.

mod control;
mod dispatch;
mod expand;
mod extended;
mod prefix;
mod program;
mod reader;
mod syntax_statement;

pub use reader::read_lines;

use crate::error::{Result, StataError};
use crate::session::{Echo, Flow, Session};

impl Session {
    /// Runs the text of a do-file in the current scope.
    pub fn run_text(&mut self, text: &str, echo: Echo) -> Result<Flow> {
        let lines = read_lines(text);
        self.run_lines(&lines, 0, lines.len(), echo)
    }

    /// Runs a do-file text and returns what it printed and its return code (tests, examples).
    pub fn run_captured(&mut self, text: &str) -> (String, i32) {
        let result = self.run_text(text, Echo::Off);
        let rc = match result {
            Ok(_) => 0,
            Err(e) => {
                self.report(&e);
                e.code
            }
        };
        (self.out.take(), rc)
    }

    /// Prints an error and its code as the interactive window does.
    pub fn report(&mut self, e: &StataError) {
        self.out.quiet = 0;
        self.out.end_line();
        if !e.message.is_empty() {
            self.out.line(&e.message);
        }
        self.out.line(&format!("r({});", e.code));
    }
}
