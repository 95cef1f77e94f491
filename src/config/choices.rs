//! Settings with a closed list of words: one type each. `build.rs` has the words.

/// Environment of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Env {
    /// Word `development`: rules of the production gate do not apply.
    Development,
    /// Word `production`: the production gate is on.
    Production,
}

impl Env {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Treatment of runs when the service stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnShutdown {
    /// Word `detach`: runs continue and are adopted by the next start.
    Detach,
    /// Word `wait`: the stop waits for runs, within `worker.shutdown_timeout_seconds`.
    Wait,
}

/// Confinement of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// Word `enforce`: a run whose confinement is not complete does not start.
    Enforce,
    /// Word `best_effort`: every step that the kernel supports.
    BestEffort,
    /// Word `off`: runs are not confined.
    Off,
}

/// Model providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmProvider {
    /// Word `openai`: chat completions, also of compatible servers.
    OpenAi,
    /// Word `anthropic`: the messages of Anthropic.
    Anthropic,
}

/// Effect of a violated production rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnViolation {
    /// Word `not_ready`: the process serves health only.
    NotReady,
    /// Word `exit`: the process ends at its start.
    Exit,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Word `auto`: `Pretty` in a terminal, else `Json`.
    Auto,
    /// Word `json`: one JSON object per line.
    Json,
    /// Word `pretty`: text for people.
    Pretty,
}

/// How spans travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtelProtocol {
    /// Word `http/protobuf`: protobuf in HTTP requests.
    HttpProtobuf,
    /// Word `grpc`: gRPC over HTTP/2.
    Grpc,
}
