//! A text file as blocks of complete records in UTF-8, worked on by several threads and handed over in
//! the order of the file. Memory is bounded by the number of blocks under way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

use encoding_rs::{CoderResult, Decoder, UTF_8};

use super::encoding::{TextEncoding, read_full};
use super::scan::{Boundaries, Dialect};
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Bytes read at once.
const PIECE: usize = 512 * 1024;
/// Largest record: a quote that is never closed must not swallow the file.
const LARGEST_RECORD: usize = 16 * 1024 * 1024;
/// Most worker threads of one file.
const MOST_WORKERS: usize = 4;

/// Complete records.
pub(super) struct RawBlock {
    /// One-based row of the first record, blank lines counted.
    pub first_row: u64,
    pub text: String,
}

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
}

impl Blocks {
    /// Starts at the front of the file, behind its byte order mark.
    ///
    /// # Errors
    /// An I/O error as a problem.
    pub(super) fn open(path: &Path, encoding: TextEncoding, dialect: Dialect) -> Result<Self, Problem> {
        let mut file = File::open(path).map_err(|e| problems::io("open the upload", &e))?;
        file.seek(SeekFrom::Start(encoding.bom as u64)).map_err(|e| problems::io("read the upload", &e))?;
        let utf8 = encoding.encoding == UTF_8;
        Ok(Self {
            file,
            decoder: (!utf8).then(|| encoding.encoding.new_decoder_without_bom_handling()),
            dialect,
            boundaries: Boundaries::default(),
            buffer: Vec::new(),
            input: vec![0; PIECE],
            next_row: 1,
            ended: false,
            encoding: encoding.encoding.name(),
        })
    }

    /// The next records, `None` at the end of the file.
    ///
    /// # Errors
    /// Bytes that the encoding does not have, NUL characters, a quote that is not closed, I/O.
    pub(super) fn next_block(&mut self) -> Result<Option<RawBlock>, Problem> {
        while !self.ended && self.boundaries.end() == 0 {
            self.fill()?;
            self.boundaries.scan(&self.buffer, self.dialect, self.ended);
            let too_long = self.buffer.len() - self.boundaries.end() > LARGEST_RECORD;
            if too_long || (self.ended && self.boundaries.open_quote()) {
                return Err(self.unclosed(too_long));
            }
        }
        let (length, records) = self.boundaries.take();
        if length == 0 {
            return Ok(None);
        }
        let rest = self.buffer.split_off(length);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let first_row = self.next_row;
        self.next_row += records;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            problems::encoding(self.row_of(e.as_bytes(), at, first_row), self.encoding)
        })?;
        if let Some(at) = memchr::memchr(0, text.as_bytes()) {
            return Err(problems::nul(self.row_of(text.as_bytes(), at, first_row)));
        }
        Ok(Some(RawBlock { first_row, text }))
    }

    /// The row that holds byte `at` of a block.
    fn row_of(&self, block: &[u8], at: usize, first_row: u64) -> u64 {
        let mut before = Boundaries::default();
        before.scan(&block[..at], self.dialect, false);
        first_row + before.take().1
    }

    fn unclosed(&mut self, too_long: bool) -> Problem {
        let (_, records) = self.boundaries.take();
        let row = self.next_row + records;
        if self.boundaries.open_quote() {
            problems::parse(Some(row), None, "a quoted field that begins in this row is not closed")
        } else {
            debug_assert!(too_long);
            problems::parse(Some(row), None, "the row is longer than 16 MiB")
        }
    }

    fn fill(&mut self) -> Result<(), Problem> {
        let Some(decoder) = &mut self.decoder else {
            let start = self.buffer.len();
            self.buffer.resize(start + PIECE, 0);
            let length = read_full(&mut self.file, &mut self.buffer[start..])
                .map_err(|e| problems::io("read the upload", &e))?;
            self.buffer.truncate(start + length);
            self.ended = length < PIECE;
            return Ok(());
        };
        let length =
            read_full(&mut self.file, &mut self.input).map_err(|e| problems::io("read the upload", &e))?;
        self.ended = length < PIECE;
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
                    let row = self.row_of(&self.buffer, self.buffer.len(), self.next_row);
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

/// Works on all blocks with `work` on several threads and gives the results to `take` in the order of
/// the file. `make_state` builds what a thread keeps between blocks; the states come back at the end.
///
/// # Errors
/// The first problem in the order of the file.
pub(super) fn in_parallel<S, T>(
    mut blocks: Blocks,
    make_state: impl Fn() -> S,
    work: impl Fn(&mut S, RawBlock) -> Result<T, Problem> + Sync,
    mut take: impl FnMut(T) -> Result<(), Problem>,
) -> Result<Vec<S>, Problem>
where
    S: Send,
    T: Send,
{
    let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_WORKERS);
    let under_way = workers * 2 + 2;
    std::thread::scope(|scope| {
        let (raw_out, raw_in) = sync_channel::<(u64, Result<RawBlock, Problem>)>(under_way);
        let (done_out, done_in) = sync_channel::<(u64, Result<T, Problem>)>(under_way);
        let (permit_out, permit_in) = sync_channel::<()>(under_way);
        for _ in 0..under_way {
            permit_out.send(()).expect("the channel has room for every permit");
        }
        scope.spawn(move || {
            let mut number = 0;
            // a closed channel means that the reader of results gave up
            while permit_in.recv().is_ok() {
                let (item, last) = match blocks.next_block() {
                    Ok(Some(block)) => (Ok(block), false),
                    Ok(None) => return,
                    Err(problem) => (Err(problem), true),
                };
                if raw_out.send((number, item)).is_err() || last {
                    return;
                }
                number += 1;
            }
        });
        let raw_in = std::sync::Arc::new(Mutex::new(raw_in));
        let work = &work;
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let (raw_in, done_out, state) = (raw_in.clone(), done_out.clone(), make_state());
                scope.spawn(move || worker(&raw_in, &done_out, state, work))
            })
            .collect();
        drop((raw_in, done_out));
        let result = in_order(&done_in, &mut take, &permit_out);
        // lets every thread see that nobody waits for it any more
        drop((done_in, permit_out));
        let states = threads.into_iter().map(|t| t.join().expect("workers do not panic")).collect();
        result.map(|()| states)
    })
}

fn worker<S, T>(
    raw_in: &Mutex<Receiver<(u64, Result<RawBlock, Problem>)>>,
    done_out: &std::sync::mpsc::SyncSender<(u64, Result<T, Problem>)>,
    mut state: S,
    work: &impl Fn(&mut S, RawBlock) -> Result<T, Problem>,
) -> S {
    loop {
        let next = raw_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
        let Ok((number, item)) = next else { return state };
        // a panic must answer for its block: anyone who waits for the order of blocks would wait for ever
        let result = item.and_then(|block| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut state, block)))
                .unwrap_or_else(|_| Err(Problem::internal()))
        });
        if done_out.send((number, result)).is_err() {
            return state;
        }
    }
}

fn in_order<T>(
    done_in: &Receiver<(u64, Result<T, Problem>)>,
    take: &mut impl FnMut(T) -> Result<(), Problem>,
    permits: &std::sync::mpsc::SyncSender<()>,
) -> Result<(), Problem> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (number, result) in done_in {
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            take(result?)?;
            next += 1;
            // the splitter may have ended already
            let _ = permits.send(());
        }
    }
    Ok(())
}
