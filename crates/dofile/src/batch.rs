//! The batch process: `-b do FILE.do` runs a do-file, writes `FILE.log` beside it and ends with
//! status 0 even after an error, as Stata's batch mode does.

use crate::commands::Interpreter;
use crate::output::Output;
use crate::session::{ENGINE_VERSION, Echo, Flow, LANGUAGE_VERSION, Scope, Session};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8};

/// Usage text.
const USAGE: &str = "usage: dofile [-q] {-b|-e|-s} [do] FILE.do [arguments] [, nostop]\n       dofile --list-commands | --version";

/// Request of the command line.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    quiet_banner: bool,
    file: String,
    arguments: Vec<String>,
    /// The commands behind one that fails run too.
    nostop: bool,
    extension: &'static str,
}

/// Runs the engine with the arguments after the program's name.
pub fn batch_main(args: impl IntoIterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.into_iter().collect();
    match args.first().map(String::as_str) {
        Some("--version") => {
            println!("stata-service open do-file engine {ENGINE_VERSION}");
            return ExitCode::SUCCESS;
        }
        Some("--list-commands") => {
            print!("{}", crate::commands::registry::list_commands());
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let Some(request) = parse(&args) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(1)
        }
    }
}

/// Accepts `-q -b do FILE args`, `-b do FILE`, `-e do FILE`, `-s do FILE`, and the same without `do`.
fn parse(args: &[String]) -> Option<Request> {
    let mut quiet_banner = false;
    let mut extension = None;
    let mut rest = args.iter();
    let mut word = rest.next()?;
    while let Some(flag) = word.strip_prefix('-') {
        match flag {
            "q" => quiet_banner = true,
            "b" | "e" => extension = Some("log"),
            "s" => extension = Some("smcl"),
            _ => return None,
        }
        word = rest.next()?;
    }
    if word == "do" || word == "run" {
        word = rest.next()?;
    }
    let extension = extension?;
    let mut words: Vec<String> = [word].into_iter().chain(rest).cloned().collect();
    let nostop = take_nostop(&mut words);
    if words.is_empty() {
        return None;
    }
    let file = words.remove(0);
    Some(Request { quiet_banner, file, arguments: words, nostop, extension })
}

/// Takes `, nostop` from the end of a command line; the comma may be a word or a part of one.
fn take_nostop(words: &mut Vec<String>) -> bool {
    let end = match words.as_slice() {
        [.., comma, option] if option == "nostop" && comma.ends_with(',') => words.len() - 1,
        [.., last] if last.ends_with(",nostop") => words.len(),
        _ => return false,
    };
    words.truncate(end);
    let last = words.pop().unwrap_or_default();
    let kept = last.trim_end_matches("nostop").trim_end_matches(',');
    if !kept.is_empty() {
        words.push(kept.to_string());
    }
    true
}

fn run(request: &Request) -> Result<(), String> {
    let file = crate::ops::files::with_extension(&request.file, "do");
    let stem =
        Path::new(&file).file_stem().map_or_else(|| "dofile".into(), |s| s.to_string_lossy().into_owned());
    let log = PathBuf::from(format!("{stem}.{}", request.extension));
    let out = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let mut session = Session::new(Output::to_file(out));
    #[expect(clippy::disallowed_methods, reason = "the engine is a process of its own without configuration")]
    if let Some(dir) = std::env::var_os("STATATMP") {
        session.temp_dir = PathBuf::from(dir);
    }
    session.interrupt = interrupt_flag();
    if !request.quiet_banner {
        banner(&mut session);
    }
    run_main(&mut session, &file, request);
    session.end();
    Ok(())
}

fn banner(s: &mut Session) {
    s.out.line("");
    s.out.line(&format!("  stata-service open do-file engine {ENGINE_VERSION}"));
    s.out.line(&format!("  follows language version {LANGUAGE_VERSION:.1}; this program is not Stata"));
    s.out.line("");
}

