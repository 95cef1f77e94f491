//! The source tree itself: import directions, sizes, requirement packs and the harness of the tests.

mod architecture;
mod harness;
mod openspec;
mod promises;
mod sizes;
