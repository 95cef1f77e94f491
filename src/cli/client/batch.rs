//! `client batch` and `client compare`: several specifications of the job's data, and estimates of runs side by side.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::address::segment;
use super::failure::Failure;
use super::meter::{Meter, Unit};
use super::output::{columns, text};
use super::results::number;
use super::session::Job;
use super::status::next_of;
use crate::cli::Exit;
use crate::cli::plain::plain;

/// Most specifications side by side; more stand below one another.
const BESIDE: usize = 5;

/// Arguments of `batch`.
#[derive(Debug, clap::Args)]
pub(super) struct BatchArgs {
    /// A dependent variable; each one is a choice.
    #[arg(long, value_name = "COLUMN")]
    outcome: Vec<String>,
    /// A set of controls, such as age,sex, or none; each one is a choice.
    #[arg(long, value_name = "COLUMNS")]
    controls: Vec<String>,
    /// A condition on the rows, or all; each one is a choice.
    #[arg(long, value_name = "CONDITION")]
    sample: Vec<String>,
    /// A kind of standard errors of the method, such as robust or cluster=firm; each one is a choice.
    #[arg(long, value_name = "KIND")]
    vce: Vec<String>,
    /// The whole request as JSON, as docs/batches.md has it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["outcome", "controls", "sample", "vce"])]
    file: Option<PathBuf>,
    /// Name of the batch.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Run the others where some cannot be frozen.
    #[arg(long)]
    skip_invalid: bool,
    /// Show the specifications and what is against them; run nothing.
    #[arg(long)]
    preview: bool,
}

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// A batch of the job, the last one without an id; without this the succeeded runs of the job.
    #[arg(long, value_name = "BATCH", num_args = 0..=1)]
    batch: Option<Option<String>>,
    /// Term whose estimates make the specification curve.
    #[arg(long, value_name = "TERM")]
    term: Option<String>,
}

/// Runs every combination of the choices and prints the estimates side by side.
pub(super) async fn batch(args: BatchArgs, job: &Job) -> Result<Exit, Failure> {
    let body = body(&args)?;
    if args.preview {
        let preview = job.post("/batch/preview", &body).await?;
        job.out.result(&preview, || cells_text(&preview));
        return Ok(if preview["ready"] == true { Exit::Done } else { Exit::Open });
    }
    let made = job.post("/batches", &body).await?;
    let id = text(&made, "batch_id");
    job.out.note(&format!("batch {id}: it continues when this command is ended; compare --batch shows it"));
    let path = format!("/batches/{}", segment(&id));
    let mut meter = Meter::new(job.out, "batch", Unit::Steps, None);
    let ended = loop {
        let seen = job.get(&path).await?;
        let (done, total) = (&seen["progress"]["ended"], &seen["progress"]["total"]);
        meter.set(done.as_u64().unwrap_or(0), total.as_u64(), "specifications");
        let Some(pause) = seen["poll_after_seconds"].as_f64() else { break seen };
        tokio::time::sleep(Duration::from_secs_f64(pause.clamp(0.2, 10.0))).await;
    };
    meter.clear();
    if ended["counts"]["succeeded"].as_u64().unwrap_or(0) > 0 {
        let language = job.language().await;
        let compared = job.get(&format!("{path}/comparison?language={language}")).await?;
        job.out.result(&compared, || compared_text(&compared));
    } else {
        job.out.result(&ended, || cells_text(&ended));
    }
    Ok(if ended["status"] == "succeeded" { Exit::Done } else { Exit::Failed })
}

