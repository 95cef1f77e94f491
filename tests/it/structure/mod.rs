//! The source tree itself: import directions, sizes, requirement packs, their map and the harness of the tests.

mod architecture;
mod harness;
mod openspec;
mod seed_map;
mod sizes;
