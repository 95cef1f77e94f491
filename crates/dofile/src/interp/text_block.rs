//! Blocks of text of a document: `putdocx textblock begin` or `append` to `putdocx textblock end` ([RPT] putdocx
//! paragraph). The lines between them are text: they have neither macros nor comments.

use super::reader::without_prefixes;
use crate::commands::documents::text_block;
use crate::error::Result;
use crate::session::{Echo, Flow, Line, Session};

/// True for a line that starts a block of text.
pub(super) fn opens(text: &str) -> bool {
    is_textblock(text, |word| word == "begin" || word == "append")
}

/// True for the line that ends a block of text.
pub(super) fn ends(text: &str) -> bool {
    is_textblock(text, |word| word == "end")
}

fn is_textblock(text: &str, wanted: impl Fn(&str) -> bool) -> bool {
    let mut words = without_prefixes(text);
    (words.next(), words.next()) == (Some("putdocx"), Some("textblock"))
        && words.next().is_some_and(|word| wanted(word.split(',').next().unwrap_or(word)))
}

impl Session {
    /// Runs the block between the lines `start` and `end`.
    pub(super) fn text_block(
        &mut self,
        lines: &[Line],
        start: usize,
        end: usize,
        echo: Echo,
    ) -> Result<Flow> {
        self.echo_block(lines, start, end, 0, echo);
        let header = self.expand(lines[start].text.trim())?;
        let text: Vec<String> = lines[start + 1..end].iter().flat_map(|l| l.source.clone()).collect();
        let flow = self.run_prefixed(&header, |s| {
            let words = header.find("textblock").map_or("", |at| &header[at + "textblock".len()..]);
            text_block(s, words, &text).map(|()| Flow::Next)
        })?;
        self.end_command(echo);
        Ok(flow)
    }
}
