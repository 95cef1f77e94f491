//! The program: reads its settings, serves until a signal, then drains.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use llm_simulator::{Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// A language model provider for tests: OpenAI, Anthropic and Gemini on one port, with seeded answers, latency
/// and faults.
///
/// Prints one JSON line `{"event":"ready","address":"..."}` when it serves, and `{"event":"stopped","broken_off":n}`
/// at its end. SIGTERM and SIGINT let calls that are under way end for `drain_ms`.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Address; port 0 picks a free one, which the first line of the output names.
    #[arg(long, env = "LLM_SIM_LISTEN", default_value = "127.0.0.1:0")]
    listen: String,
    /// Settings (TOML): keys, models, limits, latency, chaos, scripted answers.
    #[arg(long, env = "LLM_SIM_CONFIG")]
    config: Option<std::path::PathBuf>,
    /// Seed of everything random; overrides the settings.
    #[arg(long, env = "LLM_SIM_SEED")]
    seed: Option<u64>,
    /// A key that callers must show; may be given several times; overrides the settings.
    #[arg(long, env = "LLM_SIM_KEYS", value_delimiter = ',', hide_env_values = true)]
    key: Vec<String>,
    /// A key of the admin routes; may be given several times; overrides the settings.
    #[arg(long, env = "LLM_SIM_ADMIN_KEYS", value_delimiter = ',', hide_env_values = true)]
    admin_key: Vec<String>,
    /// Where traces go over OTLP, such as http://127.0.0.1:4318; overrides the settings.
    #[cfg(feature = "otel")]
    #[arg(long, env = "LLM_SIM_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
    /// Checks the settings, prints them whole as TOML without keys, and ends.
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "Examples:
  llm-simulator --listen 127.0.0.1:8090 --seed 7
  llm-simulator --config simulator.toml --key secret --admin-key root
  llm-simulator health --address 127.0.0.1:8090

Exit codes: 0 ended as told, 1 health is not good, 69 the address cannot be bound, 78 settings are not sound.";

#[derive(Subcommand)]
enum Command {
    /// Asks a running simulator whether it is ready; for health checks of containers.
    Health {
        /// Where it listens.
        #[arg(long, env = "LLM_SIM_LISTEN", default_value = "127.0.0.1:8090")]
        address: String,
    },
}

fn settings(arguments: &Arguments) -> Result<Settings, String> {
    let mut settings: Settings = match &arguments.config {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => Settings::default(),
    };
    settings.seed = arguments.seed.unwrap_or(settings.seed);
    if !arguments.key.is_empty() {
        settings.keys.clone_from(&arguments.key);
    }
    if !arguments.admin_key.is_empty() {
        settings.admin_keys.clone_from(&arguments.admin_key);
    }
    #[cfg(feature = "otel")]
    if arguments.otlp_endpoint.is_some() {
        settings.telemetry.endpoint.clone_from(&arguments.otlp_endpoint);
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

/// True if the simulator at this address says that it is ready.
fn is_healthy(address: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(address.replace("0.0.0.0", "127.0.0.1"))?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ask().is_ok_and(|text| text.starts_with("HTTP/1.1 200"))
}

#[cfg(feature = "otel")]
fn telemetry(settings: &Settings) -> Result<Option<edge::otel::Telemetry>, String> {
    use tracing_subscriber::layer::SubscriberExt as _;
    let Some(telemetry) = settings.start_telemetry().map_err(|e| format!("telemetry: {e}"))? else {
        return Ok(None);
    };
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::set_global_default(subscriber).map_err(|e| e.to_string())?;
    Ok(Some(telemetry))
}

fn failed(code: u8, problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::from(code)
}

async fn serve(settings: Settings, listen: &str) -> ExitCode {
    let listener = match tokio::net::TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) => return failed(69, &format!("{listen}: {error}")),
    };
    #[cfg(feature = "otel")]
    let telemetry = match telemetry(&settings) {
        Ok(telemetry) => telemetry,
        Err(problem) => return failed(78, &problem),
    };
    let simulator = Simulator::new(settings);
    #[cfg(feature = "otel")]
    let simulator = match &telemetry {
        Some(telemetry) => simulator.with_spans(telemetry.counters()),
        None => simulator,
    };
    let address = listener.local_addr().map(|a| a.to_string()).unwrap_or_default();
    println!("{}", serde_json::json!({"event": "ready", "address": address}));
    let served = simulator.serve(listener, stopped()).await;
    #[cfg(feature = "otel")]
    if let Some(telemetry) = telemetry {
        telemetry.shutdown(Duration::from_secs(2)).await;
    }
    match served {
        Ok(broken_off) => {
            println!("{}", serde_json::json!({"event": "stopped", "broken_off": broken_off}));
            ExitCode::SUCCESS
        }
        Err(error) => failed(70, &error.to_string()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Health { address }) = &arguments.command {
        return if is_healthy(address) { ExitCode::SUCCESS } else { failed(1, "not ready") };
    }
    let settings = match settings(&arguments) {
        Ok(settings) => settings,
        Err(problem) => return failed(78, &problem),
    };
    if arguments.check {
        let shown = Settings { keys: Vec::new(), admin_keys: Vec::new(), ..settings };
        return match toml::to_string(&shown) {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(error) => failed(70, &error.to_string()),
        };
    }
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(settings, &arguments.listen)),
        Err(error) => failed(70, &error.to_string()),
    }
}
