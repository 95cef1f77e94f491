//! Commands of the Statistical Software Components archive (SSC) that many do-files use. They are written from their
//! published documentation: `estout` (Jann 2005, 2007, Stata Journal 5 and 7).

mod estadd;
mod estpost;
mod eststo;
mod esttab;
mod esttab_options;
mod esttab_rows;
mod esttab_text;
mod outreg2;
mod outreg2_table;
mod ppmlhdfe;
mod reghdfe;

use super::CommandSpec;

pub(super) const TABLE: &[CommandSpec] = &[
    estadd::SPEC,
    estpost::SPEC,
    eststo::SPEC,
    esttab::SPEC,
    esttab::SPEC_ESTOUT,
    outreg2::SPEC,
    ppmlhdfe::SPEC,
    reghdfe::SPEC,
];
