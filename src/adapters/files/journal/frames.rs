//! Format of a journal: a head of one block with a random salt, then frames, each from the start of a block. A frame has
//! the salt of its head, the length and SHA-256 of its body, and the body: the files' names and sizes as JSON, then their
//! bytes. A frame of an earlier use of the file has another salt, so that nothing that an engine wrote can pass for one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::artifact::safe_rel_path;
use crate::domain::ids::{JobId, TenantId};

/// Frames begin at multiples of this, in bytes.
pub(super) const BLOCK: usize = 4096;
/// Size of a journal above which it is no journal of ours, in bytes.
const MOST: u64 = 64 << 20;
const MAGIC: &[u8; 8] = b"SSFILES1";
/// Magic, salt, length of the body, SHA-256.
const FRAME_HEAD: usize = 8 + 16 + 8 + 32;

/// Tells the frames of one use of a journal from those of others.
pub(super) type Salt = [u8; 16];

/// A file of a job with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters::files) struct KeptFile {
    pub tenant: TenantId,
    pub job_id: JobId,
    /// Path below the job's directory.
    pub rel_path: String,
    pub bytes: Vec<u8>,
}

/// A file in the head of a body.
#[derive(Serialize, Deserialize)]
struct Named {
    tenant: TenantId,
    job_id: JobId,
    rel_path: String,
    size_bytes: u64,
}

/// What a journal has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub files: Vec<KeptFile>,
    /// Frames that a crash tore before anybody was told of their files, or that were damaged since.
    pub incomplete: usize,
    /// The head is neither empty nor sound: whatever the journal had is unknown.
    pub head_damaged: bool,
}

/// Returns a salt that nobody can guess.
///
/// # Errors
/// As getrandom(2).
pub(super) fn new_salt() -> io::Result<Salt> {
    let mut salt = Salt::default();
    rustix::rand::getrandom(&mut salt[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(salt)
}

/// Returns the block with which a journal begins.
pub(super) fn head(salt: &Salt) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[..8].copy_from_slice(MAGIC);
    block[8..24].copy_from_slice(salt);
    let sum = Sha256::digest(&block[..24]);
    block[24..56].copy_from_slice(&sum);
    block
}

/// A frame that has no salt yet, filled up to whole blocks.
pub(super) struct Frame {
    bytes: Vec<u8>,
    /// End of the body in it.
    end: usize,
}

impl Frame {
    /// # Errors
    /// As the JSON encoder.
    pub(super) fn of(files: &[KeptFile]) -> io::Result<Self> {
        let named: Vec<Named> = files.iter().map(named).collect();
        let names = serde_json::to_vec(&named)?;
        let content: usize = files.iter().map(|file| file.bytes.len()).sum();
        let end = FRAME_HEAD + 8 + names.len() + content;
        let mut bytes = Vec::with_capacity(end.next_multiple_of(BLOCK));
        bytes.extend(MAGIC);
        bytes.resize(FRAME_HEAD, 0);
        bytes.extend((names.len() as u64).to_le_bytes());
        bytes.extend(names);
        files.iter().for_each(|file| bytes.extend(&file.bytes));
        bytes.resize(end.next_multiple_of(BLOCK), 0);
        bytes[24..32].copy_from_slice(&((end - FRAME_HEAD) as u64).to_le_bytes());
        Ok(Self { bytes, end })
    }

    /// Length, in bytes.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns the bytes of a frame that counts behind a head with this salt.
    pub(super) fn sealed(mut self, salt: &Salt) -> Vec<u8> {
        self.bytes[8..24].copy_from_slice(salt);
        let sum = checksum(&self.bytes[..32], &self.bytes[FRAME_HEAD..self.end]);
        self.bytes[32..FRAME_HEAD].copy_from_slice(&sum);
        self.bytes
    }
}

fn named(file: &KeptFile) -> Named {
    Named {
        tenant: file.tenant.clone(),
        job_id: file.job_id.clone(),
        rel_path: file.rel_path.clone(),
        size_bytes: file.bytes.len() as u64,
    }
}

fn checksum(head: &[u8], body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(head).chain_update(body).finalize().into()
}

/// Reads a journal. One that is damaged has what is sound in it.
///
/// # Errors
/// Any I/O error; `InvalidData` for a file that is too large to be a journal.
pub(super) fn read(file: &File) -> io::Result<Found> {
    let length = file.metadata()?.len();
    if length > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the journal of files is too large"));
    }
    let mut first = vec![0; BLOCK.min(usize::try_from(length).unwrap_or(BLOCK))];
    file.read_exact_at(&mut first, 0)?;
    if first.iter().all(|byte| *byte == 0) {
        // void: what is behind the head does not count
        return Ok(Found::default());
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(found(&bytes))
}

fn found(bytes: &[u8]) -> Found {
    let mut found = Found::default();
    let Some(first) = bytes.get(..BLOCK) else {
        found.head_damaged = bytes.iter().any(|byte| *byte != 0);
        return found;
    };
    let mut salt = Salt::default();
    salt.copy_from_slice(&first[8..24]);
    if *first != *head(&salt) {
        found.head_damaged = first.iter().any(|byte| *byte != 0);
        return found;
    }
    let mut at = BLOCK;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= FRAME_HEAD) {
        let ours = rest[..8] == *MAGIC && rest[8..24] == salt;
        let length = match ours.then(|| sound(rest)).flatten() {
            Some((files, length)) => {
                found.files.extend(files);
                length
            }
            None => {
                found.incomplete += usize::from(ours);
                1
            }
        };
        at += length.next_multiple_of(BLOCK);
    }
    found
}

