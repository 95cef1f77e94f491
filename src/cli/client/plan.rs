//! `client freeze` and `client revise`: the plan, whose every value has its source.

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{columns, text};
use super::session::Job;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Arguments of `freeze`.
#[derive(Debug, clap::Args)]
pub(super) struct FreezeArgs {
    /// Show the plan, the rows after each step and the do-file; freeze nothing.
    #[arg(long)]
    preview: bool,
    /// Seed of random numbers.
    #[arg(long)]
    seed: Option<u32>,
    /// Further formats of the results, such as xlsx,docx.
    #[arg(long, value_delimiter = ',', value_name = "FORMATS")]
    formats: Vec<String>,
    /// Accept a check at which the run would stop, such as small_group='a pilot study'; may be repeated.
    #[arg(long, value_name = "CHECK=REASON")]
    accept: Vec<String>,
}

/// Arguments of `revise`.
#[derive(Debug, clap::Args)]
pub(super) struct ReviseArgs {
    /// Why; it is kept with the plan.
    #[arg(long)]
    reason: Option<String>,
}

/// Freezes the plan, or shows what a freeze would do.
pub(super) async fn freeze(args: FreezeArgs, job: &Job) -> Result<Exit, Failure> {
    let mut body = json!({});
    if let Some(seed) = args.seed {
        body["seed"] = json!(seed);
    }
    if !args.formats.is_empty() {
        body["output_formats"] = json!(args.formats);
    }
    let accepted: Option<Vec<Value>> = args.accept.iter().map(|text| accepted(text)).collect();
    let accepted = accepted.ok_or_else(|| Failure::Usage("after --accept stands CHECK=REASON".to_owned()))?;
    if !accepted.is_empty() {
        body["acknowledged_checks"] = json!(accepted);
    }
    if args.preview {
        let preview = job.post("/plan/preview", &body).await?;
        job.out.result(&preview, || preview_text(&preview));
        return Ok(if preview["ready"] == true { Exit::Done } else { Exit::Open });
    }
    let frozen = job.post("/plan/freeze", &body).await?;
    job.out.result(&frozen, || plan_text(&frozen["plan"]));
    job.out.hint("client run");
    Ok(Exit::Done)
}

/// Reads `CHECK=REASON`.
fn accepted(text: &str) -> Option<Value> {
    let (id, reason) = text.split_once('=')?;
    (!id.is_empty() && !reason.trim().is_empty()).then(|| json!({"id": id, "reason": reason}))
}

/// Opens the draft of a frozen plan again.
pub(super) async fn revise(args: ReviseArgs, job: &Job) -> Result<Exit, Failure> {
    let body = args.reason.map_or_else(|| json!({}), |reason| json!({"reason": reason}));
    let revised = job.post("/plan/revise", &body).await?;
    job.out.result(&revised, || "the draft is open again; earlier plans and runs stay".to_owned());
    job.out.hint("client draft show");
    Ok(Exit::Done)
}

/// The identity of a plan and its bound values.
fn plan_text(plan: &Value) -> String {
    let template = &plan["template"];
    let id = text(plan, "plan_id");
    let short: String = id.chars().take(12).collect();
    let mut out = format!(
        "plan      {short}, revision {}\nmethod    {} ({} {})\n",
        plan["revision"],
        text(template, "title"),
        text(template, "template_id"),
        text(template, "version")
    );
    let parameters = plan["contract"]["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = parameters
        .iter()
        .filter(|parameter| !parameter["value"].is_null())
        .map(|parameter| {
            let value = match &parameter["value"] {
                Value::String(value) => plain(value),
                Value::Array(list) => {
                    list.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            };
            vec![text(parameter, "name"), value, source(plan, parameter)]
        })
        .collect();
    out.push_str(&columns(&rows, &[false, false, false]));
    if let Some(condition) = plan["sample_if"].as_str() {
        out.push_str(&format!("sample    {}\n", plain(condition)));
    }
    out.push_str(&format!("seed      {}\n", plan["seed"]));
    out
}

/// Who chose a value: what a draft by rules or by a model says is nobody's own choice.
fn source(plan: &Value, parameter: &Value) -> String {
    let given = text(parameter, "source");
    match (given.as_str(), plan["plan_source"].as_str()) {
        ("draft_role" | "client_parameter", Some("rules")) => "proposed by rules".to_owned(),
        ("draft_role" | "client_parameter", Some("model")) => "proposed by the model".to_owned(),
        _ => given,
    }
}

/// What a freeze would do, with the do-file.
fn preview_text(preview: &Value) -> String {
    let list = |name: &str| preview[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = plan_text(&preview["plan"]);
    for step in list("sample_flow") {
        let what = step["reason"].as_str().map_or_else(|| text(step, "step"), plain);
        out.push_str(&format!("rows      {:>8}  {what}\n", step["rows"].to_string()));
    }
    for check in list("checks") {
        let message = check["message"].as_str().map_or_else(|| text(check, "id"), plain);
        out.push_str(&format!("check     {:<5} {message}\n", text(check, "status")));
    }
    for missing in list("missing_fields_detail") {
        out.push_str(&format!("open !    {}: {}\n", text(missing, "field"), text(missing, "description")));
    }
    let do_file = preview["do_file"].as_str().unwrap_or_default();
    out.push('\n');
    // the lines of a program, each without anything that moves the cursor
    for line in do_file.lines() {
        out.push_str(&plain(line));
        out.push('\n');
    }
    out
}
