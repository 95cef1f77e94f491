//! Mata: the language, its errors, the exchange with the data, files, and that no input makes it panic. Numbers are in
//! the oracle cases (`oracles/cases/mata.json`).

mod data;
mod errors;
mod files;
mod language;
mod random;

use dofile::Session;

/// Runs lines in a block of Mata and returns what they print and the return code.
fn mata(lines: &str) -> (String, i32) {
    Session::default().run_captured(&format!("mata:\n{lines}\nend"))
}

/// Lines of Mata print exactly this.
fn shows(lines: &str, want: &str) {
    let (got, rc) = mata(lines);
    assert_eq!((got.trim_end(), rc), (want.trim_end(), 0), "in\n{lines}");
}

/// Each expression of Mata has the value 1.
fn holds(setup: &str, expressions: &[&str]) {
    let mut text = format!("mata:\n{setup}\n");
    for (k, e) in expressions.iter().enumerate() {
        text.push_str(&format!("st_numscalar(\"t{k}\", {e})\n"));
    }
    text.push_str("end");
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for (k, e) in expressions.iter().enumerate() {
        assert_eq!(session.eval_num(&format!("t{k}")), Ok(1.0), "{e}");
    }
}

/// Lines of Mata end with a return code and a text in the log.
fn fails(lines: &str, rc: i32, text: &str) {
    let (got, code) = mata(lines);
    assert!(code == rc && got.contains(text), "in\n{lines}\nr({code})\n{got}");
}
