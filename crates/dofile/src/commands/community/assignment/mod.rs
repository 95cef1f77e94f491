//! Random assignment: `randtreat`.

mod randtreat;

pub(super) use randtreat::SPEC as RANDTREAT;
