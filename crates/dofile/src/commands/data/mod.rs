//! Commands that change the data in memory.

mod calculus;
mod clone;
mod collapse;
mod combine;
mod combine_notes;
mod compare;
mod convert;
mod datasignature;
mod drawnorm;
mod draws;
mod duplicates;
mod egen;
mod files;
mod frame_links;
mod frames;
mod fvset;
mod generate;
mod insobs;
mod label_language;
mod labelbook;
mod labels;
mod matrices;
mod mkspline;
mod named;
mod names;
mod numlabel;
mod old_merge;
mod operated;
mod orthog;
mod pairing;
mod pairs;
mod pctile;
mod recode;
mod rename;
mod rename_pattern;
mod reshape;
mod reshape_error;
mod reshape_long;
mod reshape_message;
mod rows;
mod search;
mod separate;
mod snapshots;
mod stack;
mod transform;
mod tsfill;
mod vectors;
mod xtset;
mod zero_skewness;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    generate::SPEC_GENERATE,
    generate::SPEC_REPLACE,
    egen::SPEC,
    files::SPEC_USE,
    named::BCUSE,
    named::CAUSALDATA,
    named::FRAUSE,
    named::SYSUSE,
    named::WEBUSE,
    files::SPEC_SAVE,
    clone::SPEC_CLONEVAR,
    clone::SPEC_SAVEOLD,
    clone::SPEC_CF,
    rows::SPEC_DROP,
    rows::SPEC_KEEP,
    rows::SPEC_SORT,
    rows::SPEC_GSORT,
    rows::SPEC_ORDER,
    rows::SPEC_EXPAND,
    insobs::INSOBS,
    insobs::EXPANDCL,
    rename::RENAME,
    labelbook::SPEC,
    numlabel::SPEC,
    labels::SPEC,
    names::FORMAT,
    names::NOTES,
    names::CHAR,
    names::COMPRESS,
    names::RECAST,
    recode::SPEC,
    convert::ENCODE,
    convert::DECODE,
    convert::DESTRING,
    convert::TOSTRING,
    collapse::SPEC_COLLAPSE,
    compare::SPEC,
    collapse::SPEC_CONTRACT,
    reshape::SPEC,
    combine::SPEC_MERGE,
    combine::SPEC_APPEND,
    duplicates::SPEC_DUPLICATES,
    duplicates::SPEC_ISID,
    tsfill::SPEC,
    matrices::SPEC_SVMAT,
    matrices::SPEC_MKMAT,
    vectors::SPEC_PUTMATA,
    vectors::SPEC_GETMATA,
    orthog::SPEC,
    orthog::SPEC_POLYNOMIAL,
    xtset::SPEC_XTSET,
    xtset::SPEC_TSSET,
    xtset::SPEC_IIS,
    xtset::SPEC_TIS,
    pctile::SPEC_PCTILE,
    pctile::SPEC_XTILE,
    pairs::SPEC_JOINBY,
    pairs::SPEC_CROSS,
    pairs::SPEC_FILLIN,
    drawnorm::SPEC,
    drawnorm::CORR2DATA,
    fvset::SPEC,
    operated::FVREVAR,
    operated::TSREVAR,
    draws::SPEC_SAMPLE,
    draws::SPEC_SPLITSAMPLE,
    draws::SPEC_BSAMPLE,
    separate::SPEC_SEPARATE,
    calculus::SPEC_DYDX,
    calculus::SPEC_INTEG,
    transform::SPEC_IPOLATE,
    transform::SPEC_RANGE,
    transform::SPEC_CUMUL,
    mkspline::SPEC_MKSPLINE,
    stack::SPEC_STACK,
    stack::SPEC_XPOSE,
    separate::SPEC_SPLIT,
    frame_links::FRLINK,
    frame_links::FRGET,
    frames::SPEC,
    frames::SPEC_FRAMES,
    zero_skewness::SPEC,
    zero_skewness::SPEC_BOX_COX,
    snapshots::SPEC,
    search::SPEC_LOOKFOR,
    datasignature::SPEC,
    search::SPEC_MVDECODE,
    search::SPEC_MVENCODE,
    search::SPEC_INSHEET,
];
