//! Renderings of real runs: every format is read back and compared with the tables of the run; the route, its
//! refusals, and formats that are asked for before the run.

use std::collections::{BTreeSet, HashMap};
use std::io::{Cursor, Read};
use std::time::Duration;

use calamine::{Data, DataType, Reader, Xlsx};
use serde_json::{Value, json};
use stata_service::domain::job::JobStatus;
use stata_service::domain::layout::SETS_DIR;
use stata_service::ports::workspace::Workspace;
use stata_service::worker::Drain;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::worker_harness::WorkerHarness;

/// A row of a table: column → text.
pub(super) type Row = HashMap<String, String>;

/// The bundled survey of pay with a Chinese column.
fn pay() -> String {
    include_str!("../../../assets/stata_do_library/datasets/pay.csv").replacen("schooling", "受教育年限", 1)
}

/// A job with a frozen plan: a regression with a text column as categories.
async fn frozen(app: &TestApp, formats: &[&str]) -> Job {
    let job = app.job("").await;
    app.upload(&job, "工资.csv", pay()).await.ok();
    let draft = json!({
        "template_id": "linear.ols_robust", "outcome_var": "log_pay", "categorical_vars": ["region"],
        "roles": {"regressors": ["受教育年限", "years_work"], "controls": ["female", "region"]},
    });
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({"output_formats": formats})).await.ok();
    job
}

pub(super) async fn succeeded(app: &TestApp, job: &Job, body: &Value) -> String {
    app.post(job, "/run", body).await.ok();
    let ended = app.wait_for_end(job).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    ended["latest_run"]["run_id"].as_str().expect("a run").to_owned()
}

