//! From a question to files on the disk.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{PAY, QUESTION};
use crate::support::client::Client;
use crate::support::program::Start;

#[test]
fn five_commands_lead_from_a_key_and_a_file_to_a_table() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.file("pay.csv", PAY.as_bytes());
    client.login();
    let asked = client.run(&["ask", QUESTION, "pay.csv", "--yes"]);
    assert_eq!(asked.code, 0, "{asked:?}");
    for shown in ["data      800 rows, 14 columns", "linear.ols_robust", "schooling", "the question names"] {
        assert!(asked.out.contains(shown), "{shown:?} in {}", asked.out);
    }
    assert!(asked.err.ends_with("type:   stata-service client freeze\n"), "{}", asked.err);
    let frozen = client.run(&["freeze"]).ok();
    assert!(frozen.contains("regressors") && frozen.contains("proposed by rules"), "{frozen}");
    let ran = client.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("term") && ran.out.contains("schooling"), "{}", ran.out);
    assert!(ran.out.contains("- If schooling is 1 higher, log_pay is on average 0."), "{}", ran.out);
    assert!(
        ran.out.contains("rows      749 used of 800; left out: missing: log_pay (24), schooling (28)"),
        "{}",
        ran.out
    );
    // sentences are in the language of the question, unless another is named
    let chinese = client.run(&["results", "--language", "zh"]).ok();
    assert!(chinese.contains("schooling 每高 1"), "{chinese}");
    let compared = client.run(&["compare", "--language", "zh", "--json"]).json();
    assert!(compared.to_string().contains("常数项"), "{compared}");
    let late = client.run(&["draft", "set", "controls=age"]);
    assert!(late.err.contains("type:   stata-service client revise"), "{}", late.err);
    // the printed numbers are those of the run's record
    let run = client.run(&["results", "--json"]).json();
    let schooling = &run["results"][0];
    let estimate = format!("{:.6}", schooling["estimate"].as_f64().expect("a number"));
    assert!(schooling["term"] == "schooling" && ran.out.contains(&estimate), "{estimate} in {}", ran.out);
    let tables = client.run(&["results", "--tables"]).ok();
    assert!(ran.out.contains("table_fit: stata-service client results --tables"), "{}", ran.out);
    for words in ["One row per term", "(table_coefficients.csv)", "(table_fit.csv)", estimate.as_str()] {
        assert!(tables.contains(words), "{words} in {tables}");
    }
    let tables = client.run(&["results", "--tables", "--json"]).json();
    assert_eq!(tables["tables"][0]["columns"][1], "term", "{tables}");
    let fetched = client.run(&["fetch", "results", "--formats", "xlsx,docx", "--json"]);
    assert_eq!(fetched.code, 0, "{fetched:?}");
    let files = fetched.json()["files"].as_array().expect("a list").clone();
    let mut seen = 0;
    for file in &files {
        let path = client.home.join(file["path"].as_str().expect("a path"));
        let bytes = std::fs::read(&path).expect("fetched");
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&bytes)), "{}", path.display());
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".xlsx") || name.ends_with(".docx") {
            assert_eq!(&bytes[..4], b"PK\x03\x04", "{name}");
            seen += 1;
        }
        seen += usize::from(name == "table_coefficients.csv");
    }
    assert_eq!(seen, 3, "{files:?}");
    // a second fetch keeps what is there; a changed file is fetched again
    let table = client.home.join("results/table_coefficients.csv");
    let (kept, changed) = (client.home.join("results/main.log"), std::fs::read(&table).expect("there"));
    let before = std::fs::metadata(&kept).expect("there").modified().expect("a time");
    std::fs::write(&table, "changed").expect("written");
    client.run(&["fetch", "results"]).ok();
    assert_eq!(std::fs::read(&table).expect("there"), changed);
    assert_eq!(std::fs::metadata(&kept).expect("there").modified().expect("a time"), before);
    let mode = std::fs::metadata(&table).expect("there").permissions().mode();
    assert_eq!(mode & 0o077, 0, "results are for their owner");
    let capsule = client.run(&["capsule", "pay.zip"]).ok();
    assert_eq!(capsule, "pay.zip\n");
    let verify = Start::on(dir.path()).tool(&["capsule", "verify", "pay.zip"]);
    let mut verify = verify;
    assert!(verify.current_dir(&client.home).status().expect("runs").success());
}

#[test]
fn every_command_prints_one_json_object() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.file("pay.csv", PAY.as_bytes());
    client.login();
    let code = client.run(&["code", "create", "--json"]).json();
    let code = code["task_codes"][0]["task_code"].as_str().expect("a code").to_owned();
    let redeemed = client.fed(&["redeem", QUESTION, "--json"], &code).json();
    assert_eq!(redeemed["is_idempotent"], false);
    let seen = client.run(&["upload", "pay.csv", "--json"]).json();
    assert_eq!(seen["row_count"], 800);
    let members: [(&[&str], &str); 11] = [
        (&["inputs"], "columns"),
        (&["repair"], "repairs"),
        (&["draft", "suggest", "--yes"], "draft"),
        (&["draft", "show"], "roles"),
        (&["draft", "set", "controls=years_work,female"], "roles"),
        (&["freeze", "--preview"], "do_file"),
        (&["freeze"], "plan"),
        (&["run", "--no-wait"], "status"),
        (&["status"], "next_actions"),
        (&["jobs"], "jobs"),
        (&["code", "create"], "task_codes"),
    ];
    for (words, member) in members {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let done = client.run(&words);
        let value = done.json();
        assert!(done.code == 0 && !value[member].is_null(), "{words:?}: {done:?}");
        assert!(!done.err.contains("type:"), "{words:?} prints {}", done.err);
    }
    let lines = client.run(&["watch", "--json"]).ok();
    let last: Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["event"], &last["status"]), (&"end".into(), &"succeeded".into()));
    assert!(last["run"]["results"].is_array(), "{last}");
    let revised = client.run(&["revise", "--json"]).json();
    assert_eq!(revised["status"], "draft_ready");
    let cancelled = client.run(&["cancel", "--json"]).json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(client.run(&["logout", "--json"]).json()["removed_jobs"], 1);
}

#[test]
fn who_knows_the_analysis_states_it_without_a_suggestion() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.file("pay.csv", PAY.as_bytes());
    client.login();
    client.run(&["ask", QUESTION, "pay.csv"]).ok();
    // one quantile is a number, and the parameter takes a text
    let stated = ["template_id=linear.quantile", "outcome_var=log_pay", "regressors=schooling"];
    let set =
        client.run(&[&["draft", "set"][..], &stated, &["parameters.quantiles=0.5", "controls="]].concat());
    assert_eq!(set.code, 0, "{set:?}");
    let frozen = client.run(&["freeze", "--json"]).json();
    let bound = &frozen["plan"]["contract"]["bound"];
    assert_eq!((&bound["quantiles"], &bound["outcome"]), (&"0.5".into(), &"log_pay".into()), "{frozen}");
}
