//! Comparisons: the cells of a batch, and any runs, side by side and as a specification curve.

mod quantities;

use std::io::{Cursor, Read as _};

use reqwest::Method;
use serde_json::{Value, json};

use crate::batches::{ended, made, two_by_two, with_data};
use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};

/// Coefficient and HC1 standard error of schooling in each cell of `two_by_two`: numpy 2.4.6, (X'X)⁻¹X'y and the sandwich
/// times n/(n-k), on the rows of `pay.csv` without missing values.
const SCHOOLING: [(f64, f64, f64); 4] = [
    (0.088_173_101_451_027_9, 0.006_470_992_751_901_723, 749.0),
    (0.091_481_568_313_355_27, 0.007_478_530_016_483_167, 544.0),
    (0.095_816_578_322_651_38, 0.006_158_630_082_942_469, 749.0),
    (0.099_393_321_155_118_23, 0.007_655_879_990_087_784, 544.0),
];

/// Two sets of controls on two samples, and one set that cannot be frozen.
fn with_refused() -> Value {
    let mut request = two_by_two();
    request["skip_invalid"] = json!(true);
    let sets = request["axes"]["controls"].as_array_mut().expect("a list");
    sets.push(json!({"label": "wrong", "columns": ["absent_column"]}));
    request
}

async fn compared(app: &TestApp, job: &Job, batch: &Value, query: &str) -> Value {
    let id = batch["batch_id"].as_str().expect("an id");
    app.get(job, &format!("/batches/{id}/comparison{query}")).await.ok()
}

async fn compare(app: &TestApp, credential: &str, query: &str, runs: Value) -> Answer {
    let path = format!("/v1/comparisons{query}");
    Answer::of(app.request(Method::POST, &path, credential).json(&json!({"runs": runs}))).await
}

