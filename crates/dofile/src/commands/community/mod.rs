//! Commands of the Statistical Software Components archive (SSC) that many do-files use, and official ones that share
//! their estimators. They are written from their published documentation: `estout` (Jann 2005, 2007, Stata Journal 5 and
//! 7).

mod assignment;
mod bacon_panel;
mod bacondecomp;
mod baseline;
mod binscatter;
mod boottest;
mod boottest_instruments;
mod boottest_model;
mod boottest_request;
mod brant;
mod carryforward;
mod center;
mod chitesti;
mod cips;
mod coarsened;
mod coefplot;
mod csdid;
mod csdid_average;
mod csdid_plot;
mod csdid_sections;
mod dataex;
mod did2s;
mod did_imputation;
mod distinct;
mod distribution;
mod drdid;
mod effects;
mod egranger;
mod erepost;
mod estadd;
mod estimates_data;
mod estpost;
mod estpost_groups;
mod estpost_tables;
mod eststo;
mod esttab;
mod esttab_around;
mod esttab_elements;
mod esttab_frame;
mod esttab_labels;
mod esttab_latex;
mod esttab_matrix;
mod esttab_options;
mod esttab_rows;
mod esttab_rtf;
mod esttab_sheet;
mod esttab_statistics;
mod esttab_text;
mod esttab_transform;
mod esttab_unstack;
mod eventstudyinteract;
mod extremes;
mod fama_macbeth;
mod faster;
mod file_lists;
mod fre;
mod geodist;
mod groups;
mod grstyle;
mod gtools;
mod hdid_sample;
mod hdid_show;
mod hdidregress;
mod ineqdec0;
mod ineqdeco;
mod intervals;
mod ivreg2;
mod ivreg2_dependence;
mod ivreg2_first;
mod ivreg2_show;
mod ivreg2_summary;
mod ivreg2_tests;
mod ivreghdfe;
mod jwdid;
mod jwdid_estat;
mod labmask;
mod lpdid;
mod lpdid_rows;
mod mat2txt;
mod matmap;
mod mdesc;
mod metan;
mod missings;
mod mixlogit;
mod mixlpred;
mod moments;
mod oaxaca;
mod oaxaca_show;
mod outcomes;
mod outreg2;
mod panel_residuals;
mod pdslasso;
mod polychoric;
mod ppml;
mod ppmlhdfe;
mod psmatch2;
mod psmatch2_show;
mod pstest;
mod pstest_graph;
mod pstest_show;
mod rd_sample;
mod rdbwselect;
mod rddensity;
mod rddensity_show;
mod rdplot;
mod rdplot_show;
mod rdrobust;
mod rdrobust_show;
mod reghdfe;
mod reghdfe_effects;
mod reghdfe_sets;
mod reghdfe_show;
mod renvars;
mod reports;
mod rlasso;
mod rlasso_path;
mod savesome;
mod spatgsa;
mod spost;
mod stepdown;
mod strips;
mod synth;
mod synth_data;
mod synth_keep;
mod synth_show;
mod texsave;
mod twowayfeweights;
mod univar;
mod weakivtest;
mod winsor;
mod xtabond2;
mod xtabond2_equations;
mod xtbalance;
mod xtcsd;
mod xtivreg2;
mod xtmg;
mod xtoverid;
mod xtpmg;
mod xtscc;
mod xtserial;
mod xttest;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::session::Session;

