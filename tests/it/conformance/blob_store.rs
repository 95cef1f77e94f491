//! What every blob store promises: one test per case and adapter.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use stata_service::adapters::files::{LocalBlobStore, LocalWorkspace};
use stata_service::adapters::objects::ObjectBlobStore;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::blob_store::{BlobReader, BlobStore, Promotion};
use stata_service::ports::workspace::Workspace;

use crate::support::memory_blobs::MemoryBlobs;
use crate::support::objects;

/// An empty store and the workspace that it promotes from.
struct Bench {
    blobs: Arc<dyn BlobStore>,
    workspace: Arc<dyn Workspace>,
    tenant: TenantId,
    job: JobId,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn local() -> Option<Self> {
        Some(Self::new(|path, _| Arc::new(LocalBlobStore::new(path.to_owned()))))
    }

    /// In a data directory that the process owns.
    fn journal() -> Option<Self> {
        Some(Self::new(|path, _| {
            std::fs::create_dir(path.join("store")).expect("made");
            Arc::new(LocalBlobStore::with_journal(path.to_owned()).expect("opened"))
        }))
    }

    fn memory() -> Option<Self> {
        Some(Self::new(|_, workspace| Arc::new(MemoryBlobs::new(workspace))))
    }

    /// In an object store that ignores conditions, where it is here.
    fn rclone() -> Option<Self> {
        Self::objects(objects::rclone()?, false)
    }

    /// In an object store that knows conditions, where it is here.
    fn moto() -> Option<Self> {
        Self::objects(objects::moto()?, true)
    }

    fn objects(server: &objects::Server, conditional: bool) -> Option<Self> {
        Some(Self::new(|path, _| {
            let blobs = ObjectBlobStore::open(&server.options(), path).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(blobs.last_trial().expect("tried").conditional, conditional);
            Arc::new(blobs)
        }))
    }

    fn new(make: impl FnOnce(&std::path::Path, Arc<dyn Workspace>) -> Arc<dyn BlobStore>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let workspace: Arc<dyn Workspace> = Arc::new(LocalWorkspace::new(dir.path().to_owned()));
        Self {
            blobs: make(dir.path(), Arc::clone(&workspace)),
            workspace,
            tenant: TenantId::default_tenant(),
            job: JobId::parse("job_1").expect("an id"),
            _dir: dir,
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<u64> {
        let written = self.blobs.put(&self.tenant, &self.job, path, &mut &bytes[..])?;
        assert_eq!(written.sha256, sha256_hex(bytes));
        Ok(written.size_bytes)
    }

    fn get(&self, path: &str) -> io::Result<Vec<u8>> {
        self.blobs.get(&self.tenant, &self.job, path).map(all)
    }

    fn stage(&self, path: &str, bytes: &[u8]) {
        let file = self.workspace.path(&self.tenant, &self.job, path);
        self.workspace.create_dir(file.parent().expect("a parent")).expect("made");
        self.workspace.write(&file, bytes).expect("staged");
    }

    fn paths(&self, dir: &str) -> Vec<String> {
        let listed = self.blobs.list(&self.tenant, &self.job, dir).expect("listed");
        listed.into_iter().map(|blob| blob.rel_path).collect()
    }
}

fn all(mut reader: BlobReader) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).expect("reads");
    bytes
}

fn absent<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn promotion(staged: &str, rel_path: &str) -> Promotion {
    Promotion { staged: staged.to_owned(), rel_path: rel_path.to_owned(), known: None }
}

macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        conformance!(local: $($case),*);
        conformance!(journal: $($case),*);
        conformance!(rclone: $($case),*);
        conformance!(moto: $($case),*);
        conformance!(memory: $($case),*);
    };
    ($adapter:ident: $($case:ident),*) => {
        mod $adapter {
            $(#[test]
            fn $case() {
                if let Some(bench) = super::Bench::$adapter() {
                    super::$case(&bench);
                }
            })*
        }
    };
}

conformance![
    a_blob_is_read_as_it_was_put,
    a_path_is_taken_once,
    of_equal_writers_at_once_one_wins_and_its_bytes_stay,
    a_source_that_fails_leaves_no_blob,
    ranges_are_parts_of_the_blob,
    absent_blobs_are_not_found,
    blobs_are_listed_below_a_directory_by_path,
    deleting_takes_a_directory_and_nothing_else,
    jobs_and_tenants_are_apart,
    staged_files_become_blobs_in_one_step,
    a_promotion_can_be_repeated,
    a_promotion_of_an_absent_file_fails,
    a_failed_promotion_leaves_its_files_with_their_writer,
    shards_list_every_job_once,
];

