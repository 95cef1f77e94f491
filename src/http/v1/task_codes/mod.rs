//! Task codes: redeem, and the codes of trials.

pub mod redeem;
pub mod trial;
