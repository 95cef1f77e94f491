//! A working directory made ahead becomes that of a run, with the run's own helper programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use stata_service::adapters::files::LocalWorkspace;
use stata_service::worker::spare::{Helpers, SpareWork};

/// The name of the directory in the scratch folder.
const SPARE: &str = "spare-work";

fn helpers(files: &[(&str, &str)]) -> Helpers {
    files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

/// The files of a working directory's folder `ado`.
fn files(work: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(work.join("ado")).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|e| (e.file_name().into_string().expect("text"), fs::read_to_string(e.path()).expect("text")))
        .collect()
}

#[test]
fn a_run_gets_its_own_helper_programs_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = LocalWorkspace::new(folder.path().to_owned());
    let spare = SpareWork::new(&workspace, folder.path());
    spare.refill(&workspace);
    let made_ahead = folder.path().join(SPARE);
    assert!(!made_ahead.exists(), "no run told what it needs");
    let sets = [
        helpers(&[("a.ado", "1"), ("b.ado", "2")]),
        helpers(&[("a.ado", "1"), ("b.ado", "2")]),
        helpers(&[("b.ado", "changed"), ("c.ado", "3")]),
        helpers(&[]),
    ];
    for (number, wanted) in sets.into_iter().enumerate() {
        let work = folder.path().join(format!("run-{number}"));
        spare.settle(&workspace, &work, wanted.clone()).expect("made");
        let expected: BTreeMap<String, String> =
            wanted.into_iter().map(|(n, b)| (n, String::from_utf8(b).expect("text"))).collect();
        assert_eq!(files(&work), expected);
        assert!(work.join("empty").is_dir() && work.join("tmp/home").is_dir());
        assert!(!made_ahead.exists(), "it became the run's");
        spare.refill(&workspace);
        assert_eq!(files(&made_ahead), expected);
    }
}

#[test]
fn a_directory_that_vanished_or_is_left_over_costs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = LocalWorkspace::new(folder.path().to_owned());
    let made_ahead = folder.path().join(SPARE);
    fs::create_dir_all(made_ahead.join("ado")).expect("made");
    fs::write(made_ahead.join("ado/old.ado"), "of an earlier process").expect("written");
    let spare = SpareWork::new(&workspace, folder.path());
    let wanted = helpers(&[("a.ado", "1")]);
    spare.settle(&workspace, &folder.path().join("first"), wanted.clone()).expect("made");
    spare.refill(&workspace);
    fs::remove_dir_all(&made_ahead).expect("removed");
    let work = folder.path().join("second");
    spare.settle(&workspace, &work, wanted).expect("made");
    assert_eq!(files(&work), BTreeMap::from([("a.ado".to_owned(), "1".to_owned())]));
}