/// Returns the files of a frame and its length; nothing for one that is not whole.
fn sound(frame: &[u8]) -> Option<(Vec<KeptFile>, usize)> {
    let length = usize::try_from(word(frame.get(24..)?)?).ok()?;
    let body = frame.get(FRAME_HEAD..FRAME_HEAD.checked_add(length)?)?;
    if frame[32..FRAME_HEAD] != checksum(&frame[..32], body) {
        return None;
    }
    let names = body.get(8..8_usize.checked_add(usize::try_from(word(body)?).ok()?)?)?;
    let named: Vec<Named> = serde_json::from_slice(names).ok()?;
    let mut rest = &body[8 + names.len()..];
    let mut files = Vec::with_capacity(named.len());
    for Named { tenant, job_id, rel_path, size_bytes } in named {
        safe_rel_path(&rel_path)?;
        let (bytes, others) = rest.split_at_checked(usize::try_from(size_bytes).ok()?)?;
        files.push(KeptFile { tenant, job_id, rel_path, bytes: bytes.to_vec() });
        rest = others;
    }
    rest.is_empty().then_some((files, FRAME_HEAD + length))
}

fn word(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> KeptFile {
        KeptFile {
            tenant: TenantId::default_tenant(),
            job_id: JobId::parse("job_1").expect("an id"),
            rel_path: format!("artifacts/{name}"),
            bytes: bytes.to_vec(),
        }
    }

    fn frame(salt: &Salt, files: &[KeptFile]) -> Vec<u8> {
        Frame::of(files).expect("encoded").sealed(salt)
    }

    /// A journal of two frames, and where the second begins.
    fn two(salt: &Salt) -> (Vec<u8>, usize) {
        let mut bytes = head(salt);
        bytes.extend(frame(salt, &[file("a", &[7; 5000]), file("empty", b"")]));
        let second = bytes.len();
        bytes.extend(frame(salt, &[file("b", b"hello")]));
        (bytes, second)
    }

    fn names(found: &Found) -> Vec<&str> {
        found.files.iter().map(|file| file.rel_path.as_str()).collect()
    }

    #[test]
    fn a_journal_is_read_as_it_was_written() {
        let (bytes, _) = two(&[3; 16]);
        let read = found(&bytes);
        assert_eq!(names(&read), ["artifacts/a", "artifacts/empty", "artifacts/b"]);
        assert_eq!(read.files[0].bytes, [7; 5000]);
        assert_eq!((read.incomplete, read.head_damaged), (0, false));
    }

    #[test]
    fn a_journal_that_ends_anywhere_has_its_whole_frames_and_no_others() {
        let (bytes, second) = two(&[3; 16]);
        let mut before = 0;
        for end in (0..=bytes.len()).step_by(61).chain([bytes.len()]) {
            let files = found(&bytes[..end]).files.len();
            assert!([0, 2, 3].contains(&files) && files >= before, "{end}");
            assert!(end < second || files >= 2, "{end}");
            assert!(files < 3 || end > second + FRAME_HEAD, "{end}");
            before = files;
        }
        assert_eq!(before, 3);
    }

    #[test]
    fn each_byte_that_is_damaged_costs_its_own_frame_alone() {
        let (bytes, second) = two(&[3; 16]);
        for at in (0..second + 200).step_by(17) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            let read = found(&bad);
            let expected: &[&str] = match at {
                _ if at < 56 => &[],
                // between the checksum of the head and the first frame: the head is compared as a whole
                _ if at < BLOCK => &[],
                _ if at < second => &["artifacts/b"],
                _ => &["artifacts/a", "artifacts/empty"],
            };
            let padding = names(&read).len() == 3;
            assert!(padding || names(&read) == expected, "{at}: {:?}", names(&read));
            assert_eq!(read.head_damaged, at < BLOCK, "{at}");
        }
    }

    #[test]
    fn frames_of_another_use_or_inside_of_a_file_do_not_count() {
        let (bytes, second) = two(&[3; 16]);
        let mut other = bytes.clone();
        other[..BLOCK].copy_from_slice(&head(&[4; 16]));
        assert_eq!(found(&other), Found::default(), "frames of the earlier salt");
        // a file that has a whole frame of this use in it, from the start of a block
        let mut inner = vec![0; BLOCK - FRAME_HEAD - 8 - 100];
        inner.extend(&bytes[second..]);
        let mut nested = head(&[3; 16]);
        nested.extend(frame(&[3; 16], &[file("outer", &inner)]));
        assert_eq!(names(&found(&nested)), ["artifacts/outer"]);
    }

    #[test]
    fn lengths_that_lie_and_names_that_lead_out_are_refused() {
        let sealed = |mut frame: Vec<u8>, body: usize| {
            let sum = checksum(&frame[..32], &frame[FRAME_HEAD..FRAME_HEAD + body]);
            frame[32..FRAME_HEAD].copy_from_slice(&sum);
            frame
        };
        let salt = [3; 16];
        let good = frame(&salt, &[file("b", b"hello")]);
        let body = usize::try_from(word(&good[24..]).expect("a length")).expect("small");
        for length in [0, 1, 7, u64::MAX, u64::MAX - 63, body as u64 + 1, body as u64 - 1] {
            let mut lying = good.clone();
            lying[24..32].copy_from_slice(&length.to_le_bytes());
            assert_eq!(sound(&lying), None, "{length}");
        }
        for names in [0, u64::MAX, body as u64, body as u64 - 7] {
            let mut lying = good.clone();
            lying[FRAME_HEAD..FRAME_HEAD + 8].copy_from_slice(&names.to_le_bytes());
            assert_eq!(sound(&sealed(lying, body)), None, "{names}");
        }
        let out = KeptFile { rel_path: "../../x".to_owned(), ..file("b", b"hello") };
        assert_eq!(sound(&frame(&salt, &[out])), None);
        assert!(sound(&good).is_some());
    }
}