fn a_blob_is_read_as_it_was_put(bench: &Bench) {
    let large = vec![7_u8; 700_000];
    assert_eq!(bench.put("artifacts/a/b.bin", &large).expect("put"), 700_000);
    assert_eq!(bench.put("artifacts/empty", b"").expect("put"), 0);
    assert_eq!(bench.get("artifacts/a/b.bin").expect("there"), large);
    assert_eq!(bench.get("artifacts/empty").expect("there"), b"");
    let info = bench.blobs.head(&bench.tenant, &bench.job, "artifacts/a/b.bin").expect("there");
    assert_eq!((info.rel_path.as_str(), info.size_bytes), ("artifacts/a/b.bin", 700_000));
}

fn a_path_is_taken_once(bench: &Bench) {
    bench.put("artifacts/a", b"first").expect("put");
    assert_eq!(bench.put("artifacts/a", b"second").expect_err("taken").kind(), ErrorKind::AlreadyExists);
    assert_eq!(bench.get("artifacts/a").expect("there"), b"first");
    assert_eq!(bench.paths("artifacts"), ["artifacts/a"]);
}

fn of_equal_writers_at_once_one_wins_and_its_bytes_stay(bench: &Bench) {
    let texts: Vec<String> = (0..8).map(|i| format!("writer {i}").repeat(10_000)).collect();
    let won: Vec<bool> = std::thread::scope(|scope| {
        let writers: Vec<_> = texts
            .iter()
            .map(|text| scope.spawn(|| bench.put("artifacts/x", text.as_bytes()).is_ok()))
            .collect();
        writers.into_iter().map(|writer| writer.join().expect("joined")).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let winner = won.iter().position(|won| *won).expect("one");
    assert_eq!(bench.get("artifacts/x").expect("there"), texts[winner].as_bytes());
}

fn a_source_that_fails_leaves_no_blob(bench: &Bench) {
    struct Broken(u8);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            buffer[0] = b'x';
            if self.0 > 3 { Err(io::Error::other("broken")) } else { Ok(1) }
        }
    }
    assert!(bench.blobs.put(&bench.tenant, &bench.job, "artifacts/a", &mut Broken(0)).is_err());
    assert!(absent(bench.get("artifacts/a")) && bench.paths("artifacts").is_empty());
    bench.put("artifacts/a", b"later").expect("the path is free");
}

fn ranges_are_parts_of_the_blob(bench: &Bench) {
    bench.put("artifacts/a", b"0123456789").expect("put");
    let range =
        |range| all(bench.blobs.get_range(&bench.tenant, &bench.job, "artifacts/a", range).expect("there"));
    assert_eq!(range(0..10), b"0123456789");
    assert_eq!(range(2..5), b"234");
    assert_eq!(range(8..99), b"89");
    assert_eq!(range(10..20), b"");
    assert_eq!(range(4..4), b"");
}

fn absent_blobs_are_not_found(bench: &Bench) {
    assert!(absent(bench.get("artifacts/none")));
    bench.put("artifacts/dir/a", b"a").expect("put");
    assert!(absent(bench.get("artifacts/dir")), "a directory is no blob");
    assert!(absent(bench.blobs.head(&bench.tenant, &bench.job, "artifacts/none")));
    assert!(absent(bench.blobs.get_range(&bench.tenant, &bench.job, "artifacts/none", 0..1)));
    assert!(bench.paths("nothing").is_empty());
    bench.blobs.delete(&bench.tenant, &bench.job, "artifacts/none").expect("deleted already");
}

fn blobs_are_listed_below_a_directory_by_path(bench: &Bench) {
    for path in ["artifacts/b", "artifacts/a/2", "artifacts/a/1/x", "artifacts-not/c", "inputs/d"] {
        bench.put(path, b"x").expect("put");
    }
    assert_eq!(bench.paths("artifacts"), ["artifacts/a/1/x", "artifacts/a/2", "artifacts/b"]);
    assert_eq!(bench.paths("artifacts/a"), ["artifacts/a/1/x", "artifacts/a/2"]);
}

