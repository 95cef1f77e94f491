//! Do-files that must run, and what holds after them.

use std::path::Path;

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
