//! Do-files that must run, and what holds after them.

use std::path::{Path, PathBuf};

use dofile::Session;

/// A session and the log of a do-file that must run.
pub(crate) fn run(text: &str) -> (Session, String) {
    ran(Session::default(), text)
}

/// The same with a working folder, below that of the crate.
pub(crate) fn run_in(folder: &str, text: &str) -> (Session, String) {
    let mut session = Session::default();
    session.cwd = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    ran(session, text)
}

fn ran(mut session: Session, text: &str) -> (Session, String) {
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    (session, log)
}

/// Every expression is true.
pub(crate) fn holds(session: &Session, expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(session.eval_num(expression), Ok(1.0), "{expression}");
    }
}

/// The log and the return code of a do-file that may stop.
pub(crate) fn try_run(text: &str) -> (String, i32) {
    Session::default().run_captured(text)
}

/// The same in a folder of its own, to the session's end.
pub(crate) fn try_run_in_a_folder(text: &str) -> (String, i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let outcome = session.run_captured(text);
    session.end();
    outcome
}

/// The log of a do-file that must run.
pub(crate) fn log_of(text: &str) -> String {
    let (log, rc) = try_run(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    log
}

/// The lines of the block stand in the log one after another, blanks at their ends aside.
pub(crate) fn has_block(log: &str, block: &str) {
    let found: Vec<&str> = log.lines().map(str::trim_end).collect();
    let wanted: Vec<&str> = block.trim_matches('\n').lines().map(str::trim_end).collect();
    assert!(found.windows(wanted.len()).any(|w| w == wanted), "no block\n{block}\nin\n{log}");
}

/// Every line stands in the log in this order, blanks at its end aside.
pub(crate) fn has_lines(log: &str, lines: &str) {
    let mut rest = log.lines();
    for line in lines.lines().filter(|l| !l.is_empty()) {
        assert!(rest.any(|l| l.trim_end() == line.trim_end()), "no line {line:?} (in this order) in\n{log}");
    }
}

/// A data file of the oracle cases as text for `input` with one storage type, without its first `skipped` columns.
pub(crate) fn input(storage: &str, file: &str, skipped: usize) -> String {
    let text = std::fs::read_to_string(data_file(file)).expect("a data file");
    let mut rows = text.lines().map(|line| {
        let cells = line.split(',').skip(skipped).map(|c| if c.is_empty() { "." } else { c });
        cells.collect::<Vec<_>>().join(" ")
    });
    let names = rows.next().expect("names");
    format!("clear\ninput {storage}({names})\n{}\nend\n", rows.collect::<Vec<_>>().join("\n"))
}

fn data_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data").join(name)
}

/// The cars of 1978 with the storage types and labels that the published logs have.
pub(crate) fn cars() -> String {
    format!(
        "import delimited using \"{}\", clear case(preserve)\nrecast str18 make\nrecast int price mpg rep78\n\
         recast float headroom gear_ratio, force\nrecast int weight\nlabel define origin 0 \"Domestic\" 1 \"Foreign\"\n\
         label values foreign origin\nlabel variable foreign \"Car origin\"\nlabel variable weight \"Weight (lbs.)\"\n",
        data_file("printed_auto.csv").display()
    )
}
