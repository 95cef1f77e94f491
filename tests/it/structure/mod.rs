//! The source tree itself: import directions, sizes, requirement packs, words and the harness of the tests.

mod architecture;
mod documents;
mod harness;
mod openspec;
mod promises;
mod seed_map;
mod sizes;
mod words;
