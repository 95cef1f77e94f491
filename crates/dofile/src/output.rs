//! Destination of printed text: the log buffer, its files and the `quietly` level.

use std::fs::File;
use std::io::Write;

/// A log that a do-file opened (`log using`).
#[derive(Debug)]
pub struct UserLog {
    /// Name of option `name()`; `<unnamed>` without it.
    pub label: String,
    /// File as the do-file names it.
    pub file_name: String,
    /// True for SMCL, false for plain text.
    pub smcl: bool,
    /// False between `log off` and `log on`.
    pub is_on: bool,
    file: File,
}

impl UserLog {
    /// A log that is on.
    pub fn new(label: &str, file_name: &str, file: File, smcl: bool) -> Self {
        Self { label: label.to_owned(), file_name: file_name.to_owned(), smcl, is_on: true, file }
    }
}

/// Collects output and writes it to the batch log and to named logs.
#[derive(Debug, Default)]
pub struct Output {
    buffer: String,
    /// True for a buffer that keeps everything (tests, captured output).
    pub keep: bool,
    main: Option<File>,
    logs: Vec<UserLog>,
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
    /// is closed: the run itself continues, and its reader sees a truncated log.
    pub fn flush(&mut self) {
        if self.keep {
            return;
        }
        if let Some(f) = &mut self.main
            && f.write_all(self.buffer.as_bytes()).is_err()
        {
            self.main = None;
        }
        let (buffer, mut as_smcl) = (&self.buffer, None);
        self.logs.retain_mut(|log| {
            let text = if log.smcl { as_smcl.get_or_insert_with(|| smcl_text(buffer)) } else { buffer };
            !log.is_on || log.file.write_all(text.as_bytes()).is_ok()
        });
        self.buffer.clear();
    }

    /// Starts a log (`log using`), as plain text or as SMCL.
    pub fn open_log(&mut self, mut log: UserLog) {
        self.flush();
        // a log that can not be written is found at the next flush
        let _ = if log.smcl { log.file.write_all(b"{smcl}\n{txt}{sf}{ul off}") } else { Ok(()) };
        self.logs.push(log);
    }

    /// Closes the log of a name, or all without one; false if there was none.
    pub fn close_logs(&mut self, label: Option<&str>) -> bool {
        self.flush();
        let before = self.logs.len();
        self.logs.retain(|log| label.is_some_and(|l| l != log.label));
        self.logs.len() < before
    }

    /// Stops writing to a log for a while, or continues; false if there is no such log.
    pub fn switch_log(&mut self, label: &str, on: bool) -> bool {
        self.flush();
        let found = self.logs.iter_mut().find(|log| log.label == label);
        found.map(|log| log.is_on = on).is_some()
    }

    /// The open logs in the order of their opening.
    pub fn logs(&self) -> &[UserLog] {
        &self.logs
    }

    /// Returns the text kept in memory, and empties it.
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
