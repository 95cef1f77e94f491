//! Checks the write-ahead log before the database does. SQLite ends its reading at the first frame whose
//! checksum fails, which is right for a tail that a crash tore and silent about a damaged frame before
//! commits that were durable. The two differ: a commit is on the disk before anything follows it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Content of the log (file format of SQLite, section 4, "The Write-Ahead Log").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct WalFacts {
    /// Frames that SQLite will accept; commits among them.
    pub sound_frames: u64,
    pub sound_commits: u64,
    /// Commits that were durable and lie behind a damaged frame.
    pub lost_commits: u64,
}

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit of the magic number tells the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// Reads the log; `None` if there is none, or an empty one.
///
/// # Errors
/// Any I/O error.
pub(super) fn inspect(path: &Path) -> io::Result<Option<WalFacts>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER];
    if !fill(&mut reader, &mut header)? {
        return Ok(None);
    }
    let page = word(&header, 8);
    // A size that cannot be is a damaged header; the frames are still there to tell.
    let page = if page.is_power_of_two() && (512..=65536).contains(&page) { page } else { 4096 };
    let little = word(&header, 0) & 1 == 0;
    let header_sound = word(&header, 0) | 1 == MAGIC | 1
        && checksum(little, (0, 0), &header[..24]) == (word(&header, 24), word(&header, 28));
    let mut walk = Walk {
        facts: WalFacts::default(),
        salts: (word(&header, 16), word(&header, 20)),
        sum: header_sound.then_some((word(&header, 24), word(&header, 28))),
        little,
        commits_behind: 0,
        foreign: false,
    };
    let mut frame = vec![0; FRAME_HEADER + page as usize];
    while fill(&mut reader, &mut frame)? && !walk.foreign {
        walk.frame(&frame);
    }
    Ok(Some(walk.facts))
}

struct Walk {
    facts: WalFacts,
    salts: (u32, u32),
    /// Running checksum up to here; `None` behind the first frame that fails.
    sum: Option<(u32, u32)>,
    little: bool,
    /// Commits behind the failure that nothing has followed yet.
    commits_behind: u64,
    /// The frames from here on are of an earlier use of the file.
    foreign: bool,
}

impl Walk {
    fn frame(&mut self, frame: &[u8]) {
        let commit = word(frame, 4) != 0;
        let salts = (word(frame, 8), word(frame, 12));
        if let Some(sum) = self.sum {
            let next = checksum(self.little, checksum(self.little, sum, &frame[..8]), &frame[FRAME_HEADER..]);
            if salts == self.salts && next == (word(frame, 16), word(frame, 20)) {
                self.sum = Some(next);
                self.facts.sound_frames += 1;
                self.facts.sound_commits += u64::from(commit);
                return;
            }
            self.sum = None;
        } else if self.facts == WalFacts::default() && self.commits_behind == 0 && salts != self.salts {
            // A damaged header: one of its salts may be what is damaged.
            if salts.0 == self.salts.0 || salts.1 == self.salts.1 {
                self.salts = salts;
            }
        }
        let ours = salts.0 == self.salts.0 || salts.1 == self.salts.1;
        if !ours {
            self.foreign = true;
            return;
        }
        // What was written before this frame was durable before it.
        self.facts.lost_commits += self.commits_behind;
        self.commits_behind = u64::from(commit);
    }
}

/// Fills the buffer; false at the end of the file, also within it.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn checksum(little: bool, (mut s0, mut s1): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let read = |at: usize| {
            let four = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
            if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
        };
        s0 = s0.wrapping_add(read(0)).wrapping_add(s1);
        s1 = s1.wrapping_add(read(4)).wrapping_add(s0);
    }
    (s0, s1)
}

/// Copies a damaged file into its own folder under a name that is free, durably; returns the name.
///
/// # Errors
/// Any I/O error.
pub(super) fn keep_copy(path: &Path) -> io::Result<PathBuf> {
    let copy = free_name(path)?;
    fs::copy(path, &copy)?;
    File::open(&copy)?.sync_all()?;
    Ok(copy)
}

