//! The blob store over a real S3 server: starts that are refused, large objects, outages, answers that ask to try again.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::files::{LocalBlobStore, LocalWorkspace};
use stata_service::adapters::objects::{ObjectBlobStore, OpenError, Options, check_unused};
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::blob_store::{BlobStore, Promotion, Written, is_unavailable};
use stata_service::ports::clock::Clock;
use stata_service::ports::workspace::Workspace;

use crate::support::app::PATIENCE;
use crate::support::objects::{self, Server};

fn ids() -> (TenantId, JobId) {
    (TenantId::default_tenant(), JobId::parse("job_1").expect("an id"))
}

fn open(options: &Options, data: &Path) -> ObjectBlobStore {
    ObjectBlobStore::open(options, data).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(options: &Options, data: &Path) -> OpenError {
    ObjectBlobStore::open(options, data).err().expect("refused")
}

fn all(blobs: &dyn BlobStore, path: &str) -> io::Result<Vec<u8>> {
    let (tenant, job) = ids();
    let mut bytes = Vec::new();
    blobs.get(&tenant, &job, path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn put(blobs: &dyn BlobStore, path: &str, mut bytes: &[u8]) -> io::Result<Written> {
    let (tenant, job) = ids();
    blobs.put(&tenant, &job, path, &mut bytes)
}

/// Bytes that repeat nowhere near.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*state >> 56) as u8
    };
    (0..length).map(|_| next(&mut state)).collect()
}

#[test]
fn a_wrong_bucket_key_or_address_is_refused_with_what_to_do() {
    let Some(server) = objects::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let good = server.options();
    let bucket = refused(&Options { bucket: "absent".to_owned(), ..good.clone() }, dir.path());
    assert!(matches!(bucket, OpenError::NoBucket { .. }), "{bucket:?}");
    assert!(bucket.to_string().contains("s3.bucket"), "{bucket}");
    let wrong = "not-the-secret-of-the-tests".to_owned();
    let denied =
        refused(&Options { credentials: Server::key(objects::KEY_ID, &wrong), ..good.clone() }, dir.path());
    assert!(matches!(denied, OpenError::Denied { .. }), "{denied:?}");
    assert!(denied.to_string().contains("s3.secret_access_key"), "{denied}");
    let unknown =
        refused(&Options { credentials: Server::key(&wrong, objects::SECRET), ..good.clone() }, dir.path());
    assert!(matches!(unknown, OpenError::Denied { .. }), "{unknown:?}");
    for error in [&bucket, &denied, &unknown] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(&wrong) && !text.contains(objects::KEY_ID) && !error.may_pass(), "{text}");
    }
    assert!(!format!("{good:?}").contains(objects::SECRET));
    assert!(!dir.path().join("objects.json").exists(), "nothing is bound to what was refused");
}

#[test]
fn a_data_directory_stays_with_its_bucket_and_prefix() {
    let Some(server) = objects::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let (first, other) = (server.options(), server.options());
    drop(open(&first, dir.path()));
    drop(open(&first, dir.path()));
    assert!(matches!(refused(&other, dir.path()), OpenError::OtherPlace { .. }));
    assert!(matches!(check_unused(dir.path()), Err(OpenError::InObjects { .. })));
    // another machine with the same bucket
    let second = tempfile::tempdir().expect("a directory");
    drop(open(&first, second.path()));
    // files of jobs would be left behind
    let local = tempfile::tempdir().expect("a directory");
    let blobs = LocalBlobStore::new(local.path().to_owned());
    check_unused(local.path()).expect("local files");
    put(&blobs, "artifacts/a", b"a").expect("put");
    assert!(matches!(refused(&other, local.path()), OpenError::LocalFiles));
    // folders without a file are not
    let (tenant, job) = ids();
    blobs.delete(&tenant, &job, "artifacts/a").expect("deleted");
    drop(open(&other, local.path()));
}