fn near(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    // results carry nine significant digits or more
    assert!((value - expected).abs() <= 1e-8 * expected.abs(), "{value} is not {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_compared_with_the_numbers_of_its_runs_and_no_cell_is_missing() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &with_refused()).await;
    // also while cells are under way every cell has its column
    let early = compared(&app, &job, &batch, "").await;
    assert_eq!(early["columns"].as_array().map(Vec::len), Some(6));
    ended(&app, &job, &batch).await;
    let seen = compared(&app, &job, &batch, "").await;
    let columns = seen["columns"].as_array().expect("a list");
    assert_eq!((columns.len(), &seen["term"]), (6, &json!("schooling")));
    for (at, (estimate, std_error, n)) in SCHOOLING.into_iter().enumerate() {
        let result = &seen["terms"][0]["results"][at];
        near(&result["estimate"], estimate);
        near(&result["std_error"], std_error);
        assert_eq!(columns[at]["observations"], json!(n), "{}", columns[at]);
        assert_eq!(columns[at]["reason"], Value::Null);
    }
    for (at, name) in [(4, "wrong · all"), (5, "wrong · older")] {
        assert_eq!((&columns[at]["status"], &columns[at]["name"]), (&json!("refused"), &json!(name)));
        assert!(columns[at]["reason"].as_str().expect("a reason").contains("absent_column"));
        assert_eq!(seen["terms"][0]["results"][at], Value::Null);
    }
    assert_eq!(
        seen["terms"].as_array().and_then(|terms| terms.last()).map(|term| &term["term"]),
        Some(&json!("_cons"))
    );
    // the curve: lowest first; the median of the four numbers above is 0.0936490733180033
    let order: Vec<u64> = seen["curve"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|point| point["index"].as_u64())
        .collect();
    assert_eq!(order, [1, 2, 3, 4]);
    let summary = &seen["summary"];
    near(&summary["median"], 0.093_649_073_318_003_3);
    near(&summary["lowest"], SCHOOLING[0].0);
    near(&summary["highest"], SCHOOLING[3].0);
    assert_eq!(
        (&summary["specifications"], &summary["estimates"], &summary["positive"], &summary["significant"]),
        (&json!(6), &json!(4), &json!(4), &json!(4))
    );
    assert!(seen["caution"].as_str().expect("words").contains("not a test"));
    let notes = seen["notes"].to_string();
    assert!(
        notes.contains("(5) wrong · all: refused") && notes.contains("(6) wrong · older: refused"),
        "{notes}"
    );
    assert_eq!(seen["differences"], json!(["sample"]));
    // another term, and Chinese
    let other = compared(&app, &job, &batch, "?term=years_work&language=zh").await;
    assert_eq!((&other["term"], &other["summary"]["estimates"]), (&json!("years_work"), &json!(2)));
    assert!(other["caution"].as_str().expect("words").contains("并不是检验"));
    app.stop().await;
}

/// Texts of a file of a ZIP archive.
fn member(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut text = String::new();
    archive.by_name(name).expect("a member").read_to_string(&mut text).expect("UTF-8");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_a_file_with_each_specification() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &with_refused()).await;
    ended(&app, &job, &batch).await;
    let path =
        format!("/v1/jobs/{}/batches/{}/comparison", job.job_id, batch["batch_id"].as_str().expect("an id"));
    let file = async |query: &str| {
        let sent = app.request(Method::GET, &format!("{path}?format={query}"), &job.token).send().await;
        let response = sent.expect("answers");
        assert_eq!(response.status().as_u16(), 200, "{query}");
        let name = response.headers()["content-disposition"].to_str().expect("ASCII").to_owned();
        (name, response.bytes().await.expect("a body").to_vec())
    };
    let (name, csv) = file("csv").await;
    assert!(name.contains("comparison.csv"), "{name}");
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let heads = reader.headers().expect("a head").clone();
    let at = |name: &str| {
        heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("no {name} in {heads:?}"))
    };
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let of_term = |term: &str| rows.iter().filter(|row| &row[at("term")] == term).count();
    assert_eq!((of_term("schooling"), of_term("years_work"), of_term("_cons"), of_term("")), (4, 2, 4, 2));
    let ranked: Vec<&str> = rows
        .iter()
        .filter(|row| !row[at("curve_rank")].is_empty())
        .map(|row| &row[at("specification")])
        .collect();
    assert_eq!(ranked, ["1", "2", "3", "4"]);
    assert_eq!(&rows[0][at("axis_controls")], "none");
    let (_, svg) = file("svg").await;
    let svg = String::from_utf8(svg).expect("UTF-8");
    for text in ["Specification curve", "Controls: experience", "Sample: older", "not a test"] {
        assert!(svg.contains(text), "{text} is not in {svg}");
    }
    let (_, png) = file("png").await;
    assert!(png.starts_with(b"\x89PNG"));
    let (_, pdf) = file("pdf").await;
    assert!(pdf.starts_with(b"%PDF"));
    let (_, tex) = file("tex&stars=true").await;
    let tex = String::from_utf8(tex).expect("UTF-8");
    assert!(tex.contains("0.088\\textsuperscript{***}") && tex.contains("(refused)"), "{tex}");
    let (_, docx) = file("docx&language=zh").await;
    assert!(member(&docx, "word/document.xml").contains("设定并列表"));
    let (_, xlsx) = file("xlsx&decimals=4").await;
    let strings = member(&xlsx, "xl/sharedStrings.xml");
    assert!(strings.contains("experience") && strings.contains("0.0882"), "{strings}");
    app.get(&job, &format!("/batches/{}/comparison?format=odt", batch["batch_id"].as_str().expect("an id")))
        .await
        .refused(400, "INPUT_VALIDATION_FAILED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_runs_are_compared_as_far_as_the_credential_reaches() {
    let mut app = TestApp::start().await;
    let (job, other) = (with_data(&app).await, with_data(&app).await);
    let batch = made(&app, &job, &two_by_two()).await;
    let done = ended(&app, &job, &batch).await;
    let foreign = ended(&app, &other, &made(&app, &other, &two_by_two()).await).await;
    let cell = |batch: &Value, at: usize| batch["cells"][at]["job_id"].clone();
    let run = |batch: &Value, at: usize| json!({"job_id": batch["cells"][at]["job_id"], "run_id": batch["cells"][at]["run_id"]});
    // a job's token: the cells of its batches
    let seen = compare(&app, &job.token, "", json!([run(&done, 3), {"job_id": cell(&done, 0)}])).await.ok();
    near(&seen["terms"][0]["results"][0]["estimate"], SCHOOLING[3].0);
    near(&seen["terms"][0]["results"][1]["estimate"], SCHOOLING[0].0);
    assert_eq!((&seen["columns"][1]["index"], &seen["curve"][0]["index"]), (&json!(2), &json!(2)));
    compare(&app, &job.token, "", json!([run(&foreign, 0)])).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    compare(&app, &job.token, "", json!([{"job_id": "job_none"}])).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    // the token of another job opens the runs of that job, and nothing else does
    let with = |mut run: Value, token: &str| {
        run["token"] = json!(token);
        run
    };
    let two = json!([run(&done, 0), with(run(&foreign, 1), &other.token)]);
    let seen = compare(&app, &job.token, "", two).await.ok();
    assert_eq!(seen["columns"][1]["job_id"], cell(&foreign, 1));
    for (token, at) in [(job.token.as_str(), 0), (ADMIN_KEY, 0), ("nonsense", 0)] {
        let refused = compare(&app, &job.token, "", json!([with(run(&foreign, at), token)])).await;
        refused.refused(403, "AUTH_TOKEN_FORBIDDEN");
    }
    // what the plans choose, in words, with the columns that have it
    let choice = |seen: &Value, fact: &str| -> Vec<(String, Value)> {
        let of = seen["specification"].as_array().expect("a list").iter().filter(|c| c["fact"] == fact);
        of.map(|c| (c["label"].as_str().expect("words").to_owned(), c["columns"].clone())).collect()
    };
    assert_eq!(
        choice(&seen, "sample"),
        [("all rows".to_owned(), json!([1])), ("age > 30".to_owned(), json!([2]))]
    );
    assert_eq!(choice(&seen, "outcome"), [("log_pay".to_owned(), json!([1, 2]))]);
    assert_eq!(choice(&seen, "errors"), [("heteroskedasticity-robust".to_owned(), json!([1, 2]))]);
    assert_eq!(choice(&seen, "data").len(), 1, "the same data in two jobs");
    // a key: those of its tenant
    let both = compare(&app, ADMIN_KEY, "", json!([run(&done, 0), run(&foreign, 0)])).await.ok();
    assert_eq!(both["summary"]["estimates"], 2);
    assert_eq!(both["differences"], json!([]), "the same data in two jobs");
    let svg = app
        .request(Method::POST, "/v1/comparisons?format=svg", ADMIN_KEY)
        .json(&json!({"runs": [run(&done, 0), run(&done, 1)]}));
    let svg = svg.send().await.expect("answers").text().await.expect("a text");
    assert!(svg.contains("Sample: age &gt; 30"), "without axes the samples that differ: {svg}");
    for (runs, status, code) in [
        (json!([]), 400, "INPUT_VALIDATION_FAILED"),
        (json!([run(&done, 0), run(&done, 0)]), 400, "INPUT_VALIDATION_FAILED"),
        (json!([{"job_id": "job_none"}]), 404, "JOB_NOT_FOUND"),
        (json!([{"job_id": cell(&done, 0), "run_id": "run_none"}]), 404, "RUN_NOT_FOUND"),
        (json!([{"job_id": job.job_id}]), 404, "RUN_NOT_FOUND"),
    ] {
        compare(&app, ADMIN_KEY, "", runs).await.refused(status, code);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_cells_keep_their_column_with_the_cause_and_removed_batches_have_no_comparison() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    // no row is left for the model: the run fails
    let mut request = two_by_two();
    request["axes"]["samples"][1] = json!({"label": "nobody", "condition": "age > 500"});
    let batch = made(&app, &job, &request).await;
    let done = ended(&app, &job, &batch).await;
    assert_eq!(done["status"], "partly_succeeded");
    let seen = compared(&app, &job, &batch, "").await;
    let failed = &seen["columns"][1];
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("failed"), &done["cells"][1]["cause"]));
    assert_eq!((&seen["summary"]["specifications"], &seen["summary"]["estimates"]), (&json!(4), &json!(2)));
    let id = batch["batch_id"].as_str().expect("an id");
    let path = format!("/v1/jobs/{}/batches/{id}", job.job_id);
    Answer::of(app.request(Method::DELETE, &path, &job.token)).await.ok();
    app.get(&job, &format!("/batches/{id}/comparison")).await.refused(410, "JOB_GONE");
    app.get(&job, "/batches/batch_none/comparison").await.refused(404, "BATCH_NOT_FOUND");
    app.stop().await;
}
