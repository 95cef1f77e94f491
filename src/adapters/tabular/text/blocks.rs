//! A text file as blocks of complete records in UTF-8, worked on by several threads and handed over in
//! the order of the file. Memory is bounded by the number of blocks under way.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::{CoderResult, Decoder, UTF_8};

use super::encoding::{TextEncoding, read_full};
use super::known::in_order;
use super::scan::{Boundaries, Dialect};
use crate::adapters::tabular::{advance, problems};
use crate::domain::error::Problem;

/// Bytes read at once.
const PIECE: usize = 512 * 1024;
/// The types of the columns are found first, then the rows are converted.
const PASSES: u64 = 2;
/// Largest record: a quote that is never closed must not swallow the file.
const LARGEST_RECORD: usize = 16 * 1024 * 1024;
/// Most worker threads of one file.
const MOST_WORKERS: usize = 4;

/// Complete records.
pub(super) struct RawBlock {
    /// One-based row of the first record, blank lines counted.
    pub first_row: u64,
    bytes: Vec<u8>,
    dialect: Dialect,
    encoding: &'static str,
}

impl RawBlock {
    /// A block whose first record has this row.
    pub(super) fn new(first_row: u64, bytes: Vec<u8>, dialect: Dialect, encoding: &'static str) -> Self {
        Self { first_row, bytes, dialect, encoding }
    }

    /// Its memory, for another one.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The records as text.
    ///
    /// # Errors
    /// Bytes that the encoding does not have, NUL characters.
    pub(super) fn text(&self) -> Result<&str, Problem> {
        // the faster of the two does not say where
        let text = simdutf8::basic::from_utf8(&self.bytes)
            .or_else(|_| simdutf8::compat::from_utf8(&self.bytes))
            .map_err(|error| problems::encoding(self.row_of(error.valid_up_to()), self.encoding))?;
        match memchr::memchr(0, &self.bytes) {
            Some(at) => Err(problems::nul(self.row_of(at))),
            None => Ok(text),
        }
    }

    /// The row that holds byte `at`.
    fn row_of(&self, at: usize) -> u64 {
        row_of(&self.bytes[..at], self.dialect, self.first_row)
    }
}

/// The row that follows the records of a text whose first row is `first_row`.
fn row_of(text: &[u8], dialect: Dialect, first_row: u64) -> u64 {
    let mut before = Boundaries::default();
    before.scan(text, dialect, false);
    first_row + before.take().1
}

/// The lengths of blocks in bytes of UTF-8, with the records in each.
pub(super) type Cuts = Vec<(usize, u64)>;

/// Reads a file block by block.
pub(super) struct Blocks {
    file: File,
    decoder: Option<Decoder>,
    dialect: Dialect,
    boundaries: Boundaries,
    buffer: Vec<u8>,
    input: Vec<u8>,
    next_row: u64,
    ended: bool,
    encoding: &'static str,
    /// Where the blocks end that were handed out; what a second reading follows.
    cuts: Cuts,
    known: std::vec::IntoIter<(usize, u64)>,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Blocks {
    /// Starts at the front of the file, behind its byte order mark.
    ///
    /// # Errors
    /// An I/O error as a problem.
    pub(super) fn open(path: &Path, encoding: TextEncoding, dialect: Dialect) -> Result<Self, Problem> {
        let mut file = File::open(path).map_err(|e| problems::io("open the upload", &e))?;
        file.seek(SeekFrom::Start(encoding.bom as u64)).map_err(|e| problems::io("read the upload", &e))?;
        advance::expect(&file, PASSES);
        let utf8 = encoding.encoding == UTF_8;
        Ok(Self {
            file,
            decoder: (!utf8).then(|| encoding.encoding.new_decoder_without_bom_handling()),
            dialect,
            boundaries: Boundaries::default(),
            buffer: Vec::new(),
            input: Vec::new(),
            next_row: 1,
            ended: false,
            encoding: encoding.encoding.name(),
            cuts: Cuts::new(),
            known: Cuts::new().into_iter(),
            spare: Arc::default(),
        })
    }

    /// The same file again in the blocks of an earlier reading, whose records are not searched for again.
    ///
    /// # Errors
    /// An I/O error as a problem.
    pub(super) fn again(
        path: &Path,
        encoding: TextEncoding,
        dialect: Dialect,
        cuts: Cuts,
    ) -> Result<Self, Problem> {
        Ok(Self { known: cuts.into_iter(), ..Self::open(path, encoding, dialect)? })
    }

    /// The next records, `None` at the end of the file.
    ///
    /// # Errors
    /// Bytes that the encoding does not have, a quote that is not closed, I/O.
    pub(super) fn next_block(&mut self) -> Result<Option<RawBlock>, Problem> {
        let (length, records) = match self.known.next() {
            Some(cut) => {
                while !self.ended && self.buffer.len() < cut.0 {
                    self.fill()?;
                }
                if self.buffer.len() < cut.0 {
                    let shorter = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                    return Err(problems::io("read the upload", &shorter));
                }
                cut
            }
            None => self.search()?,
        };
        if length == 0 {
            return Ok(None);
        }
        let mut rest = self.spare().pop().unwrap_or_default();
        rest.clear();
        rest.extend_from_slice(&self.buffer[length..]);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(length);
        let first_row = self.next_row;
        self.next_row += records;
        self.cuts.push((length, records));
        Ok(Some(RawBlock { first_row, bytes, dialect: self.dialect, encoding: self.encoding }))
    }

    /// Reads on until records are complete; returns their bytes and their number.
    fn search(&mut self) -> Result<(usize, u64), Problem> {
        while !self.ended && self.boundaries.end() == 0 {
            self.fill()?;
            self.boundaries.scan(&self.buffer, self.dialect, self.ended);
            let too_long = self.buffer.len() - self.boundaries.end() > LARGEST_RECORD;
            if too_long || (self.ended && self.boundaries.open_quote()) {
                return Err(self.unclosed(too_long));
            }
        }
        Ok(self.boundaries.take())
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unclosed(&mut self, too_long: bool) -> Problem {
        let (_, records) = self.boundaries.take();
        let row = self.next_row + records;
        if self.boundaries.open_quote() {
            let reason = "a quoted field that begins in this row is not closed: end it with a quote, or write a quote that \
                          belongs to the text twice (\"\")";
            problems::parse(Some(row), None, reason)
        } else {
            debug_assert!(too_long);
            problems::parse(Some(row), None, "the row is longer than 16 MiB")
        }
    }

    fn fill(&mut self) -> Result<(), Problem> {
        let read = |e: std::io::Error| problems::io("read the upload", &e);
        let Some(decoder) = &mut self.decoder else {
            self.buffer.reserve(PIECE);
            let length = (&mut self.file).take(PIECE as u64).read_to_end(&mut self.buffer).map_err(read)?;
            self.ended = length < PIECE;
            advance::took(length);
            return Ok(());
        };
        self.input.resize(PIECE, 0);
        let length = read_full(&mut self.file, &mut self.input).map_err(read)?;
        self.ended = length < PIECE;
        advance::took(length);
        let mut at = 0;
        loop {
            let start = self.buffer.len();
            let room = decoder
                .max_utf8_buffer_length_without_replacement(length - at)
                .expect("a piece is far below the size where lengths overflow");
            self.buffer.resize(start + room, 0);
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                &self.input[at..length],
                &mut self.buffer[start..],
                self.ended,
            );
            self.buffer.truncate(start + written);
            at += read;
            match result {
                encoding_rs::DecoderResult::InputEmpty => return Ok(()),
                encoding_rs::DecoderResult::OutputFull => {}
                encoding_rs::DecoderResult::Malformed(..) => {
                    let row = row_of(&self.buffer, self.dialect, self.next_row);
                    return Err(problems::encoding(row, self.encoding));
                }
            }
        }
    }
}

/// Decodes as much of `bytes` as its encoding allows, for sniffing.
pub(super) fn decode_sample(bytes: &[u8], encoding: TextEncoding) -> String {
    let bytes = &bytes[encoding.bom.min(bytes.len())..];
    let mut decoder = encoding.encoding.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(bytes.len() * 3 + 16);
    let (result, _, _) = decoder.decode_to_string(bytes, &mut out, false);
    debug_assert_eq!(result, CoderResult::InputEmpty);
    out
}

/// Threads that work on one file.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_WORKERS)
}

