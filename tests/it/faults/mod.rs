//! Faults on purpose: kills, torn and flipped bytes, disks that are full or refuse, and what must be true
//! afterwards.

mod clients;
mod clock;
mod disk;
mod flips;
mod history;
mod kill_loop;
mod lost_folders;
mod power_loss;
mod read_only;
mod refusing;
mod shutdown;
pub(crate) mod steps;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::ports::store::Store;

use crate::support::chain::{check_exported, whole_chain};
use crate::support::runs::fakes;

/// True where the long versions are asked for.
#[expect(clippy::disallowed_methods, reason = "how the long tests are asked for")]
pub(crate) fn full() -> bool {
    std::env::var_os("SS_TEST_FULL").is_some_and(|v| v == "1")
}

/// The seed of a test: fixed, or `SS_TEST_SEED` to repeat another run.
#[expect(clippy::disallowed_methods, reason = "how a failed run is repeated")]
pub(crate) fn seed() -> u64 {
    std::env::var("SS_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_240_229)
}

/// A small generator whose numbers depend on the seed alone (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    /// One of these.
    pub(crate) fn one<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Builds a library that is preloaded before the program; `None`, with the reason on standard error, where that is not
/// possible.
pub(crate) fn preloaded(name: &str, folder: &Path) -> Option<PathBuf> {
    let library = folder.join(format!("{name}.so"));
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(fakes().join(format!("{name}.c")))
        .arg("-ldl")
        .output();
    match built {
        Ok(done) if done.status.success() => Some(library),
        other => {
            eprintln!("skipped: {name} needs a C compiler: {other:?}");
            None
        }
    }
}

/// The audit chain of a data directory verifies and its exported files hold exactly its events.
pub(crate) async fn check_chain(data: &Path) -> u64 {
    let store =
        SqliteStore::open(Options::new(data.to_owned(), Arc::new(SystemClock))).expect("the store opens");
    let events = whole_chain(store.as_ref()).await;
    assert_eq!(store.status().quarantined_records, 0);
    store.shutdown();
    check_exported(data, &events);
    events.len() as u64
}
