//! Commands as they are written into the log.

use crate::session::{Echo, Line, Session};

impl Session {
    /// A blank line after the output of an echoed command.
    pub(super) fn end_command(&mut self, echo: Echo) {
        if echo != Echo::Off {
            let quiet = std::mem::take(&mut self.out.quiet);
            self.out.end_line();
            self.out.quiet = quiet;
        }
        if echo == Echo::On {
            self.out.text("\n");
        }
        if self.scopes.len() == 1 {
            self.out.flush();
        }
    }

    pub(super) fn echo_line(&mut self, line: &Line, echo: Echo) {
        if echo != Echo::Off {
            for (k, s) in line.source.iter().enumerate() {
                self.echo_text(if k == 0 { ". " } else { "> " }, s);
            }
        }
    }

    /// Echo of one physical line, wrapped at the line size.
    pub(super) fn echo_text(&mut self, prompt: &str, source: &str) {
        let width = self.settings.linesize.max(40);
        let chars: Vec<char> = format!("{prompt}{source}").chars().collect();
        let mut at = 0;
        let mut first = true;
        while first || at < chars.len() {
            let room = if first { width } else { width - 2 };
            let end = (at + room).min(chars.len());
            let piece: String = chars[at..end].iter().collect();
            self.out.text(&if first { piece } else { format!("> {piece}") });
            self.out.text("\n");
            at = end;
            first = false;
        }
    }
}