#[test]
fn large_objects_are_put_in_parts_and_broken_ones_leave_nothing() {
    struct Broken(u64);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += buffer.len() as u64;
            if self.0 > 20 << 20 { Err(io::Error::other("broken")) } else { Ok(buffer.len()) }
        }
    }
    let (tenant, job) = ids();
    for server in [objects::rclone(), objects::moto()].into_iter().flatten() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = open(&server.options(), dir.path());
        for length in [16 << 20, (17 << 20) + 17] {
            let (path, bytes) = (format!("artifacts/{length}"), noise(length));
            let written = put(&blobs, &path, &bytes).expect("put");
            assert_eq!((written.size_bytes, written.sha256), (length as u64, sha256_hex(&bytes)));
            assert!(all(&blobs, &path).expect("there") == bytes, "the bytes differ");
            let mut part = Vec::new();
            let range = (16 << 20) - 5..(16 << 20) + 5;
            let end = range.end.min(length as u64) as usize;
            blobs
                .get_range(&tenant, &job, &path, range.clone())
                .expect("there")
                .read_to_end(&mut part)
                .expect("reads");
            assert_eq!(part, &bytes[range.start as usize..end]);
            assert_eq!(put(&blobs, &path, &bytes).expect_err("taken").kind(), ErrorKind::AlreadyExists);
        }
        assert!(blobs.put(&tenant, &job, "artifacts/broken", &mut Broken(0)).is_err());
        assert_eq!(all(&blobs, "artifacts/broken").expect_err("absent").kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_copy_is_fetched_once_compared_with_its_hash_and_goes_with_its_job() {
    let Some(server) = objects::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let blobs: Arc<dyn BlobStore> = Arc::new(open(&server.options(), dir.path()));
    let workspace = LocalWorkspace::with_copies(dir.path().to_owned(), Arc::clone(&blobs), 1 << 30);
    let (tenant, job) = ids();
    let path = "inputs/up_1/data.dta";
    let file = workspace.path(&tenant, &job, path);
    workspace.create_dir(file.parent().expect("a parent")).expect("made");
    workspace.write(&file, b"content").expect("staged");
    let known = Written { size_bytes: 7, sha256: sha256_hex(b"content") };
    let promotion =
        |known| [Promotion { staged: path.to_owned(), rel_path: path.to_owned(), known: Some(known) }];
    let wrong = Written { size_bytes: 7, sha256: sha256_hex(b"another") };
    let refused = blobs.promote(&tenant, &job, &promotion(wrong.clone())).expect_err("another hash");
    assert_eq!(refused.kind(), ErrorKind::InvalidData);
    blobs.promote(&tenant, &job, &promotion(known.clone())).expect("promoted");
    let copy = workspace.local_copy(&tenant, &job, path, &known.sha256).expect("a copy");
    assert_eq!(std::fs::read(&copy).expect("readable"), b"content");
    std::fs::remove_file(&copy).expect("removed");
    let again = workspace.local_copy(&tenant, &job, path, &known.sha256).expect("fetched");
    assert_eq!(std::fs::read(&again).expect("readable"), b"content");
    let error = workspace.local_copy(&tenant, &job, path, &wrong.sha256).expect_err("another hash");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    workspace.remove(&tenant, &job, "inputs").expect("removed");
    assert!(!again.exists());
}

#[test]
fn an_outage_is_unavailable_in_every_call_and_ends_by_itself() {
    let Some(server) = Server::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let options = server.options();
    let blobs = open(&options, dir.path());
    let (tenant, job) = ids();
    put(&blobs, "artifacts/a", b"kept").expect("put");
    let check = |why: &str| {
        let errors = [
            all(&blobs, "artifacts/a").err(),
            blobs.get_range(&tenant, &job, "artifacts/a", 0..2).err(),
            blobs.head(&tenant, &job, "artifacts/a").err(),
            blobs.list(&tenant, &job, "artifacts").err(),
            put(&blobs, "artifacts/b", b"b").err(),
            blobs.delete(&tenant, &job, "artifacts/a").err(),
            blobs.next_shard(None).err(),
        ];
        for (call, error) in errors.iter().enumerate() {
            assert!(error.as_ref().is_some_and(is_unavailable), "{why}, call {call}: {error:?}");
        }
        assert!(blobs.last_trial().expect("tried").found.is_err());
    };
    server.kill();
    check("the server is gone");
    server.run();
    wait_until_back(&blobs);
    assert_eq!(all(&blobs, "artifacts/a").expect("there"), b"kept");
    put(&blobs, "artifacts/c", b"c").expect("put");
    // the bucket is gone: no object of it may look lost
    let (bucket, aside) = (server.bucket(), server.bucket().with_file_name("aside"));
    server.kill();
    std::fs::rename(&bucket, &aside).expect("renamed");
    server.run();
    check("the bucket is gone");
    server.kill();
    std::fs::rename(&aside, &bucket).expect("renamed");
    server.run();
    wait_until_back(&blobs);
    assert_eq!(all(&blobs, "artifacts/a").expect("there"), b"kept");
}

fn wait_until_back(blobs: &dyn BlobStore) {
    let deadline = Instant::now() + PATIENCE;
    while blobs.last_trial().expect("tried").found.is_err() {
        assert!(Instant::now() < deadline, "the store does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn acknowledged_objects_survive_a_kill_of_the_server_under_load() {
    let Some(server) = Server::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let blobs = open(&server.options(), dir.path());
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let content = |number: usize| format!("object {number} ").repeat(500);
    let acknowledged: Vec<usize> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        let path = format!("artifacts/{number}");
                        match put(&blobs, &path, content(number).as_bytes()) {
                            Ok(_) => done.push(number),
                            Err(error) => assert!(is_unavailable(&error), "{error}"),
                        }
                    }
                    done
                })
            })
            .collect();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(250));
            server.kill();
            server.run();
        }
        std::thread::sleep(Duration::from_millis(250));
        stop.store(true, Ordering::SeqCst);
        writers.into_iter().flat_map(|writer| writer.join().expect("joined")).collect()
    });
    wait_until_back(&blobs);
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    for number in acknowledged {
        let bytes = all(&blobs, &format!("artifacts/{number}")).expect("acknowledged");
        assert!(bytes == content(number).as_bytes(), "object {number} differs");
    }
}

