//! The batch process: command line, log layout, exit status, stop signal.

#[cfg(unix)]
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs a do-file in a directory and gives exit status and log.
fn batch(dir: &Path, text: &str, args: &[&str]) -> (i32, String) {
    std::fs::write(dir.join("main.do"), text).expect("written");
    let status = Command::new(env!("CARGO_BIN_EXE_dofile"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .status()
        .expect("started");
    (status.code().expect("ended by itself"), std::fs::read_to_string(dir.join("main.log")).expect("log"))
}

#[test]
fn log_echoes_commands_and_output() {
    let dir = tempfile::tempdir().expect("directory");
    let text = "display 1 + 1\n* comment\nforeach x in a b {\n    display \"`x'\"\n}\ndisplay \"`1'\" ///\n  \" end\"\n";
    let (status, log) = batch(dir.path(), text, &["-q", "-b", "do", "main.do", "argument"]);
    assert_eq!(status, 0);
    let want = ". do main.do argument \n\n. display 1 + 1\n2\n\n. * comment\n. foreach x in a b {\n  2.     display \"`x'\"\n  3. }\na\nb\n\n. display \"`1'\" ///\n>   \" end\"\nargument end\n\n. \nend of do-file\n";
    assert_eq!(log, want);
}

/// [D] input prints the names in the widths of their formats; so do logs of courses.
#[test]
fn rows_that_are_typed_stand_below_their_names() {
    let dir = tempfile::tempdir().expect("directory");
    let text = "input x y\n.6 8\nend\nclear\ninput str20 name age str6 sex\n\"A. Doyle\" 22 male\nend\n";
    let (status, log) = batch(dir.path(), text, &["-q", "-b", "do", "main.do"]);
    assert_eq!(status, 0);
    let first = ". input x y\n\n             x          y\n  1. .6 8\n  2. end\n\n";
    let second = ". input str20 name age str6 sex\n\n                     name        age        sex\n  1. \"A. Doyle\" 22 male\n  2. end\n";
    assert!(log.contains(first) && log.contains(second), "{log}");
}

#[test]
fn an_error_ends_the_log_and_the_status_stays_zero() {
    let dir = tempfile::tempdir().expect("directory");
    let (status, log) =
        batch(dir.path(), "display 1\nerror 459\ndisplay 2\n", &["-q", "-b", "do", "main.do"]);
    assert_eq!(status, 0);
    assert!(log.ends_with("r(459);\n\nend of do-file\nr(459);\n"), "{log}");
    assert!(!log.contains("display 2"));
}

#[test]
fn exit_clear_is_the_last_echo() {
    let dir = tempfile::tempdir().expect("directory");
    let (_, log) =
        batch(dir.path(), "display \"SS_EVENT|end|nonce=1\"\nexit, clear\n", &["-q", "-b", "do", "main.do"]);
    assert!(
        log.ends_with(". display \"SS_EVENT|end|nonce=1\"\nSS_EVENT|end|nonce=1\n\n. exit, clear\n\n"),
        "{log}"
    );
}

#[test]
fn the_banner_names_the_engine() {
    let dir = tempfile::tempdir().expect("directory");
    let (_, log) = batch(dir.path(), "display c(engine)\n", &["-b", "do", "main.do"]);
    assert!(
        log.contains("open do-file engine")
            && log.contains("this program is not Stata")
            && log.contains("\nopen\n")
    );
}

#[test]
fn the_preamble_of_a_run_is_accepted() {
    let dir = tempfile::tempdir().expect("directory");
    let text = "set linesize 255\nversion 17\nclear all\nglobal SS_KEY \"k\"\nset more off\nset rmsg off\nset trace off\nset dp period\nset type float\nset level 95\nset varabbrev off\nif c(MP) set processors 2\nset max_memory 900m\nglobal S_ADO `\"BASE;ado\"'\nsysdir set PLUS \"p\"\nsysdir set PERSONAL \"p\"\ndiscard\nquietly mata: mata mlib index\nset scheme s\nset rng default\nset seed 7\nset sortseed 7\ndisplay \"reached\"\nexit, clear\n";
    let (_, log) = batch(dir.path(), text, &["-q", "-b", "do", "main.do"]);
    assert!(log.contains("\nreached\n") && !log.contains("r("), "{log}");
}

/// Starts a do-file and waits until it has printed `started`.
#[cfg(unix)]
fn started(dir: &Path, text: &str) -> Child {
    started_with_files_in(dir, text, &std::env::temp_dir())
}

/// The same with a folder for temporary files.
#[cfg(unix)]
fn started_with_files_in(dir: &Path, text: &str, files: &Path) -> Child {
    std::fs::write(dir.join("main.do"), text).expect("written");
    let child = Command::new(env!("CARGO_BIN_EXE_dofile"))
        .args(["-q", "-b", "do", "main.do"])
        .env("STATATMP", files)
        .current_dir(dir)
        .stdin(Stdio::null())
        .spawn()
        .expect("started");
    while !std::fs::read_to_string(dir.join("main.log")).is_ok_and(|t| t.contains("started\n")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let sent = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().expect("kill");
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn a_stop_signal_breaks_the_run() {
    let dir = tempfile::tempdir().expect("directory");
    let mut child = started(dir.path(), "display \"started\"\nwhile 1 {\n    local x = 1\n}\n");
    terminate(&child);
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    let text = std::fs::read_to_string(dir.path().join("main.log")).expect("log");
    assert!(text.contains("--Break--\nr(1);\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_second_stop_signal_ends_a_command_that_does_not_look_for_the_first() {
    let dir = tempfile::tempdir().expect("directory");
    // a product that takes much longer than the test
    let text = "matrix A = I(4000)\ndisplay \"started\"\nmatrix B = A * A\n";
    let mut child = started(dir.path(), text);
    // within the product
    std::thread::sleep(Duration::from_millis(300));
    terminate(&child);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("is asked").is_none(), "the first signal is left to the command");
    terminate(&child);
    assert_eq!(child.wait().expect("ended").signal(), Some(15));
}

/// Names in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let found = std::fs::read_dir(folder).expect("a folder");
    found.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[cfg(unix)]
#[test]
fn temporary_files_go_however_a_run_ends() {
    let write = "set obs 2\ngenerate x = _n\ntempfile a\nquietly save `a'\npreserve\ntempfile b\nquietly save `b'\ndisplay \"started\"\n";
    let run = |first: &str, rest: &str, signals: u32| {
        let (dir, files) = (tempfile::tempdir().expect("directory"), tempfile::tempdir().expect("directory"));
        let text = format!("{first}{write}{rest}");
        let mut child = started_with_files_in(dir.path(), &text, files.path());
        for _ in 0..signals {
            std::thread::sleep(Duration::from_millis(300));
            terminate(&child);
        }
        let status = child.wait().expect("ended");
        assert_eq!(names_in(files.path()), [""; 0], "{rest} {signals}");
        status
    };
    for rest in ["", "error 459\n", "exit, clear\n"] {
        assert_eq!(run("", rest, 0).code(), Some(0));
    }
    assert_eq!(run("", "while 1 {\n    local x = 1\n}\n", 1).code(), Some(0));
    assert_eq!(run("matrix A = I(4000)\n", "matrix B = A * A\n", 2).signal(), Some(15));
}

/// A program that uses the engine as a library may let a session go without its end.
#[test]
fn temporary_files_go_with_their_session() {
    let files = tempfile::tempdir().expect("directory");
    let mut session = dofile::Session::default();
    session.temp_dir = files.path().to_path_buf();
    let (log, rc) = session.run_captured("set obs 2\ngenerate x = _n\ntempfile a\nsave `a'\n");
    assert_eq!((rc, names_in(files.path()).len()), (0, 1), "{log}");
    drop(session);
    assert_eq!(names_in(files.path()), [""; 0]);
}

#[test]
fn logs_of_a_do_file_have_names_and_can_rest() {
    let dir = tempfile::tempdir().expect("directory");
    let text = "log using one.log, text replace\nlog using \"two.log\", text name(second)\ndisplay \"both\"\n\
                log off second\ndisplay \"first only\"\nlog on second\ncapture log using three.log, name(second)\n\
                display \"code \" _rc\nlog close second\ncapture log close second\ndisplay \"code \" _rc\n\
                log using two.log, name(second) append\ndisplay \"again\"\nlog close _all\ncapture log close\n\
                display \"code \" _rc\n";
    let (status, main) = batch(dir.path(), text, &["-q", "-b", "do", "main.do"]);
    assert_eq!(status, 0);
    let printed: Vec<&str> = main.lines().filter(|l| !l.is_empty() && !l.starts_with(['.', '>'])).collect();
    let want = ["both", "first only", "code 604", "code 606", "again", "code 606", "end of do-file"];
    assert_eq!(printed, want);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a log");
    let (one, two) = (read("one.log"), read("two.log"));
    assert!(
        one.contains("\nfirst only\n") && one.contains("\nagain\n") && !one.contains("code 606\n\nend"),
        "{one}"
    );
    assert!(two.contains("\nboth\n") && two.contains("\nagain\n") && two.contains("\ncode 604\n"), "{two}");
    assert!(!two.contains("\nfirst only\n") && !two.contains("\ncode 606\n"), "{two}");
}
