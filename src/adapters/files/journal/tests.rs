use std::fs;

use tempfile::TempDir;

use super::*;
use crate::adapters::files::LocalBlobStore;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobStore, Promotion};

/// A data directory with a journal, which loses its power when the test says so.
struct Bench {
    dir: TempDir,
    blobs: LocalBlobStore,
    job: JobId,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("store")).expect("made");
        let blobs = LocalBlobStore::with_journal(dir.path().to_owned()).expect("opened");
        Self { dir, blobs, job: JobId::parse("job_1").expect("an id") }
    }

    /// Keeps files from being synced in their places.
    fn held(&self) -> MutexGuard<'_, ()> {
        let journal = self.blobs.journal.as_ref().expect("a journal");
        journal.shared.settling.lock().expect("free")
    }

    fn path(&self, rel_path: &str) -> PathBuf {
        let dirs = JobDirs { data_dir: self.dir.path().to_owned() };
        dirs.path(&TenantId::default_tenant(), &self.job, rel_path)
    }

    fn put(&self, rel_path: &str, bytes: &[u8]) {
        let written = self.blobs.put(&TenantId::default_tenant(), &self.job, rel_path, &mut &*bytes);
        assert_eq!(written.expect("stored").size_bytes, bytes.len() as u64);
    }

    fn promote(&self, rel_path: &str, bytes: &[u8]) {
        let staged = self.path("runs/staged");
        fs::create_dir_all(staged.parent().expect("a parent")).expect("made");
        fs::write(&staged, bytes).expect("staged");
        let file = Promotion { staged: "runs/staged".to_owned(), rel_path: rel_path.to_owned(), known: None };
        self.blobs.promote(&TenantId::default_tenant(), &self.job, &[file]).expect("promoted");
    }

    fn delete(&self, rel_path: &str) {
        self.blobs.delete(&TenantId::default_tenant(), &self.job, rel_path).expect("deleted");
    }

    /// The journals as they are on the disk now.
    fn journals(&self) -> [Vec<u8>; 2] {
        paths(self.dir.path()).map(|path| fs::read(path).expect("there"))
    }

    /// Starts again with these journals.
    fn start_with(self, journals: [Vec<u8>; 2]) -> Self {
        let Self { dir, blobs, job } = self;
        drop(blobs);
        for (path, bytes) in paths(dir.path()).iter().zip(journals) {
            fs::write(path, bytes).expect("written");
        }
        replay(dir.path()).expect("replayed");
        let blobs = LocalBlobStore::with_journal(dir.path().to_owned()).expect("opened");
        Self { dir, blobs, job }
    }
}

fn is_void(journal: &[u8]) -> bool {
    journal.iter().take(BLOCK).all(|byte| *byte == 0)
}

#[test]
fn files_that_did_not_reach_the_disk_are_written_again() {
    let bench = Bench::new();
    let held = bench.held();
    bench.put("artifacts/sets/s1/0.plan.json", b"a plan");
    bench.promote("artifacts/runs/r1/table.csv", &[b'x'; 70_000]);
    bench.put("artifacts/sets/s1/1.empty", b"");
    let journals = bench.journals();
    drop(held);
    fs::remove_dir_all(bench.path("artifacts/sets")).expect("removed");
    fs::write(bench.path("artifacts/runs/r1/table.csv"), [0; 70_000]).expect("cut");
    let bench = bench.start_with(journals);
    assert_eq!(fs::read(bench.path("artifacts/sets/s1/0.plan.json")).expect("there"), b"a plan");
    assert_eq!(fs::read(bench.path("artifacts/runs/r1/table.csv")).expect("there"), [b'x'; 70_000]);
    assert_eq!(fs::read(bench.path("artifacts/sets/s1/1.empty")).expect("there"), b"");
    assert!(bench.journals().iter().all(|journal| is_void(journal)));
}

#[test]
fn what_was_deleted_does_not_come_back() {
    let bench = Bench::new();
    bench.put("inputs/u1/data.csv", b"personal");
    bench.promote("artifacts/runs/r1/table.csv", b"personal");
    bench.put("artifacts/sets/s1/0.plan.json", b"kept");
    bench.delete("inputs");
    bench.delete("artifacts/runs/r1");
    let journals = bench.journals();
    let bench = bench.start_with(journals);
    assert!(!bench.path("inputs").exists() && !bench.path("artifacts/runs/r1").exists());
    assert_eq!(fs::read(bench.path("artifacts/sets/s1/0.plan.json")).expect("there"), b"kept");
}

