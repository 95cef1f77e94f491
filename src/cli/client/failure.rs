//! Why a command of the client ends early: the words for people, the next command to type, and the exit code.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::advice::{advice, next_commands};
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Most similar names that are shown for one that does not exist.
const MOST_CANDIDATES: usize = 3;

/// A problem document of the service.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub context: Value,
    pub trace_id: String,
    pub retryable: bool,
    pub retry_after: Option<u64>,
    /// Commands that the state of the job allows, where the code says that it does not allow the one that was typed.
    pub allowed: Vec<String>,
}

/// Why a command ends early.
#[derive(Debug)]
pub(in crate::cli) enum Failure {
    /// The words of the command line do not fit.
    Usage(String),
    /// There is no server, job or credential; the second text is the command to type.
    Unknown(String, &'static str),
    /// The service refused.
    Refused(Box<Refusal>),
    /// Nobody answers at the address.
    Unreachable { server: String, cause: String },
    /// What answers is not the service, or not what it recorded.
    Unexpected(String),
    /// A file of the user cannot be read.
    Read(PathBuf, io::Error),
    /// A file cannot be written.
    Write(PathBuf, io::Error),
    /// Points of the draft are open; the commands settle them.
    Open { message: String, next: Vec<String> },
    /// The work continues at the service; the command asks again.
    StillWorking(String, &'static str),
    /// The person said no.
    Declined(&'static str),
}

impl Failure {
    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        Self::Read(path.to_owned(), error)
    }

    pub(super) fn write(path: &Path, error: io::Error) -> Self {
        Self::Write(path.to_owned(), error)
    }

    /// The refusal's code; empty for every other failure.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            _ => "",
        }
    }

    /// Returns the exit code, as `docs/cli.md` lists them.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Unknown(..) => Exit::NoPermission,
            Self::Refused(refusal) => match refusal.status {
                401 | 403 => Exit::NoPermission,
                _ if refusal.code == "PLAN_FREEZE_MISSING_REQUIRED" => Exit::Open,
                _ if refusal.code == "DRAFT_CONFIRM_BLOCKED" => Exit::Open,
                408 | 429 | 502..=504 | 507 => Exit::Later,
                500.. => Exit::Internal,
                _ => Exit::DataError,
            },
            Self::Unreachable { .. } => Exit::Unavailable,
            Self::Unexpected(_) => Exit::Internal,
            Self::Read(..) => Exit::NoInput,
            Self::Write(..) => Exit::Io,
            Self::Open { .. } => Exit::Open,
            Self::StillWorking(..) => Exit::Later,
            Self::Declined(_) => Exit::Open,
        }
    }

    /// What happened, in one sentence.
    fn message(&self) -> String {
        match self {
            Self::Usage(text) | Self::Unknown(text, _) | Self::Unexpected(text) => text.clone(),
            Self::Refused(refusal) => refusal.message.clone(),
            Self::Unreachable { server, cause } => format!("{server} cannot be reached: {cause}"),
            Self::Read(path, error) => format!("{} cannot be read: {error}", path.display()),
            Self::Write(path, error) => format!("{} cannot be written: {error}", path.display()),
            Self::Open { message, .. } => message.clone(),
            Self::StillWorking(text, _) => text.clone(),
            Self::Declined(text) => (*text).to_owned(),
        }
    }

    /// What to do about it.
    fn advice(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => advice(&refusal.code).map(str::to_owned),
            Self::Unreachable { .. } => Some(
                "Check the address and that the service runs (`stata-service health --url URL` on its host)."
                    .to_owned(),
            ),
            Self::Unexpected(_) => {
                Some("Check the address: another program, or a proxy, may serve it.".to_owned())
            }
            _ => None,
        }
    }

    fn next(&self) -> Vec<String> {
        match self {
            Self::Unknown(_, command) | Self::StillWorking(_, command) => vec![(*command).to_owned()],
            Self::Refused(refusal) if !refusal.allowed.is_empty() => refusal.allowed.clone(),
            Self::Refused(refusal) => next_commands(refusal),
            Self::Open { next, .. } => next.clone(),
            _ => Vec::new(),
        }
    }

    /// Fields of the context that name the place: each `path: reason`.
    fn details(&self) -> Vec<String> {
        let Self::Refused(refusal) = self else { return Vec::new() };
        let text = |entry: &Value, name: &str| entry[name].as_str().map(str::to_owned);
        let errors = refusal.context["errors"].as_array().into_iter().flatten();
        let mut lines: Vec<String> = errors
            .filter_map(|entry| {
                let reason = text(entry, "reason").or_else(|| {
                    let candidates = entry["candidates"].as_array()?.iter().filter_map(Value::as_str);
                    let candidates: Vec<&str> = candidates.take(MOST_CANDIDATES).collect();
                    Some(format!("{} (similar: {})", text(entry, "column")?, candidates.join(", ")))
                })?;
                Some(format!("{}: {reason}", text(entry, "path")?))
            })
            .collect();
        let blockers = refusal.context["blockers"].as_array().into_iter().flatten();
        lines.extend(blockers.filter_map(|b| b.as_str().map(str::to_owned).or_else(|| text(b, "reason"))));
        // the message has them already where there is one
        let reason =
            |line: &str| line.split_once(": ").map_or(line.to_owned(), |(_, reason)| reason.to_owned());
        lines.retain(|line| !refusal.message.contains(&reason(line)));
        lines
    }

    /// The failure for people: sentence, places, advice, commands.
    pub(super) fn text(&self) -> String {
        let mut out = format!("error: {}", plain(&self.message()));
        if let Self::Refused(refusal) = self {
            out.push_str(&format!(" ({})", plain(&refusal.code)));
        }
        for line in self.details() {
            out.push_str(&format!("\n  {}", plain(&line)));
        }
        if let Some(advice) = self.advice() {
            out.push_str(&format!("\nadvice: {advice}"));
        }
        for (n, command) in self.next().iter().enumerate() {
            let lead = if n == 0 { "type:  " } else { "       " };
            out.push_str(&format!("\n{lead} {}", plain(command)));
        }
        if let Self::Refused(refusal) = self
            && refusal.status >= 500
        {
            out.push_str(&format!("\ntrace:  {}", plain(&refusal.trace_id)));
        }
        out
    }

    /// The failure for programs.
    pub(super) fn json(&self) -> Value {
        let mut out = json!({
            "error": {
                "message": self.message(),
                "advice": self.advice(),
                "next": self.next(),
                "exit_code": self.exit() as u8,
            }
        });
        if let Self::Refused(refusal) = self {
            out["error"]["error_code"] = json!(refusal.code);
            out["error"]["status"] = json!(refusal.status);
            out["error"]["context"] = refusal.context.clone();
            out["error"]["trace_id"] = json!(refusal.trace_id);
        }
        out
    }
}