pub(super) async fn render(app: &TestApp, job: &Job, run: &str, body: &Value) -> Answer {
    loop {
        let answer = app.post(job, &format!("/runs/{run}/render"), body).await;
        // on a loaded machine the answer may come before the files
        if answer.status != 202 {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_say_their_terms_in_the_words_of_the_data() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.upload(&job, "pay.csv", pay()).await.ok();
    let draft = json!({
        "template_id": "linear.ols_robust", "outcome_var": "log_pay", "categorical_vars": ["region"],
        "roles": {"regressors": ["region", "years_work"]},
    });
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let run = succeeded(&app, &job, &json!({})).await;
    let seen = app.get(&job, &format!("/runs/{run}")).await.ok();
    let rows = seen["results"].as_array().expect("a list");
    let label = |term: &str| rows.iter().find(|row| row["term"] == term).map(|row| &row["label"]);
    // `encode` numbers texts in their order
    let data = pay();
    let levels: BTreeSet<&str> = data.lines().skip(1).filter_map(|line| line.split(',').nth(10)).collect();
    for (at, level) in levels.iter().enumerate().skip(1) {
        let term = format!("{}.ss_c_region", at + 1);
        assert_eq!(label(&term), Some(&json!(format!("region: {level}"))), "{rows:?}");
    }
    assert_eq!(label("years_work"), Some(&Value::Null), "a name without a label is its own label");
    app.stop().await;
}

/// Rows of a published table, by column.
pub(super) async fn table(app: &TestApp, job: &Job, run: &str, file: &str) -> Vec<Row> {
    let bytes = app.artifact(job, &format!("artifacts/runs/{run}/{file}")).await;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// Downloads the only artifact of a format.
pub(super) async fn download(app: &TestApp, job: &Job, answer: &Value, ending: &str) -> Vec<u8> {
    let all = answer["artifacts"].as_array().expect("a list");
    let named = |a: &&Value| a["rel_path"].as_str().is_some_and(|p| p.ends_with(ending));
    let found: Vec<&Value> = all.iter().filter(named).collect();
    assert!(!found.is_empty(), "{ending} is among {answer}");
    app.artifact(job, found[0]["rel_path"].as_str().expect("a path")).await
}

/// The texts of a docx in order, and the names of its parts.
pub(super) fn docx_text(bytes: Vec<u8>) -> (String, Vec<String>) {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let names = zip.file_names().map(|n| n.expect("a name").into_owned()).collect();
    let mut xml = String::new();
    zip.by_name("word/document.xml").expect("the document").read_to_string(&mut xml).expect("UTF-8");
    // Tags become line ends: each text of the document is a line.
    let (mut text, mut inside) = (String::new(), false);
    for c in xml.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push('\n');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    (text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), names)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_shows_the_numbers_of_the_tables() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, &[]).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let body = json!({"formats": ["xlsx", "docx", "tex", "pdf", "png", "dta"], "stars": true, "decimals": 4});
    let answer = render(&app, &job, &run, &body).await.ok();
    assert_eq!(answer["skipped"], json!([]));
    let rows = table(&app, &job, &run, "table_coefficients.csv").await;
    assert!(rows.len() >= 6, "{rows:?}");
    let number = |row: &Row, column: &str| -> f64 { row[column].parse().expect("a number") };
    // Expected texts: the CSV's numbers to four decimals.
    let printed: Vec<(String, String)> = rows
        .iter()
        .map(|r| (format!("{:.4}", number(r, "estimate")), format!("({:.4})", number(r, "std_error"))))
        .collect();
    let (docx, parts) = docx_text(download(&app, &job, &answer, ".docx").await);
    let tex = String::from_utf8(download(&app, &job, &answer, ".tex").await).expect("UTF-8");
    // documents for people have the minus sign, U+2212
    let on_paper = |number: &str| number.replace('-', "\u{2212}");
    assert!(printed.iter().any(|(estimate, _)| estimate.starts_with('-')), "{printed:?}");
    for (estimate, error) in &printed {
        assert!(
            docx.contains(&on_paper(estimate)) && docx.contains(error.as_str()),
            "{estimate} {error} in\n{docx}"
        );
        let hyphened = estimate.starts_with('-') && docx.contains(estimate.as_str());
        assert!(!hyphened, "a hyphen in\n{docx}");
        let signed = estimate.strip_prefix('-').map_or(estimate.clone(), |rest| format!("$-${rest}"));
        assert!(tex.contains(&signed) && tex.contains(error.as_str()), "{signed} {error} in\n{tex}");
    }
    let observations: String = table(&app, &job, &run, "table_fit.csv").await[0]["value"].clone();
    for text in
        ["受教育年限", "Observations", observations.as_str(), "heteroskedasticity-robust", "*** p < 0.01"]
    {
        assert!(docx.contains(text), "{text} in\n{docx}");
    }
    // The levels of a text column are numbered in their order.
    let regions: BTreeSet<String> = pay()
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(10).expect("a region").to_owned())
        .filter(|r| !r.is_empty())
        .collect();
    for region in regions.iter().skip(1) {
        assert!(
            docx.contains(&format!("region: {region}")) && tex.contains(&format!("region: {region}")),
            "{region}"
        );
    }
    assert!(parts.iter().any(|p| p == "word/media/image1.png"), "{parts:?}");
    assert!(tex.contains("\\toprule") && tex.contains("\\bottomrule") && tex.contains("log\\_pay"), "{tex}");
    workbook_has(&rows, download(&app, &job, &answer, ".xlsx").await);
    data_set_has(&rows, download(&app, &job, &answer, ".dta").await);
    let png = download(&app, &job, &answer, ".png").await;
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let width = u32::from_be_bytes(png[16..20].try_into().expect("four bytes"));
    assert!(width >= 1000, "{width}");
    let pdf = download(&app, &job, &answer, ".pdf").await;
    let shown = crate::support::pdf::text(&pdf);
    for text in printed.iter().flat_map(|(estimate, error)| [estimate, error]) {
        assert!(shown.contains(&on_paper(text)), "{text} in\n{shown}");
    }
    for text in [
        "受教育年限",
        "Observations749",
        "heteroskedasticity-robust",
        "Estimatewith95%confidenceinterval",
        "Methods",
    ] {
        assert!(shown.contains(text), "{text} in\n{shown}");
    }
    app.stop().await;
}

