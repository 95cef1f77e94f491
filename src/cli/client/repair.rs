//! `client repair`: the data steps that the reader of the file offers, applied by a person's choice.

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::text;
use super::session::Job;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Arguments of `repair`.
#[derive(Debug, clap::Args)]
pub(super) struct RepairArgs {
    /// Numbers of the offered steps to apply; without numbers they are listed.
    numbers: Vec<usize>,
    /// Take every repair out of the draft.
    #[arg(long, conflicts_with = "numbers")]
    undo: bool,
}

/// Lists offered repairs, puts chosen ones into the draft, or takes all out again.
pub(super) async fn repair(args: RepairArgs, job: &Job) -> Result<Exit, Failure> {
    let seen = job.get("/inputs/preview?rows=1&columns=1").await?;
    let offers: Vec<(String, Value)> = seen["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|remark| {
            let message = text(remark, "message");
            let steps = remark["repairs"].as_array().cloned().unwrap_or_default();
            steps.into_iter().map(move |step| (message.clone(), step))
        })
        .collect();
    if args.numbers.is_empty() && !args.undo {
        let listed: Vec<Value> =
            offers.iter().map(|(remark, step)| json!({"remark": remark, "step": step})).collect();
        job.out.result(&json!({"repairs": listed}), || listing(&offers));
        return Ok(Exit::Done);
    }
    let draft = job.get("/draft/preview").await?;
    let mut steps = draft["data_steps"].as_array().cloned().unwrap_or_default();
    if args.undo {
        steps.retain(|step| matches!(step["kind"].as_str(), Some("merge" | "append")));
    }
    for number in &args.numbers {
        let offer = number.checked_sub(1).and_then(|n| offers.get(n));
        let (_, step) = offer.ok_or_else(|| {
            Failure::Usage(format!("there is no repair {number}; {} are offered", offers.len()))
        })?;
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    // repairs come before merges and appends, and dropped rows before conversions
    steps.sort_by_key(|step| match step["kind"].as_str() {
        Some("drop_rows") => 0,
        Some("convert") => 1,
        _ => 2,
    });
    let patched = job.post("/draft/patch", &json!({"field_updates": {"data_steps": steps}})).await?;
    let draft = &patched["draft_preview"];
    job.out.result(draft, || format!("the draft has {} data steps; the file stays as it is", steps.len()));
    job.out.hint("client freeze --preview");
    Ok(Exit::Done)
}

fn listing(offers: &[(String, Value)]) -> String {
    if offers.is_empty() {
        return "no repair is offered for these data".to_owned();
    }
    let mut out = String::new();
    let mut shown = "";
    for (n, (remark, step)) in offers.iter().enumerate() {
        if shown != remark {
            out.push_str(&format!("{remark}\n"));
            shown = remark;
        }
        out.push_str(&format!("  {}  {}\n", n + 1, step_text(step)));
    }
    out.push_str("type:   stata-service client repair NUMBER\n");
    out
}

fn step_text(step: &Value) -> String {
    match step["kind"].as_str() {
        Some("drop_rows") => format!("leave out the rows {}", step["rows"]),
        Some("convert") => format!("read {} as {}", text(step, "column"), text(step, "to")),
        _ => plain(&step.to_string()),
    }
}
