//! The source tree itself: import directions, sizes and requirement packs.

mod architecture;
mod openspec;
mod sizes;