fn deleting_takes_a_directory_and_nothing_else(bench: &Bench) {
    for path in ["artifacts/a/1", "artifacts/a/b/2", "artifacts/ab", "inputs/c"] {
        bench.put(path, b"x").expect("put");
    }
    bench.blobs.delete(&bench.tenant, &bench.job, "artifacts/a").expect("deleted");
    assert_eq!(bench.paths("artifacts"), ["artifacts/ab"]);
    bench.blobs.delete(&bench.tenant, &bench.job, "artifacts/ab").expect("deleted");
    assert!(bench.paths("artifacts").is_empty());
    assert_eq!(bench.paths("inputs"), ["inputs/c"]);
}

fn jobs_and_tenants_are_apart(bench: &Bench) {
    bench.put("artifacts/a", b"mine").expect("put");
    let (tenant, job) = (TenantId::parse("other").expect("an id"), JobId::parse("job_2").expect("an id"));
    for (tenant, job) in [(&tenant, &bench.job), (&bench.tenant, &job)] {
        assert!(absent(bench.blobs.get(tenant, job, "artifacts/a")));
        bench.blobs.put(tenant, job, "artifacts/a", &mut &b"theirs"[..]).expect("free");
        bench.blobs.delete(tenant, job, "artifacts").expect("deleted");
    }
    assert_eq!(bench.get("artifacts/a").expect("there"), b"mine");
}

fn staged_files_become_blobs_in_one_step(bench: &Bench) {
    let files: Vec<Promotion> = (0..20)
        .map(|i| promotion(&format!("runs/r/publish/{i}"), &format!("artifacts/runs/r/{i}.csv")))
        .collect();
    for (i, file) in files.iter().enumerate() {
        bench.stage(&file.staged, format!("content {i}").as_bytes());
    }
    let written = bench.blobs.promote(&bench.tenant, &bench.job, &files).expect("promoted");
    for (i, (file, written)) in files.iter().zip(written).enumerate() {
        let bytes = bench.get(&file.rel_path).expect("there");
        assert_eq!(bytes, format!("content {i}").as_bytes());
        assert_eq!((written.size_bytes, written.sha256), (bytes.len() as u64, sha256_hex(&bytes)));
    }
}

fn a_promotion_can_be_repeated(bench: &Bench) {
    for text in ["first", "second"] {
        bench.stage("runs/r/publish/0", text.as_bytes());
        let files = [promotion("runs/r/publish/0", "artifacts/runs/r/a")];
        bench.blobs.promote(&bench.tenant, &bench.job, &files).expect("promoted");
        assert_eq!(bench.get("artifacts/runs/r/a").expect("there"), text.as_bytes());
    }
}

fn a_promotion_of_an_absent_file_fails(bench: &Bench) {
    let files = [promotion("runs/r/publish/0", "artifacts/runs/r/a")];
    assert!(absent(bench.blobs.promote(&bench.tenant, &bench.job, &files)));
    assert!(absent(bench.get("artifacts/runs/r/a")));
}

fn a_failed_promotion_leaves_its_files_with_their_writer(bench: &Bench) {
    bench.stage("runs/r/publish/0", b"kept");
    let files =
        ["0", "absent"].map(|n| promotion(&format!("runs/r/publish/{n}"), &format!("artifacts/runs/r/{n}")));
    assert!(absent(bench.blobs.promote(&bench.tenant, &bench.job, &files)));
    bench.blobs.promote(&bench.tenant, &bench.job, &files[..1]).expect("promoted");
    assert_eq!(bench.get("artifacts/runs/r/0").expect("there"), b"kept");
}

fn shards_list_every_job_once(bench: &Bench) {
    let wanted: Vec<String> = (0..30).map(|i| format!("job_{i:02}")).collect();
    for id in &wanted {
        let job = JobId::parse(id.as_str()).expect("an id");
        bench.blobs.put(&bench.tenant, &job, "artifacts/a", &mut &b"a"[..]).expect("put");
    }
    let (mut found, mut after) = (Vec::new(), None);
    while let Some(shard) = bench.blobs.next_shard(after.as_deref()).expect("listed") {
        found.extend(shard.jobs.into_iter().map(|(_, job)| job.to_string()));
        after = Some(shard.name);
    }
    found.sort();
    assert_eq!(found, wanted);
}
