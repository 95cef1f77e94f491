//! Models of limited outcomes: censored, truncated, selected, fractional and counted ones, and
//! generalised linear models. Choices and the plain count models are in `estimation`.

mod betareg;
mod binreg;
mod biprobit;
mod churdle;
mod cloglog;
mod cpoisson;
mod endogenous;
mod endogenous_show;
mod endogenous_twostep;
mod etpoisson;
mod etregress;
mod extended;
mod fracreg_het;
mod frontier;
mod frontier_predict;
pub(in crate::commands) mod glm;
mod glm_predict;
mod glm_show;
mod gnbreg;
mod heckman;
mod heckman_twostep;
mod heckoprobit;
mod heckpoisson;
mod heckprobit;
mod hetprobit;
mod hetregress;
mod hetregress_twostep;
mod intreg;
mod parts;
mod scobit;
mod tobit;
mod truncreg;
mod vuong;
mod zero;
mod zero_inflated;
mod zioprobit;

use super::CommandSpec;
use crate::ops::predict::Own;
use crate::syntax::split::WeightKind;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    betareg::SPEC,
    binreg::SPEC,
    biprobit::SPEC,
    churdle::SPEC,
    cloglog::SPEC,
    cloglog::SPEC_FRACREG,
    cpoisson::SPEC,
    endogenous::SPEC,
    endogenous::SPEC_TOBIT,
    etpoisson::SPEC,
    etregress::SPEC,
    extended::SPEC,
    extended::SPEC_PROBIT,
    frontier::SPEC,
    glm::SPEC,
    gnbreg::SPEC,
    heckman::SPEC,
    heckoprobit::SPEC,
    heckpoisson::SPEC,
    heckprobit::SPEC,
    hetprobit::SPEC,
    hetregress::SPEC,
    intreg::SPEC,
    scobit::SPEC,
    tobit::SPEC,
    truncreg::SPEC,
    zero::SPEC_ZIP,
    zero::SPEC_ZINB,
    zero::SPEC_TPOISSON,
    zero::SPEC_TNBREG,
    zioprobit::SPEC,
    zioprobit::SPEC_LOGIT,
];

/// `predict` after commands of this family that need the outcome.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "frontier" => Some((&frontier_predict::SYNTAX, frontier_predict::run)),
        "glm" | "binreg" | "ppml" => Some((&glm_predict::SYNTAX, glm_predict::run)),
        _ => None,
    }
}

/// Weights of likelihood commands.
const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];
