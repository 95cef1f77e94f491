//! Commands of the Statistical Software Components archive (SSC) that many do-files use. They are written from their
//! published documentation: `estout` (Jann 2005, 2007, Stata Journal 5 and 7).

mod binscatter;
mod carryforward;
mod coefplot;
mod csdid;
mod csdid_average;
mod did_imputation;
mod distinct;
mod estadd;
mod estpost;
mod estpost_groups;
mod eststo;
mod esttab;
mod esttab_around;
mod esttab_latex;
mod esttab_matrix;
mod esttab_options;
mod esttab_rows;
mod esttab_rtf;
mod esttab_text;
mod esttab_unstack;
mod eventstudyinteract;
mod faster;
mod ivreg2;
mod ivreg2_show;
mod ivreg2_tests;
mod ivreghdfe;
mod labmask;
mod mdesc;
mod oaxaca;
mod oaxaca_show;
mod outreg2;
mod ppmlhdfe;
mod psmatch2;
mod psmatch2_show;
mod pstest;
mod pstest_show;
mod rd_sample;
mod rdbwselect;
mod rddensity;
mod rddensity_show;
mod rdrobust;
mod rdrobust_show;
mod reghdfe;
mod reghdfe_effects;
mod reghdfe_sets;
mod reghdfe_show;
mod spatgsa;
mod synth;
mod synth_data;
mod synth_show;
mod winsor;
mod xtabond2;
mod xtabond2_equations;
mod xtserial;

use super::CommandSpec;

pub(super) const TABLE: &[CommandSpec] = &[
    binscatter::SPEC,
    carryforward::SPEC,
    coefplot::SPEC,
    csdid::SPEC,
    did_imputation::SPEC,
    distinct::SPEC,
    distinct::SPEC_UNIQUE,
    estadd::SPEC,
    estpost::SPEC,
    eststo::SPEC,
    esttab::SPEC,
    esttab::SPEC_ESTOUT,
    eventstudyinteract::SPEC,
    faster::FCOLLAPSE,
    faster::FEGEN,
    faster::FISID,
    faster::FLEVELSOF,
    faster::FMERGE,
    faster::GCOLLAPSE,
    faster::GDISTINCT,
    faster::GDUPLICATES,
    faster::GEGEN,
    faster::GISID,
    faster::GLEVELSOF,
    faster::GUNIQUE,
    faster::HASHSORT,
    ivreg2::SPEC,
    ivreghdfe::SPEC,
    labmask::SPEC,
    mdesc::SPEC,
    oaxaca::SPEC,
    outreg2::SPEC,
    ppmlhdfe::SPEC,
    psmatch2::SPEC,
    pstest::SPEC,
    rddensity::SPEC,
    rddensity::SPEC_BANDWIDTH,
    rdrobust::SPEC,
    rdbwselect::SPEC,
    reghdfe::SPEC,
    spatgsa::SPEC,
    synth::SPEC,
    winsor::SPEC,
    winsor::SPEC_WINSOR,
    xtabond2::SPEC,
    xtserial::SPEC,
];

pub(super) use csdid_average::estat;
