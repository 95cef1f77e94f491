//! A working directory made ahead becomes that of a run, with the run's own helper programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stata_service::adapters::files::LocalWorkspace;
use stata_service::worker::spare::{Helpers, SpareWork};

/// The directory that waits in the scratch folder.
fn made_ahead(scratch: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(scratch).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| is_spare(path)).collect();
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

fn is_spare(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("spare-"))
}

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
    assert_eq!(made_ahead(folder.path()), None, "no run told what it needs");
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
        assert_eq!(made_ahead(folder.path()), None, "it became the run's");
        spare.refill(&workspace);
        assert_eq!(files(&made_ahead(folder.path()).expect("one for the next run")), expected);
    }
}

#[test]
fn a_directory_that_vanished_or_is_left_over_costs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = LocalWorkspace::new(folder.path().to_owned());
    let left = folder.path().join("spare-7");
    fs::create_dir_all(left.join("ado")).expect("made");
    fs::write(left.join("ado/old.ado"), "of an earlier process").expect("written");
    let spare = SpareWork::new(&workspace, folder.path());
    assert_eq!(made_ahead(folder.path()), None, "that of an earlier process is removed");
    let wanted = helpers(&[("a.ado", "1")]);
    spare.settle(&workspace, &folder.path().join("first"), wanted.clone()).expect("made");
    spare.refill(&workspace);
    fs::remove_dir_all(made_ahead(folder.path()).expect("one for the next run")).expect("removed");
    let work = folder.path().join("second");
    spare.settle(&workspace, &work, wanted).expect("made");
    assert_eq!(files(&work), BTreeMap::from([("a.ado".to_owned(), "1".to_owned())]));
}
