//! A person at a terminal: secrets are not shown, questions are asked, progress is one line.

use super::PAY;
use crate::support::app::ADMIN_KEY;
use crate::support::client::Client;
use crate::support::program::Start;

#[test]
fn a_person_types_a_key_and_answers_the_open_question() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.file("pay.csv", PAY.as_bytes());
    let mut terminal = client.at_terminal(&["login"]);
    terminal.wait_for("API key: ");
    terminal.types(ADMIN_KEY);
    terminal.wait_for("accepts the key");
    let (code, text) = terminal.end();
    assert!(code == 0 && !text.contains(ADMIN_KEY), "the key is shown: {text}");

    let mut terminal = client.at_terminal(&["ask", "What goes with higher pay?", "pay.csv"]);
    terminal.wait_for("upload  49.7 kB");
    terminal.wait_for("1 female   2 union_member   3 schooling");
    terminal.wait_for("Which variables should explain the outcome? Columns or numbers, with commas:");
    terminal.types("3, years_work");
    terminal.wait_for("Use this draft? [Y/n]");
    terminal.types("");
    terminal.wait_for("client freeze");
    assert_eq!(terminal.end().0, 0);
    let draft = client.run(&["draft", "show", "--json"]).json();
    assert_eq!(draft["roles"]["regressors"], serde_json::json!(["schooling", "years_work"]));
    assert_eq!(draft["roles"]["outcome_var"], serde_json::json!(["pay"]));

    let mut terminal =
        client.at_terminal(&["draft", "suggest", "--question", "effect of schooling on log_pay"]);
    terminal.wait_for("Use this draft? [Y/n]");
    terminal.types("n");
    let (code, text) = terminal.end();
    assert!(code == 4 && text.contains("nothing changed"), "{text}");
    let draft = client.run(&["draft", "show", "--json"]).json();
    assert_eq!(
        (&draft["stale"], &draft["roles"]["outcome_var"]),
        (&true.into(), &serde_json::json!(["pay"]))
    );
}

#[test]
fn reasons_are_in_the_language_of_the_person() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base).with("LANG", "zh_CN.UTF-8");
    client.file("pay.csv", PAY.as_bytes());
    client.login();
    let asked = client.run(&["ask", "effect of schooling on log_pay", "pay.csv", "--yes"]).ok();
    assert!(asked.contains("线性回归（OLS）") && asked.contains("问题中写明了变量"), "{asked}");
}

#[test]
fn every_command_has_help_completions_and_a_manual_page() {
    let dir = tempfile::tempdir().expect("a directory");
    let tool = |words: &[&str]| {
        let done = Start::on(dir.path()).tool(words).output().expect("runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text")
    };
    for shell in ["bash", "zsh", "fish"] {
        let script = tool(&["completions", shell]);
        for word in ["client", "redeem", "suggest", "no-wait"] {
            assert!(script.contains(word), "{word} in the completions of {shell}");
        }
    }
    let bash = dir.path().join("completions.bash");
    std::fs::write(&bash, tool(&["completions", "bash"])).expect("written");
    let checked = std::process::Command::new("bash").arg("-n").arg(&bash).status().expect("bash");
    assert!(checked.success());
    let pages = dir.path().join("man");
    tool(&["manual", pages.to_str().expect("text")]);
    let page = std::fs::read_to_string(pages.join("stata-service-client-ask.1")).expect("a page");
    assert!(page.contains(".TH") && page.contains("suggest a draft"), "{page}");
    assert!(pages.join("stata-service.1").exists() && pages.join("stata-service-serve.1").exists());
    let help = tool(&["client", "draft", "set", "--help"]);
    assert!(help.contains("NAME=VALUE"), "{help}");
}
