//! The program: reads its settings, serves until a signal, then drains.

use std::process::ExitCode;

use clap::Parser;
use llm_simulator::{Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// A language model provider for tests.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address; port 0 picks a free one, which the first line of the output names.
    #[arg(long, env = "LLM_SIM_LISTEN", default_value = "127.0.0.1:0")]
    listen: String,
    /// Settings (TOML): keys, models, latency, chaos, scripted answers.
    #[arg(long, env = "LLM_SIM_CONFIG")]
    config: Option<std::path::PathBuf>,
    /// Seed of everything random; overrides the settings.
    #[arg(long, env = "LLM_SIM_SEED")]
    seed: Option<u64>,
    /// A key that callers must show; may be given several times; overrides the settings.
    #[arg(long, env = "LLM_SIM_KEYS", value_delimiter = ',')]
    key: Vec<String>,
}

fn settings(arguments: &Arguments) -> Result<Settings, String> {
    let mut settings = match &arguments.config {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => Settings::default(),
    };
    if let Some(seed) = arguments.seed {
        settings.seed = seed;
    }
    if !arguments.key.is_empty() {
        settings.keys.clone_from(&arguments.key);
    }
    settings.check()?;
    Ok(settings)
}

async fn stopped() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match settings(&arguments) {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(78);
        }
    };
    let listener = match tokio::net::TcpListener::bind(&arguments.listen).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{}: {error}", arguments.listen);
            return ExitCode::from(69);
        }
    };
    let address = listener.local_addr().map(|a| a.to_string()).unwrap_or_default();
    println!("{}", serde_json::json!({"event": "ready", "address": address}));
    match Simulator::new(settings).serve(listener, stopped()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(70)
        }
    }
}
