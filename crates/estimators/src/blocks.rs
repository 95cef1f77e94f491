//! Splits rows into fixed blocks and works on them with the machine's threads.
//! Partial results are always combined in row order, so the thread count cannot change a digit.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows per unit of work. Part of the numeric contract: changing it changes last digits.
const ROWS_PER_BLOCK: usize = 16_384;

static THREADS: OnceLock<usize> = OnceLock::new();

/// Number of worker threads for large inputs.
fn machine_threads() -> usize {
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(16))
}

/// The fixed partition of `0..rows`.
pub fn partition(rows: usize) -> Vec<Range<usize>> {
    (0..rows.div_ceil(ROWS_PER_BLOCK))
        .map(|block| block * ROWS_PER_BLOCK..((block + 1) * ROWS_PER_BLOCK).min(rows))
        .collect()
}

/// Applies `work` to every index below `count` with the machine's threads; results are in order.
pub fn each<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    run(machine_threads(), count, work)
}

/// Applies `work` to every block of `0..rows` and returns the results in row order.
pub fn map<T: Send>(rows: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    map_with(machine_threads(), rows, work)
}

/// [`map`] with a chosen number of threads.
pub fn map_with<T: Send>(threads: usize, rows: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let ranges = partition(rows);
    run(threads, ranges.len(), |block| work(ranges[block].clone()))
}

/// Hands out indices to threads and puts the results in order.
fn run<T: Send>(threads: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if threads <= 1 || count <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads.min(count))
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= count {
                            return mine;
                        }
                        mine.push((index, work(index)));
                    }
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("a worker ends without a panic")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Sums `term(row)` over `0..rows`: stably inside a block, then over blocks in order.
pub fn sum(rows: usize, term: impl Fn(usize) -> f64 + Sync) -> f64 {
    super::real::stable_sum(map(rows, |range| super::real::stable_sum(range.map(&term))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_do_not_depend_on_the_thread_count() {
        let rows = 100_003;
        let work = |range: Range<usize>| range.map(|i| (i as f64).sqrt().sin()).sum::<f64>();
        let one = map_with(1, rows, work);
        let three = map_with(3, rows, work);
        assert_eq!(one, three);
        assert_eq!(one.len(), 7);
    }
}
