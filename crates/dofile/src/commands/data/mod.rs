//! Commands that change the data in memory.

mod collapse;
mod duplicates;
mod egen;
mod files;
mod generate;
mod xtset;

pub(crate) use files::write_dta;

use super::CommandSpec;
use crate::format;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    collapse::SPEC,
    duplicates::SPEC,
    egen::SPEC,
    xtset::SPEC_TSSET,
    xtset::SPEC_XTSET,
    generate::SPEC_GENERATE,
    generate::SPEC_REPLACE,
    files::SPEC_USE,
    files::SPEC_SAVE,
];

/// A count with thousands separators, as notes print it.
pub(crate) fn count_text(n: usize) -> String {
    format::bare("%15.0gc", n as f64)
}
