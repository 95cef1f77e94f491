//! Files of `save`: written whole or not at all, and apart from those of other sessions.

use crate::support::{holds, run};
use dofile::Session;
use std::os::unix::fs::PermissionsExt;

/// Sessions of one process share the folder of temporary files; what one saves, another must not read.
#[test]
fn sessions_save_at_the_same_time() {
    std::thread::scope(|threads| {
        for k in 0..8 {
            threads.spawn(move || {
                let (session, _) = run(&format!(
                    "tempfile f\nlocal wrong 0\nforvalues i = 1/40 {{\nclear\nset obs 2000\ngenerate x = {k}\nsave `f', replace\n\
                     use `f', clear\nquietly count if x != {k}\nlocal wrong = `wrong' + r(N)\n}}\nscalar wrong = `wrong'"
                ));
                holds(&session, &["wrong == 0"]);
            });
        }
    });
}

/// A file is written whole under another name first, in its folder; nothing of that stays, and others may read it.
#[test]
fn a_saved_file_is_the_only_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured("set obs 2\ngenerate x = 1\nsave kept\nsave kept, replace");
    assert_eq!(rc, 0, "{log}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(files.iter().map(|f| f.file_name()).collect::<Vec<_>>(), ["kept.dta"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("a file").permissions().mode();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").expect("a file is written");
    assert_eq!(mode(&files[0].path()), mode(&plain), "the permissions are those that the user's mask gives");
}
