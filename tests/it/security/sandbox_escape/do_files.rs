//! Hostile do-files in the open engine, inside the sandbox of every run: lines that read, write, start or
//! reach what is outside.

use std::path::Path;

use stata_service::domain::run_outcome::{CONTRACT_VERSION, Ended, RunLimits};
use stata_service::ports::runner::{RunSpec, Runner, SandboxMode, SandboxSpec};

use super::{CANARY, Outside};
use crate::support::runs::{SERVICE, processes_of, runner};

/// Lines of a hostile do-file; `OUT` is the folder of canaries.
const LINES: &[&str] = &[
    // starting programs
    "shell touch OUT/new.txt",
    "!touch OUT/new.txt",
    "winexec touch OUT/new.txt",
    "xshell touch OUT/new.txt",
    "python: import os; os.system('touch OUT/new.txt')",
    "java: System.exit(1);",
    "plugin call x, OUT/x.plugin",
    "program x, plugin using(\"OUT/x.plugin\")",
    "mata: unlink(\"OUT/canary.txt\")",
    "mata: st_local(\"x\", cat(\"OUT/canary.txt\"))",
    // reading
    "type OUT/canary.txt",
    "type /etc/shadow",
    "type \"../spec.json\"",
    "do OUT/canary.txt",
    "run OUT/canary.txt",
    "include OUT/canary.txt",
    "use OUT/canary.csv",
    "import delimited OUT/canary.csv, clear",
    "insheet using OUT/canary.csv, clear",
    "infile str80 a using OUT/canary.txt, clear",
    "infix str80 a 1-80 using OUT/canary.txt, clear",
    "import excel OUT/canary.csv, clear",
    "merge 1:1 _n using OUT/canary.csv",
    "append using OUT/canary.csv",
    "describe using OUT/canary.csv",
    "file open h using OUT/canary.txt, read",
    "file open h using /etc/shadow, read binary",
    "checksum OUT/canary.txt",
    "copy OUT/canary.txt inner.txt",
    "copy /etc/shadow inner.txt",
    "copy \"work/../../run/spec.json\" inner.txt",
    "dir OUT",
    "ls /root",
    "cd OUT",
    "cd ..",
    "local f : dir \"OUT\" files \"*\"",
    "display \"`f'\"",
    "local s : environment SS_BOOTSTRAP_ADMIN_KEY",
    "display \"`s'\"",
    "findfile canary.txt, path(OUT)",
    "adopath + OUT",
    "sysdir set PLUS OUT",
    "sysuse canary",
    "webuse auto",
    "net from http://127.0.0.1:9/",
    "ssc install estout",
    "use http://127.0.0.1:9/x.dta",
    "copy http://127.0.0.1:9/x inner.txt",
    "import delimited using \"http://127.0.0.1:9/x.csv\", clear",
    "odbc load, exec(\"select 1\") dsn(x)",
    // writing
    "set obs 2",
    "generate x = _n",
    "save OUT/new.dta",
    "save OUT/canary.csv, replace",
    "save ../new.dta, replace",
    "save /tmp/stata-service-escape, replace",
    "saveold /tmp/stata-service-escape, replace",
    "export delimited OUT/canary.csv, replace",
    "export delimited using \"/dev/shm/stata-service-escape\", replace",
    "export excel OUT/new.xlsx, replace",
    "outsheet using OUT/new.txt, replace",
    "file open w using OUT/canary.txt, write replace",
    "file open w using /var/tmp/stata-service-escape, write",
    "log using OUT/new.log, replace text",
    "log using /etc/stata-service-escape, replace text",
    "erase OUT/canary.txt",
    "rm OUT/canary.txt",
    "mkdir OUT/folder",
    "rmdir OUT/empty",
    "postfile p x using OUT/new.dta",
    "estimates save OUT/new.ster",
    "graph export OUT/new.svg",
    "putexcel set OUT/new.xlsx, replace",
    "putdocx begin",
    "putdocx save OUT/new.docx",
    "translate main.do OUT/new.pdf",
    "copy main.do OUT/canary.txt, replace",
    "copy main.do /root/stata-service-escape",
    "tempfile t",
    "copy main.do `t'/../../../../outside/new.txt",
    "zipfile main.do, saving(OUT/new.zip)",
    "unzipfile OUT/canary.csv",
    "cscript",
    "set trace on",
    "global S_ADO \"OUT\"",
    "x_not_there",
];

