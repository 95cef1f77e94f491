//! The client of the command line as a person has it: a home folder, an environment, a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use super::app::{ADMIN_KEY, PATIENCE};

/// A home folder with the environment of a person.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub home: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Standard output of a command that succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.out
    }

    /// Standard output as one JSON object.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The error of a command with `--json`, whose exit code it names.
    pub(crate) fn error(&self) -> Value {
        let line = self.err.lines().last().unwrap_or_default();
        let document: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {self:?}"));
        let error = document["error"].clone();
        assert_eq!(error["exit_code"], self.code, "{error}");
        error
    }
}

impl Client {
    /// A person who knows the address of a service and nothing else.
    pub(crate) fn of(home: &Path, server: &str) -> Self {
        std::fs::create_dir_all(home).expect("a home");
        Self { home: home.to_owned(), variables: Vec::new() }.with("SS_SERVER", server)
    }

    /// Without a variable.
    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// With one more variable.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, not yet started, in the home folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stata-service"));
        command.arg("client").args(words).env_clear().current_dir(&self.home);
        command.env("PATH", "/usr/bin:/bin").env("HOME", &self.home).env("LANG", "C.UTF-8");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Done {
        self.fed(words, "")
    }

    /// Runs a command to its end with a text as standard input.
    pub(crate) fn fed(&self, words: &[&str], input: &str) -> Done {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("starts");
        // a command that reads nothing may be over already
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        let done = child.wait_with_output().expect("ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Done { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Saves the key of the tests.
    pub(crate) fn login(&self) {
        self.fed(&["login"], ADMIN_KEY).ok();
    }

    /// A file of the home folder with this content.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.home.join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The file of saved credentials.
    pub(crate) fn saved(&self) -> PathBuf {
        self.home.join(".config/stata-service/client.json")
    }

    /// Starts a command at a terminal of 100 columns.
    pub(crate) fn at_terminal(&self, words: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("named").into_string().expect("text");
        let slave = || File::options().read(true).write(true).open(&name).expect("opened");
        let size = rustix::termios::Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).expect("sized");
        let mut command = self.command(words);
        let child = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().expect("starts");
        drop(command);
        let keys = File::from(master);
        let mut screen = keys.try_clone().expect("a second handle");
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // the terminal ends with an error once the command has closed it
            while let Ok(n) = screen.read(&mut piece) {
                if n == 0 || sender.send(String::from_utf8_lossy(&piece[..n]).into_owned()).is_err() {
                    break;
                }
            }
        });
        Terminal { child, keys, shown, text: String::new(), at: 0 }
    }
}

/// A command at a terminal.
pub(crate) struct Terminal {
    pub child: Child,
    keys: File,
    shown: Receiver<String>,
    text: String,
    at: usize,
}

impl Terminal {
    /// Waits until a text is shown that was not waited for before.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.text[self.at..].find(text) {
                self.at += found + text.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left.min(Duration::from_secs(60))) {
                Ok(piece) => self.text.push_str(&piece),
                Err(_) => panic!("{text:?} is not shown:\n{}", self.text),
            }
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
    }

    /// Waits for the end; returns the exit code and all that was shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        let status = self.child.wait().expect("ends");
        while let Ok(piece) = self.shown.recv_timeout(Duration::from_millis(200)) {
            self.text.push_str(&piece);
        }
        (status.code().unwrap_or(-1), self.text)
    }
}
