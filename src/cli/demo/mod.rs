//! `stata-service demo`: the main job end to end over HTTP, on bundled data, with the real service, which
//! is killed and started again in the middle of the run.

mod client;
mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::Client;
use server::Server;

/// The bundled data: a survey of pay (see `assets/stata_do_library/datasets/README.md`).
const PAY: &[u8] = include_bytes!("../../../assets/stata_do_library/datasets/pay.csv");
const QUESTION: &str =
    "What is the effect of schooling on pay, holding work experience, sex and sector constant?";
/// Longest wait for the run.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep the data directory and print its path.
    #[arg(long)]
    keep: bool,
}

/// Why the demo ended early.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A step did not do what the demo shows.
    #[error("{0}")]
    Failed(String),
    /// A file, or the child process of the service.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
    /// A request to the service.
    #[error("the service could not be reached: {0}")]
    Http(#[from] reqwest::Error),
}

/// Runs the workflow.
///
/// # Errors
/// [`DemoError`] names the step that failed.
#[expect(clippy::print_stdout, reason = "the output of a command for people")]
pub async fn run(args: Args) -> Result<(), DemoError> {
    let mut folder = Folder::create(args.keep)?;
    let started = Instant::now();
    let mut server = Server::start(&folder.path).await?;
    println!("service   {} (engine: {}, data: {})", server.address(), server.engine(), folder.path.display());
    let mut client = Client::new(server.address());

    let code = client.make_task_code(server.admin_key()).await?;
    let redeemed = client.redeem(&code, QUESTION).await?;
    println!("redeem    job {}", text(&redeemed, "job_id"));
    println!("          question: {QUESTION}");

    let uploaded = client.upload("pay.csv", PAY).await?;
    let main = &uploaded["datasets"][0];
    println!("inputs    pay.csv, {} rows, {} columns", main["row_count"], main["column_count"]);

    let draft = client
        .put_draft(&json!({
            "roles": {"outcome_var": "log_pay", "regressors": ["schooling", "years_work"],
                      "controls": ["female", "sector"]},
            "categorical_vars": ["sector"],
            "sample_if": "age >= 18"
        }))
        .await?;
    println!(
        "draft     template {} (chosen by {})",
        text(&draft["template"], "template_id"),
        text(&draft["template"], "chosen_by")
    );

    let plan = client.freeze().await?;
    let contract = &plan["plan"]["contract"];
    println!(
        "plan      {} with {} bound parameters and {} declared outputs",
        &text(&plan["plan"], "plan_id")[..12],
        contract["bound"].as_object().map_or(0, serde_json::Map::len),
        contract["outputs"].as_array().map_or(0, Vec::len)
    );

    client.run().await?;
    let at = wait_until_running(&client).await?;
    server.kill()?;
    println!("run       the service was killed (SIGKILL) while the job was {at}");
    let restarted = Instant::now();
    server = Server::start(&folder.path).await?;
    client.moved_to(server.address());
    println!("          started again in {} ms", restarted.elapsed().as_millis());
    let job = wait_for_end(&client).await?;
    let run = &job["latest_run"];
    if text(&job, "status") != "succeeded" {
        let detail = client.latest_run_detail(text(run, "run_id")).await?;
        folder.keep = true;
        return Err(DemoError::Failed(format!(
            "the run ended {} ({}); evidence: {}; files in {}",
            text(&job, "status"),
            text(run, "cause"),
            detail["evidence"],
            folder.path.display()
        )));
    }
    println!("          attempt {} {}", run["attempt"], text(run, "status"));

    let artifacts = client.artifacts().await?;
    let saved = save_artifacts(&client, &artifacts, text(run, "run_id"), &folder.path).await?;
    print_estimates(&saved)?;
    for name in ["main.do", "main.log", "table_coefficients.csv", "table_fit.csv", "fig_coef_plot.svg"] {
        println!("{name:<24}{}", saved.join(name).display());
    }
    server.stop().await?;
    println!("done      in {:.1} s", started.elapsed().as_secs_f64());
    folder.results = Some(saved);
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

/// The demo's folder: data and results. Results stay; data go unless `--keep`.
struct Folder {
    path: PathBuf,
    keep: bool,
    results: Option<PathBuf>,
}

impl Folder {
    fn create(keep: bool) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("stata-service-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, keep, results: None })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        let data = self.path.join("data");
        // What is left behind is a temporary folder.
        let _ = std::fs::remove_dir_all(data);
        if self.results.is_none() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Polls until the engine works, or the attempt is over; returns the job's status.
async fn wait_until_running(client: &Client) -> Result<String, DemoError> {
    let started = Instant::now();
    loop {
        let job = client.job().await?;
        let status = text(&job, "status");
        let working = text(&job["latest_run"], "phase") == "running";
        if working || !matches!(status, "queued" | "running") || started.elapsed() > TIMEOUT {
            return Ok(status.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Polls until the job ends, printing each new step of the template.
#[expect(clippy::print_stdout, reason = "the output of a command for people")]
async fn wait_for_end(client: &Client) -> Result<Value, DemoError> {
    let started = Instant::now();
    let mut shown = String::new();
    loop {
        let job = client.job().await?;
        let progress = &job["latest_run"]["progress"];
        let step = text(progress, "step");
        if !step.is_empty() && step != shown {
            println!("          step {} of {}: {step}", progress["index"], progress["total"]);
            step.clone_into(&mut shown);
        }
        if matches!(text(&job, "status"), "succeeded" | "failed" | "cancelled") {
            return Ok(job);
        }
        if started.elapsed() > TIMEOUT {
            return Err(DemoError::Failed(format!("the job is still {}", text(&job, "status"))));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn save_artifacts(
    client: &Client,
    list: &Value,
    run_id: &str,
    folder: &Path,
) -> Result<PathBuf, DemoError> {
    let target = folder.join("results");
    std::fs::create_dir_all(&target)?;
    let prefix = format!("artifacts/runs/{run_id}/");
    for artifact in list["artifacts"].as_array().into_iter().flatten() {
        let rel_path = text(artifact, "rel_path");
        if let Some(name) = rel_path.strip_prefix(&prefix).filter(|name| !name.contains('/')) {
            std::fs::write(target.join(name), client.artifact(rel_path).await?)?;
        }
    }
    Ok(target)
}

#[expect(clippy::print_stdout, reason = "the output of a command for people")]
fn print_estimates(results: &Path) -> Result<(), DemoError> {
    let unreadable = |e: csv::Error| DemoError::Failed(format!("table_coefficients.csv: {e}"));
    let mut reader = csv::Reader::from_path(results.join("table_coefficients.csv")).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name);
    let names = ["term", "estimate", "std_error", "p_value", "ci_low", "ci_high"];
    println!();
    println!(
        "{:<16}{:>12}{:>12}{:>10}{:>12}{:>12}",
        "term", "estimate", "std. error", "p", "95% low", "high"
    );
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let cell = |name: &str| column(name).and_then(|i| record.get(i)).unwrap_or("");
        let number = |name: &str| {
            cell(name).parse::<f64>().map_or_else(|_| cell(name).to_owned(), |x| format!("{x:.6}"))
        };
        let p = cell("p_value").parse::<f64>().map_or_else(|_| String::new(), |p| format!("{p:.4}"));
        println!(
            "{:<16}{:>12}{:>12}{:>10}{:>12}{:>12}",
            cell(names[0]),
            number(names[1]),
            number(names[2]),
            p,
            number(names[4]),
            number(names[5])
        );
    }
    println!();
    Ok(())
}
