//! What a person reads when something is wrong, and what a script gets.

use super::{PAY, QUESTION};
use crate::support::app::ADMIN_KEY;
use crate::support::client::Client;
use crate::support::program::Start;
use crate::support::receiver::Receiver;

#[test]
fn each_failure_has_its_exit_code_its_advice_and_the_next_command() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.login();
    client.file("pay.csv", PAY.as_bytes());
    client.file("torn.csv", b"a,b\n1,2\n3\n");
    client.file("letter.pdf", b"%PDF-1.4 a letter");
    let expect = |words: &[&str], code: i32, texts: &[&str]| {
        let done = client.run(words);
        assert_eq!(done.code, code, "{words:?}: {done:?}");
        for text in texts {
            assert!(done.err.contains(text), "{words:?}: {text:?} in {}", done.err);
        }
    };
    // a file that is not there costs no task code
    expect(&["ask", QUESTION, "absent.csv"], 66, &["absent.csv cannot be read"]);
    expect(&["ask", QUESTION, "."], 66, &["it is a folder"]);
    assert_eq!(client.run(&["jobs", "--json"]).json()["jobs"], serde_json::json!([]));
    expect(&["ask", QUESTION, "torn.csv"], 65, &["INPUT_PARSE_FAILED", "row 3", "client upload FILE"]);
    expect(&["upload", "letter.pdf"], 65, &["INPUT_FORMAT_UNSUPPORTED", "advice: ", "client upload FILE"]);
    expect(&["draft", "suggest", "--yes"], 65, &["INPUTS_MISSING", "client upload FILE"]);
    expect(&["watch"], 4, &["nothing runs", "client upload FILE"]);
    client.run(&["upload", "pay.csv"]).ok();
    expect(&["freeze"], 65, &["PLAN_FREEZE_NOT_ALLOWED", "client draft suggest"]);
    expect(&["draft", "set", "outcome_var=log_pay"], 65, &["DRAFT_NOT_FOUND", "client draft suggest"]);
    expect(
        &["draft", "suggest", "--yes", "--question", "What goes with higher pay?"],
        4,
        &["Which variables should explain the outcome?", "client draft set regressors=female"],
    );
    // what can be done next follows from the state, not from what was typed
    for words in [&["results"][..], &["compare"], &["fetch"]] {
        expect(words, 4, &["type:   stata-service client freeze"]);
    }
    expect(&["run"], 65, &["type:   stata-service client freeze"]);
    // what the words said is kept, and a freeze names what is missing
    expect(&["freeze"], 4, &["PLAN_FREEZE_MISSING_REQUIRED", "client draft set regressors="]);
    let open = client.run(&["draft", "set", "regressors=shooling"]);
    assert!(open.code == 0 && open.out.contains("open !    parameters.regressors:"), "{open:?}");
    expect(&["freeze"], 65, &["CONTRACT_COLUMN_NOT_FOUND", "schooling"]);
    expect(&["draft", "set", "regressors=schooling", "sample_if=age >"], 65, &["EXPRESSION_INVALID"]);
    client.run(&["draft", "set", "regressors=schooling", "sample_if=age > 200"]).ok();
    expect(&["freeze"], 65, &["none of 800 rows satisfies age > 200"]);
    expect(&["freeze", "--accept", "no_obs"], 2, &["CHECK=REASON"]);
    client.run(&["freeze", "--accept", "no_obs=to see it"]).ok();
    client.run(&["revise"]).ok();
    client.run(&["draft", "set", "sample_if="]).ok();
    client.run(&["freeze"]).ok();
    expect(&["upload", "pay.csv"], 65, &["JOB_LOCKED", "client revise"]);
    expect(&["fetch"], 4, &["has not run yet", "client run"]);
    expect(&["capsule", "x.zip"], 65, &["RUN_NOT_SUCCEEDED", "type:   stata-service client run"]);
    expect(&["results", "--run", "../../x"], 65, &["RUN_NOT_FOUND"]);
    expect(&["upload", "pay.csv", "--roles", "a,b"], 2, &["give one for each file"]);
    let error = client.run(&["upload", "pay.csv", "--json"]).error();
    assert_eq!(error["error_code"], "JOB_LOCKED");
    assert_eq!(error["next"][0], "stata-service client revise");
    assert!(error["advice"].as_str().is_some_and(|advice| advice.starts_with("Revise")), "{error}");
}

#[test]
fn an_outcome_that_is_hardly_known_is_asked_for_also_with_yes() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.file("cookstove.csv", include_bytes!("../../fixtures/suggest/data/cookstove.csv"));
    client.login();
    let question = "Is the air in the kitchen cleaner in households with the new stove?";
    let asked = client.run(&["ask", question, "cookstove.csv", "--yes"]);
    assert_eq!(asked.code, 4, "{asked:?}");
    assert!(asked.out.contains("% sure)"), "{}", asked.out);
    for text in ["do not say clearly what the outcome is", "client draft set outcome_var="] {
        assert!(asked.err.contains(text), "{text:?} in {}", asked.err);
    }
    assert_eq!(client.run(&["freeze"]).code, 4, "nothing is frozen with a guess");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_the_service_is_named_as_what_it_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let expect = |server: &str, code: i32, text: &str| {
        let client = Client::of(dir.path(), server).with("SS_TOKEN", ADMIN_KEY);
        let done = client.run(&["code", "create"]);
        assert_eq!(done.code, code, "{server}: {done:?}");
        assert!(done.err.contains(text), "{server}: {}", done.err);
    };
    expect("http://127.0.0.1:1", 69, "cannot be reached");
    expect("127.0.0.1:8080", 2, "must begin with http:// or https://");
    expect("http://user:secret@127.0.0.1:1", 2, "must not hold a name or password");
    let page = Receiver::start().await;
    page.always(crate::support::receiver::Reply::Status(404));
    expect(&page.url, 70, "without a document of the service");
    let silent = Client::of(dir.path(), "").without("SS_SERVER");
    let done = silent.run(&["status"]);
    assert_eq!(done.code, 77);
    assert!(done.err.contains("export SS_SERVER="), "{}", done.err);
}
