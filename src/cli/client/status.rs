//! `client status` and `client cancel`: where the job stands, and its end.

use std::time::Duration;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::text;
use super::session::Job;
use super::watch::part_text;
use crate::cli::Exit;

/// Longest wait for the end of a run's processes.
const CANCEL_WAITS: u32 = 120;
const CANCEL_PAUSE: Duration = Duration::from_millis(500);

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub(super) struct CancelArgs {
    /// Why; it is kept with the job.
    #[arg(long)]
    reason: Option<String>,
    /// Cancel the reading of the last upload only: the job and earlier inputs stay.
    #[arg(long, conflicts_with = "no_wait")]
    upload: bool,
    /// Return at once, while the run's processes are being ended.
    #[arg(long)]
    no_wait: bool,
}

/// Shows where the job stands and what can be done.
pub(super) async fn status(job: &Job) -> Result<Exit, Failure> {
    let view = job.get("").await?;
    job.out.result(&view, || status_text(&view));
    Ok(Exit::Done)
}

/// Cancels the job and waits until its run has ended.
pub(super) async fn cancel(args: CancelArgs, job: &Job) -> Result<Exit, Failure> {
    let body = args.reason.map_or_else(|| json!({}), |reason| json!({"reason": reason}));
    if args.upload {
        let answer = job.post("/inputs/cancel", &body).await?;
        job.out.result(&answer, || text(&answer, "status"));
        return Ok(Exit::Done);
    }
    let mut answer = job.post("/cancel", &body).await?;
    for _ in 0..CANCEL_WAITS {
        let ended = matches!(answer["status"].as_str(), Some("cancelled" | "succeeded" | "failed"));
        if ended || args.no_wait {
            job.out.result(&answer, || text(&answer, "status"));
            return Ok(Exit::Done);
        }
        tokio::time::sleep(CANCEL_PAUSE).await;
        let view = job.get("").await?;
        answer = json!({"job_id": job.id, "status": view["status"]});
    }
    let message = "the run is being ended; ask again later".to_owned();
    Err(Failure::StillWorking(message, "stata-service client status"))
}

fn status_text(view: &Value) -> String {
    let mut out = format!("job       {}\n", text(view, "job_id"));
    out.push_str(&format!("question  {}\n", text(view, "requirement")));
    out.push_str(&format!("status    {}", text(view, "status")));
    if let Some(position) = view["queue"]["position"].as_u64() {
        out.push_str(&format!(", {position} jobs before this one"));
    }
    out.push('\n');
    if let Some(template) = view["selected_template_id"].as_str() {
        out.push_str(&format!("method    {}\n", crate::cli::plain::plain(template)));
    }
    let run = &view["latest_run"];
    if run.is_object() {
        out.push_str(&format!(
            "run       {}, attempt {}, {}",
            text(run, "run_id"),
            run["attempt"],
            text(run, "status")
        ));
        let progress = &run["progress"];
        if progress.is_object() {
            let step = text(progress, "step");
            let part = part_text(&progress["part"]);
            out.push_str(&format!(", step {} of {}: {step}{part}", progress["index"], progress["total"]));
        }
        if run["cause"].is_string() {
            out.push_str(&format!(" ({})", text(run, "cause")));
        }
        out.push('\n');
    }
    if let Some(expires) = view["timestamps"]["expires_at"].as_str() {
        out.push_str(&format!("kept      until {}\n", crate::cli::plain::plain(expires)));
    }
    for (n, command) in commands(view).iter().enumerate() {
        let lead = if n == 0 { "type:  " } else { "       " };
        out.push_str(&format!("{lead} {command}\n"));
    }
    out
}

/// The commands that the state of a job allows, the most useful first.
pub(super) fn commands(view: &Value) -> Vec<String> {
    let actions = view["next_actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let offered = actions.iter().filter_map(|action| command(action["action"].as_str()?));
    // who comes back to a run wants to see it first, not to end it
    let is_under_way = matches!(view["status"].as_str(), Some("queued" | "running"));
    let all = is_under_way.then_some("watch").into_iter().chain(offered);
    all.map(|command| format!("stata-service client {command}")).collect()
}

/// The commands that the state of the job allows now; `status` where it cannot be read.
pub(super) async fn next_of(job: &Job) -> Vec<String> {
    let view = job.get("").await.unwrap_or_default();
    // the later ones are for other purposes
    let next: Vec<String> = commands(&view).into_iter().take(2).collect();
    if next.is_empty() { vec!["stata-service client status".to_owned()] } else { next }
}

/// The command for an action of a job.
fn command(action: &str) -> Option<&'static str> {
    Some(match action {
        "upload_inputs" => "upload FILE",
        "state_draft" => "draft suggest",
        "freeze_plan" => "freeze",
        "run" => "run",
        "cancel" => "cancel",
        "cancel_reading" => "cancel --upload",
        "revise_plan" => "revise",
        "artifacts" => "fetch results",
        _ => return None,
    })
}
