//! p-values of many hypotheses from resampled models: `rwolf`, `rwolf2`, `wyoung`.

mod resample;
mod rwolf;
mod rwolf2;
mod show;
mod steps;
mod wyoung;

pub(super) use rwolf::SPEC as RWOLF;
pub(super) use rwolf2::SPEC as RWOLF2;
pub(super) use wyoung::SPEC as WYOUNG;
