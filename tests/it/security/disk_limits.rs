//! Space of the disk that a run takes in ways that a list of names and sizes does not show.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use stata_service::adapters::files::LocalWorkspace;
use stata_service::adapters::runner::LocalRunner;
use stata_service::domain::run_outcome::Ended;
use stata_service::ports::runner::{RunSpec, Runner, SandboxMode};
use stata_service::ports::workspace::Workspace;

use crate::support::runs::{SERVICE, processes_of, spec};

/// A launcher that cannot pass over the modes of files, also where the tests run as the superuser.
fn ordinary_runner(folder: &Path) -> LocalRunner {
    let script = folder.join("launcher.sh");
    let rights = "--bounding-set=-dac_override,-dac_read_search";
    let text = format!(
        "#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then exec setpriv {rights} '{SERVICE}' \"$@\"; fi\nexec '{SERVICE}' \"$@\"\n"
    );
    fs::write(&script, text).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
    LocalRunner::with_launcher(script)
}

fn ended(behaviour: &str, change: impl FnOnce(&mut RunSpec)) -> Ended {
    let dir = tempfile::tempdir().expect("a directory");
    let mut spec = spec(dir.path(), behaviour);
    spec.limits.output_bytes = 10_000_000;
    change(&mut spec);
    let run_dir = spec.run_dir.clone();
    let outcome = ordinary_runner(dir.path()).start(spec).expect("the launcher starts").wait();
    assert_eq!(processes_of(dir.path()), [0_i32; 0], "{behaviour} left processes behind");
    LocalWorkspace::new(dir.path().to_owned()).remove_dir(&run_dir).expect("the folder can be removed");
    outcome.ended
}

fn over(what: &str) -> Ended {
    Ended::OutputLimit { what: what.to_owned() }
}

#[test]
fn what_a_run_hides_from_names_and_sizes_counts_against_its_limit() {
    for behaviour in ["closed_folder", "unlinked", "mapped"] {
        assert_eq!(ended(behaviour, |_| {}), over("bytes"), "{behaviour}");
    }
    assert_eq!(ended("nested", |_| {}), over("depth"));
    assert_eq!(ended("closed_folders", |s| s.limits.output_files = 50), over("files"));
}

#[test]
fn blocks_beyond_the_end_of_a_file_are_refused_and_count_where_they_are_not() {
    assert_eq!(ended("kept_size", |_| {}), Ended::Exited { status: 0 }, "the filter refuses it");
    assert_eq!(ended("kept_size", |s| s.sandbox.mode = SandboxMode::Off), over("bytes"));
}

#[test]
fn a_second_name_does_not_keep_blocks_beyond_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let file = fs::File::create(&from).expect("made");
    let flags = rustix::fs::FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&file, flags, 0, 8 << 20).expect("a file system with room in advance");
    fs::write(&from, b"content").expect("written");
    rustix::fs::fallocate(&file, flags, 0, 8 << 20).expect("taken again");
    LocalWorkspace::new(dir.path().to_owned()).link(&from, &to).expect("linked");
    assert_eq!(fs::read(&to).expect("read"), b"content");
    assert!(fs::metadata(&to).expect("facts").blocks() * 512 < 1 << 20);
}