/// Prints estimates side by side.
pub(super) async fn compare(args: CompareArgs, job: &Job) -> Result<Exit, Failure> {
    let term = args.term.as_ref().map(|term| format!("&term={}", segment(term))).unwrap_or_default();
    let query = format!("?language={}{term}", job.language().await);
    let compared = match args.batch {
        Some(named) => {
            let known = match named {
                Some(id) => id,
                None => text(&job.get("/batches").await?["batches"][0], "batch_id"),
            };
            if known.is_empty() {
                return Err(nothing(
                    "the job has no batch",
                    "stata-service client batch --controls none --controls COLUMNS",
                ));
            }
            job.get(&format!("/batches/{}/comparison{query}", segment(&known))).await?
        }
        None => {
            let answer = job.get("/runs").await?;
            let all = answer["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
            let has_estimates = |run: &&Value| {
                run["status"] == "succeeded" && run["results"].as_array().is_some_and(|r| !r.is_empty())
            };
            let chosen: Vec<Value> = all
                .iter()
                .filter(has_estimates)
                .map(|run| json!({"job_id": job.id, "run_id": run["run_id"]}))
                .collect();
            if chosen.is_empty() {
                let message = "the job has no run with estimates".to_owned();
                return Err(Failure::Open { message, next: next_of(job).await });
            }
            job.api.post(&format!("/v1/comparisons{query}"), &json!({"runs": chosen})).await?
        }
    };
    // the service takes the usual term where no specification has the one that was asked for
    if let Some(asked) = args.term.filter(|asked| !text(&compared, "term").contains(asked.as_str())) {
        job.out.note(&format!(
            "no specification estimates {asked}; the curve is that of {}",
            text(&compared, "term")
        ));
    }
    job.out.result(&compared, || compared_text(&compared));
    Ok(Exit::Done)
}

fn nothing(message: &str, next: &str) -> Failure {
    Failure::Open { message: message.to_owned(), next: vec![next.to_owned()] }
}

/// The request of a batch: that of the file, or the choices as axes.
fn body(args: &BatchArgs) -> Result<Value, Failure> {
    let mut body = match &args.file {
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| Failure::read(path, error))?;
            let refuse = |error| Failure::Usage(format!("{} is no JSON: {error}", path.display()));
            serde_json::from_slice::<Value>(&bytes).map_err(refuse)?
        }
        None => json!({"axes": axes(args)?}),
    };
    if !body.is_object() {
        return Err(Failure::Usage("the request of a batch is a JSON object".to_owned()));
    }
    if let Some(title) = &args.title {
        body["title"] = json!(title);
    }
    if args.skip_invalid {
        body["skip_invalid"] = json!(true);
    }
    Ok(body)
}

fn axes(args: &BatchArgs) -> Result<Value, Failure> {
    let given = [&args.outcome, &args.controls, &args.sample, &args.vce];
    if given.iter().all(|choices| choices.is_empty()) {
        let words =
            "give the choices, such as --controls none --controls age,sex, or the request with --file";
        return Err(Failure::Usage(words.to_owned()));
    }
    let mut axes = json!({});
    let mut put = |name: &str, choices: Vec<Value>| {
        if !choices.is_empty() {
            axes[name] = json!(choices);
        }
    };
    put("outcomes", args.outcome.iter().map(|column| json!(column)).collect());
    let set = |text: &String| match text.trim() {
        "" | "none" => json!({"label": "none", "columns": []}),
        names => json!({"columns": names.split(',').map(str::trim).collect::<Vec<_>>()}),
    };
    put("controls", args.controls.iter().map(set).collect());
    let condition = |text: &String| match text.trim() {
        "" | "all" => json!({"label": "all rows"}),
        condition => json!({"condition": condition}),
    };
    put("samples", args.sample.iter().map(condition).collect());
    let kind = |text: &String| match text.split_once('=') {
        Some((vce, columns)) => json!({"vce": vce, "cluster_var": columns}),
        None => json!({"vce": text}),
    };
    put("variance", args.vce.iter().map(kind).collect());
    Ok(axes)
}

/// The specifications, each with its state and what is against it.
fn cells_text(batch: &Value) -> String {
    let cells = batch["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
    let list = |value: &Value, name: &str| {
        let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|one| text(one, name)).collect::<Vec<_>>().join(", ")
    };
    let row = |cell: &Value| {
        let why = match list(&cell["refusals"], "message") {
            why if why.is_empty() => text(cell, "cause"),
            why => why,
        };
        vec![format!("({})", cell["index"]), text(cell, "status"), list(&cell["choices"], "label"), why]
    };
    columns(&cells.iter().map(row).collect::<Vec<_>>(), &[true, false, false, false])
}

