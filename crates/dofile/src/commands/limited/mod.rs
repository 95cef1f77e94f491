//! Models of limited outcomes: censored, truncated, selected, fractional and counted ones, and
//! generalised linear models. Choices and the plain count models are in `estimation`.

mod cloglog;
pub(in crate::commands) mod glm;
mod heckman;
mod heckman_twostep;
mod intreg;
mod tobit;
mod truncreg;
mod zero;

use super::CommandSpec;
use crate::syntax::split::WeightKind;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    cloglog::SPEC,
    cloglog::SPEC_FRACREG,
    glm::SPEC,
    heckman::SPEC,
    intreg::SPEC,
    tobit::SPEC,
    truncreg::SPEC,
    zero::SPEC_ZIP,
    zero::SPEC_ZINB,
    zero::SPEC_TPOISSON,
    zero::SPEC_TNBREG,
];

/// Weights of likelihood commands.
const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];