fn run_main(s: &mut Session, file: &str, request: &Request) {
    let arguments = &request.arguments;
    let shown = [&[file.to_string()], arguments.as_slice()].concat().join(" ");
    let option = if request.nostop { ", nostop" } else { "" };
    s.out.line(&format!(". do {shown}{option} "));
    s.out.line("");
    let text = match std::fs::read(s.path(file)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => {
            s.out.line(&format!("file {file} not found"));
            s.out.line("r(601);");
            s.out.flush();
            return;
        }
    };
    let mut scope = Scope::default();
    scope.locals.insert("0".into(), arguments.join(" "));
    for (k, a) in arguments.iter().enumerate() {
        scope.locals.insert((k + 1).to_string(), a.clone());
    }
    s.scopes = vec![scope];
    let result =
        if request.nostop { s.run_text_to_end(&text, Echo::On) } else { s.run_text(&text, Echo::On) };
    match result {
        Ok(Flow::Quit) => {}
        Ok(_) => {
            s.out.line(". ");
            s.out.line("end of do-file");
        }
        Err(e) => {
            s.report(&e);
            s.out.line("");
            s.out.line("end of do-file");
            s.out.line(&format!("r({});", e.code));
        }
    }
    s.out.flush();
}

/// How often SIGINT and SIGTERM have arrived.
static STOPS: AtomicU8 = AtomicU8::new(0);

/// A flag that becomes true when the process is asked to stop.
fn interrupt_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        signals::install();
        let seen = flag.clone();
        // the handler may only store to a static; this thread carries it to the session
        let _ = std::thread::Builder::new()
            .name("stop".into())
            .stack_size(64 * 1024)
            .spawn(move || signals::watch(&seen));
    }
    flag
}

#[cfg(unix)]
mod signals {
    //! Installs the stop handler and acts on what it has seen.

    use super::STOPS;
    use crate::session::remove_temporary_files;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The signal that came last.
    static LAST: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(libc::SIGTERM);

    /// Ends the process as the signal does by default.
    fn die(signal: libc::c_int) {
        // SAFETY: signal(2) and raise(3) are async-signal-safe; the process ends by the signal.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }

    extern "C" fn stop(signal: libc::c_int) {
        LAST.store(signal, Ordering::Relaxed);
        // the thread below may never run again where memory or time have run out
        if STOPS.fetch_add(1, Ordering::Relaxed) > 1 {
            die(signal);
        }
    }

    pub(super) fn install() {
        let handler: extern "C" fn(libc::c_int) = stop;
        for signal in [libc::SIGINT, libc::SIGTERM] {
            // SAFETY: the handler does only what is async-signal-safe.
            unsafe {
                libc::signal(signal, handler as libc::sighandler_t);
            }
        }
    }

    /// Waits for signals. Commands look for the first one from time to time; who asks again does not want to wait, and the
    /// process ends without its temporary files.
    pub(super) fn watch(asked: &AtomicBool) {
        loop {
            let stops = STOPS.load(Ordering::Relaxed);
            if stops > 0 {
                asked.store(true, Ordering::Relaxed);
            }
            if stops > 1 {
                remove_temporary_files();
                die(LAST.load(Ordering::Relaxed));
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_of_the_contract() {
        let args = |s: &str| s.split(' ').map(String::from).collect::<Vec<_>>();
        let r = parse(&args("-q -b do main.do")).expect("parses");
        assert!(r.quiet_banner && r.file == "main.do" && r.extension == "log");
        let r = parse(&args("-b do a.do x y")).expect("parses");
        assert_eq!(r.arguments, ["x", "y"]);
        for line in ["-b do a.do x, nostop", "-b do a.do x , nostop", "-b do a.do x,nostop"] {
            let r = parse(&args(line)).expect("parses");
            assert!(r.nostop && r.file == "a.do" && r.arguments == ["x"], "{line}");
        }
        let r = parse(&args("-b a.do, nostop")).expect("parses");
        assert!(r.nostop && r.file == "a.do" && r.arguments.is_empty());
        assert_eq!(parse(&args("-b do ,nostop")), None);
        assert_eq!(parse(&args("-s do a.do")).expect("parses").extension, "smcl");
        assert_eq!(parse(&args("do a.do")), None);
        assert_eq!(parse(&args("-b")), None);
    }
}