/// A proxy in front of a server that spoils the first answers of each test.
struct Proxy {
    port: u16,
    /// Requests that are answered with `503 SlowDown`.
    slow_downs: Arc<AtomicUsize>,
    /// Answers of which only so many bytes arrive, and after how many.
    halves: Arc<AtomicUsize>,
}

/// Bytes of an answer that is cut.
const HALF: u64 = 40_000;

impl Proxy {
    fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let proxy = Self {
            port: listener.local_addr().expect("an address").port(),
            slow_downs: Arc::default(),
            halves: Arc::default(),
        };
        let target = server.endpoint().trim_start_matches("http://").to_owned();
        let (slow_downs, halves) = (Arc::clone(&proxy.slow_downs), Arc::clone(&proxy.halves));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, slow_downs, halves) =
                    (target.clone(), Arc::clone(&slow_downs), Arc::clone(&halves));
                std::thread::spawn(move || answer(client, &target, &slow_downs, &halves));
            }
        });
        proxy
    }
}

fn take(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Answers one connection: with 503, with half an answer, or as the server behind it.
fn answer(mut client: TcpStream, target: &str, slow_downs: &AtomicUsize, halves: &AtomicUsize) -> Option<()> {
    // the next answer decides, so it is asked when a request comes
    let mut first = [0; 1];
    client.peek(&mut first).ok()?;
    if take(slow_downs) {
        let body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        let head = "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n";
        let mut request = vec![0; 1 << 20];
        let _ = client.read(&mut request).ok()?;
        write!(client, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        return Some(());
    }
    let mut server = TcpStream::connect(target).ok()?;
    let (mut to, mut from) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    if take(halves) {
        io::copy(&mut Read::by_ref(&mut server).take(HALF), &mut client).ok()?;
    } else {
        io::copy(&mut server, &mut client).ok()?;
    }
    client.shutdown(std::net::Shutdown::Both).ok()
}

#[test]
fn answers_that_ask_to_slow_down_or_break_off_are_asked_for_again() {
    let Some(server) = objects::rclone() else { return };
    let proxy = Proxy::before(server);
    let dir = tempfile::tempdir().expect("a directory");
    let mut options = server.options();
    options.endpoint = Some(format!("http://127.0.0.1:{}", proxy.port));
    // also at the start
    proxy.slow_downs.store(2, Ordering::SeqCst);
    let blobs = open(&options, dir.path());
    let bytes = noise(300_000);
    proxy.slow_downs.store(2, Ordering::SeqCst);
    put(&blobs, "artifacts/a", &bytes).expect("put in the end");
    // connections that are kept are past the proxy's choice
    drop(blobs);
    let blobs = open(&options, dir.path());
    proxy.halves.store(2, Ordering::SeqCst);
    let mut read = Vec::new();
    for path in ["artifacts/a", "artifacts/a"] {
        let (options, dir) = (options.clone(), tempfile::tempdir().expect("a directory"));
        let fresh = open(&options, dir.path());
        read = all(&fresh, path).expect("read in the end");
    }
    assert!(read == bytes, "the bytes differ");
    assert!(all(&blobs, "artifacts/a").expect("there") == bytes);
    // without an end it is no answer
    drop(blobs);
    let blobs = open(&options, dir.path());
    proxy.slow_downs.store(usize::MAX, Ordering::SeqCst);
    let started = Instant::now();
    let error = loop {
        match put(&blobs, &format!("artifacts/{}", started.elapsed().as_nanos()), b"b") {
            // over a connection that was open before
            Ok(_) => assert!(started.elapsed() < PATIENCE),
            Err(error) => break error,
        }
    };
    assert!(is_unavailable(&error) && started.elapsed() < Duration::from_secs(60), "{error}");
}

/// Objects below a prefix that rclone keeps, with a last change so long ago.
fn left(server: &Server, prefix: &str, name: &str, hours: u64) -> std::path::PathBuf {
    let path = server.bucket().join(prefix).join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, "stata-service trial").expect("written");
    let changed = SystemTime::from(SystemClock.now()) - Duration::from_secs(hours * 3600);
    File::options().append(true).open(&path).expect("there").set_modified(changed).expect("set");
    path
}

#[test]
fn trials_of_servers_that_were_killed_in_their_first_second_are_removed() {
    let Some(server) = objects::rclone() else { return };
    let (dir, options) = (tempfile::tempdir().expect("a directory"), server.options());
    let old: Vec<_> =
        ["one", "two"].map(|id| left(server, &options.prefix, &format!("trials/trial_{id}"), 2)).into();
    let young = left(server, &options.prefix, "trials/trial_three", 0);
    let file = left(server, &options.prefix, "v1/default/00/job_1/artifacts/a", 9);
    let _blobs = open(&options, dir.path());
    let deadline = Instant::now() + PATIENCE;
    while old.iter().any(|path| path.exists()) {
        assert!(Instant::now() < deadline, "{old:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(young.exists(), "another server may be in its trial");
    assert!(file.exists());
}
