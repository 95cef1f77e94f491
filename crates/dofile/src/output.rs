//! Where printed text goes: the log buffer, its files and the `quietly` level.

use std::fs::File;
use std::io::Write;

/// Collects output and writes it to the batch log and to named logs.
#[derive(Debug, Default)]
pub struct Output {
    buffer: String,
    /// True for a buffer that keeps everything (tests, captured output).
    pub keep: bool,
    main: Option<File>,
    named: Option<(String, File, bool)>,
    /// Depth of `quietly`; output is dropped while above 0.
    pub quiet: usize,
    /// Column of the cursor on the current line, in characters.
    pub column: usize,
    /// True when the echo of commands goes to the log too.
    pub echo: bool,
}

impl Output {
    /// Output that is kept in memory.
    pub fn in_memory() -> Self {
        Self { keep: true, ..Self::default() }
    }

    /// Output that goes to a file as it is flushed.
    pub fn to_file(file: File) -> Self {
        Self { main: Some(file), echo: true, ..Self::default() }
    }

    /// Appends text unless quiet.
    pub fn text(&mut self, s: &str) {
        if self.quiet == 0 {
            self.force(s);
        }
    }

    /// Appends a line unless quiet.
    pub fn line(&mut self, s: &str) {
        if self.quiet == 0 {
            self.force(s);
            self.force("\n");
        }
    }

    /// Appends text even under `quietly`.
    pub fn force(&mut self, s: &str) {
        self.buffer.push_str(s);
        match s.rfind('\n') {
            Some(i) => self.column = s[i + 1..].chars().count(),
            None => self.column += s.chars().count(),
        }
        if self.buffer.len() > 1 << 16 {
            self.flush();
        }
    }

    /// Ends the line if something is on it.
    pub fn end_line(&mut self) {
        if self.column > 0 {
            self.text("\n");
        }
    }

    /// Writes what is buffered to the log files. A log that can not be written
    /// is closed: the run itself goes on, and its reader sees a truncated log.
    pub fn flush(&mut self) {
        if self.keep {
            return;
        }
        if let Some(f) = &mut self.main
            && f.write_all(self.buffer.as_bytes()).is_err()
        {
            self.main = None;
        }
        if let Some((_, f, smcl)) = &mut self.named {
            let written = match smcl {
                true => f.write_all(smcl_text(&self.buffer).as_bytes()),
                false => f.write_all(self.buffer.as_bytes()),
            };
            if written.is_err() {
                self.named = None;
            }
        }
        self.buffer.clear();
    }

    /// Starts a named log (`log using`), as plain text or as SMCL.
    pub fn open_log(&mut self, name: &str, mut file: File, smcl: bool) {
        self.flush();
        // a log that can not be written is found at the next flush
        let _ = if smcl { file.write_all(b"{smcl}\n{txt}{sf}{ul off}") } else { Ok(()) };
        self.named = Some((name.to_string(), file, smcl));
    }

    /// Closes the named log and returns its name.
    pub fn close_log(&mut self) -> Option<String> {
        self.flush();
        self.named.take().map(|(name, ..)| name)
    }

    /// Name of the open log.
    pub fn log_name(&self) -> Option<&str> {
        self.named.as_ref().map(|(n, ..)| n.as_str())
    }

    /// What was kept in memory, and empties it.
    pub fn take(&mut self) -> String {
        self.column = 0;
        std::mem::take(&mut self.buffer)
    }
}

/// Text as SMCL shows it unchanged: braces are directives there ([P] smcl).
fn smcl_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '{' => out.push_str("{c -(}"),
            '}' => out.push_str("{c )-}"),
            c => out.push(c),
        }
    }
    out
}
