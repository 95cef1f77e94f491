//! The source tree itself: import directions, sizes, paths in documents, requirement packs and the harness of the tests.

mod architecture;
mod documents;
mod harness;
mod openspec;
mod sizes;
