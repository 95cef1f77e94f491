//! Questions to a person at a terminal, and secrets that are typed without being shown.

#![expect(clippy::print_stderr, reason = "questions to a person")]

use std::io::{self, BufRead, IsTerminal, Read};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetwinsize, tcsetattr};
use secrecy::SecretString;

use super::failure::Failure;

/// Longest secret that is read, in bytes.
const MOST_SECRET: u64 = 4096;

/// Asks a question and returns the line, without blanks around it; `None` at the end of the input.
pub(super) fn ask(question: &str) -> Option<String> {
    eprint!("{question} ");
    read_line()
}

/// Asks yes or no; an empty line is yes.
pub(super) fn confirm(question: &str) -> bool {
    match ask(&format!("{question} [Y/n]")) {
        Some(line) => line.is_empty() || line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes"),
        None => false,
    }
}

/// Reads a secret: typed without an echo at a terminal, else the whole standard input.
///
/// # Errors
/// [`Failure::Usage`] if nothing was given.
pub(super) fn secret(prompt: &str) -> Result<SecretString, Failure> {
    let stdin = io::stdin();
    let text = if stdin.is_terminal() {
        // before the prompt: what is typed at once would be shown, and lost with the waiting input
        let shown = Unshown::begin();
        eprint!("{prompt}: ");
        let line = read_line();
        drop(shown);
        eprintln!();
        line.unwrap_or_default()
    } else {
        let mut text = String::new();
        let read = stdin.lock().take(MOST_SECRET).read_to_string(&mut text);
        read.map_err(|error| Failure::Usage(format!("standard input cannot be read: {error}")))?;
        text
    };
    match text.trim() {
        "" => Err(Failure::Usage(format!("{prompt} is missing: type it, or pipe it into standard input"))),
        text => Ok(text.to_owned().into()),
    }
}

/// Columns of the terminal of standard error.
pub(super) fn width() -> usize {
    match tcgetwinsize(io::stderr()) {
        Ok(size) if size.ws_col > 0 => size.ws_col.into(),
        _ => 80,
    }
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim().to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Unshown(Option<rustix::termios::Termios>);

impl Unshown {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        match tcsetattr(io::stdin(), OptionalActions::Flush, &silent) {
            Ok(()) => Self(Some(before)),
            Err(_) => Self(None),
        }
    }
}

impl Drop for Unshown {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // a terminal that is gone needs no echo
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