fn run(root: &Path, text: &str) -> (Ended, String, std::path::PathBuf) {
    let run_dir = root.join("run");
    let work = run_dir.join("work");
    std::fs::create_dir_all(&work).expect("a working directory");
    std::fs::write(work.join("main.do"), text).expect("a do-file");
    let outcome = runner()
        .start(RunSpec {
            contract_version: CONTRACT_VERSION,
            run_id: "run_do".to_owned(),
            run_dir,
            command: vec![SERVICE.to_owned(), "dofile".to_owned()],
            limits: RunLimits { wall_seconds: 60, grace_ms: 200, ..RunLimits::default() },
            sandbox: SandboxSpec { mode: SandboxMode::Enforce, read: Vec::new() },
            timezone: "UTC".to_owned(),
            lease: None,
        })
        .expect("the launcher starts")
        .wait();
    let log = std::fs::read(work.join("main.log")).unwrap_or_default();
    (outcome.ended, String::from_utf8_lossy(&log).into_owned(), work)
}

#[test]
fn no_line_of_a_do_file_reaches_outside() {
    let dir = tempfile::tempdir().expect("a directory");
    let outside = Outside::below(dir.path());
    let folder = outside.folder.display().to_string();
    let mut text = String::new();
    for line in LINES {
        text.push_str(&format!("capture noisily {}\n", line.replace("OUT", &folder)));
    }
    text.push_str("display \"SURVIVED\"\nexit, clear\n");
    let (ended, log, work) = run(dir.path(), &text);
    assert_eq!(ended, Ended::Exited { status: 0 }, "{log}");
    assert!(log.lines().any(|line| line == "SURVIVED"), "the lines were walked to the end\n{log}");
    outside.is_as_before();
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
    assert!(!log.contains(CANARY), "{log}");
    for line in std::fs::read_to_string("/etc/shadow").unwrap_or_default().lines().filter(|l| l.len() > 8) {
        assert!(!log.contains(line), "a line of /etc/shadow is in the log");
    }
    for entry in std::fs::read_dir(&work).expect("a folder").flatten().filter(|e| e.path().is_file()) {
        let content = std::fs::read(entry.path()).expect("readable");
        let found = String::from_utf8_lossy(&content).contains(CANARY);
        assert!(!found, "{} holds what is outside", entry.path().display());
    }
    assert!(!dir.path().join("run/new.dta").exists());
}

#[test]
fn the_lines_would_work_on_what_is_inside() {
    // else the refusals above would prove nothing about the sandbox
    let dir = tempfile::tempdir().expect("a directory");
    let text = "set obs 2\ngenerate x = _n\nexport delimited inner.csv, replace\nimport delimited inner.csv, clear\n\
        mkdir folder\nsave folder/inner.dta\nexit, clear\n";
    let (ended, log, work) = run(dir.path(), text);
    assert_eq!(ended, Ended::Exited { status: 0 });
    assert!(work.join("folder/inner.dta").exists() && work.join("inner.csv").exists(), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("r(")), "{log}");
}

#[test]
fn the_open_engine_reads_nothing_beside_its_program() {
    // whoever unpacks the service and starts it there has data and settings beside the program
    let folder = Path::new(SERVICE).parent().expect("a folder");
    let beside = tempfile::NamedTempFile::new_in(folder).expect("a file");
    std::fs::write(beside.path(), format!("name,y\n{CANARY},1\n")).expect("written");
    let dir = tempfile::tempdir().expect("a directory");
    let path = beside.path().display();
    let text = format!("capture noisily import delimited using \"{path}\", clear\nlist\nexit, clear\n");
    let (ended, log, _) = run(dir.path(), &text);
    assert_eq!(ended, Ended::Exited { status: 0 });
    assert!(log.contains("import delimited") && !log.contains(CANARY), "{log}");
}
