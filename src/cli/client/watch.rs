//! `client run` and `client watch`: a run is started and followed to its verdict, which is the exit code.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};

use super::events::{Event, Events};
use super::failure::Failure;
use super::meter::{Meter, Unit, clock};
use super::output::text;
use super::results::{failure_text, shown};
use super::session::Job;
use super::status::commands;
use crate::cli::Exit;

/// How often the time is shown again.
const TICK: Duration = Duration::from_secs(1);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    /// Further formats of the results, such as xlsx,docx.
    #[arg(long, value_delimiter = ',', value_name = "FORMATS")]
    formats: Vec<String>,
    /// Return as soon as the run is queued.
    #[arg(long)]
    no_wait: bool,
}

/// Starts the frozen plan and follows it.
pub(super) async fn run(args: RunArgs, job: &Job) -> Result<Exit, Failure> {
    let body = if args.formats.is_empty() { json!({}) } else { json!({"output_formats": args.formats}) };
    let queued = job.post("/run", &body).await?;
    if args.no_wait {
        job.out.result(&queued, || {
            let status = text(&queued, "status");
            format!("{status}; `stata-service client watch` follows the run")
        });
        return Ok(Exit::Done);
    }
    watch(job).await
}

/// Follows the job until no attempt is under way; prints the results or the cause.
pub(super) async fn watch(job: &Job) -> Result<Exit, Failure> {
    let mut view = job.get("").await?;
    let status = text(&view, "status");
    if matches!(status.as_str(), "created" | "draft_ready" | "confirmed") {
        let message = format!("nothing runs: the job is {status}");
        let next = commands(&view).into_iter().take(1).collect();
        return Err(Failure::Open { message, next });
    }
    if matches!(status.as_str(), "queued" | "running") {
        follow(job, &view).await?;
        view = job.get("").await?;
    }
    conclude(job, &view).await
}

/// Reads events until the job has ended.
async fn follow(job: &Job, view: &Value) -> Result<(), Failure> {
    let since = view["version"].as_u64().unwrap_or(0);
    let out = job.out;
    let mut meter = Meter::new(out, "run", Unit::Steps, None);
    meter.set(0, None, &waiting(view));
    let lost = move |why: &str| out.note(&format!("the connection is lost ({why}); trying again"));
    let mut events = Events::new(&job.api, job.path("/events"), lost);
    let mut ticks = tokio::time::interval(TICK);
    // one for the whole time: an interrupt that comes while an event is shown would reach no later one
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    // events before this version are history; those of a run that is under way are not
    let mut version = 0;
    loop {
        let event = tokio::select! {
            event = events.next() => event?,
            // the run does not need who watches it
            interrupted = &mut interrupted => {
                meter.clear();
                let message = match interrupted {
                    Ok(()) => "the run continues at the service".to_owned(),
                    Err(error) => format!("the run continues; interrupts cannot be watched: {error}"),
                };
                return Err(Failure::StillWorking(message, "stata-service client watch"));
            }
            _ = ticks.tick() => {
                meter.tick();
                continue;
            }
        };
        let data = event.data();
        version = data["version"].as_u64().unwrap_or(version);
        let current = version >= since || event.name == "run.progress";
        if !current {
            continue;
        }
        job.out.event(&json!({"event": event.name, "data": data}));
        show(&mut meter, &event, &data);
        let ended = matches!(data["status"].as_str(), Some("succeeded" | "failed" | "cancelled"));
        if event.name == "job.status" && ended {
            meter.clear();
            return Ok(());
        }
        if event.name == "job.status" && data["status"] == "draft_ready" {
            return Err(Failure::Open {
                message: "the plan was opened again while it was watched".to_owned(),
                next: vec!["stata-service client status".to_owned()],
            });
        }
    }
}

/// The place in the queue.
fn waiting(view: &Value) -> String {
    match view["queue"]["position"].as_u64() {
        Some(0) => "next in the queue".to_owned(),
        Some(n) => format!("{n} jobs before this one"),
        None => text(view, "status"),
    }
}

fn show(meter: &mut Meter, event: &Event, data: &Value) {
    match event.name.as_str() {
        "run.queued" => {
            meter.detail(String::new());
            meter.set(0, None, "queued");
        }
        "run.started" => {
            let attempt = data["attempt"].as_u64().unwrap_or(1);
            let words = if attempt > 1 { format!("attempt {attempt} started") } else { "started".to_owned() };
            meter.set(0, None, &words);
        }
        "run.progress" => {
            let number = |name: &str| data[name].as_u64();
            meter.detail(part_text(&data["part"]));
            meter.set(number("index").unwrap_or(0), number("total"), &text(data, "step"));
        }
        _ => {}
    }
}

/// The part of a step: `, 1200 of 5000 replications, about 12 s left`.
pub(super) fn part_text(part: &Value) -> String {
    let (Some(done), Some(of)) = (part["done"].as_u64(), part["of"].as_u64()) else { return String::new() };
    let left = part["remaining_seconds"].as_u64().map(Duration::from_secs);
    let left = left.map(|left| format!(", about {} left", clock(left))).unwrap_or_default();
    format!(", {done} of {of} {}{left}", text(part, "kind"))
}

/// Prints the results of the last attempt, or why there are none.
async fn conclude(job: &Job, view: &Value) -> Result<Exit, Failure> {
    let run_id = text(&view["latest_run"], "run_id");
    let run = match run_id.as_str() {
        "" => Value::Null,
        id => job.get(&format!("/runs/{id}")).await?,
    };
    let status = text(view, "status");
    let result = json!({"event": "end", "status": status, "job_id": job.id, "run": run});
    match status.as_str() {
        "succeeded" => {
            let shown = shown(job, &run).await;
            job.out.result(&result, || shown);
            job.out.hint("client fetch results");
            Ok(Exit::Done)
        }
        "cancelled" => {
            job.out.result(&result, || "cancelled".to_owned());
            job.out.hint("client run");
            Ok(Exit::Cancelled)
        }
        _ => {
            job.out.result(&result, || failure_text(&run));
            Ok(Exit::Failed)
        }
    }
}