#[test]
fn a_promotion_that_is_repeated_counts_in_its_last_form() {
    let bench = Bench::new();
    bench.promote("artifacts/runs/r1/table.csv", b"first");
    // too large for the journal: synced in its place
    bench.promote("artifacts/runs/r1/table.csv", &vec![b'y'; 2 << 20]);
    let journals = bench.journals();
    let bench = bench.start_with(journals);
    assert_eq!(fs::metadata(bench.path("artifacts/runs/r1/table.csv")).expect("there").len(), 2 << 20);
    bench.promote("artifacts/runs/r1/table.csv", b"last");
    let journals = bench.journals();
    let bench = bench.start_with(journals);
    assert_eq!(fs::read(bench.path("artifacts/runs/r1/table.csv")).expect("there"), b"last");
}

#[test]
fn a_full_journal_takes_nothing_and_loses_nothing() {
    let bench = Bench::new();
    let held = bench.held();
    for n in 0..12 {
        bench.put(&format!("artifacts/sets/s{n}/0.big"), &vec![n; 1_000_000]);
    }
    assert!(bench.journals().iter().all(|journal| journal.len() as u64 <= FULL));
    drop(held);
    let journals = bench.journals();
    let bench = bench.start_with(journals);
    for n in 0..12 {
        let bytes = fs::read(bench.path(&format!("artifacts/sets/s{n}/0.big"))).expect("there");
        assert!(bytes.len() == 1_000_000 && bytes.iter().all(|byte| *byte == n));
    }
}

#[test]
fn a_file_that_cannot_be_synced_is_written_again() {
    let bench = Bench::new();
    let held = bench.held();
    bench.put("artifacts/sets/s1/0.plan.json", b"a plan");
    let path = bench.path("artifacts/sets/s1/0.plan.json");
    fs::remove_file(&path).expect("removed");
    // fsync(2) of a pipe is EINVAL
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .expect("made");
    drop(held);
    bench.blobs.journal.as_ref().expect("a journal").settle_below(&path).expect("settled");
    assert_eq!(fs::read(&path).expect("a file again"), b"a plan");
    assert!(bench.journals().iter().all(|journal| is_void(journal)));
}

#[test]
fn files_of_many_writers_are_there_after_a_loss_of_power_at_any_time() {
    let bench = Bench::new();
    let mut crashes = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8_u8)
            .map(|writer| {
                let bench = &bench;
                scope.spawn(move || {
                    for n in 0..40_usize {
                        let name = format!("artifacts/sets/w{writer}/{n}.txt");
                        bench.put(&name, &vec![writer; n * 997]);
                        if n % 4 == 3 {
                            bench.delete(&name);
                        }
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            crashes.push(bench.journals());
        }
    });
    // sound frames of any moment are about files that are as they were written, or were not deleted by then
    for journals in crashes.iter().step_by(crashes.len() / 20 + 1) {
        for file in journals.iter().flat_map(|journal| frames_of(journal)) {
            let writer = file.rel_path.as_bytes()["artifacts/sets/w".len()] - b'0';
            assert!(file.bytes.iter().all(|byte| *byte == writer), "{}", file.rel_path);
        }
    }
    let journals = bench.journals();
    let bench = bench.start_with(journals);
    for writer in 0..8_u8 {
        for n in 0..40_usize {
            let path = bench.path(&format!("artifacts/sets/w{writer}/{n}.txt"));
            match fs::read(&path) {
                Ok(bytes) => assert!(n % 4 != 3 && bytes == vec![writer; n * 997], "{}", path.display()),
                Err(_) => assert_eq!(n % 4, 3, "{}", path.display()),
            }
        }
    }
}

fn frames_of(journal: &[u8]) -> Vec<KeptFile> {
    let mut file = tempfile::tempfile().expect("a file");
    io::Write::write_all(&mut file, journal).expect("written");
    frames::read(&file).expect("read").files
}
