//! `input` with the rows behind it ([D] input).

use super::reader::first_word;
use crate::commands::language::input_heading;
use crate::error::Result;
use crate::session::{Echo, Flow, Line, Session};

impl Session {
    /// Runs `input` with the rows behind it; the names stand above rows that are shown.
    pub(super) fn input_block(&mut self, text: &str, block: &[Line], echo: Echo) -> Result<Flow> {
        self.echo_line(&block[0], echo);
        let header = self.expand(text)?;
        if echo != Echo::Off && first_word(text).starts_with("inp") {
            let names = input_heading(self, &header);
            self.echo_text("", "");
            self.echo_text("", &names);
        }
        self.echo_rows(&block[1..], 0, echo);
        let rows: Vec<String> = block[1..block.len() - 1].iter().map(|l| l.text.clone()).collect();
        let flow = self.run_prefixed_input(&header, &rows)?;
        self.end_command(echo);
        Ok(flow)
    }
}
