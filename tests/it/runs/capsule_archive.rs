//! Archives that are no capsules, or that nobody should unpack: refused before anything is written.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::capsules::{archive, capsule, saved};

fn skeleton() -> BTreeMap<String, Vec<u8>> {
    ["ro-crate-metadata.json", "manifest-sha256.txt"].map(|name| (name.to_owned(), b"{}".to_vec())).into()
}

fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    saved(folder.path(), "c.zip", bytes);
    for command in ["verify", "rerun"] {
        let (code, report) = capsule(folder.path(), &[command, "c.zip"]);
        assert_eq!(code, 65, "{command}: {report}");
        if command == "rerun" {
            return report["unreadable"].as_str().expect("a reason").to_owned();
        }
    }
    unreachable!("rerun is the last")
}

#[test]
fn files_that_are_no_capsule_are_told_from_files_that_are_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(capsule(folder.path(), &["verify", "none.zip"]).0, 66);
    assert!(refused(b"no archive").contains("is no ZIP archive"));
    assert!(refused(&archive(&BTreeMap::new())).contains("it has no ro-crate-metadata.json"));
    let (code, report) = {
        saved(folder.path(), "c.zip", &archive(&skeleton()));
        capsule(folder.path(), &["verify", "c.zip"])
    };
    assert_eq!((code, &report["ok"]), (1, &serde_json::json!(false)), "a capsule without content differs");
}

#[test]
fn paths_outside_links_doubles_and_bombs_are_refused() {
    for path in ["../outside", "/etc/passwd", "a/../../b", "a\\b", "c:x"] {
        let mut files = skeleton();
        files.insert(path.to_owned(), b"x".to_vec());
        assert!(refused(&archive(&files)).contains("unsafe"), "{path}");
    }
    let mut files = skeleton();
    files.insert("README.md".to_owned(), b"x".to_vec());
    files.insert("readme.md".to_owned(), b"y".to_vec());
    assert!(refused(&archive(&files)).contains("twice"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in skeleton() {
        zip.start_file(name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(&content).expect("content");
    }
    zip.add_symlink("data.dta", "/etc/passwd", SimpleFileOptions::default()).expect("an entry");
    let linked = zip.finish().expect("an archive").into_inner();
    assert!(refused(&linked).contains("link"));
    let mut files = skeleton();
    files.insert("data.dta".to_owned(), vec![0; 100 << 20]);
    assert!(refused(&archive(&files)).contains("would unpack to"));
}

#[test]
fn names_in_an_archive_do_not_reach_the_terminal_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut doubles = skeleton();
    for name in ["gpj.\u{202e}exe", "GPJ.\u{202e}EXE"] {
        doubles.insert(name.to_owned(), b"x".to_vec());
    }
    let mut listed = skeleton();
    let line = format!("{}  evil\u{1b}[2J.csv\n", "0".repeat(64));
    listed.insert("manifest-sha256.txt".to_owned(), line.into_bytes());
    for (files, shown) in [(doubles, r"\u{202e}"), (listed, "evil")] {
        saved(folder.path(), "c.zip", &archive(&files));
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_stata-service"))
            .args(["capsule", "verify", "c.zip"])
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let printed = String::from_utf8([run.stdout, run.stderr].concat()).expect("text");
        assert!(printed.contains(shown), "{printed:?}");
        assert!(!printed.contains(['\u{1b}', '\u{202e}']), "{printed:?}");
    }
}