/// Works on all blocks with `work` on several threads and gives the results to `take` in the order of
/// the file. `make_state` builds what a thread keeps between blocks; the states come back at the end, with the
/// lengths of the blocks.
///
/// # Errors
/// The first problem in the order of the file.
pub(super) fn in_parallel<S, T>(
    mut blocks: Blocks,
    make_state: impl Fn() -> S,
    work: impl Fn(&mut S, &RawBlock) -> Result<T, Problem> + Sync,
    mut take: impl FnMut(T) -> Result<(), Problem>,
) -> Result<(Vec<S>, Cuts), Problem>
where
    S: Send,
    T: Send,
{
    let workers = workers();
    let under_way = workers * 2 + 2;
    let spare = Arc::clone(&blocks.spare);
    std::thread::scope(|scope| {
        let (raw_out, raw_in) = sync_channel::<(u64, Result<RawBlock, Problem>)>(under_way);
        let (done_out, done_in) = sync_channel::<(u64, Result<T, Problem>)>(under_way);
        let (permit_out, permit_in) = sync_channel::<()>(under_way);
        for _ in 0..under_way {
            permit_out.send(()).expect("the channel has room for every permit");
        }
        let reader = scope.spawn(move || {
            let mut number = 0;
            // a closed channel means that the reader of results gave up
            while permit_in.recv().is_ok() {
                let (item, last) = match blocks.next_block() {
                    Ok(Some(block)) => (Ok(block), false),
                    Ok(None) => break,
                    Err(problem) => (Err(problem), true),
                };
                if raw_out.send((number, item)).is_err() || last {
                    break;
                }
                number += 1;
            }
            blocks.cuts
        });
        let raw_in = Arc::new(Mutex::new(raw_in));
        let (work, spare) = (&work, &*spare);
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let (raw_in, done_out, state) = (raw_in.clone(), done_out.clone(), make_state());
                scope.spawn(move || worker(&raw_in, &done_out, spare, state, work))
            })
            .collect();
        drop((raw_in, done_out));
        let result = in_order(&done_in, &mut take, &permit_out);
        // lets every thread see that nobody waits for it any more
        drop((done_in, permit_out));
        let states = threads.into_iter().map(|t| t.join().expect("workers do not panic")).collect();
        let cuts = reader.join().expect("reading does not panic");
        result.map(|()| (states, cuts))
    })
}

fn worker<S, T>(
    raw_in: &Mutex<Receiver<(u64, Result<RawBlock, Problem>)>>,
    done_out: &SyncSender<(u64, Result<T, Problem>)>,
    spare: &Mutex<Vec<Vec<u8>>>,
    mut state: S,
    work: &impl Fn(&mut S, &RawBlock) -> Result<T, Problem>,
) -> S {
    loop {
        let next = raw_in.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, item)) = next else { return state };
        // a panic must answer for its block: anyone who waits for the order of blocks would wait for ever
        let result = item.and_then(|block| {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut state, &block)))
                .unwrap_or_else(|_| Err(Problem::internal()));
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(block.bytes);
            result
        });
        if done_out.send((number, result)).is_err() {
            return state;
        }
    }
}
