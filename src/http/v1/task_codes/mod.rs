//! Task codes: redeem.

pub mod redeem;
