//! The command line: one file per subcommand.

pub mod api_key;
pub mod audit;
pub mod backup;
pub mod capsule;
mod client;
mod config_show;
pub mod demo;
mod dofile;
mod exit;
mod files;
mod gate;
mod health;
pub mod library;
mod library_docs;
pub mod migrate;
mod openapi;
mod plain;
pub mod replay_draft;
pub mod restore;
mod retention;
mod serve;
mod serve_options;
mod shell;
mod start_errors;
pub mod store;
pub mod task_code;
mod traces;
mod version;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::build::bootstrap_key;
use crate::app::control::{RequestError, Target};
use crate::config::{Flags, Settings};
pub use exit::Exit;

/// Runs empirical analyses: a question and data in, a frozen plan, a real run and checkable numbers out.
#[derive(Debug, Parser)]
#[command(name = "stata-service", version, disable_help_subcommand = true)]
struct Cli {
    /// Settings file (TOML); also `SS_CONFIG`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API.
    Serve(serve::Args),
    /// Run the main workflow end to end on bundled data.
    Demo(demo::Args),
    /// Run a do-file with the open engine: `dofile -b do FILE.do`.
    #[command(disable_help_flag = true)]
    Dofile(dofile::Args),
    /// Use a service from the command line, as analyst or operator.
    Client(client::ClientArgs),
    /// Create task codes.
    TaskCode(task_code::TaskCodeArgs),
    /// Create, list, rotate and revoke API keys.
    ApiKey(api_key::ApiKeyArgs),
    /// Migrate records of older releases.
    Migrate(migrate::MigrateArgs),
    /// Verify the audit chain.
    Audit(audit::AuditArgs),
    /// Check, export, rebuild, move and migrate the store.
    Store(store::StoreArgs),
    /// Remove expired content, or list it.
    Retention(retention::RetentionArgs),
    /// Back up the data directory, or verify a backup.
    Backup(backup::BackupArgs),
    /// Restore a backup into a new data directory.
    Restore(restore::RestoreArgs),
    /// Verify a capsule, or repeat its run.
    Capsule(capsule::CapsuleArgs),
    /// Replay a model's draft and plan from the stored evidence, without a network.
    ReplayDraft(replay_draft::ReplayDraftArgs),
    /// Show the settings that are in force.
    Config(config_show::Args),
    /// Evaluate every rule of the production gate.
    Gate(gate::Args),
    /// Ask a running service whether it is ready.
    Health(health::Args),
    /// Print the OpenAPI document of the HTTP interface.
    Openapi,
    /// Print completions for a shell.
    Completions(shell::CompletionsArgs),
    /// Write the manual pages.
    Manual(shell::ManualArgs),
    /// Print the version.
    Version(version::Args),
    /// Check, index and rank the do-template library.
    Library(library::LibraryArgs),
}

/// Runs the command line of this process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    exit::end_quietly_where_nobody_reads();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not faults; a closed output is nobody's fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let config = cli.config;
    match cli.command {
        Command::Library(args) => library::run(&args),
        Command::Serve(args) => serve::run(args, config).into(),
        Command::Demo(args) => demo(args).into(),
        Command::Dofile(args) => dofile::run(args),
        Command::Client(args) => client::run(args).into(),
        Command::TaskCode(args) => on_store(config, async move |target| task_code::run(args, &target).await),
        Command::ApiKey(args) => on_store(config, async move |target| api_key::run(args, &target).await),
        Command::Migrate(args) => on_store(config, async move |target| migrate::run(args, &target).await),
        Command::Audit(args) => on_store(config, async move |target| audit::run(args, &target).await),
        Command::Store(args) => on_store(config, async move |target| store::run(args, &target).await),
        Command::Retention(args) => on_store(config, async move |target| retention::run(args, &target).await),
        Command::Backup(args) => on_store(config, async move |target| backup::run(args, &target).await),
        Command::Restore(args) => restore::run(args, config).into(),
        Command::Capsule(args) => capsule::run(&args).into(),
        Command::ReplayDraft(args) => replay_draft::run(&args, config).into(),
        Command::Config(args) => config_show::run(args, config).into(),
        Command::Gate(args) => gate::run(&args, config).into(),
        Command::Health(args) => health::run(args, config).into(),
        Command::Openapi => openapi::run().into(),
        Command::Completions(args) => shell::completions(&args, Cli::command()).into(),
        Command::Manual(args) => shell::manual(&args, Cli::command()).into(),
        Command::Version(args) => version::run(&args).into(),
    }
}

/// Loads the settings, or prints every problem.
///
/// # Errors
/// [`Exit::Config`].
#[expect(clippy::print_stderr, reason = "problems of settings are for the person who starts the program")]
pub(crate) fn settings(flags: &Flags) -> Result<Settings, Exit> {
    crate::config::load(flags).map_err(|problems| {
        for problem in problems {
            eprintln!("{problem}");
        }
        Exit::Config
    })
}

#[expect(clippy::print_stderr, reason = "the failure of a command for people")]
fn demo(args: demo::Args) -> Exit {
    let outcome = runtime().and_then(|runtime| runtime.block_on(demo::run(args)));
    match outcome {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            Exit::Failed
        }
    }
}

/// Runs a command on the store of the settings: through its owner, or directly.
#[expect(clippy::print_stderr, reason = "the failure of a command for people")]
fn on_store(
    config: Option<PathBuf>,
    command: impl AsyncFnOnce(Target) -> Result<Exit, RequestError>,
) -> ExitCode {
    let settings = match settings(&Flags { config, values: Vec::new() }) {
        Ok(settings) => settings,
        Err(exit) => return exit.into(),
    };
    let bootstrap_key = match bootstrap_key(settings.admin.bootstrap_key.as_ref()) {
        Ok(key) => key,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Config.into();
        }
    };
    let target = Target {
        retention: serve::retention(&settings),
        files: files::files(&settings.files),
        data_dir: settings.data_dir,
        database_url: settings.store.database_url,
        wait: Duration::from_secs(settings.store.lock_wait),
        bootstrap_key,
        token_days: settings.tokens.job_days,
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Internal.into();
        }
    };
    match runtime.block_on(command(target)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Builds the asynchronous runtime.
fn runtime() -> Result<tokio::runtime::Runtime, demo::DemoError> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
