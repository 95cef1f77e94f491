//! Multivariate methods: components, factors, scales, clusters.

mod alpha;
mod alpha_detail;
mod ca;
mod ca_show;
mod canon;
mod canon_show;
mod cluster;
mod cluster_object;
mod cluster_stop;
mod discrim;
mod discrim_estat;
mod discrim_other;
mod discrim_predict;
mod discrim_priors;
mod discrim_show;
mod factor;
mod factor_estat;
mod from_matrix;
mod hotelling;
mod mca;
mod mds;
mod mds_show;
mod mvtest;
mod mvtest_show;
mod pca;
mod procrustes;
mod rotate;
mod scores;
mod shared;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    alpha::SPEC,
    ca::SPEC,
    ca::SPEC_CAMAT,
    canon::SPEC,
    cluster::SPEC,
    discrim::SPEC,
    discrim::SPEC_CANDISC,
    pca::SPEC,
    factor::SPEC,
    from_matrix::SPEC_FACTORMAT,
    from_matrix::SPEC_PCAMAT,
    rotate::SPEC,
    scores::SPEC_SCREEPLOT,
    scores::SPEC_LOADINGPLOT,
    scores::SPEC_SCOREPLOT,
    hotelling::SPEC,
    mvtest::SPEC,
    mca::SPEC,
    mds::SPEC,
    mds::SPEC_LONG,
    mds::SPEC_MATRIX,
    procrustes::SPEC,
];

/// `estat` subcommands of this family; nothing when the word is not one of them.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    if session.e.cmd() == "canon" {
        let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
        let names = [("correlations", 3), ("loadings", 3)];
        return names.iter().find(|n| is(n.0, n.1)).map(|n| canon_show::estat(session, &call(n.0)));
    }
    if discrim::active(session) {
        return discrim_estat::estat(session, word, call);
    }
    if mds_show::active(session) {
        return mds_show::estat(session, word, call);
    }
    let own = matches!(session.e.cmd(), "pca" | "factor");
    match word {
        "kmo" if own => Some(scores::kmo(session, &call("kmo"))),
        "smc" if own => Some(scores::smc(session, &call("smc"))),
        _ if own => factor_estat::estat(session, word, call),
        _ => None,
    }
}

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    if cmd == "canon" {
        return Some((&canon_show::PREDICT, canon_show::predict));
    }
    if matches!(cmd, "discrim" | "candisc") {
        return Some((&discrim_predict::PREDICT, discrim_predict::predict));
    }
    if matches!(cmd, "mds" | "mdslong" | "mdsmat") {
        return Some((&mds_show::PREDICT, mds_show::predict));
    }
    if cmd == "mca" {
        return Some((&mca::PREDICT, mca::predict));
    }
    if cmd == "procrustes" {
        return Some((&procrustes::PREDICT, procrustes::predict));
    }
    matches!(cmd, "pca" | "factor").then_some((&scores::PREDICT, scores::predict as fn(&mut _, &_) -> _))
}