/// The workbook holds the numbers in full and the printed table beside them.
fn workbook_has(rows: &[Row], bytes: Vec<u8>) {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
    let sheet = book.worksheet_range("coefficients").expect("the sheet");
    let heads: Vec<String> = sheet.rows().next().expect("headings").iter().map(ToString::to_string).collect();
    let at =
        |head: &str| heads.iter().position(|h| h == head).unwrap_or_else(|| panic!("{head} in {heads:?}"));
    for (line, row) in sheet.rows().skip(1).zip(rows) {
        for (head, column) in [("Estimate", "estimate"), ("Std. error", "std_error"), ("p", "p_value")] {
            let Data::Float(x) = line[at(head)] else { panic!("{head} is not a number: {line:?}") };
            assert_eq!(x, row[column].parse::<f64>().expect("a number"), "{row:?}");
        }
    }
    let report = book.worksheet_range("Report").expect("the first sheet");
    let numbers: Vec<f64> = report.rows().flatten().filter_map(Data::as_f64).collect();
    for row in rows {
        for column in ["estimate", "std_error", "p_value", "ci_low", "ci_high"] {
            let number = row[column].parse::<f64>().expect("a number");
            assert!(numbers.contains(&number), "{column} {number} in {numbers:?}");
        }
    }
}