/// Returns `<path>.damaged-<n>` with the first `n` that is free.
///
/// # Errors
/// Any I/O error.
pub(super) fn free_name(path: &Path) -> io::Result<PathBuf> {
    for n in 1_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{n}"));
        let name = PathBuf::from(name);
        if !name.try_exists()? {
            return Ok(name);
        }
    }
    Err(io::Error::other("no free name is left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    const COMMITS: u64 = 8;

    /// The bytes of a log with [`COMMITS`] commits of several frames each, and where each commit ends.
    fn log() -> (Vec<u8>, Vec<usize>) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("t.sqlite3");
        let conn = Connection::open(&path).expect("opens");
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL;",
        )
        .expect("configures");
        let wal = dir.path().join("t.sqlite3-wal");
        let mut ends = Vec::new();
        conn.execute_batch("CREATE TABLE t (a, b)").expect("creates");
        ends.push(fs::metadata(&wal).expect("there").len() as usize);
        for i in 1..COMMITS {
            conn.execute("INSERT INTO t VALUES (?1, ?2)", (i.cast_signed(), "x".repeat(9000)))
                .expect("inserts");
            ends.push(fs::metadata(&wal).expect("there").len() as usize);
        }
        (fs::read(&wal).expect("reads"), ends)
    }

    fn facts(bytes: &[u8]) -> Option<WalFacts> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("wal");
        fs::write(&path, bytes).expect("written");
        inspect(&path).expect("readable")
    }

    #[test]
    fn a_whole_log_and_every_torn_tail_lose_nothing() {
        let (whole, ends) = log();
        let found = facts(&whole).expect("a log");
        assert_eq!((found.sound_commits, found.lost_commits), (COMMITS, 0));
        assert_eq!(found.sound_frames as usize, (whole.len() - HEADER) / (FRAME_HEADER + 4096));
        for length in (0..whole.len()).step_by(97) {
            let found = facts(&whole[..length]).unwrap_or_default();
            let complete = ends.iter().filter(|end| **end <= length).count();
            assert_eq!((found.sound_commits as usize, found.lost_commits), (complete, 0), "{length}");
        }
    }

    #[test]
    fn a_flipped_bit_before_a_durable_commit_is_found() {
        let (whole, ends) = log();
        let last = ends[ends.len() - 2];
        for byte in (0..last).step_by(53) {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << (byte % 8);
            let found = facts(&damaged).unwrap_or_default();
            let before = ends.iter().filter(|end| **end <= byte).count() as u64;
            assert!(found.sound_commits <= before, "byte {byte}: {found:?}");
            // The last commit cannot be distinguished from a torn one; the damaged frame may hide its own commit.
            assert!(found.lost_commits >= COMMITS - before - 2, "byte {byte}: {found:?}");
            assert!(found.lost_commits > 0 || before >= COMMITS - 2, "byte {byte}: {found:?}");
        }
    }

    #[test]
    fn frames_of_an_earlier_use_of_the_file_are_no_loss() {
        let (first, _) = log();
        let (second, ends) = log();
        let mut reused = first.clone();
        reused[..ends[3]].copy_from_slice(&second[..ends[3]]);
        let found = facts(&reused).expect("a log");
        assert_eq!((found.sound_commits, found.lost_commits), (4, 0));
    }

    #[test]
    fn a_copy_never_replaces_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("wal");
        fs::write(&path, "one").expect("written");
        let first = keep_copy(&path).expect("copied");
        fs::write(&path, "two").expect("written");
        let second = keep_copy(&path).expect("copied");
        assert_eq!(fs::read_to_string(first).expect("reads"), "one");
        assert_eq!(fs::read_to_string(second).expect("reads"), "two");
    }
}
