//! `stata-service client`: the work of an analyst at a terminal or in a script, against any service. It uses the HTTP
//! interface alone, with the permissions of its credential.

mod account;
mod address;
mod advice;
pub(super) mod api;
mod ask;
mod batch;
mod draft;
mod events;
pub(super) mod failure;
mod fetch;
mod form;
mod inputs;
mod meter;
pub(super) mod output;
mod plan;
mod repair;
mod results;
mod saved;
mod session;
mod status;
mod suggestion;
mod tables;
mod terminal;
mod upload;
mod watch;

use clap::{Args, Subcommand};

use self::failure::Failure;
use self::output::Out;
use self::session::{Connection, Session};
use super::{Exit, runtime};
use crate::config::client_environment;

/// Use a service from the command line.
#[derive(Debug, Args)]
pub(super) struct ClientArgs {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: ClientCommand,
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    /// Save an API key for a service; it is typed, piped, or comes from `SS_TOKEN`.
    Login(account::LoginArgs),
    /// Forget everything that is saved of a service.
    Logout,
    /// Redeem a task code for a question; the job's token is saved.
    Redeem(account::RedeemArgs),
    /// Ask a question about files: redeem, upload, and suggest a draft with reasons.
    Ask(ask::AskArgs),
    /// Upload files as the inputs of the job.
    Upload(upload::UploadArgs),
    /// Show the data as the service read them.
    Inputs(inputs::InputsArgs),
    /// Choose the sheet of a workbook.
    Sheet(inputs::SheetArgs),
    /// List the offered repairs of the data, or apply some.
    Repair(repair::RepairArgs),
    /// Show, change or suggest the draft.
    #[command(subcommand)]
    Draft(draft::DraftCommand),
    /// Freeze the plan.
    Freeze(plan::FreezeArgs),
    /// Open the draft of a frozen plan again.
    Revise(plan::ReviseArgs),
    /// Run the frozen plan and follow it; the exit code is the verdict.
    Run(watch::RunArgs),
    /// Follow the run that is under way; the exit code is the verdict.
    Watch,
    /// Show the results of a run.
    Results(results::ResultsArgs),
    /// Run several specifications of the data: outcomes, controls, samples, standard errors.
    Batch(batch::BatchArgs),
    /// Compare the estimates of runs, or of a batch, side by side.
    Compare(batch::CompareArgs),
    /// Fetch the files of a run, each checked against its hash.
    Fetch(fetch::FetchArgs),
    /// Write the capsule of a succeeded run.
    Capsule(fetch::CapsuleArgs),
    /// Show where the job stands and what to type next.
    Status,
    /// List jobs.
    Jobs(account::JobsArgs),
    /// Cancel the job.
    Cancel(status::CancelArgs),
    /// Create task codes, with a key that may do so.
    #[command(subcommand)]
    Code(account::CodeCommand),
}

/// Runs a command of the client.
pub(super) fn run(args: ClientArgs) -> Exit {
    let plain = Out { json: args.connection.json(), quiet: false, chinese: false };
    let session = client_environment()
        .map_err(Failure::Usage)
        .and_then(|environment| Session::new(args.connection, environment));
    let mut session = match session {
        Ok(session) => session,
        Err(failure) => {
            plain.failure(&failure);
            return failure.exit();
        }
    };
    let out = session.out;
    let Ok(runtime) = runtime() else { return Exit::Internal };
    match runtime.block_on(dispatch(args.command, &mut session)) {
        Ok(exit) => exit,
        Err(mut failure) => {
            runtime.block_on(name_allowed(&mut failure, &session));
            out.failure(&failure);
            failure.exit()
        }
    }
}

/// Refusals of a command that does not fit the state of the job.
const OF_STATE: [&str; 5] =
    ["JOB_ILLEGAL_TRANSITION", "JOB_LOCKED", "PLAN_MISSING", "RUN_NOT_SUCCEEDED", "DRAFT_NOT_FOUND"];

/// Adds to such a refusal the commands that the job's state allows.
async fn name_allowed(failure: &mut Failure, session: &Session) {
    let Failure::Refused(refusal) = failure else { return };
    if let (true, Ok(job)) = (OF_STATE.contains(&refusal.code.as_str()), session.job()) {
        refusal.allowed = status::next_of(&job).await;
        // what a frozen plan holds fast is opened first
        if ["JOB_ILLEGAL_TRANSITION", "JOB_LOCKED"].contains(&refusal.code.as_str()) {
            refusal.allowed.sort_by_key(|command| !command.ends_with(" revise"));
        }
    }
}

async fn dispatch(command: ClientCommand, session: &mut Session) -> Result<Exit, Failure> {
    match command {
        ClientCommand::Login(args) => account::login(args, session).await,
        ClientCommand::Logout => account::logout(session),
        ClientCommand::Redeem(args) => account::redeem(args, session).await,
        ClientCommand::Ask(args) => ask::ask(args, session).await,
        ClientCommand::Code(command) => account::code(command, session).await,
        ClientCommand::Jobs(args) => account::jobs(args, session).await,
        ClientCommand::Upload(args) => upload::upload(args, &session.job()?).await,
        ClientCommand::Inputs(args) => inputs::inputs(args, &session.job()?).await,
        ClientCommand::Sheet(args) => inputs::sheet(args, &session.job()?).await,
        ClientCommand::Repair(args) => repair::repair(args, &session.job()?).await,
        ClientCommand::Draft(command) => draft::run(command, &session.job()?).await,
        ClientCommand::Freeze(args) => plan::freeze(args, &session.job()?).await,
        ClientCommand::Revise(args) => plan::revise(args, &session.job()?).await,
        ClientCommand::Run(args) => watch::run(args, &session.job()?).await,
        ClientCommand::Watch => watch::watch(&session.job()?).await,
        ClientCommand::Results(args) => results::results(args, &session.job()?).await,
        ClientCommand::Batch(args) => batch::batch(args, &session.job()?).await,
        ClientCommand::Compare(args) => batch::compare(args, &session.job()?).await,
        ClientCommand::Fetch(args) => fetch::fetch(args, &session.job()?).await,
        ClientCommand::Capsule(args) => fetch::capsule(args, &session.job()?).await,
        ClientCommand::Status => status::status(&session.job()?).await,
        ClientCommand::Cancel(args) => status::cancel(args, &session.job()?).await,
    }
}