fn data_set_has(rows: &[Row], bytes: Vec<u8>) {
    let mut reader = dta::Reader::open(Cursor::new(bytes)).expect("a data set");
    assert_eq!(reader.rows(), rows.len() as u64);
    let at = reader.position("estimate").expect("the column");
    let block = reader.read_block(1000).expect("reads").expect("rows");
    let mut estimates = Vec::new();
    block.columns[at].append_doubles(&mut estimates);
    let expected: Vec<f64> = rows.iter().map(|r| r["estimate"].parse().expect("a number")).collect();
    assert_eq!(estimates, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_finds_the_same_files() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, &[]).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let body = json!({"formats": ["docx", "csv", "pdf"], "language": "zh"});
    let first = render(&app, &job, &run, &body).await.ok();
    let version = app.get(&job, "").await.ok()["version"].clone();
    app.restart().await;
    assert_eq!(render(&app, &job, &run, &body).await.ok(), first);
    assert_eq!(app.get(&job, "").await.ok()["version"], version, "nothing is written again");
    let other = render(&app, &job, &run, &json!({"formats": ["docx"], "decimals": 1})).await.ok();
    assert_ne!(other["artifacts"][0]["rel_path"], first["artifacts"][0]["rel_path"]);
    let docx = &first["artifacts"][0];
    assert_eq!(docx["kind"], "stata.export.report");
    assert!(docx["meta"]["derived_from"].to_string().contains("table_coefficients.csv"), "{docx}");
    let (text, _) = docx_text(download(&app, &job, &first, ".docx").await);
    for words in ["线性回归（OLS）", "观测数", "标准误", "样本"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    assert!(!text.contains("***"), "no stars where none are asked for");
    let listed = app.get(&job, "/artifacts").await.ok();
    assert!(listed["artifacts"].as_array().expect("a list").contains(docx), "it is an artifact like others");
    app.stop().await;
}

/// 85 mm are 1,003.9 dots of 300 per inch, and 85 × 36,000 English Metric Units.
#[tokio::test(flavor = "multi_thread")]
async fn figures_have_the_width_of_a_column() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, &[]).await;
    let run = succeeded(&app, &job, &json!({})).await;
    let body = json!({"formats": ["docx", "tex", "pdf", "png"], "figure_width_mm": 85});
    let answer = render(&app, &job, &run, &body).await.ok();
    let png = download(&app, &job, &answer, ".png").await;
    assert_eq!(u32::from_be_bytes(png[16..20].try_into().expect("four bytes")), 1004);
    let mut docx =
        zip::ZipArchive::new(Cursor::new(download(&app, &job, &answer, ".docx").await)).expect("a zip");
    let mut xml = String::new();
    docx.by_name("word/document.xml").expect("a part").read_to_string(&mut xml).expect("UTF-8");
    assert!(xml.contains("<wp:extent cx=\"3060000\""), "{xml}");
    let tex = String::from_utf8(download(&app, &job, &answer, ".tex").await).expect("UTF-8");
    assert!(tex.contains("\\includegraphics[width=85mm]{"), "{tex}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_rendered_is_refused_by_name() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, &[]).await;
    let none = render(&app, &job, "run_none", &json!({"formats": ["pdf"]})).await;
    none.refused(404, "RUN_NOT_FOUND");
    for (body, path) in [
        (json!({"formats": ["odt"]}), "formats[0]"),
        (json!({"formats": []}), "formats"),
        (json!({"formats": ["pdf"], "decimals": 11}), "decimals"),
        (json!({"formats": ["pdf"], "colour": true}), "colour"),
        (json!({"formats": ["pdf"], "figure_width_mm": 59}), "figure_width_mm"),
        (json!({"formats": ["pdf"], "figure_width_mm": 191}), "figure_width_mm"),
    ] {
        let refused = render(&app, &job, "run_none", &body).await.refused(400, "INPUT_VALIDATION_FAILED");
        assert!(refused["context"]["errors"].to_string().contains(path), "{refused}");
    }
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["years_work"]}, "sample_if": "age > 200"});
    app.post(&job, "/plan/revise", &json!({})).await.ok();
    app.put(&job, "/draft", &draft).await.ok();
    let known = json!({"acknowledged_checks": [{"id": "no_obs", "reason": "a run that fails"}]});
    app.post(&job, "/plan/freeze", &known).await.ok();
    app.post(&job, "/run", &json!({"output_formats": ["pdf"]})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "failed");
    let run = ended["latest_run"]["run_id"].as_str().expect("a run").to_owned();
    let refused =
        render(&app, &job, &run, &json!({"formats": ["pdf"]})).await.refused(409, "RUN_NOT_SUCCEEDED");
    assert_eq!(refused["context"]["next_actions"], json!(["run"]));
    app.get(&job, &format!("/runs/{run}/findings")).await.refused(409, "RUN_NOT_SUCCEEDED");
    let artifacts = app.get(&job, "/artifacts").await.ok();
    assert!(!artifacts.to_string().contains("/renderings/"), "a failed run is not rendered");
    let path = format!("/v1/jobs/{}/runs/{run}/render", job.job_id);
    let other = app.job("").await;
    let foreign = app.request(reqwest::Method::POST, &path, &other.token).json(&json!({"formats": ["pdf"]}));
    Answer::of(foreign).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    let admin = app.request(reqwest::Method::POST, &path, ADMIN_KEY).json(&json!({"formats": ["pdf"]}));
    Answer::of(admin).await.refused(409, "RUN_NOT_SUCCEEDED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_of_the_plan_and_of_the_run_are_there_when_it_has_succeeded() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, &["csv", "docx"]).await;
    let run = succeeded(&app, &job, &json!({"output_formats": ["xlsx", "png"]})).await;
    let artifacts = app.get(&job, "/artifacts").await.ok();
    let paths: Vec<&str> = artifacts["artifacts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|a| a["rel_path"].as_str())
        .filter(|p| p.contains(&format!("{run}/renderings/")))
        .collect();
    let endings: Vec<&str> = paths.iter().filter_map(|p| p.rsplit_once('.').map(|(_, e)| e)).collect();
    assert_eq!(endings, ["docx", "xlsx", "png"], "{paths:?}");
    let answer = render(&app, &job, &run, &json!({"formats": ["docx"]})).await.ok();
    assert_eq!(answer["artifacts"][0]["rel_path"], paths[0], "the same content has the same name");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendering_that_fails_is_a_warning_and_never_a_lost_result() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    let mut job = harness.confirm("acme", "j1", "good").await;
    // a file where the directory of published sets belongs
    std::fs::write(harness.workspace.path(&job.tenant_id, &job.job_id, SETS_DIR), b"").expect("written");
    job.output_formats = vec!["docx".to_owned()];
    harness.enqueue(job).await;
    let job = harness.ended("acme", "j1").await;
    let run = job.latest_run().expect("an attempt");
    assert_eq!(job.status, JobStatus::Succeeded);
    let warning = run.checks.iter().find(|c| c.id == "rendering").expect("the warning");
    assert_eq!((warning.status.as_str(), warning.value.as_deref()), ("warn", Some("docx")));
    assert!(job.artifacts_index.iter().any(|a| a.rel_path.ends_with("table_coefficients.csv")));
    assert_eq!(worker.drain(Drain::Wait(Duration::from_secs(5))).await, 0);
}
