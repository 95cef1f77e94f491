//! Checks of capsules, which need neither a running service nor its data: whether a capsule agrees with itself
//! (`verify`), which files its run reads (`data`), and whether a repeated run gives the same numbers (`rerun`,
//! `compare`).

pub mod compare;
pub mod data;
pub mod rerun;
pub mod verify;