pub(super) const TABLE: &[CommandSpec] = &[
    intervals::ASREG,
    intervals::ASROL,
    intervals::ASTILE,
    intervals::RANGEJOIN,
    intervals::RANGESTAT,
    assignment::RANDTREAT,
    baseline::TABLE1_MC,
    distribution::CONINDEX,
    distribution::GLCURVE,
    distribution::LORENZ,
    distribution::PSHARE,
    outcomes::FMLOGIT,
    outcomes::OGLM,
    outcomes::TWOPM,
    stepdown::RWOLF,
    stepdown::RWOLF2,
    stepdown::WYOUNG,
    missings::DROPMISS,
    missings::MISSINGS,
    missings::NMISSING,
    bacondecomp::SPEC,
    binscatter::SPEC,
    binscatter::SPEC_SECOND,
    boottest::SPEC,
    brant::SPEC,
    chitesti::SPEC,
    carryforward::SPEC,
    coarsened::CEM,
    coarsened::IMB,
    cips::SPEC,
    cips::SPEC_CADF,
    coefplot::SPEC,
    csdid::SPEC,
    csdid_plot::SPEC,
    dataex::SPEC,
    lpdid::SPEC,
    mixlogit::SPEC,
    mixlpred::SPEC,
    moments::MMQREG,
    moments::XTQREG,
    did2s::SPEC,
    did_imputation::SPEC,
    distinct::SPEC,
    distinct::SPEC_UNIQUE,
    drdid::SPEC,
    estadd::SPEC,
    estpost::SPEC,
    eststo::SPEC,
    effects::DIFF,
    effects::EBALANCE,
    effects::KHB,
    effects::LEEBOUNDS,
    effects::RBOUNDS,
    effects::RIFHDREG,
    effects::RIFREG,
    effects::SDID,
    effects::SGMEDIATION,
    effects::SGMEDIATION2,
    erepost::SPEC,
    extremes::SPEC,
    fama_macbeth::SPEC,
    esttab::SPEC,
    esttab::SPEC_ESTOUT,
    egranger::SPEC,
    eventstudyinteract::SPEC,
    estimates_data::PARMEST,
    estimates_data::REGSAVE,
    geodist::SPEC,
    groups::SPEC,
    grstyle::SPEC,
    renvars::SPEC,
    reports::ASDOC,
    reports::BALANCETABLE,
    reports::CORR2DOCX,
    reports::IEBALTAB,
    reports::LOGOUT,
    reports::ORTH_OUT,
    reports::REG2DOCX,
    reports::STDDIFF,
    reports::SUM2DOCX,
    reports::T2DOCX,
    reports::TABOUT,
    texsave::SPEC_LISTTAB,
    texsave::SPEC_LISTTEX,
    texsave::SPEC_TEXSAVE,
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
    gtools::GQUANTILES,
    gtools::GRESHAPE,
    gtools::GSTATS,
    gtools::GTOOLS,
    gtools::GTOP,
    gtools::GTOPLEVELSOF,
    file_lists::FILELIST,
    file_lists::FS,
    fre::SPEC,
    hdidregress::SPEC,
    hdidregress::SPEC_XT,
    ineqdec0::SPEC,
    ineqdec0::SPEC_SHARES,
    ineqdeco::SPEC,
    ivreg2::SPEC,
    ivreghdfe::SPEC,
    jwdid::SPEC,
    labmask::SPEC,
    mat2txt::SPEC,
    matmap::SPEC,
    mdesc::SPEC,
    metan::METABIAS,
    metan::METAFUNNEL,
    metan::METAN,
    metan::METAREG,
    oaxaca::SPEC,
    outreg2::SPEC,
    polychoric::SPEC,
    ppml::SPEC,
    ppmlhdfe::SPEC,
    psmatch2::SPEC,
    pstest::SPEC,
    pstest_graph::SPEC,
    savesome::SPEC,
    rddensity::SPEC,
    rddensity::SPEC_BANDWIDTH,
    rdplot::SPEC,
    rdrobust::SPEC,
    rdbwselect::SPEC,
    reghdfe::SPEC,
    pdslasso::SPEC,
    rlasso::SPEC,
    rlasso::SPEC_LASSO2,
    spatgsa::SPEC,
    spost::FITSTAT,
    spost::LISTCOEF,
    spost::MARGEFF,
    spost::MCHANGE,
    spost::MLINCOM,
    spost::MTABLE,
    spost::PRCHANGE,
    spost::PRVALUE,
    strips::CATPLOT,
    strips::CDFPLOT,
    strips::CIBAR,
    strips::CIPLOT,
    strips::DISTPLOT,
    strips::DOTPLOT,
    strips::QPLOT,
    strips::STRIPPLOT,
    synth::SPEC,
    twowayfeweights::SPEC,
    univar::SPEC,
    weakivtest::SPEC,
    center::SPEC,
    winsor::SPEC,
    winsor::SPEC_WINSOR,
    xtabond2::SPEC,
    xtbalance::SPEC,
    xtcsd::SPEC,
    xtivreg2::SPEC,
    xtmg::SPEC,
    xtscc::SPEC,
    xtoverid::SPEC,
    xtpmg::SPEC,
    xtserial::SPEC,
    xttest::SPEC,
    xttest::SPEC_CORRELATED,
];

/// `estat` after commands of this family; nothing for other subcommands.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    csdid_average::estat(session, word, call)
        .or_else(|| jwdid_estat::estat(session, word, call))
        .or_else(|| hdid_show::estat(session, word, call))
}

/// `predict` after commands of this family that have options of their own.
pub(super) fn predict(after: &str) -> Option<crate::ops::predict::Own> {
    outcomes::predict(after).or_else(|| mixlpred::own(after))
}
