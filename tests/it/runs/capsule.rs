//! The capsule over HTTP, and `capsule verify` and `rerun` by the real program in a folder elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stata_service::app::options::LlmWire;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::capsule::manifest;

use crate::llm::drafts::{CHOICE, DRAFT, QUESTION};
use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::capsules::{archive, bare, capsule, download, files, json, named, saved, unpack};
use crate::support::provider::{PROVIDER_KEY, Provider, scripted, with_model};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const MAIN: &str = include_str!("../../fixtures/data_steps/main.csv");
const SECTORS: &str = include_str!("../../fixtures/data_steps/sectors.csv");
const LATER: &str = include_str!("../../fixtures/data_steps/later.csv");

async fn run(app: &TestApp, job: &Job) -> Value {
    app.post(job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(job).await;
    assert_eq!(ended["status"], "succeeded", "{}", app.get(job, "/runs").await.ok());
    ended["latest_run"].clone()
}

async fn finished(app: &TestApp, requirement: &str, file: &str, draft: &Value) -> Job {
    let job = app.job(requirement).await;
    app.upload(&job, file, PAY).await.ok();
    app.put(&job, "/draft", draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    run(app, &job).await;
    job
}

fn ols() -> Value {
    json!({"template_id": "linear.ols_robust",
           "roles": {"outcome_var": "log_pay", "regressors": ["schooling", "years_work"], "controls": ["sector"]},
           "categorical_vars": ["sector"], "sample_if": "age >= 18"})
}

/// Keeps a capsule where `scripts/checks/capsule.py` looks for it.
fn keep(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capsules");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("written");
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> &'a str {
    std::str::from_utf8(&files[path]).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_is_whole_the_same_every_time_and_checked_by_coreutils() {
    let mut app = TestApp::start().await;
    let job = finished(&app, "教育对工资有什么影响？ <b>|x|</b>", "工资 调查 #1.csv", &ols()).await;
    let first = download(&app, &job, "").await;
    let again = download(&app, &job, "?data=include").await;
    assert_eq!(sha256_hex(&first.bytes), sha256_hex(&again.bytes), "the same job gives the same bytes");
    let (tag, media) = (first.headers["etag"].to_str().expect("text"), &first.headers["content-type"]);
    assert_eq!((media.to_str().expect("text"), tag.len()), ("application/zip", 66));
    assert!(
        first.headers["content-disposition"].to_str().expect("text").contains("capsule-run"),
        "{first:?}",
        first = first.headers
    );
    let path = format!("/v1/jobs/{}/capsule", job.job_id);
    let packed = app.request(Method::GET, &path, &job.token).header("Accept-Encoding", "gzip").send().await;
    assert!(!packed.expect("answers").headers().contains_key("content-encoding"), "it is compressed already");
    let seen = app.request(Method::GET, &path, &job.token).header("If-None-Match", tag).send().await;
    assert_eq!(seen.expect("answers").status(), StatusCode::NOT_MODIFIED);

    let files = files(&first.bytes);
    let original = "originals/main/工资 调查 #1.csv";
    for needed in [
        "README.md",
        "main.do",
        "data.dta",
        original,
        "ado/ss_event.ado",
        "plan.json",
        "results/main.log",
        "results/table_coefficients.csv",
        "results/fig_coef_plot.svg",
        "evidence/main.do",
        "evidence/run.meta.json",
        "evidence/run.json",
        "evidence/audit.jsonl",
        "evidence/inputs.json",
        "evidence/template/source.do",
    ] {
        assert!(files.contains_key(needed), "{needed} in {:?}", files.keys());
    }
    assert_eq!(files[original], PAY.as_bytes());
    let readme = text(&files, "README.md");
    for part in [
        "教育对工资有什么影响？ \\<b\\>\\|x\\|",
        "`results/table_coefficients.csv`",
        "stata-service capsule rerun",
        "linear.ols_robust",
        "not by Stata",
        "MacKinnon",
        // the main results in the language of the question, the estimates, and the words of coded levels
        "schooling 每高 1",
        "| term | estimate | std. error | p | low | high |\n|---|---|---|---|---|---|\n| schooling | 0.",
        "the numbers behind fig\\_coef\\_plot.svg",
        "sha256sum -c manifest-sha256.txt",
    ] {
        assert!(readme.contains(part), "{part} in {readme}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    unpack(&files, folder.path());
    let summed = bare("sha256sum", folder.path(), &["-c", "--strict", "--quiet", "manifest-sha256.txt"]);
    assert!(summed.status.success(), "{}", String::from_utf8_lossy(&summed.stdout));
    let listed = manifest::read(text(&files, "manifest-sha256.txt")).expect("a list");
    assert_eq!(listed.len() + 1, files.len(), "every file but the list itself");
    keep("pay.zip", &first.bytes);
    no_secret(&app, &job, &files);
    app.stop().await;
}

/// Nothing of the machine or of credentials is in any file.
fn no_secret(app: &TestApp, job: &Job, files: &BTreeMap<String, Vec<u8>>) {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name").trim().to_owned();
    let mut needles = vec![
        job.token.clone(),
        job.token.rsplit('.').next().expect("a secret").to_owned(),
        ADMIN_KEY.to_owned(),
        app.dir.path().display().to_string(),
        env!("CARGO_MANIFEST_DIR").to_owned(),
        env!("CARGO_BIN_EXE_stata-service").to_owned(),
        "127.0.0.1".to_owned(),
        "/tmp/".to_owned(),
    ];
    // a name such as `a` is in every text
    needles.extend((host.len() > 4 && host != "localhost").then_some(host));
    for (path, content) in files {
        let content = String::from_utf8_lossy(content);
        for needle in &needles {
            assert!(!content.contains(needle.as_str()), "{needle} in {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_verifies_and_repeats_elsewhere_and_main_do_gives_the_same_tables() {
    let mut app = TestApp::start().await;
    let figure = json!({"template_id": "plot.histogram", "roles": {"outcome_var": "pay"}});
    for (name, draft) in [("regression", ols()), ("figure", figure)] {
        let job = finished(&app, "pay", "pay.csv", &draft).await;
        let bytes = download(&app, &job, "").await.bytes;
        let elsewhere = tempfile::tempdir().expect("a folder");
        saved(elsewhere.path(), "c.zip", &bytes);
        let (code, report) = capsule(elsewhere.path(), &["verify", "c.zip"]);
        assert_eq!((code, &report["ok"]), (0, &json!(true)), "{name}: {report:#}");
        assert!(report["audit"]["recomputed"].as_u64().expect("a number") > 0, "{report:#}");
        let (code, report) =
            capsule(elsewhere.path(), &["rerun", "c.zip", "--out", "again", "--tolerance", "0"]);
        assert_eq!((code, &report["ok"]), (0, &json!(true)), "{name}: {report:#}");
        assert!(report["numbers"].as_u64().expect("a number") > 5, "{report:#}");
        assert_eq!(report["largest_relative_difference"], 0.0);
        let files = files(&bytes);
        let unpacked = elsewhere.path().join("unpacked");
        unpack(&files, &unpacked);
        let (code, report) = capsule(elsewhere.path(), &["verify", "unpacked"]);
        assert_eq!((code, &report["ok"]), (0, &json!(true)), "{name}: {report:#}");
        let done =
            bare(env!("CARGO_BIN_EXE_stata-service"), &unpacked, &["dofile", "-q", "-b", "do", "main.do"]);
        assert!(done.status.success());
        let log = fs::read_to_string(unpacked.join("repeat.log")).expect("the log that main.do opens");
        assert!(log.contains("ss_event step name=export status=ok"), "{log}");
        let tables: Vec<&String> =
            files.keys().filter(|p| p.starts_with("results/") && !p.ends_with(".log")).collect();
        assert!(!tables.is_empty());
        for path in tables {
            let now =
                fs::read(unpacked.join(&path["results/".len()..])).unwrap_or_else(|e| panic!("{path}: {e}"));
            assert!(now == files[path], "{name}: {path} is another one");
            let kept = elsewhere.path().join("again/work").join(&path["results/".len()..]);
            assert!(fs::read(kept).expect("kept by --out") == files[path], "{name}: {path}");
        }
    }
    app.stop().await;
}

/// A job with merged, appended and derived data.
async fn stepped(app: &TestApp) -> Job {
    let job = app.job("Do tariffs go with sales?").await;
    let part = |name: &'static str, text: &str| Part::bytes(text.as_bytes().to_vec()).file_name(name);
    let form = Form::new()
        .part("file", part("main.csv", MAIN))
        .text("role", "primary_dataset")
        .part("file", part("later.csv", LATER))
        .text("role", "secondary_dataset")
        .part("file", part("sectors.csv", SECTORS))
        .text("role", "secondary_dataset");
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    let uploaded = Answer::of(app.request(Method::POST, &path, &job.token).multipart(form)).await.ok();
    let key = |name: &str| {
        let mut sets = uploaded["datasets"].as_array().expect("a list").iter();
        sets.find(|d| d["original_name"] == name).expect("uploaded")["dataset_key"].clone()
    };
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_sales",
        "roles": {"regressors": ["tariff"]},
        "data_steps": [{"kind": "append", "dataset_key": key("later.csv")},
            {"kind": "merge", "dataset_key": key("sectors.csv"), "keys": ["sector"], "merge_type": "m:1", "keep": "master"}],
        "derived_variables": [{"name": "log_sales", "expression": "ln(sales)"}],
        "sample_if": "year >= 2020 & tariff > 1"});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    run(app, &job).await;
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_stand_for_data_that_were_left_out_and_changed_data_change_named_numbers() {
    let mut app = TestApp::start().await;
    let job = stepped(&app).await;
    let whole = download(&app, &job, "").await.bytes;
    let bytes = download(&app, &job, "?data=hash").await.bytes;
    keep("steps.zip", &whole);
    keep("steps_hash.zip", &bytes);
    app.stop().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let dir = elsewhere.path();
    saved(dir, "whole.zip", &whole);
    saved(dir, "c.zip", &bytes);
    let (code, report) = capsule(dir, &["rerun", "whole.zip"]);
    assert_eq!((code, &report["ok"]), (0, &json!(true)), "{report:#}");
    let inside = files(&bytes);
    assert!(
        inside.keys().all(|path| !path.ends_with(".dta") && !path.starts_with("originals/")),
        "{:?}",
        inside.keys()
    );
    assert!(!inside.values().any(|c| String::from_utf8_lossy(c).contains("1,2020,energy,21.544")));
    assert_eq!(text(&inside, "data-sha256.txt").lines().count(), 6, "three uploads, three data sets");
    let (code, report) = capsule(dir, &["verify", "c.zip"]);
    assert_eq!(code, 0, "{report:#}");

    let (code, report) = capsule(dir, &["rerun", "c.zip"]);
    assert_eq!(code, 2);
    assert!(report["not_repeated"].as_str().expect("a text").contains("--data"), "{report}");
    let data = dir.join("data");
    fs::create_dir(&data).expect("a folder");
    for (name, content) in [("b.csv", MAIN), ("later.csv", LATER), ("sectors.csv", SECTORS)] {
        saved(&data, name, content.as_bytes());
    }
    let (code, report) = capsule(dir, &["rerun", "c.zip", "--data", "data", "--tolerance", "0"]);
    assert_eq!((code, &report["ok"]), (0, &json!(true)), "found by hash, whatever the name: {report:#}");

    let changed = SECTORS.replacen("2.5", "4.5", 1);
    assert_ne!(changed, SECTORS);
    saved(&data, "sectors.csv", changed.as_bytes());
    let (code, report) = capsule(dir, &["rerun", "c.zip", "--data", "data"]);
    let told = report["not_repeated"].as_str().expect("a text");
    assert!(code == 1 && told.contains("sectors.csv") && told.contains("another one"), "{report}");
    let (code, report) = capsule(dir, &["rerun", "c.zip", "--data", "data", "--accept-changes"]);
    assert_eq!((code, &report["ok"]), (1, &json!(false)), "{report:#}");
    let differences = report["differences"].as_array().expect("a list");
    let tariff = differences
        .iter()
        .find(|d| d["key"].as_str().is_some_and(|key| key.contains("tariff")) && d["column"] == "estimate")
        .expect("named");
    assert_eq!(tariff["file"], "results/table_coefficients.csv");
    assert!(
        tariff["then"] != tariff["now"] && tariff["relative_difference"].as_f64().expect("a number") > 1e-9
    );
    let output = bare(
        env!("CARGO_BIN_EXE_stata-service"),
        dir,
        &["capsule", "rerun", "c.zip", "--data", "data", "--accept-changes"],
    );
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("table_coefficients.csv row 1 (log_sales tariff) estimate: then "), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_revision_has_its_own_capsule_and_tampering_is_found_by_name() {
    let mut app = TestApp::start().await;
    let job = finished(&app, "", "pay.csv", &ols()).await;
    let first = app.get(&job, "").await.ok()["latest_run"]["run_id"].as_str().expect("an id").to_owned();
    app.post(&job, "/plan/revise", &json!({})).await.ok();
    let fewer: String = PAY.lines().take(200).map(|line| format!("{line}\n")).collect();
    app.upload(&job, "fewer.csv", fewer).await.ok();
    app.put(&job, "/draft", &ols()).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    run(&app, &job).await;
    let latest = download(&app, &job, "?llm=exclude").await.bytes;
    let earlier = download(&app, &job, &format!("?run_id={first}")).await.bytes;
    keep("revised.zip", &latest);
    app.stop().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let dir = elsewhere.path();
    for (name, bytes, revision, other) in [("latest.zip", &latest, 2, 1), ("earlier.zip", &earlier, 1, 2)] {
        saved(dir, name, bytes);
        let inside = files(bytes);
        assert_eq!(json(&inside, "plan.json")["revision"], revision);
        assert_eq!(json(&inside, &format!("plans/revision_{other}.json"))["revision"], other);
        let (code, report) = capsule(dir, &["rerun", name, "--tolerance", "0"]);
        assert_eq!((code, &report["ok"]), (0, &json!(true)), "{name}: {report:#}");
    }
    assert_eq!(files(&earlier)["originals/main/pay.csv"], PAY.as_bytes(), "earlier inputs are kept");

    let with = |path: &str, from: &str, to: &str| {
        let mut inside = files(&latest);
        let changed = text(&inside, path).replacen(from, to, 1);
        assert_ne!(changed, text(&inside, path), "{from} is in {path}");
        inside.insert(path.to_owned(), changed.into_bytes());
        saved(dir, "changed.zip", &archive(&inside));
        let (code, report) = capsule(dir, &["verify", "changed.zip"]);
        assert_eq!((code, &report["ok"]), (1, &json!(false)), "{path}: {report:#}");
        report
    };
    let number = with("results/table_coefficients.csv", "schooling,7.", "schooling,9.");
    assert!(named(&number).iter().all(|file| *file == "results/table_coefficients.csv"), "{number:#}");
    let seed = json(&files(&latest), "plan.json")["seed"].clone();
    let plan = with("plan.json", &format!("\"seed\": {seed}"), "\"seed\": 1");
    let reasons = plan["problems"].to_string();
    assert!(named(&plan).contains(&"plan.json") && reasons.contains("plan_id is"), "{plan:#}");
    let code = with("main.do", "regress", "regres ");
    assert!(
        named(&code).contains(&"main.do") && code["problems"].to_string().contains("is not made of"),
        "{code:#}"
    );
    assert!(
        named(&with("evidence/audit.jsonl", "run.started", "run.stopped")).contains(&"evidence/audit.jsonl")
    );
    assert!(named(&with("ado/ss_event.ado", "program", "progran")).contains(&"ado/"));
    assert!(
        named(&with("evidence/inputs.json", "\"role\": \"primary_dataset\"", "\"role\": \"auxiliary_data\""))
            .contains(&"evidence/inputs.json")
    );
    // whoever renews the hashes is found by the plan, the run and the repetition
    let mut inside = files(&latest);
    let (path, from) =
        ("results/table_coefficients.csv", text(&inside, "results/table_coefficients.csv").to_owned());
    let forged = from.replacen("schooling,7.", "schooling,9.", 1);
    for list in ["manifest-sha256.txt", "ro-crate-metadata.json"] {
        let renewed = text(&inside, list).replace(&sha256_hex(&from), &sha256_hex(&forged));
        inside.insert(list.to_owned(), renewed.into_bytes());
    }
    inside.insert(path.to_owned(), forged.into_bytes());
    let metadata = sha256_hex(&inside["ro-crate-metadata.json"]);
    let list = text(&inside, "manifest-sha256.txt").lines().map(|line| {
        match line.ends_with("  ro-crate-metadata.json") {
            true => format!("{metadata}  ro-crate-metadata.json\n"),
            false => format!("{line}\n"),
        }
    });
    let list: String = list.collect();
    inside.insert("manifest-sha256.txt".to_owned(), list.into_bytes());
    saved(dir, "forged.zip", &archive(&inside));
    let (code, report) = capsule(dir, &["rerun", "forged.zip"]);
    assert_eq!((code, &report["ok"]), (1, &json!(false)), "{report:#}");
    let differences = report["differences"].as_array().expect("only by running it again");
    assert_eq!((differences.len(), &differences[0]["file"]), (1, &json!(path)), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_streamed_in_the_form_that_has_no_bound() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    // above the size from which entries are written as Zip64
    let mut rows = String::from("pay,schooling,note\n");
    for i in 0..60_000_u64 {
        let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        rows.push_str(&format!("{}.{},{},{mixed:016x}{i:056}\n", mixed % 97, mixed % 1_000, 8 + mixed % 9));
    }
    app.upload(&job, "large.csv", rows.clone()).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "pay", "roles": {"regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    run(&app, &job).await;
    let bytes = download(&app, &job, "").await.bytes;
    app.stop().await;
    assert!(rows.len() > 4 << 20);
    assert_eq!(files(&bytes)["originals/main/large.csv"], rows.as_bytes());
    let elsewhere = tempfile::tempdir().expect("a folder");
    saved(elsewhere.path(), "c.zip", &bytes);
    let (code, report) = capsule(elsewhere.path(), &["verify", "c.zip"]);
    assert_eq!(code, 0, "{report:#}");
    keep("large.zip", &bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_was_asked_is_in_it_unless_it_is_left_out() {
    let provider = Provider::start(&scripted(&[DRAFT], &[CHOICE])).await;
    let mut app = TestApp::start_with(with_model(provider.endpoint(LlmWire::OpenAi))).await;
    let job = app.job(QUESTION).await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    app.get(&job, "/draft/preview").await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    run(&app, &job).await;
    let whole = files(&download(&app, &job, "").await.bytes);
    let without = files(&download(&app, &job, "?llm=exclude").await.bytes);
    let asked = |files: &BTreeMap<String, Vec<u8>>| files.keys().filter(|p| p.starts_with("llm/")).count();
    assert_eq!((asked(&whole), asked(&without)), (6, 0), "{:?}", whole.keys());
    assert!(
        whole.iter().any(|(p, c)| p.starts_with("llm/") && String::from_utf8_lossy(c).contains(QUESTION))
    );
    no_secret(&app, &job, &whole);
    for (path, content) in &whole {
        let content = String::from_utf8_lossy(content);
        assert!(!content.contains(&provider.base) && !content.contains(PROVIDER_KEY), "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_capsule_is_refused_and_what_expired_leaves_its_hash() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.get(&job, "/capsule").await.refused(409, "RUN_NOT_SUCCEEDED");
    app.get(&job, "/capsule?run_id=run_none").await.refused(404, "RUN_NOT_FOUND");
    app.get(&job, "/capsule?data=some").await.refused(400, "INPUT_VALIDATION_FAILED");
    app.post(&job, "/links", &json!({"scope": "capsule"})).await.refused(409, "RUN_NOT_SUCCEEDED");
    let job = finished(&app, "", "pay.csv", &ols()).await;
    let run_id = app.get(&job, "").await.ok()["latest_run"]["run_id"].clone();
    let link =
        app.post(&job, "/links", &json!({"scope": "capsule", "run_id": run_id, "data": "hash"})).await.ok();
    let url = format!("{}{}", app.base, link["url"].as_str().expect("a link"));
    let opened = app.http.get(&url).send().await.expect("answers");
    assert_eq!(opened.status(), StatusCode::OK);
    assert!(!files(&opened.bytes().await.expect("a body")).contains_key("data.dta"));
    let other = app.http.get(url.replace("/capsule?", "/artifacts?")).send().await.expect("answers");
    assert_eq!(other.status(), StatusCode::FORBIDDEN);

    // as retention leaves it
    let dir = app.dir.path().join("data/tenants/default/jobs");
    for shard in fs::read_dir(&dir).expect("shards").flatten() {
        let inputs = shard.path().join(&job.job_id).join("inputs");
        for upload in fs::read_dir(inputs).into_iter().flatten().flatten() {
            fs::remove_dir_all(upload.path()).expect("removed");
        }
    }
    let inside = files(&download(&app, &job, "").await.bytes);
    assert!(!inside.contains_key("data.dta") && inside.contains_key("data-sha256.txt"));
    let facts = json(&inside, "evidence/inputs.json");
    assert_eq!(facts["read"][0]["included"], false);
    assert!(text(&inside, "README.md").contains("no longer kept"));
    app.stop().await;
}
