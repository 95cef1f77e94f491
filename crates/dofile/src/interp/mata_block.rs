//! Blocks of Mata: `mata` or `mata:` to `end`, and `mata {` to its brace. Each line has its macros substituted when it is
//! read, as on Mata's prompt.

use super::reader::opens_block;
use crate::error::Result;
use crate::mata::Prompt;
use crate::session::{Echo, Flow, Line, Session};

/// True for `mata {` and `mata: {`.
pub(super) fn is_mata_brace(text: &str) -> bool {
    opens_block(text) && matches!(text.trim_end_matches('{').trim(), "mata" | "mata:" | "mata :")
}

/// True for the line that ends a block of Mata.
pub(super) fn ends_mata(text: &str) -> bool {
    let t = text.trim();
    let rest = t.strip_prefix("end").map(str::trim_start);
    rest.is_some_and(|r| r.is_empty() || r.starts_with("//") || (r.starts_with("/*") && t.len() > r.len()))
}

/// Length of the line before the words `mata (type end to exit)`.
const BEFORE: usize = 49;

impl Session {
    /// Runs the block between the lines `start` and `end`.
    pub(super) fn mata_block(
        &mut self,
        text: &str,
        lines: &[Line],
        start: usize,
        end: usize,
        echo: Echo,
    ) -> Result<()> {
        self.echo_line(&lines[start], echo);
        let shown = echo != Echo::Off;
        let width = self.settings.linesize.clamp(80, 255) - 1;
        if shown {
            let words = " mata (type end to exit) ";
            let after = width.saturating_sub(BEFORE + words.len());
            self.out.text(&format!("{}{words}{}\n", "-".repeat(BEFORE), "-".repeat(after)));
        }
        let header = self.expand(text.trim_end_matches('{'))?;
        self.run_prefixed(&header, |s| s.mata_lines(&lines[start + 1..end], shown))?;
        if shown {
            self.out.text(&format!(": end\n{}\n", "-".repeat(width)));
        }
        self.end_command(echo);
        Ok(())
    }

    fn mata_lines(&mut self, lines: &[Line], shown: bool) -> Result<Flow> {
        let mut prompt = Prompt::default();
        for (k, line) in lines.iter().enumerate() {
            if shown {
                for source in &line.source {
                    self.echo_text(if prompt.continues() { "> " } else { ": " }, source);
                }
            }
            let text = self.expand(&line.text)?;
            let next = lines[k + 1..].iter().map(|l| l.text.as_str()).find(|t| !t.trim().is_empty());
            prompt.line(self, &text, next)?;
            if shown && !prompt.continues() {
                self.out.end_line();
                self.out.text("\n");
            }
        }
        prompt.end()?;
        Ok(Flow::Next)
    }
}
