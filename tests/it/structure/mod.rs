//! The source tree itself: import directions and requirement packs.

mod architecture;
mod openspec;
