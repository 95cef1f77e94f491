//! Executes do-files: reading lines, substituting macros, control flow,
//! prefixes, programs. What single commands do is in `commands`.

mod control;
mod dispatch;
mod echo;
mod expand;
mod extended;
mod extended_more;
mod for_lists;
mod input_block;
mod mata_block;
mod nostop;
mod older;
mod operators;
mod prefix;
mod program;
mod reader;
mod syntax_pattern;
mod syntax_statement;
mod table_options;
mod text_block;

pub use reader::read_lines;

use crate::commands::{CommandSpec, Interpreter, registry};
use crate::error::Result;
use crate::session::{Echo, Flow, Session};

impl Interpreter for Session {
    fn command(&self, word: &str) -> Option<&'static CommandSpec> {
        registry::find(word)
    }

    fn run_text(&mut self, text: &str, echo: Echo) -> Result<Flow> {
        let lines = read_lines(text);
        self.run_lines(&lines, 0, lines.len(), echo)
    }

    fn run_text_to_end(&mut self, text: &str, echo: Echo) -> Result<Flow> {
        Session::run_text_to_end(self, text, echo)
    }

    fn run_expanded(&mut self, text: &str) -> Result<Flow> {
        Session::run_expanded(self, text)
    }

    fn substituted(&mut self, text: &str) -> Result<String> {
        self.expand(text)
    }

    fn extended_function(&mut self, text: &str) -> Result<String> {
        Session::extended_function(self, text)
    }

    fn syntax_statement(&mut self, pattern: &str) -> Result<()> {
        Session::syntax_statement(self, pattern)
    }
}

impl Session {
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
}
