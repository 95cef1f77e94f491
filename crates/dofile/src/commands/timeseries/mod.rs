//! Time series: serial correlation, unit roots, ARIMA and vector autoregressions.

mod acplot;
mod arch;
mod arch_predict;
mod arfima;
mod arfima_predict;
mod arima;
mod arima_predict;
mod arima_sample;
mod aroots;
mod breaks;
mod corrgram;
mod cusum;
mod fcast;
mod filter;
mod forecast;
mod forecast_describe;
mod forecast_equations;
mod forecast_model;
mod forecast_options;
mod forecast_solve;
mod irf;
mod irf_arima;
mod irf_file;
mod irf_show;
mod kpss;
mod mswitch;
mod mswitch_post;
mod prais;
mod sample_table;
mod serial;
mod series;
mod smooth;
mod smooth_grids;
mod smooth_seasonal;
mod spectrum;
mod stability;
mod svar;
mod threshold;
mod tsappend;
mod ucm;
mod unit_root;
mod var;
mod var_sample;
mod var_tests;
mod varbasic;
mod varlmar;
mod varnorm;
mod varsoc;
mod vec;
mod vec_show;
mod vec_tests;
mod vecrank;
mod wntestb;
mod xcorr;
mod zandrews;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    arch::SPEC,
    arfima::SPEC,
    arima::SPEC,
    tsappend::SPEC,
    corrgram::SPEC,
    corrgram::SPEC_AC,
    corrgram::SPEC_PAC,
    corrgram::SPEC_WNTESTQ,
    unit_root::SPEC_DFULLER,
    unit_root::SPEC_PPERRON,
    unit_root::SPEC_DFGLS,
    fcast::SPEC,
    forecast::SPEC,
    irf::SPEC,
    filter::SPEC,
    smooth::SPEC,
    kpss::SPEC,
    mswitch::SPEC,
    ucm::SPEC,
    prais::SPEC,
    svar::SPEC,
    threshold::SPEC,
    var::SPEC,
    varsoc::SPEC,
    var_tests::SPEC_VARGRANGER,
    var_tests::SPEC_VARWLE,
    varbasic::SPEC,
    spectrum::SPEC_CUMSP,
    spectrum::SPEC_PERGRAM,
    stability::SPEC_VARSTABLE,
    varlmar::SPEC,
    varnorm::SPEC_VARNORM,
    varnorm::SPEC_VECNORM,
    vec::SPEC,
    vec_tests::SPEC_VECLMAR,
    stability::SPEC_VECSTABLE,
    vecrank::SPEC,
    wntestb::SPEC,
    xcorr::SPEC,
    zandrews::SPEC,
];

/// `estat` subcommands of this family; nothing when the word is not one of them.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let after = session.e.cmd().to_string();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    if after == "regress"
        && let Some(found) = breaks::SUBCOMMANDS.iter().find(|s| is(s.0, s.1))
    {
        return Some((found.2)(session, &call(found.0)));
    }
    if after == "arima" && is("aroots", 4) {
        return Some(aroots::aroots(session, &call("aroots")));
    }
    if after == "mswitch" && (is("transition", 2) || is("duration", 3)) {
        let name = if word.starts_with('t') { "transition" } else { "duration" };
        return Some(mswitch_post::estat(session, name == "duration", &call(name)));
    }
    if after == "arima" && is("acplot", 3) {
        return Some(acplot::acplot(session, &call("acplot")));
    }
    if after == "regress" || after == "newey" {
        return serial::SUBCOMMANDS.iter().find(|s| is(s.0, s.1)).map(|s| (s.2)(session, &call(s.0)));
    }
    None
}

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "arfima" => Some((&arfima_predict::PREDICT, arfima_predict::predict as fn(&mut _, &_) -> _)),
        "arch" => Some((&arch_predict::PREDICT, arch_predict::predict as fn(&mut _, &_) -> _)),
        "arima" => Some((&arima_predict::PREDICT, arima_predict::predict as fn(&mut _, &_) -> _)),
        "mswitch" => Some((&mswitch_post::PREDICT, mswitch_post::predict as fn(&mut _, &_) -> _)),
        "ucm" => Some((&ucm::PREDICT, ucm::predict as fn(&mut _, &_) -> _)),
        "threshold" => Some((&threshold::PREDICT, threshold::predict as fn(&mut _, &_) -> _)),
        "vec" => Some((&vec::PREDICT, vec::predict as fn(&mut _, &_) -> _)),
        "var" => Some((&var::PREDICT, var::predict as fn(&mut _, &_) -> _)),
        _ => None,
    }
}
