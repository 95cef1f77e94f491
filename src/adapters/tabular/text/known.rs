//! A file of UTF-8 whose blocks are known beforehand: every thread reads the blocks that it works on, so that they stay in
//! its processor's cache, and no thread waits for another one to read.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::blocks::{Cuts, RawBlock, workers};
use super::encoding::TextEncoding;
use super::scan::Dialect;
use crate::adapters::tabular::{advance, problems};
use crate::domain::error::Problem;

/// A block of a file.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    /// Offset in the file.
    at: u64,
    bytes: usize,
    /// One-based row of its first record.
    first_row: u64,
}

/// The blocks of a file.
pub(super) struct KnownBlocks<'a> {
    file: File,
    from: u64,
    cuts: &'a Cuts,
    dialect: Dialect,
    encoding: &'static str,
}

type Done<T> = (u64, Result<T, Problem>);

impl<'a> KnownBlocks<'a> {
    /// Opens the file.
    ///
    /// # Errors
    /// An I/O error as a problem.
    pub(super) fn open(
        path: &Path,
        encoding: TextEncoding,
        dialect: Dialect,
        cuts: &'a Cuts,
    ) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|e| problems::io("open the upload", &e))?;
        let (from, encoding) = (encoding.bom as u64, encoding.encoding.name());
        Ok(Self { file, from, cuts, dialect, encoding })
    }

    /// As [`super::blocks::in_parallel`], without the lengths of the blocks.
    ///
    /// # Errors
    /// The first problem in the order of the file.
    pub(super) fn in_parallel<S, T>(
        &self,
        make_state: impl Fn() -> S,
        work: impl Fn(&mut S, &RawBlock) -> Result<T, Problem> + Sync,
        mut take: impl FnMut(T) -> Result<(), Problem>,
    ) -> Result<Vec<S>, Problem>
    where
        S: Send,
        T: Send,
    {
        let workers = workers();
        let under_way = workers * 2 + 2;
        let (permit_out, permit_in) = sync_channel::<()>(under_way);
        for _ in 0..under_way {
            permit_out.send(()).expect("the channel has room for every permit");
        }
        let next = Mutex::new((self.places(), permit_in));
        std::thread::scope(|scope| {
            let (done_out, done_in) = sync_channel::<Done<T>>(under_way);
            let (work, next) = (&work, &next);
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    let (done_out, state) = (done_out.clone(), make_state());
                    scope.spawn(move || self.worker(next, &done_out, state, work))
                })
                .collect();
            drop(done_out);
            let result = in_order(&done_in, &mut take, &permit_out);
            // lets every thread see that nobody waits for it any more
            drop((done_in, permit_out));
            let states = threads.into_iter().map(|t| t.join().expect("workers do not panic")).collect();
            result.map(|()| states)
        })
    }

    fn places(&self) -> impl Iterator<Item = Place> + Send + 'a {
        let (mut at, mut row) = (self.from, 1);
        (0..).zip(self.cuts).map(move |(number, &(bytes, records))| {
            let place = Place { number, at, bytes, first_row: row };
            (at, row) = (at + bytes as u64, row + records);
            place
        })
    }

    fn worker<S, T>(
        &self,
        next: &Mutex<(impl Iterator<Item = Place>, Receiver<()>)>,
        done_out: &SyncSender<Done<T>>,
        mut state: S,
        work: &impl Fn(&mut S, &RawBlock) -> Result<T, Problem>,
    ) -> S {
        let mut buffer = Vec::new();
        loop {
            let place = {
                let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                // a closed channel means that the reader of results gave up
                if next.1.recv().is_err() {
                    return state;
                }
                next.0.next()
            };
            let Some(place) = place else { return state };
            // a panic must answer for its block: anyone who waits for the order of blocks would wait for ever
            let result = self.read(place, std::mem::take(&mut buffer)).and_then(|block| {
                let result =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut state, &block)))
                        .unwrap_or_else(|_| Err(Problem::internal()));
                buffer = block.into_bytes();
                result
            });
            if done_out.send((place.number, result)).is_err() {
                return state;
            }
        }
    }

    fn read(&self, place: Place, mut bytes: Vec<u8>) -> Result<RawBlock, Problem> {
        bytes.resize(place.bytes, 0);
        self.file.read_exact_at(&mut bytes, place.at).map_err(|e| problems::io("read the upload", &e))?;
        advance::took(place.bytes);
        Ok(RawBlock::new(place.first_row, bytes, self.dialect, self.encoding))
    }
}

/// Hands the results over in the order of the file.
pub(super) fn in_order<T>(
    done_in: &Receiver<Done<T>>,
    take: &mut impl FnMut(T) -> Result<(), Problem>,
    permits: &SyncSender<()>,
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