/// The curve in sentences, then every term with its standard error below, then the rows and the names of the columns.
fn compared_text(compared: &Value) -> String {
    let list = |name: &str| compared[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let sentences = list("sentences").iter().chain(list("notes")).filter_map(Value::as_str);
    let mut out: String = sentences.map(|said| format!("- {}\n", plain(said))).collect();
    let specifications = list("columns");
    let name = |column: &Value| format!("({})", column["index"]);
    for (part, some) in specifications.chunks(BESIDE).enumerate() {
        let first = part * BESIDE;
        let mut rows =
            vec![std::iter::once("term".to_owned()).chain(some.iter().map(name)).collect::<Vec<_>>()];
        for term in list("terms") {
            let of = |member: &str, shown: &dyn Fn(f64) -> String| -> Vec<String> {
                let cell =
                    |n: usize| term["results"][first + n][member].as_f64().map(shown).unwrap_or_default();
                (0..some.len()).map(cell).collect()
            };
            let estimates = of("estimate", &number);
            if estimates.iter().all(String::is_empty) {
                continue;
            }
            rows.push(std::iter::once(text(term, "label")).chain(estimates).collect());
            let errors = of("std_error", &|x| format!("({})", number(x)));
            rows.push(std::iter::once(String::new()).chain(errors).collect());
        }
        let used = some
            .iter()
            .map(|column| column["observations"].as_f64().map(|n| format!("{n:.0}")).unwrap_or_default());
        rows.push(std::iter::once("rows used".to_owned()).chain(used).collect());
        let right: Vec<bool> = (0..=some.len()).map(|n| n > 0).collect();
        out.push_str(&format!("\n{}", columns(&rows, &right)));
    }
    out.push('\n');
    let about = |column: &Value| {
        let facts =
            ["template_id", "outcome", "sample", "std_errors", "reason"].map(|fact| text(column, fact));
        let warned = column["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let warned = warned.iter().map(|check| format!("warning {}", text(check, "id")));
        let caption = std::iter::once(text(column, "caption"));
        let facts = facts.into_iter().chain(caption).chain(warned).filter(|fact| !fact.is_empty());
        vec![name(column), text(column, "name"), facts.collect::<Vec<_>>().join("; ")]
    };
    out.push_str(&columns(&specifications.iter().map(about).collect::<Vec<_>>(), &[true, false, false]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(given: &[&str]) -> BatchArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: BatchArgs,
        }
        let line = std::iter::once("batch").chain(given.iter().copied());
        <Line as clap::Parser>::try_parse_from(line).map(|line| line.args).expect("arguments")
    }

    #[test]
    fn choices_become_axes() {
        let given = [
            "--controls",
            "none",
            "--controls",
            "age,sex",
            "--sample",
            "all",
            "--sample",
            "age > 30",
            "--vce",
            "cluster=firm",
        ];
        let body = body(&args(&given)).expect("a body");
        let wanted = json!({"axes": {
            "controls": [{"label": "none", "columns": []}, {"columns": ["age", "sex"]}],
            "samples": [{"label": "all rows"}, {"condition": "age > 30"}],
            "variance": [{"vce": "cluster", "cluster_var": "firm"}],
        }});
        assert_eq!(body, wanted);
        assert!(matches!(super::body(&args(&[])), Err(Failure::Usage(_))), "a batch without choices is none");
    }

    #[test]
    fn estimates_stand_side_by_side_and_move_no_cursor() {
        let compared = json!({
            "sentences": ["2 of 2 have an estimate."],
            "columns": [{"index": 1, "name": "none", "observations": 90.0}, {"index": 2, "name": "age\u{1b}[2J", "reason": "it failed"}],
            "terms": [{"term": "x", "label": "x", "results": [{"estimate": 0.5, "std_error": 0.25}, null]}],
        });
        let shown = compared_text(&compared);
        let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
        for line in [
            &["x", "0.500000"][..],
            &["(0.250000)"],
            &["rows", "used", "90"],
            &["(2)", "age\\u{1b}[2J", "it", "failed"],
        ] {
            assert!(lines.iter().any(|shown| shown == line), "{line:?} in\n{shown}");
        }
    }
}
